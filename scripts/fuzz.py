"""Runs every fuzzing target (tests/fuzz) for a while, and says what they did: executions, coverage, crashes.

    python scripts/fuzz.py FOLDER --seconds 60          all targets of a build folder, a minute in all
    python scripts/fuzz.py FOLDER --write-seeds         first writes tests/fuzz/corpus anew, from honest messages
    python scripts/fuzz.py FOLDER --self-test           a member without its checks: the target must find that at once

FOLDER: a CMake build with the target fuzz_targets: for libFuzzer (-DPYZKFL_FUZZER=ON, clang), or any other, whose
targets have a plain driver. What a crash was made by is kept in build/fuzz-crashes; put it into tests/fuzz/corpus with
its repair. Exits with 1 if a target failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests/fuzz/corpus"
CRASHES = ROOT / "build/fuzz-crashes"


@dataclass
class Outcome:
    """What one target did. edges: of the code that it links, those that were taken; 0 where nobody counted."""

    target: str
    executions: int
    seconds: float
    edges: int
    features: int
    failed: bool
    said: str


def targets(folder: Path) -> list[Path]:
    """The fuzzing programs of a build folder; an error if there are fewer than sources."""
    found = (folder / "tests/fuzz").glob("fuzz_*")
    built = sorted(path for path in found if path.is_file() and os.access(path, os.X_OK))
    wanted = {path.stem for path in (ROOT / "tests/fuzz/targets").glob("*.cpp")}
    missing = wanted - {path.name.removeprefix("fuzz_") for path in built}
    if missing:
        sys.exit(f"{folder} lacks the targets {', '.join(sorted(missing))}: build fuzz_targets there")
    return built


def write_seeds(program: Path) -> None:
    """The honest inputs of a target, into the corpus. Whatever else is there (inputs that found something) stays."""
    folder = CORPUS / program.name.removeprefix("fuzz_")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(program)], env={**os.environ, "PYZKFL_WRITE_SEEDS": str(folder)}, check=True)


def run(program: Path, seconds: float, seed: int) -> Outcome:
    """One target on its corpus, then on changes to it."""
    name = program.name.removeprefix("fuzz_")
    grown = ROOT / "build/fuzz-corpus" / name
    grown.mkdir(parents=True, exist_ok=True)
    CRASHES.mkdir(parents=True, exist_ok=True)
    arguments = [
        f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", f"-artifact_prefix={CRASHES}/{name}-",
        "-print_final_stats=1", "-rss_limit_mb=2048", "-timeout=20", "-use_value_profile=1", "-max_len=65536",
    ]  # fmt: skip
    began = time.monotonic()
    done = subprocess.run(
        [str(program), *arguments, str(grown), str(CORPUS / name)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYZKFL_CPU": "generic", "PYZKFL_THREADS": "1"},
    )
    took = time.monotonic() - began
    text = done.stderr

    def number(pattern: str) -> int:
        found = re.findall(pattern, text)
        return int(found[-1]) if found else 0

    executions = number(r"stat::number_of_executed_units: (\d+)") or number(r"#(\d+)\s")
    failed = done.returncode != 0
    return Outcome(
        name, executions, took, number(r"cov: (\d+)"), number(r"ft: (\d+)"), failed, text[-3000:] if failed else ""
    )


def self_test(folder: Path) -> int:
    """Whether the fuzzer finds what is there to be found: a member that signs two sets, or tells both shares."""
    program = next(path for path in targets(folder) if path.name == "fuzz_masking_client")
    environment = {**os.environ, "PYZKFL_ALLOW_UNSAFE": "1"}
    arguments = ["-runs=20000", "-max_total_time=20", f"-artifact_prefix={os.devnull}", str(CORPUS / "masking_client")]
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False, env=environment)
    found = done.returncode != 0 and "fuzzing: does not hold" in done.stderr
    print("self-test:", "a member without its checks is found" if found else "NOT FOUND: the fuzzer is blind")
    return 0 if found else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together, on one processor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--write-seeds", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the figures too")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.folder)
    programs = [p for p in targets(options.folder) if not options.target or p.name[5:] in options.target]
    if options.write_seeds:
        for program in programs:
            write_seeds(program)
    each = options.seconds * options.jobs / len(programs)
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda program: run(program, each, options.seed), programs))
    print(f"{'target':<20} {'executions':>12} {'a second':>10} {'edges':>8}  result")
    for o in outcomes:
        rate = o.executions / o.seconds
        result = "FAILED" if o.failed else "ok"
        print(f"{o.target:<20} {o.executions:>12,} {rate:>10,.0f} {o.edges or '-':>8}  {result}")
    total = sum(o.executions for o in outcomes)
    failed = [o for o in outcomes if o.failed]
    print(f"{'all':<20} {total:>12,} {'':>10} {'':>8}  {len(failed)} failed")
    for o in failed:
        print(f"\n--- {o.target}\n{o.said}")
    if options.json:
        options.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
