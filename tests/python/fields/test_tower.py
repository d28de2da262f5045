"""Fp2 and Fp12 against py_ecc, and the Frobenius map against powers.

py_ecc has Fp12 as polynomials in one variable w modulo w^12 - 18 w^6 + 82; ours is a tower in which w^6 = 9 + u.
"""

from __future__ import annotations

import random

import pytest
from py_ecc.fields import bn128_FQ2 as FQ2
from py_ecc.fields import bn128_FQ12 as FQ12

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

fields = _core.fields
P = fields.modulus("fp")
# Where w^k stands in the flattened tower: Fp12's c0 holds the even powers, c1 the odd ones.
POSITION = [0, 6, 2, 8, 4, 10]
RANDOM = random.Random(254)
EDGES = [0, 1, P - 1, P - 2, 2**253, 2**64 - 1, P // 2]


def element(degree: int, edge: bool = False) -> list[int]:
    return [RANDOM.choice(EDGES) if edge else RANDOM.randrange(P) for _ in range(degree)]


def samples(degree: int, count: int) -> list[list[int]]:
    return [element(degree, edge=i % 2 == 0) for i in range(count)]


def fq12(coefficients: list[int]) -> FQ12:
    out = [0] * 12
    for k, at in enumerate(POSITION):
        real, imaginary = coefficients[at], coefficients[at + 1]
        out[k] = (real - 9 * imaginary) % P
        out[k + 6] = imaginary
    return FQ12(out)


def tower(value: FQ12) -> list[int]:
    out = [0] * 12
    for k, at in enumerate(POSITION):
        low, high = int(value.coeffs[k]), int(value.coeffs[k + 6])
        out[at], out[at + 1] = (low + 9 * high) % P, high
    return out


def test_the_maps_between_the_two_representations_are_inverse() -> None:
    for a in samples(12, 10):
        assert tower(fq12(a)) == a


def test_fp2_agrees_with_py_ecc() -> None:
    for a in samples(2, 20):
        for b in samples(2, 5):
            x, y = FQ2(a), FQ2(b)
            assert fields.tower_mul(a, b) == [int(c) for c in (x * y).coeffs]
            assert fields.tower_add(a, b) == [int(c) for c in (x + y).coeffs]
            assert fields.tower_sub(a, b) == [int(c) for c in (x - y).coeffs]
        assert fields.tower_square(a) == [int(c) for c in (x * x).coeffs]
        if any(a):
            assert fields.tower_inverse(a) == [int(c) for c in x.inv().coeffs]


def test_fp12_agrees_with_py_ecc() -> None:
    for a in samples(12, 8):
        for b in samples(12, 4):
            assert fields.tower_mul(a, b) == tower(fq12(a) * fq12(b))
            assert fields.tower_add(a, b) == tower(fq12(a) + fq12(b))
            assert fields.tower_sub(a, b) == tower(fq12(a) - fq12(b))
        assert fields.tower_square(a) == tower(fq12(a) * fq12(a))
        if any(a):
            assert fields.tower_inverse(a) == tower(fq12(a).inv())
            assert fields.tower_inverse(a, vartime=True) == tower(fq12(a).inv())


def test_fp6_is_the_even_part_of_fp12() -> None:
    for a, b in zip(samples(6, 8), samples(6, 8), strict=True):
        as_twelve = fields.tower_mul(a + [0] * 6, b + [0] * 6)
        assert as_twelve[6:] == [0] * 6
        assert fields.tower_mul(a, b) == as_twelve[:6]
        assert fields.tower_square(a) == fields.tower_mul(a, a)
        if any(a):
            assert fields.tower_mul(a, fields.tower_inverse(a)) == [1, 0, 0, 0, 0, 0]


def test_the_frobenius_map_is_the_power_p() -> None:
    a = element(12)
    expected = fq12(a)
    for power in range(1, 4):
        expected = expected**P
        assert fields.tower_frobenius(a, power) == tower(expected)
    assert fields.tower_frobenius(a, 12) == a
    assert fields.tower_frobenius(a, 6) == a[:6] + [-c % P for c in a[6:]]


def test_the_cyclotomic_square_is_a_square_there() -> None:
    a = element(12)
    g = fields.tower_mul(a[:6] + [-c % P for c in a[6:]], fields.tower_inverse(a))
    g = fields.tower_mul(fields.tower_frobenius(g, 2), g)
    assert fields.fp12_cyclotomic_square(g) == tower(fq12(g) * fq12(g))
    assert fields.fp12_cyclotomic_square(a) != fields.tower_square(a)  # and not elsewhere


def test_lines_multiply_as_what_they_stand_for() -> None:
    a, b0, b3, b4 = element(12), element(2), element(2), element(2)
    line = b0 + [0] * 4 + b3 + b4 + [0, 0]
    assert fields.fp12_mul_by_034(a, b0, b3, b4) == tower(fq12(a) * fq12(line))


def test_square_roots_in_fp2_agree_with_the_norm() -> None:
    found = 0
    for a in samples(2, 60):
        root = fields.fp2_sqrt(a)
        is_square = pow(a[0] ** 2 + a[1] ** 2, (P - 1) // 2, P) != P - 1
        assert (root is not None) == is_square
        if root is not None:
            assert [int(c) for c in (FQ2(root) * FQ2(root)).coeffs] == a
            found += 1
    assert 10 < found < 60


def test_elements_of_other_degrees_are_refused() -> None:
    with pytest.raises(ParameterError):
        fields.tower_mul([1, 2, 3], [1, 2, 3])
    with pytest.raises(ParameterError):
        fields.tower_mul([1, 2], [1] * 6)
    with pytest.raises(DecodeError):
        fields.tower_mul([1, P], [1, 2])
    with pytest.raises(TypeError):
        fields.tower_mul([1.0, 2], [1, 2])
