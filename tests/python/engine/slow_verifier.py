"""The verifier of docs/engine.md in plain Python: T0 .. T7, the scalars of section 4, the opening of section 5.

Written from the page, not from the core, and slow: integers modulo r, one pass, no sharing. Programs are the dicts of
program_shape.py. `verify` takes for granted that a program passes its own check.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

from program_shape import (
    Claim,
    Coordinate,
    Program,
    R,
    Shape,
    claim_factor,
    claim_of,
    coordinates,
    program_digest,
    segment_claims,
)

HALF = (R + 1) // 2
PUBLIC_TAG = hashlib.sha256(b"pyzkfl/engine/1/public").digest()

Point = list[int]  # coordinates, from variable 0 up
PointElements = tuple[int, int]  # how the transcript absorbs a point of G1


class Refused(Exception):
    """The name of the check that failed is its text."""


def require(holds: bool, check: str) -> None:
    if not holds:
        raise Refused(check)


def _hash_reference() -> Any:
    path = Path(__file__).resolve().parents[1] / "hash" / "reference.py"
    spec = importlib.util.spec_from_file_location("hash_reference_of_the_engine", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hashing = _hash_reference()  # Poseidon2, its sponge, the transcript, a point's elements


# ---- Multilinear functions -----------------------------------------------------------------------------------------


def eq(p: Sequence[int], x: Sequence[int]) -> int:
    out = 1
    for a, b in zip(p, x, strict=True):
        out = out * (a * b + (1 - a) * (1 - b)) % R
    return out


def bits(value: int, count: int) -> Point:
    return [value >> j & 1 for j in range(count)]


def first(count: int, p: Sequence[int]) -> int:
    """The MLE of [index < count]."""
    half = 2 ** len(p) // 2
    if count <= 0:
        return 0
    if count >= 2 ** len(p):
        return 1
    if count <= half:
        return (1 - p[-1]) * first(count, p[:-1]) % R
    return (1 - p[-1] + p[-1] * first(count - half, p[:-1])) % R


# ---- The transcript's checks ---------------------------------------------------------------------------------------


@dataclass
class Opening:
    """What leaves the circuit."""

    rho: int
    z: int
    gamma: int
    i0: int
    i1: int


def split(shape: Shape, flat: Sequence[int]) -> list[list[int]]:
    """Messages from their elements one after the other."""
    require(len(flat) == sum(shape.messages()), "shape")
    out, at = [], 0
    for length in shape.messages():
        out.append(list(flat[at : at + length]))
        at += length
    return out


class Replay:
    def __init__(self, shape: Shape, points: Sequence[PointElements], messages: Sequence[Sequence[int]]) -> None:
        program = shape.program
        self.shape, self.program = shape, program
        require([len(m) for m in messages] == shape.messages() and len(points) == shape.points(), "shape")
        require(all(0 <= v < R for m in [*messages, *points] for v in m), "canonical elements")
        self.points = points
        self.left = iter(messages)
        self.transcript = hashing.Transcript("pyzkfl/engine/1/" + program_digest(program).hex())
        self.values: list[int] = []  # of claims, by number
        self.known: dict[str, Point] = {}  # challenges that claims name: tau, kappa, zeta, rho
        self.rows: list[int] = []

    # -- reading --

    def message(self) -> list[int]:
        out = list(next(self.left))
        self.transcript.absorb_list(out)
        return out

    def challenge(self) -> int:
        return int(self.transcript.challenge())

    def challenges(self, count: int) -> Point:
        return [self.challenge() for _ in range(count)]

    def absorb_claims(self) -> None:
        self.values += self.message()

    def sumcheck(self, variables: int, value: int) -> tuple[Point, int]:
        """The point, and the value that the summed function must have there. The degree is in the messages' lengths."""
        point = [0] * variables
        for j in reversed(range(variables)):
            c0, *high = self.message()
            c1 = value - 2 * c0 - sum(high)
            point[j] = self.challenge()
            value = sum(c * pow(point[j], i, R) for i, c in enumerate([c0, c1, *high])) % R
        return point, value

    # -- values of expressions --

    def coordinate(self, c: Coordinate) -> int:
        name, index = c
        if name == "half":
            return HALF
        if name == "weight":
            return int(2 ** 2**index * pow(1 + 2 ** 2**index, -1, R) % R)
        return index if name == "bit" else self.known[name][index]

    def weight_at(self, claim: Claim, x: Point) -> int:
        """The MLE at x of what a claim weighs the cells of its part with."""
        plain = [(self.coordinate(c), v) for c, v in zip(claim.point, x, strict=True) if c[0] != "window"]
        out = eq([c for c, _ in plain], [v for _, v in plain])
        for number, window in enumerate(claim.windows):
            own = [v for c, v in zip(claim.point, x, strict=True) if c == ("window", number)]
            first = [self.coordinate(c) for c in window.first]
            second = [self.coordinate(c) for c in window.second]
            out *= sum(
                eq(bits(b, len(own)), own) * eq(bits(p, len(first)), first) * eq(bits(q, len(second)), second)
                for b, p, q in window.triples()
            )
        return out % R

    def selector(self, s: Program, point: Point) -> int:
        return first(s["count"] if s["kind"] == "first_constant" else self.rows[s["count"]], point)

    def expression(self, e: Program, names: tuple[str, str]) -> int:
        out = e["constant"]
        for term in e["terms"]:
            view = term["view"]
            if view["is_selector"]:
                point = [self.coordinate(c) for c in coordinates(view["variables"], names)]
                value = self.selector(self.program["selectors"][view["id"]], point)
            else:
                value = self.values[self.shape.claims.numbers[claim_of(self.program, view, names)]]
            out += term["coefficient"] * claim_factor(view) * value
        return int(out % R)

    # -- T0 .. T7 --

    def run(self, context: tuple[int, int], rows: Sequence[int]) -> Opening:
        self.t0(context, rows)
        self.known["tau"] = self.challenges(self.shape.taus)
        sums = self.t2()
        if self.shape.has_sums:
            self.t3(sums)
        if self.program["zeros"]:
            self.t4()
        if self.program["tables"]:
            self.t5()
        return self.t7(*self.t6())

    def t0(self, context: tuple[int, int], rows: Sequence[int]) -> None:
        p = self.program
        scalars = self.message()
        require(tuple(scalars[:2]) == context, "context")
        self.rows = scalars[2 : 2 + p["steps"]]
        require(self.rows == list(rows), "rows")
        at = 2 + p["steps"]
        self.square_sums = scalars[at : at + len(p["squares"])]
        clips = scalars[at + len(p["squares"]) :]
        self.rates = clips[1::2]
        for i, clip in enumerate(p["clips"]):
            check_clip(clip, self.square_sums[clip["square_sum"]], clips[2 * i], self.rates[i], f"clip {i}")
        for i, bound in enumerate(p["bounds"]):
            rest = (bound["bound"] - self.square_sums[bound["square_sum"]]) % R
            require(rest < 2 ** bound["bound"].bit_length(), f"bound {i}")
        for term in every_term(p):
            view = term["view"]
            if view["is_selector"] and p["selectors"][view["id"]]["kind"] == "first_rows":
                real = self.rows[p["selectors"][view["id"]]["count"]]
                require(1 <= real <= 2 ** len(view["variables"]), "rows of a selector")
        for low, high in self.points[:-1]:
            self.transcript.absorb_point_elements(low, high)

    def t2(self) -> list[int]:
        """Checks linear checks and returns V_m."""
        self.absorb_claims()
        names = ("tau", "kappa")
        for i, check in enumerate(self.program["linear"]):
            require(self.expression(check["expression"], names) == 0, f"T2 linear check {i}")
        sums = []
        for product in self.program["products"]:
            result = self.expression(product["result"], names)
            if product["scalar"] is not None:  # a rate, which t0 has shown to be neither 0 nor large
                result = result * pow(self.rates[product["scalar"]], -1, R) % R
            sums.append(result)
        return sums

    def t3(self, sums: list[int]) -> None:
        p, all_variables = self.program, self.shape.kappas
        names = ("tau", "kappa")
        w = self.challenge()
        start = sum(pow(w, i, R) * v for i, v in enumerate([*sums, *self.square_sums])) % R
        self.known["kappa"], last = self.sumcheck(all_variables, start)
        self.absorb_claims()
        value = 0
        for m, product in enumerate(p["products"]):
            for pair in product["pairs"]:
                both = self.expression(pair["left"], names) * self.expression(pair["right"], names)
                value += pow(w, m, R) * pow(HALF, all_variables - pair["inner"], R) * both
        for s, square in enumerate(p["squares"]):
            for part in square["parts"]:
                root = self.expression(part["expression"], names)
                value += pow(w, len(sums) + s, R) * pow(HALF, all_variables - part["inner"], R) * root**2
        require(value % R == last, "T3 last value")

    def t4(self) -> None:
        y = self.challenge()
        self.known["zeta"], last = self.sumcheck(self.shape.zetas, 0)
        self.absorb_claims()
        value = 0
        for m, check in enumerate(self.program["zeros"]):
            v = check["outer"]
            inside = 0
            for product in check["products"]:
                term = product["coefficient"]
                for factor in product["factors"]:
                    term = term * self.expression(factor, ("zeta", "")) % R
                inside += term
            weight = eq(self.known["tau"][:v], self.known["zeta"][:v])
            value += pow(y, m, R) * pow(HALF, self.shape.zetas - v, R) * weight * inside
        require(value % R == last, "T4 last value")

    def t5(self) -> None:
        g, b = self.challenges(2)
        p0, p1, q0, q1 = self.message()
        require((p0 * q1 + p1 * q0) % R == 0, "T5 numerator of the root")
        require(q0 * q1 % R != 0, "T5 denominator of the root")
        mu = self.challenge()
        numerator, denominator = (p0 + mu * (p1 - p0)) % R, (q0 + mu * (q1 - q0)) % R
        rho = [mu]
        for level in range(1, self.shape.depth):
            weight = self.challenge()
            point, last = self.sumcheck(level, numerator + weight * denominator)
            p0, p1, q0, q1 = self.message()
            children = p0 * q1 + p1 * q0 + weight * q0 * q1
            require(eq(rho, point) * children % R == last, f"T5 last value of level {level}")
            mu = self.challenge()
            numerator, denominator = (p0 + mu * (p1 - p0)) % R, (q0 + mu * (q1 - q0)) % R
            rho = [*point, mu]
        self.known["rho"] = rho
        self.absorb_claims()
        p, q = self.leaves(g, b)
        require(p == numerator, "T5 numerators of the leaves")
        require(q == denominator, "T5 denominators of the leaves")

    def leaves(self, g: int, b: int) -> tuple[int, int]:
        """The MLEs of all leaves' p and q at rho, from the claims."""
        p_sum, q_sum, taken = 0, 0, 0
        rho = self.known["rho"]
        for segment in self.shape.claims.segments:
            inside, outside = rho[: segment.log_size], rho[segment.log_size :]
            here = eq(outside, bits(segment.offset >> segment.log_size, len(outside)))
            claims = segment_claims(self.program, segment)
            value = [self.values[self.shape.claims.numbers[claim]] for claim in claims]
            if segment.kind == "column":
                p, q = 0, g - value[0]
                for lookup in self.program["ranges"]:
                    block = self.program["blocks"][lookup["block"]]
                    if block["column"] != segment.index:
                        continue
                    above = inside[block["log_size"] :]
                    covered = eq(above, bits(block["offset"] >> block["log_size"], len(above)))
                    p += covered
                    q -= covered * (lookup["offset"] + b * (lookup["table"] + 1))
            elif segment.kind == "table":
                key = sum(2**j * x for j, x in enumerate(inside))
                p, q = -value[0], g - key - b * (segment.index + 1)
                if len(value) == 2:
                    q -= b * b * value[1]
            else:
                table = self.program["pairs"][segment.index]["table"]
                p, q = 1, g - value[0] - b * (table + 1) - b * b * value[1]
            p_sum, q_sum, taken = p_sum + here * p, q_sum + here * q, taken + here
        return p_sum % R, (q_sum + 1 - taken) % R

    def t6(self) -> tuple[Point, list[int]]:
        columns, height = self.program["columns"], self.program["log_height"]
        a = self.challenge()
        start = sum(pow(a, i, R) * v for i, v in enumerate(self.values)) % R
        point, last = self.sumcheck(height, start)
        column_values = self.message()
        weights = [0] * len(columns)  # E_c(r_)
        for claim, i in self.shape.claims.numbers.items():
            above = bits(claim.offset >> claim.log_size, height - claim.log_size)
            weight = eq(above, point[claim.log_size :]) * self.weight_at(claim, point[: claim.log_size])
            weights[claim.column] += pow(a, i, R) * weight
        require(sum(v * e for v, e in zip(column_values, weights, strict=True)) % R == last, "T6 last value")
        return point, column_values

    def t7(self, point: Point, column_values: list[int]) -> Opening:
        rho = self.challenge()
        value = sum(pow(rho, c, R) * v for c, v in enumerate(column_values))
        self.transcript.absorb_point_elements(*self.points[-1])
        z = self.challenge()
        f_z, f_inverse, s_z, s_inverse = self.message()
        require(z != 0 and z * z % R != 1, "T7 z")
        inverse = pow(z, -1, R)

        def e_of(x: int) -> int:
            out = 1
            for j, r_j in enumerate(point):
                out = out * (1 - r_j + r_j * pow(x, 2**j, R)) % R
            return out

        left = f_z * e_of(inverse) + f_inverse * e_of(z)
        require((left - 2 * value - z * s_z - inverse * s_inverse) % R == 0, "T7 identity")
        gamma = self.challenge()
        g_z, g_inverse = f_z + gamma * s_z, f_inverse + gamma * s_inverse
        i1 = (g_z - g_inverse) * pow(z - inverse, -1, R) % R
        return Opening(rho, z, gamma, (g_z - i1 * z) % R, i1)


