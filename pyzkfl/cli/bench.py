"""`pyzkfl bench NAME`: how fast this machine does a part of the work; a table, or one JSON object a benchmark."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

__all__ = ["register"]


def readable(seconds: float) -> str:
    """Seconds in the unit that leaves one to three digits before the point.

    >>> readable(1.5), readable(0.0123), readable(3.2e-06), readable(1.8e-08)
    ('1.5 s', '12.3 ms', '3.2 us', '18 ns')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


_COMMON = {
    *("schema", "version", "commit", "bench", "params", "seconds_median", "seconds_min", "runs", "threads"),
    *("cpu_kernel", "cpu_features", "peak_rss_bytes"),
}


def _own_figures(result: dict[str, Any]) -> list[str]:
    """A benchmark's own figures, those that every benchmark has left out; one line for each group."""

    def text(value: object) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    own = {name: value for name, value in result.items() if name not in _COMMON}
    groups = {name: value for name, value in own.items() if isinstance(value, dict)}
    for value in own.values():  # a list of groups names each by its first entry
        groups |= {text(next(iter(one.values()))): one for one in value} if isinstance(value, list) else {}
    single = [f"{name} {text(value)}" for name, value in own.items() if not isinstance(value, (dict, list))]
    lines = [", ".join(single)] if single else []
    for name, group in groups.items():
        lines.append(f"{name}: " + ", ".join(f"{key} {text(value)}" for key, value in group.items()))
    return lines


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def bench(
        name: Annotated[
            str,
            typer.Argument(
                help="field, ntt, poseidon2, msm-g1, msm-g2, pairing, groth16, train, ladder, norm, secagg, paillier, "
                "rlwe, gas, ledger, or all"
            ),
        ],
        json_: Annotated[bool, typer.Option("--json", help="one JSON object a line for each benchmark")] = False,
        log_n: Annotated[int | None, typer.Option(help="log2 of the size (ntt, msm-g1, msm-g2, groth16)")] = None,
        scalar_bits: Annotated[int | None, typer.Option(help="bits of a scalar (msm-g1, msm-g2)")] = None,
        clients: Annotated[int | None, typer.Option(help="clients of a round (secagg)")] = None,
        dim: Annotated[int | None, typer.Option(help="coordinates of an update (secagg, norm, paillier, rlwe)")] = None,
        bits: Annotated[int | None, typer.Option(help="of the modulus: 2048, 3072 or 4096 (paillier)")] = None,
        members: Annotated[int | None, typer.Option(help="of the shared key (paillier, rlwe)")] = None,
        dropout: Annotated[float | None, typer.Option(help="share of the clients lost in a round (secagg)")] = None,
        corrupt: Annotated[
            float | None, typer.Option(help="share of the clients that may collude with the server (secagg)")
        ] = None,
        server: Annotated[str | None, typer.Option(help="active or semi-honest (secagg)")] = None,
        model: Annotated[str | None, typer.Option(help="mlp:FEATURES,HIDDEN,..,CLASSES or lenet5 (train)")] = None,
        batch: Annotated[int | None, typer.Option(help="rows (train, ladder) or records (ledger) of a batch")] = None,
        records: Annotated[int | None, typer.Option(help="of the ledger (ledger)")] = None,
        steps: Annotated[int | None, typer.Option(help="local steps in one proof (train)")] = None,
        keys: Annotated[str | None, typer.Option(help="fresh, or cached from an earlier run (train)")] = None,
        smallest: Annotated[int | None, typer.Option(help="parameters of the first model (ladder)")] = None,
        largest: Annotated[int | None, typer.Option(help="parameters of the last model (ladder)")] = None,
        node: Annotated[str | None, typer.Option(help="address of an anvil; default: starts one (gas)")] = None,
        threads: Annotated[int | None, typer.Option(help="threads; default all processors")] = None,
        runs: Annotated[int | None, typer.Option(help="measured runs, after one that warms up")] = None,
    ) -> None:
        """Measure; nothing is asserted."""
        from rich.console import Console
        from rich.table import Table

        from pyzkfl.bench import BENCHMARKS, run

        if name != "all" and name not in BENCHMARKS:
            raise typer.BadParameter(f"no benchmark {name}; there are: {', '.join(BENCHMARKS)}, all")
        given: dict[str, int | float | str | None] = {
            "log_n": log_n, "scalar_bits": scalar_bits, "clients": clients, "dim": dim, "dropout": dropout,
            "corrupt": corrupt, "server": server,
            "model": model, "batch": batch, "steps": steps, "keys": keys, "smallest": smallest, "largest": largest,
            "bits": bits, "members": members, "records": records, "node": node,
        }
        params = {key: value for key, value in given.items() if value is not None}

        console = Console(stderr=json_)
        table = Table("benchmark", "one operation", "parameters", "median", "best")
        notes: list[str] = []
        machine = ""
        for benchmark in [b for b in BENCHMARKS.values() if not b.long] if name == "all" else [BENCHMARKS[name]]:
            # With `all`, a parameter goes to those that take it.
            mine = {key: value for key, value in params.items() if name != "all" or key in benchmark.defaults}
            with console.status(f"measuring {benchmark.name}"):
                result = run(benchmark, mine, runs=runs, threads=threads)
            if json_:
                print(json.dumps(result), flush=True)
                continue
            machine = f"{result['threads']} threads, kernel {result['cpu_kernel']} ({result['cpu_features']})"
            notes += [f"{benchmark.name}: {line}" for line in _own_figures(result)]
            table.add_row(
                benchmark.name,
                benchmark.measures,
                " ".join(f"{key}={value}" for key, value in result["params"].items()),
                readable(result["seconds_median"]),
                readable(result["seconds_min"]),
            )
        if not json_:
            console.print(table)
            for note in [*notes, machine]:
                console.print(note, highlight=False)
