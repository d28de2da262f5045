"""The governance token: a fixed supply, delegation, votes over the parameters of jobs and rewards, and a timelock.

As OpenZeppelin's ERC20Votes and Governor count (contracts/GovernanceToken.sol, TrainingGovernor.sol): votes count from
the moment that their holder delegates them, to itself or to another, and a proposal counts them as they stood when it
was made, so no unit votes twice. Integers only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from pyzkfl.errors import LedgerError
from pyzkfl.journal import Journal, Table
from pyzkfl.tokens import SUPPLY_MOST, Formula

__all__ = ["ABSTAIN", "AGAINST", "FOR", "PARAMETERS", "Assembly", "Parameters", "Proposal"]

AGAINST, FOR, ABSTAIN = 0, 1, 2
_SECONDS_MOST = 30 * 86400

# Parameter -> the least and the greatest value that a vote may give it.
PARAMETERS: Mapping[str, tuple[int, int]] = MappingProxyType({
    "pool": (0, SUPPLY_MOST),  # of a round's reward, in units
    "round_cap": (0, SUPPLY_MOST),  # no round mints more
    "base": (0, 10**9),  # weights of a contribution
    "per_example": (0, 10**9),
    "per_gain": (0, 10**9),
    "validators": (0, 10_000),  # their part of the pool, in 1/10000
    "seats": (1, 16),  # of a committee
    "stake_least": (1, SUPPLY_MOST),  # of a validator
    "stake_at_risk": (0, SUPPLY_MOST),  # of a submission
    "answer_seconds": (0, _SECONDS_MOST),  # how long a stake answers for a submission or an attestation
    "members_least": (3, 65_534),  # of a job
    "members_most": (3, 65_534),
    "rounds_most": (1, 1_000_000),
})  # fmt: skip
BARRED = "barred"  # a vote of 1 keeps an account out of new jobs, of 0 lets it in again


class Parameters:
    """Values in force, and who is barred from new jobs."""

    def __init__(self, values: Mapping[str, int], journal: Journal) -> None:
        if values.keys() != PARAMETERS.keys():
            raise LedgerError(f"the parameters of an economy are {', '.join(PARAMETERS)}")
        self._values = journal.table(0)
        self._barred = journal.table(False)
        for name, value in values.items():
            self.check(name, b"", value)
            self._values[name] = value

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def as_dict(self) -> dict[str, int]:
        return dict(self._values)

    @property
    def barred(self) -> set[bytes]:
        return {account for account, out in self._barred.items() if out}

    @property
    def formula(self) -> Formula:
        return Formula(*(self[name] for name in ("pool", "base", "per_example", "per_gain", "validators")))

    @staticmethod
    def check(name: str, subject: bytes, value: int) -> None:
        """LedgerError for a parameter that is none, or a value beyond its limits."""
        if name == BARRED:
            if len(subject) != 32 or value not in (0, 1):
                raise LedgerError("barred: give the account as subject, and 1 or 0")
            return
        if name not in PARAMETERS or subject:
            raise LedgerError(f"no parameter {name!r} is governed")
        low, high = PARAMETERS[name]
        if not low <= value <= high:
            raise LedgerError(f"{name} is from {low} to {high}, got {value}")

    def set(self, name: str, subject: bytes, value: int) -> None:
        self.check(name, subject, value)
        if name == BARRED:
            self._barred[subject] = bool(value)
        else:
            self._values[name] = value


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A change of one parameter. votes: of each delegate when it was made; tally: against, for, abstaining."""

    number: int
    proposer: bytes
    parameter: str
    subject: bytes
    value: int
    deadline: int  # seconds: votes before it
    eta: int  # seconds: executed from then on, if it won
    votes: Mapping[bytes, int]
    tally: tuple[int, int, int] = (0, 0, 0)
    executed: bool = False


