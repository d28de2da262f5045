"""The pairing, against py_ecc's: the same products are one, and the values themselves agree."""

from __future__ import annotations

import random

import pytest
from py_ecc import optimized_bn128 as ecc

from pyzkfl import _core
from pyzkfl.errors import DecodeError

P = ecc.field_modulus
R = ecc.curve_order
X = 4965661367192848881
RNG = random.Random(7)


def g1(k: int) -> bytes:
    return _core.curves.g1_mul(_core.curves.g1_generator(), k % R)


def g2(k: int) -> bytes:
    return _core.curves.g2_mul(_core.curves.g2_generator(), k % R)


def ecc_g1(k: int) -> tuple:
    return ecc.multiply(ecc.G1, k % R)


def ecc_g2(k: int) -> tuple:
    return ecc.multiply(ecc.G2, k % R)


def encode_g1(point) -> bytes:
    if ecc.is_inf(point):
        return bytes(64)
    return b"".join(int(c).to_bytes(32, "big") for c in ecc.normalize(point))


def encode_g2(point) -> bytes:
    if ecc.is_inf(point):
        return bytes(128)
    x, y = ecc.normalize(point)
    return b"".join(int(c).to_bytes(32, "big") for c in (x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0]))


def gt_from_bytes(data: bytes):
    """Our element of Fp12 as py_ecc's: polynomials in w, where w^6 = 9 + u, so u = w^6 - 9."""
    assert len(data) == 384
    values = [int.from_bytes(data[32 * i : 32 * i + 32], "little") for i in range(12)]
    coefficients = [0] * 12
    for k in range(6):
        c0, c1 = values[2 * k], values[2 * k + 1]
        coefficients[k] += c0 - 9 * c1
        coefficients[k + 6] += c1
    return ecc.FQ12([c % P for c in coefficients])


def test_the_value_is_py_eccs_to_the_documented_power():
    a, b = RNG.randrange(R), RNG.randrange(R)
    ours = gt_from_bytes(_core.pairing.pairing(g1(a), g2(b)))
    theirs = ecc.pairing(ecc_g2(b), ecc_g1(a))
    assert theirs != ecc.FQ12.one()
    assert ours == theirs ** (2 * X * (6 * X**2 + 3 * X + 1))


def test_bilinear_in_bytes():
    a, b = RNG.randrange(R), RNG.randrange(R)
    value = _core.pairing.pairing(g1(a), g2(b))
    assert value == _core.pairing.pairing(g1(a * b), g2(1))
    assert value == _core.pairing.pairing(g1(1), g2(a * b))
    one = (1).to_bytes(32, "little") + bytes(352)
    assert value != one
    assert _core.pairing.pairing(bytes(64), g2(b)) == one
    assert _core.pairing.pairing(g1(a), bytes(128)) == one


@pytest.mark.parametrize("true", [True, False])
def test_products_of_py_eccs_points_are_judged_alike(true):
    a, b, c = (RNG.randrange(1, R) for _ in range(3))
    last = -(a * b + c * (a + 5)) + (0 if true else 1)
    pairs = [(ecc_g1(a), ecc_g2(b)), (ecc_g1(c), ecc_g2(a + 5)), (ecc_g1(last), ecc_g2(1))]
    theirs = ecc.FQ12.one()
    for p, q in pairs:
        theirs *= ecc.pairing(q, p, final_exponentiate=False)
    theirs = theirs ** ((P**12 - 1) // R)
    assert (theirs == ecc.FQ12.one()) is true
    assert _core.pairing.pairing_product_is_one([(encode_g1(p), encode_g2(q)) for p, q in pairs]) is true


def test_products_with_infinity_and_without_any_pair():
    check = _core.pairing.pairing_product_is_one
    assert check([])
    assert check([(bytes(64), g2(3)), (g1(3), bytes(128))])
    assert not check([(bytes(64), g2(3)), (g1(3), g2(1))])
    a = RNG.randrange(R)
    compressed = [
        (_core.curves.g1_compress(g1(a)), _core.curves.g2_compress(g2(2))),
        (_core.curves.g1_compress(g1(-2 * a)), _core.curves.g2_compress(g2(1))),
    ]
    assert check(compressed)
    many = [(g1(a + i), g2(a * i + 1)) for i in range(20)]
    total = sum((a + i) * (a * i + 1) for i in range(20))
    assert check([*many, (g1(-total), g2(1))])
    assert not check([*many, (g1(-total + 1), g2(1))])


def test_points_that_are_none_are_refused():
    check = _core.pairing.pairing_product_is_one
    with pytest.raises(DecodeError):
        check([(g1(1)[:-1], g2(1))])
    with pytest.raises(DecodeError):
        check([(g1(1), b"\x01" * 128)])
    with pytest.raises(DecodeError):
        check([(g2(1), g1(1))])
    with pytest.raises(DecodeError):
        _core.pairing.pairing(b"\x01" * 64, g2(1))
    with pytest.raises((TypeError, RuntimeError)):
        check([(1, 2)])
    _core.pairing.bench_pairing(2)
