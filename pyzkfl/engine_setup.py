"""Setups for evaluations and for norm bounds: what members agree on before they make the keys together.

The setup is that of docs/protocol.md, section 4: `pyzkfl.ceremony` runs it for these terms as it does for a Job, every
member contributes to both phases, and every member verifies the end. What comes out is a prover and verifier of the
statement. Its columns are committed to with powers of tau of its own: a validation set is registered with
`EvaluationProver.commit_batch` of these very keys.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from pyzkfl import _core
from pyzkfl.errors import ParameterError, UnprovableOption
from pyzkfl.evaluation import EvaluationProver
from pyzkfl.job import Member
from pyzkfl.network import NetworkJob
from pyzkfl.norm import NormProver

__all__ = ["EvaluationTerms", "NormTerms"]


def _check(name: str, members: tuple[Member, ...], setup: bytes) -> None:
    if not (1 <= len(name.encode()) <= 200 and name.isprintable()):
        raise ParameterError("the name has 1 to 200 bytes of printable text")
    if not members:
        raise ParameterError("a setup needs members who contribute")
    if len({m.name for m in members}) != len(members) or len({m.public_key for m in members}) != len(members):
        raise ParameterError("members must have different names and different keys")
    if len(setup) not in (0, 32):
        raise ParameterError("the digest of a setup has 32 bytes")


def _digest(domain: bytes, name: str, members: tuple[Member, ...], *parts: bytes) -> bytes:
    who = [part for m in members for part in (m.name.encode(), m.public_key)]
    body = hashlib.sha256(domain + len(members).to_bytes(8, "little"))
    for part in (name.encode(), *who, *parts):
        body.update(len(part).to_bytes(8, "little") + part)
    return body.digest()


@dataclasses.dataclass(frozen=True)
class EvaluationTerms:
    """A setup for evaluations of `network`'s weights on `batches` batches (pyzkfl.evaluation).

    setup: digest of the finished setup's transcript (32 bytes), empty before it; see `bound`.
    """

    name: str
    network: NetworkJob
    batches: int
    members: tuple[Member, ...]
    setup: bytes = b""

    def __post_init__(self) -> None:
        _check(self.name, self.members, self.setup)
        if self.network.loss != "cross_entropy":
            raise UnprovableOption("evaluation: of networks that classify; a mean squared error has no score")
        object.__setattr__(self, "_core", _core.engine.Evaluation(self.network.core, self.batches))

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: names, members, network, number of batches. 32 bytes."""
        count = self.batches.to_bytes(8, "little")
        return _digest(b"pyzkfl/1 evaluation setup", self.name, self.members, self.network.digest, count)

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

    def keys(self, phase1: Any, proving: Any) -> EvaluationProver:
        """From the verified ends of both phases. ParameterError if the first has too few powers for the columns."""
        core = self._core  # type: ignore[attr-defined]
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
        _check(self.name, self.members, self.setup)
        if self.dimension < 1 or self.norm_bound < 1:
            raise ParameterError("dimension and bound must be positive")
        object.__setattr__(self, "_core", _core.engine.NormBound(self.dimension, self.norm_bound))

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: names, members, dimension, bound. 32 bytes."""
        numbers = self.dimension.to_bytes(8, "little") + self.norm_bound.to_bytes(8, "little")
        return _digest(b"pyzkfl/1 norm setup", self.name, self.members, numbers)

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
