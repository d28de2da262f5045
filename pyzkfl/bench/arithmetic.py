"""Benchmarks of field arithmetic, the transform over Fr, and Poseidon2."""

from __future__ import annotations

from pyzkfl import _core
from pyzkfl.bench.measure import Sample, repeat_short

__all__ = ["field", "ntt", "poseidon2"]

OPERATIONS = ("mul", "square", "add", "inverse")


def field(runs: int) -> Sample:
    """One operation is a multiplication in Fp. The other operations, and Fr's, are in `nanoseconds`.

    Each is a chain in which every operation needs the result of the one before, as in a curve's formulas: this is
    latency, which is what scalar code pays; on one thread.
    """
    nanoseconds = {}
    multiplication: list[float] = []
    for name in ("fp", "fr"):
        for operation in OPERATIONS:
            seconds = repeat_short(lambda n, f=name, o=operation: _core.fields.bench(f, o, n), runs)  # type: ignore[misc]
            nanoseconds[f"{name}_{operation}"] = 1e9 * min(seconds)
            if (name, operation) == ("fp", "mul"):
                multiplication = seconds
    return Sample(multiplication, {"nanoseconds": nanoseconds})


def ntt(runs: int, *, log_n: int) -> Sample:
    """One operation is a forward transform of 2^log_n elements, in place."""
    return Sample([_core.poly.bench_ntt(log_n) for _ in range(runs + 1)][1:])


def poseidon2(runs: int) -> Sample:
    """One operation is a permutation of four elements, on one thread."""
    seconds = repeat_short(lambda n: _core.hash.poseidon2_permute([0, 1, 2, 3], n), runs)
    return Sample(seconds, {"permutations_per_second": 1 / min(seconds)})
