"""Checks tests/vectors/formats.json, and a ledger file, by a reader written from docs/formats.md alone.

Nothing of pyzkfl is used to read: CBOR, Merkle trees, frames, blocks, keys and seal are taken apart here once more.
Signatures are checked by OpenSSL (the file's were made by another implementation). The last test goes the other way:
this release writes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import runpy
import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest

from pyzkfl._core import identity

Vectors = dict[str, Any]


@pytest.fixture
def golden(vectors: Path) -> Vectors:
    return json.loads((vectors / "formats.json").read_text())  # type: ignore[no-any-return]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


# -- deterministic CBOR, read strictly ----------------------------------------


class Refused(Exception):
    pass


def need(condition: bool, why: str) -> None:
    if not condition:
        raise Refused(why)


def cbor_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, where the content begins."""
    need(at < len(data), "cut short")
    major, low = data[at] >> 5, data[at] & 31
    if low < 24:
        return major, low, at + 1
    need(low <= 27, "indefinite or reserved length")
    size = 1 << (low - 24)
    need(at + 1 + size <= len(data), "cut short")
    value = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    need(value >= (24, 1 << 8, 1 << 16, 1 << 32)[low - 24], "not the shortest form")
    return major, value, at + 1 + size


def cbor_item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if at < len(data) and data[at] in (0xF4, 0xF5, 0xF6):
        return {0xF4: False, 0xF5: True, 0xF6: None}[data[at]], at + 1
    major, argument, at = cbor_head(data, at)
    need(major <= 5, "a tag, a float or a simple value")
    if major <= 1:
        need(argument < 1 << 63, "more than 64 bits with sign")
        return (argument if major == 0 else -1 - argument), at
    if major <= 3:
        need(at + argument <= len(data), "cut short")
        content = data[at : at + argument]
        try:
            return (content if major == 2 else content.decode()), at + argument
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
    need(depth < 16, "nested too deep")
    need(argument <= len(data), "cut short")
    if major == 4:
        items = []
        for _ in range(argument):
            item, at = cbor_item(data, at, depth + 1)
            items.append(item)
        return items, at
    result: dict[str, Any] = {}
    before = b""
    for _ in range(argument):
        start = at
        key, at = cbor_item(data, at, depth + 1)
        need(type(key) is str and data[start:at] > before, "keys out of order, twice or not text")
        before = data[start:at]
        result[key], at = cbor_item(data, at, depth + 1)
    return result, at


def cbor(data: bytes) -> Any:
    value, end = cbor_item(data, 0, 0)
    need(end == len(data), "trailing bytes")
    return value


def write(value: Any) -> bytes:
    """The other direction, for digests over canonical bytes."""
    if value is None or isinstance(value, bool):
        return bytes([0xF6 if value is None else 0xF4 + value])
    if isinstance(value, int):
        return write_head(0 if value >= 0 else 1, value if value >= 0 else -1 - value)
    if isinstance(value, bytes | str):
        content = value if isinstance(value, bytes) else value.encode()
        return write_head(2 if isinstance(value, bytes) else 3, len(content)) + content
    if isinstance(value, list):
        return write_head(4, len(value)) + b"".join(map(write, value))
    pairs = sorted((write(key), write(item)) for key, item in value.items())
    return write_head(5, len(pairs)) + b"".join(key + item for key, item in pairs)


def write_head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(i for i in range(4) if argument < 1 << (8 << i))
    return bytes([major << 5 | 24 + size]) + argument.to_bytes(1 << size, "big")


def artefact(data: bytes, kind: int) -> Any:
    """The value of an artefact of this kind."""
    assert data[:4] == b"PZKF" and tuple(data[4:7]) == (1, kind, 1)
    return cbor(data[7:])


def value_of(plain: Any) -> Any:
    """The value that the JSON of the vectors means."""
    if isinstance(plain, dict):
        if plain.keys() == {"$hex"}:
            return bytes.fromhex(plain["$hex"])
        return {key: value_of(item) for key, item in plain.items()}
    return [value_of(item) for item in plain] if isinstance(plain, list) else plain


