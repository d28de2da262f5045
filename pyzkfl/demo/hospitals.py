"""The demo's data: scikit-learn's breast-cancer set, split unevenly and non-IID over the members.

Members differ in size and in the share of malignant cases, as hospitals do. A held-out test split belongs to nobody.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = ["Split", "accuracy_alone", "accuracy_central", "load"]

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


def load(members: int, seed: int, batch: int = 32) -> Split:
    """Split the set: 20 % held out, the rest in shares between one and three batches, sorted by label with noise.

    center and scale are the consortium's public preprocessing: mean and standard deviation over all training rows,
    agreed with the job before it starts.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    data = load_breast_cancer()
    x, test_x, y, test_y = train_test_split(
        data.data, data.target, test_size=0.2, random_state=seed, stratify=data.target
    )
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.6, 1.8, members)
    sizes = np.maximum(batch, np.floor(weights / weights.sum() * len(x)).astype(int))
    while sizes.sum() > len(x):
        sizes[np.argmax(sizes)] -= 1
    sizes[np.argmin(sizes)] += len(x) - sizes.sum()
    order = np.argsort(y + rng.normal(0.0, 0.8, len(y)))
    edges = np.cumsum(sizes)[:-1]
    parts = [(x[part], y[part].astype(np.int64)) for part in np.split(order, edges)]
    return Split(parts, test_x, test_y.astype(np.int64), x.mean(axis=0), x.std(axis=0))


def accuracy_central(split: Split) -> float:
    """Test accuracy of a float logistic regression trained on everybody's rows together."""
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate([part for part, _ in split.parts])
    y = np.concatenate([labels for _, labels in split.parts])
    model = LogisticRegression(max_iter=1000).fit((x - split.center) / split.scale, y)
    return float(model.score((split.test_x - split.center) / split.scale, split.test_y))


def accuracy_alone(split: Split, steps: int, learning_rate: float, max_norm: float, batch: int) -> float:
    """Median over members of the test accuracy of the same float steps on their own rows only."""
    test = np.hstack([(split.test_x - split.center) / split.scale, np.ones((len(split.test_x), 1))])
    scores = []
    for part, labels in split.parts:
        x = np.hstack([(part - split.center) / split.scale, np.ones((len(part), 1))])
        cuts = np.array_split(np.random.default_rng(0).permutation(len(x)), -(-len(x) // batch))
        w = np.zeros(x.shape[1])
        for step in range(steps):
            rows = cuts[step % len(cuts)]
            p = 1.0 / (1.0 + np.exp(-np.clip(x[rows] @ w, -30, 30)))
            update = -learning_rate / batch * (x[rows].T @ (p - labels[rows]))
            w = w + update * min(1.0, max_norm / max(float(np.linalg.norm(update)), 1e-12))
        scores.append(float(np.mean((test @ w >= 0) == split.test_y)))
    return float(np.median(scores))
