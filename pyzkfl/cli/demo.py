"""`pyzkfl demo`: the whole protocol on real data, with progress while it works and a table at the end."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo(
        json_: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
        ledger: Annotated[str | None, typer.Option(help="path of the ledger to write (must not exist)")] = None,
        rounds: Annotated[int, typer.Option(help="rounds of training")] = 12,
        clients: Annotated[int, typer.Option(help="members of the consortium, at least 8")] = 8,
        seed: Annotated[int, typer.Option(help="how the data are split")] = 4,
        direct: Annotated[
            bool, typer.Option("--direct", help="train a logistic classifier, proven by the direct circuit")
        ] = False,
        aggregation: Annotated[
            str, typer.Option(help="how updates are summed: masks, paillier or rlwe (docs/homomorphic.md)")
        ] = "masks",
        chain: Annotated[
            str | None,
            typer.Option(help="address of a node such as anvil: rounds, stakes, verdicts and records go to its chain"),
        ] = None,
    ) -> None:
        """Train on the breast-cancer data of Wisconsin among hospitals that drop out and cheat."""
        from pyzkfl.demo.runner import DemoConfig, run

        if chain is not None and ledger is not None:
            raise typer.BadParameter("--chain does not go with --ledger: the ledger is on the chain")
        if chain is not None and aggregation != "masks":
            raise typer.BadParameter("--chain does not go with --aggregation: the demo on a chain sums with masks")
        setting = None
        if chain is not None:
            from pyzkfl.demo.chain import ChainSetting

            setting = ChainSetting(chain)
        config = DemoConfig(
            clients=clients, rounds=rounds, seed=seed, network=not direct, aggregation=aggregation, ledger=ledger
        )
        if json_:
            from pyzkfl import build_stamp

            result = run(config, lambda name, values: None, setting)
            print(json.dumps({**build_stamp(), **result}))
            return
        _show(config, lambda on_event: run(config, on_event, setting))


def _show(config: Any, run: Any) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        setup = progress.add_task("setup: contributions", total=2 * config.clients, note="")
        rounds = progress.add_task("rounds", total=config.rounds, note="")

        def on_event(name: str, values: dict[str, Any]) -> None:
            if name == "setup":
                progress.update(setup, completed=values["done"])
            elif name == "setup_done":
                progress.update(setup, note="verified by every member")
            elif name == "registered":
                progress.update(rounds, note="datasets committed, beacon drawn")
            elif name == "round":
                gone = len(values["dropped"])
                progress.update(
                    rounds,
                    completed=values["round"] + 1,
                    note=f"{len(values['survivors'])} in the sum, {gone} dropped out",
                )
            elif name == "round_on_chain":
                for member in values["rejected"]:
                    console.print(f"[red]rejected[/] round {values['round']}, {member}: by the committee on the chain")
            elif name in ("refused", "refused_by_member"):
                console.print(
                    f"[red]refused[/] round {values['round']}, {values['client']}: {values['message']}", highlight=False
                )

        result = run(on_event)
    _table(console, result)
    if "parties" in result:
        _chain_table(console, result)


def _table(console: Any, result: dict[str, Any]) -> None:
    from rich.table import Table

    forgeries = Table(title="forgeries")
    for column in ("round", "by", "what", "refused"):
        forgeries.add_column(column)
    for row in result["forgeries"]:
        forgeries.add_row(str(row["round"]), row["by"], row["attack"], "yes" if row["refused"] else "[red]NO[/]")
    console.print(forgeries)
    table = Table(title="pyzkfl demo", show_header=False)
    accuracy = "{accuracy_federated:.4f} / {accuracy_central:.4f} / {accuracy_alone:.4f}"
    for label, text in (
        ("rounds, clients, dropouts", "{rounds}, {clients}, {dropped}"),
        ("summed by", "{aggregation}"),
        ("proof", "{proof_bytes} bytes"),
        ("prove / verify (median)", "{prove_seconds_median:.3f} s / {verify_seconds_median:.4f} s"),
        ("accuracy federated / central float / alone (median)", accuracy),
        ("every sum opened its commitments", "{aggregate_exact}"),
        ("forgeries tried / refused", "{forgeries_tried} / {forgeries_refused}"),
        ("bytes per client and round", "{bytes_per_client_per_round:.0f}"),
        ("setup / total", "{setup_seconds:.1f} s / {seconds_total:.1f} s"),
        ("ledger", "{ledger} (verified: {ledger_ok})"),
    ):
        table.add_row(label, text.format(**result))
    console.print(table)


def _chain_table(console: Any, result: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=f"accounts on chain {result['chain_id']}, {result['blocks']} blocks")
    for column in ("party", "account", "ether spent", "stake", "paid", "reputation"):
        table.add_column(column)
    for row in result["parties"]:
        figures = (f"{row['ether_spent']:.6f}", str(row["stake"]), str(row["paid"]), f"{row['reputation']:.3f}")
        table.add_row(row["party"], row["account"], *figures)
    console.print(table)
    same = "yes" if result["chain_weights"] else "[red]NO[/]"
    console.print(
        f"rounds closed {result['rounds_closed']}, stake slashed {result['slashed']}, weights as on the chain: {same}"
    )
