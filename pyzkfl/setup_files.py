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
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pyzkfl import ceremony, encoding
from pyzkfl.cache_folder import cache_folder, make_room, write_whole
from pyzkfl.errors import DecodeError, ParameterError, SetupInvalid, SystemFailure
from pyzkfl.setup_states import State, part, state_read

__all__ = ["SetupFiles", "read_setup", "read_transcript", "write_setup"]

LIMIT_BYTES = 4 << 30
_RECORDS_MOST, _RECORD_BYTES_MOST = 1 << 16, 1 << 16  # of a phase; a record has some hundred bytes


def write_setup(path: str | os.PathLike[str], transcript: ceremony.Transcript) -> None:
    """Write a transcript whole or not at all, over a file of that name. SystemFailure where it cannot be written."""

    def write(file: IO[bytes]) -> None:
        for piece in _pieces(transcript):
            file.write(piece)

    write_whole(path, write, "the setup")


def read_transcript(path: str | os.PathLike[str], terms: Any) -> ceremony.Transcript:
    """The transcript in a file, for whoever verifies it (Transcript.verify): nothing was checked but its form.

    terms: what the setup is for, bound to it or not: they give the sizes. Raises DecodeError for a file that is
    truncated or no setup of such terms, SystemFailure where it cannot be read.
    """
    sizes = [ceremony.state_bytes(terms, phase) for phase in (1, 2)]
    try:
        with open(path, "rb") as file:
            return _read(file, sizes)
    except DecodeError as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from error
    except OSError as error:
        raise SystemFailure(f"{os.fspath(path)} cannot be read: {error.strerror}") from error


def read_setup(path: str | os.PathLike[str], terms: Any) -> Any:
    """The keys of a job, or of EvaluationTerms or NormTerms, from the file of the setup that they are bound to.

    terms: bound to a setup that the caller, or the members whose agreement it trusts, verified: of the file, only its
    digest is compared with theirs. Raises SetupInvalid for the file of another setup or one that was changed,
    DecodeError for one that is truncated or no setup at all, SystemFailure where it cannot be read.
    """
    if len(terms.setup) != 32:
        raise ParameterError("the terms are not bound to a setup yet: run one, or take the bound terms")
    transcript = read_transcript(path, terms)
    try:
        return transcript.keys(terms)  # compares the digest before anything else
    except SetupInvalid as error:
        raise SetupInvalid(
            f"{os.fspath(path)} is not the setup that these terms are bound to, or was changed: delete it and run the "
            "setup, or copy the file from another member"
        ) from error


# The canonical bytes of the map, piece by piece: a state may be larger than what is read as one artefact.


def _head(major: int, count: int) -> bytes:
    """The head of a byte string (2), a text (3), a list (4) or a map (5), as deterministic CBOR has it."""
    if count < 24:
        return bytes([major << 5 | count])
    size = next(n for n in (1, 2, 4, 8) if count < 1 << (8 * n))
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + count.to_bytes(size, "big")


def _pieces(transcript: ceremony.Transcript) -> Iterator[bytes]:
    yield encoding.header(encoding.Kind.SETUP) + _head(5, 4)
    for name in ("phase1", "phase2"):
        state: State = getattr(transcript, name)
        yield _head(3, len(name)) + name.encode() + _head(2, len(state))
        at = 0
        while at < len(state):
            yield (piece := part(state, at))
            at += len(piece)
    for name in ("records1", "records2"):
        records: list[bytes] = getattr(transcript, name)
        yield _head(3, len(name)) + name.encode() + _head(4, len(records))
        for record in records:
            yield _head(2, len(record)) + record


def _read(file: IO[bytes], sizes: list[int]) -> ceremony.Transcript:
    """What `_pieces` wrote. DecodeError for anything else, before more is read than states of these sizes take."""

    def take(count: int) -> bytes:
        data = file.read(count)
        if len(data) != count:
            raise DecodeError("a setup that was cut")
        return data

    def expect(due: bytes, what: str) -> None:
        if take(len(due)) != due:
            raise DecodeError(f"not the setup of these terms: {what} is another, or is not in its canonical form")

    def count_of(major: int, most: int, what: str) -> int:
        first = take(1)[0]
        more = {24: 1, 25: 2, 26: 4, 27: 8}.get(first & 31, 0)
        rest = take(more)
        count = int.from_bytes(rest, "big") if more else first & 31
        if count > most or _head(major, count) != bytes([first]) + rest:
            raise DecodeError(f"{what} must be byte strings of a setup, in canonical form")
        return count

    encoding.unframe(encoding.Kind.SETUP, take(encoding.HEADER_BYTES))
    expect(_head(5, 4), "the number of fields")
    body: dict[str, Any] = {}
    for name, size in zip(("phase1", "phase2"), sizes, strict=True):
        expect(_head(3, len(name)) + name.encode() + _head(2, size), f"the size of {name}")
        body[name] = state_read(file.read, size)
    for name in ("records1", "records2"):
        expect(_head(3, len(name)) + name.encode(), name)
        count = count_of(4, _RECORDS_MOST, name)
        body[name] = [take(count_of(2, _RECORD_BYTES_MOST, name)) for _ in range(count)]
    if file.read(1):
        raise DecodeError("bytes follow the setup")
    return ceremony.Transcript.from_object(body)


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
        make_room(self.folder, "*.setup", self._limit, path)
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
