"""A coordinator that asks for what it must not get; and that, without the check meant for it, it would get it."""

from __future__ import annotations

import struct

import pytest
import reference_client as reference
import reference_crypto as crypto
from masking import IDENTITIES, Round, some_round

from pyzkfl.errors import ParameterError, ProtocolError
from pyzkfl.secagg import ClientSession

VICTIM = 2


def reference_config(r: Round) -> reference.Config:
    c = r.config
    return reference.Config(c.job_digest, c.round, c.members, c.threshold, c.length, c.max_abs)


def ask_for_both(request: bytes) -> bytes:
    """The honest request with VICTIM added to those whose mask keys are asked for (the last list of the message)."""
    assert request.endswith(bytes(2))  # nobody dropped: the list is empty
    return request[:-2] + struct.pack("<HH", 1, VICTIM)


def shares_of_victim(r: Round, answers: dict[int, bytes]) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """({point: share of the seed}, {point: share of the mask key}) in members' answers."""
    found: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
    for sender, answer in answers.items():
        at = 53 + 32
        for table in found:
            count = struct.unpack_from("<H", answer, at)[0]
            for i in range(count):
                member, share = struct.unpack_from("<H32s", answer, at + 2 + 34 * i)
                if member == VICTIM:
                    table[sender + 1] = share
            at += 2 + 34 * count
    return found


def unmask_victim(r: Round, seed_shares: dict[int, bytes], key_shares: dict[int, bytes]) -> list[int]:
    """What a coordinator learns from `threshold` shares of both kinds: the victim's vector."""
    t = r.config.threshold
    config = reference_config(r)
    seed = crypto.shamir_combine(dict(sorted(seed_shares.items())[:t]))
    private = crypto.shamir_combine(dict(sorted(key_shares.items())[:t]))
    keys = {struct.unpack_from("<H", r.keys, 55 + 130 * i)[0]: r.keys[55 + 130 * i :][34:66] for i in range(r.config.n)}
    vector = reference.unpack(config, r.masked[VICTIM][53 + 32 : -96])
    masks = [(-1, reference.self_mask_key(config, VICTIM, seed))]
    for other, key in keys.items():
        if other != VICTIM:
            pair = reference.pair_mask_key(config, VICTIM, keys[VICTIM], other, key, crypto.x25519(private, key))
            masks.append((-1 if other > VICTIM else 1, pair))
    for sign, key in masks:
        vector = [a + sign * b for a, b in zip(vector, reference.mask(config, key)[0], strict=True)]
    half = 2 ** (config.bits - 1)
    return [(v + half) % (2 * half) - half for v in vector]


def until_request(r: Round) -> None:
    everybody = range(r.config.n)
    r.advertise(everybody)
    r.share(everybody)
    r.mask(everybody)
    r.sign(everybody)


def test_a_coordinator_that_asks_for_both_shares_of_one_member_is_refused() -> None:
    r = some_round()
    until_request(r)
    for client in r.clients:
        with pytest.raises(ProtocolError, match=f"both shares of member {VICTIM}"):
            client.unmask(ask_for_both(r.request))
    r.unmask(range(4))
    r.expect_sum_over([0, 1, 2, 3])


def test_mutation_without_that_check_it_reads_the_member_s_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", "1")
    r = some_round(unsafe_skip={"both-shares"})
    until_request(r)
    answers = {i: r.clients[i].unmask(ask_for_both(r.request)) for i in (0, 1, 3)}
    assert unmask_victim(r, *shares_of_victim(r, answers)) == r.values[VICTIM].tolist()


def test_a_coordinator_that_shows_two_survivor_sets_is_refused() -> None:
    r = some_round()
    until_request(r)
    with pytest.raises(ProtocolError, match="second, different set"):
        r.clients[0].sign_survivors([0, 1, 3])
    with pytest.raises(ProtocolError, match="second, different set"):
        r.clients[0].sign_survivors([0, 1, 2, 3], context=b"\x01" * 32)
    r.clients[0].sign_survivors([3, 2, 1, 0])  # a set has no order
    r.unmask(range(4))
    with pytest.raises(ProtocolError, match="second, different set"):
        r.clients[0].sign_survivors([0, 1, 3])
    r.expect_sum_over([0, 1, 2, 3])


def test_mutation_without_that_check_it_reads_the_vector_of_who_is_in_one_set_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", "1")
    r = some_round(unsafe_skip={"consistency"})
    until_request(r)
    accomplices = [0, 1, 3]
    first = {i: r.clients[i].unmask(r.request) for i in accomplices}
    # The same members once more, for the set without the victim.
    signed = {i: r.clients[i].sign_survivors(accomplices) for i in accomplices}
    digest = signed[0][53:85]
    signatures = b"".join(struct.pack("<H", i) + message[-64:] for i, message in signed.items())
    lists = struct.pack("<HHHH", 3, *accomplices) + struct.pack("<HH", 1, VICTIM)
    request = r.request[:53] + digest + struct.pack("<H", 3) + signatures + lists
    second = {i: r.clients[i].unmask(request) for i in accomplices}
    seeds, _ = shares_of_victim(r, first)
    _, keys = shares_of_victim(r, second)
    assert unmask_victim(r, seeds, keys) == r.values[VICTIM].tolist()


def test_checks_cannot_be_left_out_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    config = some_round().config
    for value in (None, "", "0", "true"):
        if value is None:
            monkeypatch.delenv("PYZKFL_ALLOW_UNSAFE", raising=False)
        else:
            monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", value)
        for name in ("consistency", "both-shares"):
            with pytest.raises(ParameterError):
                ClientSession(config, 0, IDENTITIES[0], unsafe_skip={name})
    monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", "1")
    with pytest.raises(ParameterError, match="not 'everything'"):
        ClientSession(config, 0, IDENTITIES[0], unsafe_skip={"everything"})
