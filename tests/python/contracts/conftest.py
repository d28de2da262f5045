"""What tests of contracts share: vectors of a consortium's proofs, a chain in this process, compiled test contracts."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for evm_arguments, which the tests import
sys.path.insert(0, str(Path(__file__).parents[1] / "protocol"))  # for consortium
sys.path.append(str(Path(__file__).parents[1] / "formats"))  # for iden3_container

from evm_arguments import engine_key

from pyzkfl.ledger.chain import Artifact, Contract, artifact
from pyzkfl.ledger.evm_points import words
from pyzkfl.ledger.revm import RevmChain


@pytest.fixture
def chain() -> RevmChain:
    return RevmChain()


@pytest.fixture(scope="session")
def engine(vectors: Path) -> dict[str, Any]:
    """tests/vectors/evm_engine.json, bytes decoded."""

    def decode(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: decode(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [decode(item, key) for item in value]
        return bytes.fromhex(value) if isinstance(value, str) and key != "name" else value

    return decode(json.loads((vectors / "evm_engine.json").read_text()))


@pytest.fixture
def test_artifact(repository: Path) -> Callable[[str], Artifact]:
    """A contract of tests/contracts, by name."""

    def read(name: str) -> Artifact:
        return Artifact.read((repository / "tests" / "contracts" / "compiled" / f"{name}.json").read_text())

    return read


@dataclasses.dataclass
class Deployed:
    """The engine's verifier and the statement that uses it."""

    verifier: Contract
    statement: Contract


@pytest.fixture
def verifiers(chain: RevmChain, engine: dict[str, Any]) -> Deployed:
    deployer = chain.account(0)
    verifier = Contract.deploy(chain, artifact("EngineVerifier"), engine_key(engine), sender=deployer)
    tables = words(engine["tables_commitment_evm"])
    statement = Contract.deploy(chain, artifact("EngineStatement"), verifier.address, 8, tables, sender=deployer)
    return Deployed(verifier, statement)
