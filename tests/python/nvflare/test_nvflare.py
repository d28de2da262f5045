"""Masked averages in NVFlare's simulator: the model is the weighted average of those that came."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nvflare", reason="NVFlare is not installed: pip install pyzkfl[nvflare]")


@pytest.mark.end_to_end
def test_a_job_of_five_of_whom_one_fails_in_the_second_round(repository: Path, tmp_path: Path) -> None:
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, str(folder / "simulated_job.py"), str(tmp_path), "2"],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": f"{repository}:{folder}"},
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert (tmp_path / "model.json").exists(), text[-4000:]
    weights = json.loads((tmp_path / "model.json").read_text())
    first = sum(k * k for k in range(1, 6)) / 15 * 0.01
    second = sum(k * k for k in range(2, 6)) / 14 * 0.01
    assert np.array(weights["w"]) == pytest.approx(np.full((2, 2), first + second), abs=1e-5)
    assert np.array(weights["b"]) == pytest.approx(np.full(3, first + second), abs=1e-5)
    assert "5 nodes, 4 neighbours" in text
