"""The exponents of the residue witness are what their script derives, and its claims about BN254 hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_residue_constants_are_those_of_the_script(repository: Path) -> None:
    # The script also checks that the end of the Miller loop tells G2 from the rest of the twist.
    script = repository / "scripts" / "residue_constants.py"
    made = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert made == (repository / "csrc" / "recursion" / "residue_constants.h").read_text()
