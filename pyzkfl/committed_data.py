"""A member's dataset for the engine, committed to batch by batch: any amount of data in constant memory.

One column of the engine a batch, one Merkle root over the batches (docs/formats.md, Dataset commitment). Rows are cut
into batches in a shuffled order that the root fixes, so that the index which a beacon picks names the rows. The data
is read twice: first all of it in order, to refuse what cannot be trained on before anything long begins; then row by
row in the shuffled order. What stays in memory is a seed of 32 bytes: blinders and order follow from it. Leaves and
nodes of the tree, 100 bytes a batch, are in unnamed files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from pyzkfl import merkle
from pyzkfl.blinders import FR_MODULUS
from pyzkfl.dataset_rows import Rows, Shuffle, read_rows, temporary_file
from pyzkfl.errors import DataError, DecodeError, ParameterError, ProofInvalid
from pyzkfl.network import NetworkJob
from pyzkfl.statement import batch_indices

__all__ = [
    "BatchProof",
    "CommittedData",
    "DataCommitment",
    "OpenedBatches",
    "batch_indices",
    "commit_dataset",
    "open_batches",
]

Integers = npt.NDArray[np.int64]
Progress = Callable[[float], None]

_ROOT_DOMAIN = b"pyzkfl/1 dataset"
_BLINDER_DOMAIN = b"pyzkfl/1 batch blinder"
_LEAF_BYTES = 4 + 32


class BatchKey(Protocol):
    """What commits to a batch: a NetworkVerifier or NetworkProver of the job."""

    def commit_batch(self, features: Integers, labels: Integers, blinder: bytes) -> bytes:
        """C(X), 32 bytes."""


# ---- what everybody sees ---------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class BatchProof:
    """That a batch of `rows` real rows with this C(X) is number `index` of a committed dataset: its audit path."""

    index: int
    rows: int
    commitment: bytes
    path: tuple[bytes, ...]

    def to_object(self) -> list[Any]:
        """For the canonical encoding: [index, rows, C(X), path]."""
        return [self.index, self.rows, self.commitment, list(self.path)]

    @staticmethod
    def from_object(value: Any) -> BatchProof:
        """Read it back; DecodeError when the shape is not the documented one. Whether it holds is for `verify`."""
        if not (
            isinstance(value, list)
            and [type(part) for part in value] == [int, int, bytes, list]
            and len(value[2]) == 32
            and len(value[3]) <= 64
            and all(isinstance(sibling, bytes) and len(sibling) == 32 for sibling in value[3])
        ):
            raise DecodeError("a batch is opened by its index, its rows, C(X) and a path of hashes of 32 bytes")
        return BatchProof(value[0], value[1], value[2], tuple(value[3]))


@dataclasses.dataclass(frozen=True)
class DataCommitment:
    """What a member registers before the beacon: a root of 32 bytes and the number of batches, which the root binds."""

    root: bytes
    batches: int

    def __post_init__(self) -> None:
        if len(self.root) != 32 or not 1 <= self.batches < 1 << 63:
            raise ParameterError("a committed dataset has a root of 32 bytes and between 1 and 2^63 - 1 batches")

    def to_object(self) -> list[Any]:
        """For the canonical encoding: [root, number of batches]."""
        return [self.root, self.batches]

    @staticmethod
    def from_object(value: Any) -> DataCommitment:
        """Read it back; DecodeError when the shape is not the documented one."""
        if not (isinstance(value, list) and [type(part) for part in value] == [bytes, int]):
            raise DecodeError("a dataset is registered as its root and the number of its batches")
        try:
            return DataCommitment(*value)
        except ParameterError as error:
            raise DecodeError(str(error)) from error

    @staticmethod
    def of_tree(tree_root: bytes, batches: int) -> DataCommitment:
        """root = SHA-256 of domain, number of batches (8 bytes, little-endian) and the Merkle root."""
        return DataCommitment(_root(tree_root, batches), batches)

    def verify(self, proof: BatchProof) -> None:
        """Returns None; ProofInvalid unless the batch is the one that was registered under its index."""
        try:
            leaf = _leaf(proof.rows, proof.commitment)
            top = merkle.root_of_path(leaf, proof.index, self.batches, proof.path)
        except (ParameterError, ProofInvalid) as error:
            raise ProofInvalid(f"batch {proof.index}: {error}") from error
        if _root(top, self.batches) != self.root:
            raise ProofInvalid(
                f"batch {proof.index}: its rows, commitment or path are not those of the registered dataset of "
                f"{self.batches} batches"
            )


class OpenedBatches(NamedTuple):
    """What a RoundStatement takes: C(X) and rows, one a local step."""

    data_commitments: tuple[bytes, ...]
    rows: tuple[int, ...]


def _root(tree_root: bytes, batches: int) -> bytes:
    return hashlib.sha256(_ROOT_DOMAIN + batches.to_bytes(8, "little") + tree_root).digest()


def _leaf(rows: int, commitment: bytes) -> bytes:
    if not 1 <= rows < 1 << 32 or len(commitment) != 32:
        raise ParameterError("a batch has at least one row, and a commitment of 32 bytes")
    return rows.to_bytes(4, "little") + commitment


def open_batches(
    job: NetworkJob, data: DataCommitment, indices: Sequence[int], proofs: Sequence[BatchProof]
) -> OpenedBatches:
    """Commitments and rows of the batches that the beacon picked, for a RoundStatement of the same member and round.

    data: as registered. indices: `batch_indices` of the verifier's own beacon. proofs: the member's, one a step, in
    order. Raises ProofInvalid that names the step: a proof too many or too few, another batch than the beacon's, a
    batch used twice, one commitment registered twice, more rows than the job's batch, or a batch that is not of this
    dataset.
    """
    if len(indices) != job.steps:
        raise ParameterError(f"a round of this job has {job.steps} batches, the beacon picked {len(indices)}")
    if len(proofs) != job.steps:
        raise ProofInvalid(f"a round of this job has {job.steps} batches, {len(proofs)} were opened")
    for step, (index, proof) in enumerate(zip(indices, proofs, strict=True)):
        if proof.index != index:
            raise ProofInvalid(f"step {step}: batch {proof.index} was opened, the beacon picked batch {index}")
        if index in indices[:step]:
            raise ProofInvalid(f"step {step}: batch {index} is used twice in one round")
        if proof.commitment in {before.commitment for before in proofs[:step]}:
            raise ProofInvalid(f"step {step}: batch {index} is one that was opened before, registered twice")
        if not 1 <= proof.rows <= job.batch:
            raise ProofInvalid(f"step {step}: {proof.rows} rows in batch {index}, the job allows 1 to {job.batch}")
        try:
            data.verify(proof)
        except ProofInvalid as error:
            raise ProofInvalid(f"step {step}: {error}") from error
    return OpenedBatches(tuple(p.commitment for p in proofs), tuple(p.rows for p in proofs))


# ---- the member's side -----------------------------------------------------------------------------------------------


class CommittedData:
    """The private side of a committed dataset, made by `commit_dataset`: rows, blinders, tree."""

    def __init__(self, key: BatchKey, batch: int, rows: Rows, tree: merkle.TreeFile, seed: bytes, clipped: int) -> None:
        self._key, self._rows, self._tree, self._seed = key, rows, tree, seed
        self._order = Shuffle(seed, len(rows))
        self._batches = -(-len(rows) // batch)
        self.rows = len(rows)
        self.clipped = clipped  # features and targets that were clipped to the job's range
        self._public: DataCommitment | None = None

    def __repr__(self) -> str:
        return f"CommittedData({self._batches} batches, {self.rows} rows)"

    def __len__(self) -> int:
        return self._batches

    @property
    def public(self) -> DataCommitment:
        """What the member registers."""
        assert self._public is not None
        return self._public

    def _commit(self, report: Progress) -> None:
        for index in range(self._batches):
            x, y, blinder = self._read(index)
            self._tree.append(_leaf(len(y), self._key.commit_batch(x, y, blinder)))
            report((index + 1) / self._batches)
        self._public = DataCommitment.of_tree(self._tree.finish(), self._batches)

    def _read(self, index: int) -> tuple[Integers, Integers, bytes]:
        if not 0 <= index < self._batches:
            raise ParameterError(f"there is no batch {index} in a dataset of {self._batches}")
        least, longer = divmod(self.rows, self._batches)  # sizes differ by one row at most, the longer ones first
        first = index * least + min(index, longer)
        x, y = self._rows.read(self._order(first, first + least + (index < longer)))
        data = _BLINDER_DOMAIN + index.to_bytes(8, "little")
        blinder = int.from_bytes(hmac.digest(self._seed, data, "sha512"), "little") % FR_MODULUS
        return x, y, blinder.to_bytes(32, "little")

    def batch(self, index: int) -> tuple[Integers, Integers, bytes]:
        """Features (rows, features), labels (rows,) and blinder (32 bytes) of a batch: what training and proof take.

        Commits to it once more: DataError when the source no longer holds what was committed to.
        """
        x, y, blinder = self._read(index)
        if _leaf(len(y), self._key.commit_batch(x, y, blinder)) != self._tree.leaf(index):
            raise DataError(f"batch {index} is not what was committed to: the source has changed since")
        return x, y, blinder

    def proof(self, index: int) -> BatchProof:
        """What shows others that the batch is in the registered dataset."""
        leaf = self._tree.leaf(index)
        return BatchProof(index, int.from_bytes(leaf[:4], "little"), leaf[4:], tuple(self._tree.path(index)))


def commit_dataset(
    job: NetworkJob,
    source: Any,
    key: BatchKey,
    *,
    clip: bool = False,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> CommittedData:
    """Check a dataset, shuffle it, cut it into batches as equal as can be and commit to each, in constant memory.

    source: a pair (features, labels) of arrays, memory maps or paths of .npy files, which are read where they lie and
    must stay as they are while the dataset is used; or an iterable of such pairs of arrays (a DataLoader, a generator),
    whose rows are kept as the job's integers in unnamed encrypted files. Features (rows, features) are real numbers as
    `job.features` takes them, labels class numbers, or targets (rows, outputs) of the mean squared error. key: a
    verifier or prover of the job. clip: take features and targets out of the job's range to its ends instead of
    refusing them. folder: where unnamed files are made (about 1 or 2 bytes a feature of an iterable, 100 bytes a
    batch); default the system's temporary folder, which may lie in memory. progress: called with the share of batches
    committed, and with 0 while rows are checked.

    Raises DataError before any commitment is made: no rows, fewer batches than a round has steps, another width, NaN or
    infinity, a feature or label out of range. It names the row and the column and no value.
    """
    report = progress or (lambda _: None)
    if getattr(key, "job", job) != job:
        raise ParameterError("the key is of another job, whose batches lie in other columns")
    rows, clipped = read_rows(job, source, clip, folder, report)
    batches = -(-len(rows) // job.batch)
    if batches < job.steps:
        raise DataError(
            f"{len(rows)} rows are {batches} batches, and a round of {job.steps} steps takes as many different ones: "
            "more rows, a smaller batch or fewer steps"
        )
    tree = merkle.TreeFile(temporary_file(folder), temporary_file(folder), _LEAF_BYTES)
    made = CommittedData(key, job.batch, rows, tree, secrets.token_bytes(32), clipped)
    made._commit(report)
    return made
