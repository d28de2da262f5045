"""The utility token: balances, stakes with unbonding and slashing, and rewards exact to the unit.

Integers only; the rules are those of contracts/UtilityToken.sol, Staking.sol and Rewards.sol, with seconds of the
ledger's blocks for time. Everything held adds up to the supply after every call: balances, rewards not claimed yet and
stakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pyzkfl.errors import LedgerError
from pyzkfl.journal import Journal

__all__ = ["LOCK_MOST", "SUPPLY_MOST", "Bank", "Formula", "Position", "cut"]

SUPPLY_MOST = (1 << 63) - 1  # units: every amount fits the 64-bit integers of a record
LOCK_MOST = 90 * 86400  # seconds: a lock by mistake ends


def cut(pool: int, weights: Sequence[int]) -> list[int]:
    """Shares of a pool by weight that add up to it: it is cut at the running sums of the weights, rounded down.

    Nothing for anybody when all weights are 0. No share is more than a unit away from pool * weight / sum.

    >>> cut(100, [1, 1, 1])
    [33, 33, 34]
    >>> cut(100, [0, 0])
    [0, 0]
    """
    if pool < 0 or any(weight < 0 for weight in weights):
        raise LedgerError("a pool and its weights are not negative")
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    shares, running, before = [], 0, 0
    for weight in weights:
        running += weight
        up_to = pool * running // total
        shares.append(up_to - before)
        before = up_to
    return shares


class Formula(NamedTuple):
    """What a round pays. A contribution weighs base + examples * per_example + gain * per_gain.

    pool: units of a round; validators: their part of it, in 1/10000.
    """

    pool: int
    base: int
    per_example: int
    per_gain: int
    validators: int

    def weight(self, examples: int, gain: int) -> int:
        """Of a verified contribution."""
        return self.base + examples * self.per_example + gain * self.per_gain


class Position(NamedTuple):
    """A stake. Unbonding units give no weight and are slashed like the others; times in seconds."""

    bonded: int = 0
    unbonding: int = 0
    release_at: int = 0
    locked_until: int = 0
    open: int = 0  # what it answers for

    @property
    def slashable(self) -> int:
        return self.bonded + self.unbonding


class Bank:
    """Who holds what. unbonding: seconds between unbonding and withdrawing.

    Every method raises LedgerError, and then changed nothing, for what the holder does not have or may not do yet.
    """

    def __init__(self, unbonding: int, journal: Journal | None = None) -> None:
        journal = journal or Journal()
        self.unbonding = unbonding
        self.balances = journal.table(0)
        self.owed = journal.table(0)
        self.positions = journal.table(Position())
        self._totals = journal.table(0)

    @property
    def supply(self) -> int:
        """Units there are."""
        return self._totals["supply"]

    @property
    def burned(self) -> int:
        """Units that were slashed and went to nobody."""
        return self._totals["burned"]

    @property
    def slashed(self) -> int:
        """Units taken from stakes in all."""
        return self._totals["slashed"]

    def held(self) -> int:
        """The sum of everything held, which is the supply."""
        stakes = sum(position.slashable for position in self.positions.values())
        return sum(self.balances.values()) + sum(self.owed.values()) + stakes

    def mint(self, account: bytes, amount: int) -> None:
        """New units."""
        self._check(amount)
        self._grow(amount)
        self.balances[account] += amount

    def _grow(self, amount: int) -> None:
        if self.supply + amount > SUPPLY_MOST:
            raise LedgerError(f"there are never more than {SUPPLY_MOST} units")
        self._totals["supply"] += amount

    @staticmethod
    def _check(amount: int) -> None:
        if not 0 <= amount <= SUPPLY_MOST:
            raise LedgerError(f"an amount is from 0 to {SUPPLY_MOST}, got {amount}")

    def _take(self, account: bytes, amount: int) -> None:
        self._check(amount)
        if self.balances[account] < amount:
            raise LedgerError(f"the account holds {self.balances[account]} units, not {amount}")
        self.balances[account] -= amount

    def transfer(self, sender: bytes, to: bytes, amount: int) -> None:
        """Units from one balance to another."""
        self._take(sender, amount)
        self.balances[to] += amount

    # -- stakes --------------------------------------------------------------------------------------------------------

    def bond(self, account: bytes, amount: int) -> None:
        """Put units at stake."""
        self._take(account, amount)
        p = self.positions[account]
        self.positions[account] = p._replace(bonded=p.bonded + amount)

    def unbond(self, account: bytes, amount: int, now: int) -> None:
        """Begin to take units out. The period begins anew for all that is unbonding."""
        self._check(amount)
        p = self.positions[account]
        if amount > p.bonded:
            raise LedgerError(f"the account has {p.bonded} units bonded, not {amount}")
        self.positions[account] = p._replace(
            bonded=p.bonded - amount, unbonding=p.unbonding + amount, release_at=now + self.unbonding
        )

    def withdraw(self, account: bytes, now: int) -> int:
        """What is unbonding comes back, when the period is over and nothing that it answers for is open."""
        p = self.positions[account]
        until = max(p.release_at, p.locked_until if p.open == 0 else p.locked_until + LOCK_MOST)
        if now < until:
            raise LedgerError(f"the stake can still be slashed: it is free in {until - now} seconds")
        self.positions[account] = p._replace(unbonding=0)
        self.balances[account] += p.unbonding
        return p.unbonding

    def hold(self, account: bytes, least: int, now: int, until: int) -> None:
        """Lock the stake, if so much can be slashed at all."""
        there = self.positions[account].slashable
        if there < least:
            raise LedgerError(f"the account has {there} units at stake, {least} are needed")
        self.lock(account, now, until)

    def lock(self, account: bytes, now: int, until: int) -> None:
        """No withdrawal before `until`."""
        p = self.positions[account]
        until = min(until, now + LOCK_MOST)
        if until > p.locked_until:
            self.positions[account] = p._replace(locked_until=until)

    def answer(self, account: bytes, least: int, now: int, until: int) -> None:
        """hold, and keep the stake in until `release`, or until LOCK_MOST after the lock."""
        self.hold(account, least, now, until)
        p = self.positions[account]
        self.positions[account] = p._replace(open=p.open + 1)

    def release(self, accounts: Iterable[bytes]) -> None:
        """One thing less that each answers for."""
        for account in accounts:
            p = self.positions[account]
            self.positions[account] = p._replace(open=p.open - 1)

    def slash(self, account: bytes, amount: int, bounty_to: bytes | None = None) -> int:
        """Take at most what is there, bonded units first; returns what was taken.

        Half goes to `bounty_to`; whoever slashes itself so loses the other half, which is burned, like everything
        without a bounty.
        """
        p = self.positions[account]
        from_bonded = min(amount, p.bonded)
        from_unbonding = min(amount - from_bonded, p.unbonding)
        taken = from_bonded + from_unbonding
        self.positions[account] = p._replace(bonded=p.bonded - from_bonded, unbonding=p.unbonding - from_unbonding)
        bounty = 0 if bounty_to is None else taken // 2
        if bounty_to is not None and bounty:
            self.balances[bounty_to] += bounty
        self._totals["supply"] -= taken - bounty
        self._totals["burned"] += taken - bounty
        self._totals["slashed"] += taken
        return taken

    # -- rewards -------------------------------------------------------------------------------------------------------

    def distribute(
        self,
        formula: Formula,
        cap: int,
        members: Sequence[tuple[bytes, int]],
        validators: Sequence[tuple[bytes, int]],
    ) -> dict[bytes, int]:
        """A round's reward by (account, weight); returns what each is owed for it.

        Mints what is handed out and no more than `cap`: a side whose weights are all 0 gets nothing.
        """
        pool = min(formula.pool, cap)
        for_validators = pool * formula.validators // 10_000
        paid: dict[bytes, int] = {}
        for part, side in ((pool - for_validators, members), (for_validators, validators)):
            for (account, _), share in zip(side, cut(part, [weight for _, weight in side]), strict=True):
                paid[account] = paid.get(account, 0) + share
        self._grow(sum(paid.values()))
        for account, share in paid.items():
            self.owed[account] += share
        return paid

    def claim(self, account: bytes) -> int:
        """What an account is owed goes to its balance."""
        amount = self.owed[account]
        self.owed[account] = 0
        self.balances[account] += amount
        return amount
