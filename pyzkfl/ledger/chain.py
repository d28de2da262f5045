"""An EVM chain as pyzkfl needs it: deploy a contract, send it a transaction, ask it something, read its events.

Two kinds: `pyzkfl.ledger.node.NodeChain`, any Ethereum node through web3; and `pyzkfl.ledger.revm.RevmChain`, a chain
inside this process (pyrevm), for tests and simulations. Both come with the extra `pyzkfl[evm]`.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import importlib.resources
import json
from typing import Any

from pyzkfl.errors import ChainError, ParameterError, TransactionReverted

__all__ = ["Artifact", "Chain", "Contract", "Event", "Receipt", "artifact"]

try:
    import eth_abi
    from eth_abi.exceptions import DecodingError
    from eth_utils.crypto import keccak
except ImportError as error:  # pragma: no cover - without the extra
    raise ParameterError('a ledger on an EVM chain needs the extra "evm": pip install "pyzkfl[evm]"') from error


# What eth_abi raises for bytes that are not of the types: its own, and two of Python's where an offset passes 2^63 and
# where a text is not UTF-8.
_UNDECODABLE = (DecodingError, OverflowError, UnicodeDecodeError)


def _type_of(entry: dict[str, Any]) -> str:
    """The canonical type of an ABI input, tuples written out."""
    kind: str = entry["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(_type_of(part) for part in entry["components"]) + ")" + kind.removeprefix("tuple")
    return kind


@dataclasses.dataclass(frozen=True)
class Artifact:
    """A compiled contract: what scripts/contracts.py wrote."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes

    @staticmethod
    def read(text: str) -> Artifact:
        """From the JSON text of an artifact."""
        value = json.loads(text)
        return Artifact(value["name"], tuple(value["abi"]), bytes.fromhex(value["bytecode"]))

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The entries of the ABI of one kind: function, event, error, constructor."""
        return [entry for entry in self.abi if entry["type"] == kind]

    def creation(self, arguments: tuple[Any, ...]) -> bytes:
        """What a transaction that deploys the contract carries."""
        entries = self.entries("constructor")
        types = [_type_of(part) for part in entries[0]["inputs"]] if entries else []
        return self.bytecode + bytes(eth_abi.encode(types, list(arguments)))

    @functools.cached_property
    def functions(self) -> dict[str, tuple[bytes, list[str], list[str]]]:
        """Name -> selector, types of inputs, types of outputs. Overloads go by name(types)."""
        out: dict[str, tuple[bytes, list[str], list[str]]] = {}
        for entry in self.entries("function"):
            inputs = [_type_of(part) for part in entry["inputs"]]
            signature = f"{entry['name']}({','.join(inputs)})"
            item = keccak(text=signature)[:4], inputs, [_type_of(part) for part in entry["outputs"]]
            out[signature] = item
            out.setdefault(entry["name"], item)
        return out

    @functools.cached_property
    def events(self) -> dict[bytes, dict[str, Any]]:
        """First topic -> the event's entry."""
        named = {f"{e['name']}({','.join(_type_of(p) for p in e['inputs'])})": e for e in self.entries("event")}
        return {bytes(keccak(text=name)): entry for name, entry in named.items()}

    @functools.cached_property
    def errors(self) -> dict[bytes, tuple[str, list[str]]]:
        """Selector -> name and types of a custom error."""
        out = {}
        for entry in self.entries("error"):
            types = [_type_of(part) for part in entry["inputs"]]
            out[bytes(keccak(text=f"{entry['name']}({','.join(types)})")[:4])] = (entry["name"], types)
        return out

    def explain(self, data: bytes) -> str:
        """What a contract said when it reverted."""
        selector, rest = data[:4], data[4:]
        try:
            if selector == b"\x08\xc3\x79\xa0":
                return str(eth_abi.decode(["string"], rest)[0])
            if selector == b"\x4e\x48\x7b\x71":
                return f"panic {eth_abi.decode(['uint256'], rest)[0]:#x} (arithmetic overflow is 0x11)"
            known = self.errors if selector in self.errors else _errors_of_all()
            if selector in known:  # of this contract, or of one that it called
                name, types = known[selector]
                values = ", ".join(v.hex() if isinstance(v, bytes) else str(v) for v in eth_abi.decode(types, rest))
                return f"{name}({values})"
        except _UNDECODABLE:  # whatever the contract sent, it is only shown
            pass
        return data.hex() or "no reason given (out of gas, or a call to something else)"


@functools.cache
def artifact(name: str) -> Artifact:
    """A contract that ships with pyzkfl, by name."""
    place = importlib.resources.files("pyzkfl.ledger") / "contracts" / f"{name}.json"
    return Artifact.read(place.read_text())


@functools.cache
def _errors_of_all() -> dict[bytes, tuple[str, list[str]]]:
    """The custom errors of every contract that ships, by selector."""
    out: dict[bytes, tuple[str, list[str]]] = {}
    for place in (importlib.resources.files("pyzkfl.ledger") / "contracts").iterdir():
        if place.name.endswith(".json"):
            out.update(Artifact.read(place.read_text()).errors)
    return out


