"""Sealed states of pyzkfl.standing on disk, so that a process that is killed goes on where it was.

A step and what it sends are one entry: the state after the step, and the message. It is on the disk before the message
leaves, whole or not at all; whoever restarts sends the message again, and the other side takes the same bytes or has
taken them already. Nothing older can be restored by accident: there is one file.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pyzkfl.errors import DecodeError

__all__ = ["StateFile"]

_MAGIC = b"pyzkfl state 1\n"


class StateFile:
    """One party's file: what Member.save() or Server.save() gave, and the message that left with it. Mode 0600."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def write(self, state: bytes, message: bytes = b"") -> None:
        """Replace the entry; it is on the disk when this returns."""
        descriptor, name = tempfile.mkstemp(prefix=self.path.name + ".", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + len(state).to_bytes(8, "little") + state + message)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self) -> tuple[bytes, bytes] | None:
        """(state, message), or None if nothing was written yet. Raises DecodeError for a file of another kind."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        start = len(_MAGIC) + 8
        size = int.from_bytes(data[len(_MAGIC) : start], "little")
        if not data.startswith(_MAGIC) or len(data) < start + size:
            raise DecodeError(f"{self.path} is no state of pyzkfl.standing")
        return data[start : start + size], data[start + size :]
