"""What a node claims of the vector that it masks, and what the server does with the claims of a round.

A node commits to its vector, proves what the terms say of it, and masks **that vector with that blinder**. The server
checks the proofs in one batch before it adds anything, leaves out whose proof does not hold, and opens the unmasked sum
against the product of the commitments of those that are in it: so what was added is what was proven.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyzkfl._core import curves
from pyzkfl.errors import AggregateInvalid, DecodeError

__all__ = ["Claim", "Opener", "check_opening", "claim_of", "context_of", "round_seed"]

Vector = npt.NDArray[np.int64]
_DOMAIN = b"pyzkfl/1 masked claims "


def _hash(what: bytes, *parts: bytes) -> bytes:
    body = hashlib.sha256(_DOMAIN + what)
    for part in parts:
        body.update(len(part).to_bytes(8, "little") + part)
    return body.digest()


def round_seed(plan: bytes, round_: int) -> bytes:
    """What coordinates, roundings and batches of a round are drawn from. plan: its digest, which covers run, epoch,
    terms, members, and the seed that they drew together after they had registered."""
    return _hash(b"round", plan, round_.to_bytes(4, "little"))


def context_of(plan: bytes, round_: int, member: int) -> bytes:
    """What a node's proof is bound to beside its statement: this setup, this round, this member."""
    return _hash(b"context", plan, round_.to_bytes(4, "little"), member.to_bytes(4, "little"))


@dataclasses.dataclass(frozen=True)
class Claim:
    """A commitment to a masked vector, the proof about it, and what the proof is bound to.

    statement: of a training step, the RoundStatement that the verifier put together.
    """

    context: bytes
    commitment: bytes
    proof: bytes
    statement: Any = None


class Opener(Protocol):
    """Keys that check claims and open sums."""

    def failing(self, claims: Sequence[Claim]) -> list[int]:
        """Positions of the claims that do not hold."""

    def commit_sum(self, total: Vector, blinder: bytes) -> bytes:
        """The commitment to a sum of vectors, 32 bytes."""


def claim_of(reply: Mapping[str, Any], context: bytes) -> Claim:
    """Read the claim in a reply. DecodeError where there is none, or its commitment is no point."""
    commitment, proof = reply.get("commitment"), reply.get("proof")
    if not isinstance(commitment, bytes) or not isinstance(proof, bytes) or len(commitment) != 32 or not proof:
        raise DecodeError("there is no proof with the vector, and the terms ask for one")
    curves.g1_sum_compressed([commitment])
    return Claim(context, commitment, proof)


def check_opening(opener: Opener, claims: Sequence[Claim], total: Vector, blinder: bytes) -> None:
    """AggregateInvalid unless the sum opens the product of the commitments."""
    product = bytes(curves.g1_sum_compressed([claim.commitment for claim in claims]))
    if opener.commit_sum(np.ascontiguousarray(total, dtype=np.int64), blinder) != product:
        raise AggregateInvalid(
            "the sum does not open the product of the commitments: a node masked another vector than it proved. The "
            "round is void; masks hide which node it was"
        )
