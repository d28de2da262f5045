"""ctx in plain Python, written from docs/engine.md, section 5, and not from the package: what that is compared with.

python tests/python/engine/slow_context.py --write    makes tests/vectors/step_context.json anew
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from slow_verifier import hashing

VECTORS = Path(__file__).resolve().parents[3] / "tests" / "vectors" / "step_context.json"
TWICE_G = hashing.POINTS["2G"]
POINTS = {
    "infinity": bytes([0x40]) + bytes(31),
    "G": bytes([0x80]) + bytes(30) + b"\1",
    "-G": bytes([0xC0]) + bytes(30) + b"\1",
    "2G": (TWICE_G[0] | (3 if TWICE_G[1] > (hashing.P - 1) // 2 else 2) << 254).to_bytes(32, "big"),
}


def elements(
    job: bytes, beacon: bytes, name: str, root: bytes, batches: list[int], client: int, round_: int, steps: int,
    points: list[str],
) -> list[int]:  # fmt: skip
    """points: names of POINTS, in order."""
    velocities = len(points) - 2 - steps
    head = hashlib.sha256(b"pyzkfl/2 statement").digest()[:19]
    for value, size in ((steps, 2), (velocities, 2), (client, 4), (round_, 4)):
        head += value.to_bytes(size, "big")
    text = name.encode()
    choice = len(text).to_bytes(8, "little") + text + root + b"".join(n.to_bytes(8, "little") for n in batches)
    out = [int.from_bytes(head, "big")]
    out += [hashing.to_field(b"pyzkfl/2 session", job + beacon), hashing.to_field(b"pyzkfl/2 choice", choice)]
    for point in points:
        out += hashing.point_elements(hashing.POINTS[point])
    return out


CASES: dict[str, dict[str, Any]] = {
    "one step": {
        "job": bytes(range(32)), "beacon": bytes(range(32, 64)), "name": "ada", "root": bytes(range(64, 96)),
        "batches": [7], "client": 3, "round_": 5, "steps": 1, "points": ["G", "2G", "-G"],
    },
    "three steps, momentum of a first round, largest numbers": {
        "job": b"\xff" * 32, "beacon": b"\xff" * 32, "name": "", "root": b"\xff" * 32,
        "batches": [2**64 - 1, 0, 1], "client": 2**32 - 1, "round_": 2**32 - 1, "steps": 3,
        "points": ["infinity", "G", "2G", "-G", "2G", "infinity", "G"],
    },
    "outside a run": {
        "job": bytes(32), "beacon": bytes(32), "name": "", "root": bytes(32), "batches": [], "client": 0, "round_": 0,
        "steps": 1, "points": ["G", "G", "G"],
    },
}  # fmt: skip


LEAF_OF, LEAF_ROWS, LEAF_UPDATE = "one step", 7, "2G"  # that case with these rows, and this for C(D)


def leaf(made: list[int], case: dict[str, Any]) -> int:
    """The leaf of a composed proof's root (docs/recursion.md, section 1), for one step."""
    points = [e for point in (case["points"][2], LEAF_UPDATE) for e in hashing.point_elements(hashing.POINTS[point])]
    name = hashing.to_field(b"pyzkfl/recursion/leaf/1", b"")
    return hashing.sponge([name, case["client"], made[2], LEAF_ROWS, *points])


def main() -> None:
    out = {}
    for name, case in CASES.items():
        made = elements(**case)
        shown = {key: value.hex() if isinstance(value, bytes) else value for key, value in case.items()}
        out[name] = {**shown, "elements": [f"{v:064x}" for v in made], "ctx": f"{hashing.sponge(made):064x}"}
        if name == LEAF_OF:
            out[name]["leaf"] = f"{leaf(made, case):064x}"
    text = json.dumps(out, indent=1) + "\n"
    if "--write" in sys.argv:
        VECTORS.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
