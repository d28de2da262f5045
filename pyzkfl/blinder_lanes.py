"""A blinder of Fr as small integers that add: the lanes beside an update where sums are homomorphic.

Masks carry the blinder as one element of Fr, so that its sum is seen modulo r and no further. Encrypted integers add
over the integers, and the sums of plain digits would say more: how the digits of the blinders are distributed, and a
commitment whose blinder is not uniform hides no longer perfectly. So each member spreads its blinder b at random:

    lane_j = digit_j + carry_(j-1) - 256 carry_j,    digits of b + k r, base 256; carries and k uniform in [0, 2^40)

Two sets of blinders with one sum modulo r differ in the digits of their sums by carries below twice the number of
members, which one honest member's uniform carry hides up to 2^-40 times that, in each lane: the sums of lanes tell the
sum modulo r, and anything else with probability below members * 2^-33.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pyzkfl.blinders import FR_MODULUS

__all__ = ["LANES", "LANE_LIMIT", "from_lanes", "to_lanes"]

_CARRY_BITS = 40
LANES = 37  # bytes of b + k r, which is below 2^(254 + 40)
LANE_LIMIT = 255 + (1 << _CARRY_BITS) + (256 << _CARRY_BITS)  # no lane is larger in magnitude


def to_lanes(blinder: bytes) -> npt.NDArray[np.int64]:
    """Spread a blinder (32 bytes, little-endian) over LANES integers, int64; another way at every call. Secret."""
    spread = int.from_bytes(blinder, "little") + secrets.randbits(_CARRY_BITS) * FR_MODULUS
    lanes, carry = [], 0
    for at, digit in enumerate(spread.to_bytes(LANES, "little")):
        following = secrets.randbits(_CARRY_BITS) if at < LANES - 1 else 0
        lanes.append(digit + carry - (following << 8))
        carry = following
    return np.array(lanes, dtype=np.int64)


def from_lanes(lanes: Iterable[int]) -> bytes:
    """The blinder, or from sums of lanes the sum of blinders, modulo r: 32 bytes, little-endian."""
    total = sum(int(lane) << (8 * at) for at, lane in enumerate(lanes))
    return (total % FR_MODULUS).to_bytes(32, "little")
