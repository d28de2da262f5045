"""Proofs that weights which everybody knows label at least so many rows of a committed validation set (docs/engine.md).

For rewards, and for the public: the rows stay with whoever committed to them. A row counts when its label's output is
above all others; ties do not.
"""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.errors import ParameterError, ProofInvalid, UnprovableOption, WitnessInvalid
from pyzkfl.insecure_keys import insecure_keys
from pyzkfl.network import NetworkJob, NetworkProof

__all__ = ["EvaluationProver", "EvaluationStatement", "EvaluationVerifier"]

Integers = npt.NDArray[np.int64]
Batches = Sequence[tuple[Integers, Integers]]
Progress = Callable[[float], None]

_DOMAIN = b"pyzkfl/1 evaluation"


@dataclasses.dataclass(frozen=True)
class EvaluationStatement:
    """That the committed weights label at least `correct` rows of these committed batches as their owner does.

    data_commitments and rows: of the validation batches, as registered: of a data set that was registered for training
    too, where the keys have the training's powers of tau (`columns`), else by `commit_batch`. context: whatever else
    the proof is bound to: bytes. What a verifier must know from its own state are the weights' commitment and the
    batches; `correct` is the prover's claim.
    """

    job: NetworkJob
    context: bytes
    weights_commitment: bytes
    data_commitments: tuple[bytes, ...]
    rows: tuple[int, ...]
    correct: int

    def __post_init__(self) -> None:
        if not self.rows or len(self.rows) != len(self.data_commitments):
            raise ParameterError("an evaluation has at least one batch, with a commitment and its rows")
        if any(not 1 <= r <= self.job.batch for r in self.rows):
            raise ParameterError(f"every batch has between 1 and {self.job.batch} rows")
        if len(set(self.data_commitments)) != len(self.data_commitments):
            raise ParameterError("a batch is there twice, and its rows would count twice")
        if not 1 <= self.correct <= sum(self.rows):
            raise ParameterError(
                f"between 1 and {sum(self.rows)} rows can be claimed to be correct, got {self.correct}: no proof is "
                "needed of none"
            )

    @property
    def accuracy(self) -> float:
        """The share of rows that is proven to be labelled correctly, at least."""
        return self.correct / sum(self.rows)

    def digest(self, key_digest: bytes) -> bytes:
        """SHA-256 of the canonical statement; the circuit's public input covers it."""
        parts = [
            self.job.digest,
            key_digest,
            self.context,
            self.weights_commitment,
            *self.data_commitments,
            b"".join(r.to_bytes(4, "little") for r in self.rows),
            self.correct.to_bytes(8, "little"),
        ]
        body = hashlib.sha256(_DOMAIN)
        for part in parts:
            body.update(len(part).to_bytes(8, "little") + part)
        return body.digest()


class EvaluationVerifier:
    """Checks evaluations of a job's model on `batches` batches."""

    def __init__(self, job: NetworkJob, batches: int, columns: Any, core: Any, verifier: Any) -> None:
        self.job, self.batches, self._columns, self._core, self._verifier = job, batches, columns, core, verifier

    @property
    def columns(self) -> Any:
        """The powers of tau that columns are committed with."""
        return self._columns

    def commit_weights(self, weights: Integers) -> bytes:
        """C(W), 32 bytes: what each verifier makes itself; as in training, under the same powers."""
        return bytes(_core.engine.commit_weights(self.job.core, self._columns, weights))

    def commit_batch(self, features: Integers, labels: Integers, blinder: bytes) -> bytes:
        """C(X) of a batch, 32 bytes; as in training, under the same powers."""
        return bytes(_core.engine.commit_batch(self.job.core, self._columns, features, labels, blinder))

    def digest(self, statement: EvaluationStatement) -> bytes:
        """What a proof of this statement is bound to."""
        return statement.digest(bytes(self._columns.digest))

    def verify(self, statement: EvaluationStatement, proof: NetworkProof) -> None:
        """Returns None, raises ProofInvalid; DecodeError for bytes that are no proof."""
        self._expect(statement)
        commitments = [statement.weights_commitment, *statement.data_commitments]
        public = [*statement.rows, statement.correct]
        if not self._verifier.verify(self.digest(statement), public, commitments, proof.data):
            raise ProofInvalid(
                "the proof does not hold: fewer rows are labelled correctly, or weights, batches or the statement are "
                "others"
            )

    def _expect(self, statement: EvaluationStatement) -> None:
        if statement.job != self.job or len(statement.rows) != self.batches:
            raise ParameterError(f"the statement is of another job, or not of {self.batches} batches")


