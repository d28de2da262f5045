"""A real node for tests: anvil, started on a free port of this machine and ended with the test session."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from node_programs import contracts_modules

from pyzkfl.errors import NodeUnreachable
from pyzkfl.ledger.node import NodeChain

CHAIN_ID = 31337
ETHER = 10**18


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def anvil(repository: Path, *options: str) -> Iterator[str]:
    """The address of a fresh node with the rules of Cancun."""
    program = contracts_modules(repository) / ".bin" / "anvil"
    port = free_port()
    command = [
        str(program),
        "--port",
        str(port),
        "--chain-id",
        str(CHAIN_ID),
        "--hardfork",
        "cancun",
        "--silent",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                NodeChain(url, chain_id=CHAIN_ID)
                break
            except NodeUnreachable:
                assert process.poll() is None, "anvil ended at once"
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class AnvilChain(NodeChain):
    """With keys for every name that a test knows, ether for each, and a clock that moves."""

    def __init__(self, url: str, keys: list[bytes]) -> None:
        super().__init__(url, chain_id=CHAIN_ID, keys=keys)
        for address in self.addresses:
            self.request("anvil_setBalance", address, hex(1000 * ETHER))

    def advance(self, seconds: int = 0, blocks: int = 1) -> None:
        if seconds:
            self.request("evm_increaseTime", seconds)
        self.request("anvil_mine", hex(blocks))
