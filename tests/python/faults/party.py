"""One process of a small federation that is killed at random: python party.py FOLDER ROLE.

ROLE is a member's number, `coordinator` or `ledger`. Members mask vectors and sign submissions, the coordinator adds
and unmasks, the ledger's process alone writes records. Whatever is said to another process is on the disk of who says
it. Prints a line when it is ready. supervisor.py starts them, and says what must hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from pyzkfl.encoding import Envelope, Kind
from pyzkfl.errors import NotEnoughClients, PyzkflError, TransportError
from pyzkfl.ledger import SqliteLedger, records
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Member, Plan, Server
from pyzkfl.state_files import StateFile
from pyzkfl.transport import receive_frame, send_frame

N, LENGTH = 5, 8
PATIENCE = 1.5  # seconds that a round waits for all, once there are enough
PASSPHRASE = b"test"


def vector(member: int, round_: int) -> np.ndarray:
    return np.full(LENGTH, 10 * round_ + member, dtype=np.int64)


def digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


class Config:
    """What all parties agreed on before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        values = json.loads((folder / "config.json").read_text())
        self.job, self.bound = bytes.fromhex(values["job"]), bytes.fromhex(values["bound"])
        self.plan = Plan(
            job_digest=self.job, epoch=0, members=[bytes.fromhex(key) for key in values["members"]], seed=bytes(32),
            rounds=values["rounds"], length=LENGTH, max_abs=100_000, dropout=0.2, corrupt=0.2, server="semi-honest",
        )  # fmt: skip

    def identity(self, name: str) -> IdentityKey:
        return IdentityKey.from_pem((self.folder / f"{name}.key").read_bytes(), PASSPHRASE)


def call(folder: Path, role: str, request: dict[str, Any]) -> dict[str, Any]:
    """Ask another process, for as long as it takes it to come back."""
    while True:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(5)
                sock.connect(str(folder / f"{role}.sock"))
                send_frame(sock, json.dumps(request).encode())
                return json.loads(receive_frame(sock))  # type: ignore[no-any-return]
        except (OSError, TransportError):
            time.sleep(0.01)


def serve(folder: Path, role: str, handle: Any) -> None:
    """Answer one request after the other."""
    path = folder / f"{role}.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError, TransportError):  # a peer that was killed meanwhile
                connection.settimeout(0.5)
                send_frame(connection, json.dumps(handle(json.loads(receive_frame(connection)))).encode())


# --- members ---------------------------------------------------------------------------------------------------------


def run_member(config: Config, index: int) -> None:
    file = StateFile(config.folder / f"member{index}")
    identity = config.identity(str(index))
    state, said = file.read() or (b"", b"")
    member = Member.restore(config.plan, index, identity, state)
    first = True
    while True:
        due = call(config.folder, "coordinator", {"member": index, "say": "what"})
        if first:
            print("ready", flush=True)
            first = False
        if due["do"] == "mask":
            round_ = due["round"]
            if member.next_round <= round_:
                masked = member.masked_input(round_, vector(index, round_), bytes(32))
                body = {"commitment": digest("C", index, round_), "proof": b"proof"}
                value = {"type": 21, "job": config.bound, "round": round_, "body": body}
                submission = Envelope.seal(identity, Kind.MESSAGE, value)
                said = json.dumps({"masked": masked.hex(), "submission": submission.hex()}).encode()
                file.write(member.save(), said)
            call(config.folder, "coordinator", {"member": index, "say": "masked", "round": round_, **json.loads(said)})
        elif due["do"] == "unmask":
            answer = member.unmask(bytes.fromhex(due["request"]))
            file.write(member.save(), said)
            call(config.folder, "coordinator", {"member": index, "say": "unmask", "message": answer.hex()})
        else:
            time.sleep(0.01)


# --- coordinator -----------------------------------------------------------------------------------------------------


