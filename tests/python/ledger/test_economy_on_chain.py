"""The same economy on a chain: the embedded ledger's records, in the events of a contract, fold to the same state."""

from __future__ import annotations

from pathlib import Path

import pytest
from economy_story import EconomyStory

from pyzkfl.errors import LedgerError
from pyzkfl.ledger import SqliteLedger

pytest.importorskip("web3", reason="a ledger on a chain needs web3 (the extra 'evm')")
pytest.importorskip("pyrevm", reason="a chain in this process needs pyrevm")


def test_a_ledger_on_a_chain_folds_to_the_same_economy(tmp_path: Path, story, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyzkfl.ledger.evm import EvmLedger
    from pyzkfl.ledger.revm import RevmChain

    world = EconomyStory(tmp_path / "e.ledger", story, monkeypatch)
    with world.ledger as file:
        world.stake_everybody()
        world.append(*story.prologue())
        world.append(world.verdict(0, world.round(0)))
        assert isinstance(file, SqliteLedger)
        expected = world.economy
        records = [stored.envelope().to_bytes() for stored in file.records()]
    chain = RevmChain()
    with EvmLedger.create(chain, story.coordinator, account=chain.account(0)) as ledger:
        ledger.append(records[:1])
        ledger.append(records[1:18])
        ledger.append(records[18:-1])
        # The round ended in another block here, so the file's verdict does not fit; one on this block does.
        with pytest.raises(LedgerError, match="another block"):
            ledger.append(records[-1:])
        ledger.append([world.verdict(0, ledger.head().block.hash).seal(story.coordinator)])
        found = ledger.economy()
        assert found is not None
        assert dict(found.bank.owed) == dict(expected.bank.owed)
        assert dict(found.bank.balances) == dict(expected.bank.balances)
        assert dict(found.reputation.scores) == dict(expected.reputation.scores)
        assert [block.block.count for block in ledger.blocks()] == [1, 17, len(records) - 19, 1]
        ledger.verify()
