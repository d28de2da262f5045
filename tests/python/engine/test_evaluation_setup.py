"""Setups of evaluations: over the powers of tau of a training job, so that one registered data set serves both, and on
powers of their own; by members who each contribute, the one who spoils it named."""

from __future__ import annotations

import dataclasses
import os
import warnings

import numpy as np
import pytest

from pyzkfl import _core, ceremony
from pyzkfl.ceremony import Ceremony
from pyzkfl.dataset import CommittedDataset
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.engine_setup import EvaluationTerms
from pyzkfl.errors import ParameterError, ProofInvalid, SetupInvalid, WitnessInvalid
from pyzkfl.evaluation import EvaluationProver, EvaluationStatement
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver
from pyzkfl.setup_files import SetupFiles

NETWORK = NetworkJob(widths=(2, 2), batch=4, learning_rate=0.5, bitwise=True)  # the least circuits that there are
MEMBERS = tuple(Member(f"m{i}", bytes([i]) * 32) for i in range(3))

deep = pytest.mark.skipif("PYZKFL_DEEP" not in os.environ, reason="only with PYZKFL_DEEP=1 (make test-deep)")


def training_terms() -> Job:
    return Job.model(NETWORK, name="flowers", members=MEMBERS, rounds=1)


class Registered:
    """A data set that a member registered for training, and a statement about the job's first weights on one batch."""

    def __init__(self, job: Job, keys: EngineKeys, prover: EvaluationProver) -> None:
        rng = np.random.default_rng(3)
        self.weights = job.initial_weights()
        x = rng.normal(size=(8, 2))
        predicted = NETWORK.predict(self.weights, job.quantise(x)[0])
        y = np.where(np.arange(8) % 4 == 0, 1 - predicted, predicted)
        self.data = CommittedDataset.commit(job, keys, x, y)
        # Batches are of rows in an order that nobody knows before: take one with a mistake in it (two of eight are).
        for index in range(2):
            features, labels, rows, self.blinder = self.data.batch(index)
            self.batch = (features[:rows], labels[:rows])
            correct = prover.correct(self.weights, [self.batch])
            if correct < rows:
                break
        registered = (self.data.public.batches[index].commitment,)
        self.other = self.data.public.batches[1 - index].commitment
        self.statement = EvaluationStatement(
            NETWORK, b"validation", keys.commit_weights(self.weights), registered, (rows,), correct
        )

    def prove(self, prover: EvaluationProver, statement: EvaluationStatement | None = None) -> NetworkProof:
        return prover.prove(self.weights, [self.batch], statement or self.statement, [self.blinder])


def check(prover: EvaluationProver, verifier: EvaluationProver, registered: Registered) -> None:
    """A proof for what training committed to holds, and says no more than the score."""
    proof = registered.prove(prover)
    statement = registered.statement
    verifier.verify(statement, proof)
    more = dataclasses.replace(statement, correct=statement.correct + 1)
    with pytest.raises(WitnessInvalid, match="labelled correctly"):
        registered.prove(prover, more)
    for change in ({"correct": more.correct}, {"data_commitments": (registered.other,)}, {"context": b"another"}):
        with pytest.raises(ProofInvalid):
            verifier.verify(dataclasses.replace(statement, **change), proof)


@pytest.fixture(scope="module")
def powers():
    """The end of a first phase with powers enough for columns, too few for a circuit: a group transform takes long."""
    context = training_terms().terms_digest
    state = _core.groth16.Phase1.initial(10, context)
    for member in MEMBERS[:1]:
        state, _ = state.contribute(member.name, context)
    return state


@pytest.fixture(scope="module")
def trained(powers) -> tuple[Job, EngineKeys]:
    """A job bound to keys with these powers; Groth16's are insecure."""
    terms, core = training_terms(), NETWORK.core
    constraints = core.constraint_system()
    proving = _core.groth16.insecure_setup(constraints)
    keys = EngineKeys.of_setup(terms, powers, proving, constraints, bytes(32))
    return keys.bind(terms), keys


def test_a_data_set_registered_for_training_is_evaluated_under_keys_over_the_same_powers(powers, trained) -> None:
    job, keys = trained
    terms = EvaluationTerms("validation", NETWORK, 1, MEMBERS, training=job)
    proving = _core.groth16.insecure_setup(terms.constraint_system())
    prover = terms.keys(powers, proving)
    check(prover, terms.keys(powers, proving), Registered(job, keys, prover))
    # An evaluation of more batches has higher columns than training: more of the same powers.
    many = EvaluationTerms("validation", NETWORK, 8, MEMBERS, training=job)
    assert many.column_log_height == 10 > NETWORK.core.log_height
    many.expect_powers(powers)


def test_powers_of_another_setup_are_refused_where_the_training_job_is_named(trained) -> None:
    job, _ = trained
    terms = EvaluationTerms("validation", NETWORK, 1, MEMBERS, training=job)
    other = _core.groth16.Phase1.initial(10, b"").contribute("m0", b"")[0]
    with pytest.raises(SetupInvalid, match="not those of job 'flowers'"):
        terms.keys(other, None)
    named = {terms.terms_digest, dataclasses.replace(terms, training=None).terms_digest}
    named.add(dataclasses.replace(terms, training=dataclasses.replace(job, setup=b"\1" * 32)).terms_digest)
    assert len(named) == 3
    with pytest.raises(ParameterError, match="no keys yet"):
        dataclasses.replace(terms, training=training_terms())
    with pytest.raises(ParameterError, match="another network"):
        dataclasses.replace(terms, network=dataclasses.replace(NETWORK, learning_rate=0.25))


