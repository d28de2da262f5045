"""Which record may follow which: the life of a job, as a state machine over its records.

terms -> every member accepts -> setup phases 1 and 2 -> every member confirms -> datasets -> beacon -> rounds ->
finish. A record out of order, twice, or signed by somebody who may not is refused here, on append and again on verify.
What needs arithmetic (proofs, openings, contributions) is the verifiers' business; signatures are checked by the
caller, in bulk.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from pyzkfl import encoding
from pyzkfl.encoding import Envelope, Kind
from pyzkfl.errors import DecodeError, LedgerError
from pyzkfl.ledger.blocks import Block
from pyzkfl.ledger.economy import Economy
from pyzkfl.ledger.economy_records import EconomyRecord, EconomyTerms, Equivocation, Verdict
from pyzkfl.ledger.records import (
    Aggregate,
    Beacon,
    BeaconCommit,
    BeaconReveal,
    Dataset,
    Finish,
    JobTerms,
    MemberAccepted,
    MemberAct,
    Record,
    Refusal,
    RoundStart,
    SetupContribution,
    SetupFinal,
    Submission,
    Void,
    Weights,
    read_record,
)

__all__ = ["SURVIVORS_MIN", "Entry", "JobState", "Rules", "signatures_hold"]

SURVIVORS_MIN = 3  # a sum over fewer members would speak about single ones


class _Broken(Exception):
    """A rule that does not hold; the caller says for which record."""


def _need(condition: bool, why: str) -> None:
    if not condition:
        raise _Broken(why)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A record taken apart, with its signer and the member's message that it carries, if any."""

    record: Record
    envelope: Envelope
    message_envelope: Envelope | None = None
    message: Any = None
    attestations: Sequence[Envelope] = ()

    @staticmethod
    def read(envelope: Envelope) -> Entry:
        """Parse record and evidence; DecodeError or UnsupportedVersion. No signature is checked here."""
        record = read_record(envelope.artefact)
        if isinstance(record, (Verdict, Equivocation)):
            return Entry(record, envelope, attestations=record.envelopes())
        carried = record.message if isinstance(record, MemberAct) else b""
        if isinstance(record, Refusal):
            carried = record.evidence
        if not carried and not isinstance(record, MemberAct):
            return Entry(record, envelope)
        inner = Envelope.from_bytes(carried)
        message = encoding.decode(Kind.MESSAGE, inner.artefact)
        encoding.expect_map(message, ("type", "job", "round", "body"))
        encoding.expect_type(message, "body", dict)
        return Entry(record, envelope, inner, message)

    def signed_items(self) -> list[tuple[bytes, bytes, bytes]]:
        """The signatures that must hold: the record's, that of the member's message, those of attestations."""
        items = [self.envelope.signed_item()]
        if self.message_envelope is not None:
            items.append(self.message_envelope.signed_item())
        items += [attestation.signed_item() for attestation in self.attestations]
        return items


def signatures_hold(entries: Sequence[Entry]) -> list[bool]:
    """Whether all signatures of each entry hold, in order."""
    groups = [entry.signed_items() for entry in entries]
    results = iter(encoding.verify_signatures([item for group in groups for item in group]))
    return [all(list(itertools.islice(results, len(group)))) for group in groups]


