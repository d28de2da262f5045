"""Derives the constants of Poseidon2 over Fr of BN254 and writes csrc/hash/poseidon2_constants.h.

    python scripts/poseidon2_constants.py            print the header
    python scripts/poseidon2_constants.py --write    replace the file in the tree
    python scripts/poseidon2_constants.py --check    exit 1 if the file in the tree is another

Method: Grassi, Khovratovich, Schofnegger, "Poseidon2" (eprint 2023/323), and the parameter script that its
authors published with it. The Grain LFSR of Poseidon (eprint 2019/458, appendix F) is seeded with the
parameters (prime field, S-box x^alpha, field bits, t, R_F, R_P). It gives first the round constants, by
rejection, and then candidates for the diagonal of the internal matrix, reduced modulo r, until the matrix M
passes the test against invariant subspaces: the minimal polynomials of M, M^2, ..., M^(2t) are irreducible
and of degree t. Nothing is taken from elsewhere: round constants and diagonal are both derived, and tests
compare the permutation with the vectors that other implementations publish.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
FIELD_BITS = 254
T = 4
ALPHA = 5
FULL_ROUNDS = 8
PARTIAL_ROUNDS = 56

HEADER = Path(__file__).resolve().parent.parent / "csrc" / "hash" / "poseidon2_constants.h"

Matrix = list[list[int]]


def grain_bits() -> Iterator[int]:
    """The self-shrunk output of the 80-bit Grain LFSR for our parameters."""
    seed = (
        f"{1:02b}{0:04b}"  # a prime field, the S-box x^alpha
        f"{FIELD_BITS:012b}{T:012b}{FULL_ROUNDS:010b}{PARTIAL_ROUNDS:010b}" + "1" * 30
    )
    state = [int(bit) for bit in seed]
    assert len(state) == 80

    def step() -> int:
        bit = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        del state[0]
        state.append(bit)
        return bit

    for _ in range(160):
        step()
    while True:
        if step():
            yield step()
        else:
            step()


def integer(bits: Iterator[int]) -> int:
    """The next FIELD_BITS bits, most significant first."""
    value = 0
    for _ in range(FIELD_BITS):
        value = value << 1 | next(bits)
    return value


def below_modulus(bits: Iterator[int]) -> int:
    while True:
        value = integer(bits)
        if value < R:
            return value


def multiply(a: Matrix, b: Matrix) -> Matrix:
    return [[sum(a[i][k] * b[k][j] for k in range(T)) % R for j in range(T)] for i in range(T)]


def characteristic_polynomial(m: Matrix) -> list[int]:
    """Coefficients from the constant term up to the leading one (Faddeev and LeVerrier)."""
    coefficients = [0] * T + [1]
    n = [[0] * T for _ in range(T)]
    for k in range(1, T + 1):
        n = multiply(m, n)
        for i in range(T):
            n[i][i] = (n[i][i] + coefficients[T - k + 1]) % R
        trace = sum(multiply(m, n)[i][i] for i in range(T))
        coefficients[T - k] = -trace * pow(k, -1, R) % R
    return coefficients


def polynomial_mod(a: list[int], f: list[int]) -> list[int]:
    """a modulo f, f of any degree with a nonzero leading coefficient; the result has no leading zeros."""
    a = [v % R for v in a]
    inverse = pow(f[-1], -1, R)
    while len(a) >= len(f):
        factor = a[-1] * inverse % R
        for i, v in enumerate(f):
            a[len(a) - len(f) + i] = (a[len(a) - len(f) + i] - factor * v) % R
        a.pop()
    while a and a[-1] == 0:
        a.pop()
    return a


def polynomial_product(a: list[int], b: list[int], f: list[int]) -> list[int]:
    out = [0] * max(len(a) + len(b) - 1, 0)
    for i, u in enumerate(a):
        for j, v in enumerate(b):
            out[i + j] += u * v
    return polynomial_mod(out, f)


def is_irreducible(f: list[int]) -> bool:
    """Rabin's test for degree 4, whose only prime divisor is 2."""

    def power_of_modulus(a: list[int]) -> list[int]:  # a^r modulo f
        result, base, exponent = [1], a, R
        while exponent:
            if exponent & 1:
                result = polynomial_product(result, base, f)
            base = polynomial_product(base, base, f)
            exponent >>= 1
        return result

    def minus_x(a: list[int]) -> list[int]:
        a = a + [0] * (2 - len(a))
        return polynomial_mod([a[0], a[1] - 1, *a[2:]], f)

    assert len(f) == 5
    twice = power_of_modulus(power_of_modulus([0, 1]))
    a, b = f, minus_x(twice)
    while b:  # gcd(f, x^(r^2) - x)
        a, b = b, polynomial_mod(a, b)
    if len(a) > 1:
        return False
    return not minus_x(power_of_modulus(power_of_modulus(twice)))


