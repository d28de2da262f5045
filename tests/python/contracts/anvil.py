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


class Node:
    """A node with the rules of Cancun on a port of its own. `start` may follow `stop`."""

    def __init__(self, repository: Path, *options: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = str(contracts_modules(repository) / ".bin" / "anvil")
        fixed = ["--port", str(port), "--chain-id", str(CHAIN_ID), "--hardfork", "cancun", "--silent"]
        self._command = [program, *fixed, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(400):
            try:
                NodeChain(self.url, chain_id=CHAIN_ID)
                return
            except NodeUnreachable:
                assert self._process.poll() is None, "anvil ended at once"
                time.sleep(0.05)
        raise AssertionError("anvil does not answer")

    def stop(self) -> None:
        """End it; with --state it writes its chain first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def anvil(repository: Path, *options: str) -> Iterator[str]:
    """The address of a fresh node."""
    node = Node(repository, *options)
    try:
        node.start()
        yield node.url
    finally:
        node.stop()


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

    def snapshot(self) -> str:
        """Where the chain stands, for `revert`."""
        return str(self.request("evm_snapshot"))

    def revert(self, there: str) -> None:
        """Take back all blocks since a snapshot, as a chain that reorganises does."""
        assert self.request("evm_revert", there)
