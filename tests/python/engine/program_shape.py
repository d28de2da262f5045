"""What a program fixes, in plain Python: its digest, its claims in order, and the length of everything in a proof.

From docs/engine.md (sections 2 and 3). A program is a dict with the fields of csrc/sumcheck/program.h: enumerators by
name, elements of Fr as integers (any representative), `scalar` None where there is none, `bound` an integer. Names of
relations, blocks and columns may be left out.

    {"log_height": 3, "steps": 1, "columns": [{"kind": "digits", "log_height": 3}, ..],
     "blocks": [{"column": 0, "offset": 0, "log_size": 2}, ..], "selectors": [{"kind": "first_rows", "count": 0}],
     "linear": [{"outer": 2, "expression": {"constant": 0, "terms": [{"coefficient": 1, "view":
         {"is_selector": False, "id": 0, "variables": [{"kind": "outer", "index": 0}, ..], "windows": []}}]}}], ..}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617

Program = dict[str, Any]


# ---- The program's digest ------------------------------------------------------------------------------------------


def program_digest(program: Program) -> bytes:
    out = bytearray(b"pyzkfl/engine/1/program")

    def number(value: int, size: int) -> None:
        out.extend((value % 2 ** (8 * size)).to_bytes(size, "little"))

    def items(name: str, of: Program) -> Iterator[Any]:
        number(len(of[name]), 8)
        yield from of[name]

    def kind(value: str, *names: str) -> None:
        number(names.index(value), 1)

    def element(value: int) -> None:
        number(value % R, 32)

    def expression(e: Program) -> None:
        for term in items("terms", e):
            view = term["view"]
            element(term["coefficient"])
            number(int(view["is_selector"]), 1)
            number(view["id"], 4)
            sources("variables", view)
            for window in items("windows", view):
                kind(window["role"], "input", "output", "kernel")
                for name in ("inputs", "outputs", "kernels", "stride", "padding"):
                    number(window[name], 4)
                sources("first", window)
                sources("second", window)
        element(e["constant"])

    def sources(name: str, of: Program) -> None:
        for source in items(name, of):
            kind(source["kind"], "outer", "inner", "sum", "bit", "window", "weight")
            number(source["index"], 1)

    number(program["log_height"], 4)
    number(program["steps"], 4)
    for column in items("columns", program):
        kind(column["kind"], "weights", "tables", "data", "update", "digits", "mask")
        number(column["log_height"], 4)
    for block in items("blocks", program):
        number(block["column"], 4)
        number(block["offset"], 8)
        number(block["log_size"], 4)
    for selector in items("selectors", program):
        kind(selector["kind"], "first_constant", "first_rows")
        number(selector["count"], 8)
    for check in items("linear", program):
        number(check["outer"], 4)
        expression(check["expression"])
    for product in items("products", program):
        number(product["outer"], 4)
        for pair in items("pairs", product):
            number(pair["inner"], 4)
            expression(pair["left"])
            expression(pair["right"])
        expression(product["result"])
        number(2**32 - 1 if product["scalar"] is None else product["scalar"], 4)
    for check in items("zeros", program):
        number(check["outer"], 4)
        for product in items("products", check):
            element(product["coefficient"])
            for factor in items("factors", product):
                expression(factor)
    for square in items("squares", program):
        for part in items("parts", square):
            number(part["inner"], 4)
            expression(part["expression"])
    for clip in items("clips", program):
        number(clip["square_sum"], 4)
        for name in ("eta", "target_high", "target_low"):
            number(clip[name], 8)
        number(clip["norm_square_bits"], 4)
    for bound in items("bounds", program):
        number(bound["square_sum"], 4)
        number(bound["bound"], 32)
    for table in items("tables", program):
        kind(table["kind"], "range", "pairs")
        for name in ("log_size", "multiplicities", "values"):
            number(table[name], 4)
    for lookup in items("ranges", program):
        number(lookup["block"], 4)
        number(lookup["table"], 4)
        number(lookup["offset"], 8)
    for lookup in items("pairs", program):
        for name in ("keys", "values", "table"):
            number(lookup[name], 4)
    return hashlib.sha256(out).digest()


# ---- Claims --------------------------------------------------------------------------------------------------------

# ("tau" | "kappa" | "zeta" | "rho", index), ("half", 0), ("bit", 0 | 1), ("weight", index), or ("window", number) for
# its variables
Coordinate = tuple[str, int]


@dataclass(frozen=True)
class ClaimWindow:
    role: str
    inputs: int
    outputs: int
    kernels: int
    stride: int
    padding: int
    first: tuple[Coordinate, ...]
    second: tuple[Coordinate, ...]

    def triples(self) -> Iterator[tuple[int, int, int]]:
        """The block's index with the two others, in the order input, output, kernel."""
        for y in range(self.outputs):
            for k in range(self.kernels):
                v = self.stride * y + k - self.padding
                if 0 <= v < self.inputs:
                    yield {"input": (v, y, k), "output": (y, v, k), "kernel": (k, v, y)}[self.role]


