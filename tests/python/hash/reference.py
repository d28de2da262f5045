"""Poseidon2 and the transcript in plain Python, straight from their definitions: what the core is tested against.

python tests/python/hash/reference.py --write    makes tests/vectors/transcript.json anew
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
VECTORS = REPOSITORY / "tests" / "vectors" / "transcript.json"
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617

EXTERNAL = [[5, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]]

# Points of G1 that the vectors absorb: infinity, G = (1, 2), -G, 2G and -2G.
TWICE_G = (
    0x030644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD3,
    0x15ED738C0E0A7C92E7845F96B2AE9C0A68A6A449E3538FC7FF3EBF7A5A18A2C4,
)
POINTS: dict[str, tuple[int, int]] = {
    "infinity": (0, 0),
    "G": (1, 2),
    "-G": (1, P - 2),
    "2G": TWICE_G,
    "-2G": (TWICE_G[0], P - TWICE_G[1]),
}


@cache
def constants() -> tuple[list[list[int]], list[int], list[int]]:
    script = REPOSITORY / "scripts" / "poseidon2_constants.py"
    spec = importlib.util.spec_from_file_location("poseidon2_constants", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.derive()


def times(matrix: list[list[int]], state: list[int]) -> list[int]:
    return [sum(m * s for m, s in zip(row, state, strict=True)) % R for row in matrix]


def permute(state: Sequence[int]) -> list[int]:
    full, partial, diagonal = constants()
    internal = [[1 + diagonal[i] if i == j else 1 for j in range(4)] for i in range(4)]
    s = times(EXTERNAL, list(state))
    for row in full[:4]:
        s = times(EXTERNAL, [pow(v + c, 5, R) for v, c in zip(s, row, strict=True)])
    for constant in partial:
        s = times(internal, [pow(s[0] + constant, 5, R), *s[1:]])
    for row in full[4:]:
        s = times(EXTERNAL, [pow(v + c, 5, R) for v, c in zip(s, row, strict=True)])
    return s


def sponge(inputs: Sequence[int]) -> int:
    state = [0, 0, 0, len(inputs) << 64]
    for i in range(0, max(len(inputs), 1), 3):
        for j, v in enumerate(inputs[i : i + 3]):
            state[j] = (state[j] + v) % R
        state = permute(state)
    return state[0]


def to_field(name: bytes, data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(name + data).digest(), "big") & ((1 << 253) - 1)


def point_elements(point: tuple[int, int]) -> tuple[int, int]:
    x, y = point
    if (x, y) == (0, 0):
        return 0, 1 << 126
    return x % 2**128, (x >> 128) + (1 << 127 if y > (P - 1) // 2 else 0)


class Transcript:
    """csrc/transcript/transcript.h, as its header says it."""

    def __init__(self, domain: str) -> None:
        self.state = [0, 0, 0, to_field(b"pyzkfl/transcript/1/start", domain.encode())]
        self.calls = b""
        self.filled = 0
        self.left = 0

    def _begin(self, kind: int, length: int) -> None:
        self.calls += bytes([kind]) + length.to_bytes(8, "little")
        if kind != 5:
            self.left = 0

    def _permute(self) -> None:
        self.state[3] = (self.state[3] + to_field(b"pyzkfl/transcript/1/calls", self.calls)) % R
        self.state = permute(self.state)
        self.calls = b""
        self.filled = 0

    def _add(self, value: int) -> None:
        if self.filled == 3:
            self._permute()
        self.state[self.filled] = (self.state[self.filled] + value) % R
        self.filled += 1

    def absorb(self, value: int) -> None:
        self._begin(1, 1)
        self._add(value)

    def absorb_list(self, values: Sequence[int]) -> None:
        self._begin(2, len(values))
        for value in values:
            self._add(value)

    def absorb_g1(self, point: tuple[int, int]) -> None:
        self.absorb_point_elements(*point_elements(point))

    def absorb_point_elements(self, low: int, high: int) -> None:
        """What a circuit does with a point that it never decomposes."""
        self._begin(3, 1)
        self._add(low)
        self._add(high)

    def absorb_bytes(self, data: bytes) -> None:
        self._begin(4, len(data))
        for i in range(0, len(data), 31):
            self._add(int.from_bytes(data[i : i + 31], "little"))

    def challenge(self) -> int:
        self._begin(5, 1)
        if self.left == 0:
            self._permute()
            self.left = 3
        self.left -= 1
        return self.state[2 - self.left]


def compressed(point: tuple[int, int]) -> bytes:
    """gnark's form: x big-endian, 10 the smaller y, 11 the larger, 01 infinity."""
    x, y = point
    if (x, y) == (0, 0):
        return bytes([0x40]) + bytes(31)
    return (x | ((3 if y > (P - 1) // 2 else 2) << 254)).to_bytes(32, "big")


# (domain, calls): an int is a number of challenges to draw, everything else is absorbed.
SCRIPTS: list[tuple[str, list[tuple[str, object]]]] = [
    ("", [("challenge", 1)]),
    ("pyzkfl/test", [("challenge", 4)]),
    ("pyzkfl/test", [("element", "0x0"), ("challenge", 1)]),
    ("pyzkfl/test", [("element", hex(R - 1)), ("element", "0x7"), ("challenge", 5)]),
    ("pyzkfl/test", [("list", []), ("challenge", 1)]),
    ("pyzkfl/test", [("list", [hex(i) for i in range(1, 8)]), ("challenge", 2)]),
    *[("pyzkfl/test", [("point", name), ("challenge", 1)]) for name in POINTS],
    ("pyzkfl/test", [("bytes", ""), ("challenge", 1)]),
    ("pyzkfl/test", [("bytes", bytes(range(100)).hex()), ("challenge", 1)]),
    (
        "pyzkfl/test/everything",
        [
            ("element", "0x123456789abcdef"),
            ("list", ["0x1", "0x2", "0x3", "0x4"]),
            ("challenge", 1),
            ("point", "-2G"),
            ("bytes", b"some bytes".hex()),
            ("challenge", 2),
            ("element", "0x5"),
            ("challenge", 4),
            ("list", ["0x6"]),
            ("challenge", 1),
        ],
    ),
]


def run(domain: str, calls: Sequence[Sequence[object]], transcript: object, point: object) -> list[str]:
    """Runs a script on a transcript of either implementation; `point` says how that one takes points."""
    out: list[str] = []
    t: Transcript = transcript(domain)  # type: ignore[operator]
    for kind, value in calls:
        if kind == "element":
            t.absorb(int(str(value), 16))
        elif kind == "list":
            t.absorb_list([int(v, 16) for v in value])  # type: ignore[attr-defined]
        elif kind == "point":
            t.absorb_g1(point(POINTS[str(value)]))  # type: ignore[operator]
        elif kind == "bytes":
            t.absorb_bytes(bytes.fromhex(str(value)))
        else:
            out += [f"0x{t.challenge():064x}" for _ in range(int(str(value)))]
    return out


def vectors() -> dict[str, object]:
    return {
        "schema": 1,
        "what": "Calls in order, and the challenges drawn; tests/python/hash/reference.py names the points",
        "transcripts": [
            {"domain": domain, "calls": calls, "challenges": run(domain, calls, Transcript, lambda p: p)}
            for domain, calls in SCRIPTS
        ],
    }


def text() -> str:
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        VECTORS.write_text(text())
    else:
        print(text(), end="")
