"""Sealed states of pyzkfl.standing on disk, so that a process that is killed goes on where it was.

A step and what it sends are one entry: the state after the step, and the message. It is on the disk before the message
leaves, whole or not at all; whoever restarts sends the message again, and the other side takes the same bytes or has
taken them already. Nothing older can be restored by accident: there is one file, and for a moment its successor
NAME.new, which a process that is killed leaves behind and the next step replaces.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from pyzkfl.errors import DecodeError, SystemFailure

__all__ = ["StateFile"]

_MAGIC = b"pyzkfl state 1\n"


class StateFile:
    """One party's file: what Member.save() or Server.save() gave, and the message that left with it. Mode 0600."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def write(self, state: bytes, message: bytes = b"") -> None:
        """Replace the entry; it is on the disk when this returns. SystemFailure where it cannot be written: then the
        message must not leave."""
        successor = self.path.with_name(self.path.name + ".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(successor)  # of a process that was killed
            with os.fdopen(os.open(successor, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_MAGIC + len(state).to_bytes(8, "little") + state + message)
                file.flush()
                os.fsync(file.fileno())
            os.replace(successor, self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise SystemFailure(f"the state cannot be kept in {self.path}: {error.strerror}") from error

    def read(self) -> tuple[bytes, bytes] | None:
        """(state, message), or None if nothing was written yet. Raises DecodeError for a file of another kind,
        SystemFailure for one that cannot be read."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SystemFailure(f"the state in {self.path} cannot be read: {error.strerror}") from error
        start = len(_MAGIC) + 8
        size = int.from_bytes(data[len(_MAGIC) : start], "little")
        if not data.startswith(_MAGIC) or len(data) < start + size:
            raise DecodeError(f"{self.path} is no state of pyzkfl.standing")
        return data[start : start + size], data[start + size :]
