"""Setups for evaluations and for norm bounds: what members agree on before they make the keys together.

The setup is that of docs/protocol.md, section 4: `pyzkfl.ceremony` runs it for these terms as it does for a Job, every
member contributes to both phases, and every member verifies the end. What comes out is a prover and verifier of the
statement.

An evaluation may use the powers of tau of a training job's setup (`EvaluationTerms.training`): then commitments to
weights and batches are those of training, so that one registered data set serves both, and only the second phase is run
anew. Otherwise its powers are its own, and a validation set is registered with `EvaluationProver.commit_batch` of these
very keys.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from pyzkfl import _core
from pyzkfl.errors import ParameterError, SetupInvalid, UnprovableOption
from pyzkfl.evaluation import EvaluationProver
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob
from pyzkfl.norm import NormProver

__all__ = ["EvaluationTerms", "NormTerms", "expect_members", "terms_hash"]


def expect_members(name: str, members: tuple[Member, ...], setup: bytes) -> None:
    """ParameterError for terms that no setup could be for."""
    if not (1 <= len(name.encode()) <= 200 and name.isprintable()):
        raise ParameterError("the name has 1 to 200 bytes of printable text")
    if not members:
        raise ParameterError("a setup needs members who contribute")
    if len({m.name for m in members}) != len(members) or len({m.public_key for m in members}) != len(members):
        raise ParameterError("members must have different names and different keys")
    if len(setup) not in (0, 32):
        raise ParameterError("the digest of a setup has 32 bytes")


def terms_hash(domain: bytes, name: str, members: tuple[Member, ...], *parts: bytes) -> bytes:
    """What contributions are bound to: SHA-256 of domain, name, members and parts, each with its length. 32 bytes."""
    who = [part for m in members for part in (m.name.encode(), m.public_key)]
    body = hashlib.sha256(domain + len(members).to_bytes(8, "little"))
    for part in (name.encode(), *who, *parts):
        body.update(len(part).to_bytes(8, "little") + part)
    return body.digest()


@dataclasses.dataclass(frozen=True)
class EvaluationTerms:
    """A setup for evaluations of `network`'s weights on `batches` batches (pyzkfl.evaluation).

    setup: digest of the finished setup's transcript (32 bytes), empty before it; see `bound`. training: a job bound to
    the keys of its setup, whose powers of tau are used; `members` contribute to the second phase alone.
    """

    name: str
    network: NetworkJob
    batches: int
    members: tuple[Member, ...]
    setup: bytes = b""
    training: Job | None = None

    def __post_init__(self) -> None:
        expect_members(self.name, self.members, self.setup)
        if self.training is not None:
            if self.training.network != self.network:
                raise ParameterError("the training job has another network: its commitments are not to these columns")
            if len(self.training.commitment_key) != 32:
                raise ParameterError("the training job has no keys yet: take the job that its setup was bound to")
        if self.network.loss != "cross_entropy":
            raise UnprovableOption("evaluation: of networks that classify; a mean squared error has no score")
        object.__setattr__(self, "_core", _core.engine.Evaluation(self.network.core, self.batches))

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: names, members, network, number of batches, training job. 32 bytes."""
        parts = [self.network.digest, self.batches.to_bytes(8, "little")]
        if self.training is not None:
            parts.append(self.training.digest)
        return terms_hash(b"pyzkfl/1 evaluation setup", self.name, self.members, *parts)

    def bound(self, setup: bytes) -> EvaluationTerms:
        """The same terms with the digest of the setup that they led to."""
        return dataclasses.replace(self, setup=setup)

    def constraint_system(self) -> Any:
        """The circuit that the setup is for."""
        return self._core.constraint_system()  # type: ignore[attr-defined]

    @property
    def column_log_height(self) -> int:
        """Columns have at most 2^this cells."""
        return max(int(self._core.log_height), int(self.network.core.log_height))  # type: ignore[attr-defined]

    def expect_powers(self, phase1: Any) -> None:
        """SetupInvalid unless these are the training job's powers of tau, where there is one."""
        if self.training is None:
            return
        columns = _core.engine.ColumnKey.from_phase1(phase1, int(self.network.core.log_height))
        if bytes(columns.digest) != self.training.commitment_key:
            raise SetupInvalid(f"the powers of tau are not those of job {self.training.name!r}: take its own setup")

    def keys(self, phase1: Any, proving: Any) -> EvaluationProver:
        """From the verified ends of both phases. ParameterError if the first has too few powers for the columns."""
        core = self._core  # type: ignore[attr-defined]
        self.expect_powers(phase1)
        columns = _core.engine.ColumnKey.from_phase1(phase1, self.column_log_height)
        return EvaluationProver(self.network, self.batches, columns, core, core.prover_of_keys(proving, columns))


@dataclasses.dataclass(frozen=True)
class NormTerms:
    """A setup for norm bounds of updates of `dimension` coordinates (pyzkfl.norm); bound in units of a coordinate."""

    name: str
    dimension: int
    norm_bound: int
    members: tuple[Member, ...]
    setup: bytes = b""

    def __post_init__(self) -> None:
        expect_members(self.name, self.members, self.setup)
        if self.dimension < 1 or self.norm_bound < 1:
            raise ParameterError("dimension and bound must be positive")
        object.__setattr__(self, "_core", _core.engine.NormBound(self.dimension, self.norm_bound))

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: names, members, dimension, bound. 32 bytes."""
        numbers = self.dimension.to_bytes(8, "little") + self.norm_bound.to_bytes(8, "little")
        return terms_hash(b"pyzkfl/1 norm setup", self.name, self.members, numbers)

    def bound(self, setup: bytes) -> NormTerms:
        """The same terms with the digest of the setup that they led to."""
        return dataclasses.replace(self, setup=setup)

    def constraint_system(self) -> Any:
        """The circuit that the setup is for."""
        return self._core.constraint_system()  # type: ignore[attr-defined]

    @property
    def column_log_height(self) -> int:
        """Columns have at most 2^this cells."""
        return int(self._core.log_height)  # type: ignore[attr-defined]

    def keys(self, phase1: Any, proving: Any) -> NormProver:
        """From the verified ends of both phases. ParameterError if the first has too few powers for the columns."""
        core = self._core  # type: ignore[attr-defined]
        columns = _core.engine.ColumnKey.from_phase1(phase1, self.column_log_height)
        return NormProver(self.dimension, self.norm_bound, columns, core, core.prover_of_keys(proving, columns))