def _read_terms(record: JobTerms) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The Job's map and its members' keys, as far as the ledger needs them."""
    _need(encoding.digest(record.document) == record.job, "its document has another digest")
    try:
        document = encoding.decode(Kind.JOB, record.document)
        encoding.expect_type(document, "members", list)
        for name in ("verifying_key", "commitment_key", "setup"):
            encoding.expect_type(document, name, bytes)
    except DecodeError as error:
        raise _Broken(f"its document is not a job: {error}") from None
    members: dict[str, bytes] = {}
    for entry in document["members"]:
        good = type(entry) is list and [type(part) for part in entry] == [str, bytes] and len(entry[1]) == 32
        _need(good, "a member in its document is not a pair of name and public key")
        members[entry[0]] = entry[1]
    _need(len(set(members.values())) == len(document["members"]), "a name or a key appears twice among its members")
    _need(len(members) >= SURVIVORS_MIN, f"a job needs at least {SURVIVORS_MIN} members")
    _need(
        not any(document[name] for name in ("verifying_key", "commitment_key", "setup")), "it is bound to keys already"
    )
    return document, members


class JobState:
    """Where one job stands. Memory: its members, and the submissions of the round that is open."""

    def __init__(self, entry: Entry) -> None:
        record = entry.record
        if not isinstance(record, JobTerms):
            raise _Broken("the ledger has no job of this digest")
        self.job = record.job
        self.coordinator = entry.envelope.signer
        self.document, self.members = _read_terms(record)
        self.bound = b""  # digest of the job with its keys
        self.phase = "joining"
        self.active = set(self.members)  # members that were not removed
        self.attempt = 0
        self.next_round = 0
        self.weights: bytes | None = None
        self.submissions: set[str] = set()
        self._done: set[str] = set()  # members that did what the phase waits for

    def resume(self, start: RoundStart) -> None:
        """Continue at a recorded round, whose own records follow: used when a ledger is opened again."""
        self.next_round, self.weights = start.round, start.weights

    def apply(self, entry: Entry) -> None:
        """Take the next record, or raise LedgerError saying which rule it breaks; the state is then unusable."""
        try:
            self._apply(entry)
        except _Broken as broken:
            raise LedgerError(f"{entry.record}: {broken}") from None

    def _apply(self, entry: Entry) -> None:
        record, signer = entry.record, entry.envelope.signer
        if isinstance(record, Refusal):
            return self._refusal(record, entry)
        _need(signer == self.coordinator, f"signed by {signer.hex()[:16]}..., who is not the job's coordinator")
        _need(self.phase != "finished", "the job is finished")
        if isinstance(record, MemberAct):
            self._member_act(record, entry)
        rule = _RULES.get(type(record))
        if rule is None:
            raise _Broken("the job is on the ledger already")
        rule(self, record)

    # -- what a member did -------------------------------------------------------------------------------------

    def _member_act(self, record: MemberAct, entry: Entry) -> None:
        """The member's own signed message must say what the record says."""
        if isinstance(record, SetupFinal):
            keys = {name: getattr(record, name) for name in ("verifying_key", "commitment_key", "setup")}
            bound = encoding.digest(encoding.encode(Kind.JOB, {**self.document, **keys}))
            _need(self.bound in (b"", bound), "its keys are not those that the other members confirmed")
            self.bound = bound
        message, inner = entry.message, entry.message_envelope
        if inner is None:
            raise _Broken("it carries no message of the member")
        _need(record.member in self.active, "no such member takes part in the job")
        _need(inner.signer == self.members[record.member], "the message in it is not signed by that member")
        job = self.job if isinstance(record, MemberAccepted) else self.bound
        _need(message["job"] == job, "the message in it belongs to another job")
        _need(message["type"] == record.MESSAGE_TYPE, "the message in it is of another type")
        _need(message["round"] == record.message_round, "the message in it belongs to another round")
        contradiction = record.contradiction(message["body"], self.bound)
        _need(contradiction is None, f"the member's message says otherwise: {contradiction}")

    def _everybody(self, phase: str, name: str, following: str) -> None:
        """One act of each active member, in any order; the phase ends with the last."""
        _need(self.phase == phase, f"this does not belong here: the job is {self.phase}")
        _need(name in self.active, "no such member takes part in the job")
        _need(name not in self._done, "it is on the ledger already")
        self._done.add(name)
        self._advance(following)

    def _advance(self, following: str) -> None:
        if self._done >= self.active:
            self.phase, self._done = following, set()

    def _accepted(self, record: MemberAccepted) -> None:
        self._everybody("joining", record.member, "in setup phase 1")

    def _contribution(self, record: SetupContribution) -> None:
        following = "in setup phase 2" if record.phase == 1 else "confirming the setup"
        self._everybody(f"in setup phase {record.phase}", record.member, following)

    def _final(self, record: SetupFinal) -> None:
        self._everybody("confirming the setup", record.member, "registering datasets")

    def _dataset(self, record: Dataset) -> None:
        _need(record.batches >= 1 and record.rows >= 1, "the dataset is empty")
        self._everybody("registering datasets", record.member, "committing to the beacon")

    def _commit(self, record: BeaconCommit) -> None:
        _need(record.attempt == self.attempt, f"the beacon is at attempt {self.attempt}")
        self._everybody("committing to the beacon", record.member, "revealing the beacon")

    def _reveal(self, record: BeaconReveal) -> None:
        _need(record.attempt == self.attempt, f"the beacon is at attempt {self.attempt}")
        self._everybody("revealing the beacon", record.member, "waiting for the beacon")

    def _beacon(self, record: Beacon) -> None:
        _need(self.phase == "waiting for the beacon", f"this does not belong here: the job is {self.phase}")
        _need(record.attempt == self.attempt, f"the beacon is at attempt {self.attempt}")
        self.phase = "between rounds"

    # -- rounds ------------------------------------------------------------------------------------------------

    def _in_round(self, number: int, phase: str) -> None:
        good = self.phase == phase and number == self.next_round
        _need(good, f"this does not belong here: the job is {self.phase}, next round {self.next_round}")

    def _round_start(self, record: RoundStart) -> None:
        self._in_round(record.round, "between rounds")
        _need(self.weights in (None, record.weights), "its weights are not those that the round before left")
        self.weights = record.weights
        self.submissions = set()
        self.phase = "in a round"

    def _submission(self, record: Submission) -> None:
        self._in_round(record.round, "in a round")
        _need(record.member not in self.submissions, "this member's submission of the round is on the ledger already")
        self.submissions.add(record.member)

    def _void(self, record: Void) -> None:
        self._in_round(record.round, "in a round")
        self._end_round()

    def _aggregate(self, record: Aggregate) -> None:
        self._in_round(record.round, "in a round")
        _need(len(record.survivors) >= SURVIVORS_MIN, f"a sum needs at least {SURVIVORS_MIN} survivors")
        foreign = [name for name in record.survivors if name not in self.submissions]
        _need(not foreign, f"no submission of {', '.join(map(repr, foreign))} is on the ledger")
        self.phase = "waiting for the weights"

    def _weights(self, record: Weights) -> None:
        self._in_round(record.round, "waiting for the weights")
        self.weights = record.weights
        self._end_round()

    def _end_round(self) -> None:
        self.next_round += 1
        self.submissions = set()
        self.phase = "between rounds"

    def _finish(self, record: Finish) -> None:
        self._in_round(record.rounds, "between rounds")
        _need(self.weights in (None, record.weights), "its weights are not those that the last round left")
        self.phase = "finished"

    # -- refusals ----------------------------------------------------------------------------------------------

    def _refusal(self, record: Refusal, entry: Entry) -> None:
        signer = entry.envelope.signer
        _need(self.phase != "finished", "the job is finished")
        by_member = signer in self.members.values()
        _need(by_member or signer == self.coordinator, "signed by somebody who does not take part in the job")
        _need(record.member == "" or record.member in self.members, "no such member takes part in the job")
        current = self._current_round()
        # The last answers of a round may be refused after its weights are out. Numbers are kept apart by the key.
        _need(record.round in (current, current - 1), f"the job is in round {current}")
        if record.evidence:
            self._evidence(record, entry)
        if record.removed:
            self._remove(record, by_member)

    def _evidence(self, record: Refusal, entry: Entry) -> None:
        """Only what the accused signed itself, in this round of this job: anything else would accuse for nothing."""
        inner, message = entry.message_envelope, entry.message
        if inner is None:
            raise _Broken("it carries no message of the accused")
        accused = self.members[record.member] if record.member else self.coordinator
        _need(inner.signer == accused, "the evidence in it is not signed by the accused")
        _need(message["job"] == self.bound, "the evidence in it belongs to another job")
        _need(message["round"] == record.round, "the evidence in it belongs to another round")
        submission = message["type"] == Submission.MESSAGE_TYPE
        _need(submission or not record.member, "the evidence against a member is a submission")

    def _current_round(self) -> int:
        before = self.phase not in ("between rounds", "in a round", "waiting for the weights")
        return -1 if before else self.next_round

    def _remove(self, record: Refusal, by_member: bool) -> None:
        _need(not by_member, "only the coordinator removes a member")
        _need(
            self.phase in ("committing to the beacon", "revealing the beacon"), "members are removed by the beacon only"
        )
        _need(record.member in self.active and record.member not in self._done, "the member did what was due")
        _need(len(self.active) > SURVIVORS_MIN, f"fewer than {SURVIVORS_MIN} members would remain")
        self.active.remove(record.member)
        self.attempt += 1
        self._done = set()
        self.phase = "committing to the beacon"


