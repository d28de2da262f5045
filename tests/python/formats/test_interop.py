"""Every step of a Groth16 setup and proof may be snarkjs's or ours: all combinations work, with a circuit by circom."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pyzkfl import _core, groth16, ptau, snarkjs
from pyzkfl.errors import DecodeError, ProofInvalid, SetupInvalid, WitnessInvalid

POWER = 8
BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
Run = Callable[..., str]
VerifyAll = Callable[[Sequence[tuple[Path, Path, Path]]], list[bool]]
MAKERS = ("theirs", "ours")
KEYS = list(itertools.product(MAKERS, MAKERS))


@pytest.fixture(scope="module")
def powers(run_snarkjs: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Prepared powers of tau. Contributions: theirs: snarkjs, ours, a beacon by snarkjs; ours: two of ours."""
    folder = tmp_path_factory.mktemp("powers")
    at = folder.__truediv__
    run_snarkjs("powersoftau", "new", "bn128", POWER, at("t0"))
    run_snarkjs("powersoftau", "contribute", at("t0"), at("t1"), "--name=theirs", "-e=some entropy")
    ptau.contribute(at("t1"), at("t2"), name="ours")
    run_snarkjs("powersoftau", "beacon", at("t2"), at("t3"), BEACON, 10, "-n=a beacon")
    run_snarkjs("powersoftau", "prepare", "phase2", at("t3"), at("theirs.ptau"))
    ptau.new(POWER, at("o0"))
    ptau.contribute(at("o0"), at("o1"), name="one")
    ptau.contribute(at("o1"), at("o2"), name="two")
    ptau.prepare(at("o2"), at("ours.ptau"))
    return {"theirs": at("theirs.ptau"), "ours": at("ours.ptau"), "theirs raw": at("t3"), "empty": at("t0")}


@pytest.fixture(scope="module")
def keys(powers: dict[str, Path], compiled: Path, run_snarkjs: Run) -> dict[tuple[str, str], Path]:
    """(maker of the powers, maker of the key) -> a .zkey."""
    out = {}
    for of_powers, maker in KEYS:
        path = powers["ours"].parent / f"{of_powers}-{maker}.zkey"
        if maker == "ours":
            groth16.setup(compiled / "guarded.r1cs", powers[of_powers], path, name="ours")
        else:
            first, second = path.with_suffix(".0"), path.with_suffix(".1")
            run_snarkjs("groth16", "setup", compiled / "guarded.r1cs", powers[of_powers], first)
            run_snarkjs("zkey", "contribute", first, second, "--name=theirs", "-e=more entropy")
            run_snarkjs("zkey", "beacon", second, path, BEACON, 10, "-n=a beacon")
        out[of_powers, maker] = path
    return out


def test_every_combination_of_powers_key_and_prover_verifies_with_both(
    keys: dict[tuple[str, str], Path], compiled: Path, run_snarkjs: Run, verified_by_snarkjs: VerifyAll
) -> None:
    cases, wrong = [], []
    for key, prover in itertools.product(KEYS, MAKERS):
        folder = keys[key].with_suffix(f".{prover}")
        folder.mkdir()
        names = (folder / "verification_key.json", folder / "public.json", folder / "proof.json")
        loaded = groth16.load_zkey(keys[key])
        groth16.check_zkey(keys[key])
        names[0].write_text(loaded.verifying_key().to_json())
        if prover == "theirs":
            run_snarkjs("groth16", "prove", keys[key], compiled / "guarded.wtns", names[2], names[1])
        else:
            proof, public = groth16.prove(loaded, groth16.load_wtns(compiled / "guarded.wtns"))
            names[2].write_text(proof.to_json())
            names[1].write_text(_core.formats.snarkjs_public(public))
        verifying = groth16.VerifyingKey.from_json(names[0].read_bytes())
        made = groth16.Proof.from_json(names[2].read_bytes())
        inputs = snarkjs.public_inputs(names[1].read_bytes())
        assert inputs[1] == 200
        groth16.verify(verifying, inputs, made)
        swapped = folder / "swapped.json"
        swapped.write_text(_core.formats.snarkjs_public(inputs[::-1]))
        with pytest.raises(ProofInvalid):
            groth16.verify(verifying, inputs[::-1], made)
        cases.append(names)
        wrong.append((names[0], swapped, names[2]))
    assert verified_by_snarkjs(cases + wrong) == [True] * len(cases) + [False] * len(wrong)


