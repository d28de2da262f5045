"""Each forgery is refused by the check meant for it: with the check, refused; with that check removed, accepted.

A forger always runs the real prover. Where the check is a relation of the circuit, the mutant is a circuit (with keys
of its own) that lacks it; where it is something the verifier knows, the mutant takes it from the forger instead.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from consortium import make

from pyzkfl import _core, ceremony, proofs
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset
from pyzkfl.demo.attackers import prove_false
from pyzkfl.errors import ProofInvalid
from pyzkfl.proofs import Witness, prove, verify
from pyzkfl.statement import Statement, weights_digest

# What a training step is made of: without these relations an update has nothing to do with the data.
UPDATE_RELATIONS = ["update sum", "clip product", "clip remainder"]


@dataclasses.dataclass
class Scene:
    """A job with keys, one member's committed data, and the statement of an honest step in round 1."""

    job: object
    keys: object
    dataset: CommittedDataset
    statement: Statement
    witness: Witness
    update: np.ndarray


def scene(omit: list[str] | None = None) -> Scene:
    terms = make().job
    keys = ceremony.insecure_keys(terms, omit=omit or [])
    job = keys.bind(terms)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(8, job.features))
    dataset = CommittedDataset.commit(job, keys, x, (x[:, 0] > 0).astype(int))
    weights = np.array([3000, -2000, 500, 100], dtype=np.int64)
    bx, by, rows, blinder = dataset.batch(0)
    update = _core.training.step(job.spec, weights, bx, by, rows)
    witness = Witness(bx, by, blinder, random_blinder())
    statement = Statement(
        job=job,
        round=1,
        client="m0",
        beacon=bytes(range(32)),
        dataset_root=dataset.public.root,
        batch=0,
        rows=rows,
        weights=weights,
        batch_commitment=dataset.public.batches[0].commitment,
        update_commitment=keys.commit_update(update, witness.update_blinder),
    )
    return Scene(job, keys, dataset, statement, witness, update)


@pytest.fixture(scope="module")
def real() -> Scene:
    return scene()


@pytest.fixture(scope="module")
def without_update_relations() -> Scene:
    return scene(UPDATE_RELATIONS)


def claim(s: Scene, update: np.ndarray) -> tuple[Statement, object]:
    """A statement committing to `update`, and the best proof of it there is."""
    statement = dataclasses.replace(
        s.statement, update_commitment=s.keys.commit_update(update, s.witness.update_blinder)
    )
    return statement, prove_false(statement, s.witness, s.keys, update)


def test_an_honest_proof_is_accepted(real: Scene) -> None:
    verify(real.statement, prove(real.statement, real.witness, real.keys), real.keys)


