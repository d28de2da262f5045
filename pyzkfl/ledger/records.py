"""What a ledger records: one frozen class for each kind of record, with its fields, limits and unique key.

A record is signed by whoever publishes it (the job's coordinator; for a refusal any member) and, where it tells of a
member's act, carries that member's own signed message, so that nobody can be said to have done what it did not do.
docs/formats.md, "Ledger records", lists the fields. Only digests, commitments and proofs are recorded: never data,
never an update.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, Self, get_args, get_type_hints

from pyzkfl import encoding, merkle
from pyzkfl.encoding import Envelope, Kind, Signer
from pyzkfl.errors import DecodeError, ParameterError

__all__ = [
    "RECORD_BYTES_MAX",
    "Aggregate",
    "Beacon",
    "BeaconCommit",
    "BeaconReveal",
    "Dataset",
    "Finish",
    "JobTerms",
    "MemberAccepted",
    "MemberAct",
    "Record",
    "Refusal",
    "RoundStart",
    "SetupContribution",
    "SetupFinal",
    "Submission",
    "Void",
    "Weights",
    "read_record",
]

RECORD_BYTES_MAX = 1 << 20

_Check = Callable[[Any], str | None]  # what is wrong with a value, or None


def _sized(low: int, high: int) -> _Check:
    size = f"{low}" if low == high else f"{low} to {high}"

    def check(value: Any) -> str | None:
        good = type(value) is bytes and low <= len(value) <= high
        return None if good else f"must be {size} bytes"

    return check


def _integer(low: int, high: int) -> _Check:
    def check(value: Any) -> str | None:
        return None if type(value) is int and low <= value <= high else f"must be an integer from {low} to {high}"

    return check


def _text(low: int, high: int) -> _Check:
    def check(value: Any) -> str | None:
        good = type(value) is str and value.isprintable() and low <= len(value.encode(errors="replace")) <= high
        return None if good else f"must be printable text of {low} to {high} bytes"

    return check


def _reason(value: Any) -> str | None:
    good = type(value) is str and len(value.encode(errors="replace")) <= 8000
    return None if good else "must be text of at most 8000 bytes"


def _boolean(value: Any) -> str | None:
    return None if type(value) is bool else "must be true or false"


def _names(value: Any) -> str | None:
    if type(value) is not tuple or any(_text(1, 64)(name) for name in value):
        return "must be a list of members' names"
    return None if len(set(value)) == len(value) else "must not name a member twice"


Digest = Annotated[bytes, _sized(32, 32)]
Point = Annotated[bytes, _sized(32, 32)]  # a compressed G1 point; the ledger does not decode it
Blob = Annotated[bytes, _sized(1, RECORD_BYTES_MAX)]
Evidence = Annotated[bytes, _sized(0, RECORD_BYTES_MAX)]
Count = Annotated[int, _integer(0, 1_000_000_000)]
RoundNumber = Annotated[int, _integer(0, 1_000_000)]
Name = Annotated[str, _text(1, 64)]
Accused = Annotated[str, _text(0, 64)]
Label = Annotated[str, _text(1, 64)]
Reason = Annotated[str, _reason]
Names = Annotated[tuple[str, ...], _names]
Flag = Annotated[bool, _boolean]


@dataclasses.dataclass(frozen=True)
class Record:
    """Base of all kinds. job: the terms digest, 32 bytes, which names the job from its first record to its last."""

    KIND: ClassVar[Kind]
    KEY: ClassVar[tuple[str, ...]] = ()  # with job, kind and signer for a refusal: unique in a ledger

    job: Digest

    @classmethod
    @functools.cache
    def checks(cls) -> dict[str, _Check]:
        """Field -> its check."""
        hints = get_type_hints(cls, include_extras=True)
        return {f.name: get_args(hints[f.name])[1] for f in dataclasses.fields(cls)}

    @classmethod
    def label(cls) -> str:
        """The kind in words, as in `LEDGER_ROUND_START` -> "round start"."""
        return cls.KIND.name.removeprefix("LEDGER_").lower().replace("_", " ")

    def __post_init__(self) -> None:
        for name, check in self.checks().items():
            problem = check(getattr(self, name))
            if problem is not None:
                raise ParameterError(f"{self.label()} record: {name} {problem}")

    def __str__(self) -> str:
        parts = [self.label()]
        if "round" in self.checks():
            number = getattr(self, "round")  # noqa: B009 - not every class has it
            parts.append(f"round {number}" if number >= 0 else "before the first round")
        if "member" in self.checks():
            parts.append(f"member {getattr(self, 'member')!r}")  # noqa: B009
        return ", ".join(parts)

    def key(self, signer: bytes) -> bytes:
        """What no two records of a ledger share: job, kind, and the fields in KEY. Never proof bytes."""
        fields = {name: getattr(self, name) for name in self.KEY if name != "signer"}
        return self.key_for(self.job, **fields, signer=signer)

    @classmethod
    def key_for(cls, job: bytes, **fields: Any) -> bytes:
        """The key from its parts; leave out trailing parts for the prefix that a group of records shares."""
        parts = [job, bytes([cls.KIND])]
        for name in cls.KEY:
            if name not in fields:
                break
            value = fields[name]
            if isinstance(value, int):
                parts.append((value + 1).to_bytes(4, "big"))  # a refusal before the first round has -1
            else:
                data = value.encode() if isinstance(value, str) else value
                parts.append(bytes([len(data)]) + data)
        return b"".join(parts)

    def to_object(self) -> dict[str, Any]:
        """The canonical map."""
        return {name: getattr(self, name) for name in self.checks()}

    def to_bytes(self) -> bytes:
        """The artefact: header and canonical CBOR."""
        return encoding.encode(self.KIND, self.to_object())

    def seal(self, identity: Signer) -> bytes:
        """The signed envelope that `Ledger.append` takes."""
        return Envelope.sign(identity, self.to_bytes()).to_bytes()

    @classmethod
    def from_object(cls, value: Any) -> Self:
        """Read the canonical map; DecodeError for any other shape."""
        encoding.expect_map(value, cls.checks())
        fields: dict[str, Any] = value
        if any(type(v) is list for v in value.values()):
            fields = {name: tuple(v) if type(v) is list else v for name, v in value.items()}
        try:
            return cls(**fields)
        except ParameterError as error:
            raise DecodeError(str(error)) from None


@dataclasses.dataclass(frozen=True)
class MemberAct(Record):
    """A record of what a member did. message: that member's own sealed message (Kind.MESSAGE), as evidence."""

    MESSAGE_TYPE: ClassVar[int]  # pyzkfl.messages.Type

    member: Name
    message: Blob

    @property
    def message_round(self) -> int:
        """The round that the message must name."""
        return 0

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        """What in the record is not what the message's body says; bound: digest of the job with its keys."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class JobTerms(Record):
    """The agreement before the setup. document: the Job's canonical bytes, whose SHA-256 is `job`.

    Whoever signs it is the job's coordinator; the members and their keys are those in the document.
    """

    KIND: ClassVar[Kind] = Kind.LEDGER_JOB

    document: Blob


@dataclasses.dataclass(frozen=True)
class MemberAccepted(MemberAct):
    """A member agrees to the terms."""

    KIND: ClassVar[Kind] = Kind.LEDGER_MEMBER
    KEY: ClassVar[tuple[str, ...]] = ("member",)
    MESSAGE_TYPE: ClassVar[int] = 2

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        return None if body.get("terms") == self.job else "other terms"


@dataclasses.dataclass(frozen=True)
class SetupContribution(Record):
    """One contribution to a phase (1 or 2) of the setup; record: its public part with the proof of knowledge."""

    KIND: ClassVar[Kind] = Kind.LEDGER_SETUP_CONTRIBUTION
    KEY: ClassVar[tuple[str, ...]] = ("phase", "member")

    phase: Annotated[int, _integer(1, 2)]
    member: Name
    record: Blob


@dataclasses.dataclass(frozen=True)
class SetupFinal(MemberAct):
    """A member verified the whole setup. The three digests bind the job to its outcome."""

    KIND: ClassVar[Kind] = Kind.LEDGER_SETUP_FINAL
    KEY: ClassVar[tuple[str, ...]] = ("member",)
    MESSAGE_TYPE: ClassVar[int] = 6

    verifying_key: Digest
    commitment_key: Digest
    setup: Digest

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        return None if body.get("job") == bound else "other keys"


@dataclasses.dataclass(frozen=True)
class Dataset(MemberAct):
    """A member's dataset commitment: Merkle root over its batches, their number, their rows."""

    KIND: ClassVar[Kind] = Kind.LEDGER_DATASET
    KEY: ClassVar[tuple[str, ...]] = ("member",)
    MESSAGE_TYPE: ClassVar[int] = 8

    root: Digest
    batches: Count
    rows: Count

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        entries = body.get("batches")
        if type(entries) is not list:
            return "no batches"
        leaves, rows = [], 0
        for entry in entries:
            if not (
                type(entry) is list
                and len(entry) == 3
                and _integer(0, (1 << 32) - 1)(entry[0]) is None
                and _sized(32, 32)(entry[1]) is None
            ):
                return "malformed batches"
            leaves.append(entry[0].to_bytes(4, "little") + entry[1])
            rows += entry[0]
        same = (len(leaves), rows, merkle.root(leaves)) == (self.batches, self.rows, self.root)
        return None if same else "other batches"


