"""The column key's golden vector, recomputed with py_ecc from what docs/formats.md says of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from py_ecc import optimized_bn128 as ecc

VECTOR = Path(__file__).parents[2] / "vectors" / "column_key.txt"


def test_the_digest_of_the_key_of_tau_17_is_that_of_the_vector() -> None:
    tau, log_n = 17, 2
    powers = 2**log_n + 1
    data = b"PZKF" + bytes([1, 134, 1]) + powers.to_bytes(4, "little")
    for i in range(powers):
        data += b"".join(int(c).to_bytes(32, "big") for c in ecc.normalize(ecc.multiply(ecc.G1, tau**i)))
    for i in (1, 2):
        for coordinate in ecc.normalize(ecc.multiply(ecc.G2, tau**i)):
            data += b"".join(int(c).to_bytes(32, "big") for c in reversed(coordinate.coeffs))
    assert hashlib.sha256(data).hexdigest() == VECTOR.read_text().strip()
