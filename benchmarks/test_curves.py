"""Groups and pairing, beside py_ecc (optimized_bn128, pure Python)."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from py_ecc import optimized_bn128 as ecc

from pyzkfl._core import curves, pairing

R = ecc.curve_order


def reference_g1(scalar: int):  # type: ignore[no-untyped-def]
    return ecc.multiply(ecc.G1, scalar)


@pytest.mark.job("G1 scalar multiplication, secret scalar")
def test_ours_multiplies_in_g1_in_constant_time(benchmark) -> None:  # type: ignore[no-untyped-def]
    point, scalar = curves.g1_generator(), secrets.randbelow(R)
    result = benchmark(curves.g1_mul, point, scalar)
    x, y = ecc.normalize(reference_g1(scalar))
    assert result == int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")


@pytest.mark.job("G1 scalar multiplication, secret scalar")
def test_py_ecc_multiplies_in_g1(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark.pedantic(reference_g1, args=(secrets.randbelow(R),), rounds=5)


@pytest.mark.job("pairing check of two pairs, as EIP-197")
def test_ours_checks_two_pairings(benchmark) -> None:  # type: ignore[no-untyped-def]
    g1, g2 = curves.g1_generator(), curves.g2_generator()
    assert benchmark(pairing.pairing_product_is_one, [(g1, g2), (curves.g1_neg(g1), g2)])


@pytest.mark.job("pairing check of two pairs, as EIP-197")
def test_py_ecc_checks_two_pairings(benchmark) -> None:  # type: ignore[no-untyped-def]
    def check() -> bool:
        first = ecc.pairing(ecc.G2, ecc.G1, final_exponentiate=False)
        second = ecc.pairing(ecc.G2, ecc.neg(ecc.G1), final_exponentiate=False)
        return bool(ecc.final_exponentiate(first * second) == ecc.FQ12.one())

    assert benchmark.pedantic(check, rounds=3)


@pytest.mark.job("G1 msm of 64 points")
def test_ours_sums_64_multiples(benchmark) -> None:  # type: ignore[no-untyped-def]
    points = [curves.g1_mul(curves.g1_generator(), secrets.randbelow(R)) for _ in range(64)]
    scalars = [secrets.randbelow(R) for _ in points]
    benchmark(curves.g1_msm, points, scalars)


@pytest.mark.job("G1 msm of 64 points")
def test_py_ecc_sums_64_multiples(benchmark) -> None:  # type: ignore[no-untyped-def]
    points = [reference_g1(secrets.randbelow(R)) for _ in range(64)]
    scalars = [secrets.randbelow(R) for _ in points]

    def total():  # type: ignore[no-untyped-def]
        result = ecc.Z1
        for point, scalar in zip(points, scalars, strict=True):
            result = ecc.add(result, ecc.multiply(point, scalar))
        return result

    benchmark.pedantic(total, rounds=2)


@pytest.mark.parametrize("bits", [1, 16, 253])
@pytest.mark.job("G1 msm, by bits of the scalars")
def test_ours_sums_many_multiples(benchmark, small: bool, bits: int) -> None:  # type: ignore[no-untyped-def]
    log_n = 8 if small else 16
    curves.bench_msm_g1(log_n, bits)
    benchmark.extra_info["seconds"] = float(np.min([curves.bench_msm_g1(log_n, bits) for _ in range(3)]))
    benchmark.pedantic(curves.bench_msm_g1, args=(log_n, bits), rounds=3)
