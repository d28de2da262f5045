"""A process with a server, its folder of shares and five members that keep their states in files, for test_state_files:
killed at any moment and started again, it goes on. Writes `round sum` to its output for each acknowledged round."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from pyzkfl.errors import PyzkflError
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Member, Plan, Server, set_up
from pyzkfl.state_files import StateFile

N, ROUNDS, LENGTH = 5, 12, 8


def vector(member: int, round_: int) -> np.ndarray:
    return np.full(LENGTH, 10 * round_ + member, dtype=np.int64)


class Party:
    """A member with its file: each step is saved with its message before anybody sees it."""

    def __init__(self, plan: Plan, index: int, identity: IdentityKey, folder: Path) -> None:
        self.file = StateFile(folder / f"member{index}")
        self.plan, self.index, self.identity = plan, index, identity
        kept = self.file.read()
        self.member = Member.restore(plan, index, identity, kept[0]) if kept else Member(plan, index, identity)
        self.message = kept[1] if kept else b""

    def masked(self, round_: int) -> bytes:
        if self.member.next_round <= round_:
            self.message = self.member.masked_input(round_, vector(self.index, round_), bytes(32))
            self.file.write(self.member.save(), self.message)
        return self.message

    def unmask(self, request: bytes) -> bytes:
        message = self.member.unmask(request)
        self.file.write(self.member.save(), self.message)
        return message


def receive(server: Server, message: bytes) -> None:
    try:
        server.receive(message)
    except PyzkflError as error:
        if "replay" not in str(error):
            raise


def main(folder: Path) -> None:
    identities = [IdentityKey.from_pem((folder / f"key{i}").read_bytes(), b"test") for i in range(N + 1)]
    plan = Plan(
        job_digest=bytes(32), epoch=0, members=[key.public_bytes for key in identities[:N]], seed=bytes(32),
        rounds=ROUNDS, length=LENGTH, max_abs=1000, dropout=0.2, corrupt=0.2, server="semi-honest",
    )  # fmt: skip
    file = StateFile(folder / "server")
    shares = folder / "shares"
    shares.mkdir(exist_ok=True)
    kept = file.read()
    if kept is None:
        server = Server(plan, shares)
        members = [Member(plan, i, identities[i]) for i in range(N)]
        set_up(server, members)
        for i, member in enumerate(members):
            StateFile(folder / f"member{i}").write(member.save())
        file.write(server.save(identities[N]))
    else:
        server = Server.restore(plan, identities[N], kept[0], shares)
    parties = [Party(plan, i, identities[i], folder) for i in range(N)]

    def keep(message: bytes = b"") -> None:
        file.write(server.save(identities[N]), message)

    acknowledged = (folder / "acknowledged").open("a")
    request = kept[1] if kept else b""
    while True:
        if server.phase == "idle":
            server.open_round(0)
            keep()
        if server.phase == "masked":
            for party in parties:
                receive(server, party.masked(server.round))
                keep()
            request = server.close_masked()
            keep(request)
        for party in parties:
            receive(server, party.unmask(request))
            keep(request)
        total, _ = server.sum()
        acknowledged.write(f"{server.round} {total[0]}\n")
        acknowledged.flush()
        os.fsync(acknowledged.fileno())
        if server.round == ROUNDS - 1:
            return
        server.open_round(server.round + 1)
        keep()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