def same(a: Any, b: Any) -> bool:
    """Equal, and of equal types throughout (True is not 1)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def test_canonical_values_read_as_they_should(golden: Vectors) -> None:
    for entry in golden["cbor"]:
        assert same(cbor(bytes.fromhex(entry["body"])), value_of(entry["value"])), entry
        assert write(value_of(entry["value"])).hex() == entry["body"]
    assert len(golden["cbor"]) >= 30


def test_bodies_that_are_not_canonical_are_refused_here_and_by_pyzkfl(golden: Vectors) -> None:
    from pyzkfl import encoding

    for why, body in golden["cbor_refused"].items():
        with pytest.raises(Refused):
            cbor(bytes.fromhex(body))
        with pytest.raises(encoding.DecodeError):
            encoding.decode(encoding.Kind.MESSAGE, bytes.fromhex("505a4b46010501" + body))
        assert why


# -- trees, keys, envelopes ----------------------------------------


def tree_root(hashes: list[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else sha()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\1", tree_root(hashes[:half]), tree_root(hashes[half:]))


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path gives, from the top down."""
    if size == 1:
        assert not path
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha(b"\1", climb(leaf, index, half, path[:-1]), path[-1])
    return sha(b"\1", path[-1], climb(leaf, index - half, size - half, path[:-1]))


def test_merkle_roots_and_paths(golden: Vectors) -> None:
    tree = golden["merkle"]
    hashes = [sha(b"\0", bytes.fromhex(leaf)) for leaf in tree["leaves"]]
    for n, root in enumerate(tree["roots"]):
        assert tree_root(hashes[:n]).hex() == root
    for index, path in enumerate(tree["paths"]):
        root = climb(hashes[index], index, len(hashes), [bytes.fromhex(h) for h in path])
        assert root.hex() == tree["roots"][-1]


def test_the_dataset_of_the_engine(golden: Vectors) -> None:
    data = golden["engine_dataset"]
    hashes = [sha(b"\0", struct.pack("<I", rows), bytes.fromhex(point)) for rows, point in data["batches"]]
    root = sha(b"pyzkfl/1 dataset", struct.pack("<Q", len(hashes)), tree_root(hashes))
    assert root.hex() == data["root"]
    name = data["member"].encode()
    for steps, indices in enumerate(data["indices"], 1):
        left = list(range(len(hashes)))
        for step, index in enumerate(indices):
            number = struct.pack("<QQ", data["round"] * steps + step, len(name))
            drawn = sha(b"pyzkfl/1 batch choice", bytes.fromhex(data["beacon"]), number, name)[:16]
            assert left.pop(int.from_bytes(drawn, "big") % len(left)) == index


def test_the_first_keys_are_those_of_rfc_8032(golden: Vectors) -> None:
    assert golden["keys"]["coordinator"]["public"].startswith("d75a980182b10ab7d54bfed3c964073a")
    assert golden["keys"]["east"]["public"].startswith("3d4017c3e843895a92b70aa74d1b7ebc")
    assert golden["keys"]["north"]["public"].startswith("fc51cd8e6218a1a38da47ed00230f058")


def signed(domain: bytes, content: bytes, signer: bytes, signature: bytes) -> bool:
    return bool(identity.verify(signer, domain + content, signature))


def open_envelope(data: bytes) -> tuple[bytes, bytes]:
    """Artefact and signer, once the signature holds."""
    body = artefact(data, 4)
    assert body.keys() == {"artefact", "signer", "signature"}
    assert signed(b"pyzkfl/1 envelope", body["artefact"], body["signer"], body["signature"])
    return body["artefact"], body["signer"]


def test_the_envelope(golden: Vectors) -> None:
    parts = golden["envelope"]
    inner, signer = open_envelope(bytes.fromhex(parts["bytes"]))
    assert inner.hex() == parts["artefact"] and signer.hex() == parts["signer"] == golden["keys"]["north"]["public"]
    assert artefact(inner, 5)["type"] == 2


