"""Writes tests/vectors/formats.json: golden vectors of docs/formats.md.

    python scripts/format_vectors.py            write the file
    python scripts/format_vectors.py --check    exit 1 if the file is not what this release would write

A vector changes only with a format version. The file is checked by tests/python/encoding/test_format_vectors.py, which
reads it without pyzkfl's encoder. Keys are the seeds of RFC 8032 section 7.1 and others as public as they; signatures
are made by the few lines of Ed25519 below, not by the library that verifies them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from pyzkfl import encoding, merkle
from pyzkfl.committed_data import DataCommitment, batch_indices
from pyzkfl.encoding import Envelope, Kind
from pyzkfl.keys import Member, Members
from pyzkfl.ledger import Block, InclusionProof, SignedBlock, _framing, records
from pyzkfl.ledger.blocks import RECORD_HEADER

TARGET = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "formats.json"

# -- Ed25519, RFC 8032 section 5.1; for public test keys only: slow, and its time depends on the key ---------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int]


def _add(a: _Point, b: _Point) -> _Point:
    product = _D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, _P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, _P)
    return x % _P, y % _P


def _times(scalar: int, point: _Point) -> _Point:
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _base() -> _Point:
    y = 4 * pow(5, -1, _P) % _P
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    return (x if x % 2 == 0 else _P - x), y


_B = _base()


def _write(point: _Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


class SeedKey:
    """An Ed25519 key of a published seed."""

    def __init__(self, seed: bytes) -> None:
        expanded = hashlib.sha512(seed).digest()
        self._scalar = int.from_bytes(expanded[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self._prefix = expanded[32:]
        self.public_bytes = _write(_times(self._scalar, _B))

    def sign(self, message: bytes, /) -> bytes:
        """The signature, 64 bytes."""
        r = int.from_bytes(hashlib.sha512(self._prefix + message).digest(), "little") % _L
        point = _write(_times(r, _B))
        k = int.from_bytes(hashlib.sha512(point + self.public_bytes + message).digest(), "little") % _L
        return point + ((r + k * self._scalar) % _L).to_bytes(32, "little")


SEEDS = {
    "coordinator": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",  # RFC 8032, test 1
    "east": "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",  # test 2
    "north": "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",  # test 3
    "south": hashlib.sha256(b"pyzkfl test key south").hexdigest(),
    "north, new": hashlib.sha256(b"pyzkfl test key north, new").hexdigest(),
}
KEYS = {name: SeedKey(bytes.fromhex(seed)) for name, seed in SEEDS.items()}
MEMBERS = ("east", "north", "south")


def fill(*parts: object) -> bytes:
    """32 bytes that stand for a digest, a commitment or a nonce."""
    return hashlib.sha256(" ".join(map(str, parts)).encode()).digest()


def plain(value: Any) -> Any:
    """A value for JSON: bytes as {"$hex": ...}."""
    if isinstance(value, bytes):
        return {"$hex": value.hex()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


# -- canonical CBOR ----------------------------------------

VALUES: list[Any] = [
    None, False, True, 0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1,
    -1, -24, -25, -256, -257, -(2**63),
    b"", b"\x00", bytes(23), bytes(24), bytes(256),
    "", "a", "\u00fc\u6c34\U00010151", "x" * 24,
    [], [1, [2, [3]]], list(range(25)),
    {}, {"b": 1, "a": 2, "aa": 3, "": 4}, {"z": 1, "aa": 2, "\u00fc": 3},
    {"job": bytes(32), "round": 3, "client": "north", "on": True, "none": None},
]  # fmt: skip

REFUSED = {
    "an integer not in its shortest form": "1817",
    "an integer of 65 bits": "1bffffffffffffffff",
    "a length not in its shortest form": "5801aa",
    "a list of indefinite length": "9f01ff",
    "a map of indefinite length": "bf616101ff",
    "keys out of order": "a2616201616102",
    "a longer key before a shorter": "a262616101616202",
    "a key twice": "a2616101616102",
    "a key that is not text": "a10102",
    "a float": "fb3ff0000000000000",
    "half a float": "f93c00",
    "undefined": "f7",
    "a simple value": "e0",
    "a tag": "c11a514b67b0",
    "a big number": "c24101",
    "text that is not UTF-8": "62c328",
    "trailing bytes": "0000",
    "a list cut short": "8201",
    "nothing": "",
    "lists nested 17 deep": "81" * 16 + "80",
}


# -- a ledger ----------------------------------------


class Story:
    """The records of a short job."""

    def __init__(self) -> None:
        self.document = {
            "name": "vectors",
            "members": [[name, KEYS[name].public_bytes] for name in MEMBERS],
            "verifying_key": b"",
            "commitment_key": b"",
            "setup": b"",
        }
        self.keys = {name: fill(name) for name in ("verifying_key", "commitment_key", "setup")}
        self.terms = encoding.encode(Kind.JOB, self.document)
        self.job = encoding.digest(self.terms)
        self.bound = encoding.digest(encoding.encode(Kind.JOB, {**self.document, **self.keys}))

    def message(self, name: str, type_: int, body: dict[str, Any], job: bytes | None = None) -> bytes:
        value = {"type": type_, "job": self.bound if job is None else job, "round": 0, "body": body}
        return Envelope.seal(KEYS[name], Kind.MESSAGE, value)

    def all(self) -> list[records.Record]:
        """One record of each kind and more, in an order that the rules allow."""
        job, message = self.job, self.message
        story: list[records.Record] = [records.JobTerms(job, self.terms)]
        for name in MEMBERS:
            story.append(records.MemberAccepted(job, name, message(name, 2, {"terms": job}, job)))
        for phase in (1, 2):
            story += [records.SetupContribution(job, phase, name, fill("record", phase, name)) for name in MEMBERS]
        for name in MEMBERS:
            story.append(records.SetupFinal(job, name, message(name, 6, {"job": self.bound}), **self.keys))
        for name in MEMBERS:
            batches = [[32 - i, fill("C(X)", name, i), fill("P_X", name, i)] for i in range(2)]
            root = merkle.root([rows.to_bytes(4, "little") + point for rows, point, _ in batches])
            story.append(records.Dataset(job, name, message(name, 8, {"batches": batches}), root, 2, 63))
        for name in MEMBERS:
            value = fill("commitment", name)
            story.append(records.BeaconCommit(job, name, message(name, 10, {"commitment": value}), 0, value))
        for name in MEMBERS:
            value = fill("nonce", name)
            story.append(records.BeaconReveal(job, name, message(name, 12, {"nonce": value}), 0, value))
        story += [records.Beacon(job, 0, fill("beacon")), records.RoundStart(job, 0, fill("W", 0))]
        reason = "the update is not the agreed step"
        story.append(records.Refusal(job, 0, "south", 0, "ProofInvalid", reason))
        for name in MEMBERS:
            body = {"commitment": fill("C(D)", name), "proof": encoding.frame(Kind.PROOF, bytes(160))}
            sealed = message(name, 21, body)
            digest = encoding.digest(body["proof"])
            story.append(records.Submission(job, name, sealed, 0, body["commitment"], digest))
        story.append(records.Aggregate(job, 0, MEMBERS, fill("sum"), fill("C(sum)"), fill("blinder")))
        story += [records.Weights(job, 0, fill("W", 1)), records.RoundStart(job, 1, fill("W", 1))]
        return [*story, records.Void(job, 1, "too few"), records.Finish(job, 2, fill("W", 1))]


def ledger() -> dict[str, Any]:
    operator = KEYS["coordinator"]
    story = Story().all()
    cuts = [0, 1, 4, 22, len(story)]
    genesis = Block(0, bytes(32), 0, 0, merkle.root([]), fill("nonce of the ledger"), 1_700_000_000_000,
                    operator.public_bytes)  # fmt: skip
    head = SignedBlock.sign(operator, genesis)
    blocks, frames = [head], []
    for start, end in itertools.pairwise(cuts):
        before = blocks[-1].block
        envelopes = [Envelope.from_bytes(record.seal(operator)) for record in story[start:end]]
        parts = [(e.signer, e.signature, e.artefact) for e in envelopes]
        new, hashes = _framing.frame_records(RECORD_HEADER, start, before.tip, parts)
        root = merkle.root_of_hashes(hashes)
        time_ms = before.time_ms + 1000
        block = Block(before.height + 1, before.hash, start, len(new), root, hashes[-1], time_ms, operator.public_bytes)
        blocks.append(SignedBlock.sign(operator, block))
        frames += new
    last = blocks[-1].block
    index = 5
    hashes = [merkle.leaf_hash(frame) for frame in frames[last.first :]]
    proof = InclusionProof(frames[last.first + index], tuple(merkle.inclusion_proof(hashes, index)), blocks[-1])
    return {
        "id": genesis.hash.hex(),
        "heads": [signed.to_bytes().hex() for signed in blocks],
        "records": [
            {
                "kind": int(record.KIND),
                "fields": plain(record.to_object()),
                "key": record.key(operator.public_bytes).hex(),
                "frame": frame.hex(),
            }
            for record, frame in zip(story, frames, strict=True)
        ],
        "inclusion": {"sequence": last.first + index, "bytes": proof.to_bytes().hex()},
    }


def engine_dataset() -> dict[str, Any]:
    """A dataset of five batches of the engine, and a beacon's choices among them. The points need not be points."""
    batches = [(rows, fill(f"batch {rows}")) for rows in (8, 8, 7, 7, 7)]
    tree = merkle.root([rows.to_bytes(4, "little") + point for rows, point in batches])
    beacon = fill("beacon of the engine")
    return {
        "batches": [[rows, point.hex()] for rows, point in batches],
        "root": DataCommitment.of_tree(tree, len(batches)).root.hex(),
        "beacon": beacon.hex(),
        "member": "north",
        "round": 6,
        "indices": [batch_indices(beacon, 6, "north", len(batches), steps) for steps in range(1, 6)],
    }


