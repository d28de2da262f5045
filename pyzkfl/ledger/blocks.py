"""Signed blocks, the head of a ledger, and proofs that a record is in a block.

A block covers the records of one `append`: number, hash of the block before, first sequence, count, Merkle root over
the records' frames, hash of the last record. Its operator signs it. docs/formats.md, "Ledger block", has the bytes.
A block is final when its operator signs; attestations by a committee would sign the same block hash.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, Self

from pyzkfl import encoding, merkle
from pyzkfl.encoding import Kind, Signer
from pyzkfl.errors import DecodeError, LedgerError, ProofInvalid
from pyzkfl.ledger import _framing
from pyzkfl.ledger.records import Record, read_record

__all__ = ["Block", "InclusionProof", "SignedBlock", "StoredRecord"]

_BLOCK_DOMAIN = b"pyzkfl/1 block"
_LAYOUT = struct.Struct("<Q32sQI32s32sQ32s")
BLOCK_BYTES = encoding.HEADER_BYTES + _LAYOUT.size
RECORD_HEADER = encoding.header(Kind.RECORD)


@dataclasses.dataclass(frozen=True)
class Block:
    """The header of a block.

    height: 0 for the genesis block, which holds no record and names the ledger. previous: hash of the block before,
    zeros in the genesis block. first, count: sequences of its records. root: Merkle root over the records' frames.
    last: hash of its last record; in the genesis block 32 random bytes. time_ms: the operator's clock, milliseconds
    since 1970, never going back. operator: Ed25519 public key, 32 bytes.
    """

    height: int
    previous: bytes
    first: int
    count: int
    root: bytes
    last: bytes
    time_ms: int
    operator: bytes

    def to_bytes(self) -> bytes:
        """Header and the fixed layout, 163 bytes; integers little-endian."""
        return encoding.frame(Kind.BLOCK, _LAYOUT.pack(*(getattr(self, f) for f in _FIELDS)))

    @staticmethod
    def from_bytes(data: bytes) -> Block:
        """Read it back; DecodeError or UnsupportedVersion."""
        body = encoding.unframe(Kind.BLOCK, data)
        if len(body) != _LAYOUT.size:
            raise DecodeError(f"a block has {BLOCK_BYTES} bytes, got {len(data)}")
        return Block(*_LAYOUT.unpack(body))

    @property
    def hash(self) -> bytes:
        """SHA-256 of the bytes: what the next block, an attestation or a member's note refers to."""
        return encoding.digest(self.to_bytes())

    @property
    def tip(self) -> bytes:
        """What the next record names as the one before it."""
        return self.last if self.count else self.hash

    @property
    def next_sequence(self) -> int:
        """Records in the ledger up to and with this block."""
        return self.first + self.count


_FIELDS = tuple(field.name for field in dataclasses.fields(Block))


@dataclasses.dataclass(frozen=True)
class SignedBlock:
    """A block and its operator's signature; the newest one of a ledger is its head.

    Keep the head outside the ledger (members do): `Ledger.verify(head=...)` then finds a ledger that was cut short or
    rewritten, even by its operator.
    """

    block: Block
    signature: bytes

    @staticmethod
    def sign(identity: Signer, block: Block) -> SignedBlock:
        """Signed by the operator whose key the block names."""
        return SignedBlock(block, bytes(identity.sign(_BLOCK_DOMAIN + block.to_bytes())))

    def signed_item(self) -> tuple[bytes, bytes, bytes]:
        """(public key, message, signature), as `encoding.verify_signatures` takes them."""
        return self.block.operator, _BLOCK_DOMAIN + self.block.to_bytes(), self.signature

    def verify(self, operator: bytes) -> None:
        """LedgerError unless this operator (public key, 32 bytes) signed the block."""
        if self.block.operator != operator or not encoding.verify_signatures([self.signed_item()])[0]:
            raise LedgerError(f"block {self.block.height} is not signed by the operator {operator.hex()[:16]}...")

    def to_bytes(self) -> bytes:
        """Header, then block and signature: 234 bytes."""
        return encoding.frame(Kind.HEAD, self.block.to_bytes() + self.signature)

    @staticmethod
    def from_bytes(data: bytes) -> SignedBlock:
        """Read it back; DecodeError or UnsupportedVersion. The signature is NOT checked here."""
        body = encoding.unframe(Kind.HEAD, data)
        if len(body) != BLOCK_BYTES + 64:
            raise DecodeError(f"a signed head has {encoding.HEADER_BYTES + BLOCK_BYTES + 64} bytes, got {len(data)}")
        return SignedBlock(Block.from_bytes(body[:BLOCK_BYTES]), body[BLOCK_BYTES:])


