"""The bindings of G1 and G2, against py_ecc's affine arithmetic and the precompiles' rules (EIP-196, EIP-197)."""

from __future__ import annotations

import random

import numpy as np
import pytest
from py_ecc import optimized_bn128 as ecc

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

curves = _core.curves
P = ecc.field_modulus
R = ecc.curve_order
RNG = random.Random(20261122)
SCALARS = [0, 1, 2, 3, R - 1, R - 2, R // 2, 1 << 128, (1 << 253) + 12345, *(RNG.randrange(R) for _ in range(3))]


INFINITY = {"g1": ecc.Z1, "g2": ecc.Z2}


def g1_bytes(point) -> bytes:
    """A py_ecc point in the EVM encoding."""
    if ecc.is_inf(point):
        return bytes(64)
    return b"".join(int(c).to_bytes(32, "big") for c in ecc.normalize(point))


def g2_bytes(point) -> bytes:
    if ecc.is_inf(point):
        return bytes(128)
    x, y = ecc.normalize(point)
    return b"".join(int(c).to_bytes(32, "big") for c in (x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0]))


GROUPS = [
    pytest.param("g1", ecc.G1, g1_bytes, id="g1"),
    pytest.param("g2", ecc.G2, g2_bytes, id="g2"),
]


def call(group: str, name: str, *args):
    return getattr(curves, f"{group}_{name}")(*args)


@pytest.mark.parametrize(("group", "generator", "encode"), GROUPS)
def test_generator_addition_and_multiplication_agree_with_py_ecc(group, generator, encode):
    assert call(group, "generator") == encode(generator)
    for k in SCALARS:
        assert call(group, "mul", encode(generator), k) == encode(ecc.multiply(generator, k))
    a, b = (ecc.multiply(generator, RNG.randrange(R)) for _ in range(2))
    o = INFINITY[group]
    for p, q in [(a, b), (a, a), (a, ecc.neg(a)), (a, o), (o, b), (o, o)]:
        assert call(group, "add", encode(p), encode(q)) == encode(ecc.add(p, q))
    assert call(group, "neg", encode(a)) == encode(ecc.neg(a))
    assert call(group, "neg", encode(o)) == encode(o)
    assert call(group, "mul", encode(o), 5) == encode(o)
    assert call(group, "mul", encode(a), 0) == encode(o)


@pytest.mark.parametrize(("group", "generator", "encode"), GROUPS)
def test_msm_batches_and_sums_agree_with_single_operations(group, generator, encode):
    n = 40
    points = [call(group, "mul", encode(generator), RNG.randrange(R)) for _ in range(n)]
    points[3] = points[2]
    points[5] = call(group, "neg", points[4])
    points[7] = encode(INFINITY[group])
    scalars = [RNG.randrange(R) for _ in range(n - 8)] + [0, 1, R - 1, 2, 255, R - 255, 1 << 64, 5]
    products = [call(group, "mul", p, k) for p, k in zip(points, scalars, strict=True)]
    total = encode(INFINITY[group])
    for product in products:
        total = call(group, "add", total, product)

    rows = np.frombuffer(b"".join(points), dtype=np.uint8).reshape(n, -1)
    compressed = [call(group, "compress", p) for p in points]
    compressed_rows = np.frombuffer(b"".join(compressed), dtype=np.uint8).reshape(n, -1)
    scalar_rows = np.frombuffer(b"".join(k.to_bytes(32, "little") for k in scalars), dtype=np.uint8).reshape(n, 32)
    for form in (points, rows, compressed, compressed_rows):
        for multipliers in (scalars, scalar_rows):
            assert call(group, "msm", form, multipliers) == total
        batch = call(group, "batch_mul", form, scalars)
        assert batch.dtype == np.uint8
        assert [row.tobytes() for row in batch] == products

    plain = encode(INFINITY[group])
    for point in points:
        plain = call(group, "add", plain, point)
    assert call(group, "sum", rows) == plain
    assert call(group, "sum_compressed", compressed) == call(group, "compress", plain)
    assert call(group, "sum", []) == encode(INFINITY[group])
    assert call(group, "msm", [], []) == encode(INFINITY[group])


@pytest.mark.parametrize(("group", "generator", "encode"), GROUPS)
def test_compression_follows_its_definition(group, generator, encode):
    for k in SCALARS[1:]:
        point = ecc.multiply(generator, k)
        compressed = call(group, "compress", encode(point))
        assert call(group, "decompress", compressed) == encode(point)
        assert call(group, "compress", compressed) == compressed
        x, y = ([int(c) for c in getattr(v, "coeffs", [v])] for v in ecc.normalize(point))
        decisive = next((c for c in reversed(y) if c != 0), 0)  # the imaginary part, unless it is zero
        flags = 0b11 if decisive > (P - 1) // 2 else 0b10
        value = x[0] if group == "g1" else (x[1] << 256) | x[0]
        size = 32 * len(x)
        assert compressed == (value | flags << (8 * size - 2)).to_bytes(size, "big")
    infinity = call(group, "compress", encode(INFINITY[group]))
    assert infinity == b"\x40" + bytes(len(infinity) - 1)
    assert call(group, "decompress", infinity) == encode(INFINITY[group])


