"""The command line: `pyzkfl`, or `python -m pyzkfl`.

Each command is a module of this package with `register(app)`; it imports what it needs when it runs, so that `--help`
is quick and `doctor` works when the native core does not load. Errors of ours are one line on stderr and exit code 1,
wrong usage is 2, Ctrl-C 130.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from pyzkfl.cli.quick import run_quickly
from pyzkfl.errors import Interrupted, PyzkflError

if TYPE_CHECKING:
    import typer

__all__ = ["application", "main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def application() -> typer.Typer:
    """The application with the commands that this installation has."""
    from pyzkfl.cli import parsing

    return parsing.build()


def _run(arguments: Sequence[str]) -> object:
    if run_quickly(arguments):
        return 0
    app = application()
    from pyzkfl.cli import parsing

    return parsing.run(app, arguments)


def _fail(message: str, code: int) -> NoReturn:
    shown = " ".join(message.split()).encode(errors="backslashreplace").decode()  # a path need not be UTF-8
    print(f"error: {shown}", file=sys.stderr)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit. arguments: without the program's name; default those of the process."""
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except (KeyboardInterrupt, Interrupted):
        print("interrupted", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except PyzkflError as error:
        _fail(str(error), 1)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if code == _INTERRUPTED:
        print("interrupted", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)
