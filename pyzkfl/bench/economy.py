"""A simulated economy: who earns, who is slashed, and whether reputation tells the honest from the others.

The rules are the ledger's own (`pyzkfl.ledger.Economy`), with its records; only signatures of members, proofs and the
SQLite file are left out. Every client has a true quality, the share of its submissions whose proof holds: the honest
ones fail now and then, the dishonest ones cheat at a rate of their own. A cheat's proof does not hold, so the
coordinator refuses it and puts the message on the ledger. The committee finds what is true, except for its dishonest
validators, who attest that nobody cheated. Whoever has less at stake than a submission risks takes part no more.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from pyzkfl._core.identity import IdentityKey
from pyzkfl.errors import LedgerError, ParameterError
from pyzkfl.ledger import (
    Aggregate,
    Beacon,
    BeaconCommit,
    Economy,
    JobTerms,
    Refusal,
    RoundStart,
    Stake,
    Submission,
    Terms,
    Validator,
    Verdict,
    Weights,
)
from pyzkfl.ledger.records import Record
from pyzkfl.reputation import ONE

__all__ = ["simulate"]

STAKE = 1000
VALIDATORS = 64
PARAMETERS = {
    "pool": 100_000, "round_cap": 100_000, "base": 32, "per_example": 1, "per_gain": 0, "validators": 1000, "seats": 7,
    "stake_least": 100, "stake_at_risk": 50, "answer_seconds": 86_400, "members_least": 3, "members_most": 65_534,
    "rounds_most": 1_000_000,
}  # fmt: skip
ROUND_SECONDS = 3600


class _Simulation:
    def __init__(self, clients: int, dishonest: float, participation: float, seed: int) -> None:
        self.random = random.Random(seed)
        self.participation = participation
        self.names = [f"c{i}" for i in range(clients)]
        bad = set(self.random.sample(self.names, round(clients * dishonest)))
        self.honest = {name: name not in bad for name in self.names}
        uniform = self.random.uniform
        self.quality = {name: uniform(0.93, 1.0) if self.honest[name] else uniform(0.0, 0.7) for name in self.names}
        self.accounts = {name: hashlib.sha256(f"{seed} {name}".encode()).digest() for name in self.names}
        count = min(VALIDATORS, clients)
        self.validators = {(key := IdentityKey.generate()).public_bytes: key for _ in range(count)}
        self.liars = set(list(self.validators)[: round(count * dishonest)])
        everyone = [*self.accounts.values(), *self.validators]
        terms = Terms(dict.fromkeys(everyone, STAKE), {}, PARAMETERS)
        self.economy = Economy(terms.record())
        self.economy.history = True
        self.time = 1_800_000_000
        self.job = hashlib.sha256(f"job {seed}".encode()).digest()
        self._begin()

    def _block(self, *acts: Callable[[], None]) -> bytes:
        """Acts in a block of their own; its hash."""
        self.economy.begin_block(self.time * 1000)
        for act in acts:
            act()
        digest = hashlib.sha256(self.time.to_bytes(8, "big")).digest()
        self.economy.end_block(digest)
        return digest

    def _record(self, record: Record, phase: str = "") -> Callable[[], None]:
        return lambda: self.economy.training(record, self.accounts, phase, {})

    def _begin(self) -> None:
        id_, none = self.economy.id, bytes(32)
        acts: list[Callable[[], None]] = []
        for account in (*self.accounts.values(), *self.validators):
            acts.append(lambda account=account: self.economy.apply(Stake(id_, 0, 0, STAKE), account))  # type: ignore[misc]
        for account in self.validators:
            acts.append(lambda account=account: self.economy.apply(Validator(id_, 1, 1), account))  # type: ignore[misc]
        self._block(
            *acts,
            self._record(JobTerms(self.job, b"terms")),
            self._record(BeaconCommit(self.job, self.names[-1], b"message", 0, none), "revealing the beacon"),
            self._record(Beacon(self.job, 0, hashlib.sha256(self.job).digest())),
        )

    def round(self, number: int) -> bool:
        """Whether the round became final."""
        self.time += ROUND_SECONDS
        economy, job, none = self.economy, self.job, bytes(32)
        least = PARAMETERS["stake_at_risk"]
        able = [name for name in self.names if economy.bank.positions[self.accounts[name]].slashable >= least]
        present = [name for name in able if self.random.random() < self.participation]
        good = {name: self.random.random() < self.quality[name] for name in present}
        survivors = tuple(name for name in present if good[name])
        cheats = tuple(name for name in present if not good[name])
        records: list[Record] = [RoundStart(job, number, none)]
        records += [Submission(job, name, b"message", number, none, none) for name in survivors]
        records += [Refusal(job, number, name, 0, "ProofInvalid", "", b"message") for name in cheats]
        records += [Aggregate(job, number, survivors, none, none, none), Weights(job, number, none)]
        block = self._block(*map(self._record, records))
        count = len(survivors)

        def verdict(rejected: tuple[str, ...]) -> Verdict:
            return Verdict(economy.id, job, number, block, rejected, (32,) * count, (0,) * count, ())

        true, false = verdict(cheats), verdict(())
        poll = economy.polls[job, number]
        assert poll is not None
        final = False
        for found, signers in (
            (true, [account for account, _ in poll.seats if account not in self.liars]),
            (false, [account for account, _ in poll.seats if account in self.liars]),
        ):
            attested = tuple(found.attest(self.validators[account]) for account in signers)
            whole = Verdict(**{**vars(found), "attestations": attested})
            try:
                economy.journal.begin()
                self._block(lambda whole=whole: economy.apply(whole, self.names[0].encode()))  # type: ignore[misc]
                economy.journal.end()
                final = True
            except LedgerError:  # no two thirds
                economy.journal.undo()
        return final

    def paid(self, honest: bool) -> int:
        """Units earned by members in all."""
        accounts = {self.accounts[name] for name in self.names if self.honest[name] is honest}
        settled = [one for one in self.economy.settled.values() if one is not None]
        return sum(amount for one in settled for account, amount in one.paid.items() if account in accounts)

    def slashed(self, honest: bool) -> float:
        """Share of the stake at the beginning."""
        positions = self.economy.bank.positions
        left = [positions[self.accounts[name]].slashable for name in self.names if self.honest[name] is honest]
        return 1 - sum(left) / (STAKE * len(left)) if left else 0.0


def simulate(
    *, clients: int = 1000, rounds: int = 200, dishonest: float = 0.2, participation: float = 0.3, seed: int = 0
) -> dict[str, Any]:
    """Run it; the figures, a line for each round, and (quality, reputation) of each client.

    reward_share_honest: of what members earned; slashed_share_*: of the stake of the beginning; correlation: Pearson's,
    of the reputation that counts (mean less deviation) with the true quality. ParameterError for shares beyond 0 to 1,
    or fewer than ten clients.
    """
    if not (0 < dishonest < 1 and 0 < participation <= 1 and clients >= 10 and rounds >= 1):
        raise ParameterError("shares are between 0 and 1; there are at least ten clients and one round")
    run = _Simulation(clients, dishonest, participation, seed)
    final, lines = 0, []
    for number in range(rounds):
        final += run.round(number)
        honest, others = run.paid(True), run.paid(False)
        lines.append(
            {
                "round": number,
                "final": final,
                "reward_share_honest": round(honest / (honest + others), 5) if honest + others else None,
                "slashed_share_dishonest": round(run.slashed(False), 5),
                "slashed_share_honest": round(run.slashed(True), 5),
            }
        )
    economy = run.economy
    score = {name: economy.reputation.score(run.accounts[name], economy.epoch) / ONE for name in run.names}
    mean = {name: economy.reputation.estimate(run.accounts[name], economy.epoch)[0] / ONE for name in run.names}

    def correlation(values: dict[str, float]) -> float:
        pairs = [[run.quality[name] for name in run.names], [values[name] for name in run.names]]
        return float(np.asarray(np.corrcoef(pairs))[0, 1])

    return {
        "clients": clients,
        "rounds": rounds,
        "dishonest": dishonest,
        "participation": participation,
        "seed": seed,
        "rounds_final": final,
        "reward_share_honest": lines[-1]["reward_share_honest"],
        "share_honest": 1 - dishonest,
        "correlation": correlation(score),
        "correlation_mean": correlation(mean),
        "slashed_share_dishonest": run.slashed(False),
        "slashed_share_honest": run.slashed(True),
        "supply_conserved": economy.bank.held() == economy.bank.supply,
        "lines": lines,
        "points": [[round(run.quality[n], 4), round(score[n], 4), int(run.honest[n])] for n in run.names],
    }
