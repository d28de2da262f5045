"""Development keys: a string and a proving key whose secrets one process knew. Kept in files, on request.

A string of 2^24 powers takes half a minute to make and a second or two to read. Each file belongs to one statement (a
job's training, an evaluation, a norm bound; by digest) and is used for no other. What it holds is compared with digests
before it is used; a file that was damaged is made again. It is labelled for what it is: the folder is `insecure-keys`,
the files end in `.insecure`, and so does the kind in their header. Nothing in them is secret, but whoever made them, or
saw that process's memory, can forge proofs under them.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pyzkfl import _core, encoding
from pyzkfl.cache_folder import cache_folder, make_room, write_whole
from pyzkfl.errors import DecodeError, SystemFailure

__all__ = ["LIMIT_BYTES", "folder", "insecure_keys"]

LIMIT_BYTES = 4 << 30  # of all files
_HEAD = encoding.HEADER_BYTES + 3 * 32 + 2 * 8


def folder() -> Path:
    """`insecure-keys` in the cache folder."""
    return cache_folder() / "insecure-keys"


def insecure_keys(
    statement: bytes,
    constraints: Any,
    log_height: int,
    *,
    cached: bool = False,
    progress: Callable[[float], None] | None = None,
) -> tuple[Any, Any]:
    """(ColumnKey with 2^log_height + 1 powers, ProvingKey of the circuit), from secrets that this process forgets.

    statement: what the keys are for, 32 bytes; they are found again for this statement, circuit and height alone.
    cached: take them from the file of an earlier call, and leave them there. Raises SystemFailure where it cannot be
    written.
    """
    label = hashlib.sha256(
        b"pyzkfl/1 insecure keys" + statement + bytes(constraints.digest) + bytes([log_height])
    ).digest()
    path = folder() / f"{label.hex()}.insecure"
    if cached and (found := _read(path, label)) is not None:
        with contextlib.suppress(OSError):
            os.utime(path)
        return found
    columns = _core.engine.ColumnKey.insecure(log_height)
    proving = _core.groth16.insecure_setup(constraints, progress)
    if cached:
        _write(path, label, columns, proving)
        make_room(path.parent, "*.insecure", LIMIT_BYTES, path)
    return columns, proving


def _write(path: Path, label: bytes, columns: Any, proving: Any) -> None:
    body = bytes(proving.to_bytes())

    def write(file: IO[bytes]) -> None:
        file.write(bytes(_HEAD))
        columns.stream(file.write)
        size = file.tell() - _HEAD
        file.write(body)
        file.seek(0)
        file.write(encoding.header(encoding.Kind.INSECURE_KEYS) + label + bytes(columns.digest))
        file.write(hashlib.sha256(body).digest() + size.to_bytes(8, "little") + len(body).to_bytes(8, "little"))

    write_whole(path, write, "the insecure keys")


def _read(path: Path, label: bytes) -> tuple[Any, Any] | None:
    """The keys in a file; None where there is none, or one that is damaged, which is said."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            if os.fstat(file.fileno()).st_size < _HEAD:
                raise DecodeError("it was cut")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
                return _keys(head, label, data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SystemFailure(f"{path} cannot be read: {error.strerror}") from error
    except DecodeError as error:
        warnings.warn(f"{path} is damaged ({error}): its keys are made again, and are others", stacklevel=4)
        return None


def _keys(head: bytes, label: bytes, data: memoryview) -> tuple[Any, Any]:
    body = encoding.unframe(encoding.Kind.INSECURE_KEYS, head)
    sizes = [int.from_bytes(body[at : at + 8], "little") for at in (96, 104)]
    if body[:32] != label:
        raise DecodeError("it is of another statement")
    if _HEAD + sum(sizes) != len(data):
        raise DecodeError("it has another number of bytes than it says")
    middle = _HEAD + sizes[0]
    proving = bytes(data[middle:])
    if hashlib.sha256(proving).digest() != body[64:96]:
        raise DecodeError("the proving key is not the one that was written")
    with data[_HEAD:middle] as part:
        columns = _core.engine.ColumnKey.from_bytes(part, trusted=True)
    if bytes(columns.digest) != body[32:64]:  # of the points as they were decoded
        raise DecodeError("the string is not the one that was written")
    return columns, _core.groth16.ProvingKey.from_bytes(proving, trusted=True)
