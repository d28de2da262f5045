"""The verifiers that `pyzkfl groth16 export-solidity` writes: compiled, deployed on a chain in this process, and given
what the core accepts, and whatever is changed or malformed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anvil import AnvilChain, anvil
from economy import NAMES, address_of, key_of
from iden3_container import Container, u32, u64
from node_programs import contracts_modules, contracts_script
from test_verifiers import off_subgroup

from pyzkfl import _core, groth16, ptau, solidity
from pyzkfl.cli import main
from pyzkfl.errors import ParameterError
from pyzkfl.ledger.chain import Artifact, Contract
from pyzkfl.ledger.revm import RevmChain

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
Compile = Callable[[dict[str, str]], dict[str, tuple[Artifact, int]]]


@pytest.fixture(scope="module")
def compile_all(repository: Path) -> Compile:
    """Compiles sources by the contract's name, with the settings of our contracts and without a warning; (artifact,
    bytes of code) for each."""
    modules, script = contracts_modules(repository), contracts_script(repository)

    def run(sources: dict[str, str]) -> dict[str, tuple[Artifact, int]]:
        files = {f"{name}.sol": {"content": text} for name, text in sources.items()}
        task = {"language": "Solidity", "sources": files, "settings": script.SETTINGS}
        command = ["node", "-e", script.COMPILE, str(modules / "solc"), str(modules)]
        done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=True, timeout=300)
        result = json.loads(done.stdout)
        assert not result.get("errors"), [item["formattedMessage"] for item in result["errors"]]
        out = {}
        for name in sources:
            made = result["contracts"][f"{name}.sol"][name]
            bytecode = bytes.fromhex(made["evm"]["bytecode"]["object"])
            size = len(made["evm"]["deployedBytecode"]["object"]) // 2
            out[name] = (Artifact(name, tuple(made["abi"]), bytecode), size)
        return out

    return run


def squares(count: int) -> tuple[Container, list[int], list[int]]:
    """A circuit with `count` public inputs, each the square of a private wire (and one private square); a witness of it
    and its public inputs."""
    roots = [i + 2 for i in range(count)]
    wires = 1 + count + count + 2
    header = u32(32) + R.to_bytes(32, "little") + u32(wires) + u32(0) + u32(count) + u32(count + 2) + u64(wires)
    rows = [(1 + count + i, 1 + count + i, 1 + i) for i in range(count)] + [(wires - 2, wires - 2, wires - 1)]
    body = b"".join(u32(1) + u32(wire) + (1).to_bytes(32, "little") for row in rows for wire in row)
    labels = b"".join(map(u64, range(wires)))
    file = Container(b"r1cs", 1, [(1, header + u32(len(rows))), (2, body), (3, labels)])
    public = [root * root for root in roots]
    return file, [1, *public, *roots, 3, 9], public


class Case:
    """A circuit with `count` public inputs, its verifying key, a proof, and what its contract takes."""

    def __init__(self, count: int, folder: Path) -> None:
        at = folder.__truediv__
        circuit, witness, self.public = squares(count)
        circuit.write(at("c.r1cs"))
        _core.formats.write_wtns(str(at("c.wtns")), witness)
        ptau.new((2 * count + 1).bit_length(), at("p"))
        ptau.contribute(at("p"), at("p"))
        ptau.prepare(at("p"), at("p"))
        groth16.setup(at("c.r1cs"), at("p"), at("c.zkey"))
        loaded = groth16.load_zkey(at("c.zkey"))
        self.key = loaded.verifying_key()
        proof, public = groth16.prove(loaded, groth16.load_wtns(at("c.wtns")))
        assert public == self.public
        self.a, self.b, self.c, _ = json.loads(f"[{groth16.calldata(public, proof)}]")
        self.a, self.b, self.c = map(integers, (self.a, self.b, self.c))

    def arguments(self, **changed: Any) -> list[Any]:
        given = {"a": self.a, "b": self.b, "c": self.c, "input": self.public, **changed}
        if not self.public:
            del given["input"]
        return list(given.values())

    def holds(self, contract: Contract, **changed: Any) -> bool:
        return bool(contract.call("verifyProof", *self.arguments(**changed)))


def integers(value: Any) -> Any:
    """What `export-calldata` prints, as numbers."""
    return [integers(item) for item in value] if isinstance(value, list) else int(value, 16)


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(2,), pytest.param((0, 1, 3, solidity.MOST_INPUTS), marks=pytest.mark.deep)])
def test_a_verifier_accepts_what_the_core_accepts_and_nothing_else(
    counts: tuple[int, ...], compile_all: Compile, repository: Path, tmp_path: Path
) -> None:
    cases = {count: Case(count, tmp_path) for count in counts}
    others = {count: Case(count, tmp_path) for count in counts}  # other keys for the same circuits
    made = [(f"Verifier{count}", case) for count, case in cases.items()]
    made += [(f"Other{count}", case) for count, case in others.items()]
    sources = {name: solidity.verifier(case.key, name=name) for name, case in made}
    compiled, chain = compile_all(sources), RevmChain()
    for count, case in cases.items():
        artifact, size = compiled[f"Verifier{count}"]
        assert size <= 24_576
        contract = Contract.deploy(chain, artifact, sender=chain.account(0))
        assert case.holds(contract)
        for i in {0, count // 2, count - 1} if count else ():
            for other in (case.public[i] + 1, case.public[i] + R, 0, R, 2**256 - 1):
                assert not case.holds(contract, input=[*case.public[:i], other, *case.public[i + 1 :]])
        a, b, c = case.a, case.b, case.c
        for bad in ([0, 0], [a[0] + P, a[1]], [a[0], a[1] + P], [a[0], P - a[1]], [a[0], a[1] + 1], [1, 2], [0, P]):
            assert not case.holds(contract, a=bad) and not case.holds(contract, c=bad)
        assert not case.holds(contract, a=c, c=a)
        x1, x0, y1, y0 = off_subgroup()
        zero, swapped = [[0, 0], [0, 0]], [b[0][::-1], b[1][::-1]]
        above = [[b[0][0] + P, b[0][1]], b[1]]
        for bad in (zero, swapped, above, [[x1, x0], [y1, y0]], [b[0], [P - b[1][0], P - b[1][1]]]):
            assert not case.holds(contract, b=bad)
        # A re-randomised proof holds, as every verifier of Groth16 has it.
        assert case.holds(contract, a=[a[0], P - a[1]], b=[b[0], [P - b[1][0], P - b[1][1]]])
        other = Contract.deploy(chain, compiled[f"Other{count}"][0], sender=chain.account(0))
        assert others[count].holds(other)
        assert not others[count].holds(contract) and not case.holds(other)
    sender = address_of(NAMES[0])
    with anvil(repository) as url:  # and on a node, which counts the gas
        node = AnvilChain(url, [key_of(NAMES[0])])
        for count, case in cases.items():
            contract = Contract.deploy(node, compiled[f"Verifier{count}"][0], sender=sender)
            assert case.holds(contract) and not case.holds(contract, a=case.c)
            gas = contract.send("verifyProof", *case.arguments(), sender=sender).gas
            print(f"\n{count} public inputs: {gas:,} gas as a transaction", end="")
            assert gas <= 225_000 + 8_000 * count


def test_the_command_writes_a_whole_file_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(1, tmp_path)
    key, out = tmp_path / "vkey.json", tmp_path / "Mine.sol"
    key.write_text(case.key.to_json())

    def export(*arguments: str, code: int) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["groth16", "export-solidity", *arguments])
        assert ended.value.code == code
        return capsys.readouterr().err

    export(str(key), str(out), "--name", "Mine", code=0)
    assert out.read_text() == solidity.verifier(case.key, name="Mine") and "contract Mine {" in out.read_text()
    assert "cannot be a contract's name" in export(str(key), str(tmp_path / "x"), "--name", "x y", code=1)
    export(str(key), str(key), code=1)
    assert key.read_text() == case.key.to_json()
    skipped = json.loads(case.key.to_json())
    skipped["vk_delta_2"] = skipped["vk_gamma_2"]
    key.write_text(json.dumps(skipped))
    assert "delta equals gamma" in export(str(key), str(tmp_path / "x"), code=1)
    assert not (tmp_path / "x").exists()


def test_a_key_for_more_inputs_than_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="would not fit into a contract"):
        solidity.verifier(Case(solidity.MOST_INPUTS + 1, tmp_path).key)
