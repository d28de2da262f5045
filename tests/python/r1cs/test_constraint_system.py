"""What Python sees of a constraint system, checked against a reading of its matrices in plain Python."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def chain_witness(start: int, steps: int) -> list[int]:
    values = [start]
    products = []
    for _ in range(steps):
        products.append(values[-1] ** 2 % R)
        values.append((products[-1] + start) % R)
    return [1, values[-1], start, *products[:-1]]


def rows(cs: _core.r1cs.ConstraintSystem, side: str) -> list[dict[int, int]]:
    table = [int.from_bytes(row.tobytes(), "little") for row in cs.coefficients()]
    starts, wires, coefficients = cs.matrix(side)
    assert starts.dtype == np.uint64 and wires.dtype == coefficients.dtype == np.uint32
    return [
        {int(wires[e]): table[coefficients[e]] for e in range(int(starts[k]), int(starts[k + 1]))}
        for k in range(len(starts) - 1)
    ]


def test_the_chain_is_satisfied_by_the_chain_and_by_nothing_near_it() -> None:
    cs = _core.r1cs.chain_circuit(10)
    witness = chain_witness(5, 10)
    assert (cs.num_circuit_constraints, cs.num_constraints, cs.num_wires) == (10, 12, 12)
    assert (cs.num_public, cs.num_private, cs.group_sizes) == (1, 10, [])
    assert cs.check(witness) is None
    for wire in range(1, 12):
        bad = list(witness)
        bad[wire] = (bad[wire] + 1) % R
        broken = cs.check(bad)
        a, b, c = (rows(cs, side) for side in "ABC")

        def value(row: dict[int, int], values: list[int] = bad) -> int:
            return sum(k * values[w] for w, k in row.items()) % R

        violated = [k for k in range(12) if value(a[k]) * value(b[k]) % R != value(c[k])]
        assert broken == violated[0]
        assert cs.label(broken) in ("step", "last step")


def test_the_last_rows_are_those_of_the_constant_and_the_public_inputs() -> None:
    cs = _core.r1cs.chain_circuit(3)
    assert rows(cs, "A")[3:] == [{0: 1}, {1: 1}]
    assert rows(cs, "B")[3:] == rows(cs, "C")[3:] == [{}, {}]
    assert [cs.label(k) for k in range(5)] == ["step", "step", "last step", "constant wire", "public input"]


def test_the_digest_is_the_documented_serialisation() -> None:
    cs = _core.r1cs.chain_circuit(7)
    coefficients = cs.coefficients()
    out = b"pyzkfl/r1cs/1" + cs.num_public.to_bytes(4, "little") + len(cs.group_sizes).to_bytes(4, "little")
    out += b"".join(size.to_bytes(4, "little") for size in cs.group_sizes)
    out += cs.num_private.to_bytes(4, "little") + len(coefficients).to_bytes(4, "little") + coefficients.tobytes()
    for side in "ABC":
        starts, wires, indices = cs.matrix(side)
        out += (len(starts) - 1).to_bytes(8, "little")
        for k in range(len(starts) - 1):
            first, last = int(starts[k]), int(starts[k + 1])
            out += (last - first).to_bytes(4, "little")
            out += np.stack([wires[first:last], indices[first:last]], axis=1).astype("<u4").tobytes()
    assert cs.digest == hashlib.sha256(out).digest()
    assert cs.digest == _core.r1cs.chain_circuit(7).digest != _core.r1cs.chain_circuit(8).digest


def test_bad_witnesses_and_arguments_are_refused() -> None:
    cs = _core.r1cs.chain_circuit(4)
    witness = chain_witness(2, 4)
    array = np.frombuffer(b"".join(v.to_bytes(32, "little") for v in witness), np.uint8).reshape(-1, 32)
    assert cs.check(array) is None
    with pytest.raises(ParameterError):
        cs.check(witness[:-1])
    with pytest.raises(ParameterError):
        cs.check([0, *witness[1:]])
    with pytest.raises(DecodeError):
        cs.check([*witness[:-1], R])
    with pytest.raises(ParameterError):
        cs.label(6)
    with pytest.raises(ParameterError):
        cs.matrix("D")
    with pytest.raises(ParameterError):
        _core.r1cs.chain_circuit(0)
    with pytest.raises(TypeError):
        _core.r1cs.ConstraintSystem()
