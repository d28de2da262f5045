"""The attacks of docs/contracts.md, tried: by members, coordinators, miners, validators and a third of the stake."""

from __future__ import annotations

import pytest
from economy import MINUTE, NOBODY, STAKE, Economy, address_of, events, point

from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.chain import Contract, artifact


def refused(why: str) -> pytest.RaisesContext[TransactionReverted]:
    return pytest.raises(TransactionReverted, match=why)


def judged(false: tuple[str, ...] = (), accepted: tuple[str, ...] | None = None, **settings: object) -> Economy:
    """A round with a verdict: who sent a false proof, and whom the verdict accepts (all)."""
    economy = Economy(**settings)  # type: ignore[arg-type]
    economy.start_round()
    economy.submit_all(false=false)
    economy.publish()
    economy.attest(economy.mask(*(economy.members if accepted is None else accepted)))
    return economy


# ---- members -----------------------------------------------------------------------------------------------------


def test_a_copied_submission_harms_nobody_but_the_copier() -> None:
    economy = Economy()
    economy.start_round()
    stolen = economy.made("member1")
    economy.submit("member0", *stolen)  # seen in the waiting transactions, and sent first
    for name in economy.members[1:]:
        economy.submit(name, *economy.made(name))  # the honest one is taken all the same
    economy.publish(economy.members[1:])
    economy.attest(economy.mask("member1", "member2", "member3"))
    economy.finalise()
    assert economy.bonded("member0") == STAKE - 1_000 and economy.rewards.call("owed", address_of("member0")) == 0
    assert economy.rewards.call("owed", address_of("member1")) > 0


def test_a_proof_of_another_round_is_no_proof() -> None:
    economy = Economy()
    old = economy.made("member0", facts_of="member0")
    economy.round()
    economy.start_round()
    economy.submit_all(without=("member0",))
    economy.submit("member0", *old)
    economy.publish()
    economy.attest(economy.mask(*economy.members))
    economy.promise("finder", "member0")
    assert "Overturned" in events(economy.challenge("finder", "member0"), economy.registry)


def test_a_member_that_does_not_reveal_pays_and_is_out_and_all_nonces_are_new() -> None:
    economy = Economy(members=4, ready=False)
    economy.open_job()
    economy.register_all()
    for name in economy.members:
        economy.commit(name)
    for name in economy.members[:3]:
        economy.reveal(name)
    with refused("TooEarly"):
        economy.registry.send("expel", economy.id, sender=address_of("anybody"))
    economy.chain.advance(MINUTE)
    with refused("TooLate"):
        economy.reveal("member3")
    economy.registry.send("expel", economy.id, sender=address_of("anybody"))
    assert economy.bonded("member3") == STAKE - 1_000
    with refused("NotAMember"):
        economy.commit("member3", 1)
    for name in economy.members[:3]:
        economy.commit(name, 1)
    with refused("NotCommitted"):
        economy.reveal("member0", 0)
    for name in economy.members[:3]:
        economy.reveal(name, 1)
    assert economy.job["phase"] == 4 and economy.job["attempt"] == 1


def test_a_copied_commitment_cannot_be_revealed() -> None:
    economy = Economy(members=3, ready=False)
    economy.open_job()
    economy.register_all()
    copied = economy.registry.call("commitmentOf", economy.id, 0, address_of("member0"), economy.nonce("member0"))
    for name in economy.members[:2]:
        economy.commit(name)
    economy.registry.send("commitBeacon", economy.id, copied, sender=address_of("member2"))
    economy.reveal("member0")
    with refused("NotCommitted"):
        economy.registry.send("revealBeacon", economy.id, economy.nonce("member0"), sender=address_of("member2"))


def test_a_dataset_is_fixed_before_the_beacon_and_once() -> None:
    economy = Economy(members=3, ready=False)
    economy.open_job()
    economy.register("member0")
    with refused("DoneBefore"):
        economy.register("member0")
    economy.register("member1")
    economy.register("member2")
    with refused("WrongPhase"):
        economy.register("member0")


def test_nobody_takes_anothers_job_by_opening_it_first() -> None:
    economy = Economy(members=3, ready=False)
    accounts = [address_of(name) for name in economy.members]
    economy.registry.send(
        "openJob", economy.bound, economy.terms, accounts, economy.members, sender=address_of("thief")
    )
    economy.open_job()
    assert economy.job["coordinator"] == address_of("coordinator").lower()


