"""What things cost on a chain. Gas is counted by the contract's code and not by a clock: figures are the same
everywhere.

python -m pytest -q -s tests/python/contracts/test_gas.py     prints them
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anvil import AnvilChain, anvil
from economy import NAMES, Economy, address_of, key_of
from evm_arguments import engine_key, facts_of, groth16_key, public_values

from pyzkfl import _core
from pyzkfl.ledger.chain import Contract, artifact
from pyzkfl.ledger.evm_points import g1_to_evm, groth16_proof_to_evm, words


@pytest.fixture(scope="module")
def chain(repository: Path) -> Iterator[AnvilChain]:
    with anvil(repository) as url:
        yield AnvilChain(url, [key_of(name) for name in NAMES])


def data_gas(data: bytes) -> int:
    return sum(16 if byte else 4 for byte in data)


def show(what: str, gas: int, most: int) -> None:
    print(f"\n{what:60} {gas:9,} gas, at most {most:,}", end="")
    assert gas <= most


def test_a_bare_groth16_proof(chain) -> None:
    circuit = _core.r1cs.chain_circuit(6)
    witness, result = _core.r1cs.chain_witness(circuit, 3)
    key = _core.groth16.insecure_setup(circuit)
    proof = groth16_proof_to_evm(bytes(_core.groth16.prove(key, circuit, witness)[0]))
    arguments = groth16_key(key.verifying_key.evm_points())
    verifier = Contract.deploy(chain, artifact("Groth16Verifier"), arguments, sender=address_of("owner"))
    show(
        "a bare Groth16 proof with one input, as a transaction",
        verifier.send("verify", result, proof, sender=address_of("anybody")).gas,
        300_000,
    )


def test_an_engine_proof(chain, engine: dict[str, Any]) -> None:
    member = engine["members"][0]
    points = (member["batch_commitment"], member["update_commitment"])
    known = (engine["weights_commitment_evm"], engine["tables_commitment_evm"], *map(g1_to_evm, points))
    arguments = (member["context"], [member["rows"]], [words(p) for p in known], member["proof_evm"])
    verifier = Contract.deploy(chain, artifact("EngineVerifier"), engine_key(engine), sender=address_of("owner"))
    show(
        "an engine proof, as a transaction",
        verifier.send("verify", *arguments, sender=address_of("anybody")).gas,
        700_000,
    )


def test_an_engine_proof_with_its_statement(chain, engine: dict[str, Any]) -> None:
    """What a challenge pays for: the statement is built from the chain's facts, path and context among them."""
    owner = address_of("owner")
    verifier = Contract.deploy(chain, artifact("EngineVerifier"), engine_key(engine), sender=owner)
    tables = words(engine["tables_commitment_evm"])
    statement = Contract.deploy(chain, artifact("EngineStatement"), verifier.address, 8, tables, sender=owner)
    member = engine["members"][0]
    point = words(g1_to_evm(member["update_commitment"]))
    call = (facts_of(engine, member), point, public_values(member), member["proof_evm"])
    assert statement.call("holds", *call)
    show(
        "an engine proof with its statement, as a transaction",
        statement.send("holds", *call, sender=address_of("anybody")).gas,
        700_000,
    )


def test_adding_one_commitment(chain, test_artifact) -> None:
    caller = Contract.deploy(chain, test_artifact("CommitmentSumCaller"), sender=address_of("owner"))
    for number in (5, 6):
        point = words(bytes(_core.curves.g1_mul(_core.curves.g1_generator(), number)))
        caller.send("add", point, sender=address_of("anybody"))
        spent = caller.call("spent")
    show("adding one commitment to the stored sum", spent, 12_000)


@pytest.mark.parametrize("proof_bytes", [512])
def test_a_submission(chain, proof_bytes: int) -> None:
    economy = Economy(members=4, validators=4, proof_bytes=proof_bytes, chain=chain)
    economy.start_round()
    gas = []
    for name in economy.members:
        commitment, values, proof = economy.made(name)
        proof = proof.ljust(proof_bytes, b"\1")
        receipt = economy.submit(name, commitment, values, proof)
        # The bytes as data of the transaction, and as data of the event.
        gas.append(receipt.gas - data_gas(proof + values) - 8 * (len(proof) + len(values)))
    show("the first submission of a round, without its proof's bytes", gas[0], 120_000)
    show("a submission, without its proof's bytes", max(gas[1:]), 120_000)