@dataclass(frozen=True)
class Claim:
    column: int
    offset: int
    log_size: int
    point: tuple[Coordinate, ...]
    windows: tuple[ClaimWindow, ...] = ()


@dataclass
class Segment:
    kind: str  # column, table or pair_lookup
    index: int
    log_size: int
    offset: int = 0


@dataclass
class Claims:
    """Claims in the order of the transcript; `fresh` counts those of each phase."""

    program: Program
    numbers: dict[Claim, int] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fresh = {phase: self._walk(phase) for phase in ("T2", "T3", "T4", "T5")}

    def _walk(self, phase: str) -> int:
        p = self.program
        before = len(self.numbers)
        at_tau = ("tau", "kappa")
        if phase == "T2":
            for check in p["linear"]:
                self._expression(check["expression"], at_tau)
            for product in p["products"]:
                self._expression(product["result"], at_tau)
        elif phase == "T3":
            for product in p["products"]:
                for pair in product["pairs"]:
                    self._expression(pair["left"], at_tau)
                    self._expression(pair["right"], at_tau)
            for square in p["squares"]:
                for part in square["parts"]:
                    self._expression(part["expression"], at_tau)
        elif phase == "T4":
            for check in p["zeros"]:
                for product in check["products"]:
                    for factor in product["factors"]:
                        self._expression(factor, ("zeta", ""))
        else:
            self.segments = placed_segments(p)
            for segment in self.segments:
                for claim in segment_claims(p, segment):
                    self.numbers.setdefault(claim, len(self.numbers))
        return len(self.numbers) - before

    def _expression(self, expression: Program, names: tuple[str, str]) -> None:
        for term in expression["terms"]:
            if not term["view"]["is_selector"]:
                self.numbers.setdefault(claim_of(self.program, term["view"], names), len(self.numbers))


def coordinates(sources: list[Program], names: tuple[str, str]) -> tuple[Coordinate, ...]:
    def one(source: Program) -> Coordinate:
        if source["kind"] == "outer":
            return (names[0], source["index"])
        if source["kind"] == "inner":
            return (names[1], source["index"])
        return ("half", 0) if source["kind"] == "sum" else (source["kind"], source["index"])

    return tuple(one(source) for source in sources)


def claim_of(program: Program, view: Program, names: tuple[str, str]) -> Claim:
    block = program["blocks"][view["id"]]
    numbers = ("role", "inputs", "outputs", "kernels", "stride", "padding")
    windows = tuple(
        ClaimWindow(*(w[n] for n in numbers), coordinates(w["first"], names), coordinates(w["second"], names))
        for w in view["windows"]
    )
    point = coordinates(view["variables"], names)
    return Claim(block["column"], block["offset"], block["log_size"], point, windows)


