"""Who pays where a round does not reach its end as it should: nobody withholds an answer, a vote or a deadline at
another's cost, and nobody who sent a false proof gets away by it."""

from __future__ import annotations

import pytest
from economy import MINUTE, STAKE, Economy, address_of, events

from pyzkfl.errors import TransactionReverted

AT_RISK = 1_000
WITHHELD = 1 << 255  # in a verdict: the coordinator had what it needed for the sum


def refused(why: str) -> pytest.RaisesContext[TransactionReverted]:
    return pytest.raises(TransactionReverted, match=why)


def without_aggregate(**settings: object) -> Economy:
    """A round in which all submitted, and no sum came in time."""
    economy = Economy(**settings)  # type: ignore[arg-type]
    economy.start_round()
    economy.submit_all(false=("member2",))
    economy.chain.advance(2 * MINUTE)
    economy.survivors = []
    economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("anybody"))
    return economy


def poll_of(economy: Economy) -> bytes:
    return bytes(economy.committee.call("pollOf", economy.id, economy.number))


# ---- a sum that does not come ------------------------------------------------------------------------------------


def test_members_that_submit_and_withhold_their_masks_cost_the_coordinator_nothing() -> None:
    economy = without_aggregate()
    economy.attest(economy.mask("member0", "member1", "member3"))
    receipt = economy.finalise()
    assert "RoundVoid" in events(receipt, economy.registry)
    assert economy.bonded("coordinator") == STAKE
    assert economy.bonded("member2") == STAKE - AT_RISK  # and a forgery costs what it costs
    assert economy.job["rounds"] == 1 and economy.job["weights"] == economy.weights


def test_a_coordinator_that_withholds_the_sum_pays_when_the_committee_says_so() -> None:
    economy = without_aggregate()
    economy.attest(economy.mask("member0", "member1", "member3") | WITHHELD)
    economy.finalise()
    assert economy.bonded("coordinator") == STAKE - AT_RISK and economy.rewards.call("totalOwed") == 0
    economy.round()  # and the job goes on


def test_nobody_pays_for_a_missing_sum_on_the_word_of_two_thirds() -> None:
    economy = without_aggregate(validators=3, seats=3)
    economy.attest(economy.mask("member0", "member1", "member3") | WITHHELD, economy.seats[:2])
    economy.finalise()
    assert economy.bonded("coordinator") == STAKE


def test_a_sum_that_comes_after_its_time_is_none() -> None:
    economy = without_aggregate()
    with refused("WrongStage"):
        economy.publish()
    with refused("WrongStage"):
        economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("anybody"))


# ---- stake that leaves before it answers -------------------------------------------------------------------------


def unbonded_forger() -> Economy:
    """Its period of unbonding is over; the lock of the round is all that holds its stake."""
    economy = Economy(unbonding_s=6_000)
    economy.staking.send("unbond", STAKE, sender=address_of("member2"))
    economy.chain.advance(6_000)
    return economy


def test_a_stake_waits_for_finalise_however_late_it_comes() -> None:
    economy = unbonded_forger()
    economy.start_round()
    economy.submit_all(false=("member2",))
    economy.publish()
    economy.attest(economy.mask("member0", "member1", "member3"))
    economy.chain.advance(60 + 60 + 600 + 3_600)  # all windows, to the second
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of("member2"))
    economy.finalise(wait=False)
    assert economy.staking.call("slashable", address_of("member2")) == STAKE - AT_RISK
    economy.staking.send("withdraw", sender=address_of("member2"))
    assert economy.balance("member2") == STAKE - AT_RISK


def test_a_coordinators_stake_waits_for_the_end_of_its_round() -> None:
    economy = Economy(unbonding_s=6_000)
    economy.staking.send("unbond", STAKE, sender=address_of("coordinator"))
    economy.chain.advance(6_000)
    economy.start_round()
    economy.submit_all()
    economy.chain.advance(60 + 60 + 600 + 3_600)
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of("coordinator"))
    economy.survivors = []
    economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("anybody"))
    economy.attest(economy.mask(*economy.members) | WITHHELD)
    economy.finalise()
    assert economy.staking.call("slashable", address_of("coordinator")) == STAKE - AT_RISK
    economy.staking.send("withdraw", sender=address_of("coordinator"))


