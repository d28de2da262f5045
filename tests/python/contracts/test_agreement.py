"""A ledger in a file and one on a chain agree to the unit: the same random acts through modules and contracts."""
# ruff: noqa: B023 - every act is carried out in the turn of the loop that made it

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest

from pyzkfl.committee import Validators, places
from pyzkfl.errors import LedgerError, TransactionReverted
from pyzkfl.ledger.chain import Contract, artifact
from pyzkfl.ledger.revm import RevmChain
from pyzkfl.reputation import ONE, Reputation, power
from pyzkfl.tokens import Bank, Formula

NOBODY = "0x" + "00" * 20
ADMIN = RevmChain.account(0)
DECAY = 987_654_321
UNBONDING = 7 * 86_400


class Pair:
    """The contracts, with roles for one administrator, and the modules beside them; accounts have the same names."""

    def __init__(self, chain: RevmChain) -> None:
        self.chain = chain
        self.token = self.new("UtilityToken", ADMIN, 10**12, 10**9, 10**9)
        self.staking = self.new("Staking", ADMIN, self.token.address, UNBONDING)
        self.reputation_contract = self.new("Reputation", ADMIN, DECAY)
        self.formula = Formula(pool=1_000_003, base=7, per_example=3, per_gain=11, validators=1_234)
        self.rewards = self.new("Rewards", ADMIN, self.token.address, tuple(self.formula))
        self.committee = self.new(
            "ValidatorCommittee", ADMIN, self.staking.address, self.reputation_contract.address, 100
        )
        for contract, role, to in (
            (self.token, "MINTER", self.rewards.address), (self.staking, "SLASHER", ADMIN),
            (self.reputation_contract, "REPORTER", ADMIN), (self.rewards, "REGISTRY", ADMIN),
            (self.committee, "REGISTRY", ADMIN),
        ):  # fmt: skip
            contract.send("grantRole", contract.call(role), to, sender=ADMIN)
        self.bank, self.reputation = Bank(UNBONDING), Reputation(DECAY)
        self.validators = Validators(self.bank, self.reputation)
        self.bank.mint(ADMIN.encode(), 10**12)
        self.accounts = [RevmChain.account(number) for number in range(1, 9)]
        for account in self.accounts:
            self.token.send("transfer", account, 10_000, sender=ADMIN)
            self.token.send("approve", self.staking.address, 10**12, sender=account)
            self.bank.transfer(ADMIN.encode(), account.encode(), 10_000)

    def new(self, kind: str, *arguments: Any) -> Contract:
        return Contract.deploy(self.chain, artifact(kind), *arguments, sender=ADMIN)

    def both(self, on_chain: Any, in_file: Any) -> bool:
        """Do it in both, or have both refuse it; whether it was done."""
        try:
            on_chain()
            done = True
        except TransactionReverted:
            done = False
        if done:
            in_file()
        else:
            with pytest.raises(LedgerError):
                in_file()
        return done

    def same(self) -> None:
        """Every number of every account."""
        for account in self.accounts:
            key = account.encode()
            assert self.token.call("balanceOf", account) == self.bank.balances[key]
            assert tuple(self.staking.call("positions", account)) == tuple(self.bank.positions[key])
            assert self.rewards.call("owed", account) == self.bank.owed[key]
            assert tuple(self.reputation_contract.call("scores", account)) == tuple(self.reputation.scores[key])
        assert self.token.call("totalSupply") == self.bank.supply == self.bank.held()


@pytest.fixture
def pair(chain: RevmChain) -> Pair:
    return Pair(chain)


def test_powers_and_estimates_are_the_same_integers(pair: Pair) -> None:
    generator, contract = random.Random(1), pair.reputation_contract
    for _ in range(40):
        base, n = generator.choice([0, 1, ONE - 1, ONE, generator.randrange(ONE)]), generator.randrange(5000)
        assert contract.call("power", base, n) == power(base, n)
    account, epoch = pair.accounts[0], 0
    for _ in range(40):
        good, bad = generator.choice([0, 1, 2, 10**6, 10**9]), generator.choice([0, 1, 5, 10**7])
        epoch = max(0, epoch + generator.choice([-2, 0, 1, 3, 400]))
        contract.send("record", account, good, bad, epoch, sender=ADMIN)
        pair.reputation.record(account.encode(), good, bad, epoch)
        later = epoch + generator.randrange(50)
        assert tuple(contract.call("estimate", account, later)) == pair.reputation.estimate(account.encode(), later)
        assert contract.call("score", account, later) == pair.reputation.score(account.encode(), later)
    pair.same()


