"""Writes csrc/training/sigmoid_knots.h: the 33 knots of the piecewise linear sigmoid (docs/protocol.md section 1).

    python scripts/sigmoid_knots.py            write the file
    python scripts/sigmoid_knots.py --check    exit with 1 if the file in the tree is not what this script gives

The knots are integers fixed in the tree, so that no run-time mathematics library has a say in what a training step is.
They are computed with 60 decimal digits; no knot is nearer than 10^-3 to a rounding boundary, which the script checks.
"""

from __future__ import annotations

import argparse
import decimal
import pathlib
import sys

SEGMENTS = 32  # of width 1/2, over [-8, 8)
LOW_BITS = 7  # argument bits inside a segment: a knot is a multiple of 2^7, so that slopes are integers
KNOT_BITS = 13  # knots are rounded to 2^-13; times 2^7 their unit is 2^-20

PATH = pathlib.Path(__file__).resolve().parent.parent / "csrc" / "training" / "sigmoid_knots.h"


def knots() -> list[int]:
    """K[j] = 2^7 round(2^13 sigmoid(-8 + j / 2)), j = 0 .. 32."""
    with decimal.localcontext(decimal.Context(prec=60)):
        out = []
        for j in range(SEGMENTS + 1):
            x = decimal.Decimal(j - SEGMENTS // 2) / 2
            value = (1 << KNOT_BITS) / (1 + (-x).exp())
            nearest = int((value + decimal.Decimal("0.5")).to_integral_value(decimal.ROUND_FLOOR))
            if abs(abs(value - nearest) - decimal.Decimal("0.5")) < decimal.Decimal("0.001"):
                raise ValueError(f"knot {j} is too near to a rounding boundary")
            out.append(nearest << LOW_BITS)
        return out


def render() -> str:
    """The header as it must stand in the tree."""
    values = knots()
    lines = [
        "    " + ", ".join(f"{value}" for value in values[start : start + 8]) + ","
        for start in range(0, len(values), 8)
    ]
    return "\n".join(
        [
            "// The knots of the piecewise linear sigmoid on [-8, 8], unit 2^-20 (docs/protocol.md section 1, step 4).",
            "// Written by scripts/sigmoid_knots.py; do not edit.",
            "#pragma once",
            "",
            "#include <array>",
            "#include <cstdint>",
            "",
            "namespace pyzkfl {",
            "",
            "// K[j] = 128 round(2^13 sigmoid(-8 + j / 2)).",
            f"inline constexpr std::array<int64_t, {len(values)}> kSigmoidKnots = {{",
            *lines,
            "};",
            "",
            "}  // namespace pyzkfl",
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only")
    arguments = parser.parse_args()
    if arguments.check:
        return 0 if PATH.read_text() == render() else 1
    PATH.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
