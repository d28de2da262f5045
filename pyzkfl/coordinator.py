"""The coordinator: runs the protocol, verifies every proof, unmasks only the sum, records everything.

It is trusted with nothing but liveness: members verify the setup, each other's proofs and every opened sum
themselves. docs/protocol.md sections 4 to 6 describe the steps in this order.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import beacon, ceremony, messages, proofs
from pyzkfl.aggregation import HomomorphicSum, MaskedSum, make_sum_key
from pyzkfl.dataset import DatasetCommitment
from pyzkfl.errors import (
    BeaconInvalid,
    DecodeError,
    LedgerError,
    NotEnoughClients,
    ParameterError,
    ProtocolError,
    PyzkflError,
    SetupInvalid,
)
from pyzkfl.evidence import Claim
from pyzkfl.homomorphic_sum import SumKey, number_of_keys
from pyzkfl.job import SURVIVORS_MIN, Job
from pyzkfl.messages import Evidence, Message, Type
from pyzkfl.proofs import Aggregate, Opening, Submission, Submissions
from pyzkfl.recorder import Recorder
from pyzkfl.setup_files import SetupFiles
from pyzkfl.setup_states import Arriving, State, in_parts, part, reference
from pyzkfl.statement import Statement, weights_digest
from pyzkfl.transport import Channel
from pyzkfl.velocities import Velocities

__all__ = ["Coordinator", "Round", "RoundReport"]


def _readable(text: str) -> str:
    """Text of somebody else, for logs and records: printable, at most 400 characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:400])


Event = Callable[[str, dict[str, Any]], None]


@dataclasses.dataclass(frozen=True)
class RoundReport:
    """What happened in a round: survivors in the sum, who dropped out and where, who was refused and why."""

    round: int
    aggregate: Aggregate | None
    dropped: dict[str, str]  # name -> phase after which nothing came
    refused: list[tuple[str, str, str]]  # (name, error class, message)
    verify_seconds: float
    proof_bytes: int


