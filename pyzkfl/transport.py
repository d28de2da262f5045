"""Carrying messages: length-prefixed frames over a local socket, and a channel within one process.

A frame is 4 bytes of length, big-endian, then that many bytes. The protocol needs only `exchange`: ask some members,
get the answers of those that answered. A member that closes its connection, sends rubbish or stays silent past the
timeout has dropped out; it may connect again later with a signed HELLO.
"""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from pyzkfl.client import Client
from pyzkfl.errors import PyzkflError, TransportError
from pyzkfl.job import Member
from pyzkfl.messages import Message, Type

__all__ = ["Channel", "InProcessChannel", "SocketChannel", "connect", "receive_frame", "refused", "send_frame", "serve"]

MAX_FRAME = 256 * 1024 * 1024
MAX_HELLO = 4096  # bytes that a peer may send before it has shown whose it is
HELLO_SECONDS = 10.0  # and how long it may take
Tap = Callable[[str, str, bytes], None]  # ("to" or "from", member's name, payload)


class Channel(Protocol):
    """What a Coordinator needs of a transport."""

    def exchange(self, requests: Mapping[str, bytes]) -> dict[str, bytes]:
        """Send each member its request; the answers of those that answered, in the order of the requests."""
        ...

    def connected(self) -> list[str]:
        """Names of the members that can be asked now."""
        ...


def refused(client: Client, identity: Any, error: PyzkflError) -> bytes:
    """The signed answer of a member that refuses a request: class and text of the error, never a secret."""
    body = {"error": type(error).__name__, "message": str(error)}
    return Message(Type.REFUSED, b"", 0, body).seal(identity)


class InProcessChannel:
    """All members in this process: for tests, notebooks and simulations."""

    def __init__(self, clients: Iterable[tuple[Client, Any]]) -> None:
        self._clients = {client.name: (client, identity) for client, identity in clients}
        self.absent: set[str] = set()

    def connected(self) -> list[str]:
        """Everybody who is not in `absent`."""
        return [name for name in self._clients if name not in self.absent]

    def exchange(self, requests: Mapping[str, bytes]) -> dict[str, bytes]:
        """Ask one after the other."""
        answers = {}
        for name, request in requests.items():
            if name in self.absent:
                continue
            client, identity = self._clients[name]
            try:
                answers[name] = client.handle(request)
            except PyzkflError as error:
                answers[name] = refused(client, identity, error)
        return answers


