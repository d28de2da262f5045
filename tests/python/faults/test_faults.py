"""Processes are killed, disks full, clocks jump, peers are slow: nothing that was acknowledged is lost."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from supervisor import ROLES, Config, acknowledged, check, federation, prepare

from pyzkfl import IdentityKey, Member, SocketChannel, transport
from pyzkfl.errors import LedgerError, TransportError
from pyzkfl.ledger import SqliteLedger, records


@pytest.mark.end_to_end
@pytest.mark.parametrize("kills", [10, pytest.param(1000, marks=pytest.mark.deep)])
def test_kill_9_of_member_coordinator_or_ledger_loses_no_acknowledged_round_or_record(
    tmp_path: Path, kills: int
) -> None:
    done = 0
    while done < kills:
        folder = tmp_path / str(done)
        folder.mkdir()
        outcome = federation(folder, min(50, kills - done), seed=done)
        assert sum(outcome.kills.values()) == len(outcome.recovery) == min(50, kills - done)
        assert outcome.rounds >= 1
        done += len(outcome.recovery)


def test_a_lost_record_and_a_wrong_sum_would_be_seen(tmp_path: Path) -> None:
    """The check itself: a round in the log that the ledger does not have, and one with another sum."""
    prepare(tmp_path)
    assert check(tmp_path)[0] == 0
    line = '{"round": 0, "sum": SUM, "of": [0, 1, 2, 3, 4], "records": 1}\n'
    (tmp_path / "acknowledged").write_text(line.replace("SUM", "10"))
    with pytest.raises(AssertionError, match="is not in the ledger"):
        check(tmp_path)
    (tmp_path / "acknowledged").write_text(line.replace("SUM", "11"))
    with pytest.raises(AssertionError, match="a sum is wrong"):
        check(tmp_path)
    (tmp_path / "acknowledged").write_text(line.replace("SUM", "10").replace('"round": 0', '"round": 1'))
    with pytest.raises(AssertionError, match="skipped"):
        check(tmp_path)
    (tmp_path / "acknowledged").write_text('{"round": 0, "su')
    assert acknowledged(tmp_path) == [] and len(ROLES) == 7 and Config(tmp_path).plan.rounds > 0


FULL = """
import resource, sys
from pathlib import Path
from pyzkfl.errors import SystemFailure
from pyzkfl.state_files import StateFile
file = StateFile(Path(sys.argv[1]) / "state")
file.write(b"the first", b"message")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    file.write(b"x" * 5000)
except SystemFailure as error:
    print(error)
assert file.read() == (b"the first", b"message")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write(b"x" * 5000)
assert file.read() == (b"x" * 5000, b"")
"""


def test_a_state_that_does_not_fit_on_the_disk_leaves_the_last_one_and_its_message_does_not_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cannot be kept" in done.stdout


def test_a_ledgers_time_never_runs_backwards_whatever_the_clock_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    config = Config(tmp_path)
    key = config.identity("coordinator")
    now = time.time_ns()
    year = 365 * 24 * 3600 * 10**9
    jumps = [now, now - 30 * year, now + 20 * year, 0, now + year, now - 1]
    with SqliteLedger.open(tmp_path / "ledger", key) as ledger:
        ledger.append([records.RoundStart(config.job, 0, bytes(32)).seal(key)])
        for number, jump in enumerate(jumps):
            monkeypatch.setattr("pyzkfl.ledger.sqlite.time.time_ns", lambda jump=jump: jump)
            ledger.append([records.Refusal(config.job, 0, "m0", number, "check").seal(key)])
        times = [signed.block.time_ms for signed in ledger.blocks()]
        assert times == sorted(times) and times[-1] == (now + 20 * year) // 1_000_000
        assert ledger.verify().records == len(ledger)
        with pytest.raises(LedgerError):  # and what is out of order stays so
            ledger.append([records.Refusal(config.job, 0, "m0", 0, "check").seal(key)])


def test_nothing_but_a_blocks_time_is_read_from_the_clock_of_the_day(repository: Path) -> None:
    """Deadlines and patience are counted by the monotonic clock, so that a clock that is set ends no round."""
    found = set()
    for path in (repository / "pyzkfl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute):
                continue
            clock = ast.unparse(node.value) in ("time", "datetime", "datetime.datetime", "datetime.date", "date")
            if clock and node.attr in ("time", "time_ns", "now", "utcnow", "today"):
                found.add(path.relative_to(repository / "pyzkfl").as_posix())
    assert found == {"ledger/sqlite.py", "ledger/evm.py"}


def test_a_member_that_finds_no_room_among_strangers_comes_again(tmp_path: Path) -> None:
    class Named:
        name = "a"

    identity = IdentityKey.generate()
    path = tmp_path / "socket"
    with SocketChannel(path, [Member("a", identity.public_bytes)], timeout=5.0) as channel:
        strangers = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]  # no room for more
        for stranger in strangers:
            stranger.connect(str(path))
            channel.connected()
        with pytest.raises(TransportError, match="has no room"):
            served(channel, lambda: transport.connect(path, Named(), identity, patience=0.2))
        strangers.pop().close()
        sock = served(channel, lambda: transport.connect(path, Named(), identity))
        assert channel.wait_for(1) == ["a"]
    for each in (sock, *strangers):
        each.close()


def served(channel: SocketChannel, connect: Callable[[], socket.socket]) -> socket.socket:
    """What connect gives or raises, while the channel is looked after."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(connect)
        while not done.done():
            channel.connected()
            time.sleep(0.005)
    return done.result()


def test_a_peer_that_sends_a_byte_now_and_then_and_strangers_who_say_nothing_stop_nobody_else(tmp_path: Path) -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    identities = {name: IdentityKey.generate() for name in "ab"}
    members = [Member(name, identity.public_bytes) for name, identity in identities.items()]
    path = tmp_path / "socket"
    with SocketChannel(path, members, timeout=2.0) as channel:
        strangers = []
        for _ in range(3):
            strangers.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            strangers[-1].connect(str(path))
            channel.connected()
        socks = {}
        for name in "ab":
            thread = threading.Thread(
                target=lambda n=name: socks.update({n: transport.connect(path, Named(n), identities[n])})
            )
            thread.start()
            while thread.is_alive():
                channel.connected()
                thread.join(0.01)
        assert channel.wait_for(2) == ["a", "b"]
        stop = threading.Event()

        def drip() -> None:
            transport.receive_frame(socks["a"])
            socks["a"].sendall((1000).to_bytes(4, "big"))
            while not stop.wait(0.05):
                try:
                    socks["a"].sendall(b"x")
                except OSError:
                    return

        def answer() -> None:
            while True:
                try:
                    transport.send_frame(socks["b"], b"answer to " + transport.receive_frame(socks["b"]))
                except Exception:  # the channel is closed
                    return

        threads = [threading.Thread(target=drip), threading.Thread(target=answer)]
        for thread in threads:
            thread.start()
        assert channel.exchange({"a": b"one", "b": b"one"}) == {"b": b"answer to one"}
        assert channel.connected() == ["b"]
        assert channel.exchange({"a": b"two", "b": b"two"}) == {"b": b"answer to two"}
        stop.set()
    for sock in [*strangers, *socks.values()]:
        sock.close()
    for thread in threads:
        thread.join()
