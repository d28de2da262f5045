"""Every forgery, proven with the real prover: refused under the real keys, accepted under keys of a circuit that lacks
the relation meant for it."""

from __future__ import annotations

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.errors import ParameterError, WitnessInvalid

training, groth16 = _core.training, _core.groth16
CTX, BLIND_X, BLIND_D = bytes(range(32)), bytes([7] + 31 * [0]), bytes([9] + 31 * [0])
CLIPPING = ("norm square", "root square", "root rest", "clip difference", "clip maximum")


@pytest.fixture(scope="module")
def spec():
    return training.LogisticSpec(
        features=4, batch=5, x_bits=4, x_frac=2, w_bits=12, w_frac=10, eta=3, eta_shift=21, bound=31
    )


@pytest.fixture(scope="module")
def real(spec):
    constraints = training.constraint_system(spec)
    return constraints, groth16.insecure_setup(constraints)


def occasion(spec, name, relation):
    """Weights and a forged witness, from the first random batch that gives the forger what it needs."""
    rng = np.random.default_rng(6)
    for attempt in range(1000):
        x, y = rng.integers(-8, 8, (5, 4)), rng.integers(0, 2, 5)
        x[4], y[4] = 0, 0
        w = rng.choice([-2048, 2047], 5) if attempt % 3 == 0 else rng.integers(-50, 50, 5)
        honest = training.trace(spec, w, x, y, 4)
        escapes = honest["divisor"] != spec.clip_target and np.abs(honest["raw"]).max() < spec.clip_target
        if relation in CLIPPING and not escapes:
            continue
        try:
            return w, training.tampered_witness(spec, CTX, w, x, y, 4, BLIND_X, BLIND_D, forgery=name)
        except ParameterError:
            continue
    raise AssertionError(f"no occasion for {name}")


def accepted(keys, weights, witness):
    """Whether the verifier takes a proof of this witness, made without any look at it."""
    constraints, key = keys
    public = [int.from_bytes(CTX[:16], "big"), int.from_bytes(CTX[16:], "big"), 4, *map(int, weights)]
    proof, knowledge = groth16.prove_unverified(key, constraints, witness)
    points = [groth16.commitment(key, constraints, witness, group) for group in (0, 1)]
    assert groth16.verify_commitment(key.verifying_key, 0, points[0], knowledge[0])
    bad = groth16.verify_batch(key.verifying_key, [(public, [(points[0], None), (points[1], knowledge[1])], proof)])
    assert bad in ([], [0])
    return bad == []


@pytest.mark.parametrize("name", training.forgeries())
def test_a_proven_forgery_is_refused_by_its_relation_alone(spec, real, name):
    relation, _ = training.forgeries()[name]
    weights, witness = occasion(spec, name, relation)
    assert not accepted(real, weights, witness)
    with pytest.raises(WitnessInvalid, match=relation):
        groth16.prove(real[1], real[0], witness)
    mutant = training.constraint_system(spec, omit=[relation])
    if relation == "feature range":
        # Without it features stand in packed sums only, and the commitment would not bind: the setup sees it.
        with pytest.raises(ParameterError, match="alone"):
            groth16.insecure_setup(mutant)
        return
    assert accepted((mutant, groth16.insecure_setup(mutant)), weights, witness)


def test_an_honest_proof_is_accepted(spec, real):
    x, y, w = np.ones((5, 4), dtype=int), np.array([0, 1, 0, 1, 0]), np.array([9, -5, 3, 1, 0])
    x[4] = 0
    witness = training.witness(spec, CTX, w, x, y, 4, BLIND_X, BLIND_D)
    assert accepted(real, w, witness)
    assert not accepted(real, w + 1, witness)
