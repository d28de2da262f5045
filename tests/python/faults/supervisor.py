"""Starts a federation (party.py), kills one of its processes after another with SIGKILL at random moments, and checks
that nothing that was acknowledged is lost. `python supervisor.py --kills 1000 --json FILE` reports how long recovery
took; the tests of this folder call `federation`."""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from party import PASSPHRASE, Config, N, vector

from pyzkfl.errors import LedgerError
from pyzkfl.ledger import SqliteLedger, records
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Member, Server, set_up
from pyzkfl.state_files import StateFile

ROLES = [*map(str, range(N)), "coordinator", "ledger"]
ROUNDS = 400  # that a setup lasts for


def _story() -> Any:
    """The ledger tests' consortium, whose records come before a first round."""
    path = Path(__file__).parents[1] / "ledger/conftest.py"
    spec = importlib.util.spec_from_file_location("ledger_story", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Story(members=N)


def prepare(folder: Path) -> None:
    """Keys, a ledger up to the first round, and everybody's state after the setup."""
    story = _story()
    identities: list[IdentityKey] = list(story.members.values())
    for name, key in [*((str(i), k) for i, k in enumerate(identities)), ("coordinator", story.coordinator)]:
        (folder / f"{name}.key").write_bytes(key.to_pem(PASSPHRASE))
    members = [key.public_bytes.hex() for key in identities]
    values = {"job": story.job.hex(), "bound": story.bound.hex(), "members": members, "rounds": ROUNDS}
    (folder / "config.json").write_text(json.dumps(values))
    with SqliteLedger.create(folder / "ledger", story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
    plan = Config(folder).plan
    (folder / "shares").mkdir()
    server = Server(plan, folder / "shares")
    parties = [Member(plan, i, key) for i, key in enumerate(identities)]
    set_up(server, parties)
    for i, member in enumerate(parties):
        StateFile(folder / f"member{i}").write(member.save())
    StateFile(folder / "server").write(server.save(story.coordinator))


class Party:
    """One process, started again after each kill."""

    def __init__(self, folder: Path, role: str) -> None:
        self.folder, self.role = folder, role
        self.errors = folder / f"{role}.errors"
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("party.py")), str(self.folder), self.role]
        self.began = time.monotonic()
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)

    def ready(self, patience: float = 60.0) -> float:
        """Seconds until it was ready."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], patience)[0] or not self.process.stdout.readline():
            raise AssertionError(f"{self.role} did not come back: {self.errors.read_text()[-2000:]}")
        return time.monotonic() - self.began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Outcome:
    """What a federation went through: kills by role, seconds until each was ready again, rounds acknowledged."""

    kills: dict[str, int] = field(default_factory=dict)
    recovery: list[float] = field(default_factory=list)
    rounds: int = 0
    records: int = 0
    with_dropouts: int = 0


def acknowledged(folder: Path) -> list[dict[str, Any]]:
    """The rounds acknowledged so far; a line that was being written when its writer was killed is none."""
    path = folder / "acknowledged"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1] if line]


def check(folder: Path) -> tuple[int, int, int]:
    """(rounds, records, rounds without everybody) if all that was acknowledged is there and right; AssertionError."""
    config = Config(folder)
    said = acknowledged(folder)
    numbers = [entry["round"] for entry in said]
    assert sorted(set(numbers)) == list(range(len(set(numbers)))), "a round was skipped"
    with SqliteLedger.open(folder / "ledger") as ledger:
        report = ledger.verify()
        for entry in said:
            assert entry["sum"] == sum(int(vector(i, entry["round"])[0]) for i in entry["of"]), "a sum is wrong"
            stored = ledger.find(records.Aggregate, config.job, round=entry["round"])
            assert stored is not None, f"round {entry['round']} was acknowledged and is not in the ledger"
            assert list(stored.record.survivors) == [f"m{i}" for i in entry["of"]]
        assert all(report.records >= entry["records"] for entry in said), "acknowledged records are lost"
    short = {entry["round"] for entry in said if len(entry["of"]) < N}
    return len(set(numbers)), report.records, len(short)


def federation(folder: Path, kills: int, seed: int) -> Outcome:
    """Run one, kill so many times, wait for another round, check."""
    chance = random.Random(seed)
    prepare(folder)
    outcome = Outcome()
    parties = {role: Party(folder, role) for role in ROLES}
    try:
        for party in parties.values():
            party.ready()
        for _ in range(kills):
            time.sleep(chance.uniform(0.0, 0.15))
            role = chance.choice(ROLES)
            parties[role].kill()
            parties[role].start()
            outcome.recovery.append(parties[role].ready())
            kind = role if role in ("coordinator", "ledger") else "member"
            outcome.kills[kind] = outcome.kills.get(kind, 0) + 1
        before, end = len(acknowledged(folder)), time.monotonic() + 60
        while len(acknowledged(folder)) == before:
            dead = [p.role for p in parties.values() if p.process.poll() is not None]
            assert not dead, f"{dead} ended: " + "".join(parties[role].errors.read_text()[-2000:] for role in dead)
            assert time.monotonic() < end, "the federation stands still"
            time.sleep(0.02)
    finally:
        for party in parties.values():
            party.kill()
    outcome.rounds, outcome.records, outcome.with_dropouts = check(folder)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--each", type=int, default=50, help="kills of one federation, before the next one begins")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    total = Outcome()
    while len(total.recovery) < options.kills:
        with tempfile.TemporaryDirectory() as folder:
            kills = min(options.each, options.kills - len(total.recovery))
            one = federation(Path(folder), kills, seed=len(total.recovery))
        total.recovery += one.recovery
        total.kills = {k: total.kills.get(k, 0) + one.kills.get(k, 0) for k in {*total.kills, *one.kills}}
        total.rounds, total.records = total.rounds + one.rounds, total.records + one.records
        total.with_dropouts += one.with_dropouts
    times = sorted(total.recovery)
    figures = {
        "kills": len(times), **{f"kills_{k}": n for k, n in sorted(total.kills.items())}, "rounds": total.rounds,
        "rounds_with_dropouts": total.with_dropouts, "records": total.records, "lost": 0,
        "recovery_median": times[len(times) // 2], "recovery_p99": times[int(0.99 * (len(times) - 1))],
        "recovery_max": times[-1], "recovery": times,
    }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(figures))
    print({k: v for k, v in figures.items() if k != "recovery"})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LedgerError as error:
        sys.exit(str(error))
