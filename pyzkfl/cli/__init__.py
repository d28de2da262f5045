"""The command line: `pyzkfl`, or `python -m pyzkfl`.

Each command is a module of this package with `register(app)`; it imports what it needs when it runs, so that `--help`
is quick and `doctor` works when the native core does not load. Errors of ours are one line on stderr and exit code 1,
wrong usage is 2, Ctrl-C 130.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from pyzkfl.errors import Interrupted, PyzkflError

__all__ = ["application", "main"]

_COMMANDS = ("demo", "doctor", "bench", "keys", "ledger")
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def _version(wanted: bool) -> None:
    if wanted:
        from pyzkfl import build_stamp

        stamp = build_stamp()
        print(f"pyzkfl {stamp['version']} ({stamp['commit']})")
        raise typer.Exit


def application() -> typer.Typer:
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
        if importlib.util.find_spec(f"{__name__}.{name}") is not None:
            importlib.import_module(f"{__name__}.{name}").register(app)
    return app


def _fail(message: str, code: int) -> NoReturn:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit. arguments: without the program's name; default those of the process."""
    try:
        # Not typer's own standalone mode: its exit code for Ctrl-C differs from release to release.
        code = application()(args=arguments, prog_name="pyzkfl", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, Interrupted, typer.Abort):
        print("interrupted", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except PyzkflError as error:
        _fail(str(error), 1)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except _USAGE_ERROR as error:
        show = getattr(error, "show", None)
        if show is not None:
            show()
        sys.exit(getattr(error, "exit_code", 2))
    if code == _INTERRUPTED:
        print("interrupted", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


# typer's newer releases carry click inside them: its base class is reached through typer's own name for a subclass.
_USAGE_ERROR: type[Exception] = next(
    base for base in reversed(typer.BadParameter.__mro__) if base.__name__ == "ClickException"
)
