"""The economy on a ledger: SOUNDNESS, "Ledger, tokens", row by row, and what a round pays."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from economy_story import DAY, PARAMETERS, EconomyStory

from pyzkfl import ledger as kinds
from pyzkfl.errors import DecodeError, LedgerError, ParameterError, PyzkflError
from pyzkfl.ledger import SqliteLedger
from pyzkfl.reputation import ONE


@pytest.fixture
def world(tmp_path: Path, story, monkeypatch: pytest.MonkeyPatch) -> Iterator[EconomyStory]:
    made = EconomyStory(tmp_path / "e.ledger", story, monkeypatch)
    with made.ledger:
        yield made


@pytest.fixture
def running(world: EconomyStory) -> EconomyStory:
    """Everybody has bonded, and the job is between rounds."""
    world.stake_everybody()
    world.append(*world.story.prologue())
    return world


def refused(world: EconomyStory, match: str, *items, signer=None) -> None:
    before = len(world.ledger)
    with pytest.raises(LedgerError, match=match):
        world.append(*items, signer=signer)
    assert len(world.ledger) == before


# --- tokens ------------------------------------------------------------------------------------------------------


def test_units_move_and_what_is_not_there_does_not(world: EconomyStory) -> None:
    a, b, id_ = world.holders[0], world.holders[1], world.terms.digest
    world.act(a, kinds.Transfer, 0, b.public_bytes, 400)
    balances = world.economy.bank.balances
    assert (balances[a.public_bytes], balances[b.public_bytes]) == (600, 1400)
    refused(world, "holds 600 units, not 601", kinds.Transfer(id_, 1, 0, b.public_bytes, 601), signer=a)
    refused(world, "governance units", kinds.Transfer(id_, 1, 1, b.public_bytes, 101), signer=a)
    world.act(a, kinds.Transfer, 0, b.public_bytes, 600)
    world.ledger.verify()


@pytest.mark.parametrize("amount", [0, -1, 1 << 63, 1 << 64, True, 1.0])
def test_amounts_that_are_none_overflow_or_are_negative_are_no_records(world: EconomyStory, amount: object) -> None:
    with pytest.raises(ParameterError, match="amount"):
        kinds.Transfer(world.terms.digest, 0, 0, bytes(32), amount)  # type: ignore[arg-type]
    value = {"job": world.terms.digest, "number": 0, "token": 0, "to": bytes(32), "amount": amount}
    with pytest.raises(DecodeError):
        kinds.Transfer.from_object(value)


def test_no_supply_overflows_64_bits(world: EconomyStory) -> None:
    from dataclasses import replace

    from pyzkfl.ledger.economy import Economy

    huge = replace(world.terms, utility={bytes(32): 1 << 62, bytes([1]) * 32: 1 << 62})
    with pytest.raises(LedgerError, match="never more than"):
        Economy(huge.record())


def test_an_act_of_another_signer_out_of_order_or_twice_is_refused(world: EconomyStory) -> None:
    a, b, id_ = world.holders[0], world.holders[1], world.terms.digest
    first = kinds.Transfer(id_, 0, 0, b.public_bytes, 1)
    refused(world, "next act has number 0, not 1", kinds.Transfer(id_, 1, 0, b.public_bytes, 1), signer=a)
    sealed = first.seal(a)
    world.ledger.append([sealed])
    with pytest.raises(LedgerError, match="next act has number 1, not 0"):
        world.ledger.append([sealed])
    refused(world, "next act has number 1", kinds.Claim(id_, 0), signer=a)  # another kind, the same number
    stranger = type(a).generate()
    refused(world, "holds 0 units", kinds.Transfer(id_, 0, 0, b.public_bytes, 1), signer=stranger)
    forged = bytearray(kinds.Transfer(id_, 1, 0, b.public_bytes, 1).seal(a))
    forged[forged.index(a.public_bytes)] ^= 1
    with pytest.raises(LedgerError, match="signature"):
        world.ledger.append([bytes(forged)])


def test_a_refused_batch_leaves_the_economy_as_it_was(world: EconomyStory) -> None:
    a, b, id_ = world.holders[0], world.holders[1], world.terms.digest
    good = [kinds.Stake(id_, 0, 0, 300), kinds.Transfer(id_, 1, 0, b.public_bytes, 700)]
    refused(world, "holds 0 units", *good, kinds.Transfer(id_, 2, 0, b.public_bytes, 1), signer=a)
    world.append(*good, signer=a)  # would be refused if the first try had left its trace
    economy = world.economy
    assert economy.bank.balances[b.public_bytes] == 1700
    assert economy.bank.positions[a.public_bytes].bonded == 300


def test_the_first_record_alone_founds_the_economy(world: EconomyStory, tmp_path: Path) -> None:
    refused(world, "has an economy already", world.terms.record())
    with SqliteLedger.create(tmp_path / "bare.ledger", operator=world.story.coordinator) as bare:
        bare.append(world.story.sealed(*world.story.before_setup()))
        for record in (world.terms.record(), kinds.Claim(world.terms.digest, 0)):
            with pytest.raises(LedgerError, match="first record"):
                bare.append(world.story.sealed(record))
        assert bare.economy() is None


# --- stakes ------------------------------------------------------------------------------------------------------


def test_a_stake_is_not_withdrawn_while_it_can_be_slashed(running: EconomyStory) -> None:
    world, member = running, running.story.members["m0"]
    world.act(member, kinds.Stake, 1, 100)
    withdraw = kinds.Stake(world.terms.digest, 2, 2, 0)
    world.seconds += 14 * DAY - 1
    refused(world, "free in 1 seconds", withdraw, signer=member)
    block = world.round(0)  # the submission locks it for an hour more, and until the verdict
    world.seconds += 2
    world.append(world.verdict(0, block))
    refused(world, "can still be slashed", withdraw, signer=member)
    world.seconds += 3600
    world.append(withdraw, signer=member)
    assert world.economy.bank.balances[member.public_bytes] == 1000


def test_a_stake_waits_for_a_verdict_however_late_it_comes(running: EconomyStory) -> None:
    world, member = running, running.story.members["m1"]
    world.act(member, kinds.Stake, 1, 100)
    world.seconds += 14 * DAY
    block = world.round(0)
    world.seconds += PARAMETERS["answer_seconds"]
    withdraw = kinds.Stake(world.terms.digest, 2, 2, 0)
    refused(world, "can still be slashed", withdraw, signer=member)
    world.append(world.verdict(0, block, rejected=("m1",)))
    assert world.economy.bank.positions[member.public_bytes].slashable == 80
    world.append(withdraw, signer=member)
    assert {p.open for p in world.economy.bank.positions.values()} == {0}


def test_a_round_that_nobody_judges_holds_no_stake_for_ever(running: EconomyStory) -> None:
    world, story, member = running, running.story, running.story.members["m1"]
    held = lambda: sum(p.open for p in world.economy.bank.positions.values())  # noqa: E731
    world.round(0)  # and no verdict ever
    world.append(story.start(1), *(story.submission(name, 1) for name in story.members))
    assert held() == 6
    world.append(kinds.Void(story.job, 1, "too few"))
    assert held() == 3
    late = story.message("m1", 21, {"commitment": bytes(32), "proof": b"none"}, round_=1)
    world.append(kinds.Refusal(story.job, 1, "m1", 0, "ProofInvalid", "does not hold", late))
    assert held() == 3
    world.act(member, kinds.Stake, 1, 100)
    world.seconds += 14 * DAY
    withdraw = kinds.Stake(world.terms.digest, 2, 2, 0)
    refused(world, "can still be slashed", withdraw, signer=member)
    world.seconds += 90 * DAY
    world.append(withdraw, signer=member)


def test_a_submission_without_stake_is_refused(world: EconomyStory) -> None:
    world.append(*world.story.prologue(), world.story.start(0))
    refused(world, "0 units at stake, 20 are needed", world.story.submission("m1", 0))
    world.act(world.story.members["m1"], kinds.Stake, 0, 20)
    world.append(world.story.submission("m1", 0))


def test_a_validator_without_stake_is_refused(world: EconomyStory) -> None:
    key = world.validators[0]
    world.act(key, kinds.Stake, 0, 49)
    refused(world, "bonds at least 50", kinds.Validator(world.terms.digest, 1, 1), signer=key)


# --- verdicts ----------------------------------------------------------------------------------------------------


def test_a_final_round_pays_to_the_unit_and_moves_reputations(running: EconomyStory) -> None:
    world = running
    before = world.economy.bank.supply
    world.append(world.verdict(0, world.round(0)))
    economy = world.economy
    settled = economy.settled[world.story.job, 0]
    assert settled is not None and not settled.void
    assert sum(settled.paid.values()) == PARAMETERS["pool"]
    assert economy.bank.supply == before + PARAMETERS["pool"] == economy.bank.held()
    members = [settled.paid[key.public_bytes] for key in world.story.members.values()]
    assert members == [300, 300, 300]
    validators = [settled.paid[key.public_bytes] for key in world.validators]
    assert sum(validators) == 100
    assert validators == sorted(validators) or max(validators) - min(validators) <= 2
    fresh = economy.reputation.score(bytes(32), economy.epoch)
    for key in (*world.story.members.values(), *world.validators):
        assert economy.reputation.score(key.public_bytes, economy.epoch) > fresh
        world.act(key, kinds.Claim)
    after = world.economy
    assert sum(after.bank.owed.values()) == 0
    assert after.bank.held() == after.bank.supply
    world.ledger.verify()


def test_two_thirds_of_the_stake_are_not_enough_and_more_is(running: EconomyStory) -> None:
    world = running
    block = world.round(0)
    stakes = [100 + i for i in range(7)]
    assert 3 * sum(stakes[:4]) < 2 * sum(stakes) < 3 * sum(stakes[:5])
    refused(world, "two thirds", world.verdict(0, block, by=world.validators[:4]))
    refused(world, "twice of one", world.verdict(0, block, by=[*world.validators[:4], *world.validators[:4]]))
    refused(world, "without a seat", world.verdict(0, block, by=[*world.validators[:5], world.holders[0]]))
    world.append(world.verdict(0, block, by=world.validators[:5]))
    scores = [world.economy.reputation.scores[key.public_bytes] for key in world.validators]
    assert [(s.good, s.bad) for s in scores] == [(ONE, 0)] * 5 + [(0, ONE)] * 2
    refused(world, "final already", world.verdict(0, block))


def test_a_verdict_is_on_what_happened(running: EconomyStory) -> None:
    world = running
    block = world.round(0)
    world.append(world.story.start(1))
    refused(world, "another block", world.verdict(0, bytes(32)))
    refused(world, "no such round", world.verdict(1, block))
    refused(world, "no submission", world.verdict(0, block, rejected=("m9",)))
    other = world.verdict(0, block)
    moved = kinds.Verdict(**{**vars(other), "examples": (31, 30, 30)})
    refused(world, "another verdict", moved)
    short = kinds.Verdict(**{**vars(other), "gains": (0, 0)})
    refused(world, "of 3 survivors", short)
    forged = bytearray(other.attestations[0])
    forged[-1] ^= 1  # of the signature
    broken = kinds.Verdict(**{**vars(other), "attestations": (bytes(forged), *other.attestations[1:])})
    refused(world, "signature", broken)


def test_a_rejected_member_is_slashed_and_the_round_pays_nobody(running: EconomyStory) -> None:
    world = running
    world.append(world.verdict(0, world.round(0), rejected=("m1",)))
    economy = world.economy
    accused = world.story.members["m1"].public_bytes
    assert economy.bank.positions[accused].bonded == 80
    assert economy.bank.burned == 20
    assert (economy.reputation.scores[accused].good, economy.reputation.scores[accused].bad) == (0, ONE)
    settled = economy.settled[world.story.job, 0]
    assert settled is not None and settled.void and not settled.paid
    assert economy.bank.held() == economy.bank.supply


def test_equivocation_costs_the_whole_stake_once_and_half_goes_to_whoever_shows_it(running: EconomyStory) -> None:
    world = running
    block, key, witness = world.round(0), world.validators[2], world.holders[0]
    first = world.verdict(0, block, by=[key]).attestations[0]
    second = world.verdict(0, block, by=[key], rejected=("m1",)).attestations[0]
    world.act(key, kinds.Stake, 1, 50)  # too late to save it
    fields = (world.terms.digest, world.story.job, 0, key.public_bytes)
    refused(world, "one verdict", kinds.Equivocation(*fields, first, first), signer=witness)
    other = world.verdict(0, block, by=[world.validators[3]], rejected=("m1",)).attestations[0]
    refused(world, "not both signed", kinds.Equivocation(*fields, first, other), signer=witness)
    world.append(kinds.Equivocation(*fields, first, second), signer=witness)
    refused(world, "already", kinds.Equivocation(*fields, second, first), signer=witness)
    economy = world.economy
    assert economy.bank.positions[key.public_bytes].slashable == 0
    assert economy.bank.balances[witness.public_bytes] == 1000 + 51
    assert economy.bank.burned == 51
    # Its signature counts no more, in a verdict that comes afterwards.
    refused(world, "two thirds", world.verdict(0, block, by=world.validators[:5]))
    world.append(world.verdict(0, block))
    assert key.public_bytes not in world.economy.settled[world.story.job, 0].signed  # type: ignore[union-attr]


def test_a_convicted_validator_stalls_nobody(running: EconomyStory) -> None:
    """Its stake counts neither for a verdict nor in the whole."""
    world = running
    block, key = world.round(0), world.validators[2]
    four = world.verdict(0, block, by=world.validators[3:7])  # of seven seats
    refused(world, "two thirds", four)
    fields = (world.terms.digest, world.story.job, 0)
    for convicted in world.validators[1:3]:
        verdicts = (world.verdict(0, block, by=[convicted], rejected=names) for names in ((), ("m1",)))
        both = [verdict.attestations[0] for verdict in verdicts]
        world.append(kinds.Equivocation(*fields, convicted.public_bytes, *both), signer=world.holders[0])
    world.append(four)  # of the five that are left
    assert key.public_bytes not in world.economy.settled[world.story.job, 0].signed  # type: ignore[union-attr]


def test_a_coordinators_word_moves_no_reputation_and_no_stake(running: EconomyStory) -> None:
    world = running
    before = dict(world.economy.reputation.scores), dict(world.economy.bank.positions)
    refusal = kinds.Refusal(world.story.job, 0, "m1", 0, "ProofInvalid", "because I say so")
    world.append(refusal)
    assert (dict(world.economy.reputation.scores), dict(world.economy.bank.positions)) == before


def test_a_refused_submission_is_rejected_on_its_evidence_and_the_others_are_paid(
    tmp_path: Path, story, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = EconomyStory(tmp_path / "four.ledger", type(story)(members=4), monkeypatch)
    with world.ledger:
        story = world.story
        world.stake_everybody()
        world.append(*story.prologue())
        message = story.message("m3", 21, {"commitment": bytes(32), "proof": b"none"}, round_=1)
        three, accused = ("m0", "m1", "m2"), story.members["m3"].public_bytes
        for number, evidence in enumerate((b"", message)):
            refusal = kinds.Refusal(story.job, number, "m3", 0, "ProofInvalid", "does not hold", evidence)
            submissions = [story.submission(name, number) for name in three]
            end = kinds.Weights(story.job, number, story.weights(number + 1))
            world.append(story.start(number), *submissions, refusal, story.aggregate(number, three), end)
            block = world.ledger.head().block.hash
            verdict = world.verdict(number, block, rejected=("m3",), survivors=3)
            if not evidence:
                refused(world, "no submission", verdict)
                continue
            world.act(story.members["m3"], kinds.Stake, 1, 100)  # too late: unbonding units are slashed as well
            world.append(verdict)
        economy = world.economy
        settled = economy.settled[story.job, 1]
        assert settled is not None and not settled.void and sum(settled.paid.values()) == 1000
        assert accused not in settled.paid
        assert economy.bank.positions[accused].slashable == 80
        assert economy.reputation.scores[accused].bad == ONE
        assert economy.bank.held() == economy.bank.supply


# --- votes -------------------------------------------------------------------------------------------------------


def test_a_vote_changes_a_parameter_after_the_timelock_and_not_before(world: EconomyStory) -> None:
    a, b, c = world.holders  # 100, 200, 300 units
    for key in (a, b):
        world.act(key, kinds.Delegation, key.public_bytes)
    world.act(c, kinds.Delegation, a.public_bytes)
    world.act(a, kinds.Proposal, "pool", b"", 7)
    world.act(c, kinds.Delegation, c.public_bytes)  # after the proposal: its votes stay where they were
    id_ = world.terms.digest
    refused(world, "had no votes", kinds.Vote(id_, 2, 0, 1), signer=c)
    world.act(a, kinds.Vote, 0, 1)
    refused(world, "has voted", kinds.Vote(id_, 3, 0, 1), signer=a)
    world.act(b, kinds.Vote, 0, 0)
    proposal = world.economy.assembly.proposals[0]
    assert proposal is not None and proposal.tally == (200, 400, 0)
    execution = kinds.Execution(id_, 2, 0)
    refused(world, "is open", execution, signer=b)
    world.seconds += 3 * DAY
    refused(world, "the vote .* is over", kinds.Vote(id_, 2, 0, 1), signer=b)
    refused(world, "86400 seconds more", execution, signer=b)
    world.seconds += DAY
    world.append(execution, signer=b)
    assert world.economy.parameters["pool"] == 7
    refused(world, "is executed", kinds.Execution(id_, 3, 0), signer=b)


def test_units_that_moved_after_voting_do_not_vote_twice(world: EconomyStory) -> None:
    a, b, id_ = world.holders[1], world.holders[2], world.terms.digest
    for key in (a, b):
        world.act(key, kinds.Delegation, key.public_bytes)
    world.act(a, kinds.Proposal, "seats", b"", 3)
    world.act(a, kinds.Vote, 0, 1)
    world.act(a, kinds.Transfer, 1, b.public_bytes, 200)
    world.act(b, kinds.Vote, 0, 1)
    proposal = world.economy.assembly.proposals[0]
    assert proposal is not None and proposal.tally == (0, 500, 0)
    refused(world, "needs 50 votes, the account has 0", kinds.Proposal(id_, 4, "seats", b"", 4), signer=a)


def test_proposals_without_a_quorum_lose_and_values_have_limits(world: EconomyStory) -> None:
    a, c, id_ = world.holders[0], world.holders[2], world.terms.digest
    world.act(a, kinds.Delegation, a.public_bytes)
    world.act(c, kinds.Delegation, c.public_bytes)
    for parameter, subject, value, match in (
        ("seats", b"", 17, "from 1 to 16"),
        ("colour", b"", 1, "no parameter"),
        ("barred", b"", 1, "give the account"),
    ):
        refused(world, match, kinds.Proposal(id_, 1, parameter, subject, value), signer=a)
    world.act(a, kinds.Proposal, "pool", b"", 5)
    world.act(a, kinds.Vote, 0, 1)  # 100 of 600 is less than a fifth
    world.seconds += 10 * DAY
    refused(world, "is lost", kinds.Execution(id_, 3, 0), signer=a)


def test_whom_a_vote_bars_begins_no_new_job_and_jobs_keep_to_the_limits(world: EconomyStory) -> None:
    c = world.holders[2]
    world.act(c, kinds.Delegation, c.public_bytes)
    barred = world.story.members["m2"].public_bytes
    world.act(c, kinds.Proposal, "barred", barred, 1)
    world.act(c, kinds.Vote, 0, 1)
    world.seconds += 4 * DAY
    world.act(c, kinds.Execution, 0)
    refused(world, "'m2' was barred", *world.story.before_setup()[:1])
    wide = type(world.story)(members=11)
    with pytest.raises(LedgerError, match="3 to 10 members"):
        world.ledger.append(wide.sealed(*wide.before_setup()[:1]))


# --- the fold ----------------------------------------------------------------------------------------------------


def snapshot(world: EconomyStory) -> object:
    e = world.economy
    tables = (e.bank.balances, e.bank.owed, e.bank.positions, e.reputation.scores, e.assembly.votes, e.settled, e.polls)
    return [dict(table) for table in tables], e.parameters.as_dict(), e.validators.accounts


def test_the_state_is_a_fold_over_the_records_whoever_opens_the_ledger(running: EconomyStory) -> None:
    world = running
    for number in range(3):
        world.append(world.verdict(number, world.round(number)))
        world.seconds += DAY
    before, path = snapshot(world), world.ledger.path
    kept = world.ledger._rules.economy
    assert kept is not None
    assert dict(kept.bank.balances) == dict(world.economy.bank.balances)
    assert dict(kept.reputation.scores) == dict(world.economy.reputation.scores)
    world.ledger.close()
    world.ledger = SqliteLedger.open(path, operator=world.story.coordinator)
    assert snapshot(world) == before
    world.append(world.verdict(3, world.round(3)))  # and goes on where it stood
    report = world.ledger.verify()
    assert report.records == len(world.ledger)
    world.ledger.close()


def test_verification_refuses_a_record_that_the_economys_rules_forbid(
    world: EconomyStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator that does not check, and takes an overdraft into its ledger."""
    a = world.holders[0]
    with monkeypatch.context() as lax:
        lax.setattr("pyzkfl.tokens.Bank._take", lambda self, account, amount: None)
        world.append(kinds.Transfer(world.terms.digest, 0, 0, bytes(32), 10**9), signer=a)
    with pytest.raises(LedgerError, match=r"record 1 .*transfer.*holds 1000 units"):
        world.ledger.verify()


