"""Homomorphic encryption: everybody sends ciphertexts, whoever holds the key decrypts the exact sum.

Two schemes behind one small interface: "paillier" (keys and ciphertexts of phe, one integer holds many values) and
"rlwe" (ring-LWE, tens of times faster, resists quantum computers as far as anyone knows). Values are int64 arrays;
floats and torch tensors go in and out through `FixedPoint`, in a job's units. docs/homomorphic.md says how to choose,
and what each rests on.

Who holds the key has no default. One decryptor sees every single contribution if it wants to:

>>> import numpy as np
>>> from pyzkfl import he
>>> keys = he.generate("rlwe", holder=he.OneDecryptor(), max_abs=1000, summands=3)
>>> sent = [keys.public.encrypt(np.array([i, -10 * i])).to_bytes() for i in (1, 2, 3)]
>>> first, second, third = (keys.public.read(data) for data in sent)
>>> keys.decryptor.decrypt(first + second + third)
array([  6, -60])

Three of five members, none of whom can decrypt alone, in one process (a real round carries the bytes between them):

>>> keys = he.generate("rlwe", holder=he.Threshold(3, 5), max_abs=1000, summands=5, context=bytes(31) + b"1")
>>> values = {member: np.array([1, member]) for member in range(5)}
>>> he.round_in_process(keys, bytes(31) + b"2", values, holders={0, 2, 4})
array([ 5, 10])

Floats, in units of 2^-16 and none beyond 1 (`FixedPoint.of(job)` takes a job's own), and their mean:

>>> spec = he.FixedPoint(frac=16, max_abs=1 << 16)
>>> keys = he.generate("rlwe", holder=he.OneDecryptor(), max_abs=spec.max_abs, summands=2)
>>> layers = [np.full((2, 2), 0.5), np.array([-0.25])]
>>> both = keys.public.encrypt(spec.encode(layers)) + keys.public.encrypt(spec.encode(layers))
>>> spec.decode(keys.decryptor.decrypt(both), like=layers, members=2)[1]
array([-0.25])
"""

from __future__ import annotations

from pyzkfl._core.he import (
    MIN_CONTRIBUTIONS,
    PaillierCiphertext,
    PaillierHolder,
    PaillierPublicKey,
    PaillierSecretKey,
    PaillierThresholdKey,
    RlweCiphertext,
    RlweHolder,
    RlweKeyMember,
    RlwePublicKey,
    RlweSecretKey,
    ShareBox,
    SharedKeyTerms,
    SumRequest,
    commit_contribution,
    deal_paillier,
    open_state,
    random_safe_primes,
    rlwe_parameters,
    seal_state,
)
from pyzkfl.he.fixed_point import FixedPoint
from pyzkfl.he.keys import (
    AllMembers,
    EncryptionKey,
    Holder,
    OneDecryptor,
    OwnedKeys,
    PaillierMember,
    SharedKeys,
    Threshold,
    generate,
    round_in_process,
)

__all__ = [
    "MIN_CONTRIBUTIONS",
    "AllMembers",
    "EncryptionKey",
    "FixedPoint",
    "Holder",
    "OneDecryptor",
    "OwnedKeys",
    "PaillierCiphertext",
    "PaillierHolder",
    "PaillierMember",
    "PaillierPublicKey",
    "PaillierSecretKey",
    "PaillierThresholdKey",
    "RlweCiphertext",
    "RlweHolder",
    "RlweKeyMember",
    "RlwePublicKey",
    "RlweSecretKey",
    "ShareBox",
    "SharedKeyTerms",
    "SharedKeys",
    "SumRequest",
    "Threshold",
    "commit_contribution",
    "deal_paillier",
    "generate",
    "open_state",
    "random_safe_primes",
    "rlwe_parameters",
    "round_in_process",
    "seal_state",
]
