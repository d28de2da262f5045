"""Momentum carried over rounds: who keeps which velocity (docs/engine.md, Momentum carried over rounds).

Everybody keeps the commitment of every member's velocity, and it moves by one rule: to the C(V') of a submission that
entered an opened sum. The velocity itself and its blinder are the member's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.job import Job
from pyzkfl.network import NO_VELOCITY
from pyzkfl.statement import Statement

__all__ = ["OwnVelocities", "Velocities", "Velocity"]


class Velocities:
    """C(V) of every member, as of one round. Never changed: `after` makes the next one."""

    def __init__(self, commitments: dict[str, bytes] | None = None) -> None:
        self._commitments = dict(commitments or {})

    def of(self, name: str) -> bytes:
        """C(V) that a member's next round goes on from; NO_VELOCITY before its first one entered a sum."""
        return self._commitments.get(name, NO_VELOCITY)

    def pair(self, job: Job, name: str, following: bytes) -> tuple[bytes, ...]:
        """The velocities of a statement: C(V) of this record, and C(V') of a submission. Nothing in other jobs.

        Raises DecodeError for a submission that names one where it must not, or none, or the point of no velocity: V'
        has a blinder, and without one it could be guessed.
        """
        if not job.carries_momentum:
            if following:
                raise DecodeError(f"the submission of {name!r} names a velocity, and this job carries no momentum")
            return ()
        if len(following) != 32 or following == NO_VELOCITY:
            raise DecodeError(f"the submission of {name!r} must name its next velocity, a point of 32 bytes")
        return self.of(name), following

    def after(self, statements: Iterable[Statement]) -> Velocities:
        """The record once these statements' updates are in an opened sum."""
        moved = {s.client: s.velocities[1] for s in statements if s.velocities}
        return Velocities({**self._commitments, **moved})


class Velocity(NamedTuple):
    """A velocity in the clear, int64 (dimension,) or None for none, and its blinder (32 bytes). Secret."""

    values: npt.NDArray[np.int64] | None
    blinder: bytes


class OwnVelocities:
    """The velocities that a member may have to go on from: that of its last sum, and those it has submitted since."""

    def __init__(self) -> None:
        self._known: dict[bytes, Velocity] = {NO_VELOCITY: Velocity(None, bytes(32))}

    def __repr__(self) -> str:
        return f"OwnVelocities({len(self._known)} of them, secret)"

    def submitted(self, commitment: bytes, velocity: Velocity) -> None:
        """Remember what stands behind a C(V') of this member's own."""
        self._known[commitment] = velocity

    def behind(self, commitment: bytes) -> Velocity:
        """What stands behind this member's C(V), by everybody's record. The others are forgotten when it has moved.

        Raises ProtocolError if it is not known: after a loss of state, the member is out of the job.
        """
        if commitment not in self._known:
            raise ProtocolError(
                "this member does not know the velocity that its last sum left (it was restarted?), and cannot go on "
                "in a job that carries momentum"
            )
        names = list(self._known)
        for older in names[: names.index(commitment)]:
            del self._known[older]
        return self._known[commitment]
