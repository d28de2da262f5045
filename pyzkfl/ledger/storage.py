"""The SQLite file of a ledger: its tables, how it is opened, and what its errors mean to a person."""

from __future__ import annotations

import os
import sqlite3
import urllib.parse
from pathlib import Path

from pyzkfl.errors import LedgerError, UnsupportedVersion
from pyzkfl.ledger.seal import log_path

__all__ = [
    "APPLICATION_ID",
    "FORMAT",
    "SCHEMA",
    "STORAGE_ERRORS",
    "check_is_ledger",
    "connect",
    "fingerprint",
    "prepare_for_writing",
    "storage_error",
]

APPLICATION_ID = 0x505A4B46  # "PZKF"
FORMAT = 1
SCHEMA = (
    "CREATE TABLE blocks (height INTEGER PRIMARY KEY, block BLOB NOT NULL, signature BLOB NOT NULL)",
    "CREATE TABLE records (sequence INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, frame BLOB NOT NULL)",
)

# A damaged schema is quoted in SQLite's message, which Python may then fail to decode.
STORAGE_ERRORS = (sqlite3.Error, UnicodeDecodeError)

_MEANINGS = (  # beginning of SQLite's name of the error, what it means, what to do
    ("SQLITE_BUSY", "it is locked by another process", "let that process finish, or close it, and try again"),
    ("SQLITE_LOCKED", "it is locked by another connection", "let it finish and try again"),
    ("SQLITE_FULL", "there is no space for it", "free space on the disk; nothing was written, so try again then"),
    ("SQLITE_READONLY", "it cannot be written", "check the permissions of the file and its folder"),
    ("SQLITE_PERM", "it cannot be written", "check the permissions of the file and its folder"),
    ("SQLITE_CANTOPEN", "it cannot be opened", "check the path, and that you may read it and write to its folder"),
    ("SQLITE_NOTADB", "it is not a ledger of pyzkfl (not an SQLite file, or its header was changed)", "check the path"),
    ("SQLITE_CORRUPT", "its structure was damaged", "restore it from a copy"),
    (
        "SQLITE_IOERR",
        "reading or writing it failed (disk full, quota reached, or the device)",
        "check disk space and the device; what was acknowledged before is kept",
    ),
)


def storage_error(path: Path, error: Exception, where: str = "") -> LedgerError:
    """The LedgerError that says what an SQLite error means and what to do."""
    name = getattr(error, "sqlite_errorname", "")
    place = f"{path}: {where}: " if where else f"{path}: "
    for beginning, meaning, advice in _MEANINGS:
        if name.startswith(beginning):
            return LedgerError(f"{place}{meaning}; {advice}")
    return LedgerError(f"{place}it cannot be read as a ledger; its structure was damaged: restore it from a copy")


def fingerprint(path: Path) -> tuple[bool, int, int]:
    """Changes when a writer opens, closes or checkpoints the file."""
    status = os.stat(path)
    return log_path(path).exists(), status.st_size, status.st_mtime_ns


def connect(path: Path, *, write: bool, timeout: float) -> sqlite3.Connection:
    """A connection to an existing file; LedgerError when there is none. Reading a closed ledger leaves no trace."""
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise LedgerError(f"{path} {kind}: give the path of a ledger file")
    mode = "rw" if write else "ro" if log_path(path).exists() else "ro&immutable=1"
    try:
        connection = sqlite3.connect(
            f"file:{urllib.parse.quote(str(path.absolute()))}?mode={mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
        )
    except STORAGE_ERRORS as error:
        raise storage_error(path, error) from None
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
    except STORAGE_ERRORS as error:
        connection.close()
        raise storage_error(path, error) from None
    return connection


def prepare_for_writing(connection: sqlite3.Connection, path: Path) -> None:
    """Write-ahead log, and a commit returns when the log is on the disk. Changes the file: check it is ours before."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except STORAGE_ERRORS as error:
        raise storage_error(path, error) from None


def check_is_ledger(connection: sqlite3.Connection, path: Path) -> None:
    """LedgerError for a file of another program or with other tables, UnsupportedVersion for another format."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rootpage").fetchall()
    except STORAGE_ERRORS as error:
        raise storage_error(path, error) from None
    if application != APPLICATION_ID:
        raise LedgerError(f"{path} is not a ledger of pyzkfl: it is an SQLite file of another program")
    if version != FORMAT:
        raise UnsupportedVersion(f"{path} has ledger format {version}, this release reads format {FORMAT}")
    expected = [
        ("table", "blocks", "blocks", SCHEMA[0]),
        ("table", "records", "records", SCHEMA[1]),
        ("index", "sqlite_autoindex_records_1", "records", None),
    ]
    if tables != expected:
        raise LedgerError(f"{path}: its tables are not those of a ledger; they were changed: restore it from a copy")
