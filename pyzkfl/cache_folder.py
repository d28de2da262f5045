"""Where pyzkfl keeps what it can make again: $PYZKFL_CACHE, else pyzkfl under $XDG_CACHE_HOME or ~/.cache.

Files appear whole or not at all, for their owner alone; a folder of them has a limit, and what was not used for longest
goes first.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pyzkfl.errors import SystemFailure

__all__ = ["cache_folder", "make_room", "write_whole"]


def cache_folder() -> Path:
    """The folder; it need not exist."""
    if chosen := os.environ.get("PYZKFL_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyzkfl"


def write_whole(path: str | os.PathLike[str], write: Callable[[IO[bytes]], None], what: str) -> None:
    """Let `write` write a file, and give it its name when all of it is on the disk, over a file of that name.

    what: for the error, SystemFailure, where it cannot be written.
    """
    target = Path(path)
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(prefix=".new", dir=target.parent)
        with open(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        temporary = ""
    except OSError as error:
        raise SystemFailure(f"{what} cannot be kept in {target}: {error.strerror}") from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def make_room(folder: Path, pattern: str, limit_bytes: int, newest: Path) -> None:
    """Delete the files of a folder that were not used for longest until all take at most so much; never the newest."""
    files = []
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            stat = path.stat()
            files.append((stat.st_mtime_ns, stat.st_size, path))
    excess = sum(size for _, size, _ in files) - limit_bytes
    for _, size, path in sorted(files):
        if excess <= 0:
            return
        if path != newest:
            with contextlib.suppress(OSError):
                path.unlink()
                excess -= size
