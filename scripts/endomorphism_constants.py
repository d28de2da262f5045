"""Derive the constants of the endomorphisms of BN254 and write csrc/curves/endomorphism_constants.h.

    python scripts/endomorphism_constants.py > csrc/curves/endomorphism_constants.h

A test runs this and compares with the header in the tree. Everything follows from the BN parameter x:

* phi(X, Y) = (beta X, Y) acts on G1 as multiplication by lambda (Gallant, Lambert, Vanstone 2001);
* psi = untwist, Frobenius, twist acts on G2 as multiplication by p (Galbraith, Scott 2008, eprint 2008/117).

For each a reduced basis B of the lattice {(a_0, ..): sum a_i mu^i = 0 mod r}, and for Babai's rounding the integers
g_i = round(2^256 c_i / r) with (c_i / r) the first row of B^-1: then k = sum_j k_j mu^j with
k_j = [j = 0] k - sum_i round(k g_i / 2^256) B_ij, and |k_j| is at most 5/8 of the column sum of |B|.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

X = 4965661367192848881
P = 36 * X**4 + 36 * X**3 + 24 * X**2 + 6 * X + 1
R = 36 * X**4 + 36 * X**3 + 18 * X**2 + 6 * X + 1


def mul2(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Product in Fp2 = Fp[u] / (u^2 + 1)."""
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def pow2(a: tuple[int, int], e: int) -> tuple[int, int]:
    result = (1, 0)
    while e:
        if e & 1:
            result = mul2(result, a)
        a = mul2(a, a)
        e >>= 1
    return result


def inv2(a: tuple[int, int]) -> tuple[int, int]:
    n = pow(a[0] * a[0] + a[1] * a[1], -1, P)
    return a[0] * n % P, -a[1] * n % P


