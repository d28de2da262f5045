"""Networks: the agreed integer training step, and proofs of it by the sumcheck engine (docs/engine.md).

A NetworkJob fixes everything that a proof speaks of: layers, scales, learning rate, clip bound. Its step is exact: what
`train` computes is what `NetworkProver` proves, bit by bit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, encoding
from pyzkfl.composable import ComposableProof, ComposableStatement
from pyzkfl.errors import DataError, DecodeError, ParameterError, ProofInvalid, RangeError
from pyzkfl.insecure_keys import insecure_keys
from pyzkfl.layers import Layer, Linear, layer_object, layer_of, perceptron, weight_shapes
from pyzkfl.step_context import NOWHERE, Place, StepContext

__all__ = ["NO_VELOCITY", "NetworkJob", "NetworkProof", "NetworkProver", "NetworkVerifier", "RoundStatement"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Progress = Callable[[float], None]
Instance = tuple[bytes, list[int], list[bytes], bytes]  # ctx, rows, commitments of known columns, proof

_DOMAIN = b"pyzkfl/2 network statement"
NO_VELOCITY = b"\x40" + bytes(31)  # C(V) of a member's first round: the point at infinity, with the blinder bytes(32)
_INTEGERS = ("batch", "steps", "x_bits", "a_frac", "w_bits", "w_frac", "g_frac")
_FLOATS = ("learning_rate", "max_norm", "momentum")


def _canonical(value: Any) -> str:
    """Lists, dicts by name, integers, names: the text that the job's digest covers."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_canonical(item)}" for name, item in sorted(value.items())) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_canonical, value)) + "]"
    return str(int(value)) if isinstance(value, (bool, int)) else str(value)


