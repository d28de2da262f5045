"""Short vectors for masked sums: values of 4 to 16 bits, and of each round only the coordinates that its beacon picks.

What a client masks is a function of its update, the round's seed and its index, with no choice left to it: which
coordinates (the same for everybody, so that a sum needs no indices), and how each is rounded. The vector that comes out
is the one to commit to, to bound (`pyzkfl.norm`) and to mask. Averages may be weighted by examples without showing
anybody's number of them: the weight is one more masked coordinate.

>>> import numpy as np
>>> from pyzkfl.compression import Compression
>>> short = Compression(dimension=1000, kept=250, value_bits=8, scale=1 / 64, max_weight=50)
>>> short.length, short.max_abs  # of the plan of the masked sums
(251, 6350)
>>> seed = bytes(32)  # from the round's beacon
>>> first, _ = short.encode(np.full(1000, 0.5), seed, client=0, weight=10)
>>> second, _ = short.encode(np.full(1000, -1.0), seed, client=1, weight=20)
>>> mean = short.decode(first + second, seed, count=2)  # -0.5 where the beacon picked, zero elsewhere
>>> float(mean.min()), int(np.count_nonzero(mean))
(-0.5, 250)
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import ParameterError

__all__ = ["Compression"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _stream(purpose: str, seed: bytes, more: bytes, size: int) -> bytes:
    return hashlib.shake_256(b"pyzkfl compression v1 " + purpose.encode() + b"\0" + seed + more).digest(size)


@dataclasses.dataclass(frozen=True)
class Compression:
    """How updates become vectors: part of what a job agrees on.

    dimension: of an update. kept: coordinates a round. value_bits: of a value, sign included, so that it is at most
    2^(value_bits - 1) - 1 in magnitude. scale: what one step of a value is worth. max_weight: the largest weight of a
    client; 1 for plain averages. clip: whether values beyond the bound are cut (encode() says how many) or refused.
    """

    dimension: int
    kept: int
    value_bits: int
    scale: float
    max_weight: int = 1
    clip: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.kept <= self.dimension:
            raise ParameterError(f"of {self.dimension} coordinates 1 to {self.dimension} can be kept, not {self.kept}")
        if not 4 <= self.value_bits <= 16:
            raise ParameterError(f"values have 4 to 16 bits, not {self.value_bits}")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ParameterError("the scale must be positive")
        if self.max_weight < 1:
            raise ParameterError("the largest weight must be at least 1")

    @property
    def length(self) -> int:
        """Of the vectors that are masked."""
        return self.kept + (self.max_weight > 1)

    @property
    def max_abs(self) -> int:
        """The largest magnitude in them."""
        return self.max_weight * self._limit

    @property
    def _limit(self) -> int:
        return (1 << (self.value_bits - 1)) - 1

    def indices(self, seed: bytes) -> Integers:
        """The round's coordinates, ascending: the `kept` smallest of one 64-bit number a coordinate, from SHAKE-256."""
        if self.kept == self.dimension:
            return np.arange(self.dimension)
        numbers = np.frombuffer(_stream("coordinates", seed, b"", 8 * self.dimension), dtype="<u8")
        return np.sort(np.argsort(numbers, kind="stable")[: self.kept]).astype(np.int64)

    def encode(self, update: npt.ArrayLike, seed: bytes, *, client: int, weight: int = 1) -> tuple[Integers, int]:
        """(The vector to mask, how many values were cut). seed: of the round, from its beacon; client: its index.

        Rounding goes up with the probability that keeps the mean, by a draw of the seed and the client's index. Raises
        ParameterError for values that are not finite, a weight out of range, and, unless the compression clips, values
        beyond the bound.
        """
        values = np.asarray(update, dtype=np.float64)
        if values.shape != (self.dimension,):
            raise ParameterError(f"the update must have shape ({self.dimension},), got {values.shape}")
        if not 1 <= weight <= self.max_weight:
            raise ParameterError(f"a weight is 1 to {self.max_weight}")
        steps = values[self.indices(seed)] / self.scale
        if not np.all(np.isfinite(steps)):
            raise ParameterError("the update has values that are not finite")
        draws = np.frombuffer(_stream("rounding", seed, client.to_bytes(4, "little"), 4 * self.kept), dtype="<u4")
        beyond = int(np.count_nonzero(np.abs(steps) > self._limit))
        if beyond and not self.clip:
            raise ParameterError(
                f"{beyond} values of the update are beyond {self._limit * self.scale:g}: raise the scale or let it clip"
            )
        rounded = np.floor(np.clip(steps, -self._limit, self._limit) + draws / 2.0**32).astype(np.int64)
        vector = weight * np.minimum(rounded, self._limit)
        return (np.append(vector, weight) if self.max_weight > 1 else vector), beyond

    def decode(self, total: Integers, seed: bytes, *, count: int) -> Floats:
        """The mean update from the sum of `count` clients' vectors: zero where the round keeps nothing."""
        total = np.asarray(total)
        if total.shape != (self.length,):
            raise ParameterError(f"the sum must have shape ({self.length},), got {total.shape}")
        weights = int(total[-1]) if self.max_weight > 1 else count
        if not count <= weights <= count * self.max_weight:
            raise ParameterError(f"{count} clients cannot have weights of {weights} together")
        mean = np.zeros(self.dimension)
        mean[self.indices(seed)] = total[: self.kept] * (self.scale / weights)
        return mean
