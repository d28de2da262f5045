"""The contracts of a consortium, deployed together: tokens, staking, reputation, rewards, committee, registry,
governance.

Whoever deploys has every role for a moment only: at the end the timelock administers, and the timelock obeys the
governor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pyzkfl.errors import ParameterError
from pyzkfl.ledger.chain import Chain, Contract, artifact

__all__ = ["Deployment", "Parameters", "deploy"]

ADMIN = bytes(32)
NOBODY = "0x" + "00" * 20
DAY = 86_400


@dataclasses.dataclass(frozen=True)
class Parameters:
    """What governance may change later, and what it may not (ceiling, decay, periods).

    supply: units of the utility token at the start, to the deployer. cap, ceiling: most units minted in a round, and
    what
    the cap may never exceed. pool: paid for a round; validators: their part of it in 1/10000; base, per_example,
    per_gain:
    what a contribution weighs. unbonding_s: seconds. decay: of a fact a day, in 1e-9. votes: governance tokens by
    holder.
    """

    supply: int = 10**12
    cap: int = 10**7
    ceiling: int = 10**8
    pool: int = 10**6
    base: int = 0
    per_example: int = 1
    per_gain: int = 0
    validators: int = 1_000
    unbonding_s: int = 7 * DAY
    decay: int = 980_000_000
    stake_least: int = 1_000
    votes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    voting_delay_blocks: int = 1
    voting_period_blocks: int = 50
    proposal_threshold: int = 0
    quorum_percent: int = 10
    timelock_s: int = DAY


@dataclasses.dataclass(frozen=True)
class Deployment:
    """The contracts."""

    token: Contract
    votes: Contract
    staking: Contract
    reputation: Contract
    rewards: Contract
    committee: Contract
    registry: Contract
    timelock: Contract
    governor: Contract

    def addresses(self) -> dict[str, str]:
        """By name: what another process needs to find them."""
        return {field.name: getattr(self, field.name).address for field in dataclasses.fields(self)}

    @staticmethod
    def at(chain: Chain, addresses: Mapping[str, str]) -> Deployment:
        """The contracts that `addresses` of another process named."""
        missing = _KINDS.keys() - addresses.keys()
        if missing:
            raise ParameterError(f"no address of {', '.join(sorted(missing))}")
        return Deployment(**{name: Contract(chain, addresses[name], artifact(kind)) for name, kind in _KINDS.items()})


_KINDS = {
    "token": "UtilityToken",
    "votes": "GovernanceToken",
    "staking": "Staking",
    "reputation": "Reputation",
    "rewards": "Rewards",
    "committee": "ValidatorCommittee",
    "registry": "TrainingRegistry",
    "timelock": "TimelockController",
    "governor": "TrainingGovernor",
}


def deploy(chain: Chain, parameters: Parameters, *, sender: str) -> Deployment:
    """Deploy and hand over. The sender keeps the utility tokens of the start, and no role. Raises as Chain.send."""
    p = parameters

    def new(kind: str, *arguments: object) -> Contract:
        return Contract.deploy(chain, artifact(kind), *arguments, sender=sender)

    token = new("UtilityToken", sender, p.supply, p.cap, p.ceiling)
    staking = new("Staking", sender, token.address, p.unbonding_s)
    reputation = new("Reputation", sender, p.decay)
    formula = (p.pool, p.base, p.per_example, p.per_gain, p.validators)
    rewards = new("Rewards", sender, token.address, formula)
    committee = new("ValidatorCommittee", sender, staking.address, reputation.address, p.stake_least)
    registry = new("TrainingRegistry", staking.address, committee.address, reputation.address, rewards.address)
    votes = new("GovernanceToken", list(p.votes), list(p.votes.values()))
    timelock = new("TimelockController", p.timelock_s, [], [NOBODY], sender)
    governor = new(
        "TrainingGovernor", votes.address, timelock.address, p.voting_delay_blocks, p.voting_period_blocks,
        p.proposal_threshold, p.quorum_percent,
    )  # fmt: skip

    def grant(contract: Contract, role: str, account: Contract) -> None:
        contract.send("grantRole", contract.call(role), account.address, sender=sender)

    grant(token, "MINTER", rewards)
    grant(staking, "SLASHER", registry)
    grant(staking, "SLASHER", committee)
    grant(reputation, "REPORTER", registry)
    grant(rewards, "REGISTRY", registry)
    grant(committee, "REGISTRY", registry)
    for role in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
        grant(timelock, role, governor)
    for contract in (token, staking, reputation, rewards, committee):
        contract.send("grantRole", ADMIN, timelock.address, sender=sender)
    for contract in (token, staking, reputation, rewards, committee, timelock):
        contract.send("renounceRole", ADMIN, sender, sender=sender)
    return Deployment(token, votes, staking, reputation, rewards, committee, registry, timelock, governor)
