"""Fields and transforms, beside galois (whose arrays over a 254-bit prime hold Python integers)."""

from __future__ import annotations

import galois
import numpy as np
import pytest

from pyzkfl._core import fields, poly

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
COUNT = 4096


def to_ints(rows: np.ndarray) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


@pytest.fixture(scope="module")
def galois_field():  # type: ignore[no-untyped-def]
    return galois.GF(R, primitive_element=5, verify=False)


@pytest.mark.job("product of two arrays of 4096 elements of Fr")
def test_ours_multiplies_arrays(benchmark) -> None:  # type: ignore[no-untyped-def]
    a, b = fields.random("fr", COUNT), fields.random("fr", COUNT)
    product = benchmark(fields.mul, "fr", a, b)
    assert to_ints(product[:3]) == [x * y % R for x, y in zip(to_ints(a[:3]), to_ints(b[:3]), strict=True)]


@pytest.mark.job("product of two arrays of 4096 elements of Fr")
def test_galois_multiplies_arrays(benchmark, galois_field) -> None:  # type: ignore[no-untyped-def]
    a = galois_field(to_ints(fields.random("fr", COUNT)))
    b = galois_field(to_ints(fields.random("fr", COUNT)))
    benchmark.pedantic(lambda: a * b, rounds=5)


@pytest.mark.job("inverses of 4096 elements of Fr")
def test_ours_inverts_arrays(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(fields.batch_inverse, "fr", fields.random("fr", COUNT))


@pytest.mark.job("inverses of 4096 elements of Fr")
def test_galois_inverts_arrays(benchmark, galois_field, small: bool) -> None:  # type: ignore[no-untyped-def]
    a = galois_field(to_ints(fields.random("fr", 256 if small else COUNT)))
    benchmark.pedantic(lambda: a**-1, rounds=1)


@pytest.mark.job("transform of 1024 elements of Fr")
def test_ours_transforms(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(poly.ntt, fields.random("fr", 1024))


@pytest.mark.job("transform of 1024 elements of Fr")
def test_galois_transforms(benchmark, small: bool) -> None:  # type: ignore[no-untyped-def]
    values = to_ints(fields.random("fr", 64 if small else 1024))
    benchmark.pedantic(lambda: galois.ntt(values, modulus=R), rounds=1)
