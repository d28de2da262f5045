"""Full verification of a ledger file in constant memory, naming the first record or block that does not hold.

What is checked, so that no change of what a reader can see goes unnoticed:
  every row's type and number; every frame's header, sequence and hash of the record before; the signatures of every
  record and of the member's message in it; the rules of each job; the key by which a record is found; every block's
  number, chain, signature and Merkle root; that no record stands outside a block; SQLite's own structure and index
  (integrity_check); the tables' definitions.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

from pyzkfl import encoding, merkle
from pyzkfl.encoding import Envelope
from pyzkfl.errors import LedgerError, PyzkflError
from pyzkfl.ledger import _framing
from pyzkfl.ledger.blocks import RECORD_HEADER, Block, SignedBlock
from pyzkfl.ledger.interface import VerifyReport
from pyzkfl.ledger.records import JobTerms
from pyzkfl.ledger.rules import Entry, Rules, signatures_hold
from pyzkfl.ledger.storage import check_is_ledger, storage_error

__all__ = ["audit"]

_CHUNK = 1024  # records held at a time
_EMPTY_ROOT = merkle.root([])


@dataclasses.dataclass
class _Progress:
    next_sequence: int = 0
    tip: bytes = b""
    jobs: int = 0


class _Audit:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self.rules = Rules()
        self.at = _Progress()

    def broken(self, what: str, why: str) -> LedgerError:
        return LedgerError(f"{self.path}: {what} does not hold: {why}")

    def run(self, known: SignedBlock | None) -> VerifyReport:
        check_is_ledger(self.connection, self.path)
        blocks = self.connection.execute("SELECT height, block, signature FROM blocks ORDER BY height")
        records = self.connection.execute("SELECT sequence, key, frame FROM records ORDER BY sequence")
        genesis = self.read_block(blocks.fetchone(), None)
        head, found = genesis, known is None or known == genesis
        self.at.tip = genesis.block.tip
        for row in iter(blocks.fetchone, None):
            signed = self.read_block(row, head)
            self.read_records(records, signed.block)
            head = signed
            found = found or known == signed
        extra = records.fetchone()
        if extra is not None:
            raise self.broken(f"record {self.at.next_sequence}", "it stands in no block")
        self.check_structure()
        if known is not None and not found:
            raise self.broken(
                f"the ledger ({head.block.next_sequence} records)",
                f"it does not hold the known block {known.block.height} with {known.block.next_sequence} records: it "
                "was cut short or rewritten",
            )
        return VerifyReport(
            ledger_id=genesis.block.hash,
            operator=genesis.block.operator,
            blocks=head.block.height + 1,
            records=self.at.next_sequence,
            jobs=self.at.jobs,
            head=head,
            sealed=False,
        )

    def read_block(self, row: tuple[object, ...] | None, before: SignedBlock | None) -> SignedBlock:
        height = before.block.height + 1 if before else 0
        name = f"block {height} (records from {self.at.next_sequence})"
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
        operator = before.block.operator if before else block.operator
        if not encoding.verify_signatures([signed.signed_item()])[0] or block.operator != operator:
            raise self.broken(name, "its signature is not the operator's over this block")
        if before is None:
            good = (block.previous, block.first, block.count, block.root) == (bytes(32), 0, 0, _EMPTY_ROOT)
        else:
            good = block.previous == before.block.hash and block.first == before.block.next_sequence and block.count > 0
            good = good and block.time_ms >= before.block.time_ms
        if not good or block.height != height:
            raise self.broken(name, "it does not follow the block before")
        return signed

    def read_records(self, rows: sqlite3.Cursor, block: Block) -> None:
        hashes: list[bytes] = []
        while len(hashes) < block.count:
            hashes += self.read_chunk(rows, min(_CHUNK, block.count - len(hashes)))
        if hashes[-1] != block.last or merkle.root_of_hashes(hashes) != block.root:
            last = block.next_sequence - 1
            raise self.broken(f"block {block.height} (records {block.first} to {last})", "its Merkle root is another")

    def read_chunk(self, cursor: sqlite3.Cursor, wanted: int) -> list[bytes]:
        """Check the next records of a block; returns their hashes."""
        first = self.at.next_sequence
        rows: list[tuple[bytes, bytes]] = []
        problem = ""  # why the record after those in `rows` does not hold
        for number in range(first, first + wanted):
            try:
                row = cursor.fetchone()
            except sqlite3.Error as error:
                problem = f"it cannot be read: {error}"
                break
            if row is None or row[0] != number:
                problem = "it is missing"
                break
            if type(row[1]) is not bytes or type(row[2]) is not bytes:
                problem = "its row was changed"
                break
            rows.append((row[1], row[2]))
        frames = [frame for _, frame in rows]
        hashes = _framing.check_frames(RECORD_HEADER, first, self.at.tip, frames)
        if len(hashes) < len(rows):
            problem = "its header or number was changed, or it does not name the record before it"
        entries: list[Entry] = []
        for frame in frames[: len(hashes)]:
            try:
                _, _, signer, signature, artefact = _framing.split_frame(frame)
                entries.append(Entry.read(Envelope(artefact, signer, signature)))
            except PyzkflError as error:
                problem = str(error)
                break
        for index, good in enumerate(signatures_hold(entries)):
            if not good:
                entries, problem = entries[:index], "its content was changed: a signature does not hold"
                break
        for index, entry in enumerate(entries):
            name = f"record {first + index} ({entry.record})"
            try:
                self.rules.apply(entry)
            except LedgerError as error:
                raise self.broken(name, str(error)) from None
            if rows[index][0] != entry.record.key(entry.envelope.signer):
                raise self.broken(name, "the key by which it is found was changed")
            self.at.jobs += isinstance(entry.record, JobTerms)
        if problem:
            raise self.broken(self.name_of(first + len(entries), rows[len(entries) :]), problem)
        self.at.next_sequence += len(hashes)
        self.at.tip = hashes[-1]
        return hashes

    def name_of(self, sequence: int, rows: list[tuple[bytes, bytes]]) -> str:
        """A record that does not hold, with its kind where that can still be read."""
        try:
            artefact = _framing.split_frame(rows[0][1])[-1]
            return f"record {sequence} ({Entry.read(Envelope(artefact, b'', b'')).record})"
        except (IndexError, ValueError):  # gone or unreadable; every DecodeError is a ValueError
            return f"record {sequence}"

    def check_structure(self) -> None:
        row = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
        if row != ("ok",):
            raise self.broken("the file's structure", f"{row[0] if row else 'no answer'}; every record can be read")


def audit(connection: sqlite3.Connection, path: Path, known: SignedBlock | None) -> VerifyReport:
    """Verify what the connection sees, in one snapshot; LedgerError names what does not hold.

    known: a block that the ledger must hold. `sealed` in the report is left False.
    """
    run = _Audit(connection, path)
    try:
        connection.execute("BEGIN")
        try:
            return run.run(known)
        finally:
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise storage_error(path, error, f"from record {run.at.next_sequence}") from None
