"""Proofs that the core made of random programs, before the plain verifier: two readings of docs/engine.md must agree.

tests/vectors/engine_proofs.json is written by tests/cpp/wrap/vectors. PYZKFL_ENGINE_PROOFS names another file of that
form, for a longer comparison.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from program_shape import Shape, program_digest
from py_ecc import optimized_bn128 as curve
from slow_verifier import Opening, Refused, hashing, opening_holds, public_input, split, verify


def number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)


def plain(node: Any) -> Any:
    """A program in which hexadecimal elements are integers."""
    if isinstance(node, dict):
        return {key: value if key in ("kind", "role") else plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return int(node, 16) if isinstance(node, str) else node


def words(text: str) -> list[int]:
    data = bytes.fromhex(text)
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


def g1(text: str) -> Any:
    x, y = words(text)
    return curve.Z1 if x == y == 0 else (curve.FQ(x), curve.FQ(y), curve.FQ.one())


def g2(text: str) -> Any:
    x1, x0, y1, y0 = words(text)
    return (curve.FQ2([x0, x1]), curve.FQ2([y0, y1]), curve.FQ2.one())


@pytest.fixture(scope="module")
def proofs(vectors: Path) -> list[Any]:
    path = Path(os.environ.get("PYZKFL_ENGINE_PROOFS", vectors / "engine_proofs.json"))
    return list(json.loads(path.read_text()))


def test_the_plain_verifier_accepts_what_the_core_proves(proofs: list[Any]) -> None:
    assert proofs
    for case in proofs:
        program, rows = plain(case["program"]), case["rows"]
        assert program_digest(program).hex() == case["digest"]
        context = (number(case["context"][0]), number(case["context"][1]))
        kinds = [column["kind"] for column in program["columns"]]
        by_kind = zip(case["commitments"], kinds, strict=True)
        absorbed = [text for text, kind in by_kind if kind in ("update", "digits", "mask")]
        points = [hashing.point_elements(tuple(words(text))) for text in [*absorbed, case["symmetric"]]]
        flat = [number(v) % hashing.R for v in case["messages"]]
        opening = verify(program, context, rows, points, split(Shape.of(program), flat))
        assert opening == Opening(*[number(v) % hashing.R for v in case["opening"]])
        assert public_input(context, rows, points, opening) == number(case["public_input"])
        srs = (g1(case["tau_1"]), g2(case["tau_2"]), g2(case["tau_squared_2"]))
        commitments = [g1(text) for text in case["commitments"]]
        assert opening_holds(commitments, g1(case["symmetric"]), g1(case["quotient"]), opening, srs)

        for i in range(0, len(flat), 7):
            changed = [*flat[:i], (flat[i] + 1) % hashing.R, *flat[i + 1 :]]
            with pytest.raises(Refused):
                verify(program, context, rows, points, split(Shape.of(program), changed))
