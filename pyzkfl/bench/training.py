"""Benchmarks of the engine: a training step and a norm bound, proven and verified."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np

from pyzkfl.bench.float_network import FloatNetwork
from pyzkfl.bench.measure import Sample
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import ParameterError
from pyzkfl.layers import Conv2d, Linear, input_shapes, lenet5
from pyzkfl.network import NetworkJob, NetworkProver, RoundStatement
from pyzkfl.norm import NormProver

__all__ = ["float_accuracy", "norm", "train"]

SEED = 7
LEARNING_RATE = 0.1
VERIFICATIONS = 50  # timed: each takes a millisecond or two


def widths_of(model: str) -> tuple[int, ...]:
    """The widths that a model's name gives.

    >>> widths_of("mlp:784,128,10")
    (784, 128, 10)
    """
    kind, _, rest = model.partition(":")
    try:
        widths = tuple(int(part) for part in rest.split(","))
    except ValueError:
        widths = ()
    if kind != "mlp" or len(widths) < 2:
        raise ParameterError(f"model {model!r}: it reads mlp:FEATURES,HIDDEN,..,CLASSES, as mlp:784,128,10, or lenet5")
    return widths


def job_of(model: str, *, batch: int, steps: int) -> NetworkJob:
    """The job that a model's name gives: lenet5, or a perceptron.

    >>> job_of("lenet5", batch=16, steps=1).dimension
    61706
    """
    if model == "lenet5":
        # Weights within 1: one bit less, and the activations behind the second convolution need not saturate.
        return NetworkJob(
            layers=lenet5(), input_shape=(1, 28, 28), batch=batch, steps=steps, learning_rate=LEARNING_RATE, w_bits=17
        )
    return NetworkJob(widths=widths_of(model), batch=batch, steps=steps, learning_rate=LEARNING_RATE)


def blobs(job: NetworkJob, rows: int, rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points around one center a class: features (rows, features), labels (rows,)."""
    centers = np.random.default_rng(SEED).normal(size=(job.outputs, job.input_size)) * 0.5
    labels = rng.integers(0, job.outputs, rows)
    return centers[labels] + rng.normal(size=(rows, job.input_size)), labels


def initial_weights(job: NetworkJob, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """As torch draws them: uniform within 1 / sqrt(inputs); (dimension,) floats."""
    parts = []
    for layer, reads in zip(job.layers, input_shapes(job.layers, job.input_shape), strict=True):
        if isinstance(layer, (Linear, Conv2d)):
            kernel = layer.parameters()["kernel"]
            inputs = math.prod(reads) if isinstance(layer, Linear) else reads[0] * math.prod(kernel)
            parts.append(rng.uniform(-1, 1, size=layer.out * (inputs + layer.bias)) / np.sqrt(inputs))
    return np.concatenate(parts)


def float_accuracy(
    job: NetworkJob,
    weights: np.ndarray[Any, Any],
    batches: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]],
    test: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
) -> tuple[float, np.ndarray[Any, Any]]:
    """Accuracy on `test`, and the weights, after the same steps in floats: clipped, not rounded."""
    network = FloatNetwork(job, weights)
    for x, y in batches:
        network.step(x, y)
    return float(np.mean(network.predict(test[0]) == test[1])), network.weights


def accuracy_delta(job: NetworkJob, rounds: int) -> float:
    """Accuracy of integer training less that of float training, after the same batches of synthetic data."""
    rng = np.random.default_rng(SEED + 1)
    floats = initial_weights(job, rng)
    batches = [blobs(job, job.batch, rng) for _ in range(rounds * job.steps)]
    test = blobs(job, 1000, rng)
    weights = job.weights(floats)
    fixed = [(job.features(x), job.labels(y)) for x, y in batches]
    for first in range(0, len(fixed), job.steps):
        weights = job.apply(weights, job.train(weights, fixed[first : first + job.steps]).update)
    reference, _ = float_accuracy(job, floats, batches, test)
    return job.accuracy(weights, job.features(test[0]), job.labels(test[1])) - reference