def resists_subspace_trails(m: Matrix) -> bool:
    # The minimal polynomial is irreducible of degree t exactly if the characteristic polynomial is
    # irreducible.
    power = m
    for _ in range(2 * T):
        if not is_irreducible(characteristic_polynomial(power)):
            return False
        power = multiply(m, power)
    return True


def derive() -> tuple[list[list[int]], list[int], list[int]]:
    """Constants of the full rounds (t each), of the partial rounds, and the internal diagonal minus one."""
    bits = grain_bits()
    half = FULL_ROUNDS // 2
    first = [[below_modulus(bits) for _ in range(T)] for _ in range(half)]
    partial = [below_modulus(bits) for _ in range(PARTIAL_ROUNDS)]
    last = [[below_modulus(bits) for _ in range(T)] for _ in range(half)]
    while True:
        diagonal = [integer(bits) % R for _ in range(T)]
        if resists_subspace_trails([[diagonal[i] if i == j else 1 for j in range(T)] for i in range(T)]):
            return first + last, partial, [(d - 1) % R for d in diagonal]


def limbs(value: int) -> str:
    return "{" + ", ".join(f"0x{value >> 64 * i & (1 << 64) - 1:016x}" for i in range(4)) + "}"


def header() -> str:
    full, partial, diagonal = derive()
    out = f"""\
// Constants of Poseidon2 over Fr of BN254: t = {T}, R_F = {FULL_ROUNDS}, R_P = {PARTIAL_ROUNDS}, x^{ALPHA}.
//
// Written by scripts/poseidon2_constants.py, which says how they are derived; do not edit. Canonical integers
// as 64-bit limbs, least significant first.
#pragma once

#include "fields/limbs.h"

namespace pyzkfl::poseidon2 {{

inline constexpr unsigned width = {T};
inline constexpr unsigned full_rounds = {FULL_ROUNDS};
inline constexpr unsigned partial_rounds = {PARTIAL_ROUNDS};

// The internal matrix is all ones plus the diagonal matrix of these.
inline constexpr Limbs internal_diagonal[width] = {{
"""
    out += "".join(f"    {limbs(value)},\n" for value in diagonal)
    out += "};\n\n// Half of the full rounds come before the partial rounds.\n"
    out += "inline constexpr Limbs full_constants[full_rounds][width] = {\n"
    for row in full:
        out += "    {" + ",\n     ".join(limbs(value) for value in row) + "},\n"
    out += "};\n\n// Added to the first element.\n"
    out += "inline constexpr Limbs partial_constants[partial_rounds] = {\n"
    out += "".join(f"    {limbs(value)},\n" for value in partial)
    return out + "};\n\n}  // namespace pyzkfl::poseidon2\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Derive the constants of Poseidon2.")
    parser.add_argument("--write", action="store_true", help="replace the header in the tree")
    parser.add_argument("--check", action="store_true", help="compare with the header in the tree")
    arguments = parser.parse_args()
    text = header()
    if arguments.write:
        HEADER.write_text(text)
    elif arguments.check:
        if HEADER.read_text() != text:
            print(f"{HEADER.name} is not what this script derives", file=sys.stderr)
            return 1
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
