"""A member whose coordinator sends anything, signed: every field of every request changed at random, in any order.

What it refuses is an error of ours; anything else (a KeyError, a crash of the core) would be a way to stop it. The same
for frames and records of a ledger.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from consortium import make
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl.encoding import Kind
from pyzkfl.errors import PyzkflError
from pyzkfl.ledger.blocks import StoredRecord
from pyzkfl.messages import Message

PRIMITIVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.binary(max_size=70),
    st.text(max_size=10),
    st.lists(st.binary(max_size=33), max_size=3),
    st.just({}),
)


@functools.cache
def heard() -> tuple[Any, list[tuple[str, bytes]]]:
    """A consortium after a round, and every request that its members got."""
    c = make(members=3, rounds=3, rows=(8, 4, 6))
    requests: list[tuple[str, bytes]] = []
    exchange = c.channel.exchange

    def listening(asked: Any) -> Any:
        requests.extend(asked.items())
        return exchange(asked)

    c.channel.exchange = listening  # type: ignore[method-assign]
    c.ready()
    assert c.coordinator.run_round(0).aggregate is not None
    return c, requests


def changed(data: st.DataObject, value: Any) -> Any:
    """The value with one place of it something else: of another type, a neighbour's, or its own bytes changed."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(value)))
        how = data.draw(st.integers(0, 6))
        if how == 0:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: changed(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        at = data.draw(st.integers(0, len(value) - 1))
        how = data.draw(st.integers(0, 5))
        if how == 0:
            return value[:at] + value[at + 1 :]
        if how == 1:
            return [*value, value[at]]
        return [*value[:at], changed(data, value[at]), *value[at + 1 :]]
    if isinstance(value, bytes) and value and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(value) - 1))
        how = data.draw(st.integers(0, 2))
        if how == 0:
            return value[:at]
        return value[:at] + bytes([value[at] ^ data.draw(st.integers(1, 255))]) + value[at + 1 :]
    if isinstance(value, int) and data.draw(st.booleans()):
        return data.draw(st.sampled_from([value + 1, value - 1, 0, -1, 2**32, 2**63 - 1, 2**64 - 1]))
    return data.draw(PRIMITIVES)


@given(st.data())
def test_whatever_a_coordinator_signs_a_member_answers_or_refuses_with_an_error_of_ours(data: st.DataObject) -> None:
    c, requests = heard()
    _, request = data.draw(st.sampled_from(requests))
    message = Message.open(request, signer=c.coordinator_key.public_bytes)
    body = changed(data, message.body)
    round_ = data.draw(st.sampled_from([message.round, 0, 1, 2, 2**32 - 1]))
    job = data.draw(st.sampled_from([message.job, c.coordinator.job.digest, b"", bytes(32)]))
    try:
        sealed = Message(message.type, job, round_, body).seal(c.coordinator_key)
    except PyzkflError:
        return  # no such message can be made
    client = c.clients[data.draw(st.sampled_from(sorted(c.clients)))]
    with contextlib.suppress(PyzkflError):
        client.handle(sealed)


@given(st.data())
def test_whatever_the_bytes_are_a_member_refuses_what_its_coordinator_did_not_sign(data: st.DataObject) -> None:
    c, requests = heard()
    _, request = data.draw(st.sampled_from(requests))
    at = data.draw(st.integers(0, len(request) - 1))
    mutated = request[:at] + bytes([request[at] ^ data.draw(st.integers(1, 255))]) + request[at + 1 :]
    cut = request[: data.draw(st.integers(0, len(request) - 1))]
    for bytes_ in (mutated, cut, data.draw(st.binary(max_size=200))):
        try:
            c.clients["m1"].handle(bytes_)
        except PyzkflError:
            continue
        raise AssertionError("bytes that nobody signed were answered")


@given(st.binary(max_size=400), st.integers(0, 400), st.integers(1, 255))
def test_a_ledgers_frame_is_read_back_or_refused(bytes_: bytes, at: int, change: int) -> None:
    _, requests = heard()
    whole = Kind.RECORD, requests[0][1]
    for frame in (bytes_, b"PZKF\x01" + bytes([whole[0]]) + b"\x01" + bytes_, whole[1]):
        place = at % max(1, len(frame))
        for candidate in (frame, frame[:place] + bytes([frame[place] ^ change]) + frame[place + 1 :] if frame else b""):
            try:
                stored = StoredRecord.from_frame(candidate)
            except PyzkflError:
                continue
            assert stored.frame() == candidate