def test_the_members_file_and_its_rotation(golden: Vectors) -> None:
    rotation = golden["members"]["rotation"]
    # {"new": 32 bytes, "old": 32 bytes, "name": "north", "from_round": 10}, in this order of keys
    body = b"\xa4" + b"\x63new\x58\x20" + bytes.fromhex(rotation["new"]) + b"\x63old\x58\x20"
    body += bytes.fromhex(rotation["old"]) + b"\x64name\x65north" + b"\x6afrom_round\x0a"
    content = bytes.fromhex("505a4b46010701") + body
    signature = bytes.fromhex(rotation["signature"])
    assert signed(b"pyzkfl/1 envelope", content, bytes.fromhex(rotation["old"]), signature)
    # The digest is over the same members, with bytes in place of hexadecimal.
    members = golden["members"]["json_members"]
    assert [member["name"] for member in members] == ["east", "north"]
    for member in members:
        for entry in (member, *member["rotations"]):
            entry.update({name: bytes.fromhex(entry[name]) for name in ("public_key", "signature") if name in entry})
    assert members[1]["rotations"][0]["signature"] == signature
    assert sha(bytes.fromhex("505a4b46010601"), write(members)).hex() == golden["members"]["digest"]


# -- the ledger ----------------------------------------

LABELS = {
    32: {"job", "document"},
    33: {"job", "member", "message"},
    34: {"job", "phase", "member", "record"},
    35: {"job", "member", "message", "verifying_key", "commitment_key", "setup"},
    36: {"job", "member", "message", "root", "batches", "rows"},
    37: {"job", "member", "message", "attempt", "commitment"},
    38: {"job", "member", "message", "attempt", "nonce"},
    39: {"job", "attempt", "value"},
    40: {"job", "round", "weights"},
    41: {"job", "member", "message", "round", "commitment", "proof_digest"},
    42: {"job", "round", "member", "number", "check", "reason", "evidence", "removed"},
    43: {"job", "round", "reason"},
    44: {"job", "round", "survivors", "sum_digest", "commitment", "blinder"},
    45: {"job", "round", "weights"},
    46: {"job", "rounds", "weights"},
}
KEYS: dict[int, tuple[str, ...]] = {
    33: ("member",),
    34: ("phase", "member"),
    35: ("member",),
    36: ("member",),
    37: ("attempt", "member"),
    38: ("attempt", "member"),
    40: ("round",),
    41: ("round", "member"),
    42: ("round", "member", "signer", "number"),
    43: ("round",),
    44: ("round",),
    45: ("round",),
}


def key_of(kind: int, fields: dict[str, Any], signer: bytes) -> bytes:
    parts = [fields["job"], bytes([kind])]
    for name in KEYS.get(kind, ()):
        value = signer if name == "signer" else fields[name]
        if isinstance(value, int):
            parts.append(struct.pack(">I", value + 1))
        else:
            content = value.encode() if isinstance(value, str) else value
            parts.append(bytes([len(content)]) + content)
    return b"".join(parts)


def read_frame(frame: bytes, sequence: int, previous: bytes) -> tuple[int, dict[str, Any], bytes]:
    """Kind, fields and signer of a record in its place."""
    assert frame[:7].hex() == "505a4b46010801"
    number, before, signer, signature = struct.unpack("<Q32s32s64s", frame[7:143])
    content = frame[143:]
    assert number == sequence and before == previous
    assert signed(b"pyzkfl/1 envelope", content, signer, signature)
    fields = artefact(content, content[5])
    assert fields.keys() == LABELS[content[5]]
    if "message" in fields:
        inner, _ = open_envelope(fields["message"])
        assert artefact(inner, 5).keys() == {"type", "job", "round", "body"}
    return content[5], fields, signer


def read_ledger(heads: list[bytes], frames: list[bytes]) -> list[tuple[int, dict[str, Any], bytes]]:
    """Every record, once blocks, chain, roots and signatures hold."""
    found: list[tuple[int, dict[str, Any], bytes]] = []
    block_hash, tip, operator = bytes(32), b"", b""
    for expected, head in enumerate(heads):
        assert head[:7].hex() == "505a4b46010a01" and len(head) == 234
        block = head[7:170]
        assert block[:7].hex() == "505a4b46010901"
        assert signed(b"pyzkfl/1 block", block, block[131:163], head[170:])
        height, previous, first, count, root, last, _, signer = struct.unpack("<Q32sQI32s32sQ32s", block[7:])
        assert (height, previous, first) == (expected, block_hash, len(found))
        operator = operator or signer
        assert signer == operator
        hashes = []
        for frame in frames[first : first + count]:
            found.append(read_frame(frame, len(found), tip))
            tip = sha(b"\0", frame)
            hashes.append(tip)
        assert root == tree_root(hashes)
        block_hash = sha(block)
        if height == 0:
            assert count == 0
            tip = block_hash
        else:
            assert last == tip and count == len(hashes) > 0
    assert len(found) == len(frames)
    return found


