"""Federated training in the engine's integers against the same training in floats, on real data, with proofs."""

from __future__ import annotations

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.bench.training import float_accuracy, initial_weights
from pyzkfl.blinders import random_blinder
from pyzkfl.network import NetworkJob, NetworkProver, RoundStatement

datasets = pytest.importorskip("sklearn.datasets", reason="the extra [demo] is not installed")

CLIENTS = 4
ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617


@pytest.mark.filterwarnings("ignore:insecure keys")
@pytest.mark.parametrize(
    ("name", "widths", "learning_rate", "rounds"),
    [("digits", (64, 32, 10), 0.5, 100), ("cancer", (30, 16, 2), 0.2, 50)],
)
def test_integers_and_floats_learn_the_same_within_half_a_point(
    name: str, widths: tuple[int, ...], learning_rate: float, rounds: int
) -> None:
    data = datasets.load_digits() if name == "digits" else datasets.load_breast_cancer()
    x = data.data / 16.0 if name == "digits" else (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(x))
    x, y = x[order], data.target[order]
    train, test = slice(0, len(x) * 4 // 5), slice(len(x) * 4 // 5, None)
    job = NetworkJob(widths=widths, batch=32, learning_rate=learning_rate, a_frac=7 if name == "digits" else 5)
    features = job.features(x)
    shares = np.array_split(np.arange(train.stop), CLIENTS)
    floats = initial_weights(job, rng)
    weights = job.weights(floats)
    batches: list[np.ndarray] = []
    for _ in range(rounds):
        batches = [rng.choice(share, job.batch, replace=False) for share in shares]
        before = weights
        trained = [job.train(weights, [(features[b], y[b])]) for b in batches]
        total = np.sum([t.update for t in trained], axis=0)
        weights = job.apply(weights, (2 * total + CLIENTS) // (2 * CLIENTS))
        steps = [float_accuracy(job, floats, [(x[b], y[b])], (x[:1], y[:1]))[1] for b in batches]
        floats = np.mean(steps, axis=0)
    reference, _ = float_accuracy(job, floats, [], (x[test], y[test]))
    accuracy = job.accuracy(weights, features[test], y[test])
    assert abs(accuracy - reference) <= 0.005
    assert accuracy > 0.9

    # The last round as a coordinator checks it: every proof, and the sum against the commitments.
    prover = NetworkProver.insecure(job)
    blinders = [random_blinder() for _ in range(CLIENTS)]
    commitments = []
    for number, (t, b, blinder) in enumerate(zip(trained, batches, blinders, strict=True)):
        data_blinder = random_blinder()
        statement = RoundStatement(
            job,
            f"client {number}".encode(),
            prover.commit_weights(before),
            (prover.commit_batch(features[b], y[b], data_blinder),),
            (job.batch,),
            prover.commit_update(t.update, blinder),
        )
        prover.verify(statement, prover.prove(t, statement, [data_blinder], blinder))
        commitments.append(statement.update_commitment)
    blinder = (sum(int.from_bytes(b, "little") for b in blinders) % ORDER).to_bytes(32, "little")
    assert prover.commit_update(total, blinder) == _core.curves.g1_sum_compressed(commitments)
