"""Short vectors: what the seed decides, bounds that are never silent, and the digits task with a sixth of the bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from masking import IDENTITIES

from pyzkfl.compression import Compression
from pyzkfl.errors import ParameterError
from pyzkfl.standing import Member, Plan, Server, set_up

SEED = b"\x05" * 32


def test_the_seed_picks_the_coordinates_and_the_rounding_and_nothing_else_does() -> None:
    short = Compression(dimension=1000, kept=100, value_bits=8, scale=0.01)
    chosen = short.indices(SEED)
    numbers = hashlib.shake_256(b"pyzkfl compression v1 coordinates\0" + SEED).digest(8000)  # the definition
    order = sorted(range(1000), key=lambda i: int.from_bytes(numbers[8 * i : 8 * i + 8], "little"))
    assert chosen.tolist() == sorted(order[:100])
    assert chosen.tolist() != short.indices(bytes(32)).tolist()
    update = np.random.default_rng(1).uniform(-1, 1, 1000)
    vector, cut = short.encode(update, SEED, client=3)
    assert cut == 0
    assert np.array_equal(vector, short.encode(update, SEED, client=3)[0])
    assert not np.array_equal(vector, short.encode(update, SEED, client=4)[0])
    assert np.abs(vector - update[chosen] / 0.01).max() < 1


def test_rounding_keeps_the_mean() -> None:
    short = Compression(dimension=20_000, kept=20_000, value_bits=8, scale=1.0)
    vector, _ = short.encode(np.full(20_000, 2.25), SEED, client=0)
    assert set(vector.tolist()) == {2, 3}
    assert abs(vector.mean() - 2.25) < 0.02


def test_values_beyond_the_bound_are_refused_or_cut_and_counted() -> None:
    update = np.array([1.27, -1.28, 0.0, 5.0])
    with pytest.raises(ParameterError, match="2 values of the update are beyond"):
        Compression(4, 4, 8, 0.01).encode(update, SEED, client=0)
    vector, cut = Compression(4, 4, 8, 0.01, clip=True).encode(update, SEED, client=0)
    assert cut == 2
    assert vector.tolist() == [127, -127, 0, 127]
    with pytest.raises(ParameterError, match="not finite"):
        Compression(4, 4, 8, 0.01, clip=True).encode(update * np.nan, SEED, client=0)


def test_a_weighted_mean_shows_the_sum_of_the_weights_only() -> None:
    short = Compression(dimension=3, kept=3, value_bits=16, scale=2.0**-8, max_weight=1000)
    weights = [1, 1000, 37]
    updates = np.array([[1.0, -2.0, 0.5], [0.25, 0.5, -1.0], [3.0, 0.0, 2.0]])
    vectors = [short.encode(updates[i], SEED, client=i, weight=weights[i])[0] for i in range(3)]
    assert max(int(np.abs(v).max()) for v in vectors) <= short.max_abs
    mean = short.decode(sum(vectors), SEED, count=3)
    assert np.allclose(mean, np.average(updates, axis=0, weights=weights))
    with pytest.raises(ParameterError, match="weight is 1 to 1000"):
        short.encode(updates[0], SEED, client=0, weight=0)
    with pytest.raises(ParameterError, match="cannot have weights"):
        short.decode(sum(vectors), SEED, count=1)


CLIENTS, HIDDEN, ROUNDS = 10, 32, 60


class Digits:
    """The digits of scikit-learn, split over ten clients, and a perceptron 64-32-10 trained by averaged local steps."""

    def __init__(self) -> None:
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(x))
        x, y = x[order] / 16.0, y[order]
        self.test_x, self.test_y = x[:400], y[:400]
        self.parts = [(x[400 + i :: CLIENTS], y[400 + i :: CLIENTS]) for i in range(CLIENTS)]
        self.shapes = [(64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,)]
        self.dimension = sum(int(np.prod(s)) for s in self.shapes)

    def start(self) -> np.ndarray:
        generator = np.random.default_rng(1)
        return np.concatenate([generator.normal(0, 1 / np.sqrt(s[0]), s).ravel() * (len(s) == 2) for s in self.shapes])

    def layers(self, flat: np.ndarray) -> list[np.ndarray]:
        ends = np.cumsum([int(np.prod(s)) for s in self.shapes])
        return [p.reshape(s) for p, s in zip(np.split(flat, ends[:-1]), self.shapes, strict=True)]

    def update(self, client: int, flat: np.ndarray) -> np.ndarray:
        x, y = self.parts[client]
        trained = flat.copy()
        for _ in range(5):
            a, b, c, d = self.layers(trained)
            h = np.maximum(x @ a + b, 0)
            z = h @ c + d
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(len(y)), y] -= 1
            p /= len(y)
            back = (p @ c.T) * (h > 0)
            trained -= 0.5 * np.concatenate([(x.T @ back).ravel(), back.sum(0), (h.T @ p).ravel(), p.sum(0)])
        return trained - flat

    def accuracy(self, flat: np.ndarray) -> float:
        a, b, c, d = self.layers(flat)
        return float(np.mean(np.argmax(np.maximum(self.test_x @ a + b, 0) @ c + d, axis=1) == self.test_y))


def test_the_digits_task_loses_less_than_a_point_with_82_3_percent_fewer_bytes() -> None:
    task = Digits()
    plain = task.start()
    for _ in range(ROUNDS):
        plain = plain + np.mean([task.update(i, plain) for i in range(CLIENTS)], axis=0)

    short = Compression(task.dimension, task.dimension // 3, value_bits=8, scale=1 / 256, clip=True)
    plan = Plan(
        job_digest=bytes(32), epoch=0, members=[key.public_bytes for key in IDENTITIES[:CLIENTS]], seed=bytes(32),
        rounds=ROUNDS, length=short.length, max_abs=short.max_abs, dropout=0.0, corrupt=0.05, server="semi-honest",
    )  # fmt: skip
    members, server = [Member(plan, i, IDENTITIES[i]) for i in range(CLIENTS)], Server(plan)
    set_up(server, members)
    weights, bytes_up, cut = task.start(), 0, 0
    for round_ in range(ROUNDS):
        seed = hashlib.sha256(b"beacon %d" % round_).digest()
        server.open_round(round_)
        sent = [0] * CLIENTS
        for i, member in enumerate(members):
            vector, beyond = short.encode(task.update(i, weights), seed, client=i)
            message = member.masked_input(round_, vector, bytes(32))
            server.receive(message)
            sent[i] += len(message)
            cut += beyond
        request = server.close_masked()
        for i, member in enumerate(members):
            message = member.unmask(request)
            server.receive(message)
            sent[i] += len(message)
        weights = weights + 2 * short.decode(server.sum()[0], seed, count=CLIENTS)  # a third of the coordinates each
        bytes_up = max(bytes_up, *sent)
    saved = 1 - bytes_up / (4 * task.dimension)
    reached, aim = task.accuracy(weights), task.accuracy(plain)
    print(f"{bytes_up} bytes a client and round, {saved:.1%} less; accuracy {reached:.4f}, plain {aim:.4f}; {cut} cut")
    assert saved >= 0.823
    assert reached >= aim - 0.01
