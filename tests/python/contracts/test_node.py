"""What a node does to transactions that come together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anvil import AnvilChain, anvil
from economy import NAMES, Economy, address_of, key_of
from evm_arguments import engine_key

from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.chain import Chain, Contract, artifact
from pyzkfl.ledger.evm_points import words
from pyzkfl.ledger.revm import RevmChain


@pytest.fixture
def chain(repository: Path) -> Iterator[AnvilChain]:
    with anvil(repository) as url:
        yield AnvilChain(url, [key_of(name) for name in NAMES])


def test_a_transaction_that_others_made_dearer_is_sent_again(chain: AnvilChain) -> None:
    """The last commitment of a beacon freezes the committee; when the three were estimated, none was the last."""
    economy = Economy(members=3, ready=False, chain=chain)
    economy.open_job()
    economy.register_all()
    chain.request("evm_setAutomine", False)
    refused: list[TransactionReverted] = []

    def commit(name: str) -> None:
        try:
            economy.commit(name)
        except TransactionReverted as error:
            refused.append(error)

    threads = [threading.Thread(target=commit, args=(name,)) for name in economy.members]
    for thread in threads:
        thread.start()
    while int(chain.request("txpool_status")["pending"], 16) < 3:
        time.sleep(0.02)
    chain.request("evm_setAutomine", True)
    chain.request("evm_mine")
    for thread in threads:
        thread.join()
    assert refused == [] and economy.job["phase"] == 3
    with pytest.raises(TransactionReverted, match="WrongPhase"):  # and what is not due is refused as ever
        economy.registry.send("commitBeacon", economy.id, bytes(32), sender=address_of("member0"))


def code_is_foretold(chain: Chain, engine: dict[str, Any]) -> None:
    verifier, statement, key = artifact("EngineVerifier"), artifact("EngineStatement"), engine_key(engine)
    made = Contract.deploy(chain, verifier, key, sender=address_of("anybody"))
    height = chain.height()
    assert chain.code(made.address) == chain.code_after(verifier.creation((key,)))
    arguments = made.address, 8, words(engine["tables_commitment_evm"])
    after = chain.code_after(statement.creation(arguments))
    assert chain.height() == height  # nothing was deployed
    other = Contract.deploy(chain, statement, made.address, 9, arguments[2], sender=address_of("anybody"))
    same = Contract.deploy(chain, statement, *arguments, sender=address_of("anybody"))
    assert chain.code(same.address) == after != chain.code(other.address)
    assert chain.code(address_of("nobody")) == b""
    with pytest.raises(TransactionReverted):
        chain.code_after(statement.creation((made.address, 0, arguments[2])))


def test_the_code_of_a_contract_is_foretold_with_its_immutable_values(chain: AnvilChain, engine) -> None:
    code_is_foretold(chain, engine)
    code_is_foretold(RevmChain(), engine)