def test_a_job_with_too_few_members_left_is_void() -> None:
    economy = Economy(members=3, ready=False)
    economy.open_job()
    economy.register("member0")
    economy.chain.advance(MINUTE)
    economy.registry.send("expel", economy.id, sender=address_of("anybody"))
    assert economy.job["phase"] == 6


# ---- verdicts ----------------------------------------------------------------------------------------------------


def test_a_verdict_for_a_false_proof_costs_all_who_signed_it_and_half_goes_to_the_finder() -> None:
    economy = judged(false=("member2",))
    signers, supply = economy.seats, economy.token.call("totalSupply")
    economy.promise("finder", "member2")
    economy.challenge("finder", "member2")
    assert all(economy.bonded(name) == 0 for name in signers)
    assert economy.bonded("member2") == STAKE - 1_000
    taken = len(signers) * STAKE + 1_000
    assert economy.balance("finder") == taken // 2
    assert economy.token.call("totalSupply") == supply - taken // 2
    assert economy.job["rounds"] == 1 and economy.job["weights"] == economy.weights
    with refused("WrongStage"):
        economy.finalise()


def test_a_verdict_against_a_true_proof_is_overturned_as_well() -> None:
    economy = judged(accepted=("member0", "member1", "member3"))
    economy.promise("finder", "member2")
    economy.challenge("finder", "member2")
    assert economy.bonded(economy.seats[0]) == 0 and economy.bonded("member2") == STAKE


def test_a_true_verdict_stands_against_any_challenge() -> None:
    economy = judged(false=("member2",), accepted=("member0", "member1", "member3"))
    for name in economy.members:
        economy.promise("finder", name)
        with refused("VerdictHolds"):
            economy.challenge("finder", name)
    commitment, values, proof = economy.entries["member0"]
    economy.entries["member0"] = (commitment, values, bytes(32))  # evidence that nobody submitted
    with refused("OtherEntry"):
        economy.challenge("finder", "member0")
    economy.entries["member0"] = (commitment, values, proof)
    economy.chain.advance(3600)
    with refused("TooLate"):
        economy.challenge("finder", "member0")


def test_a_copied_challenge_pays_nothing() -> None:
    economy = judged(false=("member2",))
    economy.promise("finder", "member2", b"\1" * 32)
    for salt in (b"\1" * 32, bytes(32)):
        with refused("NotPromised"):
            economy.challenge("miner", "member2", salt)
    economy.challenge("finder", "member2", b"\1" * 32)
    assert economy.balance("miner") == 0 < economy.balance("finder")


def test_no_amount_of_gas_makes_a_true_proof_look_false() -> None:
    economy = judged()
    economy.promise("liar", "member0")
    evidence = (0, *economy.entries["member0"], (1, 2))
    data = economy.registry.encode("challenge", economy.id, evidence, bytes(32))
    for gas in (*range(40_000, 2_200_000, 40_000), 25_000_000):
        with pytest.raises(RuntimeError):
            economy.chain._evm.message_call(address_of("liar"), economy.registry.address, calldata=data, gas=gas)
    economy.finalise()
    assert all(economy.bonded(name) == STAKE for name in economy.seats)


def test_two_signatures_under_two_verdicts_cost_the_stake_once() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    economy.publish()
    everybody, fewer = (economy.verdict(economy.mask(*names)) for names in (economy.members, economy.members[:3]))
    twice = economy.seats[0]
    a, b = economy.signature(twice, everybody), economy.signature(twice, fewer)
    other = economy.signature(economy.seats[1], fewer)

    def show(*evidence: object) -> None:
        economy.committee.send("equivocation", *evidence, sender=address_of("finder"))

    for false in ((a, a), (a, other), (b, a)):
        with refused("NoEvidence"):
            show(everybody.arguments(), false[0], fewer.arguments(), false[1])
    with refused("NoEvidence"):
        show(everybody.arguments(), a, everybody.arguments(), a)
    show(everybody.arguments(), a, fewer.arguments(), b)
    assert economy.bonded(twice) == 0 and economy.balance("finder") == STAKE // 2
    with refused("NoEvidence"):
        show(everybody.arguments(), a, fewer.arguments(), b)
    economy.attest(economy.mask(*economy.members), [twice])  # its voice does not count any more
    assert economy.committee.call("tally", economy.committee.call("pollOf", economy.id, 0),
                                  economy.committee.call("digestOf", everybody.arguments())) == 0  # fmt: skip
    outsider = economy.validators[-1]
    if outsider not in economy.seats:
        with refused("NoSeat"):
            show(everybody.arguments(), economy.signature(outsider, everybody), fewer.arguments(),
                 economy.signature(outsider, fewer))  # fmt: skip


