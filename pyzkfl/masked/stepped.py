"""Training steps under masks: every node proves that its update is the agreed integer step on a batch of data that it
committed to before anybody could know which batch.

The order. A node commits to each of its batches when it joins, in the message in which it commits to its nonce; the
nonces that all then reveal fix the setup, and every round's batches follow from it. The statement of a proof is the
engine's (docs/engine.md): weights as the server sent them, in fixed point; the batches that were drawn; the update that
is masked. The server puts it together from what it knows, and takes the commitment and the proof from the node.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import merkle
from pyzkfl._core import curves
from pyzkfl.blinders import FR_MODULUS
from pyzkfl.dataset import BatchCommitment
from pyzkfl.errors import DataError, DecodeError, ParameterError, ProtocolError, UnprovableOption
from pyzkfl.masked.claims import Claim
from pyzkfl.masked.proof_keys import DevelopmentKeys, ProofKeys
from pyzkfl.network import NetworkJob, NetworkProver, RoundStatement
from pyzkfl.statement import batch_indices

__all__ = ["NodeData", "ProvenStep", "Registration", "StepProofs"]

Floats = npt.NDArray[np.float64]
Vector = npt.NDArray[np.int64]
_DOMAIN = b"pyzkfl/1 masked steps "
_ENTRY = 36  # rows, C(X)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProvenStep:
    """The part of the terms that speaks of training steps. network, keys: digests in hexadecimal; unit: what a weight
    of 1 is in fixed point; max_abs: of a coordinate of an update."""

    network: str
    keys: str
    dimension: int
    unit: int
    max_abs: int
    statement: str = "step"

    def __post_init__(self) -> None:
        digests = [bytes.fromhex(digest) for digest in (self.network, self.keys)]
        if self.statement != "step" or any(len(digest) != 32 for digest in digests):
            raise ParameterError("a step's terms name the statement 'step' and the digests of network and keys")
        if self.dimension < 1 or not 1 <= self.unit <= 1 << 32 or not 1 <= self.max_abs < 1 << 31:
            raise ParameterError("a step's terms have numbers that no job has")

    @property
    def length(self) -> int:
        """Of the vector that is masked."""
        return self.dimension

    def decode(self, total: Vector, nodes: int, seed: bytes) -> tuple[Floats, int]:
        """The average update; a step clips by its own rule, which is proven, so nobody is counted."""
        return total.astype(np.float64) / (self.unit * nodes), 0


@dataclasses.dataclass(frozen=True)
class Registration:
    """The public side of a node's data: rows and C(X) of each batch, in the order that it registered them."""

    batches: tuple[BatchCommitment, ...]

    @property
    def root(self) -> bytes:
        """Merkle root over the batches, 32 bytes: what the node signs when it joins."""
        return bytes(merkle.root([batch.leaf() for batch in self.batches]))

    def to_bytes(self) -> bytes:
        """36 bytes a batch."""
        return b"".join(batch.leaf() for batch in self.batches)

    @staticmethod
    def from_bytes(data: object, network: NetworkJob) -> Registration:
        """DecodeError for what is no registration, or cannot be trained on by this job."""
        if not isinstance(data, bytes) or not data or len(data) % _ENTRY:
            raise DecodeError("there is no registration of data, and the terms ask for one")
        parts = [data[at : at + _ENTRY] for at in range(0, len(data), _ENTRY)]
        batches = tuple(BatchCommitment(int.from_bytes(part[:4], "little"), part[4:], b"") for part in parts)
        points = [batch.commitment for batch in batches]
        if len(batches) < network.steps or len(set(points)) != len(points):
            raise DecodeError("fewer batches than a round has steps, or one registered twice")
        if any(not 1 <= batch.rows <= network.batch for batch in batches):
            raise DecodeError(f"a batch has 1 to {network.batch} rows")
        curves.g1_sum_compressed(points)
        return Registration(batches)


