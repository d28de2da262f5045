"""What holds after any sequence of calls by anyone: supply, stakes, what is owed, votes, tallies, the running sum.

Random sequences on a chain in this process; a call that a contract refuses is as good as none. `make test-deep` runs
many more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any

from economy import NOBODY, STAKE, Economy, address_of, point
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.chain import Contract, artifact

DEEP = bool(os.environ.get("PYZKFL_DEEP"))
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
MEMBERS = [f"member{i}" for i in range(4)]
VALIDATORS = [f"validator{i}" for i in range(4)]
VOTERS = [f"voter{i}" for i in range(4)]
EVERYBODY = [*MEMBERS, *VALIDATORS, "coordinator", "anybody"]
SUPPLY = 10**12
CAP = 10**6

people = st.sampled_from(EVERYBODY)
members = st.sampled_from(MEMBERS)
amounts = st.one_of(st.integers(0, 2 * STAKE), st.sampled_from([2**128 - 1, 2**128, 2**256 - 1]))
masks = st.one_of(st.just(0b1111), st.integers(0, 0b1111), st.integers(0, 2**256 - 1))
often = st.sampled_from([True, True, True, False])
refused = contextlib.suppress(TransactionReverted)


class Contracts(RuleBasedStateMachine):
    """Members, validators, voters and strangers call what they like; `honest` rules bring rounds forward."""

    economy: Economy

    @initialize()
    def deploy(self) -> None:
        e = self.economy = Economy(members=4, validators=4, seats=4, cap=CAP, pool=CAP, unbonding_s=6_000)
        self.closed, self.burned, self.steps = 0, 0, 0
        self.sent: dict[str, int] = {}  # member -> scalar of its commitment in the open round
        self.proposal: int | None = None
        self.holders = {*map(address_of, EVERYBODY), e.owner, e.staking.address, e.rewards.address}

    # ---- money

    @rule(who=people, function=st.sampled_from(["bond", "unbond"]), amount=amounts)
    def stake(self, who: str, function: str, amount: int) -> None:
        with refused:
            self.economy.token.send("approve", self.economy.staking.address, amount, sender=address_of(who))
            self.economy.staking.send(function, amount, sender=address_of(who))

    @rule(who=people)
    def withdraw(self, who: str) -> None:
        with refused:
            self.economy.staking.send("withdraw", sender=address_of(who))

    @rule(who=people, to=people, amount=amounts)
    def transfer(self, who: str, to: str, amount: int) -> None:
        with refused:
            self.economy.token.send("transfer", address_of(to), amount, sender=address_of(who))

    @rule(who=people, amount=amounts)
    def burn(self, who: str, amount: int) -> None:
        with refused:
            self.economy.token.send("burn", amount, sender=address_of(who))
            self.burned += amount

    @rule(who=people)
    def claim(self, who: str) -> None:
        with refused:
            self.economy.rewards.send("claim", sender=address_of(who))

    @rule(who=people, amount=amounts)
    def take_what_is_not_due(self, who: str, amount: int) -> None:
        e, account = self.economy, address_of(who)
        for contract, function, *arguments in (
            (e.token, "mintForRound", bytes(31) + b"\7", account, amount),
            (e.staking, "slash", address_of("validator0"), amount, account),
            (e.rewards, "distribute", bytes(31) + b"\7", [account], [1], [], []),
            (e.reputation, "record", account, 1, 0, 1),
        ):
            try:
                contract.send(function, *arguments, sender=account)
            except TransactionReverted:
                continue
            raise AssertionError(f"{who} may call {function}")

    @rule(seconds=st.sampled_from([1, 30, 60, 600, 3_600, 7_000]))
    def time_passes(self, seconds: int) -> None:
        self.economy.chain.advance(seconds)

    # ---- rounds

    @rule()
    def start(self) -> None:
        with refused:
            self.economy.start_round()
            self.sent = {}

    def _bring_forward(self) -> None:
        """The honest next step of the job, so that sequences get somewhere."""
        e = self.economy
        stage = e.registry.call("rounds", e.id, e.job["rounds"])[0]
        decided = e.committee.call("polls", e.committee.call("pollOf", e.id, e.number))[6] != bytes(32)
        if stage == 0:
            self.start()
        elif stage == 1 and len(self.sent) < len(MEMBERS):
            for name in MEMBERS:
                if name not in self.sent:
                    self.submit(name, True, 1, None)
        elif stage == 1:
            self.publish(set(MEMBERS), False)
        elif not decided:
            true = [name for name, entry in e.entries.items() if name in MEMBERS and entry == e.made(name)]
            with refused:
                e.attest(e.mask(*true), VALIDATORS)
        else:
            self.finalise(True)

    @rule()
    def bring_forward(self) -> None:
        self._bring_forward()

    @rule()
    def bring_forward_again(self) -> None:
        self._bring_forward()

    @rule()
    def bring_forward_once_more(self) -> None:
        self._bring_forward()

    @rule(rounds=st.integers(1, 2))
    def bring_a_round_to_its_end(self, rounds: int) -> None:
        for _ in range(5 * rounds):
            self._bring_forward()

    @rule(name=members, kind=st.sampled_from(["rejected", "overturned", "equivocated", "withheld"]), who=people)
    def bring_a_bad_round_to_its_end(self, name: str, kind: str, who: str) -> None:
        e = self.economy
        self.start()
        self.submit(name, False, 5, None)
        self._bring_forward()  # the others
        if kind == "withheld":
            e.chain.advance(7_000)
            return self.void(who)
        self._bring_forward()  # the sum
        if kind == "equivocated":
            self.equivocate("validator0", 1, 2, who)
        elif kind == "overturned":
            self.attest(e.mask(*MEMBERS), set(VALIDATORS))
            self.challenge(name, who, True)
        self._bring_forward()
        self._bring_forward()
        return None

    @rule(name=members, true=often, scalar=st.integers(1, R - 1), by=st.one_of(st.none(), people))
    def submit(self, name: str, true: bool, scalar: int, by: str | None) -> None:
        e = self.economy
        commitment, values, proof = e.made(name)
        if not true:
            commitment, proof = point(scalar), bytes(32)
        sender = by or name
        with refused:
            e.registry.send("submit", e.id, commitment, values, proof, sender=address_of(sender))
            e.entries[sender] = (commitment, values, proof)
            self.sent[sender] = self.own_scalar(name) if true else scalar

    @rule(survivors=st.sets(members, min_size=2), wait=often)
    def publish(self, survivors: set[str], wait: bool) -> None:
        e = self.economy
        if wait:
            e.chain.advance(60)
        with refused:
            e.publish([name for name in MEMBERS if name in survivors and name in e.entries])
            self.sent = {name: self.sent[name] for name in e.survivors}

    @rule(accepted=masks, signers=st.sets(st.sampled_from(VALIDATORS), min_size=1))
    def attest(self, accepted: int, signers: set[str]) -> None:
        with refused:
            self.economy.attest(accepted, sorted(signers))

    @rule(name=st.sampled_from(VALIDATORS), a=masks, b=masks, finder=people)
    def equivocate(self, name: str, a: int, b: int, finder: str) -> None:
        e = self.economy
        first, second = e.verdict(a), e.verdict(b)
        with refused:
            e.committee.send(
                "equivocation", first.arguments(), e.signature(name, first), second.arguments(),
                e.signature(name, second), sender=address_of(finder),
            )  # fmt: skip

    @rule(name=members, finder=people, promised=often)
    def challenge(self, name: str, finder: str, promised: bool) -> None:
        if name not in self.economy.entries:
            return
        with refused:
            if promised:
                self.economy.promise(finder, name)
            self.economy.challenge(finder, name)

    @rule(wait=often)
    def finalise(self, wait: bool) -> None:
        e = self.economy
        if not hasattr(e, "survivors"):
            return
        with refused:
            receipt = e.finalise(wait=wait)
            self.closed += any(event.name == "RoundClosed" for event in e.registry.events_of(receipt))

    @rule(who=people)
    def void(self, who: str) -> None:
        with refused:
            self.economy.registry.send("voidWithoutAggregate", self.economy.id, sender=address_of(who))

    @rule(who=st.sampled_from(VALIDATORS), function=st.sampled_from(["register", "deregister"]))
    def validators_come_and_go(self, who: str, function: str) -> None:
        with refused:
            arguments = [NOBODY] if function == "register" else []
            self.economy.committee.send(function, *arguments, sender=address_of(who))

    # ---- votes

    @rule(who=st.sampled_from(VOTERS), to=st.sampled_from(VOTERS))
    def delegate(self, who: str, to: str) -> None:
        self.economy.votes.send("delegate", address_of(to), sender=address_of(who))
        self.economy.chain.advance()

    @rule(who=st.sampled_from(VOTERS), to=st.sampled_from(VOTERS), amount=st.integers(0, 150))
    def give_votes(self, who: str, to: str, amount: int) -> None:
        with refused:
            self.economy.votes.send("transfer", address_of(to), amount, sender=address_of(who))

    @rule(who=st.sampled_from(VOTERS))
    def propose(self, who: str) -> None:
        e = self.economy
        data = e.rewards.encode("setFormula", (1, 1, 1, 1, 1))
        with refused:
            e.governor.send("propose", [e.rewards.address], [0], [data], who, sender=address_of(who))
            self.proposal = e.governor.events("ProposalCreated")[-1].values["proposalId"]
            e.chain.advance(blocks=3)

    @rule(who=st.sampled_from(VOTERS), support=st.integers(0, 2))
    def vote(self, who: str, support: int) -> None:
        if self.proposal is not None:
            with refused:
                self.economy.governor.send("castVote", self.proposal, support, sender=address_of(who))

    # ---- what holds

    @invariant()
    def everything_holds(self) -> None:
        """At every third step, and at the end."""
        if not hasattr(self, "economy"):
            return
        self.steps += 1
        if self.steps % 3 == 0:
            self.check()

    def teardown(self) -> None:
        if hasattr(self, "economy"):
            self.check()

    def check(self) -> None:
        self.every_unit_is_somewhere_and_none_was_made_up()
        self.the_stakes_are_in_the_contract()
        self.what_is_owed_is_in_the_contract()
        self.no_unit_votes_twice()
        self.the_sum_is_that_of_the_commitments()
        self.no_verdict_has_more_stake_than_the_seats()

    def every_unit_is_somewhere_and_none_was_made_up(self) -> None:
        e = self.economy
        supply = e.token.call("totalSupply")
        assert supply == sum(e.token.call("balanceOf", holder) for holder in self.holders)
        slashed = sum(x.values["amount"] - x.values["bounty"] for x in e.staking.events("Slashed"))
        paid = sum(x.values["amount"] for x in e.rewards.events("Rewarded"))
        assert supply == SUPPLY + paid - self.burned - slashed
        assert paid <= self.closed * CAP

    def the_stakes_are_in_the_contract(self) -> None:
        e = self.economy
        held = sum(e.staking.call("slashable", address_of(name)) for name in EVERYBODY)
        assert held == e.staking.call("total") == e.token.call("balanceOf", e.staking.address)

    def what_is_owed_is_in_the_contract(self) -> None:
        e = self.economy
        owed = sum(e.rewards.call("owed", address_of(name)) for name in EVERYBODY)
        assert owed == e.rewards.call("totalOwed") == e.token.call("balanceOf", e.rewards.address)

    def no_unit_votes_twice(self) -> None:
        e = self.economy
        voters = list(map(address_of, VOTERS))
        assert sum(e.votes.call("balanceOf", voter) for voter in voters) == 400 == e.votes.call("totalSupply")
        delegated = sum(e.votes.call("balanceOf", v) for v in voters if int(e.votes.call("delegates", v), 16))
        assert sum(e.votes.call("getVotes", voter) for voter in voters) == delegated
        if self.proposal is not None:
            assert sum(e.governor.call("proposalVotes", self.proposal)) <= 400

    def the_sum_is_that_of_the_commitments(self) -> None:
        e = self.economy
        if self.sent:
            total = sum(self.sent.values()) % R
            assert e.registry.call("sumOf", e.id) == (point(total) if total else (0, 0))

    def own_scalar(self, name: str) -> int:
        """Of the commitment that Economy.made gives."""
        digest = hashlib.sha256(f"{name} {self.economy.number}".encode()).digest()
        return 1 + int.from_bytes(digest[:16], "big")

    def no_verdict_has_more_stake_than_the_seats(self) -> None:
        e = self.economy
        key = e.committee.call("pollOf", e.id, e.number)
        poll = e.committee.call("polls", key)
        tallies: dict[bytes, int] = {}
        for event in e.committee.events("Attested"):
            if event.values["round"] == e.number:
                tallies[event.values["verdict"]] = e.committee.call("tally", key, event.values["verdict"])
        assert sum(tallies.values()) <= poll[5]
        if poll[6] != bytes(32):
            assert 3 * tallies[poll[6]] > 2 * poll[5]


def test_invariants_hold_after_any_sequence_of_calls() -> None:
    run_state_machine_as_test(
        Contracts,
        settings=settings(
            max_examples=60 if DEEP else 5,
            stateful_step_count=50 if DEEP else 16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@settings(max_examples=400 if DEEP else 25, deadline=None)
@given(
    weights=st.lists(st.one_of(st.integers(0, 1000), st.integers(0, 2**96)), min_size=1, max_size=12),
    stakes=st.lists(st.integers(0, 2**96), min_size=1, max_size=6),
    pool=st.integers(0, 10**8),
    part=st.integers(0, 10_000),
)
def test_shares_are_exact_to_the_unit(weights: list[int], stakes: list[int], pool: int, part: int) -> None:
    from pyzkfl.ledger.revm import RevmChain

    chain = RevmChain()
    owner = chain.account(0)

    def new(kind: str, *arguments: Any) -> Contract:
        return Contract.deploy(chain, artifact(kind), *arguments, sender=owner)

    token = new("UtilityToken", owner, 0, 10**8, 10**8)
    rewards = new("Rewards", owner, token.address, (pool, 0, 1, 0, part))
    token.send("grantRole", token.call("MINTER"), rewards.address, sender=owner)
    rewards.send("grantRole", rewards.call("REGISTRY"), owner, sender=owner)
    accounts = [chain.account(10 + i) for i in range(len(weights))]
    validators = [chain.account(100 + i) for i in range(len(stakes))]
    rewards.send("distribute", bytes(32), accounts, weights, validators, stakes, sender=owner)
    for side, sizes, share in (
        (accounts, weights, pool - pool * part // 10_000),
        (validators, stakes, pool * part // 10_000),
    ):
        owed = [rewards.call("owed", account) for account in side]
        whole = sum(sizes)
        assert sum(owed) == (share if whole else 0)
        for got, size in zip(owed, sizes, strict=True):
            if whole:
                assert abs(got - share * size / whole) <= 1 + share * size / whole * 1e-9
    assert token.call("totalSupply") == rewards.call("totalOwed")