def test_rewards_are_cut_at_the_same_units(pair: Pair) -> None:
    generator = random.Random(2)
    for number in range(12):
        chosen = generator.sample(pair.accounts, generator.randrange(1, 8))
        members, validators = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
        work = [(generator.randrange(5000), generator.randrange(100)) for _ in members]
        weights = [pair.formula.weight(*one) for one in work]
        assert weights == [pair.rewards.call("weight", *one) for one in work]
        stakes = [generator.choice([0, generator.randrange(10**6)]) for _ in validators]
        round_ = hashlib.sha256(bytes([number])).digest()
        pair.rewards.send("distribute", round_, members, weights, validators, stakes, sender=ADMIN)
        sides = [
            [(account.encode(), weight) for account, weight in zip(*side, strict=True)]
            for side in ((members, weights), (validators, stakes))
        ]
        pair.bank.distribute(pair.formula, 10**9, *sides)
        claimer = generator.choice(pair.accounts)
        pair.rewards.send("claim", sender=claimer)
        pair.bank.claim(claimer.encode())
    # Units owed are the contract's on a chain, and nobody's balance in a file; the supply is the same.
    pair.same()


def test_stakes_move_lock_and_are_slashed_in_the_same_way(pair: Pair) -> None:
    generator, done = random.Random(3), 0
    for _ in range(120):
        account, other = generator.choice(pair.accounts), generator.choice(pair.accounts)
        key, now, staking, bank = account.encode(), pair.chain.time(), pair.staking, pair.bank
        amount = generator.choice([1, 99, 1000, 20_000])
        until = now + generator.choice([0, 3600, 200 * 86_400])
        acts = {
            "bond": (lambda: staking.send("bond", amount, sender=account), lambda: bank.bond(key, amount)),
            "unbond": (lambda: staking.send("unbond", amount, sender=account), lambda: bank.unbond(key, amount, now)),
            "withdraw": (lambda: staking.send("withdraw", sender=account), lambda: bank.withdraw(key, now)),
            "hold": (
                lambda: staking.send("hold", account, amount, until, sender=ADMIN),
                lambda: bank.hold(key, amount, now, until),
            ),
            "answer": (
                lambda: staking.send("answer", account, amount, until, sender=ADMIN),
                lambda: bank.answer(key, amount, now, until),
            ),
            "release": (
                lambda: staking.send("release", [account] * min(1, bank.positions[key].open), sender=ADMIN),
                lambda: bank.release([key] * min(1, bank.positions[key].open)),
            ),
            "slash": (
                lambda: staking.send("slash", account, amount, other, sender=ADMIN),
                lambda: bank.slash(key, amount, other.encode()),
            ),
            "burn": (
                lambda: staking.send("slash", account, amount, NOBODY, sender=ADMIN),
                lambda: bank.slash(key, amount),
            ),
        }
        done += pair.both(*acts[generator.choice([*acts, "bond", "bond", "unbond", "withdraw"])])
        pair.chain.advance(generator.choice([0, 3600, 4 * 86_400]))
    pair.same()
    assert 40 < done < 120
    assert pair.bank.burned > 0


def test_committees_are_frozen_and_drawn_alike(pair: Pair) -> None:
    generator = random.Random(4)
    for _ in range(20):
        seed = generator.randbytes(32)
        weights = [generator.choice([0, 1, generator.randrange(10**9), (1 << 96) - 1]) for _ in range(12)]
        seats = generator.randrange(1, 17)
        assert list(pair.committee.call("places", seed, weights, seats)) == places(seed, weights, seats)
    for account in pair.accounts:
        amount = generator.choice([50, 100, 5000, 9000])
        pair.staking.send("bond", amount, sender=account)
        pair.bank.bond(account.encode(), amount)
        pair.both(
            lambda account=account: pair.committee.send("register", NOBODY, sender=account),  # type: ignore[misc]
            lambda account=account: pair.validators.register(account.encode(), None, 100),  # type: ignore[misc]
        )
        good, bad = generator.randrange(20), generator.randrange(20)
        pair.reputation_contract.send("record", account, good, bad, 5, sender=ADMIN)
        pair.reputation.record(account.encode(), good, bad, 5)
    first = pair.validators.accounts[0]
    pair.committee.send("deregister", sender=first.decode())
    pair.validators.leave(first)
    job, beacon = generator.randbytes(32), generator.randbytes(32)
    receipt = pair.committee.send("freeze", job, 9, sender=ADMIN)
    pair.validators.freeze(job, 100, 9)
    (frozen,) = (event.values for event in pair.committee.events_of(receipt))
    listed = [(str(account).lower(), weight) for account, weight in frozen["weights"]]
    assert listed == [(account.decode(), weight) for account, weight in pair.validators.frozen[job]]
    for number in range(6):
        digest = bytes([number]) * 32
        pair.committee.send("open", job, job, number, beacon, 4, digest, digest, 2**40, 2**41, sender=ADMIN)
        seats = [(str(account).lower(), stake) for account, stake in pair.committee.call("seatsOf", job, number)]
        drawn = pair.validators.draw(job, beacon, number, 4)
        assert seats == [(account.decode(), stake) for account, stake in drawn]
