"""A SuperLink and three SuperNodes as processes on this machine, with TLS, and an app with secure aggregation on them.

    python examples/flower/processes/run.py

Makes a certificate authority and the SuperLink's certificate (openssl), a key for each member and the members file
(pyzkfl), starts the four processes, sends them the app in this folder, and prints what the ServerApp found. Everything
it makes is in a folder that it removes; it stops what it started. In earnest each party does its part on a machine of
its own: the Containerfile beside this file makes an image for that. It takes a minute or two: Flower starts a process
for each message to a node, and the ServerApp looks for replies every three seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyzkfl.keys import Member, Members, new_identity

HERE = Path(__file__).resolve().parent
NODES = ("north", "south", "west")


def certificates(folder: Path) -> None:
    """ca.crt, and server.crt with server.key for the name localhost."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Digits CA")
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.crt", *signed)


def members(folder: Path, passphrase: str) -> None:
    """A key file for each node, and the members file that says whose is whose."""
    known = tuple(Member(name, new_identity(folder / f"{name}.pem", passphrase).public_bytes) for name in NODES)
    Members(known).save(folder / "members.json")


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timeout", type=float, default=600, help="seconds until it gives up")
    parser.add_argument("--aggregation", choices=["masks", "rlwe", "paillier"], default="masks", help="how to sum")
    parser.add_argument("--logs", action="store_true", help="print the logs of all processes at the end")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="digits-"))
    started: list[subprocess.Popen[bytes]] = []
    try:
        return run(folder, started, given.timeout, given.logs, given.aggregation)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, started: list[subprocess.Popen[bytes]], timeout: float, logs: bool, aggregation: str) -> int:
    passphrase = secrets.token_hex(16)
    certificates(folder)
    members(folder, passphrase)
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_HOME": str(folder / "flwr"),
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "PYZKFL_PASSPHRASE": passphrase,
        "DIGITS_MEMBERS": str(folder / "members.json"),
        "DIGITS_AGGREGATION": aggregation,  # for the nodes: who can decrypt is for them to say
    }
    link, old_fleet, old_control, *node_ports = free_ports(3 + len(NODES))

    def start(name: str, *words: str) -> None:
        with open(folder / f"{name}.log", "wb") as log:
            started.append(subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=folder))

    start(
        "superlink", "flower-superlink", "--port", str(link), "--disable-runtime-dependency-installation",
        "--ssl-ca-certfile", "ca.crt", "--ssl-certfile", "server.crt", "--ssl-keyfile", "server.key",
        # Two older interfaces that Flower 1.41 still opens, else on all addresses.
        "--fleet-api-address", f"127.0.0.1:{old_fleet}", "--control-api-address", f"127.0.0.1:{old_control}",
    )  # fmt: skip
    for i, (name, port) in enumerate(zip(NODES, node_ports, strict=True)):
        configuration = f"partition-id={i} num-partitions={len(NODES)} pyzkfl-identity='{folder / name}.pem'"
        start(
            name, "flower-supernode", "--root-certificates", "ca.crt", "--superlink", f"localhost:{link}",
            "--port", str(port), "--node-config", configuration,
        )  # fmt: skip
    (folder / "flwr").mkdir(exist_ok=True)
    (folder / "flwr/config.toml").write_text(
        f'[superlink.digits]\naddress = "localhost:{link}"\nroot-certificates = "{folder}/ca.crt"\n'
    )
    result, end = folder / "result.json", time.monotonic() + timeout
    settings = f'result="{result}" aggregation="{aggregation}"'
    while True:  # until the SuperLink answers
        sent = subprocess.run(
            ["flwr", "run", str(HERE), "digits", "--run-config", settings],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if sent.returncode == 0 or time.monotonic() > end:
            break
        time.sleep(1)
    while not result.exists() and time.monotonic() < end and all(p.poll() is None for p in started):
        time.sleep(0.5)
    if logs or not result.exists():
        print(sent.stdout, sent.stderr, file=sys.stderr)
        for log in sorted(folder.glob("*.log")):
            print(f"---- {log.name}", log.read_text(errors="replace"), sep="\n", file=sys.stderr)
    if not result.exists():
        print("no result: see the logs above", file=sys.stderr)
        return 1
    print(json.dumps(json.loads(result.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
