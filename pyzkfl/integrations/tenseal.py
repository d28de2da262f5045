"""TenSEAL: BFV contexts of its own behind the interface of `pyzkfl.he`, for those who have them already.

Exact integers in, exact sums out, with the same checks of ranges and headroom as our schemes; floats through
`he.FixedPoint`. TenSEAL's contexts have one owner of the secret key: there are no shares of it. Our own ring-LWE is
smaller and several times as fast (docs/homomorphic.md), and its readers of bytes are ours: TenSEAL's run in its C++
library, on what others sent. `pip install pyzkfl[he]`.

>>> import numpy as np
>>> from pyzkfl.integrations import tenseal
>>> keys = tenseal.generate(max_abs=1000, summands=2)
>>> sent = [keys.public.encrypt(np.array([i, -10 * i])).to_bytes() for i in (1, 2)]
>>> keys.decryptor.decrypt(keys.public.read(sent[0]) + keys.public.read(sent[1]))
array([  3, -30])
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import tenseal

from pyzkfl import he
from pyzkfl.errors import DecodeError, HeadroomExceeded, ParameterError, RangeError

__all__ = ["Ciphertext", "Decryptor", "PublicKey", "from_context", "generate"]

_HEAD = struct.Struct("<4sIQ")  # magic, summands so far, values; then each part's bytes behind their length
_MAGIC = b"PZT1"
_LENGTH = struct.Struct("<I")
_SLOTS = 4096
_DATA_BITS = {4096: 72, 8192: 174}  # of SEAL's default modulus at 128 bits of security, without the special prime
_NOISE_BITS = 22  # of a fresh ciphertext beside the plain modulus, with room to spare (tests measure it)


def _is_prime(n: int) -> bool:
    """Miller-Rabin with the first twelve primes: exact below 2^64."""
    small = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 2 or any(n % p == 0 for p in small):
        return n in small
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in small:
        x = pow(base, d, n)
        if x in (1, n - 1):
            continue
        if all((x := x * x % n) != n - 1 for _ in range(s - 1)):
            return False
    return True


def _plain_modulus(least: int, degree: int) -> int:
    """The first prime above `least` with degree slots: one more than a multiple of 2 degree."""
    step = 2 * degree
    n = (least // step + 1) * step + 1
    while not _is_prime(n):
        n += step
    return n


def generate(*, max_abs: int, summands: int) -> he.OwnedKeys:
    """A fresh context of 128 bits for sums of at most `summands` vectors of values up to max_abs in magnitude.

    HeadroomExceeded where TenSEAL has no such context (sums beyond 59 bits).
    """
    _check(max_abs, summands)
    least = 2 * max_abs * summands
    for degree, data in _DATA_BITS.items():
        modulus = _plain_modulus(least, degree)
        if modulus.bit_length() <= 60 and modulus.bit_length() + summands.bit_length() + _NOISE_BITS <= data:
            context = tenseal.context(tenseal.SCHEME_TYPE.BFV, poly_modulus_degree=degree, plain_modulus=modulus)
            return from_context(context, max_abs=max_abs, summands=summands, slots=degree, plain_modulus=modulus)
    raise HeadroomExceeded(
        f"sums of {summands} values of at most {max_abs} do not fit TenSEAL's BFV: lower max_abs or summands"
    )


def from_context(context: Any, *, max_abs: int, summands: int, plain_modulus: int, slots: int = _SLOTS) -> he.OwnedKeys:
    """A context of your own. plain_modulus, slots (poly_modulus_degree): what it was made with; TenSEAL does not tell.

    Others get a public copy, `context.serialize(save_secret_key=False)`; of such a copy `decryptor` refuses to decrypt.
    ParameterError where sums could pass half the plain modulus, which they would do silently.
    """
    _check(max_abs, summands)
    if not isinstance(context, tenseal.Context):
        raise ParameterError(f"expected a tenseal.Context, got {type(context).__name__}")
    if 2 * max_abs * summands >= plain_modulus:
        raise ParameterError(
            f"sums of {summands} values of at most {max_abs} need a plain modulus above {2 * max_abs * summands}, "
            f"this one is {plain_modulus}"
        )
    key = PublicKey(context, max_abs, summands, slots)
    return he.OwnedKeys(he.EncryptionKey("tenseal", key, max_abs, summands), Decryptor(key))


def _check(max_abs: int, summands: int) -> None:
    for name, value in (("max_abs", max_abs), ("summands", summands)):
        if type(value) is not int or not 1 <= value < 1 << 60:
            raise ParameterError(f"{name} is an integer from 1 to 2^60, got {value!r}")


class Ciphertext:
    """A vector of integers, encrypted; add them with +. terms: how many encryptions were added."""

    def __init__(self, key: PublicKey, parts: list[Any], values: int, terms: int) -> None:
        self._key, self._parts, self.size, self.terms = key, parts, values, terms

    def __add__(self, other: Any) -> Ciphertext:
        if not isinstance(other, Ciphertext):
            return NotImplemented
        if other._key is not self._key:
            raise ParameterError("the ciphertexts are under different keys")
        if other.size != self.size:
            raise ParameterError(f"the ciphertexts have {self.size} and {other.size} values")
        terms = self.terms + other.terms
        if terms > self._key.summands:
            raise HeadroomExceeded(f"a sum of {terms} vectors, and the key has room for {self._key.summands}")
        parts = [a + b for a, b in zip(self._parts, other._parts, strict=True)]
        return Ciphertext(self._key, parts, self.size, terms)

    def to_bytes(self) -> bytes:
        """How many were added, how many values, and TenSEAL's own bytes of each part."""
        out = [_HEAD.pack(_MAGIC, self.terms, self.size)]
        for part in self._parts:
            data = part.serialize()
            out += [_LENGTH.pack(len(data)), data]
        return b"".join(out)


