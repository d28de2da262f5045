"""The one canonical encoding: every artefact's header, deterministic CBOR bodies, signed envelopes.

docs/formats.md is the specification, byte by byte. An artefact is a header of 7 bytes (magic, version, kind, suite)
and a body. A body is either a fixed layout (`frame`, `unframe`) or deterministic CBOR, RFC 8949 section 4.2.1
(`encode`, `decode`). One value has one encoding, and no other bytes decode to it: digests and signatures rest on that.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol

import cbor2

from pyzkfl.errors import DecodeError, ParameterError, ProtocolError, UnsupportedVersion

__all__ = [
    "DEPTH_MAX",
    "HEADER_BYTES",
    "MAGIC",
    "SIZE_MAX",
    "SUITE",
    "VERSION",
    "DecodeError",
    "Envelope",
    "Kind",
    "Signer",
    "UnsupportedVersion",
    "decode",
    "digest",
    "encode",
    "expect_map",
    "expect_type",
    "frame",
    "header",
    "unframe",
    "verify_signatures",
]

MAGIC = b"PZKF"
VERSION = 1
SUITE = 1  # BN254, Poseidon2, Groth16 with the direct circuit; SHA-256 and Ed25519 around them
HEADER_BYTES = 7
DEPTH_MAX = 16  # nested lists and maps
SIZE_MAX = 1 << 28  # bytes of one artefact; a setup's state is the largest that is sent
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
_ENVELOPE_DOMAIN = b"pyzkfl/1 envelope"


class Kind(enum.IntEnum):
    """What an artefact is; the number is the sixth byte of its header. Ledger records have numbers from 32 up."""

    JOB = 1
    STATEMENT = 2
    PROOF = 3
    ENVELOPE = 4
    MESSAGE = 5
    MEMBERS = 6
    ROTATION = 7
    RECORD = 8
    BLOCK = 9
    HEAD = 10
    INCLUSION = 11
    SETUP = 12
    ATTESTATION = 13
    VERDICT = 14
    ECONOMY = 15
    INSECURE_KEYS = 16
    DEVELOPMENT_KEYS = 17
    ENGINE_PROOF = 18
    COMPOSED_PROOF = 19
    COMPOSITION_KEYS = 20
    INSECURE_COMPOSITION_KEYS = 21
    LEDGER_JOB = 32
    LEDGER_MEMBER = 33
    LEDGER_SETUP_CONTRIBUTION = 34
    LEDGER_SETUP_FINAL = 35
    LEDGER_DATASET = 36
    LEDGER_BEACON_COMMIT = 37
    LEDGER_BEACON_REVEAL = 38
    LEDGER_BEACON = 39
    LEDGER_ROUND_START = 40
    LEDGER_SUBMISSION = 41
    LEDGER_REFUSAL = 42
    LEDGER_VOID = 43
    LEDGER_AGGREGATE = 44
    LEDGER_WEIGHTS = 45
    LEDGER_FINISH = 46
    LEDGER_ECONOMY = 47
    LEDGER_TRANSFER = 48
    LEDGER_STAKE = 49
    LEDGER_CLAIM = 50
    LEDGER_VALIDATOR = 51
    LEDGER_DELEGATION = 52
    LEDGER_PROPOSAL = 53
    LEDGER_VOTE = 54
    LEDGER_EXECUTION = 55
    LEDGER_VERDICT = 56
    LEDGER_EQUIVOCATION = 57


class Signer(Protocol):
    """What signs: `pyzkfl._core.identity.IdentityKey`, or anything that keeps such a key elsewhere."""

    @property
    def public_bytes(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""

    def sign(self, message: bytes, /) -> bytes:
        """The Ed25519 signature of the message, 64 bytes."""


def header(kind: Kind) -> bytes:
    """The 7 bytes that begin an artefact of this kind.

    >>> header(Kind.PROOF).hex()
    '505a4b46010301'
    """
    return b"%b%c%c%c" % (MAGIC, VERSION, kind, SUITE)


_HEADERS = {header(kind): kind for kind in Kind}


def frame(kind: Kind, body: bytes) -> bytes:
    """An artefact whose body has a fixed layout of its own: header, then the body as it is."""
    return header(kind) + body


def unframe(kind: Kind, data: bytes, *, size_max: int = SIZE_MAX) -> bytes:
    """The body behind the header, whose layout the caller knows.

    Raises UnsupportedVersion for a version, suite or kind that this release does not read, DecodeError for bytes that
    are not an artefact of ours, or one of another kind than asked for, or larger than size_max.
    """
    _read_header(data, size_max, kind)
    return data[HEADER_BYTES:]


def _read_header(data: bytes, size_max: int, expected: Kind | None = None) -> Kind:
    """Check the header, give the kind."""
    if type(data) is bytes and len(data) <= size_max:
        found = _HEADERS.get(data[:HEADER_BYTES])
        if found is not None and expected in (None, found):
            return found
    if type(data) is not bytes:
        raise ParameterError(f"an artefact is given as bytes, not as {type(data).__name__}")
    if len(data) > size_max:
        raise DecodeError(f"the artefact has {len(data)} bytes, at most {size_max} are read")
    if len(data) < HEADER_BYTES or not data.startswith(MAGIC):
        raise DecodeError("not an artefact of pyzkfl: it does not begin with the magic bytes 'PZKF' and a header")
    version, kind, suite = data[4:HEADER_BYTES]
    if version != VERSION:
        raise UnsupportedVersion(f"the artefact has format version {version}, this release reads version {VERSION}")
    if suite != SUITE:
        raise UnsupportedVersion(f"the artefact is of proof suite {suite}, this release reads suite {SUITE}")
    if expected is not None and kind == expected:
        return expected
    try:
        other = Kind(kind)
    except ValueError:
        raise UnsupportedVersion(f"the artefact is of kind {kind}, which this release does not know") from None
    if expected is not None:
        raise DecodeError(f"expected an artefact of kind {expected.name}, got {other.name}")
    return other


def _refuse(why: str, path: tuple[str | int, ...]) -> NoReturn:
    place = "".join(f"[{step!r}]" for step in path)
    raise ParameterError(f"{'value' + place}: {why}")


def _check(value: object, path: tuple[str | int, ...]) -> None:
    """Only what has exactly one encoding. Types are compared exactly: a subclass may mean something else."""
    kind = type(value)
    if kind is bytes or kind is bool or value is None:
        return
    if kind is int:
        if not _INT_MIN <= value <= _INT_MAX:  # type: ignore[operator]
            _refuse("integers have 64 bits with sign; store a larger one as bytes", path)
    elif kind is str:
        try:
            value.encode()  # type: ignore[attr-defined]
        except UnicodeEncodeError:
            _refuse("text must be valid Unicode, this holds a lone surrogate", path)
    elif len(path) >= DEPTH_MAX:
        _refuse(f"lists and maps nest at most {DEPTH_MAX} deep", ())
    elif kind is list or kind is tuple:
        for index, item in enumerate(value):  # type: ignore[arg-type, var-annotated]
            _check(item, (*path, index))
    elif kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str:
                _refuse(f"the keys of a map are text, got {type(key).__name__}", path)
            _check(key, path)
            _check(item, (*path, key))
    elif isinstance(value, float):
        _refuse("a float has no place in a canonical artefact: use an integer in a stated unit, or bytes", path)
    else:
        _refuse(
            f"{kind.__name__} cannot be encoded: use bool, int, str, bytes, None, list or dict"
            + (" (int(x) for a NumPy integer)" if hasattr(value, "dtype") else ""),
            path,
        )


def _dump(value: object) -> bytes:
    # With text keys alone, cbor2's canonical order (RFC 7049: length first) is the order of RFC 8949 section 4.2.1.
    return cbor2.dumps(value, canonical=True)


def encode(kind: Kind, value: object) -> bytes:
    """Header and deterministic CBOR of a value made of None, bool, int (64-bit signed), str, bytes, list and dict.

    Keys of a dict are text; a tuple is encoded as a list. Raises ParameterError for anything else, floats above all.

    >>> encode(Kind.MESSAGE, {"round": 3}).hex()
    '505a4b46010501a165726f756e6403'
    >>> encode(Kind.MESSAGE, {"rate": 0.5})
    Traceback (most recent call last):
    pyzkfl.errors.ParameterError: value['rate']: a float has no place in a canonical artefact: use an integer in ...
    """
    _check(value, ())
    return header(kind) + _dump(value)


def _tag_refused(*_: object) -> NoReturn:
    raise ValueError("a tag")


# cbor2 would turn these tags into dates, big numbers, patterns, shared references: refused before they are built.
_TAGS = dict.fromkeys(
    (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799), _tag_refused
)


def decode(kind: Kind, data: bytes, *, size_max: int = SIZE_MAX) -> Any:
    """The value that `encode(kind, value)` made these bytes of; lists come back as lists.

    Raises UnsupportedVersion for a version, suite or kind that this release does not read; DecodeError for anything
    that `encode` would not have written: another kind, trailing or missing bytes, keys out of order or twice, a
    number or a length not in its shortest form, indefinite lengths, tags, floats, nesting beyond DEPTH_MAX, more than
    size_max bytes.

    >>> decode(Kind.MESSAGE, bytes.fromhex("505a4b46010501a165726f756e6403"))
    {'round': 3}
    """
    _read_header(data, size_max, kind)
    return _decode_body(data)


@functools.cache
def _native_check() -> Callable[[bytes, int, int], bool]:
    """The core's check of canonical bytes; one that knows none where the core does not load."""
    try:
        from pyzkfl._core import base
    except ImportError:
        return lambda data, start, depth_max: False
    return base.is_canonical_cbor


