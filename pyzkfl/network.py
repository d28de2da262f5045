"""Multilayer perceptrons: the agreed integer training step, and proofs of it by the sumcheck engine (docs/engine.md).

A NetworkJob fixes everything that a proof speaks of: layers, scales, learning rate, clip bound. Its step is exact: what
`train` computes is what `NetworkProver` proves, bit by bit.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import secrets
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.errors import DataError, ParameterError, ProofInvalid, RangeError

__all__ = ["NetworkJob", "NetworkProof", "NetworkProver", "NetworkVerifier", "RoundStatement"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Progress = Callable[[float], None]

_FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617
_DOMAIN = b"pyzkfl/1 network step"


def random_blinder() -> bytes:
    """A uniform element of Fr from the system's generator: 32 bytes, little-endian."""
    return secrets.randbelow(_FR).to_bytes(32, "little")


@dataclasses.dataclass(frozen=True)
class NetworkJob:
    """A multilayer perceptron (linear layers with biases, ReLU between them, softmax cross-entropy) and its SGD step.

    widths: features, hidden units .., classes. batch: rows of a step; steps: local steps of a round. max_norm: L2 bound
    of one step's update (learning rate times gradient), to which the step clips; below 0.5 with the default scales.
    Features are signed integers of x_bits bits in units of 2^-a_frac, activations in the same unit, weights of w_bits
    bits in units of 2^-w_frac, gradients of the loss in units of 2^-g_frac. Raises ParameterError naming the layer or
    the parameter when some value could overflow.

    >>> job = NetworkJob(widths=(4, 8, 3), batch=16, learning_rate=0.1)
    >>> job.dimension
    67
    """

    widths: tuple[int, ...]
    batch: int
    learning_rate: float
    steps: int = 1
    max_norm: float = 0.49
    x_bits: int = 8
    a_frac: int = 5
    w_bits: int = 18
    w_frac: int = 16
    g_frac: int = 12

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(int(w) for w in self.widths))
        if not (np.isfinite(self.max_norm) and self.max_norm > 0):
            raise ParameterError(f"max_norm must be positive and finite, got {self.max_norm}")
        _ = self.core  # checks everything else

    @functools.cached_property
    def core(self) -> Any:
        """The native network: program, trainer, wrap circuit."""
        names = ("batch", "steps", "x_bits", "a_frac", "w_bits", "w_frac", "g_frac")
        given = {name: getattr(self, name) for name in names}
        bound = int(np.floor(self.max_norm * 2.0**self.w_frac))
        return _core.engine.Network(
            **_core.engine.with_learning_rate(
                widths=list(self.widths), bound=bound, learning_rate=float(self.learning_rate), **given
            )
        )

    @property
    def dimension(self) -> int:
        """Coordinates of weights and updates: for each layer the matrix (out, in), then the biases (out,)."""
        return int(self.core.dimension)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical parameters and of the program that they compile to; 32 bytes."""
        body = hashlib.sha256(b"pyzkfl/1 network job")
        for name, value in sorted(self.core.parameters.items()):
            body.update(f"{name}={value};".encode())
        body.update(self.core.digest)
        return body.digest()

    # ---- fixed point ---------------------------------------------------------------------------------------------

    def features(self, x: npt.ArrayLike) -> Integers:
        """Features (rows, features), real, in fixed point: int64. Values beyond the range are clipped to its ends.

        Raises DataError for another shape, NaN or infinity.
        """
        values = np.asarray(x)
        values = values.reshape(len(values), -1) if values.ndim > 2 else values
        if values.ndim != 2 or values.shape[1] != self.widths[0]:
            raise DataError(f"features must have shape (rows, {self.widths[0]}), got {np.shape(x)}")
        if values.dtype.kind not in "fiub":
            raise DataError(f"features must be real numbers, got dtype {values.dtype}")
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise DataError(f"features hold NaN or infinity, first in row {row}, column {column}: remove or impute it")
        limit = 1 << (self.x_bits - 1)
        return np.clip(np.floor(values * 2.0**self.a_frac + 0.5), -limit, limit - 1).astype(np.int64)

    def labels(self, y: npt.ArrayLike) -> Integers:
        """Class numbers (rows,) as int64. Raises DataError for anything else."""
        values = np.asarray(y)
        if values.ndim != 1 or values.dtype.kind not in "iub":
            raise DataError(f"labels must be integers of shape (rows,), got {values.dtype} of shape {values.shape}")
        if len(values) and (int(values.min()) < 0 or int(values.max()) >= self.widths[-1]):
            raise DataError(f"labels must lie between 0 and {self.widths[-1] - 1}")
        return values.astype(np.int64)

    def weights(self, floats: npt.ArrayLike) -> Integers:
        """Weights (dimension,) in fixed point. Raises RangeError for a value that the job's weights cannot hold."""
        values = np.asarray(floats, dtype=np.float64)
        if values.shape != (self.dimension,):
            raise ParameterError(f"weights must have shape ({self.dimension},), got {values.shape}")
        scaled = np.floor(values * 2.0**self.w_frac + 0.5)
        limit = 1 << (self.w_bits - 1)
        bad = ~((scaled >= -limit) & (scaled < limit))
        if bad.any():
            raise RangeError(
                f"{int(bad.sum())} weights do not fit {self.w_bits} bits in units of 2^-{self.w_frac}, the first of "
                f"them number {int(np.argmax(bad))}: more w_bits, or smaller weights"
            )
        return scaled.astype(np.int64)

    def to_float(self, weights: Integers) -> Floats:
        """Weights or updates as floats."""
        return np.asarray(weights, dtype=np.float64) / 2.0**self.w_frac

    # ---- training ------------------------------------------------------------------------------------------------

    def train(self, weights: Integers, batches: Sequence[tuple[Integers, Integers]]) -> Any:
        """The local steps of a round in integers, one (features, labels) batch each.

        `.update` is D, int64 (dimension,). What is returned is all that a proof needs, and secret.
        """
        return self.core.train(weights, [x for x, _ in batches], [y for _, y in batches])

    def apply(self, weights: Integers, update: Integers) -> Integers:
        """W + D, clipped to the range of weights."""
        limit = 1 << (self.w_bits - 1)
        return np.clip(weights + update, -limit, limit - 1)

    def predict(self, weights: Integers, features: Integers) -> Integers:
        """Class numbers (rows,) for fixed-point features (rows, features)."""
        return np.argmax(self.core.outputs(weights, features), axis=1).astype(np.int64)

    def accuracy(self, weights: Integers, features: Integers, labels: Integers) -> float:
        """Share of rows whose predicted class is the label."""
        return float(np.mean(self.predict(weights, features) == labels))


