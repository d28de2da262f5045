"""The application: the commands of this installation, and how typer parses and calls them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Annotated

import typer

__all__ = ["build", "run"]

_COMMANDS = ("demo", "doctor", "bench", "drift", "keys", "ledger", "report", "economy", "groth16", "ptau", "zkey")

# typer's newer releases carry click inside them: its base class is reached through typer's own name for a subclass.
_USAGE_ERROR: type[Exception] = next(
    base for base in reversed(typer.BadParameter.__mro__) if base.__name__ == "ClickException"
)


def _version(wanted: bool) -> None:
    if wanted:
        from pyzkfl import build_stamp

        stamp = build_stamp()
        print(f"pyzkfl {stamp['version']} ({stamp['commit']})")
        raise typer.Exit


def build() -> typer.Typer:
    """The application with the commands that this installation has."""
    app = typer.Typer(
        name="pyzkfl",
        help="Federated learning in which every update is proven in zero knowledge, masked, and recorded.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def options(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version and exit")
        ] = False,
    ) -> None:
        del version

    for name in _COMMANDS:
        if importlib.util.find_spec(f"pyzkfl.cli.{name}") is not None:
            importlib.import_module(f"pyzkfl.cli.{name}").register(app)
    return app


def run(app: typer.Typer, arguments: Sequence[str]) -> object:
    """Call the command that the arguments name; its exit code. Raises what the command raises."""
    try:
        # Not typer's own standalone mode: its exit code for Ctrl-C differs from release to release.
        return app(args=list(arguments), prog_name="pyzkfl", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _USAGE_ERROR as error:
        show = getattr(error, "show", None)
        if show is not None:
            show()
        return getattr(error, "exit_code", 2)
