"""A round on a chain, from the beacon to the rewards, and every stage that refuses."""

from __future__ import annotations

import hashlib

import pytest
from economy import STAKE, Economy, address_of, events, point

from pyzkfl import _core
from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.evm_points import words


def refused(why: str) -> pytest.RaisesContext[TransactionReverted]:
    return pytest.raises(TransactionReverted, match=why)


def test_an_honest_round_moves_the_weights_and_pays_the_pool_to_the_unit() -> None:
    economy = Economy()
    supply = economy.token.call("totalSupply")
    before = economy.weights
    economy.round()
    assert economy.job["weights"] == economy.weights == hashlib.sha256(before).digest()
    owed = {name: economy.rewards.call("owed", address_of(name)) for name in (*economy.members, *economy.validators)}
    assert sum(owed.values()) == economy.rewards.call("totalOwed") == 10**6
    assert economy.token.call("totalSupply") == supply + 10**6
    # 900,000 by examples 8, 9, 10, 11, cut at running sums; 100,000 by equal stakes of seven seats.
    assert [owed[name] for name in economy.members] == [189473, 213158, 236842, 260527]
    for name, amount in owed.items():
        economy.rewards.send("claim", sender=address_of(name))
        assert economy.balance(name) == amount
    assert economy.rewards.call("totalOwed") == 0 == economy.token.call("balanceOf", economy.rewards.address)
    for _ in range(2):
        economy.round()
    assert economy.job["rounds"] == 3


def test_the_sum_of_commitments_is_that_of_the_survivors() -> None:
    economy = Economy(members=5)
    economy.start_round()
    economy.submit_all()
    points = [b"".join(v.to_bytes(32, "big") for v in economy.entries[name][0]) for name in economy.members]
    assert economy.registry.call("sumOf", economy.id) == words(bytes(_core.curves.g1_sum(points)))
    economy.publish(economy.members[1:4])
    assert economy.registry.call("sumOf", economy.id) == words(bytes(_core.curves.g1_sum(points[1:4])))
    (event,) = economy.registry.events("AggregatePublished")
    assert event.values["sum"] == words(bytes(_core.curves.g1_sum(points[1:4])))


def test_every_byte_of_a_submission_is_in_the_events() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    found = {e.values["index"]: (e.values["commitment"], e.values["publicValues"], e.values["proof"])
             for e in economy.registry.events("Submitted")}  # fmt: skip
    assert found == {economy.members.index(name): entry for name, entry in economy.entries.items()}


def test_format_membership_and_replay_are_checked_when_a_submission_comes() -> None:
    economy = Economy()
    commitment, values, proof = (point(5), bytes(32), bytes(32))
    with refused("WrongStage"):
        economy.submit("member0", commitment, values, proof)
    economy.start_round()
    for bad in (proof[:-1], proof + b"\0", b""):
        with refused("FormatRefused"):
            economy.submit("member0", commitment, values, bad)
    with refused("FormatRefused"):
        economy.submit("member0", commitment, bytes(1025), proof)
    p = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    for bad_point in ((1, 3), (0, 0), (1 + p, 2), (p, 0)):
        with refused("FormatRefused"):
            economy.submit("member0", bad_point, values, proof)
    with refused("NotAMember"):
        economy.submit("validator0", commitment, values, proof)
    economy.submit("member0", commitment, values, proof)
    with refused("SubmittedBefore"):
        economy.submit("member0", point(6), values, bytes(31) + b"\1")
    economy.chain.advance(60)
    with refused("TooLate"):
        economy.submit("member1", commitment, values, proof)


def test_a_submission_without_stake_is_refused_and_stake_stays_until_the_round_is_judged() -> None:
    economy = Economy(stakes={"member0": 1_000}, unbonding_s=6_000)
    economy.start_round()
    economy.submit_all()
    economy.staking.send("unbond", 1_000, sender=address_of("member0"))
    economy.chain.advance(60)
    economy.publish()
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of("member0"))
    economy.attest(economy.mask(*economy.members[1:]))  # member0's proof is found false
    economy.finalise()
    assert economy.staking.call("slashable", address_of("member0")) == 0
    economy.start_round()
    with refused("StakeNeeded"):
        economy.submit("member0", *economy.made("member0"))


def test_a_rejected_survivor_voids_the_round_and_pays_for_it() -> None:
    economy = Economy()
    before = economy.weights
    economy.start_round()
    economy.submit_all(false=("member2",))
    economy.publish()
    economy.attest(economy.mask("member0", "member1", "member3"))
    supply = economy.token.call("totalSupply")
    receipt = economy.finalise()
    assert "RoundVoid" in events(receipt, economy.registry)
    assert economy.job["weights"] == before and economy.job["rounds"] == 1
    assert economy.bonded("member2") == STAKE - 1_000
    assert economy.token.call("totalSupply") == supply - 1_000  # burned
    assert economy.rewards.call("totalOwed") == 0


def test_a_dropout_is_neither_paid_nor_punished() -> None:
    economy = Economy(members=4)
    economy.start_round()
    economy.submit_all()
    economy.publish(economy.members[:3])
    economy.attest(economy.mask(*economy.members))
    economy.finalise()
    assert economy.rewards.call("owed", address_of("member3")) == 0
    assert economy.bonded("member3") == STAKE and economy.job["weights"] == economy.weights


def test_a_coordinator_can_neither_add_a_survivor_nor_leave_the_sum_wrong() -> None:
    economy = Economy(members=5)
    economy.start_round()
    economy.submit_all(without=("member4",))
    published = lambda mask, n: (mask, bytes(32), bytes(32), bytes(32), [1] * n, [0] * n)  # noqa: E731
    send = lambda *a: economy.registry.send("publishAggregate", economy.id, *a, sender=address_of("coordinator"))  # noqa: E731
    with refused("TooEarly"):
        send(published(0b111, 3), [])
    economy.chain.advance(60)
    for bad in (
        (published(0b10111, 4), []),
        (published(0b111, 3), []),
        (published(0b111, 4), [economy.entry("member3")]),
    ):
        with refused("FormatRefused"):
            send(*bad)
    with refused("TooFewSurvivors"):
        send(published(0b11, 2), [])
    other = (3, point(99), *economy.entry("member3")[2:])
    for entries in ([other], [economy.entry("member2")], [economy.entry("member3")] * 2):
        with refused("OtherEntry"):
            send(published(0b111, 3), entries)
    with refused("NotCoordinator"):
        economy.registry.send("publishAggregate", economy.id, published(0b1111, 4), [], sender=address_of("member0"))
    send(published(0b111, 3), [economy.entry("member3")])


def test_a_sum_that_does_not_come_is_for_the_committee_and_the_next_round_begins() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    with refused("TooEarly"):
        economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("member0"))
    economy.chain.advance(120)
    economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("member0"))
    economy.survivors = []
    economy.finalise()  # nobody signed
    assert economy.bonded("coordinator") == STAKE
    economy.round()
    assert economy.job["rounds"] == 2


def test_weights_are_those_that_the_round_before_left() -> None:
    economy = Economy()
    economy.round()
    economy.weights = bytes(32)
    with refused("OtherWeights"):
        economy.start_round()


def test_fewer_than_three_submissions_are_a_void_round_without_a_fine() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all(without=("member2", "member3"))
    economy.chain.advance(120)
    economy.registry.send("voidWithoutAggregate", economy.id, sender=address_of("member0"))
    assert economy.bonded("coordinator") == STAKE and economy.job["rounds"] == 1
