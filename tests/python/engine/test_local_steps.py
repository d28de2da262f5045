"""Jobs whose members make several local steps a round: from the beacon's batches to the opened sum."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from network_consortium import ROWS, Consortium, data_of

from pyzkfl import _core, encoding, messages, proofs
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset, DatasetCommitment, check_data
from pyzkfl.errors import DataError, ParameterError, ProofInvalid, RangeError, WitnessInvalid
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob
from pyzkfl.proofs import Witness
from pyzkfl.statement import Statement

STEPS = 2
NETWORK = NetworkJob(widths=(3, 2), batch=8, learning_rate=0.5, steps=STEPS)
SQUARED = NetworkJob(widths=(3, 2), batch=8, learning_rate=0.5, loss="mse")


@pytest.fixture(scope="module")
def steps() -> Consortium:
    return Consortium(NETWORK)


@pytest.fixture(scope="module")
def squared() -> Consortium:
    return Consortium(SQUARED)


@pytest.mark.parametrize("which", ["steps", "squared"])
def test_the_opened_sum_is_the_sum_of_what_each_members_batches_give(request, which: str) -> None:
    consortium: Consortium = request.getfixturevalue(which)
    c, job = consortium.coordinator, consortium.job
    round_, weights = len(c.reports), c.weights.copy()
    expected = 0
    for name in consortium.clients:
        batches = [(x[:rows], y[:rows]) for x, y, rows, _ in consortium.batches(name, round_)]
        assert len(batches) == job.steps
        expected = expected + job.network.train(weights, batches).update
    report = c.run_round(round_)
    assert report.aggregate is not None and report.refused == []
    np.testing.assert_array_equal(report.aggregate.total, expected)
    for client in consortium.clients.values():
        np.testing.assert_array_equal(client.weights, c.weights)
    assert np.any(c.weights != weights)


def test_masks_have_room_for_all_steps(steps: Consortium) -> None:
    # Each step may move one coordinate by the bound; with room for one step only, the sum would not lift uniquely.
    job, n = steps.job, len(steps.job.members)
    assert job.update_limit == STEPS * job.bound
    assert n * STEPS * job.bound < 1 << (messages.mask_config(job, 0).bits - 1)


class Proven:
    """What a member proves in round 0, made by hand."""

    def __init__(self, c: Consortium) -> None:
        job, name = c.job, "m0"
        self.batches = c.batches(name, 0)
        self.weights = job.initial_weights()
        update = job.update(self.weights, [(x, y, rows) for x, y, rows, _ in self.batches])
        self.blinder = random_blinder()
        self.statement: Statement = c.clients[name]._dataset.public.statement(
            job,
            round_=0,
            client=name,
            beacon=c.coordinator.beacon,
            weights=self.weights,
            update_commitment=c.keys.commit_update(update, self.blinder),
        )
        (x, y, _, blinder), *later = self.batches
        self.witness = Witness(x, y, blinder, self.blinder, tuple((x, y, b) for x, y, _, b in later))
        self.proof = proofs.prove(self.statement, self.witness, c.keys)


@pytest.fixture(scope="module")
def proven(steps: Consortium) -> Proven:
    return Proven(steps)


def test_every_steps_batch_is_part_of_the_statement(steps: Consortium, proven: Proven) -> None:
    s, keys = proven.statement, steps.keys
    proofs.verify(s, proven.proof, keys)
    assert len(s.batches) == STEPS and s.digest != dataclasses.replace(s, round=1).digest
    (second,) = s.later
    dataset = steps.clients["m0"]._dataset.public
    third = next(i for i in range(len(dataset.batches)) if i not in {b.number for b in s.batches})
    swapped = dataclasses.replace(
        s,
        batch=second.number,
        rows=second.rows,
        batch_commitment=second.commitment,
        later=((s.batch, s.rows, s.batch_commitment),),
    )
    for other in (
        swapped,
        dataclasses.replace(s, later=(second._replace(number=third),)),
        dataclasses.replace(s, later=(second._replace(rows=second.rows - 1),)),
        dataclasses.replace(s, later=(second._replace(commitment=dataset.batches[third].commitment),)),
    ):
        assert other.digest != s.digest
        with pytest.raises(ProofInvalid):
            proofs.verify(other, proven.proof, keys)
    for wrong in ((), (second, second), ((s.batch, second.rows, second.commitment),), (second._replace(rows=9),)):
        with pytest.raises(ParameterError):
            dataclasses.replace(s, later=wrong)


def test_steps_in_another_order_or_on_one_batch_twice_are_refused_by_the_prover(
    steps: Consortium, proven: Proven
) -> None:
    first, second = proven.witness.batches
    for x, y, blinder, later in ((*second, (first,)), (*first, (first,))):
        with pytest.raises(WitnessInvalid, match="a batch is not the one committed to"):
            proofs.prove(proven.statement, Witness(x, y, blinder, proven.blinder, later), steps.keys)
    with pytest.raises(ParameterError, match="2 batches, the witness 1"):
        proofs.prove(proven.statement, dataclasses.replace(proven.witness, later=()), steps.keys)
    other = dataclasses.replace(
        proven.statement,
        update_commitment=steps.keys.commit_update(0 * proven.weights, proven.blinder),
    )
    with pytest.raises(WitnessInvalid, match="the update"):
        proofs.prove(other, proven.witness, steps.keys)


def test_an_update_trained_on_one_batch_in_place_of_two_does_not_verify(steps: Consortium, proven: Proven) -> None:
    """A member that skips a step, and proves its own two steps on one batch: a true proof of another statement."""
    first = proven.witness.batches[0]
    doubled = dataclasses.replace(proven.witness, later=(first,))
    update = steps.job.update(proven.weights, [(*first[:2], proven.statement.rows)] * 2)
    commitment = steps.keys.commit_update(update, proven.blinder)
    honest = proven.statement
    claimed = dataclasses.replace(honest, update_commitment=commitment)
    # The first batch under the number of the second: a statement that nobody else builds.
    own = dataclasses.replace(claimed, later=((honest.later[0].number, honest.rows, honest.batch_commitment),))
    proof = proofs.prove(own, doubled, steps.keys)
    with pytest.raises(ProofInvalid):
        proofs.verify(claimed, proof, steps.keys)


def test_fewer_batches_than_steps_are_refused_at_both_ends(steps: Consortium) -> None:
    x, y = data_of(NETWORK, 7)
    with pytest.raises(DataError, match="8 rows are 1 batches, and a round of 2 steps"):
        check_data(steps.job, x[:8], y[:8])
    with pytest.raises(DataError, match="different ones"):
        CommittedDataset.commit(steps.job, steps.keys, x[:8], y[:8])
    one = DatasetCommitment(steps.clients["m0"]._dataset.public.batches[:1])
    with pytest.raises(ProofInvalid, match="1 batches registered"):
        one.verify(steps.job, steps.keys)


@pytest.mark.parametrize("network", [NETWORK, SQUARED], ids=["two steps", "squared error"])
def test_the_job_is_read_back_and_members_bring_what_its_loss_needs(network: NetworkJob) -> None:
    members = [Member(f"m{i}", bytes([i]) * 32) for i in range(3)]
    job = Job.model(network, name="x", members=members, rounds=1)
    assert Job.from_bytes(job.to_bytes()) == job
    assert encoding.decode(encoding.Kind.JOB, job.to_bytes())["network"]["steps"] == network.steps
    x, y = data_of(network, 1)
    features, labels, _ = check_data(job, x, y)
    assert len(features) == len(labels) == ROWS
    other = data_of(SQUARED if network is NETWORK else NETWORK, 1)[1]
    with pytest.raises(DataError):
        check_data(job, x, other)
    if network is SQUARED:
        far = y.copy()
        far[3, 1] = 1024.0
        with pytest.raises(RangeError, match="row 3, column 1") as caught:
            check_data(job, x, far)
        assert "1024" not in str(caught.value)
        with pytest.raises(ParameterError, match="accuracy is of labels"):
            job.accuracy(job.initial_weights(), x, y)
        assert job.predict(job.initial_weights(), x).shape == (ROWS, 2)
    assert _core.groth16.domain_log_n(job.constraint_system()) <= 17
