"""The programs of others, from npm, and the files that several tests of formats share.

snarkjs, circom2 (GPL) and circomlib are test-time oracles: npm puts them into tests/.node, nothing of them is part of
pyzkfl.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from pyzkfl import _core, groth16, ptau

sys.path.insert(0, str(Path(__file__).parent))  # for iden3_container, which the tests import

PACKAGES = {"snarkjs": "0.7.6", "circom2": "0.2.23", "circomlib": "2.0.5"}
CIRCUIT = """
pragma circom 2.0.0;
include "poseidon.circom";
include "comparators.circom";
template Guarded() {
  signal input secret;
  signal input bound;
  signal output hash;
  component poseidon = Poseidon(1);
  poseidon.inputs[0] <== secret;
  hash <== poseidon.out;
  component less = LessThan(8);
  less.in[0] <== secret;
  less.in[1] <== bound;
  less.out === 1;
}
component main {public [bound]} = Guarded();
"""


def absent(reason: str) -> NoReturn:
    """Without the programs of others the exchange with them is not tested: a skip on a developer's machine, and where
    CI is set (as every such service does) a failure, because nobody reads the skips there."""
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(f"{reason}; a test that is skipped where CI is set would never run", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node_modules(repository: Path) -> Path:
    """The folder with the packages; installed once. Where npm cannot: absent()."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        absent("snarkjs and circom need node and npm, which are not installed (apt-get install nodejs npm)")
    folder = repository / "tests" / ".node"
    modules = folder / "node_modules"

    def installed(name: str) -> bool:
        package = modules / name / "package.json"
        return package.exists() and json.loads(package.read_text())["version"] == PACKAGES[name]

    if not all(map(installed, PACKAGES)):
        folder.mkdir(exist_ok=True)
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        try:
            done = subprocess.run([npm, "install", "--prefix", str(folder), *options, *wanted],
                                  capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            absent("npm did not bring its packages in four minutes")
        if done.returncode != 0 or not all(map(installed, PACKAGES)):
            absent(f"npm cannot install {wanted}: {done.stderr.strip()[-200:]}")
    return modules


@pytest.fixture(scope="session")
def snarkjs(node_modules: Path) -> list[str]:
    """The command that runs snarkjs."""
    return ["node", str(node_modules / "snarkjs" / "build" / "cli.cjs")]


Snarkjs = Callable[..., str]


@pytest.fixture(scope="session")
def run_snarkjs(snarkjs: list[str]) -> Snarkjs:
    """Runs snarkjs; what it printed. Fails the test if snarkjs failed or said so."""

    def run(*arguments: object, fails: bool = False) -> str:
        command = [*snarkjs, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        said = done.stdout + done.stderr
        failed = done.returncode != 0 or "[ERROR]" in said or "INVALID" in said
        assert failed == fails, said
        return said

    return run


@pytest.fixture(scope="session")
def compiled(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with guarded.r1cs, guarded.wtns (secret 41, bound 200) and no.wtns, made by circom and snarkjs."""
    folder = tmp_path_factory.mktemp("circom")
    shutil.copytree(node_modules / "circomlib" / "circuits", folder / "circuits")  # circom2 reads below its folder only
    (folder / "guarded.circom").write_text(CIRCUIT)
    (folder / "input.json").write_text(json.dumps({"secret": "41", "bound": "200"}))
    compiler = node_modules / "circom2" / "cli.js"

    def run(*arguments: str) -> None:
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run("node", str(compiler), "guarded.circom", "--O2", "--r1cs", "--wasm", "-l", "circuits")
    program = str(node_modules / "snarkjs" / "build" / "cli.cjs")
    run("node", program, "wtns", "calculate", "guarded_js/guarded.wasm", "input.json", "guarded.wtns")
    return folder


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the core's chain circuit of 6 steps: chain.r1cs, chain.wtns, chain.zkey, powers.ptau, raw.ptau,
    verification_key.json, proof.json, public.json: all ours."""
    folder = tmp_path_factory.mktemp("chain")
    circuit = _core.r1cs.chain_circuit(6)
    witness, _ = _core.r1cs.chain_witness(circuit, 3)
    _core.formats.write_r1cs(str(folder / "chain.r1cs"), circuit)
    _core.formats.write_wtns(str(folder / "chain.wtns"), witness)
    ptau.new(4, folder / "empty.ptau")
    ptau.contribute(folder / "empty.ptau", folder / "raw.ptau", name="tests")
    ptau.prepare(folder / "raw.ptau", folder / "powers.ptau")
    groth16.setup(folder / "chain.r1cs", folder / "powers.ptau", folder / "chain.zkey", name="tests")
    key = groth16.load_zkey(folder / "chain.zkey")
    proof, public = groth16.prove(key, groth16.load_wtns(folder / "chain.wtns"))
    (folder / "verification_key.json").write_text(key.verifying_key().to_json())
    (folder / "proof.json").write_text(proof.to_json())
    (folder / "public.json").write_text(_core.formats.snarkjs_public(public))
    return folder


VERIFY_ALL = """
const snarkjs = require(process.argv[1]), fs = require("fs");
const read = (path) => JSON.parse(fs.readFileSync(path));
(async () => {
  for (const [key, inputs, proof] of JSON.parse(process.argv[2]))
    console.log(await snarkjs.groth16.verify(read(key), read(inputs), read(proof)));
  process.exit(0);
})();
"""


@pytest.fixture(scope="session")
def verified_by_snarkjs(node_modules: Path) -> Callable[[Sequence[tuple[Path, Path, Path]]], list[bool]]:
    """What snarkjs's library says of (verification key, public inputs, proof), many in one process."""

    def verify(cases: Sequence[tuple[Path, Path, Path]]) -> list[bool]:
        listed = json.dumps([[str(path) for path in case] for case in cases])
        library = str(node_modules / "snarkjs" / "build" / "main.cjs")
        done = subprocess.run(["node", "-e", VERIFY_ALL, library, listed],
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return [line == "true" for line in done.stdout.split()]

    return verify
