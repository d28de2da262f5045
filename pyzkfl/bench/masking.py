"""Benchmark of secure aggregation: a whole round through the sessions that clients and coordinator run."""

from __future__ import annotations

import math
import time

import numpy as np

from pyzkfl._core import secagg
from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench.measure import Sample
from pyzkfl.errors import ParameterError

__all__ = ["secagg_round"]

MAX_ABS = (1 << 19) - 1  # 20 bits a coordinate, which is what the demo's weights have
MASK_BYTES = 1 << 26


def mask_bytes_per_second(runs: int) -> float:
    """Bytes of mask expanded and added a second, on all threads; the best of the runs."""
    secagg.bench_mask(MASK_BYTES)
    return MASK_BYTES / min(secagg.bench_mask(MASK_BYTES) for _ in range(runs))


def secagg_round(runs: int, *, clients: int, dim: int, dropout: float) -> Sample:
    """A round of `clients`, of whom floor(dropout * clients) are lost after they dealt their shares.

    Lost there, they cost the most: the coordinator expands one mask for each pair of a lost and a staying client.
    One operation is the whole round, all parties one after the other; client_seconds_max is the slowest client's own
    part of it, server_seconds the coordinator's. No transport, no training, no proofs.
    """
    threshold = max(secagg_minimum(clients), math.floor(2 * clients / 3) + 1)
    dropped = math.floor(dropout * clients)
    if clients - dropped < threshold:
        raise ParameterError(
            f"{dropped} of {clients} clients lost leave fewer than the threshold, {threshold}; lower --dropout"
        )
    identities = [IdentityKey.generate() for _ in range(clients)]
    generator = np.random.default_rng(0)
    vectors = generator.integers(-MAX_ABS, MAX_ABS, size=(clients, dim), endpoint=True, dtype=np.int64)

    rounds = []
    slowest, servers = [], []
    sent = exact = None
    for number in range(runs + 1):  # the first one warms up
        config = secagg.Config(
            job_digest=bytes(32),
            round=number,
            members=[identity.public_bytes for identity in identities],
            threshold=threshold,
            length=dim,
            max_abs=MAX_ABS,
        )
        spent, server_seconds, sent, total = one_round(config, identities, vectors, clients - dropped)
        exact = bool(np.array_equal(total, vectors[: clients - dropped].sum(axis=0)))
        if number > 0:
            rounds.append(sum(spent) + server_seconds)
            slowest.append(max(spent))
            servers.append(server_seconds)
    return Sample(
        rounds,
        {
            "client_seconds_max": float(np.median(slowest)),
            "server_seconds": float(np.median(servers)),
            "bytes_up_per_client": sent,
            "neighbours": clients - 1,  # this release's graph is complete
            "threshold": threshold,
            "dropped": dropped,
            "bits_per_value": config.bits,
            "max_corrupt": config.max_corrupt,
            "mask_bytes_per_second": mask_bytes_per_second(runs),
            "exact": exact,
        },
    )


def secagg_minimum(clients: int) -> int:
    """The least threshold that a Config takes: more than half, and three."""
    return max(3, clients // 2 + 1)


def one_round(
    config: secagg.Config, identities: list[IdentityKey], vectors: np.ndarray, staying: int
) -> tuple[list[float], float, int, np.ndarray]:
    """(seconds of each client, of the server, bytes that the client who sent most sent, the sum)."""
    blinder = bytes(32)
    spent = [0.0] * len(identities)
    sent = [0] * len(identities)
    server = secagg.ServerSession(config)
    sessions = [secagg.ClientSession(config, index, identity) for index, identity in enumerate(identities)]
    server_seconds = 0.0

    def phase(step, members):  # type: ignore[no-untyped-def]
        nonlocal server_seconds
        for index in members:
            began = time.perf_counter()
            message = step(index)
            spent[index] += time.perf_counter() - began
            sent[index] += len(message)
            began = time.perf_counter()
            server.receive(message)
            server_seconds += time.perf_counter() - began

    def close(step):  # type: ignore[no-untyped-def]
        nonlocal server_seconds
        began = time.perf_counter()
        result = step()
        server_seconds += time.perf_counter() - began
        return result

    everyone, survivors = range(len(identities)), range(staying)
    phase(lambda i: sessions[i].advertise(), everyone)
    keys = close(server.close_advertise)
    phase(lambda i: sessions[i].share(keys), everyone)
    shares = close(server.close_share)
    phase(lambda i: sessions[i].masked_input(shares[i], vectors[i], blinder), survivors)
    members = close(lambda: server.close_masked(server.submitters))
    phase(lambda i: sessions[i].sign_survivors(members), survivors)
    request = close(server.close_consistency)
    phase(lambda i: sessions[i].unmask(request), survivors)
    total, _ = close(server.sum)
    return spent, server_seconds, max(sent), total
