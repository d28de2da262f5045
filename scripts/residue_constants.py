"""Derive the exponents of the residue witness and write csrc/recursion/residue_constants.h.

    python scripts/residue_constants.py > csrc/recursion/residue_constants.h

A test runs this and compares with the header in the tree. On proving pairings (Novakovic, Eagen, eprint 2024/640):
for lambda = 6x + 2 + p - p^2 + p^3 = m r and h = (p^12 - 1) / r, whose 3-part is 27, f^h = 1 exactly if f s = c^lambda
for some c and an s with s^27 = 1. c's part of order prime to 3 is f s to the power 1 / lambda modulo h / 27; the rest
is found among the 27 roots of unity.
"""

from __future__ import annotations

from math import gcd

X = 4965661367192848881
P = 36 * X**4 + 36 * X**3 + 24 * X**2 + 6 * X + 1
R = 36 * X**4 + 36 * X**3 + 18 * X**2 + 6 * X + 1
LAMBDA = 6 * X + 2 + P - P**2 + P**3
H = (P**12 - 1) // R

COFACTOR = 2 * P - R  # of G2 in the twist's curve over Fp2
TRACE = 6 * X**2 + 1


def checked() -> None:
    assert LAMBDA % R == 0 and gcd(R, H) == 1
    assert H % 27 == 0 and H // 27 % 3 != 0  # the 3-part is 27
    assert gcd(LAMBDA // R, H) == 3  # so lambda is invertible modulo h / 27, and f s is a cube for one s of three
    # Subgroup of G2: g(psi) = 6x + 2 + psi - psi^2 + psi^3 modulo psi^2 - trace psi + p is a + b psi; its norm is the
    # degree of the map, and prime to the cofactor, so what it kills in the twist's group lies in G2.
    # psi^2 = trace psi - p, psi^3 = (trace^2 - p) psi - trace p
    a = 6 * X + 2 + P - TRACE * P
    b = 1 - TRACE + TRACE**2 - P
    norm = a * a + a * b * TRACE + b * b * P
    assert norm % R == 0 and gcd(norm, COFACTOR) == 1
    assert COFACTOR % 10069 == 0


def words(name: str, comment: str, value: int) -> str:
    count = (value.bit_length() + 63) // 64
    lines = [f"// {comment}", f"inline constexpr uint64_t {name}[{count}] = {{"]
    parts = [f"0x{value >> 64 * i & (1 << 64) - 1:016x}" for i in range(count)]
    lines += ["    " + ", ".join(parts[i : i + 5]) + ("," if i + 5 < count else "};") for i in range(0, count, 5)]
    return "\n".join(lines)


def main() -> None:
    checked()
    t = H // 27
    prime_to_3 = 27 * pow(27 * LAMBDA, -1, t)  # 1 / lambda modulo t, 0 modulo 27
    part_27 = t * pow(t, -1, 27)  # 1 modulo 27, 0 modulo t
    print("// Exponents of the residue witness of pairing products, written by scripts/residue_constants.py, where")
    print("// their derivation stands. Low word first.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace pyzkfl::recursion::residue {\n")
    print(words("lambda", "6x + 2 + p - p^2 + p^3.", LAMBDA) + "\n")
    print(words("lambda_inverse", "1 / lambda modulo h / 27, and 0 modulo 27; h = (p^12 - 1) / r.", prime_to_3) + "\n")
    print(words("three_part", "1 modulo 27 and 0 modulo h / 27.", part_27) + "\n")
    print(words("order_27", "(p^12 - 1) / 27.", (P**12 - 1) // 27) + "\n")
    print("}  // namespace pyzkfl::recursion::residue")


if __name__ == "__main__":
    main()
