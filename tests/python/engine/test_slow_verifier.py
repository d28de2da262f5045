"""The plain verifier of docs/engine.md and the brute-force prover: honest proofs pass, others are refused by name."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from program_shape import Program, Shape, program_digest
from py_ecc import optimized_bn128 as curve
from slow_verifier import R, Refused, Replay, eq, first, hashing, opening_holds, public_input, split, verify
from toy_program import EXP, ROWS, expression, get, gradients, honest_witness, put, term, toy_program, with_update
from toy_prover import Change, Proof, Prover, Vector, Witness, cube, mle

CONTEXT = (0x0123456789ABCDEF << 64, 2**128 - 1)
TAU = 0x1F2E3D4C5B6A79881726354453627180


def prove(program: Program, witness: Witness, change: Change | None = None, seed: int = 1) -> Proof:
    return Prover(program, witness, TAU, random.Random(seed), change).prove(CONTEXT)


def refusal(program: Program, proof: Proof) -> str:
    with pytest.raises(Refused) as caught:
        verify(program, CONTEXT, [ROWS], proof.points, proof.messages)
    return str(caught.value)


@pytest.fixture(scope="module")
def program() -> Program:
    return toy_program()


@pytest.fixture(scope="module")
def witness(program: Program) -> Witness:
    return honest_witness(program, random.Random(5))


@pytest.fixture(scope="module")
def proof(program: Program, witness: Witness) -> Proof:
    return prove(program, witness)


@pytest.mark.parametrize("seed", range(4))
def test_honest_proofs_pass(program: Program, seed: int) -> None:
    proof = prove(program, honest_witness(program, random.Random(seed)), seed=seed)
    verify(program, CONTEXT, [ROWS], proof.points, proof.messages)


def test_a_program_from_json_is_the_same_program_and_names_count_for_nothing(program: Program, proof: Proof) -> None:
    again = json.loads(json.dumps(program))
    again["columns"][0]["name"] = "weights"
    assert program_digest(again) == program_digest(program)
    flat = [v for message in proof.messages for v in message]
    messages = split(Shape.of(again), flat)
    verify(again, CONTEXT, [ROWS], proof.points, messages)
    with pytest.raises(Refused, match="shape"):
        split(Shape.of(again), flat[1:])


def test_every_field_of_a_program_is_in_its_digest(program: Program) -> None:
    def changed(node: Any) -> Iterator[Any]:
        """Copies of the node in each of which one integer differs."""
        if isinstance(node, dict):
            for key in node:
                for other in changed(node[key]):
                    yield {**node, key: other}
        elif isinstance(node, list):
            for i, item in enumerate(node):
                for other in changed(item):
                    yield [*node[:i], other, *node[i + 1 :]]
        elif isinstance(node, bool):
            yield not node
        elif isinstance(node, int):
            yield node + 1

    digests = [program_digest(other) for other in changed(program)]
    assert len(digests) > 300
    assert len({*digests, program_digest(program)}) == len(digests) + 1


@pytest.mark.parametrize(
    "without",
    [
        ["tables", "ranges", "pairs"],
        ["products", "squares", "clips", "bounds"],
        ["zeros"],
        ["clips", "squares", "bounds"],
        ["tables", "ranges", "pairs", "products", "squares", "clips", "bounds", "zeros"],
        ["linear", "products", "squares", "clips", "bounds", "zeros"],
    ],
    ids=lambda lists: "without " + " ".join(lists),
)
def test_a_phase_without_relations_is_left_out(program: Program, witness: Witness, without: list[str]) -> None:
    part = {**program, **{name: [] for name in without}}
    if "clips" in without:  # a scalar needs its clip
        part["products"] = [p for p in part["products"] if p["scalar"] is None]
    rates = [] if "clips" in without else witness.rates
    proof = prove(part, Witness(witness.cells, witness.rows, rates))
    verify(part, CONTEXT, [ROWS], proof.points, proof.messages)


def test_the_opening_and_the_public_input(program: Program, proof: Proof) -> None:
    opening = verify(program, CONTEXT, [ROWS], proof.points, proof.messages)
    srs = (curve.multiply(curve.G1, TAU), curve.multiply(curve.G2, TAU), curve.multiply(curve.G2, TAU * TAU % R))

    def holds(**other: Any) -> bool:
        commitments = other.pop("commitments", proof.commitments)
        quotient = other.pop("quotient", proof.quotient)
        return opening_holds(commitments, proof.symmetric, quotient, replace(opening, **other), srs)

    assert holds()
    assert not holds(i0=opening.i0 + 1)
    assert not holds(gamma=opening.gamma + 1)
    assert not holds(quotient=curve.double(proof.quotient))
    assert not holds(commitments=[*proof.commitments[:-1], curve.G1])
    for z in (0, 1, R - 1):
        assert not holds(z=z)

    inputs = {public_input(CONTEXT, [ROWS], proof.points, opening)}
    inputs.add(public_input(CONTEXT[::-1], [ROWS], proof.points, opening))
    inputs.add(public_input(CONTEXT, [ROWS + 1], proof.points, opening))
    inputs.add(public_input(CONTEXT, [ROWS], proof.points[::-1], opening))
    for name in ("rho", "z", "gamma", "i0", "i1"):
        inputs.add(public_input(CONTEXT, [ROWS], proof.points, replace(opening, **{name: 7})))
    assert len(inputs) == 9


# ---- Tampering -------------------------------------------------------------------------------------------------------


def test_no_element_of_a_message_can_be_changed_afterwards(program: Program, proof: Proof) -> None:
    for i, message in enumerate(proof.messages):
        for j in range(len(message)):
            messages = copy.deepcopy(proof.messages)
            messages[i][j] = (message[j] + 1) % R
            assert refusal(program, Proof(messages=messages, points=proof.points)), (proof.labels[i], j)


def test_no_point_can_be_changed_afterwards(program: Program, proof: Proof) -> None:
    for i, (low, high) in enumerate(proof.points):
        for other in ((low ^ 1, high), (low, high ^ 1), (low, high ^ 1 << 127)):
            points = [*proof.points[:i], other, *proof.points[i + 1 :]]
            assert refusal(program, Proof(messages=proof.messages, points=points))


def expected(label: str, index: int, columns: int) -> tuple[str, ...]:
    """The checks that may refuse a proof whose prover changed this element and was honest about everything after it."""
    if label == "T0":
        return ("context", "rows", "clip 0", "bound 0", "T3 last value")
    if label == "T2 claims":
        return ("T2 linear check", "T3 last value", "T4 last value", "T6 last value")
    if label.startswith(("T3", "T4")):
        return (f"{label[:2]} last value",)
    if label == "T5 claims":
        return ("T5 numerators of the leaves", "T5 denominators of the leaves")
    if label == "T5 level 0":
        return ("T5 numerator of the root",)
    if label.startswith("T5"):
        level = int(label.split()[2])
        after = "T5 last value of level " + str(level)
        return (after,) if "round" in label else (after, "T5 numerators", "T5 denominators")
    if label == "T6 column values":
        return ("T7 identity",) if index == columns - 1 else ("T6 last value",)
    return ("T6 last value",) if label.startswith("T6") else ("T7 identity",)


def test_a_prover_that_changes_a_message_before_the_challenge_is_refused_by_the_right_check(
    program: Program, witness: Witness, proof: Proof
) -> None:
    rng = random.Random(11)
    for target, message in zip(proof.labels, proof.messages, strict=True):
        every = target in ("T0", "T5 claims", "T6 column values", "T7", "T5 level 0")
        for j in range(len(message)) if every else [rng.randrange(len(message))]:

            def change(label: str, sent: Vector, target: str = target, j: int = j) -> Vector:
                return [(v + (i == j and label == target)) % R for i, v in enumerate(sent)]

            refused = refusal(program, prove(program, witness, change))
            assert refused.startswith(expected(target, j, len(program["columns"]))), (target, j, refused)


def test_the_shape_comes_from_the_program(program: Program, proof: Proof) -> None:
    messages, points = proof.messages, proof.points
    for other in (
        Proof(messages=messages[:-1], points=points),
        Proof(messages=[*messages, [0]], points=points),
        Proof(messages=[[*messages[0], 0], *messages[1:]], points=points),
        Proof(messages=messages, points=points[:-1]),
        Proof(messages=messages, points=[*points, points[0]]),
    ):
        assert refusal(program, other) == "shape"
    assert refusal(program, Proof(messages=[[v + R for v in messages[0]], *messages[1:]], points=points)) == (
        "canonical elements"
    )
    assert refusal({**program, "log_height": 6}, proof) == "shape"
    with pytest.raises(Refused, match="rows"):
        verify(program, CONTEXT, [ROWS - 1], points, messages)
    with pytest.raises(Refused, match="context"):
        verify(program, CONTEXT[::-1], [ROWS], points, messages)


def test_column_values_that_satisfy_the_batched_claims_only_are_refused_by_the_opening(
    program: Program, witness: Witness
) -> None:
    def change(label: str, message: Vector) -> Vector:
        if label != "T6 column values":
            return message
        a, b = (mle(prover.weights[c], prover.point) for c in (3, 4))
        return [*message[:3], (message[3] + b) % R, (message[4] - a) % R, *message[5:]]

    prover = Prover(program, witness, TAU, random.Random(2), change)
    assert refusal(program, prover.prove(CONTEXT)) == "T7 identity"


def test_a_root_of_zeros_is_refused(program: Program, witness: Witness) -> None:
    zeros = prove(program, witness, lambda label, message: [0] * 4 if label == "T5 level 0" else message)
    assert refusal(program, zeros) == "T5 denominator of the root"


def test_a_rate_of_zero_is_refused(program: Program, witness: Witness) -> None:
    # With it the starting values of product sums would be anybody's choice.
    def change(label: str, message: Vector) -> Vector:
        return [*message[:3], 0, message[4], 0, 0] if label == "T0" else message

    assert refusal(program, prove(program, witness, change)) == "clip 0: rate >= 1"


@pytest.mark.parametrize("rows", [0, 5, R - 1])
def test_a_number_of_rows_that_the_selectors_cannot_tell_is_refused(
    program: Program, witness: Witness, rows: int
) -> None:
    proof = prove(program, Witness(witness.cells, [rows], witness.rates))
    with pytest.raises(Refused, match="rows of a selector"):
        verify(program, CONTEXT, [rows], proof.points, proof.messages)


def test_a_squared_norm_beyond_its_bits_is_refused(program: Program, witness: Witness) -> None:
    clips = [{**program["clips"][0], "norm_square_bits": 1}]
    tight = {**program, "clips": clips}
    assert refusal(tight, prove(tight, witness)) == "clip 0: norm_square_bits"


@pytest.mark.parametrize("z", [0, 1, R - 1])
def test_a_z_that_is_its_own_inverse_is_refused(
    program: Program, proof: Proof, monkeypatch: pytest.MonkeyPatch, z: int
) -> None:
    replay = Replay(Shape.of(program), proof.points, proof.messages)
    replay.left = iter([[0, 0, 0, 0]])
    monkeypatch.setattr(replay, "challenge", iter([7, z, 9]).__next__)
    with pytest.raises(Refused, match="T7 z"):
        replay.t7([0] * program["log_height"], [0] * len(program["columns"]))


# ---- False witnesses, proven as well as they can be ------------------------------------------------------------------


def no_label(cells: list[Vector]) -> None:
    put(cells, "Y", [0, 0, *get(cells, "Y")[2:]])


def another_layer_output(cells: list[Vector]) -> None:
    q = get(cells, "q")
    put(cells, "q", [q[0] + 1, *q[1:]])
    put(cells, "dZ", [q[0] + 1, *get(cells, "dZ")[1:]])


def a_padded_row_that_trains(cells: list[Vector]) -> None:
    put(cells, "dZ", [*get(cells, "dZ")[:6], 1, 1])


def a_pair_of_no_row(cells: list[Vector]) -> None:
    e = get(cells, "e")
    put(cells, "e", [next(v for v in EXP if v != e[0]), *e[1:]])


def a_cell_outside_every_tensor(cells: list[Vector]) -> None:
    put(cells, "unused", [0, 1])


WITNESSES: list[tuple[Callable[[list[Vector]], None], str]] = [
    (no_label, "T2 linear check 0"),
    (another_layer_output, "T3 last value"),
    (a_padded_row_that_trains, "T4 last value"),
    (a_pair_of_no_row, "T5 numerator of the root"),
    (a_cell_outside_every_tensor, "T5 numerator of the root"),
]


@pytest.mark.parametrize(("falsify", "check"), WITNESSES, ids=lambda v: v.__name__ if callable(v) else "")
def test_a_false_witness_is_refused(
    program: Program, witness: Witness, falsify: Callable[[list[Vector]], None], check: str
) -> None:
    cells = copy.deepcopy(witness.cells)
    falsify(cells)
    assert refusal(program, prove(program, with_update(program, cells))) == check


def test_a_remainder_outside_its_digits_is_refused(program: Program, witness: Witness) -> None:
    # Quotient and remainder still satisfy their equation, and the norm is the same.
    for name, check in (("D", "T4 last value"), ("Dbias", "T5 numerator of the root")):
        false = copy.deepcopy(witness)
        quotient, remainder = get(false.cells, name), get(false.cells, "rem" + name)
        put(false.cells, name, [quotient[0] + 1, *quotient[1:]])
        put(false.cells, "rem" + name, [remainder[0] + 2, *remainder[1:]])
        assert refusal(program, prove(program, false)) == check


def test_a_multiplicity_that_counts_something_else_is_refused(program: Program, witness: Witness) -> None:
    false = copy.deepcopy(witness)
    counts = get(false.cells, "of bits")
    put(false.cells, "of bits", [counts[0] + 1, counts[1]])
    assert refusal(program, prove(program, false)) == "T5 numerator of the root"


def test_another_rate_is_refused(program: Program, witness: Witness) -> None:
    slower = with_update(program, copy.deepcopy(witness.cells), rate=witness.rates[0] - 1)
    assert refusal(program, prove(program, slower)) == "clip 0: rate"


def test_an_update_beyond_the_bound_is_refused(program: Program, witness: Witness) -> None:
    square = sum(v * v for v in get(witness.cells, "D"))
    assert square > 0
    for bound, passes in ((square, True), (square - 1, False)):
        tight = {**program, "bounds": [{"square_sum": 1, "bound": bound}]}
        proof = prove(tight, witness)
        if passes:
            verify(tight, CONTEXT, [ROWS], proof.points, proof.messages)
        else:
            assert refusal(tight, proof) == "bound 0"


# ---- What the page says in passing -----------------------------------------------------------------------------------


def test_a_pair_whose_sides_share_an_outer_variable_cannot_be_proven(program: Program, witness: Witness) -> None:
    # y * y = y as a product sum: true at every index, since labels are 0 or 1, and not at tau.
    bits = expression(term(1, "Y", "o0 o1 o2"))
    product = {"outer": 3, "pairs": [{"inner": 0, "left": bits, "right": bits}], "result": bits, "scalar": None}
    assert all(v * v == v for v in get(witness.cells, "Y"))
    shared = {**program, "products": [*program["products"], product]}
    assert refusal(shared, prove(shared, witness)) == "T3 last value"


def test_closed_forms_are_multilinear_extensions() -> None:
    rng = random.Random(3)
    for variables in range(5):
        p = [rng.randrange(R) for _ in range(variables)]
        for count in range(2**variables + 1):
            assert first(count, p) == mle([int(i < count) for i in range(2**variables)], p)
        assert sum(eq(p, x) for x in cube(variables)) % R == 1


def test_infinity_is_no_other_points_elements() -> None:
    assert hashing.point_elements((0, 0)) == (0, 1 << 126)
    assert all(hashing.point_elements((x, 1))[1] < 1 << 126 for x in (0, 1, hashing.P - 1))


def test_the_toy_step_takes_gradients(witness: Witness) -> None:
    gradient, bias_gradient = gradients(witness.cells)
    assert any(gradient) and any(bias_gradient) and witness.rates[0] > 1
