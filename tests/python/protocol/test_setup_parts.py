"""Setups whose states are too large for one message or for memory: in parts, in files, with bounds known before.

Sizes are small here and the size of a part smaller still; nothing else differs from a setup of 2^20 rows.
"""

from __future__ import annotations

import hashlib
import mmap

import pytest
from consortium import make

from pyzkfl import InProcessChannel, ceremony, encoding, setup_states
from pyzkfl.errors import DecodeError, ProtocolError, SetupInvalid
from pyzkfl.messages import Message, Type
from pyzkfl.setup_files import SetupFiles, read_setup, write_setup
from pyzkfl.setup_states import Arrivals, Arriving, part, reference

PART = 1 << 16


class Watched(InProcessChannel):
    """Counts messages of each type and the bytes of the largest; may spoil what members send."""

    def __init__(self, clients) -> None:
        super().__init__(clients)
        self.counts: dict[Type, int] = {}
        self.largest = 0
        self.spoil = lambda name, message: message

    def exchange(self, requests):
        answers = super().exchange(requests)
        for data in [*requests.values(), *answers.values()]:
            self.largest = max(self.largest, len(data))
            type_ = Type(encoding.decode(encoding.Kind.MESSAGE, self.inner(data))["type"])
            self.counts[type_] = self.counts.get(type_, 0) + 1
        return {name: self.spoil(name, data) for name, data in answers.items()}

    @staticmethod
    def inner(data: bytes) -> bytes:
        return encoding.decode(encoding.Kind.ENVELOPE, data)["artefact"]


