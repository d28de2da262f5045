"""`pyzkfl groth16`: setup, prove and verify with the files of circom and snarkjs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pyzkfl.cli import quick
from pyzkfl.cli.progress import progress_bar

__all__ = ["register"]

_R1CS = typer.Argument(help="circuit (.r1cs)", show_default=False)
_PTAU = typer.Argument(help="prepared powers of tau (.ptau)", show_default=False)
_ZKEY = typer.Argument(help="proving key (.zkey)", show_default=False)
_WTNS = typer.Argument(help="witness (.wtns)", show_default=False)
_VKEY = typer.Argument(help="verifying key (verification_key.json)", show_default=False)
_PROOF = typer.Argument(help="proof (proof.json)", show_default=False)
_PUBLIC = typer.Argument(help="public inputs (public.json)", show_default=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Groth16 with the files of circom and snarkjs.", no_args_is_help=True)
    app.add_typer(group, name="groth16")

    @group.command()
    def setup(
        r1cs: Annotated[str, _R1CS],
        ptau: Annotated[str, _PTAU],
        zkey: Annotated[str, _ZKEY],
        name: Annotated[str, typer.Option(help="what to call this machine's contribution")] = "pyzkfl setup",
    ) -> None:
        """Make a circuit's proving key, with one secret contribution of this machine's own.

        Whoever runs this could have kept the secret, and with it forge proofs under the key. Parties who do not trust
        each other let each of them contribute (`pyzkfl zkey contribute`), and run `pyzkfl zkey verify`. PTAU should
        have been verified (`pyzkfl ptau verify`).
        """
        from pyzkfl import groth16

        with progress_bar("setup") as progress:
            groth16.setup(r1cs, ptau, zkey, name=name, progress=progress)
        print(
            f"{zkey} holds one contribution, of this machine. Whoever ran this could have kept its secret and forge "
            "proofs: for a key that others trust, let them contribute too (`pyzkfl zkey contribute`).",
            file=sys.stderr,
        )

    @group.command(help=quick.prove.__doc__)
    def prove(
        zkey: Annotated[str, _ZKEY],
        wtns: Annotated[str, _WTNS],
        proof: Annotated[str, _PROOF],
        public: Annotated[str, _PUBLIC],
    ) -> None:
        quick.prove(zkey, wtns, proof, public)

    @group.command(help=quick.verify.__doc__)
    def verify(
        vkey: Annotated[str, _VKEY], public: Annotated[str, _PUBLIC], proof: Annotated[str, _PROOF]
    ) -> None:
        quick.verify(vkey, public, proof)

    @group.command()
    def export_vkey(zkey: Annotated[str, _ZKEY], vkey: Annotated[str, _VKEY]) -> None:
        """Write the verifying key that belongs to a proving key."""
        from pyzkfl import groth16
        from pyzkfl._core import formats

        formats.check_outputs([vkey], [zkey])
        key = groth16.load_zkey(zkey).verifying_key()
        formats.write_file(vkey, key.to_json().encode())

    @group.command()
    def export_calldata(public: Annotated[str, _PUBLIC], proof: Annotated[str, _PROOF]) -> None:
        """Print the arguments of snarkjs's Solidity verifier."""
        from pyzkfl import groth16, snarkjs

        made = groth16.Proof.from_json(groth16.read_text(proof))
        print(groth16.calldata(snarkjs.public_inputs(groth16.read_text(public)), made))

    @group.command()
    def check(zkey: Annotated[str, _ZKEY]) -> None:
        """Check what a proving key says of itself; exit code 0 only if all of it holds.

        Every point is a point of its group, every coefficient is in range, beta, delta and B are the same in both
        groups, and the recorded contributions lead to delta. Not checked: that A, C and H are those of a certain
        circuit, and who the contributors were. `pyzkfl zkey verify` compares a key with its circuit and powers of tau.
        """
        from pyzkfl import groth16

        with progress_bar("check") as progress:
            groth16.check_zkey(zkey, progress=progress)
        key = groth16.load_zkey(zkey)
        names = ", ".join(ascii(name)[1:-1] or "without a name" for name in key.contributions) or "not recorded"
        print(f"OK: {key.num_wires} wires, {key.num_public} public, domain 2^{key.log_n}; contributions: {names}")
