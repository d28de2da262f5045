"""What a server of masked sums holds in memory: it alone in a process of its own, with its folder and without one.

    python benchmarks/server_memory.py --clients 250 1000 4000 --dim 10000

Prints a line a run: clients, neighbours, whether shares are in a folder, the process's peak (VmHWM) with and without
what Python and pyzkfl take before the server is made, bytes in the folder, seconds of the server's processors, and
whether the sum was exact. Clients are stand-ins beyond 300 (see pyzkfl.bench.masking); the server is active, and 38 %
are lost after the setup.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pyzkfl.bench.masking import MAX_ABS, Simulation
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Plan, Server

REAL_MEMBERS = 300


def peak_bytes() -> int:
    """Of this process since it began; ru_maxrss has what its parent took, too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise OSError("no VmHWM in /proc/self/status: this benchmark needs Linux")


def plan_of(members: list[bytes], dim: int, dropout: float) -> Plan:
    return Plan(
        job_digest=bytes(32), epoch=1, members=members, seed=bytes(32), rounds=1, length=dim, max_abs=MAX_ABS,
        dropout=dropout, corrupt=0.05, server="active",
    )  # fmt: skip


def serve(pipe: Connection, members: list[bytes], dim: int, dropout: float, folder: str | None) -> None:
    """Calls of the server's methods in, results out; at the end the peaks and the seconds."""
    before, began = peak_bytes(), time.process_time()
    server = Server(plan_of(members, dim, dropout), folder)
    while True:
        name, arguments = pipe.recv()
        if name == "finish":
            pipe.send((before, peak_bytes(), time.process_time() - began))
            return
        pipe.send(getattr(server, name)(*arguments))


class Remote:
    """The server, in the other process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._pipe.send((name, arguments))
            return self._pipe.recv()

        return call


def measure(clients: int, dim: int, dropout: float, folder: str | None) -> dict[str, Any]:
    identities = [IdentityKey.generate() for _ in range(clients)]
    members = [identity.public_bytes for identity in identities]
    plan = plan_of(members, dim, dropout)
    simulation = Simulation(plan, identities, stand_ins=clients > REAL_MEMBERS)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, members, dim, dropout, folder))
    process.start()
    remote = Remote(ours)
    simulation.server = remote
    simulation.set_up()
    _, exact = simulation.run_round(0, range(clients - math.floor(dropout * clients + 1e-9)))
    before, peak, seconds = remote.finish()
    process.join()
    used = sum(path.stat().st_size for path in Path(folder).iterdir()) if folder else 0
    return {
        "clients": clients, "neighbours": plan.neighbourhood.neighbours, "folder": folder is not None,
        "peak_bytes": peak, "peak_bytes_of_server": peak - before, "folder_bytes": used,
        "server_cpu_seconds": seconds, "exact": exact,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, nargs="+", default=[250, 1000, 4000])
    parser.add_argument("--dim", type=int, default=10_000)
    parser.add_argument("--dropout", type=float, default=0.38)
    parser.add_argument("--no-memory", action="store_true", help="only with a folder")
    arguments = parser.parse_args()
    for clients in arguments.clients:
        for in_folder in (True,) if arguments.no_memory else (True, False):
            with tempfile.TemporaryDirectory() as folder:
                print(json.dumps(measure(clients, arguments.dim, arguments.dropout, folder if in_folder else None)))


if __name__ == "__main__":
    main()
