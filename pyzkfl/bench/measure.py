"""Timing: warm runs, the median and the minimum of them, and what they were measured on."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyzkfl import _core
from pyzkfl._build_info import build_stamp
from pyzkfl.errors import ParameterError

__all__ = ["Benchmark", "Sample", "repeat", "repeat_short", "run"]

SHORT_RUN_SECONDS = 0.05


@dataclass(frozen=True)
class Sample:
    """One benchmark's result: seconds of one operation in each run, and figures of its own."""

    seconds: list[float]
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its name, what it measures, the parameters it takes with their defaults, and the function itself.

    `measure(runs, **params)` returns a Sample. `limits` gives the least and the greatest value of a parameter. One
    that takes minutes is `long`, and not one of `all`.
    """

    name: str
    measures: str
    measure: Callable[..., Sample]
    defaults: Mapping[str, int | float | str] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    runs: int = 5
    long: bool = False


def repeat(call: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each of `runs` calls, after one that warms caches, tables and the thread pool."""
    call()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return seconds


def repeat_short(loop: Callable[[int], object], runs: int) -> list[float]:
    """Seconds of one operation, for one too short to time alone: `loop(n)` does it n times.

    n grows until a run takes long enough that the call from Python around it is below a hundred-thousandth.
    """
    count = 1
    while True:
        began = time.perf_counter()
        loop(count)
        taken = time.perf_counter() - began
        if taken >= SHORT_RUN_SECONDS:
            break
        count = max(2 * count, int(count * 1.2 * SHORT_RUN_SECONDS / max(taken, 1e-7)))
    return [seconds / count for seconds in repeat(lambda: loop(count), runs)]


def peak_rss_bytes() -> int:
    """The most memory this process has had resident since it began."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run(
    benchmark: Benchmark,
    params: Mapping[str, int | float | str],
    *,
    runs: int | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Measure, and give the JSON object of docs and CLI.

    Raises ParameterError for a parameter that the benchmark does not take or that is out of its limits.
    """
    for name, value in params.items():
        if name not in benchmark.defaults:
            takes = ", ".join(benchmark.defaults) or "none"
            raise ParameterError(f"benchmark {benchmark.name} has no parameter {name}; it takes: {takes}")
        if isinstance(value, str):
            continue  # the benchmark reads it
        low, high = benchmark.limits.get(name, (1, float("inf")))
        if not low <= value <= high:
            raise ParameterError(f"benchmark {benchmark.name}: {name} is {value}, and may be {low} to {high}")
    runs = benchmark.runs if runs is None else runs
    if runs < 1:
        raise ParameterError(f"runs is {runs}; at least one is needed")
    if threads is not None:
        if threads < 1:
            raise ParameterError(f"threads is {threads}; at least one is needed")
        _core.base.set_thread_count(threads)
    try:
        used = _core.base.thread_count()
        chosen = {**benchmark.defaults, **params}
        sample = benchmark.measure(runs, **chosen)
    finally:
        if threads is not None:
            _core.base.set_thread_count(0)
    return {
        **build_stamp(),
        "bench": benchmark.name,
        "params": chosen,
        "seconds_median": statistics.median(sample.seconds),
        "seconds_min": min(sample.seconds),
        "runs": runs,
        "threads": used,
        "cpu_kernel": _core.base.cpu_kernel(),
        "cpu_features": _core.base.cpu_features(),
        "peak_rss_bytes": peak_rss_bytes(),
        **sample.figures,
    }
