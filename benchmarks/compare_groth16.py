#!/usr/bin/env python3
"""Groth16 provers side by side: the same circuit, witness and key, each a whole process with its files on disk.

    benchmarks/compare_groth16.py --log-n 16 --snarkjs snarkjs --rapidsnark path/to/prover

The circuit is x[i+1] = x[i]^2 + x[0] with 2^log_n - 4 constraints: every wire a full-size element, the hardest case.
Key and witness are made by `pyzkfl` and kept in --folder, so that a second run starts at once. Provers take turns, so
that whatever else the machine does falls on all of them; every proof is verified by `pyzkfl groth16 verify`. groth16py
is run if this Python has it; snarkjs and rapidsnark if they are named.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pyzkfl import _core

PYZKFL = [sys.executable, "-m", "pyzkfl"]

GROTH16PY = """
import sys, json
import groth16py
zkey, wtns = sys.argv[1:3]
groth16py.prove_wtns(groth16py.import_zkey(zkey)[0], wtns)
"""


@dataclass
class Peer:
    """A prover: its command for a folder's files, and what its runs took."""

    name: str
    command: Callable[[Path], list[str]]
    writes_proof: bool = True
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0


def whole_process(command: list[str]) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of a command, which must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed ({process.returncode}):\n{complaint.decode()}")
    return seconds, usage.ru_maxrss * 1024


def make_files(folder: Path, log_n: int) -> dict[str, float]:
    """Circuit, witness, powers and key; what is there already stays. Seconds of each step that was run."""
    circuit = _core.r1cs.chain_circuit((1 << log_n) - 4)
    if not (folder / "chain.wtns").exists():
        witness, _ = _core.r1cs.chain_witness(circuit, 3)
        _core.formats.write_r1cs(str(folder / "chain.r1cs"), circuit)
        _core.formats.write_wtns(str(folder / "chain.wtns"), witness)
    at = {
        name: str(folder / name)
        for name in ("0.ptau", "1.ptau", "prepared.ptau", "chain.r1cs", "chain.zkey", "vkey.json")
    }
    steps = [
        ("ptau new", at["0.ptau"], ["ptau", "new", str(log_n), at["0.ptau"]]),
        ("ptau contribute", at["1.ptau"], ["ptau", "contribute", at["0.ptau"], at["1.ptau"]]),
        ("ptau prepare", at["prepared.ptau"], ["ptau", "prepare", at["1.ptau"], at["prepared.ptau"]]),
        (
            "groth16 setup",
            at["chain.zkey"],
            ["groth16", "setup", at["chain.r1cs"], at["prepared.ptau"], at["chain.zkey"]],
        ),
        ("groth16 export-vkey", at["vkey.json"], ["groth16", "export-vkey", at["chain.zkey"], at["vkey.json"]]),
    ]
    took = {}
    for name, output, arguments in steps:
        if not Path(output).exists():
            took[name], _ = whole_process(PYZKFL + arguments)
    return took


def peers(arguments: argparse.Namespace) -> list[Peer]:
    def files(folder: Path) -> list[str]:
        return [str(folder / name) for name in ("chain.zkey", "chain.wtns", "proof.json", "public.json")]

    found = [Peer("pyzkfl", lambda folder: [*PYZKFL, "groth16", "prove", *files(folder)])]
    if find_spec("groth16py"):
        found.append(
            Peer("groth16py", lambda folder: [sys.executable, "-c", GROTH16PY, *files(folder)[:2]], writes_proof=False)
        )
    if arguments.rapidsnark:
        found.append(Peer("rapidsnark", lambda folder: [arguments.rapidsnark, *files(folder)]))
    if arguments.snarkjs:
        found.append(Peer("snarkjs", lambda folder: [*arguments.snarkjs.split(), "groth16", "prove", *files(folder)]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log-n", type=int, default=14, help="2^LOG_N - 4 constraints (default %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each prover, taking turns (default %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files are kept (default build/compare-LOG_N)")
    parser.add_argument("--snarkjs", help="the command of snarkjs")
    parser.add_argument("--rapidsnark", help="the path of rapidsnark's `prover`")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()

    folder = arguments.folder or Path("build") / f"compare-{arguments.log_n}"
    folder.mkdir(parents=True, exist_ok=True)
    setup_seconds = make_files(folder, arguments.log_n)
    provers = peers(arguments)
    for _ in range(arguments.runs):
        for peer in provers:
            (folder / "proof.json").unlink(missing_ok=True)
            seconds, peak_bytes = whole_process(peer.command(folder))
            peer.seconds.append(seconds)
            peer.peak_bytes = max(peer.peak_bytes, peak_bytes)
            if peer.writes_proof:
                whole_process(
                    [
                        *PYZKFL,
                        "groth16",
                        "verify",
                        *(str(folder / f) for f in ("vkey.json", "public.json", "proof.json")),
                    ]
                )

    ours = statistics.median(provers[0].seconds)
    result = {
        "schema": 1,
        "log_n": arguments.log_n,
        "runs": arguments.runs,
        "threads": _core.base.thread_count(),
        "cpu_kernel": _core.base.cpu_kernel(),
        "setup_seconds": setup_seconds,
        "provers": {
            peer.name: {
                "seconds_median": statistics.median(peer.seconds),
                "seconds_min": min(peer.seconds),
                "peak_rss_bytes": peer.peak_bytes,
                "ratio": statistics.median(peer.seconds) / ours,
            }
            for peer in provers
        },
    }
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table(title=f"Groth16 proof of 2^{arguments.log_n} constraints, whole process, {arguments.runs} runs each")
    for column in ("prover", "median s", "best s", "peak MB", "times ours"):
        table.add_column(column, justify="left" if column == "prover" else "right")
    for name, figures in result["provers"].items():  # type: ignore[attr-defined]
        table.add_row(
            name,
            f"{figures['seconds_median']:.3f}",
            f"{figures['seconds_min']:.3f}",
            f"{figures['peak_rss_bytes'] / 1e6:.0f}",
            f"{figures['ratio']:.2f}",
        )
    console = Console()
    console.print(table)
    for name, seconds in setup_seconds.items():
        console.print(f"{name}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