def test_the_ledger_of_the_vectors(golden: Vectors) -> None:
    ledger = golden["ledger"]
    heads = [bytes.fromhex(head) for head in ledger["heads"]]
    found = read_ledger(heads, [bytes.fromhex(record["frame"]) for record in ledger["records"]])
    assert sha(heads[0][7:170]).hex() == ledger["id"]
    assert {kind for kind, _, _ in found} == set(LABELS)
    for (kind, fields, signer), record in zip(found, ledger["records"], strict=True):
        assert kind == record["kind"] and same(fields, value_of(record["fields"]))
        assert key_of(kind, fields, signer).hex() == record["key"]
    assert len({record["key"] for record in ledger["records"]}) == len(ledger["records"])


def test_the_inclusion_proof_of_the_vectors(golden: Vectors) -> None:
    ledger = golden["ledger"]
    proof = artefact(bytes.fromhex(ledger["inclusion"]["bytes"]), 11)
    assert proof.keys() == {"frame", "path", "head"} and proof["head"].hex() == ledger["heads"][-1]
    _, _, first, count, root, _, _, _ = struct.unpack("<Q32sQI32s32sQ32s", proof["head"][14:170])
    index = struct.unpack("<Q", proof["frame"][7:15])[0] - first
    assert index + first == ledger["inclusion"]["sequence"]
    assert climb(sha(b"\0", proof["frame"]), index, count, proof["path"]) == root


def test_a_ledger_file_reads_by_the_specification_alone(golden: Vectors, tmp_path: Path) -> None:
    from pyzkfl._core.identity import IdentityKey
    from pyzkfl.encoding import Envelope
    from pyzkfl.ledger import SqliteLedger

    # The vectors' records are signed by the vectors' coordinator; a ledger may have another operator.
    operator = IdentityKey.generate()
    path = tmp_path / "spec.ledger"
    with SqliteLedger.create(path, operator) as ledger:
        sealed = []
        for record in golden["ledger"]["records"]:
            frame = bytes.fromhex(record["frame"])
            sealed.append(Envelope(frame[143:], frame[15 + 32 : 15 + 64], frame[15 + 64 : 143]).to_bytes())
        ledger.append(sealed[:20])
        ledger.append(sealed[20:])
        head = ledger.head().to_bytes()

    data = path.read_bytes()
    pages = int.from_bytes(data[16:18], "big") * int.from_bytes(data[28:32], "big")
    assert data[68:72] == b"PZKF" and int.from_bytes(data[60:64], "big") == 1
    size, chunk = struct.unpack("<QI", data[-52:-40])
    assert (size, chunk, data[-8:]) == (pages, 65536, b"PZKFSEAL")
    digests = b"".join(sha(data[start : min(size, start + chunk)]) for start in range(0, size, chunk))
    assert data[size:-40] == digests + data[-52:-40] and data[-40:-8] == sha(data[size:-40])

    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    blocks = database.execute("SELECT block, signature FROM blocks ORDER BY height").fetchall()
    rows = database.execute("SELECT sequence, key, frame FROM records ORDER BY sequence").fetchall()
    database.close()
    heads = [bytes.fromhex("505a4b46010a01") + block + signature for block, signature in blocks]
    assert heads[-1] == head
    found = read_ledger(heads, [frame for _, _, frame in rows])
    for (sequence, key, _), (kind, fields, signer) in zip(rows, found, strict=True):
        assert key == key_of(kind, fields, signer)
        assert key.hex() == golden["ledger"]["records"][sequence]["key"]


# -- and back ----------------------------------------


def test_this_release_writes_the_vectors_as_they_are(repository: Path) -> None:
    written = runpy.run_path(str(repository / "scripts" / "format_vectors.py"))["vectors"]()
    stored = json.loads((repository / "tests" / "vectors" / "formats.json").read_text())
    assert {**json.loads(json.dumps(written)), "kinds": stored["kinds"]} == stored


def test_the_kinds_of_this_release_are_those_of_the_vectors(golden: Vectors) -> None:
    """Kinds are only ever added: a number that was given once keeps its meaning."""
    from pyzkfl.encoding import Kind

    assert golden["kinds"].items() <= {kind.name: int(kind) for kind in Kind}.items()
