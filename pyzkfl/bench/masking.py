"""Benchmark of secure aggregation: a setup and rounds on it, through the state machines that clients and server run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pyzkfl._core import secagg, standing
from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench.measure import Sample

__all__ = ["secagg_round"]

T = TypeVar("T")

MAX_ABS = (1 << 19) - 1  # 20 bits a coordinate, which is what the demo's weights have
MASK_BYTES = 1 << 26
STEADY_ROUNDS = 3


def mask_bytes_per_second(runs: int) -> float:
    """Bytes of mask expanded and added a second, on all threads; the best of the runs."""
    secagg.bench_mask(MASK_BYTES)
    return MASK_BYTES / min(secagg.bench_mask(MASK_BYTES) for _ in range(runs))


def vector_of(index: int, round_: int, dim: int) -> npt.NDArray[np.int64]:
    """A client's vector: made again when it is needed, so that thousands of them need no memory."""
    generator = np.random.default_rng([index, round_])
    return generator.integers(-MAX_ABS, MAX_ABS, size=dim, endpoint=True, dtype=np.int64)


class Spent:
    """Seconds of wall clock and of all processors, and bytes sent, of each party in one part of the protocol."""

    def __init__(self, clients: int) -> None:
        self.clients, self.clients_cpu, self.sent = [0.0] * clients, [0.0] * clients, [0] * clients
        self.server = self.server_cpu = 0.0

    @property
    def everybody(self) -> float:
        return sum(self.clients) + self.server

    def client(self, index: int, step: Callable[[], bytes]) -> bytes:
        cpu, wall = time.process_time(), time.perf_counter()
        message = step()
        self.clients[index] += time.perf_counter() - wall
        self.clients_cpu[index] += time.process_time() - cpu
        self.sent[index] += len(message)
        return message

    def serve(self, step: Callable[[], T]) -> T:
        cpu, wall = time.process_time(), time.perf_counter()
        result = step()
        self.server += time.perf_counter() - wall
        self.server_cpu += time.process_time() - cpu
        return result


class Simulation:
    """All parties of a plan in this process."""

    def __init__(self, plan: standing.Plan, identities: list[IdentityKey]) -> None:
        self.plan = plan
        self.everyone = range(plan.n)
        self.members = [standing.Member(plan, index, identity) for index, identity in enumerate(identities)]
        self.server = standing.Server(plan)

    def set_up(self) -> Spent:
        spent, server = Spent(self.plan.n), self.server
        for i, member in enumerate(self.members):
            message = spent.client(i, member.keys)
            spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
        spent.serve(server.close_keys)
        for i, member in enumerate(self.members):
            keys = spent.serve(lambda i=i: server.neighbour_keys(i))  # type: ignore[misc]
            message = spent.client(i, lambda: member.deal(keys))  # noqa: B023
            spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
        spent.serve(server.close_deal)
        for i, member in enumerate(self.members):
            dealt = spent.serve(lambda i=i: server.dealt(i))  # type: ignore[misc]
            message = spent.client(i, lambda: member.accept(dealt))  # noqa: B023
            if message:
                spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
        if self.plan.active:
            spent.serve(server.close_confirm)
            for i, member in enumerate(self.members):
                confirmed = spent.serve(lambda i=i: server.confirmed(i))  # type: ignore[misc]
                spent.client(i, lambda: member.confirmed(confirmed) or b"")  # noqa: B023
        return spent

    def run_round(self, round_: int, staying: range) -> tuple[Spent, bool]:
        """A round; (what was spent, whether the sum is the sum of the vectors)."""
        spent, server, dim = Spent(self.plan.n), self.server, self.plan.length
        expected = np.zeros(dim, dtype=np.int64)
        blinder = bytes(32)
        spent.serve(lambda: server.open_round(round_))
        for i in staying:
            vector = vector_of(i, round_, dim)
            expected += vector
            member = self.members[i]
            message = spent.client(i, lambda: member.masked_input(round_, vector, blinder))  # noqa: B023
            spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
        request = spent.serve(server.close_masked)
        if self.plan.active:
            survivors = request
            for i in (i for i in self.plan.committee if i in staying):
                message = spent.client(i, lambda i=i: self.members[i].sign_survivors(survivors))  # type: ignore[misc]
                spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
            request = spent.serve(server.close_consistency)
        for i in staying:
            message = spent.client(i, lambda i=i: self.members[i].unmask(request))  # type: ignore[misc]
            spent.serve(lambda m=message: server.receive(m))  # type: ignore[misc]
        total, _ = spent.serve(server.sum)
        return spent, bool(np.array_equal(total, expected))


