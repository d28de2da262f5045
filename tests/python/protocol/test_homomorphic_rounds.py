"""Rounds whose sum is homomorphic: exact, with losses at every point, and nobody decrypts anything but the sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from consortium import Consortium, make, updates_in_the_clear

from pyzkfl import he, homomorphic_sum
from pyzkfl.blinder_lanes import LANE_LIMIT, from_lanes, to_lanes
from pyzkfl.blinders import FR_MODULUS, random_blinder
from pyzkfl.demo.attackers import CheatingCoordinator
from pyzkfl.demo.plan import Attack
from pyzkfl.errors import DecodeError, ParameterError, ProtocolError
from pyzkfl.job import Job
from pyzkfl.messages import Message, Type


@pytest.fixture(autouse=True)
def known_safe_primes(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dealer's primes take seconds."""
    p, q = (int(line, 16) for line in (vectors / "paillier_safe_primes.txt").read_text().split())
    monkeypatch.setattr(he, "random_safe_primes", lambda bits: (p, q))


@pytest.fixture(scope="module")
def shared() -> Consortium:
    """A consortium with a joint key, whose rounds the tests share: a setup takes seconds."""
    return make(aggregation="rlwe", rounds=16, coordinator=CheatingCoordinator).ready()


@pytest.fixture
def c(shared: Consortium) -> Consortium:
    """Everybody is there again."""
    shared.channel.absent = set()
    return shared


def next_round(c: Consortium) -> Any:
    """Its report."""
    return c.coordinator.run_round(len(c.coordinator.reports))


def drop(c: Consortium, at: dict[Type, str], monkeypatch: pytest.MonkeyPatch) -> list[Type]:
    """Lose members when they are asked for these, once; the list of what was asked."""
    exchange, asked = c.channel.exchange, []

    def losing(requests: dict[str, bytes]) -> dict[str, bytes]:
        for name, data in requests.items():
            type_ = Message.open(data, signer=c.coordinator_key.public_bytes).type
            asked.append(type_)
            if at.get(type_) == name:
                c.channel.absent = c.channel.absent | {name}
                del at[type_]
        return exchange(requests)

    monkeypatch.setattr(c.channel, "exchange", losing)
    return asked


