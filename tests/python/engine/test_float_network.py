"""The reference in floats is torch's: the same gradients, to rounding, of every layer."""

from __future__ import annotations

import numpy as np
import pytest

from pyzkfl.bench.float_network import FloatNetwork
from pyzkfl.errors import ParameterError
from pyzkfl.layers import AvgPool2d, Conv2d, Linear
from pyzkfl.network import NetworkJob

torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")

LAYERS = (
    Conv2d(4, 3, padding=1, relu=True),
    AvgPool2d(2),
    Conv2d(3, (2, 3), stride=(2, 1), padding=(1, 0), bias=False),
    Linear(6, relu=True),
    Linear(3),
)


def test_a_step_is_torchs() -> None:
    nn = torch.nn
    job = NetworkJob(layers=LAYERS, input_shape=(2, 7, 9), batch=5, learning_rate=0.1, w_bits=17, max_norm=0.49)
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 3, (2, 3), stride=(2, 1), padding=(1, 0), bias=False),
        nn.Flatten(),
        nn.Linear(3 * 2 * 2, 6),
        nn.ReLU(),
        nn.Linear(6, 3),
    ).double()
    rng = np.random.default_rng(3)
    weights = rng.normal(size=job.dimension) * 0.3
    at = 0
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(weights[at : at + parameter.numel()].reshape(parameter.shape)))
            at += parameter.numel()
    assert at == job.dimension
    x, y = rng.normal(size=(5, 126)), rng.integers(0, 3, 5)
    outputs = module(torch.from_numpy(x.reshape(5, 2, 7, 9)))
    nn.CrossEntropyLoss()(outputs, torch.from_numpy(y)).backward()
    gradient = np.concatenate([p.grad.numpy().ravel() for p in module.parameters()])
    rate = 0.1 * min(1.0, 0.49 / (0.1 * np.linalg.norm(gradient)))
    network = FloatNetwork(job, weights)
    assert network.predict(x).tolist() == outputs.argmax(dim=1).tolist()
    network.step(x, y)
    np.testing.assert_allclose(network.weights, weights - rate * gradient, atol=1e-12)
    assert np.abs(gradient).max() > 1e-3


def test_what_it_does_not_have_is_refused() -> None:
    job = NetworkJob(widths=(3, 1), batch=2, learning_rate=0.1, loss="mse")
    with pytest.raises(ParameterError, match="cross-entropy"):
        FloatNetwork(job, np.zeros(4))
