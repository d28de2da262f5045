"""A chain behind an Ethereum node, through web3: transactions are signed here, and what fails says what to do.

>>> chain = NodeChain("http://127.0.0.1:8545", chain_id=31337, keys=[...])    # doctest: +SKIP
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pyzkfl.errors import (
    ChainError,
    InsufficientFunds,
    NodeUnreachable,
    ParameterError,
    TransactionReverted,
    WrongChain,
)
from pyzkfl.ledger.chain import Chain, Receipt

try:
    import requests
    from eth_account import Account
    from web3 import HTTPProvider, Web3
    from web3.exceptions import ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
except ImportError as error:  # pragma: no cover - without the extra
    raise ParameterError('a node needs the extra "evm": pip install "pyzkfl[evm]"') from error

__all__ = ["NodeChain"]

T = TypeVar("T")
_POLL_S = 0.02
_ESTIMATES = 5
_LOGS_MOST = 2_000  # blocks asked for at a time


class NodeChain(Chain):
    """A node that serves the chain `chain_id`, and the accounts whose keys (32 bytes, secp256k1) are given.

    confirmations: blocks on top of a transaction before it counts as done. timeout: seconds to wait for that. Raises
    NodeUnreachable when nobody answers, WrongChain when the node serves another chain.
    """

    def __init__(
        self, url: str, *, chain_id: int, keys: Iterable[bytes] = (), confirmations: int = 0, timeout: float = 60.0
    ) -> None:
        self.url, self.chain_id, self.confirmations, self.timeout = url, chain_id, confirmations, timeout
        self._accounts = {account.address: account for account in map(Account.from_key, keys)}
        self._web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 10}))
        self._lock = threading.Lock()
        served = self._asked(lambda: self._web3.eth.chain_id)
        if served != chain_id:
            raise WrongChain(f"{url} serves chain {served}, and the ledger is on chain {chain_id}: give another node")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Accounts that this process signs for."""
        return tuple(self._accounts)

    def _asked(self, question: Callable[[], T]) -> T:
        """The node's answer, errors translated."""
        try:
            return question()
        except (requests.exceptions.RequestException, ConnectionError, TimeoutError) as error:
            raise NodeUnreachable(
                f"no node answers at {self.url} ({type(error).__name__}): start it, or give another address; what was "
                "sent may be on the chain or not: open the ledger again and go on from where it stands"
            ) from None
        except ContractLogicError as error:
            data = error.data if isinstance(error.data, str) else ""
            raise TransactionReverted(f"refused: {error.message}", bytes.fromhex(data.removeprefix("0x"))) from None
        except Web3RPCError as error:
            raise self._rpc_error(error) from None
        except Web3Exception as error:
            if "chain id" in str(error).lower():
                raise self._other_chain(str(error)) from None
            raise ChainError(f"{self.url}: {type(error).__name__}: {error}") from None

    def _other_chain(self, text: str) -> WrongChain:
        return WrongChain(f"{self.url} does not serve chain {self.chain_id} any more: {text}; give another node")

    def _rpc_error(self, error: Web3RPCError) -> ChainError:
        answer = (error.rpc_response or {}).get("error", {})
        answer = answer if isinstance(answer, dict) else {}
        text = str(answer.get("message", error))
        if "insufficient funds" in text.lower():
            return InsufficientFunds(f"{self.url}: the account cannot pay for gas: {text}; send it ether")
        if "chain id" in text.lower():
            return self._other_chain(text)
        data = answer.get("data")
        if isinstance(data, str) and data.startswith("0x"):
            return TransactionReverted(f"refused: {text}", bytes.fromhex(data[2:]))
        return ChainError(f"{self.url}: the node refused: {text}")

    def _account(self, sender: str) -> Any:
        address = Web3.to_checksum_address(sender)
        if address not in self._accounts:
            raise ParameterError(f"there is no key of {address} here")
        return self._accounts[address]

    def _transact(self, fields: dict[str, Any], sender: str) -> Any:
        """Sent, and in a block. Sent again where others' transactions came first and made this one cost more than its
        estimate (the last of a phase ends it): it changed nothing."""
        for _ in range(_ESTIMATES):
            sent, gas = self._sign_and_send(fields, sender)
            receipt = self._wait(sent)
            if receipt["status"] == 1:
                return receipt
            if receipt["gasUsed"] < gas - gas // 32:  # a contract that calls another keeps a 64th back
                break
        raise TransactionReverted(
            f"transaction {sent.hex()} was refused when its block came: others were faster, or it cost more gas than "
            "estimated; look where the contract stands, and send it again if it is still due",
            b"",
        )

    def _sign_and_send(self, fields: dict[str, Any], sender: str) -> tuple[bytes, int]:
        """Hash and gas limit of the transaction."""
        account, eth = self._account(sender), self._web3.eth
        with self._lock:  # one number after the other
            fields = {**fields, "from": account.address, "chainId": self.chain_id}
            fields["gas"] = self._asked(lambda: eth.estimate_gas(fields)) * 5 // 4  # type: ignore[arg-type]
            price = self._asked(lambda: eth.gas_price)
            fields["maxFeePerGas"], fields["maxPriorityFeePerGas"] = 2 * price, min(price, 10**9)
            fields["nonce"] = self._asked(lambda: eth.get_transaction_count(account.address, "pending"))
            signed = account.sign_transaction(fields)
            return bytes(self._asked(lambda: eth.send_raw_transaction(signed.raw_transaction))), fields["gas"]

    def _wait(self, sent: bytes) -> Any:
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            try:
                receipt = self._web3.eth.get_transaction_receipt(sent)  # type: ignore[arg-type]
                if self.height() >= receipt["blockNumber"] + self.confirmations:
                    return receipt
            except TransactionNotFound:
                pass
            except (requests.exceptions.RequestException, ConnectionError):
                pass  # the next question may get through; the end of the wait says so otherwise
            time.sleep(_POLL_S)
        raise NodeUnreachable(
            f"transaction {sent.hex()} is in no block after {self.timeout:.0f} s: it may still come; open the "
            "ledger again and go on from where it stands"
        )

    @staticmethod
    def _receipt(receipt: Any) -> Receipt:
        logs = tuple((log["address"], tuple(map(bytes, log["topics"])), bytes(log["data"])) for log in receipt["logs"])
        return Receipt(receipt["gasUsed"], receipt["blockNumber"], logs)

    def deploy(self, code: bytes, *, sender: str) -> tuple[str, Receipt]:
        receipt = self._transact({"data": code}, sender)
        return str(receipt["contractAddress"]), self._receipt(receipt)

    def send(self, to: str, data: bytes, *, sender: str, value: int = 0) -> Receipt:
        fields = {"to": Web3.to_checksum_address(to), "data": data, "value": value}
        return self._receipt(self._transact(fields, sender))

    def call(self, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        fields: dict[str, Any] = {"to": Web3.to_checksum_address(to), "data": data}
        if sender is not None:
            fields["from"] = Web3.to_checksum_address(sender)
        return bytes(self._asked(lambda: self._web3.eth.call(fields)))  # type: ignore[arg-type]

    def code(self, address: str) -> bytes:
        return bytes(self._asked(lambda: self._web3.eth.get_code(Web3.to_checksum_address(address))))

    def code_after(self, creation: bytes) -> bytes:
        return bytes(self._asked(lambda: self._web3.eth.call({"data": creation})))

    def logs(self, address: str, topic: bytes, *, start: int = 0) -> list[tuple[int, tuple[bytes, ...], bytes]]:
        out: list[tuple[int, tuple[bytes, ...], bytes]] = []
        end = self.height()
        while start <= end:
            to = min(end, start + _LOGS_MOST - 1)
            wanted: Any = {
                "address": Web3.to_checksum_address(address),
                "topics": ["0x" + topic.hex()],
                "fromBlock": start,
                "toBlock": to,
            }
            found: Any = self._asked(lambda wanted=wanted: self._web3.eth.get_logs(wanted))  # type: ignore[misc]
            out += [(log["blockNumber"], tuple(map(bytes, log["topics"])), bytes(log["data"])) for log in found]
            start = to + 1
        return out

    def height(self) -> int:
        return int(self._asked(lambda: self._web3.eth.block_number))

    def time(self) -> int:
        return int(self._asked(lambda: self._web3.eth.get_block("latest"))["timestamp"])

    def has_code(self, address: str) -> bool:
        """Whether there is a contract at the address."""
        return bool(self.code(address))

    def request(self, method: str, *arguments: Any) -> Any:
        """A call of the node's own, such as anvil's `evm_increaseTime`."""
        return self._asked(lambda: self._web3.manager.request_blocking(method, list(arguments)))  # type: ignore[arg-type]