def _array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """As an array; DataError for what is none, rows of different lengths for one."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # of numpy, or of a tensor that numpy does not read
        raise DataError(f"{name} must be an array, or what numpy makes one of: {error}") from error


@dataclasses.dataclass(frozen=True)
class NetworkJob:
    """A network and its SGD step.

    Either widths (features, hidden units .., classes: linear layers with biases, ReLU between them), or layers with an
    input_shape, (features,) or (channels, height, width); the last layer is a Linear without ReLU. loss:
    "cross_entropy" of class numbers, or "mse" (the mean squared error, as torch's over rows and outputs) of targets in
    units of 2^-a_frac.

    batch: rows of a step; steps: local steps of a round. max_norm: L2 bound of one step's update (learning rate times
    gradient, and what momentum adds), to which the step clips; below 0.5 with the default scales. momentum: as torch's,
    but a round starts from none, so that with steps = 1 it has no effect; with carry_momentum a round goes on from the
    velocity that the member's last round left (docs/engine.md, Momentum carried over rounds). Features are signed
    integers of x_bits bits in units of 2^-a_frac, activations in the same unit, weights of w_bits bits in units of
    2^-w_frac, gradients of the loss in units of 2^-g_frac. bitwise: ranges are proven bit by bit instead of by tables:
    for small networks, whose circuit and setup are then a third as large; neither the step changes nor the proof's
    size. Raises ParameterError naming the layer or the parameter when some value could overflow.

    >>> job = NetworkJob(widths=(4, 8, 3), batch=16, learning_rate=0.1)
    >>> job.dimension
    67
    >>> from pyzkfl.layers import AvgPool2d, Conv2d, Linear
    >>> layers = (Conv2d(4, 3, padding=1, relu=True), AvgPool2d(2), Linear(3))
    >>> NetworkJob(layers=layers, input_shape=(1, 8, 8), batch=16, learning_rate=0.1).dimension
    235
    """

    widths: tuple[int, ...] = ()
    batch: int = dataclasses.field(kw_only=True)
    learning_rate: float = dataclasses.field(kw_only=True)
    layers: tuple[Layer, ...] = dataclasses.field(default=(), kw_only=True)
    input_shape: tuple[int, ...] = dataclasses.field(default=(), kw_only=True)
    loss: str = dataclasses.field(default="cross_entropy", kw_only=True)
    momentum: float = dataclasses.field(default=0.0, kw_only=True)
    carry_momentum: bool = dataclasses.field(default=False, kw_only=True)
    steps: int = dataclasses.field(default=1, kw_only=True)
    max_norm: float = dataclasses.field(default=0.49, kw_only=True)
    x_bits: int = dataclasses.field(default=8, kw_only=True)
    a_frac: int = dataclasses.field(default=5, kw_only=True)
    w_bits: int = dataclasses.field(default=18, kw_only=True)
    w_frac: int = dataclasses.field(default=16, kw_only=True)
    g_frac: int = dataclasses.field(default=12, kw_only=True)
    bitwise: bool = dataclasses.field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        widths = tuple(int(w) for w in self.widths)
        layers, shape = tuple(self.layers), tuple(int(n) for n in self.input_shape)
        if not widths and not layers:
            raise ParameterError("give widths, or layers with an input_shape")
        if widths:
            if len(widths) < 2:
                raise ParameterError("widths names features and classes at least")
            if layers and (layers, shape) != (perceptron(widths), (widths[0],)):
                raise ParameterError("widths and layers are of two networks: give one of them, and the other as ()")
            layers, shape = perceptron(widths), (widths[0],)
        elif not shape:
            raise ParameterError("layers need an input_shape: (features,) or (channels, height, width)")
        elif len(shape) == 1 and all(isinstance(layer, Linear) for layer in layers):
            # A perceptron has widths, whichever way it was made.
            named = (shape[0], *(layer.out for layer in layers if isinstance(layer, Linear)))
            widths = named if layers == perceptron(named) else ()
        for name, value in (("widths", widths), ("layers", layers), ("input_shape", shape)):
            object.__setattr__(self, name, value)
        if self.w_frac not in (8, 16):  # before anything is scaled by it
            raise ParameterError(f"w_frac is 8 or 16, got {self.w_frac}")
        if not (np.isfinite(self.max_norm) and self.max_norm > 0):
            raise ParameterError(f"max_norm must be positive and finite, got {self.max_norm}")
        if not (np.isfinite(self.momentum) and 0 <= self.momentum < 1 - 2.0**-17):
            raise ParameterError(f"momentum must lie between 0 and 1, got {self.momentum}")
        object.__setattr__(self, "momentum", abs(self.momentum))  # -0.0 would be 0.0 in other bytes
        _ = self.core  # checks everything else

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which makes its own native network."""
        return {name: value for name, value in self.__dict__.items() if name != "core"}

    @functools.cached_property
    def core(self) -> Any:
        """The native network: program, trainer, wrap circuit."""
        names = ("loss", "batch", "steps", "x_bits", "a_frac", "w_bits", "w_frac", "g_frac")
        parameters = {
            **{name: getattr(self, name) for name in names},
            "input": list(self.input_shape),
            "layers": [layer.parameters() for layer in self.layers],
            "momentum": int(np.floor(self.momentum * 2.0**16 + 0.5)),
            # The core refuses what is not below 2^15, in these units.
            "bound": int(np.floor(min(self.max_norm, 2.0**15) * 2.0**self.w_frac)),
            "bitwise": int(self.bitwise),
        }
        if self.carry_momentum:
            parameters["carry"] = 1
        return _core.engine.Network(_core.engine.with_learning_rate(parameters, float(self.learning_rate)))

    @property
    def input_size(self) -> int:
        """Features of a row, whatever its shape."""
        return int(np.prod(self.input_shape))

    @property
    def outputs(self) -> int:
        """Classes, or outputs, of the last layer."""
        last = self.layers[-1]
        assert isinstance(last, Linear)  # the core refused anything else
        return int(last.out)

    @property
    def dimension(self) -> int:
        """Coordinates of weights and updates: for each layer the weights, then the biases, in torch's order."""
        return int(self.core.dimension)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical parameters and of the program that they compile to; 32 bytes."""
        body = hashlib.sha256(b"pyzkfl/1 network job")
        for name, value in sorted(self.core.parameters.items()):
            body.update(f"{name}={_canonical(value)};".encode())
        body.update(self.core.digest)
        return body.digest()

    def initial_weights(self, seed: bytes) -> Integers:
        """Weights to begin with, the same for everybody with this seed: uniform within 1 / sqrt(inputs), biases 0.

        In integers: floor(u (2 m + 1) / 2^64) - m, m = isqrt(4^w_frac / inputs), u from SHAKE-256 of the seed.
        """
        stream = hashlib.shake_256(b"pyzkfl/1 initial weights" + seed).digest(8 * self.dimension)
        out = np.zeros(self.dimension, dtype=np.int64)
        limit = (1 << (self.w_bits - 1)) - 1
        at = 0
        for shape, biases in weight_shapes(self.input_shape, self.layers):
            most = min(limit, math.isqrt((1 << (2 * self.w_frac)) // math.prod(shape[1:])))
            for i in range(at, at + math.prod(shape)):
                u = int.from_bytes(stream[8 * i : 8 * i + 8], "little")
                out[i] = (u * (2 * most + 1) >> 64) - most
            at += math.prod(shape) + biases
        return out

    def to_object(self) -> dict[str, Any]:
        """The canonical map of docs/formats.md (floats as the 8 bytes of IEEE 754, big-endian)."""
        out: dict[str, Any] = {name: getattr(self, name) for name in (*_INTEGERS, "loss")}
        out["bitwise"] = int(self.bitwise)
        out.update({name: struct.pack(">d", getattr(self, name)) for name in _FLOATS})
        out["input"] = list(self.input_shape)
        out["layers"] = [layer_object(layer) for layer in self.layers]
        if self.carry_momentum:
            out["carry_momentum"] = True
        return out

    @classmethod
    def from_object(cls, value: Any) -> NetworkJob:
        """Read it back; DecodeError when the shape is another, ParameterError when the numbers do not fit."""
        carried = {"carry_momentum"} if isinstance(value, dict) and "carry_momentum" in value else set()
        encoding.expect_map(value, {*_INTEGERS, *_FLOATS, "bitwise", "loss", "input", "layers", *carried})
        if carried and value["carry_momentum"] is not True:
            raise DecodeError("network: carry_momentum is true, or left out")
        body: dict[str, Any] = {"loss": value["loss"], "carry_momentum": bool(carried)}
        encoding.expect_type(value, "loss", str)
        for name in _INTEGERS:
            encoding.expect_type(value, name, int)
            body[name] = value[name]
        for name in _FLOATS:
            encoding.expect_type(value, name, bytes)
            if len(value[name]) != 8:
                raise DecodeError(f"network: {name} has 8 bytes")
            (body[name],) = struct.unpack(">d", value[name])
        encoding.expect_type(value, "bitwise", int)
        if value["bitwise"] not in (0, 1):
            raise DecodeError("network: bitwise is 0 or 1")
        body["bitwise"] = bool(value["bitwise"])
        for name in ("input", "layers"):
            encoding.expect_type(value, name, list)
        if any(type(n) is not int for n in value["input"]):
            raise DecodeError("network: the shape of an input is a list of integers")
        return cls(layers=tuple(map(layer_of, value["layers"])), input_shape=tuple(value["input"]), **body)

    # ---- fixed point ---------------------------------------------------------------------------------------------

    def features(self, x: npt.ArrayLike) -> Integers:
        """Features (rows, *input_shape), real, in fixed point: int64 (rows, features), an image's in their flat order.

        Flat rows, or any shape of as many features, are taken too. Values beyond the range are clipped to its ends.
        Raises DataError for another shape, NaN or infinity.
        """
        values = _array(x, "features")
        given = values.shape[1:]
        if len(self.input_shape) == 3 and len(given) == 3 and given != self.input_shape:
            raise DataError(f"images must have shape (rows, *{self.input_shape}), got {values.shape}")
        values = values.reshape(len(values), -1) if values.ndim > 2 else values
        if values.ndim != 2 or values.shape[1] != self.input_size:
            raise DataError(f"features must have shape (rows, {self.input_size}), got {np.shape(x)}")
        if values.dtype.kind not in "fiub":
            raise DataError(f"features must be real numbers, got dtype {values.dtype}")
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise DataError(f"features hold NaN or infinity, first in row {row}, column {column}: remove or impute it")
        limit = 1 << (self.x_bits - 1)
        return np.clip(np.floor(values * 2.0**self.a_frac + 0.5), -limit, limit - 1).astype(np.int64)

    def labels(self, y: npt.ArrayLike, *, clip: bool = False) -> Integers:
        """Class numbers (rows,) as int64; of the mean squared error targets (rows, outputs), real, in fixed point.

        clip: take targets beyond 16 bits to the ends of that range; without it they are a RangeError. Raises DataError
        for anything else.
        """
        values = _array(y, "labels")
        if self.loss == "mse":
            return self._targets(values, clip)
        if values.ndim != 1 or values.dtype.kind not in "iub":
            raise DataError(f"labels must be integers of shape (rows,), got {values.dtype} of shape {values.shape}")
        if len(values) and (int(values.min()) < 0 or int(values.max()) >= self.outputs):
            raise DataError(f"labels must lie between 0 and {self.outputs - 1}")
        return values.astype(np.int64)

    def _targets(self, values: npt.NDArray[Any], clip: bool) -> Integers:
        if values.ndim == 1 and self.outputs == 1:
            values = values.reshape(-1, 1)
        if values.ndim != 2 or values.shape[1] != self.outputs or values.dtype.kind not in "fiub":
            raise DataError(
                f"targets must be real numbers of shape (rows, {self.outputs}), got {values.dtype} of shape "
                f"{values.shape}"
            )
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise DataError(f"targets hold NaN or infinity, first in row {row}, column {column}: remove or impute it")
        scaled = np.floor(values * 2.0**self.a_frac + 0.5)
        least, most = -(1 << 15), (1 << 15) - 1
        outside = (scaled < least) | (scaled > most)
        if outside.any() and not clip:
            row, column = np.argwhere(outside)[0]
            raise RangeError(
                f"{int(outside.sum())} targets do not fit 16 bits in units of 2^-{self.a_frac}, first in row {row}, "
                f"column {column}: scale the targets, take a smaller a_frac, or clip them"
            )
        return np.clip(scaled, least, most).astype(np.int64)

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

    def train(
        self, weights: Integers, batches: Sequence[tuple[Integers, Integers]], velocity: Integers | None = None
    ) -> Any:
        """The local steps of a round in integers, one (features, labels) batch each.

        `.update` is D, int64 (dimension,). What is returned is all that a proof needs, and secret. velocity: where
        momentum is carried, the `.velocity` of the round before, int64 (dimension,); None in the first.
        """
        return self.core.train(weights, [x for x, _ in batches], [y for _, y in batches], velocity)

    def apply(self, weights: Integers, update: Integers) -> Integers:
        """W + D, clipped to the range of weights."""
        limit = 1 << (self.w_bits - 1)
        return np.clip(weights + update, -limit, limit - 1)

    def predict(self, weights: Integers, features: Integers) -> Integers | Floats:
        """Class numbers (rows,) for fixed-point features (rows, features); of the squared error its outputs, floats."""
        outputs = self.core.outputs(weights, features)
        if self.loss == "mse":
            return np.asarray(outputs, dtype=np.float64) / 2.0**self.a_frac
        return np.argmax(outputs, axis=1).astype(np.int64)

    def accuracy(self, weights: Integers, features: Integers, labels: Integers) -> float:
        """Share of rows whose predicted class is the label. Of classes alone: ParameterError for another loss."""
        if self.loss != "cross_entropy":
            raise ParameterError("accuracy is of class numbers; with the mean squared error compare predict's outputs")
        return float(np.mean(self.predict(weights, features) == labels))


@dataclasses.dataclass(frozen=True)
class RoundStatement:
    """What a proof speaks about: one member's local steps of one round, as public values.

    A verifier builds it from its own state and takes only `update_commitment` and the proof from the prover.
    data_commitments and rows: of the batches that the beacon picked, one a local step, as registered. `context` is
    whatever else the proof is bound to (terms, and what `place` has no room for): bytes. place: round, member, beacon,
    dataset root and batches; proofs that are to be composed need it, as each element of it is one of ctx's.

    velocity_commitments: where momentum is carried, C(V) and C(V'). C(V) is the verifier's own: NO_VELOCITY, or the
    C(V') of the member's last round that was accepted; C(V') is the prover's.
    """

    job: NetworkJob
    context: bytes
    weights_commitment: bytes
    data_commitments: tuple[bytes, ...]
    rows: tuple[int, ...]
    update_commitment: bytes
    velocity_commitments: tuple[bytes, ...] = ()
    place: Place = NOWHERE

    def __post_init__(self) -> None:
        if len(self.velocity_commitments) != (2 if self.job.carry_momentum else 0):
            raise ParameterError("a round has the commitments of two velocities exactly where the job carries momentum")
        if len(self.rows) != self.job.steps or len(self.data_commitments) != self.job.steps:
            raise ParameterError(f"a round of this job has {self.job.steps} batches")
        if any(not 1 <= r <= self.job.batch for r in self.rows):
            raise ParameterError(f"every batch has between 1 and {self.job.batch} rows")

    def step_context(self, tables_commitment: bytes, key_digest: bytes) -> StepContext:
        """What ctx covers (docs/engine.md, section 5). rows and C(D) are bound beside it, by transcript and public
        input."""
        job = hashlib.sha256(_DOMAIN + self.job.digest + key_digest + self.context).digest()
        return StepContext(
            job,
            self.place,
            self.weights_commitment,
            tables_commitment,
            tuple(self.data_commitments),
            tuple(self.velocity_commitments),
        )


@dataclasses.dataclass(frozen=True)
class NetworkProof:
    """The bytes of a proof, 512 for any model, and how long its parts took."""

    data: bytes
    inner_seconds: float = 0.0
    wrap_seconds: float = 0.0


def failing_of(core: Any, instances: Sequence[Callable[[], Instance]]) -> list[int]:
    """Positions of the instances that a core's verifier refuses, by one multi-pairing. A statement with a sender's
    commitment that is no point has no ctx: it is one of them, and hides no other."""
    made: dict[int, Instance] = {}
    for position, make in enumerate(instances):
        with contextlib.suppress(DecodeError):
            made[position] = make()
    positions = list(made)
    refused = {positions[found] for found in core.failing(list(made.values()))}
    return sorted(refused | (set(range(len(instances))) - set(positions)))


class NetworkVerifier:
    """Checks proofs of a job's rounds."""

    def __init__(self, job: NetworkJob, columns: Any, core: Any) -> None:
        self.job, self._columns, self._core = job, columns, core
        self.tables_commitment = bytes(_core.engine.commit_tables(job.core, columns))

    @property
    def columns(self) -> Any:
        """The powers of tau that columns are committed with."""
        return self._columns

    @property
    def leaf_parts(self) -> tuple[NetworkJob, Any]:
        """The network and the core's verifier: what a composition's leaf is made of (pyzkfl.composition_keys)."""
        return self.job, self._core

    def commit_weights(self, weights: Integers) -> bytes:
        """C(W), 32 bytes: what each verifier makes itself, once a round."""
        return bytes(_core.engine.commit_weights(self.job.core, self._columns, weights))

    def commit_update(self, update: Integers, blinder: bytes) -> bytes:
        """C(D), or C(V), 32 bytes: the sum of commitments opens to the sum of updates with the sum of blinders."""
        return bytes(_core.engine.commit_update(self.job.core, self._columns, update, blinder))

    def commit_batch(self, features: Integers, labels: Integers, blinder: bytes) -> bytes:
        """C(X) of a batch, 32 bytes: what a member registers before the beacon."""
        return bytes(_core.engine.commit_batch(self.job.core, self._columns, features, labels, blinder))

    def digest(self, statement: RoundStatement) -> bytes:
        """What a proof of this statement is bound to."""
        return statement.step_context(self.tables_commitment, bytes(self._columns.digest)).digest

    def failing(self, items: Sequence[tuple[RoundStatement, bytes]]) -> list[int]:
        """Positions of the proofs that do not hold, malformed ones too, by one multi-pairing."""
        return failing_of(self._core, [functools.partial(self._instance, *item) for item in items])

    def _instance(self, statement: RoundStatement, proof: bytes) -> Instance:
        if statement.job != self.job:
            raise ParameterError("the statement is of another job")
        commitments = [
            statement.weights_commitment,
            self.tables_commitment,
            *statement.data_commitments,
            *statement.velocity_commitments,
            statement.update_commitment,
        ]
        return self.digest(statement), list(statement.rows), commitments, proof

    def composable(self, statement: RoundStatement, proof: NetworkProof) -> ComposableProof:
        """The proof with its public values, as composition takes them. Verified first: raises as `verify` does, and
        ParameterError for a statement with a commitment at infinity, which no composition opens."""
        self.verify(statement, proof)
        said = self.composable_statement(statement)
        return ComposableProof(said.context, said.rows, said.update, proof.data)

    def composable_statement(self, statement: RoundStatement) -> ComposableStatement:
        """What a composed proof says of this statement's member: from it everybody makes the composed statement."""
        context = statement.step_context(self.tables_commitment, bytes(self._columns.digest))
        return ComposableStatement(context, tuple(statement.rows), statement.update_commitment)

    def verify(self, statement: RoundStatement, proof: NetworkProof) -> None:
        """Returns None, raises ProofInvalid; DecodeError for bytes that are no proof."""
        if not self._core.verify(*self._instance(statement, proof.data)):
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
    def insecure(
        cls,
        job: NetworkJob,
        *,
        log_height: int = 0,
        string: Any = None,
        cached: bool = False,
        progress: Progress | None = None,
    ) -> NetworkProver:
        """Keys from secrets that this process knew and forgot: whoever saw its memory can forge. Warns.

        log_height: powers of tau for columns of 2^log_height cells, where evaluations over them need more than the job.
        string: the powers of a public ceremony in their place (pyzkfl.ptau.column_key): then Groth16's key alone is
        insecure. cached: keep the keys in a file for the next process (pyzkfl.insecure_keys). Raises ParameterError for
        a string that is too short.
        """
        height = max(log_height, int(job.core.log_height))
        if string is not None and string.log_n < height:
            raise ParameterError(f"the string has powers of tau up to 2^{string.log_n}, this job needs 2^{height}")
        warnings.warn("insecure keys: this process knew the setup's secrets", stacklevel=2)
        if string is not None or not cached:
            columns = string if string is not None else _core.engine.ColumnKey.insecure(height)
            return cls(job, columns, _core.engine.Prover.insecure(job.core, columns, progress))
        constraints = job.core.constraint_system()
        columns, proving = insecure_keys(job.digest, constraints, height, cached=True, progress=progress)
        return cls(job, columns, _core.engine.Prover.from_keys(job.core, proving, columns))

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
        velocity_blinders: Sequence[bytes] = (),
        progress: Progress | None = None,
    ) -> NetworkProof:
        """Prove that the statement's update is what `trained` computed. Verified before it is returned.

        velocity_blinders: where momentum is carried, of C(V) and C(V'); of NO_VELOCITY it is bytes(32). Raises
        WitnessInvalid if it is not; ParameterError, before the proof is begun, for training of another job, and where
        weights, batches or blinders do not open the statement's commitments.
        """
        blinders = [*data_blinders, *velocity_blinders]
        stated = [statement.weights_commitment, self.tables_commitment]
        stated += [*statement.data_commitments, *statement.velocity_commitments, statement.update_commitment]
        out = self._prover.prove(trained, self.digest(statement), blinders, update_blinder, progress, stated)
        if tuple(out["rows"]) != statement.rows:
            raise ParameterError("the batches have other numbers of rows than the statement")
        return NetworkProof(bytes(out["proof"]), out["inner_seconds"], out["wrap_seconds"])
