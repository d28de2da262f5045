"""The demo on an EVM chain: deploys the contracts, gives every party ether and stake, and reads its account afterwards.

For a node whose clock may be moved, such as anvil (`make demo-chain`): the windows of a round pass at once.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from eth_account import Account as Key

from pyzkfl.demo.plan import Plan, make_chain_plan
from pyzkfl.demo.runner import DemoConfig, Setting
from pyzkfl.errors import ChainError, ParameterError
from pyzkfl.integrations.evm import Account
from pyzkfl.ledger.deployment import Deployment, Parameters, deploy
from pyzkfl.ledger.evm import EvmLedger
from pyzkfl.ledger.node import NodeChain

__all__ = ["ANVIL_CHAIN", "ANVIL_KEY", "ChainSetting", "Party", "let_pass"]

ANVIL_CHAIN = 31337
# Of the first account that anvil gives ether to; everybody knows it.
ANVIL_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
STAKE = 10_000
AT_RISK = 1_000
ETHER = 10**18


def let_pass(chain: NodeChain, until: int) -> None:
    """Move the node's clock until the chain shows this time; ChainError where the node does not let us."""
    while (now := chain.time()) < until:
        chain.request("evm_increaseTime", until - now)
        chain.request("evm_mine")


@dataclasses.dataclass
class Party:
    """A process with an account of its own."""

    key: bytes = dataclasses.field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def address(self) -> str:
        """Of its account."""
        return str(Key.from_key(self.key).address)

    def connect(self, told: dict[str, Any]) -> NodeChain:
        """The chain, with this party's key. told: the consortium as the parent tells it."""
        return NodeChain(told["url"], chain_id=told["chain_id"], keys=[self.key])

    def account(self, chain: NodeChain, told: dict[str, Any]) -> Account:
        """For `EvmMember.join` and `EvmCoordinator.use`."""
        contracts = Deployment.at(chain, told["contracts"])
        return Account(contracts, told["chain_id"], self.address, self.key, told["accounts"][0], STAKE)


class ChainSetting(Setting):
    """url: of the node; key: of an account with ether and nothing to lose."""

    coordinator, member = "pyzkfl.demo.chain_coordinate", "pyzkfl.demo.chain_member"

    def __init__(self, url: str, chain_id: int = ANVIL_CHAIN, key: bytes = ANVIL_KEY) -> None:
        self._told: dict[str, Any] = {"url": url, "chain_id": chain_id}
        self._chain = NodeChain(url, chain_id=chain_id, keys=[key])

    def ledger(self, config: DemoConfig) -> str:
        """Events of a contract, which the coordinator deploys."""
        return ""

    def plan(self, config: DemoConfig, with_two_batches: set[int]) -> Plan:
        if config.aggregation != "masks":
            raise ParameterError("the demo on a chain sums with masks")
        return make_chain_plan(config.clients, config.rounds)

    def equip(self, names: list[str], hellos: list[dict[str, Any]]) -> dict[str, Any]:
        """Deploy; ether for gas and units for the stake to every party."""
        chain, (faucet,) = self._chain, self._chain.addresses
        accounts = [hello["address"] for hello in hellos]
        self._contracts = deploy(chain, Parameters(votes=dict.fromkeys(accounts, 100)), sender=faucet)
        for account in accounts:
            chain.send(account, b"", sender=faucet, value=ETHER)
            self._contracts.token.send("transfer", account, STAKE, sender=faucet)
        self._told |= {"contracts": self._contracts.addresses(), "accounts": accounts}
        return {"chain": self._told}

    def verify_ledger(self, ledger: str, outcome: dict[str, Any]) -> None:
        with EvmLedger.open(self._chain, outcome["ledger"]) as opened:
            opened.verify()

    def figures(self, names: list[str], outcome: dict[str, Any]) -> dict[str, Any]:
        """What every party has left, and what the chain says of the rounds."""
        contracts, chain = self._contracts, self._chain
        epoch = contracts.registry.call("epochNow")
        parties = []
        for name, account in zip(("coordinator", *names), self._told["accounts"], strict=True):
            parties.append(
                {
                    "party": name,
                    "account": account,
                    "ether_spent": (ETHER - int(chain.request("eth_getBalance", account, "latest"), 16)) / ETHER,
                    "stake": contracts.staking.call("bonded", account),
                    "paid": contracts.token.call("balanceOf", account),
                    "reputation": contracts.reputation.call("score", account, epoch) / 10**9,
                }
            )
        slashed = sum(event.values["amount"] for event in contracts.staking.events("Slashed"))
        weights = outcome["chain_state"].pop("weights")
        return {
            "chain_id": self._told["chain_id"],
            "contracts": self._told["contracts"],
            "parties": parties,
            "slashed": slashed,
            "rounds_closed": outcome["chain_state"]["closed"],
            "rejected": outcome["chain_state"]["rejected"],
            "chain_weights": weights == outcome["weights_digest"],
            "blocks": chain.height(),
        }


def need_clock(chain: NodeChain) -> None:
    """ChainError, with what to do, unless the node's clock may be moved."""
    try:
        chain.request("evm_increaseTime", 0)
    except ChainError as error:
        raise ChainError(
            f"{chain.url}: the demo needs a node whose clock may be moved, such as anvil ({error})"
        ) from None
