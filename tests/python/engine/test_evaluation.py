"""Evaluations: what is counted, what is proven, what is refused."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, UnprovableOption, WitnessInvalid
from pyzkfl.evaluation import EvaluationProver, EvaluationStatement
from pyzkfl.layers import AvgPool2d, Conv2d, Linear
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver

JOB = NetworkJob(widths=(6, 5, 3), batch=8, learning_rate=0.1)


def insecure(job: NetworkJob, batches: int = 1) -> EvaluationProver:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return EvaluationProver.insecure(job, batches)


class Case:
    """Weights, batches and a true statement that counts every correct row."""

    def __init__(self, prover: EvaluationProver, rows: tuple[int, ...], seed: int) -> None:
        rng = np.random.default_rng(seed)
        job = prover.job
        self.weights = rng.integers(-20000, 20000, job.dimension)
        self.batches = []
        for count in rows:
            x = rng.integers(-60, 60, (count, job.input_size))
            y = job.predict(self.weights, x)
            self.batches.append((x, np.where(rng.random(count) < 0.3, (y + 1) % job.outputs, y)))
        self.blinders = [random_blinder() for _ in rows]
        self.statement = EvaluationStatement(
            job,
            b"validation",
            prover.commit_weights(self.weights),
            tuple(prover.commit_batch(x, y, b) for (x, y), b in zip(self.batches, self.blinders, strict=True)),
            rows,
            max(1, prover.correct(self.weights, self.batches)),
        )

    def prove(self, prover: EvaluationProver, statement: EvaluationStatement | None = None) -> NetworkProof:
        return prover.prove(self.weights, self.batches, statement or self.statement, self.blinders)


@pytest.fixture(scope="module")
def prover() -> EvaluationProver:
    return insecure(JOB, 2)


@pytest.fixture(scope="module")
def case(prover) -> Case:
    return Case(prover, (8, 5), 1)


@pytest.fixture(scope="module")
def proof(prover, case) -> NetworkProof:
    return case.prove(prover)


def test_a_true_score_is_proven_and_so_is_a_lower_one(prover, case, proof) -> None:
    correct = sum(int(np.sum(JOB.predict(case.weights, x) == y)) for x, y in case.batches)
    assert 2 < case.statement.correct == correct < 13
    assert case.statement.accuracy == correct / 13
    prover.verify(case.statement, proof)
    assert len(proof.data) == 512
    lower = dataclasses.replace(case.statement, correct=correct - 2)
    prover.verify(lower, case.prove(prover, lower))


def test_a_higher_score_is_refused_by_the_prover_and_no_proof_serves_for_it(prover, case, proof) -> None:
    higher = dataclasses.replace(case.statement, correct=case.statement.correct + 1)
    with pytest.raises(WitnessInvalid, match="rows are labelled correctly"):
        case.prove(prover, higher)
    with pytest.raises(ProofInvalid):
        prover.verify(higher, proof)


def test_a_proof_is_for_its_statement_alone(prover, case, proof) -> None:
    other = Case(prover, (8, 5), 2)
    s = case.statement
    for change in (
        {"context": b"other"},
        {"correct": s.correct - 1},
        {"rows": (8, 4)},
        {"weights_commitment": other.statement.weights_commitment},
        {"data_commitments": other.statement.data_commitments},
        {"data_commitments": s.data_commitments[::-1]},
    ):
        with pytest.raises(ProofInvalid):
            prover.verify(dataclasses.replace(s, **change), proof)
    with pytest.raises(ParameterError, match="commitments"):
        other.prove(prover, dataclasses.replace(s, correct=1))


def test_in_bits_an_evaluation_counts_the_same_and_no_more() -> None:
    bits = insecure(dataclasses.replace(JOB, bitwise=True), 2)
    case = Case(bits, (8, 5), 1)
    proof = case.prove(bits)
    bits.verify(case.statement, proof)
    assert len(proof.data) == 512
    assert case.statement.correct == sum(int(np.sum(JOB.predict(case.weights, x) == y)) for x, y in case.batches)
    with pytest.raises(ProofInvalid):
        bits.verify(dataclasses.replace(case.statement, correct=case.statement.correct + 1), proof)


def test_ties_do_not_count(prover) -> None:
    x = np.zeros((3, 6), dtype=np.int64)
    zero = np.zeros(JOB.dimension, dtype=np.int64)  # every output is 0
    assert prover.correct(zero, [(x, np.zeros(3, dtype=np.int64))] * 2) == 0
    one = zero.copy()
    one[-3] = 1 << 16  # the bias of class 0
    assert prover.correct(one, [(x, np.array([0, 1, 0]))] * 2) == 4


@pytest.mark.filterwarnings("ignore:insecure keys")
def test_the_commitments_are_those_of_training(case) -> None:
    trainer = NetworkProver.insecure(JOB)
    # Of other powers of tau, here; over the same ones they are the same points.
    same = EvaluationProver.insecure(JOB, 2, over=trainer)
    batch, blinder = case.batches[0], case.blinders[0]
    assert same.commit_batch(*batch, blinder) == trainer.commit_batch(*batch, blinder)
    assert same.commit_weights(case.weights) == trainer.commit_weights(case.weights)


def test_an_image_network_is_evaluated() -> None:
    layers = (Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2), Linear(4))
    job = NetworkJob(layers=layers, input_shape=(1, 6, 6), batch=4, learning_rate=0.1)
    prover = insecure(job)
    case = Case(prover, (3,), 5)
    prover.verify(case.statement, case.prove(prover))


def test_what_makes_no_sense_is_refused_before_any_work(prover, case, proof) -> None:
    s = case.statement
    empty = {"rows": (), "data_commitments": ()}
    for change in ({"correct": 0}, {"correct": 14}, {"rows": (8, 9)}, {"rows": (8,)}, empty):
        with pytest.raises(ParameterError):
            dataclasses.replace(s, **change)
    with pytest.raises(ParameterError, match="twice"):  # the best batch, again and again
        dataclasses.replace(s, rows=(8, 8), data_commitments=(s.data_commitments[0],) * 2)
    one = EvaluationStatement(JOB, b"", s.weights_commitment, s.data_commitments[:1], (8,), 1)
    with pytest.raises(ParameterError, match="2 batches"):
        prover.verify(one, proof)
    with pytest.raises(DecodeError):
        prover.verify(s, NetworkProof(proof.data[:-1]))
    mse = NetworkJob(widths=(4, 2), batch=4, learning_rate=0.1, loss="mse")
    with pytest.raises(UnprovableOption, match="mean squared error"):
        EvaluationProver.insecure(mse)
    with pytest.raises(ParameterError, match="batches"):
        insecure(JOB, 0)
    with pytest.raises(ParameterError, match="label"):
        prover.correct(case.weights, [(np.zeros((1, 6), dtype=np.int64), np.array([3]))] * 2)
