"""The canonical encoding: one value, one encoding, and nothing else decodes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import encoding
from pyzkfl._core import base
from pyzkfl._core.identity import IdentityKey
from pyzkfl.encoding import Envelope, Kind
from pyzkfl.errors import DecodeError, ParameterError, ProtocolError, UnsupportedVersion

HEADER = bytes.fromhex("505a4b46010501")

scalars = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text() | st.binary()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(values)
def test_a_value_survives_and_its_encoding_is_the_only_one(value: object) -> None:
    data = encoding.encode(Kind.MESSAGE, value)
    assert encoding.decode(Kind.MESSAGE, data) == value
    assert encoding.encode(Kind.MESSAGE, encoding.decode(Kind.MESSAGE, data)) == data


@given(st.binary(max_size=40))
def test_whatever_decodes_is_what_would_have_been_encoded(body: bytes) -> None:
    try:
        value = encoding.decode(Kind.MESSAGE, HEADER + body)
    except DecodeError:
        return
    assert encoding.encode(Kind.MESSAGE, value) == HEADER + body


@given(values, st.data())
def test_a_changed_byte_never_decodes_to_the_same_value(value: object, data: st.DataObject) -> None:
    encoded = bytearray(encoding.encode(Kind.MESSAGE, value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(DecodeError):
        changed = encoding.decode(Kind.MESSAGE, bytes(encoded))
        assert changed != value or repr(changed) != repr(value)
        assert encoding.encode(Kind.MESSAGE, changed) == bytes(encoded)


def natively_canonical(body: bytes) -> bool:
    return base.is_canonical_cbor(HEADER + body, len(HEADER), encoding.DEPTH_MAX)


@given(values, st.data())
def test_the_cores_check_takes_what_is_encoded_and_nothing_that_is_not(value: object, data: st.DataObject) -> None:
    body = encoding.encode(Kind.MESSAGE, value)[len(HEADER) :]
    assert natively_canonical(body)
    place = data.draw(st.integers(0, len(body)))
    changed = body[:place] + data.draw(st.binary(max_size=3)) + body[place + data.draw(st.integers(0, 3)) :]
    if natively_canonical(changed):
        with contextlib.suppress(UnicodeDecodeError, cbor2.CBORDecodeError):  # text is not the core's business
            cbor2.loads(changed)
            assert encoding._decode_slowly(changed) == cbor2.loads(changed)
    else:
        with pytest.raises(DecodeError):
            encoding._decode_slowly(changed)


def test_without_the_core_the_same_bytes_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoding.encode(Kind.MESSAGE, {"b": [1, b"x", None], "a": "text"})
    monkeypatch.setattr(encoding, "_native_check", lambda: lambda data, start, depth_max: False)
    assert encoding.decode(Kind.MESSAGE, data) == {"b": [1, b"x", None], "a": "text"}


NOT_CANONICAL = {
    "an integer not in its shortest form": "1817",
    "an integer of 64 bits that needs 8": "1b0000000000000001",
    "an integer beyond 64 bits with sign": "1bffffffffffffffff",
    "a negative integer beyond 64 bits with sign": "3b8000000000000000",
    "a length not in its shortest form": "5801aa",
    "a list of indefinite length": "9f01ff",
    "a map of indefinite length": "bf616101ff",
    "bytes of indefinite length": "5f41aaff",
    "text of indefinite length": "7f6161ff",
    "keys out of order": "a2616201616102",
    "a longer key before a shorter": "a262616101616202",
    "a key twice": "a2616101616102",
    "a key that is a number": "a10102",
    "a key that is bytes": "a1416102",
    "a key that is a list": "a18002",
    "half a float": "f93c00",
    "a float": "fa3f800000",
    "a double": "fb3ff0000000000000",
    "a number that is none": "f97e00",
    "undefined": "f7",
    "a simple value": "e0",
    "a date": "c074323032362d30312d30315430303a30303a30305a",
    "a big number": "c24101",
    "a decimal fraction": "c4820001",
    "a rational": "d81e820102",
    "a pattern": "d8236161",
    "a message of mail": "d8246161",
    "a shared value": "d81c00",
    "a reference to a shared value": "d81d00",
    "a reference to a text": "d81900",
    "a set": "d9010280",
    "a self-description": "d9d9f700",
    "an unknown tag": "d9303900",
    "text that is not UTF-8": "62c328",
    "a lone surrogate": "63eda080",
    "nothing": "",
    "trailing bytes": "0000",
    "a break alone": "ff",
    "a list cut short": "8201",
    "bytes cut short": "43aaaa",
    "a list longer than any memory": "9bffffffffffffffff",
    "bytes longer than any memory": "5b7fffffffffffffff",
    "a map longer than any memory": "bb00ffffffffffffff",
    "a reserved length": "1c",
    "lists nested too deep": "81" * 17 + "00",
    "lists nested beyond any stack": "81" * 100_000 + "00",
}


@pytest.mark.parametrize("body", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_bytes_that_encode_would_not_write_are_refused(body: str) -> None:
    with pytest.raises(DecodeError):
        encoding.decode(Kind.MESSAGE, HEADER + bytes.fromhex(body))


@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 43000, 55799])
@pytest.mark.parametrize("content", ["00", "4101", "6161", "820001", "a0"])
def test_no_tag_is_accepted_or_acted_upon(tag: int, content: str) -> None:
    tagged = cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] + bytes.fromhex(content)
    with pytest.raises(DecodeError):
        encoding.decode(Kind.MESSAGE, HEADER + tagged)


def test_nesting_is_read_exactly_as_deep_as_it_is_written() -> None:
    value: list[object] = []
    for _ in range(encoding.DEPTH_MAX - 1):
        value = [value]
    data = encoding.encode(Kind.MESSAGE, value)
    assert encoding.decode(Kind.MESSAGE, data) == value
    with pytest.raises(ParameterError, match="16 deep"):
        encoding.encode(Kind.MESSAGE, [value])


NOT_ENCODABLE: dict[str, Callable[[], object]] = {
    "a float": lambda: 1.0,
    "infinity": lambda: math.inf,
    "a float deep inside": lambda: {"a": [0, {"b": 0.5}]},
    "an integer of 65 bits": lambda: 1 << 63,
    "a negative integer of 65 bits": lambda: -(1 << 63) - 1,
    "a set": lambda: {1},
    "a key that is a number": lambda: {1: 2},
    "a NumPy integer": lambda: np.int64(3),
    "a NumPy float": lambda: np.float64(3),
    "a NumPy array": lambda: np.zeros(2, dtype=np.int64),
    "a bytearray": lambda: bytearray(b"x"),
    "an enum": lambda: Kind.JOB,
    "a lone surrogate": lambda: "\ud800",
    "a lone surrogate in a key": lambda: {"\ud800": 1},
    "an object": object,
}


@pytest.mark.parametrize("make", NOT_ENCODABLE.values(), ids=NOT_ENCODABLE.keys())
def test_a_value_without_one_encoding_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ParameterError):
        encoding.encode(Kind.MESSAGE, make())


def test_a_list_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ParameterError):
        encoding.encode(Kind.MESSAGE, loop)


def test_the_error_of_a_float_says_where_it_is_and_not_what_it_is() -> None:
    with pytest.raises(ParameterError, match=r"value\['rates'\]\[1\]: a float") as caught:
        encoding.encode(Kind.MESSAGE, {"rates": [1, 0.123456]})
    assert "0.123456" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("505a4b47010501", DecodeError),  # magic
        ("505a4b46020501", UnsupportedVersion),
        ("505a4b46000501", UnsupportedVersion),
        ("505a4b4601ff01", UnsupportedVersion),  # kind unknown
        ("505a4b46010101", DecodeError),  # kind known, but another
        ("505a4b46010502", UnsupportedVersion),  # suite
        ("505a4b460105", DecodeError),  # cut short
        ("", DecodeError),
    ],
)
def test_a_header_of_another_magic_version_kind_or_suite_is_refused(header: str, error: type[DecodeError]) -> None:
    body = b"" if len(header) < 14 else b"\xa0"
    with pytest.raises(DecodeError) as caught:
        encoding.decode(Kind.MESSAGE, bytes.fromhex(header) + body)
    assert type(caught.value) is error


def test_an_artefact_larger_than_allowed_is_refused_before_it_is_read() -> None:
    data = encoding.encode(Kind.MESSAGE, b"x" * 100)
    assert encoding.decode(Kind.MESSAGE, data, size_max=len(data))
    with pytest.raises(DecodeError, match="at most"):
        encoding.decode(Kind.MESSAGE, data, size_max=len(data) - 1)


def test_only_bytes_are_read() -> None:
    with pytest.raises(ParameterError):
        encoding.decode(Kind.MESSAGE, bytearray(HEADER + b"\xa0"))  # type: ignore[arg-type]


def test_a_frame_is_header_and_body() -> None:
    data = encoding.frame(Kind.PROOF, b"body")
    assert data == bytes.fromhex("505a4b46010301") + b"body"
    assert encoding.unframe(Kind.PROOF, data) == b"body"
    with pytest.raises(DecodeError):
        encoding.unframe(Kind.JOB, data)


def test_expectations_name_what_is_missing_or_foreign() -> None:
    encoding.expect_map({"a": 1, "b": 2}, ("a", "b"))
    with pytest.raises(DecodeError, match="lacks b and has the unknown field 'c'"):
        encoding.expect_map({"a": 1, "c": 2}, ("a", "b"))
    with pytest.raises(DecodeError, match="expected a map"):
        encoding.expect_map([], ("a",))
    encoding.expect_type({"a": 1}, "a", int)
    with pytest.raises(DecodeError, match="a must be int, got bool"):
        encoding.expect_type({"a": True}, "a", int)
    with pytest.raises(DecodeError, match="lacks b"):
        encoding.expect_type({"a": True}, "b", int)


# -- envelopes ----------------------------------------

key = IdentityKey.generate()
other = IdentityKey.generate()


def test_an_envelope_opens_for_its_signer_and_kind_alone() -> None:
    data = Envelope.seal(key, Kind.MESSAGE, {"round": 3})
    assert Envelope.open(data, Kind.MESSAGE, key.public_bytes) == {"round": 3}
    with pytest.raises(ProtocolError, match="signed by"):
        Envelope.open(data, Kind.MESSAGE, other.public_bytes)
    with pytest.raises(DecodeError, match="expected an artefact of kind JOB"):
        Envelope.open(data, Kind.JOB, key.public_bytes)


def test_every_changed_byte_of_an_envelope_is_found() -> None:
    data = Envelope.seal(key, Kind.MESSAGE, {"round": 3})
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises((DecodeError, ProtocolError)):
            Envelope.open(bytes(changed), Kind.MESSAGE, key.public_bytes)


def test_a_signature_does_not_carry_over_to_another_kind_or_a_bare_signature() -> None:
    message = Envelope.from_bytes(Envelope.seal(key, Kind.MESSAGE, {}))
    as_job = encoding.encode(Kind.JOB, {})
    with pytest.raises(ProtocolError):
        Envelope(as_job, message.signer, message.signature).verify()
    bare = key.sign(message.artefact)  # without the envelope's domain
    with pytest.raises(ProtocolError):
        Envelope(message.artefact, message.signer, bare).verify()


def test_an_envelope_in_an_envelope_is_refused() -> None:
    inner = Envelope.seal(key, Kind.MESSAGE, {})
    with pytest.raises(DecodeError, match="envelope in an envelope"):
        Envelope.from_bytes(Envelope.sign(key, inner).to_bytes())


@pytest.mark.parametrize("field", ["signer", "signature"])
def test_an_envelope_with_a_field_of_another_size_is_refused(field: str) -> None:
    envelope = Envelope.from_bytes(Envelope.seal(key, Kind.MESSAGE, {}))
    body = {"artefact": envelope.artefact, "signer": envelope.signer, "signature": envelope.signature}
    body[field] += b"\0"
    with pytest.raises(DecodeError, match=field):
        Envelope.from_bytes(encoding.encode(Kind.ENVELOPE, body))


def test_many_signatures_are_checked_each_for_itself() -> None:
    items = [(key.public_bytes, b"%d" % i, key.sign(b"%d" % i)) for i in range(150)]
    items[70] = (key.public_bytes, b"70", items[71][2])
    items[149] = (other.public_bytes, b"149", items[149][2])
    results = encoding.verify_signatures(items)
    assert [i for i, good in enumerate(results) if not good] == [70, 149]
    assert encoding.verify_signatures(items[:5]) == [True] * 5
