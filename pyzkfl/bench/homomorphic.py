"""Benchmarks of homomorphic encryption: Paillier one integer at a time, ring-LWE on a whole vector, and shared keys."""

from __future__ import annotations

import secrets
import time
from typing import Any, Literal

import numpy as np

from pyzkfl import he
from pyzkfl.bench.measure import Sample, repeat

__all__ = ["paillier", "rlwe"]

MAX_ABS = (1 << 15) - 1  # 16-bit values
SUMMANDS = 100
BATCH = 1024


def paillier(runs: int, *, bits: int, dim: int, members: int) -> Sample:
    """One operation is the encryption of one integer by the short exponent, in batches of 1024 on all threads.

    The rates are of single ciphertexts, as phe has them. `packed_*` is a vector of `dim` 16-bit values, with room for
    100 summands, encrypted, added once and decrypted. `shared_*`: as of rlwe, under a key that a dealer shared; a
    member's own seconds for its share have the proofs of all contributions in them.
    """
    keys = he.generate("paillier", holder=he.OneDecryptor(), max_abs=MAX_ABS, summands=SUMMANDS, bits=bits)
    public, secret = keys.public.core, keys.decryptor
    messages = list(range(BATCH))
    ciphertexts = public.raw_encrypt(messages)
    encrypt = repeat(lambda: public.raw_encrypt(messages), runs)
    classic = repeat(lambda: public.raw_encrypt(messages[:128], "classic"), max(1, runs // 2))
    add = repeat(lambda: public.raw_add(ciphertexts, ciphertexts), runs)
    decrypt = repeat(lambda: secret.raw_decrypt(ciphertexts), runs)
    assert secret.raw_decrypt(ciphertexts) == messages  # a rate of wrong results would be none
    packed = _vector(keys, dim, max(1, runs // 2))
    return Sample(
        [seconds / BATCH for seconds in encrypt],
        {
            "encrypt_per_second": BATCH / min(encrypt),
            "classic_encrypt_per_second": 128 / min(classic),
            "add_per_second": BATCH / min(add),
            "decrypt_per_second": BATCH / min(decrypt),
            **{f"packed_{name}": value for name, value in packed.items()},
            **{f"shared_{name}": value for name, value in _shared("paillier", dim, members, bits).items()},
        },
    )


def rlwe(runs: int, *, dim: int, members: int) -> Sample:
    """One operation is a vector of `dim` 16-bit integers encrypted, added to another and decrypted by one holder.

    `shared_*`: the same vector under a joint key of `members`, a bare majority and one more of whom decrypt:
    a member's own seconds for its share (summing all contributions included), and those of putting them together.
    """
    keys = he.generate("rlwe", holder=he.OneDecryptor(), max_abs=MAX_ABS, summands=SUMMANDS)
    figures = _vector(keys, dim, runs)
    total = figures["encrypt_seconds"] + figures["add_seconds"] + figures["decrypt_seconds"]
    return Sample(
        [total],
        {
            **figures,
            "parameters": he.rlwe_parameters(MAX_ABS, SUMMANDS),
            **{f"shared_{name}": value for name, value in _shared("rlwe", dim, members).items()},
        },
    )


def _vector(keys: he.OwnedKeys, dim: int, runs: int) -> dict[str, Any]:
    values = np.random.default_rng(0).integers(-MAX_ABS, MAX_ABS, size=dim, endpoint=True, dtype=np.int64)
    encrypt = repeat(lambda: keys.public.encrypt(values), runs)
    ciphertext = keys.public.encrypt(values)
    add = repeat(lambda: ciphertext + ciphertext, runs)
    decrypt = repeat(lambda: keys.decryptor.decrypt(ciphertext), runs)
    return {
        "encrypt_seconds": min(encrypt),
        "add_seconds": min(add),
        "decrypt_seconds": min(decrypt),
        "bytes": ciphertext.nbytes,
        "exact": bool(np.array_equal(keys.decryptor.decrypt(ciphertext + ciphertext), 2 * values)),
    }


def _shared(scheme: Literal["paillier", "rlwe"], dim: int, members: int, bits: int = 2048) -> dict[str, Any]:
    threshold = members // 2 + 2 if members > 3 else members
    holder = he.Threshold(threshold, members)
    keys = he.generate(scheme, holder=holder, max_abs=MAX_ABS, summands=members, bits=bits)
    values = {
        i: np.random.default_rng(i).integers(-MAX_ABS, MAX_ABS, size=dim, endpoint=True, dtype=np.int64)
        for i in range(members)
    }
    context = secrets.token_bytes(32)
    commitments = {i: keys.members[i].contribute(context, vector) for i, vector in values.items()}
    ciphertexts = {i: keys.members[i].open(context, commitments) for i in values}
    asked = set(range(threshold))
    request = he.SumRequest(context=context, commitments=commitments, ciphertexts=ciphertexts, holders=asked)
    seconds, shares = [], []
    for i in asked:
        began = time.perf_counter()
        shares.append(keys.members[i].answer(request))
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    total = keys.combine(request, shares)
    combine = time.perf_counter() - began
    return {
        "threshold": threshold,
        "share_seconds": float(np.median(seconds)),
        "combine_seconds": combine,
        "ciphertext_bytes": len(ciphertexts[0]),
        "share_bytes": len(shares[0]),
        "exact": bool(np.array_equal(total, sum(values.values()))),
    }