def off_curve(group: str) -> bytes:
    point = bytearray(call(group, "generator"))
    point[-1] ^= 1
    return bytes(point)


def unreduced(group: str) -> bytes:
    point = call(group, "generator")
    last = int.from_bytes(point[-32:], "big") + P
    return point[:-32] + last.to_bytes(32, "big")


@pytest.mark.parametrize("group", ["g1", "g2"])
def test_bytes_that_are_no_point_are_refused_everywhere(group):
    good = call(group, "generator")
    size = len(good)
    compressed = call(group, "compress", good)
    bad = [
        off_curve(group),
        unreduced(group),
        good[:-1],
        good + b"\0",
        b"",
        bytes(size // 2),  # flags 00
        b"\x40" + bytes(size // 2 - 2) + b"\x01",  # infinity with a coordinate
        b"\xff" * (size // 2),  # a coordinate above p
        bytes([compressed[0] & 0x3F]) + compressed[1:],
    ]
    for data in bad:
        assert not call(group, "is_valid", data)
        with pytest.raises(DecodeError):
            call(group, "add", data, good)
        with pytest.raises(DecodeError):
            call(group, "add", good, data)
        with pytest.raises(DecodeError):
            call(group, "mul", data, 1)
        with pytest.raises(DecodeError):
            call(group, "sum", [good, data])
        with pytest.raises(DecodeError):
            call(group, "compress", data)
        with pytest.raises(DecodeError):
            call(group, "decompress", data)
    with pytest.raises(DecodeError):
        call(group, "decompress", good)
    assert call(group, "is_valid", good)
    assert call(group, "is_valid", compressed)


def test_a_point_of_the_twist_outside_g2_is_refused():
    b = ecc.b2
    found = 0
    for i in range(1, 40):
        x = ecc.FQ2([i, 1])
        # The root of x^3 + b in Fp2, by its norm; p is 3 modulo 4.
        v = x * x * x + b
        a0, a1 = (int(c) for c in v.coeffs)
        norm = (a0 * a0 + a1 * a1) % P
        root = pow(norm, (P + 1) // 4, P)
        if root * root % P != norm:
            continue
        for sign in (1, -1):
            square = (a0 + sign * root) * pow(2, -1, P) % P
            c0 = pow(square, (P + 1) // 4, P)
            if c0 * c0 % P == square and c0:
                y = ecc.FQ2([c0, a1 * pow(2 * c0, -1, P) % P])
                assert y * y == v
                point = (x, y, ecc.FQ2.one())
                assert not ecc.is_inf(ecc.multiply(point, R))
                with pytest.raises(DecodeError, match="subgroup"):
                    curves.g2_add(g2_bytes(point), g2_bytes(ecc.G2))
                found += 1
                break
        if found == 3:
            break
    assert found == 3


def test_wrong_scalars_shapes_and_types_are_refused():
    generator = curves.g1_generator()
    for scalar in (-1, R, 1 << 256):
        with pytest.raises(DecodeError):
            curves.g1_mul(generator, scalar)
    with pytest.raises(TypeError):
        curves.g1_mul(generator, 1.5)
    with pytest.raises(TypeError):
        curves.g1_mul("generator", 1)
    rows = np.frombuffer(generator * 4, dtype=np.uint8).reshape(4, 64)
    scalars = np.zeros((4, 32), dtype=np.uint8)
    with pytest.raises(ParameterError):
        curves.g1_msm(rows, scalars[:3])
    with pytest.raises(ParameterError):
        curves.g1_msm(rows.reshape(2, 128), scalars)
    with pytest.raises(ParameterError):
        curves.g1_msm(rows.reshape(-1), scalars)
    with pytest.raises(ParameterError):
        curves.g1_msm(rows, scalars.reshape(8, 16))
    with pytest.raises(TypeError):
        curves.g1_msm(rows.astype(np.int64), scalars)
    with pytest.raises(TypeError):
        curves.g1_msm(np.asfortranarray(rows), scalars)
    with pytest.raises(ParameterError):
        curves.g1_batch_mul(rows, [1])
    too_large = scalars.copy()
    too_large[2] = np.frombuffer(R.to_bytes(32, "little"), dtype=np.uint8)
    with pytest.raises(DecodeError, match="2"):
        curves.g1_msm(rows, too_large)
    with pytest.raises(ParameterError):
        curves.bench_msm_g1(40)


def test_benchmarks_run():
    assert curves.bench_msm_g1(6) > 0
    assert curves.bench_msm_g2(5, scalar_bits=16) > 0