@dataclasses.dataclass(frozen=True)
class BeaconCommit(MemberAct):
    """A member's commitment to its nonce. attempt: 0, and one more after each removal of a member."""

    KIND: ClassVar[Kind] = Kind.LEDGER_BEACON_COMMIT
    KEY: ClassVar[tuple[str, ...]] = ("attempt", "member")
    MESSAGE_TYPE: ClassVar[int] = 10

    attempt: Count
    commitment: Digest

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        return None if body.get("commitment") == self.commitment else "another commitment"


@dataclasses.dataclass(frozen=True)
class BeaconReveal(MemberAct):
    """A member's nonce, 32 bytes."""

    KIND: ClassVar[Kind] = Kind.LEDGER_BEACON_REVEAL
    KEY: ClassVar[tuple[str, ...]] = ("attempt", "member")
    MESSAGE_TYPE: ClassVar[int] = 12

    attempt: Count
    nonce: Digest

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        return None if body.get("nonce") == self.nonce else "another nonce"


@dataclasses.dataclass(frozen=True)
class Beacon(Record):
    """The beacon that all reveals of an attempt give."""

    KIND: ClassVar[Kind] = Kind.LEDGER_BEACON

    attempt: Count
    value: Digest


@dataclasses.dataclass(frozen=True)
class RoundStart(Record):
    """A round begins; weights: digest of W_t, which must be what the round before left."""

    KIND: ClassVar[Kind] = Kind.LEDGER_ROUND_START
    KEY: ClassVar[tuple[str, ...]] = ("round",)

    round: RoundNumber
    weights: Digest


