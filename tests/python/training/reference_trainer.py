"""The training step of docs/protocol.md section 1 in unbounded Python integers: the oracle of the C++ trainer.

Written from the page, slowly and literally; it shares nothing with the core, not even the table of knots.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Sequence
from typing import Any


def knots() -> list[int]:
    """K[j] = 128 round(2^13 sigmoid(-8 + j / 2)) for j = 0 .. 32."""
    decimal.getcontext().prec = 50
    half = decimal.Decimal(1) / 2
    return [
        128 * math.floor(8192 / (1 + (8 - j * half).exp()) + half)
        for j in range(33)
    ]


KNOTS = knots()


def sigmoid(t: int) -> int:
    """Step 4."""
    segment, low = t >> 7, t & 127
    slope, rest = divmod(KNOTS[segment + 1] - KNOTS[segment], 128)
    assert rest == 0
    return KNOTS[segment] + slope * low


def trace(
    spec: Any, weights: Sequence[int], features: Sequence[Sequence[int]], labels: Sequence[int], rows: int
) -> dict[str, Any]:
    """Steps 1 to 8 with all values in between. spec: anything with the attributes of LogisticSpec."""
    d, one = spec.features, 2**spec.x_frac
    s, k = spec.w_frac + spec.x_frac - 8, spec.eta_shift
    u = [sum(weights[j] * row[j] for j in range(d)) + weights[d] * one for row in features]
    q = [(v + 2 ** (s - 1)) // 2**s for v in u]
    t = [min(max(v + 2048, 0), 4095) for v in q]
    p = [sigmoid(v) for v in t]
    z = [(p[i] - 2**20 * labels[i]) if i < rows else 0 for i in range(len(labels))]
    gradient = [sum(z[i] * features[i][j] for i in range(len(labels))) for j in range(d)] + [one * sum(z)]
    raw = [(-spec.eta * g + 2 ** (k - 1)) // 2**k for g in gradient]
    norm_squared = sum(r * r for r in raw)
    root = math.isqrt(norm_squared)
    slack = math.isqrt(d)  # ceil(sqrt(d + 1)) = isqrt(d) + 1
    c = spec.bound - (slack + 1)
    divisor = max(root + 1, c)
    update = [r * c // divisor for r in raw]
    return {
        "u": u, "q": q, "t": t, "p": p, "z": z, "gradient": gradient, "raw": raw, "norm_squared": norm_squared,
        "root": root, "divisor": divisor, "update": update,
    }


def next_weights(spec: Any, weights: Sequence[int], total: Sequence[int], survivors: int) -> list[int]:
    """W' of the page."""
    limit = 2 ** (spec.w_bits - 1)
    return [
        min(max(w + (2 * s + survivors) // (2 * survivors), -limit), limit - 1)
        for w, s in zip(weights, total, strict=True)
    ]
