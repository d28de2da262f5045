"""The signed messages between coordinator and members (docs/formats.md has each body, field by field).

A message is a canonical map {type, job, round, body} in a signed envelope. Opening one checks signature, type and
job; what the body means is for the receiver to check.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, encoding
from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.job import Job
from pyzkfl.proofs import Submission

__all__ = [
    "Evidence",
    "Message",
    "Type",
    "by_index",
    "mask_config",
    "open_all",
    "read_sum",
    "submission_body",
    "submissions_digest",
    "write_sum",
]


class Type(enum.IntEnum):
    """What a message is; the number stands on the wire."""

    TERMS = 1
    ACCEPT_TERMS = 2
    CONTRIBUTE = 3
    CONTRIBUTION = 4
    SETUP_FINAL = 5
    SETUP_VERIFIED = 6
    JOB = 7
    REGISTER = 8
    REGISTRATIONS = 9
    BEACON_COMMIT = 10
    BEACON_COMMITMENTS = 11
    BEACON_REVEAL = 12
    BEACON = 13
    BEACON_SEEN = 14
    ROUND = 15
    MASK_KEY = 16
    MASK_KEYS = 17
    MASK_SHARE = 18
    MASK_SHARES = 19
    SUBMIT = 20
    SUBMISSION = 21
    SURVIVORS = 22
    SIGNED_SURVIVORS = 23
    UNMASK = 24
    UNMASK_SHARES = 25
    AGGREGATE = 26
    ROUND_SEEN = 27
    HELLO = 28
    REFUSED = 29
    FINISH = 30
    # Of jobs that sum homomorphically, in place of 16 to 20, 24 and 25.
    SUM_KEY = 31
    SUM_KEY_COMMITMENT = 32
    SUM_KEY_COMMITMENTS = 33
    SUM_KEY_PART = 34
    SUM_KEY_SHARES = 35
    SUM_KEY_PARTS = 36
    SUM_KEY_READY = 37
    ROUND_JOINED = 38
    TRAIN = 39
    OFFER = 40
    ENCRYPT = 41
    CIPHERTEXT_COMMITMENT = 42
    CIPHERTEXT_COMMITMENTS = 43
    CIPHERTEXT = 44
    DECRYPT = 45
    DECRYPTION_SHARE = 46
    # Of setups whose states are too large for a message (pyzkfl.setup_states).
    SETUP_PART = 47
    SETUP_PART_SEEN = 48
    SETUP_NEXT = 49


# Field of each body -> its type. A body has exactly these fields.
_BODIES: dict[Type, dict[str, type]] = {
    Type.TERMS: {"job": bytes},
    Type.ACCEPT_TERMS: {"terms": bytes},
    Type.CONTRIBUTE: {"phase": int, "state": bytes, "records": list, "phase1": bytes, "records1": list},
    Type.CONTRIBUTION: {"phase": int, "state": bytes, "record": bytes},
    Type.SETUP_FINAL: {"phase1": bytes, "records1": list, "phase2": bytes, "records2": list},
    Type.SETUP_VERIFIED: {"job": bytes},
    Type.JOB: {"job": bytes},
    Type.REGISTER: {"batches": list},
    Type.REGISTRATIONS: {"registrations": list},
    Type.BEACON_COMMIT: {"commitment": bytes, "registrations": bytes},
    Type.BEACON_COMMITMENTS: {"commitments": list},
    Type.BEACON_REVEAL: {"nonce": bytes},
    Type.BEACON: {"reveals": list},
    Type.BEACON_SEEN: {"beacon": bytes},
    Type.ROUND: {"missed": list, "weights": bytes},
    Type.MASK_KEY: {"mask": bytes},
    Type.MASK_KEYS: {"mask": bytes},
    Type.MASK_SHARE: {"mask": bytes},
    Type.MASK_SHARES: {"mask": bytes},
    Type.SUBMIT: {"submission": bytes, "mask": bytes},
    Type.SUBMISSION: {"statement": bytes, "commitment": bytes, "proof": bytes},
    Type.SURVIVORS: {"submissions": list},
    Type.SIGNED_SURVIVORS: {"mask": bytes, "submissions": bytes},
    Type.UNMASK: {"mask": bytes},
    Type.UNMASK_SHARES: {"mask": bytes},
    Type.AGGREGATE: {"total": list, "blinder": bytes},
    Type.ROUND_SEEN: {"weights": bytes},
    Type.HELLO: {"name": str, "challenge": bytes},
    Type.REFUSED: {"error": str, "message": str},
    Type.FINISH: {},
    Type.SUM_KEY: {},
    Type.SUM_KEY_COMMITMENT: {"commitment": bytes, "box": bytes},
    Type.SUM_KEY_COMMITMENTS: {"commitments": list},
    Type.SUM_KEY_PART: {"part": bytes},
    Type.SUM_KEY_SHARES: {"part": bytes, "shares": list},
    Type.SUM_KEY_PARTS: {"parts": list, "shares": list},
    Type.SUM_KEY_READY: {"key": bytes},
    Type.ROUND_JOINED: {},
    Type.TRAIN: {},
    Type.OFFER: {"submission": bytes},
    Type.ENCRYPT: {},
    Type.CIPHERTEXT_COMMITMENT: {"commitment": bytes, "key": bytes},
    Type.CIPHERTEXT_COMMITMENTS: {"commitments": list},
    Type.CIPHERTEXT: {"ciphertext": bytes},
    Type.DECRYPT: {"signatures": list, "ciphertexts": list, "holders": list},
    Type.DECRYPTION_SHARE: {"share": bytes},
    Type.SETUP_PART: {"state": bytes, "size": int, "at": int, "data": bytes},
    Type.SETUP_PART_SEEN: {"state": bytes, "at": int},
    Type.SETUP_NEXT: {"state": bytes, "at": int},
}


# Fields that a body has in some jobs only, which who reads it for a job checks.
_OPTIONAL: dict[Type, dict[str, type]] = {Type.SUBMISSION: {"velocity": bytes}}


@dataclasses.dataclass(frozen=True)
class Message:
    """One message: type, job digest (32 bytes, or empty before there is a job), round, body."""

    type: Type
    job: bytes
    round: int
    body: dict[str, Any]

    def seal(self, identity: Any) -> bytes:
        """Canonical bytes, signed by the identity key."""
        _check_body(self.type, self.body)
        value = {"type": int(self.type), "job": self.job, "round": self.round, "body": self.body}
        return encoding.Envelope.seal(identity, encoding.Kind.MESSAGE, value)

    @staticmethod
    def open(data: bytes, *, signer: bytes) -> Message:
        """Check shape and signature by `signer` (32 bytes); DecodeError, UnsupportedVersion or ProtocolError."""
        value = encoding.Envelope.open(data, encoding.Kind.MESSAGE, signer)
        encoding.expect_map(value, {"type", "job", "round", "body"})
        encoding.expect_type(value, "type", int)
        encoding.expect_type(value, "job", bytes)
        encoding.expect_type(value, "round", int)
        encoding.expect_type(value, "body", dict)
        try:
            type_ = Type(value["type"])
        except ValueError:
            raise DecodeError(f"there is no message of type {value['type']}") from None
        if value["round"] < 0:
            raise DecodeError("a message's round is not negative")
        _check_body(type_, value["body"])
        return Message(type_, value["job"], value["round"], value["body"])


def _check_body(type_: Type, body: dict[str, Any]) -> None:
    fields = dict(_BODIES[type_])
    fields.update((name, kind) for name, kind in _OPTIONAL.get(type_, {}).items() if name in body)
    encoding.expect_map(body, set(fields))
    for name, kind in fields.items():
        encoding.expect_type(body, name, kind)


def open_all(job: Job, entries: Iterable[Any], type_: Type, round_: int = 0) -> Iterator[tuple[str, Message]]:
    """Open [name, sealed message] pairs that others signed: each member once, of this job, type and round.

    Raises DecodeError or ProtocolError naming the member.
    """
    seen = set()
    for entry in entries:
        if not (
            isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and isinstance(entry[1], bytes)
        ):
            raise DecodeError("expected pairs of a member's name and its signed message")
        name, data = entry
        message = Message.open(data, signer=job.members[job.index_of(name)].public_key)
        if name in seen:
            raise ProtocolError(f"member {name!r} appears twice")
        if message.type is not type_ or message.job != job.digest or message.round != round_:
            raise ProtocolError(f"the message of {name!r} is of another type, job or round")
        seen.add(name)
        yield name, message


def by_index(job: Job, entries: Iterable[Any], *, of: str) -> dict[int, bytes]:
    """Read [name, bytes] pairs as {place of the member: bytes}; each member once. of: what they are, for the error."""
    found: dict[int, bytes] = {}
    for entry in entries:
        if not (
            isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and isinstance(entry[1], bytes)
        ):
            raise DecodeError(f"expected pairs of a member's name and its {of}")
        if job.index_of(entry[0]) in found:
            raise ProtocolError(f"the {of} of member {entry[0]!r} appears twice")
        found[job.index_of(entry[0])] = entry[1]
    return found


def submissions_digest(entries: Iterable[Any]) -> bytes:
    """SHA-256 of [name, sealed SUBMISSION] pairs: what survivors sign beside the set of indices. 32 bytes."""
    return encoding.digest(encoding.encode(encoding.Kind.MESSAGE, list(entries)))


def submission_body(submission: Submission) -> dict[str, Any]:
    """The public part of a submission: C(D) and the proof, and C(V') where momentum is carried.

    The rest of the statement is everybody's own state. Its digest says which statement this member means, so that
    nobody who was shown another state can be accused of a false proof.
    """
    statement = submission.statement
    body = {
        "statement": statement.digest,
        "commitment": statement.update_commitment,
        "proof": submission.proof.to_bytes(),
    }
    if submission.statement.velocities:
        body["velocity"] = submission.statement.velocities[1]
    return body


def mask_config(job: Job, round_: int) -> Any:
    """The masking configuration of a round: |D| <= steps bound in every coordinate, since each step's L2 norm is."""
    return _core.secagg.Config(
        job.digest, round_, [m.public_key for m in job.members], job.threshold, job.dimension, job.update_limit
    )


def write_sum(total: npt.NDArray[np.int64]) -> list[int]:
    """A sum of updates as a list of integers."""
    return [int(v) for v in total]


def read_sum(job: Job, value: list[Any]) -> npt.NDArray[np.int64]:
    """Read it back, shape (features + 1,); DecodeError when it has another length or holds anything but integers."""
    if len(value) != job.dimension or any(type(v) is not int or abs(v) >= 1 << 62 for v in value):
        raise DecodeError(f"a sum of updates has {job.dimension} integers below 2^62")
    return np.array(value, dtype=np.int64)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A finished round, as anyone can check it: submissions, survivors' signatures, opened sum, sum of blinders."""

    round: int
    submissions: list[Any]  # [name, sealed SUBMISSION]
    signatures: list[Any]  # [name, sealed SIGNED_SURVIVORS] of at least the threshold of them
    total: list[int]
    blinder: bytes

    def to_object(self) -> dict[str, Any]:
        """For the canonical encoding."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_object(value: Any) -> Evidence:
        """Read it back; DecodeError when the shape is not the documented one."""
        encoding.expect_map(value, {"round", "submissions", "signatures", "total", "blinder"})
        encoding.expect_type(value, "round", int)
        encoding.expect_type(value, "submissions", list)
        encoding.expect_type(value, "signatures", list)
        encoding.expect_type(value, "total", list)
        encoding.expect_type(value, "blinder", bytes)
        return Evidence(**value)