def secagg_round(runs: int, *, clients: int, dim: int, dropout: float, corrupt: float, server: str) -> Sample:
    """A setup of `clients` and one round, in which floor(dropout * clients) are lost after the setup.

    Lost there, they cost the most: the server expands one mask for each lost client and staying neighbour. One
    operation is setup and round, all parties one after the other; client_seconds_max is the slowest client's own part
    of it, server_seconds the server's; `steady` has the same for a round on a setup that stands. `_cpu_` counts all
    threads. No transport, no training, no proofs.
    """
    dropped = math.floor(dropout * clients + 1e-9)
    identities = [IdentityKey.generate() for _ in range(clients)]
    members = [identity.public_bytes for identity in identities]
    staying = range(clients - dropped)

    def plan_of(epoch: int, rounds: int) -> standing.Plan:
        return standing.Plan(
            job_digest=bytes(32), epoch=epoch, members=members, seed=bytes(32), rounds=rounds, length=dim,
            max_abs=MAX_ABS, dropout=dropout, corrupt=corrupt, server=server,
        )  # fmt: skip

    warm = Simulation(plan_of(0, 1), identities) if clients <= 1000 else None
    if warm:
        warm.set_up()
        warm.run_round(0, staying)
    fresh: list[tuple[Spent, Spent]] = []
    exact = True
    for epoch in range(1, runs + 1):
        simulation = Simulation(plan_of(epoch, 1), identities)
        setup = simulation.set_up()
        spent, fits = simulation.run_round(0, staying)
        exact = exact and fits
        fresh.append((setup, spent))
    plan = simulation.plan
    steady = [spent for _, spent in fresh]
    if clients <= 1000:
        simulation = Simulation(plan_of(runs + 1, STEADY_ROUNDS * runs + 1), identities)
        simulation.set_up()
        rounds = [simulation.run_round(number, staying) for number in range(STEADY_ROUNDS * runs + 1)]
        exact = exact and all(fits for _, fits in rounds)
        steady = [spent for spent, _ in rounds[1:]]

    def median(values: list[float]) -> float:
        return float(np.median(values))

    def both(pair: tuple[Spent, Spent], name: str) -> float:
        return max(a + b for a, b in zip(getattr(pair[0], name), getattr(pair[1], name), strict=True))

    chosen = plan.neighbourhood
    seconds = [setup.everybody + spent.everybody for setup, spent in fresh]
    return Sample(
        seconds,
        {
            "client_seconds_max": median([both(pair, "clients") for pair in fresh]),
            "client_cpu_seconds_max": median([both(pair, "clients_cpu") for pair in fresh]),
            "server_seconds": median([setup.server + spent.server for setup, spent in fresh]),
            "server_cpu_seconds": median([setup.server_cpu + spent.server_cpu for setup, spent in fresh]),
            "bytes_up_per_client": max(int(both(pair, "sent")) for pair in fresh),
            "float32_bytes": 4 * dim,
            "neighbours": chosen.neighbours,
            "threshold": chosen.threshold,
            "min_survivors": chosen.min_survivors,
            "security_bits": min(chosen.security_bits, 128.0),
            "correctness_bits": min(chosen.correctness_bits, 128.0),
            "dropped": dropped,
            "bits_per_value": plan.bits,
            "mask_bytes_per_second": mask_bytes_per_second(runs),
            "fresh_rounds_per_second": 1 / min(seconds),
            "steady": {
                "client_seconds_max": median([max(spent.clients) for spent in steady]),
                "client_cpu_seconds_max": median([max(spent.clients_cpu) for spent in steady]),
                "server_seconds": median([spent.server for spent in steady]),
                "server_cpu_seconds": median([spent.server_cpu for spent in steady]),
                "server_cpu_seconds_per_client": median([spent.server_cpu for spent in steady]) / clients,
                "bytes_up_per_client": max(max(spent.sent) for spent in steady),
                "inputs_per_second": len(staying) / min(spent.everybody for spent in steady),
            },
            "exact": exact,
        },
    )
