"""Circuits of circomlib, compiled by circom, in both directions: keys of ours, proofs of snarkjs and ours, each
verified by the other. Two in every run; the others, among them SHA-256 and EdDSA, in the deep one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from circomlib_circuits import CHALLENGE_INPUTS, CIRCUITS, R, signature
from iden3_container import Container

from pyzkfl import _core, groth16, ptau, snarkjs, zkey
from pyzkfl.errors import DecodeError, ProofInvalid, WitnessInvalid

PROVE_ALL = """
const snarkjs = require(process.argv[1]), fs = require("fs");
(async () => {
  for (const [key, witness, proof, inputs] of JSON.parse(process.argv[2])) {
    const made = await snarkjs.groth16.prove(key, witness);
    fs.writeFileSync(proof, JSON.stringify(made.proof));
    fs.writeFileSync(inputs, JSON.stringify(made.publicSignals));
  }
  process.exit(0);
})();
"""
VerifyAll = Callable[[Sequence[tuple[Path, Path, Path]]], list[bool]]


def as_text(value: Any) -> Any:
    """Numbers as decimal strings: JavaScript's are doubles."""
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    return str(value) if isinstance(value, int) else [as_text(item) for item in value]


@dataclass
class Workshop:
    """A folder where circom compiles, with what it made of each circuit."""

    folder: Path
    modules: Path

    def run(self, *arguments: object) -> None:
        command = ["node", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def build(self, name: str, inputs: dict[str, Any]) -> None:
        """NAME.r1cs, and NAME.wtns by the program that circom compiled."""
        circuit = CIRCUITS[name]
        includes = "".join(f'include "{each}.circom";\n' for each in circuit.includes)
        (self.folder / f"{name}.circom").write_text(f"pragma circom 2.0.0;\n{includes}{circuit.source}")
        self.run(self.modules / "circom2" / "cli.js", f"{name}.circom", "--O1", "--r1cs", "--wasm", "-l", "circuits")
        (self.folder / f"{name}.json").write_text(json.dumps(as_text(inputs)))
        program = f"{name}_js/{name}.wasm"
        # circom's own calculator, which snarkjs runs: as a package of this folder, whatever is above it.
        (self.folder / f"{name}_js" / "package.json").write_text('{"type": "commonjs"}')
        self.run(f"{name}_js/generate_witness.js", program, f"{name}.json", f"{name}.wtns")

    def prove_all(self, names: Sequence[str]) -> None:
        """NAME.theirs.json and NAME.public.json, by snarkjs."""
        cases = [[f"{name}.zkey", f"{name}.wtns", f"{name}.theirs.json", f"{name}.public.json"] for name in names]
        self.run("-e", PROVE_ALL, self.modules / "snarkjs" / "build" / "main.cjs", json.dumps(cases))


@pytest.fixture(scope="module")
def workshop(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("circomlib")
    shutil.copytree(node_modules / "circomlib" / "circuits", folder / "circuits")  # circom2 reads below its folder only
    return Workshop(folder, node_modules)


def powers_for(folder: Path, log_n: int) -> Path:
    path = folder / f"{log_n}.ptau"
    if not path.exists():
        ptau.new(log_n, path)
        ptau.contribute(path, path, name="tests")
        ptau.prepare(path, path)
    return path


def exchange(workshop: Workshop, names: Sequence[str], verified_by_snarkjs: VerifyAll) -> None:
    """Keys of ours for all circuits; proofs by both; each is verified by both, and with another input by nobody."""
    folder = workshop.folder
    expected: dict[str, list[int]] = {}
    for name in names:
        r1cs, key = folder / f"{name}.r1cs", folder / f"{name}.zkey"
        shape = _core.formats.r1cs_info(str(r1cs))
        log_n = (shape["constraints"] + shape["public"]).bit_length()
        groth16.setup(r1cs, powers_for(folder, log_n), key, name="first")
        zkey.contribute(key, key, name="second")
        zkey.verify(r1cs, powers_for(folder, log_n), key)
        loaded = groth16.load_zkey(key)
        (folder / f"{name}.vkey.json").write_text(loaded.verifying_key().to_json())
        proof, public = groth16.prove(loaded, groth16.load_wtns(folder / f"{name}.wtns"))
        expected[name] = public
        (folder / f"{name}.ours.json").write_text(proof.to_json())
        changed = [(public[0] + 1) % R, *public[1:]]
        (folder / f"{name}.changed.json").write_text(_core.formats.snarkjs_public(changed))
    workshop.prove_all(names)
    cases, wrong = [], []
    for name in names:
        at = {kind: folder / f"{name}.{kind}.json" for kind in ("vkey", "public", "changed", "ours", "theirs")}
        verifying = groth16.VerifyingKey.from_json(at["vkey"].read_bytes())
        public = snarkjs.public_inputs(at["public"].read_bytes())
        assert public == expected[name]
        known = CIRCUITS[name].public
        assert known is None or public == known, name
        for maker in ("ours", "theirs"):
            made = groth16.Proof.from_json(at[maker].read_bytes())
            groth16.verify(verifying, public, made)
            with pytest.raises(ProofInvalid):
                groth16.verify(verifying, snarkjs.public_inputs(at["changed"].read_bytes()), made)
            with pytest.raises(DecodeError):
                groth16.verify(verifying, [public[0] + R, *public[1:]], made)
            cases.append((at["vkey"], at["public"], at[maker]))
            wrong.append((at["vkey"], at["changed"], at[maker]))
    assert verified_by_snarkjs(cases + wrong) == [True] * len(cases) + [False] * len(wrong)


def test_two_circuits_in_both_directions(workshop: Workshop, verified_by_snarkjs: VerifyAll) -> None:
    names = [name for name, circuit in CIRCUITS.items() if not circuit.deep]
    for name in names:
        workshop.build(name, CIRCUITS[name].inputs)
    exchange(workshop, names, verified_by_snarkjs)
    # A witness of the circuit with one wire changed is no witness of it.
    name = names[0]
    values = (workshop.folder / f"{name}.wtns").read_bytes()
    (workshop.folder / "wrong.wtns").write_bytes(values[:-32] + (7).to_bytes(32, "little"))
    with pytest.raises(WitnessInvalid):
        key = groth16.load_zkey(workshop.folder / f"{name}.zkey")
        groth16.prove(key, groth16.load_wtns(workshop.folder / "wrong.wtns"))


@pytest.mark.deep
def test_all_circuits_in_both_directions(workshop: Workshop, verified_by_snarkjs: VerifyAll) -> None:
    inputs = {name: circuit.inputs for name, circuit in CIRCUITS.items()}
    for name in CIRCUITS:
        if name == "eddsa":
            assert inputs["challenge"]["inputs"] == CHALLENGE_INPUTS
            output = Container.read(workshop.folder / "challenge.wtns")[2][32:64]
            inputs[name] = signature(int.from_bytes(output, "little"))
        workshop.build(name, inputs[name])
    exchange(workshop, list(CIRCUITS), verified_by_snarkjs)
