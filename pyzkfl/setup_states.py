"""States of a setup of any size: larger ones lie in unnamed files, mapped, and travel in parts.

A state is all that is large in a setup: 384 bytes for each of a first phase's 2^log_n rows. Up to PART_BYTES it is
bytes, in memory and inside the message that it belongs to, and everything here is idle. Beyond, a message has the
state's SHA-256 in its place, and the bytes come before it in messages of at most PART_BYTES, written to a file as they
come. How many there will be follows from the job, so a peer that announces another number is refused before anything
is kept. Files have no name and are gone with the process; they are made in the folder of temporary files (TMPDIR).
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Collection
from typing import Any

from pyzkfl.dataset_rows import temporary_file
from pyzkfl.errors import DecodeError, ProtocolError, SystemFailure

__all__ = ["PART_BYTES", "Arrivals", "Arriving", "State", "in_parts", "part", "reference", "state_of", "state_read"]

PART_BYTES = 1 << 26
State = bytes | mmap.mmap  # what the core reads, and hashlib


class Arriving:
    """A state that is written piece by piece. size: how many bytes it will have."""

    def __init__(self, size: int) -> None:
        self.size, self.have = size, 0
        self._hash = hashlib.sha256()
        self._small = bytearray()
        self._file = temporary_file(None) if in_parts(size) else None

    def write(self, data: bytes) -> None:
        """The next bytes. DecodeError for more than were announced, SystemFailure where the file takes no more."""
        if len(data) > self.size - self.have:
            raise DecodeError(f"the state of a setup is longer than the {self.size} bytes that were announced")
        self._hash.update(data)
        if self._file is None:
            self._small += data
        else:
            try:
                self._file.write(data)
            except OSError as error:
                raise SystemFailure(f"the state of a setup cannot be kept in a file: {error.strerror}") from error
        self.have += len(data)

    def finish(self) -> tuple[State, bytes]:
        """The state and its SHA-256; DecodeError unless all of it came."""
        if self.have != self.size:
            raise DecodeError(f"the state of a setup was cut: {self.have} of {self.size} bytes")
        digest = self._hash.digest()
        if self._file is None:
            return bytes(self._small), digest
        try:
            self._file.flush()
            with self._file:
                return mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ), digest
        except OSError as error:
            raise SystemFailure(f"the state of a setup cannot be kept in a file: {error.strerror}") from error


def state_of(phase: Any, size: int) -> State:
    """The bytes of a core's Phase1 or Phase2, of which there are `size`."""
    if not in_parts(size):
        return bytes(phase.to_bytes())
    arriving = Arriving(size)
    phase.stream(arriving.write)
    return arriving.finish()[0]


def state_read(read: Callable[[int], bytes], size: int) -> State:
    """The next `size` bytes of a file. DecodeError where it ends before."""
    arriving = Arriving(size)
    while arriving.have < size and (piece := read(min(PART_BYTES, size - arriving.have))):
        arriving.write(piece)
    return arriving.finish()[0]


def in_parts(size: int) -> bool:
    """Whether a state of so many bytes travels in parts."""
    return size > PART_BYTES


def part(state: State, at: int) -> bytes:
    """The part that begins at byte `at`. ProtocolError where none does."""
    if not 0 <= at < len(state):
        raise ProtocolError(f"a state of {len(state)} bytes has no part at {at}")
    return state[at : at + PART_BYTES]


def reference(state: State) -> bytes:
    """What stands for a state in a message: itself, or its SHA-256 where it travels in parts."""
    return hashlib.sha256(state).digest() if in_parts(len(state)) else bytes(state)


class Arrivals:
    """The states that came to a member in parts, by SHA-256; the latest few, which is all that it is asked about.

    sizes: of the states that there can be; empty where none is larger than PART_BYTES.
    """

    KEPT = 3  # the first phase's end and two of the second, or the other way round

    def __init__(self, sizes: Collection[int]) -> None:
        self._sizes = {size for size in sizes if in_parts(size)}
        self._states: dict[bytes, Arriving | State] = {}  # the latest last

    def take(self, digest: bytes, size: int, at: int, data: bytes) -> int:
        """A part; how many bytes of this state there are now. ProtocolError for one that does not go on from there,
        DecodeError where it is not the state of that digest."""
        if size not in self._sizes or len(digest) != 32 or len(data) > PART_BYTES:
            raise ProtocolError(f"a setup of this job has no state of {size} bytes in parts")
        state = self._states.pop(digest, None)
        if state is None:
            while len(self._states) >= self.KEPT:
                del self._states[next(iter(self._states))]
            state = Arriving(size)
        have = state.have if isinstance(state, Arriving) else len(state)
        if data and at != have:
            raise ProtocolError(f"a part at byte {at} of a state of which {have} bytes are here")
        if isinstance(state, Arriving):
            state.write(data)
            have = state.have
            if have == size:
                state, found = state.finish()
                if found != digest:
                    raise DecodeError("the state that came in parts is not the one that was announced")
        self._states[digest] = state
        return have

    def get(self, value: bytes) -> State:
        """What `reference` stands for; ProtocolError where its parts have not come."""
        if len(value) != 32 or not self._sizes:
            return value
        state = self._states.get(value)
        if state is None or isinstance(state, Arriving):
            raise ProtocolError("a message names the state of a setup that has not come")
        return state
