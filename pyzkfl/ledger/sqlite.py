"""The embedded ledger: one SQLite file (write-ahead log, every commit on the disk before it is acknowledged).

Any number of processes may read while one at a time appends; each append takes SQLite's write lock, looks at the
newest block again and chains to it. A batch is one transaction: all of it or nothing is there afterwards, whatever
happens to the process.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyzkfl import merkle
from pyzkfl.encoding import Envelope, Kind, Signer
from pyzkfl.errors import LedgerError, ParameterError, PyzkflError
from pyzkfl.ledger import _framing
from pyzkfl.ledger.audit import audit
from pyzkfl.ledger.blocks import RECORD_HEADER, Block, InclusionProof, SignedBlock, StoredRecord
from pyzkfl.ledger.economy_records import EconomyTerms
from pyzkfl.ledger.interface import Ledger, VerifyProgress, VerifyReport, replay
from pyzkfl.ledger.records import RECORD_BYTES_MAX, JobTerms, Record, RoundStart
from pyzkfl.ledger.rules import Entry, JobState, Rules, signatures_hold
from pyzkfl.ledger.seal import check_seal, log_path, remove_seal, write_seal
from pyzkfl.ledger.storage import (
    APPLICATION_ID,
    FORMAT,
    SCHEMA,
    STORAGE_ERRORS,
    check_is_ledger,
    connect,
    fingerprint,
    prepare_for_writing,
    storage_error,
)

__all__ = ["BATCH_MAX", "SqliteLedger"]

BATCH_MAX = 65536  # records of one block: verification holds their hashes
_PAGE = 512  # records read at a time
_SETUP_KINDS = (Kind.LEDGER_JOB, Kind.LEDGER_BEACON)  # first and last kind before the rounds
_ROUND_KINDS = (Kind.LEDGER_SUBMISSION, Kind.LEDGER_VOID, Kind.LEDGER_AGGREGATE, Kind.LEDGER_WEIGHTS)


class SqliteLedger(Ledger):
    """A ledger in one file. Make one with `create`, open it with `open`.

    >>> import tempfile, pathlib
    >>> from pyzkfl._core.identity import IdentityKey
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "training.ledger"
    >>> with SqliteLedger.create(path, operator=IdentityKey.generate()) as ledger:
    ...     len(ledger), ledger.head().block.height
    (0, 0)
    >>> SqliteLedger.open(path).verify().sealed
    True
    """

    def __init__(self, path: Path, operator: Signer | None, timeout: float) -> None:
        """Use `create` or `open`."""
        self.path = path
        self._operator = operator
        self._timeout = timeout
        self._lock = threading.RLock()
        self._rules = Rules(self._load_state)
        self._head: SignedBlock | None = None  # as of the last append or its attempt
        self._appended = False
        self._fingerprint = fingerprint(path) if path.exists() else None
        self._open_connection: sqlite3.Connection | None = connect(path, write=operator is not None, timeout=timeout)

    @staticmethod
    def create(path: str | os.PathLike[str], operator: Signer, *, timeout: float = 5.0) -> SqliteLedger:
        """A new, empty ledger whose blocks `operator` signs; open for appending.

        timeout: seconds to wait for another process's lock. Raises LedgerError when the file exists or cannot be made.
        """
        path = Path(path)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            raise LedgerError(f"{path} exists and is never overwritten: open it, or choose another path") from None
        except OSError as error:
            raise LedgerError(f"{path} cannot be made: {error.strerror}; check the path and its permissions") from None
        ledger = None
        try:
            ledger = SqliteLedger(path, operator, timeout)
            ledger._write_genesis(operator)
        except BaseException:
            if ledger is not None:
                ledger._connection().close()
            for leftover in (path, log_path(path), Path(f"{path}-shm")):
                leftover.unlink(missing_ok=True)
            raise
        return ledger

    def _write_genesis(self, operator: Signer) -> None:
        genesis = Block(
            height=0, previous=bytes(32), first=0, count=0, root=merkle.root([]), last=secrets.token_bytes(32),
            time_ms=time.time_ns() // 1_000_000, operator=bytes(operator.public_bytes),
        )  # fmt: skip
        self._appended = True
        prepare_for_writing(self._connection(), self.path)
        with self._transaction() as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            for statement in SCHEMA:
                connection.execute(statement)
            self._insert_block(connection, SignedBlock.sign(operator, genesis))

    @staticmethod
    def open(path: str | os.PathLike[str], operator: Signer | None = None, *, timeout: float = 5.0) -> SqliteLedger:
        """An existing ledger: for reading, or with its operator's key for appending.

        Raises LedgerError for a file that is not a ledger of ours, is locked or unreadable, or has another operator;
        UnsupportedVersion for a format that this release does not read. What it holds is checked by `verify`, not here.
        """
        ledger = SqliteLedger(Path(path), operator, timeout)
        try:
            check_is_ledger(ledger._connection(), ledger.path)
            head = ledger.head()
            if operator is None:
                return ledger
            if head.block.operator != bytes(operator.public_bytes):
                raise LedgerError(
                    f"{path} is operated by {head.block.operator.hex()[:16]}..., not by the key given: only its "
                    "operator appends; open it without a key to read"
                )
            prepare_for_writing(ledger._connection(), ledger.path)
        except BaseException:
            ledger.close()
            raise
        return ledger

    # -- reading ---------------------------------------------------------------------------------------------------

    def _connection(self) -> sqlite3.Connection:
        """The connection; a reader's is made again when a writer came or went since."""
        if self._open_connection is None:
            raise LedgerError(f"{self.path}: the ledger is closed")
        if self._operator is None:
            now = fingerprint(self.path) if self.path.exists() else None
            if now != self._fingerprint:
                self._open_connection.close()
                self._open_connection = connect(self.path, write=False, timeout=self._timeout)
                self._fingerprint = now
        return self._open_connection

    def _query(self, sql: str, *parameters: object) -> list[Any]:
        with self._lock:
            try:
                return self._connection().execute(sql, parameters).fetchall()
            except STORAGE_ERRORS as error:
                raise storage_error(self.path, error) from None

    def _read_block(self, rows: list[Any]) -> SignedBlock:
        try:
            data, signature = rows[0]
            return SignedBlock(Block.from_bytes(data), signature)
        except (IndexError, PyzkflError) as error:
            raise LedgerError(f"{self.path}: a block cannot be read: {error}; run `pyzkfl ledger verify`") from None

    def _read_record(self, sequence: int, frame: bytes) -> StoredRecord:
        try:
            return StoredRecord.from_frame(frame)
        except PyzkflError as error:
            raise LedgerError(
                f"{self.path}: record {sequence} cannot be read: {error}; run `pyzkfl ledger verify`"
            ) from None

    def head(self) -> SignedBlock:
        return self._read_block(self._query("SELECT block, signature FROM blocks ORDER BY height DESC LIMIT 1"))

    def __len__(self) -> int:
        return self.head().block.next_sequence

    def record(self, sequence: int) -> StoredRecord:
        rows = self._query("SELECT frame FROM records WHERE sequence = ?", sequence)
        if not rows:
            raise LedgerError(f"{self.path}: there is no record {sequence}; the ledger holds {len(self)}")
        return self._read_record(sequence, rows[0][0])

    def records(self, *, start: int = 0, kind: Kind | None = None, job: bytes | None = None) -> Iterator[StoredRecord]:
        while True:
            rows = self._query(
                "SELECT sequence, frame FROM records WHERE sequence >= ? ORDER BY sequence LIMIT ?", start, _PAGE
            )
            for sequence, frame in rows:
                stored = self._read_record(sequence, frame)
                if (kind is None or stored.record.KIND is kind) and (job is None or stored.record.job == job):
                    yield stored
            if len(rows) < _PAGE:
                return
            start = rows[-1][0] + 1

    def find(self, kind: type[Record], job: bytes, **key: Any) -> StoredRecord | None:
        if set(key) != set(kind.KEY):
            raise ParameterError(f"the key of a {kind.label()} record is job, {', '.join(kind.KEY) or 'nothing else'}")
        rows = self._query("SELECT sequence, frame FROM records WHERE key = ?", kind.key_for(job, **key))
        return self._read_record(*rows[0]) if rows else None

    def find_all(self, kind: type[Record], job: bytes, **prefix: Any) -> list[StoredRecord]:
        if tuple(prefix) != kind.KEY[: len(prefix)]:
            raise ParameterError(f"give the parts of the key in their order: {', '.join(kind.KEY) or 'job alone'}")
        return [self._read_record(*row) for row in self._range(kind.key_for(job, **prefix))]

    def _range(self, prefix: bytes, last: bytes | None = None) -> list[Any]:
        """Sequences and frames of the keys from `prefix` to those that begin with `last` (default: with prefix)."""
        end = (prefix if last is None else last) + b"\xff" * 256
        return self._query("SELECT sequence, frame FROM records WHERE key >= ? AND key <= ? ORDER BY key", prefix, end)

    def prove(self, sequence: int) -> InclusionProof:
        frame = self.record(sequence).frame()
        low, high = 1, self.head().block.height
        while low < high:  # the first block that ends behind the record
            middle = (low + high) // 2
            if self._block(middle).block.next_sequence > sequence:
                high = middle
            else:
                low = middle + 1
        signed = self._block(low)
        rows = self._query(
            "SELECT frame FROM records WHERE sequence >= ? AND sequence < ? ORDER BY sequence",
            signed.block.first,
            signed.block.next_sequence,
        )
        path = merkle.inclusion_proof([merkle.leaf_hash(row[0]) for row in rows], sequence - signed.block.first)
        return InclusionProof(frame, tuple(path), signed)

    def _block(self, height: int) -> SignedBlock:
        return self._read_block(self._query("SELECT block, signature FROM blocks WHERE height = ?", height))

    def verify(self, *, head: SignedBlock | None = None, progress: VerifyProgress | None = None) -> VerifyReport:
        with self._lock:
            report = audit(self._connection(), self.path, head, progress)
        try:
            sealed = check_seal(self.path)
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be read: {error.strerror}") from None
        return VerifyReport(**{**vars(report), "sealed": sealed})

    # -- appending -------------------------------------------------------------------------------------------------

    def append(self, records: Iterable[bytes]) -> SignedBlock:
        entries = [self._read_sealed(data) for data in records]
        if self._operator is None:
            raise LedgerError(f"{self.path} is open for reading: open it with its operator's key to append")
        if not 1 <= len(entries) <= BATCH_MAX:
            raise ParameterError(f"a batch has 1 to {BATCH_MAX} records, got {len(entries)}")
        for entry, good in zip(entries, signatures_hold(entries), strict=True):
            if not good:
                raise LedgerError(f"{entry.record}: a signature does not hold; it was refused")
        with self._lock, self._transaction() as connection:
            head = self.head()
            if head != self._head:  # another process appended, or nothing was read yet
                self._rules = self._rules_now(head.block)
                self._head = head
            now = max(head.block.time_ms, time.time_ns() // 1_000_000)
            self._rules.begin_block(head.block.next_sequence, now)
            for entry in entries:
                self._rules.apply(entry)
            parts = [(e.envelope.signer, e.envelope.signature, e.envelope.artefact) for e in entries]
            first = head.block.next_sequence
            frames, hashes = _framing.frame_records(RECORD_HEADER, first, head.block.tip, parts)
            self._insert_records(connection, first, entries, frames)
            block = Block(
                height=head.block.height + 1, previous=head.block.hash, first=first, count=len(frames),
                root=merkle.root_of_hashes(hashes), last=hashes[-1],
                time_ms=now, operator=head.block.operator,
            )  # fmt: skip
            signed = SignedBlock.sign(self._operator, block)
            self._insert_block(connection, signed)
        self._rules.end_block(signed.block)
        self._head = signed
        return signed

    def _rules_now(self, newest: Block) -> Rules:
        """Jobs are loaded when they are met; an economy is a fold over all records, so they are all read."""
        if newest.next_sequence > 0 and isinstance(self.record(0).record, EconomyTerms):
            rules = replay(self)
            rules.load = self._load_state
            return rules
        return Rules(self._load_state)

    def blocks(self) -> Iterator[SignedBlock]:
        height = 1
        while True:
            rows = self._query(
                "SELECT block, signature FROM blocks WHERE height >= ? ORDER BY height LIMIT ?", height, _PAGE
            )
            for row in rows:
                yield self._read_block([row])
            if len(rows) < _PAGE:
                return
            height += len(rows)

    @staticmethod
    def _read_sealed(data: bytes) -> Entry:
        envelope = Envelope.from_bytes(data, size_max=RECORD_BYTES_MAX + 1024)
        return Entry.read(envelope)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. After an error what was known about the jobs is read again."""
        connection = self._connection()
        try:
            try:
                self._unseal(connection)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, PyzkflError):  # ours, before anything was committed
                    self._rules.undo_block()
                else:
                    self._head, self._rules = None, Rules(self._load_state)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except STORAGE_ERRORS as error:
            raise storage_error(self.path, error) from None
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be written: {error.strerror}") from None

    def _unseal(self, connection: sqlite3.Connection) -> None:
        if not self._appended:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            remove_seal(self.path, pages * connection.execute("PRAGMA page_size").fetchone()[0])
            self._appended = True

    @staticmethod
    def _insert_block(connection: sqlite3.Connection, signed: SignedBlock) -> None:
        row = (signed.block.height, signed.block.to_bytes(), signed.signature)
        connection.execute("INSERT INTO blocks VALUES (?, ?, ?)", row)

    @staticmethod
    def _insert_records(connection: sqlite3.Connection, first: int, entries: list[Entry], frames: list[bytes]) -> None:
        for offset, (entry, frame) in enumerate(zip(entries, frames, strict=True)):
            key = entry.record.key(entry.envelope.signer)
            try:
                connection.execute("INSERT INTO records VALUES (?, ?, ?)", (first + offset, key, frame))
            except sqlite3.IntegrityError:
                raise LedgerError(f"{entry.record}: it is on the ledger already; it was refused") from None

    def _load_state(self, job: bytes) -> JobState | None:
        """Where a job stands, from its records before the rounds and those of its newest round."""
        first, last = (job + bytes([kind]) for kind in _SETUP_KINDS)
        rows = self._range(first, last)
        refusals = job + bytes([Kind.LEDGER_REFUSAL]) + bytes(4)  # round -1
        rows += self._range(refusals)
        entries = [Entry.read(self._read_record(*row).envelope()) for row in sorted(rows)]
        if not entries or not isinstance(entries[0].record, JobTerms):
            return None
        state = JobState(entries[0])
        for entry in entries[1:]:
            state.apply(entry)
        prefix = job + bytes([Kind.LEDGER_ROUND_START])
        newest = self._query("SELECT max(key) FROM records WHERE key >= ? AND key <= ?", prefix, prefix + b"\xff" * 5)
        rows = []
        if newest[0][0] is not None:
            number = newest[0][0][len(prefix) :]
            for kind in (Kind.LEDGER_ROUND_START, *_ROUND_KINDS):
                rows += self._range(job + bytes([kind]) + number)
        rows += self._range(job + bytes([Kind.LEDGER_FINISH]))
        for row in sorted(rows):
            entry = Entry.read(self._read_record(*row).envelope())
            if isinstance(entry.record, RoundStart):
                state.resume(entry.record)
            state.apply(entry)
        return state

    def close(self) -> None:
        """Release the file; the last writer to close it moves the log into it and seals it."""
        with self._lock:
            connection, self._open_connection = self._open_connection, None
            if connection is None:
                return
            try:
                if self._operator is not None:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error:
                pass  # a reader holds the log: what was acknowledged is in it, and the next to open it goes on
            finally:
                connection.close()
            if self._appended:
                try:
                    write_seal(self.path)
                except OSError as error:
                    raise LedgerError(
                        f"{self.path}: every record is stored, but the file could not be sealed: {error.strerror}"
                    ) from None
