"""Keys by who holds them: one decryptor, any t of n members, or all members together."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

from pyzkfl._core import he as core
from pyzkfl.errors import ParameterError

__all__ = [
    "AllMembers",
    "EncryptionKey",
    "Holder",
    "OneDecryptor",
    "OwnedKeys",
    "PaillierMember",
    "SharedKeys",
    "Threshold",
    "generate",
    "round_in_process",
]

Scheme = Literal["paillier", "rlwe", "tenseal"]  # the last: pyzkfl.integrations.tenseal


@dataclass(frozen=True)
class OneDecryptor:
    """One party holds the whole key. It can decrypt every single contribution: trust it, or share the key."""


@dataclass(frozen=True)
class Threshold:
    """Any `t` of `n` members decrypt, fewer cannot; 2 t > n. The others may be lost."""

    t: int
    n: int


@dataclass(frozen=True)
class AllMembers:
    """All `n` members are needed, and one honest one protects everybody. Nobody may be lost."""

    n: int


Holder = OneDecryptor | Threshold | AllMembers


@dataclass(frozen=True)
class EncryptionKey:
    """What contributors have: a public key, and the sums it is for.

    max_abs: the largest magnitude of a value. summands: the most vectors that are added. Both are public, and a
    ciphertext of other ones does not add.
    """

    scheme: Scheme
    core: Any
    max_abs: int
    summands: int

    def encrypt(self, values: np.ndarray, *, randomness: str = "short") -> Any:
        """Encrypt a one-dimensional array of integers. ParameterError names the index of one above max_abs.

        randomness: Paillier's, "short" or "classic" (SECURITY.md).
        """
        if self.scheme != "paillier":
            return self.core.encrypt(values)
        return self.core.encrypt(values, max_abs=self.max_abs, summands=self.summands, randomness=randomness)

    def read(self, data: bytes) -> Any:
        """The ciphertext that `to_bytes` gave. DecodeError for anything else, or for sums of other values."""
        found = self.core.ciphertext(data)
        return self._of_these_sums(found)

    def read_contribution(self, context: bytes, member: int, data: bytes) -> Any:
        """The ciphertext that a member showed in a sum of a shared key. As read(); of Paillier, DecodeError also
        without the proof that this member knows the values, and sent them for this context."""
        if self.scheme != "paillier":
            return self.read(data)
        return self._of_these_sums(self.core.contribution(context, member, data))

    def _of_these_sums(self, found: Any) -> Any:
        if self.scheme == "paillier" and (found.max_abs, found.summands) != (self.max_abs, self.summands):
            raise ParameterError(
                f"the ciphertext is packed for {found.summands} values of at most {found.max_abs}, "
                f"this key is used for {self.summands} of at most {self.max_abs}"
            )
        return found


@dataclass(frozen=True)
class OwnedKeys:
    """A key that one party holds: `decryptor.decrypt(ciphertext)` gives the values."""

    public: EncryptionKey
    decryptor: Any


class PaillierMember:
    """A holder of a Paillier share that contributes as well; the same three calls as an `RlweHolder`."""

    def __init__(self, public: EncryptionKey, holder: core.PaillierHolder) -> None:
        self._public = public
        self.holder = holder

    @property
    def index(self) -> int:
        """The member's place, from 0."""
        return self.holder.index

    def contribute(self, context: bytes, values: np.ndarray) -> bytes:
        """Encrypt and keep, with a proof that this member knows the values; returns the commitment for everybody."""
        return self.holder.contribute(context, values, max_abs=self._public.max_abs, summands=self._public.summands)

    def open(self, context: bytes, commitments: Mapping[int, bytes]) -> bytes:
        """The ciphertext, once all commitments are there."""
        return self.holder.open(context, dict(commitments))

    def answer(self, request: core.SumRequest) -> bytes:
        """The decryption share, with its proof."""
        return self.holder.answer(request)


