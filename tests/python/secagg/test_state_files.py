"""A process that is killed at any moment goes on from its files; no acknowledged round is lost or changed."""

from __future__ import annotations

import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed_party import ROUNDS, N

from pyzkfl.errors import DecodeError, SystemFailure
from pyzkfl.secagg import IdentityKey
from pyzkfl.state_files import StateFile


def test_kill_in_a_loop_loses_no_round_that_was_acknowledged(tmp_path: Path) -> None:
    for i in range(N + 1):
        (tmp_path / f"key{i}").write_bytes(IdentityKey.generate().to_pem(b"test"))
    command = [sys.executable, str(Path(__file__).with_name("killed_party.py")), str(tmp_path)]
    log = tmp_path / "acknowledged"
    chance = random.Random(3)
    kills = 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        before = log.read_text() if log.exists() else ""
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        while process.poll() is None and (log.read_text() if log.exists() else "") == before:
            time.sleep(0.002)  # the setup and some progress, whatever the machine's speed
        time.sleep(chance.uniform(0, 0.05))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        assert log.read_text().startswith(before)
        if process.returncode == 0:
            break
    rounds = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
    assert kills >= 1
    written = {f"member{i}" for i in range(N)} | {"server"}
    others = {f"key{i}" for i in range(N + 1)} | {"acknowledged", "shares"}
    assert {path.name for path in tmp_path.iterdir()} - others - {name + ".new" for name in written} == written
    # A round may be acknowledged again, with the same sum; none is skipped.
    assert sorted(set(rounds)) == [(r, 50 * r + 10) for r in range(ROUNDS)]
    assert [r for r, _ in rounds] == sorted(r for r, _ in rounds)


def test_a_state_file_is_for_its_owner_and_is_replaced_whole(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state")
    assert file.read() is None
    file.write(b"a" * 1000, b"message")
    file.write(b"b")
    assert file.read() == (b"b", b"")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    (tmp_path / "state.new").write_bytes(b"half of what a process wrote that was killed")
    file.write(b"b")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file.path]
    file.path.write_bytes(file.path.read_bytes()[:-1])
    with pytest.raises(DecodeError, match="no state"):
        file.read()
    with pytest.raises(SystemFailure, match="cannot be kept"):
        StateFile(tmp_path / "nowhere" / "state").write(b"a")
    with pytest.raises(SystemFailure, match="cannot be read"):
        StateFile(tmp_path).read()