def test_a_setup_runs_in_parts_and_is_kept_and_read_piece_by_piece(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(setup_states, "PART_BYTES", PART)
    c = make(members=3)
    channel = Watched((client, c.identities[name]) for name, client in c.clients.items())
    c.coordinator._channel, c.coordinator._setups = channel, SetupFiles(tmp_path / "coordinator")
    c.clients["m1"]._setups = SetupFiles(tmp_path / "m1")
    c.coordinator.run_setup()
    assert channel.largest < PART + 4096
    sizes = [ceremony.state_bytes(c.job, phase) for phase in (1, 2)]
    assert min(sizes) > 3 * PART
    # Each contribution is fetched once. Of each phase a member is sent the stage and the end; five questions go before,
    # of which the last one's answer is that the end of the first phase is there.
    pieces = [-(-size // PART) for size in sizes]
    assert channel.counts[Type.SETUP_NEXT] == 3 * sum(pieces)
    assert channel.counts[Type.SETUP_PART_SEEN] == 3 * (2 * sum(pieces) + 5)
    job = c.coordinator.job
    for name in ("coordinator", "m1"):
        keys = SetupFiles(tmp_path / name).keys(job)
        assert keys.bind(c.job) == job
    path = SetupFiles(tmp_path / "m1").path(job.setup)
    # The bytes are those of the canonical encoding, which was written whole before.
    monkeypatch.setattr(setup_states, "PART_BYTES", 1 << 26)
    body = encoding.decode(encoding.Kind.SETUP, path.read_bytes())
    transcript = ceremony.Transcript.from_object(body)
    assert transcript.digest == job.setup and transcript.to_object() == body
    monkeypatch.setattr(setup_states, "PART_BYTES", PART)
    write_setup(path, transcript)
    assert path.read_bytes() == encoding.encode(encoding.Kind.SETUP, body)
    data = bytearray(path.read_bytes())
    for change, error in (
        ({0: 0}, DecodeError),  # the magic
        ({7: 0xA5}, DecodeError),  # five fields
        ({15: 0xFF}, DecodeError),  # a state of many exabytes: no memory is asked for
        ({-1: data[-1] ^ 1}, SetupInvalid),  # a record
        ({len(data) // 3: data[len(data) // 3] ^ 1}, SetupInvalid),  # a point
    ):
        changed = bytearray(data)
        for at, byte in change.items():
            changed[at] = byte
        path.write_bytes(changed)
        with pytest.raises(error):
            read_setup(path, job)
    path.write_bytes(data + b"\0")
    with pytest.raises(DecodeError, match="bytes follow"):
        read_setup(path, job)


def test_who_sends_other_parts_than_those_of_its_contribution_is_named(monkeypatch) -> None:
    monkeypatch.setattr(setup_states, "PART_BYTES", PART)

    def change(**fields):
        def spoil(name: str, data: bytes) -> bytes:
            message = Message.open(data, signer=c.identities[name].public_bytes)
            if message.type is not Type.SETUP_PART:
                return data
            return Message(message.type, message.job, message.round, {**message.body, **fields}).seal(
                c.identities[name]
            )

        return spoil

    for fields, said in (
        ({"at": 1}, "m0 sent another part"),
        ({"size": 1 << 60}, "m0 sent another part"),
        ({"data": b""}, "m0 sent another part"),
        ({"data": bytes(PART)}, "m0 sent other parts|m0: the state of a setup is longer"),
    ):
        c = make(members=3)
        channel = Watched((client, c.identities[name]) for name, client in c.clients.items())
        c.coordinator._channel, channel.spoil = channel, change(**fields)
        with pytest.raises(SetupInvalid, match=said):
            c.coordinator.run_setup()


def test_a_state_in_parts_has_the_size_that_the_job_gives_it_and_comes_in_order(monkeypatch) -> None:
    monkeypatch.setattr(setup_states, "PART_BYTES", 8)
    states = [bytes([i]) * 20 for i in range(5)]
    digests = [hashlib.sha256(state).digest() for state in states]
    arrivals = Arrivals([20, 8])  # of 8 bytes: never in parts
    assert reference(states[0]) == digests[0] and reference(bytes(8)) == bytes(8)
    for size in (8, 21, 1 << 60):
        with pytest.raises(ProtocolError, match="no state of"):
            arrivals.take(digests[0], size, 0, b"")
    with pytest.raises(ProtocolError, match="no state of"):
        arrivals.take(digests[0], 20, 0, bytes(9))
    assert arrivals.take(digests[0], 20, 0, b"") == 0
    assert arrivals.take(digests[0], 20, 0, part(states[0], 0)) == 8
    for at in (0, 7, 16, -8):
        with pytest.raises(ProtocolError, match="a part at byte"):
            arrivals.take(digests[0], 20, at, part(states[0], 8))
    with pytest.raises(ProtocolError, match="has not come"):
        arrivals.get(digests[0])


def test_the_latest_states_are_kept_and_a_false_one_is_not(monkeypatch) -> None:
    monkeypatch.setattr(setup_states, "PART_BYTES", 8)
    states = [bytes([i]) * 20 for i in range(5)]
    digests = [hashlib.sha256(state).digest() for state in states]
    arrivals = Arrivals([20])

    def send(digest: bytes, state: bytes) -> int:
        have = 0
        for at in (0, 8, 16):
            have = arrivals.take(digest, 20, at, part(state, at))
        return have

    for state, digest in zip(states, digests, strict=True):
        assert send(digest, state) == 20
        assert arrivals.take(digest, 20, 0, b"") == 20  # what is here is not sent again
        assert bytes(arrivals.get(digest)) == state and isinstance(arrivals.get(digest), mmap.mmap)
    for digest in digests[:2]:
        with pytest.raises(ProtocolError, match="has not come"):
            arrivals.get(digest)
    with pytest.raises(DecodeError, match="not the one that was announced"):
        send(bytes(32), states[0])
    with pytest.raises(ProtocolError, match="has not come"):
        arrivals.get(bytes(32))
    arriving = Arriving(20)
    arriving.write(bytes(19))
    with pytest.raises(DecodeError, match="19 of 20"):
        arriving.finish()
    with pytest.raises(DecodeError, match="longer than the 20"):
        arriving.write(bytes(2))
    with pytest.raises(ProtocolError, match="no part at 20"):
        part(states[0], 20)


def test_a_state_of_another_size_is_refused_before_it_is_read() -> None:
    c = make(members=3)
    run = ceremony.Ceremony(c.job)
    run.begin(1)
    stage = run.stage
    assert len(stage.state) == ceremony.state_bytes(c.job, 1)
    for wrong in (stage.state[:-1], stage.state + b"\0", b""):
        with pytest.raises(SetupInvalid, match=r"has \d+ bytes, circuit and columns"):
            ceremony.Stage(1, wrong, []).verify(c.job)
    assert c.clients["m0"]._arrivals is None  # and with states in messages nothing is kept for parts
