"""Development keys kept in files: found again, for the same statement alone, never after damage; and labelled."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from pyzkfl import _core, ceremony, insecure_keys, ptau
from pyzkfl.blinders import random_blinder
from pyzkfl.cli.doctor import diagnose
from pyzkfl.errors import DecodeError, ParameterError, SystemFailure
from pyzkfl.evaluation import EvaluationProver
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver, RoundStatement
from pyzkfl.norm import NormProver

CIRCUIT = _core.r1cs.chain_circuit(6)
JOB = NetworkJob(widths=(2, 2), batch=4, learning_rate=0.5, bitwise=True)

pytestmark = [pytest.mark.filterwarnings("ignore:insecure"), pytest.mark.filterwarnings("ignore:insecure_keys")]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PYZKFL_CACHE", str(tmp_path))
    return tmp_path / "insecure-keys"


def prove(prover: NetworkProver) -> tuple[RoundStatement, NetworkProof]:
    weights = np.arange(JOB.dimension, dtype=np.int64) * 1000
    batch = np.array([[1, 2], [3, -4], [5, 6]]), np.array([0, 1, 1])
    trained = JOB.train(weights, [batch])
    data, blinder = random_blinder(), random_blinder()
    statement = RoundStatement(
        JOB,
        b"",
        prover.commit_weights(weights),
        (prover.commit_batch(*batch, data),),
        (3,),
        prover.commit_update(trained.update, blinder),
    )
    return statement, prover.prove(trained, statement, [data], blinder)


def test_keys_are_kept_whole_for_their_owner_and_serve_the_next_process(folder) -> None:
    first = NetworkProver.insecure(JOB, cached=True)
    (path,) = folder.iterdir()
    assert path.suffix == ".insecure" and path.stat().st_mode & 0o077 == 0 and folder.stat().st_mode & 0o077 == 0
    before = path.read_bytes()
    second = NetworkProver.insecure(JOB, cached=True)
    assert path.read_bytes() == before
    second.verify(*prove(first))
    first.verify(*prove(second))
    assert NetworkProver.insecure(JOB).columns.digest != first.columns.digest  # not asked for: made anew
    with pytest.warns(UserWarning, match="insecure keys"):
        NetworkProver.insecure(JOB, cached=True)


def test_keys_are_used_for_no_other_job_and_for_no_other_statement_about_it(folder) -> None:
    other = dataclasses.replace(JOB, learning_rate=0.25)
    assert other.core.log_height == JOB.core.log_height
    members = [Member(f"m{i}", bytes([i]) * 32) for i in range(3)]
    terms = Job.model(JOB, name="flowers", members=members, rounds=1)
    made_keys = ceremony.insecure_keys(terms, cached=True)
    made = [
        NetworkProver.insecure(JOB, cached=True).columns,
        NetworkProver.insecure(JOB, log_height=10, cached=True).columns,
        NetworkProver.insecure(other, cached=True).columns,
        EvaluationProver.insecure(JOB, cached=True).columns,
        EvaluationProver.insecure(JOB, 2, cached=True).columns,
        NormProver.insecure(10, 1000, cached=True)._columns,
        made_keys.columns,
        ceremony.insecure_keys(dataclasses.replace(terms, name="other flowers"), cached=True).columns,
    ]
    assert len({bytes(columns.digest) for columns in made}) == len(list(folder.iterdir())) == len(made)
    again = ceremony.insecure_keys(terms, cached=True)
    assert again.columns.digest == made_keys.columns.digest
    assert again.bind(terms) == made_keys.bind(terms)
    # One job's file under another's name says whose it is.
    names = sorted(folder.iterdir())
    names[0].write_bytes(names[1].read_bytes())
    with pytest.raises(DecodeError, match="another statement"):
        insecure_keys._keys(names[0].read_bytes()[: insecure_keys._HEAD], bytes.fromhex(names[0].stem), memoryview(b""))


def test_a_damaged_file_is_named_and_made_again(folder) -> None:
    def digest() -> bytes:
        return bytes(insecure_keys.insecure_keys(bytes(32), CIRCUIT, 4, cached=True)[0].digest)

    first = digest()
    (path,) = folder.iterdir()
    data = path.read_bytes()
    string, key = insecure_keys._HEAD + 7 + 4 + 64, len(data) - 8
    zeros = bytes(64)
    for damaged in (
        b"",
        data[:100],
        data[:-1],
        data + b"\0",
        data[:8] + bytes([data[8] ^ 1]) + data[9:],  # of another statement
        data[:string] + zeros + data[string + 64 :],  # no point
        data[:string] + data[string + 64 : string + 128] + data[string + 64 :],  # a point, but not that power
        data[:key] + bytes([data[key] ^ 1]) + data[key + 1 :],  # the proving key
        data[:103] + b"\xff" * 8 + data[111:],  # a size of exabytes
    ):
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match="is damaged"):
            again = digest()
        assert again != first and len(path.read_bytes()) == len(data)
        assert digest() == again
    path.unlink()
    path.mkdir()
    with pytest.raises(SystemFailure):
        digest()


def test_the_folder_has_a_limit(folder, monkeypatch) -> None:
    monkeypatch.setattr(insecure_keys, "LIMIT_BYTES", 0)
    for statement in (bytes(32), b"\1" * 32):
        insecure_keys.insecure_keys(statement, CIRCUIT, 4, cached=True)
    assert len(list(folder.iterdir())) == 1  # never the one just made


def test_doctor_shows_what_is_kept_and_that_it_is_insecure(folder, capsys) -> None:
    assert diagnose()["caches"]["insecure-keys"] == {"files": 0, "bytes": 0}
    insecure_keys.insecure_keys(bytes(32), CIRCUIT, 4, cached=True)
    (path,) = folder.iterdir()
    found = diagnose()
    assert found["caches"]["insecure-keys"] == {"files": 1, "bytes": path.stat().st_size}
    json.dumps(found)
    from pyzkfl.cli.doctor import _show

    _show(found)
    assert "INSECURE" in capsys.readouterr().out


def test_the_string_may_be_that_of_a_public_ceremony_and_one_that_is_too_short_is_refused(tmp_path) -> None:
    start, end = tmp_path / "start.ptau", tmp_path / "end.ptau"
    ptau.new(9, start)
    with pytest.raises(ParameterError, match="contribut"):
        ptau.column_key(start, 9)
    ptau.contribute(start, end, name="somebody")
    string = ptau.column_key(end, 9)
    with pytest.raises(ParameterError, match="too few powers"):
        ptau.column_key(end, 10)
    prover = NetworkProver.insecure(JOB, string=string)
    assert prover.columns is string
    prover.verify(*prove(prover))
    with pytest.raises(ParameterError, match=r"up to 2\^8, this job needs 2\^9"):
        NetworkProver.insecure(JOB, string=ptau.column_key(end, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # refused before anything is made
        with pytest.raises(ParameterError, match="needs 2"):
            NetworkProver.insecure(JOB, string=ptau.column_key(end, 8), log_height=10)
