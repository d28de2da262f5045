"""Keys that several hold, through the Python interface: rounds with losses, and errors that name who is to blame."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import pytest

from pyzkfl import he
from pyzkfl.errors import DecodeError, NotEnoughClients, ParameterError, ProtocolError
from pyzkfl.secagg import IdentityKey


def vectors_of(members: range, size: int = 50) -> dict[int, np.ndarray]:
    return {i: np.random.default_rng(i).integers(-1000, 1001, size=size) for i in members}


@pytest.fixture(scope="module")
def paillier_keys(safe_primes: tuple[int, int]) -> he.SharedKeys:
    key, holders = he.deal_paillier(*safe_primes, 3, 5)
    public = he.EncryptionKey("paillier", key.public_key, 1000, 5)
    return he.SharedKeys(public, [he.PaillierMember(public, holder) for holder in holders], key)


@pytest.fixture(scope="module")
def rlwe_keys() -> Any:
    return he.generate("rlwe", holder=he.Threshold(3, 5), max_abs=1000, summands=5)


@pytest.fixture(params=["paillier_keys", "rlwe_keys"])
def keys(request: pytest.FixtureRequest) -> he.SharedKeys:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.mark.parametrize("holders", [{0, 1, 2}, {0, 2, 4}])
def test_any_threshold_of_the_members_decrypts_the_exact_sum(keys: he.SharedKeys, holders: set[int]) -> None:
    values = vectors_of(range(5))
    total = he.round_in_process(keys, secrets.token_bytes(32), values, holders=holders)
    assert np.array_equal(total, sum(values.values()))


def test_a_member_lost_before_it_opens_is_left_out_of_the_sum(keys: he.SharedKeys) -> None:
    context, values = secrets.token_bytes(32), vectors_of(range(5))
    commitments = {i: keys.members[i].contribute(context, v) for i, v in values.items()}
    opened = {i: keys.members[i].open(context, commitments) for i in range(4)}  # member 4 committed and vanished
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts=opened, holders={0, 1, 3})
    total = keys.combine(request, [keys.members[i].answer(request) for i in (3, 0, 1)])
    assert np.array_equal(total, sum(values[i] for i in range(4)))


def test_too_few_shares_decrypt_nothing(keys: he.SharedKeys) -> None:
    context, values = secrets.token_bytes(32), vectors_of(range(5))
    commitments = {i: keys.members[i].contribute(context, v) for i, v in values.items()}
    opened = {i: keys.members[i].open(context, commitments) for i in values}
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts=opened, holders={0, 1, 2})
    shares = [keys.members[i].answer(request) for i in (0, 1)]
    with pytest.raises(NotEnoughClients):
        keys.combine(request, shares)
    with pytest.raises(ProtocolError):
        keys.members[0].answer(request)  # never twice


def test_a_contribution_that_cancels_the_others_comes_too_late(keys: he.SharedKeys) -> None:
    """Member 3 sees the others' ciphertexts and sends what leaves member 0's vector alone in the sum."""
    context, values = secrets.token_bytes(32), vectors_of(range(4))
    commitments = {i: keys.members[i].contribute(context, v) for i, v in values.items()}
    opened = {i: keys.members[i].open(context, commitments) for i in range(3)}
    cancelling = -(values[1] + values[2]).clip(-1000, 1000)
    if keys.public.scheme == "paillier":  # with the proof that its sender knows the values
        share = keys.members[3].holder.to_bytes()
        again = he.PaillierMember(keys.public, he.PaillierHolder.from_bytes(keys.terms, share))
        own = again.contribute(context, cancelling)
        attack = again.open(context, {**{i: commitments[i] for i in range(3)}, 3: own})
    else:
        attack = keys.public.encrypt(cancelling).to_bytes()
    request = he.SumRequest(
        context=context, commitments=commitments, ciphertexts={**opened, 3: attack}, holders={0, 1, 2}
    )
    with pytest.raises(ProtocolError, match="committed to") as caught:
        keys.members[0].answer(request)
    assert caught.value.offender == 3
    commitments[3] = he.commit_contribution(context, 3, attack)
    request = he.SumRequest(
        context=context, commitments=commitments, ciphertexts={**opened, 3: attack}, holders={0, 1, 2}
    )
    with pytest.raises(ProtocolError, match="saw before the openings"):
        keys.members[0].answer(request)


@pytest.mark.parametrize("rewritten", [False, True])
def test_ring_lwe_ciphertexts_of_an_earlier_key_spoil_a_sum_and_tell_nothing(rewritten: bool) -> None:
    """Even where their sender rewrites the key's digest in them: under another secret they are noise."""
    earlier, keys = (he.generate("rlwe", holder=he.Threshold(3, 5), max_abs=1000, summands=8) for _ in range(2))
    context, values = secrets.token_bytes(32), vectors_of(range(4))
    commitments = {i: earlier.members[i].contribute(context, v) for i, v in values.items()}
    forged = earlier.members[1].open(context, commitments)
    if rewritten:
        forged = keys.public.encrypt(values[1]).to_bytes()[:39] + forged[39:]  # header and the key's digest
    commitments = {i: keys.members[i].contribute(context, values[i]) for i in range(3)}
    commitments[3] = he.commit_contribution(context, 3, forged)
    opened = {i: keys.members[i].open(context, commitments) for i in range(3)}
    request = he.SumRequest(
        context=context, commitments=commitments, ciphertexts={**opened, 3: forged}, holders={0, 1, 2}
    )
    with pytest.raises(ProtocolError, match="no sum in range" if rewritten else "under another key"):
        keys.combine(request, [keys.members[i].answer(request) for i in range(3)])


