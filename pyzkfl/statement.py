"""What a proof speaks about: one member's training in one round, as public values (docs/protocol.md section 2).

A verifier builds the Statement from its own state and takes only C(D) and the proof from the prover.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyzkfl import encoding
from pyzkfl.errors import DecodeError, ParameterError, RangeError
from pyzkfl.job import Job
from pyzkfl.step_context import Place, StepContext

__all__ = [
    "EngineProof",
    "Proof",
    "Statement",
    "StepBatch",
    "Witness",
    "batch_index",
    "batch_indices",
    "read_proof",
    "weights_digest",
]

PROOF_BYTES = 160  # A, B, C compressed (32 + 64 + 32) and the proof of knowledge of C(D) (32)

_BATCH_DOMAIN = b"pyzkfl/1 batch choice"
_WEIGHTS_DOMAIN = b"pyzkfl/1 weights"


def weights_digest(weights: npt.NDArray[np.int64]) -> bytes:
    """SHA-256 of integer weights: domain, length, little-endian 64-bit values. 32 bytes."""
    values = np.ascontiguousarray(weights, dtype="<i8")
    return hashlib.sha256(_WEIGHTS_DOMAIN + len(values).to_bytes(8, "little") + values.tobytes()).digest()


def batch_index(beacon: bytes, round_: int, client: str, batches: int) -> int:
    """The batch that the beacon picks for a member in a round; uniform up to 2^-64 (docs/protocol.md section 5)."""
    if batches < 1:
        raise ParameterError("a dataset has at least one batch")
    name = client.encode()
    data = _BATCH_DOMAIN + beacon + round_.to_bytes(8, "little") + len(name).to_bytes(8, "little") + name
    return int.from_bytes(hashlib.sha256(data).digest()[:16], "big") % batches


def batch_indices(beacon: bytes, round_: int, client: str, batches: int, steps: int = 1) -> tuple[int, ...]:
    """The batches that the beacon picks for the local steps of a member's round: distinct, in the order of the steps.

    Step s of round t is drawing number t steps + s of `batch_index`, among the batches that the steps before it left;
    with one step it is that function's choice. ParameterError when there are fewer batches than steps.

    >>> batch_indices(bytes(32), 0, "ada", 5, steps=5)
    (2, 4, 1, 0, 3)
    """
    if not 1 <= steps <= batches:
        raise ParameterError(f"a round of {steps} steps takes as many different batches, and there are {batches}")
    chosen: list[int] = []
    for step in range(steps):
        index = batch_index(beacon, round_ * steps + step, client, batches - step)
        for taken in sorted(chosen):
            index += index >= taken
        chosen.append(index)
    return tuple(chosen)


class StepBatch(NamedTuple):
    """The registered batch of one local step: its number, its real rows, C(X)."""

    number: int
    rows: int
    commitment: bytes


@dataclasses.dataclass(frozen=True)
class Statement:
    """Public values of one member's training in one round.

    weights: int64, shape (dimension,), the W_t of the round. batch: index that the beacon picked; rows: its real rows;
    batch_commitment, update_commitment: C(X) and C(D), compressed G1 points of 32 bytes; dataset_root: 32 bytes. later:
    the batches of the second local step and those after it, where the job has more than one. velocities: where it
    carries momentum, C(V) of the velocity that the round goes on from, by the verifier's record, and C(V') of the next
    one, the member's choice as C(D) is.
    """

    job: Job
    round: int
    client: str
    beacon: bytes
    dataset_root: bytes
    batch: int
    rows: int
    weights: npt.NDArray[np.int64]
    batch_commitment: bytes
    update_commitment: bytes
    later: tuple[StepBatch, ...] = ()
    velocities: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        self.job.index_of(self.client)
        if not (0 <= self.round < self.job.rounds):
            raise ParameterError(f"round {self.round} is not one of the job's {self.job.rounds}")
        object.__setattr__(self, "later", tuple(StepBatch(*batch) for batch in self.later))
        if len(self.batches) != self.job.steps:
            raise ParameterError(f"a round of this job has {self.job.steps} batches, got {len(self.batches)}")
        for batch in self.batches:
            if not (1 <= batch.rows <= self.job.batch):
                raise ParameterError(f"rows must be between 1 and {self.job.batch}, got {batch.rows}")
            if batch.number < 0 or len(batch.commitment) != 32:
                raise ParameterError("a batch has a number that is not negative and a commitment of 32 bytes")
        object.__setattr__(self, "velocities", tuple(self.velocities))
        if [len(v) for v in self.velocities] != ([32, 32] if self.job.carries_momentum else []):
            raise ParameterError("a round has two velocities, of 32 bytes, exactly where the job carries momentum")
        if len({batch.number for batch in self.batches}) != len(self.batches):
            raise ParameterError("the local steps of a round have different batches")
        for name in ("beacon", "dataset_root", "batch_commitment", "update_commitment"):
            if len(getattr(self, name)) != 32:
                raise ParameterError(f"{name} must have 32 bytes")
        weights = np.array(self.weights, dtype=np.int64)  # our own copy: the digest must not move under us
        if weights.shape != (self.job.dimension,):
            raise ParameterError(f"weights must have shape ({self.job.dimension},), got {weights.shape}")
        limit = 1 << (self.job.w_bits - 1)
        if (weights < -limit).any() or (weights >= limit).any():
            raise RangeError(f"weights must be signed integers of {self.job.w_bits} bits")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)

    @property
    def batches(self) -> tuple[StepBatch, ...]:
        """The batches of all local steps, in their order."""
        return (StepBatch(self.batch, self.rows, self.batch_commitment), *self.later)

    def to_bytes(self) -> bytes:
        """The canonical encoding (docs/formats.md)."""
        body: dict[str, Any] = {
            "job": self.job.digest,
            "round": self.round,
            "client": self.client,
            "beacon": self.beacon,
            "dataset_root": self.dataset_root,
            "batch": self.batch,
            "rows": self.rows,
            "weights": weights_digest(self.weights),
            "batch_commitment": self.batch_commitment,
            "update_commitment": self.update_commitment,
        }
        if self.later:
            body["later"] = [list(batch) for batch in self.later]
        if self.velocities:
            body["velocities"] = list(self.velocities)
        return encoding.encode(encoding.Kind.STATEMENT, body)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes: the statement's name. Its halves are the first two public inputs of the
        direct circuit; a proof of the engine is bound to `step_context` instead."""
        return encoding.digest(self.to_bytes())

    def step_context(self, weights_commitment: bytes, tables_commitment: bytes) -> StepContext:
        """What a proof of the engine is bound to, beside C(D) and rows (docs/engine.md, section 5). C(W) and C(T):
        the verifier's own."""
        place = Place(
            self.round,
            self.job.index_of(self.client),
            self.client,
            self.beacon,
            self.dataset_root,
            tuple(batch.number for batch in self.batches),
        )
        data = tuple(batch.commitment for batch in self.batches)
        return StepContext(self.job.digest, place, weights_commitment, tables_commitment, data, self.velocities)

    def public_inputs(self) -> list[int]:
        """ctx_lo, ctx_hi, rows, W_0 .. W_d as integers (negative weights stay negative)."""
        ctx = self.digest
        return [int.from_bytes(ctx[:16], "big"), int.from_bytes(ctx[16:], "big"), self.rows, *map(int, self.weights)]


