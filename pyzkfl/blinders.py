"""The scalar field of BN254 as Python needs it, and the random element that hides a commitment (Pedersen, Crypto 1991).

>>> from pyzkfl.blinders import FR_MODULUS, random_blinder
>>> int.from_bytes(random_blinder(), "little") < FR_MODULUS
True
"""

from __future__ import annotations

import secrets

from pyzkfl._core import fields

__all__ = ["FR_MODULUS", "random_blinder"]

FR_MODULUS: int = fields.modulus("fr")


def random_blinder() -> bytes:
    """A uniform element of Fr from the system's generator: 32 bytes, little-endian, canonical."""
    return secrets.randbelow(FR_MODULUS).to_bytes(32, "little")