@dataclasses.dataclass(frozen=True)
class Submission(MemberAct):
    """The verdict "accepted": the coordinator verified the proof in the member's message, which holds its bytes.

    commitment: C(D); proof_digest: SHA-256 of the proof's bytes. The key is (job, round, member): a re-randomised
    proof is another digest, and still the same submission.
    """

    KIND: ClassVar[Kind] = Kind.LEDGER_SUBMISSION
    KEY: ClassVar[tuple[str, ...]] = ("round", "member")
    MESSAGE_TYPE: ClassVar[int] = 21

    round: RoundNumber
    commitment: Point
    proof_digest: Digest

    @property
    def message_round(self) -> int:
        return self.round

    def contradiction(self, body: dict[str, Any], bound: bytes) -> str | None:
        if body.get("commitment") != self.commitment:
            return "another commitment"
        proof = body.get("proof")
        same = type(proof) is bytes and encoding.digest(proof) == self.proof_digest
        return None if same else "another proof"


@dataclasses.dataclass(frozen=True)
class Refusal(Record):
    """Somebody was refused, and by which check. Signed by the coordinator or, against it, by a member.

    round: -1 before the first. member: who was refused, "" for the coordinator. number: tells the signer's refusals
    of that member in that round apart. check: name of the check or error class; reason: its message; evidence:
    the sealed message that was refused, if it may be shown (it holds no update), else empty. removed: the member is
    out of the job (only before the beacon, only by the coordinator): the beacon starts again without it.
    """

    KIND: ClassVar[Kind] = Kind.LEDGER_REFUSAL
    KEY: ClassVar[tuple[str, ...]] = ("round", "member", "signer", "number")

    round: Annotated[int, _integer(-1, 1_000_000)]
    member: Accused
    number: Count
    check: Label
    reason: Reason = ""
    evidence: Evidence = b""
    removed: Flag = False


@dataclasses.dataclass(frozen=True)
class Void(Record):
    """A round that ended without a sum; the weights stay."""

    KIND: ClassVar[Kind] = Kind.LEDGER_VOID
    KEY: ClassVar[tuple[str, ...]] = ("round",)

    round: RoundNumber
    reason: Reason


@dataclasses.dataclass(frozen=True)
class Aggregate(Record):
    """The sum was opened: survivors in it, its digest, the sum of their C(D), the sum of blinders that opens it."""

    KIND: ClassVar[Kind] = Kind.LEDGER_AGGREGATE
    KEY: ClassVar[tuple[str, ...]] = ("round",)

    round: RoundNumber
    survivors: Names
    sum_digest: Digest
    commitment: Point
    blinder: Digest


@dataclasses.dataclass(frozen=True)
class Weights(Record):
    """Digest of W_{t+1}; ends round t."""

    KIND: ClassVar[Kind] = Kind.LEDGER_WEIGHTS
    KEY: ClassVar[tuple[str, ...]] = ("round",)

    round: RoundNumber
    weights: Digest


@dataclasses.dataclass(frozen=True)
class Finish(Record):
    """The job is over after so many rounds, with these weights."""

    KIND: ClassVar[Kind] = Kind.LEDGER_FINISH

    rounds: Count
    weights: Digest


def _classes(base: type[Record]) -> Iterator[tuple[Kind, type[Record]]]:
    for cls in base.__subclasses__():
        if "KIND" in vars(cls):
            yield cls.KIND, cls
        yield from _classes(cls)


@functools.cache
def _by_kind() -> dict[Kind, type[Record]]:
    """Every kind of record, those of pyzkfl.ledger.economy_records included."""
    from pyzkfl.ledger import economy_records  # defines more of them

    assert economy_records
    return dict(_classes(Record))


def read_record(artefact: bytes) -> Record:
    """The record in an artefact of any ledger kind; DecodeError or UnsupportedVersion."""
    kind = Envelope(artefact, b"", b"").kind
    cls = _by_kind().get(kind)
    if cls is None:
        raise DecodeError(f"an artefact of kind {kind.name} is not a ledger record")
    value = encoding.decode(kind, artefact, size_max=RECORD_BYTES_MAX)
    return cls.from_object(value)
