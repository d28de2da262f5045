"""The queue in front of a verifier (pyzkfl.verification_queue): thousands of proofs at once, and a steady stream."""

from __future__ import annotations

import gc
import random
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl._core import groth16, r1cs
from pyzkfl.bench.measure import Sample, peak_rss_bytes
from pyzkfl.bench.proving import START
from pyzkfl.verification_queue import VerificationQueue

__all__ = ["verification_queue"]


def _queue_of_proofs(capacity: int, batch: int) -> tuple[VerificationQueue[Any], Any]:
    """A queue that decodes and verifies proofs of Groth16, and a proof for it."""
    circuit = r1cs.chain_circuit(30)
    key = groth16.insecure_setup(circuit)
    witness, result = r1cs.chain_witness(circuit, START)
    proof = np.frombuffer(groth16.evm_bytes(groth16.prove(key, circuit, witness)[0]), np.uint8)
    public = np.frombuffer(result.to_bytes(32, "little"), np.uint8)
    verifying = groth16.PlainVerifyingKey.of_proving_key(key)

    def failing(items: Any) -> Any:
        return verifying.verify_batch(np.array([[i] for i, _ in items]), np.array([p for _, p in items]))

    return VerificationQueue(failing, capacity=capacity, batch=batch), (public, proof)


def _note(took: list[float], due: float, _: Future[None]) -> None:
    took.append(time.perf_counter() - due)


def _stream(queue: VerificationQueue[Any], item: Any, rate: float, seconds: float) -> npt.NDArray[np.float64]:
    """Seconds from arrival to answer of each proof, arriving at random (Poisson) at this mean rate.

    Counted from when the proof was due, so that a sender that is late itself hides nothing.
    """
    chance = random.Random(1)
    took: list[float] = []
    futures: list[Future[None]] = []
    due = time.perf_counter()
    end = due + seconds
    while due < end:
        due += chance.expovariate(rate)
        while (left := due - time.perf_counter()) > 0:
            time.sleep(left)
        future = queue.submit(item)
        future.add_done_callback(partial(_note, took, due))
        futures.append(future)
    for future in futures:
        future.result()
    return np.array(took)


def _histogram(milliseconds: npt.NDArray[np.float64]) -> list[list[float]]:
    """[upper edge, how many] of bins that double; the last one has the rest."""
    edges = [0.25 * 2**i for i in range(7)]
    bins, _ = np.histogram(milliseconds, [0.0, *edges[:-1], np.inf])
    return [[edge, int(count)] for edge, count in zip(edges, bins, strict=True)]


def verification_queue(runs: int, *, proofs: int, batch: int, rate: int, seconds: int) -> Sample:
    """One operation drains `proofs` proofs that are queued at once; then `rate` a second come for `seconds`."""
    queue, item = _queue_of_proofs(capacity=proofs, batch=batch)
    with queue:
        for future in [queue.submit(item, patience=60) for _ in range(2 * batch)]:
            future.result()
        drained = []
        before = peak_rss_bytes()
        for _ in range(runs):
            began = time.perf_counter()
            futures = [queue.submit(item, patience=60) for _ in range(proofs)]
            for future in futures:
                future.result()
            drained.append(time.perf_counter() - began)
        grown = peak_rss_bytes() - before
        gc.collect()
        took = _stream(queue, item, rate, seconds)
        statistics = queue.statistics()
    return Sample(
        drained,
        {
            "proofs": proofs,
            "drain_seconds": min(drained),
            "ms_per_proof": 1e3 * min(drained) / proofs,
            "memory_grown_bytes": grown,
            "arrivals": len(took),
            "service_ms_median": 1e3 * float(np.median(took)),
            "service_ms_p99": 1e3 * float(np.quantile(took, 0.99)),
            "service_ms_max": 1e3 * float(took.max()),
            "service_histogram": _histogram(1e3 * took),
            "largest_batch": statistics.largest_batch,
            "refused": statistics.refused,
        },
    )
