"""The hash of a composed statement in plain Python, from docs/recursion.md, section 1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "engine"))  # for slow_verifier's hash

from slow_verifier import hashing

if TYPE_CHECKING:
    from pyzkfl.composed import ComposedStatement

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583


def coordinates(compressed: bytes) -> tuple[int, int]:
    """x and y: the larger y where the second bit is set."""
    flags, x = compressed[0] >> 6, int.from_bytes(compressed, "big") & ((1 << 254) - 1)
    y = pow(x**3 + 3, (P + 1) // 4, P)
    assert flags in (2, 3) and x < P and y * y % P == (x**3 + 3) % P
    return x, y if (y > (P - 1) // 2) == (flags == 3) else P - y


def slow_hash(s: ComposedStatement) -> int:
    """Poseidon2(tag, K, job, first and last round, count, first and last client, root, three points modulo r)."""
    numbers = [s.node_key, s.job, s.first_round, s.last_round, s.count, s.first_client, s.last_client, s.root]
    for point in (s.update, s.weights_before, s.weights_after):
        numbers += [c % hashing.R for c in coordinates(point)]
    return hashing.sponge([hashing.to_field(b"pyzkfl/recursion/statement/1", b""), *numbers])
