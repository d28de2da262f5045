"""The demo's coordinator as a process: python -m pyzkfl.demo.coordinate, driven over stdin and stdout by the parent.

Everything it learns from members comes over the socket. Events and, at the end, the result go to the parent.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from pyzkfl import _core
from pyzkfl.demo.attackers import CheatingCoordinator
from pyzkfl.demo.pipes import read_json, run_party, write_json
from pyzkfl.demo.plan import Attack, terms_of
from pyzkfl.job import Member
from pyzkfl.ledger import Ledger, SqliteLedger
from pyzkfl.recorder import Recorder
from pyzkfl.transport import SocketChannel

__all__ = ["Manner", "main"]


class Traffic:
    """Writes every frame to a file (for the test that reads the traffic): direction, name, length, bytes."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "wb")  # noqa: SIM115  (open for the life of the process)

    def __call__(self, direction: str, name: str, payload: bytes) -> None:
        self._file.write(f"{direction} {name} {len(payload)}\n".encode() + payload)
        self._file.flush()


class Manner:
    """How a coordinator works. This one: records go to a file, and there is nothing else."""

    kind = CheatingCoordinator

    def hello(self) -> dict[str, Any]:
        """What it tells its parent beside its public key."""
        return {}

    def ledger(self, config: dict[str, Any], consortium: dict[str, Any], identity: Any) -> Ledger:
        """A new one."""
        return SqliteLedger.create(config["ledger"], identity)

    def prepare(self, coordinator: Any, consortium: dict[str, Any]) -> None:
        """Before the first message."""

    def report(self, coordinator: Any) -> dict[str, Any]:
        """At the end."""
        return {}


def main(manner: Manner | None = None) -> int:
    """Run the whole job."""
    manner = manner or Manner()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    config: dict[str, Any] = read_json(source)
    identity = _core.identity.IdentityKey.generate()
    write_json(sink, {"public_key": identity.public_bytes.hex(), **manner.hello()})
    consortium = read_json(source)
    members = [Member(name, bytes.fromhex(key)) for name, key in consortium["members"]]
    terms = terms_of(config["job"], members)

    def event(name: str, values: dict[str, Any]) -> None:
        write_json(sink, {"event": name, **values})

    tap = Traffic(config["traffic"]) if config["traffic"] else None
    with (
        SocketChannel(config["socket"], members, tap=tap) as channel,
        manner.ledger(config, consortium, identity) as ledger,
    ):
        coordinator = manner.kind(
            terms,
            identity,
            channel,
            recorder=Recorder(ledger, identity),
            on_event=event,
            attacks={int(round_): Attack(attack) for round_, attack in config["attacks"].items()},
        )
        manner.prepare(coordinator, consortium)
        channel.wait_for(len(members))
        start = time.perf_counter()
        coordinator.run_setup()
        setup_seconds = time.perf_counter() - start
        coordinator.run_registration()
        coordinator.bytes_up.clear()
        for round_ in range(terms.rounds):
            channel.wait_for(len(members))  # those that dropped out of the last round are back
            coordinator.run_round(round_)
        coordinator.finish()
        outcome = {**_result(coordinator, setup_seconds), **manner.report(coordinator)}
    write_json(sink, {"event": "result", **outcome})
    return 0


def _result(coordinator: CheatingCoordinator, setup_seconds: float) -> dict[str, Any]:
    reports = coordinator.reports
    return {
        "setup_seconds": setup_seconds,
        "weights": [int(v) for v in coordinator.weights],
        "weights_rounds": [[int(v) for v in r.aggregate.weights] if r.aggregate else [] for r in reports],
        "verify_seconds": float(np.median([r.verify_seconds for r in reports])),
        "proof_bytes": max(r.proof_bytes for r in reports),
        "dropped": sum(len(r.dropped) for r in reports),
        "survivors": [len(r.aggregate.survivors) if r.aggregate else 0 for r in reports],
        "refused": [[r.round, *entry] for r in reports for entry in r.refused],
        "coordinator_attacks": coordinator.outcomes,
        "bytes_up": coordinator.bytes_up,
    }


if __name__ == "__main__":
    sys.exit(run_party(main))