def every_term(program: Program) -> Iterator[Program]:
    for check in program["linear"]:
        yield from check["expression"]["terms"]
    for product in program["products"]:
        yield from product["result"]["terms"]
        for pair in product["pairs"]:
            yield from pair["left"]["terms"] + pair["right"]["terms"]
    for check in program["zeros"]:
        for product in check["products"]:
            for factor in product["factors"]:
                yield from factor["terms"]
    for square in program["squares"]:
        for part in square["parts"]:
            yield from part["expression"]["terms"]


def check_clip(clip: Program, square_sum: int, norm_square: int, rate: int, name: str) -> None:
    require(norm_square < 2 ** clip["norm_square_bits"], f"{name}: norm_square_bits")
    require(square_sum == norm_square * rate**2 % R, f"{name}: Q = N2 rate^2")
    target = clip["target_high"] << 64 | clip["target_low"]
    require(rate >= 1, f"{name}: rate >= 1")
    require(rate == min(clip["eta"], target // (isqrt(norm_square) + 1)), f"{name}: rate")


def verify(
    program: Program,
    context: tuple[int, int],
    rows: Sequence[int],
    points: Sequence[PointElements],
    messages: Sequence[Sequence[int]],
) -> Opening:
    """T0 .. T7. `context` and `rows` are the verifier's own, `points` those that T0 absorbs and then C_S, `messages`
    every list that is absorbed, in order, T0's and the four evaluations included. Raises Refused."""
    return Replay(Shape.of(program), points, messages).run(context, rows)


def public_input(
    context: tuple[int, int], rows: Sequence[int], points: Sequence[PointElements], opening: Opening
) -> int:
    tag = int.from_bytes(PUBLIC_TAG, "big") % 2**253
    o = opening
    elements = [tag, *context, *rows, *[v for point in points for v in point], o.rho, o.z, o.gamma, o.i0, o.i1]
    return int(hashing.sponge(elements))


def opening_holds(
    commitments: Sequence[Any], symmetric: Any, quotient: Any, opening: Opening, srs: tuple[Any, Any, Any]
) -> bool:
    """Section 5, 3, on points of py_ecc.optimized_bn128: `commitments` to all columns in order, C_S, W; `srs` is [tau],
    [tau]_2, [tau^2]_2."""
    from py_ecc import optimized_bn128 as curve

    o = opening
    tau_1, tau_2, tau_squared_2 = srs
    if o.z == 0 or o.z * o.z % R == 1:
        return False
    left = curve.multiply(symmetric, o.gamma)
    for c, commitment in enumerate(commitments):
        left = curve.add(left, curve.multiply(commitment, pow(o.rho, c, R)))
    left = curve.add(left, curve.neg(curve.add(curve.multiply(curve.G1, o.i0), curve.multiply(tau_1, o.i1))))
    middle = curve.multiply(tau_2, (o.z + pow(o.z, -1, R)) % R)
    right = curve.add(curve.add(tau_squared_2, curve.neg(middle)), curve.G2)
    return bool(curve.pairing(curve.G2, left) == curve.pairing(right, quotient))