class _Connection:
    """One peer's socket with what has arrived and what is still to be sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.name = ""
        self.challenge = secrets.token_bytes(32)
        self.since = time.monotonic()
        self.received = bytearray()
        self.to_send = memoryview(b"")

    def take_frame(self) -> bytes | None:
        """The next whole frame, or None; TransportError for a length above MAX_FRAME."""
        if len(self.received) < 4:
            return None
        size = int.from_bytes(self.received[:4], "big")
        if size > MAX_FRAME:
            raise TransportError(f"a frame of {size} bytes is above the limit of {MAX_FRAME}")
        if len(self.received) < 4 + size:
            return None
        frame = bytes(self.received[4 : 4 + size])
        del self.received[: 4 + size]
        return frame


class SocketChannel:
    """The coordinator's end of a Unix socket: accepts members by their HELLO, signed over a challenge.

    path: where the socket is made (mode 0600). timeout: seconds that a member may take for one answer. tap: called
    with every frame, for tests that read the traffic.
    """

    def __init__(
        self, path: str | os.PathLike[str], members: Iterable[Member], *, timeout: float = 120.0, tap: Tap | None = None
    ) -> None:
        self._members = {member.name: member for member in members}
        self._timeout = timeout
        self._tap = tap
        self._path = os.fspath(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o177)
        try:
            self._listener.bind(self._path)
        except OSError as error:
            self._listener.close()
            raise TransportError(f"cannot listen on {self._path}: {error.strerror}") from error
        finally:
            os.umask(old)
        self._listener.listen(64)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._greeting: list[_Connection] = []
        self._by_name: dict[str, _Connection] = {}

    def close(self) -> None:
        """Close every connection and remove the socket."""
        for connection in [*self._greeting, *self._by_name.values()]:
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._selector.close()
        if os.path.exists(self._path):
            os.unlink(self._path)

    def __enter__(self) -> SocketChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connected(self) -> list[str]:
        """Names of the connected members, in the order of the members list."""
        self._poll(0.0, {}, {})
        return [name for name in self._members if name in self._by_name]

    def wait_for(self, count: int) -> list[str]:
        """Wait until `count` members are connected; TransportError when the timeout passes first."""
        end = time.monotonic() + self._timeout
        while len(self._by_name) < count:
            if time.monotonic() > end:
                raise TransportError(f"{len(self._by_name)} of {count} members connected within {self._timeout:g} s")
            self._poll(0.05, {}, {})
        return self.connected()

    def exchange(self, requests: Mapping[str, bytes]) -> dict[str, bytes]:
        """Ask all at once; a member whose connection ends, breaks the framing or times out is left out and closed."""
        answers: dict[str, bytes] = {}
        waiting: dict[str, _Connection] = {}
        for name, request in requests.items():
            connection = self._by_name.get(name)
            if connection is None:
                continue
            self._record("to", name, request)
            connection.to_send = memoryview(len(request).to_bytes(4, "big") + request)
            self._selector.modify(connection.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
            waiting[name] = connection
        end = time.monotonic() + self._timeout
        while waiting and time.monotonic() < end:
            self._poll(min(0.2, max(0.0, end - time.monotonic())), waiting, answers)
        for connection in list(waiting.values()):
            self._drop(connection)
        return {name: answers[name] for name in requests if name in answers}

    def _record(self, direction: str, name: str, payload: bytes) -> None:
        if self._tap is not None:
            self._tap(direction, name, payload)

    def _drop(self, connection: _Connection) -> None:
        try:
            self._selector.unregister(connection.sock)
        except KeyError:
            return  # already dropped
        connection.sock.close()
        if connection in self._greeting:
            self._greeting.remove(connection)
        if self._by_name.get(connection.name) is connection:
            del self._by_name[connection.name]

    def _poll(self, wait: float, waiting: dict[str, _Connection], answers: dict[str, bytes]) -> None:
        for key, events in self._selector.select(wait):
            if key.fileobj is self._listener:
                self._accept()
                continue
            connection = key.data
            try:
                self._serve(connection, events, waiting, answers)
            except (OSError, PyzkflError):
                # a peer that breaks the framing, the greeting or the connection has dropped out: that is an answer
                # of the protocol, seen by the caller as a member that did not answer
                waiting.pop(connection.name, None)
                self._drop(connection)

    def _accept(self) -> None:
        """Take a connection and send it a challenge to sign; at most two greetings a member at a time."""
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # gone already, or no descriptor left: it may try again
        now = time.monotonic()
        for old in [c for c in self._greeting if now - c.since > HELLO_SECONDS]:
            self._drop(old)
        if len(self._greeting) >= 2 * len(self._members):
            sock.close()
            return
        connection = _Connection(sock)
        try:
            send_frame(sock, connection.challenge)
        except OSError:
            sock.close()
            return
        sock.setblocking(False)
        self._greeting.append(connection)
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _serve(
        self, connection: _Connection, events: int, waiting: dict[str, _Connection], answers: dict[str, bytes]
    ) -> None:
        if events & selectors.EVENT_WRITE:
            sent = connection.sock.send(connection.to_send)
            connection.to_send = connection.to_send[sent:]
            if not connection.to_send:
                self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if not events & selectors.EVENT_READ:
            return
        chunk = connection.sock.recv(1 << 20)
        if not chunk:
            raise TransportError("the peer closed the connection")
        connection.received += chunk
        if not connection.name and len(connection.received) > MAX_HELLO:
            raise TransportError("a peer sends before it greets")
        frame = connection.take_frame()
        if frame is None:
            return
        if not connection.name:
            self._greet(connection, frame, waiting)
            return
        self._record("from", connection.name, frame)
        if connection.name not in waiting or connection.received:
            raise TransportError("a frame that nobody asked for")
        answers[connection.name] = frame
        del waiting[connection.name]

    def _greet(self, connection: _Connection, frame: bytes, waiting: dict[str, _Connection]) -> None:
        """Take a connection for a member's: its first frame is a HELLO signed by the member's key."""
        name_length = frame[0] if frame else 0
        name = frame[1 : 1 + name_length].decode("utf-8", errors="replace")
        member = self._members.get(name)
        if member is None:
            raise TransportError("a HELLO of somebody who is not a member")
        hello = Message.open(frame[1 + name_length :], signer=member.public_key)
        if hello.type is not Type.HELLO or hello.body != {"name": name, "challenge": connection.challenge}:
            raise TransportError("the first frame of a connection is a HELLO over its challenge")
        previous = self._by_name.get(name)
        if previous is not None:  # it dropped out and came back: what it was asked for will not come any more
            waiting.pop(name, None)
            self._drop(previous)
        self._greeting.remove(connection)
        connection.name = name
        self._by_name[name] = connection
        self._record("from", name, frame)


def _receive(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(min(1 << 20, size - len(data)))
        if not chunk:
            raise TransportError("the coordinator closed the connection")
        data += chunk
    return bytes(data)


def connect(path: str | os.PathLike[str], client: Client, identity: Any, *, patience: float = 30.0) -> socket.socket:
    """Connect a member and greet; tries for `patience` seconds while nobody listens yet, or others that have not
    greeted take all the room there is for such. TransportError after that."""
    end = time.monotonic() + patience
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(os.fspath(path))
            challenge = receive_frame(sock)
            break
        except (FileNotFoundError, ConnectionError, TransportError) as error:
            sock.close()
            if time.monotonic() > end:
                listens = "no coordinator listens" if isinstance(error, OSError) else "the coordinator has no room"
                raise TransportError(f"{listens} on {os.fspath(path)}") from error
            time.sleep(0.02)
    name = client.name.encode()
    hello = Message(Type.HELLO, b"", 0, {"name": client.name, "challenge": challenge}).seal(identity)
    send_frame(sock, bytes([len(name)]) + name + hello)
    return sock


def receive_frame(sock: socket.socket) -> bytes:
    """One frame; TransportError when the peer closes first or the length is above MAX_FRAME."""
    size = int.from_bytes(_receive(sock, 4), "big")
    if size > MAX_FRAME:
        raise TransportError(f"a frame of {size} bytes is above the limit of {MAX_FRAME}")
    return _receive(sock, size)


def send_frame(sock: socket.socket, payload: bytes) -> None:
    """Send one frame."""
    sock.sendall(len(payload).to_bytes(4, "big") + payload)


def serve(sock: socket.socket, client: Client, identity: Any) -> None:
    """Answer the coordinator until it says FINISH or closes; what the client refuses is answered as REFUSED."""
    while not client.finished:
        request = receive_frame(sock)
        try:
            reply = client.handle(request)
        except PyzkflError as error:
            reply = refused(client, identity, error)
        send_frame(sock, reply)