def test_whatever_accounts_try_nothing_is_made_or_lost(running: EconomyStory) -> None:
    """Random acts, most of them refused: what is held is the supply, nothing is negative, votes are the units."""
    world = running
    generator = random.Random(5)
    keys = [*world.holders, *world.story.members.values(), *world.validators]
    number = 0
    for step in range(150):
        key = generator.choice(keys)
        to, amount = generator.choice(keys).public_bytes, generator.choice([1, 7, 100, 1000, 5000])
        act = generator.choice(
            [
                (kinds.Transfer, 0, to, amount), (kinds.Transfer, 1, to, amount), (kinds.Stake, 0, amount),
                (kinds.Stake, 1, amount), (kinds.Stake, 2, 0), (kinds.Claim,), (kinds.Delegation, to),
                (kinds.Validator, generator.choice([0, 1])), (kinds.Proposal, "pool", b"", amount),
                (kinds.Vote, 0, 1), (kinds.Execution, 0),
            ]
        )  # fmt: skip
        with contextlib.suppress(PyzkflError):
            world.act(key, *act)
        world.seconds += generator.choice([0, 60, DAY])
        if step % 30 == 0:
            with contextlib.suppress(PyzkflError):
                world.append(world.verdict(number, world.round(number)))
                number += 1
    economy = world.economy
    bank, assembly = economy.bank, economy.assembly
    assert bank.held() == bank.supply
    assert min(bank.balances.values()) >= 0 and min(assembly.balances.values()) >= 0
    assert min(assembly.votes.values(), default=0) >= 0
    assert sum(assembly.balances.values()) == assembly.supply == 600
    delegated = sum(units for account, units in assembly.balances.items() if assembly.delegates[account])
    assert sum(assembly.votes.values()) == delegated
    world.ledger.verify()
