"""The setup: contributions of every member, verification by every member, and the keys that come out.

docs/protocol.md section 4; Kohlweiss, Maller, Siim, Volkhov 2021. Contributions are bound to the terms of the job and
to the contributor's name; one honest contributor is enough. The end is verified from the records and the last states.
"""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from pyzkfl import _core, encoding
from pyzkfl.composition_setup import LeafTerms, NodeTerms
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.engine_setup import EvaluationTerms, NormTerms
from pyzkfl.errors import ParameterError, PyzkflError, SetupInvalid
from pyzkfl.job import Job
from pyzkfl.proving_keys import Keys
from pyzkfl.setup_states import State, reference, state_of

__all__ = [
    "Ceremony",
    "InsecureSetupWarning",
    "Keys",
    "Stage",
    "Transcript",
    "contribute",
    "insecure_keys",
    "state_bytes",
]

Progress = Callable[[float], None]
Terms = Job | EvaluationTerms | NormTerms | LeafTerms | NodeTerms  # what a setup is for


class InsecureSetupWarning(UserWarning):
    """Keys made by one party, who could forge proofs with what it knew while making them."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """What a contributor gets: the state so far, the records that led to it, and for phase 2 the end of phase 1."""

    phase: int
    state: State
    records: list[bytes]
    phase1: State = b""
    records1: list[bytes] = dataclasses.field(default_factory=list)

    def to_object(self) -> dict[str, Any]:
        """The body of a CONTRIBUTE message: where a state travels in parts, with its SHA-256 in its place."""
        return {
            "phase": self.phase,
            "state": reference(self.state),
            "records": self.records,
            "phase1": reference(self.phase1),
            "records1": self.records1,
        }

    @staticmethod
    def from_object(body: dict[str, Any]) -> Stage:
        """Read it back; DecodeError when the records are not byte strings."""
        _expect_records(body, "records", "records1")
        return Stage(**body)

    def verify(self, job: Terms, progress: Progress | None = None) -> tuple[Any, bytes]:
        """The state, checked in full as the end of a setup so far; and the digest of the verified phase 1, if any.

        Secrets are multiplied into nothing else: an element that does not belong there would come back as the key
        to a forgery (an extra private wire, say, that equals a committed one). Raises SetupInvalid or DecodeError.
        """
        if self.phase == 1:
            if _owner_of_powers(job) is not job:
                raise SetupInvalid("this setup has the first phase of a training job, and none of its own")
            return _verified_phase1(job, self.state, self.records, len(self.records), progress), b""
        phase1 = _first_phase(job, self.phase1, self.records1, progress)
        constraints = job.constraint_system()
        state = _verified_phase2(job, phase1, constraints, self.state, self.records, len(self.records), progress)
        return state, hashlib.sha256(self.phase1).digest()


def contribute(job: Terms, state: Any, name: str, progress: Progress | None = None) -> tuple[State, bytes]:
    """Multiply fresh secrets into a verified state (Stage.verify); (new state, record). The secrets are gone then."""
    after, record = state.contribute(name, job.terms_digest, progress)
    return state_of(after, state_bytes(job, 1 if isinstance(after, _core.groth16.Phase1) else 2)), record


def state_bytes(job: Terms, phase: int) -> int:
    """How many bytes a state of this phase has: of every state of the setup, and known before one comes."""
    if phase == 2:
        return int(_core.groth16.Phase2.size_bytes(job.constraint_system()))
    owner = _owner_of_powers(job)
    return int(_core.groth16.Phase1.size_bytes(_powers_log_n(owner, owner.constraint_system())))


def _expect_size(found: int, due: int, phase: int) -> None:
    if found != due:
        raise SetupInvalid(f"a state of phase {phase} has {found} bytes, circuit and columns of these terms need {due}")


def _expect_records(body: dict[str, Any], *keys: str) -> None:
    for key in keys:
        if not all(isinstance(record, bytes) for record in body[key]):
            raise encoding.DecodeError(f"setup: {key} must hold byte strings")


def _expect_contributors(job: Terms, phase: int, records: list[bytes], count: int) -> None:
    expected = [(member.name, job.terms_digest) for member in job.members[:count]]
    if [_core.groth16.contributor(record) for record in records] != expected:
        raise SetupInvalid(f"phase {phase} must have one contribution of each member to this job, in order")


def _powers_log_n(job: Terms, constraints: Any) -> int:
    """The first phase is for so many rows: as the circuit needs, and with powers enough for the columns."""
    return max(int(_core.groth16.domain_log_n(constraints)), job.column_log_height)


def _owner_of_powers(job: Terms) -> Terms:
    """Whose first phase a setup is on: its own, that of the job whose commitments it shares, that of a node's leaf."""
    if isinstance(job, NodeTerms):
        return job.leaf
    return job.training or job if isinstance(job, EvaluationTerms) else job


