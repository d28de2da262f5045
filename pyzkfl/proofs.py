"""prove, verify, aggregate: the three calls that the library is about (DESIGN section 7).

The proof is Groth16 with committed wires (docs/protocol.md section 3): 160 bytes for any number of rows or features.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, encoding
from pyzkfl.errors import AggregateInvalid, DecodeError, NotEnoughClients, ParameterError, ProofInvalid, WitnessInvalid
from pyzkfl.job import SURVIVORS_MIN, Job
from pyzkfl.statement import Statement

if TYPE_CHECKING:
    from pyzkfl.ceremony import Keys

__all__ = [
    "Aggregate",
    "Opening",
    "Proof",
    "Submission",
    "Submissions",
    "Witness",
    "aggregate",
    "prove",
    "verify",
    "verify_batch",
]

_GROUP_X, _GROUP_D = 0, 1
PROOF_BYTES = 160  # A, B, C compressed (32 + 64 + 32) and the proof of knowledge of C(D) (32)


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


@dataclasses.dataclass(frozen=True, repr=False)
class Witness:
    """What the prover knows: x int64 (batch, features), y int64 (batch,), and two blinders of 32 bytes."""

    x: npt.NDArray[np.int64]
    y: npt.NDArray[np.int64]
    batch_blinder: bytes
    update_blinder: bytes

    def __repr__(self) -> str:
        return "Witness(secret)"


def prove(statement: Statement, witness: Witness, keys: Keys) -> Proof:
    """Prove that the update committed in `statement` is the job's training step on the committed batch.

    Raises WitnessInvalid when the witness does not satisfy the statement (the message names the first relation that
    fails), ParameterError when the keys are not the job's. The proof is verified before it is returned. Releases the
    GIL. Source: docs/protocol.md sections 1 to 3.
    """
    keys.expect(statement.job)
    core_witness = _core.training.witness(
        statement.job.spec,
        statement.digest,
        statement.weights,
        witness.x,
        witness.y,
        statement.rows,
        witness.batch_blinder,
        witness.update_blinder,
    )
    for group, expected, what in (
        (_GROUP_X, statement.batch_commitment, "the batch is not the one committed to"),
        (_GROUP_D, statement.update_commitment, "the update of this batch is not the one committed to"),
    ):
        if _core.groth16.commitment(keys.proving, keys.constraints, core_witness, group) != expected:
            raise WitnessInvalid(f"{what} in the statement of {statement.client!r}, round {statement.round}")
    groth16, knowledge = _core.groth16.prove(keys.proving, keys.constraints, core_witness)
    proof = Proof(groth16, knowledge[_GROUP_D])
    verify(statement, proof, keys)
    return proof


def verify(statement: Statement, proof: Proof, keys: Keys) -> None:
    """Check a proof; returns None, raises ProofInvalid. What must not be ignored raises.

    `statement` must come from the verifier's own state: its weights, beacon, batch and C(X) are not taken from the
    prover. Raises DecodeError for bytes that are no points of the curve.
    """
    verify_batch([(statement, proof)], keys)


def verify_batch(items: Sequence[tuple[Statement, Proof]], keys: Keys) -> None:
    """Check many proofs in one multi-pairing with independent weights; ProofInvalid names every member that failed.

    The error carries the positions in `offenders`. An empty batch is a ParameterError: nothing was shown.
    """
    if not items:
        raise ParameterError("there is no proof to verify")
    instances = []
    for statement, proof in items:
        keys.expect(statement.job)
        instances.append(
            (
                statement.public_inputs(),
                [(statement.batch_commitment, None), (statement.update_commitment, proof.knowledge)],
                proof.groth16,
            )
        )
    bad = _core.groth16.verify_batch(keys.verifying, instances)
    if bad:
        names = ", ".join(f"{items[i][0].client!r} (round {items[i][0].round})" for i in bad)
        error = ProofInvalid(
            f"the proof does not hold for {names}: the update is not the agreed step on the "
            f"committed batch, or the statement is another one"
        )
        error.offenders = list(bad)  # type: ignore[attr-defined]
        raise error


@dataclasses.dataclass(frozen=True)
class Submission:
    """One member's accepted contribution to a round: statement and proof. The update itself is in neither."""

    statement: Statement
    proof: Proof


@dataclasses.dataclass(frozen=True)
class Opening:
    """The unmasked sum of a round: total int64 (features + 1,), and the sum of the blinders (32 bytes)."""

    total: npt.NDArray[np.int64]
    blinder: bytes


@dataclasses.dataclass(frozen=True)
class Submissions:
    """All that anyone needs to check a round: the accepted submissions, the opened sum, the keys."""

    items: tuple[Submission, ...]
    opening: Opening
    keys: Keys


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A checked round: total = sum of the survivors' updates, weights = W_{t+1}, commitment = the sum of C(D)."""

    round: int
    survivors: tuple[str, ...]
    total: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]
    commitment: bytes


def aggregate(job: Job, submissions: Submissions) -> Aggregate:
    """Verify every proof of a round, open the sum of updates against the sum of commitments, give the next weights.

    Raises ProofInvalid naming the member whose proof fails, NotEnoughClients for fewer than three survivors or than
    the job's threshold, AggregateInvalid when the sum does not open or the submissions do not belong together.
    Anyone can call it: nothing in it is secret.
    """
    items = submissions.items
    need = max(SURVIVORS_MIN, job.threshold)
    if len(items) < need:
        raise NotEnoughClients(f"{len(items)} submissions, a round needs {need}: the round is void")
    first = items[0].statement
    names = tuple(item.statement.client for item in items)
    if len(set(names)) != len(names):
        raise AggregateInvalid("a member appears twice in the round")
    for item in items:
        statement = item.statement
        if (
            statement.job != job
            or statement.round != first.round
            or not np.array_equal(statement.weights, first.weights)
        ):
            raise AggregateInvalid(f"the submission of {statement.client!r} belongs to another job, round or weights")
    verify_batch([(item.statement, item.proof) for item in items], submissions.keys)
    total = np.ascontiguousarray(submissions.opening.total, dtype=np.int64)
    if total.shape != (job.dimension,):
        raise AggregateInvalid(f"the sum must have shape ({job.dimension},), got {total.shape}")
    commitment = _core.curves.g1_sum_compressed([item.statement.update_commitment for item in items])
    if submissions.keys.commit_update(total, submissions.opening.blinder) != commitment:
        raise AggregateInvalid(
            f"round {first.round}: the published sum does not open the sum of the commitments of {', '.join(names)}"
        )
    weights = _core.training.next_weights(job.spec, first.weights, total, len(items))
    return Aggregate(first.round, names, total, weights, commitment)
