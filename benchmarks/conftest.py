"""Sizes of the benchmarks: small ones with PYZKFL_BENCH_SMALL=1, to see that they run."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def small() -> bool:
    return os.environ.get("PYZKFL_BENCH_SMALL", "") not in ("", "0")


@pytest.fixture(autouse=True)
def _job_in_the_report(benchmark, request: pytest.FixtureRequest) -> None:  # type: ignore[no-untyped-def]
    """Groups rows by the job they do, so that a competitor stands beside us."""
    benchmark.group = request.node.get_closest_marker("job").args[0]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "job(name): what the benchmark does; rows of one job are compared")