@dataclasses.dataclass(frozen=True)
class StepProofs:
    """`proofs=` of the mod and of the strategy: every node proves the job's training step.

    job: a NetworkJob, such as pyzkfl.integrations.torch's Job.from_module. keys: see pyzkfl.masked.proof_keys; for a
    simulation `with_development_keys`. data: of a node: a function of the framework's context that returns its features
    and labels, always the same; the server needs none.
    """

    job: NetworkJob
    data: Callable[[Any], tuple[npt.ArrayLike, npt.ArrayLike]] | None = None
    keys: ProofKeys | None = None

    def __post_init__(self) -> None:
        if self.job.carry_momentum:
            raise UnprovableOption(
                "carry_momentum: a velocity that is carried over rounds is not proven under a framework; take momentum "
                "within the steps of a round, or pyzkfl.Client and pyzkfl.Coordinator"
            )

    @property
    def terms(self) -> ProvenStep:
        """What everybody agrees on. ParameterError without keys."""
        if self.keys is None:
            raise ParameterError(
                "step proofs need keys: with_development_keys(path) for a simulation, or the file of a setup"
            )
        unit = 1 << self.job.w_frac
        # As in a consortium's job: so much a step's clip leaves of a coordinate.
        bound = int(np.floor(min(self.job.max_norm, 2.0**15) * unit))
        return ProvenStep(
            network=self.job.digest.hex(), keys=self.keys.digest.hex(), dimension=self.job.dimension, unit=unit,
            max_abs=self.job.steps * bound,
        )  # fmt: skip

    def with_development_keys(self, path: str | os.PathLike[str]) -> StepProofs:
        """The same with keys from this file, made where there is none: for simulations, its maker can forge."""
        return dataclasses.replace(self, keys=DevelopmentKeys.for_network(path, self.job))

    @property
    def prover(self) -> NetworkProver:
        """Reads the keys, once in a process."""
        if self.keys is None:
            raise ParameterError("step proofs need keys")
        return self.keys.network_prover(self.job)

    def weights(self, arrays: Sequence[npt.NDArray[Any]]) -> Vector:
        """A model's arrays in fixed point, in their order; RangeError where the job cannot hold them."""
        return self.job.weights(np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays]))

    def statement(
        self, registration: Registration, weights: bytes, update: bytes, context: bytes, seed: bytes, member: bytes
    ) -> RoundStatement:
        """What a node has to prove in a round. weights, update: their commitments; member: its public key."""
        chosen = self.chosen(registration, seed, member)
        numbers = b"".join(index.to_bytes(4, "little") for index in chosen)
        return RoundStatement(
            job=self.job,
            context=hashlib.sha256(_DOMAIN + b"statement" + context + registration.root + numbers).digest(),
            weights_commitment=weights,
            data_commitments=tuple(registration.batches[index].commitment for index in chosen),
            rows=tuple(registration.batches[index].rows for index in chosen),
            update_commitment=update,
        )

    def chosen(self, registration: Registration, seed: bytes, member: bytes) -> tuple[int, ...]:
        """The batches of a round, one a step. seed: the round's."""
        return batch_indices(seed, 0, member.hex(), len(registration.batches), self.job.steps)

    # -- as the server's Opener --------------------------------------------------------------------------------------

    def failing(self, claims: Sequence[Claim]) -> list[int]:
        """Positions of the claims that do not hold, by one multi-pairing."""
        return self.prover.failing([(claim.statement, claim.proof) for claim in claims])

    def commit_sum(self, total: Vector, blinder: bytes) -> bytes:
        """The commitment to a sum of updates."""
        return self.prover.commit_update(total, blinder)


class NodeData:
    """A node's rows in the order that it committed to. secret: 32 bytes, from which the order and blinders follow."""

    def __init__(self, proofs: StepProofs, context: Any, secret: bytes) -> None:
        if proofs.data is None:
            raise ParameterError("this node has no data to prove training on: give StepProofs data=...")
        x, y = (np.asarray(part) for part in proofs.data(context))
        if len(x) != len(y) or not len(x):
            raise DataError(f"{len(x)} rows of features and {len(y)} labels")
        self._proofs, self._x, self._y, self._secret = proofs, x, y, secret
        draw = np.random.Generator(np.random.PCG64(int.from_bytes(secret, "little")))
        order = draw.permutation(len(x))
        self._parts = np.array_split(order, -(-len(x) // proofs.job.batch))

    def rows(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Features and labels of a batch, as `data` gave them."""
        return self._x[self._parts[index]], self._y[self._parts[index]]

    def integers(self, index: int) -> tuple[Vector, Vector]:
        """The same in the job's integers."""
        x, y = self.rows(index)
        return self._proofs.job.features(x), self._proofs.job.labels(y)

    def blinder(self, index: int) -> bytes:
        """Of C(X) of a batch."""
        stream = hashlib.shake_256(_DOMAIN + b"batch" + self._secret + index.to_bytes(4, "little")).digest(64)
        return (int.from_bytes(stream, "little") % FR_MODULUS).to_bytes(32, "little")

    def _commit(self, index: int) -> BatchCommitment:
        x, y = self.integers(index)
        commitment = self._proofs.prover.commit_batch(x, y, self.blinder(index))
        return BatchCommitment(len(x), commitment, b"")

    def register(self) -> Registration:
        """Commit to every batch."""
        return Registration(tuple(self._commit(index) for index in range(len(self._parts))))

    def expect(self, registration: Registration, chosen: Sequence[int]) -> None:
        """ProtocolError where the data are not those that were registered."""
        if any(index >= len(self._parts) or self._commit(index) != registration.batches[index] for index in chosen):
            raise ProtocolError(
                "this node's data are not those that it committed to: data=... must return the same rows every time"
            )
