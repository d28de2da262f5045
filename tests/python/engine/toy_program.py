"""A training step small enough to prove by brute force: one layer, four rows of two features, two classes.

It is no real step (the "loss gradient" is the layer's output), but has everything that a program can have: low columns,
a column of tables, selectors, broadcasts, sums, fixed bits, short and long relations of every kind, a clip, a bound,
tables of every size down to {0}, cells that nothing covers.
"""

from __future__ import annotations

import random
from math import isqrt

from program_shape import Program
from toy_prover import Witness, fill_multiplicities

EXP = [9, 5, 2, 0]
ROWS = 3
ETA, TARGET = 5, 16

# Columns, and (column, offset, log_size) of the blocks.
WEIGHTS, TABLES, DATA, UPDATE, A1, A2, A3, MASK = range(8)
KINDS = ["weights", "tables", "data", "update", "digits", "digits", "digits", "mask"]
HEIGHTS = [3, 2, 4, 3, 5, 5, 4, 3]
BLOCKS = {
    "W": (WEIGHTS, 0, 2),  # class, feature
    "bias": (WEIGHTS, 4, 1),
    "exp": (TABLES, 0, 2),
    "X": (DATA, 0, 3),  # row, feature
    "Y": (DATA, 8, 3),  # row, class
    "D": (UPDATE, 0, 2),
    "Dbias": (UPDATE, 4, 1),
    "unused": (UPDATE, 6, 1),
    "q": (A1, 0, 3),  # row, class
    "rem": (A1, 8, 3),
    "dZ": (A1, 16, 3),
    "e": (A1, 24, 3),
    "of16": (A2, 0, 4),
    "of4": (A2, 16, 2),
    "of exp": (A2, 20, 2),
    "of bits": (A2, 24, 1),
    "of zero": (A2, 26, 0),
    "remD": (A3, 0, 2),
    "remDbias": (A3, 4, 1),
    "first five": (A3, 8, 3),
}
NUMBER = {name: i for i, name in enumerate(BLOCKS)}
SELECTORS = ["real rows", "five"]


def term(coefficient: int, name: str, variables: str = "") -> Program:
    """`variables` from the lowest: "o0 i1 s b1" for outer 0, inner 1, summed, the bit 1."""
    kinds = {"o": "outer", "i": "inner", "s": "sum", "b": "bit"}
    sources = [{"kind": kinds[v[0]], "index": int(v[1:] or 0)} for v in variables.split()]
    selector = name in SELECTORS
    number = SELECTORS.index(name) if selector else NUMBER[name]
    return {"coefficient": coefficient, "view": {"is_selector": selector, "id": number, "variables": sources, "windows": []}}


def expression(*terms: Program, constant: int = 0) -> Program:
    return {"terms": list(terms), "constant": constant}


def pair(inner: int, left: Program, right: Program) -> Program:
    return {"inner": inner, "left": left, "right": right}


