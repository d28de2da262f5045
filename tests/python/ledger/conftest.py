"""A small consortium that writes ledger records: real keys, real signed messages, made-up commitments and proofs.

And the stores that it writes to: a file, a chain in this process, a node. What every ledger does is tested on each.
"""

from __future__ import annotations

import abc
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyzkfl import encoding, merkle
from pyzkfl._core.identity import IdentityKey
from pyzkfl.encoding import Envelope, Kind
from pyzkfl.ledger import Ledger, SqliteLedger, records

sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))  # for anvil, which starts a node

sys.path.insert(0, str(Path(__file__).parent))  # for economy_story; importlib mode does not put the folder there


def fill(*parts: object) -> bytes:
    """32 bytes that stand for a digest, commitment or nonce."""
    return hashlib.sha256(repr(parts).encode()).digest()


class Story:
    """The records of a job, in the order in which they may be appended."""

    def __init__(self, members: int = 3, name: str = "story") -> None:
        self.coordinator = IdentityKey.generate()
        self.members = {f"m{i}": IdentityKey.generate() for i in range(members)}
        self.document = {
            "name": name,
            "members": [[name, key.public_bytes] for name, key in self.members.items()],
            "verifying_key": b"",
            "commitment_key": b"",
            "setup": b"",
        }
        self.keys = {"verifying_key": fill("vk"), "commitment_key": fill("ck"), "setup": fill("setup")}
        self.terms = encoding.encode(Kind.JOB, self.document)
        self.job = encoding.digest(self.terms)
        self.bound = encoding.digest(encoding.encode(Kind.JOB, {**self.document, **self.keys}))

    def message(
        self, name: str, type_: int, body: dict[str, object], *, round_: int = 0, job: bytes | None = None
    ) -> bytes:
        value = {"type": type_, "job": self.bound if job is None else job, "round": round_, "body": body}
        return Envelope.seal(self.members[name], Kind.MESSAGE, value)

    def accepted(self, name: str) -> records.Record:
        message = self.message(name, 2, {"terms": self.job}, job=self.job)
        return records.MemberAccepted(self.job, name, message)

    def final(self, name: str, **changed: bytes) -> records.Record:
        message = self.message(name, 6, {"job": self.bound})
        return records.SetupFinal(self.job, name, message, **{**self.keys, **changed})

    def dataset(self, name: str) -> records.Record:
        batches = [[32, fill(name, i), fill("P", name, i)] for i in range(3)]
        root = merkle.root([rows.to_bytes(4, "little") + point for rows, point, _ in batches])
        return records.Dataset(self.job, name, self.message(name, 8, {"batches": batches}), root, 3, 96)

    def commit(self, name: str, attempt: int = 0) -> records.Record:
        value = fill("commitment", name, attempt)
        return records.BeaconCommit(self.job, name, self.message(name, 10, {"commitment": value}), attempt, value)

    def reveal(self, name: str, attempt: int = 0) -> records.Record:
        value = fill("nonce", name, attempt)
        return records.BeaconReveal(self.job, name, self.message(name, 12, {"nonce": value}), attempt, value)

    def before_setup(self) -> list[records.Record]:
        return [records.JobTerms(self.job, self.terms), *map(self.accepted, self.members)]

    def setup(self) -> list[records.Record]:
        parts = [
            records.SetupContribution(self.job, phase, name, fill("contribution", phase, name))
            for phase in (1, 2)
            for name in self.members
        ]
        return [*parts, *map(self.final, self.members), *map(self.dataset, self.members)]

    def beacon(self) -> list[records.Record]:
        acts = [*map(self.commit, self.members), *map(self.reveal, self.members)]
        return [*acts, records.Beacon(self.job, 0, fill("beacon"))]

    def prologue(self) -> list[records.Record]:
        """Everything before the first round."""
        return [*self.before_setup(), *self.setup(), *self.beacon()]

    def weights(self, number: int) -> bytes:
        return fill("weights", number)

    def start(self, number: int) -> records.Record:
        return records.RoundStart(self.job, number, self.weights(number))

    def submission(self, name: str, number: int, proof: bytes = b"proof", **changed: object) -> records.Record:
        commitment = fill("C(D)", name, number)
        body = {"commitment": commitment, "proof": proof}
        message = self.message(name, 21, body, round_=number)
        return records.Submission(self.job, name, message, number, commitment, encoding.digest(proof))

    def aggregate(self, number: int, survivors: tuple[str, ...] | None = None) -> records.Record:
        names = tuple(self.members) if survivors is None else survivors
        return records.Aggregate(self.job, number, names, fill("sum", number), fill("C", number), fill("b", number))

    def round(self, number: int) -> list[records.Record]:
        submissions = [self.submission(name, number) for name in self.members]
        end = records.Weights(self.job, number, self.weights(number + 1))
        return [self.start(number), *submissions, self.aggregate(number), end]

    def finish(self, rounds: int) -> records.Record:
        return records.Finish(self.job, rounds, self.weights(rounds))

    def sealed(self, *items: records.Record) -> list[bytes]:
        return [item.seal(self.coordinator) for item in items]


class Store(abc.ABC):
    """A place for ledgers, one after the other."""

    @abc.abstractmethod
    def create(self, operator: IdentityKey) -> Ledger:
        """A new ledger, open for appending."""

    @abc.abstractmethod
    def open(self, operator: IdentityKey | None = None) -> Ledger:
        """The newest one again."""


class FileStore(Store):
    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder

    def create(self, operator: IdentityKey) -> Ledger:
        self.path = self.folder / f"{len(list(self.folder.iterdir()))}.ledger"
        return SqliteLedger.create(self.path, operator)

    def open(self, operator: IdentityKey | None = None) -> Ledger:
        return SqliteLedger.open(self.path, operator)


class ChainStore(Store):
    """chain: as NodeChain or RevmChain; account: with funds."""

    def __init__(self, chain: Any, account: str) -> None:
        self.chain, self.account, self.address = chain, account, ""

    def create(self, operator: IdentityKey, **options: Any) -> Ledger:
        from pyzkfl.ledger.evm import EvmLedger

        ledger = EvmLedger.create(self.chain, operator, account=self.account, **options)
        self.address = ledger.address
        return ledger

    def open(self, operator: IdentityKey | None = None, **options: Any) -> Ledger:
        from pyzkfl.ledger.evm import EvmLedger

        account = None if operator is None else self.account
        return EvmLedger.open(self.chain, self.address, operator, account=account, **options)


@pytest.fixture
def in_process() -> ChainStore:
    """A chain in this process (pyrevm)."""
    from pyzkfl.ledger.revm import RevmChain

    chain = RevmChain()
    return ChainStore(chain, chain.account(0))


@pytest.fixture(scope="session")
def node(repository: Path) -> Iterator[str]:
    """The address of a node."""
    from anvil import anvil

    with anvil(repository) as url:
        yield url


@pytest.fixture
def on_a_node(request: pytest.FixtureRequest) -> ChainStore:
    """A chain behind a node (anvil)."""
    from anvil import AnvilChain

    key = hashlib.sha256(request.node.nodeid.encode()).digest()
    chain = AnvilChain(request.getfixturevalue("node"), [key])
    return ChainStore(chain, chain.addresses[0])


@pytest.fixture(params=["file", "in_process", "on_a_node"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store in turn."""
    return FileStore(tmp_path) if request.param == "file" else request.getfixturevalue(request.param)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def ledger(store: Store, story: Story) -> Iterator[Ledger]:
    with store.create(story.coordinator) as opened:
        yield opened
