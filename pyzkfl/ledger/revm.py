"""A chain inside this process: pyrevm runs the contracts, one block for each transaction. For tests and simulations.

`advance` moves the clock; ether is not needed. Gas is less than on a node: pyrevm never ends a transaction's journal,
so
storage that was touched once stays warm. Figures of gas come from a node (tests/python/contracts/test_gas.py).
"""

from __future__ import annotations

import functools
from typing import Any

from pyzkfl.errors import ChainError, ParameterError, TransactionReverted
from pyzkfl.ledger.chain import Chain, Receipt

try:
    import pyrevm
except ImportError as error:  # pragma: no cover - without it
    raise ParameterError("a chain in this process needs pyrevm: pip install pyrevm") from error

__all__ = ["RevmChain"]

_GAS = 30_000_000


class RevmChain(Chain):
    """A fresh chain in memory.

    >>> chain = RevmChain()
    >>> chain.height(), chain.time()
    (1, 1700000000)
    """

    def __init__(self) -> None:
        self._evm = pyrevm.EVM(spec_id="CANCUN")
        self._height, self._time = 1, 1_700_000_000
        self._logs: list[tuple[int, str, tuple[bytes, ...], bytes]] = []
        self._nonces: dict[str, int] = {}
        self._set_block()

    @staticmethod
    @functools.cache
    def account(number: int) -> str:
        """Address of the test account of this number. Anybody may send for any address here."""
        return f"0x{0xACC0_0000_0000_0000_0000_0000_0000_0000_0000_0000 + number:040x}"

    def _set_block(self) -> None:
        self._evm.set_block_env(
            pyrevm.BlockEnv(number=self._height, timestamp=self._time, gas_limit=_GAS, basefee=0, excess_blob_gas=0)
        )

    def advance(self, seconds: int = 0, blocks: int = 1) -> None:
        """Let time pass."""
        self._time += seconds
        self._height += blocks
        self._set_block()

    def snapshot(self) -> tuple[Any, int, int, int]:
        """Where the chain stands, for `revert`."""
        return self._evm.snapshot(), self._height, self._time, len(self._logs)

    def revert(self, there: tuple[Any, int, int, int]) -> None:
        """Take back all blocks since a snapshot, as a chain that reorganises does."""
        checkpoint, height, self._time, logs = there
        self._evm.revert(checkpoint)
        self._height = max(height, self._height)  # another branch, as long as the one that is gone
        del self._logs[logs:]
        self._set_block()

    def _failure(self, error: Exception) -> ChainError:
        result = self._evm.result
        data = getattr(result, "output", b"") or b""
        if not data:
            data = self._output_in(str(error))
        return TransactionReverted(f"the transaction was refused: {data.hex() or error}", bytes(data))

    @staticmethod
    def _output_in(text: str) -> bytes:
        """pyrevm tells what a contract said in the text of its exception alone."""
        for word in text.replace(",", " ").replace("}", " ").split():
            if word.startswith("0x") and len(word) % 2 == 0:
                try:
                    return bytes.fromhex(word[2:])
                except ValueError:
                    continue
        return b""

    def _receipt(self, result: bytes) -> Receipt:
        done = self._evm.result
        assert done is not None  # a call was made
        logs = tuple(
            (str(log.address), tuple(bytes.fromhex(t.removeprefix("0x")) for t in log.topics), bytes(log.data[1]))
            for log in done.logs
        )
        receipt = Receipt(done.gas_used, self._height, logs, result)
        self._logs += [(self._height, address.lower(), topics, data) for address, topics, data in logs]
        self._evm.reset_transient_storage()
        self.advance(1)
        return receipt

    def deploy(self, code: bytes, *, sender: str) -> tuple[str, Receipt]:
        try:
            address = self._evm.deploy(sender, code, gas=_GAS)
        except RuntimeError as error:
            raise self._failure(error) from None
        return str(address), self._receipt(b"")

    def send(self, to: str, data: bytes, *, sender: str, value: int = 0) -> Receipt:
        try:
            result = self._evm.message_call(sender, to, calldata=data, value=value, gas=_GAS)
        except RuntimeError as error:
            raise self._failure(error) from None
        return self._receipt(bytes(result))

    def call(self, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        try:
            return bytes(self._evm.message_call(sender or self.account(0), to, calldata=data, gas=_GAS, is_static=True))
        except RuntimeError as error:
            raise self._failure(error) from None

    def code(self, address: str) -> bytes:
        return bytes(self._evm.get_code(address) or b"").removesuffix(b"\0" * 33)  # pyrevm pads by a word and a byte

    def code_after(self, creation: bytes) -> bytes:
        there = self._evm.snapshot()
        try:
            return self.code(self._evm.deploy(self.account(0), creation, gas=_GAS))
        except RuntimeError as error:
            raise self._failure(error) from None
        finally:
            self._evm.revert(there)

    def logs(self, address: str, topic: bytes, *, start: int = 0) -> list[tuple[int, tuple[bytes, ...], bytes]]:
        return [
            (block, topics, data)
            for block, where, topics, data in self._logs
            if where == address.lower() and block >= start and topics and topics[0] == topic
        ]

    def height(self) -> int:
        return self._height

    def time(self) -> int:
        return self._time
