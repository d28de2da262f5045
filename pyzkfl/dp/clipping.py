"""Bounding a client's update by its L2 norm, exactly in integers; and a bound that follows a quantile of the norms.

Andrew, Thakkar, McMahan, Ramaswamy, Differentially Private Learning with Adaptive Clipping, 2021: each client says
whether its norm was within the bound, in one more coordinate under the same mask and noise; the bound moves towards the
quantile.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import DataError, ParameterError

__all__ = ["AdaptiveClip", "clip_to_norm"]


def clip_to_norm(update: npt.NDArray[np.float64], clip_norm: float, units: int) -> tuple[npt.NDArray[np.int64], bool]:
    """The update in units of clip_norm / units, scaled down to a norm of `units` at most; and whether it was within.

    Rounded towards zero, which never makes a norm larger; that it is at most `units` is checked in integers.
    DataError for NaN or infinity.
    """
    if not 0 < clip_norm < math.inf or not 0 < units <= 1 << 30:
        raise ParameterError("clip_norm must be positive and finite, and units between 1 and 2^30")
    values = np.asarray(update, np.float64)
    if not np.isfinite(values).all():
        raise DataError("the update has NaN or infinity: the training diverged")
    norm = float(np.linalg.norm(values))
    factor = units / max(clip_norm, norm)
    while True:
        out = np.trunc(values * factor).astype(np.int64)
        if sum(int(v) * int(v) for v in out) <= units * units:  # exact, in Python's integers
            return out, norm <= clip_norm
        factor *= 1 - 2.0**-40


@dataclasses.dataclass(frozen=True)
class AdaptiveClip:
    """The rule for the next round's bound: clip_norm exp(-rate (fraction - quantile)).

    quantile: the share of clients whose update should be within the bound. rate: of the geometric step.

    >>> rule = AdaptiveClip(quantile=0.5, rate=0.2)
    >>> rule.next(1.0, within=0.9) < 1.0 < rule.next(1.0, within=0.1)
    True
    """

    quantile: float = 0.5
    rate: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1 or not 0 < self.rate < math.inf:
            raise ParameterError("the quantile must lie between 0 and 1, and the rate be positive")

    def next(self, clip_norm: float, within: float) -> float:
        """within: the noised fraction of clients that were within clip_norm; may lie outside [0, 1]."""
        return clip_norm * math.exp(-self.rate * (min(1.0, max(0.0, within)) - self.quantile))
