"""Keys of a job that the direct circuit proves; proving and verifying with them (docs/protocol.md section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.errors import ParameterError, WitnessInvalid
from pyzkfl.job import Job
from pyzkfl.statement import Proof, Statement, Witness

__all__ = ["Keys"]

_GROUP_X, _GROUP_D = 0, 1


class Keys:
    """A job's proving and verifying key and its circuit. Nothing in it is secret.

    proving, verifying, constraints: objects of pyzkfl._core; setup: digest of the ceremony's transcript (32 bytes).
    """

    def __init__(self, proving: Any, constraints: Any, setup: bytes) -> None:
        self.proving = proving
        self.verifying = proving.verifying_key
        self.constraints = constraints
        self.setup = setup

    def __repr__(self) -> str:
        return f"Keys(verifying key {self.verifying.digest.hex()[:16]})"

    @property
    def commitment_key(self) -> Any:
        """The key of C(D): one point a coordinate, one for the blinder."""
        return self.proving.commitment_key(_GROUP_D)

    def bind(self, job: Job) -> Job:
        """The job bound to these keys."""
        return job.with_keys(
            verifying_key=self.verifying.digest, commitment_key=self.commitment_key.digest, setup=self.setup
        )

    def expect(self, job: Job) -> None:
        """ParameterError unless the job is bound to these keys."""
        if job.verifying_key != self.verifying.digest or job.commitment_key != self.commitment_key.digest:
            raise ParameterError(f"these keys are not those of job {job.name!r}: use the outcome of its setup")

    def commit_update(self, update: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """C(D), 32 bytes compressed, of an update or a sum, int64 (features + 1,), and a blinder of 32 bytes."""
        return bytes(self.commitment_key.commit(np.ascontiguousarray(update, dtype=np.int64), blinder))

    # -- what proofs.prove and proofs.verify are made of -----------------------------------------------------------

    def commit_batch(
        self, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], rows: int, blinder: bytes
    ) -> tuple[bytes, bytes]:
        """C(X) of a padded batch and the proof of knowledge of its opening: 32 bytes each."""
        values = np.concatenate([x.ravel(), y])
        commitment = self.proving.commit(_GROUP_X, values, blinder)
        return bytes(commitment), bytes(self.proving.prove_knowledge(_GROUP_X, values, blinder))

    def batch_holds(self, commitment: bytes, knowledge: bytes) -> bool:
        """Whether a registered C(X) may be used in proofs. DecodeError for bytes that are no points."""
        return bool(_core.groth16.verify_commitment(self.verifying, _GROUP_X, commitment, knowledge))

    def prove(self, statement: Statement, witness: Witness) -> Proof:
        """The proof of a true statement. WitnessInvalid where batch or update are not those committed to."""
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
            if _core.groth16.commitment(self.proving, self.constraints, core_witness, group) != expected:
                raise WitnessInvalid(f"{what} in the statement of {statement.client!r}, round {statement.round}")
        groth16, knowledge = _core.groth16.prove(self.proving, self.constraints, core_witness)
        return Proof(groth16, knowledge[_GROUP_D])

    def holds(self, statement: Statement, proof: Any) -> bool:
        """Whether one proof holds. DecodeError for bytes that are no points of the curve."""
        return bool(_core.groth16.verify(self.verifying, *_instance(statement, proof)))

    def failing(self, items: Sequence[tuple[Statement, Any]]) -> list[int]:
        """Positions of the proofs that do not hold, by one multi-pairing with independent weights: the malformed ones
        too."""
        instances = [_instance(statement, proof) for statement, proof in items]
        return list(_core.groth16.verify_batch(self.verifying, instances))


def _instance(statement: Statement, proof: Any) -> tuple[list[int], list[tuple[bytes, bytes | None]], bytes]:
    if not isinstance(proof, Proof):
        raise ParameterError("a proof of the engine, for a job that the direct circuit proves")
    commitments = [(statement.batch_commitment, None), (statement.update_commitment, proof.knowledge)]
    return statement.public_inputs(), commitments, proof.groth16
