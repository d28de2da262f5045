"""The Job: everything a consortium agrees on before it trains, in integers, with one digest.

DESIGN section 2; docs/protocol.md section 1 has the arithmetic, docs/formats.md the bytes. A job is frozen: a change
of any field is another job with another digest, and a proof for the one is no proof for the other.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, encoding
from pyzkfl.errors import DataError, ParameterError, RangeError
from pyzkfl.network import NetworkJob
from pyzkfl.step_context import STATEMENT_VERSION

__all__ = ["AGGREGATIONS", "SURVIVORS_MIN", "Job", "Member"]

SURVIVORS_MIN = 3  # a sum over fewer members would speak about single ones (DESIGN section 7)
AGGREGATIONS = ("masks", "paillier", "rlwe")  # how a sum comes about (docs/protocol.md sections 7 and 9)
_NETWORK_STATEMENT = f"network-step/{STATEMENT_VERSION}"
_P_FRAC = 20  # fraction bits of a probability (docs/protocol.md section 1, step 4)


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of the consortium: a name and the Ed25519 public key (32 bytes) that signs for it."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not (1 <= len(self.name.encode()) <= 64) or not self.name.isprintable():
            raise ParameterError("a member's name has 1 to 64 bytes of printable text")
        if len(self.public_key) != 32:
            raise ParameterError(
                f"member {self.name!r}: an Ed25519 public key has 32 bytes, got {len(self.public_key)}"
            )


@dataclasses.dataclass(frozen=True)
class Job:
    """What is trained, by whom, how, and under which keys.

    Make one with :meth:`logistic` (a direct circuit proves it) or with :meth:`model` (a network, which the engine
    proves: `network` is set); bind it to the outcome of the setup with :meth:`with_keys`. Two digests: `terms_digest`
    names the agreement before the setup (contributions are bound to it), `digest` the whole.
    """

    name: str
    features: int
    batch: int
    x_bits: int
    x_frac: int
    w_bits: int
    w_frac: int
    eta: int
    eta_shift: int
    bound: int
    rounds: int
    threshold: int
    members: tuple[Member, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    clip_features: bool = True
    verifying_key: bytes = b""
    commitment_key: bytes = b""
    setup: bytes = b""
    network: NetworkJob | None = None
    aggregation: str = "masks"

    @staticmethod
    def model(
        network: NetworkJob,
        *,
        name: str,
        members: Sequence[Member],
        rounds: int,
        threshold: int | None = None,
        center: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        clip_features: bool = True,
        aggregation: str = "masks",
    ) -> Job:
        """A job that trains a network, `network.steps` local steps a member and round, proven by the engine
        (docs/engine.md).

        network: the model and its step; with labels 0 .. classes - 1, or targets where its loss is the mean squared
        error. The rest as in :meth:`logistic`. Raises ParameterError when the numbers do not fit together.
        """
        core = network.core.parameters
        features = network.input_size
        return Job(
            name=name,
            features=features,
            batch=network.batch,
            x_bits=network.x_bits,
            x_frac=network.a_frac,
            w_bits=network.w_bits,
            w_frac=network.w_frac,
            eta=core["eta"],
            eta_shift=core["eta_shift"],
            bound=core["bound"],
            rounds=rounds,
            threshold=len(members) // 2 + 1 if threshold is None else threshold,
            members=tuple(members),
            center=tuple(float(c) for c in (center if center is not None else [0.0] * features)),
            scale=tuple(float(s) for s in (scale if scale is not None else [1.0] * features)),
            clip_features=clip_features,
            network=network,
            aggregation=aggregation,
        )

    @staticmethod
    def logistic(
        *,
        name: str,
        features: int,
        members: Sequence[Member],
        rounds: int,
        batch: int = 32,
        learning_rate: float = 1.0,
        max_norm: float = 1.0,
        threshold: int | None = None,
        center: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        clip_features: bool = True,
        x_bits: int = 8,
        x_frac: int = 5,
        w_bits: int = 20,
        w_frac: int = 16,
        aggregation: str = "masks",
    ) -> Job:
        """A job that trains a logistic classifier, one SGD step a member and round.

        features: columns of the data. batch: rows of a step. learning_rate: per step, on the batch's mean gradient;
        stored as eta / 2^eta_shift with 8 significant bits. max_norm: L2 bound of an update; larger ones are scaled
        down to it. threshold: members needed to unmask a sum, default floor(n / 2) + 1. center, scale: a feature is
        trained on as (x - center) / scale; public, agreed by all (default 0 and 1). clip_features: values beyond the
        fixed-point range are clipped and counted (True) or refused (False). aggregation: how updates are summed,
        "masks", "paillier" or "rlwe" (docs/homomorphic.md says who is trusted with what).

        Raises ParameterError when the numbers do not fit together, naming the one that does not.
        """
        count = len(members)
        for label, number in (("features", features), ("batch", batch), ("rounds", rounds)):
            if not (isinstance(number, int) and number >= 1):
                raise ParameterError(f"{label} must be a positive integer")
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            raise ParameterError("learning_rate must be positive and finite")
        if not (math.isfinite(max_norm) and max_norm > 0):
            raise ParameterError("max_norm must be positive and finite")
        # D = -(learning_rate / batch) G, with G in units of 2^-(20 + x_frac) and D in units of 2^-w_frac.
        rate = learning_rate / batch * 2.0 ** (w_frac - _P_FRAC - x_frac)
        eta_shift = 7 - math.floor(math.log2(rate))
        eta = round(rate * 2.0**eta_shift)
        if eta == 256:
            eta, eta_shift = 128, eta_shift - 1
        return Job(
            name=name,
            features=features,
            batch=batch,
            x_bits=x_bits,
            x_frac=x_frac,
            w_bits=w_bits,
            w_frac=w_frac,
            eta=eta,
            eta_shift=eta_shift,
            bound=math.floor(max_norm * 2.0**w_frac),
            rounds=rounds,
            threshold=count // 2 + 1 if threshold is None else threshold,
            members=tuple(members),
            center=tuple(float(c) for c in (center if center is not None else [0.0] * features)),
            scale=tuple(float(s) for s in (scale if scale is not None else [1.0] * features)),
            clip_features=clip_features,
            aggregation=aggregation,
        )

    def __post_init__(self) -> None:
        count = len(self.members)
        if not (1 <= len(self.name.encode()) <= 200 and self.name.isprintable()):
            raise ParameterError("a job's name has 1 to 200 bytes of printable text")
        if count < SURVIVORS_MIN:
            raise ParameterError(f"a job needs at least {SURVIVORS_MIN} members, got {count}")
        if len({m.name for m in self.members}) != count or len({m.public_key for m in self.members}) != count:
            raise ParameterError("members must have different names and different keys")
        if not (count // 2 < self.threshold <= count):
            raise ParameterError(
                f"threshold must be above half of the {count} members and not above all of them, got {self.threshold}"
            )
        if self.aggregation not in AGGREGATIONS:
            raise ParameterError(f"there is no aggregation {self.aggregation!r}: take one of {', '.join(AGGREGATIONS)}")
        if not (1 <= self.rounds <= 1_000_000):
            raise ParameterError("rounds must be between 1 and 1,000,000")
        if len(self.center) != self.features or len(self.scale) != self.features:
            raise ParameterError(f"center and scale need one number for each of the {self.features} features")
        if not all(math.isfinite(c) for c in self.center) or not all(math.isfinite(s) and s > 0 for s in self.scale):
            raise ParameterError("center must be finite, scale finite and positive")
        for digest in (self.verifying_key, self.commitment_key, self.setup):
            if len(digest) not in (0, 32):
                raise ParameterError("key digests have 32 bytes")
        object.__setattr__(self, "_spec", self._make_spec())

    def _make_spec(self) -> Any:
        if self.network is not None:
            return self._network_spec(self.network)
        return _core.training.LogisticSpec(
            features=self.features,
            batch=self.batch,
            x_bits=self.x_bits,
            x_frac=self.x_frac,
            w_bits=self.w_bits,
            w_frac=self.w_frac,
            eta=self.eta,
            eta_shift=self.eta_shift,
            bound=self.bound,
        )

    def _network_spec(self, network: NetworkJob) -> Any:
        core = network.core.parameters
        own = (network.input_size, network.batch, network.x_bits, network.a_frac, network.w_bits, network.w_frac)
        stated = (self.features, self.batch, self.x_bits, self.x_frac, self.w_bits, self.w_frac)
        if own != stated or (core["eta"], core["eta_shift"], core["bound"]) != (self.eta, self.eta_shift, self.bound):
            raise ParameterError("the job's numbers are not those of its network")
        return network.core

    @property
    def spec(self) -> Any:
        """The core's LogisticSpec of this job, or its Network."""
        return self._spec  # type: ignore[attr-defined]

    @property
    def steps(self) -> int:
        """Local steps of a member in a round, each on a batch of its own."""
        return 1 if self.network is None else self.network.steps

    @property
    def carries_momentum(self) -> bool:
        """Whether a round goes on from the velocity that the member's last accepted round left."""
        return self.network is not None and self.network.carry_momentum

    @property
    def update_limit(self) -> int:
        """No coordinate of an update is larger: each step's L2 norm is at most `bound`."""
        return self.steps * self.bound

    @property
    def classes(self) -> int:
        """Labels are 0 .. classes - 1; of a network for the mean squared error, how many outputs it has."""
        return 2 if self.network is None else self.network.outputs

    @property
    def dimension(self) -> int:
        """Coordinates of weights and updates: features + 1 (the bias is last), or the network's."""
        return self.features + 1 if self.network is None else self.network.dimension

    @property
    def learning_rate(self) -> float:
        """The learning rate that eta / 2^eta_shift stands for."""
        if self.network is not None:
            return float(self.network.learning_rate)
        return float(self.eta * self.batch * 2.0 ** (_P_FRAC + self.x_frac - self.w_frac - self.eta_shift))

    @property
    def max_norm(self) -> float:
        """The L2 bound of one local step's update, as a float."""
        return self.bound / 2.0**self.w_frac

    def index_of(self, name: str) -> int:
        """Position of a member; ParameterError if there is none of that name."""
        for index, member in enumerate(self.members):
            if member.name == name:
                return index
        raise ParameterError(f"job {self.name!r} has no member {name!r}")

    def with_keys(self, *, verifying_key: bytes, commitment_key: bytes, setup: bytes) -> Job:
        """The job bound to the digests (32 bytes each) of the setup's outcome."""
        return dataclasses.replace(self, verifying_key=verifying_key, commitment_key=commitment_key, setup=setup)

    def to_object(self) -> dict[str, Any]:
        """The canonical map of docs/formats.md (floats as the 8 bytes of IEEE 754, big-endian)."""
        body = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        body["statement"] = "logistic-step" if self.network is None else _NETWORK_STATEMENT
        if self.network is None:
            del body["network"]
        else:
            body["network"] = self.network.to_object()
        if self.aggregation == "masks":  # as jobs were before there was anything else
            del body["aggregation"]
        body["members"] = [[m.name, m.public_key] for m in self.members]
        body["center"] = struct.pack(f">{self.features}d", *self.center)
        body["scale"] = struct.pack(f">{self.features}d", *self.scale)
        return body

    def to_bytes(self) -> bytes:
        """The canonical encoding; its SHA-256 is the digest."""
        return encoding.encode(encoding.Kind.JOB, self.to_object())

    @staticmethod
    def from_bytes(data: bytes) -> Job:
        """Read a job; DecodeError when the bytes are not canonical, ParameterError when the numbers do not fit."""
        body = encoding.decode(encoding.Kind.JOB, data)
        statement = body.get("statement") if isinstance(body, dict) else None
        if statement == "network-step":
            raise encoding.UnsupportedVersion(
                "a job of version 1 of the engine's statement, whose proofs are bound to a SHA-256: this release reads "
                f"version 2 ({_NETWORK_STATEMENT!r}); make the job again, its setup and records stay with that release"
            )
        if statement not in ("logistic-step", _NETWORK_STATEMENT):
            raise encoding.UnsupportedVersion(
                f"this release reads jobs of the statements 'logistic-step' and {_NETWORK_STATEMENT!r} only"
            )
        fields = {f.name for f in dataclasses.fields(Job)} | {"statement"}
        if "aggregation" not in body:
            fields -= {"aggregation"}
        elif body["aggregation"] not in AGGREGATIONS[1:]:
            raise encoding.DecodeError("job: aggregation is 'paillier' or 'rlwe', and left out where masks are used")
        encoding.expect_map(body, fields if statement == _NETWORK_STATEMENT else fields - {"network"})
        del body["statement"]
        for key in (
            "features",
            "batch",
            "x_bits",
            "x_frac",
            "w_bits",
            "w_frac",
            "eta",
            "eta_shift",
            "bound",
            "rounds",
            "threshold",
        ):
            encoding.expect_type(body, key, int)
        for key in ("verifying_key", "commitment_key", "setup", "center", "scale"):
            encoding.expect_type(body, key, bytes)
        encoding.expect_type(body, "name", str)
        encoding.expect_type(body, "clip_features", bool)
        encoding.expect_type(body, "members", list)
        for key in ("center", "scale"):
            if len(body[key]) != 8 * body["features"]:
                raise encoding.DecodeError(f"job: {key} must hold 8 bytes a feature")
            body[key] = struct.unpack(f">{body['features']}d", body[key])
        members = []
        for entry in body["members"]:
            if not (
                isinstance(entry, list)
                and len(entry) == 2
                and isinstance(entry[0], str)
                and isinstance(entry[1], bytes)
            ):
                raise encoding.DecodeError("job: a member is a pair of a name and a public key")
            members.append(Member(entry[0], entry[1]))
        body["members"] = tuple(members)
        if statement == _NETWORK_STATEMENT:
            body["network"] = NetworkJob.from_object(body["network"])
        return Job(**body)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes: goes into every statement, signature and record."""
        return encoding.digest(self.to_bytes())

    @property
    def terms_digest(self) -> bytes:
        """The digest before the setup: contributions to the setup are bound to it."""
        return dataclasses.replace(self, verifying_key=b"", commitment_key=b"", setup=b"").digest

    def initial_weights(self) -> npt.NDArray[np.int64]:
        """W_0, int64 (dimension,), in units of 2^-w_frac: zeros, or for a network what its terms' digest draws."""
        if self.network is None:
            return np.zeros(self.dimension, dtype=np.int64)
        return self.network.initial_weights(self.terms_digest)

    # -- what depends on the engine ----------------------------------------------------------------------------

    def constraint_system(self) -> Any:
        """The circuit that the setup is for."""
        if self.network is None:
            return _core.training.constraint_system(self.spec)
        return self.network.core.constraint_system()

    @property
    def column_log_height(self) -> int:
        """Columns have at most 2^this cells; 0 where there are none."""
        return 0 if self.network is None else int(self.network.core.log_height)

    def step(
        self, weights: npt.NDArray[np.int64], x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], rows: int
    ) -> npt.NDArray[np.int64]:
        """The update of one step on a batch as a CommittedDataset holds it, int64 (dimension,)."""
        return self.update(weights, [(x, y, rows)])

    def update(
        self,
        weights: npt.NDArray[np.int64],
        batches: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]],
    ) -> npt.NDArray[np.int64]:
        """The update of a round, int64 (dimension,): features, labels and real rows of a batch a local step."""
        if len(batches) != self.steps:
            raise ParameterError(f"a round of this job has {self.steps} batches, got {len(batches)}")
        if self.network is None:
            return np.asarray(_core.training.step(self.spec, weights, *batches[0]))
        x, y = [x[:rows] for x, _, rows in batches], [y[:rows] for _, y, rows in batches]
        return np.asarray(self.network.core.train(weights, x, y).update)

    def update_and_velocity(
        self,
        weights: npt.NDArray[np.int64],
        batches: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]],
        velocity: npt.NDArray[np.int64] | None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """As `update`, in a job that carries momentum: update, and the velocity that the round leaves; velocity: what
        it goes on from, int64 (dimension,), None for none."""
        if self.network is None or not self.carries_momentum:
            raise ParameterError("this job carries no momentum over rounds")
        trained = self.network.train(weights, [(x[:rows], y[:rows]) for x, y, rows in batches], velocity)
        return np.asarray(trained.update), np.asarray(trained.velocity)

    def next_weights(
        self, weights: npt.NDArray[np.int64], total: npt.NDArray[np.int64], members: int
    ) -> npt.NDArray[np.int64]:
        """W + the mean update, a half rounded up, clipped to the range of weights."""
        if self.network is None:
            return np.asarray(_core.training.next_weights(self.spec, weights, total, members))
        return self.network.apply(weights, np.floor_divide(2 * total + members, 2 * members))

    def quantise(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], int]:
        """Features (rows, features), any real dtype, to the job's integers; and how many values were clipped.

        Raises DataError for a wrong shape, NaN or infinity, RangeError for a value out of range unless the job clips.
        """
        values = np.asarray(x)
        if values.ndim != 2 or values.shape[1] != self.features:
            raise DataError(f"features must have shape (rows, {self.features}), got {values.shape}")
        if values.dtype.kind not in "fiub":
            raise DataError(f"features must be real numbers, got dtype {values.dtype}")
        values = values.astype(np.float64)
        bad = ~np.isfinite(values)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise DataError(f"features hold NaN or infinity, first in row {row}, column {column}: remove or impute it")
        scaled = np.floor((values - np.array(self.center)) / np.array(self.scale) * 2.0**self.x_frac + 0.5)
        low, high = -(1 << (self.x_bits - 1)), (1 << (self.x_bits - 1)) - 1
        outside = (scaled < low) | (scaled > high)
        clipped = int(outside.sum())
        if clipped and not self.clip_features:
            row, column = np.argwhere(outside)[0]
            raise RangeError(
                f"{clipped} feature values are out of the fixed-point range, first in row {row}, column {column}: "
                f"change the job's center, scale or x_bits, or set clip_features"
            )
        return np.clip(scaled, low, high).astype(np.int64), clipped

    def labels(self, y: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
        """Labels as int64 from 0 to classes - 1, shape (rows,); DataError for anything else.

        Of a network for the mean squared error: targets (rows, outputs), real, in units of 2^-x_frac; RangeError for
        one beyond 16 bits, whatever `clip_features` says of features.
        """
        values = np.asarray(y)
        if self.network is not None and self.network.loss == "mse":
            if len(values) != rows:
                raise DataError(f"targets must be {rows} rows, got {values.shape}")
            return self.network.labels(values)
        if values.shape != (rows,):
            raise DataError(f"labels must have shape ({rows},), got {values.shape}")
        if values.dtype.kind not in "fiub" or not np.isin(values, range(self.classes)).all():
            allowed = "0 or 1" if self.classes == 2 else f"integers from 0 to {self.classes - 1}"
            raise DataError(f"labels must be {allowed}")
        return values.astype(np.int64)

    def to_float(self, weights: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Integer weights or updates as floats, same shape; acts on features after (x - center) / scale."""
        return np.asarray(weights, dtype=np.float64) / 2.0**self.w_frac

    def predict(
        self, weights: npt.NDArray[np.int64], x: npt.ArrayLike
    ) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        """Labels (rows,) that integer weights give to raw features (rows, features); of the squared error outputs."""
        integers, _ = self.quantise(x)
        if self.network is not None:
            return self.network.predict(weights, integers)
        scores = integers @ weights[:-1] + weights[-1] * (1 << self.x_frac)
        return np.asarray(scores >= 0, dtype=np.int64)

    def accuracy(self, weights: npt.NDArray[np.int64], x: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Share of rows that the weights label as y does. ParameterError where the loss has no labels."""
        if self.network is not None and self.network.loss == "mse":
            raise ParameterError("accuracy is of labels; with the mean squared error compare predict's outputs")
        predicted = self.predict(weights, x)
        return float(np.mean(predicted == self.labels(y, len(predicted))))