def _decode_body(data: bytes) -> Any:
    body = data[HEADER_BYTES:]
    if _native_check()(data, HEADER_BYTES, DEPTH_MAX):
        # A tenth of the time: nothing is encoded again. What the core does not take comes below, and is named there.
        try:
            return cbor2.loads(body, max_depth=DEPTH_MAX, allow_indefinite=False)
        except (cbor2.CBORDecodeError, ValueError):  # text that is not UTF-8
            pass
    return _decode_slowly(body)


def _decode_slowly(body: bytes) -> Any:
    """The definition: what `encode` would write again is canonical."""
    try:
        value = cbor2.loads(
            body, max_depth=DEPTH_MAX, allow_indefinite=False, semantic_decoders=_TAGS, tag_hook=_tag_refused
        )
        _check(value, ())
    except (cbor2.CBORDecodeError, ParameterError) as error:
        raise DecodeError(f"the body is not canonical CBOR: {error}") from None
    except (ValueError, TypeError, RecursionError, OverflowError, MemoryError):
        # The library's own words for hostile input differ from version to version.
        raise DecodeError("the body is not canonical CBOR") from None
    if _dump(value) != body:
        raise DecodeError(
            "the body is not the canonical encoding of its value: bytes follow it, or a key, number or length "
            "is out of order, repeated or not in its shortest form"
        )
    return value