class Coordinator:
    """Runs a job over a channel.

    terms: the job before the setup. identity: the coordinator's key. channel: see pyzkfl.transport. recorder: writes
    to a ledger (None: nothing is recorded). on_event: called with a name and a map, for progress displays. setups:
    where to keep the setup once it is verified, for a later run.
    """

    def __init__(
        self,
        terms: Job,
        identity: Any,
        channel: Channel,
        *,
        recorder: Recorder | None = None,
        on_event: Event | None = None,
        setups: SetupFiles | None = None,
    ) -> None:
        self.job = terms
        self.weights: npt.NDArray[np.int64] = terms.initial_weights()
        self.reports: list[RoundReport] = []
        self.keys: ceremony.Keys | None = None
        self.beacon = b""
        self.sum_keys: list[SumKey] = []  # where the job sums homomorphically
        self.bytes_up: dict[str, int] = {}  # bytes received from each member in rounds
        self._identity = identity
        self._channel = channel
        self._setups = setups
        self._recorder = recorder or Recorder(None)
        self._event = on_event or (lambda name, values: None)
        self._datasets: dict[str, DatasetCommitment] = {}
        self._evidence: list[Evidence] = []
        self._velocities = Velocities()  # of all members, where the job carries momentum
        self._seen: dict[str, int] = {}  # member -> last round whose sum it has confirmed

    # -- asking ----------------------------------------------------------------------------------------------------

    def _seal(self, type_: Type, body: dict[str, Any], round_: int = 0) -> bytes:
        job = b"" if type_ is Type.TERMS else self.job.digest
        return Message(type_, job, round_, body).seal(self._identity)

    def _ask(
        self, requests: Mapping[str, bytes], answer: Type, round_: int = 0
    ) -> tuple[dict[str, tuple[Message, bytes]], dict[str, PyzkflError]]:
        """Send requests; (opened and sealed answer by name), and the errors of those that answered something else."""
        answers: dict[str, tuple[Message, bytes]] = {}
        errors: dict[str, PyzkflError] = {}
        for name, data in self._channel.exchange(requests).items():
            self.bytes_up[name] = self.bytes_up.get(name, 0) + len(data)
            try:
                message = Message.open(data, signer=self.job.members[self.job.index_of(name)].public_key)
                if message.type is Type.REFUSED:
                    raise ProtocolError(
                        f"{name} refused: {_readable(message.body['error'])}: {_readable(message.body['message'])}"
                    )
                if message.job != self.job.digest:
                    raise ProtocolError(f"{name} answered for another job")
                if message.type is not answer or message.round != round_:
                    raise ProtocolError(f"{name} answered {message.type.name} where {answer.name} was due")
                answers[name] = (message, data)
            except PyzkflError as error:
                errors[name] = error
        return answers, errors

    def _ask_everybody(self, requests: Mapping[str, bytes], answer: Type) -> dict[str, tuple[Message, bytes]]:
        """As `_ask`, for the steps before the first round, which need every member."""
        answers, errors = self._ask(requests, answer)
        for error in errors.values():
            raise error
        missing = set(requests) - set(answers)
        if missing:
            raise ProtocolError(f"no answer from {', '.join(sorted(missing))}, and this step needs every member")
        return answers

    def _to_all(self, type_: Type, body: dict[str, Any]) -> dict[str, bytes]:
        sealed = self._seal(type_, body)
        return {member.name: sealed for member in self.job.members}

    # -- before the first round --------------------------------------------------------------------------------------

    def run_setup(self) -> ceremony.Keys:
        """Every member contributes to both phases, every member verifies the end. SetupInvalid names who fails."""
        self._recorder.terms(self.job)
        accepted = self._ask_everybody(self._to_all(Type.TERMS, {"job": self.job.to_bytes()}), Type.ACCEPT_TERMS)
        for name, (message, data) in accepted.items():
            if message.body["terms"] != self.job.terms_digest:
                raise ProtocolError(f"{name} accepted other terms")
            self._recorder.accepted(name, data)
        run = ceremony.Ceremony(self.job)
        count = 2 * len(self.job.members)
        for phase in (1, 2):
            run.begin(phase)
            for index, member in enumerate(self.job.members):
                stage = run.stage
                self._send_parts(member.name, stage.state, stage.phase1)
                request = self._seal(Type.CONTRIBUTE, stage.to_object())
                message, _ = self._ask_everybody({member.name: request}, Type.CONTRIBUTION)[member.name]
                if message.body["phase"] != phase:
                    raise SetupInvalid(f"{member.name} contributed to another phase")
                run.accept(self._fetch_parts(member.name, message.body["state"], phase), message.body["record"])
                self._recorder.contribution(member.name, phase, message.body["record"])
                self._event("setup", {"done": (phase - 1) * len(self.job.members) + index + 1, "of": count})
        transcript = run.transcript()
        self.keys = transcript.verify(self.job)
        if self._setups is not None:
            self._setups.put(transcript)
        for member in self.job.members:
            self._send_parts(member.name, transcript.phase1, transcript.phase2)
        requests = self._to_all(Type.SETUP_FINAL, transcript.to_object())
        self.job = self.keys.bind(self.job)
        verified = self._ask_everybody(requests, Type.SETUP_VERIFIED)
        for name, (message, data) in verified.items():
            if message.body["job"] != self.job.digest:
                raise SetupInvalid(f"{name} derived other keys from the setup")
            self._recorder.setup_verified(name, self.job, data)
        self._recorder.flush()
        self._event("setup_done", {"job": self.job.digest.hex()})
        return self.keys

    def _send_parts(self, name: str, *states: State) -> None:
        """The states that the next message to this member names by their SHA-256, but for what it has of them."""
        for state in states:
            if not in_parts(len(state)):
                continue
            digest, at, data = reference(state), 0, b""
            while True:
                body = {"state": digest, "size": len(state), "at": at, "data": data}
                request = self._seal(Type.SETUP_PART, body)
                message, _ = self._ask_everybody({name: request}, Type.SETUP_PART_SEEN)[name]
                have = message.body["at"]
                if message.body["state"] != digest or (data and have != at + len(data)):
                    raise ProtocolError(f"{name} did not keep a part of the setup")
                if have == len(state):
                    break
                at, data = have, part(state, have)

    def _fetch_parts(self, name: str, value: bytes, phase: int) -> State:
        """A contribution that a member names by its SHA-256. SetupInvalid names who sends anything else."""
        size = ceremony.state_bytes(self.job, phase)
        if len(value) != 32 or not in_parts(size):
            return value
        arriving = Arriving(size)
        while arriving.have < size:
            request = self._seal(Type.SETUP_NEXT, {"state": value, "at": arriving.have})
            message, _ = self._ask_everybody({name: request}, Type.SETUP_PART)[name]
            body = message.body
            if (body["state"], body["size"], body["at"]) != (value, size, arriving.have) or not body["data"]:
                raise SetupInvalid(f"{name} sent another part of its contribution to phase {phase} than the next one")
            try:
                arriving.write(body["data"])
            except DecodeError as error:
                raise SetupInvalid(f"{name}: {error}") from error
        state, digest = arriving.finish()
        if digest != value:
            raise SetupInvalid(f"{name} sent other parts than those of its contribution to phase {phase}")
        return state

    def use_setup(self, keys: ceremony.Keys) -> None:
        """Go on from the setup that this job is bound to and all members verified in a run before, in place of
        `run_setup`. ParameterError when the keys are not the job's."""
        keys.expect(self.job)
        self._recorder.terms(self.job)
        self.keys = keys

    def run_registration(self) -> None:
        """Members commit to their datasets; then, and only then, the beacon is made; then, where the job sums
        homomorphically, the members' key."""
        keys = self._need_keys()
        answers = self._ask_everybody(self._to_all(Type.JOB, {"job": self.job.to_bytes()}), Type.REGISTER)
        for name, (message, data) in answers.items():
            dataset = DatasetCommitment.from_object(message.body["batches"])
            dataset.verify(self.job, keys)
            self._datasets[name] = dataset
            self._recorder.dataset(name, dataset, data)
        self._recorder.flush()
        registrations = [[name, data] for name, (_, data) in answers.items()]
        answers = self._ask_everybody(
            self._to_all(Type.REGISTRATIONS, {"registrations": registrations}), Type.BEACON_COMMIT
        )
        commitments = {name: message.body["commitment"] for name, (message, _) in answers.items()}
        for name, commitment in commitments.items():
            if len(commitment) != 32:
                raise BeaconInvalid(f"the beacon commitment of {name!r} does not have 32 bytes")
        for name, (message, data) in answers.items():
            self._recorder.beacon_commit(name, message, data)
        self._recorder.flush()  # commitments are durable before anybody is asked to reveal
        entries = [[name, data] for name, (_, data) in answers.items()]
        answers = self._ask_everybody(
            self._to_all(Type.BEACON_COMMITMENTS, {"commitments": entries}), Type.BEACON_REVEAL
        )
        reveals = {name: message.body["nonce"] for name, (message, _) in answers.items()}
        for name, (message, data) in answers.items():
            self._recorder.beacon_reveal(name, message, data)
        roots = {name: dataset.root for name, dataset in self._datasets.items()}
        self.beacon = self._combine(roots, commitments, reveals)
        entries = [[name, data] for name, (_, data) in answers.items()]
        answers = self._ask_everybody(self._to_all(Type.BEACON, {"reveals": entries}), Type.BEACON_SEEN)
        for name, (message, _) in answers.items():
            if message.body["beacon"] != self.beacon:
                raise ProtocolError(f"{name} computed another beacon")
        self._recorder.beacon(self.beacon)
        self.sum_keys = [make_sum_key(self, self.beacon, number) for number in range(number_of_keys(self.job))]
        self._event("registered", {"batches": {name: len(d.batches) for name, d in self._datasets.items()}})

    def _combine(
        self, roots: Mapping[str, bytes], commitments: Mapping[str, bytes], reveals: Mapping[str, bytes]
    ) -> bytes:
        """The beacon of everybody's reveals."""
        return beacon.combine(self.job, roots, commitments, reveals)

    def _need_keys(self) -> ceremony.Keys:
        if self.keys is None:
            raise ProtocolError("run the setup first")
        return self.keys

    # -- a round -------------------------------------------------------------------------------------------------------

    def expected_statement(self, round_: int, name: str, update_commitment: bytes, following: bytes = b"") -> Statement:
        """The statement that a member has to prove, from the coordinator's own state; only C(D) is the member's, and
        C(V') where momentum is carried (`following`)."""
        return self._datasets[name].statement(
            self.job,
            round_=round_,
            client=name,
            beacon=self.beacon,
            weights=self.weights,
            update_commitment=update_commitment,
            velocities=self._velocities.pair(self.job, name, following),
        )

    def read_claim(self, round_: int, name: str, sealed: bytes) -> Claim:
        """A sealed submission with its statement rebuilt from this coordinator's state; DecodeError, ProtocolError."""
        rebuild = functools.partial(self.expected_statement, round_, name)
        return Claim.read(sealed, job=self.job, round_=round_, name=name, rebuild=rebuild)

    def check_claim(self, claim: Claim) -> Submission:
        """Verify the proof. ProofInvalid or DecodeError: the member signed what does not hold (Claim.is_false)."""
        return claim.check(self._need_keys())

    def run_round(self, round_: int) -> RoundReport:
        """One round with whoever is connected. A void round has no aggregate; its reason is in the ledger.

        Raises LedgerError where the ledger cannot take what happened.
        """
        if round_ != len(self.reports):
            raise ParameterError(f"the next round is {len(self.reports)}")
        state = self.round_type(self, round_)
        try:
            report = state.run()
        except LedgerError:  # what cannot be recorded says nothing about the round
            raise
        except PyzkflError as error:  # too few members, a sum that does not open, shares that do not fit: no sum
            report = state.void(error)
        self.reports.append(report)
        return report

    @property
    def round_type(self) -> type[Round]:
        """What runs a round."""
        return Round

    def finish(self) -> None:
        """Tell everybody that the job is over and close the ledger's job."""
        self._recorder.finish(len(self.reports), self.weights)
        self._channel.exchange({name: self._seal(Type.FINISH, {}) for name in self._channel.connected()})


