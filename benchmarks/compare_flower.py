#!/usr/bin/env python3
"""What Flower's SecAgg+ and pyzkfl.standing do most often, side by side: the mask of a neighbour, and Shamir's sharing.

    benchmarks/compare_flower.py                   with flwr in this Python

One thread. A mask: a million values for one neighbour, Flower's `pseudo_rand_gen` with its default modulus of 2^32
beside AES-256-CTR added to a vector of 24-bit values. Flower's is a Mersenne Twister from a seed folded to 32 bits; it
is timed without its addition. Sharing: a secret of 32 bytes, 51 of 100. The programs take turns, so that whatever else
the machine does falls on both.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

from pyzkfl._core import base, secagg, standing

VALUES, SHARES, THRESHOLD = 1_000_000, 100, 51


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def flower_jobs() -> dict[str, Callable[[], float]]:
    utils = importlib.import_module("flwr.common.secure_aggregation.secaggplus_utils")
    shamir = importlib.import_module("flwr.common.secure_aggregation.crypto.shamir")
    seed, secret = os.urandom(32), os.urandom(32)
    shares = shamir.create_shares(secret, THRESHOLD, SHARES)
    return {
        "mask": lambda: seconds_of(lambda: utils.pseudo_rand_gen(seed, 1 << 32, [(VALUES,)])),
        "share": lambda: seconds_of(lambda: shamir.create_shares(secret, THRESHOLD, SHARES)),
        "combine": lambda: seconds_of(lambda: shamir.combine_shares(shares[:THRESHOLD])),
    }


def our_jobs() -> dict[str, Callable[[], float]]:
    return {
        "mask": lambda: float(secagg.bench_mask(4 * VALUES)),
        "share": lambda: float(standing.bench_shamir(SHARES, THRESHOLD)["split_seconds"]),
        "combine": lambda: float(standing.bench_shamir(SHARES, THRESHOLD)["combine_seconds"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="of each, taking turns (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    if find_spec("flwr") is None:
        sys.exit("compare_flower needs flwr in this Python: pip install flwr")
    base.set_thread_count(1)
    ours, theirs = our_jobs(), flower_jobs()
    figures = {}
    for job in ours:
        pairs = [(ours[job](), theirs[job]()) for _ in range(arguments.runs + 1)][1:]
        mine, flower = (statistics.median(column) for column in zip(*pairs, strict=True))
        figures[job] = {"pyzkfl_seconds": mine, "flower_seconds": flower, "ratio": flower / mine}
    if arguments.json:
        print(json.dumps({"schema": 1, "runs": arguments.runs, "cpu_kernel": base.cpu_kernel(), "jobs": figures}))
        return
    print(f"{'':10}{'pyzkfl':>12}{'Flower':>12}{'ratio':>9}")
    for job, figure in figures.items():
        mine, flower = figure["pyzkfl_seconds"] * 1e3, figure["flower_seconds"] * 1e3
        print(f"{job:10}{mine:9.4f} ms{flower:9.2f} ms{figure['ratio']:8.0f}x")


if __name__ == "__main__":
    main()
