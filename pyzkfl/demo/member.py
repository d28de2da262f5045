"""One member of the demo as a process: python -m pyzkfl.demo.member, driven over stdin and stdout by the parent.

It gets its own rows from the parent, speaks to the coordinator over the socket only, drops out and cheats where the
plan says, and at the end reports how long its proofs took.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, transport
from pyzkfl.demo.attackers import Forger
from pyzkfl.demo.pipes import read_block, read_json, run_party, write_json
from pyzkfl.demo.plan import Attack, Phase
from pyzkfl.errors import PyzkflError
from pyzkfl.job import Member
from pyzkfl.messages import Message, Type
from pyzkfl.proofs import Submission

_DROP_AT = {
    Type.MASK_KEYS: Phase.MASK_KEYS,
    Type.MASK_SHARES: Phase.MASK_SHARES,
    Type.UNMASK: Phase.UNMASK,
    # Where sums are homomorphic; once shares of a ring-LWE decryption are asked for, nobody may be lost.
    Type.TRAIN: Phase.MASK_KEYS,
    Type.CIPHERTEXT_COMMITMENTS: Phase.MASK_SHARES,
    Type.SURVIVORS: Phase.UNMASK,
}


class DemoMember(Forger):
    """A Forger that trains only when it holds the machine: the members share one, and a proof uses all its cores."""

    machine = ""

    def _train(self) -> tuple[Submission, npt.NDArray[np.int64], bytes]:
        with _turn(self.machine):
            return super()._train()


@contextlib.contextmanager
def _turn(path: str) -> Iterator[None]:
    with open(path, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Manner:
    """How a member takes part. This one: over the socket alone."""

    kind = DemoMember

    def hello(self) -> dict[str, Any]:
        """What it tells its parent beside its public key."""
        return {}

    def prepare(self, member: Any, consortium: dict[str, Any]) -> None:
        """Before the first message."""

    def report(self, member: Any) -> dict[str, Any]:
        """At the end."""
        return {}


def main(manner: Manner | None = None) -> int:
    """Run until the coordinator says FINISH."""
    manner = manner or Manner()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    config: dict[str, Any] = read_json(source)
    arrays = np.load(io.BytesIO(read_block(source)), allow_pickle=False)
    identity = _core.identity.IdentityKey.generate()
    write_json(sink, {"public_key": identity.public_bytes.hex(), **manner.hello()})
    consortium = read_json(source)
    coordinator = bytes.fromhex(consortium["coordinator"])
    drops = {int(round_): Phase(phase) for round_, phase in config["drops"].items()}
    member = manner.kind(
        config["name"],
        identity,
        arrays["x"],
        arrays["y"],
        members=[Member(name, bytes.fromhex(key)) for name, key in consortium["members"]],
        coordinator=coordinator,
        attacks={int(round_): Attack(attack) for round_, attack in config["attacks"].items()},
    )
    member.machine = config["machine"]
    manner.prepare(member, consortium)
    sock = transport.connect(config["socket"], member, identity)
    while not member.finished:
        request = transport.receive_frame(sock)
        message = Message.open(request, signer=coordinator)
        masked = message.type is Type.SURVIVORS and member.job.aggregation == "masks"
        if message.type in _DROP_AT and not masked and drops.get(message.round) is _DROP_AT[message.type]:
            del drops[message.round]
            sock.close()
            sock = transport.connect(config["socket"], member, identity)
            continue
        try:
            reply = member.handle(request)
        except PyzkflError as error:
            reply = transport.refused(member, identity, error)
        transport.send_frame(sock, reply)
    sock.close()
    write_json(sink, {"prove_seconds": member.prove_seconds, "forgeries": member.forged, **manner.report(member)})
    return 0


if __name__ == "__main__":
    sys.exit(run_party(main))