@dataclasses.dataclass(frozen=True)
class Event:
    """One event: its name, its values by name, and where it stands on the chain."""

    name: str
    values: dict[str, Any]
    block: int


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a transaction did. gas: used; block: its number; result: what the function returned, where the chain
    says."""

    gas: int
    block: int
    logs: tuple[tuple[str, tuple[bytes, ...], bytes], ...]  # address, topics, data
    result: bytes = b""


class Chain(abc.ABC):
    """A chain and the accounts that this process signs for. Addresses are text, 0x and 40 hexadecimal digits."""

    @abc.abstractmethod
    def deploy(self, code: bytes, *, sender: str) -> tuple[str, Receipt]:
        """Create a contract; its address. Raises as `send`."""

    @abc.abstractmethod
    def send(self, to: str, data: bytes, *, sender: str, value: int = 0) -> Receipt:
        """A transaction, and wait until a block holds it.

        Raises TransactionReverted (with what the contract said in `.data`), InsufficientFunds, NodeUnreachable, or
        another ChainError.
        """

    @abc.abstractmethod
    def call(self, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        """Ask without a transaction. Raises as `send`."""

    @abc.abstractmethod
    def code(self, address: str) -> bytes:
        """The code of the contract at an address; empty where there is none."""

    @abc.abstractmethod
    def code_after(self, creation: bytes) -> bytes:
        """The code that a contract would have once `creation` were deployed, its immutable values in place; one that
        keeps its own address there has another. Nothing is deployed. Raises as `send`."""

    @abc.abstractmethod
    def logs(self, address: str, topic: bytes, *, start: int = 0) -> list[tuple[int, tuple[bytes, ...], bytes]]:
        """Block, topics and data of a contract's events with this first topic, from block `start` on, in order."""

    @abc.abstractmethod
    def height(self) -> int:
        """Number of the newest block."""

    @abc.abstractmethod
    def time(self) -> int:
        """The clock that contracts see: the newest block's time in seconds since 1970."""


class Contract:
    """A deployed contract: `contract.send("name", *arguments, sender=...)`, `contract.call("name", *arguments)`."""

    def __init__(self, chain: Chain, address: str, kind: Artifact) -> None:
        self.chain, self.address, self.kind = chain, address, kind

    @staticmethod
    def deploy(chain: Chain, kind: Artifact, *arguments: Any, sender: str) -> Contract:
        """Create it; constructor arguments in order."""
        try:
            address, _ = chain.deploy(kind.creation(arguments), sender=sender)
        except TransactionReverted as error:
            raise TransactionReverted(
                f"{kind.name} refused its arguments: {kind.explain(error.data)}", error.data
            ) from None
        return Contract(chain, address, kind)

    def encode(self, function: str, *arguments: Any) -> bytes:
        """The data of a call."""
        selector, inputs, _ = self._function(function)
        return bytes(selector + eth_abi.encode(inputs, list(arguments)))

    def _function(self, name: str) -> tuple[bytes, list[str], list[str]]:
        if name not in self.kind.functions:
            raise ParameterError(f"{self.kind.name} has no function {name}")
        return self.kind.functions[name]

    def send(self, function: str, *arguments: Any, sender: str) -> Receipt:
        """A transaction; raises TransactionReverted with the contract's reason in words."""
        data = self.encode(function, *arguments)
        try:
            return self.chain.send(self.address, data, sender=sender)
        except TransactionReverted as error:
            raise self._explained(function, error) from None

    def call(self, function: str, *arguments: Any, sender: str | None = None) -> Any:
        """Ask: the one value that the function returns, or a tuple of several."""
        data = self.encode(function, *arguments)
        try:
            returned = self.chain.call(self.address, data, sender=sender)
        except TransactionReverted as error:
            raise self._explained(function, error) from None
        try:
            values = eth_abi.decode(self._function(function)[2], returned)
        except _UNDECODABLE:
            raise ChainError(f"{self.address} is no {self.kind.name}: check address and chain") from None
        return values[0] if len(values) == 1 else values

    def _explained(self, function: str, error: TransactionReverted) -> TransactionReverted:
        return TransactionReverted(
            f"{self.kind.name}.{function} was refused: {self.kind.explain(error.data)}", error.data
        )

    def events(self, name: str, *, start: int = 0) -> list[Event]:
        """The contract's events of a name, in order."""
        (topic, entry), *_ = [item for item in self.kind.events.items() if item[1]["name"] == name]
        return [
            Event(name, self._values(entry, topics, data), block)
            for block, topics, data in self.chain.logs(self.address, topic, start=start)
        ]

    def events_of(self, receipt: Receipt) -> list[Event]:
        """The events that this contract emitted in a transaction."""
        out = []
        for address, topics, data in receipt.logs:
            entry = self.kind.events.get(topics[0]) if topics else None
            if address.lower() == self.address.lower() and entry is not None:
                out.append(Event(entry["name"], self._values(entry, topics, data), receipt.block))
        return out

    @staticmethod
    def _values(entry: dict[str, Any], topics: tuple[bytes, ...], data: bytes) -> dict[str, Any]:
        indexed = [part for part in entry["inputs"] if part["indexed"]]
        plain = [part for part in entry["inputs"] if not part["indexed"]]
        values = {p["name"]: eth_abi.decode([p["type"]], t)[0] for p, t in zip(indexed, topics[1:], strict=True)}
        return {
            **values,
            **{p["name"]: v for p, v in zip(plain, eth_abi.decode([_type_of(p) for p in plain], data), strict=True)},
        }
