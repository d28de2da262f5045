"""Finished setups in files: keys for a second run of the same job at once, in place of minutes of setup.

A file holds the transcript of a setup (docs/formats.md, Job), from which everybody's keys follow without a choice. It
is named by the transcript's digest, which the job is bound to, and nothing in it is used before that digest was
computed again: a file that is truncated, damaged or of another job is refused. So the folder needs no trust.

    >>> SetupFiles().path(bytes(32)).name == "00" * 32 + ".setup"
    True
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from pyzkfl import ceremony, encoding
from pyzkfl.cache_folder import cache_folder
from pyzkfl.errors import DecodeError, ParameterError, SetupInvalid, SystemFailure

__all__ = ["SetupFiles", "read_setup", "write_setup"]

LIMIT_BYTES = 4 << 30


def write_setup(path: str | os.PathLike[str], transcript: ceremony.Transcript) -> None:
    """Write a transcript whole or not at all, over a file of that name. SystemFailure where it cannot be written."""
    target = Path(path)
    data = encoding.encode(encoding.Kind.SETUP, transcript.to_object())
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(prefix=".setup", dir=target.parent)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            if temporary:
                os.unlink(temporary)
        raise SystemFailure(f"the setup cannot be kept in {target}: {error.strerror}") from error


def read_setup(path: str | os.PathLike[str], terms: Any) -> Any:
    """The keys of a job, or of EvaluationTerms or NormTerms, from the file of the setup that they are bound to.

    terms: bound to a setup that the caller, or the members whose agreement it trusts, verified: of the file, only its
    digest is compared with theirs. Raises SetupInvalid for the file of another setup or one that was changed,
    DecodeError for one that is truncated or no setup at all, SystemFailure where it cannot be read.
    """
    if len(terms.setup) != 32:
        raise ParameterError("the terms are not bound to a setup yet: run one, or take the bound terms")
    try:
        if os.path.getsize(path) > encoding.SIZE_MAX:
            raise DecodeError(f"{os.fspath(path)}: larger than any setup")
        data = Path(path).read_bytes()
    except OSError as error:
        raise SystemFailure(f"{os.fspath(path)} cannot be read: {error.strerror}") from error
    try:
        body = encoding.decode(encoding.Kind.SETUP, data)
        encoding.expect_map(body, {"phase1", "records1", "phase2", "records2"})
        for name, kind in (("phase1", bytes), ("records1", list), ("phase2", bytes), ("records2", list)):
            encoding.expect_type(body, name, kind)
        transcript = ceremony.Transcript.from_object(body)
    except DecodeError as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from error
    try:
        return transcript.keys(terms)  # compares the digest before anything else
    except SetupInvalid as error:
        raise SetupInvalid(
            f"{os.fspath(path)} is not the setup that these terms are bound to, or was changed: delete it and run the "
            "setup, or copy the file from another member"
        ) from error


class SetupFiles:
    """A folder of setups, by digest, of limited size: the ones unused for longest are deleted first.

    folder: default `setups` in the cache folder ($PYZKFL_CACHE, else ~/.cache/pyzkfl). limit_bytes: of all files.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = Path(folder) if folder is not None else cache_folder() / "setups"
        self._limit = limit_bytes

    def path(self, setup: bytes) -> Path:
        """The file of the setup with this digest (32 bytes)."""
        return self.folder / f"{setup.hex()}.setup"

    def put(self, transcript: ceremony.Transcript) -> Path:
        """Keep a transcript, and make room. Raises SystemFailure."""
        path = self.path(transcript.digest)
        write_setup(path, transcript)
        self._make_room(path)
        return path

    def keys(self, terms: Any) -> Any | None:
        """The keys of bound terms, or None where their setup is not in the folder. Raises as `read_setup`."""
        path = self.path(terms.setup)
        if not path.exists():
            return None
        keys = read_setup(path, terms)
        with contextlib.suppress(OSError):
            os.utime(path)
        return keys

    def _make_room(self, newest: Path) -> None:
        files = []
        for path in self.folder.glob("*.setup"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                files.append((stat.st_mtime_ns, stat.st_size, path))
        excess = sum(size for _, size, _ in files) - self._limit
        for _, size, path in sorted(files):
            if excess <= 0:
                return
            if path != newest:
                with contextlib.suppress(OSError):
                    path.unlink()
                    excess -= size
