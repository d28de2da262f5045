"""A whole deployment on a chain in this process, with members and validators that do what a test says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import eth_abi
from eth_account import Account
from eth_utils.crypto import keccak

from pyzkfl import _core
from pyzkfl.ledger.chain import Artifact, Contract, Receipt
from pyzkfl.ledger.deployment import Parameters, deploy
from pyzkfl.ledger.evm_points import words
from pyzkfl.ledger.revm import RevmChain
from pyzkfl.ledger.verdicts import Verdict

COMPILED = Path(__file__).resolve().parents[2] / "contracts" / "compiled"
NOBODY = "0x" + "00" * 20
GENERATOR = bytes(_core.curves.g1_generator())
STAKE = 10_000
MINUTE = 60


def key_of(name: str) -> bytes:
    return hashlib.sha256(b"a key for tests of " + name.encode()).digest()


def address_of(name: str) -> str:
    return str(Account.from_key(key_of(name)).address)


def point(number: int) -> tuple[int, ...]:
    return words(bytes(_core.curves.g1_mul(GENERATOR, number)))


NAMES = [
    "owner",
    "coordinator",
    "anybody",
    *(f"{kind}{i}" for kind in ("member", "validator", "voter") for i in range(8)),
]


class Economy:
    """Deployed, members and validators with bonded stakes; `ready` takes the job to its first round."""

    def __init__(
        self, members: int = 4, validators: int = 7, *, seats: int = 7, proof_bytes: int = 32, ready: bool = True,
        stakes: dict[str, int] | None = None, chain: Any = None, **parameters: Any,
    ) -> None:  # fmt: skip
        self.chain = RevmChain() if chain is None else chain
        self.chain_id = 1 if chain is None else chain.chain_id
        self.owner = address_of("owner")
        votes = {address_of(f"voter{i}"): 100 for i in range(4)}
        contracts = deploy(self.chain, Parameters(votes=votes, **parameters), sender=self.owner)
        self.contracts = contracts
        for name, contract in vars(contracts).items():
            setattr(self, name, contract)
        self.members = [f"member{i}" for i in range(members)]
        self.validators = [f"validator{i}" for i in range(validators)]
        self.statement = self.deploy_test("DigestStatement")
        for name in ("coordinator", *self.members, *self.validators):
            self.fund(name, (stakes or {}).get(name, STAKE))
        for name in self.validators:
            self.committee.send("register", NOBODY, sender=address_of(name))
        self.bound = hashlib.sha256(b"job").digest()
        self.terms = (60, 60, 60, 600, 3600, seats, proof_bytes, 1024, 1_000, self.statement.address)
        self.rows = {name: 8 + i for i, name in enumerate(self.members)}
        self.weights = bytes(31) + b"\1"
        self.number = 0
        self.id = self.registry.call("idOf", self.bound, address_of("coordinator"))
        self.entries: dict[str, tuple[Any, ...]] = {}
        if ready:
            self.open_job()
            self.register_all()
            self.beacon()

    token: Contract
    votes: Contract
    staking: Contract
    reputation: Contract
    rewards: Contract
    committee: Contract
    registry: Contract
    timelock: Contract
    governor: Contract

    def deploy_test(self, name: str, *arguments: Any) -> Contract:
        kind = Artifact.read((COMPILED / f"{name}.json").read_text())
        return Contract.deploy(self.chain, kind, *arguments, sender=self.owner)

    def fund(self, name: str, amount: int) -> None:
        self.token.send("transfer", address_of(name), amount, sender=self.owner)
        self.token.send("approve", self.staking.address, amount, sender=address_of(name))
        self.staking.send("bond", amount, sender=address_of(name))

    def bonded(self, name: str) -> int:
        return int(self.staking.call("bonded", address_of(name)))

    def balance(self, name: str) -> int:
        return int(self.token.call("balanceOf", address_of(name)))

    # ---- to the first round

    def open_job(self) -> None:
        accounts = [address_of(name) for name in self.members]
        self.registry.send("openJob", self.bound, self.terms, accounts, self.members, sender=address_of("coordinator"))

    def register_all(self) -> None:
        for name in self.members:
            self.register(name)

    def register(self, name: str) -> None:
        root = hashlib.sha256(name.encode()).digest()
        self.registry.send("registerDataset", self.id, root, 5, sender=address_of(name))

    def nonce(self, name: str, attempt: int = 0) -> bytes:
        return hashlib.sha256(f"{name} {attempt}".encode()).digest()

    def commit(self, name: str, attempt: int = 0) -> None:
        value = self.registry.call("commitmentOf", self.id, attempt, address_of(name), self.nonce(name, attempt))
        self.registry.send("commitBeacon", self.id, value, sender=address_of(name))

    def reveal(self, name: str, attempt: int = 0) -> None:
        self.registry.send("revealBeacon", self.id, self.nonce(name, attempt), sender=address_of(name))

    def beacon(self) -> None:
        for name in self.members:
            self.commit(name)
        for name in self.members:
            self.reveal(name)

    @property
    def job(self) -> dict[str, Any]:
        names = (
            "coordinator",
            "phase",
            "deadline",
            "members",
            "attempt",
            "bound",
            "beacon",
            "active",
            "done",
            "rounds",
            "weights",
        )
        return dict(zip(names, self.registry.call("jobs", self.id), strict=True))

    # ---- a round

    def start_round(self) -> None:
        self.number = self.job["rounds"]
        self.entries = {}
        self.registry.send("startRound", self.id, self.weights, (1, 2), sender=address_of("coordinator"))

    def facts(self, name: str) -> tuple[Any, ...]:
        root = hashlib.sha256(name.encode()).digest()
        number = self.members.index(name)
        return (self.bound, self.number, number, name, self.job["beacon"], root, 5, self.weights, (1, 2))

    def made(
        self, name: str, number: int | None = None, facts_of: str | None = None
    ) -> tuple[tuple[int, ...], bytes, bytes]:
        """Commitment, public values and proof of an honest member."""
        scalar = 1 + int.from_bytes(
            hashlib.sha256(f"{name} {self.number if number is None else number}".encode()).digest()[:16], "big"
        )
        commitment = point(scalar)
        values = self.rows[name].to_bytes(32, "big")
        types = [
            "(bytes32,uint256,uint256,string,bytes32,bytes32,uint256,bytes32,(uint256,uint256))",
            "(uint256,uint256)",
            "bytes",
        ]
        encoded = eth_abi.encode(types, [self.facts(facts_of or name), commitment, values])
        return commitment, values, hashlib.sha256(encoded).digest()

    def submit(self, name: str, commitment: tuple[int, ...], values: bytes, proof: bytes) -> Receipt:
        receipt = self.registry.send("submit", self.id, commitment, values, proof, sender=address_of(name))
        self.entries[name] = (commitment, values, proof)
        return receipt

    def submit_all(self, *, without: tuple[str, ...] = (), false: tuple[str, ...] = ()) -> None:
        for name in self.members:
            if name not in without:
                commitment, values, proof = self.made(name)
                self.submit(name, commitment, values, bytes(32) if name in false else proof)

    def mask(self, *names: str) -> int:
        return sum(1 << self.members.index(name) for name in names)

    def entry(self, name: str) -> tuple[Any, ...]:
        commitment, values, proof = self.entries[name]
        return (self.members.index(name), commitment, keccak(values), keccak(proof))

    def work(self, survivors: list[str]) -> tuple[list[int], list[int]]:
        return [self.rows[name] for name in survivors], [0 for _ in survivors]

    def publish(self, survivors: list[str] | None = None) -> None:
        self.survivors = [n for n in self.members if n in self.entries] if survivors is None else survivors
        out = [self.entry(name) for name in self.members if name in self.entries and name not in self.survivors]
        self.next_weights = hashlib.sha256(self.weights).digest()
        published = (self.mask(*self.survivors), bytes(32), bytes(32), self.next_weights, *self.work(self.survivors))
        self.registry.send("publishAggregate", self.id, published, out, sender=address_of("coordinator"))

    @property
    def seats(self) -> list[str]:
        names = {address_of(name).lower(): name for name in self.validators}
        return [names[seat[0]] for seat in self.committee.call("seatsOf", self.id, self.number)]

    def verdict(self, accepted: int) -> Verdict:
        poll = self.committee.call("polls", self.committee.call("pollOf", self.id, self.number))
        return Verdict(self.id, self.number, poll[0], poll[1], accepted)

    def signature(self, name: str, verdict: Verdict) -> bytes:
        return verdict.sign(key_of(name), committee=self.committee.address, chain_id=self.chain_id)

    def attest(self, accepted: int, names: list[str] | None = None) -> Receipt:
        verdict = self.verdict(accepted)
        signatures = [self.signature(name, verdict) for name in (self.seats if names is None else names)]
        return self.committee.send("attest", verdict.arguments(), signatures, sender=address_of("anybody"))

    def finalise(self, *, wait: bool = True) -> Receipt:
        if wait:
            self.chain.advance(600 + 3600)  # to attest, and to challenge
        receipt = self.registry.send("finalise", self.id, *self.work(self.survivors), sender=address_of("anybody"))
        if self.registry.events_of(receipt) and any(e.name == "RoundClosed" for e in self.registry.events_of(receipt)):
            self.weights = self.next_weights
        return receipt

    def round(self, *, without: tuple[str, ...] = ()) -> None:
        """An honest one."""
        self.start_round()
        self.submit_all(without=without)
        if without:
            self.chain.advance(MINUTE)
        self.publish()
        self.attest(self.mask(*self.survivors))
        self.finalise()

    def promise(self, challenger: str, member: str, salt: bytes = bytes(32)) -> None:
        arguments = (address_of(challenger), self.id, self.number, self.members.index(member), salt)
        self.registry.send(
            "promiseChallenge", self.registry.call("promiseOf", *arguments), sender=address_of(challenger)
        )

    def challenge(self, challenger: str, member: str, salt: bytes = bytes(32)) -> Receipt:
        evidence = (self.members.index(member), *self.entries[member], (1, 2))
        return self.registry.send("challenge", self.id, evidence, salt, sender=address_of(challenger))


def events(receipt: Receipt, *contracts: Contract) -> list[str]:
    return [event.name for contract in contracts for event in contract.events_of(receipt)]