def digest(data: bytes) -> bytes:
    """SHA-256, 32 bytes. The header in front of every artefact keeps kinds and versions apart.

    >>> digest(encode(Kind.JOB, {})).hex()[:16]
    '7c042958fb3209c4'
    """
    return hashlib.sha256(data).digest()


def expect_map(value: object, fields: Iterable[str]) -> None:
    """DecodeError unless `value` is a map with exactly these fields."""
    wanted = fields.keys() if type(fields) is dict else set(fields)
    if type(value) is not dict:
        raise DecodeError(f"expected a map, got {type(value).__name__}")
    if value.keys() != wanted:
        missing, foreign = sorted(wanted - value.keys()), sorted(value.keys() - wanted)
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has the unknown field {', '.join(repr(name)[:40] for name in foreign[:4])}"] if foreign else []
        raise DecodeError(f"the map {' and '.join(parts)}")


def expect_type(value: dict[str, Any], field: str, kind: type) -> None:
    """DecodeError unless `value[field]` is there and is exactly of type `kind` (a bool is not an int)."""
    if field not in value:
        raise DecodeError(f"the map lacks {field}")
    if type(value[field]) is not kind:
        raise DecodeError(f"{field} must be {kind.__name__}, got {type(value[field]).__name__}")


def _ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    from pyzkfl._core import identity  # here, so that reading formats does not need the native core

    return bool(identity.verify(public_key, message, signature))


