"""The vector of a node under client-level differential privacy: clipped by its norm, in integers, with noise of its
own.

Behind the update stands one more coordinate if the clip adapts: + bit_units where the update was within the norm, else
- bit_units. All coordinates bear noise, and nothing else about the node is in the vector: no weight, no metric, no
count of what was clipped. The L2 norm without noise is at most sqrt(units^2 + bit_units^2), whatever the node's data.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from pyzkfl.dp.accounting import Mechanism
from pyzkfl.dp.clipping import clip_to_norm
from pyzkfl.dp.noise import draw_noise
from pyzkfl.errors import ParameterError, RangeError

__all__ = ["Noise"]

_TAIL = 40  # standard deviations that a masked coordinate has room for, beside the clipped value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise:
    """The part of the terms that speaks of privacy.

    noise: "skellam" or "discrete-gaussian". share_variance: of the noise of each node. shares: how many honest nodes'
    noise is counted on. units: what the clipped norm becomes. bit_units: as above, 0 for a clip that does not adapt.
    """

    noise: str
    share_variance: int
    shares: int
    units: int
    bit_units: int

    def __post_init__(self) -> None:
        if not 1 <= self.units <= 1 << 30 or not 0 <= self.bit_units <= self.units:
            raise ParameterError("units must lie between 1 and 2^30, and bit_units between 0 and units")
        self.mechanism(1)  # checks the rest

    def mechanism(self, dimension: int) -> Mechanism:
        """Of a round, for the accountant."""
        return Mechanism(
            self.noise,
            self.share_variance,
            self.shares,
            math.hypot(self.units, self.bit_units),
            dimension + (self.bit_units > 0),
        )

    @property
    def max_abs(self) -> int:
        """Of a coordinate of a node's vector; noise beyond it (less likely than 2^-100) is an error of the node."""
        return self.units + _TAIL * (math.isqrt(self.share_variance) + 1)

    def encode(self, update: npt.NDArray[np.float64], clip_norm: float) -> npt.NDArray[np.int64]:
        """The update, clipped, with the bit and noise."""
        clipped, within = clip_to_norm(update, clip_norm, self.units)
        if self.bit_units:
            clipped = np.append(clipped, np.int64(self.bit_units if within else -self.bit_units))
        noised = clipped + draw_noise(self.noise, self.share_variance, len(clipped))
        if int(np.abs(noised).max()) > self.max_abs:
            raise RangeError("the noise has no room in the masked vector: this node is lost for the round")
        return noised

    def decode(
        self, total: npt.NDArray[np.int64], nodes: int, clip_norm: float
    ) -> tuple[npt.NDArray[np.float64], float | None]:
        """The average update, and the noised fraction of nodes that were within the norm."""
        within = None
        if self.bit_units:
            within = (float(total[-1]) / self.bit_units + nodes) / (2 * nodes)
            total = total[:-1]
        return total.astype(np.float64) * (clip_norm / (self.units * nodes)), within
