"""Reputation as a beta distribution over "the next fact will be good" (Josang and Ismail 2002).

A uniform prior, decay by epoch, and the standard deviation as what is not known yet. Facts are those that a committee
verified; a score belongs to an account and cannot be transferred. Integers only, in units of 1 / ONE, rounded down:
the same as in contracts/Reputation.sol, so that a ledger in a file and one on a chain agree to the unit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from pyzkfl.errors import ParameterError
from pyzkfl.journal import Journal

__all__ = ["ONE", "Reputation", "Score", "power"]

ONE = 10**9
MOST = 10**15  # of good or bad facts, in units of 1 / ONE: a million
_FACTS_MOST = 10**6


class Score(NamedTuple):
    """Decayed numbers of good and bad facts, in units of 1 / ONE, as of an epoch."""

    good: int = 0
    bad: int = 0
    epoch: int = 0

    def at(self, epoch: int, decay: int) -> Score:
        """The same at a later epoch; an earlier one counts as the score's own."""
        if epoch <= self.epoch:
            return self
        f = power(decay, epoch - self.epoch)
        return Score(self.good * f // ONE, self.bad * f // ONE, epoch)

    def estimate(self) -> tuple[int, int]:
        """Mean and standard deviation, in units of 1 / ONE.

        >>> Score().estimate()
        (500000000, 288675134)
        """
        a, b = self.good + ONE, self.bad + ONE
        total = a + b
        return a * ONE // total, math.isqrt(a * b * ONE**3 // (total * total * (total + ONE)))

    @property
    def value(self) -> int:
        """What counts: the mean less one deviation, at least 0."""
        mean, deviation = self.estimate()
        return max(0, mean - deviation)


def power(base: int, n: int) -> int:
    """base^n in units of 1 / ONE, rounded down at each step of square and multiply, from the lowest bit up.

    >>> power(ONE // 2, 3)
    125000000
    """
    f = ONE
    while n > 0 and f > 0:
        if n & 1:
            f = f * base // ONE
        base = base * base // ONE
        n >>= 1
    return f


class Reputation:
    """The scores of all accounts. decay: what an epoch leaves of a fact, from 0 to ONE."""

    def __init__(self, decay: int, journal: Journal | None = None) -> None:
        if not 0 <= decay <= ONE:
            raise ParameterError(f"decay is from 0 to {ONE}, got {decay}")
        self.decay = decay
        self.scores = (journal or Journal()).table(Score())

    def record(self, account: bytes, good: int, bad: int, epoch: int) -> None:
        """Add verified facts. An epoch before the last one counts as the last one."""
        if good < 0 or bad < 0:
            raise ParameterError("numbers of facts are not negative")
        a, b, now = self.scores[account].at(epoch, self.decay)
        self.scores[account] = Score(
            min(a + min(good, _FACTS_MOST) * ONE, MOST), min(b + min(bad, _FACTS_MOST) * ONE, MOST), max(now, epoch)
        )

    def score(self, account: bytes, epoch: int) -> int:
        """What counts at an epoch, from 0 to ONE; for an unknown account a little more than a fifth."""
        return self.scores[account].at(epoch, self.decay).value

    def estimate(self, account: bytes, epoch: int) -> tuple[int, int]:
        """Mean and standard deviation at an epoch."""
        return self.scores[account].at(epoch, self.decay).estimate()