def _first_phase(job: Terms, data: State, records: list[bytes], progress: Progress | None) -> Any:
    """The end of the first phase that this setup is on, verified in full."""
    owner = _owner_of_powers(job)
    if owner is not job:
        _expect_room(job, owner)
    phase1 = _verified_phase1(owner, data, records, len(owner.members), progress)
    if isinstance(job, EvaluationTerms):
        job.expect_powers(phase1)
    return phase1


def _expect_room(job: Terms, owner: Terms) -> None:
    need, room = (_powers_log_n(terms, terms.constraint_system()) for terms in (job, owner))
    if need > room:
        raise ParameterError(
            f"{job.name!r} needs powers of tau for 2^{need} rows, the setup of {owner.name!r} has them for 2^{room}: "
            "evaluate fewer batches in one proof, or make a setup without `training`"
        )


def _verified_phase1(job: Terms, data: State, records: list[bytes], count: int, progress: Progress | None) -> Any:
    _expect_contributors(job, 1, records, count)
    log_n = _powers_log_n(job, job.constraint_system())
    _expect_size(len(data), _core.groth16.Phase1.size_bytes(log_n), 1)  # which fixes its log_n
    state = _core.groth16.Phase1.from_bytes(data)
    problem = state.problem(job.terms_digest, records, progress, may_be_start=count == 0)
    if problem is not None:
        raise SetupInvalid(f"the setup does not hold: {problem}")
    return state


def _verified_phase2(
    job: Terms, phase1: Any, constraints: Any, data: State, records: list[bytes], count: int, progress: Progress | None
) -> Any:
    _expect_contributors(job, 2, records, count)
    _expect_size(len(data), _core.groth16.Phase2.size_bytes(constraints), 2)
    state = _core.groth16.Phase2.from_bytes(data)
    problem = state.problem(phase1, constraints, job.terms_digest, records, progress, may_be_start=count == 0)
    if problem is not None:
        raise SetupInvalid(f"the setup does not hold: {problem}")
    return state


@dataclasses.dataclass(frozen=True)
class Transcript:
    """The end of a setup: last states, and the records of all contributions in order."""

    phase1: State
    records1: list[bytes]
    phase2: State
    records2: list[bytes]

    def to_object(self) -> dict[str, Any]:
        """The body of a SETUP_FINAL message: where a state travels in parts, with its SHA-256 in its place."""
        return {
            "phase1": reference(self.phase1),
            "records1": self.records1,
            "phase2": reference(self.phase2),
            "records2": self.records2,
        }

    @staticmethod
    def from_object(body: dict[str, Any]) -> Transcript:
        """Read it back; DecodeError when the records are not byte strings."""
        _expect_records(body, "records1", "records2")
        return Transcript(body["phase1"], body["records1"], body["phase2"], body["records2"])

    @property
    def digest(self) -> bytes:
        """SHA-256 over the digests of all parts."""
        parts = [self.phase1, *self.records1, self.phase2, *self.records2]
        return hashlib.sha256(b"pyzkfl/1 setup" + b"".join(hashlib.sha256(p).digest() for p in parts)).digest()

    def verify(self, job: Terms, progress: Progress | None = None, *, phase1_seen: bytes = b"") -> Any:
        """Check everything: every record, the final states, the circuit, that each member contributed, in order.

        phase1_seen: digest of a phase 1 that the caller has verified before (Stage.verify); the same one is not
        checked again. Raises SetupInvalid saying what is wrong. About half a second for a circuit of 2^14 rows.
        """
        count = len(job.members)
        if hashlib.sha256(self.phase1).digest() == phase1_seen:
            owner = _owner_of_powers(job)
            _expect_contributors(owner, 1, self.records1, len(owner.members))
            phase1 = _core.groth16.Phase1.from_bytes(self.phase1)
        else:
            phase1 = _first_phase(job, self.phase1, self.records1, progress)
        constraints = job.constraint_system()
        phase2 = _verified_phase2(job, phase1, constraints, self.phase2, self.records2, count, progress)
        return _keys_of(job, phase1, phase2, constraints, self.digest)

    def keys(self, job: Terms) -> Any:
        """The keys of a transcript whose digest the terms are bound to: it was verified then, and is not again.

        Raises SetupInvalid for a transcript with another digest. A fraction of a second in place of minutes.
        """
        if self.digest != job.setup:
            raise SetupInvalid("this is not the setup that the terms are bound to")
        phase1 = _core.groth16.Phase1.from_bytes(self.phase1, trusted=True)
        phase2 = _core.groth16.Phase2.from_bytes(self.phase2, trusted=True)
        return _keys_of(job, phase1, phase2, job.constraint_system(), self.digest)