def test_a_stake_waits_for_expulsion_by_a_nonce_that_was_not_shown() -> None:
    economy = Economy(ready=False, unbonding_s=6_000)
    economy.staking.send("unbond", STAKE, sender=address_of("member2"))
    economy.chain.advance(6_000)
    economy.open_job()
    economy.register_all()
    for name in economy.members:
        economy.commit(name)
    economy.chain.advance(600)  # nobody called expel for a while
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of("member2"))
    for name in ("member0", "member1", "member3"):
        with refused("TooLate"):
            economy.reveal(name)
    economy.registry.send("expel", economy.id, sender=address_of("anybody"))
    assert economy.staking.call("slashable", address_of("member2")) == STAKE - AT_RISK
    economy.staking.send("withdraw", sender=address_of("member2"))


def test_no_stake_answers_for_anything_once_all_is_over() -> None:
    economy = Economy(ready=False)
    economy.open_job()
    economy.register_all()
    economy.commit("member0")
    economy.chain.advance(MINUTE)
    economy.registry.send("expel", economy.id, sender=address_of("anybody"))  # three did not commit: the job is void
    again = Economy()
    again.round()
    again.round(without=("member1",))
    again.start_round()
    again.submit_all(false=("member2",))
    again.publish()
    again.attest(again.mask(*again.members))
    again.promise("finder", "member2")
    again.challenge("finder", "member2")
    again.start_round()
    again.submit("member0", *again.made("member0"))
    again.chain.advance(2 * MINUTE)
    again.registry.send("voidWithoutAggregate", again.id, sender=address_of("anybody"))
    for e in (economy, again):
        assert [e.staking.call("open", address_of(name)) for name in (*e.members, "coordinator")] == [0] * 5


def test_a_round_that_is_never_ended_does_not_hold_a_stake_for_ever() -> None:
    economy = unbonded_forger()
    economy.start_round()
    economy.submit_all()
    economy.chain.advance(60 + 60 + 600 + 3_600)
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of("member2"))
    economy.chain.advance(90 * 86_400)
    economy.staking.send("withdraw", sender=address_of("member2"))
    assert economy.balance("member2") == STAKE


# ---- verdicts ----------------------------------------------------------------------------------------------------


def test_a_verdict_signed_again_after_a_reorganisation_is_no_equivocation() -> None:
    economy = Economy()
    economy.start_round()
    there = economy.chain.snapshot()
    economy.submit_all()
    economy.publish()
    honest, mask = economy.seats[0], economy.mask(*economy.members)
    before = economy.verdict(mask)
    first = economy.signature(honest, before)
    economy.attest(mask, [honest])
    economy.chain.revert(there)  # the chain takes its blocks back; the same submissions come in another order
    economy.entries = {}
    for name in reversed(economy.members):
        economy.submit(name, *economy.made(name))
    economy.publish()
    after = economy.verdict(mask)
    assert before != after
    economy.attest(mask, [honest])
    a, b = (before.arguments(), first), (after.arguments(), economy.signature(honest, after))
    for evidence in ((*a, *b), (*b, *a)):
        with refused("NoEvidence"):
            economy.committee.send("equivocation", *evidence, sender=address_of("finder"))
    assert economy.bonded(honest) == STAKE


def test_submissions_under_another_beacon_are_other_submissions() -> None:
    """Or an honest verdict on the same bytes, which hold under one beacon alone, would be another of the same facts."""
    digests = set()
    for nonce in (b"\1", b"\2"):
        economy = Economy(ready=False)
        economy.nonce = lambda name, attempt=0, nonce=nonce: nonce * 32  # type: ignore[method-assign]
        economy.open_job()
        economy.register_all()
        economy.beacon()
        economy.start_round()
        digests.add(economy.registry.call("rounds", economy.id, 0)[7])
    assert len(digests) == 2


def convict(economy: Economy, name: str) -> None:
    one, other = economy.verdict(0b1111), economy.verdict(0b0111)
    economy.committee.send(
        "equivocation", one.arguments(), economy.signature(name, one), other.arguments(),
        economy.signature(name, other), sender=address_of("finder"),
    )  # fmt: skip


