"""The numbers on docs/engine.md that follow from a program are those of the programs."""

from __future__ import annotations

from math import log2
from pathlib import Path
from typing import Any

import pytest
from program_shape import R, Shape

from pyzkfl.bench.training import job_of
from pyzkfl.network import NetworkJob

PAGE = (Path(__file__).parents[3] / "docs" / "engine.md").read_text()
JOBS = (
    NetworkJob(widths=(784, 128, 10), batch=64, learning_rate=0.1),
    NetworkJob(widths=(3072, 3072, 10), batch=64, learning_rate=0.1),
)


def numerators(job: NetworkJob, largest_power: int | None = None) -> dict[str, int]:
    """Section 8: how often in r each round may let a false relation pass."""
    program = job.core.program()
    shape = Shape.of(program)
    table_rows = sum(2 ** table["log_size"] for table in program["tables"])
    largest_power = largest_power or 2 ** program["log_height"]
    return {
        "tau": shape.taus,
        "w": len(program["products"]) + len(program["squares"]) - 1,
        "T3": 2 * shape.kappas,
        "y": len(program["zeros"]) - 1,
        "T4": 3 * shape.zetas,
        "g, b": 2 * table_rows + 2**shape.depth,
        "T5, tree": sum(3 * k + 2 for k in range(1, shape.depth)) + 1,
        "a": len(shape.claims.numbers) - 1,
        "T6": 2 * program["log_height"],
        "rho": len(program["columns"]) - 1,
        "z": 2 * (largest_power + 1),
        "gamma": 1,
    }


def cells(first: str) -> list[str]:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {first} |") and line.count("|") == 6]
    return [cell.strip(" *") for cell in row.strip("| ").split("|")]


def stated(text: str) -> float:
    return float(text.removeprefix("2^")) if text.startswith("2^") else log2(int(text))


@pytest.fixture(scope="module")
def counted() -> list[dict[str, int]]:
    return [numerators(job) for job in JOBS]


def test_the_errors_of_each_round(counted: list[dict[str, int]]) -> None:
    for name in counted[0]:
        for text, count in zip(cells(name)[3:], counted, strict=True):
            assert stated(text) == pytest.approx(log2(count[name]), abs=0.05 if "^" in text else 1e-9), name
    for column, count in enumerate(counted):
        total = sum(count.values())
        assert stated(cells("sum")[3 + column]) == pytest.approx(log2(total), abs=0.05)
        assert stated(cells("error")[3 + column]) == pytest.approx(log2(total) - log2(R), abs=0.05)


def test_the_error_with_the_powers_of_the_largest_ceremony() -> None:
    for job in JOBS:
        assert log2(sum(numerators(job, 2**29).values())) - log2(R) < -223.5
    assert "about 2^-223.5" in PAGE


def test_the_size_of_the_wrap_circuit() -> None:
    assert f"takes {JOBS[0].core.constraints:,}." in PAGE.replace("\n", " ")


def test_the_size_of_lenet() -> None:
    job = job_of("lenet5", batch=16, steps=1)
    stated = f"w_bits {job.w_bits}: l = {job.core.log_height}, {job.core.constraints:,} constraints."
    assert stated in PAGE.replace("\n", " ")


def test_the_shapes_that_the_page_names() -> None:
    text: Any = PAGE.replace("\n", " ")
    for job, named in zip(JOBS, ("l = 17, L = 20, 9 product sums", "l = 24, L = 26, 106 claims"), strict=True):
        program = job.core.program()
        shape = Shape.of(program)
        assert named.startswith(f"l = {program['log_height']}, L = {shape.depth}, ")
        assert named in text
