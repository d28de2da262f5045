"""What crosses the socket, and what happens when a peer breaks."""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
import pytest
from consortium import make

from pyzkfl import IdentityKey, Member, SocketChannel, _core, transport
from pyzkfl.errors import PyzkflError, TransportError
from pyzkfl.messages import Message, Type
from pyzkfl.statement import batch_index


class Named:
    """Enough of a Client to greet with."""

    def __init__(self, name: str) -> None:
        self.name = name


def greet(made, path, named, identity) -> socket.socket:
    """Connect while the channel looks: a greeting answers its challenge."""
    done: list[socket.socket] = []
    thread = threading.Thread(target=lambda: done.append(transport.connect(path, named, identity)))
    thread.start()
    while thread.is_alive():
        made.connected()
    thread.join()
    return done[0]


@pytest.fixture
def channel(tmp_path):
    """(channel, path, identities) for members a, b."""
    identities = {name: IdentityKey.generate() for name in "ab"}
    members = [Member(name, identity.public_bytes) for name, identity in identities.items()]
    with SocketChannel(tmp_path / "socket", members, timeout=5.0) as made:
        yield made, tmp_path / "socket", identities


def test_a_member_that_dies_in_the_middle_of_a_message_is_left_out_and_the_others_are_heard(channel) -> None:
    made, path, identities = channel
    a = greet(made, path, Named("a"), identities["a"])
    b = greet(made, path, Named("b"), identities["b"])
    assert made.wait_for(2) == ["a", "b"]

    def answer() -> None:
        transport.receive_frame(a)
        a.sendall((100).to_bytes(4, "big") + b"only this much")
        a.close()
        assert transport.receive_frame(b) == b"question"
        transport.send_frame(b, b"answer")

    thread = threading.Thread(target=answer)
    thread.start()
    start = time.monotonic()
    assert made.exchange({"a": b"question", "b": b"question"}) == {"b": b"answer"}
    assert time.monotonic() - start < 5.0, "a closed connection is noticed, not waited for"
    thread.join()
    assert made.connected() == ["b"]
    a = greet(made, path, Named("a"), identities["a"])  # and it may come back
    assert made.wait_for(2) == ["a", "b"]
    a.close()
    b.close()


def test_a_silent_member_is_dropped_after_the_timeout(channel) -> None:
    made, path, identities = channel
    made._timeout = 0.3
    a = greet(made, path, Named("a"), identities["a"])
    made.wait_for(1)
    assert made.exchange({"a": b"question"}) == {}
    assert made.connected() == []
    a.close()


def test_nobody_takes_the_place_of_a_member_without_its_key(channel) -> None:
    made, path, identities = channel
    a = greet(made, path, Named("a"), identities["a"])
    made.wait_for(1)
    thief = greet(made, path, Named("a"), IdentityKey.generate())
    stranger = greet(made, path, Named("x"), identities["b"])
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raw.connect(str(path))
    raw.sendall((transport.MAX_FRAME + 1).to_bytes(4, "big"))
    for sock in (thief, stranger, raw):
        for _ in range(20):
            made.connected()
        sock.settimeout(5)
        while sock.recv(64):
            pass  # the challenge, where it was not read
        sock.close()
    assert made.connected() == ["a"]
    a.close()


def test_a_recorded_greeting_does_not_open_a_second_connection(channel) -> None:
    made, path, identities = channel
    a = greet(made, path, Named("a"), identities["a"])
    made.wait_for(1)
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raw.connect(str(path))
    for _ in range(5):
        made.connected()
    transport.receive_frame(raw)  # its own challenge; it answers with an older one
    old = Message(Type.HELLO, b"", 0, {"name": "a", "challenge": bytes(32)}).seal(identities["a"])
    transport.send_frame(raw, b"\x01a" + old)
    for _ in range(20):
        made.connected()
    raw.settimeout(5)
    assert raw.recv(1) == b""
    assert made.exchange({}) == {} and made.connected() == ["a"]
    for sock in (raw, a):
        sock.close()


def test_a_path_that_is_taken_is_a_transport_error(channel) -> None:
    _, path, identities = channel
    with pytest.raises(TransportError, match="cannot listen"):
        SocketChannel(path, [Member("a", identities["a"].public_bytes)])


def test_no_coordinator_is_a_transport_error(tmp_path) -> None:
    with pytest.raises(TransportError, match="no coordinator"):
        transport.connect(tmp_path / "nobody", Named("a"), IdentityKey.generate(), patience=0.05)


class Recorder:
    """A channel that keeps what passes through it."""

    def __init__(self, inner) -> None:
        self.inner = inner
        self.frames: list[tuple[str, bytes]] = []

    def connected(self):
        return self.inner.connected()

    def exchange(self, requests):
        self.frames += [("to " + name, data) for name, data in requests.items()]
        answers = self.inner.exchange(requests)
        self.frames += [("from " + name, data) for name, data in answers.items()]
        return answers


def encodings(values: np.ndarray) -> list[bytes]:
    """How an update, or a good part of it, could stand in a message."""
    from pyzkfl import encoding

    cbor = encoding.encode(encoding.Kind.MESSAGE, [int(v) for v in values])[encoding.HEADER_BYTES + 1 :]
    return [cbor] + [values.astype(t).tobytes() for t in ("<i8", ">i8", "<i4", ">i4", "<f8", ">f8", "<f4")]


def test_the_recorded_traffic_is_documented_messages_and_holds_no_update_no_row_and_no_blinder() -> None:
    c = make()
    recorder = Recorder(c.channel)
    c.coordinator._channel = recorder
    c.ready()
    for round_ in range(3):
        weights = c.coordinator.weights
        secrets: list[bytes] = []
        for name, client in c.clients.items():
            x, y, rows, blinder = client._dataset.batch(
                batch_index(c.coordinator.beacon, round_, name, len(client._dataset))
            )
            update = _core.training.step(c.job.spec, weights, x, y, rows)
            assert np.any(update != 0)
            secrets += encodings(update) + encodings(x.ravel()) + [blinder]
        c.coordinator.run_round(round_)
        secrets += [client._blinder for client in c.clients.values()]
        everything = b"".join(data for _, data in recorder.frames)
        assert not [secret for secret in secrets if secret in everything]
        # The search finds what is there: the opened sum is in the traffic, and is public.
        total = c.coordinator.reports[round_].aggregate.total
        assert encodings(total)[0] in everything
    for direction, data in recorder.frames:
        party = direction.split()[1]
        signer = c.coordinator_key if direction.startswith("to ") else c.identities[party]
        Message.open(data, signer=signer.public_bytes)


def test_the_masked_vector_of_a_round_is_not_the_update_and_never_the_same_twice() -> None:
    seen = set()
    c = make()
    recorder = Recorder(c.channel)
    c.coordinator._channel = recorder
    c.ready()
    for round_ in range(2):
        c.coordinator.run_round(round_)
    for direction, data in recorder.frames:
        if direction.startswith("from "):
            message = Message.open(data, signer=c.identities[direction.split()[1]].public_bytes)
            if message.type is Type.SUBMIT:
                seen.add(message.body["mask"][53:])
    assert len(seen) == 2 * len(c.clients)


def test_a_frame_above_the_limit_is_refused_before_it_is_read(tmp_path) -> None:
    left, right = socket.socketpair()
    left.sendall((transport.MAX_FRAME + 1).to_bytes(4, "big"))
    with pytest.raises(PyzkflError, match="above the limit"):
        transport.receive_frame(right)
    left.close()
    right.close()