def vectors() -> dict[str, Any]:
    """The whole file."""
    artefact = encoding.encode(Kind.MESSAGE, {"type": 2, "job": bytes(32), "round": 0, "body": {}})
    envelope = Envelope.sign(KEYS["north"], artefact)
    north = Member("north", KEYS["north"].public_bytes, 2, 30)
    north = north.rotated(KEYS["north"], KEYS["north, new"].public_bytes, 10)
    members = Members((north, Member("east", KEYS["east"].public_bytes)))
    leaves = [f"leaf {i}".encode() for i in range(7)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    return {
        "schema": 1,
        "format_version": encoding.VERSION,
        "suite": encoding.SUITE,
        "kinds": {kind.name: int(kind) for kind in Kind},
        "keys": {name: {"seed": seed, "public": KEYS[name].public_bytes.hex()} for name, seed in SEEDS.items()},
        "cbor": [{"value": plain(value), "body": encoding.encode(Kind.MESSAGE, value)[7:].hex()} for value in VALUES],
        "cbor_refused": REFUSED,
        "merkle": {
            "leaves": [leaf.hex() for leaf in leaves],
            "roots": [merkle.root(leaves[:n]).hex() for n in range(len(leaves) + 1)],
            "paths": [[h.hex() for h in merkle.inclusion_proof(hashes, i)] for i in range(len(leaves))],
        },
        "engine_dataset": engine_dataset(),
        "envelope": {
            "artefact": artefact.hex(),
            "signer": envelope.signer.hex(),
            "signature": envelope.signature.hex(),
            "bytes": envelope.to_bytes().hex(),
        },
        "members": {
            "json_members": json.loads(members.to_json())["members"],
            "digest": members.digest.hex(),
            "rotation": {
                "old": north.public_key.hex(),
                "new": north.rotations[0].public_key.hex(),
                "from_round": 10,
                "signature": north.rotations[0].signature.hex(),
            },
        },
        "ledger": ledger(),
    }


def main() -> int:
    text = json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
