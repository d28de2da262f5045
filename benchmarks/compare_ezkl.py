#!/usr/bin/env python3
"""One inference of a perceptron 64-128-10, proven by pyzkfl and by ezkl, in turns.

    benchmarks/compare_ezkl.py                         with ezkl in this Python
    benchmarks/compare_ezkl.py --python other/bin/python   with ezkl and onnx in another one

The same weights and input. ezkl proves the outputs of fixed weights on a private input (its calibrated settings for
resources). pyzkfl proves an `evaluation` of one example: that the committed weights, which everybody knows, give a
committed example its label. Proving takes the witness in: ezkl's gen_witness and prove, pyzkfl's whole prove with its
own verification. Setups are timed, and not compared: ezkl reads a string of powers that it makes here too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

WIDTHS = (64, 128, 10)

EZKL = """
import asyncio, inspect, json, os, resource, sys, time
import numpy as np, onnx, ezkl
from onnx import TensorProto as T, helper as h, numpy_helper as nh

def call(f, *arguments, **named):
    async def run():
        out = f(*arguments, **named)
        return await out if inspect.isawaitable(out) else out
    began = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - began

w = np.load("weights.npz")
names = ["w1", "b1", "w2", "b2"]
nodes = [h.make_node("Gemm", ["x", "w1", "b1"], ["a"]), h.make_node("Relu", ["a"], ["r"]),
         h.make_node("Gemm", ["r", "w2", "b2"], ["y"])]
one = lambda name, n: h.make_tensor_value_info(name, T.FLOAT, [1, n])
graph = h.make_graph(nodes, "mlp", [one("x", 64)], [one("y", 10)], [nh.from_array(w[n], n) for n in names])
onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8), "mlp.onnx")
json.dump({"input_data": [w["x"].tolist()]}, open("input.json", "w"))
a = ezkl.PyRunArgs()
a.input_visibility, a.output_visibility, a.param_visibility = "private", "public", "fixed"
call(ezkl.gen_settings, "mlp.onnx", "settings.json", py_run_args=a)
call(ezkl.calibrate_settings, "input.json", "mlp.onnx", "settings.json", "resources")
call(ezkl.compile_circuit, "mlp.onnx", "mlp.ezkl", "settings.json")
rows = json.load(open("settings.json"))["run_args"]["logrows"]
call(ezkl.gen_srs, "powers", rows)
out = {"setup_seconds": call(ezkl.setup, "mlp.ezkl", "vk", "pk", srs_path="powers"), "prove": [], "verify": []}
print(json.dumps(out), flush=True)
for line in sys.stdin:
    seconds = call(ezkl.gen_witness, "input.json", "mlp.ezkl", "witness.json")
    seconds += call(ezkl.prove, "witness.json", "mlp.ezkl", "pk", "proof.json", srs_path="powers")
    verify = call(ezkl.verify, "proof.json", "settings.json", "vk", srs_path="powers")
    proof = json.load(open("proof.json"))
    size = len(bytes.fromhex(proof["hex_proof"][2:]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"prove": seconds, "verify": verify, "proof_bytes": size, "peak": peak}), flush=True)
"""


def model() -> tuple[list[np.ndarray], np.ndarray]:
    """Weights and biases as torch draws them, layer by layer, and an input."""
    rng = np.random.default_rng(7)
    parts = []
    for inputs, outputs in itertools.pairwise(WIDTHS):
        parts.append(rng.uniform(-1, 1, size=(outputs, inputs)).astype(np.float32) / np.float32(np.sqrt(inputs)))
        parts.append(rng.uniform(-1, 1, size=outputs).astype(np.float32) / np.float32(np.sqrt(inputs)))
    return parts, rng.normal(size=WIDTHS[0]).astype(np.float32)


class Ours:
    def __init__(self, parts: list[np.ndarray], x: np.ndarray) -> None:
        from pyzkfl.blinders import random_blinder
        from pyzkfl.evaluation import EvaluationProver, EvaluationStatement
        from pyzkfl.network import NetworkJob

        self.job = NetworkJob(widths=WIDTHS, batch=1, learning_rate=0.1)
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.prover = EvaluationProver.insecure(self.job)
        self.setup_seconds = time.perf_counter() - began
        self.weights = self.job.weights(np.concatenate([p.ravel() for p in parts]).astype(np.float64))
        features = self.job.features(x[None].astype(np.float64))
        self.batches = [(features, self.job.predict(self.weights, features))]
        self.blinders = [random_blinder()]
        commitment = self.prover.commit_batch(*self.batches[0], self.blinders[0])
        self.statement = EvaluationStatement(
            self.job, b"compare", self.prover.commit_weights(self.weights), (commitment,), (1,), 1
        )

    def run(self) -> dict[str, float]:
        began = time.perf_counter()
        proof = self.prover.prove(self.weights, self.batches, self.statement, self.blinders)
        proved = time.perf_counter()
        self.prover.verify(self.statement, proof)
        size = len(proof.data)
        return {"prove": proved - began, "verify": time.perf_counter() - proved, "proof_bytes": size, "peak": peak()}


def peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--python", default=sys.executable, help="a Python that has ezkl and onnx")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    parts, x = model()
    ours = Ours(parts, x)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "weights.npz", w1=parts[0].T, b1=parts[1], w2=parts[2].T, b2=parts[3], x=x)
        theirs = subprocess.Popen(
            [chosen.python, "-c", EZKL], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        assert theirs.stdin is not None and theirs.stdout is not None
        lines = (line for line in theirs.stdout if line.startswith("{"))
        first = next(lines, None)
        if first is None:
            raise SystemExit(f"{chosen.python} cannot run ezkl: pip install ezkl onnx there")
        runs: dict[str, list[dict[str, float]]] = {"pyzkfl": [], "ezkl": []}
        for _ in range(chosen.runs + 1):
            runs["pyzkfl"].append(ours.run())
            theirs.stdin.write("next\n")
            theirs.stdin.flush()
            runs["ezkl"].append(json.loads(next(lines)))
        theirs.stdin.close()
        theirs.wait()
    setup = {"pyzkfl": ours.setup_seconds, "ezkl": json.loads(first)["setup_seconds"]}
    out = {
        name: {
            "prove_seconds": statistics.median(r["prove"] for r in done[1:]),
            "verify_seconds": statistics.median(r["verify"] for r in done[1:]),
            "proof_bytes": done[-1]["proof_bytes"],
            "peak_rss_bytes": done[-1]["peak"],
            "setup_seconds": setup[name],
        }
        for name, done in runs.items()
    }
    ratio = out["ezkl"]["prove_seconds"] / out["pyzkfl"]["prove_seconds"]
    if chosen.json:
        print(json.dumps({"schema": 1, "bench": "compare-ezkl", "threads": os.cpu_count(), **out, "ratio": ratio}))
        return
    table = Table("prover", "prove (s)", "verify (ms)", "proof (bytes)", "peak (MB)", "setup (s)")
    for name, r in out.items():
        table.add_row(
            name, f"{r['prove_seconds']:.3f}", f"{1000 * r['verify_seconds']:.1f}", f"{r['proof_bytes']:.0f}",
            f"{r['peak_rss_bytes'] / 1e6:.0f}", f"{r['setup_seconds']:.1f}",
        )
    Console().print(table)
    Console().print(f"pyzkfl proves {ratio:.1f} times as fast")


if __name__ == "__main__":
    main()