@dataclasses.dataclass(frozen=True)
class Proof:
    """A proof of one training step. `to_bytes` has 7 bytes of header and 160 of proof.

    Groth16 proofs can be re-randomised: the bytes identify nothing, so never use them as a key.
    """

    groth16: bytes
    knowledge: bytes

    def __post_init__(self) -> None:
        if len(self.groth16) != 128 or len(self.knowledge) != 32:
            raise DecodeError("a proof has 128 bytes of Groth16 and 32 bytes of proof of knowledge")

    @property
    def size(self) -> int:
        """Bytes, without the header."""
        return PROOF_BYTES

    def to_bytes(self) -> bytes:
        """Header (magic, version, kind, suite), A, B, C compressed, P_D compressed."""
        return encoding.frame(encoding.Kind.PROOF, self.groth16 + self.knowledge)

    @staticmethod
    def from_bytes(data: bytes) -> Proof:
        """Read it back; DecodeError or UnsupportedVersion. Points are decoded strictly when it is verified."""
        body = encoding.unframe(encoding.Kind.PROOF, data)
        if len(body) != PROOF_BYTES:
            raise DecodeError(f"a proof has {PROOF_BYTES} bytes after its header, got {len(body)}")
        return Proof(body[:128], body[128:])


@dataclasses.dataclass(frozen=True)
class EngineProof:
    """A proof of the engine: three elements of Groth16, points and scalars (docs/engine.md, section 5)."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes, without the header."""
        return len(self.data)

    def to_bytes(self) -> bytes:
        """Header (magic, version, kind, suite), then the proof."""
        return encoding.frame(encoding.Kind.ENGINE_PROOF, self.data)


def read_proof(job: Job, data: bytes) -> Proof | EngineProof:
    """A proof for this job from its bytes; DecodeError or UnsupportedVersion."""
    if job.network is None:
        return Proof.from_bytes(data)
    if data[: encoding.HEADER_BYTES] == encoding.header(encoding.Kind.PROOF):
        raise encoding.UnsupportedVersion(
            "a proof of the direct circuit, or of the engine for version 1 of its statement, whose context was a "
            "SHA-256: this release reads engine proofs of version 2 (kind ENGINE_PROOF); prove the step again"
        )
    body = encoding.unframe(encoding.Kind.ENGINE_PROOF, data)
    size = job.network.core.proof_bytes
    if len(body) != size:
        raise DecodeError(f"a proof of this job has {size} bytes after its header, got {len(body)}")
    return EngineProof(body)


@dataclasses.dataclass(frozen=True, repr=False)
class Witness:
    """What the prover knows: x int64 (batch, features), y int64 (batch,), and two blinders of 32 bytes.

    later: x, y and batch_blinder of the second local step and those after it. velocity: where momentum is carried,
    int64 (dimension,), and None for none; velocity_blinders: of C(V) and C(V').
    """

    x: npt.NDArray[np.int64]
    y: npt.NDArray[np.int64]
    batch_blinder: bytes
    update_blinder: bytes
    later: tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bytes], ...] = ()
    velocity: npt.NDArray[np.int64] | None = None
    velocity_blinders: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return "Witness(secret)"

    @property
    def batches(self) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bytes], ...]:
        """x, y and blinder of the batches of all local steps."""
        return ((self.x, self.y, self.batch_blinder), *self.later)
