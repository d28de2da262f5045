"""What a member claims by its signed submission, and whether it is false: the evidence of a refusal (DESIGN section 5).

A submission names the digest of the statement that its proof is about. A member who was shown another state (weights,
beacon, registrations) than the ledger has means another statement, and signs nothing false: it is refused, and not
accused. Who means the ledger's statement and shows a proof of it that does not hold is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from pyzkfl import proofs
from pyzkfl.errors import DecodeError, ProofInvalid, ProtocolError, PyzkflError, UnsupportedVersion
from pyzkfl.job import Job
from pyzkfl.messages import Message, Type
from pyzkfl.proofs import Submission
from pyzkfl.proving_keys import Keys
from pyzkfl.statement import Statement

__all__ = ["Claim", "Rebuild", "shows_false_proof"]

# (C(D), C(V') or b"") -> the statement of a member in a round, from one's own state: Coordinator.expected_statement,
# Client.statement_of.
Rebuild = Callable[[bytes, bytes], Statement]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that a member means, and the bytes that it signed as its proof."""

    statement: Statement
    proof: bytes

    @staticmethod
    def read(sealed: bytes, *, job: Job, round_: int, name: str, rebuild: Rebuild) -> Claim:
        """Open a sealed submission. Whatever is raised here accuses nobody.

        Raises DecodeError or UnsupportedVersion for other bytes, ProtocolError where another signed it, or it is of
        another type, job, round or statement than the one rebuilt.
        """
        message = Message.open(sealed, signer=job.members[job.index_of(name)].public_key)
        if message.type is not Type.SUBMISSION or message.job != job.digest or message.round != round_:
            raise ProtocolError(f"the submission of {name} is of another type, job or round")
        body = message.body
        statement = rebuild(body["commitment"], body.get("velocity", b""))
        if body["statement"] != statement.digest:
            raise ProtocolError(
                f"the submission of {name} is about another statement: its weights, beacon or registrations are not "
                f"those of round {round_} here"
            )
        return Claim(statement, body["proof"])

    def check(self, keys: Keys) -> Submission:
        """The submission, proof verified; ProofInvalid, DecodeError or UnsupportedVersion where it is not one."""
        proof = proofs.read_proof(self.statement.job, self.proof)
        proofs.verify(self.statement, proof, keys)
        return Submission(self.statement, proof)


    @staticmethod
    def is_false(error: PyzkflError) -> bool:
        """Whether what `check` raised says that the proof does not hold. One of another version may hold elsewhere."""
        return isinstance(error, ProofInvalid | DecodeError) and not isinstance(error, UnsupportedVersion)


def shows_false_proof(sealed: bytes, *, job: Job, round_: int, name: str, rebuild: Rebuild, keys: Keys) -> bool:
    """Whether the evidence of a refusal is what a validator rejects its member for (docs/economy.md).

    Not for a survivor of the round: what it showed in the end holds, and rejecting a survivor voids everybody's pay.
    """
    try:
        claim = Claim.read(sealed, job=job, round_=round_, name=name, rebuild=rebuild)
    except PyzkflError:  # not what this member says of this round
        return False
    try:
        claim.check(keys)
    except PyzkflError as error:
        return claim.is_false(error)
    return False