@dataclasses.dataclass(frozen=True)
class StoredRecord:
    """A record as the ledger holds it. hash: of its frame (the Merkle leaf hash), named by the record after it."""

    sequence: int
    previous: bytes
    hash: bytes
    signer: bytes
    signature: bytes
    artefact: bytes
    record: Record

    @classmethod
    def from_frame(cls, frame: bytes) -> Self:
        """Read a frame; DecodeError or UnsupportedVersion. Nothing is verified here."""
        encoding.unframe(Kind.RECORD, frame)
        try:
            sequence, previous, signer, signature, artefact = _framing.split_frame(frame)
        except ValueError as error:
            raise DecodeError(str(error)) from None
        return cls(sequence, previous, merkle.leaf_hash(frame), signer, signature, artefact, read_record(artefact))

    def frame(self) -> bytes:
        """The bytes that are hashed and stored."""
        parts = [(self.signer, self.signature, self.artefact)]
        return _framing.frame_records(RECORD_HEADER, self.sequence, self.previous, parts)[0][0]

    def envelope(self) -> encoding.Envelope:
        """What its signer signed."""
        return encoding.Envelope(self.artefact, self.signer, self.signature)

    def __str__(self) -> str:
        return f"record {self.sequence} ({self.record})"


@dataclasses.dataclass(frozen=True)
class InclusionProof:
    """Shows, without the ledger, that a record stands in a signed block.

    frame: the record; path: sibling hashes from the leaf up; head: the block that holds it, signed.
    """

    frame: bytes
    path: tuple[bytes, ...]
    head: SignedBlock

    def verify(self, operator: bytes) -> StoredRecord:
        """The record, once block signature, Merkle path and the record's own signature are checked.

        operator: public key (32 bytes) known from elsewhere. Raises ProofInvalid, LedgerError or DecodeError.
        """
        self.head.verify(operator)
        stored = StoredRecord.from_frame(self.frame)
        block = self.head.block
        index = stored.sequence - block.first
        merkle.verify_inclusion(block.root, self.frame, index, block.count, self.path)
        if not encoding.verify_signatures([stored.envelope().signed_item()])[0]:
            raise ProofInvalid(f"the signature of {stored} does not hold")
        return stored

    def to_bytes(self) -> bytes:
        """The canonical encoding."""
        value = {"frame": self.frame, "path": list(self.path), "head": self.head.to_bytes()}
        return encoding.encode(Kind.INCLUSION, value)

    @staticmethod
    def from_bytes(data: bytes) -> InclusionProof:
        """Read it back; DecodeError or UnsupportedVersion."""
        value: dict[str, Any] = encoding.decode(Kind.INCLUSION, data)
        encoding.expect_map(value, ("frame", "path", "head"))
        encoding.expect_type(value, "frame", bytes)
        encoding.expect_type(value, "head", bytes)
        encoding.expect_type(value, "path", list)
        if len(value["path"]) > 64 or any(type(h) is not bytes or len(h) != 32 for h in value["path"]):
            raise DecodeError("an inclusion path is a list of at most 64 hashes of 32 bytes")
        return InclusionProof(value["frame"], tuple(value["path"]), SignedBlock.from_bytes(value["head"]))
