"""Rounds through the Python sessions: exact sums whoever is lost, errors that say who is to blame."""

from __future__ import annotations

import copy
import hashlib
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from masking import FR, IDENTITIES, Round, make_config, some_round

from pyzkfl.errors import NotEnoughClients, ParameterError, ProtocolError
from pyzkfl.secagg import (
    ClientSession,
    Config,
    ServerSession,
    bench_mask,
    bench_shamir,
    client_traffic,
    masked_bytes,
)


@st.composite
def rounds(draw: st.DrawFn) -> tuple[Round, list[list[int]]]:
    """Any members, threshold, shape and values, and who is still there in each of five phases."""
    n = draw(st.integers(3, 9))
    threshold = draw(st.integers(n // 2 + 1, n))
    length = draw(st.integers(1, 40))
    max_abs = draw(st.one_of(st.integers(1, 2**20), st.integers(1, (2**63 - 1) // n)))
    config = make_config(n, threshold, length, max_abs, round_=draw(st.integers(0, 2**64 - 1)))
    value = st.one_of(st.sampled_from([-max_abs, max_abs, 0]), st.integers(-max_abs, max_abs))
    values = draw(st.lists(st.lists(value, min_size=length, max_size=length), min_size=n, max_size=n))
    blinders = draw(st.lists(st.one_of(st.just(FR - 1), st.integers(0, FR - 1)), min_size=n, max_size=n))
    present, phases = list(range(n)), []
    for _ in range(5):
        present = sorted(draw(st.sets(st.sampled_from(present), min_size=config.min_clients)))
        phases.append(present)
    return Round(config, np.array(values, dtype=np.int64), blinders), phases


@given(rounds())
@settings(max_examples=25)
def test_the_sum_is_exact_whoever_drops_out_and_whenever(case: tuple[Round, list[list[int]]]) -> None:
    r, (advertisers, sharers, submitters, signers, responders) = case
    r.advertise(advertisers)
    r.share(sharers)
    r.mask(submitters)
    r.sign(signers)
    r.unmask(responders)
    r.expect_sum_over(submitters)


def test_the_demo_s_round_loses_one_member_after_each_of_three_phases() -> None:
    r = Round(make_config(8, 5, 31, 1 << 19), np.full((8, 31), -(1 << 19), dtype=np.int64), [FR - 1] * 8)
    r.advertise(range(8))
    r.share([1, 2, 3, 4, 5, 6, 7])
    r.mask([1, 2, 4, 5, 6, 7])
    r.sign([1, 2, 4, 5, 6, 7])
    r.unmask([1, 2, 4, 6, 7])
    r.expect_sum_over([1, 2, 4, 5, 6, 7])


def test_the_session_says_where_it_stands() -> None:
    r = some_round()
    assert (r.server.phase, r.clients[0].next_step) == ("advertise", "advertise")
    r.advertise([0, 1, 2, 3])
    assert (r.server.phase, r.server.advertisers, r.clients[0].next_step) == ("share", [0, 1, 2, 3], "share")
    r.share([0, 1, 2])
    assert (r.server.phase, r.server.sharers, r.clients[0].next_step) == ("masked", [0, 1, 2], "masked_input")
    assert sorted(r.shared) == [0, 1, 2]
    r.mask([0, 1, 2])
    assert (r.server.phase, r.server.submitters, r.server.survivors) == ("consistency", [0, 1, 2], [0, 1, 2])
    r.sign([0, 1, 2])
    assert (r.server.phase, r.server.signers, r.clients[0].next_step) == ("unmask", [0, 1, 2], "unmask")
    r.unmask([2, 1, 0])
    assert r.server.responders == [0, 1, 2]
    assert repr(r.server) == "<secagg.ServerSession of 4 members, round 0>"
    assert repr(r.clients[1]) == "<secagg.ClientSession member 1 of 4, round 0>"


def test_too_few_is_an_error_of_its_own_and_reveals_nothing() -> None:
    r = some_round(5, 3)
    with pytest.raises(NotEnoughClients, match="2 members advertised keys, 3 are needed"):
        r.advertise([0, 1])
    r.advertise([2, 3, 4])
    r.share(range(5))
    with pytest.raises(NotEnoughClients):
        r.mask([0, 1])
    with pytest.raises(ProtocolError):
        r.server.sum()
    r.mask([2, 3])
    r.sign([0, 1, 2, 3])
    r.unmask([0, 1])
    with pytest.raises(NotEnoughClients, match="2 members sent shares, 3 are needed"):
        r.server.sum()
    r.unmask([3])
    r.expect_sum_over([0, 1, 2, 3])


def test_errors_name_the_offender_where_it_is_proven() -> None:
    r, other = some_round(), some_round()
    first, second = r.clients[1].advertise(), other.clients[1].advertise()
    r.server.receive(first)
    with pytest.raises(ProtocolError, match=r"second, different message of member 1 \(offender 1\)") as caught:
        r.server.receive(second)
    assert caught.value.offender == 1
    with pytest.raises(ProtocolError, match="replay") as caught:
        r.server.receive(first)
    assert caught.value.offender is None


def test_a_share_that_does_not_decrypt_is_named_by_its_recipient() -> None:
    r = some_round()
    r.advertise(range(4))
    for i in range(3):
        r.server.receive(r.clients[i].share(r.keys))
    message = bytearray(r.clients[3].share(r.keys))
    message[53 + 64 + 4 * 64 + 5] ^= 1  # in the ciphertext for member 0
    body = bytes(message[:-64])  # its own signature over its own bad shares
    signature = IDENTITIES[3].sign(b"pyzkfl secagg v1 message" + hashlib.sha256(body).digest())
    r.server.receive(body + signature)
    shared = r.server.close_share()
    with pytest.raises(ProtocolError, match="do not decrypt") as caught:
        r.clients[0].masked_input(shared[0], r.values[0], bytes(32))
    assert caught.value.offender == 3
    assert r.clients[0].next_step == "masked_input"


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(4), np.zeros(4, np.int32), np.zeros(4, np.uint64), np.zeros(4, ">i8"), np.zeros((2, 2), np.int64),
        np.zeros(3, np.int64), np.zeros(5, np.int64), np.array([0, 0, 0, 1001]), np.array([-1001, 0, 0, 0]),
        np.array([np.iinfo(np.int64).min, 0, 0, 0]), np.zeros(0, np.int64), np.array(["a"] * 4),
    ],
)
def test_a_vector_of_another_type_shape_or_range_is_a_parameter_error(values: np.ndarray) -> None:
    r = some_round()
    r.advertise(range(4))
    r.share(range(4))
    with pytest.raises(ParameterError):
        r.clients[0].masked_input(r.shared[0], values, bytes(32))
    r.mask(range(4))  # the session is as it was


def test_a_strided_vector_is_taken_and_a_bad_blinder_is_not() -> None:
    r = some_round()
    r.advertise(range(4))
    r.share(range(4))
    for blinder in (b"", bytes(31), bytes(33), FR.to_bytes(32, "little"), b"\xff" * 32):
        with pytest.raises(ParameterError):
            r.clients[0].masked_input(r.shared[0], r.values[0], blinder)
    r.values = np.asfortranarray(r.values)
    assert not r.values[0].flags.c_contiguous
    r.mask(range(4))
    r.sign(range(4))
    r.unmask(range(4))
    r.expect_sum_over([0, 1, 2, 3])


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 2}, {"threshold": 5}, {"threshold": 0}, {"length": 0}, {"length": 2**33}, {"max_abs": 0},
        {"max_abs": 2**61}, {"max_abs": 2**64 - 1}, {"job_digest": b""}, {"job_digest": bytes(33)}, {"members": []},
        {"members": [bytes(32)] * 4}, {"members": [b"x"] * 4},
        {"members": [IDENTITIES[0].public_bytes, IDENTITIES[1].public_bytes]},
    ],
)
def test_impossible_configurations_are_parameter_errors(change: dict[str, object]) -> None:
    good = {
        "job_digest": bytes(32), "round": 0, "members": [k.public_bytes for k in IDENTITIES[:4]], "threshold": 3,
        "length": 4, "max_abs": 10,
    }
    Config(**good)
    with pytest.raises(ParameterError):
        Config(**{**good, **change})


