"""A member's proof with its public values, in the form in which proofs are composed (docs/recursion.md, section 1)."""

from __future__ import annotations

import dataclasses

from pyzkfl import _core
from pyzkfl.errors import ParameterError
from pyzkfl.step_context import StepContext, elements_of_point, hash_to_field

__all__ = ["ComposableProof", "ComposableStatement"]

_LEAF = hash_to_field(b"pyzkfl/recursion/leaf/1", b"")


@dataclasses.dataclass(frozen=True)
class ComposableStatement:
    """What a member's proof says: all that a leaf of a composed proof's root is made of. No proof is needed for it, so
    whoever holds registrations and C(D) makes it, and with it the statement of a composed proof.

    context: what ctx covers, C(W), C(T) and C(X) among it. rows: real rows of each local step. update: C(D).
    ParameterError where a commitment is the point at infinity, which has no affine form: the first round of a job that
    carries momentum, weights that are all 0.
    """

    context: StepContext
    rows: tuple[int, ...]
    update: bytes

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.context.data):
            raise ParameterError(f"{len(self.context.data)} local steps, and {len(self.rows)} numbers of rows")
        data = [f"C(X) of step {step}" for step in range(len(self.context.data))]
        names = ["C(W)", "C(T)", *data, *("C(V)", "C(V')")[: len(self.context.velocities)], "C(D)"]
        for name, point in zip(names, (*self.context.points, self.update), strict=True):
            if elements_of_point(point) == (0, 1 << 126):
                raise ParameterError(f"{name} is the point at infinity: this proof is verified alone, not composed")

    @property
    def client(self) -> int:
        """The member's number; a composition takes each at most once in a round."""
        return self.context.place.client

    @property
    def round(self) -> int:
        """The round that the proof is of."""
        return self.context.place.round

    @property
    def halves(self) -> tuple[int, int]:
        """ctx_lo and ctx_hi, as transcript and public input have them: floor(ctx / 2^128) and ctx mod 2^128."""
        ctx = self.context.digest
        return int.from_bytes(ctx[:16], "big"), int.from_bytes(ctx[16:], "big")

    @property
    def leaf(self) -> int:
        """The leaf of a composed proof's root: Poseidon2 of a name, member, choice, rows, C(X).., C(D). Session,
        round and C(W) are in the composed statement itself."""
        points = [element for point in (*self.context.data, self.update) for element in elements_of_point(point)]
        return int(_core.hash.poseidon2_hash([_LEAF, self.client, self.context.choice, *self.rows, *points]))


@dataclasses.dataclass(frozen=True)
class ComposableProof(ComposableStatement):
    """Made by `composable` of a verifier, which has checked the proof: one made by hand says nothing.

    proof: the engine proof's bytes, without a header.
    """

    proof: bytes

    @property
    def statement(self) -> ComposableStatement:
        """The same without the proof."""
        return ComposableStatement(self.context, self.rows, self.update)
