"""Proofs and points in the encoding of an EVM (docs/formats.md, Proof and points), from their 32-byte forms.

>>> from pyzkfl import _core
>>> g1_to_evm(_core.curves.g1_compress(_core.curves.g1_generator())).hex()[-4:]
'0002'
"""

from __future__ import annotations

import itertools

from pyzkfl import _core
from pyzkfl.errors import DecodeError

__all__ = ["engine_proof_from_evm", "engine_proof_to_evm", "g1_from_evm", "g1_to_evm", "groth16_proof_to_evm", "words"]

_GROTH16 = 128  # A, B, C compressed
_SCALARS = 160  # rho, z, gamma, i0, i1


def g1_to_evm(point: bytes) -> bytes:
    """x and y, 32 bytes each, of a compressed point. DecodeError for what is no point."""
    return bytes(_core.curves.g1_decompress(point))


def g1_from_evm(point: bytes) -> bytes:
    """The 32 bytes of an uncompressed point."""
    return bytes(_core.curves.g1_compress(point))


def groth16_proof_to_evm(proof: bytes) -> bytes:
    """A, B, C: 256 bytes from 128."""
    return bytes(_core.groth16.evm_bytes(proof))


def engine_proof_to_evm(proof: bytes) -> bytes:
    """The engine's proof uncompressed, 864 bytes from 512 with four digits columns. DecodeError for what is none."""
    points, rest = divmod(len(proof) - _GROTH16 - _SCALARS, 32)
    if rest or points < 4:
        raise DecodeError(f"a proof of the engine has 288 bytes and 32 for each of its points, got {len(proof)}")
    body = proof[_GROTH16 : _GROTH16 + 32 * points]
    middle = b"".join(g1_to_evm(body[32 * i : 32 * i + 32]) for i in range(points))
    return groth16_proof_to_evm(proof[:_GROTH16]) + middle + proof[-_SCALARS:]


def engine_proof_from_evm(proof: bytes) -> bytes:
    """The engine's proof compressed, 512 bytes from 864. DecodeError for whatever the contract calls malformed in its
    points: off their curve, not canonical, infinity; scalars are the verifier's to read."""
    points, rest = divmod(len(proof) - 2 * _GROTH16 - _SCALARS, 64)
    if rest or points < 4:
        raise DecodeError(f"a proof of the engine has 416 bytes and 64 for each of its points, got {len(proof)}")
    ends = [64, 192, *range(256, 257 + 64 * points, 64)]
    parts = [proof[start:end] for start, end in itertools.pairwise([0, *ends])]
    if any(part == bytes(len(part)) for part in parts):
        raise DecodeError("a proof of the engine holds the point at infinity")
    a, b, *others = parts
    return g1_from_evm(a) + bytes(_core.curves.g2_compress(b)) + b"".join(map(g1_from_evm, others)) + proof[-_SCALARS:]


def words(data: bytes) -> tuple[int, ...]:
    """The 32-byte words of an EVM encoding as integers."""
    if len(data) % 32:
        raise DecodeError(f"words of 32 bytes, got {len(data)} bytes")
    return tuple(int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32))
