"""Blocks of bytes between the demo's parent and its parties: 4 bytes of length, big-endian, then the bytes.

The parent stands for what the consortium agrees on outside the protocol (the members list, each member's own data);
the protocol itself runs over the socket between coordinator and members only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import IO, Any

from pyzkfl.errors import PyzkflError, TransportError

__all__ = ["read_block", "read_json", "run_party", "write_block", "write_json"]


def write_block(stream: IO[bytes], data: bytes) -> None:
    """Write one block and flush."""
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def read_block(stream: IO[bytes]) -> bytes:
    """Read one block; TransportError when the stream ends first."""
    head = stream.read(4)
    data = stream.read(int.from_bytes(head, "big")) if len(head) == 4 else b""
    if len(head) != 4 or len(data) != int.from_bytes(head, "big"):
        raise TransportError("a party of the demo ended before its time")
    return data


def write_json(stream: IO[bytes], value: Any) -> None:
    """Write one block of JSON."""
    write_block(stream, json.dumps(value).encode())


def read_json(stream: IO[bytes]) -> Any:
    """Read one block of JSON."""
    return json.loads(read_block(stream))


def run_party(main: Callable[[], int]) -> int:
    """Run a party; what ends it is one line on stderr, as when the parent is interrupted and the pipes close."""
    try:
        return main()
    except (PyzkflError, BrokenPipeError, ConnectionError) as error:
        print(f"{main.__module__}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