_RULES: dict[type[Record], Callable[[JobState, Any], None]] = {
    MemberAccepted: JobState._accepted,
    SetupContribution: JobState._contribution,
    SetupFinal: JobState._final,
    Dataset: JobState._dataset,
    BeaconCommit: JobState._commit,
    BeaconReveal: JobState._reveal,
    Beacon: JobState._beacon,
    RoundStart: JobState._round_start,
    Submission: JobState._submission,
    Void: JobState._void,
    Aggregate: JobState._aggregate,
    Weights: JobState._weights,
    Finish: JobState._finish,
}


class Rules:
    """All jobs of a ledger, and its economy. Call `begin_block`, `apply` for each of its records, `end_block`.

    load: gives the state of a job not seen yet from storage, or None.
    """

    def __init__(self, load: Callable[[bytes], JobState | None] | None = None) -> None:
        self._states: dict[bytes, JobState] = {}
        self._finished: set[bytes] = set()
        self.load = load
        self._first = self._sequence = self._time_ms = 0
        self.economy: Economy | None = None

    def begin_block(self, first: int, time_ms: int) -> None:
        """A block with these records from sequence `first` follows."""
        self._first = self._sequence = first
        self._time_ms = time_ms
        if self.economy is not None:
            self.economy.journal.begin()
            self.economy.begin_block(time_ms)

    def end_block(self, block: Block) -> None:
        """Its records were all taken."""
        if self.economy is not None:
            self.economy.end_block(block.hash)
            self.economy.journal.end()

    def undo_block(self) -> None:
        """Its records are not taken after all: the economy is as before it, and jobs are loaded again."""
        self._states, self._finished = {}, set()
        if self._first == 0:
            self.economy = None
        if self.economy is not None:
            self.economy.journal.undo()

    def apply(self, entry: Entry) -> None:
        """Take the next record of the ledger, or raise LedgerError; the block must then be undone."""
        if isinstance(entry.record, EconomyRecord):
            self._apply_economy(entry.record, entry)
        else:
            self._apply_job(entry)
        self._sequence += 1

    def _apply_economy(self, record: EconomyRecord, entry: Entry) -> None:
        try:
            if self.economy is not None:
                self.economy.apply(record, entry.envelope.signer)
            elif isinstance(record, EconomyTerms) and self._sequence == 0:
                self.economy = Economy(record)
                self.economy.begin_block(self._time_ms)
            else:
                raise LedgerError("the ledger has no economy: its first record founds one")
        except LedgerError as error:
            raise LedgerError(f"{record}: {error}") from None

    def _apply_job(self, entry: Entry) -> None:
        record, job = entry.record, entry.record.job
        state = self._states.get(job)
        if state is None and job in self._finished:
            raise LedgerError(f"{record}: the job is finished")
        if state is None and self.load is not None:
            state = self.load(job)
        if state is None:
            try:
                state = JobState(entry)
            except _Broken as broken:
                raise LedgerError(f"{record}: {broken}") from None
        else:
            state.apply(entry)
        if state.phase == "finished":
            self._states.pop(job, None)
            self._finished.add(job)
        else:
            self._states[job] = state
        if self.economy is not None:
            try:
                self.economy.training(record, state.members, state.phase, state.document)
            except LedgerError as error:
                raise LedgerError(f"{record}: {error}") from None
