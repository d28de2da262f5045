"""phe (python-paillier): its keys and EncryptedNumbers, with the encryption and decryption of pyzkfl.he behind them.

For programs that are written for phe: `encrypt` and `decrypt` take its keys and give its objects, much faster,
on all cores; what phe does with EncryptedNumbers in between works as ever. `owned_keys` takes a phe key to the
interface of `pyzkfl.he`, where one integer holds many values. phe is under the GPL: it is never installed by default
(`pip install pyzkfl[he]`).

>>> import phe
>>> from pyzkfl.integrations.phe import decrypt, encrypt
>>> public, private = phe.generate_paillier_keypair(n_length=2048)
>>> numbers = encrypt(public, [1, -2, 0.5])
>>> decrypt(private, [number * 2 + 1 for number in numbers])
[3, -3, 2.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import phe

from pyzkfl import he
from pyzkfl.errors import ParameterError

__all__ = ["decrypt", "encrypt", "owned_keys", "private_key", "public_key", "secret_key"]


def public_key(key: Any) -> he.PaillierPublicKey:
    """A `phe.PaillierPublicKey` as ours. ParameterError for moduli other than 2048, 3072 or 4096 bits."""
    if not isinstance(key, phe.PaillierPublicKey):
        raise ParameterError(f"expected a phe.PaillierPublicKey, got {type(key).__name__}")
    return he.PaillierPublicKey(key.n)


def secret_key(key: Any) -> he.PaillierSecretKey:
    """A `phe.PaillierPrivateKey` as ours."""
    if not isinstance(key, phe.PaillierPrivateKey):
        raise ParameterError(f"expected a phe.PaillierPrivateKey, got {type(key).__name__}")
    return he.PaillierSecretKey(key.p, key.q)


def private_key(key: he.PaillierSecretKey) -> Any:
    """Our key as a `phe.PaillierPrivateKey`, whose primes live on in Python's memory."""
    return phe.PaillierPrivateKey(phe.PaillierPublicKey(key.public_key.n), *key.primes())


def owned_keys(key: Any, *, max_abs: int, summands: int) -> he.OwnedKeys:
    """A phe private key behind the interface of `pyzkfl.he`: packed vectors, exact sums."""
    secret = secret_key(key)
    return he.OwnedKeys(he.EncryptionKey("paillier", secret.public_key, max_abs, summands), secret)


def encrypt(key: Any, values: Sequence[Any], *, randomness: str = "short") -> list[Any]:
    """`[key.encrypt(v) for v in values]`: a phe.EncryptedNumber each, of an int or float, with phe's encoding.

    randomness: "short" or "classic" (SECURITY.md). OverflowError and ValueError are phe's, for values too large or NaN.
    """
    ours = public_key(key)
    encoded = [phe.EncodedNumber.encode(key, value) for value in values]
    made = ours.raw_encrypt([number.encoding for number in encoded], randomness)
    numbers = [
        phe.EncryptedNumber(key, ciphertext, number.exponent) for ciphertext, number in zip(made, encoded, strict=True)
    ]
    for number in numbers:
        number._EncryptedNumber__is_obfuscated = True  # so that phe does not blind a fresh ciphertext once more
    return numbers


def decrypt(key: Any, numbers: Sequence[Any]) -> list[Any]:
    """`[key.decrypt(n) for n in numbers]`. ParameterError for numbers of another key."""
    ours = secret_key(key)
    for place, number in enumerate(numbers):
        if not isinstance(number, phe.EncryptedNumber):
            raise ParameterError(f"number {place} is no phe.EncryptedNumber but {type(number).__name__}")
        if number.public_key != key.public_key:
            raise ParameterError(f"number {place} is under another key")
    plain = ours.raw_decrypt([number.ciphertext(be_secure=False) for number in numbers])
    return [
        phe.EncodedNumber(key.public_key, encoding, number.exponent).decode()
        for encoding, number in zip(plain, numbers, strict=True)
    ]
