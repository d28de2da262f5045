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

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, encoding
from pyzkfl.errors import ParameterError, PyzkflError, SetupInvalid
from pyzkfl.job import Job

__all__ = ["Ceremony", "InsecureSetupWarning", "Keys", "Transcript", "contribute", "insecure_keys"]

_GROUP_D = 1
Progress = Callable[[float], None]


class InsecureSetupWarning(UserWarning):
    """Keys made by one party, who could forge proofs with what it knew while making them."""


class Keys:
    """A job's proving and verifying key and its circuit. Nothing in it is secret.

    proving, verifying, constraints: objects of pyzkfl._core; setup: digest of the ceremony's transcript (32 bytes).
    """

    def __init__(self, proving: Any, constraints: Any, setup: bytes) -> None:
        self.proving = proving
        self.verifying = proving.verifying_key
        self.constraints = constraints
        self.setup = setup

    def __repr__(self) -> str:
        return f"Keys(verifying key {self.verifying.digest.hex()[:16]})"

    @property
    def commitment_key(self) -> Any:
        """The key of C(D): one point a coordinate, one for the blinder."""
        return self.proving.commitment_key(_GROUP_D)

    def bind(self, job: Job) -> Job:
        """The job bound to these keys."""
        return job.with_keys(
            verifying_key=self.verifying.digest, commitment_key=self.commitment_key.digest, setup=self.setup
        )

    def expect(self, job: Job) -> None:
        """ParameterError unless the job is bound to these keys."""
        if job.verifying_key != self.verifying.digest or job.commitment_key != self.commitment_key.digest:
            raise ParameterError(f"these keys are not those of job {job.name!r}: use the outcome of its setup")

    def commit_update(self, update: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """C(D), 32 bytes compressed, of an update or a sum, int64 (features + 1,), and a blinder of 32 bytes."""
        return bytes(self.commitment_key.commit(np.ascontiguousarray(update, dtype=np.int64), blinder))


def contribute(job: Job, phase: int, state: bytes, name: str, progress: Progress | None = None) -> tuple[bytes, bytes]:
    """Multiply fresh secrets into a state of phase 1 or 2; (new state, record). The secrets are gone on return.

    Raises DecodeError for a state that is none, SetupInvalid for one of another ceremony.
    """
    kind = {1: _core.groth16.Phase1, 2: _core.groth16.Phase2}[phase]
    after, record = kind.from_bytes(state).contribute(name, job.terms_digest, progress)
    return after.to_bytes(), record


@dataclasses.dataclass(frozen=True)
class Transcript:
    """The end of a setup: last states, and the records of all contributions in order."""

    phase1: bytes
    records1: list[bytes]
    phase2: bytes
    records2: list[bytes]

    def to_object(self) -> dict[str, Any]:
        """The body of a SETUP_FINAL message."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_object(body: dict[str, Any]) -> Transcript:
        """Read it back; DecodeError when the records are not byte strings."""
        for key in ("records1", "records2"):
            if not all(isinstance(record, bytes) for record in body[key]):
                raise encoding.DecodeError(f"setup: {key} must hold byte strings")
        return Transcript(body["phase1"], body["records1"], body["phase2"], body["records2"])

    @property
    def digest(self) -> bytes:
        """SHA-256 over the digests of all parts."""
        parts = [self.phase1, *self.records1, self.phase2, *self.records2]
        return hashlib.sha256(b"pyzkfl/1 setup" + b"".join(map(encoding.digest, parts))).digest()

    def verify(self, job: Job, progress: Progress | None = None) -> Keys:
        """Check everything: every record, the final states, the circuit, that each member contributed, in order.

        Raises SetupInvalid saying what is wrong. About a second for a circuit of 2^14 rows.
        """
        context = job.terms_digest
        for phase, records in ((1, self.records1), (2, self.records2)):
            names = [_core.groth16.contributor(record) for record in records]
            if names != [(member.name, context) for member in job.members]:
                raise SetupInvalid(
                    f"phase {phase} is not made of one contribution of each member to this job, in order"
                )
        phase1 = _core.groth16.Phase1.from_bytes(self.phase1)
        phase2 = _core.groth16.Phase2.from_bytes(self.phase2)
        constraints = _core.training.constraint_system(job.spec)
        problem = phase1.problem(context, self.records1, progress)
        if problem is None:
            problem = phase2.problem(phase1, constraints, context, self.records2, progress)
        if problem is not None:
            raise SetupInvalid(f"the setup does not hold: {problem}")
        return Keys(phase2.finalize(), constraints, self.digest)


class Ceremony:
    """A setup as the coordinator runs it: hand out `state`, take back state and record, and so on for two phases."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._constraints = _core.training.constraint_system(job.spec)
        self._states: dict[int, list[bytes]] = {1: [], 2: []}  # the start, then one after each contribution
        self._records: dict[int, list[bytes]] = {1: [], 2: []}
        self._phase = 0

    def begin(self, phase: int, progress: Progress | None = None) -> None:
        """Start phase 1, or phase 2 from the end of phase 1 (some seconds for 2^14 rows)."""
        if phase != self._phase + 1:
            raise ParameterError("a setup has phase 1, then phase 2")
        context = self._job.terms_digest
        if phase == 1:
            log_n = _core.groth16.domain_log_n(self._constraints)
            self._states[1] = [_core.groth16.Phase1.initial(log_n, context).to_bytes()]
        else:
            phase1 = _core.groth16.Phase1.from_bytes(self._states[1][-1])
            self._states[2] = [_core.groth16.Phase2.initial(phase1, self._constraints, context, progress).to_bytes()]
        self._phase = phase

    @property
    def state(self) -> bytes:
        """What the next contributor gets."""
        return self._states[self._phase][-1]

    def accept(self, state: bytes, record: bytes) -> None:
        """Take a contribution; it is verified at the end, with all others."""
        self._states[self._phase].append(state)
        self._records[self._phase].append(record)

    def transcript(self) -> Transcript:
        """The end of both phases, for everybody to verify."""
        if self._phase != 2:
            raise ParameterError("the setup is not finished")
        return Transcript(self._states[1][-1], self._records[1], self._states[2][-1], self._records[2])

    def blame(self) -> str:
        """Who spoiled a setup that does not hold: the first member whose state and record fail, and why. Slow."""
        context = self._job.terms_digest
        for phase in (1, 2):
            for index, member in enumerate(self._job.members[: len(self._records[phase])]):
                records = self._records[phase][: index + 1]
                try:
                    if phase == 1:
                        state = _core.groth16.Phase1.from_bytes(self._states[1][index + 1])
                        problem = state.problem(context, records)
                    else:
                        first = _core.groth16.Phase1.from_bytes(self._states[1][-1])
                        state = _core.groth16.Phase2.from_bytes(self._states[2][index + 1])
                        problem = state.problem(first, self._constraints, context, records)
                except PyzkflError as error:
                    problem = str(error)
                if problem is not None:
                    return f"the contribution of {member.name!r} to phase {phase}: {problem}"
        return "no single contribution is at fault"


def insecure_keys(job: Job, *, omit: Sequence[str] = ()) -> Keys:
    """Keys for tests and benchmarks, made by one party: who makes them could forge. Warns InsecureSetupWarning.

    omit: relations of the circuit to leave out, for tests that show what each relation is there for.
    """
    warnings.warn("insecure_keys: whoever makes these keys can forge proofs", InsecureSetupWarning, stacklevel=2)
    constraints = _core.training.constraint_system(job.spec, list(omit))
    return Keys(_core.groth16.insecure_setup(constraints), constraints, hashlib.sha256(b"pyzkfl/1 insecure").digest())
