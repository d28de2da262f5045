"""The seal behind a closed ledger file: a digest of every 64 KiB, so that a changed byte is found wherever it is.

Hash chain, Merkle roots and signatures cover what a reader sees; an SQLite file also has unused space and housekeeping
that nobody reads. On a clean close the ledger appends a seal after the last page, where SQLite does not look; the first
append cuts it off again. So a byte changed anywhere is found, and so is a write by another program. A seal is not
signed: it finds damage, the chain and the signatures find malice. docs/formats.md, "Ledger file", has the bytes.

Files are read here directly, never while a write-ahead log is beside them: closing a second descriptor of a file that
SQLite has open in this process would drop SQLite's locks (POSIX).
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pyzkfl.errors import LedgerError

__all__ = ["check_seal", "log_path", "remove_seal", "write_seal"]

_MAGIC = b"PZKFSEAL"
_CHUNK = 65536
_TAIL = struct.Struct("<QI")  # bytes sealed, bytes of a chunk; stands between the chunks' digests and their digest
_TAIL_BYTES = _TAIL.size + 32 + len(_MAGIC)
_DIGEST_BYTES = 32


def log_path(path: Path) -> Path:
    """SQLite's write-ahead log, which is there while the ledger is open, and after its writer was killed."""
    return Path(f"{path}-wal")


def _layout(file: BinaryIO) -> tuple[int, int]:
    """Bytes of the file, and bytes of the pages that its SQLite header tells of."""
    file.seek(16)
    page = int.from_bytes(file.read(2), "big")
    file.seek(28)
    pages = int.from_bytes(file.read(4), "big")
    return file.seek(0, os.SEEK_END), pages * (65536 if page == 1 else page)


def _digests(file: BinaryIO, size: int, chunk: int) -> Iterator[bytes]:
    for start in range(0, size, chunk):
        file.seek(start)
        yield hashlib.sha256(file.read(min(chunk, size - start))).digest()


def write_seal(path: Path) -> None:
    """Seal a quiet ledger file; does nothing while a write-ahead log is beside it. OSError if it cannot be written."""
    if log_path(path).exists():
        return
    with open(path, "r+b") as file:
        size, data_bytes = _layout(file)
        if size != data_bytes:
            return
        tail = b"".join(_digests(file, size, _CHUNK)) + _TAIL.pack(size, _CHUNK)
        file.seek(size)
        try:
            file.write(tail + hashlib.sha256(tail).digest() + _MAGIC)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, size)  # half a seal would read as damage
            raise


def remove_seal(path: Path, data_bytes: int) -> None:
    """Cut the file to its pages, before the first append. By path, so that no descriptor is closed."""
    if os.stat(path).st_size > data_bytes:
        os.truncate(path, data_bytes)


def check_seal(path: Path) -> bool:
    """True when the file is sealed and every byte is as it was; False when it is not sealed.

    Raises LedgerError naming the bytes that differ, or the seal itself. Call it after the records were checked.
    """
    if log_path(path).exists():
        return False
    with open(path, "rb") as file:
        length, data_bytes = _layout(file)
        if length == data_bytes:
            return False
        file.seek(max(0, length - _TAIL_BYTES))
        tail = file.read(_TAIL_BYTES)
        damaged = LedgerError(f"{path}: the seal behind the last page was changed; every record holds")
        if len(tail) != _TAIL_BYTES or not tail.endswith(_MAGIC):
            raise damaged
        size, chunk = _TAIL.unpack(tail[: _TAIL.size])
        if chunk != _CHUNK or length != size + -(-size // chunk) * _DIGEST_BYTES + _TAIL_BYTES:
            raise damaged
        file.seek(size)
        if (
            hashlib.sha256(file.read(length - size - _TAIL_BYTES) + tail[: _TAIL.size]).digest()
            != tail[_TAIL.size : -8]
        ):
            raise damaged
        for number, found in enumerate(_digests(file, size, chunk)):
            file.seek(size + number * _DIGEST_BYTES)
            if file.read(_DIGEST_BYTES) != found:
                raise LedgerError(
                    f"{path}: a byte from {number * chunk} to {min(size, (number + 1) * chunk) - 1} was changed since "
                    "the ledger was closed, in space that holds no record; every record holds"
                )
    return True
