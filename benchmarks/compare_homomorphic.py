#!/usr/bin/env python3
"""Homomorphic addition beside its peers, in one run: pypaillier's encryption, phe's decryption, TenSEAL's BFV.

    benchmarks/compare_homomorphic.py              with pypaillier, phe, gmpy2 and tenseal in this Python

Paillier: 2048 bits, one integer a ciphertext, in batches as each library takes them, on all threads that it uses. phe
uses one, and is eight times slower where it finds no gmpy2. BFV: 100,000 integers of 16 bits in vectors of 4096 slots,
n = 4096 (TenSEAL's own coefficient modulus of 109 bits: 128 bits of security by the homomorphic encryption standard),
beside ring-LWE here with the same values. The programs take turns, so that whatever else the machine does falls on
both. All results are compared with what they must be.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from pyzkfl import he
from pyzkfl._core import base

VALUES, SLOTS, BATCH, PHE_BATCH = 100_000, 4096, 1024, 64
MAX_ABS = (1 << 15) - 1
Timed = Callable[[], tuple[float, float]]  # seconds of one operation: ours, theirs


def seconds_of(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paillier_jobs() -> dict[str, Timed]:
    pypaillier, phe = importlib.import_module("paillier"), importlib.import_module("phe")
    keys = he.generate("paillier", holder=he.OneDecryptor(), max_abs=MAX_ABS, summands=100, bits=2048)
    ours, secret = keys.public.core, keys.decryptor
    public, _ = pypaillier.generate_keypair(2048)
    phe_public, phe_secret = phe.generate_paillier_keypair(n_length=2048)
    messages = list(range(BATCH))
    ciphertexts = ours.raw_encrypt(messages)
    phe_ciphertexts = [phe_public.encrypt(m) for m in messages[:PHE_BATCH]]
    assert secret.raw_decrypt(ciphertexts) == messages
    assert [phe_secret.decrypt(c) for c in phe_ciphertexts] == messages[:PHE_BATCH]
    return {
        "Paillier encrypt (pypaillier)": lambda: (
            seconds_of(lambda: ours.raw_encrypt(messages)) / BATCH,
            seconds_of(lambda: pypaillier.encrypt_integers(public, messages)) / BATCH,
        ),
        "Paillier decrypt (phe)": lambda: (
            seconds_of(lambda: secret.raw_decrypt(ciphertexts)) / BATCH,
            seconds_of(lambda: [phe_secret.decrypt(c) for c in phe_ciphertexts]) / PHE_BATCH,
        ),
    }


def ring_jobs() -> dict[str, Timed]:
    tenseal = importlib.import_module("tenseal")
    context = tenseal.context(tenseal.SCHEME_TYPE.BFV, poly_modulus_degree=SLOTS, plain_modulus=1032193)
    keys = he.generate("rlwe", holder=he.OneDecryptor(), max_abs=MAX_ABS, summands=100)
    values = np.random.default_rng(0).integers(-MAX_ABS, MAX_ABS, size=VALUES, endpoint=True, dtype=np.int64)
    parts = [values[at : at + SLOTS].tolist() for at in range(0, VALUES, SLOTS)]
    ours = keys.public.encrypt(values)
    theirs = [tenseal.bfv_vector(context, part) for part in parts]
    assert np.array_equal(keys.decryptor.decrypt(ours + ours), 2 * values)
    assert [v for c in theirs for v in (c + c).decrypt()] == (2 * values).tolist()
    return {
        "ring-LWE encrypt (TenSEAL)": lambda: (
            seconds_of(lambda: keys.public.encrypt(values)),
            seconds_of(lambda: [tenseal.bfv_vector(context, part) for part in parts]),
        ),
        "ring-LWE add (TenSEAL)": lambda: (
            seconds_of(lambda: ours + ours),
            seconds_of(lambda: [c + c for c in theirs]),
        ),
        "ring-LWE decrypt (TenSEAL)": lambda: (
            seconds_of(lambda: keys.decryptor.decrypt(ours)),
            seconds_of(lambda: [c.decrypt() for c in theirs]),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="of each, taking turns (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    missing = [name for name in ("paillier", "phe", "gmpy2", "tenseal") if find_spec(name) is None]
    if missing:
        sys.exit(f"compare_homomorphic needs {', '.join(missing)}: pip install pypaillier phe gmpy2 tenseal")
    figures = {}
    for job, timed in {**paillier_jobs(), **ring_jobs()}.items():
        pairs = [timed() for _ in range(arguments.runs + 1)][1:]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        figures[job] = {"pyzkfl_seconds": ours, "peer_seconds": theirs, "ratio": theirs / ours}
    if arguments.json:
        shown = {"schema": 1, "runs": arguments.runs, "threads": base.thread_count(), "cpu_kernel": base.cpu_kernel()}
        print(json.dumps({**shown, "jobs": figures}))
        return
    print(f"{'':32}{'pyzkfl':>13}{'peer':>13}{'ratio':>8}")
    for job, figure in figures.items():
        ours, theirs = figure["pyzkfl_seconds"] * 1e3, figure["peer_seconds"] * 1e3
        print(f"{job:32}{ours:10.4f} ms{theirs:10.4f} ms{figure['ratio']:7.1f}x")


if __name__ == "__main__":
    main()
