"""The keys of a job that the engine proves: the wrap circuit's, and the powers of tau that columns are committed with.

Both come from one setup (docs/engine.md, section 8). The statement of a step is that of docs/formats.md; what the
engine's proof is bound to is docs/engine.md, section 5.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.composable import ComposableProof, ComposableStatement
from pyzkfl.errors import ParameterError, ProofInvalid, WitnessInvalid
from pyzkfl.insecure_keys import insecure_keys
from pyzkfl.job import Job
from pyzkfl.network import Instance, NetworkJob, NetworkProver, failing_of
from pyzkfl.proving_keys import Keys
from pyzkfl.statement import EngineProof, Statement, Witness, weights_digest
from pyzkfl.step_context import StepContext

__all__ = ["EngineKeys"]


class EngineKeys(Keys):
    """As Keys. columns: the column key; its digest is the job's commitment_key. tables_commitment: C(T), 32 bytes."""

    def __init__(
        self, job: NetworkJob, network: Any, proving: Any, constraints: Any, columns: Any, prover: Any, setup: bytes
    ) -> None:
        super().__init__(proving, constraints, setup)
        self._job_network = job
        self._network = network  # the core's
        self.columns = columns
        self._prover = prover
        self.tables_commitment = bytes(_core.engine.commit_tables(network, columns))
        self._weights: tuple[bytes, bytes] = (b"", b"")  # digest and C(W) of the weights that were asked for last

    @property
    def leaf_parts(self) -> tuple[NetworkJob, Any]:
        """The network and the core's verifier: what a composition's leaf is made of (pyzkfl.composition_keys)."""
        return self._job_network, self._prover.verifier

    @staticmethod
    def of_setup(job: Job, phase1: Any, proving: Any, constraints: Any, setup: bytes) -> EngineKeys:
        """From the verified ends of both phases."""
        network = _network(job).core
        columns = _core.engine.ColumnKey.from_phase1(phase1, network.log_height)
        prover = _core.engine.Prover.from_keys(network, proving, columns)
        return EngineKeys(_network(job), network, proving, constraints, columns, prover, setup)

    @staticmethod
    def insecure(job: Job, omit: Sequence[str] = (), cached: bool = False) -> EngineKeys:
        """From secrets that this process knew: for tests. Warns. omit, cached: as ceremony.insecure_keys."""
        network = _network(job).core
        for forgery in omit:
            network = _core.engine.without_relation(network, forgery)
        warnings.warn("insecure keys: this process knew the setup's secrets", stacklevel=3)
        constraints = network.constraint_system()
        columns, proving = insecure_keys(job.terms_digest, constraints, network.log_height, cached=cached)
        prover = _core.engine.Prover.from_keys(network, proving, columns)
        setup = hashlib.sha256(b"pyzkfl/1 insecure").digest()
        return EngineKeys(_network(job), network, proving, constraints, columns, prover, setup)

    def network_prover(self, network: NetworkJob) -> NetworkProver:
        """A prover of rounds outside a consortium's protocol (pyzkfl.masked), with these keys."""
        return NetworkProver(network, self.columns, self._prover)

    @property
    def commitment_key(self) -> Any:
        """The powers of tau: the key of C(D) and of all columns."""
        return self.columns

    def commit_update(self, update: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """C(D), 32 bytes compressed, of an update or a sum, int64 (dimension,), and a blinder of 32 bytes."""
        values = np.ascontiguousarray(update, dtype=np.int64)
        return bytes(_core.engine.commit_update(self._network, self.columns, values, blinder))

    def commit_weights(self, weights: npt.NDArray[np.int64]) -> bytes:
        """C(W), 32 bytes: made by whoever verifies, once a round."""
        digest = weights_digest(weights)
        if self._weights[0] != digest:
            self._weights = digest, bytes(_core.engine.commit_weights(self._network, self.columns, weights))
        return self._weights[1]

    def commit_batch(
        self, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], rows: int, blinder: bytes
    ) -> tuple[bytes, bytes]:
        """C(X) of a padded batch, 32 bytes. No proof of knowledge: every proof of the engine opens it."""
        return bytes(_core.engine.commit_batch(self._network, self.columns, x[:rows], y[:rows], blinder)), b""

    def batch_holds(self, commitment: bytes, knowledge: bytes) -> bool:
        """Whether a registered C(X) is a point, with nothing beside it. DecodeError for bytes that are no point."""
        _core.curves.g1_sum_compressed([commitment])
        return knowledge == b""

    def prove(self, statement: Statement, witness: Witness) -> EngineProof:  # type: ignore[override]
        """The proof of a true statement. WitnessInvalid, before the proof is begun, where batch or update are not those
        committed to."""
        batches = witness.batches
        steps = self._network.parameters["steps"]
        if len(batches) != steps:
            raise ParameterError(f"a round of this job has {steps} batches, the witness {len(batches)}")
        rows = [batch.rows for batch in statement.batches]
        x, y, blinders = zip(*((x[:n], y[:n], b) for n, (x, y, b) in zip(rows, batches, strict=True)), strict=True)
        trained = self._network.train(statement.weights, list(x), list(y), witness.velocity)
        where = f"in the statement of {statement.client!r}, round {statement.round}"
        made = [self.commit_batch(*batch)[0] for batch in zip(x, y, rows, blinders, strict=True)]
        if made != [batch.commitment for batch in statement.batches]:
            raise WitnessInvalid(f"a batch is not the one committed to {where}")
        made = []
        if self._network.parameters.get("carry"):
            none = np.zeros(self._network.dimension, dtype=np.int64)
            velocities = none if witness.velocity is None else witness.velocity, trained.velocity
            made = [self.commit_update(v, b) for v, b in zip(velocities, witness.velocity_blinders, strict=True)]
        if made != list(statement.velocities):
            raise WitnessInvalid(f"a velocity is not the one committed to {where}")
        if self.commit_update(trained.update, witness.update_blinder) != statement.update_commitment:
            raise WitnessInvalid(f"the update of these batches is not the one committed to {where}")
        data_blinders = [*blinders, *witness.velocity_blinders]
        context = self.step_context(statement).digest
        out = self._prover.prove(trained, context, data_blinders, witness.update_blinder, None)
        return EngineProof(bytes(out["proof"]))

    def step_context(self, statement: Statement) -> StepContext:
        """What proofs of this statement are bound to, with C(W) and C(T) made here."""
        return statement.step_context(self.commit_weights(statement.weights), self.tables_commitment)

    def composable(self, statement: Statement, proof: EngineProof) -> ComposableProof:
        """The proof with its public values, as composition takes them. Verified first: ProofInvalid, DecodeError; and
        ParameterError for a statement with a commitment at infinity, which no composition opens."""
        if not self.holds(statement, proof):
            raise ProofInvalid(f"the proof of {statement.client!r}, round {statement.round}, does not hold")
        said = self.composable_statement(statement)
        return ComposableProof(said.context, said.rows, said.update, proof.data)

    def composable_statement(self, statement: Statement) -> ComposableStatement:
        """What a composed proof says of this statement's member: from it everybody makes the composed statement."""
        rows = tuple(batch.rows for batch in statement.batches)
        return ComposableStatement(self.step_context(statement), rows, statement.update_commitment)

    def holds(self, statement: Statement, proof: Any) -> bool:
        """Whether one proof holds. DecodeError for bytes that are no proof."""
        return bool(self._prover.verifier.verify(*self._instance(statement, proof)))

    def failing(self, items: Sequence[tuple[Statement, Any]]) -> list[int]:
        """Positions of the proofs that do not hold, by one multi-pairing with independent weights: the malformed ones
        too."""
        return failing_of(self._prover.verifier, [partial(self._instance, *item) for item in items])

    def _instance(self, statement: Statement, proof: Any) -> Instance:
        if not isinstance(proof, EngineProof):
            raise ParameterError("a proof of the direct circuit, for a job that the engine proves")
        commitments = [
            self.commit_weights(statement.weights),
            self.tables_commitment,
            *(batch.commitment for batch in statement.batches),
            *statement.velocities,
            statement.update_commitment,
        ]
        context = self.step_context(statement).digest
        return context, [batch.rows for batch in statement.batches], commitments, proof.data

    def forge(self, statement: Statement, witness: Witness, forgery: str) -> tuple[bytes, Any]:
        """For attackers in tests and in the demo: (C(D), statement -> proof) of a false step, a name of
        _core.engine.network_forgeries(). Nothing is checked; ParameterError when there is no occasion for it."""
        rows = statement.rows
        step = (self._network, statement.weights, witness.x[:rows], witness.y[:rows], forgery)
        network, *rest = step
        commitment = bytes(_core.engine.forged_commitment(network, self.columns, *rest, witness.update_blinder))

        def prove(final: Statement) -> EngineProof:
            context = self.step_context(final).digest
            made, data = self._prover.forge(*step, context, witness.batch_blinder, witness.update_blinder)
            assert made == commitment
            return EngineProof(bytes(data))

        return commitment, prove


def _network(job: Job) -> NetworkJob:
    if job.network is None:
        raise ParameterError("this job has no network: the direct circuit proves it")
    return job.network
