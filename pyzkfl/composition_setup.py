"""Setups of a composition's keys: the leaf's, on a first phase of its own, then the node's on the same first phase.

The setup is that of docs/protocol.md, section 4: `pyzkfl.ceremony` runs it for these terms as for a Job's. The node's
circuit has the leaf's verifying key as a constant, so the leaf's setup is finished first; the node's takes over its
first phase, and members contribute to the second alone.

    leaf = Ceremony(LeafTerms("flowers", circuit, members))            -> leaf's proving key, by its transcript
    node = Ceremony(NodeTerms(bound leaf terms, leaf's key), transcript of the leaf's)   -> node's proving key
    CompositionKeys.write(path, circuit, leaf's, node's)
"""

from __future__ import annotations

import dataclasses
from typing import Any

from pyzkfl import _core
from pyzkfl.composition_keys import LeafCircuit
from pyzkfl.engine_setup import expect_members, terms_hash
from pyzkfl.errors import ParameterError
from pyzkfl.job import Member

__all__ = ["LeafTerms", "NodeTerms"]


@dataclasses.dataclass(frozen=True)
class LeafTerms:
    """A setup of the keys of a leaf circuit. setup: digest of the finished setup's transcript (32 bytes), or empty."""

    name: str
    circuit: LeafCircuit
    members: tuple[Member, ...]
    setup: bytes = b""

    def __post_init__(self) -> None:
        expect_members(self.name, self.members, self.setup)

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: names, members, the leaf's circuit. 32 bytes."""
        return terms_hash(b"pyzkfl/1 leaf setup", self.name, self.members, self.circuit.digest)

    def bound(self, setup: bytes) -> LeafTerms:
        """The same terms with the digest of the setup that they led to."""
        return dataclasses.replace(self, setup=setup)

    def constraint_system(self) -> Any:
        """The circuit that the setup is for."""
        return self.circuit.core.constraint_system()

    @property
    def column_log_height(self) -> int:
        """No columns are committed with these powers."""
        return 0

    def keys(self, phase1: Any, proving: Any) -> Any:
        """The leaf's proving key, from the verified ends of both phases."""
        return proving


@dataclasses.dataclass(frozen=True)
class NodeTerms:
    """A setup of the keys of the node over a leaf. leaf: its terms, bound to their setup; leaf_key: its verifying key,
    as bytes. ParameterError for a leaf whose setup is not finished."""

    leaf: LeafTerms
    leaf_key: bytes
    setup: bytes = b""

    def __post_init__(self) -> None:
        expect_members(self.name, self.members, self.setup)
        if len(self.leaf.setup) != 32:
            raise ParameterError("the leaf's setup is not finished: bind its terms to the transcript first")

    @property
    def name(self) -> str:
        """The leaf's."""
        return self.leaf.name

    @property
    def members(self) -> tuple[Member, ...]:
        """Who contributes: the leaf's."""
        return self.leaf.members

    @property
    def terms_digest(self) -> bytes:
        """What contributions are bound to: the leaf's terms, its setup and its key. 32 bytes."""
        parts = (self.leaf.terms_digest, self.leaf.setup, self.leaf_key)
        return terms_hash(b"pyzkfl/1 node setup", self.name, self.members, *parts)

    def bound(self, setup: bytes) -> NodeTerms:
        """The same terms with the digest of the setup that they led to."""
        return dataclasses.replace(self, setup=setup)

    def constraint_system(self) -> Any:
        """The circuit that the setup is for."""
        return _core.recursion.Node(_core.groth16.VerifyingKey.from_bytes(self.leaf_key)).constraint_system()

    @property
    def column_log_height(self) -> int:
        """No columns are committed with these powers."""
        return 0

    def keys(self, phase1: Any, proving: Any) -> Any:
        """The node's proving key, from the verified ends of both phases."""
        return proving
