"""What all agree on, and how an update in floats becomes the vector of integers that is masked.

A coordinate d of an update, times the node's weight w, becomes floor(d w / (bound max_weight) (2^(bits-1) - 1) + 1/2).
Behind the update stand the weighted metrics, the weight, and what was clipped, so that the server learns their sums
only.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import AggregateInvalid, DataError, DecodeError, ParameterError, RangeError
from pyzkfl.masked.bounded import BoundedUpdate
from pyzkfl.masked.private import Noise
from pyzkfl.masked.stepped import ProvenStep

__all__ = ["Average", "Terms"]

Arrays = Mapping[str, npt.NDArray[Any]]
Proven = BoundedUpdate | ProvenStep
_TRAILER = 3  # weight, whether something was clipped, how much


@dataclasses.dataclass(frozen=True)
class Average:
    """What a round gives. update: by array, float64. weight: the sum of the nodes' weights.

    clipped_nodes: how many clipped something; clipped_coordinates: how many coordinates together, at most.
    within: under differential privacy with a clip that adapts, the noised fraction of nodes within clip_norm.
    """

    update: dict[str, npt.NDArray[np.float64]]
    metrics: dict[str, float]
    weight: int
    nodes: int
    clipped_nodes: int
    clipped_coordinates: int
    within: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of a setup; every node gets them and its masks depend on them.

    arrays: (name, shape) of each array of the model. rounds: how many the setup lasts for.
    bound: of the magnitude of a coordinate of an update, in the model's unit. bits: of a masked value before the room
    for the sum; `bits` - 1 of them are the resolution of bound * max_weight.
    overflow: "error" (a node whose update exceeds the bound fails, and counts as lost) or "clip" (it clips, and the
    number of clipped coordinates is in the sum).
    weighted: by the node's number of examples, at most max_weight; otherwise all count alike.
    metrics: names of numbers, of magnitude at most metric_bound, that are averaged under the mask too.
    privacy: noise for client-level differential privacy; then all nodes count alike, metrics are not averaged, and
    updates are clipped by their norm instead of by coordinates.
    proof: what every node proves of its vector; then all nodes count alike, metrics are not averaged, and the proof's
    own terms say how an update becomes integers (bound, bits and overflow above say nothing).
    dropout, corrupt, server, security_bits, correctness_bits: as in pyzkfl.standing.Plan.

    >>> terms = Terms(arrays=(("w", (2, 2)),), rounds=5)
    >>> vector = terms.encode({"w": np.zeros((2, 2))}, {"w": np.full((2, 2), 0.25)}, weight=30)
    >>> terms.decode(vector, nodes=1).update["w"].round(6).tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """

    arrays: tuple[tuple[str, tuple[int, ...]], ...]
    rounds: int
    bound: float = 1.0
    bits: int = 32
    overflow: str = "error"
    weighted: bool = True
    max_weight: int = 100_000
    metrics: tuple[str, ...] = ()
    metric_bound: float = 1000.0
    dropout: float = 0.3
    corrupt: float = 0.05
    server: str = "semi-honest"
    security_bits: float = 40.0
    correctness_bits: float = 30.0
    privacy: Noise | None = None
    proof: Proven | None = None

    def __post_init__(self) -> None:
        arrays = tuple((str(name), tuple(int(n) for n in shape)) for name, shape in self.arrays)
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "metrics", tuple(str(name) for name in self.metrics))
        if not self.weighted:
            object.__setattr__(self, "max_weight", 1)
        if not arrays or self.dimension < 1 or len({name for name, _ in arrays}) != len(arrays):
            raise ParameterError("the model has no arrays, or two of one name")
        if len(set(self.metrics)) != len(self.metrics):
            raise ParameterError("a metric is named twice")
        for name, value in (("bound", self.bound), ("metric_bound", self.metric_bound)):
            if not (math.isfinite(value) and value > 0):
                raise ParameterError(f"{name} must be positive and finite, got {value}")
        if self.overflow not in ("error", "clip"):
            raise ParameterError(f"overflow is 'error' or 'clip', not {self.overflow!r}")
        if self.privacy is not None and (self.weighted or self.metrics):
            raise ParameterError(
                "under client-level privacy a weight or a metric would leave without noise: set weighted=False, "
                "metrics=()"
            )
        if self.proof is not None:
            self._check_proof(self.proof)
        if not 8 <= self.bits <= 52:
            raise ParameterError(f"bits must lie between 8 and 52 (a float64 has no more), got {self.bits}")
        if not 1 <= self.max_weight <= self.unit:
            raise ParameterError(f"max_weight must lie between 1 and 2^(bits - 1) - 1 = {self.unit}")

    def _check_proof(self, proof: Proven) -> None:
        if self.privacy is not None:
            raise ParameterError(
                "client-level privacy and proofs: noise is added to what is masked, so a proof about the update says "
                "nothing of it; take one of them"
            )
        if self.weighted or self.metrics:
            raise ParameterError(
                "a proof speaks of the update and of no weight or metric: set weighted=False, metrics=()"
            )
        if proof.dimension != self.dimension:
            raise ParameterError(
                f"the proofs are of updates of {proof.dimension} coordinates, the model has {self.dimension}"
            )

    @property
    def dimension(self) -> int:
        """Coordinates of an update."""
        return sum(math.prod(shape) for _, shape in self.arrays)

    @property
    def length(self) -> int:
        """Of the masked vector."""
        if self.privacy is not None:
            return self.dimension + (self.privacy.bit_units > 0)
        if self.proof is not None:
            return self.proof.length
        return self.dimension + len(self.metrics) + _TRAILER

    @property
    def max_abs(self) -> int:
        """Of a masked value."""
        if self.proof is not None:
            return self.proof.max_abs
        return self.unit if self.privacy is None else self.privacy.max_abs

    @property
    def unit(self) -> int:
        """The largest magnitude of a masked value: what bound * max_weight becomes."""
        return (1 << (self.bits - 1)) - 1

    @property
    def _grain(self) -> int:
        return -(-self.dimension // self.unit)

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted names, no spaces. Nodes hash it."""
        value = dataclasses.asdict(self)
        if self.proof is None:
            del value["proof"]  # terms without proofs are as they were before there were any
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Terms:
        """DecodeError for anything but the canonical bytes of terms that can be meant."""
        try:
            value = json.loads(data)
            value["arrays"] = tuple((name, tuple(shape)) for name, shape in value["arrays"])
            value["metrics"] = tuple(value["metrics"])
            if value["privacy"] is not None:
                value["privacy"] = Noise(**value["privacy"])
            if "proof" in value:
                value["proof"] = _PROVEN[value["proof"]["statement"]](**value["proof"])
            terms = Terms(**value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DecodeError(f"the terms cannot be read: {type(error).__name__}") from None
        if terms.to_bytes() != data:
            raise DecodeError("the terms are not in their canonical form")
        return terms

    # -- a node's vector ---------------------------------------------------------------------------------------------

    def _flat(self, before: Arrays, after: Arrays) -> npt.NDArray[np.float64]:
        parts = []
        for name, shape in self.arrays:
            if name not in before or name not in after:
                raise DataError(f"the model has no array {name!r}, which was agreed on")
            old, new = np.asarray(before[name], np.float64), np.asarray(after[name], np.float64)
            if old.shape != shape or new.shape != shape:
                raise DataError(f"array {name!r} has shape {new.shape}, agreed on is {shape}")
            parts.append((new - old).ravel())
        if len(after) != len(self.arrays):
            raise DataError(f"the model has {len(after)} arrays, agreed on are {len(self.arrays)}")
        return np.concatenate(parts)

    def difference(self, before: Arrays, after: Arrays) -> npt.NDArray[np.float64]:
        """The update, flat, (dimension,). DataError for arrays other than those agreed on."""
        return self._flat(before, after)

    def _fit(self, values: npt.NDArray[np.float64], bound: float, what: str) -> tuple[npt.NDArray[np.float64], int]:
        """Values within the bound, and how many were not."""
        if not np.isfinite(values).all():
            raise DataError(f"{what} has NaN or infinity: the training diverged")
        over = int((np.abs(values) > bound).sum())
        if over and self.overflow == "error":
            raise RangeError(
                f"{over} of {values.size} values of {what} are beyond the agreed bound {bound}, and the terms say that "
                "this is an error: raise the bound, or agree on overflow='clip'"
            )
        return np.clip(values, -bound, bound), over

    def encode(
        self,
        before: Arrays,
        after: Arrays,
        weight: int,
        metrics: Mapping[str, float] | None = None,
        clip_norm: float | None = None,
    ) -> npt.NDArray[np.int64]:
        """The vector to mask, int64 (length,). clip_norm: of the round, with privacy.

        Raises RangeError where a value or the weight exceeds its bound (values only with overflow="error"), DataError
        for NaN, infinity, or arrays other than those agreed on.
        """
        if self.proof is not None:
            raise ParameterError("under proofs an update is encoded by what proves it")
        if self.privacy is not None:
            return self.privacy.encode(self._flat(before, after), _given(clip_norm))
        count = self._weight(weight)
        update, over = self._fit(self._flat(before, after), self.bound, "the update")
        given = metrics or {}
        missing = [name for name in self.metrics if name not in given]
        if missing:
            raise DataError(f"the reply has no metric {missing[0]!r}, which was agreed on")
        numbers, over_numbers = self._fit(
            np.array([float(given[name]) for name in self.metrics], np.float64), self.metric_bound, "the metrics"
        )
        share = self.unit * (count / self.max_weight)
        clipped = over + over_numbers
        return np.concatenate(
            [
                np.floor(update * (share / self.bound) + 0.5).astype(np.int64),
                np.floor(numbers * (share / self.metric_bound) + 0.5).astype(np.int64),
                np.array([count, clipped > 0, -(-clipped // self._grain)], np.int64),
            ]
        )

    def _weight(self, weight: int) -> int:
        if not self.weighted:
            return 1
        if isinstance(weight, bool) or int(weight) != weight or not 1 <= weight <= self.max_weight:
            raise RangeError(
                f"the weight (number of examples) must be an integer between 1 and max_weight = {self.max_weight}"
            )
        return int(weight)

    # -- the sum -----------------------------------------------------------------------------------------------------

    def decode(
        self,
        total: npt.NDArray[np.int64] | Sequence[int],
        nodes: int,
        clip_norm: float | None = None,
        seed: bytes = b"",
    ) -> Average:
        """The average of the updates of `nodes` nodes from the sum of their vectors. seed: the round's, with proofs."""
        values = np.asarray(total, np.int64)
        if values.shape != (self.length,):
            raise ParameterError(f"a sum has {self.length} values, got {values.shape}")
        if self.proof is not None:
            mean, clipped_nodes = self.proof.decode(values, nodes, seed)
            return Average(self._shaped(mean), {}, nodes, nodes, clipped_nodes, 0)
        if self.privacy is not None:
            mean, within = self.privacy.decode(values, nodes, _given(clip_norm))
            return Average(self._shaped(mean), {}, nodes, nodes, 0, 0, within)
        weight, clipped_nodes, grains = (int(v) for v in values[-_TRAILER:])
        if not nodes <= weight <= nodes * self.max_weight or not 0 <= clipped_nodes <= nodes or grains < 0:
            raise AggregateInvalid("the sum of weights cannot be one: a node sent a vector that is not by these terms")
        scale = self.max_weight / (self.unit * weight)
        update = self._shaped(values[: self.dimension].astype(np.float64) * (scale * self.bound))
        at = self.dimension
        metrics = {name: float(values[at + i]) * scale * self.metric_bound for i, name in enumerate(self.metrics)}
        return Average(update, metrics, weight, nodes, clipped_nodes, grains * self._grain)

    def _shaped(self, flat: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
        out, at = {}, 0
        for name, shape in self.arrays:
            out[name] = flat[at : at + math.prod(shape)].reshape(shape)
            at += math.prod(shape)
        return out


_PROVEN: dict[str, type[BoundedUpdate] | type[ProvenStep]] = {"norm": BoundedUpdate, "step": ProvenStep}


def _given(clip_norm: float | None) -> float:
    if clip_norm is None:
        raise ParameterError("under client-level privacy a round has a clip_norm")
    return float(clip_norm)
