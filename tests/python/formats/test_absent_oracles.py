"""Where node is absent, tests that exchange files with snarkjs are skipped with a reason; where CI is set they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("ci", "outcome"), [(None, "1 skipped"), ("", "1 skipped"), ("true", "1 error")])
def test_the_absence_of_node_is_a_failure_where_ci_is_set(ci: str | None, outcome: str, tmp_path: Path) -> None:
    one = "test_the_bases_of_both_are_the_same_bytes"
    command = [sys.executable, "-m", "pytest", f"{Path(__file__).parent / 'test_interop.py'}::{one}", "-q", "-rs"]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"PATH": str(tmp_path)} if ci is None else {"PATH": str(tmp_path), "CI": ci}
    done = subprocess.run([*command, "-p", "no:cacheprovider"], capture_output=True, text=True, check=False,
                          env=environment, timeout=120)  # fmt: skip
    assert outcome in done.stdout, done.stdout + done.stderr
    assert "need node and npm, which are not installed" in done.stdout
    assert done.returncode == (0 if "skipped" in outcome else 1)