def train(runs: int, *, model: str, batch: int, steps: int, keys: str) -> Sample:
    """One operation is a round's proof: inner proof, wrap, its own verification before it leaves the prover.

    keys: "fresh", or "cached": of an earlier run if there was one (pyzkfl.insecure_keys).
    """
    if keys not in ("fresh", "cached"):
        raise ParameterError(f"keys are fresh or cached, not {keys!r}")
    job = job_of(model, batch=batch, steps=steps)
    rng = np.random.default_rng(SEED)
    weights = job.weights(initial_weights(job, rng))
    batches = []
    for _ in range(steps):
        x, y = blobs(job, batch, rng)
        batches.append((job.features(x), job.labels(y)))

    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prover = NetworkProver.insecure(job, cached=keys == "cached")
    setup_seconds = time.perf_counter() - began
    began = time.perf_counter()
    trained = job.train(weights, batches)
    train_seconds = time.perf_counter() - began
    began = time.perf_counter()
    weights_commitment = prover.commit_weights(weights)
    round_setup_seconds = time.perf_counter() - began

    blinders = [random_blinder() for _ in range(steps)]
    blinder = random_blinder()
    statement = RoundStatement(
        job,
        b"bench",
        weights_commitment,
        tuple(prover.commit_batch(x, y, b) for (x, y), b in zip(batches, blinders, strict=True)),
        tuple(len(y) for _, y in batches),
        prover.commit_update(trained.update, blinder),
    )
    proofs, totals, verify = [], [], []
    for measured in range(runs + 1):
        began = time.perf_counter()
        proof = prover.prove(trained, statement, blinders, blinder)
        total = time.perf_counter() - began
        if measured:
            proofs.append(proof)
            totals.append(total)
    for _ in range(max(runs, VERIFICATIONS)):
        began = time.perf_counter()
        prover.verify(statement, proofs[-1])
        verify.append(time.perf_counter() - began)
    return Sample(
        totals,
        {
            "parameters": job.dimension,
            "prove_seconds": float(np.median([p.inner_seconds for p in proofs])),
            "wrap_seconds": float(np.median([p.wrap_seconds for p in proofs])),
            "train_seconds": train_seconds,
            "verify_seconds": float(np.median(verify)),
            "round_setup_seconds": round_setup_seconds,
            "proof_bytes": len(proofs[-1].data),
            "setup_seconds": setup_seconds,
            "constraints": prover.constraints,
            "log_height": int(job.core.log_height),
            "accuracy_delta": accuracy_delta(job, 40 if job.dimension <= 2_000_000 else 12),
        },
    )


def norm(runs: int, *, dim: int) -> Sample:
    """One operation is a proof that an update of `dim` 16-bit values has a norm within the bound, verified."""
    rng = np.random.default_rng(SEED)
    update = np.clip(np.round(rng.normal(size=dim) * 1000), -32768, 32767).astype(np.int64)
    bound = int(np.ceil(1.1 * np.sqrt(float((update * update).sum())))) + 1
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prover = NormProver.insecure(dim, bound)
    setup_seconds = time.perf_counter() - began
    blinder = random_blinder()
    made, totals, verify = [], [], []
    for measured in range(runs + 1):
        began = time.perf_counter()
        proof = prover.prove(update, b"bench", blinder)
        if measured:
            totals.append(time.perf_counter() - began)
            made.append(proof)
    for _ in range(max(runs, VERIFICATIONS)):
        began = time.perf_counter()
        prover.verify(b"bench", made[-1]["commitment"], made[-1]["proof"])
        verify.append(time.perf_counter() - began)
    return Sample(
        totals,
        {
            "prove_seconds": float(np.median([m["inner_seconds"] for m in made])),
            "wrap_seconds": float(np.median([m["wrap_seconds"] for m in made])),
            "verify_seconds": float(np.median(verify)),
            "proof_bytes": len(made[-1]["proof"]),
            "setup_seconds": setup_seconds,
            "constraints": prover.constraints,
        },
    )
