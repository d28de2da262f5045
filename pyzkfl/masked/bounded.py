"""Norm bounds under masks: every node proves that its update's L2 norm is within the agreed bound, and nothing else.

What is masked, committed to and bounded is one vector: the update in integers, restricted to the coordinates that the
round keeps (pyzkfl.compression; all of them by default), with one more coordinate that is 1 where the node clipped.
So compression costs no relation of its own: **proven is the norm of the vector that was sent**. Not proven is that it
is the restriction of anything, or how it was rounded, or that it was trained.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyzkfl.compression import Compression
from pyzkfl.errors import DataError, ParameterError, RangeError
from pyzkfl.masked.claims import Claim
from pyzkfl.masked.proof_keys import DevelopmentKeys, ProofKeys
from pyzkfl.norm import NormProver

__all__ = ["BoundedUpdate", "NormProofs"]

Floats = npt.NDArray[np.float64]
Vector = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoundedUpdate:
    """The part of the terms that speaks of norm bounds. norm_units: the bound in units of `scale`; keys: their digest,
    in hexadecimal. The rest as in pyzkfl.compression."""

    dimension: int
    kept: int
    value_bits: int
    scale: float
    norm_units: int
    clip: bool
    keys: str
    statement: str = "norm"

    def __post_init__(self) -> None:
        if self.statement != "norm" or len(bytes.fromhex(self.keys)) != 32:
            raise ParameterError("a norm bound's terms name the statement 'norm' and the digest of its keys")
        _ = self._compression  # checks the rest
        if not 2 <= self.norm_units < 1 << 30:
            raise ParameterError(f"the norm bound is {self.norm_units} units of scale: it must be 2 to 2^30")

    @functools.cached_property
    def _compression(self) -> Compression:
        return Compression(self.dimension, self.kept, self.value_bits, self.scale, clip=self.clip)

    @property
    def length(self) -> int:
        """Of the vector that is masked."""
        return self.kept + 1

    @property
    def max_abs(self) -> int:
        """Of a coordinate."""
        return self._compression.max_abs

    def encode(self, update: Floats, seed: bytes, member: int) -> Vector:
        """The vector. RangeError where something is beyond its bound and the terms do not clip."""
        if not np.isfinite(update).all():
            raise DataError("the update has NaN or infinity: the training diverged")
        limit, most = self._compression.max_abs, self.norm_units * self.norm_units - 1  # the last coordinate has 1
        kept = update[self._compression.indices(seed)]
        if not self.clip and float(np.abs(kept).max()) > limit * self.scale:
            raise RangeError(
                f"values of the update are beyond {limit * self.scale:g}, which {self.value_bits} bits hold in steps "
                f"of {self.scale:g}: a larger scale, or clip=True"
            )
        vector, cut = self._compression.encode(update, seed, client=member)
        squared = sum(int(v) * int(v) for v in vector)
        if squared > most:
            if not self.clip:
                raise RangeError(
                    f"the norm of what is sent of the update is {math.sqrt(squared) * self.scale:g}, the agreed bound "
                    f"is {self.norm_units * self.scale:g}: raise the bound, or agree on clip=True"
                )
            factor = math.sqrt(most / squared)
            while sum(int(v) * int(v) for v in vector) > most:  # towards zero: never makes a norm larger
                vector = np.trunc(vector * factor).astype(np.int64)
                factor = 1 - 2.0**-20
        return np.append(vector, np.int64(cut > 0 or squared > most))

    def decode(self, total: Vector, nodes: int, seed: bytes) -> tuple[Floats, int]:
        """The average update, zero where the round keeps nothing; and how many nodes say that they clipped."""
        mean = self._compression.decode(total[:-1], seed, count=nodes)
        return mean, min(max(int(total[-1]), 0), nodes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NormProofs:
    """`proofs=` of the mod and of the strategy: every node proves that its update's norm is at most `norm`.

    dimension: of the model. norm: L2 bound of what is sent, in the model's unit. kept: coordinates that a round keeps
    (None: all), value_bits: 4 to 16, of a value; scale: what a step of a value is worth (None: such that one coordinate
    may hold the whole norm). clip: nodes beyond the bound clip, and are counted; without it they fail. keys: see
    pyzkfl.masked.proof_keys; for a simulation `with_development_keys`.

    >>> NormProofs(dimension=650, norm=2.0, kept=200, value_bits=8).norm_units
    127
    """

    dimension: int
    norm: float
    kept: int | None = None
    value_bits: int = 16
    scale: float | None = None
    clip: bool = False
    keys: ProofKeys | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.norm) and self.norm > 0):
            raise ParameterError(f"norm must be positive and finite, got {self.norm}")
        self._terms(bytes(32))  # wrong settings fail here

    @property
    def _scale(self) -> float:
        return self.norm / ((1 << (self.value_bits - 1)) - 1) if self.scale is None else self.scale

    @property
    def norm_units(self) -> int:
        """The bound that is proven, in steps of `scale`."""
        return math.floor(self.norm / self._scale * (1 + 2.0**-40))

    def _terms(self, keys: bytes) -> BoundedUpdate:
        kept = self.dimension if self.kept is None else self.kept
        return BoundedUpdate(
            dimension=self.dimension, kept=kept, value_bits=self.value_bits, scale=self._scale,
            norm_units=self.norm_units, clip=self.clip, keys=keys.hex(),
        )  # fmt: skip

    @property
    def terms(self) -> BoundedUpdate:
        """What everybody agrees on. ParameterError without keys."""
        if self.keys is None:
            raise ParameterError(
                "norm proofs need keys: with_development_keys(path) for a simulation, or the file of a setup"
            )
        return self._terms(self.keys.digest)

    def with_development_keys(self, path: str | os.PathLike[str]) -> NormProofs:
        """The same with keys from this file, made where there is none: for simulations, its maker can forge."""
        keys = DevelopmentKeys.for_norm(path, self._terms(bytes(32)).length, self.norm_units)
        return dataclasses.replace(self, keys=keys)

    @property
    def prover(self) -> NormProver:
        """Reads the keys, once in a process."""
        terms = self.terms
        assert self.keys is not None
        return self.keys.norm_prover(terms.length, terms.norm_units)

    # -- as the server's Opener --------------------------------------------------------------------------------------

    def failing(self, claims: Sequence[Claim]) -> list[int]:
        """Positions of the claims that do not hold, by one multi-pairing."""
        return self.prover.failing([(claim.context, claim.commitment, claim.proof) for claim in claims])

    def commit_sum(self, total: Vector, blinder: bytes) -> bytes:
        """The commitment to a sum of vectors."""
        return self.prover.commit_sum(total, blinder)
