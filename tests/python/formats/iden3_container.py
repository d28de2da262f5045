"""iden3's container, written again for the tests: to take files apart, change them, and put them together."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
MONTGOMERY = 1 << 256


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


@dataclass
class Container:
    magic: bytes
    version: int
    sections: list[tuple[int, bytes]]

    @classmethod
    def read(cls, path: Path) -> Container:
        data = path.read_bytes()
        version, count = struct.unpack_from("<II", data, 4)
        sections, at = [], 12
        for _ in range(count):
            kind, size = struct.unpack_from("<IQ", data, at)
            sections.append((kind, data[at + 12 : at + 12 + size]))
            at += 12 + size
        assert at == len(data)
        return cls(data[:4], version, sections)

    def __getitem__(self, kind: int) -> bytes:
        return next(body for found, body in self.sections if found == kind)

    def __setitem__(self, kind: int, body: bytes) -> None:
        self.sections = [(found, body if found == kind else old) for found, old in self.sections]

    def without(self, kind: int) -> Container:
        return Container(self.magic, self.version, [section for section in self.sections if section[0] != kind])

    def patched(self, kind: int, offset: int, data: bytes) -> Container:
        """The same with other bytes at an offset (negative: from the end) of a section."""
        body = bytearray(self[kind])
        offset %= len(body)
        assert offset + len(data) <= len(body)
        body[offset : offset + len(data)] = data
        out = Container(self.magic, self.version, list(self.sections))
        out[kind] = bytes(body)
        return out

    def to_bytes(self) -> bytes:
        out = self.magic + u32(self.version) + u32(len(self.sections))
        return out + b"".join(u32(kind) + u64(len(body)) + body for kind, body in self.sections)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.to_bytes())
        return path


def coordinate(value: int) -> bytes:
    """A coordinate in Montgomery form."""
    return (value * MONTGOMERY % P).to_bytes(32, "little")


def number(data: bytes) -> int:
    """The coordinate that these bytes stand for."""
    return int.from_bytes(data, "little") * pow(MONTGOMERY, -1, P) % P


OFF_CURVE_1 = coordinate(1) + coordinate(1)
INFINITY_1, INFINITY_2 = bytes(64), bytes(128)
G1 = coordinate(1) + coordinate(2)


def _square_root(a: tuple[int, int]) -> tuple[int, int] | None:
    """In Fp2, p = 3 mod 4: by the norm."""
    a0, a1 = a
    norm = (a0 * a0 + a1 * a1) % P
    root = pow(norm, (P + 1) // 4, P)
    if root * root % P != norm:
        return None
    for sign in (1, -1):
        half = (a0 + sign * root) * pow(2, -1, P) % P
        x0 = pow(half, (P + 1) // 4, P)
        if x0 and x0 * x0 % P == half:
            x1 = a1 * pow(2 * x0, -1, P) % P
            if ((x0 * x0 - x1 * x1) % P, 2 * x0 * x1 % P) == (a0 % P, a1 % P):
                return x0, x1
    return None


def _multiply(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def stray_g2_coordinates() -> tuple[tuple[int, int], tuple[int, int]]:
    """A point of the twist; a random one is in the subgroup of order r with probability 2^-254."""
    inverse = pow(9 * 9 + 1, -1, P)
    b = (3 * 9 * inverse % P, -3 * inverse % P)  # 3 / (9 + u)
    for i in range(1, 100):
        x = (i, 1)
        cube = _multiply(_multiply(x, x), x)
        y = _square_root(((cube[0] + b[0]) % P, (cube[1] + b[1]) % P))
        if y is not None:
            return x, y
    raise AssertionError


def stray_g2() -> bytes:
    x, y = stray_g2_coordinates()
    return b"".join(map(coordinate, (*x, *y)))
