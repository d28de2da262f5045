"""The main job, as a user runs it: `pyzkfl demo --json --ledger PATH`, then `pyzkfl ledger verify PATH`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
import sklearn.model_selection

from pyzkfl import _core
from pyzkfl.demo.hospitals import breast_cancer, held_out, load
from pyzkfl.demo.plan import Attack, Phase, make_plan
from pyzkfl.errors import ParameterError

KEYS = [
    "rounds", "clients", "dropped", "accuracy_federated", "accuracy_central", "accuracy_alone", "proof_bytes",
    "prove_seconds_median", "verify_seconds_median", "aggregate_exact", "forgeries_tried", "forgeries_refused",
    "ledger_ok", "seconds_total",
]  # fmt: skip


def pyzkfl(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyzkfl", *arguments], capture_output=True, text=True, timeout=600, **options
    )


@pytest.mark.end_to_end
def test_the_demo_trains_proves_masks_records_and_refuses_every_forgery(tmp_path: Path) -> None:
    path = tmp_path / "run.ledger"
    done = pyzkfl("demo", "--json", "--ledger", str(path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert not [key for key in KEYS if key not in result]
    assert (result["schema"], result["clients"]) == (1, 8) and result["rounds"] >= 10
    assert result["dropped"] == 3 * result["rounds"]
    assert result["accuracy_federated"] >= result["accuracy_central"] - 0.02
    assert result["accuracy_federated"] > result["accuracy_alone"]
    assert result["proof_bytes"] <= 512
    assert result["aggregate_exact"] is True and result["ledger_ok"] is True
    assert result["forgeries_tried"] == result["forgeries_refused"] == len(Attack.on("masks"))
    assert {row["attack"] for row in result["forgeries"]} == {str(attack) for attack in Attack.on("masks")}

    verified = pyzkfl("ledger", "verify", str(path), "--json")
    assert verified.returncode == 0, verified.stderr
    assert pyzkfl("ledger", "show", str(path)).returncode == 0
    again = pyzkfl("demo", "--json", "--ledger", str(path))
    assert again.returncode != 0 and "exists" in again.stderr and "Traceback" not in again.stderr

    data = bytearray(path.read_bytes())
    at = data.index(b"hospital-3", len(data) // 2)
    data[at] ^= 1
    path.write_bytes(data)
    broken = pyzkfl("ledger", "verify", str(path))
    assert broken.returncode == 1 and "Traceback" not in broken.stderr


def test_three_members_drop_out_of_every_round_at_three_points_and_every_attack_is_tried_once() -> None:
    for rounds in (10, 12, 15):
        plan = make_plan(8, rounds, set(range(8)))
        for round_ in range(rounds):
            gone = [member for member in range(8) if round_ in plan.drops[member]]
            assert len(gone) == 3
            assert {plan.drops[member][round_] for member in gone} == set(Phase)
            for member in range(8):
                if round_ in plan.attacks[member]:
                    assert member not in gone
        tried = [attack for attacks in plan.attacks.values() for attack in attacks.values()]
        tried += plan.coordinator.values()
        assert sorted(tried) == sorted(Attack.on("masks"))


def test_the_hospitals_are_uneven_differently_mixed_and_disjoint() -> None:
    split = load(8, 4)
    sizes = [len(x) for x, _ in split.parts]
    assert min(sizes) >= 32 and len(set(sizes)) > 3
    shares = [float(np.mean(y)) for _, y in split.parts]
    assert max(shares) - min(shares) > 0.5
    rows = np.concatenate([x for x, _ in split.parts])
    assert rows.shape == (455, 30) and len(np.unique(rows, axis=0)) == 455
    held_out = {row.tobytes() for row in split.test_x}
    assert not held_out & {row.tobytes() for row in rows}


def test_the_set_and_its_split_are_those_of_scikit_learn() -> None:
    """The demo carries the set, so that it runs where nothing else is installed."""
    theirs = sklearn.datasets.load_breast_cancer()
    x, y = breast_cancer()
    np.testing.assert_array_equal(x, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)
    for seed in (0, 1, 7, 123):
        split = sklearn.model_selection.train_test_split(
            np.arange(569), test_size=0.2, random_state=seed, stratify=theirs.target
        )
        for ours, expected in zip(held_out(y, seed), split, strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_a_demo_that_cannot_play_its_script_says_so() -> None:
    from pyzkfl.demo.runner import DemoConfig

    with pytest.raises(ParameterError, match="8 clients"):
        DemoConfig(clients=4)
    with pytest.raises(ParameterError, match="rounds"):
        DemoConfig(rounds=1)


@pytest.mark.end_to_end
def test_ctrl_c_stops_every_process_of_the_demo(tmp_path: Path) -> None:
    import signal
    import time

    process = subprocess.Popen(
        [sys.executable, "-m", "pyzkfl", "demo", "--json", "--ledger", str(tmp_path / "l")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYZKFL_TEST_MARK": str(tmp_path)},
    )
    deadline = time.monotonic() + 60
    while len(_marked(tmp_path)) < 10 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(_marked(tmp_path)) >= 10
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert _marked(tmp_path) == []


def _marked(mark: Path) -> list[str]:
    """Processes that carry our mark in their environment."""
    needle = f"PYZKFL_TEST_MARK={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended while we looked
            if needle in environment:
                found.append(entry.name)
    return found


def test_the_native_core_says_which_kernel_runs() -> None:
    assert _core.base.cpu_kernel()


@pytest.mark.deep
@pytest.mark.parametrize("aggregation", ["rlwe", "paillier"])
def test_the_demo_with_a_homomorphic_sum_refuses_every_forgery_too(aggregation: str, tmp_path: Path) -> None:
    path = tmp_path / "run.ledger"
    done = pyzkfl("demo", "--json", "--direct", "--aggregation", aggregation, "--ledger", str(path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["aggregation"] == aggregation and result["dropped"] == 3 * result["rounds"]
    assert result["aggregate_exact"] is True and result["ledger_ok"] is True
    assert result["accuracy_federated"] >= result["accuracy_central"] - 0.02
    assert result["forgeries_tried"] == result["forgeries_refused"] == len(Attack.on(aggregation))
    assert {row["attack"] for row in result["forgeries"]} == {str(attack) for attack in Attack.on(aggregation)}
