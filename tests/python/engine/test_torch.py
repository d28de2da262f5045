"""The torch hook: jobs from modules, training in place, and a name for whatever has no relation."""

from __future__ import annotations

import copy
import dataclasses
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
        ([nn.Conv2d(1, 2, 3, dilation=2), nn.Flatten(), nn.Linear(8, 3)], r"layer 0 \(Conv2d\) with dilation"),
        ([nn.Conv2d(2, 2, 3, groups=2), nn.Flatten(), nn.Linear(8, 3)], r"layer 0 \(Conv2d\) with groups"),
        ([nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect")], r"layer 0 \(Conv2d\) with padding_mode"),
        ([nn.Conv2d(1, 2, 3, padding="same")], r"layer 0 \(Conv2d\) with padding='same'"),
        ([nn.Conv2d(1, 2, 3, padding=3)], r"layer 0 \(Conv2d\) with padding=\(3, 3\)"),
        ([nn.AvgPool2d(2, stride=1)], r"layer 0 \(AvgPool2d\) with stride=1"),
        ([nn.AvgPool2d(2, padding=1)], r"layer 0 \(AvgPool2d\) with padding=1"),
        ([nn.AvgPool2d(2, ceil_mode=True)], r"layer 0 \(AvgPool2d\) with ceil_mode"),
        ([nn.AvgPool2d(2, count_include_pad=False)], r"layer 0 \(AvgPool2d\) with count_include_pad"),
        ([nn.AvgPool2d(2, divisor_override=3)], r"layer 0 \(AvgPool2d\) with divisor_override"),
        ([nn.MaxPool2d(2)], r"layer 0 \(MaxPool2d\)"),
        ([nn.Conv2d(1, 2, 3), nn.Linear(8, 3)], r"layer 1 \(Linear\): a linear layer on images: put a Flatten"),
        ([nn.Flatten(0), nn.Linear(6, 3)], r"layer 0 \(Flatten\) with start_dim"),
        ([nn.Linear(6, 3), nn.ReLU(), nn.ReLU(), nn.Linear(3, 3)], r"layer 2 \(ReLU\)"),
        ([nn.Conv2d(1, 2, 3)], "end with a linear layer"),
        ([nn.Linear(6, 3), nn.ReLU()], "end with a linear layer"),
        ([nn.ReLU(), nn.Linear(6, 3)], r"layer 0 \(ReLU\)"),
        ([nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3)], r"layer 2 \(Dropout\)"),
    ],
)
def test_a_layer_without_a_relation_names_itself(layers: list[Any], match: str) -> None:
    with pytest.raises(UnprovableOption, match=match):
        Job.from_module(nn.Sequential(*layers), loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)