def test_both_export_the_same_verifying_key_and_calldata(
    keys: dict[tuple[str, str], Path], compiled: Path, run_snarkjs: Run, snarkjs: list[str], tmp_path: Path
) -> None:
    path = keys["theirs", "ours"]
    run_snarkjs("zkey", "export", "verificationkey", path, tmp_path / "key.json")
    theirs = json.loads((tmp_path / "key.json").read_text())
    del theirs["vk_alphabeta_12"]
    key = groth16.load_zkey(path)
    assert json.loads(key.verifying_key().to_json()) == theirs
    proof, public = groth16.prove(key, groth16.load_wtns(compiled / "guarded.wtns"))
    (tmp_path / "proof.json").write_text(proof.to_json())
    (tmp_path / "public.json").write_text(_core.formats.snarkjs_public(public))
    files = [str(tmp_path / "public.json"), str(tmp_path / "proof.json")]
    command = [*snarkjs, "zkey", "export", "soliditycalldata", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert groth16.calldata(public, proof) == done.stdout.strip()


def test_snarkjs_accepts_our_powers_and_our_key(
    powers: dict[str, Path], keys: dict[tuple[str, str], Path], compiled: Path, run_snarkjs: Run
) -> None:
    assert "Powers of Tau Ok" in run_snarkjs("powersoftau", "verify", powers["ours"])
    for of_powers in MAKERS:
        said = run_snarkjs("zkey", "verify", compiled / "guarded.r1cs", powers[of_powers], keys[of_powers, "ours"])
        assert "ZKey Ok" in said


def test_we_accept_snarkjs_powers_and_name_their_contributors(powers: dict[str, Path]) -> None:
    for name in ("theirs", "theirs raw", "ours"):
        ptau.verify(powers[name])
    found = ptau.info(powers["theirs"])
    assert [(c.name, c.is_beacon) for c in found.contributions] == [
        ("theirs", False),
        ("ours", False),
        ("a beacon", True),
    ]
    assert (found.log_n, found.ceremony_log_n, found.prepared) == (POWER, POWER, True)
    with pytest.raises(SetupInvalid, match="no contribution"):
        ptau.verify(powers["empty"])


def test_the_bases_of_both_are_the_same_bytes(powers: dict[str, Path], tmp_path: Path) -> None:
    ptau.prepare(powers["theirs raw"], tmp_path / "again.ptau")
    assert (tmp_path / "again.ptau").read_bytes() == powers["theirs"].read_bytes()


def test_an_unfinished_key_of_snarkjs_proves_but_convinces_nobody(
    keys: dict[tuple[str, str], Path], compiled: Path
) -> None:
    unfinished = keys["theirs", "theirs"].with_suffix(".0")
    with pytest.raises(DecodeError, match="second phase of the setup was skipped"):
        groth16.load_zkey(unfinished)
    with pytest.raises(SetupInvalid, match="delta equals gamma"):
        groth16.check_zkey(unfinished)
    key = groth16.load_zkey(unfinished, allow_unfinished=True)
    groth16.prove(key, groth16.load_wtns(compiled / "guarded.wtns"))
    with pytest.raises(DecodeError, match="delta equals gamma"):
        key.verifying_key()


def test_a_benchmark_key_whose_tau_is_one_proves(
    run_snarkjs: Run, verified_by_snarkjs: VerifyAll, chain: Path, tmp_path: Path
) -> None:
    """Powers without a contribution, a key without a second phase: nothing is secret, most points are infinity."""
    at = tmp_path.__truediv__
    run_snarkjs("powersoftau", "new", "bn128", 4, at("0"))
    ptau.prepare(at("0"), at("1"))
    run_snarkjs("groth16", "setup", chain / "chain.r1cs", at("1"), at("key"))
    key = groth16.load_zkey(at("key"), allow_unfinished=True)
    proof, public = groth16.prove(key, groth16.load_wtns(chain / "chain.wtns"))
    run_snarkjs("zkey", "export", "verificationkey", at("key"), at("vkey.json"))
    at("proof.json").write_text(proof.to_json())
    at("public.json").write_text(_core.formats.snarkjs_public(public))
    assert verified_by_snarkjs([(at("vkey.json"), at("public.json"), at("proof.json"))]) == [True]


def test_a_witness_that_does_not_satisfy_the_circuit_is_not_proven(
    keys: dict[tuple[str, str], Path], compiled: Path, tmp_path: Path
) -> None:
    shutil.copy(compiled / "guarded.wtns", tmp_path / "wrong.wtns")
    with open(tmp_path / "wrong.wtns", "r+b") as file:
        file.seek(-32, 2)
        last = file.read(32)
        file.seek(-32, 2)
        file.write((int.from_bytes(last, "little") ^ 1).to_bytes(32, "little"))
    with pytest.raises(WitnessInvalid):
        groth16.prove(groth16.load_zkey(keys["ours", "ours"]), groth16.load_wtns(tmp_path / "wrong.wtns"))


@pytest.mark.deep
@pytest.mark.parametrize("more", [0, 1])
def test_snarkjs_accepts_keys_of_large_circuits_too(run_snarkjs: Run, tmp_path: Path, more: int) -> None:
    """Above 2^14 rows its circuit hash covers a point too many, which may lie behind the powers' section."""
    log_n = 15
    at = tmp_path.__truediv__
    _core.formats.write_r1cs(str(at("chain.r1cs")), _core.r1cs.chain_circuit((1 << log_n) - 4))
    ptau.new(log_n + more, at("0"))
    ptau.contribute(at("0"), at("1"))
    ptau.prepare(at("1"), at("2"))
    groth16.setup(at("chain.r1cs"), at("2"), at("chain.zkey"))
    assert "ZKey Ok" in run_snarkjs("zkey", "verify", at("chain.r1cs"), at("2"), at("chain.zkey"))
