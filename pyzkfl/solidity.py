"""A Solidity verifier of Groth16 for one circuit, its key in its code.

The contract is this package's own, with the arithmetic of `contracts/Bn254.sol`, in one file without imports. It takes
what `pyzkfl groth16 export-calldata` prints, by the function that snarkjs's verifiers have (`verifyProof`), so that it
can stand where one of those stood.
"""

from __future__ import annotations

import importlib.resources
import json
import re

from pyzkfl._version import __version__
from pyzkfl.errors import ParameterError
from pyzkfl.groth16 import VerifyingKey

__all__ = ["MOST_INPUTS", "verifier"]

MOST_INPUTS = 280  # with them a contract has 24,000 bytes of code, and a chain takes 24,576 (EIP-170)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_TAKEN = frozenset({"Bn254", "G1", "G2"})

_CONTRACT = """\
// SPDX-License-Identifier: Apache-2.0
// A verifier of Groth16 (Groth 2016) over BN254 for one circuit, with {inputs}, written by pyzkfl {version}.
// Compile for cancun or newer.
pragma solidity ^0.8.24;

{library}
contract {name} {{
    /// Whether the proof holds for the inputs. Arguments as `pyzkfl groth16 export-calldata` prints them. False for
    /// whatever is malformed: an input of r or more, coordinates of p or more, points off the curve, outside the
    /// subgroup or at infinity. Reverts only where there is too little gas for the check.
    function verifyProof(uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c{parameter})
        external
        view
        returns (bool)
    {{
        if (!Bn254.isProofPoint(a[0], a[1]) || !Bn254.isProofPoint(c[0], c[1])) return false;
        if ((b[0][0] | b[0][1] | b[1][0] | b[1][1]) == 0) return false;
        G1 memory sum = G1({ic0});{terms}
        uint256[] memory w = new uint256[](24); // e(-a, b) e(alpha, beta) e(sum, gamma) e(c, delta) = 1
        (w[0], w[1]) = (a[0], Bn254.P - a[1]); // y is not 0: the order of the group is odd
        (w[2], w[3], w[4], w[5]) = (b[0][0], b[0][1], b[1][0], b[1][1]);
        (w[6], w[7]) = ({alpha});
        (w[8], w[9], w[10], w[11]) = ({beta});
        (w[12], w[13]) = (sum.x, sum.y);
        (w[14], w[15], w[16], w[17]) = ({gamma});
        (w[18], w[19]) = (c[0], c[1]);
        (w[20], w[21], w[22], w[23]) = ({delta});
        return Bn254.pairingIsOne(w);
    }}
}}
"""
_TERMS = """
        bytes memory points = // of each input, x and y
            {points};
        for (uint256 i = 0; i < {count}; ++i) {{
            if (input[i] >= Bn254.R) return false;
            G1 memory point;
            assembly ("memory-safe") {{
                mcopy(point, add(add(points, 0x20), mul(i, 0x40)), 0x40)
            }}
            sum = Bn254.add(sum, Bn254.mul(point, input[i]));
        }}"""


def _library() -> str:
    """contracts/Bn254.sol from its first definition on."""
    source = (importlib.resources.files("pyzkfl") / "ledger" / "contracts" / "Bn254.sol").read_text()
    _, _, definitions = source.partition("pragma solidity ^0.8.24;\n")
    return definitions.lstrip("\n")


def verifier(key: VerifyingKey, *, name: str = "Verifier") -> str:
    """The source of a contract `name` that verifies proofs under `key`.

    Raises ParameterError for a name that is none, and for a key of more than 280 public inputs, whose contract no chain
    would take: let the circuit hash them, and check the hash.
    """
    if _NAME.fullmatch(name) is None or name in _TAKEN:
        raise ParameterError(f"{name!r:.80} cannot be a contract's name here: letters, digits and _, not Bn254, G1, G2")
    if key.num_public > MOST_INPUTS:
        raise ParameterError(
            f"a verifier for {key.num_public} public inputs would not fit into a contract ({MOST_INPUTS} do): let the "
            "circuit hash them, and check the hash"
        )
    fields = json.loads(key.to_json())

    def g1(point: list[str]) -> str:
        return f"{point[0]}, {point[1]}"

    def g2(point: list[list[str]]) -> str:  # imaginary part first, as EIP-197 has it
        (x0, x1), (y0, y1) = point[0], point[1]
        return f"{x1}, {x0}, {y1}, {y0}"

    ic, count = fields["IC"], key.num_public
    words = (f'hex"{int(x):064x}"\n            hex"{int(y):064x}"' for x, y, _ in ic[1:])
    terms = _TERMS.format(points="\n            ".join(words), count=count) if count else ""
    return _CONTRACT.format(
        inputs=f"{count} public input{'' if count == 1 else 's'}",
        version=__version__,
        library=_library(),
        name=name,
        parameter=f", uint256[{count}] calldata input" if count else "",
        ic0=g1(ic[0]),
        terms=terms,
        alpha=g1(fields["vk_alpha_1"]),
        beta=g2(fields["vk_beta_2"]),
        gamma=g2(fields["vk_gamma_2"]),
        delta=g2(fields["vk_delta_2"]),
    )