@pytest.mark.parametrize("scheme", ["rlwe", "paillier"])
def test_the_sum_is_exact_and_survives_losses_before_and_after_the_ciphertext_and_of_paillier_at_the_share(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = make(aggregation=scheme).ready()
    report = c.coordinator.run_round(0)
    assert report.aggregate is not None and report.aggregate.survivors == tuple(c.clients)

    weights = c.coordinator.weights
    updates = updates_in_the_clear(c, 1, weights)
    asked = drop(c, {Type.CIPHERTEXT_COMMITMENTS: "m1", Type.SURVIVORS: "m4"}, monkeypatch)
    report = c.coordinator.run_round(1)
    assert report.aggregate is not None and report.aggregate.survivors == ("m0", "m2", "m3", "m4")
    assert report.dropped == {"m1": "ciphertext commitment", "m4": "submission"} and not report.refused
    np.testing.assert_array_equal(report.aggregate.total, sum(v for name, v in updates.items() if name != "m1"))
    assert not {Type.MASK_KEYS, Type.MASK_SHARES, Type.UNMASK} & set(asked)

    c.channel.absent = set()  # both are back, and catch up from evidence
    drop(c, {Type.DECRYPT: "m0"}, monkeypatch)  # a ring-LWE sum needs the very holders that were asked
    report = c.coordinator.run_round(2)
    assert (report.aggregate is None) is (scheme == "rlwe")
    c.channel.absent = set()
    report = c.coordinator.run_round(3)
    assert report.aggregate is not None and len(report.aggregate.survivors) == 5
    for client in c.clients.values():
        np.testing.assert_array_equal(client.weights, c.coordinator.weights)


@pytest.mark.parametrize("attack", [Attack.ONE_CIPHERTEXT, Attack.TWO_SETS], ids=lambda a: a.name.lower())
def test_a_coordinator_that_wants_a_single_update_is_refused_and_the_round_goes_on(
    attack: Attack, c: Consortium
) -> None:
    c.coordinator.attacks[len(c.coordinator.reports)] = attack
    assert next_round(c).aggregate is not None
    _, name, how = c.coordinator.outcomes[-1]
    assert name == str(attack)
    expected = {
        Attack.ONE_CIPHERTEXT: "another sum than that of the survivors",
        Attack.TWO_SETS: "second, different set",
    }
    assert expected[attack] in how


def test_a_sum_without_one_of_the_survivors_or_of_fewer_signatures_is_not_decrypted_and_none_is_twice(
    c: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, seen = c.coordinator._ask, []

    def spoiled(requests: dict[str, bytes], answer: Type, round_: int = 0) -> Any:
        if answer is Type.DECRYPTION_SHARE:
            name, data = next(iter(requests.items()))
            body = Message.open(data, signer=c.coordinator_key.public_bytes).body
            for changed in (
                {"ciphertexts": body["ciphertexts"][1:]},
                {"signatures": body["signatures"][:2]},
                {"holders": [*body["holders"], "nobody"]},
            ):
                request = c.coordinator._seal(Type.DECRYPT, {**body, **changed}, round_)
                with pytest.raises(ProtocolError) as refused:
                    c.clients[name].handle(request)
                seen.append(str(refused.value))
            answers = ask(requests, answer, round_)
            with pytest.raises(ProtocolError) as refused:
                c.clients[name].handle(data)
            seen.append(str(refused.value))
            return answers
        return ask(requests, answer, round_)

    monkeypatch.setattr(c.coordinator, "_ask", spoiled)
    assert next_round(c).aggregate is not None
    for text, why in zip(seen, ("another sum", "2 survivors signed", "signed the survivors", ""), strict=True):
        assert why in text


def test_a_ciphertext_of_something_else_than_the_committed_update_voids_the_round(
    c: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = c.clients["m2"]
    train = type(liar)._train

    def other_vector(self: Any) -> Any:
        submission, update, blinder = train(self)
        return submission, update + 1, blinder

    monkeypatch.setattr(liar, "_train", other_vector.__get__(liar))
    assert next_round(c).aggregate is None
    monkeypatch.setattr(liar, "_train", train.__get__(liar))
    assert next_round(c).aggregate is not None


def test_a_member_whose_ciphertext_is_not_the_one_it_committed_to_is_out_and_named(
    c: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (Type.CIPHERTEXT, {"ciphertext": b"something else"}, frozenset({Type.ROUND}))
    monkeypatch.setattr(c.clients["m3"], "_on_ciphertext_commitments", lambda request: answer)
    report = next_round(c)
    assert [(name, kind) for name, kind, _ in report.refused] == [("m3", "ProtocolError")]
    assert report.aggregate is not None and report.aggregate.survivors == ("m0", "m1", "m2", "m4")


def test_a_coordinator_cannot_put_a_commitment_of_its_own_in_a_members_place(
    c: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = c.coordinator._seal

    def replaced(type_: Type, body: dict[str, Any], round_: int = 0) -> bytes:
        if type_ is Type.CIPHERTEXT_COMMITMENTS:
            own = Message(
                Type.CIPHERTEXT_COMMITMENT,
                c.coordinator.job.digest,
                round_,
                {"commitment": bytes(32), "key": c.coordinator.sum_keys[round_].digest},
            )
            entries = [[n, own.seal(c.coordinator_key) if n == "m4" else s] for n, s in body["commitments"]]
            body = {"commitments": entries}
        return seal(type_, body, round_)

    monkeypatch.setattr(c.coordinator, "_seal", replaced)
    report = next_round(c)
    refusals = [text for _, _, text in report.refused]
    assert report.aggregate is None and len(refusals) == 5 and all("signed by" in text for text in refusals)


def test_nobody_shows_a_ciphertext_while_one_of_them_was_shown_another_key(
    c: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shared in c.clients["m4"]._member_sums:
        monkeypatch.setattr(shared.key, "digest", bytes(32))
    report = next_round(c)
    assert report.aggregate is None and len(report.refused) == 5
    assert all("was shown another key" in text for _, _, text in report.refused)


@pytest.mark.parametrize("scheme", ["rlwe", "paillier"])
def test_a_ciphertext_of_an_earlier_round_puts_whoever_sends_it_out_of_the_sum_by_name(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it taken, negated ones of all but one member would leave that member's update beside the round's sum."""
    c = make(aggregation=scheme).ready()
    contribute, show = homomorphic_sum.MemberSum.contribute, homomorphic_sum.MemberSum.open
    earlier: dict[int, bytes] = {}

    def forged(self: Any, round_: int, update: Any, blinder: bytes) -> bytes:
        if round_ == 0 or self._holder.index != 4:
            return contribute(self, round_, update, blinder)
        return bytes(he.commit_contribution(self.key.terms.round_context(round_), 4, earlier[0]))

    def opened(self: Any, round_: int, commitments: Any) -> bytes:
        if round_ > 0 and self._holder.index == 4:
            return earlier[0]
        shown = show(self, round_, commitments)
        if round_ == 0:
            earlier[self._holder.index] = shown
        return shown

    monkeypatch.setattr(homomorphic_sum.MemberSum, "contribute", forged)
    monkeypatch.setattr(homomorphic_sum.MemberSum, "open", opened)
    assert c.coordinator.run_round(0).aggregate is not None
    report = c.coordinator.run_round(1)
    [(name, _, text)] = report.refused
    assert name == "m4" and ("under another key" if scheme == "rlwe" else "sender knows what is in it") in text
    assert report.aggregate is not None and report.aggregate.survivors == ("m0", "m1", "m2", "m3")


def test_a_ring_lwe_key_is_for_one_round_and_every_round_has_another(c: Consortium) -> None:
    assert len({key.digest for key in c.coordinator.sum_keys}) == c.job.rounds
    assert homomorphic_sum.number_of_keys(make(aggregation="paillier").job) == 1
    with pytest.raises(ProtocolError, match="sums nothing in round 3"):
        c.coordinator.sum_keys[2].terms.round_context(3)


def test_messages_of_the_wrong_phase_or_of_masks_are_refused_and_change_nothing(c: Consortium) -> None:
    body = {"signatures": [], "ciphertexts": [], "holders": []}
    for type_, content in ((Type.DECRYPT, body), (Type.MASK_KEYS, {"mask": b""}), (Type.SUM_KEY, {}), (Type.TRAIN, {})):
        with pytest.raises(ProtocolError, match="does not belong in this phase"):
            c.clients["m0"].handle(c.coordinator._seal(type_, content, 0))
    assert next_round(c).aggregate is not None


def test_a_dealt_share_that_was_damaged_on_its_way_stops_the_key() -> None:
    for scheme in ("rlwe", "paillier"):
        c = make(aggregation=scheme, members=3)
        c.coordinator.run_setup()
        seal = c.coordinator._seal

        def damaged(type_: Type, body: dict[str, Any], round_: int = 0, seal: Any = seal) -> bytes:
            if type_ is Type.SUM_KEY_PARTS and body["shares"]:
                name, share = body["shares"][0]
                body = {**body, "shares": [[name, share[:-1] + bytes([share[-1] ^ 1])], *body["shares"][1:]]}
            return seal(type_, body, round_)

        c.coordinator._seal = damaged
        with pytest.raises(ProtocolError, match="damaged, or was sealed by or for another"):
            c.coordinator.run_registration()


def test_a_box_seals_once_for_each_and_opens_for_one_pair_direction_and_key() -> None:
    a, b, other = he.ShareBox(bytes(32)), he.ShareBox(bytes(32)), he.ShareBox(bytes(32))
    sealed = a.seal(b.public_key, b"share")
    assert b.open(a.public_key, sealed) == b"share" and b"share" not in sealed
    for box, sender in ((b, other), (other, a), (a, b)):
        with pytest.raises(DecodeError):
            box.open(sender.public_key, sealed)
    with pytest.raises(ParameterError, match="sent its share before"):
        a.seal(b.public_key, b"other")
    with pytest.raises(ParameterError, match="itself"):
        a.seal(a.public_key, b"share")
    with pytest.raises(DecodeError):
        a.seal(bytes(32), b"share")


def test_lanes_add_up_to_the_sum_of_blinders_modulo_r_and_are_another_spread_each_time() -> None:
    blinders = [random_blinder() for _ in range(9)] + [bytes(32), (FR_MODULUS - 1).to_bytes(32, "little")]
    lanes = [to_lanes(blinder) for blinder in blinders]
    total = sum(int.from_bytes(blinder, "little") for blinder in blinders) % FR_MODULUS
    assert int.from_bytes(from_lanes(sum(lanes)), "little") == total
    assert max(int(np.abs(lane).max()) for lane in lanes) <= LANE_LIMIT
    again = to_lanes(blinders[0])
    assert from_lanes(again) == blinders[0] and not np.any(again == lanes[0])


def test_the_way_to_sum_is_part_of_the_agreement() -> None:
    c = make(aggregation="rlwe")
    job = c.job
    assert Job.from_bytes(job.to_bytes()) == job
    assert "aggregation" not in make().job.to_object()  # jobs with masks are what they were
    assert job.digest != make().job.digest
    with pytest.raises(ParameterError, match="no aggregation 'sum'"):
        make(aggregation="sum")
    assert homomorphic_sum.SumTerms(job, bytes(32)).context != homomorphic_sum.SumTerms(job, bytes(31) + b"1").context
