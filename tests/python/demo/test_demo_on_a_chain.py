"""`make demo-chain`: the whole demo against a node, every party with its own account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pyzkfl
from pyzkfl.demo.plan import Attack, Phase, make_chain_plan

# The package under test, wherever a child process begins.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pyzkfl.__file__).parents[1])}


def test_on_a_chain_two_members_at_most_miss_a_sum() -> None:
    for rounds in (5, 9, 12):
        plan = make_chain_plan(8, rounds)
        for round_ in range(rounds):
            gone = [m for m in range(8) if round_ in plan.drops[m]]
            forgers = [m for m in range(8) if round_ in plan.attacks[m]]
            assert len(gone) == 1 and len(forgers) <= 1 and not set(gone) & set(forgers)
            for forger in forgers:  # to replay, it was in the round before
                assert round_ == 0 or round_ - 1 not in plan.drops[forger] | plan.attacks[forger]
        assert {phase for drops in plan.drops.values() for phase in drops.values()} == set(Phase)
        tried = [attack for attacks in plan.attacks.values() for attack in attacks.values()]
        assert len(set(tried)) == len(tried) == 5 and not any(attack.by_coordinator for attack in tried)
        of_the_coordinator = [attack for attack in Attack.on("masks") if attack.by_coordinator]
        assert sorted(plan.coordinator.values()) == sorted(of_the_coordinator)


def test_a_chain_that_does_not_answer_and_options_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    def demo(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pyzkfl", "demo", "--chain", "http://127.0.0.1:9", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=tmp_path, env=ENVIRONMENT)

    done = demo()
    assert done.returncode == 1 and "no node answers" in done.stderr and "Traceback" not in done.stderr
    assert demo("--ledger", "x").returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.deep
@pytest.mark.end_to_end
@pytest.mark.parametrize(("options", "proof_bytes"), [((), 512), (("--direct",), 160)])
def test_the_demo_on_a_chain_pays_honest_members_and_slashes_forgers(
    repository: Path, tmp_path: Path, options: tuple[str, ...], proof_bytes: int
) -> None:
    """The network, whose proofs contracts can check too, and the logistic classifier."""
    command = [sys.executable, str(repository / "scripts" / "demo_chain.py"), "--rounds", "5", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["clients"], result["rounds"], result["rounds_closed"], result["dropped"]) == (8, 5, 5, 5)
    assert result["proof_bytes"] == proof_bytes
    assert result["forgeries_tried"] == result["forgeries_refused"] == 7
    assert result["aggregate_exact"] and result["ledger_ok"] and result["chain_weights"]
    assert len(result["rejected"]) == 5 and result["slashed"] == 5 * 1_000
    members = {row["party"]: row for row in result["parties"] if row["party"] != "coordinator"}
    assert sum(row["paid"] for row in members.values()) == 5 * 10**6
    forgers = {name for _, name in result["rejected"]}
    assert all(members[name]["stake"] == (9_000 if name in forgers else 10_000) for name in members)
    assert len({row["account"] for row in result["parties"]}) == 9
    assert all(0 < row["ether_spent"] < 1 for row in result["parties"])
    assert result["accuracy_federated"] >= result["accuracy_central"] - 0.03
