"""Benchmarks of field arithmetic, the transform over Fr, and Poseidon2."""

from __future__ import annotations

from functools import partial

from pyzkfl import _core
from pyzkfl.bench.measure import Sample, repeat_short

__all__ = ["field", "ntt", "poseidon2"]

OPERATIONS = ("mul", "square", "add", "inverse")
ARRAY_OPERATIONS = ("mul", "add", "scale", "inner_product")


def field(runs: int) -> Sample:
    """One operation is a multiplication in Fp of arrays that lie in the first-level cache, on one thread.

    That is throughput, by the vector kernel where there is one. `nanoseconds_arrays` has the other operations on arrays
    and Fr too. `nanoseconds_registers` is the multiplication alone, operands and results in registers, never in memory.
    `nanoseconds` has single operations with eight independent chains in flight, and `nanoseconds_latency` the same
    where each operation needs the result of the one before.
    """
    arrays, registers, throughput, latency = {}, {}, {}, {}
    multiplication: list[float] = []
    for name in ("fp", "fr"):
        for operation in ARRAY_OPERATIONS:
            seconds = repeat_short(partial(_core.fields.bench_arrays, name, operation), runs)
            arrays[f"{name}_{operation}"] = 1e9 * min(seconds)
            if (name, operation) == ("fp", "mul"):
                multiplication = seconds
        registers[f"{name}_mul"] = 1e9 * min(repeat_short(partial(_core.fields.bench_registers, name), runs))
        for operation in OPERATIONS:
            independent = repeat_short(partial(_core.fields.bench, name, operation, independent=True), runs)
            dependent = repeat_short(partial(_core.fields.bench, name, operation), runs)
            throughput[f"{name}_{operation}"] = 1e9 * min(independent)
            latency[f"{name}_{operation}"] = 1e9 * min(dependent)
    figures = {
        "nanoseconds_arrays": arrays,
        "nanoseconds_registers": registers,
        "nanoseconds": throughput,
        "nanoseconds_latency": latency,
    }
    return Sample(multiplication, figures)


def ntt(runs: int, *, log_n: int) -> Sample:
    """One operation is a forward transform of 2^log_n elements, in place, in natural order.

    `extension_seconds` is values on the domain to values on a coset: two transforms, without reordering in between.
    """
    seconds = [_core.poly.bench_ntt(log_n) for _ in range(runs + 1)][1:]
    extension = [_core.poly.bench_extend(log_n) for _ in range(runs + 1)][1:]
    return Sample(seconds, {"extension_seconds": min(extension)})


def poseidon2(runs: int) -> Sample:
    """One operation is a permutation of four elements, on one thread."""
    seconds = repeat_short(lambda n: _core.hash.poseidon2_permute([0, 1, 2, 3], n), runs)
    return Sample(seconds, {"permutations_per_second": 1 / min(seconds)})
