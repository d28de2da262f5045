"""Benchmark of secure aggregation: a setup and rounds on it, through the state machines that clients and server run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pyzkfl._core import secagg, standing
from pyzkfl._core.base import set_thread_count, thread_count
from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench.measure import Sample

__all__ = ["secagg_round"]

T = TypeVar("T")
Vector = npt.NDArray[np.int64]

MAX_ABS = (1 << 19) - 1  # 20 bits a coordinate, which is what the demo's weights have
MASK_BYTES = 1 << 26
STEADY_ROUNDS = 3
REPEATED_CLIENTS = 200  # beyond, one setup and its round are measured and nothing is warmed
MOST_PAIRS = 4_000_000  # of clients and their neighbours; beyond, stand-ins take the clients' place


def mask_bytes_per_second(runs: int) -> float:
    """Bytes of mask expanded and added a second, on all threads; the best of the runs."""
    secagg.bench_mask(MASK_BYTES)
    return MASK_BYTES / min(secagg.bench_mask(MASK_BYTES) for _ in range(runs))


def vector_of(index: int, round_: int, dim: int) -> Vector:
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
    """All parties of a plan in this process: one after the other, so that each one's part can be measured, or with a
    pool the members of a phase side by side, as they are in life. With `plans`, one for each member, nothing that a
    party has found out about keys serves another, as it would through the plan that they share."""

    def __init__(
        self,
        plan: standing.Plan,
        identities: list[IdentityKey],
        pool: ThreadPoolExecutor | None = None,
        plans: Sequence[standing.Plan] = (),
        stand_ins: bool = False,
    ) -> None:
        self.plan = plan
        self.pool = pool
        own = plans or [plan] * len(identities)
        self.members: list[standing.Member | standing.BenchStandIn] = [
            standing.BenchStandIn(own[index], index, identity, bytes(32))
            if stand_ins
            else standing.Member(own[index], index, identity)
            for index, identity in enumerate(identities)
        ]
        self.server = standing.Server(plan)

    def each(self, members: Sequence[int], step: Callable[[int], None]) -> None:
        if self.pool is None:
            for index in members:
                step(index)
            return

        def work(part: Sequence[int]) -> None:
            for index in part:
                step(index)

        parts = self.pool._max_workers
        list(self.pool.map(work, [members[start::parts] for start in range(parts)]))

    def set_up(self) -> Spent:
        spent, server, everyone = Spent(self.plan.n), self.server, range(self.plan.n)

        def send(i: int, step: Callable[[], bytes]) -> None:
            message = spent.client(i, step)
            if message:
                spent.serve(lambda: server.receive(message))

        def deal(i: int) -> None:
            keys = spent.serve(lambda: server.neighbour_keys(i))
            send(i, lambda: self.members[i].deal(keys))

        def accept(i: int) -> None:
            dealt = spent.serve(lambda: server.dealt(i))
            send(i, lambda: self.members[i].accept(dealt))

        def confirmed(i: int) -> None:
            message = spent.serve(lambda: server.confirmed(i))

            def take() -> bytes:
                self.members[i].confirmed(message)
                return b""

            spent.client(i, take)

        self.each(everyone, lambda i: send(i, self.members[i].keys))
        spent.serve(server.close_keys)
        self.each(everyone, deal)
        spent.serve(server.close_deal)
        self.each(everyone, accept)
        if self.plan.active:
            spent.serve(server.close_confirm)
            self.each(everyone, confirmed)
        return spent

    def run_round(self, round_: int, staying: range, vectors: dict[int, Vector] | None = None) -> tuple[Spent, bool]:
        """A round; (what was spent, whether the sum is the sum of the vectors)."""
        spent, server, dim = Spent(self.plan.n), self.server, self.plan.length
        expected = np.zeros(dim, dtype=np.int64)
        blinder = bytes(32)

        def send(i: int, step: Callable[[], bytes]) -> None:
            message = spent.client(i, step)
            spent.serve(lambda: server.receive(message))

        def mask(i: int) -> None:
            nonlocal expected
            vector = vector_of(i, round_, dim) if vectors is None else vectors[i]
            if self.pool is None:
                expected += vector
            send(i, lambda: self.members[i].masked_input(round_, vector, blinder))

        spent.serve(lambda: server.open_round(round_))
        self.each(staying, mask)
        request = spent.serve(server.close_masked)
        if self.plan.active:
            survivors = request
            signing = [i for i in self.plan.committee if i in staying]
            self.each(signing, lambda i: send(i, lambda: self.members[i].sign_survivors(survivors)))
            request = spent.serve(server.close_consistency)
        self.each(staying, lambda i: send(i, lambda: self.members[i].unmask(request)))
        total, _ = spent.serve(server.sum)
        if self.pool is not None and vectors is not None:
            expected = np.sum([vectors[i] for i in staying], axis=0)
        return spent, bool(np.array_equal(total, expected))


def throughput(
    plan_of: Callable[[int, int], standing.Plan], identities: list[IdentityKey], staying: range, runs: int
) -> tuple[float, float]:
    """(Fresh rounds, client inputs of steady rounds) a second: members side by side, on all threads."""
    threads = thread_count()
    set_thread_count(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return rates_of(pool, plan_of, identities, staying, runs)
    finally:
        set_thread_count(threads)


def rates_of(
    pool: ThreadPoolExecutor,
    plan_of: Callable[[int, int], standing.Plan],
    identities: list[IdentityKey],
    staying: range,
    runs: int,
) -> tuple[float, float]:
    def plans_of(epoch: int, rounds: int) -> list[standing.Plan]:  # the server's, and each member's own
        return [plan_of(epoch, rounds) for _ in range(1 + len(identities))]

    plan = plan_of(1 << 32, 1)
    vectors = {i: vector_of(i, 0, plan.length) for i in staying}
    rounds = 8 * runs
    fresh, steady = [], []
    for epoch in range(1, 2 * runs + 2):
        plan, *own = plans_of((1 << 32) + epoch, 1)  # known to all beforehand, and so are the members' identities
        began = time.perf_counter()
        simulation = Simulation(plan, identities, pool, own)
        simulation.set_up()
        _, exact = simulation.run_round(0, staying, vectors)
        fresh.append(time.perf_counter() - began)
        assert exact
    plan, *own = plans_of(1 << 33, rounds)
    simulation = Simulation(plan, identities, pool, own)
    simulation.set_up()
    for number in range(rounds):
        began = time.perf_counter()
        _, exact = simulation.run_round(number, staying, vectors)
        steady.append(time.perf_counter() - began)
        assert exact
    return 1 / float(np.median(fresh[1:])), len(staying) / float(np.median(steady))


def secagg_round(runs: int, *, clients: int, dim: int, dropout: float, corrupt: float, server: str) -> Sample:
    """A setup of `clients` and one round, in which floor(dropout * clients) are lost after the setup.

    Lost there, they cost the most: the server expands one mask for each lost client and staying neighbour. One
    operation is setup and round, all parties one after the other; client_seconds_max is the slowest client's own part
    of it, server_seconds the server's; `steady` has the same for a round on a setup that stands. `_cpu_` counts all
    threads. For up to 100 clients `fresh_rounds_per_second` and `steady.inputs_per_second` are measured apart, with the
    members of a phase side by side on all threads. No transport, no training, no proofs.

    Where clients have more than 4,000,000 neighbours together, real ones would take an hour of key agreements and none
    of the server's time: `stand_ins` is true, they send the server messages of the same form and size, and the clients'
    own seconds are None.
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

    chosen = plan_of(0, 1).neighbourhood
    stand_ins = clients * chosen.neighbours > MOST_PAIRS
    warm = Simulation(plan_of(0, 1), identities) if clients <= REPEATED_CLIENTS else None
    if warm:
        warm.set_up()
        warm.run_round(0, staying)
    fresh: list[tuple[Spent, Spent]] = []
    exact = True
    for epoch in range(1, runs + 1):
        simulation = Simulation(plan_of(epoch, 1), identities, stand_ins=stand_ins)
        setup = simulation.set_up()
        spent, fits = simulation.run_round(0, staying)
        exact = exact and fits
        fresh.append((setup, spent))
    plan = simulation.plan
    steady = [spent for _, spent in fresh]
    if clients <= REPEATED_CLIENTS:
        simulation = Simulation(plan_of(runs + 1, STEADY_ROUNDS * runs + 1), identities)
        simulation.set_up()
        rounds = [simulation.run_round(number, staying) for number in range(STEADY_ROUNDS * runs + 1)]
        exact = exact and all(fits for _, fits in rounds)
        steady = [spent for spent, _ in rounds[1:]]

    rates = throughput(plan_of, identities, staying, runs) if clients <= 100 else None

    def median(values: list[float]) -> float:
        return float(np.median(values))

    def of_clients(values: list[float]) -> float | None:
        return None if stand_ins else median(values)

    def both(pair: tuple[Spent, Spent], name: str) -> float:
        return max(a + b for a, b in zip(getattr(pair[0], name), getattr(pair[1], name), strict=True))

    seconds = [setup.everybody + spent.everybody for setup, spent in fresh]
    return Sample(
        seconds,
        {
            "stand_ins": stand_ins,
            "client_seconds_max": of_clients([both(pair, "clients") for pair in fresh]),
            "client_cpu_seconds_max": of_clients([both(pair, "clients_cpu") for pair in fresh]),
            "server_seconds": median([setup.server + spent.server for setup, spent in fresh]),
            "server_cpu_seconds": median([setup.server_cpu + spent.server_cpu for setup, spent in fresh]),
            "server_cpu_seconds_per_client": median([s.server_cpu + r.server_cpu for s, r in fresh]) / clients,
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
            "fresh_rounds_per_second": rates[0] if rates else 1 / min(seconds),
            "steady": {
                "client_seconds_max": of_clients([max(spent.clients) for spent in steady]),
                "client_cpu_seconds_max": of_clients([max(spent.clients_cpu) for spent in steady]),
                "server_seconds": median([spent.server for spent in steady]),
                "server_cpu_seconds": median([spent.server_cpu for spent in steady]),
                "server_cpu_seconds_per_client": median([spent.server_cpu for spent in steady]) / clients,
                "bytes_up_per_client": max(max(spent.sent) for spent in steady),
                "inputs_per_second": rates[1] if rates else len(staying) / min(spent.everybody for spent in steady),
            },
            "exact": exact,
        },
    )