@functools.cache
def _verifier() -> Any:
    from pyzkfl._core import identity

    return identity.Verifier()


os.register_at_fork(after_in_child=_verifier.cache_clear)  # another thread may have held its lock


def verify_signatures(items: Sequence[tuple[bytes, bytes, bytes]], *, alone: bool = False) -> list[bool]:
    """Whether each (public key, message, signature) holds, in order; the GIL is released.

    On all cores, or alone on the calling thread's, for a caller with work of its own beside.
    """
    good: list[bool] = _verifier().verify(list(items), alone)
    return good


@dataclasses.dataclass(frozen=True)
class Envelope:
    """An artefact and the Ed25519 signature of its bytes, header included, by one identity key.

    artefact: bytes of any kind but an envelope; signer: public key, 32 bytes; signature: 64 bytes over
    "pyzkfl/1 envelope" and the artefact.
    """

    artefact: bytes
    signer: bytes
    signature: bytes

    @staticmethod
    def sign(identity: Signer, artefact: bytes) -> Envelope:
        """Sign an artefact that is encoded already."""
        signer = bytes(identity.public_bytes)
        return Envelope(artefact, signer, bytes(identity.sign(_ENVELOPE_DOMAIN + artefact)))

    @staticmethod
    def seal(identity: Signer, kind: Kind, value: object) -> bytes:
        """Encode a value, sign it, and give the envelope's bytes."""
        return Envelope.sign(identity, encode(kind, value)).to_bytes()

    @staticmethod
    def open(data: bytes, kind: Kind, expected_signer: bytes, *, size_max: int = SIZE_MAX) -> Any:
        """The value inside, once the signature is found to be `expected_signer`'s (public key, 32 bytes).

        Raises DecodeError or UnsupportedVersion for malformed bytes or another kind, ProtocolError when somebody else
        signed, or the signature does not hold.
        """
        envelope = Envelope.from_bytes(data, size_max=size_max)
        if envelope.signer != expected_signer:
            raise ProtocolError(
                f"the envelope is signed by {envelope.signer.hex()[:16]}..., expected {expected_signer.hex()[:16]}..."
            )
        envelope.verify()
        return decode(kind, envelope.artefact)

    @staticmethod
    def from_bytes(data: bytes, *, size_max: int = SIZE_MAX) -> Envelope:
        """Read an envelope. The signature is NOT checked here: call `verify`, or use `open`."""
        body = decode(Kind.ENVELOPE, data, size_max=size_max)
        expect_map(body, ("artefact", "signer", "signature"))
        for name, size in (("artefact", None), ("signer", 32), ("signature", 64)):
            expect_type(body, name, bytes)
            if size is not None and len(body[name]) != size:
                raise DecodeError(f"envelope: {name} has {size} bytes, got {len(body[name])}")
        if _read_header(body["artefact"], SIZE_MAX) is Kind.ENVELOPE:
            raise DecodeError("envelope: an envelope in an envelope is not read")
        return Envelope(**body)

    def to_bytes(self) -> bytes:
        """The canonical encoding: header, CBOR map of the three fields."""
        return encode(Kind.ENVELOPE, {"artefact": self.artefact, "signer": self.signer, "signature": self.signature})

    @property
    def kind(self) -> Kind:
        """Kind of the artefact inside."""
        return _read_header(self.artefact, SIZE_MAX)

    def signed_item(self) -> tuple[bytes, bytes, bytes]:
        """(public key, message, signature), as `verify_signatures` takes them."""
        return self.signer, _ENVELOPE_DOMAIN + self.artefact, self.signature

    def verify(self) -> None:
        """ProtocolError unless the signature is the signer's over exactly this artefact."""
        if not _ed25519_verify(*self.signed_item()):
            raise ProtocolError(f"the signature by {self.signer.hex()[:16]}... does not hold: the content was changed")
