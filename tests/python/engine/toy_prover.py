"""A prover of docs/engine.md by brute force, for heights of a few bits: every function is a list of its values.

Sums are sums, selectors are lists of 0 and 1, leaves are walked cell by cell: nothing is taken from the verifier but
the order of claims and segments (program_shape.py). The setup's secret is an argument, so a commitment is one
multiplication. It proves false witnesses as well as it can, for tests of what the verifier refuses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product as cartesian
from math import prod
from typing import Any

from program_shape import Claim, Coordinate, Program, R, Shape, program_digest
from py_ecc import optimized_bn128 as curve
from slow_verifier import PointElements, hashing

Vector = list[int]
Change = Callable[[str, Vector], Vector]  # of a message with this label, before it is absorbed


@dataclass
class Witness:
    cells: list[Vector]  # of each column; the mask's stay zero
    rows: list[int]
    rates: list[int]


@dataclass
class Proof:
    messages: list[Vector] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    points: list[PointElements] = field(default_factory=list)
    commitments: list[Any] = field(default_factory=list)  # to all columns
    symmetric: Any = None  # C_S
    quotient: Any = None  # W


def mle(values: Sequence[int], point: Sequence[int]) -> int:
    out = [v % R for v in values]
    for x in reversed(point):
        half = len(out) // 2
        out = [(a + x * (b - a)) % R for a, b in zip(out[:half], out[half:], strict=True)]
    (value,) = out
    return value


def cube(variables: int) -> list[Vector]:
    """Every point of {0, 1}^variables in the order of indices."""
    return [[i >> j & 1 for j in range(variables)] for i in range(2**variables)]


def eq_values(point: Sequence[int]) -> Vector:
    return [prod(p if b else 1 - p for p, b in zip(point, x, strict=True)) % R for x in cube(len(point))]


def cell_weights(point: Sequence[Any], windows: Sequence[Program], sides: Sequence[tuple[Vector, Vector]]) -> Vector:
    """What each cell is multiplied with: eq, and for a window all pairs of indices to which the cell's belongs.

    point: coordinates from variable 0 up, ("window", number) where the variable is one of a window.
    """
    out = []
    for x in cube(len(point)):
        weight = prod(p if b else 1 - p for p, b in zip(point, x, strict=True) if not isinstance(p, tuple))
        for number, (w, (first, second)) in enumerate(zip(windows, sides, strict=True)):
            own = [b for p, b in zip(point, x, strict=True) if p == ("window", number)]
            index = sum(b << j for j, b in enumerate(own))
            total = 0
            for i, p in enumerate(eq_values(first)):
                for k, q in enumerate(eq_values(second)):
                    v, y, z = {"input": (index, i, k), "output": (i, index, k), "kernel": (i, k, index)}[w["role"]]
                    inside = v < w["inputs"] and y < w["outputs"] and z < w["kernels"]
                    total += p * q * (inside and v == w["stride"] * y + z - w["padding"])
            weight *= total
        out.append(weight % R)
    return out


def functional(
    cells: Sequence[int], point: Sequence[Any], windows: Sequence[Program], sides: Sequence[tuple[Vector, Vector]]
) -> int:
    return sum(c * w for c, w in zip(cells, cell_weights(point, windows, sides), strict=True)) % R


def horner(coefficients: Sequence[int], x: int) -> int:
    out = 0
    for c in reversed(coefficients):
        out = (out * x + c) % R
    return out


def fill_multiplicities(program: Program, cells: list[Vector]) -> None:
    """Counts the lookups. What is in no table is not counted."""

    def block(number: int) -> tuple[Vector, int, int]:
        b = program["blocks"][number]
        return cells[b["column"]], b["offset"], 2 ** b["log_size"]

    for t, table in enumerate(program["tables"]):
        counts = [0] * 2 ** table["log_size"]
        keys: Vector = []
        for lookup in program["ranges"]:
            if lookup["table"] == t:
                column, at, size = block(lookup["block"])
                keys += [v + lookup["offset"] for v in column[at : at + size]]
        for lookup in program["pairs"]:
            if lookup["table"] == t:
                column, at, size = block(lookup["keys"])
                keys += column[at : at + size]
        for key in keys:
            if 0 <= key < len(counts):
                counts[key] += 1
        column, at, size = block(table["multiplicities"])
        column[at : at + size] = counts


class Prover:
    def __init__(
        self, program: Program, witness: Witness, tau: int, rng: random.Random, change: Change | None = None
    ) -> None:
        self.program, self.witness, self.tau = program, witness, tau
        self.shape = Shape.of(program)
        self.change = change or (lambda _label, message: message)
        self.n = 2 ** program["log_height"]
        self.coefficients: list[Vector] = []  # of each column as a polynomial, n + 1 of them
        for column, cells in zip(program["columns"], witness.cells, strict=True):
            f = [v % R for v in cells] + [0] * (self.n + 1 - len(cells))
            if column["kind"] == "mask":
                f[:5] = [rng.randrange(R) for _ in range(5)]
            elif column["kind"] not in ("weights", "tables"):
                f[2 ** column["log_height"]] = rng.randrange(R)
            self.coefficients.append(f)
        self.proof = Proof(commitments=[self.commit(f) for f in self.coefficients])
        self.transcript = hashing.Transcript("pyzkfl/engine/1/" + program_digest(program).hex())
        self.values: Vector = []
        self.known: dict[str, Vector] = {}

    def commit(self, f: Sequence[int]) -> Any:
        return curve.multiply(curve.G1, horner(f, self.tau))

    def absorb_point(self, point: Any) -> None:
        affine = (0, 0) if curve.is_inf(point) else tuple(int(v) for v in curve.normalize(point))
        self.proof.points.append(hashing.point_elements(affine))
        self.transcript.absorb_point_elements(*self.proof.points[-1])

    def send(self, label: str, message: Sequence[int]) -> Vector:
        out = self.change(label, [v % R for v in message])
        self.proof.messages.append(out)
        self.proof.labels.append(label)
        self.transcript.absorb_list(out)
        return out

    def challenge(self) -> int:
        return int(self.transcript.challenge())

    # -- expressions, at any outer and inner point --

    def view(self, v: Program, outer: Sequence[int], inner: Sequence[int]) -> int:
        if v["is_selector"]:
            selector = self.program["selectors"][v["id"]]
            count = selector["count"]
            if selector["kind"] == "first_rows":
                count = self.witness.rows[count]
            values = [int(i < count) for i in range(2 ** len(v["variables"]))]
        else:
            block = self.program["blocks"][v["id"]]
            cells = self.coefficients[block["column"]]
            values = cells[block["offset"] : block["offset"] + 2 ** block["log_size"]]
        lists = [v["variables"], *(w[side] for w in v["windows"] for side in ("first", "second"))]
        choices = []
        for source in [s for sources in lists for s in sources]:
            kind, index = source["kind"], source["index"]
            if kind in ("sum", "weight"):
                choices.append([0, 1])
            elif kind == "window":
                choices.append([("window", index)])
            else:
                choices.append([index if kind == "bit" else (outer if kind == "outer" else inner)[index]])
        total = 0
        for point in cartesian(*choices):
            at = iter(point)
            named = zip([s for sources in lists for s in sources], point, strict=True)
            weight = prod(2 ** 2 ** s["index"] for s, value in named if s["kind"] == "weight" and value == 1)
            parts = [[next(at) for _ in sources] for sources in lists]
            sides = list(zip(parts[1::2], parts[2::2], strict=True))
            total += weight * functional(values, parts[0], v["windows"], sides)
        return total % R

    def expression(self, e: Program, outer: Sequence[int], inner: Sequence[int] = ()) -> int:
        return int(e["constant"] + sum(t["coefficient"] * self.view(t["view"], outer, inner) for t in e["terms"])) % R

    def square_sum(self, square: Program) -> int:
        parts = [(p["expression"], x) for p in square["parts"] for x in cube(p["inner"])]
        return sum(self.expression(e, (), x) ** 2 for e, x in parts) % R

    # -- sumchecks --

    def sumcheck(self, label: str, variables: int, degree: int, terms: list[tuple[int, list[Vector]]]) -> Vector:
        """Of the sum of coefficient * product of functions; the point."""
        point = [0] * variables
        for j in reversed(range(variables)):
            at = []
            for x in range(degree + 1):
                total = 0
                for coefficient, functions in terms:
                    columns = [[a + x * (b - a) for a, b in zip(*halves(f), strict=True)] for f in functions]
                    total += coefficient * sum(prod(values) for values in zip(*columns, strict=True))
                at.append(total % R)
            c = interpolate(at)
            self.send(f"{label} round {j}", [c[0], *c[2:]])
            point[j] = k = self.challenge()
            terms = [
                (coefficient, [[(a + k * (b - a)) % R for a, b in zip(*halves(f), strict=True)] for f in functions])
                for coefficient, functions in terms
            ]
        return point

    def send_claims(self, phase: str) -> None:
        fresh = list(self.shape.claims.numbers)[len(self.values) :][: self.shape.claims.fresh[phase]]
        message = []
        for claim in fresh:
            cells = self.coefficients[claim.column][claim.offset : claim.offset + 2**claim.log_size]
            message.append(sum(v * w for v, w in zip(cells, self.claim_weights(claim), strict=True)))
        self.values += self.send(f"{phase} claims", message)

    def claim_weights(self, claim: Claim) -> Vector:
        sides = [([self.coordinate(c) for c in w.first], [self.coordinate(c) for c in w.second]) for w in claim.windows]
        point = [c if c[0] == "window" else self.coordinate(c) for c in claim.point]
        return cell_weights(point, [vars(w) for w in claim.windows], sides)

    def coordinate(self, c: Coordinate) -> int:
        name, index = c
        if name == "half":
            return pow(2, -1, R)
        if name == "weight":
            return 2 ** 2**index * pow(1 + 2 ** 2**index, -1, R) % R
        return index if name == "bit" else self.known[name][index]

    # -- T0 .. T7 --

    def prove(self, context: tuple[int, int]) -> Proof:
        p = self.program
        self.t0(context)
        self.known["tau"] = [self.challenge() for _ in range(self.shape.taus)]
        self.send_claims("T2")
        if p["products"] or p["squares"]:
            self.t3()
        if p["zeros"]:
            self.t4()
        if p["tables"]:
            self.t5()
        self.t7(self.t6())
        return self.proof

    def t0(self, context: tuple[int, int]) -> None:
        sums = [self.square_sum(square) for square in self.program["squares"]]
        clips = []
        for clip, rate in zip(self.program["clips"], self.witness.rates, strict=True):
            clips += [sums[clip["square_sum"]] * pow(rate, -2, R) % R, rate]
        self.send("T0", [*context, *self.witness.rows, *sums, *clips])
        for column, commitment in zip(self.program["columns"], self.proof.commitments, strict=True):
            if column["kind"] in ("update", "digits", "mask"):
                self.absorb_point(commitment)

    def t3(self) -> None:
        p, tau, most = self.program, self.known["tau"], self.shape.kappas
        w = self.challenge()
        terms = []
        for m, product in enumerate(p["products"]):
            for pair in product["pairs"]:
                sides = [[self.expression(pair[side], tau, x) for x in cube(most)] for side in ("left", "right")]
                terms.append((pow(w, m, R) * pow(2, pair["inner"] - most, R), sides))
        for s, square in enumerate(p["squares"]):
            for part in square["parts"]:
                root = [self.expression(part["expression"], tau, x) for x in cube(most)]
                weight = pow(w, len(p["products"]) + s, R) * pow(2, part["inner"] - most, R)
                terms.append((weight, [root, root]))
        self.known["kappa"] = self.sumcheck("T3", most, 2, terms)
        self.send_claims("T3")

    def t4(self) -> None:
        most = self.shape.zetas
        y = self.challenge()
        terms = []
        for m, check in enumerate(self.program["zeros"]):
            eq = eq_values(self.known["tau"][: check["outer"]])
            eq = eq * 2 ** (most - check["outer"])  # constant along the variables above
            for product in check["products"]:
                factors = [[self.expression(f, x) for x in cube(most)] for f in product["factors"]]
                weight = pow(y, m, R) * product["coefficient"] * pow(2, check["outer"] - most, R)
                terms.append((weight, [eq, *factors]))
        self.known["zeta"] = self.sumcheck("T4", most, 3, terms)
        self.send_claims("T4")

    def leaves(self, g: int, b: int) -> list[tuple[int, int]]:
        p = self.program
        covered: dict[tuple[int, int], tuple[int, int]] = {}
        for lookup in p["ranges"]:
            block = p["blocks"][lookup["block"]]
            for i in range(block["offset"], block["offset"] + 2 ** block["log_size"]):
                covered[block["column"], i] = lookup["offset"], lookup["table"]

        def cell(number: int, i: int) -> int:
            block = p["blocks"][number]
            return self.coefficients[block["column"]][block["offset"] + i]

        out: list[tuple[int, int]] = []
        for segment in self.shape.claims.segments:
            for i in range(2**segment.log_size):
                if segment.kind == "column":
                    value = self.coefficients[segment.index][i]
                    if (segment.index, i) in covered:
                        offset, t = covered[segment.index, i]
                        out.append((1, g - value - offset - b * (t + 1)))
                    else:
                        out.append((0, g - value))
                elif segment.kind == "table":
                    table = p["tables"][segment.index]
                    value = cell(table["values"], i) if table["kind"] == "pairs" else 0
                    key = g - i - b * (segment.index + 1) - b * b * value
                    out.append((-cell(table["multiplicities"], i), key))
                else:
                    lookup = p["pairs"][segment.index]
                    key = cell(lookup["keys"], i) + b * (lookup["table"] + 1) + b * b * cell(lookup["values"], i)
                    out.append((1, g - key))
        out += [(0, 1)] * (2**self.shape.depth - len(out))
        return [(num % R, den % R) for num, den in out]

    def t5(self) -> None:
        g, b = self.challenge(), self.challenge()
        levels = [self.leaves(g, b)]
        while len(levels[0]) > 1:
            low, high = levels[0][: len(levels[0]) // 2], levels[0][len(levels[0]) // 2 :]
            pairs = zip(low, high, strict=True)
            levels.insert(0, [((p0 * q1 + p1 * q0) % R, q0 * q1 % R) for (p0, q0), (p1, q1) in pairs])
        (p0, q0), (p1, q1) = levels[1]
        self.send("T5 level 0", [p0, p1, q0, q1])
        rho = [self.challenge()]
        for k in range(1, self.shape.depth):
            weight = self.challenge()
            down = levels[k + 1]
            p0s, q0s = [p for p, _ in down[: 2**k]], [q for _, q in down[: 2**k]]
            p1s, q1s = [p for p, _ in down[2**k :]], [q for _, q in down[2**k :]]
            eq = eq_values(rho)
            terms = [(1, [eq, p0s, q1s]), (1, [eq, p1s, q0s]), (weight, [eq, q0s, q1s])]
            point = self.sumcheck(f"T5 level {k}", k, 3, terms)
            self.send(f"T5 level {k}", [mle(f, point) for f in (p0s, p1s, q0s, q1s)])
            rho = [*point, self.challenge()]
        self.known["rho"] = rho
        self.send_claims("T5")

    def t6(self) -> Vector:
        a = self.challenge()
        weights = [[0] * self.n for _ in self.coefficients]
        for claim, i in self.shape.claims.numbers.items():
            for x, e in enumerate(self.claim_weights(claim)):
                weights[claim.column][claim.offset + x] += pow(a, i, R) * e
        functions = [f[: self.n] for f in self.coefficients]
        terms = [(1, [f, e]) for f, e in zip(functions, weights, strict=True)]
        self.weights = weights
        return self.sumcheck("T6", self.program["log_height"], 2, terms)

    def t7(self, point: Vector) -> None:
        self.point = point
        self.send("T6 column values", [mle(f[: self.n], point) for f in self.coefficients])
        rho = self.challenge()
        weights = [pow(rho, c, R) for c in range(len(self.coefficients))]
        positions = zip(*self.coefficients, strict=True)
        f = [sum(w * v for w, v in zip(weights, column, strict=True)) % R for column in positions]
        e = eq_values(point)
        s = [0] * self.n
        for i, f_i in enumerate(f):
            for j, e_j in enumerate(e):
                if i != j:
                    s[abs(i - j) - 1] += f_i * e_j
        s = [v % R for v in s]
        self.proof.symmetric = self.commit(s)
        self.absorb_point(self.proof.symmetric)
        z = self.challenge()
        inverse = pow(z, -1, R)
        self.send("T7", [horner(f, z), horner(f, inverse), horner(s, z), horner(s, inverse)])
        gamma = self.challenge()
        g = [(f_i + gamma * s_i) % R for f_i, s_i in zip(f, [*s, 0], strict=True)]
        i1 = (horner(g, z) - horner(g, inverse)) * pow(z - inverse, -1, R) % R
        i0 = horner(g, z) - i1 * z
        divisor = (self.tau - z) * (self.tau - inverse) % R
        quotient = (horner(g, self.tau) - i0 - i1 * self.tau) * pow(divisor, -1, R) % R
        self.proof.quotient = curve.multiply(curve.G1, quotient)


def halves(f: Vector) -> tuple[Vector, Vector]:
    return f[: len(f) // 2], f[len(f) // 2 :]


def interpolate(values: Sequence[int]) -> Vector:
    """Coefficients of the polynomial with these values at 0, 1, 2, .."""
    out = [0] * len(values)
    for i, value in enumerate(values):
        basis, scale = [1], 1
        for k in range(len(values)):
            if k != i:
                basis = [(b - k * a) % R for a, b in zip([*basis, 0], [0, *basis], strict=True)]
                scale = scale * (i - k) % R
        factor = value * pow(scale, -1, R)
        out = [(o + factor * c) % R for o, c in zip(out, basis, strict=True)]
    return out
