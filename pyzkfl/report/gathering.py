"""What a report says, read from a ledger in one pass: jobs, rounds, proofs with their verdicts, the economy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pyzkfl import encoding
from pyzkfl.encoding import Kind
from pyzkfl.errors import LedgerError, PyzkflError
from pyzkfl.ledger import (
    Aggregate,
    Economy,
    JobTerms,
    Ledger,
    Refusal,
    RoundStart,
    StoredRecord,
    Submission,
    Void,
)

__all__ = ["AccountReport", "JobReport", "Report", "RoundReport", "gather"]


@dataclasses.dataclass
class RoundReport:
    """A round. proofs: member -> "accepted", "submitted" or the check that refused it; reasons: of refusals.

    ended: "open", "aggregated", "void: why"; committee: "" or what it found; paid: account -> units.
    """

    number: int
    proofs: dict[str, str] = dataclasses.field(default_factory=dict)
    proof_bytes: dict[str, int] = dataclasses.field(default_factory=dict)
    reasons: dict[str, str] = dataclasses.field(default_factory=dict)
    ended: str = "open"
    committee: str = ""
    paid: Mapping[bytes, int] = dataclasses.field(default_factory=dict)
    accuracy: float | None = None

    def count(self, *verdicts: str) -> int:
        """How many proofs have one of these verdicts."""
        return sum(verdict in verdicts for verdict in self.proofs.values())

    @property
    def refused(self) -> int:
        return len(self.proofs) - self.count("accepted", "submitted")


@dataclasses.dataclass
class JobReport:
    """A job. members: name -> public key."""

    job: bytes
    name: str
    members: dict[str, bytes]
    rounds: list[RoundReport] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class AccountReport:
    """An account of the economy; mean and deviation in units of 10^-9."""

    name: str
    account: bytes
    balance: int
    owed: int
    bonded: int
    unbonding: int
    earned: int
    mean: int
    deviation: int
    votes: int
    validator: bool


@dataclasses.dataclass
class Report:
    """Everything on the page. problem: why the ledger does not hold, empty when it does."""

    ledger: str
    operator: str
    blocks: int
    records: int
    sealed: bool
    problem: str
    jobs: list[JobReport]
    economy: Economy | None
    accounts: list[AccountReport]
    figures: Mapping[str, float] = dataclasses.field(default_factory=dict)


def _job(stored: StoredRecord, record: JobTerms) -> JobReport:
    try:
        document: dict[str, Any] = encoding.decode(Kind.JOB, record.document)
        members = dict(document["members"])
        name = str(document.get("name", ""))
    except (PyzkflError, KeyError, TypeError, ValueError):
        members, name = {}, ""
    return JobReport(record.job, name, members)


def _take(jobs: dict[bytes, JobReport], stored: StoredRecord) -> None:
    record = stored.record
    if isinstance(record, JobTerms):
        jobs[record.job] = _job(stored, record)
    job = jobs.get(record.job)
    if job is None:
        return
    if isinstance(record, RoundStart):
        job.rounds.append(RoundReport(record.round))
    number = getattr(record, "round", -1)
    if not job.rounds or not 0 <= number <= job.rounds[-1].number:
        return
    round_ = job.rounds[number - job.rounds[0].number]
    if isinstance(record, Submission):
        round_.proofs[record.member] = "submitted"
        round_.proof_bytes[record.member] = _proof_bytes(record)
    elif isinstance(record, Refusal):
        name = record.member or "the coordinator"
        if round_.proofs.get(name) != "accepted":
            round_.proofs[name] = record.check
        round_.reasons[name] = record.reason
    elif isinstance(record, Aggregate):
        round_.proofs.update(dict.fromkeys(record.survivors, "accepted"))
        round_.ended = "aggregated"
    elif isinstance(record, Void):
        round_.ended = f"void: {record.reason}"


def _proof_bytes(record: Submission) -> int:
    try:
        message = encoding.Envelope.from_bytes(record.message)
        proof = encoding.decode(Kind.MESSAGE, message.artefact)["body"]["proof"]
        return len(proof)
    except (PyzkflError, KeyError, TypeError):
        return 0


def _accounts(economy: Economy, jobs: Sequence[JobReport]) -> list[AccountReport]:
    names: dict[bytes, str] = {}
    for job in jobs:
        for name, account in job.members.items():
            names.setdefault(account, name)
    earned: dict[bytes, int] = {}
    for settled in economy.settled.values():
        for account, amount in (settled.paid if settled else {}).items():
            earned[account] = earned.get(account, 0) + amount
    bank, assembly = economy.bank, economy.assembly
    known = {*bank.balances, *bank.positions, *bank.owed, *economy.reputation.scores, *assembly.votes, *names}
    out = []
    for account in sorted(known, key=lambda a: (a not in names, names.get(a, ""), a)):
        position, (mean, deviation) = bank.positions[account], economy.reputation.estimate(account, economy.epoch)
        out.append(
            AccountReport(
                name=names.get(account, account.hex()[:12]),
                account=account,
                balance=bank.balances[account],
                owed=bank.owed[account],
                bonded=position.bonded,
                unbonding=position.unbonding,
                earned=earned.get(account, 0),
                mean=mean,
                deviation=deviation,
                votes=assembly.votes[account],
                validator=account in economy.validators.accounts,
            )
        )
    return out


def _add_findings(economy: Economy, jobs: Mapping[bytes, JobReport]) -> None:
    for (training, number), settled in economy.settled.items():
        job = jobs.get(training)
        if job is None or settled is None:
            continue
        for round_ in job.rounds:
            if round_.number == number:
                found = f"final, {len(settled.signed)} signed"
                if settled.rejected:
                    found += f"; rejected: {', '.join(settled.rejected)}"
                    round_.proofs.update(dict.fromkeys(settled.rejected, "rejected by the committee"))
                round_.committee, round_.paid = found, settled.paid


def gather(ledger: Ledger, figures: Mapping[str, Any] | None = None) -> Report:
    """Read and verify a ledger. figures: what `pyzkfl demo --json` printed; the accuracy is not on the ledger.

    A ledger that does not hold is reported with the reason, as far as it can be read.
    """
    head = ledger.head()
    sealed, problem = False, ""
    try:
        sealed = ledger.verify().sealed
    except LedgerError as error:
        problem = str(error)
    jobs: dict[bytes, JobReport] = {}
    economy, accounts = None, []
    try:
        for stored in ledger.records():
            _take(jobs, stored)
        economy = ledger.economy()
    except LedgerError as error:
        problem = problem or str(error)
    if economy is not None:
        _add_findings(economy, jobs)
        accounts = _accounts(economy, list(jobs.values()))
    numbers = {name: value for name, value in (figures or {}).items() if type(value) in (int, float)}
    _add_accuracy(list(jobs.values()), (figures or {}).get("accuracy_rounds"))
    return Report(
        ledger=head.block.hash.hex(),
        operator=head.block.operator.hex(),
        blocks=head.block.height + 1,
        records=head.block.next_sequence,
        sealed=sealed,
        problem=problem,
        jobs=list(jobs.values()),
        economy=economy,
        accounts=accounts,
        figures=numbers,
    )


def _add_accuracy(jobs: Sequence[JobReport], values: object) -> None:
    if not isinstance(values, list) or not jobs:
        return
    for round_, value in zip(jobs[-1].rounds, values, strict=False):
        round_.accuracy = float(value) if type(value) in (int, float) else None
