"""What the files of a Groth16 setup record of each contribution to it, in `.ptau` (first phase) and `.zkey` (second).

The proofs in a record show that somebody knew the secret that it stands for, and no more: anybody can contribute alone
under all names. So contributors publish the hash of their record, each looks for its own in the finished file, and
everybody looks for the public beacon at its end (`docs/ceremony.md`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyzkfl.errors import ParameterError, SetupInvalid

__all__ = ["Contribution", "beacon_from_hex", "expect_beacon", "expect_contributions", "hash_from_hex"]

_HASH_BYTES = 64  # BLAKE2b


@dataclass(frozen=True)
class Contribution:
    """One record. name: as the contributor says. hash: over the record and all before it, 64 bytes. beacon: the bytes
    that the secret was computed from, by 2^iterations_log iterations of SHA-256; None for a contributor's own secret.

    Names and beacons are not part of the hash, so anybody could change a name, or take the mark of a beacon off. That a
    contribution marked so is from its beacon, verification checks.
    """

    name: str
    hash: bytes
    beacon: bytes | None = None
    iterations_log: int = 0

    @property
    def is_beacon(self) -> bool:
        """Whether it is of a public beacon: such a secret is everybody's."""
        return self.beacon is not None

    @classmethod
    def from_core(cls, record: tuple[bytes, bytes | None, int, bytes]) -> Contribution:
        """From what the core reads."""
        name, beacon, iterations_log, digest = record
        return cls(name.decode(errors="replace"), digest, beacon, iterations_log)


def _from_hex(text: str) -> bytes | None:
    """The bytes, or None. Spaces and line breaks may stand between bytes, as snarkjs prints them."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def hash_from_hex(text: str) -> bytes:
    """The hash of a contribution, 128 hexadecimal digits. Raises ParameterError.

    >>> hash_from_hex("12ab")
    Traceback (most recent call last):
    pyzkfl.errors.ParameterError: '12ab' is no hash of a contribution: that has 128 hexadecimal digits
    """
    digest = _from_hex(text)
    if digest is None or len(digest) != _HASH_BYTES:
        raise ParameterError(f"{text!r:.80} is no hash of a contribution: that has 128 hexadecimal digits")
    return digest


def beacon_from_hex(text: str) -> bytes:
    """A beacon's bytes, from hexadecimal digits. Raises ParameterError."""
    beacon = _from_hex(text)
    if not beacon:
        raise ParameterError(f"{text!r:.80} is no beacon: that has hexadecimal digits, two a byte")
    return beacon


def expect_contributions(found: Iterable[Contribution], wanted: Iterable[bytes]) -> None:
    """Look for hashes that contributors published. Raises SetupInvalid naming the first that is missing."""
    present = {contribution.hash for contribution in found}
    for digest in wanted:
        if digest not in present:
            raise SetupInvalid(
                f"no contribution has the hash {digest.hex()}: whoever published it was left out of this file, or "
                "contributed to another"
            )


def expect_beacon(found: Iterable[Contribution], beacon: bytes, iterations_log: int) -> None:
    """Look for the agreed beacon at the end. Raises SetupInvalid saying what is there."""
    last = next(reversed(list(found)), None)
    if last is None or last.beacon is None:
        raise SetupInvalid("the last contribution is not of a beacon, so whoever made it could choose the end")
    if (last.beacon, last.iterations_log) != (beacon, iterations_log):
        raise SetupInvalid(
            f"the last contribution is of the beacon {last.beacon.hex()} with 2^{last.iterations_log} iterations, not "
            f"of {beacon.hex()} with 2^{iterations_log}"
        )
