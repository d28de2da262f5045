"""Benchmarks of field arithmetic, the transform over Fr, and Poseidon2."""

from __future__ import annotations

from functools import partial

from pyzkfl import _core
from pyzkfl.bench.measure import Sample, repeat_short

__all__ = ["field", "ntt", "poseidon2"]

OPERATIONS = ("mul", "square", "add", "inverse")


def field(runs: int) -> Sample:
    """One operation is a multiplication in Fp with eight independent chains in flight, on one thread.

    That is throughput, which transforms and batches of curve operations pay. `nanoseconds` has the other operations
    and Fr too; `nanoseconds_latency` the same where each operation needs the result of the one before.
    """
    throughput, latency = {}, {}
    multiplication: list[float] = []
    for name in ("fp", "fr"):
        for operation in OPERATIONS:
            independent = repeat_short(partial(_core.fields.bench, name, operation, independent=True), runs)
            dependent = repeat_short(partial(_core.fields.bench, name, operation), runs)
            throughput[f"{name}_{operation}"] = 1e9 * min(independent)
            latency[f"{name}_{operation}"] = 1e9 * min(dependent)
            if (name, operation) == ("fp", "mul"):
                multiplication = independent
    return Sample(multiplication, {"nanoseconds": throughput, "nanoseconds_latency": latency})


def ntt(runs: int, *, log_n: int) -> Sample:
    """One operation is a forward transform of 2^log_n elements, in place."""
    return Sample([_core.poly.bench_ntt(log_n) for _ in range(runs + 1)][1:])


def poseidon2(runs: int) -> Sample:
    """One operation is a permutation of four elements, on one thread."""
    seconds = repeat_short(lambda n: _core.hash.poseidon2_permute([0, 1, 2, 3], n), runs)
    return Sample(seconds, {"permutations_per_second": 1 / min(seconds)})
