"""Circuits over circomlib that the tests compile and prove: sources of ours that call its templates, and their inputs.
None has the name of a file of circomlib, which circom would take for it.

circomlib (GPL) comes from npm into tests/.node, for tests alone. Where outputs can be computed without it, they are:
SHA-256 by hashlib, curve points by the few lines below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617

# Baby Jubjub (EIP-2494): a x^2 + y^2 = 1 + d x^2 y^2 over BN254's scalars.
_A, _D = 168700, 168696
ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041
BASE = (
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)
Point = tuple[int, int]


def add(p: Point, q: Point) -> Point:
    (x1, y1), (x2, y2) = p, q
    t = _D * x1 * x2 * y1 * y2 % R
    x = (x1 * y2 + y1 * x2) * pow(1 + t, -1, R)
    return x % R, (y1 * y2 - _A * x1 * x2) * pow(1 - t, -1, R) % R


def multiply(p: Point, k: int) -> Point:
    out = (0, 1)
    for bit in bin(k)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, p)
    return out


def bits(value: int, count: int) -> list[int]:
    return [value >> i & 1 for i in range(count)]


@dataclass(frozen=True)
class Circuit:
    """source: of circom, behind the includes. public: outputs and public inputs, where they are known otherwise."""

    includes: Sequence[str]
    source: str
    inputs: dict[str, Any]
    public: list[int] | None = None
    deep: bool = field(default=True)


SECRET = 0x1F2E3D4C5B6A79881726354453627180
KEY = multiply(BASE, SECRET)
NONCE = 0x77665544332211009988776655443322
MESSAGE = 1234567890
# The hash in the signature is Poseidon's, which the circuit "challenge" computes.
CHALLENGE_INPUTS = [*multiply(BASE, NONCE), *KEY, MESSAGE]
_BLOCK = b"pyzkfl!!"
_DIGEST = hashlib.sha256(_BLOCK).digest()


def _bytes_to_bits(data: bytes) -> list[int]:
    return [byte >> (7 - i) & 1 for byte in data for i in range(8)]


def signature(challenge: int) -> dict[str, Any]:
    """The inputs of "eddsa", given the hash."""
    x, y = multiply(BASE, NONCE)
    s = (NONCE + challenge * 8 * SECRET) % ORDER
    return {"enabled": 1, "Ax": KEY[0], "Ay": KEY[1], "S": s, "R8x": x, "R8y": y, "M": MESSAGE}


CIRCUITS: dict[str, Circuit] = {
    "poseidon_2": Circuit(
        ["poseidon"],
        "component main = Poseidon(2);",
        {"inputs": [1, 2]},
        # The known value of the paper's parameters for t = 3.
        [7853200120776062878684798364095072458815029376092732009249414926327459813530],
    ),
    "merkle_path": Circuit(
        ["poseidon", "switcher"],
        """
        template MerklePath(depth) {
          signal input leaf, sides[depth], siblings[depth];
          signal output root;
          component order[depth], hash[depth];
          signal node[depth + 1];
          node[0] <== leaf;
          for (var i = 0; i < depth; i++) {
            sides[i] * (1 - sides[i]) === 0;
            order[i] = Switcher();
            order[i].sel <== sides[i];
            order[i].L <== node[i];
            order[i].R <== siblings[i];
            hash[i] = Poseidon(2);
            hash[i].inputs[0] <== order[i].outL;
            hash[i].inputs[1] <== order[i].outR;
            node[i + 1] <== hash[i].out;
          }
          root <== node[depth];
        }
        component main = MerklePath(4);
        """,
        {"leaf": 5, "sides": [0, 1, 1, 0], "siblings": [11, 12, 13, 14]},
        deep=False,
    ),
    "comparing": Circuit(
        ["comparators"],
        """
        template Compare() {
          signal input a, b;
          signal output out[4];
          component less = LessThan(32), most = GreaterEqThan(32), equal = IsEqual(), zero = IsZero();
          less.in[0] <== a; less.in[1] <== b; out[0] <== less.out;
          most.in[0] <== a; most.in[1] <== b; out[1] <== most.out;
          equal.in[0] <== a; equal.in[1] <== b; out[2] <== equal.out;
          zero.in <== a - 7; out[3] <== zero.out;
        }
        component main {public [b]} = Compare();
        """,
        {"a": 7, "b": 4294967295},
        [1, 0, 0, 1, 4294967295],
        deep=False,
    ),
    "challenge": Circuit(["poseidon"], "component main = Poseidon(5);", {"inputs": CHALLENGE_INPUTS}),
    "eddsa": Circuit(
        ["eddsaposeidon"], "component main {public [enabled, Ax, Ay, M]} = EdDSAPoseidonVerifier();", {},
        [1, *KEY, MESSAGE],
    ),
    "sha256": Circuit(
        ["sha256/sha256"], "component main = Sha256(64);", {"in": _bytes_to_bits(_BLOCK)}, _bytes_to_bits(_DIGEST)
    ),
    "public_key": Circuit(["babyjub"], "component main = BabyPbk();", {"in": SECRET}, list(KEY)),
    "point_sum": Circuit(
        ["babyjub"], "component main {public [x1]} = BabyAdd();",
        {"x1": BASE[0], "y1": BASE[1], "x2": KEY[0], "y2": KEY[1]}, [*add(BASE, KEY), BASE[0]],
    ),
    "scalar_product": Circuit(
        ["escalarmulany"], "component main = EscalarMulAny(64);",
        {"e": bits(SECRET % 2**64, 64), "p": KEY}, list(multiply(KEY, SECRET % 2**64)),
    ),
    "point_bits": Circuit(
        ["pointbits"], "component main = Point2Bits_Strict();", {"in": BASE},
        # y, then whether x is in the upper half.
        [*bits(BASE[1], 254), 0, int(BASE[0] > (R - 1) // 2)],
    ),
    "pedersen_hash": Circuit(["pedersen"], "component main = Pedersen(64);", {"in": bits(SECRET % 2**64, 64)}),
    "mimc_7": Circuit(["mimc"], "component main {public [k]} = MultiMiMC7(3, 91);", {"in": [1, 2, 3], "k": 4}),
    "mimc_sponge": Circuit(["mimcsponge"], "component main = MiMCSponge(2, 220, 3);", {"ins": [1, 2], "k": 0}),
    "sparse_merkle_tree": Circuit(
        ["smt/smtprocessor"], "component main {public [newKey]} = SMTProcessor(5);",
        {"oldRoot": 0, "siblings": [0] * 5, "oldKey": 0, "oldValue": 0, "isOld0": 1, "newKey": 9, "newValue": 81,
         "fnc": [1, 0]},
    ),
    "choosing": Circuit(
        ["multiplexer", "mux4"],
        """
        template Choose() {
          signal input sel, table[5][2], bits[4], constants[16];
          signal output out[3];
          component words = Multiplexer(2, 5), one = Mux4();
          for (var i = 0; i < 5; i++) for (var j = 0; j < 2; j++) words.inp[i][j] <== table[i][j];
          words.sel <== sel;
          for (var i = 0; i < 16; i++) one.c[i] <== constants[i];
          for (var i = 0; i < 4; i++) one.s[i] <== bits[i];
          out[0] <== words.out[0]; out[1] <== words.out[1]; out[2] <== one.out;
        }
        component main = Choose();
        """,
        {"sel": 3, "table": [[i, i * i] for i in range(5)], "bits": bits(11, 4), "constants": list(range(100, 116))},
        [3, 9, 111],
    ),
    "bits": Circuit(
        ["bitify", "sign", "binsum"],
        """
        template Bits() {
          signal input a, b;
          signal output out[2];
          component strict = Num2Bits_strict(), sign = Sign(), sum = BinSum(16, 2), value = Bits2Num(17);
          component left = Num2Bits(16), right = Num2Bits(16);
          strict.in <== -a;
          for (var i = 0; i < 254; i++) sign.in[i] <== strict.out[i];
          left.in <== a; right.in <== b;
          for (var i = 0; i < 16; i++) { sum.in[0][i] <== left.out[i]; sum.in[1][i] <== right.out[i]; }
          for (var i = 0; i < 17; i++) value.in[i] <== sum.out[i];
          out[0] <== sign.sign; out[1] <== value.out;
        }
        component main = Bits();
        """,
        {"a": 40000, "b": 50000},
        [1, 90000],
    ),
}  # fmt: skip
