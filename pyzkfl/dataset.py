"""A member's committed dataset: integer batches in a shuffled order, a hiding commitment to each, one Merkle root.

docs/protocol.md sections 3 and 5. The commitments and the root are public; batches and blinders stay with the member.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import merkle
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DataError, DecodeError, ProofInvalid
from pyzkfl.job import Job
from pyzkfl.proving_keys import Keys
from pyzkfl.statement import Statement, StepBatch, batch_indices

__all__ = ["BatchCommitment", "CommittedDataset", "DatasetCommitment", "check_data"]


@dataclasses.dataclass(frozen=True)
class BatchCommitment:
    """C(X) of one batch (32 bytes), its proof of knowledge (32 bytes; none in jobs that the engine proves), and how
    many of its rows are real."""

    rows: int
    commitment: bytes
    knowledge: bytes

    def leaf(self) -> bytes:
        """The Merkle leaf: rows (4 bytes, little-endian), then C(X)."""
        return self.rows.to_bytes(4, "little") + self.commitment


@dataclasses.dataclass(frozen=True)
class DatasetCommitment:
    """The public side: what a member registers before the beacon."""

    batches: tuple[BatchCommitment, ...]

    @property
    def root(self) -> bytes:
        """Merkle root over the batches' leaves, 32 bytes."""
        return merkle.root([batch.leaf() for batch in self.batches])

    def indices(self, job: Job, round_: int, client: str, beacon: bytes) -> tuple[int, ...]:
        """The batches that the beacon picks for the local steps of this member's round."""
        return batch_indices(beacon, round_, client, len(self.batches), job.steps)

    def statement(
        self,
        job: Job,
        *,
        round_: int,
        client: str,
        beacon: bytes,
        weights: npt.NDArray[np.int64],
        update_commitment: bytes,
        velocities: tuple[bytes, ...] = (),
    ) -> Statement:
        """What the member that registered these batches has to prove in a round; only C(D) is the member's choice, and
        the second of the velocities, where momentum is carried."""
        chosen = self.indices(job, round_, client, beacon)
        first, *later = (StepBatch(i, self.batches[i].rows, self.batches[i].commitment) for i in chosen)
        return Statement(
            job=job,
            round=round_,
            client=client,
            beacon=beacon,
            dataset_root=self.root,
            batch=first.number,
            rows=first.rows,
            weights=weights,
            batch_commitment=first.commitment,
            update_commitment=update_commitment,
            later=tuple(later),
            velocities=velocities,
        )

    def to_object(self) -> list[list[Any]]:
        """For the canonical encoding: [rows, C(X), P_X] a batch."""
        return [[b.rows, b.commitment, b.knowledge] for b in self.batches]

    @staticmethod
    def from_object(value: Any) -> DatasetCommitment:
        """Read it back; DecodeError when the shape is not the documented one."""
        if not isinstance(value, list) or not value:
            raise DecodeError("a dataset commitment is a list of at least one batch")
        batches = []
        for entry in value:
            if not (
                isinstance(entry, list)
                and len(entry) == 3
                and type(entry[0]) is int
                and all(isinstance(part, bytes) for part in entry[1:])
                and (len(entry[1]), len(entry[2])) in ((32, 32), (32, 0))
            ):
                raise DecodeError("a batch is registered as its rows, C(X) and the proof of knowledge, if there is one")
            batches.append(BatchCommitment(*entry))
        return DatasetCommitment(tuple(batches))

    def verify(self, job: Job, keys: Keys) -> None:
        """Check every batch (rows in range, no C(X) twice, proof of knowledge of its opening), and that there is one
        for each local step of a round; raises ProofInvalid or DecodeError."""
        if len(self.batches) < job.steps:
            raise ProofInvalid(
                f"{len(self.batches)} batches registered, a round of {job.steps} steps takes as many different ones"
            )
        seen: dict[bytes, int] = {}
        for index, batch in enumerate(self.batches):
            first = seen.setdefault(batch.commitment, index)
            if first != index:
                raise ProofInvalid(f"batch {index}: the commitment of batch {first}, registered twice")
            if not (1 <= batch.rows <= job.batch):
                raise ProofInvalid(f"batch {index}: {batch.rows} rows registered, the job allows 1 to {job.batch}")
            if not keys.batch_holds(batch.commitment, batch.knowledge):
                raise ProofInvalid(f"batch {index}: the proof of knowledge of its commitment does not hold")


def _batches_of(job: Job, rows: int) -> int:
    return -(-rows // job.batch)


def check_data(
    job: Job, x: npt.ArrayLike, y: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Features and labels as the job's integers, and how many features were clipped.

    Raises DataError for data that cannot be trained on: no rows, fewer batches than a round has local steps, NaN, a
    wrong shape, labels or targets that the job does not have.
    """
    if np.asarray(x).ndim == 2 and len(np.asarray(x)) == 0:
        raise DataError("the dataset is empty: a member needs at least one row")
    features, clipped = job.quantise(x)
    if (count := _batches_of(job, len(features))) < job.steps:
        raise DataError(
            f"{len(features)} rows are {count} batches, and a round of {job.steps} steps takes as many different ones: "
            "more rows, a smaller batch or fewer steps"
        )
    return features, job.labels(y, len(features)), clipped


class CommittedDataset:
    """The private side: integer batches and blinders of one member.

    >>> # dataset = CommittedDataset.commit(job, keys, x, y)     x: (rows, features), y: (rows,) of 0 and 1
    """

    def __init__(
        self,
        batches: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, bytes]],
        public: DatasetCommitment,
        clipped: int,
    ) -> None:
        self._batches = batches
        self.public = public
        self.clipped = clipped  # feature values that were clipped to the fixed-point range

    def __repr__(self) -> str:
        return f"CommittedDataset({len(self._batches)} batches, root {self.public.root.hex()[:16]})"

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def rows(self) -> int:
        """Real rows in all batches."""
        return sum(batch.rows for batch in self.public.batches)

    def batch(self, index: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, bytes]:
        """Features (batch, features), labels (batch,) or targets, real rows, blinder (32 bytes) of one batch."""
        return self._batches[index]

    @staticmethod
    def commit(job: Job, keys: Keys, x: npt.ArrayLike, y: npt.ArrayLike) -> CommittedDataset:
        """Quantise, shuffle with the system's generator, cut into batches as equal as can be, commit to each.

        x: (rows, features), real; y: (rows,) of labels, or targets (rows, outputs); keys: the job's Keys. Raises
        DataError as `check_data`.
        """
        features, labels, clipped = check_data(job, x, y)
        order = np.random.Generator(np.random.PCG64(secrets.randbits(256))).permutation(len(features))
        count = _batches_of(job, len(features))
        batches, public = [], []
        for part in np.array_split(order, count):
            rows = len(part)
            bx = np.zeros((job.batch, job.features), dtype=np.int64)
            by = np.zeros((job.batch, *labels.shape[1:]), dtype=np.int64)
            bx[:rows], by[:rows] = features[part], labels[part]
            blinder = random_blinder()
            public.append(BatchCommitment(rows, *keys.commit_batch(bx, by, rows, blinder)))
            batches.append((bx, by, rows, blinder))
        return CommittedDataset(batches, DatasetCommitment(tuple(public)), clipped)
