"""A consortium that trains a network: statements, keys, sums and attacks as in jobs of the direct circuit."""

from __future__ import annotations

import dataclasses
import os
import warnings

import numpy as np
import pytest

from pyzkfl import _core, ceremony, encoding, proofs
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset, DatasetCommitment
from pyzkfl.errors import (
    AggregateInvalid,
    DecodeError,
    ParameterError,
    ProofInvalid,
    SetupInvalid,
    UnsupportedVersion,
    WitnessInvalid,
)
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob
from pyzkfl.proofs import EngineProof, Opening, Proof, Submission, Submissions, Witness
from pyzkfl.statement import Statement

NETWORK = NetworkJob(widths=(5, 4, 3), batch=8, learning_rate=0.5)


@pytest.fixture(scope="module")
def terms() -> Job:
    members = [Member(f"m{i}", _core.identity.IdentityKey.generate().public_bytes) for i in range(3)]
    return Job.model(NETWORK, name="flowers", members=members, rounds=2)


@pytest.fixture(scope="module")
def keys(terms):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ceremony.insecure_keys(terms)


@pytest.fixture(scope="module")
def job(terms, keys) -> Job:
    return keys.bind(terms)


class Party:
    def __init__(self, job, keys, name: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.data = CommittedDataset.commit(job, keys, rng.normal(size=(15, 5)), rng.integers(0, 3, 15))
        self.x, self.y, rows, self.batch_blinder = self.data.batch(1)
        self.weights = job.initial_weights()
        self.update = job.step(self.weights, self.x, self.y, rows)
        self.blinder = random_blinder()
        self.statement = Statement(
            job=job,
            round=0,
            client=name,
            beacon=bytes(32),
            dataset_root=self.data.public.root,
            batch=1,
            rows=rows,
            weights=self.weights,
            batch_commitment=self.data.public.batches[1].commitment,
            update_commitment=keys.commit_update(self.update, self.blinder),
        )
        self.witness = Witness(self.x, self.y, self.batch_blinder, self.blinder)
        self.proof = proofs.prove(self.statement, self.witness, keys)


@pytest.fixture(scope="module")
def parties(job, keys) -> list[Party]:
    return [Party(job, keys, f"m{i}", i) for i in range(3)]


def test_the_job_has_one_encoding_and_other_networks_other_digests(job: Job, terms: Job) -> None:
    assert Job.from_bytes(job.to_bytes()) == job and Job.from_bytes(terms.to_bytes()) == terms
    assert job.terms_digest == terms.digest != job.digest
    other = dataclasses.replace(NETWORK, learning_rate=0.25)
    assert Job.model(other, name="flowers", members=terms.members, rounds=2).digest != terms.digest
    body = terms.to_object()
    with pytest.raises(ParameterError, match="network"):
        dataclasses.replace(terms, eta=terms.eta + 1)
    network = body["network"]
    for change in ({"statement": "logistic-step"}, {"network": {"batch": 8}}, {"network": {**network, "batch": b""}}):
        with pytest.raises((DecodeError, UnsupportedVersion)):
            Job.from_bytes(encoding.encode(encoding.Kind.JOB, {**body, **change}))


def test_everybody_begins_with_the_same_weights_and_another_job_with_others(job: Job, terms: Job) -> None:
    first = terms.initial_weights()
    assert np.array_equal(first, job.initial_weights()) and len(np.unique(first)) > 20
    renamed = dataclasses.replace(terms, name="other flowers")
    assert not np.array_equal(first, renamed.initial_weights())


def test_a_round_is_proven_verified_and_its_sum_opened(job, keys, parties) -> None:
    total = sum(p.update for p in parties)
    blinder = sum(int.from_bytes(p.blinder, "little") for p in parties)
    r = 21888242871839275222246405745257275088548364400416034343698204186575808495617
    items = tuple(Submission(p.statement, p.proof) for p in parties)
    opening = Opening(total, (blinder % r).to_bytes(32, "little"))
    checked = proofs.aggregate(job, Submissions(items, opening, keys))
    limit = 1 << (NETWORK.w_bits - 1)
    mean = np.floor(total / 3 + 0.5).astype(int)
    assert np.array_equal(checked.weights, np.clip(parties[0].weights + mean, -limit, limit - 1))
    off_by_one = Opening(total + np.eye(1, len(total), dtype=np.int64)[0], opening.blinder)
    with pytest.raises(AggregateInvalid, match="does not open"):
        proofs.aggregate(job, Submissions(items, off_by_one, keys))


def test_a_proof_is_for_its_statement_alone(job, keys, parties) -> None:
    a, b = parties[:2]
    changed = [
        dataclasses.replace(a.statement, round=1),
        dataclasses.replace(a.statement, client="m1"),
        dataclasses.replace(a.statement, beacon=bytes(31) + b"\x01"),
        dataclasses.replace(a.statement, rows=a.statement.rows - 1),
        dataclasses.replace(a.statement, weights=a.weights + 1),
        dataclasses.replace(a.statement, batch_commitment=a.data.public.batches[0].commitment),
        dataclasses.replace(a.statement, update_commitment=b.statement.update_commitment),
    ]
    for statement in changed:
        with pytest.raises(ProofInvalid):
            proofs.verify(statement, a.proof, keys)
    with pytest.raises(ProofInvalid, match="m1"):
        proofs.verify_batch([(a.statement, a.proof), (b.statement, a.proof)], keys)


def test_in_a_batch_exactly_the_bad_proofs_are_found(keys, parties) -> None:
    a, b, c = ((p.statement, p.proof) for p in parties)
    no_opening = EngineProof(a[1].data[:-1] + bytes([a[1].data[-1] ^ 1]))  # another i1, which the public input covers
    swapped = (a[0], b[1])
    assert keys.failing([a, b, c]) == [] and keys.failing([c] * 7) == []
    for bad in ({0}, {4}, {1, 2}, {0, 3, 4}, set(range(5))):
        items = [
            swapped if i in bad and i % 2 else (a[0], no_opening) if i in bad else (a, b, c)[i % 3] for i in range(5)
        ]
        assert keys.failing(items) == sorted(bad)


def test_a_malformed_proof_is_named_beside_a_false_one_and_hides_no_other(keys, parties) -> None:
    a, b, c = ((p.statement, p.proof) for p in parties)
    swapped = (a[0], b[1])
    r = 21888242871839275222246405745257275088548364400416034343698204186575808495617
    data = b[1].data
    malformed = [
        bytes(512),  # no points
        data[:-1],  # cut
        data + b"\0",
        data[:352] + r.to_bytes(32, "big") + data[384:],  # a scalar that is not below r
        data[:128] + b"\x40" + bytes(31) + data[160:],  # a column's commitment at infinity
    ]
    for bytes_ in malformed:
        bad = (b[0], EngineProof(bytes_))
        assert keys.failing([a, bad, c]) == [1]
        assert keys.failing([bad, swapped, c, bad]) == [0, 1, 3]
        assert keys.failing([bad]) == [0]
        with pytest.raises(ProofInvalid, match="m1") as caught:
            proofs.verify_batch([a, bad, c], keys)
        assert caught.value.offenders == [1]
        with pytest.raises(DecodeError):
            proofs.verify(*bad, keys)
    no_point = dataclasses.replace(b[0], update_commitment=b"\xbf" + b"\xff" * 31)  # C(D) is the sender's too
    assert keys.failing([a, (no_point, b[1]), c]) == [1]


def test_two_false_openings_do_not_make_up_for_each_other(keys, parties) -> None:
    # Nothing but the opening sees W. Of one proof with W + P and W - P the errors cancel, but for weights of their own.
    statement, proof = parties[0].statement, parties[0].proof
    w, p = proof.data[320:352], proof.data[288:320]
    opposite = bytes([p[0] ^ 0x40]) + p[1:]
    sides = [
        EngineProof(proof.data[:320] + bytes(_core.curves.g1_sum_compressed([w, point])) + proof.data[352:])
        for point in (p, opposite)
    ]
    assert bytes(_core.curves.g1_sum_compressed([*(s.data[320:352] for s in sides)])) == bytes(
        _core.curves.g1_sum_compressed([w, w])
    )
    honest = (statement, proof)
    assert keys.failing([honest, *((statement, side) for side in sides), honest]) == [1, 2]


@pytest.mark.parametrize("forgery", ["scaled_update", "no_update", "swapped_labels", "reversed_update", "larger_rate"])
def test_a_false_step_through_the_real_prover_is_refused(keys, parties, forgery: str) -> None:
    party = parties[0]
    commitment, prove = keys.forge(party.statement, party.witness, forgery)
    assert commitment != party.statement.update_commitment
    statement = dataclasses.replace(party.statement, update_commitment=commitment)
    with pytest.raises(ProofInvalid):
        proofs.verify(statement, prove(statement), keys)


def test_an_honest_prover_refuses_a_false_statement(keys, parties) -> None:
    a = parties[0]
    other_update = dataclasses.replace(a.statement, update_commitment=keys.commit_update(a.update * 0, a.blinder))
    with pytest.raises(WitnessInvalid, match="update"):
        proofs.prove(other_update, a.witness, keys)
    x, y, _, blinder = a.data.batch(0)
    with pytest.raises(WitnessInvalid, match="batch"):
        proofs.prove(a.statement, Witness(x, y, blinder, a.blinder), keys)


def test_bytes_that_are_no_proof_and_batches_that_are_no_point_are_refused(job, keys, parties) -> None:
    data = parties[0].proof.to_bytes()
    assert proofs.read_proof(job, data) == parties[0].proof
    for bad in (data[:-1], data + b"\0", b"X" + data[1:], Proof(bytes(128), bytes(32)).to_bytes()):
        with pytest.raises((DecodeError, UnsupportedVersion)):
            proofs.read_proof(job, bad)
    with pytest.raises(UnsupportedVersion, match="version 1"):  # as releases before wrote it
        proofs.read_proof(job, encoding.frame(encoding.Kind.PROOF, parties[0].proof.data))
    before = job.to_object() | {"statement": "network-step"}
    with pytest.raises(UnsupportedVersion, match="version 1 of the engine's statement"):
        Job.from_bytes(encoding.encode(encoding.Kind.JOB, before))
    with pytest.raises(ParameterError):
        proofs.verify(parties[0].statement, Proof(bytes(128), bytes(32)), keys)
    broken = bytearray(parties[0].proof.data)
    broken[-1] ^= 1
    with pytest.raises((ProofInvalid, DecodeError)):
        proofs.verify(parties[0].statement, EngineProof(bytes(broken)), keys)
    public = parties[0].data.public
    DatasetCommitment.from_object(public.to_object()).verify(job, keys)
    with pytest.raises(DecodeError):
        DatasetCommitment.from_object([[8, b"\xff" * 32, b""]]).verify(job, keys)
    with pytest.raises(ProofInvalid, match="knowledge"):
        DatasetCommitment.from_object([[8, public.batches[0].commitment, bytes(32)]]).verify(job, keys)
    with pytest.raises(ProofInvalid, match="rows"):
        DatasetCommitment.from_object([[9, public.batches[0].commitment, b""]]).verify(job, keys)


@pytest.mark.skipif("PYZKFL_DEEP" not in os.environ, reason="only with PYZKFL_DEEP=1 (make test-deep)")
def test_members_set_a_network_up_together_and_a_spoiled_contribution_is_named(terms) -> None:
    run = ceremony.Ceremony(terms)
    for phase in (1, 2):
        run.begin(phase)
        for number, member in enumerate(terms.members):
            state, _ = run.stage.verify(terms)
            after, record = ceremony.contribute(terms, state, member.name)
            if number == 1:
                spoiled = bytearray(after)
                spoiled[200:232] = spoiled[264:296]
                with pytest.raises(SetupInvalid, match="'m1'"):
                    run.accept(bytes(spoiled), record)
            run.accept(after, record)
    transcript = run.transcript()
    keys = transcript.verify(terms)
    job = keys.bind(terms)
    party = Party(job, keys, "m2", 9)
    proofs.verify(party.statement, party.proof, keys)
    again = transcript.verify(terms)
    assert again.commitment_key.digest == job.commitment_key
    proofs.verify(party.statement, party.proof, again)
    # Keys of another setup are other keys.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = ceremony.insecure_keys(terms)
    with pytest.raises(ParameterError, match="not those of job"):
        proofs.verify(party.statement, party.proof, other)
    with pytest.raises(ParameterError, match="too few powers"):
        _core.engine.ColumnKey.from_phase1(_core.groth16.Phase1.from_bytes(transcript.phase1), 28)
