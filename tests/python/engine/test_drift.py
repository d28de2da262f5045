"""`pyzkfl drift` and pyzkfl.drift: integers beside floats on real data, and the scale that is to blame."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
pytest.importorskip("sklearn", reason="the extra [demo] is not installed")

from torch import nn  # noqa: E402

from pyzkfl.bench.training import float_accuracy  # noqa: E402
from pyzkfl.cli import main  # noqa: E402
from pyzkfl.drift import Drift, DriftData, _batches, drift, load  # noqa: E402
from pyzkfl.errors import DataError, ParameterError, RangeError  # noqa: E402
from pyzkfl.integrations.torch import Job  # noqa: E402


def perceptron(*widths: int) -> nn.Module:
    torch.manual_seed(3)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def of(name: str, *, rounds: int = 60, clipping: bool = True, **settings: Any) -> Drift:
    module = perceptron(64, 32, 10) if name == "digits" else perceptron(30, 16, 2)
    fitting: dict[str, Any] = {"lr": 0.5 if name == "digits" else 0.2, "batch": 32, "x_bits": 16, "a_frac": 8}
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), **{**fitting, **settings})
    return drift(job, module, load(name), rounds=rounds, clipping=clipping)


@pytest.mark.parametrize("name", ["digits", "breast-cancer"])
@pytest.mark.parametrize("steps", [1, 3])
def test_integers_stay_near_floats_on_real_data(name: str, steps: int) -> None:
    found = of(name, steps=steps, rounds=60 // steps)
    assert not found.large and found.trials == []
    assert [one.round for one in found.rounds] == list(range(60 // steps))
    assert found.last.weights_relative_l2 < 0.05
    assert 0 < found.last.weights_max < 0.1
    assert abs(found.last.accuracy_integer - found.last.accuracy_float) <= 0.01
    assert found.last.accuracy_float > found.rounds[0].accuracy_float
    assert found.clipped_features == 0


def test_the_figures_are_those_of_another_float_trainer_on_the_same_batches() -> None:
    module, data = perceptron(64, 32, 10), load("digits")
    for max_norm in (0.49, 0.02):
        job = Job.from_module(
            module, loss=nn.CrossEntropyLoss(), lr=0.5, batch=32, steps=2, a_frac=5, max_norm=max_norm
        )
        found = drift(job, module, data, rounds=4, seed=9)
        batches = [b for round_ in _batches(len(data.x), job, 4, np.random.default_rng(9)) for b in round_]
        weights = job.read(module)
        start = torch.cat([p.detach().ravel() for p in module.parameters()]).double().numpy()
        test = data.test_x, data.test_y
        accuracy, floats = float_accuracy(job, start, [(data.x[b], data.y[b]) for b in batches], test)
        for first in range(0, 8, 2):
            pair = [(job.features(data.x[b]), job.labels(data.y[b])) for b in batches[first : first + 2]]
            weights = job.apply(weights, job.train(weights, pair).update)
        away = job.to_float(weights) - floats
        assert found.last.weights_max == pytest.approx(np.abs(away).max(), rel=1e-3)
        assert found.last.weights_relative_l2 == pytest.approx(np.linalg.norm(away) / np.linalg.norm(floats), rel=1e-3)
        assert found.last.accuracy_float == pytest.approx(accuracy, abs=0.003)
        assert found.last.accuracy_integer == job.accuracy(weights, job.features(data.test_x), job.labels(data.test_y))
        assert sum(one.clipped for one in found.rounds) == (8 if max_norm == 0.02 else 0)


def test_a_batch_that_is_not_full_takes_the_same_smaller_step_in_both() -> None:
    module, data = perceptron(64, 32, 10), load("digits")
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.5, batch=64, x_bits=16, a_frac=10)
    few = dataclasses.replace(data, x=data.x[:9], y=data.y[:9])
    assert drift(job, module, few, rounds=10).last.weights_relative_l2 < 0.004


@pytest.mark.parametrize(
    ("settings", "to_blame"),
    [
        ({"a_frac": 2}, {"a_frac"}),
        ({"g_frac": 4}, {"g_frac"}),
        ({"w_frac": 8, "w_bits": 10}, {"w_frac", "w_bits"}),
        ({"w_bits": 15}, {"w_bits"}),
        ({"x_bits": 8, "a_frac": 11}, {"x_bits"}),
    ],
)
def test_the_scale_that_is_too_coarse_is_the_one_recommended(settings: dict[str, int], to_blame: set[str]) -> None:
    found = of("digits", **settings)
    assert found.large
    assert found.last.weights_relative_l2 > 0.05
    best = min(found.trials, key=lambda trial: trial.weights_relative_l2)
    assert set(best.change) == to_blame
    assert all(
        f"{name} from {settings.get(name, 18)} to {best.change[name]}" in found.recommendation for name in to_blame
    )
    again = of("digits", **{**settings, **best.change})
    assert again.last.weights_relative_l2 == pytest.approx(best.weights_relative_l2, rel=0.05)
    assert again.last.weights_relative_l2 < 0.8 * found.last.weights_relative_l2


def test_without_clipping_the_bound_is_to_blame_where_it_is() -> None:
    found = of("digits", max_norm=0.05, clipping=False)
    assert found.large and "raise max_norm" in found.recommendation and "x_bits" not in found.recommendation
    assert not of("digits", max_norm=0.05).large
    assert not of("digits", rounds=5, clipping=False).large


def test_features_beyond_the_range_are_counted() -> None:
    data = load("digits")
    found = of("digits", rounds=1, x_bits=8, a_frac=7)
    assert found.clipped_features == int((data.x == 1).sum() + (data.test_x == 1).sum()) > 0


def test_module_and_torch_are_left_as_they_were() -> None:
    module = perceptron(64, 8, 10)
    before = [p.detach().clone() for p in module.parameters()]
    threads = torch.get_num_threads()
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.5, batch=32)
    drift(job, module, load("digits"), rounds=2)
    assert all(torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))
    assert torch.get_num_threads() == threads


def test_data_that_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    module, good = perceptron(64, 8, 10), load("digits")
    job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.5, batch=32)
    holes = good.x.copy()
    holes[4, 7] = np.nan
    with pytest.raises(DataError, match="row 4, column 7"):
        drift(job, module, dataclasses.replace(good, x=holes), rounds=1)
    with pytest.raises(DataError, match="shape"):
        drift(job, module, load("breast-cancer"), rounds=1)
    with pytest.raises(DataError, match="between 0 and 9"):
        drift(job, module, dataclasses.replace(good, test_y=good.test_y + 5), rounds=1)
    with pytest.raises(ParameterError, match="rounds is 0"):
        drift(job, module, good, rounds=0)
    with torch.no_grad():
        module[0].bias[2] = 100.0
    with pytest.raises(RangeError, match="w_bits"):
        drift(job, module, good, rounds=1)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "short.npz", x=np.zeros((9, 2)), y=np.zeros(8, int))
    (tmp_path / "text.npz").write_text("no")
    for name, complaint in (("other", "arrays x and y"), ("text", "x and y"), ("short", "must be"), ("absent", "read")):
        with pytest.raises(DataError, match=complaint):
            load(tmp_path / f"{name}.npz")


# ---- the command -----------------------------------------------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["drift", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return out, err


@pytest.mark.parametrize(("name", "rows"), [("digits", 1797), ("breast-cancer", 569)])
def test_the_command_reports_both_sets(capsys: pytest.CaptureFixture[str], name: str, rows: int) -> None:
    out, _ = command(capsys, name, "--rounds", 20, "--json")
    result = json.loads(out)
    assert result["schema"] == 1 and {"version", "commit", "scales", "parameters"} <= set(result)
    assert result["rows"] + result["test_rows"] == rows
    assert len(result["rounds"]) == 20
    last = result["rounds"][-1]
    for key in ("accuracy_integer", "accuracy_float", "weights_relative_l2", "weights_max"):
        assert result[key] == last[key]
    assert result["accuracy_delta"] == last["accuracy_integer"] - last["accuracy_float"]
    assert result["large"] is False and 0 < result["weights_relative_l2"] < 0.05


def test_the_command_takes_data_of_ones_own_and_shows_a_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 400)
    x = np.eye(3)[y] + rng.normal(size=(400, 3)) * 0.2
    np.savez(tmp_path / "own.npz", x=x, y=y)
    arguments = (tmp_path / "own.npz", "--model", "mlp:3,8,3", "--rounds", 15, "--lr", 0.3)
    out, _ = command(capsys, *arguments, "--g-frac", 3)
    assert "drift is large; raise g_frac from 3 to 9" in " ".join(out.split())
    out, _ = command(capsys, *arguments)
    assert "the scales are fine" in " ".join(out.split())
    _, err = command(capsys, tmp_path / "own.npz", code=2)
    assert "--model" in err
    _, err = command(capsys, tmp_path / "absent.npz", "--model", "mlp:3,8,3", code=1)
    assert "cannot be read" in err


def test_a_set_is_split_once_and_the_same_way_each_time() -> None:
    one, two, other = load("digits", seed=1), load("digits", seed=1), load("digits", seed=2)
    assert isinstance(one, DriftData)
    assert np.array_equal(one.x, two.x) and not np.array_equal(one.x, other.x)
    assert len(one.test_x) == 1797 // 5 and one.x.max() == 1.0
    cancer = load("breast-cancer")
    assert np.abs(cancer.x.mean(axis=0)).max() < 1e-9
