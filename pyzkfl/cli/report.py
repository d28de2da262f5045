"""`pyzkfl report`: what happened on a ledger, as a page that opens without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["register"]


def _figures(path: Path | None) -> dict[str, Any]:
    from pyzkfl.errors import ParameterError

    if path is None:
        return {}
    try:
        value = json.loads(path.read_text())
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ParameterError(f"{path} is not the JSON that `pyzkfl demo --json` prints") from None
    if type(value) is not dict:
        raise ParameterError(f"{path} holds no JSON object")
    return value


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        path: Annotated[Path, typer.Argument(help="ledger file")],
        html: Annotated[bool, typer.Option("--html", help="write a page beside the ledger (or to --output)")] = False,
        output: Annotated[Path | None, typer.Option(help="where the page goes; default PATH with .html")] = None,
        figures: Annotated[
            Path | None, typer.Option(help="JSON of `pyzkfl demo --json`: accuracy is not on the ledger")
        ] = None,
        json_: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    ) -> None:
        """Rounds, accuracy, participation, stakes, rewards, reputations, votes, proofs with their verdicts."""
        from pyzkfl import build_stamp
        from pyzkfl.errors import SystemFailure
        from pyzkfl.ledger import SqliteLedger
        from pyzkfl.report import gather, page

        given = _figures(figures)
        with SqliteLedger.open(path) as opened:
            found = gather(opened, given)
        written = ""
        if html or output is not None:
            target = output or path.with_name(path.name + ".html")
            try:
                target.write_text(page(found), encoding="utf-8")
            except OSError as error:
                raise SystemFailure(f"{target} cannot be written: {error.strerror}") from None
            written = str(target)
        rounds = [one for job in found.jobs for one in job.rounds]
        values = {
            "path": str(path),
            "page": written,
            "ok": not found.problem,
            "error": found.problem,
            "records": found.records,
            "jobs": len(found.jobs),
            "rounds": len(rounds),
            "proofs_accepted": sum(one.count("accepted", "submitted") for one in rounds),
            "proofs_refused": sum(one.refused for one in rounds),
            "accounts": len(found.accounts),
            "supply": found.economy.bank.supply if found.economy else 0,
        }
        if json_:
            print(json.dumps({**build_stamp(), **values}))
            return
        for name, value in values.items():
            if value != "":
                print(f"{name.replace('_', ' ')}: {value}")