@dataclass(frozen=True)
class SharedKeys:
    """A key that no one holds.

    members: `contribute(context, values)`, `open(context, commitments)` and `answer(request)` are a member's part of a
    round, in this order; each lives with its member.
    """

    public: EncryptionKey
    members: list[Any]
    terms: Any

    def combine(self, request: core.SumRequest, shares: Iterable[bytes]) -> np.ndarray:
        """The sums, from the holders' answers. NotEnoughClients, or ProtocolError that names a wrong Paillier share."""
        if self.public.scheme == "rlwe":
            return self.terms.combine(self.public.core, request, list(shares))
        return self.terms.combine(request, list(shares))


@overload
def generate(
    scheme: Scheme, *, holder: OneDecryptor, max_abs: int, summands: int, bits: int = ..., context: bytes | None = ...
) -> OwnedKeys: ...
@overload
def generate(
    scheme: Scheme,
    *,
    holder: Threshold | AllMembers,
    max_abs: int,
    summands: int,
    bits: int = ...,
    context: bytes | None = ...,
) -> SharedKeys: ...
def generate(
    scheme: Scheme, *, holder: Holder, max_abs: int, summands: int, bits: int = 2048, context: bytes | None = None
) -> OwnedKeys | SharedKeys:
    """Make a key. `holder` says who can decrypt, and has no default.

    For one decryptor, that party calls this. For shared keys this plays all parts in one process: a dealer for
    Paillier, who could decrypt alone and must forget; for ring-LWE the members, none of whom learns the key. Members in
    different places run `RlweKeyMember` themselves.

    bits: of a Paillier modulus, 2048, 3072 or 4096. context: 32 bytes that name a joint ring-LWE key; random if None.
    """
    if scheme not in ("paillier", "rlwe"):
        raise ParameterError(f"there is no scheme {scheme!r}: take 'paillier' or 'rlwe'")
    if isinstance(holder, OneDecryptor):
        secret = (
            core.RlweSecretKey.generate(max_abs=max_abs, summands=summands)
            if scheme == "rlwe"
            else core.PaillierSecretKey.generate(bits)
        )
        return OwnedKeys(EncryptionKey(scheme, secret.public_key, max_abs, summands), secret)
    if not isinstance(holder, Threshold | AllMembers):
        raise ParameterError("holder is OneDecryptor(), Threshold(t, n) or AllMembers(n): say who can decrypt")
    n = holder.n
    t = holder.t if isinstance(holder, Threshold) else n
    if scheme == "paillier":
        key, holders = core.deal_paillier(*core.random_safe_primes(bits), t, n)
        public = EncryptionKey(scheme, key.public_key, max_abs, summands)
        return SharedKeys(public, [PaillierMember(public, one) for one in holders], key)
    terms = core.SharedKeyTerms(
        members=n,
        threshold=t,
        max_abs=max_abs,
        summands=summands,
        context=secrets.token_bytes(32) if context is None else context,
    )
    making = [core.RlweKeyMember(terms, i) for i in range(n)]
    commitments = [member.commitment() for member in making]
    parts = [member.part(commitments) for member in making]
    members = [
        member.finish(parts, [] if t == n else [other.dealt_share(i) for j, other in enumerate(making) if j != i])
        for i, member in enumerate(making)
    ]
    public = EncryptionKey(scheme, terms.public_key(commitments, parts), max_abs, summands)
    return SharedKeys(public, members, terms)


def round_in_process(
    keys: SharedKeys, context: bytes, values: Mapping[int, np.ndarray], *, holders: set[int]
) -> np.ndarray:
    """A whole round of a shared key in one process: commitments, openings, answers of `holders`, the sums.

    values: what each contributing member sends. context: 32 bytes, never used twice with these keys.
    """
    commitments = {i: keys.members[i].contribute(context, vector) for i, vector in values.items()}
    ciphertexts = {i: keys.members[i].open(context, commitments) for i in values}
    for i in holders - values.keys():
        if keys.public.scheme == "paillier":
            keys.members[i].holder.expect(context, commitments)
    request = core.SumRequest(context=context, commitments=commitments, ciphertexts=ciphertexts, holders=holders)
    return keys.combine(request, [keys.members[i].answer(request) for i in sorted(holders)])