def test_a_second_vote_of_a_seat_is_refused_and_the_first_again_changes_nothing() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    economy.publish()
    mask = economy.mask(*economy.members)
    economy.attest(mask, economy.seats[:1])
    economy.attest(mask, economy.seats[:1] * 2)
    poll = economy.committee.call("pollOf", economy.id, 0)
    digest = economy.committee.call("digestOf", economy.verdict(mask).arguments())
    assert economy.committee.call("tally", poll, digest) == STAKE
    with refused("VotedOtherwise"):
        economy.attest(0, economy.seats[:1])
    with refused("NoSeat"):
        economy.attest(mask, ["coordinator"])


def test_two_thirds_of_the_stake_are_not_enough_and_a_third_can_only_stall() -> None:
    economy = Economy(validators=3, seats=3)
    economy.start_round()
    economy.submit_all()
    economy.publish()
    mask = economy.mask(*economy.members)
    economy.attest(mask, economy.seats[:2])
    with refused("NotDecided"):
        economy.finalise(wait=False)
    before = economy.reputation.call("score", address_of(economy.seats[2]), economy.registry.call("epochNow"))
    economy.chain.advance(600)
    with refused("PollClosed"):
        economy.attest(mask, economy.seats)
    receipt = economy.finalise()
    assert "RoundVoid" in events(receipt, economy.registry)
    assert economy.job["weights"] == economy.weights and economy.job["rounds"] == 1
    after = economy.reputation.call("score", address_of(economy.seats[2]), economy.registry.call("epochNow"))
    assert after < before
    economy.round()  # and the job goes on


def test_a_little_more_than_two_thirds_decide() -> None:
    economy = Economy(validators=3, seats=3, stakes={"validator0": STAKE + 1})
    economy.start_round()
    economy.submit_all()
    economy.publish()
    economy.attest(economy.mask(*economy.members), ["validator0", "validator1"])
    economy.finalise()
    assert economy.job["rounds"] == 1 and economy.job["weights"] == economy.weights


def test_a_verdict_names_these_submissions_and_this_aggregate() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    economy.publish()
    good = economy.verdict(15)
    for change in ({"submissions": bytes(32)}, {"aggregate": bytes(32)}):
        verdict = type(good)(**{**vars(good), **change})
        signature = economy.signature(economy.seats[0], verdict)
        with refused("OtherFacts"):
            economy.committee.send("attest", verdict.arguments(), [signature], sender=address_of("anybody"))


def test_a_signature_of_another_deployment_or_chain_is_nobodys() -> None:
    economy = Economy()
    economy.start_round()
    economy.submit_all()
    economy.publish()
    verdict = economy.verdict(15)
    economy.chain_id = 5
    with refused("NoSeat"):
        economy.committee.send(
            "attest", verdict.arguments(), [economy.signature(economy.seats[0], verdict)], sender=address_of("anybody")
        )


# ---- stake -------------------------------------------------------------------------------------------------------


def test_an_attester_cannot_leave_before_its_verdict_is_settled() -> None:
    economy = judged(false=("member2",))
    quick = economy.seats[0]
    economy.staking.send("unbond", STAKE, sender=address_of(quick))
    economy.chain.advance(3500)
    with refused("NotYet"):
        economy.staking.send("withdraw", sender=address_of(quick))
    economy.promise("finder", "member2")
    economy.challenge("finder", "member2")
    assert economy.staking.call("slashable", address_of(quick)) == 0


def test_stake_on_its_way_out_does_not_vote() -> None:
    economy = Economy(validators=3, seats=3)
    economy.start_round()
    economy.submit_all()
    economy.publish()
    economy.staking.send("unbond", STAKE, sender=address_of("validator0"))
    economy.attest(economy.mask(*economy.members))
    with refused("NotDecided"):
        economy.finalise(wait=False)


def test_stake_that_moves_after_the_freeze_changes_no_draw() -> None:
    drawn = []
    for late in (False, True):
        economy = Economy(validators=8, seats=3, ready=False)
        economy.open_job()
        economy.register_all()
        for name in economy.members:
            economy.commit(name)
        if late:  # the last to reveal knows the beacon now, and would like a seat
            economy.fund("validator7", 1_000_000)
            economy.fund("newcomer", 1_000_000)
            economy.committee.send("register", NOBODY, sender=address_of("newcomer"))
        for name in economy.members:
            economy.reveal(name)
        economy.start_round()
        economy.submit_all()
        economy.publish()
        drawn.append(economy.seats)
    assert drawn[0] == drawn[1] and len(drawn[0]) == 3


