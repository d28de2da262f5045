"""prove, verify, aggregate: the three calls that the library is about (DESIGN section 7).

A job of the direct circuit has proofs of Groth16 with committed wires (docs/protocol.md section 3), 160 bytes for any
number of rows or features; a job with a network has proofs of the engine (docs/engine.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.composed import ComposedProof, ComposedStatement, ComposedVerifier
from pyzkfl.errors import AggregateInvalid, NotEnoughClients, ParameterError, ProofInvalid
from pyzkfl.job import SURVIVORS_MIN, Job
from pyzkfl.proving_keys import Keys
from pyzkfl.statement import EngineProof, Proof, Statement, Witness, read_proof

if TYPE_CHECKING:
    from pyzkfl.composition_keys import CompositionKeys

__all__ = [
    "Aggregate",
    "EngineProof",
    "Opening",
    "Proof",
    "Submission",
    "Submissions",
    "Witness",
    "aggregate",
    "prove",
    "read_proof",
    "verify",
    "verify_batch",
]


def prove(statement: Statement, witness: Witness, keys: Keys) -> Proof | EngineProof:
    """Prove that the update committed in `statement` is the job's training step on the committed batch.

    Raises WitnessInvalid when the witness does not satisfy the statement (the message names the first relation that
    fails), ParameterError when the keys are not the job's. The proof is verified before it is returned. Releases the
    GIL. Source: docs/protocol.md sections 1 to 3.
    """
    keys.expect(statement.job)
    proof = keys.prove(statement, witness)
    verify(statement, proof, keys)
    return proof


@overload
def verify(statement: Statement, proof: Proof | EngineProof, keys: Keys) -> None: ...


@overload
def verify(
    statement: ComposedStatement, proof: ComposedProof, keys: ComposedVerifier | CompositionKeys
) -> None: ...


def verify(statement: Any, proof: Any, keys: Any) -> None:
    """Check a proof; returns None, raises ProofInvalid. What must not be ignored raises.

    `statement` must come from the verifier's own state: its weights, beacon, batch and C(X) are not taken from the
    prover. Raises DecodeError for bytes that are no points of the curve. A composed proof is verified for a
    ComposedStatement (pyzkfl.composed), made of what was registered and submitted, with the composition's verifier or
    keys.
    """
    if isinstance(statement, ComposedStatement) or isinstance(proof, ComposedProof):
        verifier = keys if isinstance(keys, ComposedVerifier) else getattr(keys, "verifier", None)
        if not isinstance(verifier, ComposedVerifier):
            raise ParameterError("a composed proof is verified with the keys of a composition, or their verifier")
        verifier.verify(statement, proof)
        return
    keys.expect(statement.job)
    if not keys.holds(statement, proof):
        raise not_shown([statement], [0])


def verify_batch(items: Sequence[tuple[Statement, Proof | EngineProof]], keys: Keys) -> None:
    """Check many proofs in one multi-pairing with independent weights; ProofInvalid names every member that failed.

    The error carries the positions in `offenders`. A proof whose bytes are malformed fails like a false one, so that
    one member cannot stop the others' from being looked at. An empty batch is a ParameterError: nothing was shown.
    """
    if not items:
        raise ParameterError("there is no proof to verify")
    for statement, _ in items:
        keys.expect(statement.job)
    bad = keys.failing(items)
    if bad:
        raise not_shown([statement for statement, _ in items], bad)


def not_shown(statements: Sequence[Statement], bad: list[int]) -> ProofInvalid:
    """The error that names whose proofs, at the positions `bad`, do not hold."""
    names = ", ".join(f"{statements[i].client!r} (round {statements[i].round})" for i in bad)
    error = ProofInvalid(
        f"the proof does not hold for {names}: the update is not the agreed step on the committed batch, or the "
        f"statement is another one"
    )
    error.offenders = bad  # type: ignore[attr-defined]
    return error


@dataclasses.dataclass(frozen=True)
class Submission:
    """One member's accepted contribution to a round: statement and proof. The update itself is in neither."""

    statement: Statement
    proof: Proof | EngineProof


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
    weights = job.next_weights(first.weights, total, len(items))
    return Aggregate(first.round, names, total, weights, commitment)
