"""Benchmarks of field arithmetic, the transform over Fr, and Poseidon2."""

from __future__ import annotations

from functools import partial

from pyzkfl import _core
from pyzkfl.bench.measure import Sample, repeat_short

__all__ = ["field", "ntt", "poseidon2"]

OPERATIONS = ("mul", "square", "add", "inverse")


def field(runs: int) -> Sample:
    """One operation is a multiplication in Fp whose operand is the result of the one before, on one thread.

    That is latency, which a chain of dependent steps pays. `nanoseconds` has the other operations and Fr too, and
    `nanoseconds_independent` what an operation takes where eight chains are in flight, as in a curve's formulas.
    """
    nanoseconds, independent = {}, {}
    multiplication: list[float] = []
    for name in ("fp", "fr"):
        for operation in OPERATIONS:
            seconds = repeat_short(partial(_core.fields.bench, name, operation), runs)
            nanoseconds[f"{name}_{operation}"] = 1e9 * min(seconds)
            in_flight = repeat_short(partial(_core.fields.bench, name, operation, independent=True), runs)
            independent[f"{name}_{operation}"] = 1e9 * min(in_flight)
            if (name, operation) == ("fp", "mul"):
                multiplication = seconds
    return Sample(multiplication, {"nanoseconds": nanoseconds, "nanoseconds_independent": independent})


def ntt(runs: int, *, log_n: int) -> Sample:
    """One operation is a forward transform of 2^log_n elements, in place."""
    return Sample([_core.poly.bench_ntt(log_n) for _ in range(runs + 1)][1:])


def poseidon2(runs: int) -> Sample:
    """One operation is a permutation of four elements, on one thread."""
    seconds = repeat_short(lambda n: _core.hash.poseidon2_permute([0, 1, 2, 3], n), runs)
    return Sample(seconds, {"permutations_per_second": 1 / min(seconds)})