class Coordinator:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.identity = config.identity("coordinator")
        self.file = StateFile(config.folder / "server")
        state, note = self.file.read() or (b"", b"")
        self.server = Server.restore(config.plan, self.identity, state, config.folder / "shares")
        self.note: dict[str, Any] = json.loads(note or b'{"request": "", "submissions": {}}')
        self.log = (config.folder / "acknowledged").open("a")
        self.since = time.monotonic()
        if self.server.phase == "idle":
            self.open_round(0)

    def keep(self) -> None:
        self.file.write(self.server.save(self.identity), json.dumps(self.note).encode())

    def open_round(self, round_: int) -> None:
        self.server.open_round(round_)
        self.note = {"request": "", "submissions": {}}
        self.since = time.monotonic()
        self.keep()

    def handle(self, said: dict[str, Any]) -> dict[str, Any]:
        member, server = said["member"], self.server
        if said["say"] == "masked" and server.phase == "masked" and said["round"] == server.round:
            self.receive(said["masked"])
            self.note["submissions"][str(member)] = said["submission"]
            self.keep()
        if said["say"] == "unmask" and server.phase == "unmask":
            self.receive(said["message"])
            self.keep()
        if server.phase == "masked":
            come = len(self.note["submissions"])
            if come == N or (come >= 4 and time.monotonic() - self.since > PATIENCE):
                self.note["request"] = server.close_masked().hex()
                self.keep()
        if server.phase == "unmask":
            with contextlib.suppress(NotEnoughClients):
                self.publish(server.sum()[0])
        if server.phase == "masked" and str(member) not in self.note["submissions"]:
            return {"do": "mask", "round": server.round}
        if server.phase == "unmask" and member in server.survivors and member not in server.responders:
            return {"do": "unmask", "request": self.note["request"]}
        return {"do": "wait"}

    def receive(self, message: str) -> None:
        try:
            self.server.receive(bytes.fromhex(message))
        except PyzkflError as error:  # what came before we were killed comes again
            if "replay" not in str(error):
                raise

    def publish(self, total: np.ndarray) -> None:
        """Record the round; only then is it acknowledged, and only then does the next one begin."""
        job, round_ = self.config.job, self.server.round
        names = tuple(f"m{i}" for i in self.server.survivors)
        made: list[records.Record] = [records.RoundStart(job, round_, digest("weights", round_))]
        for i in self.server.survivors:
            sealed = bytes.fromhex(self.note["submissions"][str(i)])
            proof = hashlib.sha256(b"proof").digest()
            made.append(records.Submission(job, f"m{i}", sealed, round_, digest("C", i, round_), proof))
        of_sum = hashlib.sha256(total.tobytes()).digest()
        made.append(records.Aggregate(job, round_, names, of_sum, digest("sum", round_), digest("b", round_)))
        made.append(records.Weights(job, round_, digest("weights", round_ + 1)))
        frames = [record.seal(self.identity).hex() for record in made]
        answer = call(self.config.folder, "ledger", {"round": round_, "sum": of_sum.hex(), "records": frames})
        if "error" in answer:
            raise SystemExit(answer["error"])
        line = {"round": round_, "sum": int(total[0]), "of": list(self.server.survivors), **answer}
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()
        os.fsync(self.log.fileno())
        self.open_round(round_ + 1)


# --- ledger ----------------------------------------------------------------------------------------------------------


def run_ledger(config: Config) -> None:
    ledger = SqliteLedger.open(config.folder / "ledger", config.identity("coordinator"))

    def handle(request: dict[str, Any]) -> dict[str, Any]:
        there = ledger.find(records.Aggregate, config.job, round=request["round"])
        if there is None:
            ledger.append([bytes.fromhex(frame) for frame in request["records"]])
            there = ledger.find(records.Aggregate, config.job, round=request["round"])
        assert there is not None and isinstance(there.record, records.Aggregate)
        if there.record.sum_digest.hex() != request["sum"]:
            return {"error": f"round {request['round']} was recorded with another sum"}
        return {"records": len(ledger)}

    serve(config.folder, "ledger", handle)


def main() -> None:
    config, role = Config(Path(sys.argv[1])), sys.argv[2]
    if role == "ledger":
        run_ledger(config)
    elif role == "coordinator":
        serve(config.folder, "coordinator", Coordinator(config).handle)
    else:
        run_member(config, int(role))


if __name__ == "__main__":
    main()
