"""The economy of a ledger: tokens, stakes, reputation and votes as a fold over its records, in integers.

Whoever holds the records holds the state: `Ledger.economy()` computes it anew. The ledger keeps one while it appends,
to refuse what the rules forbid: an overdraft, a second vote, a stake withdrawn while it answers for something. Time is
that of the blocks. Facts about members come from verdicts of committees alone: what a coordinator says about a member
moves nothing. Memory: accounts, proposals, rounds. docs/economy.md has the rules; the arithmetic is the contracts'.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pyzkfl import encoding
from pyzkfl.committee import Validators, stands
from pyzkfl.encoding import Kind
from pyzkfl.errors import DecodeError, LedgerError
from pyzkfl.governance import PARAMETERS, Assembly, Parameters
from pyzkfl.journal import Journal, Table
from pyzkfl.ledger.economy_records import (
    AccountAct,
    Attestation,
    Claim,
    Delegation,
    EconomyRecord,
    EconomyTerms,
    Equivocation,
    Execution,
    Proposal,
    Stake,
    Transfer,
    Validator,
    Verdict,
    Vote,
)
from pyzkfl.ledger.records import Aggregate, Beacon, JobTerms, Record, Refusal, RoundStart, Submission, Void, Weights
from pyzkfl.reputation import Reputation
from pyzkfl.tokens import Bank

__all__ = ["Economy", "Poll", "Settled", "Terms"]

SECONDS_MOST = 365 * 86400


@dataclasses.dataclass(frozen=True)
class Terms:
    """What an economy begins with. utility, governance: account -> units; times in seconds.

    epoch, decay: what is left of a fact's weight after an epoch, in units of 10^-9. quorum: percent.
    """

    utility: Mapping[bytes, int]
    governance: Mapping[bytes, int]
    parameters: Mapping[str, int]
    unbonding: int = 14 * 86400
    epoch: int = 86400
    decay: int = 990_000_000
    voting: int = 3 * 86400
    timelock: int = 86400
    threshold: int = 1
    quorum: int = 4

    _NUMBERS = ("unbonding", "epoch", "decay", "voting", "timelock", "threshold", "quorum")

    def to_bytes(self) -> bytes:
        """The document of an EconomyTerms record."""
        value: dict[str, Any] = {name: getattr(self, name) for name in self._NUMBERS}
        value["parameters"] = dict(self.parameters)
        for name in ("utility", "governance"):
            value[name] = [[account, amount] for account, amount in getattr(self, name).items()]
        return encoding.encode(Kind.ECONOMY, value)

    @property
    def digest(self) -> bytes:
        """Names the economy in all its records."""
        return encoding.digest(self.to_bytes())

    def record(self) -> EconomyTerms:
        """The first record of a ledger."""
        return EconomyTerms(self.digest, self.to_bytes())

    @staticmethod
    def read(data: bytes) -> Terms:
        """DecodeError for anything that is no such document."""
        value = encoding.decode(Kind.ECONOMY, data)
        encoding.expect_map(value, (*Terms._NUMBERS, "parameters", "utility", "governance"))
        for name in Terms._NUMBERS:
            encoding.expect_type(value, name, int)
            if not 0 <= value[name] <= (100 if name == "quorum" else (1 << 63) - 1):
                raise DecodeError(f"{name} is out of range")
        times = [value[name] for name in ("epoch", "unbonding", "voting", "timelock")]
        if times[0] < 1 or max(times) > SECONDS_MOST:
            raise DecodeError(f"times are in seconds, at most {SECONDS_MOST}; an epoch has at least one")
        encoding.expect_type(value, "parameters", dict)
        encoding.expect_map(value["parameters"], PARAMETERS)
        for name in value["parameters"]:
            encoding.expect_type(value["parameters"], name, int)
        for name in ("utility", "governance"):
            encoding.expect_type(value, name, list)
            entries = value[name]
            good = all(type(e) is list and [type(part) for part in e] == [bytes, int] for e in entries)
            if not good or any(len(e[0]) != 32 or e[1] < 0 for e in entries):
                raise DecodeError(f"{name} is a list of pairs of account (32 bytes) and amount")
            value[name] = dict(entries)
            if len(value[name]) != len(entries):
                raise DecodeError(f"{name} names an account twice")
        return Terms(**value)


class Training(NamedTuple):
    """What the economy knows of a job. accounts: member -> public key; submitted: in this round, refused or not."""

    accounts: Mapping[str, bytes]
    beacon: bytes = b""
    round: int = -1
    submitted: tuple[str, ...] = ()
    survivors: tuple[str, ...] = ()


class Poll(NamedTuple):
    """A round that ended and waits for its verdict. block: known when the block is whole; seats: account and stake."""

    seats: tuple[tuple[bytes, int], ...]
    submitted: tuple[str, ...]
    survivors: tuple[str, ...]
    block: bytes = b""


class Settled(NamedTuple):
    """A final round: who signed, who was rejected, void when a survivor was rejected.

    paid: what each account earned, where the economy keeps its history (`Ledger.economy()` does).
    """

    signed: tuple[bytes, ...]
    rejected: tuple[str, ...]
    paid: Mapping[bytes, int]
    void: bool


class Economy:
    """The state. Everything that changes is in tables of one journal, so that a refused batch leaves no trace."""

    def __init__(self, record: EconomyTerms) -> None:
        if encoding.digest(record.document) != record.job:
            raise LedgerError("its document has another digest")
        try:
            self.terms = terms = Terms.read(record.document)
        except DecodeError as error:
            raise LedgerError(f"its document is no economy: {error}") from None
        self.id = record.job
        self.now = 0  # seconds, of the block that is open
        self.journal = journal = Journal()
        self.bank = Bank(terms.unbonding, journal)
        self.parameters = Parameters(terms.parameters, journal)
        self.reputation = Reputation(terms.decay, journal)
        self.validators = Validators(self.bank, self.reputation, journal)
        self.assembly = Assembly(
            voting=terms.voting, timelock=terms.timelock, threshold=terms.threshold, quorum=terms.quorum,
            journal=journal,
        )  # fmt: skip
        self.numbers = journal.table(0)  # account -> acts so far
        self.trainings: Table[bytes, Training | None] = journal.table(None)
        self.polls: Table[tuple[bytes, int], Poll | None] = journal.table(None)
        self.settled: Table[tuple[bytes, int], Settled | None] = journal.table(None)
        self.convicted: Table[tuple[bytes, int, bytes], int | None] = journal.table(None)  # units taken
        self._unsealed: list[tuple[bytes, int]] = []
        self.history = False  # whether what each round paid is kept
        for account, amount in terms.utility.items():
            self.bank.mint(account, amount)
        for account, amount in terms.governance.items():
            self.assembly.grant(account, amount)

    @property
    def epoch(self) -> int:
        """Of reputation."""
        return self.now // self.terms.epoch

    # -- blocks ----------------------------------------------------------------------------------------------------

    def begin_block(self, time_ms: int) -> None:
        """Its records follow."""
        self.now = time_ms // 1000
        self._unsealed = []

    def end_block(self, digest: bytes) -> None:
        """It is whole: rounds that ended in it are known by its hash."""
        for key in self._unsealed:
            poll = self.polls[key]
            assert poll is not None
            self.polls[key] = poll._replace(block=digest)
        self._unsealed = []

    # -- records of the economy ------------------------------------------------------------------------------------

    def apply(self, record: EconomyRecord, signer: bytes) -> None:
        """LedgerError says which rule a record breaks."""
        if record.job != self.id:
            raise LedgerError("it belongs to another economy")
        if isinstance(record, AccountAct):
            due = self.numbers[signer]
            if record.number != due:
                raise LedgerError(f"the account's next act has number {due}, not {record.number}")
            _ACTS[type(record)](self, record, signer)
            self.numbers[signer] = due + 1
        elif isinstance(record, Verdict):
            self._verdict(record)
        elif isinstance(record, Equivocation):
            self._equivocation(record, signer)
        else:
            raise LedgerError("the ledger has an economy already")

    def _transfer(self, record: Transfer, signer: bytes) -> None:
        if record.token == 0:
            self.bank.transfer(signer, record.to, record.amount)
        else:
            self.assembly.transfer(signer, record.to, record.amount)

    def _stake(self, record: Stake, signer: bytes) -> None:
        if (record.act == 2) != (record.amount == 0):
            raise LedgerError("an amount is bonded or unbonded; what is free is withdrawn as a whole, with amount 0")
        if record.act == 0:
            self.bank.bond(signer, record.amount)
        elif record.act == 1:
            self.bank.unbond(signer, record.amount, self.now)
        else:
            self.bank.withdraw(signer, self.now)

    def _claim(self, record: Claim, signer: bytes) -> None:
        self.bank.claim(signer)

    def _validator(self, record: Validator, signer: bytes) -> None:
        if record.act == 0:
            self.validators.leave(signer)
        else:
            self.validators.register(signer, record.instead or None, self.parameters["stake_least"])

    def _delegation(self, record: Delegation, signer: bytes) -> None:
        self.assembly.delegate(signer, record.to)

    def _proposal(self, record: Proposal, signer: bytes) -> None:
        self.assembly.propose(signer, record.parameter, record.subject, record.value, self.now)

    def _vote(self, record: Vote, signer: bytes) -> None:
        self.assembly.vote(signer, record.proposal, record.support, self.now)

    def _execution(self, record: Execution, signer: bytes) -> None:
        self.assembly.execute(record.proposal, self.parameters, self.now)

    # -- records of jobs -------------------------------------------------------------------------------------------

    def training(self, record: Record, members: Mapping[str, bytes], phase: str, document: Mapping[str, Any]) -> None:
        """A record of a job that its rules took; phase: where the job stands after it."""
        job = record.job
        if isinstance(record, JobTerms):
            self._job(job, members, document)
        elif isinstance(record, Beacon):
            self._update(job, beacon=record.value)
        elif isinstance(record, Submission):
            least, until = self.parameters["stake_at_risk"], self.now + self.parameters["answer_seconds"]
            self.bank.answer(members[record.member], least, self.now, until)  # until the verdict
            self._update(job, submitted=(*self._known(job).submitted, record.member))
        elif isinstance(record, Aggregate):
            self._update(job, survivors=record.survivors)
        elif isinstance(record, Weights):
            self._round_end(job, record.round)
        elif isinstance(record, Void):
            self._release(job, self._known(job).submitted)  # a round without a sum has no verdict
            self._update(job, round=-1)
        elif isinstance(record, RoundStart):
            self._update(job, round=record.round, submitted=(), survivors=())
        elif isinstance(record, Refusal) and record.evidence and record.member:
            self._accused(job, record, members[record.member])
        elif record.KIND is Kind.LEDGER_BEACON_COMMIT and phase == "revealing the beacon":
            # The last commitment is there, and no nonce was shown.
            self.validators.freeze(job, self.parameters["stake_least"], self.epoch)

    def _known(self, job: bytes) -> Training:
        training = self.trainings[job]
        assert training is not None  # the rules of jobs take no record of a job before its terms
        return training

    def _update(self, job: bytes, **changes: Any) -> None:
        self.trainings[job] = self._known(job)._replace(**changes)

    def _job(self, job: bytes, members: Mapping[str, bytes], document: Mapping[str, Any]) -> None:
        low, high = self.parameters["members_least"], self.parameters["members_most"]
        if not low <= len(members) <= high:
            raise LedgerError(f"a job has {low} to {high} members here, not {len(members)}")
        rounds = document.get("rounds", 0)
        if type(rounds) is int and rounds > self.parameters["rounds_most"]:
            raise LedgerError(f"a job has at most {self.parameters['rounds_most']} rounds here, not {rounds}")
        barred = self.parameters.barred
        out = [name for name, account in members.items() if account in barred]
        if out:
            raise LedgerError(f"{', '.join(map(repr, out))} was barred from new jobs by a vote")
        self.trainings[job] = Training(dict(members))

    def _accused(self, job: bytes, record: Refusal, account: bytes) -> None:
        """The refused message is on the ledger: the committee may look at it, and the stake waits for that."""
        training = self._known(job)
        if record.round == training.round and record.member not in training.submitted:
            self.bank.answer(account, 0, self.now, self.now + self.parameters["answer_seconds"])
            self._update(job, submitted=(*training.submitted, record.member))

    def _round_end(self, job: bytes, round_: int) -> None:
        training = self._known(job)
        seats = self.validators.draw(job, training.beacon, round_, self.parameters["seats"])
        self.polls[job, round_] = Poll(seats, training.submitted, training.survivors)
        self._unsealed.append((job, round_))
        self._update(job, round=-1)
        if not seats:  # nobody will judge it
            self._release(job, training.submitted)

    def _release(self, job: bytes, names: Iterable[str]) -> None:
        accounts = self._known(job).accounts
        self.bank.release(accounts[name] for name in names)

    # -- verdicts --------------------------------------------------------------------------------------------------

    def _poll(self, job: bytes, round_: int) -> Poll:
        poll = self.polls[job, round_]
        if poll is None or not poll.block:
            raise LedgerError("there is no such round that ended in a block before this one")
        return poll

    def _verdict(self, record: Verdict) -> None:
        key = (record.training, record.round)
        poll = self._poll(*key)
        if self.settled[key] is not None:
            raise LedgerError("the round is final already")
        if record.block != poll.block:
            raise LedgerError("the round ended in another block")
        if not set(record.rejected) <= set(poll.submitted):
            raise LedgerError("it rejects a member of whom no submission is on the ledger")
        if not len(record.examples) == len(record.gains) == len(poll.survivors):
            raise LedgerError(f"it needs examples and gains of {len(poll.survivors)} survivors")
        signed = self._signers(record, poll)
        self._settle(record, poll, signed)

    def _signers(self, record: Verdict, poll: Poll) -> dict[bytes, int]:
        """Who attested with which stake: what was bonded when the seats were drawn, or now if that is less."""
        seats, signed = dict(poll.seats), {}
        for envelope in record.envelopes():
            attestation = Attestation.read(envelope)
            attestation.must_name(self.id, record.training, record.round)
            account = envelope.signer
            if attestation.verdict != record.digest:
                raise LedgerError("an attestation in it is of another verdict")
            if account not in seats or account in signed:
                raise LedgerError("an attestation in it is of an account without a seat, or twice of one")
            if self.convicted[record.training, record.round, account] is None:
                signed[account] = min(seats[account], self.bank.positions[account].bonded)
        convicted = (a for a in seats if self.convicted[record.training, record.round, a] is not None)
        # Dishonest stake below a third stays below a third of what is left without them.
        if not stands(sum(signed.values()), sum(seats.values()) - sum(seats[a] for a in convicted)):
            raise LedgerError("no more than two thirds of the committee's stake signed it")
        return signed

    def _settle(self, record: Verdict, poll: Poll, signed: Mapping[bytes, int]) -> None:
        accounts = self._known(record.training).accounts
        until = self.now + self.parameters["answer_seconds"]
        for account, _ in poll.seats:
            self.reputation.record(account, int(account in signed), int(account not in signed), self.epoch)
        for account in signed:
            self.bank.lock(account, self.now, until)
        for name in record.rejected:
            self.bank.slash(accounts[name], self.parameters["stake_at_risk"])
            self.reputation.record(accounts[name], 0, 1, self.epoch)
        if poll.seats:
            self._release(record.training, poll.submitted)
        void = not set(record.rejected).isdisjoint(poll.survivors)
        paid: dict[bytes, int] = {}
        if not void:
            formula = self.parameters.formula
            weights = []
            for name, examples, gain in zip(poll.survivors, record.examples, record.gains, strict=True):
                weights.append((accounts[name], formula.weight(examples, gain)))
                self.reputation.record(accounts[name], 1, 0, self.epoch)
            stakes = [(account, signed.get(account, 0)) for account, _ in poll.seats]
            paid = self.bank.distribute(formula, self.parameters["round_cap"], weights, stakes)
        self.settled[record.training, record.round] = Settled(
            tuple(signed), record.rejected, paid if self.history else {}, void
        )

    def _equivocation(self, record: Equivocation, signer: bytes) -> None:
        poll = self._poll(record.training, record.round)
        first, second = record.envelopes()
        for envelope in (first, second):
            Attestation.read(envelope).must_name(self.id, record.training, record.round)
        if first.signer != record.accused or second.signer != record.accused:
            raise LedgerError("the attestations in it are not both signed by the accused")
        if Attestation.read(first).verdict == Attestation.read(second).verdict:
            raise LedgerError("the attestations in it are of one verdict: that is no equivocation")
        if record.accused not in dict(poll.seats):
            raise LedgerError("the accused had no seat in that round")
        taken = self.bank.slash(record.accused, self.bank.positions[record.accused].slashable, signer)
        self.convicted[record.training, record.round, record.accused] = taken


_ACTS: dict[type[AccountAct], Callable[[Economy, Any, bytes], None]] = {
    Transfer: Economy._transfer,
    Stake: Economy._stake,
    Claim: Economy._claim,
    Validator: Economy._validator,
    Delegation: Economy._delegation,
    Proposal: Economy._proposal,
    Vote: Economy._vote,
    Execution: Economy._execution,
}