def test_a_single_vector_is_never_decrypted(keys: he.SharedKeys) -> None:
    context, values = secrets.token_bytes(32), vectors_of(range(3))
    commitments = {i: keys.members[i].contribute(context, v) for i, v in values.items()}
    opened = {i: keys.members[i].open(context, commitments) for i in values}
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts={0: opened[0]}, holders={0, 1, 2})
    with pytest.raises(ProtocolError, match="at least 3"):
        keys.members[0].answer(request)


def test_a_wrong_paillier_share_is_named(paillier_keys: he.SharedKeys) -> None:
    keys, context, values = paillier_keys, secrets.token_bytes(32), vectors_of(range(5))
    commitments = {i: keys.members[i].contribute(context, v) for i, v in values.items()}
    opened = {i: keys.members[i].open(context, commitments) for i in values}
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts=opened, holders=set(range(5)))
    shares = [keys.members[i].answer(request) for i in range(4)]
    wrong = bytearray(shares[2])
    wrong[100] ^= 1
    with pytest.raises(ProtocolError, match="proof") as caught:
        keys.combine(request, [shares[0], shares[1], bytes(wrong)])
    assert caught.value.offender == 2
    assert np.array_equal(keys.combine(request, [shares[0], shares[1], shares[3]]), sum(values.values()))


def test_a_dealer_s_share_and_key_travel_as_bytes(paillier_keys: he.SharedKeys) -> None:
    key = he.PaillierThresholdKey.from_bytes(paillier_keys.terms.to_bytes())
    assert (key.threshold, key.members) == (3, 5)
    member = paillier_keys.members[1]
    assert he.PaillierHolder.from_bytes(key, member.holder.to_bytes()).index == 1


def test_a_holder_is_saved_and_goes_on_in_another_process(keys: he.SharedKeys) -> None:
    identity, context, values = IdentityKey.generate(), secrets.token_bytes(32), vectors_of(range(5))

    def again(holder: Any) -> Any:
        if keys.public.scheme == "rlwe":
            return he.RlweHolder.restore(identity, holder.save(identity))
        saved = holder.holder.save(identity)
        return he.PaillierMember(keys.public, he.PaillierHolder.restore(keys.terms, identity, saved))

    members = [again(member) for member in keys.members]
    commitments = {i: members[i].contribute(context, v) for i, v in values.items()}
    members = [again(member) for member in members]
    opened = {i: members[i].open(context, commitments) for i in values}
    members = [again(member) for member in members]
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts=opened, holders={0, 1, 3})
    total = keys.combine(request, [members[i].answer(request) for i in (0, 1, 3)])
    assert np.array_equal(total, sum(values.values()))
    member = again(members[0])
    with pytest.raises(ProtocolError):
        member.answer(request)
    saved = member.save(identity) if keys.public.scheme == "rlwe" else member.holder.save(identity)
    with pytest.raises(DecodeError, match="another identity"):
        he.open_state(IdentityKey.generate(), saved)


def test_a_joint_key_needs_every_member_and_no_dealer() -> None:
    keys = he.generate("rlwe", holder=he.AllMembers(3), max_abs=1000, summands=3)
    assert isinstance(keys, he.SharedKeys)
    values = vectors_of(range(3))
    total = he.round_in_process(keys, bytes(32), values, holders={0, 1, 2})
    assert np.array_equal(total, sum(values.values()))
    with pytest.raises(NotEnoughClients):
        he.round_in_process(keys, bytes(31) + b"1", values, holders={0, 1})


def test_who_holds_the_key_has_no_default() -> None:
    with pytest.raises(TypeError, match="holder"):
        he.generate("rlwe", max_abs=1, summands=1)  # type: ignore[call-arg]
    with pytest.raises(ParameterError, match="who can decrypt"):
        he.generate("rlwe", holder="me", max_abs=1, summands=1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no scheme"):
        he.generate("rsa", holder=he.OneDecryptor(), max_abs=1, summands=1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="2 t > n"):
        he.generate("rlwe", holder=he.Threshold(2, 4), max_abs=1, summands=1)


def test_a_cheating_dealer_of_key_shares_is_named_by_the_audit() -> None:
    terms = he.SharedKeyTerms(members=3, threshold=2, max_abs=10, summands=3, context=bytes(32))
    members = [he.RlweKeyMember(terms, i) for i in range(3)]
    commitments = [member.commitment() for member in members]
    parts = [member.part(commitments) for member in members]
    share = bytearray(members[2].dealt_share(0))
    share[-3] ^= 1
    with pytest.raises(ProtocolError, match="dealer committed to") as caught:
        members[0].finish(parts, [members[1].dealt_share(0), bytes(share)])
    assert caught.value.offender == 2
    assert terms.audit(1, members[1].reveal_seed(), parts[1])
    assert not terms.audit(2, members[2].reveal_seed(), parts[1])
