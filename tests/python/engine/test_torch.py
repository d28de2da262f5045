"""The torch hook: jobs from modules, training in place, and a name for whatever has no relation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
nn = torch.nn

from pyzkfl.errors import DataError, ParameterError, UnprovableOption  # noqa: E402
from pyzkfl.integrations.torch import Job, fit  # noqa: E402


def perceptron() -> Any:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))


def test_a_job_reads_and_writes_the_modules_weights() -> None:
    module = perceptron()
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    assert job.widths == (6, 16, 3)
    weights = job.read(module)
    other = perceptron()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    job.write(other, weights)
    for a, b in zip(module.parameters(), other.parameters(), strict=True):
        assert (a - b).abs().max() <= 2.0**-17


def test_fit_takes_tensors_and_loaders_and_learns() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 960)
    x = (rng.normal(size=(3, 6)) * 2)[y] + rng.normal(size=(960, 6)) * 0.5
    features, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    module = perceptron()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.2)
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), optimizer=optimizer, batch=32)
    result = fit(job, module, (features, labels), epochs=3)
    assert len(result.rounds) == 90
    assert np.array_equal(job.read(module), result.weights)
    with torch.no_grad():
        accuracy = float((module(features).argmax(dim=1) == labels).float().mean())
    assert accuracy > 0.95

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(features, labels), batch_size=32)
    again = perceptron()
    assert np.array_equal(fit(job, again, loader, epochs=3).weights, result.weights)


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ([nn.Linear(6, 3), nn.Sigmoid(), nn.Linear(3, 3)], r"layer 1 \(Sigmoid\)"),
        ([nn.Linear(6, 4), nn.Linear(4, 3)], r"layer 1 \(Linear\).*without a ReLU"),
        ([nn.Linear(6, 3, bias=False)], r"layer 0 \(Linear\).*without bias"),
        ([nn.Conv2d(1, 2, 3)], r"layer 0 \(Conv2d\)"),
        ([nn.Linear(6, 3), nn.ReLU()], "end with a linear layer"),
        ([nn.ReLU(), nn.Linear(6, 3)], r"layer 0 \(ReLU\)"),
        ([nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3)], r"layer 2 \(Dropout\)"),
    ],
)
def test_a_layer_without_a_relation_names_itself(layers: list[Any], match: str) -> None:
    with pytest.raises(UnprovableOption, match=match):
        Job.from_module(nn.Sequential(*layers), loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)


def test_losses_and_optimisers_without_a_relation_name_themselves() -> None:
    module = perceptron()
    for loss, match in (
        (nn.MSELoss(), "MSELoss"),
        (nn.CrossEntropyLoss(label_smoothing=0.1), "label_smoothing"),
        (nn.CrossEntropyLoss(weight=torch.ones(3)), "weight"),
    ):
        with pytest.raises(UnprovableOption, match=match):
            Job.from_module(module, loss=loss, lr=0.1, batch=8)
    for optimizer, match in (
        (torch.optim.Adam(module.parameters()), "Adam"),
        (torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9), "momentum"),
        (torch.optim.SGD(module.parameters(), lr=0.1, weight_decay=0.1), "weight_decay"),
    ):
        with pytest.raises(UnprovableOption, match=match):
            Job.from_module(module, loss=nn.CrossEntropyLoss(), optimizer=optimizer, batch=8)
    with pytest.raises(UnprovableOption, match="Sequential"):
        Job.from_module(nn.Linear(3, 3), loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    with pytest.raises(ParameterError, match="one of them"):
        Job.from_module(module, loss=nn.CrossEntropyLoss(), batch=8)


def test_wrong_data_changes_nothing() -> None:
    module = perceptron()
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    before = job.read(module)
    for data in (
        (torch.zeros(8, 5), torch.zeros(8, dtype=torch.int64)),
        (torch.zeros(8, 6), torch.zeros(7, dtype=torch.int64)),
        (torch.zeros(8, 6), torch.full((8,), 3)),
        (torch.full((8, 6), float("inf")), torch.zeros(8, dtype=torch.int64)),
        42,
    ):
        with pytest.raises(DataError):
            fit(job, module, data)
    assert np.array_equal(job.read(module), before)
