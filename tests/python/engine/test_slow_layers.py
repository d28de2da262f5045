"""Layers of every kind: the core's training is the page's, bit by bit, on random networks (slow_trainer.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from slow_trainer import Slow

from pyzkfl.errors import ParameterError
from pyzkfl.layers import AvgPool2d, Conv2d, Layer, Linear
from pyzkfl.network import NetworkJob


def random_job(rng: np.random.Generator) -> NetworkJob:
    """One that fits; convolutions, pools and linear layers in any order, each with or without a ReLU and bias."""
    while True:
        shape = (int(rng.integers(1, 4)), int(rng.integers(4, 9)), int(rng.integers(4, 9)))
        sides, layers = list(shape[1:]), list[Layer]()
        for _ in range(int(rng.integers(0, 4))):
            relu, kernel = bool(rng.integers(2)), tuple(int(k) for k in rng.integers(1, 4, 2))
            if rng.integers(3) == 0:
                layers.append(AvgPool2d(kernel, relu=relu))
                sides = [n // k for n, k in zip(sides, kernel, strict=True)]
            else:
                stride = tuple(int(s) for s in rng.integers(1, 3, 2))
                padding = tuple(int(rng.integers(k)) for k in kernel)
                layers.append(Conv2d(int(rng.integers(1, 4)), kernel, stride, padding, bool(rng.integers(2)), relu))
                sides = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(sides, kernel, stride, padding, strict=True)]
            if min(sides) < 1:
                break
        if min(sides) < 1:
            continue
        layers += [
            Linear(int(rng.integers(1, 6)), bool(rng.integers(2)), bool(rng.integers(2)))
            for _ in range(rng.integers(2))
        ]
        settings: dict[str, Any] = {
            "loss": "mse" if rng.integers(2) else "cross_entropy",
            "steps": int(rng.integers(1, 4)),
            "momentum": float(rng.choice([0, 0.5, 0.9])),
            "x_bits": int(rng.choice([8, 16])),
            "w_bits": int(rng.choice([16, 18, 20])),
            "batch": int(rng.integers(1, 4)),
        }
        layers.append(Linear(int(rng.integers(2, 5)), bool(rng.integers(2))))
        rate = float(rng.choice([0.05, 0.3]))
        try:
            return NetworkJob(layers=tuple(layers), input_shape=shape, learning_rate=rate, max_norm=0.4, **settings)
        except ParameterError:  # some value would not fit
            continue


def trained(job: NetworkJob, rng: np.random.Generator) -> tuple[Slow, bool]:
    """What the slow trainer counted, and whether the two agree."""
    limit = 2 ** (job.w_bits - 1) // int(rng.choice([1, 8]))
    reach, rows = 2 ** (job.x_bits - 1), int(rng.integers(1, job.batch + 1))
    weights = rng.integers(-limit, limit, job.dimension)
    batches = []
    for _ in range(job.steps):
        mse = job.loss == "mse"
        y = rng.integers(-500, 500, (rows, job.outputs)) if mse else rng.integers(0, job.outputs, rows)
        batches.append((rng.integers(-reach, reach, (rows, job.input_size)), y))
    slow = Slow(job)
    expected = slow.round(weights.tolist(), [(x.tolist(), y.tolist()) for x, y in batches])
    return slow, expected == job.train(weights, batches).update.tolist()


def test_random_networks_train_as_the_page_says() -> None:
    rng = np.random.default_rng(8)
    saturated = [0, 0, 0]
    for _ in range(40):
        job = random_job(rng)
        slow, agrees = trained(job, rng)
        assert agrees, job
        saturated[0] += slow.saturated_activations
        saturated[1] += slow.saturated_gradients
        saturated[2] += slow.saturated_losses
    assert min(saturated) > 0


@pytest.mark.parametrize("steps", [1, 2])
def test_momentum_has_an_effect_from_the_second_step_on(steps: int) -> None:
    rng = np.random.default_rng(9)
    jobs = [
        NetworkJob(widths=(4, 3), batch=4, learning_rate=0.1, steps=steps, momentum=m, w_bits=16) for m in (0.0, 0.5)
    ]
    weights = rng.integers(-1000, 1000, jobs[0].dimension)
    batches = [(rng.integers(-9, 9, (4, 4)), rng.integers(0, 3, 4)) for _ in range(steps)]
    plain, kept = (job.train(weights, batches).update for job in jobs)
    assert np.array_equal(plain, kept) == (steps == 1)
    assert jobs[0].digest != jobs[1].digest