def test_many_small_stakes_keep_no_larger_one_out() -> None:
    economy = Economy(validators=1, ready=False)
    for number in range(63):
        economy.fund(f"sybil{number}", 1_000)
        economy.committee.send("register", NOBODY, sender=address_of(f"sybil{number}"))
    economy.fund("honest", 5_000)
    with refused("ListFull"):
        economy.committee.send("register", NOBODY, sender=address_of("honest"))
    with refused("ListFull"):
        economy.committee.send("register", address_of("validator0"), sender=address_of("honest"))
    economy.committee.send("register", address_of("sybil5"), sender=address_of("honest"))
    assert economy.committee.call("count") == 64
    economy.fund("poor", 999)
    with refused("StakeTooSmall"):
        economy.committee.send("register", address_of("sybil6"), sender=address_of("poor"))


def test_a_token_that_calls_back_is_paid_once() -> None:
    economy = Economy(ready=False)
    token = economy.deploy_test("ReentrantToken")
    staking = Contract.deploy(
        economy.chain, artifact("Staking"), economy.owner, token.address, 10, sender=economy.owner
    )
    token.send("attack", staking.address, 500, sender=economy.owner)
    economy.chain.advance(10)
    with refused("Reentrancy"):
        token.send("takeOut", True, sender=economy.owner)
    assert token.call("paid") == 0 and staking.call("slashable", token.address) == 500
    token.send("takeOut", False, sender=economy.owner)
    assert token.call("paid") == 500


def test_amounts_that_are_not_there_or_do_not_fit_are_refused() -> None:
    economy = Economy(ready=False)
    who = address_of("member0")
    economy.token.send("approve", economy.staking.address, 2**256 - 1, sender=who)
    for function, amount in (
        ("bond", 1),
        ("bond", 2**128),
        ("bond", 2**256 - 1),
        ("unbond", STAKE + 1),
        ("unbond", 2**255),
    ):
        with refused("Staking"):
            economy.staking.send(function, amount, sender=who)
    with refused("UtilityToken"):
        economy.token.send("transfer", who, 10**12, sender=address_of("member1"))
    assert economy.bonded("member0") == STAKE


# ---- money and votes ---------------------------------------------------------------------------------------------


def test_nobody_mints_slashes_reports_or_pays_without_the_role() -> None:
    economy = Economy()
    who = address_of("coordinator")
    for contract, function, *arguments in (
        (economy.token, "mintForRound", bytes(32), who, 1),
        (economy.token, "setRoundCap", 1),
        (economy.staking, "slash", address_of("member0"), 1, who),
        (economy.staking, "lock", address_of("member0"), 2**63),
        (economy.staking, "hold", address_of("member0"), 1, 2**63),
        (economy.reputation, "record", who, 1, 0, 1),
        (economy.rewards, "distribute", bytes(32), [who], [1], [], []),
        (economy.rewards, "setFormula", (1, 1, 1, 1, 1)),
        (economy.committee, "freeze", bytes(32), 1),
        (economy.committee, "slashAttesters", bytes(32), 0, who),
        (economy.committee, "setStakeLeast", 0),
        (economy.staking, "grantRole", economy.staking.call("SLASHER"), who),
    ):
        for sender in (who, economy.owner):
            with refused("AccessControlUnauthorizedAccount"):
                contract.send(function, *arguments, sender=sender)


def test_a_round_is_minted_once_and_never_above_the_cap() -> None:
    economy = Economy(cap=500_000, pool=10**6)
    economy.round()
    assert economy.rewards.call("totalOwed") == 500_000
    with refused("OverCap"):
        Contract.deploy(economy.chain, artifact("UtilityToken"), economy.owner, 1, 11, 10, sender=economy.owner)
    token = Contract.deploy(economy.chain, artifact("UtilityToken"), economy.owner, 1, 9, 10, sender=economy.owner)
    token.send("grantRole", token.call("MINTER"), economy.owner, sender=economy.owner)
    token.send("mintForRound", b"\1" * 32, economy.owner, 9, sender=economy.owner)
    with refused("MintedBefore"):
        token.send("mintForRound", b"\1" * 32, economy.owner, 1, sender=economy.owner)
    with refused("OverCap"):
        token.send("mintForRound", b"\2" * 32, economy.owner, 10, sender=economy.owner)
    with refused("OverCap"):
        token.send("setRoundCap", 11, sender=economy.owner)


