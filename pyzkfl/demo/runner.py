"""The demo's parent: starts the coordinator and the members as processes, follows events, sums up.

It stands outside the protocol: it deals out each member's own rows and the members list, and afterwards measures
accuracy and checks the ledger. No update ever reaches it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.demo import hospitals
from pyzkfl.demo.pipes import read_json, write_block, write_json
from pyzkfl.demo.plan import Attack, Plan, make_plan, terms_of
from pyzkfl.errors import ParameterError, PyzkflError
from pyzkfl.job import AGGREGATIONS, Job, Member
from pyzkfl.ledger import SqliteLedger

__all__ = ["DemoConfig", "Setting", "run"]

LEARNING_RATE = {True: 0.3, False: 2.0}  # of the network, of the logistic classifier
MAX_NORM = {True: 0.49, False: 1.0}


@dataclasses.dataclass(frozen=True)
class DemoConfig:
    """clients: at least 8; rounds: at least 10 are needed to try every forgery once; seed: split of the data.

    network: train a small network, proven by the engine; else a logistic classifier, proven by the direct circuit.
    aggregation: how updates are summed, as in `Job`.
    """

    clients: int = 8
    rounds: int = 12
    batch: int = 32
    seed: int = 4
    network: bool = True
    aggregation: str = "masks"
    ledger: str | None = None
    traffic: str | None = None

    def __post_init__(self) -> None:
        if self.clients < 8:
            raise ParameterError("the demo's script of dropouts needs at least 8 clients")
        if self.rounds < 3:
            raise ParameterError("the demo needs at least 3 rounds")
        if self.aggregation not in AGGREGATIONS:
            raise ParameterError(f"there is no aggregation {self.aggregation!r}: take one of {', '.join(AGGREGATIONS)}")
        if self.batch < 2:
            raise ParameterError("a batch has at least 2 rows")


class _Party:
    """A child process with blocks of bytes on its stdin and stdout."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self.to: IO[bytes] = self._process.stdin
        self.out: IO[bytes] = self._process.stdout

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self.to, self.out):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


class Setting:
    """Where a demo takes place. This one: records go to a file, and there is nothing else."""

    coordinator, member = "pyzkfl.demo.coordinate", "pyzkfl.demo.member"  # modules of the parties

    def ledger(self, config: DemoConfig) -> str:
        """What the ledger is called; for a file a path that is free."""
        path = Path(config.ledger) if config.ledger else Path.cwd() / "pyzkfl-demo.ledger"
        if path.exists():
            if config.ledger:
                raise ParameterError(f"{path} exists: choose another path, the demo does not overwrite a ledger")
            path = path.with_name(f"pyzkfl-demo-{time.strftime('%Y%m%d-%H%M%S')}.ledger")
        return os.fspath(path)

    def plan(self, config: DemoConfig, with_two_batches: set[int]) -> Plan:
        """The script."""
        return make_plan(config.clients, config.rounds, with_two_batches, config.aggregation)

    def equip(self, names: list[str], hellos: list[dict[str, Any]]) -> dict[str, Any]:
        """What coordinator and members, who said hello, are told beside the members list."""
        return {}

    def verify_ledger(self, ledger: str, outcome: dict[str, Any]) -> None:
        """LedgerError unless it holds."""
        with SqliteLedger.open(ledger) as opened:
            opened.verify()

    def figures(self, names: list[str], outcome: dict[str, Any]) -> dict[str, Any]:
        """The setting's own."""
        return {}


@contextlib.contextmanager
def _parties(modules: list[str]) -> Iterator[list[_Party]]:
    parties: list[_Party] = []
    try:
        parties.extend(_Party(module) for module in modules)
        yield parties
    finally:
        for party in parties:
            party.stop()


def run(
    config: DemoConfig, on_event: Callable[[str, dict[str, Any]], None], setting: Setting | None = None
) -> dict[str, Any]:
    """Run the demo; returns the figures of the final table. on_event: names and values as they come.

    Raises PyzkflError when a party fails. Interrupting it (Ctrl-C) stops every process; the ledger keeps what was
    recorded.
    """
    start = time.perf_counter()
    setting = setting or Setting()
    split = hospitals.load(config.clients, config.seed, config.batch)
    names = [f"hospital-{i + 1}" for i in range(config.clients)]
    two = {i for i, (x, _) in enumerate(split.parts) if len(x) > config.batch}
    plan = setting.plan(config, two)
    ledger = setting.ledger(config)
    with tempfile.TemporaryDirectory(prefix="pyzkfl-") as folder:
        outcome = _run_parties(config, setting, split, names, plan, ledger, folder, on_event)
    return _summary(config, setting, split, names, plan, ledger, outcome, time.perf_counter() - start)


