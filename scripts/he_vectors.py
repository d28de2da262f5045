"""Writes tests/vectors/he.json: the golden vectors of homomorphic encryption (docs/formats.md).

    python scripts/he_vectors.py

Ring-LWE's are fixed by their seeds. A Paillier ciphertext has fresh randomness, so each run writes another; its test
reads it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np

from pyzkfl import he

VECTORS = Path(__file__).resolve().parents[1] / "tests/vectors"


def main() -> None:
    values = [7, -7, 0, 1, -1, 5, 5, 5, -6, 2, 3]
    secret_bytes = struct.pack("<7sQIH", b"PZKF\x01\x51\x03", 7, 3, 1) + bytes(range(32)) + bytes(range(32, 64))
    secret = he.RlweSecretKey.from_bytes(secret_bytes)
    root = bytes(range(64, 96))
    made = secret.public_key._encrypt_with(np.array(values), root).to_bytes()
    p, q = (int(line, 16) for line in (VECTORS / "paillier_safe_primes.txt").read_text().split())
    small = [100, -100, 17]
    ciphertext = he.PaillierSecretKey(p, q).public_key.encrypt(np.array(small), max_abs=100, summands=5)
    out = {
        "rlwe": {
            "secret_key": secret_bytes.hex(),
            "public_key_digest": secret.public_key.digest.hex(),
            "values": values,
            "root": root.hex(),
            "ciphertext_sha256": hashlib.sha256(made).hexdigest(),
        },
        "paillier": {"values": small, "ciphertext": ciphertext.to_bytes().hex()},
    }
    (VECTORS / "he.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