def test_configurations_compare_by_what_they_say() -> None:
    a, b, c = make_config(4, 3), make_config(4, 3), make_config(4, 3, round_=1)
    assert a == b and hash(a) == hash(b) and a.digest == b.digest
    assert a != c and len({a, b, c}) == 2
    assert (a.n, a.threshold, a.length, a.max_abs, a.bits, a.round, a.attempt) == (4, 3, 4, 1000, 13, 0, 0)
    assert (a.min_clients, a.max_corrupt) == (3, 1)
    assert a.members == [k.public_bytes for k in IDENTITIES[:4]]


def test_the_announced_sizes_are_the_sizes() -> None:
    r = some_round(8, 5)
    r.advertise(range(8))
    r.share(range(8))
    r.mask(range(8))
    assert masked_bytes(r.config) == len(r.masked[3]) == 53 + 32 + (4 * 14 + 7) // 8 + 32 + 64
    sent, received = client_traffic(r.config)
    assert sent > masked_bytes(r.config)
    assert client_traffic(r.config, survivors=5)[1] < received
    with pytest.raises(ParameterError):
        client_traffic(r.config, survivors=9)


def test_sessions_are_not_copied_or_pickled() -> None:
    client = some_round().clients[0]
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(client)


def test_an_identity_that_is_not_the_member_s_is_refused() -> None:
    config = make_config(4, 3)
    with pytest.raises(ParameterError, match="not that of member 1"):
        ClientSession(config, 1, IDENTITIES[0])
    with pytest.raises(ParameterError):
        ClientSession(config, 4, IDENTITIES[4])


def test_sessions_may_be_driven_from_several_threads() -> None:
    config = make_config(8, 5, 50_000, 1000)
    values = np.ones((8, 50_000), dtype=np.int64)
    r = Round(config, values, [1] * 8)
    r.advertise(range(8))
    r.share(range(8))
    errors: list[BaseException] = []

    def work(i: int) -> None:
        try:
            r.server.receive(r.clients[i].masked_input(r.shared[i], values[i], (1).to_bytes(32, "little")))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    r.set = r.server.close_masked(r.server.submitters)
    r.sign(range(8))
    r.unmask(range(8))
    r.expect_sum_over(list(range(8)))


@given(st.binary(max_size=300), st.integers(0, 72))
@settings(max_examples=200)
def test_arbitrary_bytes_are_protocol_errors(data: bytes, kind: int) -> None:
    server = ServerSession(make_config(4, 3))
    header = b"PZKF\x01" + bytes([kind]) + b"\x01" + bytes(2) + bytes(12) + server.config.digest
    for message in (data, header + data):
        with pytest.raises(ProtocolError):
            server.receive(message)
    client = ClientSession(server.config, 0, IDENTITIES[0])
    client.advertise()
    for message in (data, header + data, header[:7] + b"\xff\xff" + header[9:] + data):
        with pytest.raises(ProtocolError):
            client.share(message)
    assert client.next_step == "share"


def test_the_benchmarks_run() -> None:
    assert bench_mask(1 << 16) > 0
    assert set(bench_shamir(10, 6)) == {"split_seconds", "combine_seconds"}
    with pytest.raises(ParameterError):
        bench_shamir(3, 4)
