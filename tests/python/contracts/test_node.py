"""What a node does to transactions that come together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from anvil import AnvilChain, anvil
from economy import NAMES, Economy, address_of, key_of

from pyzkfl.errors import TransactionReverted


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
