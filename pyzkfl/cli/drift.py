"""`pyzkfl drift`: exact integer training beside SGD in floats, round by round, and which scale to raise."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import typer

__all__ = ["register"]

# What fits the built-in sets: both have values that 8 bits cut off, or round too coarsely.
_FITTING: dict[str, dict[str, Any]] = {
    "digits": {"model": "mlp:64,32,10", "lr": 0.5, "x_bits": 16, "a_frac": 9},
    "breast-cancer": {"model": "mlp:30,16,2", "lr": 0.2, "x_bits": 16, "a_frac": 7},
}
_SHOWN = 12  # rounds in the table


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def drift(
        data: Annotated[str, typer.Argument(help="digits, breast-cancer, or a .npz file with x and y")] = "digits",
        json_: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
        model: Annotated[str | None, typer.Option(help="mlp:FEATURES,HIDDEN,..,CLASSES")] = None,
        rounds: Annotated[int, typer.Option(help="rounds of training")] = 100,
        steps: Annotated[int, typer.Option(help="local steps of a round")] = 1,
        batch: Annotated[int, typer.Option(help="rows of a batch")] = 32,
        lr: Annotated[float | None, typer.Option(help="learning rate")] = None,
        max_norm: Annotated[float, typer.Option(help="L2 bound of one step's update")] = 0.49,
        clip: Annotated[bool, typer.Option("--clip/--no-clip", help="whether the float steps are clipped too")] = True,
        x_bits: Annotated[int | None, typer.Option(help="bits of a feature: 8 or 16")] = None,
        a_frac: Annotated[int | None, typer.Option(help="unit of features and activations: 2^-a_frac")] = None,
        w_bits: Annotated[int | None, typer.Option(help="bits of a weight")] = None,
        w_frac: Annotated[int | None, typer.Option(help="unit of weights: 2^-w_frac")] = None,
        g_frac: Annotated[int | None, typer.Option(help="unit of gradients of the loss: 2^-g_frac")] = None,
        seed: Annotated[int, typer.Option(help="of the split, the batches and the first weights")] = 0,
    ) -> None:
        """Train in the exact integers that are proven and in floats, on the same batches, and compare."""
        _needs("torch", "torch")
        from pyzkfl.bench.training import widths_of
        from pyzkfl.cli.progress import progress_bar
        from pyzkfl.drift import drift as measured
        from pyzkfl.drift import load
        from pyzkfl.integrations.torch import Job

        if data == "digits":
            _needs("sklearn", "demo")
        given = {"model": model, "lr": lr, "x_bits": x_bits, "a_frac": a_frac}
        given |= {"w_bits": w_bits, "w_frac": w_frac, "g_frac": g_frac}
        chosen = {**_FITTING.get(data, {"lr": 0.1}), **{k: v for k, v in given.items() if v is not None}}
        name, rate = chosen.pop("model", None), chosen.pop("lr")
        if name is None:
            raise typer.BadParameter("give --model mlp:FEATURES,HIDDEN,..,CLASSES for data of your own")
        rows = load(data, seed=seed)
        module, loss = _perceptron(widths_of(name), seed)
        job = Job.from_module(module, loss=loss, lr=rate, batch=batch, steps=steps, max_norm=max_norm, **chosen)
        with progress_bar("drift") as progress:
            found = measured(job, module, rows, rounds=rounds, clipping=clip, seed=seed, progress=progress)
        result = {
            "data": data,
            "model": name,
            "parameters": job.dimension,
            "rows": len(rows.x),
            "test_rows": len(rows.test_x),
            "batch": batch,
            "steps": steps,
            "learning_rate": rate,
            "max_norm": max_norm,
            "clipping": clip,
            "scales": {k: getattr(job, k) for k in ("x_bits", "a_frac", "w_bits", "w_frac", "g_frac")},
            "seed": seed,
            "accuracy_integer": found.last.accuracy_integer,
            "accuracy_float": found.last.accuracy_float,
            "accuracy_delta": found.last.accuracy_integer - found.last.accuracy_float,
            "weights_relative_l2": found.last.weights_relative_l2,
            "weights_max": found.last.weights_max,
            "clipped_features": found.clipped_features,
            "large": found.large,
            "recommendation": found.recommendation,
            "trials": [dataclasses.asdict(trial) for trial in found.trials],
            "rounds": [dataclasses.asdict(one) for one in found.rounds],
        }
        if json_:
            from pyzkfl import build_stamp

            print(json.dumps({**build_stamp(), **result}))
            return
        _show(result)


def _needs(package: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise typer.BadParameter(f"this needs {package}: pip install 'pyzkfl[{extra}]'")


def _perceptron(widths: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    import itertools

    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss()


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(
        "round", "accuracy, integers", "floats", "weights apart, relative L2", "largest", "steps at the bound"
    )
    rounds = result["rounds"]
    shown = {round(i * (len(rounds) - 1) / (_SHOWN - 1)) for i in range(_SHOWN)}
    for one in (rounds[i] for i in sorted(shown)):
        table.add_row(
            str(one["round"]),
            f"{one['accuracy_integer']:.4f}",
            f"{one['accuracy_float']:.4f}",
            f"{one['weights_relative_l2']:.2e}",
            f"{one['weights_max']:.2e}",
            str(one["clipped"]),
        )
    console.print(table)
    for trial in result["trials"]:
        change = ", ".join(f"{name} {value}" for name, value in trial["change"].items())
        console.print(f"with {change}: {trial['weights_relative_l2']:.2e} apart", highlight=False)
    if result["clipped_features"]:
        console.print(
            f"{result['clipped_features']} feature values are beyond the range and were clipped", highlight=False
        )
    console.print(("drift is large; " if result["large"] else "") + result["recommendation"], highlight=False)
