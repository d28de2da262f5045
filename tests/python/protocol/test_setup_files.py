"""Setups kept in files: a second run begins at once, and no file is trusted."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
from consortium import make

from pyzkfl import Client, Coordinator, InProcessChannel, _core, ceremony, encoding
from pyzkfl.blinders import random_blinder
from pyzkfl.engine_setup import EvaluationTerms, NormTerms
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, ProtocolError, SetupInvalid, SystemFailure
from pyzkfl.job import Member
from pyzkfl.network import NetworkJob
from pyzkfl.setup_files import SetupFiles, read_setup, write_setup


def finished(terms) -> ceremony.Transcript:
    run = ceremony.Ceremony(terms)
    for phase in (1, 2):
        run.begin(phase)
        for member in terms.members:
            state, _ = run.stage.verify(terms)
            run.accept(*ceremony.contribute(terms, state, member.name))
    return run.transcript()


@pytest.fixture(scope="module")
def first():
    """A consortium whose terms have been set up."""
    c = make(members=3, rounds=2, rows=(8, 4, 6))
    transcript = finished(c.job)
    return c, transcript, transcript.verify(c.job).bind(c.job)


def test_a_second_run_of_a_job_goes_on_from_the_file_with_the_same_keys(first, tmp_path) -> None:
    c, transcript, job = first
    files = SetupFiles(tmp_path)
    assert files.keys(job) is None
    path = files.put(transcript)
    assert path == tmp_path / f"{job.setup.hex()}.setup" and path.stat().st_mode & 0o077 == 0
    keys = files.keys(job)
    assert keys is not None and keys.bind(c.job) == job
    members = list(c.job.members)
    clients = {}
    for name, old in c.clients.items():
        coordinator = c.coordinator_key.public_bytes
        fresh = Client(name, c.identities[name], old._x, old._y, members=members, coordinator=coordinator)
        fresh.use_setup(job, files.keys(job))
        clients[name] = fresh
    channel = InProcessChannel((clients[name], c.identities[name]) for name in clients)
    second = Coordinator(job, c.coordinator_key, channel)
    second.use_setup(keys)
    second.run_registration()
    assert second.run_round(0).aggregate is not None
    assert all(np.array_equal(client.weights, second.weights) for client in clients.values())
    with pytest.raises(ProtocolError, match="has begun"):
        clients["m0"].use_setup(job, keys)
    other = dataclasses.replace(job, commitment_key=bytes(32))
    with pytest.raises(ParameterError, match="not those of job"):
        Coordinator(other, c.coordinator_key, channel).use_setup(keys)


def test_members_and_coordinator_keep_the_setup_that_they_verified(tmp_path) -> None:
    c = make(members=3)
    client = c.clients["m1"]
    c.coordinator._setups, client._setups = SetupFiles(tmp_path / "coordinator"), SetupFiles(tmp_path / "m1")
    c.coordinator.run_setup()
    job = c.coordinator.job
    assert client.job == job
    for files in (c.coordinator._setups, client._setups):
        assert [p.name for p in files.folder.iterdir()] == [f"{job.setup.hex()}.setup"]
        assert files.keys(job).bind(c.job) == job


def test_a_file_that_was_cut_changed_or_is_of_another_setup_is_refused(first, tmp_path) -> None:
    c, transcript, job = first
    path = SetupFiles(tmp_path).put(transcript)
    data = path.read_bytes()
    for cut in (0, 6, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(DecodeError):
            SetupFiles(tmp_path).keys(job)
    for at in (len(data) // 3, len(data) - 5):  # in a state, in a record
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(SetupInvalid, match="is not the setup"):
            SetupFiles(tmp_path).keys(job)
    path.write_bytes(encoding.encode(encoding.Kind.SETUP, {**transcript.to_object(), "records1": [1]}))
    with pytest.raises(DecodeError, match="byte strings"):
        SetupFiles(tmp_path).keys(job)
    # A true setup, of somebody else's contributions: named as ours, it is still not ours.
    again = finished(c.job)
    write_setup(path, again)
    with pytest.raises(SetupInvalid, match="is not the setup"):
        SetupFiles(tmp_path).keys(job)
    with pytest.raises(SetupInvalid, match="not the setup that the terms are bound to"):
        again.keys(job)
    with pytest.raises(ParameterError, match="not bound to a setup"):
        read_setup(path, c.job)
    with pytest.raises(SystemFailure, match="cannot be read"):
        read_setup(tmp_path / "absent", job)


def test_the_folder_has_a_limit_and_what_was_not_used_for_longest_goes_first(first, tmp_path) -> None:
    _, transcript, job = first
    size = SetupFiles(tmp_path).put(transcript).stat().st_size
    old = [tmp_path / f"{i}{i}.setup" for i in range(3)]
    for i, path in enumerate(old):
        path.write_bytes(bytes(size))
        os.utime(path, (1000 + i, 1000 + i))
    files = SetupFiles(tmp_path, limit_bytes=2 * size)
    files.put(transcript)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([files.path(job.setup).name, old[2].name])
    SetupFiles(tmp_path, limit_bytes=0).put(transcript)
    assert [p.name for p in tmp_path.iterdir()] == [files.path(job.setup).name]  # never the one just kept
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(SystemFailure, match="cannot be kept"):
        SetupFiles(blocked / "sub").put(transcript)


NETWORK = NetworkJob(widths=(3, 2), batch=8, learning_rate=0.5)
MEMBERS = tuple(Member(f"m{i}", bytes([i]) * 32) for i in range(2))


def test_terms_of_evaluations_and_norm_bounds_name_all_that_members_agree_on() -> None:
    evaluation = EvaluationTerms("ours", NETWORK, 1, MEMBERS)
    norm = NormTerms("ours", 10, 1000, MEMBERS)
    others = [
        dataclasses.replace(evaluation, name="theirs"),
        dataclasses.replace(evaluation, batches=2),
        dataclasses.replace(evaluation, members=MEMBERS[::-1]),
        dataclasses.replace(evaluation, network=dataclasses.replace(NETWORK, learning_rate=0.25)),
        norm,
        dataclasses.replace(norm, dimension=11),
        dataclasses.replace(norm, norm_bound=999),
        dataclasses.replace(norm, members=MEMBERS[:1]),
    ]
    assert len({terms.terms_digest for terms in [evaluation, *others]}) == 9
    bound = evaluation.bound(bytes(32))
    assert bound.terms_digest == evaluation.terms_digest and bound.setup == bytes(32)
    for wrong in ({"members": ()}, {"members": MEMBERS[:1] * 2}, {"setup": b"x"}, {"name": ""}):
        with pytest.raises(ParameterError):
            dataclasses.replace(evaluation, **wrong)
        with pytest.raises(ParameterError):
            dataclasses.replace(norm, **wrong)


def test_a_key_of_another_circuit_makes_no_prover() -> None:
    proving, columns = _core.groth16.insecure_setup(_core.r1cs.chain_circuit(6)), _core.engine.ColumnKey.insecure(4)
    for core in (_core.engine.NormBound(10, 1000), _core.engine.Evaluation(NETWORK.core, 1)):
        with pytest.raises(ParameterError, match="another circuit"):
            core.prover_of_keys(proving, columns)


@pytest.mark.skipif("PYZKFL_DEEP" not in os.environ, reason="only with PYZKFL_DEEP=1 (make test-deep)")
def test_members_make_keys_for_norm_bounds_and_read_them_from_a_file(tmp_path) -> None:
    terms = NormTerms("ours", 10, 1000, MEMBERS)
    transcript = finished(terms)
    transcript.verify(terms)
    bound = terms.bound(transcript.digest)
    files = SetupFiles(tmp_path)
    files.put(transcript)
    update, blinder = np.arange(10, dtype=np.int64), random_blinder()
    prover, verifier = files.keys(bound), files.keys(bound)
    made = prover.prove(update, b"round 0", blinder)
    verifier.verify(b"round 0", made["commitment"], made["proof"])
    with pytest.raises(ProofInvalid):
        verifier.verify(b"round 1", made["commitment"], made["proof"])
    with pytest.raises(SetupInvalid):
        dataclasses.replace(transcript, records2=transcript.records2[:1]).verify(terms)