class Vote:
    """A proposal to change the rewards' formula."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        for number in range(4):
            voter = address_of(f"voter{number}")
            economy.votes.send("delegate", voter, sender=voter)
        economy.chain.advance(blocks=2)
        data = economy.rewards.encode("setFormula", (77, 1, 2, 3, 4))
        self.action = ([economy.rewards.address], [0], [data])
        economy.governor.send("propose", *self.action, "pay less", sender=address_of("voter0"))
        (event,) = economy.governor.events("ProposalCreated")
        self.id = event.values["proposalId"]
        economy.chain.advance(blocks=3)

    def cast(self, voter: str, support: int) -> None:
        self.economy.governor.send("castVote", self.id, support, sender=address_of(voter))

    def step(self, function: str) -> None:
        from eth_utils.crypto import keccak

        arguments = (*self.action, keccak(text="pay less"))
        self.economy.governor.send(function, *arguments, sender=address_of("anybody"))


def test_governance_changes_what_is_paid_after_a_vote_and_a_delay() -> None:
    economy = Economy(ready=False)
    vote = Vote(economy)
    vote.cast("voter0", 1)
    vote.cast("voter1", 1)
    vote.cast("voter2", 0)
    with refused("Governor"):
        vote.step("queue")
    economy.chain.advance(blocks=60)
    vote.step("queue")
    with refused("Timelock"):
        vote.step("execute")
    economy.chain.advance(86_401)
    vote.step("execute")
    assert economy.rewards.call("formula") == (77, 1, 2, 3, 4)


def test_no_vote_counts_twice_whoever_holds_the_token_by_then() -> None:
    economy = Economy(ready=False)
    vote = Vote(economy)
    vote.cast("voter0", 1)
    with refused("GovernorAlreadyCastVote"):
        vote.cast("voter0", 0)
    economy.votes.send("transfer", address_of("voter3"), 100, sender=address_of("voter0"))
    economy.votes.send("transfer", address_of("borrower"), 100, sender=address_of("voter1"))
    economy.votes.send("delegate", address_of("borrower"), sender=address_of("borrower"))
    vote.cast("voter3", 0)
    vote.cast("borrower", 0)
    assert economy.governor.call("proposalVotes", vote.id) == (100, 100, 0)  # against, for, abstain


def test_a_proposal_without_a_quorum_or_a_majority_does_not_pass() -> None:
    economy = Economy(ready=False, quorum_percent=60)
    vote = Vote(economy)
    vote.cast("voter0", 1)
    economy.chain.advance(blocks=60)
    with refused("Governor"):
        vote.step("queue")


# ---- griefing ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_largest_job_and_committee_fit_into_a_block() -> None:
    most = 12_000_000  # a chain's block takes 30 million or more
    economy = Economy(members=128, validators=64, seats=16, ready=False)
    economy.terms = (3600, 3600, 3600, 3600, 3600, *economy.terms[5:])
    economy.open_job()
    economy.register_all()
    spent: dict[str, int] = {}
    send = economy.chain.send

    def counted(to: str, data: bytes, *, sender: str, value: int = 0):  # type: ignore[no-untyped-def]
        receipt = send(to, data, sender=sender, value=value)
        spent[data[:4].hex()] = max(spent.get(data[:4].hex(), 0), receipt.gas)
        return receipt

    economy.chain.send = counted  # type: ignore[method-assign]
    economy.beacon()
    economy.start_round()
    economy.submit_all()
    economy.publish(economy.members[:3])  # 125 are taken out of the sum
    economy.attest(economy.mask(*economy.members[:3]))
    economy.finalise()  # and 125 are slashed
    assert max(spent.values()) < most, spent
    assert economy.job["rounds"] == 1


def test_a_point_that_cancels_the_sum_is_an_ordinary_one() -> None:
    economy = Economy()
    economy.start_round()
    p = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    economy.submit("member0", point(7), bytes(32), bytes(32))
    x, y = point(8)
    economy.submit("member1", (x, p - y), bytes(32), bytes(32))  # the stored sum is infinity for a moment
    assert economy.registry.call("sumOf", economy.id) == (1, p - 2)
    economy.submit("member2", point(3), bytes(32), bytes(32))
    assert economy.registry.call("sumOf", economy.id) == point(2)