class Doubled(nn.Linear):
    """What isinstance takes for a Linear, and is another function."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


class DoubledSequence(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


class DoubledLoss(nn.CrossEntropyLoss):
    def forward(self, *args: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(*args)


def test_what_is_no_plain_layer_does_not_pass_for_one() -> None:
    shared = nn.Linear(6, 6)
    frozen, hooked, doubled = perceptron(), perceptron(), DoubledSequence(nn.Linear(6, 3))
    frozen[1].bias.requires_grad_(False)
    hooked[1].register_forward_hook(lambda module, args, output: 2 * output)
    above = perceptron()
    above.register_forward_pre_hook(lambda module, args: args)
    normed = perceptron()
    nn.utils.parametrizations.weight_norm(normed[1])
    for module, match in (
        (nn.Sequential(Doubled(6, 3)), r"layer 0 \(Doubled\)"),
        (doubled, "must be an nn.Sequential, got DoubledSequence"),
        (nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(6, 3)), r"layer 2 \(Linear\): a layer .* twice"),
        (frozen, r"layer 1 \(Linear\) with a frozen bias"),
        (hooked, r"layer 1 \(Linear\) with hooks"),
        (above, "nn.Sequential with hooks"),
        (normed, r"layer 1 \(ParametrizedLinear\)"),
    ):
        with pytest.raises(UnprovableOption, match=match):
            Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    with pytest.raises(UnprovableOption, match="loss DoubledLoss"):
        Job.from_module(perceptron(), loss=DoubledLoss(), lr=0.1, batch=8)
    module = perceptron()
    part = torch.optim.SGD(module[1].parameters(), lr=0.1)
    with pytest.raises(UnprovableOption, match="other parameters"):
        Job.from_module(module, loss=nn.CrossEntropyLoss(), optimizer=part, batch=8)


def used_optimizer(module: Any) -> Any:
    """One that has made a step: it has a velocity."""
    module = copy.deepcopy(module)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    module(torch.ones(1, next(module.parameters()).shape[1])).pow(2).sum().backward()
    optimizer.step()
    return optimizer


def test_fit_carries_momentum_over_rounds_as_torch_does() -> None:
    rng = np.random.default_rng(6)
    x, y = torch.tensor(rng.normal(size=(256, 4)), dtype=torch.float32), torch.tensor(rng.integers(0, 3, 256))
    module = nn.Sequential(nn.Linear(4, 3))
    plain = copy.deepcopy(module)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.05, momentum=0.9)
    settings = {"x_bits": 16, "a_frac": 10, "carry_momentum": True}
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), optimizer=optimizer, batch=32, **settings)
    reset = copy.deepcopy(module)
    fit(job, module, (x, y), epochs=2)
    fit(dataclasses.replace(job, carry_momentum=False), reset, (x, y), epochs=2)
    for _ in range(2):
        for first in range(0, 256, 32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(plain(x[first : first + 32]), y[first : first + 32]).backward()
            optimizer.step()
    away = [float((m[0].weight - plain[0].weight).detach().norm()) for m in (module, reset)]
    assert away[0] < 0.01 and away[1] > 10 * away[0]


def test_losses_and_optimisers_without_a_relation_name_themselves() -> None:
    module = perceptron()
    for loss, match in (
        (nn.MSELoss(reduction="sum"), "MSELoss with reduction"),
        (nn.L1Loss(), "L1Loss"),
        (nn.CrossEntropyLoss(label_smoothing=0.1), "label_smoothing"),
        (nn.CrossEntropyLoss(weight=torch.ones(3)), "weight"),
    ):
        with pytest.raises(UnprovableOption, match=match):
            Job.from_module(module, loss=loss, lr=0.1, batch=8)
    for optimizer, match in (
        (torch.optim.Adam(module.parameters()), "Adam"),
        (torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9), "carry_momentum=True"),
        (used_optimizer(module), "from steps before the job"),
        (torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, nesterov=True), "nesterov"),
        (torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, dampening=0.1), "dampening"),
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


def test_the_last_row_of_a_pair_is_looked_at_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    module = perceptron()
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    monkeypatch.setattr(Job, "train", lambda *args: pytest.fail("a step was trained"))
    x, y = torch.zeros(40, 6), torch.zeros(40, dtype=torch.int64)
    bad_x, bad_y = x.clone(), y.clone()
    bad_x[-1, -1], bad_y[-1] = float("nan"), 3
    for data in ((bad_x, y), (x, bad_y)):
        with pytest.raises(DataError):
            fit(job, module, data)


def test_data_for_no_round_is_an_error_and_no_silence() -> None:
    module = perceptron()
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=8)
    x, y = torch.zeros(8, 6), torch.zeros(8, dtype=torch.int64)
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(DataError, match="epoch 0 has no round"):
        fit(job, module, (x[:0], y[:0]))
    with pytest.raises(DataError, match="epoch 1 has no round"):
        fit(job, module, iter([(x, y)]), epochs=3)
    with pytest.raises(DataError, match="no round of 2 batches"):
        fit(dataclasses.replace(job, steps=2), module, (x, y))
    with pytest.raises(ParameterError, match="epochs"):
        fit(job, module, (x, y), epochs=0)
    with pytest.raises(DataError, match="features must be an array"):
        fit(job, module, [([[1.0], [1.0, 2.0]], [0, 1])])
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    tracked = x.bfloat16().requires_grad_()
    assert len(fit(job, module, (tracked, y)).rounds) == 1  # as torch's own loops take it


def convolutions() -> Any:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 4 * 4, 3)
    )


def test_fit_takes_images_and_learns() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 480)
    x = (rng.normal(size=(3, 1, 8, 8)) * 0.7)[y] + rng.normal(size=(480, 1, 8, 8)) * 0.5
    images, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    module = convolutions()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.5)
    job = Job.from_module(
        module, loss=nn.CrossEntropyLoss(), optimizer=optimizer, batch=16, steps=2, input_shape=(1, 8, 8)
    )
    assert job.momentum == 0.5 and job.widths == ()
    result = fit(job, module, (images, labels), epochs=2)
    assert np.array_equal(job.read(module), result.weights)
    with torch.no_grad():
        assert float((module(images).argmax(dim=1) == labels).float().mean()) > 0.95
    predicted = job.predict(result.weights, job.features(images[:50].numpy()))
    assert np.mean(predicted == y[:50]) > 0.95
    with pytest.raises(DataError, match="images must have shape"):
        job.features(np.zeros((2, 1, 4, 16)))


def test_fit_takes_float_targets_and_fits_them() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(640, 5))
    targets = x @ rng.normal(size=(5, 2)) * 0.3
    module = nn.Sequential(nn.Linear(5, 2))
    settings = {"x_bits": 16, "a_frac": 10, "g_frac": 12}
    job = Job.from_module(module, loss=nn.MSELoss(), lr=0.2, batch=32, **settings)
    result = fit(
        job, module, (torch.tensor(x, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32)), epochs=3
    )
    error = job.predict(result.weights, job.features(x)) - targets
    assert np.sqrt(np.mean(error**2)) < 0.01
    with pytest.raises(DataError, match="targets must be real numbers of shape"):
        fit(job, module, (torch.zeros(4, 5), torch.zeros(4, 3)))
    with pytest.raises(ParameterError, match="accuracy is of class numbers"):
        job.accuracy(result.weights, job.features(x), targets.argmax(axis=1))


def test_a_module_whose_layers_do_not_meet_is_refused() -> None:
    loss = nn.CrossEntropyLoss()
    wrong = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(7, 3))
    with pytest.raises(ParameterError, match="a layer of 7 inputs meets an input or outputs of 144"):
        Job.from_module(wrong, loss=loss, lr=0.1, batch=4, input_shape=(1, 8, 8))
    with pytest.raises(ParameterError, match="images need an input_shape"):
        Job.from_module(convolutions(), loss=loss, lr=0.1, batch=4)
    with pytest.raises(ParameterError, match="a convolution of 1 channels meets 3"):
        Job.from_module(convolutions(), loss=loss, lr=0.1, batch=4, input_shape=(3, 8, 8))
    job = Job.from_module(convolutions(), loss=loss, lr=0.1, batch=4, input_shape=(1, 8, 8))
    with pytest.raises(ParameterError, match="other layers"):
        job.read(perceptron())
