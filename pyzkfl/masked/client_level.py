"""A target for client-level differential privacy, and the terms that meet it."""

from __future__ import annotations

import dataclasses

from pyzkfl.dp.accounting import calibrate
from pyzkfl.dp.clipping import AdaptiveClip
from pyzkfl.errors import ParameterError
from pyzkfl.masked.joining import honest_survivors
from pyzkfl.masked.private import Noise
from pyzkfl.masked.terms import Terms

__all__ = ["ClientLevel"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClientLevel:
    """epsilon, delta: client-level, of all rounds together: with and without the whole of a client's part.

    clip_norm: the L2 norm that an update is clipped to, in the first round or in all. quantile: the share of nodes that
    the clip should leave as they are (it moves there from round to round, by `rate`), or None for a clip that stays.
    units: what the norm becomes in integers. bit_share: of the bit that the quantile is found by, relative to units;
    the bit costs sqrt(1 + bit_share^2) times the noise.
    """

    epsilon: float
    delta: float
    clip_norm: float
    quantile: float | None = 0.5
    rate: float = 0.2
    noise: str = "skellam"
    units: int = 1 << 12
    bit_share: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.bit_share <= 1:
            raise ParameterError("bit_share must lie between 0 and 1")

    def terms(self, terms: Terms, nodes: int) -> Terms:
        """These terms with as much noise as their rounds take, in a setup of so many nodes."""
        shares = honest_survivors(terms, nodes)
        if shares < 1:
            raise ParameterError(f"of {nodes} nodes no honest one is sure to survive: there is nobody to add noise")
        bit = 0 if self.quantile is None else round(self.units * self.bit_share)
        one = Noise(noise=self.noise, share_variance=1, shares=shares, units=self.units, bit_units=bit)
        made = calibrate(
            self.noise,
            client_level_epsilon=self.epsilon,
            delta=self.delta,
            rounds=terms.rounds,
            shares=shares,
            l2=one.mechanism(terms.dimension).l2,
            dimension=one.mechanism(terms.dimension).dimension,
        )
        return dataclasses.replace(terms, privacy=dataclasses.replace(one, share_variance=made.share_variance))

    def next_clip_norm(self, clip_norm: float, within: float | None) -> float:
        """The next round's."""
        if self.quantile is None or within is None:
            return clip_norm
        return AdaptiveClip(self.quantile, self.rate).next(clip_norm, within)