@dataclasses.dataclass(frozen=True)
class RoundStatement:
    """What a proof speaks about: one member's local steps of one round, as public values.

    A verifier builds it from its own state and takes only `update_commitment` and the proof from the prover.
    data_commitments and rows: of the batches that the beacon picked, one a local step, as registered. `context` is
    whatever else the proof is bound to (job terms, beacon, member, round): bytes.
    """

    job: NetworkJob
    context: bytes
    weights_commitment: bytes
    data_commitments: tuple[bytes, ...]
    rows: tuple[int, ...]
    update_commitment: bytes

    def __post_init__(self) -> None:
        if len(self.rows) != self.job.steps or len(self.data_commitments) != self.job.steps:
            raise ParameterError(f"a round of this job has {self.job.steps} batches")
        if any(not 1 <= r <= self.job.batch for r in self.rows):
            raise ParameterError(f"every batch has between 1 and {self.job.batch} rows")

    def digest(self, tables_commitment: bytes, key_digest: bytes) -> bytes:
        """SHA-256 of the canonical statement; the circuit's public input covers it."""
        parts = [
            self.job.digest,
            key_digest,
            self.context,
            self.weights_commitment,
            tables_commitment,
            *self.data_commitments,
            b"".join(r.to_bytes(4, "little") for r in self.rows),
            self.update_commitment,
        ]
        body = hashlib.sha256(_DOMAIN)
        for part in parts:
            body.update(len(part).to_bytes(8, "little") + part)
        return body.digest()