def claim_factor(view: Program) -> int:
    """What a view's claim is multiplied with: 2 a summed variable, 1 + 2^(2^index) a weight."""
    lists = [view["variables"], *(w[side] for w in view["windows"] for side in ("first", "second"))]
    out = 1
    for source in (s for sources in lists for s in sources):
        if source["kind"] == "sum":
            out *= 2
        elif source["kind"] == "weight":
            out *= 1 + 2 ** 2 ** source["index"]
    return out


def at_rho(column: int, offset: int, log_size: int) -> Claim:
    return Claim(column, offset, log_size, tuple(("rho", j) for j in range(log_size)))


def block_at_rho(program: Program, block: int) -> Claim:
    b = program["blocks"][block]
    return at_rho(b["column"], b["offset"], b["log_size"])


def placed_segments(program: Program) -> list[Segment]:
    if not program["tables"]:
        return []
    looked_up = {program["blocks"][lookup["block"]]["column"] for lookup in program["ranges"]}
    out = [Segment("column", c, program["columns"][c]["log_height"]) for c in sorted(looked_up)]
    out += [Segment("table", t, table["log_size"]) for t, table in enumerate(program["tables"])]
    for i, lookup in enumerate(program["pairs"]):
        out.append(Segment("pair_lookup", i, program["blocks"][lookup["keys"]]["log_size"]))
    out.sort(key=lambda s: -s.log_size)  # stable
    at = 0
    for segment in out:
        segment.offset = at
        at += 2**segment.log_size
    return out


def segment_claims(program: Program, segment: Segment) -> list[Claim]:
    if segment.kind == "column":
        return [at_rho(segment.index, 0, segment.log_size)]
    if segment.kind == "table":
        table = program["tables"][segment.index]
        names = ["multiplicities", "values"] if table["kind"] == "pairs" else ["multiplicities"]
        return [block_at_rho(program, table[name]) for name in names]
    lookup = program["pairs"][segment.index]
    return [block_at_rho(program, lookup["keys"]), block_at_rho(program, lookup["values"])]


# ---- The shape of a proof ------------------------------------------------------------------------------------------


@dataclass
class Shape:
    """What a program fixes: how many of everything. Nothing of it comes from a proof."""

    program: Program
    claims: Claims
    taus: int
    kappas: int
    zetas: int
    depth: int

    @staticmethod
    def of(program: Program) -> Shape:
        p = program
        claims = Claims(p)
        relations = [*p["linear"], *p["products"], *p["zeros"]]
        summed = [x for product in p["products"] for x in product["pairs"]]
        summed += [x for square in p["squares"] for x in square["parts"]]
        leaves = sum(2**s.log_size for s in claims.segments)
        return Shape(
            program,
            claims,
            taus=max((relation["outer"] for relation in relations), default=0),
            kappas=max((x["inner"] for x in summed), default=0),
            zetas=max((check["outer"] for check in p["zeros"]), default=0),
            depth=max(1, (leaves - 1).bit_length()) if claims.segments else 0,
        )

    @property
    def has_sums(self) -> bool:
        return bool(self.program["products"] or self.program["squares"])

    def points(self) -> int:
        """Those that T0 absorbs, and C_S."""
        return sum(c["kind"] in ("update", "digits", "mask") for c in self.program["columns"]) + 1

    def messages(self) -> list[int]:
        """The length of every list that is absorbed, in order."""
        p, fresh = self.program, self.claims.fresh
        out = [2 + p["steps"] + len(p["squares"]) + 2 * len(p["clips"]), fresh["T2"]]
        if self.has_sums:
            out += [2] * self.kappas + [fresh["T3"]]
        if p["zeros"]:
            out += [3] * self.zetas + [fresh["T4"]]
        if p["tables"]:
            out += [4]
            for level in range(1, self.depth):
                out += [3] * level + [4]
            out += [fresh["T5"]]
        return [*out, *[2] * p["log_height"], len(p["columns"]), 4]