class PublicKey:
    """What contributors have of a context. `he.EncryptionKey` calls it."""

    def __init__(self, context: Any, max_abs: int, summands: int, slots: int) -> None:
        self.context, self.max_abs, self.summands, self.slots = context, max_abs, summands, slots

    def encrypt(self, values: Any) -> Ciphertext:
        """RangeError names the first value above max_abs."""
        array = np.asarray(values)
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
            raise ParameterError(f"values are a one-dimensional array of integers, got {array.dtype} {array.shape}")
        beyond = np.flatnonzero((array > self.max_abs) | (array < -self.max_abs))
        if beyond.size:
            raise RangeError(f"value {beyond[0]} is beyond {self.max_abs} in magnitude")
        parts = [
            tenseal.bfv_vector(self.context, array[at : at + self.slots].tolist())
            for at in range(0, array.size, self.slots)
        ]
        return Ciphertext(self, parts, array.size, 1)

    def ciphertext(self, data: bytes) -> Ciphertext:
        """Read `to_bytes`; DecodeError."""
        try:
            magic, terms, size = _HEAD.unpack_from(data)
        except struct.error:
            raise DecodeError("a TenSEAL ciphertext is cut off") from None
        if magic != _MAGIC or not 1 <= terms <= self.summands or size < 1:
            raise DecodeError("not a ciphertext of this key: other magic, summands or size")
        at, parts = _HEAD.size, []
        for start in range(0, size, self.slots):
            part, at = self._part(data, at)
            if part.size() != min(self.slots, size - start):
                raise DecodeError("a part of the ciphertext has another number of values")
            parts.append(part)
        if at != len(data):
            raise DecodeError("bytes after the ciphertext")
        return Ciphertext(self, parts, size, terms)

    def _part(self, data: bytes, at: int) -> tuple[Any, int]:
        if len(data) - at < _LENGTH.size:
            raise DecodeError("a TenSEAL ciphertext is cut off")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise DecodeError("a TenSEAL ciphertext is cut off")
        try:
            return tenseal.bfv_vector_from(self.context, data[at : at + length]), at + length
        except (ValueError, RuntimeError, IndexError) as error:
            raise DecodeError(f"TenSEAL reads no vector in it: {error}") from None


class Decryptor:
    """Who has the context's secret key."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def decrypt(self, ciphertext: Ciphertext) -> np.ndarray:
        """The sums, int64. DecodeError for values that no such sum can be."""
        if not isinstance(ciphertext, Ciphertext) or ciphertext._key is not self._key:
            raise ParameterError("not a ciphertext of this key")
        if not self._key.context.has_secret_key():
            raise ParameterError("this context has no secret key: its owner decrypts")
        values = np.array([v for part in ciphertext._parts for v in part.decrypt()], dtype=np.int64)
        limit = self._key.max_abs * ciphertext.terms
        if (np.abs(values) > limit).any():
            raise DecodeError(f"a sum of {ciphertext.terms} values of at most {self._key.max_abs} is beyond {limit}")
        return values
