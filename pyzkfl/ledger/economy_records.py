"""Records of the economy: what accounts do with tokens, stakes and votes, and what committees find about rounds.

An account is an Ed25519 public key. `job` of these records is the digest of the economy's document. An account's acts
are numbered from 0 without gaps, so that none is taken twice or out of order. docs/economy.md has the rules.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar

from pyzkfl import encoding
from pyzkfl.encoding import Envelope, Kind, Signer
from pyzkfl.errors import DecodeError, LedgerError
from pyzkfl.ledger.records import Blob, Count, Digest, Label, Names, Record, RoundNumber, _integer, _sized

__all__ = [
    "AccountAct",
    "Attestation",
    "Claim",
    "Delegation",
    "EconomyRecord",
    "EconomyTerms",
    "Equivocation",
    "Execution",
    "Proposal",
    "Stake",
    "Transfer",
    "Validator",
    "Verdict",
    "Vote",
]

ATTESTATIONS_MOST = 64


def _counts(value: Any) -> str | None:
    good = type(value) is tuple and all(type(item) is int and 0 <= item < 1 << 32 for item in value)
    return None if good else "must be a list of integers from 0 to 2^32 - 1"


def _envelopes(value: Any) -> str | None:
    good = type(value) is tuple and len(value) <= ATTESTATIONS_MOST and all(type(item) is bytes for item in value)
    return None if good else f"must be a list of at most {ATTESTATIONS_MOST} envelopes"


Amount = Annotated[int, _integer(1, (1 << 63) - 1)]
Account = Annotated[bytes, _sized(32, 32)]
NoAccount = Annotated[bytes, _sized(0, 32)]
Counts = Annotated[tuple[int, ...], _counts]
Envelopes = Annotated[tuple[bytes, ...], _envelopes]


@dataclasses.dataclass(frozen=True)
class EconomyRecord(Record):
    """Base of these kinds."""


@dataclasses.dataclass(frozen=True)
class EconomyTerms(EconomyRecord):
    """Founds the economy of a ledger, whose first record it is. document: `pyzkfl.ledger.economy.Terms`."""

    KIND: ClassVar[Kind] = Kind.LEDGER_ECONOMY

    document: Blob


@dataclasses.dataclass(frozen=True)
class AccountAct(EconomyRecord):
    """What the account that signs it does. number: of the account's acts, from 0."""

    number: Count

    def key(self, signer: bytes) -> bytes:
        """Acts of all kinds share the account's numbers."""
        return self.job + bytes([Kind.LEDGER_TRANSFER]) + signer + self.number.to_bytes(4, "big")


@dataclasses.dataclass(frozen=True)
class Transfer(AccountAct):
    """Units to another account. token: 0 utility, 1 governance."""

    KIND: ClassVar[Kind] = Kind.LEDGER_TRANSFER

    token: Annotated[int, _integer(0, 1)]
    to: Account
    amount: Amount


@dataclasses.dataclass(frozen=True)
class Stake(AccountAct):
    """act: 0 bonds the amount, 1 begins to unbond it, 2 withdraws all that is free (amount 0)."""

    KIND: ClassVar[Kind] = Kind.LEDGER_STAKE

    act: Annotated[int, _integer(0, 2)]
    amount: Annotated[int, _integer(0, (1 << 63) - 1)]


@dataclasses.dataclass(frozen=True)
class Claim(AccountAct):
    """The rewards owed go to the balance."""

    KIND: ClassVar[Kind] = Kind.LEDGER_CLAIM


@dataclasses.dataclass(frozen=True)
class Validator(AccountAct):
    """act: 0 leaves the list of validators, 1 joins it, in a full list instead of another."""

    KIND: ClassVar[Kind] = Kind.LEDGER_VALIDATOR

    act: Annotated[int, _integer(0, 1)]
    instead: NoAccount = b""


@dataclasses.dataclass(frozen=True)
class Delegation(AccountAct):
    """All governance votes to an account, which may be the signer's own."""

    KIND: ClassVar[Kind] = Kind.LEDGER_DELEGATION

    to: Account


