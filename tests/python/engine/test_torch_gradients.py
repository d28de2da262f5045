"""At fine scales an integer step is torch's: autograd in double precision, SGD with momentum, every layer and loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
nn = torch.nn

from pyzkfl.integrations.torch import Job  # noqa: E402

FINE = {"x_bits": 16, "a_frac": 9, "g_frac": 15, "w_bits": 17}
# Layers, a row's shape, settings that are not FINE: the squared error's gradients need more room below their limits.
CASES: dict[str, tuple[Any, tuple[int, ...], dict[str, Any]]] = {
    "a padded convolution": (
        lambda: [nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(90, 4)],
        (2, 5, 6),
        {},
    ),
    "strides, rectangles, no biases": (
        lambda: [
            nn.Conv2d(1, 3, (3, 2), stride=(2, 1), padding=(1, 0), bias=False),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(60, 4, bias=False),
        ],
        (1, 8, 6),
        {},
    ),
    "pools with and without a ReLU, convolutions after them": (
        lambda: [
            nn.Conv2d(1, 3, 3),
            nn.AvgPool2d((2, 3)),
            nn.ReLU(),
            nn.Conv2d(3, 4, 2, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16, 4),
        ],
        (1, 9, 13),
        {},
    ),
    "the mean squared error of two linear layers": (
        lambda: [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 5), nn.Linear(5, 4)],
        (6,),
        {"loss": nn.MSELoss(), "a_frac": 10, "g_frac": 11},
    ),
    "momentum over three steps": (
        lambda: [nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(18, 4)],
        (1, 6, 6),
        {"steps": 3, "momentum": 0.9},
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_an_integer_step_is_that_of_autograd(name: str) -> None:
    build, shape, options = CASES[name]
    torch.manual_seed(1)
    module = nn.Sequential(*build()).double()
    settings = {"loss": nn.CrossEntropyLoss(), "steps": 1, "momentum": 0.0, **FINE, **options}
    loss, steps, momentum = settings["loss"], settings["steps"], settings["momentum"]
    rate, rows = 0.02, 8
    job = Job.from_module(module, lr=rate, batch=rows, input_shape=shape, **settings)
    weights = job.read(module)
    job.write(module, weights)  # the same start for both
    rng = np.random.default_rng(2)
    batches = []
    for _ in range(steps):
        x = rng.normal(size=(rows, *shape))
        y = rng.normal(size=(rows, 4)) * 0.5 if isinstance(loss, nn.MSELoss) else rng.integers(0, 4, rows)
        batches.append((x, y))
    update = job.train(weights, [(job.features(x), job.labels(y)) for x, y in batches]).update

    optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=momentum)
    for x, y in batches:
        optimizer.zero_grad()
        loss(module(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    after = torch.cat([p.detach().flatten() for p in module.parameters()]).numpy()
    expected = after - job.to_float(weights)
    distance = np.linalg.norm(job.to_float(update) - expected)
    # Half a unit a weight and step is the rounding of the update.
    assert distance < 0.02 * np.linalg.norm(expected) + steps * np.sqrt(len(expected)) / 2 / 2**16
    assert np.linalg.norm(expected) > 20 * np.sqrt(len(expected)) / 2**16
