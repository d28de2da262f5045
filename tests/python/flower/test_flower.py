"""Secure aggregation under Flower's strategies: the model is the same as without it, and only masked vectors travel."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="flwr is not installed: pip install pyzkfl[flower]")

from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import strategy as flower

from pyzkfl.dp.accounting import Mechanism
from pyzkfl.errors import NotEnoughClients, ParameterError
from pyzkfl.integrations.flower import SecureAggregation, SecureAggregationMod, secure_aggregation_mod
from pyzkfl.integrations.flower.records import KEY
from pyzkfl.masked import ClientLevel
from pyzkfl.secagg import IdentityKey

START = ArrayRecord({"a": Array(np.linspace(-1, 1, 6).reshape(2, 3)), "b": Array(np.zeros(4, np.float32))})


def make_app(*mods: Any, step: float = 0.01) -> ClientApp:
    """Node k moves every coordinate by `step` times k, and has 10 k examples."""
    app = ClientApp(mods=list(mods))

    @app.train()
    def train(message: Message, context: Context) -> Message:
        assert list(message.content) == ["arrays", "config"]  # the app sees no record of ours
        node = context.node_id
        arrays = {
            name: Array((a.numpy() + step * node).astype(a.numpy().dtype))
            for name, a in message.content["arrays"].items()
        }
        metrics = MetricRecord({"num-examples": 10 * node, "train_loss": 1.0 / node})
        return Message(RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics}), reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        metrics = MetricRecord({"num-examples": 1, "loss": float(context.node_id)})
        return Message(RecordDict({"metrics": metrics}), reply_to=message)

    return app


def arrays_of(result: Any) -> dict[str, Any]:
    return {name: array.numpy() for name, array in result.arrays.items()}


@pytest.mark.parametrize("name", ["FedAvg", "FedProx", "FedAvgM", "FedAdam", "FedAdagrad", "FedYogi"])
def test_the_model_is_the_one_the_strategy_trains_without_masks(make_grid: Any, name: str) -> None:
    make = getattr(flower, name)
    settings = {"proximal_mu": 0.1} if name == "FedProx" else {}
    plain = make(**settings).start(make_grid(make_app(), 6), START, num_rounds=3)
    strategy = SecureAggregation(make(**settings), metrics=("train_loss",))
    masked = strategy.start(make_grid(make_app(secure_aggregation_mod), 6), START, num_rounds=3)
    for array, expected in arrays_of(plain).items():
        got = arrays_of(masked)[array]
        # Adaptive strategies divide by the size of the update, and by little in the first round.
        assert got == pytest.approx(expected, abs=2e-4), array
        if name in ("FedAvg", "FedProx"):
            assert got.dtype == START[array].numpy().dtype
    for round_, metrics in plain.train_metrics_clientapp.items():
        assert masked.train_metrics_clientapp[round_]["train_loss"] == pytest.approx(metrics["train_loss"], abs=1e-2)
    for round_, metrics in plain.evaluate_metrics_clientapp.items():  # not masked
        assert masked.evaluate_metrics_clientapp[round_]["loss"] == pytest.approx(metrics["loss"])


def test_nothing_but_our_record_leaves_a_node_that_trains(make_grid: Any) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 4)
    SecureAggregation(flower.FedAvg(fraction_evaluate=0.0)).start(grid, START, num_rounds=2)
    assert len(grid.replies) == 4 * (5 + 2 * 2)  # a setup of five messages, two messages a round
    allowed = {"phase", "message", "public", "commitment", "signature", "nonce"}
    for reply in grid.replies:
        assert list(reply.content) == [KEY]
        assert set(reply.content[KEY]) <= allowed


@pytest.mark.parametrize("phase", ["round", "unmask"])
def test_three_of_ten_are_lost_and_the_average_is_of_those_that_came(make_grid: Any, phase: str) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 10)
    grid.lost = lambda node, message: node <= 3 and message.content.get(KEY, {}).get("phase") == phase
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0))
    result = strategy.start(grid, START, num_rounds=2)
    came = range(4, 11) if phase == "round" else range(1, 11)
    mean = sum(k * k for k in came) / sum(came) * 0.01
    assert arrays_of(result)["a"] == pytest.approx(START["a"].numpy() + 2 * mean, abs=1e-5)
    assert [strategy.averages[r].nodes for r in (1, 2)] == [len(came)] * 2


def test_too_few_make_a_round_void_and_leave_the_model(make_grid: Any) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 10)
    grid.lost = lambda node, message: node <= 4 and message.content.get(KEY, {}).get("round") == 0
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0))
    result = strategy.start(grid, START, num_rounds=2)
    assert list(strategy.averages) == [2]
    mean = sum(k * k for k in range(1, 11)) / 55 * 0.01
    assert arrays_of(result)["a"] == pytest.approx(START["a"].numpy() + mean, abs=1e-5)


def test_an_update_beyond_the_bound_is_lost_or_clipped_and_counted(make_grid: Any, caplog: Any) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 10)
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), bound=0.085)
    strategy.start(grid, START, num_rounds=1)
    assert strategy.averages[1].nodes == 8  # nodes 9 and 10 move by 0.09 and 0.1
    reasons = [reply.error.reason for reply in grid.replies if reply.has_error()]
    assert len(reasons) == 2
    assert all("RangeError: 10 of 10 values of the update are beyond" in reason for reason in reasons)

    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), bound=0.085, overflow="clip")
    strategy.start(make_grid(make_app(secure_aggregation_mod), 10), START, num_rounds=1)
    average = strategy.averages[1]
    assert (average.nodes, average.clipped_nodes, average.clipped_coordinates) == (10, 2, 20)


def test_a_part_of_the_nodes_trains_and_new_setups_are_made_where_they_must_be(make_grid: Any) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 12)
    strategy = SecureAggregation(flower.FedAvg(fraction_train=0.5, fraction_evaluate=0.0), min_nodes=12)
    strategy.start(grid, START, num_rounds=3)
    assert [strategy.averages[r].nodes for r in (1, 2, 3)] == [6, 6, 6]


@pytest.mark.parametrize("name", ["FedMedian", "Krum", "Bulyan", "FedTrimmedAvg"])
def test_a_strategy_that_needs_single_updates_is_refused_by_name(name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} looks at single updates"):
        SecureAggregation(getattr(flower, name)())


def test_wrong_settings_are_refused_at_once() -> None:
    with pytest.raises(ParameterError, match="bits must lie"):
        SecureAggregation(flower.FedAvg(), bits=64)
    with pytest.raises(ParameterError, match="hides none of them"):
        SecureAggregation(flower.FedAvg(), min_nodes=2)


def test_a_node_refuses_to_train_without_masks(make_grid: Any) -> None:
    grid = make_grid(make_app(secure_aggregation_mod), 4)
    flower.FedAvg(fraction_evaluate=0.0).start(grid, START, num_rounds=1)
    assert all("without secure aggregation" in reply.error.reason for reply in grid.replies)
    assert len(grid.replies) == 4


def test_with_a_members_file_the_server_is_taken_for_active_and_strangers_are_refused(make_grid: Any) -> None:
    keys = {node: IdentityKey.generate() for node in range(1, 7)}
    known = [key.public_bytes for key in keys.values()]
    mod = SecureAggregationMod(members=known, identity=lambda context: keys[context.node_id])
    grid = make_grid(make_app(mod), 6)
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), server="active")
    strategy.start(grid, START, num_rounds=2)
    assert [strategy.averages[r].nodes for r in (1, 2)] == [6, 6]

    with pytest.raises(NotEnoughClients):  # a server that is not to be taken for active
        SecureAggregation(flower.FedAvg()).start(make_grid(make_app(mod), 6), START, num_rounds=1)
    keys[6] = IdentityKey.generate()
    grid = make_grid(make_app(mod), 6)
    with pytest.raises(NotEnoughClients):
        SecureAggregation(flower.FedAvg(), server="active").start(grid, START, num_rounds=1)
    assert any("not in the members file" in reply.error.reason for reply in grid.replies if reply.has_error())


def test_client_level_noise_is_calibrated_for_the_run_and_the_clip_adapts(make_grid: Any) -> None:
    pytest.importorskip("dp_accounting", reason="dp-accounting is not installed: pip install pyzkfl[dp]")
    target = ClientLevel(epsilon=50.0, delta=1e-5, clip_norm=0.05, units=1 << 16)
    mod = SecureAggregationMod(client_level=(50.0, 1e-5))
    grid = make_grid(make_app(mod), 12)
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), client_level=target, min_nodes=12)
    result = strategy.start(grid, START, num_rounds=4)
    assert 49 < strategy.client_level_epsilon <= 50
    # Norms are 0.01 k sqrt(10), median 0.2: the clip, too small at first, grows.
    assert strategy.clip_norms[0] == 0.05 < strategy.clip_norms[1] < strategy.clip_norms[3]
    assert 0.05 < arrays_of(result)["a"][0, 0] - START["a"].numpy()[0, 0] < 0.2
    averages = [strategy.averages[r] for r in (1, 2, 3, 4)]
    assert [a.weight for a in averages] == [12] * 4
    assert all(a.metrics == {} for a in averages)

    stricter = make_grid(make_app(SecureAggregationMod(client_level=(49.0, 1e-5))), 12)
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), client_level=target, min_nodes=12)
    with pytest.raises(NotEnoughClients):
        strategy.start(stricter, START, num_rounds=4)
    assert all("cost more than a client-level epsilon of 49.0" in reply.error.reason for reply in stricter.replies)


def test_noise_is_not_spent_twice(make_grid: Any) -> None:
    pytest.importorskip("dp_accounting", reason="dp-accounting is not installed: pip install pyzkfl[dp]")
    target = ClientLevel(epsilon=50.0, delta=1e-5, clip_norm=0.05)
    grid = make_grid(make_app(SecureAggregationMod(client_level=(50.0, 1e-5))), 12)
    strategy = SecureAggregation(flower.FedAvg(fraction_evaluate=0.0), client_level=target, min_nodes=12)
    strategy.start(grid, START, num_rounds=1)
    with pytest.raises(ParameterError, match="calibrated for the rounds of one setup"):
        strategy.start(grid, START, num_rounds=1)


def test_flowers_own_accountant_would_report_less_than_this_noise_costs() -> None:
    accounting = pytest.importorskip("dp_accounting", reason="dp-accounting is not installed: pip install pyzkfl[dp]")
    serverapp = pytest.importorskip("flwr.serverapp")
    if not hasattr(serverapp, "PrivacyAccountant"):
        pytest.skip("this flwr has no accountant")
    assert accounting
    mechanism = Mechanism("skellam", 1, 20, 4.0, 650)  # little noise, where it shows
    event = serverapp.GaussianPrivacyEvent(math.sqrt(20) / 4.0, 20, 20)
    theirs = serverapp.RdpAccountant(
        serverapp.PrivacyConfig(
            target_delta=1e-5, population_size=20, sampling_method=serverapp.SamplingMethod.NO_AMPLIFICATION,
            neighboring_relation=serverapp.NeighboringRelation.ADD_OR_REMOVE_ONE,
        )
    )  # fmt: skip
    theirs.compose(event, 10)
    assert theirs.get_epsilon(1e-5) < mechanism.client_level_epsilon(10, 1e-5)


def test_the_container_file_names_what_there_is(repository: Path) -> None:
    """It is not built by any test. Its paths, extras, commands and options are those of this tree and this flwr."""
    text = (repository / "examples/flower/processes/Containerfile").read_text()
    for path in set(re.findall(r"examples/flower/processes(?:/[\w.]+)*", text)):
        assert (repository / path).exists(), path
    extras = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.search(r"\[([\w,]+)\]\" &&", text)[1].split(",")) <= set(extras)  # type: ignore[index]
    node = (repository / "examples/flower/processes/digits_app/node.py").read_text()
    assert all(name in node for name in re.findall(r"DIGITS_\w+", text))
    comment = text[: text.index("FROM")].replace("\\\n#", " ")
    for command in ("flower-superlink", "flower-supernode"):
        line = next(line for line in comment.splitlines() if f"pyzkfl-flower {command}" in line.replace("  ", " "))
        options = re.findall(r"--[a-z-]+", line[line.index(command) :])
        done = subprocess.run(
            [str(Path(sys.executable).parent / command), "--help"], capture_output=True, text=True, timeout=60,
            check=True, env={**os.environ, "FLWR_TELEMETRY_ENABLED": "0"},
        )  # fmt: skip
        assert options, command
        assert all(option in done.stdout for option in options), options


@pytest.mark.deep
@pytest.mark.end_to_end
@pytest.mark.parametrize("aggregation", ["masks", "rlwe", "paillier"])
def test_a_superlink_and_three_supernodes_with_tls_train_as_processes(
    repository: Path, tmp_path: Path, aggregation: str
) -> None:
    script = str(repository / "examples/flower/processes/run.py")
    done = subprocess.run(
        [sys.executable, script, "--timeout", "600", "--aggregation", aggregation],
        capture_output=True, text=True, timeout=700, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["nodes"] == [3, 3]
    assert figures["accuracy"] > 0.9


@pytest.mark.deep
@pytest.mark.end_to_end
@pytest.mark.parametrize("flags", [(), ("--norm",)])
def test_the_example_with_proofs_runs_and_leaves_out_a_scaled_step(
    repository: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, str(repository / "examples/flower/proven_digits.py"), "--rounds", "2", *flags],
        capture_output=True, text=True, timeout=400, cwd=tmp_path, check=False,
        env={**os.environ, "FLWR_TELEMETRY_ENABLED": "0", "FLWR_HOME": str(tmp_path), "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])["nodes"] == ([8, 8] if flags else [7, 7])


@pytest.mark.end_to_end
def test_the_example_trains_digits_with_ten_nodes_and_three_of_ten_lost(repository: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(repository / "examples/flower/digits.py")],
        capture_output=True, text=True, timeout=240, cwd=tmp_path, check=False,
        env={**os.environ, "FLWR_TELEMETRY_ENABLED": "0", "FLWR_HOME": str(tmp_path), "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["nodes"] == [7, 7, 7, 7]
    assert figures["accuracy"] > 0.93
