"""Who validates a round: seats drawn without replacement, weighed by stake and reputation.

The weights of a job are frozen before anyone can know its beacon, so stake that moves later changes no draw. The rules
and integers are those of contracts/ValidatorCommittee.sol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pyzkfl.errors import LedgerError
from pyzkfl.journal import Journal, Table
from pyzkfl.reputation import ONE, Reputation
from pyzkfl.tokens import Bank

__all__ = ["SEATS_MOST", "VALIDATORS_MOST", "Validators", "places", "seed_of", "stands"]

VALIDATORS_MOST = 64
SEATS_MOST = 16
_STAKE_MOST = (1 << 96) - 1


def places(seed: bytes, weights: Sequence[int], seats: int) -> list[int]:
    """Which places of a list of weights get the seats.

    Seat s is at x = SHA-256(seed, s) / 2^128 modulo the sum of the weights left, in the first place whose running sum
    is above x.

    >>> places(bytes(32), [5, 0, 3], 4)
    [0, 2]
    """
    left = list(weights)
    drawn: list[int] = []
    while len(drawn) < seats and sum(left) > 0:
        digest = hashlib.sha256(seed + len(drawn).to_bytes(4, "big")).digest()
        x = int.from_bytes(digest[:16], "big") % sum(left)
        place = 0
        while x >= left[place]:
            x -= left[place]
            place += 1
        drawn.append(place)
        left[place] = 0
    return drawn


def seed_of(job: bytes, beacon: bytes, round_: int) -> bytes:
    """What the seats of a round are drawn from."""
    return hashlib.sha256(b"pyzkfl/1 committee" + job + beacon + round_.to_bytes(8, "big")).digest()


def stands(signed: int, total: int) -> bool:
    """Whether stake that signed is more than two thirds of the seats' stake.

    >>> stands(2, 3), stands(3, 4)
    (False, True)
    """
    return 3 * signed > 2 * total


class Validators:
    """The list of those who may be drawn, and the weights frozen for each job."""

    def __init__(self, bank: Bank, reputation: Reputation, journal: Journal | None = None) -> None:
        journal = journal or Journal()
        self._bank, self._reputation = bank, reputation
        # One entry: a list of at most 64 is written anew when it changes.
        self._lists: Table[str, tuple[bytes, ...]] = journal.table(())
        self.frozen: Table[bytes, tuple[tuple[bytes, int], ...]] = journal.table(())  # job -> (account, weight)

    @property
    def accounts(self) -> tuple[bytes, ...]:
        """In the order of the list."""
        return self._lists["validators"]

    def register(self, account: bytes, instead: bytes | None, stake_least: int) -> None:
        """Join. In a full list a newcomer takes the place of `instead`, which must have less stake."""
        stake = self._bank.positions[account].bonded
        if stake < stake_least:
            raise LedgerError(f"a validator bonds at least {stake_least} units, the account has {stake} bonded")
        accounts = self.accounts
        if account in accounts:
            return
        if len(accounts) >= VALIDATORS_MOST:
            if instead not in accounts or self._bank.positions[instead].bonded >= stake:
                raise LedgerError(f"the list of {VALIDATORS_MOST} is full: name a validator with less stake")
            accounts = self._without(instead)
        self._lists["validators"] = (*accounts, account)

    def leave(self, account: bytes) -> None:
        """Off the list; the stake stays."""
        if account not in self.accounts:
            raise LedgerError("the account is no validator")
        self._lists["validators"] = self._without(account)

    def _without(self, account: bytes) -> tuple[bytes, ...]:
        """The last one takes the place."""
        rest = list(self.accounts)
        rest[rest.index(account)] = rest[-1]
        return tuple(rest[:-1])

    def freeze(self, job: bytes, stake_least: int, epoch: int) -> None:
        """Fix the weights for a job: bonded stake times reputation."""
        seats = []
        for account in self.accounts:
            stake = self._bank.positions[account].bonded
            weight = min(stake * self._reputation.score(account, epoch) // ONE, _STAKE_MOST)
            if stake >= stake_least and weight > 0:
                seats.append((account, weight))
        self.frozen[job] = tuple(seats)

    def draw(self, job: bytes, beacon: bytes, round_: int, seats: int) -> tuple[tuple[bytes, int], ...]:
        """The seats of a round with their stake, which is what is bonded now."""
        frozen = self.frozen[job]
        drawn = places(seed_of(job, beacon, round_), [weight for _, weight in frozen], min(seats, SEATS_MOST))
        stakes = ((frozen[i][0], min(self._bank.positions[frozen[i][0]].bonded, _STAKE_MOST)) for i in drawn)
        return tuple((account, stake) for account, stake in stakes if stake > 0)
