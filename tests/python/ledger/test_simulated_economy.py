"""The simulated economy: honesty pays, cheating costs, reputation tells; its figure is drawn from data in the tree."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from pyzkfl.bench.economy import simulate
from pyzkfl.cli import main
from pyzkfl.errors import ParameterError


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return simulate(clients=150, rounds=60, seed=3)


def test_honesty_pays_and_cheating_costs(small: dict[str, Any]) -> None:
    assert small["reward_share_honest"] > small["share_honest"]
    assert small["slashed_share_dishonest"] > 4 * small["slashed_share_honest"]
    assert small["correlation"] > 0.9
    assert small["supply_conserved"] is True
    assert 0 < small["rounds_final"] <= 60


def test_a_seed_gives_the_same_economy(small: dict[str, Any]) -> None:
    # Validators have fresh keys; nothing that is reported depends on them but which committees are drawn.
    again = simulate(clients=150, rounds=60, seed=3)
    assert [point[::2] for point in again["points"]] == [point[::2] for point in small["points"]]


def test_shares_that_are_none_are_refused() -> None:
    for wrong in ({"dishonest": 0.0}, {"dishonest": 1.0}, {"participation": 0.0}, {"clients": 9}, {"rounds": 0}):
        with pytest.raises(ParameterError):
            simulate(**wrong)  # type: ignore[arg-type]


def test_the_command_prints_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["economy", "--clients", "30", "--rounds", "5"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for part in ("rewards to the honest", "correlation of reputation", "stake slashed"):
        assert part in printed


def test_the_figure_in_the_tree_is_drawn_from_the_data_in_the_tree(repository: Path) -> None:
    images = repository / "docs" / "images"
    data = json.loads((images / "economy.json").read_text())
    script = runpy.run_path(str(repository / "scripts" / "plot_economy.py"))
    assert script["svg"](data) == (images / "economy.svg").read_text()
    assert (data["clients"], data["rounds"], data["dishonest"]) == (1000, 200, 0.2)
    assert data["correlation"] >= 0.91
    assert len(data["points"]) == 1000 and len(data["lines"]) == 200
