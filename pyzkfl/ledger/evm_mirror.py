"""A local copy of the blocks that a chain holds, in the file format of the embedded ledger, so that both are read and
verified by the same code. The chain is the ledger; the copy is made anew from it and is thrown away.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyzkfl.errors import LedgerError
from pyzkfl.ledger.blocks import SignedBlock, StoredRecord
from pyzkfl.ledger.sqlite import SqliteLedger
from pyzkfl.ledger.storage import APPLICATION_ID, FORMAT, SCHEMA, connect, prepare_for_writing

__all__ = ["Mirror"]


class Mirror:
    """Blocks in order, in a temporary file. name: what the ledger is called in errors. Call `close`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="pyzkfl-chain-")
        self._path = Path(self._folder.name) / "mirror.ledger"
        self._path.touch()
        self._connection = connect(self._path, write=True, timeout=5.0)
        prepare_for_writing(self._connection, self._path)
        self._connection.execute("PRAGMA synchronous = OFF")  # what is lost is read from the chain again
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        for statement in SCHEMA:
            self._connection.execute(statement)
        self.height = -1  # of the newest block

    def add(self, signed: SignedBlock, records: Sequence[StoredRecord]) -> None:
        """The next block with its records; the caller has checked them. All or nothing."""
        rows = [(stored.sequence, stored.record.key(stored.signer), stored.frame()) for stored in records]
        block = signed.block
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            row = (block.height, block.to_bytes(), signed.signature)
            self._connection.execute("INSERT INTO blocks VALUES (?, ?, ?)", row)
        self.height = block.height

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the keys that a record has."""
        found = (self._connection.execute("SELECT key FROM records WHERE key = ?", (key,)).fetchone() for key in keys)
        return {row[0] for row in found if row is not None}

    def block(self, height: int) -> tuple[bytes, bytes, list[bytes]]:
        """Bytes of a block, its operator's signature, the frames of its records."""
        row = self._connection.execute("SELECT block, signature FROM blocks WHERE height = ?", (height,)).fetchone()
        first = int.from_bytes(row[0][47:55], "little")
        count = int.from_bytes(row[0][55:59], "little")
        frames = self._connection.execute(
            "SELECT frame FROM records WHERE sequence >= ? AND sequence < ? ORDER BY sequence", (first, first + count)
        )
        return row[0], row[1], [frame for (frame,) in frames]

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqliteLedger]:
        """The copy as an embedded ledger, open for reading; its errors name the chain."""
        try:
            with SqliteLedger.open(self._path) as opened:
                yield opened
        except LedgerError as error:
            raise type(error)(str(error).replace(str(self._path), self.name)) from None

    def close(self) -> None:
        """Remove the copy."""
        self._connection.close()
        self._folder.cleanup()
