"""A contribution that is killed: the input stays, there is no output, and one contributes again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pyzkfl import zkey
from pyzkfl.errors import SystemFailure

KILLED = """
import os, signal, sys
from pyzkfl import zkey

def progress(fraction):
    if fraction >= float(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

zkey.contribute(sys.argv[1], sys.argv[2], name="killed", progress=progress)
"""


@pytest.mark.parametrize("share", ["0", "0.1", "0.6", "0.99"])
def test_a_contributor_that_dies_loses_nothing_but_its_secret(chain: Path, tmp_path: Path, share: str) -> None:
    given = (chain / "chain.zkey").read_bytes()
    (tmp_path / "in.zkey").write_bytes(given)
    (tmp_path / "out.zkey").write_bytes(b"from before")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "in.zkey"), str(tmp_path / "out.zkey"), share]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (tmp_path / "in.zkey").read_bytes() == given
    assert (tmp_path / "out.zkey").read_bytes() == b"from before"
    published = zkey.contribute(tmp_path / "in.zkey", tmp_path / "out.zkey", name="again")
    zkey.verify(chain / "chain.r1cs", chain / "powers.ptau", tmp_path / "out.zkey", contributions=[published])


def test_an_output_that_cannot_be_written_is_known_before_the_work(chain: Path, tmp_path: Path) -> None:
    seen: list[float] = []
    with pytest.raises(SystemFailure):
        zkey.contribute(chain / "chain.zkey", tmp_path / "no folder" / "out.zkey", progress=seen.append)
    assert seen == []
