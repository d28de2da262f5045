"""snarkjs, a verifier that is not ours, accepts our proof and refuses a changed one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """verification_key.json, proof.json and public.json of a proof of ours."""
    circuit = _core.r1cs.chain_circuit(30)
    key = _core.groth16.insecure_setup(circuit)
    witness, result = _core.r1cs.chain_witness(circuit, 12345)
    proof, _ = _core.groth16.prove(key, circuit, witness)
    folder = tmp_path_factory.mktemp("snarkjs")
    (folder / "verification_key.json").write_text(_core.formats.snarkjs_verification_key(key.verifying_key))
    (folder / "proof.json").write_text(_core.formats.snarkjs_proof(proof))
    (folder / "public.json").write_text(_core.formats.snarkjs_public([result]))
    return folder


def accepts(snarkjs: list[str], folder: Path, changed: dict[str, Any]) -> bool:
    """What `snarkjs groth16 verify` says of the files, some of them replaced."""
    names = []
    for name in ("verification_key.json", "public.json", "proof.json"):
        path = folder / name
        if name in changed:
            path = folder / f"changed_{name}"
            path.write_text(json.dumps(changed[name]))
        names.append(str(path))
    command = [*snarkjs, "groth16", "verify", *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said_ok = "OK!" in done.stdout
    assert said_ok == (done.returncode == 0), done.stdout + done.stderr
    return said_ok


def test_snarkjs_accepts_our_proof(snarkjs: list[str], files: Path) -> None:
    assert accepts(snarkjs, files, {})


def test_snarkjs_refuses_another_input_and_a_changed_proof(snarkjs: list[str], files: Path) -> None:
    public = json.loads((files / "public.json").read_text())
    proof = json.loads((files / "proof.json").read_text())
    assert not accepts(snarkjs, files, {"public.json": [str((int(public[0]) + 1) % R)]})
    swapped = {**proof, "pi_a": proof["pi_c"], "pi_c": proof["pi_a"]}
    assert not accepts(snarkjs, files, {"proof.json": swapped})


def test_the_files_say_what_the_bytes_say(files: Path) -> None:
    key = json.loads((files / "verification_key.json").read_text())
    assert (key["protocol"], key["curve"], key["nPublic"], len(key["IC"])) == ("groth16", "bn128", 1, 2)
    proof = json.loads((files / "proof.json").read_text())
    numbers = [*proof["pi_a"][:2], *(c for pair in proof["pi_b"][:2] for c in reversed(pair)), *proof["pi_c"][:2]]
    data = b"".join(int(number).to_bytes(32, "big") for number in numbers)
    assert json.loads(_core.formats.snarkjs_proof(data)) == proof


def test_what_snarkjs_does_not_know_is_refused() -> None:
    spec = _core.training.LogisticSpec(features=1, batch=1, eta=128, eta_shift=21, bound=65536)
    key = _core.groth16.insecure_setup(_core.training.constraint_system(spec))
    with pytest.raises(ParameterError, match="committed"):
        _core.formats.snarkjs_verification_key(key.verifying_key)
    with pytest.raises(DecodeError):
        _core.formats.snarkjs_proof(bytes(100))
    with pytest.raises(DecodeError):
        _core.formats.snarkjs_public([R])