@pytest.mark.parametrize("factor", [10, 0, -1], ids=["scaled by ten", "no training", "reversed"])
def test_another_update_is_refused_by_the_relations_of_the_step_alone(
    factor: int, real: Scene, without_update_relations: Scene
) -> None:
    for s, accepted in ((real, False), (without_update_relations, True)):
        statement, proof = claim(s, s.update // 16 * factor if factor == 10 else s.update * factor)
        if accepted:
            verify(statement, proof, s.keys)
        else:
            with pytest.raises(ProofInvalid):
                verify(statement, proof, s.keys)


def test_swapped_labels_are_refused_because_the_verifier_has_the_registered_commitment(real: Scene) -> None:
    swapped = dataclasses.replace(real.witness, y=np.where(np.arange(4) < real.statement.rows, 1 - real.witness.y, 0))
    update = _core.training.step(real.job.spec, real.statement.weights, swapped.x, swapped.y, real.statement.rows)
    forged = dataclasses.replace(
        real.statement, update_commitment=real.keys.commit_update(update, real.witness.update_blinder)
    )
    with pytest.raises(ProofInvalid):
        verify(forged, prove_false(forged, swapped, real.keys, update), real.keys)
    # The mutant takes C(X) from the forger.
    values = np.concatenate([swapped.x.ravel(), swapped.y])
    own = real.keys.proving.commit(0, values, swapped.batch_blinder)
    mutant = dataclasses.replace(forged, batch_commitment=own)
    verify(mutant, prove(mutant, swapped, real.keys), real.keys)


def test_a_batch_that_the_beacon_did_not_choose_is_refused_because_the_verifier_computes_the_index(real: Scene) -> None:
    x, y, rows, blinder = real.dataset.batch(1)
    update = _core.training.step(real.job.spec, real.statement.weights, x, y, rows)
    witness = Witness(x, y, blinder, real.witness.update_blinder)
    own = dataclasses.replace(
        real.statement,
        batch=1,
        rows=rows,
        batch_commitment=real.dataset.public.batches[1].commitment,
        update_commitment=real.keys.commit_update(update, witness.update_blinder),
    )
    proof = prove(own, witness, real.keys)
    expected = dataclasses.replace(real.statement, update_commitment=own.update_commitment)
    with pytest.raises(ProofInvalid):
        verify(expected, proof, real.keys)
    verify(own, proof, real.keys)  # the mutant takes the index from the forger


REPLAYS = {
    "last round's proof": {"round": 0},
    "another member's proof": {"client": "m1"},
    "a proof for another beacon": {"beacon": bytes(32)},
    "a proof for another dataset": {"dataset_root": bytes(32)},
}


@pytest.mark.parametrize("field", REPLAYS.values(), ids=REPLAYS)
def test_a_replayed_proof_is_refused_by_the_statement_digest_alone(field, real: Scene, monkeypatch) -> None:
    """Everything else (weights, batch, commitments) is equal, so nothing but the digest tells the two apart."""
    source = dataclasses.replace(real.statement, **field)
    proof = prove(source, real.witness, real.keys)
    with pytest.raises(ProofInvalid):
        verify(real.statement, proof, real.keys)
    fixed = source.digest
    monkeypatch.setattr(Statement, "digest", property(lambda self: fixed))  # the mutant leaves the digest out
    verify(real.statement, proof, real.keys)


def test_another_jobs_proof_is_refused_by_the_job_digest_in_the_statement(real: Scene, monkeypatch) -> None:
    other = dataclasses.replace(real.job, name="another job")
    source = dataclasses.replace(real.statement, job=other)
    proof = prove(source, real.witness, real.keys)
    with pytest.raises(ProofInvalid):
        verify(real.statement, proof, real.keys)
    digest = other.digest
    monkeypatch.setattr(type(other), "digest", property(lambda self: digest))
    verify(real.statement, proof, real.keys)


def test_a_proof_for_other_weights_is_refused_by_the_public_inputs(real: Scene, monkeypatch) -> None:
    weights = real.statement.weights + 1
    update = _core.training.step(real.job.spec, weights, real.witness.x, real.witness.y, real.statement.rows)
    source = dataclasses.replace(
        real.statement,
        weights=weights,
        update_commitment=real.keys.commit_update(update, real.witness.update_blinder),
    )
    proof = prove(source, real.witness, real.keys)
    expected = dataclasses.replace(real.statement, update_commitment=source.update_commitment)
    with pytest.raises(ProofInvalid):
        verify(expected, proof, real.keys)
    inputs = source.public_inputs()
    monkeypatch.setattr(Statement, "public_inputs", lambda self: inputs)
    verify(expected, proof, real.keys)
    assert weights_digest(weights) != weights_digest(real.statement.weights)


def test_the_commitment_of_another_update_is_refused_by_its_place_in_the_pairing_and_by_its_knowledge(
    real: Scene,
) -> None:
    proof = prove(real.statement, real.witness, real.keys)
    other = real.keys.commit_update(real.update + 1, real.witness.update_blinder)
    with pytest.raises(ProofInvalid):
        verify(dataclasses.replace(real.statement, update_commitment=other), proof, real.keys)


def test_a_batch_verification_names_every_bad_proof_and_no_good_one(real: Scene) -> None:
    good = prove(real.statement, real.witness, real.keys)
    statement, bad = claim(real, real.update * 0)
    items = [(real.statement, good), (statement, bad), (real.statement, good), (statement, bad)]
    with pytest.raises(ProofInvalid) as caught:
        proofs.verify_batch(items, real.keys)
    assert caught.value.offenders == [1, 3]
    for part in ({"groth16": bytes(128)}, {"knowledge": b"\xbf" + b"\xff" * 31}):  # no points: one more that fails
        items[2] = real.statement, dataclasses.replace(good, **part)
        with pytest.raises(ProofInvalid) as caught:
            proofs.verify_batch(items, real.keys)
        assert caught.value.offenders == [1, 2, 3]