class Round:
    """The state of one round."""

    def __init__(self, coordinator: Coordinator, round_: int) -> None:
        self.c = coordinator
        self.round = round_
        self.job = coordinator.job
        keys = coordinator.sum_keys
        self.sum: MaskedSum | HomomorphicSum = (
            HomomorphicSum(self, keys[round_ if len(keys) > 1 else 0]) if keys else MaskedSum(self)
        )
        self.present = coordinator._channel.connected()
        self.dropped: dict[str, str] = {
            member.name: "absent" for member in self.job.members if member.name not in self.present
        }
        self.refused: list[tuple[str, str, str]] = []
        self.accepted: dict[str, tuple[Submission, bytes]] = {}
        self.signatures: list[list[Any]] = []
        self.verify_seconds: list[float] = []
        self.proof_bytes = 0

    def run(self) -> RoundReport:
        c = self.c
        c._recorder.round_start(self.round, weights_digest(c.weights))
        requests = self.sum.invite()
        self.take_submissions(requests)
        self.retry(requests)
        self.need_survivors()
        self.sum.gather()
        self.need_survivors()
        self.accepted = {name: self.accepted[name] for name in sorted(self.accepted, key=self.job.index_of)}
        entries = [[name, sealed] for name, (_, sealed) in self.accepted.items()]
        self.sum.fix(entries)
        self.collect(
            {name: self.request(Type.SURVIVORS, {"submissions": entries}) for name in self.present},
            Type.SIGNED_SURVIVORS,
            "submission",
        )
        return self.publish(self.sum.reveal(), entries)

    def need_survivors(self) -> None:
        """Go on with those whose submissions are in the sum; NotEnoughClients where they are too few."""
        self.present = [name for name in self.present if name in self.accepted]
        need = max(SURVIVORS_MIN, self.job.threshold)
        if len(self.accepted) < need:
            raise NotEnoughClients(f"round {self.round}: {len(self.accepted)} accepted submissions, {need} are needed")

    def void(self, error: PyzkflError) -> RoundReport:
        """The round has no sum; the weights stay, and nothing but the reason is published."""
        self.c._recorder.void(self.round, _readable(f"{type(error).__name__}: {error}"))
        self.c._event("void", {"round": self.round, "reason": str(error)})
        return self.report(None)

    def request(self, type_: Type, body: dict[str, Any]) -> bytes:
        return self.c._seal(type_, body, self.round)

    def start_body(self, name: str) -> dict[str, Any]:
        seen = self.c._seen.get(name, -1)
        missed = [e.to_object() for e in self.c._evidence if e.round > seen]
        return {"missed": missed, "weights": weights_digest(self.c.weights)}

    def collect(self, requests: Mapping[str, bytes], answer: Type, after: str) -> None:
        """Ask those present, take what they answer for the sum; whoever fails is out of the round."""
        answers, errors = self.c._ask(requests, answer, self.round)
        for name, (message, data) in answers.items():
            try:
                self.sum.take(name, message, data)
                if answer is Type.SIGNED_SURVIVORS:
                    self.signatures.append([name, data])
            except PyzkflError as error:
                errors[name] = error
        for name, reason in errors.items():
            self.refuse(name, reason)
        for name in requests:
            if name not in answers and name not in errors:
                self.dropped[name] = after
        gone = {name for name in requests if name not in answers or name in errors}
        self.present = [name for name in self.present if name not in gone]

    def take_submissions(self, requests: Mapping[str, bytes]) -> None:
        answers, errors = self.c._ask(requests, self.sum.submit, self.round)
        false: dict[str, bytes] = {}  # submissions that say, signed, what does not hold
        for name, (message, data) in answers.items():
            start = time.perf_counter()
            sealed = message.body["submission"]
            try:
                claim = self.c.read_claim(self.round, name, sealed)
                try:
                    submission = self.c.check_claim(claim)
                except PyzkflError as error:
                    if claim.is_false(error):
                        false[name] = sealed
                    raise
                self.verify_seconds.append(time.perf_counter() - start)
                self.sum.take(name, message, data)
            except PyzkflError as error:
                errors[name] = error
                continue
            self.proof_bytes = submission.proof.size
            self.accepted[name] = (submission, sealed)
            self.c._recorder.submission(name, self.round, submission, sealed)
        for name, reason in errors.items():
            self.refuse(name, reason, false.get(name, b""))
        for name in requests:
            if name not in answers and name not in errors:
                self.dropped[name] = self.sum.before

    def retry(self, requests: Mapping[str, bytes]) -> None:
        """Whoever was refused may answer once more: a proof damaged on the way should not cost the round."""
        again = {name for name, _, _ in self.refused if name in requests and name not in self.accepted}
        if again:
            self.take_submissions({name: requests[name] for name in requests if name in again})

    def refuse(self, name: str, error: PyzkflError, evidence: bytes = b"") -> None:
        """Record it. evidence: the member's own sealed submission, where that is what does not hold."""
        self.refused.append((name, type(error).__name__, str(error)))
        self.c._recorder.refusal(name, self.round, type(error).__name__, str(error), evidence)
        self.c._event(
            "refused", {"round": self.round, "client": name, "error": type(error).__name__, "message": str(error)}
        )

    def publish(self, opening: Opening, entries: list[list[Any]]) -> RoundReport:
        c = self.c
        items = tuple(submission for submission, _ in self.accepted.values())
        checked = proofs.aggregate(self.job, Submissions(items, opening, c._need_keys()))
        evidence = Evidence(self.round, entries, self.signatures, messages.write_sum(opening.total), opening.blinder)
        c._recorder.aggregate(checked, evidence)
        c.weights = checked.weights
        c._velocities = c._velocities.after(item.statement for item in items)
        c._evidence.append(evidence)
        body = {"total": evidence.total, "blinder": evidence.blinder}
        answers, errors = c._ask(
            {name: self.request(Type.AGGREGATE, body) for name in self.present}, Type.ROUND_SEEN, self.round
        )
        for name, (message, _) in answers.items():
            if message.body["weights"] == weights_digest(checked.weights):
                c._seen[name] = self.round
            else:
                errors[name] = ProtocolError(f"{name} computed other weights")
        for name, reason in errors.items():
            self.refuse(name, reason)
        return self.report(checked)

    def report(self, checked: Aggregate | None) -> RoundReport:
        median = float(np.median(self.verify_seconds)) if self.verify_seconds else 0.0
        report = RoundReport(self.round, checked, self.dropped, self.refused, median, self.proof_bytes)
        self.c._event(
            "round",
            {
                "round": self.round,
                "survivors": list(checked.survivors) if checked else [],
                "dropped": self.dropped,
                "refused": len(self.refused),
            },
        )
        return report
