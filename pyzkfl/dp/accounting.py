"""What a noised sum of integer vectors costs, and how much noise a target takes; client-level, by Renyi divergences.

Skellam: Agarwal, Kairouz, Liu 2021, theorem 3.5, at integer orders. Discrete Gaussian: a sum of several is not one,
which Kairouz, Liu, Steinke 2021, theorem 1 (the distributed discrete Gaussian mechanism) accounts for. Rounds compose
by addition; dp-accounting (`pip install pyzkfl[dp]`) turns the Renyi curve into epsilon at a delta. Every client takes
part
in every round that it can: nothing is claimed for sampling.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import ParameterError

__all__ = ["NOISES", "Mechanism", "calibrate"]

NOISES = ("skellam", "discrete-gaussian")
_ORDERS = np.arange(2, 513)


@dataclasses.dataclass(frozen=True)
class Mechanism:
    """One round. noise: a name of NOISES.

    share_variance: of the noise that one node adds, a positive integer. shares: how many honest survivors add it at
    least; what others add is not counted. l2: bound of the L2 norm of a node's integer vector. dimension: of that
    vector.
    """

    noise: str
    share_variance: int
    shares: int
    l2: float
    dimension: int

    def __post_init__(self) -> None:
        if self.noise not in NOISES:
            raise ParameterError(f"the noise is one of {', '.join(NOISES)}, not {self.noise!r}")
        if self.share_variance < 1 or self.shares < 1 or self.dimension < 1 or not 0 < self.l2 < math.inf:
            raise ParameterError("variance, shares, norm and dimension must be positive")

    @property
    def variance(self) -> int:
        """Of a coordinate of the sum, at least."""
        return self.share_variance * self.shares

    def rdp(self, orders: npt.NDArray[np.int64] = _ORDERS) -> npt.NDArray[np.float64]:
        """The Renyi divergence of each order (integers above 1) between sums with and without a client's vector."""
        v, l2 = float(self.variance), self.l2
        alpha = np.asarray(orders, np.float64)
        if self.noise == "skellam":
            l1 = min(l2 * l2, math.sqrt(self.dimension) * l2)  # of integers
            rest = np.minimum(((2 * alpha - 1) * l2 * l2 + 6 * l1) / (4 * v * v), 3 * l1 / (2 * v))
            return np.asarray(alpha * l2 * l2 / (2 * v) + rest, np.float64)
        tau = 10 * sum(math.exp(-2 * math.pi**2 * self.share_variance * k / (k + 1)) for k in range(1, self.shares))
        epsilon = min(
            math.sqrt(l2 * l2 / v + tau * self.dimension / 2), l2 / math.sqrt(v) + tau * math.sqrt(self.dimension)
        )
        return np.asarray(alpha * epsilon * epsilon / 2, np.float64)

    def client_level_epsilon(self, rounds: int, delta: float) -> float:
        """Of all rounds together, at this delta."""
        if rounds < 1 or not 0 < delta < 1:
            raise ParameterError("rounds must be positive, and delta between 0 and 1")
        try:
            from dp_accounting.rdp import compute_epsilon
        except ImportError:
            raise ParameterError("accounting needs dp-accounting: pip install pyzkfl[dp]") from None
        return float(compute_epsilon(_ORDERS, rounds * self.rdp(), delta)[0])


def calibrate(
    noise: str, *, client_level_epsilon: float, delta: float, rounds: int, shares: int, l2: float, dimension: int
) -> Mechanism:
    """The mechanism with the least share_variance whose rounds together cost no more than this."""
    if not 0 < client_level_epsilon < math.inf:
        raise ParameterError("client_level_epsilon must be positive and finite")

    def enough(variance: int) -> Mechanism | None:
        made = Mechanism(noise, variance, shares, l2, dimension)
        return made if made.client_level_epsilon(rounds, delta) <= client_level_epsilon else None

    high = 1
    while enough(high) is None:
        high *= 2
        if high > 1 << 60:
            raise ParameterError("no noise of this kind gives so small an epsilon at this delta")
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return Mechanism(noise, high, shares, l2, dimension)