def _keys_of(job: Terms, phase1: Any, phase2: Any, constraints: Any, setup: bytes) -> Any:
    """What the verified ends of both phases give: Keys of a job, or the prover of an evaluation or a norm bound."""
    if not isinstance(job, Job):
        return job.keys(phase1, phase2.finalize())
    keys = (
        Keys(phase2.finalize(), constraints, setup)
        if job.network is None
        else EngineKeys.of_setup(job, phase1, phase2.finalize(), constraints, setup)
    )
    if job.setup:
        keys.expect(job)
    return keys


class Ceremony:
    """A setup as the coordinator runs it: hand out `stage`, take back state and record, and so on for two phases.

    Every contribution is verified when it comes, so the one who spoils a setup is named at once. training: of
    EvaluationTerms over a training job's powers, the transcript of that job's setup, whose first phase is used: begin
    with phase 2. So of NodeTerms, the leaf's. It is verified, but for the very transcript that the job is bound to,
    which was verified then.
    """

    def __init__(self, job: Terms, training: Transcript | None = None, progress: Progress | None = None) -> None:
        self._job = job
        owner = _owner_of_powers(job)
        if (owner is job) != (training is None):
            raise ParameterError("the transcript of the setup whose powers these terms are over, and none for others")
        self._constraints = job.constraint_system()
        self._states: dict[int, State] = {}
        self._records: dict[int, list[bytes]] = {1: [], 2: []}
        self._phase1: Any = None
        self._phase = 0
        if training is not None:
            self._take_powers(owner, training, progress)

    def _take_powers(self, owner: Terms, training: Transcript, progress: Progress | None) -> None:
        if training.digest == owner.setup:
            _expect_room(self._job, owner)
            self._phase1 = _core.groth16.Phase1.from_bytes(training.phase1, trusted=True)
            if isinstance(self._job, EvaluationTerms):
                self._job.expect_powers(self._phase1)
        else:
            self._phase1 = _first_phase(self._job, training.phase1, training.records1, progress)
        self._states[1], self._records[1] = training.phase1, list(training.records1)
        self._phase = 1

    def begin(self, phase: int, progress: Progress | None = None) -> None:
        """Start phase 1, or phase 2 from the end of phase 1 (some seconds for 2^14 rows)."""
        if phase != self._phase + 1:
            raise ParameterError("a setup has phase 1, then phase 2")
        context = self._job.terms_digest
        if phase == 1:
            log_n = _powers_log_n(self._job, self._constraints)
            initial = _core.groth16.Phase1.initial(log_n, context)
        else:
            initial = _core.groth16.Phase2.initial(self._phase1, self._constraints, context, progress)
        self._states[phase] = state_of(initial, state_bytes(self._job, phase))
        self._phase = phase

    @property
    def stage(self) -> Stage:
        """What the next contributor gets."""
        records = list(self._records[self._phase])
        if self._phase == 1:
            return Stage(1, self._states[1], records)
        return Stage(2, self._states[2], records, self._states[1], list(self._records[1]))

    def accept(self, state: State, record: bytes) -> None:
        """Take a contribution, verified in full. SetupInvalid names the member whose turn it was."""
        records = [*self._records[self._phase], record]
        member = self._job.members[len(records) - 1]
        try:
            if self._phase == 1:
                self._phase1 = _verified_phase1(self._job, state, records, len(records), None)
            else:
                _verified_phase2(self._job, self._phase1, self._constraints, state, records, len(records), None)
        except PyzkflError as error:
            raise SetupInvalid(f"the contribution of {member.name!r} to phase {self._phase}: {error}") from error
        self._states[self._phase], self._records[self._phase] = state, records

    def transcript(self) -> Transcript:
        """The end of both phases, for everybody to verify."""
        if self._phase != 2:
            raise ParameterError("the setup is not finished")
        return Transcript(self._states[1], self._records[1], self._states[2], self._records[2])


def insecure_keys(job: Job, *, omit: Sequence[str] = (), cached: bool = False) -> Keys:
    """Keys for tests and benchmarks, made by one party: who makes them could forge. Warns InsecureSetupWarning.

    cached: of a job with a network, kept in a file for the next process (pyzkfl.insecure_keys).
    omit: relations of the circuit to leave out, for tests that show what each relation is there for; of a job with a
    network the name of one forgery (_core.engine.network_forgeries()), whose relations are left out.
    """
    warnings.warn("insecure_keys: whoever makes these keys can forge proofs", InsecureSetupWarning, stacklevel=2)
    if job.network is not None:
        if len(omit) > 1:
            raise ParameterError("of a network's program the relations against one forgery can be left out of its keys")
        return EngineKeys.insecure(job, omit, cached)
    if cached:
        raise ParameterError("keys of the direct circuit are not kept: they take a second to make")
    constraints = _core.training.constraint_system(job.spec, list(omit))
    return Keys(_core.groth16.insecure_setup(constraints), constraints, hashlib.sha256(b"pyzkfl/1 insecure").digest())
