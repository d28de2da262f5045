"""What cannot be meant is refused with an error of its own class, before anything is done."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from consortium import make, rows_of

from pyzkfl import IdentityKey, Job, Member, _core, ceremony
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset, DatasetCommitment
from pyzkfl.errors import (
    DataError,
    DecodeError,
    NotEnoughClients,
    ParameterError,
    ProofInvalid,
    PyzkflError,
    RangeError,
    UnsupportedVersion,
    WitnessInvalid,
)
from pyzkfl.proofs import Opening, Proof, Submission, Submissions, Witness, aggregate, prove, verify
from pyzkfl.statement import Statement

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583


def members(count: int) -> list[Member]:
    return [Member(f"m{i}", IdentityKey.generate().public_bytes) for i in range(count)]


def logistic(**changes) -> Job:
    return Job.logistic(**{"name": "j", "features": 3, "batch": 4, "members": members(5), "rounds": 2, **changes})


@pytest.fixture(scope="module")
def proven():
    """(statement, witness, proof, keys) of an honest step."""
    terms = make().job
    with pytest.warns(ceremony.InsecureSetupWarning):
        keys = ceremony.insecure_keys(terms)
    job = keys.bind(terms)
    dataset = CommittedDataset.commit(job, keys, *rows_of(1, 4))
    x, y, rows, blinder = dataset.batch(0)
    update = _core.training.step(job.spec, job.initial_weights(), x, y, rows)
    witness = Witness(x, y, blinder, random_blinder())
    statement = Statement(
        job=job,
        round=0,
        client="m0",
        beacon=bytes(32),
        dataset_root=dataset.public.root,
        batch=0,
        rows=rows,
        weights=job.initial_weights(),
        batch_commitment=dataset.public.batches[0].commitment,
        update_commitment=keys.commit_update(update, witness.update_blinder),
    )
    return statement, witness, prove(statement, witness, keys), keys


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": members(2)}, "at least 3 members"),
        ({"threshold": 6}, "not above all of them"),
        ({"threshold": 2}, "above half"),
        ({"name": ""}, "name"),
        ({"name": "\x1b[31m"}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"features": 0}, "features"),
        ({"features": 2.5}, "features"),
        ({"batch": 0}, "batch"),
        ({"rounds": 0}, "rounds"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"max_norm": float("inf")}, "max_norm"),
        ({"max_norm": 1e-9}, "bound"),
        ({"center": [0.0]}, "center"),
        ({"scale": [1.0, 0.0, 1.0]}, "scale"),
        ({"members": [Member("m", bytes([i]) * 32) for i in range(4)]}, "different names"),
    ],
)
def test_a_job_whose_numbers_do_not_fit_names_the_one_that_does_not(changes, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        logistic(**changes)


@pytest.mark.parametrize(
    ("x", "y", "kind", "words"),
    [
        (np.zeros((0, 3)), np.zeros(0), DataError, "empty"),
        (np.zeros((4, 2)), np.zeros(4), DataError, "shape"),
        (np.zeros(3), np.zeros(3), DataError, "shape"),
        (np.array([[0, np.nan, 0]]), np.zeros(1), DataError, "row 0, column 1"),
        (np.array([[0, 0, np.inf]]), np.zeros(1), DataError, "NaN or infinity"),
        (np.zeros((2, 3), dtype=complex), np.zeros(2), DataError, "real"),
        (np.array([["a", "b", "c"]]), np.zeros(1), DataError, "dtype"),
        (np.zeros((2, 3)), np.zeros(3), DataError, "labels"),
        (np.zeros((2, 3)), np.array([0, 2]), DataError, "0 or 1"),
        (np.zeros((2, 3)), np.array([0.5, 1]), DataError, "0 or 1"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(x, y, kind, words: str, proven) -> None:
    statement, _, _, keys = proven
    with pytest.raises(kind, match=words):
        CommittedDataset.commit(statement.job, keys, x, y)


def test_a_feature_out_of_the_fixed_point_range_is_refused_or_clipped_and_counted_as_the_job_says() -> None:
    x = np.array([[0.0, 1e6, -1e6]])
    with pytest.raises(RangeError, match="row 0, column 1"):
        logistic(clip_features=False).quantise(x)
    integers, clipped = logistic(clip_features=True).quantise(x)
    assert clipped == 2 and integers.tolist() == [[0, 127, -128]]


def test_a_member_with_untrainable_data_says_so_before_the_setup() -> None:
    c = make()
    c.clients["m1"]._x = np.full((4, 3), np.nan)
    with pytest.raises(PyzkflError, match="m1 refused: DataError"):
        c.coordinator.run_setup()


@pytest.mark.parametrize("cut", [0, 1, 6, 7, 100, 166])
def test_a_truncated_proof_is_a_decode_error(cut: int, proven) -> None:
    with pytest.raises(DecodeError):
        Proof.from_bytes(proven[2].to_bytes()[:cut])


def test_trailing_bytes_and_foreign_headers_are_refused(proven) -> None:
    data = proven[2].to_bytes()
    assert Proof.from_bytes(data) == proven[2]
    with pytest.raises(DecodeError):
        Proof.from_bytes(data + b"\0")
    with pytest.raises(UnsupportedVersion):
        Proof.from_bytes(data[:4] + b"\x02" + data[5:])
    with pytest.raises(UnsupportedVersion):
        Proof.from_bytes(data[:6] + b"\x09" + data[7:])
    with pytest.raises(DecodeError):
        Proof.from_bytes(data[:5] + b"\x01" + data[6:])


def test_points_off_the_curve_with_large_coordinates_or_at_infinity_are_decode_errors(proven) -> None:
    statement, _, proof, keys = proven
    for a in (b"\xbf" + b"\xff" * 31, (P | 2 << 254).to_bytes(32, "big"), b"\x40" + bytes(31), bytes(32)):
        with pytest.raises(DecodeError):
            verify(statement, dataclasses.replace(proof, groth16=a + proof.groth16[32:]), keys)
        with pytest.raises(DecodeError):
            verify(statement, dataclasses.replace(proof, knowledge=a), keys)


def test_a_point_of_the_twist_outside_the_subgroup_is_refused(proven) -> None:
    """x = i for small i: half of them are on the twist, and hardly any of those in G2."""
    statement, _, proof, keys = proven
    refused_for_subgroup = 0
    for i in range(1, 12):
        b = ((i) | 2 << 254).to_bytes(32, "big") + (1).to_bytes(32, "big")
        with pytest.raises(DecodeError) as caught:
            verify(statement, dataclasses.replace(proof, groth16=proof.groth16[:32] + b + proof.groth16[96:]), keys)
        refused_for_subgroup += "subgroup" in str(caught.value) or "G2" in str(caught.value)
    assert refused_for_subgroup >= 1


def test_scalars_not_below_r_are_refused(proven) -> None:
    statement, _, proof, keys = proven
    inputs = statement.public_inputs()
    commitments = [(statement.batch_commitment, None), (statement.update_commitment, proof.knowledge)]
    good = (inputs, commitments, proof.groth16)
    assert _core.groth16.verify_batch(keys.verifying, [good]) == []
    with pytest.raises(DecodeError):
        _core.groth16.verify_batch(keys.verifying, [([inputs[0] + R, *inputs[1:]], commitments, proof.groth16)])
    with pytest.raises(DecodeError):
        keys.commit_update(np.zeros(4, dtype=np.int64), R.to_bytes(32, "little"))


@pytest.mark.parametrize("field", ["batch_commitment", "update_commitment", "beacon", "dataset_root"])
def test_a_changed_statement_is_refused(field: str, proven) -> None:
    statement, _, proof, keys = proven
    other = keys.commit_update(np.ones(4, dtype=np.int64), random_blinder())
    with pytest.raises(ProofInvalid):
        verify(dataclasses.replace(statement, **{field: other}), proof, keys)


def test_an_honest_prover_does_not_prove_a_false_statement(proven) -> None:
    statement, witness, _, keys = proven
    flipped = dataclasses.replace(witness, y=1 - witness.y)
    with pytest.raises(WitnessInvalid, match="not the one committed"):
        prove(statement, flipped, keys)


def test_keys_of_another_job_are_refused(proven) -> None:
    statement, _, proof, _ = proven
    with pytest.warns(ceremony.InsecureSetupWarning):
        other = ceremony.insecure_keys(make().job)
    with pytest.raises(ParameterError, match="not those of job"):
        verify(statement, proof, other)


def test_weights_out_of_range_or_of_another_shape_are_refused(proven) -> None:
    statement = proven[0]
    with pytest.raises(RangeError):
        dataclasses.replace(statement, weights=np.full(4, 1 << 30))
    with pytest.raises(ParameterError):
        dataclasses.replace(statement, weights=np.zeros(5, dtype=np.int64))


def test_a_sum_of_fewer_than_the_threshold_or_with_a_member_twice_is_refused(proven) -> None:
    statement, _, proof, keys = proven
    opening = Opening(np.zeros(4, dtype=np.int64), bytes(32))
    one = Submission(statement, proof)
    with pytest.raises(NotEnoughClients):
        aggregate(statement.job, Submissions((one, one), opening, keys))
    with pytest.raises(PyzkflError, match="twice"):
        aggregate(statement.job, Submissions((one, one, one), opening, keys))


def test_a_registration_with_a_point_that_nobody_can_open_is_refused(proven) -> None:
    statement, _, _, keys = proven
    dataset = CommittedDataset.commit(statement.job, keys, *rows_of(3, 4))
    good = dataset.public.batches[0]
    good_public = DatasetCommitment((good,))
    good_public.verify(statement.job, keys)
    for bad in (
        dataclasses.replace(good, commitment=statement.update_commitment),
        dataclasses.replace(good, knowledge=good.commitment),
        dataclasses.replace(good, rows=5),
        dataclasses.replace(good, rows=0),
    ):
        with pytest.raises(ProofInvalid):
            DatasetCommitment((bad,)).verify(statement.job, keys)
    with pytest.raises(ProofInvalid, match="registered twice"):  # the beacon would have no choice
        DatasetCommitment((good, good)).verify(statement.job, keys)


def test_a_job_survives_its_encoding_and_nothing_else_decodes_to_one() -> None:
    job = logistic(center=[0.5, -1.0, 2.0], scale=[1.0, 2.0, 0.1])
    data = job.to_bytes()
    assert Job.from_bytes(data) == job and Job.from_bytes(data).digest == job.digest
    for broken in (data[:-1], data + b"\0", data[:10], b"", data.replace(b"logistic-step", b"logistic-stop")):
        with pytest.raises(PyzkflError):
            Job.from_bytes(broken)