def _run_parties(
    config: DemoConfig,
    setting: Setting,
    split: hospitals.Split,
    names: list[str],
    plan: Plan,
    ledger: str,
    folder: str,
    on_event: Callable[[str, dict[str, Any]], None],
) -> dict[str, Any]:
    socket, machine = os.path.join(folder, "socket"), os.path.join(folder, "machine")
    job = {
        "name": "breast cancer, network" if config.network else "breast cancer, logistic",
        "network": [split.center.size, hospitals.HIDDEN, 1] if config.network else None,
        "features": split.center.size,
        "rounds": config.rounds,
        "batch": config.batch,
        "learning_rate": LEARNING_RATE[config.network],
        "max_norm": MAX_NORM[config.network],
        "aggregation": config.aggregation,
        "center": split.center.tolist(),
        "scale": split.scale.tolist(),
    }
    with _parties([setting.coordinator, *[setting.member] * len(names)]) as (coordinator, *members):
        write_json(
            coordinator.to,
            {
                "socket": socket,
                "ledger": ledger,
                "traffic": config.traffic,
                "job": job,
                "attacks": {round_: str(attack) for round_, attack in plan.coordinator.items()},
            },
        )
        for index, (member, name) in enumerate(zip(members, names, strict=True)):
            write_json(
                member.to,
                {
                    "name": name,
                    "socket": socket,
                    "machine": machine,
                    "drops": {round_: str(phase) for round_, phase in plan.drops[index].items()},
                    "attacks": {round_: str(attack) for round_, attack in plan.attacks[index].items()},
                },
            )
            rows = io.BytesIO()
            x, y = split.parts[index]
            np.savez(rows, x=x, y=hospitals.targets(y) if config.network else y)
            write_block(member.to, rows.getvalue())
        hellos = [read_json(party.out) for party in (coordinator, *members)]
        keys = [hello["public_key"] for hello in hellos]
        consortium = {
            "coordinator": keys[0],
            "members": [[n, k] for n, k in zip(names, keys[1:], strict=True)],
            **setting.equip(names, hellos),
        }
        for party in (coordinator, *members):
            write_json(party.to, consortium)
        while True:
            event = read_json(coordinator.out)
            if event["event"] == "result":
                break
            on_event(event.pop("event"), event)
        event["members"] = [read_json(member.out) for member in members]
        event["job"], event["consortium"] = job, consortium
    return event


def _accuracy(job: Job, weights: npt.NDArray[np.int64], split: hospitals.Split) -> float:
    if job.network is None:
        return job.accuracy(weights, split.test_x, split.test_y)
    outputs = job.predict(weights, split.test_x)
    return float(np.mean((outputs[:, 0] > 0) == split.test_y))


def _summary(
    config: DemoConfig,
    setting: Setting,
    split: hospitals.Split,
    names: list[str],
    plan: Plan,
    ledger: str,
    outcome: dict[str, Any],
    seconds: float,
) -> dict[str, Any]:
    members = [Member(name, bytes.fromhex(key)) for name, key in outcome["consortium"]["members"]]
    job = terms_of(outcome["job"], members)
    hidden = hospitals.HIDDEN if config.network else 0
    rate = (LEARNING_RATE[config.network], MAX_NORM[config.network], config.batch, hidden)
    forged = [[names[i], *entry] for i, member in enumerate(outcome["members"]) for entry in member["forgeries"]]
    tried = [(entry[0], entry[1], entry[2]) for entry in forged]
    refused = {(name, round_) for round_, name, _, _ in outcome["refused"]}
    table = [
        {
            "attack": attack,
            "by": name,
            "round": round_,
            "refused": (name, round_) in refused,
            "how": next((f"{kind}: {text}" for r, n, kind, text in outcome["refused"] if (n, r) == (name, round_)), ""),
        }
        for name, round_, attack in tried
    ]
    table += [
        {"attack": attack, "by": "coordinator", "round": round_, "refused": bool(how), "how": how}
        for round_, attack, how in outcome["coordinator_attacks"]
    ]
    planned = sum(len(a) for a in plan.attacks.values()) + len(plan.coordinator)
    if len(table) != planned:
        raise PyzkflError(f"{planned} forgeries were planned, {len(table)} were tried")
    ledger_ok, ledger_error = True, ""
    try:
        setting.verify_ledger(ledger, outcome)
    except PyzkflError as error:
        ledger_ok, ledger_error = False, str(error)
    proofs = [s for member in outcome["members"] for s in member["prove_seconds"]]
    return {
        "rounds": config.rounds,
        "clients": config.clients,
        "aggregation": config.aggregation,
        "dropped": outcome["dropped"],
        "accuracy_federated": _accuracy(job, np.array(outcome["weights"], dtype=np.int64), split),
        "accuracy_rounds": [
            _accuracy(job, np.array(weights, dtype=np.int64), split) if weights else None
            for weights in outcome["weights_rounds"]
        ],
        "accuracy_central": hospitals.accuracy_central(split, *rate),
        "accuracy_alone": hospitals.accuracy_alone(split, config.rounds, *rate),
        "proof_bytes": outcome["proof_bytes"],
        "prove_seconds_median": float(np.median(proofs)),
        "verify_seconds_median": outcome["verify_seconds"],
        "aggregate_exact": all(n >= job.threshold for n in outcome["survivors"]),
        "forgeries_tried": len(table),
        "forgeries_refused": sum(row["refused"] for row in table),
        "ledger_ok": ledger_ok,
        "ledger_error": ledger_error,
        "ledger": outcome.get("ledger", ledger),
        "seconds_total": seconds,
        "setup_seconds": outcome["setup_seconds"],
        "bytes_per_client_per_round": max(outcome["bytes_up"].values()) / config.rounds,
        "forgeries": table,
        "threads": _core.base.thread_count(),
        "cpu": _core.base.cpu_kernel(),
        "attack_kinds": [str(a) for a in Attack.on(config.aggregation)],
        **setting.figures(names, outcome),
    }