def toy_program() -> Program:
    update = expression(term(-2, "D", "o0 o1"), term(1, "remD", "o0 o1"), constant=-1)
    update_square = expression(term(-2, "D", "i0 i1"), term(1, "remD", "i0 i1"), constant=-1)
    bias_update = expression(term(-2, "Dbias", "o0"), term(1, "remDbias", "o0"), constant=-1)
    bias_square = expression(term(-2, "Dbias", "i0"), term(1, "remDbias", "i0"), constant=-1)
    one = expression(constant=1)
    real = term(-1, "real rows", "o0 o1")
    linear = [
        (2, expression(term(1, "Y", "s o0 o1"), real)),
        (3, expression(term(1, "first five", "o0 o1 o2"), term(-1, "five", "o0 o1 o2"))),
        (0, expression(term(1, "first five", "s s s"), term(1, "five", "s s s"), constant=-10)),
        (2, expression(term(1, "Y", "b0 o0 o1"), term(1, "Y", "b1 o0 o1"), real)),
    ]
    forward = expression(term(4, "q", "o0 o1 o2"), term(1, "rem", "o0 o1 o2"), term(-1, "bias", "o0"), constant=-2)
    products = [
        (3, [pair(1, expression(term(1, "X", "i0 o1 o2")), expression(term(1, "W", "i0 o0")))], forward, None),
        (2, [pair(2, expression(term(1, "dZ", "o1 i0 i1")), expression(term(1, "X", "o0 i0 i1")))], update, 0),
        (1, [pair(2, expression(term(1, "dZ", "o0 i0 i1")), one)], bias_update, 0),
        (
            1,
            [
                pair(0, expression(constant=3), expression(term(1, "bias", "o0"))),
                pair(3, expression(term(1, "Y", "i0 i1 i2")), one),
            ],
            expression(term(3, "bias", "o0"), term(1, "Y", "s s s")),
            None,
        ),
    ]
    bit = expression(term(1, "remD", "o0 o1"))
    zeros = [
        (
            3,
            [
                (1, [expression(term(1, "real rows", "o1 o2")), expression(term(1, "q", "o0 o1 o2"))]),
                (-1, [expression(term(1, "dZ", "o0 o1 o2"))]),
            ],
        ),
        (2, [(1, [bit, expression(*bit["terms"], constant=-1)])]),
    ]
    tables = [("of16", 4), ("of4", 2), ("of exp", 2), ("of bits", 1), ("of zero", 0)]
    ranges = [("X", 1, 2), ("Y", 3, 0), ("D", 0, 8), ("Dbias", 0, 8), ("unused", 4, 0), ("q", 0, 8), ("rem", 1, 0)]
    ranges += [("remD", 3, 0), ("remDbias", 3, 0), ("first five", 3, 0)]
    return {
        "log_height": 5,
        "steps": 1,
        "columns": [{"kind": k, "log_height": h} for k, h in zip(KINDS, HEIGHTS, strict=True)],
        "blocks": [{"column": c, "offset": o, "log_size": s} for c, o, s in BLOCKS.values()],
        "selectors": [{"kind": "first_rows", "count": 0}, {"kind": "first_constant", "count": 5}],
        "linear": [{"outer": outer, "expression": e} for outer, e in linear],
        "products": [
            {"outer": outer, "pairs": pairs, "result": result, "scalar": scalar}
            for outer, pairs, result, scalar in products
        ],
        "zeros": [
            {"outer": outer, "products": [{"coefficient": c, "factors": f} for c, f in terms]} for outer, terms in zeros
        ],
        "squares": [
            {"parts": [{"inner": 2, "expression": update_square}, {"inner": 1, "expression": bias_square}]},
            {"parts": [{"inner": 2, "expression": expression(term(1, "D", "i0 i1"))}]},
        ],
        "clips": [{"square_sum": 0, "eta": ETA, "target_high": 0, "target_low": TARGET, "norm_square_bits": 8}],
        "bounds": [{"square_sum": 1, "bound": 256}],
        "tables": [
            {
                "kind": "pairs" if name == "of exp" else "range",
                "log_size": size,
                "multiplicities": NUMBER[name],
                "values": NUMBER["exp"] if name == "of exp" else 0,
            }
            for name, size in tables
        ],
        "ranges": [{"block": NUMBER[name], "table": t, "offset": offset} for name, t, offset in ranges],
        "pairs": [{"keys": NUMBER["rem"], "values": NUMBER["e"], "table": 2}],
    }


def put(cells: list[list[int]], name: str, values: list[int]) -> None:
    column, offset, log_size = BLOCKS[name]
    assert len(values) == 2**log_size
    cells[column][offset : offset + len(values)] = values


def get(cells: list[list[int]], name: str) -> list[int]:
    column, offset, log_size = BLOCKS[name]
    return cells[column][offset : offset + 2**log_size]


def honest_witness(program: Program, rng: random.Random) -> Witness:
    cells = [[0] * 2**height for height in HEIGHTS]
    x = [[rng.randrange(-2, 2) for _ in range(2)] for _ in range(4)]
    labels = [rng.randrange(2) for _ in range(ROWS)]
    w = [[rng.randrange(-1, 2) for _ in range(2)] for _ in range(2)]
    bias = [rng.randrange(-1, 2) for _ in range(2)]
    u = [[sum(x_k * w_k for x_k, w_k in zip(row, w[j], strict=True)) + bias[j] + 2 for j in range(2)] for row in x]
    put(cells, "W", [v for row in w for v in row])
    put(cells, "bias", bias)
    put(cells, "exp", EXP)
    put(cells, "X", [v for row in x for v in row])
    put(cells, "Y", [int(i < ROWS and labels[i] == j) for i in range(4) for j in range(2)])
    put(cells, "q", [v // 4 for row in u for v in row])
    put(cells, "rem", [v % 4 for row in u for v in row])
    put(cells, "e", [EXP[v % 4] for row in u for v in row])
    put(cells, "dZ", [v // 4 if i < ROWS else 0 for i, row in enumerate(u) for v in row])
    put(cells, "first five", [int(i < 5) for i in range(8)])
    return with_update(program, cells)


def gradients(cells: list[list[int]]) -> tuple[list[int], list[int]]:
    x, dz = get(cells, "X"), get(cells, "dZ")
    gradient = [sum(dz[2 * i + j] * x[2 * i + k] for i in range(4)) for j in range(2) for k in range(2)]
    return gradient, [sum(dz[j::2]) for j in range(2)]


def with_update(program: Program, cells: list[list[int]], rate: int | None = None) -> Witness:
    """Everything that follows from the layer's cells: the rate (unless it is given), the update, multiplicities."""
    gradient, bias_gradient = gradients(cells)
    norm = isqrt(sum(v * v for v in gradient + bias_gradient))
    rate = rate or min(ETA, TARGET // (norm + 1))
    put(cells, "D", [-((rate * v + 1) // 2) for v in gradient])
    put(cells, "remD", [(rate * v + 1) % 2 for v in gradient])
    put(cells, "Dbias", [-((rate * v + 1) // 2) for v in bias_gradient])
    put(cells, "remDbias", [(rate * v + 1) % 2 for v in bias_gradient])
    fill_multiplicities(program, cells)
    return Witness(cells, [ROWS], [rate])
