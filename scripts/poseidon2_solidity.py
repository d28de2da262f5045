"""Writes contracts/Poseidon2.sol: the permutation of csrc/hash/poseidon2.h, with the same constants.

python scripts/poseidon2_solidity.py            print the file
python scripts/poseidon2_solidity.py --write    replace the file in the tree
python scripts/poseidon2_solidity.py --check    exit 1 if the file in the tree is another
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "csrc" / "hash" / "poseidon2_constants.h"
TARGET = ROOT / "contracts" / "Poseidon2.sol"

TEXT = """// SPDX-License-Identifier: Apache-2.0
// Poseidon2 over the scalar field of BN254 (eprint 2023/323), t = 4: the hash of csrc/hash/poseidon2.h.
//
// Written by scripts/poseidon2_solidity.py from the constants in csrc/hash/poseidon2_constants.h; do not edit.
pragma solidity ^0.8.24;

library Poseidon2 {
    // Words: constants of the first four full rounds (16), of the partial rounds (56), of the last four full
    // rounds (16), the diagonal of the internal matrix less one (4), r.
    bytes private constant TABLE =
        hex"@TABLE@";

    /// The sponge of rate 3 whose fourth element starts as length * 2^64; every input is below r (the caller checks).
    function hash(uint256[] memory inputs) internal pure returns (uint256) {
        bytes memory table = TABLE; // one copy: a constant that the compiler sees is copied from the code at each use
        uint256 r;
        assembly ("memory-safe") {
            r := mload(add(table, 0xba0))
        }
        uint256[4] memory s;
        uint256 n = inputs.length;
        s[3] = n << 64;
        uint256 i = 0;
        do {
            for (uint256 j = 0; j < 3 && i < n; ++j) {
                s[j] = addmod(s[j], inputs[i++], r);
            }
            permute(s, table, r);
        } while (i < n);
        return s[0];
    }

    /// In place; elements below r before and after. Sums are reduced only where they could reach 2^256, which is
    /// above 5 r.
    function permute(uint256[4] memory s, bytes memory table, uint256 r) internal pure {
        assembly ("memory-safe") {
            function external_matrix(a, b, c, d, m) -> w, x, y, z {
                let ab := add(a, b)
                let cd := add(c, d)
                let u := add(add(b, b), cd)
                let v := add(add(d, d), ab)
                z := addmod(mulmod(cd, 4, m), v, m)
                x := addmod(mulmod(ab, 4, m), u, m)
                w := addmod(v, x, m)
                y := addmod(u, z, m)
            }
            function full_rounds(a, b, c, d, from, m) -> w, x, y, z {
                w := a
                x := b
                y := c
                z := d
                for { let end := add(from, 0x200) } lt(from, end) { from := add(from, 0x80) } {
                    let t := add(w, mload(from))
                    let u := mulmod(t, t, m)
                    w := mulmod(mulmod(u, u, m), t, m)
                    t := add(x, mload(add(from, 0x20)))
                    u := mulmod(t, t, m)
                    x := mulmod(mulmod(u, u, m), t, m)
                    t := add(y, mload(add(from, 0x40)))
                    u := mulmod(t, t, m)
                    y := mulmod(mulmod(u, u, m), t, m)
                    t := add(z, mload(add(from, 0x60)))
                    u := mulmod(t, t, m)
                    z := mulmod(mulmod(u, u, m), t, m)
                    w, x, y, z := external_matrix(w, x, y, z, m)
                }
            }
            let at_ := add(table, 0x20)
            let a, b, c, d :=
                external_matrix(mload(s), mload(add(s, 0x20)), mload(add(s, 0x40)), mload(add(s, 0x60)), r)
            a, b, c, d := full_rounds(a, b, c, d, at_, r)
            let diagonal := add(at_, 0xb00)
            // b, c, d stay below 2 r.
            for { let k := add(at_, 0x200) } lt(k, add(at_, 0x900)) { k := add(k, 0x20) } {
                let t := add(a, mload(k))
                let u := mulmod(t, t, r)
                a := mulmod(mulmod(u, u, r), t, r)
                t := addmod(add(a, b), add(c, d), r)
                a := add(mulmod(a, mload(diagonal), r), t)
                b := add(mulmod(b, mload(add(diagonal, 0x20)), r), t)
                c := add(mulmod(c, mload(add(diagonal, 0x40)), r), t)
                d := add(mulmod(d, mload(add(diagonal, 0x60)), r), t)
            }
            a, b, c, d := full_rounds(a, b, c, d, add(at_, 0x900), r)
            mstore(s, a)
            mstore(add(s, 0x20), b)
            mstore(add(s, 0x40), c)
            mstore(add(s, 0x60), d)
        }
    }
}
"""


R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def constants() -> tuple[list[int], list[list[int]], list[int]]:
    """Diagonal, full rounds, partial rounds, from the header of the core."""
    limbs = re.findall(
        r"\{(0x[0-9a-f]{16}), (0x[0-9a-f]{16}), (0x[0-9a-f]{16}), (0x[0-9a-f]{16})\}", HEADER.read_text()
    )
    values = [sum(int(limb, 16) << (64 * i) for i, limb in enumerate(item)) for item in limbs]
    assert len(values) == 4 + 8 * 4 + 56
    full = values[4:36]
    return values[:4], [full[4 * r : 4 * r + 4] for r in range(8)], values[36:]


def source() -> str:
    diagonal, full, partial = constants()
    first, last = ([word for row in half for word in row] for half in (full[:4], full[4:]))
    words = [*first, *partial, *last, *diagonal, R]
    lines = [f"{word:064x}" for word in words]
    return TEXT.replace("@TABLE@", '"\n        hex"'.join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = source()
    if arguments.check:
        return int(TARGET.read_text() != text)
    if arguments.write:
        TARGET.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
