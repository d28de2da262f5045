"""What the nodes of an encrypted average agree on, and the hashes and messages that both sides make from it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from pyzkfl import he
from pyzkfl.blinder_lanes import LANE_LIMIT, LANES
from pyzkfl.errors import DecodeError, ParameterError
from pyzkfl.masked.joining import setup_digest
from pyzkfl.masked.terms import Terms

__all__ = ["EncryptedTerms", "Setup", "check_rounds"]


def check_rounds(aggregation: str, holder: he.Holder, rounds: int) -> None:
    """ParameterError for a key of several rounds whose ciphertexts do not prove that their senders know the values: a
    member could send others' of an earlier round, negated. Contributions to shared Paillier keys prove it."""
    if rounds > 1 and (aggregation != "paillier" or isinstance(holder, he.OneDecryptor)):
        raise ParameterError(
            "only a shared Paillier key, whose ciphertexts prove that their senders know the values, is for several "
            "rounds: take rounds_per_key=1"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncryptedTerms(Terms):
    """As Terms; `rounds` is how many the key is for.

    aggregation: "paillier" or "rlwe". holder: OneDecryptor(), Threshold(t, n) or AllMembers(n): who can decrypt.
    keeper: the Ed25519 key, in hex, of the node that holds the key of OneDecryptor, or deals a shared Paillier key;
    empty for the first in the list of members. Ring-LWE keys that are shared have none.
    blinders: each vector comes with the blinder of a commitment to it, so that the sum opens against the product of
    the commitments.
    """

    aggregation: str
    holder: he.Holder
    keeper: str = ""
    blinders: bool = False
    modulus_bits: int = 2048

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aggregation not in ("paillier", "rlwe"):
            raise ParameterError(f"there is no aggregation {self.aggregation!r}: take 'paillier' or 'rlwe'")
        if not isinstance(self.holder, he.OneDecryptor | he.Threshold | he.AllMembers):
            raise ParameterError("holder is OneDecryptor(), Threshold(t, n) or AllMembers(n): say who can decrypt")
        if self.privacy is not None:
            raise ParameterError("client-level privacy is calibrated for masks: it is not to be had under encryption")
        if self.security_bits > 40:
            raise ParameterError("homomorphic sums hide with 40 bits of statistical security: ask for no more")
        check_rounds(self.aggregation, self.holder, self.rounds)
        if self.keeper and self.aggregation == "rlwe" and self.members is not None:
            raise ParameterError("a shared ring-LWE key is made by all: it has no keeper")
        if self.members is None:
            return
        t, n = self.threshold, self.members
        if n < 3 or t > n or 2 * t <= n:
            raise ParameterError("a threshold t of n members has 2 t > n >= t, and n is at least 3")
        if math.ceil(self.corrupt * n) > min(t - 1, 2 * t - n - 1):
            raise ParameterError(
                f"{t} of {n} holders protect against {min(t - 1, 2 * t - n - 1)} corrupt ones, the terms say "
                f"{self.corrupt:.0%} of them: raise t"
            )

    @property
    def members(self) -> int | None:
        """How many share the key; None where one has it."""
        return None if isinstance(self.holder, he.OneDecryptor) else self.holder.n

    @property
    def threshold(self) -> int:
        """How many holders decrypt."""
        if isinstance(self.holder, he.OneDecryptor):
            return 1
        return self.holder.t if isinstance(self.holder, he.Threshold) else self.holder.n

    def least(self, nodes: int) -> int:
        """How many contributions a sum has at least; nodes open and decrypt for no fewer."""
        return max(he.MIN_CONTRIBUTIONS, nodes - math.floor(self.dropout * nodes))

    @property
    def encrypted_length(self) -> int:
        """Of the vector that is encrypted."""
        return self.length + (LANES if self.blinders else 0)

    @property
    def encrypted_max_abs(self) -> int:
        """Of its values."""
        return max(self.max_abs, LANE_LIMIT) if self.blinders else self.max_abs

    def to_bytes(self) -> bytes:
        """Canonical JSON, as of Terms."""
        value = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        value["holder"] = [type(self.holder).__name__, *dataclasses.astuple(self.holder)]
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> EncryptedTerms:
        """DecodeError for anything but the canonical bytes of terms that can be meant."""
        try:
            value = json.loads(data)
            value["arrays"] = tuple((name, tuple(shape)) for name, shape in value["arrays"])
            value["metrics"] = tuple(value["metrics"])
            name, *numbers = value["holder"]
            kinds = {kind.__name__: kind for kind in (he.OneDecryptor, he.Threshold, he.AllMembers)}
            value["holder"] = kinds[name](*numbers)
            terms = EncryptedTerms(**value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DecodeError(f"the terms cannot be read: {type(error).__name__}") from None
        if terms.to_bytes() != data:
            raise DecodeError("the terms are not in their canonical form")
        return terms


def _hash(what: bytes, *parts: bytes) -> bytes:
    body = hashlib.sha256(b"pyzkfl/1 encrypted averages " + what)
    for part in parts:
        body.update(len(part).to_bytes(8, "little") + part)
    return body.digest()


@dataclasses.dataclass(frozen=True)
class Setup:
    """Terms, members and nonces that all agreed on: what a key and its rounds are bound to."""

    terms: EncryptedTerms
    context: bytes
    keeper: int  # index of the node that holds or deals the key, where somebody does

    @staticmethod
    def of(terms: EncryptedTerms, run: bytes, epoch: int, members: Sequence[bytes], nonces: Sequence[bytes]) -> Setup:
        """ParameterError where the terms are for another number of nodes, or their keeper is none of these."""
        if terms.members not in (None, len(members)):
            raise ParameterError(f"the key is to be shared by {terms.members} nodes, and {len(members)} are there")
        keeper = 0
        if terms.keeper:
            if bytes.fromhex(terms.keeper) not in members:
                raise ParameterError("the node that is to keep the key is not among the members")
            keeper = list(members).index(bytes.fromhex(terms.keeper))
        about = setup_digest(run, epoch, terms.to_bytes())
        return Setup(terms, _hash(b"key", about, *members, *nonces), keeper)

    @property
    def has_keeper(self) -> bool:
        """Whether one node makes the key; otherwise all do."""
        return self.terms.members is None or self.terms.aggregation == "paillier"

    def joint(self, nodes: int) -> he.SharedKeyTerms:
        """Of a ring-LWE key that the nodes share."""
        terms = self.terms
        return he.SharedKeyTerms(
            members=nodes, threshold=terms.threshold, max_abs=terms.encrypted_max_abs, summands=nodes,
            context=self.context,
        )  # fmt: skip

    def kept(self, part: bytes) -> bytes:
        """The keeper's commitment to its part of the key."""
        return _hash(b"kept", self.context, part)

    def making(self, box: bytes, commitment: bytes) -> bytes:
        """What a node signs while the key is made."""
        return _hash(b"making", self.context, box, commitment)

    def key_digest(self, parts: Sequence[bytes]) -> bytes:
        """Of the finished key."""
        return _hash(b"parts", self.context, *parts)

    def round_context(self, key_digest: bytes, round_: int) -> bytes:
        """Of a round's ciphertexts: run, epoch, terms, members, key and round number are in it."""
        return _hash(b"round", self.context, key_digest, round_.to_bytes(8, "little"))

    @staticmethod
    def contribution(context: bytes, commitment: bytes) -> bytes:
        """What a node signs with its ciphertext's commitment."""
        return _hash(b"contribution", context, commitment)

    def read_public(self, part: bytes, nodes: int) -> tuple[he.EncryptionKey, Any]:
        """The key that a keeper's part is, and what puts its shares together. DecodeError or ParameterError."""
        terms = self.terms
        if terms.members is None:
            kind = he.PaillierPublicKey if terms.aggregation == "paillier" else he.RlwePublicKey
            core, dealt = kind.from_bytes(part), None
        else:
            dealt = he.PaillierThresholdKey.from_bytes(part)
            if (dealt.threshold, dealt.members) != (terms.threshold, nodes):
                raise ParameterError("the dealt key is for another threshold or number of members")
            core = dealt.public_key
        scheme: Any = terms.aggregation
        return he.EncryptionKey(scheme, core, terms.encrypted_max_abs, nodes), dealt

    def read_ciphertext(self, public: he.EncryptionKey, context: bytes, member: int, ciphertext: bytes) -> Any:
        """A member's ciphertext of a round, one of this key and of the terms' length, with its proof where keys have
        one. DecodeError or ParameterError."""
        alone = self.terms.members is None
        found = public.read(ciphertext) if alone else public.read_contribution(context, member, ciphertext)
        if len(found) != self.terms.encrypted_length or found.terms != 1:
            raise DecodeError(f"the ciphertext is not one encryption of {self.terms.encrypted_length} values")
        return found
