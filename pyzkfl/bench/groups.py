"""Benchmarks of the curve groups and the pairing."""

from __future__ import annotations

from pyzkfl import _core
from pyzkfl.bench.measure import Sample, repeat_short

__all__ = ["msm_g1", "msm_g2", "pairing"]


def msm_g1(runs: int, *, log_n: int, scalar_bits: int) -> Sample:
    """One operation is a multi-scalar multiplication of 2^log_n points by scalars of `scalar_bits` bits."""
    return Sample([_core.curves.bench_msm_g1(log_n, scalar_bits) for _ in range(runs + 1)][1:])


def msm_g2(runs: int, *, log_n: int, scalar_bits: int) -> Sample:
    """The same in G2."""
    return Sample([_core.curves.bench_msm_g2(log_n, scalar_bits) for _ in range(runs + 1)][1:])


def pairing(runs: int) -> Sample:
    """One operation is a pairing: Miller loop and final exponentiation, on one thread."""
    return Sample(repeat_short(_core.pairing.bench_pairing, runs))
