"""Transforms over Fr against sums in Python's integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

poly = _core.poly
R = _core.fields.modulus("fr")
Rows = npt.NDArray[np.uint8]


def to_ints(rows: Rows) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def evaluate(coefficients: list[int], x: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % R
    return value


def root(log_n: int) -> int:
    return pow(5, (R - 1) >> log_n, R)


def test_the_root_of_unity_is_that_of_snarkjs_and_arkworks() -> None:
    # 5^((r-1)/2^28), the constant that both publish.
    assert poly.generator(28) == 19103219067921713944291392827692070036145651957329286315305642004821462161904
    for log_n in range(29):
        assert poly.generator(log_n) == root(log_n)


@pytest.mark.parametrize("log_n", range(7))
def test_small_transforms_are_the_naive_sums(log_n: int) -> None:
    n = 1 << log_n
    rows = _core.fields.random("fr", n)
    coefficients = to_ints(rows)
    w = root(log_n)
    values = [evaluate(coefficients, pow(w, i, R)) for i in range(n)]
    on_coset = [evaluate(coefficients, 5 * pow(w, i, R) % R) for i in range(n)]
    assert to_ints(poly.ntt(rows)) == values
    assert to_ints(poly.ntt(coefficients)) == values
    assert to_ints(poly.coset_ntt(rows)) == on_coset
    assert to_ints(poly.intt(values)) == coefficients
    assert to_ints(poly.coset_intt(on_coset)) == coefficients
    assert to_ints(poly.coset_extend(values, 5)) == on_coset
    shift = root(log_n + 1)
    assert to_ints(poly.coset_extend(values, shift)) == [evaluate(coefficients, shift * pow(w, i, R)) for i in range(n)]


@pytest.mark.parametrize("log_n", [8, 11, 12, 13, 14, 15, 16])
def test_larger_transforms_agree_at_points_and_go_back(log_n: int) -> None:
    n = 1 << log_n
    rows = _core.fields.random("fr", n)
    coefficients = to_ints(rows)
    values, on_coset = poly.ntt(rows), poly.coset_ntt(rows)
    for i in (0, 1, n // 3, n - 1):
        x = pow(root(log_n), i, R)
        assert to_ints(values[i : i + 1]) == [evaluate(coefficients, x)]
        assert to_ints(on_coset[i : i + 1]) == [evaluate(coefficients, 5 * x % R)]
    assert (poly.intt(values) == rows).all()
    assert (poly.coset_intt(on_coset) == rows).all()
    assert (poly.coset_extend(values, 5) == on_coset).all()
    with pytest.raises(ParameterError):
        poly.coset_extend(values, 0)


def test_lagrange_polynomials_interpolate() -> None:
    rows = _core.fields.random("fr", 16)
    x = 123456789**20 % R
    weights = to_ints(poly.lagrange_at(4, x))
    interpolated = sum(a * b for a, b in zip(weights, to_ints(poly.ntt(rows)), strict=True)) % R
    assert interpolated == evaluate(to_ints(rows), x)
    assert to_ints(poly.lagrange_at(4, root(4))) == [0, 1] + [0] * 14


def test_the_vanishing_polynomial_on_the_coset() -> None:
    for log_n in (0, 1, 10, 16):
        assert poly.vanishing_on_coset(log_n) == pow(5, 1 << log_n, R) - 1


def test_lengths_that_are_not_powers_of_two_are_refused() -> None:
    for n in (0, 3, 5, 12, 1000):
        with pytest.raises(ParameterError):
            poly.ntt(np.zeros((n, 32), dtype=np.uint8))
    with pytest.raises(ParameterError):
        poly.generator(29)
    with pytest.raises(ParameterError):
        poly.bench_ntt(40)


def test_elements_that_are_not_below_r_are_refused() -> None:
    rows = np.zeros((4, 32), dtype=np.uint8)
    rows[3] = np.frombuffer(R.to_bytes(32, "little"), dtype=np.uint8)
    with pytest.raises(DecodeError, match="element 3"):
        poly.ntt(rows)
    with pytest.raises(DecodeError):
        poly.lagrange_at(3, R)


def test_the_input_is_not_changed() -> None:
    rows = _core.fields.random("fr", 64)
    copy = rows.copy()
    poly.ntt(rows)
    assert (rows == copy).all()


def test_the_benchmark_measures_something() -> None:
    assert 0 < poly.bench_ntt(8) < 10
    assert poly.kernels()[0] == "generic"
