"""One job in the registry of a chain (contracts/TrainingRegistry.sol), as one of its parties acts on it.

Every act can be repeated: where a node does not answer, nobody knows whether a transaction arrived, so each act looks
at the chain first and does only what is missing. docs/contracts.md has the rounds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_utils.crypto import keccak

from pyzkfl.errors import BeaconInvalid, ChainError, NodeUnreachable, ProtocolError, TransactionReverted
from pyzkfl.ledger.chain import Contract, Receipt, artifact
from pyzkfl.ledger.deployment import Deployment
from pyzkfl.ledger.evm_points import g1_from_evm, g1_to_evm, words
from pyzkfl.ledger.verdicts import Verdict

__all__ = ["JobOnChain", "JobTermsOnChain", "Published", "SubmissionOnChain"]

_NOBODY = "0x" + "00" * 20
_INFINITY = (0, 0)
_RUNNING = 4  # Jobs.Phase
_SUBMITTING, _ATTESTING = 1, 2  # TrainingRegistry.Stage
_PAUSE_S = 0.2


@dataclasses.dataclass(frozen=True)
class JobTermsOnChain:
    """Windows in seconds; seats of the committee; sizes of what a member submits; stake at risk, in units.

    statement: address of the contract that checks a proof on the chain, or 0: then proofs are the committee's business.
    """

    proof_bytes: int
    public_bytes: int
    join_s: int = 3600
    submit_s: int = 3600
    aggregate_s: int = 3600
    attest_s: int = 3600
    challenge_s: int = 3600
    seats: int = 7
    stake: int = 1_000
    statement: str = _NOBODY

    def arguments(self) -> tuple[Any, ...]:
        """As the contract takes them."""
        windows = (self.join_s, self.submit_s, self.aggregate_s, self.attest_s, self.challenge_s)
        return (*windows, self.seats, self.proof_bytes, self.public_bytes, self.stake, self.statement)

    @property
    def has_statement(self) -> bool:
        """Whether proofs can be checked on the chain."""
        return self.statement.lower() != _NOBODY


@dataclasses.dataclass(frozen=True)
class SubmissionOnChain:
    """What a member sent in a round. commitment: C(D), compressed, 32 bytes."""

    index: int
    commitment: bytes
    public_values: bytes
    proof: bytes

    def entry(self) -> tuple[Any, ...]:
        """Opens the digest that the registry keeps of it."""
        point = words(g1_to_evm(self.commitment))
        return (self.index, point, keccak(self.public_values), keccak(self.proof))


@dataclasses.dataclass(frozen=True)
class Published:
    """The aggregate of a round. survivors: indices of members; commitment: the sum of their C(D), compressed;
    examples, gains: of each survivor."""

    survivors: tuple[int, ...]
    commitment: bytes
    sum_digest: bytes
    blinder: bytes
    next_weights: bytes
    examples: tuple[int, ...]
    gains: tuple[int, ...]

    def arguments(self) -> tuple[Any, ...]:
        """As the contract takes them."""
        mask = sum(1 << index for index in self.survivors)
        work = (list(self.examples), list(self.gains))
        return (mask, self.sum_digest, self.blinder, self.next_weights, *work)


class JobOnChain:
    """A job and the party that acts on it.

    account: the party's, with its key in the chain. coordinator: the account that opens the job; bound: digest of the
    job with its keys; names: of the members in order. patience: seconds for which an act goes on trying while no node
    answers.
    """

    def __init__(
        self,
        contracts: Deployment,
        *,
        account: str,
        coordinator: str,
        bound: bytes,
        names: Sequence[str],
        patience: float = 0.0,
    ) -> None:
        self.contracts, self.account, self.names, self.patience = contracts, account, tuple(names), patience
        self.id = bytes(self._ask("idOf", bound, coordinator))
        self.gas = 0  # that this party spent here
        self._bound = bound
        self._nonces: dict[int, bytes] = {}

    def _ask(self, function: str, *arguments: Any) -> Any:
        return self.contracts.registry.call(function, *arguments)

    def _act(
        self, function: str, *arguments: Any, done: Callable[[], bool], contract: Contract | None = None
    ) -> Receipt | None:
        """Send, unless it is done; again while no node answers and patience lasts. None: it had been done."""
        contract = contract or self.contracts.registry
        end = time.monotonic() + self.patience
        while True:
            try:
                if done():
                    return None
                try:
                    receipt = contract.send(function, *arguments, sender=self.account)
                except TransactionReverted:
                    if done():  # an earlier one, of which no answer came, was first
                        return None
                    raise
                self.gas += receipt.gas
                return receipt
            except NodeUnreachable:
                if time.monotonic() >= end:
                    raise
                time.sleep(_PAUSE_S)

    def state(self) -> dict[str, Any]:
        """Where the job stands, by the names in Jobs.Job."""
        names = (
            "coordinator", "phase", "deadline", "members", "attempt", "bound", "beacon", "active", "done", "rounds",
            "weights",
        )  # fmt: skip
        return dict(zip(names, self._ask("jobs", self.id), strict=True))

    def round_state(self, number: int) -> dict[str, Any]:
        """Where a round stands, by the names in TrainingRegistry.Round."""
        names = (
            "stage", "started_at", "submit_until", "aggregate_until", "attest_until", "submitted", "survivors",
            "submissions", "weights_commitment", "next_weights", "work",
        )  # fmt: skip
        return dict(zip(names, self._ask("rounds", self.id, number), strict=True))

    def terms(self) -> JobTermsOnChain:
        """What the coordinator opened the job with."""
        names = (
            "join_s", "submit_s", "aggregate_s", "attest_s", "challenge_s", "seats", "proof_bytes", "public_bytes",
            "stake", "statement",
        )  # fmt: skip
        return JobTermsOnChain(**dict(zip(names, self._ask("termsOf", self.id), strict=True)))

    def expect_place(self, name: str) -> None:
        """ProtocolError unless the members' names there are those of the job, and this party's account is `name`'s.

        A proof speaks of a name: under another one a true proof would be a false one there.
        """
        found = tuple(self._ask("members", self.id, index)[5] for index in range(self.state()["members"]))
        if found != self.names:
            raise ProtocolError(f"{name}: the coordinator opened the job on the chain with other members: {found}")
        if self._index() != self.names.index(name):
            raise ProtocolError(f"{name}: the coordinator gave this account the place of another member")

    def expect_round(self, number: int, weights: bytes, weights_commitment: bytes | None) -> None:
        """ProtocolError unless the round began from these weights (digest) and this C(W), which are the coordinator's
        word there: with another C(W) every true proof of the round would be a false one."""
        point = bytes(64) if weights_commitment is None else g1_to_evm(weights_commitment)
        began = (self.state()["weights"], self.round_state(number)["weights_commitment"])
        if began != (weights, keccak(point)):
            raise ProtocolError(f"round {number} began on the chain from other weights than the members have")

    def _index(self) -> int:
        return int(self._ask("indexOf", self.id, self.account))

    def _did(self) -> bool:
        """Whether this party did what the phase waits for."""
        return bool(self.state()["done"] >> self._index() & 1)

    # -- before the first round ------------------------------------------------------------------------------------

    def bond(self, amount: int) -> None:
        """Put units of the utility token at stake, up to this amount in all."""
        staking, token = self.contracts.staking, self.contracts.token
        missing = amount - int(staking.call("bonded", self.account))
        if missing > 0:
            allowed = lambda: token.call("allowance", self.account, staking.address) >= missing  # noqa: E731
            self._act("approve", staking.address, missing, done=allowed, contract=token)
            bonded = lambda: staking.call("bonded", self.account) >= amount  # noqa: E731
            self._act("bond", missing, done=bonded, contract=staking)

    def validate(self) -> None:
        """Join the validators."""
        self._act("register", _NOBODY, done=lambda: False, contract=self.contracts.committee)  # twice is as good

    def open(self, terms: JobTermsOnChain, accounts: Sequence[str]) -> None:
        """The coordinator's first act. accounts: of the members, in order."""
        arguments = (self._bound, terms.arguments(), list(accounts), list(self.names))
        self._act("openJob", *arguments, done=lambda: self.state()["phase"] != 0)

    def register(self, root: bytes, batches: int) -> None:
        """A member's dataset; by this it accepts the job."""
        member = lambda: self._ask("members", self.id, self._index())  # noqa: E731
        self._act("registerDataset", self.id, root, batches, done=lambda: member()[2] == root)

    def commit_nonce(self) -> None:
        """Commit to a fresh secret nonce for the beacon's present attempt."""
        attempt = self.state()["attempt"]
        nonce = self._nonces.setdefault(attempt, secrets.token_bytes(32))
        value = hashlib.sha256(
            b"pyzkfl/1 chain nonce" + self.id + attempt.to_bytes(2, "big") + bytes.fromhex(self.account[2:]) + nonce
        ).digest()
        member = lambda: self._ask("members", self.id, self._index())  # noqa: E731
        self._act("commitBeacon", self.id, value, done=lambda: member()[3] == value)

    def reveal_nonce(self) -> None:
        """Show the nonce; every member has committed by now."""
        nonce = self._nonces[self.state()["attempt"]]
        member = lambda: self._ask("members", self.id, self._index())  # noqa: E731
        self._act("revealBeacon", self.id, nonce, done=lambda: member()[4] == nonce)

    def beacon(self) -> bytes:
        """The beacon; BeaconInvalid while nonces are missing."""
        state = self.state()
        if state["phase"] != _RUNNING:
            raise BeaconInvalid("the chain has no beacon for this job: a member has not revealed its nonce")
        return bytes(state["beacon"])

    def dataset(self, name: str) -> tuple[bytes, int]:
        """Root and number of batches that a member registered."""
        _, batches, root, *_ = self._ask("members", self.id, self.names.index(name))
        return bytes(root), int(batches)

    # -- rounds ----------------------------------------------------------------------------------------------------

    def start_round(self, number: int, weights: bytes, weights_commitment: bytes | None = None) -> None:
        """weights: digest of W_t; weights_commitment: C(W_t), where the job's statement has one."""
        point = _INFINITY if weights_commitment is None else words(g1_to_evm(weights_commitment))
        done = lambda: self.round_state(number)["stage"] != 0  # noqa: E731
        self._act("startRound", self.id, weights, point, done=done)

    def submit(self, number: int, commitment: bytes, public_values: bytes, proof: bytes) -> None:
        """A member's submission of the round."""
        point = words(g1_to_evm(commitment))
        index = self._index()
        done = lambda: bool(self.round_state(number)["submitted"] >> index & 1)  # noqa: E731
        self._act("submit", self.id, point, public_values, proof, done=done)

    def submissions(self, number: int) -> dict[str, SubmissionOnChain]:
        """Everybody's submissions of a round, by member's name, in the order in which they came."""
        out = {}
        for event in self._events("Submitted", number):
            values = event.values
            point = b"".join(value.to_bytes(32, "big") for value in values["commitment"])
            entry = SubmissionOnChain(values["index"], g1_from_evm(point), values["publicValues"], values["proof"])
            out[self.names[entry.index]] = entry
        return out

    def weights_commitment(self, number: int) -> tuple[int, int]:
        """C(W_t) of a round as the coordinator gave it: x, y. ChainError where it has not begun."""
        for event in self._events("RoundStarted", number):
            x, y = event.values["weightsCommitment"]
            return int(x), int(y)
        raise ChainError(f"round {number} has not begun on the chain")

    def holds(self, number: int, name: str, sent: SubmissionOnChain) -> bool:
        """What the job's statement says of a proof, asked with the registry's facts, as a challenge would. Costs no
        gas. ChainError where the job has no statement."""
        terms = self.terms()
        if not terms.has_statement:
            raise ChainError("this job's proofs are not checked on the chain: its terms name no statement")
        state, index = self.state(), self.names.index(name)
        _, batches, root, _, _, called = self._ask("members", self.id, index)
        facts = (
            state["bound"], number, index, called, state["beacon"], root, batches, state["weights"],
            self.weights_commitment(number),
        )  # fmt: skip
        statement = Contract(self.contracts.registry.chain, terms.statement, artifact("EngineStatement"))
        point = words(g1_to_evm(sent.commitment))
        return bool(statement.call("holds", facts, point, sent.public_values, sent.proof))

    def challengeable(self, number: int) -> bytes | None:
        """The verdict on a round while it can be challenged (its digest; zeros where the committee's time is over
        without one), else None."""
        round_, terms = self.round_state(number), self.terms()
        if round_["stage"] != _ATTESTING or not terms.has_statement:
            return None
        committee, now = self.contracts.committee, self.contracts.registry.chain.time()
        poll = committee.call("polls", committee.call("pollOf", self.id, number))
        since = int(poll[4]) or round_["attest_until"]
        return bytes(poll[6]) if since <= now < since + terms.challenge_s else None

    def wrong_verdicts(self, number: int) -> list[str]:
        """Members on whose proofs of a round the verdict that stands is wrong: whoever shows one slashes its signers.
        Where the committee's time is over without one: members whose proofs are false. ChainError before that."""
        committee, round_ = self.contracts.committee, self.round_state(number)
        poll = committee.call("polls", committee.call("pollOf", self.id, number))
        over = round_["stage"] == _ATTESTING and self.contracts.registry.chain.time() >= round_["attest_until"]
        if not poll[4] and not over:
            raise ChainError(f"the committee has not decided about round {number}")
        accepted = int(poll[7]) if poll[4] else -1
        shown = set(self.rejected(number))
        return [
            n for n, s in self.submissions(number).items()
            if n not in shown and self.holds(number, n, s) != bool(accepted >> s.index & 1)
        ]  # fmt: skip

    def challenge(self, number: int, name: str) -> None:
        """Show on the chain that the verdict on a member's proof is wrong, with what the chain emitted and nothing
        else. Anyone may; half of what is slashed is the challenger's.

        Two transactions, a block apart, so that nobody can copy it. TransactionReverted where the verdict is right:
        the gas of the check is lost, and nothing else has changed.
        """
        registry, sent = self.contracts.registry, self.submissions(number)[name]
        salt = secrets.token_bytes(32)
        promise = registry.call("promiseOf", self.account, self.id, number, sent.index, salt)
        self._act("promiseChallenge", promise, done=lambda: registry.call("promised", promise) != 0)
        point = words(g1_to_evm(sent.commitment))
        evidence = (sent.index, point, sent.public_values, sent.proof, self.weights_commitment(number))
        end = time.monotonic() + self.patience
        while True:
            try:
                self._act("challenge", self.id, evidence, salt, done=lambda: self._shown(number, name))
                return
            except TransactionReverted as error:
                if "NotPromised" not in str(error) or time.monotonic() >= end:
                    raise
                time.sleep(_PAUSE_S)  # the promise's block is the newest still

    def _shown(self, number: int, name: str) -> bool:
        return bool(self._events("Overturned", number)) or name in self.rejected(number)

    def _events(self, name: str, number: int) -> list[Any]:
        events = self.contracts.registry.events(name)
        return [e for e in events if e.values["id"] == self.id and e.values["round"] == number]

    def publish(self, number: int, published: Published, submissions: Mapping[str, SubmissionOnChain]) -> None:
        """The aggregate; submissions: those of the round, so that the ones outside the sum are taken out of it."""
        out = [
            s.entry() for s in sorted(submissions.values(), key=lambda s: s.index) if s.index not in published.survivors
        ]
        done = lambda: self.round_state(number)["stage"] >= _ATTESTING  # noqa: E731
        self._act("publishAggregate", self.id, published.arguments(), out, done=done)

    def published(self, number: int) -> Published:
        """The aggregate of a round as the chain has it; ProtocolError where there is none."""
        for event in self._events("AggregatePublished", number):
            mask, digest, blinder, weights, examples, gains = event.values["published"]
            point = b"".join(value.to_bytes(32, "big") for value in event.values["sum"])
            survivors = tuple(i for i in range(len(self.names)) if mask >> i & 1)
            commitment = g1_from_evm(point)
            return Published(survivors, commitment, digest, blinder, weights, tuple(examples), tuple(gains))
        raise ProtocolError(f"the chain has no aggregate of round {number}")

    def has_seat(self, number: int) -> bool:
        """Whether this party sits in the committee of a round."""
        seats = self.contracts.committee.call("seatsOf", self.id, number)
        return any(account == self.account.lower() for account, _ in seats)

    def attest(self, number: int, accepted: Sequence[int], key: bytes, chain_id: int) -> None:
        """Sign and bring the verdict that these members' proofs hold, and that the aggregate is right.

        key: of this party's account, 32 bytes. The caller has checked both.
        """
        committee = self.contracts.committee
        poll_key = committee.call("pollOf", self.id, number)
        poll = committee.call("polls", poll_key)
        verdict = Verdict(self.id, number, poll[0], poll[1], sum(1 << index for index in accepted))
        signature = verdict.sign(key, committee=committee.address, chain_id=chain_id)
        done = lambda: committee.call("votes", poll_key, self.account) != bytes(32)  # noqa: E731
        self._act("attest", verdict.arguments(), [signature], done=done, contract=committee)

    def finalise(self, number: int, examples: Sequence[int], gains: Sequence[int]) -> str:
        """End a round after its challenge window: "closed", or why it is void."""
        done = lambda: self.state()["rounds"] > number  # noqa: E731
        self._act("finalise", self.id, list(examples), list(gains), done=done)
        return self.outcome(number)

    def void(self, number: int) -> None:
        """Say that the aggregate of a round did not come in time: the round is void, or, with three submissions and
        more, the committee's business."""
        done = lambda: self.state()["rounds"] > number or self.round_state(number)["stage"] >= _ATTESTING  # noqa: E731
        self._act("voidWithoutAggregate", self.id, done=done)

    def ends_at(self, number: int) -> int:
        """When `finalise` ends a round that the committee was asked about, by what is decided so far."""
        committee, terms = self.contracts.committee, self.terms()
        poll = committee.call("polls", committee.call("pollOf", self.id, number))
        until, decided_at = int(poll[2]), int(poll[4])
        if decided_at:
            return decided_at + terms.challenge_s
        return until + (terms.challenge_s if terms.has_statement else 0)

    def end_round(self, number: int, let_pass: Callable[[int], None]) -> str:
        """Bring a round that has begun to its end, wherever it stands, with what the chain emitted and nothing else:
        "closed", or why it is void. Anyone may, and whoever began the round may be gone.

        let_pass: waits until the chain's clock shows a time. Raises as `finalise`.
        """
        if self.state()["rounds"] == number and self.round_state(number)["stage"] == _SUBMITTING:
            let_pass(self.round_state(number)["aggregate_until"])
            self.void(number)
        if self.state()["rounds"] > number:
            return self.outcome(number)
        let_pass(self.ends_at(number))
        events = self._events("AggregatePublished", number)
        examples, gains = events[0].values["published"][4:6] if events else ((), ())
        return self.finalise(number, examples, gains)

    def outcome(self, number: int) -> str:
        """ "closed", or why the round is void; ChainError while it is open."""
        if self._events("RoundClosed", number):
            return "closed"
        for event in self._events("RoundVoid", number):
            return str(event.values["why"])
        raise ChainError(f"round {number} is not over on the chain")

    def rejected(self, number: int) -> list[str]:
        """Members whose submission the committee rejected in a round."""
        return [self.names[event.values["index"]] for event in self._events("Rejected", number)]

    def finish(self) -> None:
        """The coordinator ends the job."""
        self._act("finish", self.id, done=lambda: self.state()["phase"] != _RUNNING)

    def claim(self) -> int:
        """Take the rewards that this party is owed; how many units."""
        rewards = self.contracts.rewards
        owed = int(rewards.call("owed", self.account))
        if owed:
            self._act("claim", done=lambda: rewards.call("owed", self.account) == 0, contract=rewards)
        return owed
