"""Turns what a coordinator sees into ledger records (pyzkfl.ledger.records), and appends them.

The ledger is optional: with none, every call does nothing, and all proofs and sums are checked all the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import encoding
from pyzkfl.dataset import DatasetCommitment
from pyzkfl.job import Job
from pyzkfl.ledger import Ledger, records
from pyzkfl.messages import Evidence, Message
from pyzkfl.proofs import Aggregate, Submission
from pyzkfl.statement import weights_digest

__all__ = ["EVIDENCE_BYTES_MAX", "Recorder"]

EVIDENCE_BYTES_MAX = 8192  # a submission has about 800 bytes: nobody fills the ledger with false ones


def sum_digest(total: npt.NDArray[np.int64]) -> bytes:
    """SHA-256 of a sum of updates, in the layout of the weights' digest (docs/formats.md)."""
    return weights_digest(total)


class Recorder:
    """Signs and appends the records of one job. ledger: None to record nothing; identity: the coordinator's key."""

    def __init__(self, ledger: Ledger | None, identity: Any = None) -> None:
        self._ledger = ledger
        self._identity = identity
        self._terms = b""
        self._pending: list[bytes] = []
        self._refusals: dict[tuple[str, int], int] = {}

    def _add(self, record: records.Record) -> None:
        if self._ledger is not None:
            self._pending.append(record.seal(self._identity))

    def flush(self) -> None:
        """Append what is pending, durably: when this returns, it is on the record.

        LedgerError if it cannot be; what was not appended is pending still, and the next call goes on there.
        """
        if self._ledger is None:
            return
        for batch in self._ledger.batches(self._pending):
            self._ledger.append(batch)
            self._pending = self._pending[len(batch) :]

    def terms(self, job: Job) -> None:
        """The job before its setup."""
        self._terms = job.terms_digest
        self._add(records.JobTerms(self._terms, job.to_bytes()))

    def accepted(self, name: str, message: bytes) -> None:
        """A member agreed to the terms."""
        self._add(records.MemberAccepted(self._terms, name, message))

    def contribution(self, name: str, phase: int, record: bytes) -> None:
        """A contribution to the setup, by its public record."""
        self._add(records.SetupContribution(self._terms, phase, name, record))

    def setup_verified(self, name: str, job: Job, message: bytes) -> None:
        """A member verified the setup and derived the job's keys from it."""
        self._add(records.SetupFinal(self._terms, name, message, job.verifying_key, job.commitment_key, job.setup))

    def dataset(self, name: str, dataset: DatasetCommitment, message: bytes) -> None:
        """A member's dataset commitment."""
        rows = sum(batch.rows for batch in dataset.batches)
        self._add(records.Dataset(self._terms, name, message, dataset.root, len(dataset.batches), rows))

    def beacon_commit(self, name: str, message: Message, sealed: bytes) -> None:
        """A member's commitment to its nonce."""
        self._add(records.BeaconCommit(self._terms, name, sealed, 0, message.body["commitment"]))

    def beacon_reveal(self, name: str, message: Message, sealed: bytes) -> None:
        """A member's nonce."""
        self._add(records.BeaconReveal(self._terms, name, sealed, 0, message.body["nonce"]))

    def beacon(self, value: bytes) -> None:
        """The beacon."""
        self._add(records.Beacon(self._terms, 0, value))
        self.flush()

    def round_start(self, round_: int, weights: bytes) -> None:
        """A round begins with these weights (digest)."""
        self._add(records.RoundStart(self._terms, round_, weights))

    def submission(self, name: str, round_: int, submission: Submission, sealed: bytes) -> None:
        """An accepted submission; the member's message carries C(D) and the proof."""
        proof = encoding.digest(submission.proof.to_bytes())
        commitment = submission.statement.update_commitment
        self._add(records.Submission(self._terms, name, sealed, round_, commitment, proof))

    def refusal(self, name: str, round_: int, check: str, reason: str, evidence: bytes = b"") -> None:
        """Somebody was refused in a round, by which check. evidence: its sealed submission, where that is false.

        A submission larger than any true one (EVIDENCE_BYTES_MAX) is not kept; the refusal is.
        """
        evidence = evidence if len(evidence) <= EVIDENCE_BYTES_MAX else b""
        number = self._refusals.get((name, round_), 0)
        self._refusals[name, round_] = number + 1
        self._add(records.Refusal(self._terms, round_, name, number, check, reason[:1900], evidence))

    def aggregate(self, checked: Aggregate, evidence: Evidence) -> None:
        """The opened sum and the next weights; durable when this returns."""
        self._add(
            records.Aggregate(
                self._terms,
                checked.round,
                checked.survivors,
                sum_digest(checked.total),
                checked.commitment,
                evidence.blinder,
            )
        )
        self._add(records.Weights(self._terms, checked.round, weights_digest(checked.weights)))
        self.flush()

    def void(self, round_: int, reason: str) -> None:
        """A round without a sum."""
        self._add(records.Void(self._terms, round_, reason[:1900]))
        self.flush()

    def finish(self, rounds: int, weights: npt.NDArray[np.int64]) -> None:
        """The job is over."""
        self._add(records.Finish(self._terms, rounds, weights_digest(weights)))
        self.flush()
