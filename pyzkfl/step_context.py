"""ctx: what a proof of a training step by the engine is bound to, as field elements (docs/engine.md, section 5).

Statement version 2. ctx is the Poseidon2 hash (eprint 2023/323) of a list of elements, so that a circuit that verifies
proofs opens the commitments which it multiplies with in three permutations (docs/recursion.md, section 1). C(D) and the
numbers of rows are not in it: transcript and public input have them beside ctx.
"""

from __future__ import annotations

import dataclasses
import hashlib

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

__all__ = ["NOWHERE", "STATEMENT_VERSION", "Place", "StepContext", "elements_of_point", "hash_to_field"]

STATEMENT_VERSION = 2

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583  # of BN254's coordinates
TAG = hashlib.sha256(b"pyzkfl/2 statement").digest()[:19]
_SESSION = b"pyzkfl/2 session"
_CHOICE = b"pyzkfl/2 choice"
_INFINITY = b"\x40" + bytes(31)
_NUMBERS = 1 << 32  # rounds and members' numbers are below


def hash_to_field(name: bytes, data: bytes) -> int:
    """SHA-256(name | data), big-endian, its top 3 bits cleared: below r. No name of ours begins another."""
    return int.from_bytes(hashlib.sha256(name + data).digest(), "big") & ((1 << 253) - 1)


def elements_of_point(compressed: bytes) -> tuple[int, int]:
    """x mod 2^128, and floor(x / 2^128) + 2^127 for the larger y, of a point of G1 in 32 bytes; infinity is 0, 2^126.

    No two points have the same pair: x is below p, so its high part is below 2^126. DecodeError for bytes that have
    no such form; whether the point is on the curve is seen where it is decoded to be computed with.
    """
    if len(compressed) != 32:
        raise DecodeError(f"a point of G1 has 32 bytes, got {len(compressed)}")
    if compressed == _INFINITY:
        return 0, 1 << 126
    flags, x = compressed[0] >> 6, int.from_bytes(compressed, "big") & ((1 << 254) - 1)
    if flags < 2 or x >= P:
        raise DecodeError("bytes that are no compressed point of G1: neither infinity nor an x below p with its flags")
    return x & ((1 << 128) - 1), (x >> 128) + ((flags - 2) << 127)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a run a proof belongs. Whoever proves outside a run leaves it as it is.

    client: the member's number in the job, from 0; name: the member's. beacon, dataset_root: 32 bytes each; batches:
    the numbers of those that the beacon picked, one a local step. ParameterError for what has no encoding.
    """

    round: int = 0
    client: int = 0
    name: str = ""
    beacon: bytes = bytes(32)
    dataset_root: bytes = bytes(32)
    batches: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.round < _NUMBERS and 0 <= self.client < _NUMBERS):
            raise ParameterError(f"round {self.round} and member {self.client} must be numbers below 2^32")
        if len(self.beacon) != 32 or len(self.dataset_root) != 32:
            raise ParameterError("beacon and dataset root have 32 bytes each")
        object.__setattr__(self, "batches", tuple(self.batches))
        if any(not 0 <= number < 1 << 64 for number in self.batches):
            raise ParameterError("numbers of batches are below 2^64, and not negative")


NOWHERE = Place()


@dataclasses.dataclass(frozen=True)
class StepContext:
    """The parts of ctx. job: 32 bytes, the digest of the job's terms; points compressed, 32 bytes each; data: C(X) of
    each local step; velocities: C(V), C(V') where momentum is carried."""

    job: bytes
    place: Place
    weights: bytes
    tables: bytes
    data: tuple[bytes, ...]
    velocities: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.job) != 32:
            raise ParameterError("the digest of a job has 32 bytes")
        if not 1 <= len(self.data) < 1 << 16 or len(self.velocities) not in (0, 2):
            raise ParameterError("a step has one C(X) for each local step, and no velocities or two")
        if len(self.place.batches) not in (0, len(self.data)):
            raise ParameterError("a place names as many batches as there are local steps, or none")

    @property
    def session(self) -> int:
        """Element 1: job and beacon, the same for all members and rounds of a run."""
        return hash_to_field(_SESSION, self.job + self.place.beacon)

    @property
    def choice(self) -> int:
        """Element 2: the member's name, the root of its dataset, the batches picked."""
        name = self.place.name.encode()
        numbers = b"".join(number.to_bytes(8, "little") for number in self.place.batches)
        return hash_to_field(_CHOICE, len(name).to_bytes(8, "little") + name + self.place.dataset_root + numbers)

    @property
    def points(self) -> tuple[bytes, ...]:
        """C(W), C(T), C(X) of each step, C(V) and C(V') where momentum is carried: in the order of ctx."""
        return (self.weights, self.tables, *self.data, *self.velocities)

    @property
    def elements(self) -> list[int]:
        """What is hashed: the first has tag, counts, member and round in 31 bytes; then session, choice, points."""
        head = TAG + len(self.data).to_bytes(2, "big") + len(self.velocities).to_bytes(2, "big")
        head += self.place.client.to_bytes(4, "big") + self.place.round.to_bytes(4, "big")
        pairs = [element for point in self.points for element in elements_of_point(point)]
        return [int.from_bytes(head, "big"), self.session, self.choice, *pairs]

    @property
    def digest(self) -> bytes:
        """ctx as 32 bytes, big-endian, below r."""
        return int(_core.hash.poseidon2_hash(self.elements)).to_bytes(32, "big")
