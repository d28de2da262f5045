"""_core.training as Python sees it: specs, shapes and types, witnesses, forgeries."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

training = _core.training
SMALL = {"features": 4, "batch": 5, "x_bits": 4, "x_frac": 2, "w_bits": 12, "w_frac": 10, "eta": 3, "eta_shift": 21,
         "bound": 31}
FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617


@pytest.fixture
def spec():
    return training.LogisticSpec(**SMALL)


@pytest.fixture
def inputs():
    rng = np.random.default_rng(4)
    x, y = rng.integers(-8, 8, (5, 4)), np.array([1, 0, 1, 1, 0])
    x[4] = 0
    return np.array([40, -30, 500, 700, 10]), x, y, 4


def witness_of(spec, inputs, make=None, **options):
    return (make or training.witness)(spec, bytes(range(32)), *inputs, bytes([7] + 31 * [0]), bytes([9] + 31 * [0]),
                                      **options)


def test_a_spec_is_a_value(spec):
    assert spec == training.LogisticSpec(**SMALL)
    assert hash(spec) == hash(training.LogisticSpec(**SMALL))
    assert spec != training.LogisticSpec(**{**SMALL, "bound": 32})
    assert eval(repr(spec), {"LogisticSpec": training.LogisticSpec}) == spec
    assert (spec.dimension, spec.clip_target, spec.max_abs_update) == (5, 28, 31)
    assert {name: getattr(spec, name) for name in SMALL} == SMALL
    with pytest.raises(AttributeError):
        spec.bound = 5


def test_the_demos_circuit_fits_two_to_the_fourteen():
    spec = training.LogisticSpec(features=30, batch=32, eta=128, eta_shift=21, bound=65536)
    counts = spec.constraint_counts()
    assert sum(counts.values()) == spec.num_constraints == 13186
    assert set(training.relations()) < set(counts)
    assert training.constraint_system(spec).num_constraints == 13186


@pytest.mark.parametrize(("name", "value", "message"), [
    ("features", 0, "features must be between"),
    ("batch", 10**30, "batch does not fit 64 bits"),
    ("bound", 3, "bound must be larger than"),
    ("eta_shift", 1, "squared norm"),
    ("w_frac", 5, "w_frac"),
])
def test_a_spec_whose_bounds_do_not_hold_is_refused_by_name(name, value, message):
    changed = {**SMALL, name: value}
    if name == "eta_shift":
        changed |= {"eta": 2**32, "w_bits": 20}
    with pytest.raises(ParameterError, match=message):
        training.LogisticSpec(**changed)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_integers_of_any_width_and_order_in_memory_give_the_same_step(spec, inputs, dtype):
    w, x, y, rows = inputs
    expected = training.step(spec, w, x, y, rows)
    assert expected.dtype == np.int64 and expected.shape == (5,)
    np.testing.assert_array_equal(training.step(spec, w, x.astype(dtype), y.astype(dtype), rows), expected)
    np.testing.assert_array_equal(training.step(spec, w, np.asfortranarray(x), y[::-1][::-1], rows), expected)
    np.testing.assert_array_equal(training.step(spec, w.tolist(), x.tolist(), y.astype(bool), rows), expected)


@pytest.mark.parametrize(("position", "change", "message"), [
    (0, lambda w: w[:4], r"weights must have shape \(5,\), got \(4,\)"),
    (1, lambda x: x.T, r"features must have shape \(5, 4\), got \(4, 5\)"),
    (1, lambda x: x.ravel(), r"features must have shape \(5, 4\), got \(20,\)"),
    (1, lambda x: x.astype(float), "features must be signed integers of at most 64 bits, got dtype float64"),
    (1, lambda x: x.astype(np.uint64), "dtype uint64"),
    (1, lambda x: x.astype(object), "dtype object"),
    (1, lambda x: x + 8, "row . has a feature that is not a signed integer of 4 bits"),
    (2, lambda y: y + 1, "row . has a label that is neither 0 nor 1"),
    (2, lambda y: np.array([0, 0, 0, 0, 1]), "row 4 is padding"),
    (2, lambda y: y.astype(np.float32), "labels must be signed integers"),
    (0, lambda w: w * 100, "weight . is not a signed integer of 12 bits"),
    (3, lambda rows: 0, "rows must be between 1 and 5, got 0"),
    (3, lambda rows: 6, "rows must be between 1 and 5, got 6"),
    (3, lambda rows: 2**70, "rows does not fit 64 bits"),
])
def test_wrong_shapes_types_and_ranges_are_refused(spec, inputs, position, change, message):
    bad = list(inputs)
    bad[position] = change(bad[position])
    with pytest.raises(ParameterError, match=message):
        training.step(spec, *bad)
    with pytest.raises(ParameterError, match=message):
        witness_of(spec, bad)


def test_a_witness_shows_nothing_and_cannot_be_copied(spec, inputs):
    witness = witness_of(spec, inputs)
    assert repr(witness) == f"<Witness of {len(witness)} wires, private>"
    assert witness != witness_of(spec, inputs)
    for refuse in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="private data"):
            refuse(witness)


def test_an_honest_witness_satisfies_every_relation(spec, inputs):
    assert training.violated(spec, witness_of(spec, inputs)) is None


def test_blinders_and_context_are_checked(spec, inputs):
    with pytest.raises(DecodeError):
        training.witness(spec, bytes(32), *inputs, FR.to_bytes(32, "little"), bytes(32))
    with pytest.raises(ParameterError, match="blind_d must have 32 bytes, got 31"):
        training.witness(spec, bytes(32), *inputs, bytes(32), bytes(31))
    with pytest.raises(ParameterError, match="ctx must have 32 bytes, got 33"):
        training.witness(spec, bytes(33), *inputs, bytes(32), bytes(32))


def test_every_forgery_is_refused_by_the_relation_meant_for_it_and_passes_without_it(spec):
    rng = np.random.default_rng(5)
    for name, (relation, what) in training.forgeries().items():
        assert what
        for attempt in range(300):
            x, y = rng.integers(-8, 8, (5, 4)), rng.integers(0, 2, 5)
            x[4], y[4] = 0, 0
            w = rng.choice([-2048, 2047], 5) if attempt % 3 == 0 else rng.integers(-50, 50, 5)
            honest = training.trace(spec, w, x, y, 4)
            clips = honest["divisor"] != spec.clip_target
            if relation in ("norm square", "root square", "root rest", "clip difference", "clip maximum") and not (
                clips and np.abs(honest["raw"]).max() < spec.clip_target
            ):
                continue  # what escapes clipping must still be in range
            try:
                forged = witness_of(spec, (w, x, y, 4), training.tampered_witness, forgery=name)
            except ParameterError:
                continue
            assert training.violated(spec, forged) == relation, name
            assert training.violated(spec, forged, omit=[relation]) is None, name
            break
        else:
            pytest.fail(f"no occasion for {name}")


@pytest.mark.parametrize("factor", [10, 0, -1])
def test_a_claimed_update_other_than_the_step_is_refused_by_the_remainder_of_the_clipping(spec, inputs, factor):
    update = training.step(spec, *inputs)
    update = np.where(np.abs(update) <= 2, update * factor, update + 1)  # stay in the range of updates
    forged = witness_of(spec, inputs, training.tampered_witness, update=update)
    assert training.violated(spec, forged) == "clip remainder"
    assert training.violated(spec, forged, omit=["clip remainder"]) is None


def test_a_claimed_update_beyond_its_range_needs_two_relations_to_be_gone(spec, inputs):
    forged = witness_of(spec, inputs, training.tampered_witness, update=np.full(5, 1000))
    assert training.violated(spec, forged) == "clip remainder"
    assert training.violated(spec, forged, omit=["clip remainder"]) == "update range"
    assert training.violated(spec, forged, omit=["clip remainder", "update range"]) is None


def test_swapped_labels_in_the_data_satisfy_the_circuit_because_only_the_commitment_tells_them_apart(spec, inputs):
    w, x, y, rows = inputs
    swapped = np.where(np.arange(5) < rows, 1 - y, 0)
    assert training.violated(spec, witness_of(spec, (w, x, swapped, rows))) is None


def test_unknown_names_are_refused(spec, inputs):
    with pytest.raises(ParameterError, match="no relation is called 'nothing'"):
        training.constraint_system(spec, omit=["nothing"])
    with pytest.raises(ParameterError, match="no forgery is called 'nothing'"):
        witness_of(spec, inputs, training.tampered_witness, forgery="nothing")
    with pytest.raises(ParameterError, match="either update or forgery"):
        witness_of(spec, inputs, training.tampered_witness)


def test_a_circuit_without_a_relation_has_the_same_wires_and_another_digest(spec):
    whole = training.constraint_system(spec)
    for relation in training.relations():
        without = training.constraint_system(spec, omit=[relation])
        assert without.num_wires == whole.num_wires
        assert whole.num_constraints - without.num_constraints == spec.constraint_counts()[relation] > 0
        assert without.digest != whole.digest
