"""`pyzkfl zkey`: the second phase of a Groth16 setup, in snarkjs's files."""

from __future__ import annotations

from typing import Annotated

import typer

from pyzkfl.cli.ceremony import AgreedBeacon, Beacon, Iterations, Name, Published
from pyzkfl.cli.progress import progress_bar

__all__ = ["register"]

_INPUT = typer.Argument(help="proving key (.zkey)", metavar="INPUT", show_default=False)
_OUTPUT = typer.Argument(help="file to write; replaced if it exists", show_default=False)
_R1CS = typer.Argument(help="circuit (.r1cs)", show_default=False)
_PTAU = typer.Argument(help="prepared powers of tau (.ptau)", show_default=False)
_ZKEY = typer.Argument(help="proving key (.zkey)", show_default=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The second phase of a Groth16 setup: contributions to a key.", no_args_is_help=True)
    app.add_typer(group, name="zkey")

    @group.command()
    def contribute(input_: Annotated[str, _INPUT], output: Annotated[str, _OUTPUT], name: Name = "") -> None:
        """Multiply a fresh secret of this machine into a key. It comes from the system and is wiped.

        The chain of contributions so far is checked first. Publish the hash that is printed, and look for it in the
        finished key (`pyzkfl zkey verify --contribution HASH`).
        """
        from pyzkfl import zkey
        from pyzkfl.cli.ceremony import publish

        publish("contribute", zkey.contribute, input_, output, name=name)

    @group.command()
    def beacon(
        input_: Annotated[str, _INPUT],
        output: Annotated[str, _OUTPUT],
        value: Beacon,
        iterations_log: Iterations,
        name: Name = "",
    ) -> None:
        """End a ceremony with a public value that nobody could choose; anybody may do it, with the same result."""
        from pyzkfl import zkey
        from pyzkfl.cli.ceremony import publish
        from pyzkfl.contributions import beacon_from_hex

        publish("beacon", zkey.beacon, input_, output, beacon_from_hex(value), iterations_log, name=name)

    @group.command()
    def verify(
        r1cs: Annotated[str, _R1CS],
        ptau: Annotated[str, _PTAU],
        key: Annotated[str, _ZKEY],
        contribution: Published = None,
        beacon: AgreedBeacon = None,
    ) -> None:
        """Check a key against circuit, powers of tau and contributions: exit code 0 and OK only if all holds.

        The circuit's part of the key is computed again; every contribution is checked, and that L and H are divided by
        what they multiply to. The powers are for `pyzkfl ptau verify`. Who contributed, no file can show: give the
        hashes that contributors published, and the beacon that was agreed on.
        """
        from pyzkfl import zkey
        from pyzkfl.cli.ceremony import check_beacon, hashes, show

        wanted = hashes(contribution)
        with progress_bar("verify") as progress:
            zkey.verify(r1cs, ptau, key, contributions=wanted, progress=progress)
        found = zkey.info(key)
        check_beacon(found.contributions, beacon)
        print(
            f"OK: {found.num_wires} wires, {found.num_public} public, domain 2^{found.log_n}; "
            f"circuit {found.circuit_hash.hex()}; contributions:"
        )
        show(found.contributions)