class EvaluationProver(EvaluationVerifier):
    """Proves evaluations of a job's model. Made with `insecure` (tests, benchmarks), or by a setup of several members
    (pyzkfl.engine_setup.EvaluationTerms)."""

    def __init__(self, job: NetworkJob, batches: int, columns: Any, core: Any, prover: Any) -> None:
        super().__init__(job, batches, columns, core, prover.verifier)
        self._prover = prover

    @classmethod
    def insecure(
        cls,
        job: NetworkJob,
        batches: int = 1,
        *,
        over: Any = None,
        cached: bool = False,
        progress: Progress | None = None,
    ) -> EvaluationProver:
        """Keys from secrets that this process knew and forgot: whoever saw its memory can forge. Warns.

        batches: how many batches of up to job.batch rows one proof speaks about. over: keys of the job's training
        (NetworkProver, EngineKeys), whose powers of tau are used: then C(W) and C(X) are those of training. cached:
        keep the keys in a file for the next process (pyzkfl.insecure_keys); not with `over`. Raises UnprovableOption
        for a job whose loss is no classification, ParameterError for powers too few.
        """
        if job.loss != "cross_entropy":
            raise UnprovableOption("evaluation: of networks that classify; a mean squared error has no score")
        core = _core.engine.Evaluation(job.core, batches)
        if over is not None and cached:
            raise ParameterError("cached keys have powers of tau of their own: leave out `over` or `cached`")
        if over is not None and over.columns.log_n < core.log_height:
            raise ParameterError(
                f"the training's string has powers up to 2^{over.columns.log_n}, this evaluation needs "
                f"2^{core.log_height}: evaluate fewer batches in one proof, or make the training's keys with "
                f"NetworkProver.insecure(job, log_height={core.log_height})"
            )
        warnings.warn("insecure keys: this process knew the setup's secrets", stacklevel=2)
        log_height = max(core.log_height, job.core.log_height)
        if cached:
            statement = hashlib.sha256(_DOMAIN + job.digest + bytes(core.digest)).digest()
            constraints = core.constraint_system()
            columns, proving = insecure_keys(statement, constraints, log_height, cached=True, progress=progress)
            return cls(job, batches, columns, core, core.prover_of_keys(proving, columns))
        columns = over.columns if over is not None else _core.engine.ColumnKey.insecure(log_height)
        return cls(job, batches, columns, core, core.prover(columns, progress))

    @property
    def constraints(self) -> int:
        """Of the wrap circuit."""
        return int(self._core.constraints)

    def correct(self, weights: Integers, batches: Batches) -> int:
        """How many rows the weights label correctly: what can be claimed at most."""
        return int(self._core.correct(weights, [x for x, _ in batches], [y for _, y in batches]))

    def prove(
        self,
        weights: Integers,
        batches: Batches,
        statement: EvaluationStatement,
        data_blinders: Sequence[bytes],
        *,
        progress: Progress | None = None,
    ) -> NetworkProof:
        """Prove the statement of these weights (dimension,) and batches of (features, labels). Verified before it
        returns.

        Raises WitnessInvalid when fewer rows are labelled correctly than the statement claims, ParameterError if
        weights, batches or blinders do not open its commitments.
        """
        self._expect(statement)
        if (found := self.correct(weights, batches)) < statement.correct:
            raise WitnessInvalid(f"{found} rows are labelled correctly, the statement claims {statement.correct}")
        x, y = [x for x, _ in batches], [y for _, y in batches]
        stated = [statement.weights_commitment, *statement.data_commitments]
        if statement.rows != tuple(len(labels) for labels in y):
            raise ParameterError("the batches have other numbers of rows than the statement")
        digest, blinders = self.digest(statement), list(data_blinders)
        out = self._core.prove(self._prover, weights, x, y, statement.correct, digest, blinders, progress, stated)
        return NetworkProof(bytes(out["proof"]), out["inner_seconds"], out["wrap_seconds"])