def test_a_setup_over_training_powers_has_no_first_phase_of_its_own(trained) -> None:
    terms = EvaluationTerms("validation", NETWORK, 1, MEMBERS, training=trained[0])
    with pytest.raises(ParameterError, match="transcript of the setup whose powers these terms are over"):
        Ceremony(terms)
    with pytest.raises(SetupInvalid, match="none of its own"):
        ceremony.Stage(1, b"", []).verify(terms)
    # 256 batches in one proof take higher columns than the job's first phase has powers for: said before it is read.
    many = dataclasses.replace(terms, batches=256)
    with pytest.raises(ParameterError, match="fewer batches"):
        Ceremony(many, ceremony.Transcript(b"", [], b"", []))
    with pytest.raises(ParameterError, match="fewer batches"):
        ceremony.Stage(2, b"", [], b"", []).verify(many)


def test_insecure_evaluations_may_share_the_powers_of_insecure_training() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        terms = training_terms()
        keys = ceremony.insecure_keys(terms)
        prover = EvaluationProver.insecure(NETWORK, over=keys)
        check(prover, prover, Registered(keys.bind(terms), keys, prover))
        short = NetworkProver.insecure(NETWORK)
        with pytest.raises(ParameterError, match="log_height=10"):
            EvaluationProver.insecure(NETWORK, 8, over=short)
        trainer = NetworkProver.insecure(NETWORK, log_height=10)
        batch = np.array([[1, 2], [3, 4]]), np.array([0, 1])
        assert EvaluationProver.insecure(NETWORK, 8, over=trainer).commit_batch(
            *batch, bytes(32)
        ) == trainer.commit_batch(*batch, bytes(32))


def run_setup(run: Ceremony, terms, phases: tuple[int, ...]) -> ceremony.Transcript:
    """Each member verifies and contributes; the second one's first attempt of each phase is spoiled."""
    for phase in phases:
        run.begin(phase)
        for number, member in enumerate(terms.members):
            state, _ = run.stage.verify(terms)
            after, record = ceremony.contribute(terms, state, member.name)
            if number == 1:
                spoiled, _ = ceremony.contribute(terms, state, member.name)  # other secrets than the record shows
                for wrong in (spoiled, run.stage.state, after[:-1]):
                    with pytest.raises(SetupInvalid, match=f"'m1' to phase {phase}"):
                        run.accept(wrong, record)
            run.accept(after, record)
    return run.transcript()


@deep
def test_members_set_an_evaluation_up_on_powers_of_its_own(tmp_path) -> None:
    terms = EvaluationTerms("validation", NETWORK, 1, MEMBERS)
    transcript = run_setup(Ceremony(terms), terms, (1, 2))
    prover = transcript.verify(terms)
    bound = terms.bound(transcript.digest)
    SetupFiles(tmp_path).put(transcript)
    verifier = SetupFiles(tmp_path).keys(bound)
    rng = np.random.default_rng(5)
    weights = rng.integers(-20000, 20000, NETWORK.dimension)
    x = rng.integers(-60, 60, (4, 2))
    batch = x, NETWORK.predict(weights, x)
    committed = (prover.commit_batch(*batch, b"\7" + bytes(31)),)
    statement = EvaluationStatement(NETWORK, b"", prover.commit_weights(weights), committed, (4,), 4)
    proof = prover.prove(weights, [batch], statement, [b"\7" + bytes(31)])
    verifier.verify(statement, proof)
    with pytest.raises(ProofInvalid):
        verifier.verify(dataclasses.replace(statement, correct=3), proof)
    for cut in ({"records2": transcript.records2[:2]}, {"records1": transcript.records1[:2]}):
        with pytest.raises(SetupInvalid):
            dataclasses.replace(transcript, **cut).verify(terms)


@deep
def test_members_set_an_evaluation_up_over_the_powers_of_their_training(tmp_path) -> None:
    terms = training_terms()
    training = run_setup(Ceremony(terms), terms, (1, 2))
    keys = training.verify(terms)
    job = keys.bind(terms)
    over = EvaluationTerms("validation", NETWORK, 1, MEMBERS[:2], training=job)  # two of them contribute
    transcript = run_setup(Ceremony(over, training), over, (2,))
    assert transcript.phase1 == training.phase1
    prover = transcript.verify(over)
    SetupFiles(tmp_path).put(transcript)
    verifier = SetupFiles(tmp_path).keys(over.bound(transcript.digest))
    check(prover, verifier, Registered(job, keys, prover))
    # A first phase for the same terms that was run again is another one: commitments would not be the training's.
    again = Ceremony(terms)
    again.begin(1)
    for member in terms.members:
        again.accept(*ceremony.contribute(terms, again.stage.verify(terms)[0], member.name))
    false = dataclasses.replace(training, phase1=again.stage.state, records1=again.stage.records)
    with pytest.raises(SetupInvalid, match="not those of job"):
        Ceremony(over, false)
    with pytest.raises(SetupInvalid, match="not those of job"):
        dataclasses.replace(transcript, phase1=false.phase1, records1=false.records1).verify(over)
