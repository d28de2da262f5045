"""The ladder: one training step proven for perceptrons of 10^3 to 10^6.5 parameters, each in a process of its own.

A process of its own, because peak memory is a figure of a process. `scripts/plot_ladder.py` draws the result.
"""

from __future__ import annotations

import itertools
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from pyzkfl import _core
from pyzkfl.bench.measure import Sample
from pyzkfl.bench.training import widths_of
from pyzkfl.errors import ParameterError, SystemFailure

__all__ = ["MODELS", "ladder"]

# About 10^3, 10^3.5 .. 10^6.5 parameters; layers as people choose them, not powers of two alone.
MODELS = (
    "mlp:64,14,10",
    "mlp:64,42,10",
    "mlp:64,128,10",
    "mlp:256,118,10",
    "mlp:784,128,10",
    "mlp:784,400,10",
    "mlp:784,1024,256,10",
    "mlp:784,2048,768,10",
)
_KEPT = (
    *("parameters", "seconds_median", "seconds_min", "prove_seconds", "wrap_seconds", "verify_seconds"),
    *("round_setup_seconds", "setup_seconds", "proof_bytes", "peak_rss_bytes", "constraints", "log_height"),
)


def parameters_of(model: str) -> int:
    """Weights and biases of a perceptron.

    >>> parameters_of("mlp:784,128,10")
    101770
    """
    widths = widths_of(model)
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(widths))


def cpu_name() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _rung(model: str, batch: int, runs: int) -> dict[str, Any]:
    settings = ("--model", model, "--batch", str(batch), "--runs", str(runs))
    threads = ("--threads", str(_core.base.thread_count()))
    command = [sys.executable, "-m", "pyzkfl", "bench", "train", "--json", *settings, *threads]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no memory, perhaps"]
        raise SystemFailure(f"the process that measured {model} ended with code {done.returncode}: {last[0]}")
    result = json.loads(done.stdout)
    return {"model": model, **{name: result[name] for name in _KEPT}}


def ladder(runs: int, *, batch: int, smallest: int, largest: int) -> Sample:
    """One operation is a proof of each model of `smallest` to `largest` parameters, one after the other."""
    models = [model for model in MODELS if smallest <= parameters_of(model) <= largest]
    if not models:
        sizes = ", ".join(str(parameters_of(model)) for model in MODELS)
        raise ParameterError(f"no model has {smallest} to {largest} parameters; there are those of {sizes}")
    rungs = [_rung(model, batch, runs) for model in models]
    return Sample([sum(rung["seconds_median"] for rung in rungs)], {"cpu": cpu_name(), "rungs": rungs})