@dataclasses.dataclass(frozen=True)
class NetworkProof:
    """The bytes of a proof, 512 for any model, and how long its parts took."""

    data: bytes
    inner_seconds: float = 0.0
    wrap_seconds: float = 0.0


class NetworkVerifier:
    """Checks proofs of a job's rounds."""

    def __init__(self, job: NetworkJob, columns: Any, core: Any) -> None:
        self.job, self._columns, self._core = job, columns, core
        self.tables_commitment = bytes(_core.engine.commit_tables(job.core, columns))

    def commit_weights(self, weights: Integers) -> bytes:
        """C(W), 32 bytes: what each verifier makes itself, once a round."""
        return bytes(_core.engine.commit_weights(self.job.core, self._columns, weights))

    def commit_update(self, update: Integers, blinder: bytes) -> bytes:
        """C(D), 32 bytes: the sum of commitments opens to the sum of updates with the sum of blinders."""
        return bytes(_core.engine.commit_update(self.job.core, self._columns, update, blinder))

    def commit_batch(self, features: Integers, labels: Integers, blinder: bytes) -> bytes:
        """C(X) of a batch, 32 bytes: what a member registers before the beacon."""
        return bytes(_core.engine.commit_batch(self.job.core, self._columns, features, labels, blinder))

    def digest(self, statement: RoundStatement) -> bytes:
        """What a proof of this statement is bound to."""
        return statement.digest(self.tables_commitment, bytes(self._columns.digest))

    def verify(self, statement: RoundStatement, proof: NetworkProof) -> None:
        """Returns None, raises ProofInvalid; DecodeError for bytes that are no proof."""
        if statement.job != self.job:
            raise ParameterError("the statement is of another job")
        commitments = [
            statement.weights_commitment,
            self.tables_commitment,
            *statement.data_commitments,
            statement.update_commitment,
        ]
        if not self._core.verify(self.digest(statement), list(statement.rows), commitments, proof.data):
            raise ProofInvalid(
                "the proof does not hold: the update is not the agreed training on the committed batches, or the "
                "statement is another one"
            )


class NetworkProver(NetworkVerifier):
    """Proves a job's rounds. Make one with `insecure` (tests, benchmarks); keys from a ceremony come with the demo."""

    def __init__(self, job: NetworkJob, columns: Any, prover: Any) -> None:
        super().__init__(job, columns, prover.verifier)
        self._prover = prover

    @classmethod
    def insecure(cls, job: NetworkJob, *, progress: Progress | None = None) -> NetworkProver:
        """Keys from secrets that this process knew and forgot: whoever saw its memory can forge. Warns."""
        warnings.warn("insecure keys: this process knew the setup's secrets", stacklevel=2)
        columns = _core.engine.ColumnKey.insecure(job.core.log_height)
        return cls(job, columns, _core.engine.Prover.insecure(job.core, columns, progress))

    @property
    def constraints(self) -> int:
        """Of the wrap circuit."""
        return int(self.job.core.constraints)

    def prove(
        self,
        trained: Any,
        statement: RoundStatement,
        data_blinders: Sequence[bytes],
        update_blinder: bytes,
        *,
        progress: Progress | None = None,
    ) -> NetworkProof:
        """Prove that the statement's update is what `trained` computed. Verified before it is returned.

        Raises WitnessInvalid if it is not, ParameterError if the blinders do not open the statement's commitments.
        """
        out = self._prover.prove(trained, self.digest(statement), list(data_blinders), update_blinder, progress)
        stated = [statement.weights_commitment, self.tables_commitment]
        stated += [*statement.data_commitments, statement.update_commitment]
        if [bytes(c) for c in out["commitments"]] != stated or tuple(out["rows"]) != statement.rows:
            raise ParameterError("weights, batches or blinders are not those of the statement's commitments")
        return NetworkProof(bytes(out["proof"]), out["inner_seconds"], out["wrap_seconds"])
