"""`pyzkfl economy`: a simulated economy of honest and dishonest clients under the ledger's own rules."""

from __future__ import annotations

import json
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def economy(
        clients: Annotated[int, typer.Option(help="members of the job")] = 1000,
        rounds: Annotated[int, typer.Option(help="rounds of training")] = 200,
        dishonest: Annotated[float, typer.Option(help="share of clients and validators that cheat")] = 0.2,
        participation: Annotated[float, typer.Option(help="share of the clients in a round")] = 0.3,
        seed: Annotated[int, typer.Option(help="of who cheats when, and who is there")] = 0,
        json_: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    ) -> None:
        """Simulate: what the honest earn, what the dishonest lose, and whether reputation tells them apart."""
        from pyzkfl import build_stamp
        from pyzkfl.bench.economy import simulate

        found = simulate(clients=clients, rounds=rounds, dishonest=dishonest, participation=participation, seed=seed)
        if json_:
            print(json.dumps({**build_stamp(), **found}))
            return
        print(f"{clients} clients, {dishonest:.0%} dishonest, {rounds} rounds, {found['rounds_final']} of them final")
        honest = found["reward_share_honest"]
        print(f"rewards to the honest: {honest:.2%} (they are {found['share_honest']:.0%} of the clients)")
        print(f"correlation of reputation with true quality: {found['correlation']:.3f}")
        print(f"stake slashed: {found['slashed_share_dishonest']:.2%} of the dishonest ones'", end=", ")
        print(f"{found['slashed_share_honest']:.2%} of the honest ones'")