class Assembly:
    """Holders of the governance token. voting, timelock: seconds; threshold: votes of a proposer; quorum: percent."""

    def __init__(
        self, *, voting: int, timelock: int, threshold: int, quorum: int, journal: Journal | None = None
    ) -> None:
        journal = journal or Journal()
        self.voting, self.timelock, self.threshold, self.quorum = voting, timelock, threshold, quorum
        self.balances = journal.table(0)
        self.delegates = journal.table(b"")
        self.votes = journal.table(0)
        self.proposals: Table[int, Proposal | None] = journal.table(None)
        self.cast: Table[tuple[int, bytes], int | None] = journal.table(None)  # (proposal, voter) -> support
        self.supply = 0

    def grant(self, account: bytes, amount: int) -> None:
        """The fixed supply, before anything else."""
        if amount < 0 or self.supply + amount > SUPPLY_MOST:
            raise LedgerError(f"amounts are not negative, and there are never more than {SUPPLY_MOST} units")
        self.balances[account] += amount
        self.supply += amount

    def transfer(self, sender: bytes, to: bytes, amount: int) -> None:
        """Units with their votes."""
        if not 0 <= amount <= self.balances[sender]:
            raise LedgerError(f"the account holds {self.balances[sender]} governance units, not {amount}")
        self._move(self.delegates[sender], self.delegates[to], amount)
        self.balances[sender] -= amount
        self.balances[to] += amount

    def delegate(self, account: bytes, to: bytes) -> None:
        """All votes of an account to another, or to itself; they are not passed on."""
        self._move(self.delegates[account], to, self.balances[account])
        self.delegates[account] = to

    def _move(self, source: bytes, to: bytes, amount: int) -> None:
        if source:
            self.votes[source] -= amount
        if to:
            self.votes[to] += amount

    def propose(self, account: bytes, parameter: str, subject: bytes, value: int, now: int) -> Proposal:
        """Votes are counted as they stand now; proposals are numbered from 0."""
        if self.votes[account] < self.threshold:
            raise LedgerError(f"a proposal needs {self.threshold} votes, the account has {self.votes[account]}")
        Parameters.check(parameter, subject, value)
        number, deadline = len(self.proposals), now + self.voting
        votes = {who: votes for who, votes in self.votes.items() if votes}
        proposal = Proposal(number, account, parameter, subject, value, deadline, deadline + self.timelock, votes)
        self.proposals[number] = proposal
        return proposal

    def _proposal(self, number: int) -> Proposal:
        proposal = self.proposals[number]
        if proposal is None:
            raise LedgerError(f"there is no proposal {number}")
        return proposal

    def vote(self, account: bytes, number: int, support: int, now: int) -> None:
        """AGAINST, FOR or ABSTAIN, once, with the votes that the account had when the proposal was made."""
        proposal = self._proposal(number)
        if now >= proposal.deadline:
            raise LedgerError(f"the vote on proposal {number} is over")
        if support not in (AGAINST, FOR, ABSTAIN):
            raise LedgerError("a vote is 0 (against), 1 (for) or 2 (abstain)")
        if self.cast[number, account] is not None:
            raise LedgerError(f"the account has voted on proposal {number}")
        weight = proposal.votes.get(account, 0)
        if weight == 0:
            raise LedgerError(f"the account had no votes when proposal {number} was made")
        against, for_, abstaining = (votes + weight * (support == i) for i, votes in enumerate(proposal.tally))
        self.cast[number, account] = support
        self.proposals[number] = dataclasses.replace(proposal, tally=(against, for_, abstaining))

    def won(self, proposal: Proposal) -> bool:
        """More for than against, and a quorum of those for and those abstaining."""
        against, for_, abstaining = proposal.tally
        return for_ > against and for_ + abstaining >= self.supply * self.quorum // 100

    def state(self, proposal: Proposal, now: int) -> str:
        """In a word."""
        if proposal.executed:
            return "executed"
        if now < proposal.deadline:
            return "open"
        if not self.won(proposal):
            return "lost"
        return "waiting" if now < proposal.eta else "ready"

    def execute(self, number: int, parameters: Parameters, now: int) -> None:
        """Put a proposal that won into force, once, after the timelock; anybody may."""
        proposal = self._proposal(number)
        state = self.state(proposal, now)
        if state == "waiting":
            raise LedgerError(f"proposal {number} waits {proposal.eta - now} seconds more in the timelock")
        if state != "ready":
            raise LedgerError(f"proposal {number} is {state}")
        parameters.set(proposal.parameter, proposal.subject, proposal.value)
        self.proposals[number] = dataclasses.replace(proposal, executed=True)
