"""A member of the demo on a chain, as a process: python -m pyzkfl.demo.chain_member. See pyzkfl.demo.member."""

from __future__ import annotations

import sys
from typing import Any

from pyzkfl.demo.chain import Party
from pyzkfl.demo.member import DemoMember, Manner, main
from pyzkfl.demo.pipes import run_party
from pyzkfl.integrations.evm import EvmMember

__all__ = ["ChainManner", "ChainMember"]


class ChainMember(EvmMember, DemoMember):
    """Submits, judges and is paid on the chain; its forgeries go there too."""


class ChainManner(Manner):
    """With an account of its own."""

    kind = ChainMember

    def __init__(self) -> None:
        self._party = Party()

    def hello(self) -> dict[str, Any]:
        return {"address": self._party.address}

    def prepare(self, member: Any, consortium: dict[str, Any]) -> None:
        told = consortium["chain"]
        member.join(self._party.account(self._party.connect(told), told))

    def report(self, member: Any) -> dict[str, Any]:
        return {"gas": member.on_chain.gas}


if __name__ == "__main__":
    sys.exit(run_party(lambda: main(ChainManner())))
