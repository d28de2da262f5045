"""The constants of the endomorphisms follow from the script, and the fast subgroup check from algebra."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

X = 4965661367192848881
P = 36 * X**4 + 36 * X**3 + 24 * X**2 + 6 * X + 1
R = 36 * X**4 + 36 * X**3 + 18 * X**2 + 6 * X + 1
TRACE = 6 * X**2 + 1
COFACTOR = 2 * P - R


def test_the_header_is_what_the_script_writes(repository: Path):
    script = repository / "scripts" / "endomorphism_constants.py"
    made = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert made == (repository / "csrc" / "curves" / "endomorphism_constants.h").read_text()


def test_only_g2_passes_the_fast_subgroup_check():
    """The check asks whether (x + 1) + x psi + x psi^2 - 2x psi^3 kills a point. On the whole twist psi satisfies
    psi^2 - t psi + p = 0, so that is u + v psi for integers u, v; an endomorphism of norm n kills no point of order
    prime to n (but infinity). So it suffices that the norm is prime to the cofactor, and a multiple of r.
    """

    def times(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        c0, c1, c2 = a[0] * b[0], a[0] * b[1] + a[1] * b[0], a[1] * b[1]
        return c0 - P * c2, c1 + TRACE * c2

    psi = (0, 1)
    psi2 = times(psi, psi)
    psi3 = times(psi2, psi)
    u, v = ((X + 1) * a + X * b + X * c - 2 * X * d for a, b, c, d in zip((1, 0), psi, psi2, psi3, strict=True))
    norm = u * u + TRACE * u * v + P * v * v
    assert COFACTOR % 10069 == 0
    assert math.gcd(norm, COFACTOR) == 1
    assert norm % R == 0
    # On G2 psi is multiplication by p.
    assert (u + v * P) % R == 0
