"""The README's figure is what the script draws from the data in the tree, and the data are of the whole ladder."""

from __future__ import annotations

import json
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pyzkfl.bench.ladder import MODELS, parameters_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def script(repository: Path) -> dict[str, Any]:
    return runpy.run_path(str(repository / "scripts" / "plot_ladder.py"))


def test_the_figure_in_the_tree_is_drawn_from_the_data_in_the_tree(repository: Path, script: dict[str, Any]) -> None:
    images = repository / "docs" / "images"
    data = script["merged"]((images / "ladder.json").read_text())
    assert script["svg"](data) == (images / "ladder.svg").read_text()
    assert [rung["model"] for rung in data["rungs"]] == list(MODELS)
    assert [rung["parameters"] for rung in data["rungs"]] == [parameters_of(model) for model in MODELS]
    assert data["cpu"] and len(data["commit"]) == 40
    assert "docs/images/ladder.svg" in (repository / "README.md").read_text()


def test_every_value_is_drawn_where_its_axis_has_it(script: dict[str, Any]) -> None:
    rungs = [
        {"parameters": 10**k, "seconds_median": 0.2 * 4**k, "peak_rss_bytes": 3 * 10**8, "verify_seconds": 0.0012,
         "proof_bytes": 512}
        for k in (3, 4, 5)
    ]  # fmt: skip
    data = {"rungs": rungs, "cpu": "a <fast> & small one", "threads": 2, "cpu_kernel": "generic", "commit": "c" * 40}
    root = ET.fromstring(script["svg"]({**data, "params": {"batch": 64}}))
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in root.iter(f"{SVG}circle")]
    assert len(dots) == 12
    left, top, width, height = script["LEFT"], script["TOP"] + 18, script["PANEL_WIDTH"], script["PANEL_HEIGHT"]
    prove = dots[:3]
    assert all(left <= x <= left + width and top <= y <= top + height for x, y in prove)
    # Powers of ten are as far apart as each other, and so are powers of four on a logarithmic axis.
    for axis in (0, 1):
        assert prove[1][axis] - prove[0][axis] == pytest.approx(prove[2][axis] - prove[1][axis], abs=0.2)
    assert len({y for _, y in dots[9:]}) == 1
    proof = top + height + script["GAP_Y"]
    assert dots[9][1] == pytest.approx(proof + height * (1 - 512 / 800), abs=0.1)  # an axis from 0 to 800
    assert "a <fast> & small one" in "".join(root.itertext())


def test_lines_of_two_machines_are_not_one_figure(script: dict[str, Any]) -> None:
    line = {"schema": 1, "cpu": "one", "commit": "c", "threads": 2, "cpu_kernel": "adx", "rungs": [{"parameters": 7}]}
    other = {**line, "rungs": [{"parameters": 3}]}
    both = script["merged"](json.dumps(line) + "\n" + json.dumps(other) + "\n")
    assert [rung["parameters"] for rung in both["rungs"]] == [3, 7]
    for key in ("cpu", "commit", "threads", "cpu_kernel"):
        with pytest.raises(ValueError, match=f"differ in {key}"):
            script["merged"](json.dumps(line) + "\n" + json.dumps({**other, key: "else"}))
