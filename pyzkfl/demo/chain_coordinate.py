"""The coordinator of the demo on a chain, as a process: python -m pyzkfl.demo.chain_coordinate.

pyzkfl.demo.coordinate is the one without a chain.
"""

from __future__ import annotations

import sys
from typing import Any

from pyzkfl.demo.attackers import CheatingCoordinator, CheatingRound
from pyzkfl.demo.chain import AT_RISK, Party, let_pass, need_clock
from pyzkfl.demo.coordinate import Manner, main
from pyzkfl.demo.pipes import run_party
from pyzkfl.integrations.evm import EvmCoordinator, EvmRound, terms_on_chain
from pyzkfl.ledger import Ledger
from pyzkfl.ledger.evm import EvmLedger
from pyzkfl.statement import PROOF_BYTES, weights_digest

__all__ = ["ChainCoordinator", "ChainManner"]

_MOST_BATCHES = 16


class ChainRound(EvmRound, CheatingRound):
    """A round on the chain with the planned attack."""


class ChainCoordinator(EvmCoordinator, CheatingCoordinator):
    """Runs the job on the chain, and cheats as planned."""

    @property
    def round_type(self) -> type[ChainRound]:
        return ChainRound


class ChainManner(Manner):
    """With an account of its own, and the ledger on the chain."""

    kind = ChainCoordinator

    def __init__(self) -> None:
        self._party = Party()

    def hello(self) -> dict[str, Any]:
        return {"address": self._party.address}

    def ledger(self, config: dict[str, Any], consortium: dict[str, Any], identity: Any) -> Ledger:
        chain = self._party.connect(consortium["chain"])
        need_clock(chain)
        self._ledger = EvmLedger.create(chain, identity, account=self._party.address, patience=60.0)
        return self._ledger

    def prepare(self, coordinator: Any, consortium: dict[str, Any]) -> None:
        told = consortium["chain"]
        chain = self._party.connect(told)
        terms = terms_on_chain(7 + PROOF_BYTES, _MOST_BATCHES, seats=8, stake=AT_RISK)
        accounts = told["accounts"][1:]
        account = self._party.account(chain, told)
        coordinator.use(account, terms, accounts, let_pass=lambda until: let_pass(chain, until))

    def report(self, coordinator: Any) -> dict[str, Any]:
        job, rounds = coordinator.on_chain, range(len(coordinator.reports))
        state = {
            "closed": sum(job.outcome(number) == "closed" for number in rounds),
            "rejected": [[number, name] for number in rounds for name in job.rejected(number)],
            "weights": job.state()["weights"].hex(),
        }
        return {
            "ledger": self._ledger.address,
            "gas": job.gas,
            "chain_state": state,
            "weights_digest": weights_digest(coordinator.weights).hex(),
        }


if __name__ == "__main__":
    sys.exit(run_party(lambda: main(ChainManner())))
