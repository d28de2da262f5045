"""Full verification of a ledger file in constant memory, naming the first record or block that does not hold.

What is checked, so that no change of what a reader can see goes unnoticed:
  every row's type and number; every frame's header, sequence and hash of the record before; the signatures of every
  record and of the member's message in it; the rules of each job; the key by which a record is found; every block's
  number, chain, signature and Merkle root; that no record stands outside a block; SQLite's own structure and index
  (integrity_check); the tables' definitions.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pyzkfl import encoding, merkle
from pyzkfl.encoding import Envelope
from pyzkfl.errors import LedgerError, PyzkflError
from pyzkfl.ledger import _framing
from pyzkfl.ledger.blocks import RECORD_HEADER, Block, SignedBlock
from pyzkfl.ledger.interface import VerifyProgress, VerifyReport
from pyzkfl.ledger.records import JobTerms
from pyzkfl.ledger.rules import Entry, Rules
from pyzkfl.ledger.storage import STORAGE_ERRORS, check_is_ledger, storage_error

__all__ = ["audit"]

_CHUNK = 512  # records read at a time; of so many the signatures are not yet checked, and of so many more being checked
_EMPTY_ROOT = merkle.root([])

_Item = tuple[bytes, bytes, bytes]  # public key, message, signature
_Signed = tuple[Callable[[], str], list[_Item]]  # name of what is signed


class _Audit:
    def __init__(self, connection: sqlite3.Connection, path: Path, progress: VerifyProgress | None) -> None:
        self.connection = connection
        self.progress = progress
        self.total = 0
        self.path = path
        self.rules = Rules()
        self.next_sequence = 0
        self.tip = b""  # what the next record must name as the one before it
        self.jobs = 0
        # Signatures are checked in bulk, by a thread of their own while the next records are read: they lag behind.
        self.unchecked: list[_Signed] = []
        self.checker = ThreadPoolExecutor(1, thread_name_prefix="pyzkfl-audit")
        self.in_check: tuple[list[_Signed], Future[list[bool]]] | None = None

    def broken(self, name: str, why: str) -> LedgerError:
        """The error to raise; or raises that of an earlier record or block whose signature was not yet looked at."""
        self.check_signatures()
        return LedgerError(f"{self.path}: {name} does not hold: {why}")

    def check_signatures(self) -> None:
        """All that were read so far."""
        self.begin_check()
        self.end_check()

    def begin_check(self) -> None:
        """Hand over what is not checked yet, once what was handed over before is found good."""
        self.end_check()
        # On one core: another reads on, which takes a little longer.
        group, self.unchecked = self.unchecked, []
        items = [item for _, items in group for item in items]
        self.in_check = group, self.checker.submit(encoding.verify_signatures, items, alone=True)

    def end_check(self) -> None:
        if self.in_check is None:
            return
        (group, future), self.in_check = self.in_check, None
        good = future.result()
        if all(good):
            return
        results = iter(good)
        for name, items in group:
            if not all(list(itertools.islice(results, len(items)))):
                raise LedgerError(
                    f"{self.path}: {name()} does not hold: its content was changed, for a signature does not fit it"
                )

    def signed(self, name: Callable[[], str], items: list[_Item]) -> None:
        self.unchecked.append((name, items))
        if len(self.unchecked) >= _CHUNK:
            self.begin_check()

    def run(self, known: SignedBlock | None) -> VerifyReport:
        check_is_ledger(self.connection, self.path)
        blocks = self.connection.execute("SELECT height, block, signature FROM blocks ORDER BY height")
        records = self.connection.execute("SELECT sequence, key, frame FROM records ORDER BY sequence")
        genesis = self.read_block(blocks.fetchone(), None)
        if self.progress:
            self.total = self.connection.execute("SELECT coalesce(max(sequence) + 1, 0) FROM records").fetchone()[0]
        head, found = genesis, known is None or known == genesis
        self.tip = genesis.block.tip
        for row in iter(blocks.fetchone, None):
            head = self.read_block(row, head)
            self.rules.begin_block(head.block.first, head.block.time_ms)
            self.read_records(records, head.block)
            self.rules.end_block(head.block)
            if self.progress:
                self.progress(self.next_sequence, self.total)
            found = found or known == head
        self.check_signatures()
        if records.fetchone() is not None:
            raise self.broken(f"record {self.next_sequence}", "it stands in no block")
        structure = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
        if structure != ("ok",):
            # SQLite calls a record by its row id, which is its sequence.
            text = structure[0].splitlines()[-1] if structure else "no answer"
            text = re.sub(r"^row (\d+) ", r"record \1 is ", text)
            raise self.broken("the file's structure", f"{text}; the records themselves hold")
        if known is not None and not found:
            raise self.broken(
                f"the ledger ({self.next_sequence} records)",
                f"it does not hold the known block {known.block.height} with {known.block.next_sequence} records: it "
                "was cut short or rewritten",
            )
        return VerifyReport(
            ledger_id=genesis.block.hash,
            operator=genesis.block.operator,
            blocks=head.block.height + 1,
            records=self.next_sequence,
            jobs=self.jobs,
            head=head,
            sealed=False,
        )

    def read_block(self, row: tuple[object, ...] | None, before: SignedBlock | None) -> SignedBlock:
        height = before.block.height + 1 if before else 0
        name = f"block {height} (records from {self.next_sequence})"
        if row is None:
            raise self.broken(name, "it is missing")
        stored, data, signature = row
        if stored != height or type(data) is not bytes or type(signature) is not bytes or len(signature) != 64:
            raise self.broken(name, "its row was changed, or a block is missing")
        try:
            block = Block.from_bytes(data)
        except PyzkflError as error:
            raise self.broken(name, str(error)) from None
        signed = SignedBlock(block, signature)
        self.signed(lambda: name, [signed.signed_item()])
        if before is None:
            good = (block.previous, block.first, block.count, block.root) == (bytes(32), 0, 0, _EMPTY_ROOT)
        else:
            good = block.previous == before.block.hash and block.operator == before.block.operator
            good = good and block.first == before.block.next_sequence and block.count > 0
            good = good and block.time_ms >= before.block.time_ms
        if not good or block.height != height:
            raise self.broken(name, "it does not follow the block before")
        return signed

    def read_records(self, cursor: sqlite3.Cursor, block: Block) -> None:
        hashes: list[bytes] = []
        while len(hashes) < block.count:
            hashes += self.read_chunk(cursor, min(_CHUNK, block.count - len(hashes)))
        if hashes[-1] != block.last or merkle.root_of_hashes(hashes) != block.root:
            last = block.next_sequence - 1
            raise self.broken(f"block {block.height} (records {block.first} to {last})", "its Merkle root is another")

    def read_chunk(self, cursor: sqlite3.Cursor, wanted: int) -> list[bytes]:
        """Check the next records of a block, all but their signatures; returns their hashes."""
        first = self.next_sequence
        rows: list[tuple[bytes, bytes]] = []
        problem = ""  # why the record after those in `rows` does not hold
        for number in range(first, first + wanted):
            try:
                row = cursor.fetchone()
            except STORAGE_ERRORS as error:
                problem = f"it cannot be read: {error}"
                break
            if row is None or row[0] != number:
                problem = "it is missing"
                break
            if type(row[1]) is not bytes or type(row[2]) is not bytes:
                problem = "its row was changed"
                break
            rows.append((row[1], row[2]))
        hashes = _framing.check_frames(RECORD_HEADER, first, self.tip, [frame for _, frame in rows])
        for key, frame in rows[: len(hashes)]:
            self.read_one(key, frame)
        if len(hashes) < len(rows):
            problem = "its header or number was changed, or it does not name the record before it"
        if problem:
            raise self.broken(f"record {self.next_sequence}", problem)
        self.tip = hashes[-1]
        return hashes

    def read_one(self, key: bytes, frame: bytes) -> None:
        """A record whose frame has its place in the chain."""
        sequence = self.next_sequence
        _, _, signer, signature, artefact = _framing.split_frame(frame)
        try:
            entry = Entry.read(Envelope(artefact, signer, signature))
        except PyzkflError as error:
            raise self.broken(f"record {sequence}", str(error)) from None

        def name() -> str:
            return f"record {sequence} ({entry.record})"

        self.signed(name, entry.signed_items())
        try:
            self.rules.apply(entry)
        except LedgerError as error:
            raise self.broken(name(), str(error)) from None
        if key != entry.record.key(signer):
            raise self.broken(name(), "the key by which it is found was changed")
        self.jobs += isinstance(entry.record, JobTerms)
        self.next_sequence += 1


def audit(
    connection: sqlite3.Connection, path: Path, known: SignedBlock | None, progress: VerifyProgress | None
) -> VerifyReport:
    """Verify what the connection sees, in one snapshot; LedgerError names what does not hold.

    known: a block that the ledger must hold. `sealed` in the report is left False.
    """
    run = _Audit(connection, path, progress)
    try:
        connection.execute("BEGIN")
        try:
            return run.run(known)
        finally:
            connection.execute("ROLLBACK")
    except STORAGE_ERRORS as error:
        run.check_signatures()
        raise storage_error(path, error, f"from record {run.next_sequence}") from None
    finally:
        run.checker.shutdown()
