"""The integer trainer against two oracles: Python integers, bit for bit, and floating point, within its error."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import _core
from pyzkfl.errors import ParameterError

training = _core.training
DEMO = {"features": 30, "batch": 32, "eta": 128, "eta_shift": 21, "bound": 65536}


def random_inputs(spec, rng, rows, spread=1.0):
    limit = int((2 ** (spec.w_bits - 1) - 1) * spread)
    x = rng.integers(-(2 ** (spec.x_bits - 1)), 2 ** (spec.x_bits - 1), (spec.batch, spec.features))
    y = rng.integers(0, 2, spec.batch)
    x[rows:], y[rows:] = 0, 0
    return rng.integers(-limit, limit + 1, spec.dimension), x, y, rows


def assert_same(reference, spec, inputs):
    w, x, y, rows = inputs
    expected = reference.trace(spec, w.tolist(), x.tolist(), y.tolist(), rows)
    got = training.trace(spec, w, x, y, rows)
    assert {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in got.items()} == expected
    np.testing.assert_array_equal(training.step(spec, w, x, y, rows), expected["update"])


def test_the_knots_in_the_tree_are_what_the_script_and_the_oracle_give(repository, reference):
    script = repository / "scripts" / "sigmoid_knots.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0
    assert [training.sigmoid(t) for t in range(4096)] == [reference.sigmoid(t) for t in range(4096)]


def test_the_trainer_is_the_oracle_bit_for_bit_on_random_batches(reference):
    rng = np.random.default_rng(1)
    spec = training.LogisticSpec(**DEMO)
    for run in range(60):
        assert_same(reference, spec, random_inputs(spec, rng, 1 + run % 32, 1.0 if run % 3 == 0 else 0.02))


def test_the_trainer_is_the_oracle_bit_for_bit_at_the_edges(reference):
    spec = training.LogisticSpec(**DEMO)
    w_edge, x_edge = 2**19, 2**7
    for w in (-w_edge, w_edge - 1, 0, -1):
        for x in (-x_edge, x_edge - 1, 0):
            for y in (0, 1):
                assert_same(reference, spec, (np.full(31, w), np.full((32, 30), x), np.full(32, y), 32))


@st.composite
def cases(draw):
    features, batch = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    x_bits, w_bits = draw(st.integers(2, 10)), draw(st.integers(2, 22))
    x_frac, w_frac = draw(st.integers(0, 8)), draw(st.integers(9, 20))
    bound = draw(st.integers(4, 10**6))
    spec = training.LogisticSpec(
        features=features, batch=batch, x_bits=x_bits, x_frac=x_frac, w_bits=w_bits, w_frac=w_frac,
        eta=draw(st.integers(1, 255)), eta_shift=draw(st.integers(16, 30)), bound=bound,
    )
    rows = draw(st.integers(1, batch))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return spec, random_inputs(spec, rng, rows, draw(st.sampled_from([1.0, 0.1, 0.0])))


@given(case=cases())
def test_the_trainer_is_the_oracle_and_the_circuit_agrees_for_any_spec(reference, case):
    spec, inputs = case
    assert_same(reference, spec, inputs)
    w, x, y, rows = inputs
    witness = training.witness(spec, bytes(32), w, x, y, rows, bytes(32), bytes(32))
    assert training.violated(spec, witness) is None


def test_the_update_is_the_float_step_within_the_error_of_the_sigmoid():
    rng = np.random.default_rng(2)
    spec = training.LogisticSpec(**DEMO)
    for _ in range(50):
        w, x, y, rows = random_inputs(spec, rng, 32, 0.1)
        fx = np.hstack([x / 32.0, np.ones((32, 1))])
        logits = fx @ (w / 65536.0)
        step = -1.0 * fx.T @ (1 / (1 + np.exp(-logits)) - y) / 32  # learning rate 1
        step *= min(1.0, spec.bound / 65536 / np.linalg.norm(step))
        # 0.0031 from the interpolation, 0.0005 from the argument's rounding; clipping costs ceil(sqrt(31)) units.
        tolerance = 0.0037 * np.abs(fx).mean(axis=0) * 1.1 + 8 / 65536
        error = np.abs(training.step(spec, w, x, y, rows) / 65536 - step)
        assert (error <= tolerance).all()


def test_training_with_the_mean_of_updates_separates_separable_data():
    rng = np.random.default_rng(3)
    spec = training.LogisticSpec(features=2, batch=32, eta=128, eta_shift=21, bound=65536)
    w = np.zeros(3, dtype=np.int64)
    for _ in range(40):
        updates = []
        for _ in range(3):
            x = rng.integers(-100, 101, (32, 2))
            y = (x[:, 0] - 2 * x[:, 1] > 10).astype(np.int64)
            updates.append(training.step(spec, w, x, y, 32))
        w = training.next_weights(spec, w, np.sum(updates, axis=0), 3)
    x = rng.integers(-100, 101, (2000, 2))
    guess = x @ w[:2] + 32 * w[2] > 0
    assert (guess == (x[:, 0] - 2 * x[:, 1] > 10)).mean() > 0.95


@given(
    weights=st.lists(st.integers(-(2**19), 2**19 - 1), min_size=3, max_size=3), survivors=st.integers(1, 50),
    data=st.data(),
)
def test_next_weights_are_the_oracles(reference, weights, survivors, data):
    spec = training.LogisticSpec(features=2, batch=2, eta=1, eta_shift=20, bound=5000)
    edge = survivors * 5000
    total = data.draw(st.lists(st.integers(-edge, edge), min_size=3, max_size=3))
    got = training.next_weights(spec, np.array(weights), np.array(total), survivors)
    assert got.dtype == np.int64
    assert got.tolist() == reference.next_weights(spec, weights, total, survivors)
    with pytest.raises(ParameterError, match="coordinate 1 of the sum"):
        training.next_weights(spec, np.array(weights), np.array([0, edge + 1, 0]), survivors)
