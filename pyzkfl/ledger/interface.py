"""What every ledger can do, whatever keeps its records. The embedded backend is `SqliteLedger`.

append signed records -> a block; find, iterate, prove one record; verify the whole.
"""

from __future__ import annotations

import abc
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from pyzkfl.encoding import Kind
from pyzkfl.ledger.blocks import InclusionProof, SignedBlock, StoredRecord
from pyzkfl.ledger.economy import Economy
from pyzkfl.ledger.records import Aggregate, Record, Refusal, Submission
from pyzkfl.ledger.rules import Entry, Rules

__all__ = ["Ledger", "VerifyProgress", "VerifyReport", "replay"]

VerifyProgress = Callable[[int, int], None]  # records checked, records in all


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """A ledger that holds. ledger_id: hash of the genesis block; head: the newest block; jobs: how many were begun.

    sealed: every byte of the file was compared with the seal of its last clean close, unused ones included; False for
    a ledger that is open, or whose writer was killed.
    """

    ledger_id: bytes
    operator: bytes
    blocks: int
    records: int
    jobs: int
    head: SignedBlock
    sealed: bool


class Ledger(abc.ABC):
    """An append-only sequence of signed records in signed blocks. Use as a context manager, or call `close`."""

    @abc.abstractmethod
    def append(self, records: Iterable[bytes]) -> SignedBlock:
        """Add sealed records (`Record.seal`) as one block, all or none; on return they are durable.

        Raises LedgerError for a record out of order, twice, signed by somebody who may not, or when the store cannot
        take it; DecodeError or UnsupportedVersion for malformed bytes; ParameterError for an empty list or a batch
        that is too large.
        """

    def batches(self, records: Sequence[bytes]) -> list[list[bytes]]:
        """Cut sealed records, in order, into parts that `append` takes: one, where the store takes them all at once."""
        return [list(records)] if records else []

    @abc.abstractmethod
    def head(self) -> SignedBlock:
        """The newest block. Keep it elsewhere: `verify(head=...)` then finds whether the ledger was cut short."""

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many records there are."""

    @abc.abstractmethod
    def record(self, sequence: int) -> StoredRecord:
        """The record of a sequence number, from 0; LedgerError if there is none."""

    @abc.abstractmethod
    def records(self, *, start: int = 0, kind: Kind | None = None, job: bytes | None = None) -> Iterator[StoredRecord]:
        """Records in order, from sequence `start`, of one kind and one job (terms digest) if given."""

    @abc.abstractmethod
    def find(self, kind: type[Record], job: bytes, **key: Any) -> StoredRecord | None:
        """The one record of a key, e.g. find(Submission, job, round=3, member="north"); None if there is none."""

    @abc.abstractmethod
    def find_all(self, kind: type[Record], job: bytes, **prefix: Any) -> list[StoredRecord]:
        """Records of a kind and job in order of their keys, e.g. find_all(Submission, job, round=3)."""

    @abc.abstractmethod
    def prove(self, sequence: int) -> InclusionProof:
        """That the record of this sequence number stands in a signed block; checked without the ledger."""

    @abc.abstractmethod
    def verify(self, *, head: SignedBlock | None = None, progress: VerifyProgress | None = None) -> VerifyReport:
        """Check every byte that a reader sees: chain, Merkle roots, signatures, rules. Memory does not grow with size.

        head: a block known from elsewhere; the ledger must hold it. progress: called after each block. Raises
        LedgerError naming the first record or block that does not hold.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Release the store. A second call does nothing."""

    def blocks(self) -> Iterator[SignedBlock]:
        """The blocks that hold records, in order."""
        sequence = 0
        while sequence < len(self):
            signed = self.prove(sequence).head
            yield signed
            sequence = signed.block.next_sequence

    def economy(self) -> Economy | None:
        """Tokens, stakes, reputations and votes as the records have them; None for a ledger without an economy.

        The whole ledger is read, and nothing verified. LedgerError for records that break a rule: run `verify`.
        """
        return replay(self, history=True).economy

    def verdicts(self, job: bytes, round: int) -> dict[str, str]:
        """Member -> "accepted" (in the opened sum), "submitted" (no sum yet), or the check that refused it."""
        refused = {
            s.record.member: s.record.check
            for s in self.find_all(Refusal, job, round=round)
            if isinstance(s.record, Refusal)
        }
        verdicts = {name: check for name, check in refused.items() if name}
        for stored in self.find_all(Submission, job, round=round):
            if isinstance(stored.record, Submission):
                verdicts[stored.record.member] = "submitted"
        aggregate = self.find(Aggregate, job, round=round)
        if aggregate is not None and isinstance(aggregate.record, Aggregate):
            verdicts.update(dict.fromkeys(aggregate.record.survivors, "accepted"))
        return verdicts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def replay(ledger: Ledger, *, history: bool = False) -> Rules:
    """The rules as they stand after the ledger's last record; history: keep what each round paid."""
    rules = Rules()
    records = ledger.records()
    for signed in ledger.blocks():
        block = signed.block
        rules.begin_block(block.first, block.time_ms)
        for stored in itertools.islice(records, block.count):
            rules.apply(Entry.read(stored.envelope()))
            if rules.economy is not None:
                rules.economy.history = history
        rules.end_block(block)
    return rules
