"""The one error tree. Every error pyzkfl raises on purpose derives from PyzkflError.

Messages say what was wrong, where, and what to do. They never contain a secret, a share, a seed or a data value.
"""

from __future__ import annotations

__all__ = [
    "AggregateInvalid",
    "BeaconInvalid",
    "ChainError",
    "ChainReorganised",
    "DataError",
    "DecodeError",
    "HeadroomExceeded",
    "InsufficientFunds",
    "Interrupted",
    "KeyFileError",
    "LedgerError",
    "NodeUnreachable",
    "NotEnoughClients",
    "ParameterError",
    "ProofInvalid",
    "ProtocolError",
    "PyzkflError",
    "QueueFull",
    "RangeError",
    "RoundVoidOnChain",
    "SetupInvalid",
    "SystemFailure",
    "TransactionReverted",
    "TransportError",
    "UnprovableOption",
    "UnsupportedVersion",
    "WitnessInvalid",
    "WrongChain",
]


class PyzkflError(Exception):
    """Base class of every error raised by pyzkfl."""


class DecodeError(PyzkflError, ValueError):
    """Bytes that are not the canonical encoding of what they claim to be."""


class UnsupportedVersion(DecodeError):
    """An artefact of a version, kind or suite that this release does not read."""


class ParameterError(PyzkflError, ValueError):
    """An argument that cannot be meant: a wrong type, shape, size or combination."""


class DataError(ParameterError):
    """Data that cannot be trained on: empty, NaN or infinity, labels out of range, a wrong number of features."""


class RangeError(DataError):
    """A value outside the job's fixed-point range."""


class HeadroomExceeded(ParameterError):
    """A homomorphic sum of more vectors than its slots have room for."""


class UnprovableOption(ParameterError):
    """An option for which no relation exists; it would make the proof say less than it seems to."""


class WitnessInvalid(PyzkflError):
    """The witness does not satisfy the statement, so there is no proof of it."""


class ProofInvalid(PyzkflError):
    """A well-formed proof that does not prove the statement."""


class QueueFull(PyzkflError):
    """More proofs wait to be verified than there is room for; nothing was taken, and the same may be sent again."""


class SetupInvalid(PyzkflError):
    """A setup contribution or a key that fails its checks."""


class BeaconInvalid(PyzkflError):
    """A beacon reveal that does not match its commitment, or is missing."""


class ProtocolError(PyzkflError):
    """A message of the wrong phase, round, job or party, or one that an honest party must refuse to answer.

    offender: the index of the member that is to blame, where a masking session could prove who; None otherwise.
    """

    offender: int | None = None


class NotEnoughClients(ProtocolError):
    """Fewer clients than the threshold, or than three, remain: the round is void and nothing was revealed."""


class AggregateInvalid(PyzkflError):
    """The published sum does not open the sum of the commitments."""


class LedgerError(PyzkflError):
    """A ledger file that is not ours, was changed, or cannot take the record."""


class ChainError(LedgerError):
    """An EVM chain that did not do what was asked; the subclasses say what to do."""


class NodeUnreachable(ChainError):
    """No node answers. Nothing is known of a transaction that was on its way: open the ledger again, which reads where
    it stands, and go on from there."""


class WrongChain(ChainError):
    """The node serves another chain than the one asked for, or there is no such contract on it. Nothing was sent."""


class InsufficientFunds(ChainError):
    """The account cannot pay for the transaction (gas, value, or tokens). Nothing was sent."""


class ChainReorganised(ChainError):
    """The chain took back blocks that were read from it. Open the ledger again and append what is missing."""


class RoundVoidOnChain(ChainError):
    """Members opened a sum, and the chain's committee did not decide about it, or was overturned: members and chain
    have other weights now. The round is over there, no stake is held for it; the job cannot go on: open a new one."""


class TransactionReverted(ChainError):
    """A contract refused a transaction; nothing changed but the gas spent. data: the bytes that it gave as a reason."""

    def __init__(self, message: str, data: bytes = b"") -> None:
        super().__init__(message)
        self.data = data


class KeyFileError(PyzkflError):
    """An identity key that is missing, unreadable, badly protected or does not match."""


class TransportError(PyzkflError):
    """A peer that closed the connection, sent a truncated or oversized message, or stayed silent too long."""


class SystemFailure(PyzkflError):
    """The operating system or a cryptographic library failed: no memory, no entropy, no space."""


class Interrupted(PyzkflError):
    """A long computation was cancelled (Ctrl-C)."""