def test_a_convicted_validators_stake_counts_neither_for_a_verdict_nor_in_the_whole() -> None:
    economy = Economy(validators=4, seats=4)
    economy.start_round()
    economy.submit_all()
    economy.publish()
    bad, *honest = economy.seats
    mask = economy.mask(*economy.members)
    economy.attest(mask, [bad, honest[0]])
    convict(economy, bad)
    digest = economy.committee.call("digestOf", economy.verdict(mask).arguments())
    assert economy.committee.call("tally", poll_of(economy), digest) == STAKE
    assert economy.committee.call("polls", poll_of(economy))[5] == 3 * STAKE
    economy.attest(mask, [honest[1]])  # two of the three that are left: no more than two thirds
    assert economy.committee.call("polls", poll_of(economy))[6] == bytes(32)
    economy.attest(mask, [honest[2]])
    assert economy.committee.call("polls", poll_of(economy))[6] == digest


def test_a_convicted_third_stalls_nobody() -> None:
    economy = Economy(validators=3, seats=3)
    economy.start_round()
    economy.submit_all()
    economy.publish()
    bad, *honest = economy.seats
    mask = economy.mask(*economy.members)
    economy.attest(mask, honest)  # two thirds, and not more
    assert economy.committee.call("polls", poll_of(economy))[6] == bytes(32)
    convict(economy, bad)
    economy.attest(mask, [])  # anyone may ask for the count
    economy.finalise()
    assert economy.job["rounds"] == 1 and economy.job["weights"] == economy.weights
    assert economy.rewards.call("owed", address_of(bad)) == 0 < economy.rewards.call("owed", address_of(honest[0]))


def test_a_conviction_after_the_verdict_leaves_it_standing() -> None:
    economy = Economy(validators=4, seats=4)
    economy.start_round()
    economy.submit_all()
    economy.publish()
    bad, *honest = economy.seats
    economy.attest(economy.mask(*economy.members), [bad, *honest[:2]])
    convict(economy, bad)
    economy.finalise()
    assert economy.job["weights"] == economy.weights
    assert economy.rewards.call("owed", address_of(bad)) == 0


# ---- a vote that decides nothing ---------------------------------------------------------------------------------


def stalled() -> Economy:
    """A third of the seats does not sign, so that the forger's submission is not rejected."""
    economy = Economy(validators=3, seats=3)
    economy.start_round()
    economy.submit_all(false=("member2",))
    economy.publish()
    economy.attest(economy.mask("member0", "member1", "member3"), economy.seats[:2])
    return economy


def test_a_stalled_vote_spares_no_forger() -> None:
    economy = stalled()
    economy.promise("finder", "member2")
    with refused("NotDecided"):
        economy.challenge("finder", "member2")  # the committee may decide yet
    economy.chain.advance(600)
    with refused("TooEarly"):
        economy.finalise(wait=False)  # or the forger would end the round before anyone shows its proof
    receipt = economy.challenge("finder", "member2")
    assert "Rejected" in events(receipt, economy.registry)
    assert economy.bonded("member2") == STAKE - AT_RISK and economy.balance("finder") == AT_RISK // 2
    with refused("OtherEntry"):
        economy.challenge("finder", "member2")  # once
    assert all(economy.bonded(name) == STAKE for name in economy.seats)  # no verdict was false
    economy.finalise()
    assert economy.bonded("member2") == STAKE - AT_RISK and economy.job["rounds"] == 1
    economy.round()


def test_a_stalled_vote_harms_nobody_whose_proof_holds() -> None:
    economy = stalled()
    economy.chain.advance(600)
    economy.promise("finder", "member0")
    with refused("VerdictHolds"):
        economy.challenge("finder", "member0")
    economy.chain.advance(3_600)
    economy.promise("finder", "member2")
    with refused("TooLate"):
        economy.challenge("finder", "member2")


def test_a_forger_is_not_spared_by_a_sum_that_did_not_come_either() -> None:
    economy = without_aggregate()
    economy.chain.advance(600)
    economy.promise("finder", "member2")
    economy.challenge("finder", "member2")
    assert economy.bonded("member2") == STAKE - AT_RISK