@dataclasses.dataclass(frozen=True)
class Proposal(AccountAct):
    """Change a parameter (pyzkfl.governance.PARAMETERS), or bar a subject from new jobs."""

    KIND: ClassVar[Kind] = Kind.LEDGER_PROPOSAL

    parameter: Label
    subject: NoAccount
    value: Annotated[int, _integer(0, (1 << 63) - 1)]


@dataclasses.dataclass(frozen=True)
class Vote(AccountAct):
    """support: 0 against, 1 for, 2 abstain."""

    KIND: ClassVar[Kind] = Kind.LEDGER_VOTE

    proposal: Count
    support: Annotated[int, _integer(0, 2)]


@dataclasses.dataclass(frozen=True)
class Execution(AccountAct):
    """Put a proposal that won into force, after its timelock."""

    KIND: ClassVar[Kind] = Kind.LEDGER_EXECUTION

    proposal: Count


@dataclasses.dataclass(frozen=True)
class Verdict(EconomyRecord):
    """What a committee found about a round, attested by more than two thirds of its stake: the round is final.

    training, round: which. block: hash of the block that ended the round. rejected: members whose submission, recorded
    or refused with evidence, does not hold. examples, gains: of each survivor in the aggregate's order. attestations:
    sealed, in any order.
    """

    KIND: ClassVar[Kind] = Kind.LEDGER_VERDICT
    KEY: ClassVar[tuple[str, ...]] = ("training", "round")

    training: Digest
    round: RoundNumber
    block: Digest
    rejected: Names
    examples: Counts
    gains: Counts
    attestations: Envelopes

    @property
    def digest(self) -> bytes:
        """What the committee attests."""
        value = {name: getattr(self, name) for name in ("block", "rejected", "examples", "gains")}
        return encoding.digest(encoding.encode(Kind.VERDICT, value))

    def attest(self, identity: Signer) -> bytes:
        """A validator's sealed attestation of this verdict."""
        return Attestation(self.job, self.training, self.round, self.digest).seal(identity)

    def envelopes(self) -> list[Envelope]:
        return [Envelope.from_bytes(data) for data in self.attestations]


@dataclasses.dataclass(frozen=True)
class Equivocation(EconomyRecord):
    """Two attestations by one validator of different verdicts on one round: evidence, whoever brings it."""

    KIND: ClassVar[Kind] = Kind.LEDGER_EQUIVOCATION
    KEY: ClassVar[tuple[str, ...]] = ("training", "round", "accused")

    training: Digest
    round: RoundNumber
    accused: Account
    first: Blob
    second: Blob

    def envelopes(self) -> list[Envelope]:
        return [Envelope.from_bytes(self.first), Envelope.from_bytes(self.second)]


@dataclasses.dataclass(frozen=True)
class Attestation:
    """What a validator signs: one verdict (digest) on one round of one training in one economy."""

    economy: bytes
    training: bytes
    round: int
    verdict: bytes

    def seal(self, identity: Signer) -> bytes:
        """The envelope."""
        return Envelope.seal(identity, Kind.ATTESTATION, dataclasses.asdict(self))

    @staticmethod
    def read(envelope: Envelope) -> Attestation:
        """DecodeError for anything else. The signature is NOT checked here."""
        value = encoding.decode(Kind.ATTESTATION, envelope.artefact)
        encoding.expect_map(value, ("economy", "training", "round", "verdict"))
        encoding.expect_type(value, "round", int)
        for name in ("economy", "training", "verdict"):
            encoding.expect_type(value, name, bytes)
            if len(value[name]) != 32:
                raise DecodeError(f"attestation: {name} has 32 bytes, got {len(value[name])}")
        return Attestation(**value)

    def must_name(self, economy: bytes, training: bytes, round_: int) -> None:
        """LedgerError for an attestation of another round."""
        if (self.economy, self.training, self.round) != (economy, training, round_):
            raise LedgerError("an attestation in it belongs to another round")
