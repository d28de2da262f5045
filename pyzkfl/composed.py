"""Composed proofs: what one says, its 192 bytes, and how it is verified (docs/recursion.md, section 1).

A verifier makes the statement from its own state, never from the proof's maker: the accepted members of each round with
what they registered and submitted (`ComposableStatement`), C(W) after each round, and the node's key that it holds.

    statement = ComposedStatement.of_round(members, weights_after, verifier)
    pyzkfl.verify(statement, ComposedProof(data), verifier)
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pyzkfl import _core, encoding
from pyzkfl.composable import ComposableStatement
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid
from pyzkfl.step_context import hash_to_field

__all__ = ["PROOF_BYTES", "ComposedProof", "ComposedStatement", "ComposedVerifier", "round_problem", "run_problem"]

PROOF_BYTES = 192  # A 32, B 64, C 32, the commitment C_0 32, its proof of knowledge P_0 32

_CLIENTS = hash_to_field(b"pyzkfl/recursion/root of clients/1", b"")
_ROUNDS = hash_to_field(b"pyzkfl/recursion/root of rounds/1", b"")
_STATEMENT = hash_to_field(b"pyzkfl/recursion/statement/1", b"")
_INFINITY = b"\x40" + bytes(31)
_NUMBERS = 1 << 64


@dataclasses.dataclass(frozen=True)
class ComposedStatement:
    """What a composed proof says of the rounds `first_round` to `last_round` of one run.

    node_key: K, by which the key of the nodes is named (0 for a leaf's own proof, which is no end of a composition).
    job: the session of all members, a hash of the job and its beacon. count: proofs in all; first_client, last_client:
    lowest member of the first round, highest of the last. root: of the members' leaves, or of the rounds' statements.
    update: the sum of C(D) over all of them; weights_before, weights_after: C(W) before the first round and after the
    last. Points are compressed, 32 bytes each, never infinity. Raises ParameterError for numbers that have no place.
    """

    node_key: int
    job: int
    first_round: int
    last_round: int
    count: int
    first_client: int
    last_client: int
    root: int
    update: bytes
    weights_before: bytes
    weights_after: bytes

    def __post_init__(self) -> None:
        for name in ("first_round", "last_round", "count", "first_client", "last_client"):
            if not 0 <= getattr(self, name) < _NUMBERS:
                raise ParameterError(f"{name} is a number below 2^64, and not negative")
        for name in ("update", "weights_before", "weights_after"):
            if len(getattr(self, name)) != 32 or getattr(self, name) == _INFINITY:
                raise ParameterError(f"{name} is a compressed point of 32 bytes, not the point at infinity")

    @property
    def fields(self) -> tuple[Any, ...]:
        """As the core takes them, in the order of the hash."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self))

    @property
    def elements(self) -> list[int]:
        """What is hashed: the fields, of each point its coordinates modulo r."""
        numbers = list(self.fields[:8])
        for point in (self.update, self.weights_before, self.weights_after):
            numbers += _core.recursion.residues(point)
        return numbers

    @property
    def hash(self) -> int:
        """The proof's public input x. DecodeError where a point is none."""
        return int(_core.hash.poseidon2_hash([_STATEMENT, *self.elements]))

    @staticmethod
    def of_round(
        members: Sequence[ComposableStatement], weights_after: bytes, verifier: ComposedVerifier
    ) -> ComposedStatement:
        """The statement of a round: of these members, in any order, and no others.

        weights_after: C(W) after the round, 32 bytes, which everybody makes who sees the sum. Raises ParameterError for
        members that are not of one round, or one that comes twice.
        """
        members = sorted(members, key=lambda member: member.client)
        if (problem := round_problem(members)) is not None:
            raise ParameterError(problem)
        first = members[0]
        return ComposedStatement(
            verifier.node_key,
            first.context.session,
            first.round,
            first.round,
            len(members),
            first.client,
            members[-1].client,
            _root(_CLIENTS, [member.leaf for member in members]),
            bytes(_core.curves.g1_sum_compressed([member.update for member in members])),
            first.context.weights,
            weights_after,
        )

    @staticmethod
    def of_run(rounds: Sequence[ComposedStatement]) -> ComposedStatement:
        """The statement of rounds, or of runs, one after the other. ParameterError where one does not follow."""
        if (problem := run_problem(rounds)) is not None:
            raise ParameterError(problem)
        level = list(rounds)
        while len(level) > 1:
            level = [_followed(*level[i : i + 2]) for i in range(0, len(level), 2)]
        return level[0]


def _root(name: int, level: list[int]) -> int:
    """Neighbours are hashed together, an odd one goes up: the shape of the tree of proofs."""
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [int(_core.hash.poseidon2_hash([name, *pair])) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def _followed(left: ComposedStatement, right: ComposedStatement | None = None) -> ComposedStatement:
    if right is None:
        return left
    return dataclasses.replace(
        left,
        last_round=right.last_round,
        last_client=right.last_client,
        count=left.count + right.count,
        root=_root(_ROUNDS, [left.hash, right.hash]),
        update=bytes(_core.curves.g1_sum_compressed([left.update, right.update])),
        weights_after=right.weights_after,
    )


def round_problem(members: Sequence[ComposableStatement]) -> str | None:
    """Why these members, in rising order, are not those of one round; None if they are."""
    if not members:
        return "there is no member whose proof could be composed"
    first = members[0]
    for left, member in zip((None, *members), members, strict=False):
        who = f"member {member.client} ({member.context.place.name!r})"
        if member.context.session != first.context.session:
            return f"the proof of {who} is of another job or beacon than that of member {first.client}"
        if member.round != first.round:
            return f"the proof of {who} is of round {member.round}, that of member {first.client} of {first.round}"
        if member.context.weights != first.context.weights:
            return f"the proof of {who} begins with other weights than that of member {first.client}"
        if member.context.tables != first.context.tables or member.context.velocities:
            return f"the proof of {who} names other tables, or a velocity"
        if left is not None and left.client == member.client:
            return f"{who} comes twice"
    return None


def run_problem(rounds: Sequence[ComposedStatement]) -> str | None:
    """Why these do not follow one another; None if they do."""
    if not rounds:
        return "there is no round that could be composed"
    for left, right in itertools.pairwise(rounds):
        if left.job != right.job:
            return "the composed proofs are of two jobs"
        if left.node_key != right.node_key:
            return "the composed proofs were made under two keys"
        if left.last_round + 1 != right.first_round:
            return f"round {right.first_round} does not follow round {left.last_round}"
        if left.weights_after != right.weights_before:
            return f"round {right.first_round} does not begin with the weights that round {left.last_round} ended with"
    return None


@dataclasses.dataclass(frozen=True)
class ComposedProof:
    """A composed proof: 192 bytes, of whatever number of members and rounds. `to_bytes` puts a header of 7 before them.

    Groth16 proofs can be re-randomised: the bytes identify nothing, so never use them as a key. statement: what its
    maker says that it says, for composing further; a verifier makes its own, and never looks at this one.
    """

    data: bytes
    statement: ComposedStatement | None = dataclasses.field(default=None, compare=False)

    def __post_init__(self) -> None:
        if len(self.data) != PROOF_BYTES:
            raise DecodeError(f"a composed proof has {PROOF_BYTES} bytes, got {len(self.data)}")

    @property
    def size(self) -> int:
        """Bytes, without the header."""
        return len(self.data)

    def to_bytes(self) -> bytes:
        """Header (magic, version, kind, suite), then A, B, C, C_0, P_0 compressed. The statement is not in them."""
        return encoding.frame(encoding.Kind.COMPOSED_PROOF, self.data)

    @staticmethod
    def from_bytes(data: bytes, statement: ComposedStatement | None = None) -> ComposedProof:
        """Read it back; DecodeError or UnsupportedVersion. Points are decoded strictly when it is verified."""
        return ComposedProof(encoding.unframe(encoding.Kind.COMPOSED_PROOF, data), statement)

    def evm_bytes(self) -> bytes:
        """Uncompressed, 384 bytes, as a contract takes it: A, B, C, C_0, P_0 (EIP-197). DecodeError."""
        return bytes(_core.recursion.evm_bytes(self.data))


@dataclasses.dataclass(frozen=True)
class ComposedVerifier:
    """What a verifier of composed proofs holds: the key of nodes, as bytes of `_core.groth16.VerifyingKey`, whose
    circuit has the leaf's key, and with it the job's network, keys and tables, as constants. DecodeError for a key that
    must not be used, ParameterError for one of another kind of circuit."""

    key: bytes

    def __post_init__(self) -> None:
        _ = self.node_key

    @cached_property
    def _core_key(self) -> Any:
        return _core.groth16.VerifyingKey.from_bytes(self.key)

    @cached_property
    def node_key(self) -> int:
        """K: in every statement that this key verifies."""
        return int(_core.recursion.key_digest(self._core_key))

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key: what members agree on. 32 bytes."""
        return hashlib.sha256(self.key).digest()

    def __getstate__(self) -> dict[str, Any]:
        return {"key": self.key}

    def evm_points(self) -> dict[str, Any]:
        """The key's points as EIP-197 bytes, for a contract."""
        return dict(self._core_key.evm_points())

    def verify(self, statement: ComposedStatement, proof: ComposedProof) -> None:
        """Returns None, raises ProofInvalid; DecodeError for bytes that are no proof or no statement.

        The statement must be the verifier's own (`ComposedStatement.of_round`, `of_run`).
        """
        if not isinstance(statement, ComposedStatement) or not isinstance(proof, ComposedProof):
            raise ParameterError("a composed proof is verified for a ComposedStatement")
        if statement.node_key != self.node_key:
            raise ProofInvalid("the statement names another key of nodes: make it with the verifier that you hold")
        if not _core.recursion.verify(self._core_key, statement.fields, proof.data):
            raise ProofInvalid(
                "the composed proof does not hold for this statement: a member, a round, the sum or the weights are "
                "others, or it was not made under this key"
            )
