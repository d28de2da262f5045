"""`pyzkfl bench` and `pyzkfl doctor`: the keys that scripts rely on, at tiny sizes; no time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyzkfl._core import standing
from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench import BENCHMARKS, masking, run
from pyzkfl.errors import ParameterError, ProtocolError, SystemFailure

TINY: dict[str, dict[str, Any]] = {
    "field": {},
    "ntt": {"log_n": 6},
    "poseidon2": {},
    "msm-g1": {"log_n": 6, "scalar_bits": 16},
    "msm-g2": {"log_n": 5},
    "pairing": {},
    "groth16": {"log_n": 6},
    "groth16-batch": {"proofs": 5},
    "verification-queue": {"proofs": 30, "batch": 8, "rate": 200, "seconds": 1},
    "train": {"model": "mlp:4,5,3", "batch": 4, "steps": 2},
    "ladder": {"batch": 4, "largest": 2000},
    "norm": {"dim": 100},
    "secagg": {"clients": 5, "dim": 100, "dropout": 0.2},
    "paillier": {"dim": 200, "members": 3},
    "rlwe": {"dim": 200, "members": 3},
    "compose": {"proofs": 2},
    "gas": {},
    "ledger": {"records": 200, "batch": 70},
}


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyzkfl.bench.measure.SHORT_RUN_SECONDS", 1e-3)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyzkfl", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_benchmark_of_the_issue_is_there() -> None:
    assert set(TINY) == set(BENCHMARKS)


# Keys of a composition take half a minute: in tests/python/recursion they are made once.
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.deep) if n == "compose" else n for n in TINY])
def test_a_benchmark_reports_the_promised_keys(name: str, repository: Path) -> None:
    if name == "gas":
        sys.path.insert(0, str(Path(__file__).parent / "contracts"))
        from node_programs import contracts_modules

        contracts_modules(repository)
    result = run(BENCHMARKS[name], TINY[name], runs=2, threads=1)
    promised = {"schema", "bench", "params", "seconds_median", "seconds_min", "runs", "threads", "cpu_features"}
    assert promised | {"peak_rss_bytes", "version", "commit"} <= set(result)
    assert result["bench"] == name
    assert result["params"] == {**BENCHMARKS[name].defaults, **TINY[name]}
    assert result["runs"] == 2
    assert result["threads"] == 1
    assert 0 < result["seconds_min"] <= result["seconds_median"]
    assert result["peak_rss_bytes"] > 1 << 20
    assert result.get("within_bounds", True)
    json.dumps(result)


def test_groth16_is_measured_on_a_proof_that_verifies() -> None:
    result = run(BENCHMARKS["groth16"], {"log_n": 5}, runs=1)
    assert result["verified"] is True
    assert result["constraints"] == 32
    assert result["proof_bytes"] == 128


def test_train_is_measured_on_the_job_that_its_parameters_name() -> None:
    from pyzkfl.network import NetworkJob

    result = run(BENCHMARKS["train"], {"model": "mlp:6,5,3", "batch": 4, "steps": 2}, runs=1)
    job = NetworkJob(widths=(6, 5, 3), batch=4, steps=2, learning_rate=0.1)
    assert result["parameters"] == job.dimension == 6 * 5 + 5 + 5 * 3 + 3
    assert result["constraints"] == job.core.constraints
    assert result["proof_bytes"] == job.core.proof_bytes
    assert result["log_height"] == job.core.log_height
    parts = ("prove_seconds", "wrap_seconds", "verify_seconds", "round_setup_seconds", "setup_seconds", "train_seconds")
    assert all(0 < result[part] < 60 for part in parts)
    assert result["prove_seconds"] + result["wrap_seconds"] <= result["seconds_median"] + 1e-6
    # Of 1,000 test rows; floats and integers see the same batches, and neither learns nothing.
    assert abs(result["accuracy_delta"]) <= 0.05
    assert result["accuracy_delta"] * 1000 == pytest.approx(round(result["accuracy_delta"] * 1000))


def test_the_ladder_measures_each_model_in_a_process_of_its_own() -> None:
    result = run(BENCHMARKS["ladder"], {"batch": 4, "smallest": 900, "largest": 4000}, runs=1)
    assert [rung["model"] for rung in result["rungs"]] == ["mlp:64,14,10", "mlp:64,42,10"]
    assert [rung["parameters"] for rung in result["rungs"]] == [1060, 3160]
    assert result["seconds_median"] == sum(rung["seconds_median"] for rung in result["rungs"])
    assert all(rung["proof_bytes"] > 0 and rung["peak_rss_bytes"] > 1 << 26 for rung in result["rungs"])
    assert isinstance(result["cpu"], str) and result["cpu"]
    with pytest.raises(ParameterError, match="no model has 5 to 10 parameters"):
        run(BENCHMARKS["ladder"], {"smallest": 5, "largest": 10}, runs=1)


def test_a_rung_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyzkfl.bench.ladder.MODELS", ("mlp:4,1",))
    with pytest.raises(SystemFailure, match=r"mlp:4,1 ended with code 1: error: .*two classes"):
        run(BENCHMARKS["ladder"], {}, runs=1)


def test_secagg_reports_a_round_whose_sum_is_exact() -> None:
    result = run(BENCHMARKS["secagg"], {"clients": 8, "dim": 50, "dropout": 0.25}, runs=1)
    assert result["exact"] is True
    assert result["dropped"] == 2
    assert (result["neighbours"], result["threshold"]) == (7, 6)
    assert result["steady"]["bytes_up_per_client"] < result["bytes_up_per_client"]
    assert result["bytes_up_per_client"] > 50 * result["bits_per_value"] // 8
    assert 0 < result["client_seconds_max"] < result["seconds_median"]


def test_homomorphic_benchmarks_measure_exact_sums_and_report_what_scripts_compare() -> None:
    paillier = run(BENCHMARKS["paillier"], {"dim": 100, "members": 4}, runs=1)
    assert paillier["params"]["bits"] == 2048
    assert paillier["packed_exact"] is True
    assert paillier["shared_exact"] is True
    assert paillier["shared_share_seconds"] > 0
    assert min(paillier[f"{name}_per_second"] for name in ("encrypt", "add", "decrypt", "classic_encrypt")) > 0
    rlwe = run(BENCHMARKS["rlwe"], {"dim": 100, "members": 4}, runs=1)
    assert rlwe["exact"] is True
    assert rlwe["shared_exact"] is True
    assert min(rlwe[f"{name}_seconds"] for name in ("encrypt", "add", "decrypt", "shared_share")) > 0
    assert rlwe["bytes"] > 100


@pytest.mark.parametrize(
    ("name", "params", "complaint"),
    [
        ("field", {"log_n": 5}, "no parameter log_n"),
        ("ntt", {"log_n": 60}, "may be"),
        ("msm-g1", {"scalar_bits": 0}, "may be"),
        ("secagg", {"clients": 2}, "may be"),
        ("secagg", {"clients": 5, "dim": 10, "dropout": 0.45}, "no graph protects"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_refused(name: str, params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        run(BENCHMARKS[name], params, runs=1)


def test_the_number_of_threads_is_put_back_after_a_benchmark() -> None:
    from pyzkfl._core import base

    before = base.thread_count()
    run(BENCHMARKS["ntt"], {"log_n": 4}, runs=1, threads=before + 1)
    assert base.thread_count() == before


def test_the_command_prints_one_json_object_a_benchmark() -> None:
    sizes = "--log-n 5 --runs 1 --clients 3 --dim 10 --dropout 0"
    done = command("bench", "all", "--json", *sizes.split())
    assert done.returncode == 0, done.stderr
    short = [name for name, benchmark in BENCHMARKS.items() if not benchmark.long]
    assert [json.loads(line)["bench"] for line in done.stdout.splitlines()] == short


def test_an_unknown_benchmark_is_named_with_those_that_exist() -> None:
    done = command("bench", "fft")
    assert done.returncode == 2
    assert "no benchmark fft" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_reports_the_machine_and_the_core(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "key").write_bytes(bytes(1234))
    done = command("doctor", "--json", PYZKFL_CACHE=str(cache), PYZKFL_CPU="generic", PYZKFL_THREADS="3")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert found["schema"] == 1
    assert found["core"]["openssl"].startswith("OpenSSL 3")
    assert found["core"]["cpu_kernel"] == "generic"
    assert found["core"]["thread_count"] == 3
    assert found["cache_folder"] == str(cache)
    assert found["cache_bytes"] == 1234
    assert found["packages"]["numpy"]


def test_doctor_still_answers_when_the_native_core_does_not_load(repository: Path, tmp_path: Path) -> None:
    package = tmp_path / "pyzkfl"
    package.mkdir()
    for source in (repository / "pyzkfl").iterdir():
        if not source.name.startswith("_core"):
            (package / source.name).symlink_to(source)
    (package / f"_core{_extension_suffix()}").write_bytes(b"not a library")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pyzkfl", "doctor"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the native core does not load" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


def _extension_suffix() -> str:
    import sysconfig

    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def test_the_ledger_is_measured_on_records_that_hold() -> None:
    result = run(BENCHMARKS["ledger"], {"records": 150, "batch": 70}, runs=1)
    assert result["records"] >= 150 + 200
    for name in ("appends_per_second", "single_appends_per_second", "verify_per_second"):
        assert result[name] > 0
    assert result["finality_seconds"] > 0 and result["reward_update_seconds"] > 0
    assert result["committee"] == 7


@pytest.mark.parametrize("server", ["active", "semi-honest"])
def test_stand_ins_send_what_members_send_and_the_sum_is_exact(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    params: dict[str, Any] = {"clients": 12, "dim": 50, "dropout": 0.25, "server": server}
    members = run(BENCHMARKS["secagg"], params, runs=1)
    assert members["stand_ins"] is False
    monkeypatch.setattr(masking, "MOST_PAIRS", 0)
    stand_ins = run(BENCHMARKS["secagg"], params, runs=1)
    assert stand_ins["stand_ins"] is True
    assert stand_ins["exact"] is True
    assert stand_ins["bytes_up_per_client"] == members["bytes_up_per_client"]
    assert stand_ins["client_seconds_max"] is None
    assert stand_ins["server_cpu_seconds_per_client"] > 0


def test_a_member_refuses_stand_ins() -> None:
    identities = [IdentityKey.generate() for _ in range(4)]
    plan = standing.Plan(
        job_digest=bytes(32), epoch=0, members=[key.public_bytes for key in identities], seed=bytes(32), rounds=1,
        length=1, max_abs=1, dropout=0.25, corrupt=0.25,
    )  # fmt: skip
    crowd = [standing.BenchStandIn(plan, i, identities[i], bytes(32)) for i in range(3)]
    member, server = standing.Member(plan, 3, identities[3]), standing.Server(plan)
    for party in (*crowd, member):
        server.receive(party.keys())
    server.close_keys()
    for i, party in enumerate((*crowd, member)):
        server.receive(party.deal(server.neighbour_keys(i)))
    server.close_deal()
    with pytest.raises(ProtocolError, match="do not decrypt"):
        member.accept(server.dealt(3))
