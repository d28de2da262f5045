"""The commit-reveal beacon: randomness that no member and no coordinator chooses (docs/protocol.md section 5).

Each member commits to a nonce after every dataset root is on the record, then reveals it. Nobody can predict the
beacon while one member keeps its nonce; nobody can choose it after seeing the others' reveals, except by refusing to
reveal, which names that member and starts the beacon again without it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from pyzkfl.errors import BeaconInvalid
from pyzkfl.job import Job

__all__ = ["BeaconNonce", "beacon_commitment", "combine"]

_COMMIT_DOMAIN = b"pyzkfl/1 beacon commit"
_BEACON_DOMAIN = b"pyzkfl/1 beacon"


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def beacon_commitment(job: Job, name: str, nonce: bytes) -> bytes:
    """SHA-256 of domain, job digest, member's name and nonce (32 bytes each but the name)."""
    return hashlib.sha256(_framed(_COMMIT_DOMAIN, job.digest, name.encode(), nonce)).digest()


class BeaconNonce:
    """A member's secret until it reveals: 32 bytes from the system's generator, and their commitment."""

    def __init__(self, job: Job, name: str) -> None:
        self._nonce = secrets.token_bytes(32)
        self.commitment = beacon_commitment(job, name, self._nonce)

    def __repr__(self) -> str:
        return f"BeaconNonce(commitment {self.commitment.hex()[:16]})"

    def reveal(self) -> bytes:
        """The nonce. Call it only when every member's commitment is known."""
        return self._nonce


def combine(
    job: Job, roots: Mapping[str, bytes], commitments: Mapping[str, bytes], reveals: Mapping[str, bytes]
) -> bytes:
    """The beacon, 32 bytes: SHA-256 over job, dataset roots and reveals in the job's member order.

    roots, commitments, reveals: by member's name, for the same members. Raises BeaconInvalid naming the member whose
    reveal is missing or does not match.
    """
    parts = [_BEACON_DOMAIN, job.digest]
    for member in job.members:
        if member.name not in commitments:
            continue
        nonce = reveals.get(member.name)
        if nonce is None:
            raise BeaconInvalid(f"member {member.name!r} did not reveal its nonce: start the beacon again without it")
        if len(nonce) != 32 or beacon_commitment(job, member.name, nonce) != commitments[member.name]:
            raise BeaconInvalid(f"member {member.name!r} revealed a nonce that does not match its commitment")
        parts += [member.name.encode(), roots[member.name], nonce]
    if set(commitments) - {member.name for member in job.members} or set(reveals) - set(commitments):
        raise BeaconInvalid("a commitment or reveal of somebody who is not taking part in the beacon")
    if not commitments:
        raise BeaconInvalid("a beacon needs at least one member")
    return hashlib.sha256(_framed(*parts)).digest()
