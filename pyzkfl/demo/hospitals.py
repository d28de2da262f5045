"""The demo's data: the breast-cancer set that scikit-learn has too, split unevenly and non-IID over the members.

Members differ in size and in the share of malignant cases, as hospitals do. A held-out test split belongs to nobody.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import itertools

import numpy as np
import numpy.typing as npt

__all__ = [
    "HIDDEN",
    "FloatModel",
    "Split",
    "accuracy_alone",
    "accuracy_central",
    "breast_cancer",
    "held_out",
    "load",
    "targets",
]

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Split:
    """parts: (features (rows, 30), labels (rows,)) a member; test_x, test_y: held out; center, scale: (30,) each."""

    parts: list[tuple[Array, Labels]]
    test_x: Array
    test_y: Labels
    center: Array
    scale: Array


def breast_cancer() -> tuple[Array, Labels]:
    """The set: features (569, 30), labels (569,), 1 benign and 0 malignant; the values of scikit-learn's copy."""
    with importlib.resources.files("pyzkfl.demo").joinpath("breast_cancer.csv").open() as file:
        table = np.loadtxt(file, delimiter=",")
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)


def held_out(y: Labels, seed: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row numbers for training and for testing, in random order: a fifth of all rows, of either label as of the whole.

    The rows of scikit-learn's train_test_split(test_size=0.2, random_state=seed, stratify=y).
    """
    rng = np.random.RandomState(seed)
    train_count = len(y) - int(np.ceil(0.2 * len(y)))
    classes = [np.flatnonzero(y == label) for label in (0, 1)]
    shares = [train_count * len(rows) / len(y) for rows in classes]
    take = [int(share) for share in shares]
    if sum(take) < train_count:  # the rest goes to the label that rounding down cost more
        take[int(shares[1] % 1 > shares[0] % 1)] += 1
    train: list[int] = []
    test: list[int] = []
    for rows, count in zip(classes, take, strict=True):
        order = rows[rng.permutation(len(rows))]
        train.extend(order[:count])
        test.extend(order[count:])
    return rng.permutation(train), rng.permutation(test)


def load(members: int, seed: int, batch: int = 32) -> Split:
    """Split the set: 20 % held out, the rest in shares between one and three batches, sorted by label with noise.

    center and scale are the consortium's public preprocessing: mean and standard deviation over all training rows,
    agreed with the job before it starts.
    """
    data, labels = breast_cancer()
    train, test = held_out(labels, seed)
    x, y = data[train], labels[train]
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.6, 1.8, members)
    sizes = np.maximum(batch, np.floor(weights / weights.sum() * len(x)).astype(int))
    while sizes.sum() > len(x):
        sizes[np.argmax(sizes)] -= 1
    sizes[np.argmin(sizes)] += len(x) - sizes.sum()
    order = np.argsort(y + rng.normal(0.0, 0.8, len(y)))
    edges = np.cumsum(sizes)[:-1]
    parts = [(x[part], y[part]) for part in np.split(order, edges)]
    return Split(parts, data[test], labels[test], x.mean(axis=0), x.std(axis=0))


HIDDEN = 16  # units of the demo's network


def targets(y: Labels) -> Array:
    """What the network's output is fitted to: 1 for the label 1, -1 for 0."""
    return np.asarray(2.0 * y - 1.0)


class FloatModel:
    """The demo's model in floats: a logistic regression, or a network of one hidden layer whose one output is fitted to
    1 and -1 by least squares. Steps clip as ours do."""

    def __init__(self, inputs: int, hidden: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        sizes = [inputs, hidden, 1] if hidden else [inputs, 2]
        self._layers: list[tuple[Array, Array]] = []
        for i, o in itertools.pairwise(sizes):
            drawn = rng.uniform(-1, 1, (o, i)) / np.sqrt(i) if hidden else np.zeros((o, i))
            self._layers.append((drawn, np.zeros(o)))

    def _forward(self, x: Array) -> list[Array]:
        values = [x]
        for number, (matrix, bias) in enumerate(self._layers):
            z = values[-1] @ matrix.T + bias
            values.append(np.maximum(z, 0) if number + 1 < len(self._layers) else z)
        return values

    def step(self, x: Array, y: Labels, learning_rate: float, max_norm: float) -> None:
        """One step on these rows."""
        values = self._forward(x)
        if len(self._layers) > 1:
            back = 2 * (values[-1] - targets(y)[:, None]) / len(y)
        else:
            p = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
            back = (p / p.sum(axis=1, keepdims=True) - np.eye(2)[y]) / len(y)
        gradients = []
        for number in reversed(range(len(self._layers))):
            gradients.append((back.T @ values[number], back.sum(axis=0)))
            back = (back @ self._layers[number][0]) * (values[number] > 0)
        norm = learning_rate * np.sqrt(sum(float((g * g).sum()) for pair in gradients for g in pair))
        rate = learning_rate * min(1.0, max_norm / max(float(norm), 1e-12))
        self._layers = [
            (m - rate * gm, b - rate * gb)
            for (m, b), (gm, gb) in zip(self._layers, reversed(gradients), strict=True)
        ]

    def score(self, x: Array, y: Labels) -> float:
        """Share of rows with the right label."""
        out = self._forward(x)[-1]
        return float(np.mean((out[:, 0] > 0 if len(self._layers) > 1 else out.argmax(axis=1)) == y))


def _trained(
    x: Array, y: Labels, split: Split, steps: int, hidden: int, rate: tuple[float, float], batch: int
) -> float:
    """Test accuracy after so many float steps on these rows, batch after batch."""
    model = FloatModel(x.shape[1], hidden)
    rows = (x - split.center) / split.scale
    cuts = np.array_split(np.random.default_rng(0).permutation(len(x)), -(-len(x) // batch))
    for step in range(steps):
        chosen = cuts[step % len(cuts)]
        model.step(rows[chosen], y[chosen], *rate)
    return model.score((split.test_x - split.center) / split.scale, split.test_y)


def accuracy_central(split: Split, learning_rate: float, max_norm: float, batch: int, hidden: int) -> float:
    """Test accuracy of the same model in floats, trained on everybody's rows together for twenty epochs."""
    x = np.concatenate([part for part, _ in split.parts])
    y = np.concatenate([labels for _, labels in split.parts])
    return _trained(x, y, split, 20 * -(-len(x) // batch), hidden, (learning_rate, max_norm), batch)


def accuracy_alone(
    split: Split, steps: int, learning_rate: float, max_norm: float, batch: int, hidden: int
) -> float:
    """Median over members of the test accuracy of as many float steps on their own rows only."""
    rate = (learning_rate, max_norm)
    return float(np.median([_trained(x, y, split, steps, hidden, rate, batch) for x, y in split.parts]))
