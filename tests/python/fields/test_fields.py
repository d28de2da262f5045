"""Fp and Fr against Python's integers and galois, with each kernel, on edges and at random."""

from __future__ import annotations

import galois
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

fields = _core.fields
Rows = npt.NDArray[np.uint8]

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
MODULUS = {"fp": P, "fr": R}
ONES = 2**64 - 1


def edges(modulus: int) -> list[int]:
    """Integers below the modulus around which carries go wrong, in Montgomery form and out of it."""
    limbs = [modulus >> 64 * i & ONES for i in range(4)]
    plain = {0, 1, 2, modulus - 1, modulus - 2, modulus // 2, modulus // 2 + 1, ONES, 2**128 - 1, 2**192 - 1, 2**253}
    plain |= {2**k for k in range(0, 254, 21)} | {2**k - 1 for k in range(1, 254, 21)}
    plain |= {ONES << 64, ONES << 128, (limbs[3] << 192) - 1, sum(limb << 64 * i for i, limb in enumerate(limbs[:3]))}
    inverse_r = pow(2**256, -1, modulus)
    return sorted({v % modulus for v in plain} | {v * inverse_r % modulus for v in plain})


def to_rows(values: list[int]) -> Rows:
    return np.frombuffer(b"".join(v.to_bytes(32, "little") for v in values), dtype=np.uint8).reshape(-1, 32)


def to_ints(rows: Rows) -> list[int]:
    assert rows.dtype == np.uint8
    assert rows.shape[1:] == (32,)
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


@pytest.mark.parametrize("field", ["fp", "fr"])
def test_the_modulus_is_that_of_bn254(field: str) -> None:
    assert fields.modulus(field) == MODULUS[field]
    t = 4965661367192848881
    assert 36 * t**4 + 36 * t**3 + 24 * t**2 + 6 * t + 1 == P
    assert 36 * t**4 + 36 * t**3 + 18 * t**2 + 6 * t + 1 == R


@pytest.mark.parametrize("kernel", fields.kernels())
@pytest.mark.parametrize("field", ["fp", "fr"])
def test_every_kernel_agrees_with_python_on_all_pairs_of_edges(field: str, kernel: str) -> None:
    p = MODULUS[field]
    pairs = [(a, b) for a in edges(p) for b in edges(p)]
    a, b = to_rows([a for a, _ in pairs]), to_rows([b for _, b in pairs])
    assert to_ints(fields.add(field, a, b, kernel)) == [(a + b) % p for a, b in pairs]
    assert to_ints(fields.sub(field, a, b, kernel)) == [(a - b) % p for a, b in pairs]
    assert to_ints(fields.mul(field, a, b, kernel)) == [a * b % p for a, b in pairs]


@pytest.mark.parametrize("kernel", fields.kernels())
@pytest.mark.parametrize("field", ["fp", "fr"])
def test_every_kernel_agrees_with_galois_on_random_elements(field: str, kernel: str) -> None:
    p = MODULUS[field]
    generator = {"fp": 3, "fr": 5}[field]
    gf = galois.GF(p, primitive_element=generator, verify=False)
    rows_a, rows_b = fields.random(field, 500), fields.random(field, 500)
    a, b = gf(to_ints(rows_a)), gf(to_ints(rows_b))
    assert to_ints(fields.mul(field, rows_a, rows_b, kernel)) == [int(v) for v in a * b]
    assert to_ints(fields.add(field, rows_a, rows_b, kernel)) == [int(v) for v in a + b]
    assert to_ints(fields.sub(field, rows_a, rows_b, kernel)) == [int(v) for v in a - b]
    assert to_ints(fields.inverse(field, rows_a[:20])) == [int(v) for v in gf(1) / a[:20]]


@pytest.mark.parametrize("field", ["fp", "fr"])
def test_negation_squares_and_inverses_agree_with_python(field: str) -> None:
    p = MODULUS[field]
    values = edges(p) + to_ints(fields.random(field, 200))
    rows = to_rows(values)
    inverses = [pow(v, -1, p) if v else 0 for v in values]
    assert to_ints(fields.neg(field, rows)) == [-v % p for v in values]
    assert to_ints(fields.square(field, rows)) == [v * v % p for v in values]
    assert to_ints(fields.inverse(field, rows)) == inverses
    assert to_ints(fields.inverse_vartime(field, rows)) == inverses
    assert to_ints(fields.batch_inverse(field, rows)) == inverses


@given(st.integers(0, R - 1), st.integers(0, R - 1), st.integers(0, 2**512 - 1))
def test_single_integers_agree_with_python(a: int, b: int, exponent: int) -> None:
    assert fields.mul("fr", a, b) == a * b % R
    assert fields.add("fr", a, b) == (a + b) % R
    assert fields.sub("fr", a, b) == (a - b) % R
    assert fields.neg("fr", a) == -a % R
    assert fields.power("fr", a, exponent) == pow(a, exponent, R)
    assert fields.is_square("fr", a) == (pow(a, (R - 1) // 2, R) in (0, 1))
    assert fields.is_square("fp", a) == (pow(a, (P - 1) // 2, P) in (0, 1))
    root = fields.sqrt(a)
    assert (root is None) == (pow(a, (P - 1) // 2, P) == P - 1)
    assert root is None or root * root % P == a


@given(st.binary(min_size=64, max_size=64))
def test_512_bits_are_reduced_as_python_reduces_them(data: bytes) -> None:
    for field, p in MODULUS.items():
        assert fields.from_bytes_wide(field, data) == int.from_bytes(data, "big") % p


@pytest.mark.parametrize("field", ["fp", "fr"])
def test_512_bits_at_the_edges_are_reduced(field: str) -> None:
    p = MODULUS[field]
    for value in (0, 1, p - 1, p, p + 1, 2**256 - 1, 2**256, p * p, p * (p - 1), 2**512 - 1, p << 256, (p << 256) - 1):
        assert fields.from_bytes_wide(field, value.to_bytes(64, "big")) == value % p


@pytest.mark.parametrize("field", ["fp", "fr"])
def test_an_integer_that_is_not_below_the_modulus_is_refused(field: str) -> None:
    p = MODULUS[field]
    for bad in (p, p + 1, 2 * p - 1, 2**254, 2**256 - 1, 2**256, -1):
        with pytest.raises(DecodeError):
            fields.neg(field, bad)
    for bad in (p, p + 1, 2 * p - 1, 2 * p, 2**254, 2**256 - 1):
        with pytest.raises(DecodeError, match="element 2"):
            fields.neg(field, to_rows([0, p - 1, bad]))
    assert fields.neg(field, p - 1) == 1


def test_wrong_types_and_shapes_are_refused() -> None:
    rows = fields.random("fr", 4)
    with pytest.raises(ParameterError):
        fields.mul("fr", rows, rows[:3])
    with pytest.raises(ParameterError):
        fields.mul("fr", rows.reshape(2, 64), rows.reshape(2, 64))
    with pytest.raises(ParameterError):
        fields.mul("fq", rows, rows)
    with pytest.raises(ParameterError):
        fields.mul("fr", rows, rows, "no such kernel")
    with pytest.raises(TypeError):
        fields.mul("fr", rows, 3)
    with pytest.raises(TypeError):
        fields.mul("fr", rows.astype(np.int64), rows)
    with pytest.raises(TypeError):
        fields.mul("fr", rows[::2], rows[::2])
    with pytest.raises(TypeError):
        fields.neg("fr", 1.5)
    with pytest.raises(ParameterError):
        fields.from_bytes_wide("fr", bytes(63))
    with pytest.raises(ParameterError):
        fields.bench("fr", "divide", 1)


def test_empty_arrays_are_fine() -> None:
    empty = np.zeros((0, 32), dtype=np.uint8)
    assert fields.mul("fp", empty, empty).shape == (0, 32)
    assert fields.batch_inverse("fp", empty).shape == (0, 32)
    assert fields.random("fp", 0).shape == (0, 32)


def test_inputs_are_not_changed() -> None:
    a, b = fields.random("fp", 8), fields.random("fp", 8)
    copies = a.copy(), b.copy()
    fields.mul("fp", a, b)
    fields.inverse("fp", a)
    assert (a == copies[0]).all()
    assert (b == copies[1]).all()


def test_random_elements_differ() -> None:
    assert len(set(to_ints(fields.random("fr", 1000)))) == 1000


@pytest.mark.parametrize("operation", ["mul", "square", "add", "sub", "inverse", "inverse_vartime"])
def test_the_benchmark_measures_something(operation: str) -> None:
    for field in MODULUS:
        assert 0 < fields.bench(field, operation, 64) < 10
        assert 0 < fields.bench(field, operation, 64, independent=True) < 10


@pytest.mark.parametrize("kernel", [None, *fields.kernels()])
def test_the_benchmarks_of_arrays_measure_something(kernel: str | None) -> None:
    for field in MODULUS:
        for operation in ("mul", "add", "sub", "scale", "inner_product"):
            assert 0 < fields.bench_arrays(field, operation, 1000, kernel) < 10
        assert 0 < fields.bench_registers(field, 1600, kernel) < 10
    with pytest.raises(ParameterError):
        fields.bench_arrays("fp", "divide", 1, kernel)
    with pytest.raises(ParameterError):
        fields.bench_registers("fp", 1, "no such kernel")
