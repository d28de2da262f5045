"""Commands that are called by the thousand, in scripts: `pyzkfl groth16 prove` and `verify`.

Loading typer takes as long as a small proof, so where a call of these consists of paths alone, main() takes them from
here, without it. With options (--help, say), or another number of arguments, typer parses them as ever.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pyzkfl.cli.progress import progress_bar

__all__ = ["prove", "run_quickly", "verify"]


def prove(zkey: str, wtns: str, proof: str, public: str) -> None:
    """Prove that a witness satisfies a circuit. The proof is verified before it is written."""
    from pyzkfl import groth16
    from pyzkfl._core import formats
    from pyzkfl.errors import ParameterError

    if len({os.path.realpath(path) for path in (zkey, wtns, proof, public)}) < 4:
        raise ParameterError("key, witness, proof and public inputs are four files: two of these paths are one")
    formats.check_outputs([proof, public])
    key = groth16.load_zkey(zkey, allow_unfinished=True)
    if key.is_unfinished:
        print(
            f"WARNING: {zkey}: {key.unfinished}. A proof under this key convinces nobody. Contributions finish a key "
            "(`pyzkfl zkey contribute`).",
            file=sys.stderr,
        )
    witness = groth16.load_wtns(wtns)
    with progress_bar("prove") as progress:
        made, inputs = groth16.prove(key, witness, progress=progress)
    formats.write_files([(proof, made.to_json().encode()), (public, formats.snarkjs_public(inputs).encode())])


def verify(vkey: str, public: str, proof: str) -> None:
    """Verify a proof: exit code 0 and OK only if it holds."""
    from pyzkfl import groth16, snarkjs

    key = groth16.VerifyingKey.from_json(groth16.read_text(vkey))
    inputs = snarkjs.public_inputs(groth16.read_text(public))
    groth16.verify(key, inputs, groth16.Proof.from_json(groth16.read_text(proof)))
    print("OK")


def run_quickly(arguments: Sequence[str]) -> bool:
    """Run the command line if it is one of these with nothing but paths; else return False."""
    if len(arguments) < 2 or arguments[0] != "groth16" or any(a.startswith("-") for a in arguments):
        return False
    paths = arguments[2:]
    if arguments[1] == "prove" and len(paths) == 4:
        prove(*paths)
    elif arguments[1] == "verify" and len(paths) == 3:
        verify(*paths)
    else:
        return False
    return True
