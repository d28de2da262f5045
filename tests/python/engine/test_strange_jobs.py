"""Networks as a stranger would send them: every number counts in the digest, no number ends in an error not ours."""

from __future__ import annotations

import copy
import dataclasses
import struct
from typing import Any

import pytest

from pyzkfl.errors import PyzkflError
from pyzkfl.layers import AvgPool2d, Conv2d, Linear
from pyzkfl.network import NetworkJob

JOB = NetworkJob(
    layers=(Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2), Linear(3)),
    input_shape=(1, 6, 6),
    batch=4,
    steps=2,
    learning_rate=0.1,
    momentum=0.5,
)
INTEGERS = (
    -(1 << 70),
    -(1 << 63),
    -1,
    0,
    1,
    3,
    31,
    64,
    1000,
    1 << 16,
    1 << 20,
    1 << 31,
    1 << 32,
    1 << 62,
    1 << 63,
    1 << 64,
)
FLOATS = (float("nan"), float("inf"), -float("inf"), 0.0, -0.0, -1.0, 5e-324, 1e-30, 1e30, 1e308)


BITS = NetworkJob(
    widths=(3, 1), batch=4, loss="mse", a_frac=5, g_frac=5, w_bits=17, learning_rate=0.1, momentum=0.5,
    carry_momentum=True, bitwise=True,
)  # fmt: skip


def spoiled(job: NetworkJob) -> list[tuple[str, Any]]:
    """The canonical map with one number changed, each number to each strange value."""
    out = []

    def change(path: tuple[Any, ...], value: Any) -> None:
        body = copy.deepcopy(job.to_object())
        at: Any = body
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        out.append((f"{path} = {value!r}"[:80], body))

    def visit(path: tuple[Any, ...], value: Any) -> None:
        if isinstance(value, bool):
            change(path, not value)
        elif isinstance(value, int):
            for strange in INTEGERS:
                change(path, strange)
        elif isinstance(value, bytes):
            for number in FLOATS:
                change(path, struct.pack(">d", number))
        elif isinstance(value, str):
            change(path, "")
        else:
            for name, item in value.items() if isinstance(value, dict) else enumerate(value):
                visit((*path, name), item)

    visit((), job.to_object())
    out.append(("no layer", {**job.to_object(), "layers": []}))
    out.append(("300 layers", {**job.to_object(), "layers": job.to_object()["layers"] * 100}))
    return out


def test_whatever_numbers_a_strangers_network_has_it_is_read_or_refused_by_an_error_of_ours() -> None:
    cases = spoiled(JOB) + spoiled(BITS)
    assert len(cases) > 500
    for _, body in cases:
        try:
            made = NetworkJob.from_object(body)
        except PyzkflError:
            continue
        assert NetworkJob.from_object(made.to_object()) == made


@pytest.mark.parametrize(
    "change",
    [
        {"batch": 3},
        {"steps": 3},
        {"learning_rate": 0.2},
        {"momentum": 0.25},
        {"max_norm": 0.48},
        {"loss": "mse"},
        {"x_bits": 16},
        {"a_frac": 6},
        {"w_bits": 17},
        {"w_frac": 8},
        {"g_frac": 11},
        {"bitwise": True},
        {"carry_momentum": True},
        {"input_shape": (1, 6, 7)},
        {"layers": (Conv2d(2, 3, padding=1), AvgPool2d(2), Linear(3))},
        {"layers": (Conv2d(2, 3, padding=1, relu=True, bias=False), AvgPool2d(2), Linear(3))},
        {"layers": (Conv2d(2, 3, padding=2, relu=True), AvgPool2d(2), Linear(3))},
        {"layers": (Conv2d(2, 3, stride=2, padding=1, relu=True), AvgPool2d(2), Linear(3))},
        {"layers": (Conv2d(2, (3, 2), padding=1, relu=True), AvgPool2d(2), Linear(3))},
        {"layers": (Conv2d(2, 3, padding=1, relu=True), AvgPool2d((2, 3)), Linear(3))},
        {"layers": (Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2, relu=True), Linear(3))},
        {"layers": (Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2), Linear(4))},
        {"layers": (Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2), Linear(3, bias=False))},
    ],
    ids=str,
)
def test_every_number_of_a_network_is_in_its_digest(change: dict[str, Any]) -> None:
    other = dataclasses.replace(JOB, **change)
    assert other.digest != JOB.digest
    assert other.core.digest != JOB.core.digest  # the program's: no two share a circuit


def test_equal_networks_have_equal_bytes() -> None:
    assert dataclasses.replace(JOB, momentum=-0.0).to_object() == dataclasses.replace(JOB, momentum=0.0).to_object()