def add_g1(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Affine addition, for operands that are neither infinite nor opposite."""
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul_g1(k: int, a: tuple[int, int]) -> tuple[int, int]:
    result = None
    while k:
        if k & 1:
            result = a if result is None else add_g1(result, a)
        a = add_g1(a, a)
        k >>= 1
    assert result is not None
    return result


def determinant(m: list[list[int]]) -> int:
    if len(m) == 1:
        return m[0][0]
    return sum((-1) ** j * m[0][j] * determinant([row[:j] + row[j + 1 :] for row in m[1:]]) for j in range(len(m)))


def first_row_of_adjugate(m: list[list[int]]) -> list[int]:
    """(det m) times the first row of m^-1: the cofactors of the first column."""
    n = len(m)
    return [(-1) ** i * determinant([row[1:] for k, row in enumerate(m) if k != i]) if n > 1 else 1 for i in range(n)]


def dot(a: list, b: list):
    return sum(s * t for s, t in zip(a, b, strict=True))


def lll_reduce(basis: list[list[int]]) -> list[list[int]]:
    """Lenstra, Lenstra, Lovasz 1982 with delta = 99/100, in exact rationals and without haste."""
    basis = [list(row) for row in basis]

    def orthogonalise() -> tuple[list[list[Fraction]], list[list[Fraction]]]:
        star: list[list[Fraction]] = []
        m = [[Fraction(0)] * len(basis) for _ in basis]
        for i, row in enumerate(basis):
            v = [Fraction(e) for e in row]
            for j in range(i):
                m[i][j] = Fraction(dot(row, star[j])) / dot(star[j], star[j])
                v = [s - m[i][j] * t for s, t in zip(v, star[j], strict=True)]
            star.append(v)
        return star, m

    k = 1
    while k < len(basis):
        for j in range(k - 1, -1, -1):
            q = round(orthogonalise()[1][k][j])
            basis[k] = [s - q * t for s, t in zip(basis[k], basis[j], strict=True)]
        star, m = orthogonalise()
        if dot(star[k], star[k]) >= (Fraction(99, 100) - m[k][k - 1] ** 2) * dot(star[k - 1], star[k - 1]):
            k += 1
        else:
            basis[k], basis[k - 1] = basis[k - 1], basis[k]
            k = max(k - 1, 1)
    return basis


def relations(mu: int, dimension: int) -> list[list[int]]:
    """A reduced basis of {(a_0, ..): sum a_i mu^i = 0 mod r} whose column sums are as small as small combinations
    of an LLL-reduced one give."""
    first = lll_reduce(
        [[R, *[0] * (dimension - 1)]]
        + [[-pow(mu, i, R), *[int(j == i) for j in range(1, dimension)]] for i in range(1, dimension)]
    )
    short = []
    for c in product(range(-1, 2), repeat=dimension):
        v = [sum(ci * row[j] for ci, row in zip(c, first, strict=True)) for j in range(dimension)]
        if next((e for e in v if e), 0) > 0:
            short.append((max(map(abs, v)), v))
    short.sort()
    candidates = [v for _, v in short[:14]]
    bases = [list(b) for b in combinations(candidates, dimension) if abs(determinant(list(b))) == R]
    return min(
        bases,
        key=lambda b: (max(sum(abs(row[j]) for row in b) for j in range(dimension)), b),
    )


def limbs(v: int, n: int) -> str:
    return "{" + ", ".join(f"0x{(v >> (64 * i)) & (2**64 - 1):016x}" for i in range(n)) + "}"


def lattice(name: str, basis: list[list[int]], mu: int, words: int) -> list[str]:
    n = len(basis)
    for row in basis:
        assert sum(a * pow(mu, i, R) for i, a in enumerate(row)) % R == 0
    det = determinant(basis)
    assert abs(det) == R
    cofactors = first_row_of_adjugate(basis)
    # The error of each rounded quotient: 1/2, and k < 2^254 times that of g_i, 1/2, over 2^256.
    error = Fraction(1, 2) + Fraction(1, 8)
    bound = [int(error * sum(abs(row[j]) for row in basis)) + 1 for j in range(n)]
    assert max(bound) < 2 ** (64 * words)
    lines = [f"// |k_j| < 2^{max(bound).bit_length()}."]
    rounds = []
    for c in cofactors:
        c = c if det > 0 else -c
        g = (abs(c) * 2**257 + R) // (2 * R)
        assert g < 2**256
        rounds.append((g, c < 0))
    lines.append(f"inline constexpr unsigned {name}_bits = {max(bound).bit_length()};")
    lines.append(f"inline constexpr uint64_t {name}_rounding[{n}][4] = {{")
    lines += [f"    {limbs(g, 4)}," for g, _ in rounds]
    lines.append("};")
    lines.append(f"inline constexpr bool {name}_rounding_negative[{n}] = {{")
    lines[-1] += ", ".join("true" if s else "false" for _, s in rounds) + "};"
    lines.append("// B, modulo 2^128 (two's complement, low word first).")
    lines.append(f"inline constexpr uint64_t {name}_basis[{n}][{n}][2] = {{")
    for row in basis:
        lines.append("    {" + ",\n     ".join(limbs(a % 2**128, 2) for a in row) + "},")
    lines.append("};")
    return lines


def header() -> str:
    generator = (1, 2)
    # beta, lambda: the pair of cube roots of unity that match on G1, with the smaller lambda.
    g = next(g for g in range(2, 20) if pow(g, (P - 1) // 3, P) != 1)
    root = pow(g, (P - 1) // 3, P)
    lam = (
        next(
            v
            for v in (
                36 * X**3 + 18 * X**2 + 6 * X + 1,
                R - 36 * X**3 - 18 * X**2 - 6 * X - 2,
            )
            if (v * v + v + 1) % R == 0
        )
        % R
    )
    lam = min(lam, R - 1 - lam)
    image = mul_g1(lam, generator)
    beta = next(b for b in (root, root * root % P) if (b * generator[0] % P, generator[1]) == image)

    xi = (9, 1)
    psi_x = pow2(xi, (P - 1) // 3)
    psi_y = pow2(xi, (P - 1) // 2)

    def conj(a: tuple[int, int]) -> tuple[int, int]:
        return a[0], -a[1] % P

    psi2_x, psi2_y = mul2(conj(psi_x), psi_x), mul2(conj(psi_y), psi_y)
    psi3_x, psi3_y = mul2(conj(psi2_x), psi_x), mul2(conj(psi2_y), psi_y)
    assert psi2_x[1] == 0 and psi2_y == (P - 1, 0)
    twist_b = mul2((3, 0), inv2(xi))

    out = [
        "// Constants of the endomorphisms phi (G1) and psi (G2) of BN254, written by",
        "// scripts/endomorphism_constants.py, where their derivation stands. Field elements are canonical",
        "// integers, low limb first.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace pyzkfl::endomorphism {",
        "",
        "// The BN parameter.",
        f"inline constexpr uint64_t x = 0x{X:016x};",
        "",
        "// phi(X, Y) = (beta X, Y) = lambda (X, Y).",
        "inline constexpr uint64_t beta[4] = {",
        f"    {limbs(beta, 4)[1:]};",
        "inline constexpr uint64_t lambda[4] = {",
        f"    {limbs(lam, 4)[1:]};",
        "",
        "// psi^i(X, Y) = (c_i X^(p^i), d_i Y^(p^i)); each in Fp2 as {c0, c1}.",
    ]
    for name, value in [
        ("psi_x", psi_x),
        ("psi_y", psi_y),
        ("psi2_x", psi2_x),
        ("psi3_x", psi3_x),
        ("psi3_y", psi3_y),
    ]:
        out.append(f"inline constexpr uint64_t {name}[2][4] = {{")
        out.append(f"    {limbs(value[0], 4)},")
        out.append(f"    {limbs(value[1], 4)}}};")
    out += [
        "",
        "// The twist is y^2 = x^3 + 3 / (9 + u).",
        "inline constexpr uint64_t twist_b[2][4] = {",
        f"    {limbs(twist_b[0], 4)},",
        f"    {limbs(twist_b[1], 4)}}};",
        "",
        "// Decomposition along phi: k = k_0 + k_1 lambda.",
        *lattice("phi", relations(lam, 2), lam, 2),
        "",
        "// Decomposition along psi: k = k_0 + k_1 p + k_2 p^2 + k_3 p^3.",
        *lattice("psi", relations(P % R, 4), P % R, 1),
        "",
        "}  // namespace pyzkfl::endomorphism",
    ]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(header(), end="")
