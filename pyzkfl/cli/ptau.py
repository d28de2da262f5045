"""`pyzkfl ptau`: powers of tau in snarkjs's files."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pyzkfl.cli.ceremony import AgreedBeacon, Beacon, Iterations, Name, Published
from pyzkfl.cli.progress import progress_bar

__all__ = ["register"]

_INPUT = typer.Argument(help="powers of tau (.ptau)", show_default=False)
_POWERS = typer.Argument(help="powers of tau (.ptau)", metavar="INPUT", show_default=False)
_OUTPUT = typer.Argument(help="file to write; replaced if it exists", show_default=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Powers of tau: the first phase of a Groth16 setup.", no_args_is_help=True)
    app.add_typer(group, name="ptau")

    @group.command()
    def new(
        log_n: Annotated[int, typer.Argument(min=1, max=28, help="for circuits of at most 2^LOG_N rows")],
        output: Annotated[str, _OUTPUT],
    ) -> None:
        """Start a ceremony: powers of one, to which people contribute."""
        from pyzkfl import ptau

        ptau.new(log_n, output)
        print("without contributions anyone could forge proofs: go on with `pyzkfl ptau contribute`", file=sys.stderr)

    @group.command()
    def contribute(
        input_: Annotated[str, _POWERS],
        output: Annotated[str, _OUTPUT],
        name: Name = "",
    ) -> None:
        """Verify a file and multiply fresh secrets of this machine into it; they come from the system and are wiped.

        Publish the hash that is printed, and look for it in the finished file (`pyzkfl ptau verify
        --contribution HASH`).
        """
        from pyzkfl import ptau
        from pyzkfl.cli.ceremony import publish

        publish("contribute", ptau.contribute, input_, output, name=name)

    @group.command()
    def beacon(
        input_: Annotated[str, _POWERS],
        output: Annotated[str, _OUTPUT],
        value: Beacon,
        iterations_log: Iterations,
        name: Name = "",
    ) -> None:
        """End a ceremony with a public value that nobody could choose; anybody may do it, with the same result."""
        from pyzkfl import ptau
        from pyzkfl.cli.ceremony import publish
        from pyzkfl.contributions import beacon_from_hex

        publish("beacon", ptau.beacon, input_, output, beacon_from_hex(value), iterations_log, name=name)

    @group.command()
    def prepare(
        input_: Annotated[str, _POWERS],
        output: Annotated[str, _OUTPUT],
    ) -> None:
        """Add the Lagrange bases that `pyzkfl groth16 setup` starts from."""
        from pyzkfl import ptau

        with progress_bar("prepare") as progress:
            ptau.prepare(input_, output, progress=progress)

    @group.command()
    def verify(
        path: Annotated[str, _INPUT], contribution: Published = None, beacon: AgreedBeacon = None
    ) -> None:
        """Check powers, contributions and bases: exit code 0 and OK only if all hold."""
        from pyzkfl import ptau
        from pyzkfl.cli.ceremony import check_beacon, hashes, show

        wanted = hashes(contribution)
        with progress_bar("verify") as progress:
            ptau.verify(path, contributions=wanted, progress=progress)
        found = ptau.info(path)
        check_beacon(found.contributions, beacon)
        prepared = "prepared" if found.prepared else "not prepared"
        print(f"OK: powers of tau for 2^{found.log_n} rows, {prepared}; contributions:")
        show(found.contributions)
