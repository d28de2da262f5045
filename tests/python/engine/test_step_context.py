"""ctx of a training step: its elements, that each binds, and what could be proven if one were left out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slow_context import CASES, POINTS, elements
from slow_verifier import hashing

from pyzkfl import _core
from pyzkfl.blinders import random_blinder
from pyzkfl.composable import ComposableProof
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid
from pyzkfl.network import NO_VELOCITY, NetworkJob, NetworkProof, NetworkProver, RoundStatement
from pyzkfl.step_context import Place, StepContext, elements_of_point

pytestmark = pytest.mark.filterwarnings("ignore:insecure keys")

R = hashing.R
PLACE = Place(5, 3, "ada", b"\1" * 32, b"\2" * 32, (7, 9))


def context_of(case: dict[str, Any]) -> StepContext:
    place = Place(case["round_"], case["client"], case["name"], case["beacon"], case["root"], tuple(case["batches"]))
    weights, tables, *rest = (POINTS[name] for name in case["points"])
    steps = case["steps"]
    return StepContext(case["job"], place, weights, tables, tuple(rest[:steps]), tuple(rest[steps:]))


# ---- Elements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_elements_and_their_hash_are_those_of_the_page_and_of_the_vectors(name: str, vectors: Path) -> None:
    case = CASES[name]
    expected = json.loads((vectors / "step_context.json").read_text())[name]
    context = context_of(case)
    assert context.elements == elements(**case) == [int(v, 16) for v in expected["elements"]]
    assert context.digest.hex() == expected["ctx"] and int.from_bytes(context.digest, "big") < R
    assert int.from_bytes(context.digest, "big") == hashing.sponge(context.elements)


def test_no_two_contexts_have_the_same_elements() -> None:
    one = context_of(CASES["one step"])
    place, none = one.place, (NO_VELOCITY, NO_VELOCITY)
    moved = {"round": 6, "client": 4, "name": "bob", "beacon": bytes(32), "dataset_root": bytes(32), "batches": (8,)}
    assert set(moved) == {f.name for f in dataclasses.fields(Place)}
    seen = [one, *(dataclasses.replace(one, place=dataclasses.replace(place, **{k: v})) for k, v in moved.items())]
    seen += [dataclasses.replace(one, **{k: v}) for k, v in {"job": bytes(32), "velocities": none}.items()]
    seen += [dataclasses.replace(one, **{k: POINTS["-G"]}) for k in ("weights",)]
    seen += [dataclasses.replace(one, tables=POINTS["-G"]), dataclasses.replace(one, data=(POINTS["G"],))]
    # Counts stand for what the points are: three steps, or one step and its velocities.
    free = dataclasses.replace(one, place=dataclasses.replace(place, batches=()))
    seen += [dataclasses.replace(free, data=(*one.data, *none)), dataclasses.replace(free, velocities=none)]
    # Nothing moves between neighbours: from round to member, from name to root, from root to batches.
    seen += [dataclasses.replace(one, place=dataclasses.replace(place, round=place.client, client=place.round))]
    seen += [dataclasses.replace(one, place=dataclasses.replace(place, name="ada\1", dataset_root=bytes(32)))]
    lists = [tuple(context.elements) for context in seen]
    assert len(set(lists)) == len(seen) and len({context.digest for context in seen}) == len(seen)


def test_points_have_different_elements_and_other_bytes_have_none() -> None:
    assert [elements_of_point(p) for p in POINTS.values()] == [
        hashing.point_elements(hashing.POINTS[name]) for name in POINTS
    ]
    largest = ((3 << 254) | (hashing.P - 1)).to_bytes(32, "big")
    low, high = elements_of_point(largest)
    assert low < 2**128 and 2**127 <= high < 2**127 + 2**126  # never the 2^126 of infinity
    beyond = [((flags << 254) | hashing.P).to_bytes(32, "big") for flags in (2, 3)]  # x + p for x = 0
    for bad in (b"", bytes(31), bytes(33), bytes(32), b"\x40" + bytes(30) + b"\1", b"\0" * 31 + b"\1", *beyond):
        with pytest.raises(DecodeError):
            elements_of_point(bad)


def test_places_that_have_no_encoding_are_refused() -> None:
    for wrong in (
        {"round": -1}, {"round": 1 << 32}, {"client": -1}, {"client": 1 << 32}, {"beacon": bytes(31)},
        {"dataset_root": b""}, {"batches": (-1,)}, {"batches": (1 << 64,)},
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            dataclasses.replace(PLACE, **wrong)
    one = context_of(CASES["one step"])
    for wrong in ({"job": b""}, {"data": ()}, {"velocities": (NO_VELOCITY,)}, {"data": one.data * 2}):
        with pytest.raises(ParameterError):
            dataclasses.replace(one, **wrong)


# ---- Proofs --------------------------------------------------------------------------------------------------------


class Proven:
    """A proof of two local steps."""

    def __init__(self) -> None:
        self.job = NetworkJob(widths=(3, 2, 2), batch=4, learning_rate=0.2, steps=2, bitwise=True)
        self.prover = NetworkProver.insecure(self.job)
        rng = np.random.default_rng(1)
        self.weights = self.job.weights(rng.normal(size=self.job.dimension) * 0.2)
        self.batches = [(self.job.features(rng.normal(size=(4, 3))), rng.integers(0, 2, 4)) for _ in range(2)]
        self.trained = self.job.train(self.weights, self.batches)
        self.blinders, self.blinder = [random_blinder(), random_blinder()], random_blinder()
        self.statement = RoundStatement(
            self.job, b"terms", self.prover.commit_weights(self.weights),
            tuple(self.prover.commit_batch(x, y, b) for (x, y), b in zip(self.batches, self.blinders, strict=True)),
            (4, 4), self.prover.commit_update(self.trained.update, self.blinder), place=PLACE,
        )  # fmt: skip
        self.proof = self.prove()

    def prove(self) -> NetworkProof:
        return self.prover.prove(self.trained, self.statement, self.blinders, self.blinder)

    def holds(self, statement: RoundStatement, proof: NetworkProof) -> bool:
        try:
            self.prover.verify(statement, proof)
        except ProofInvalid:
            return False
        return True

    def rebalanced(self, proof: NetworkProof) -> RoundStatement:
        """Other batches for which the proof's opening holds as well, found from its rho: C(X) of the first step moves
        by [1], that of the second by [-1 / rho], so rho^2 C(X_1) + rho^3 C(X_2) stays."""
        curves = _core.curves
        rho = int.from_bytes(proof.data[352:384], "big")
        g, (first, second) = curves.g1_generator(), self.statement.data_commitments
        back = bytes(curves.g1_sum_compressed([NO_VELOCITY, compressed(curves.g1_mul(g, R - pow(rho, -1, R)))]))
        one = bytes(curves.g1_sum_compressed([first, compressed(g)]))
        other = bytes(curves.g1_sum_compressed([second, back]))
        return dataclasses.replace(self.statement, data_commitments=(one, other))


def compressed(point: bytes) -> bytes:
    """x and y big-endian, 64 bytes, to 32."""
    x, y = int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
    return (x | (3 if y > (hashing.P - 1) // 2 else 2) << 254).to_bytes(32, "big")


@pytest.fixture(scope="module")
def proven() -> Proven:
    return Proven()


def swaps(proven: Proven) -> dict[str, tuple[int, RoundStatement]]:
    """For each part of the context that only ctx binds: the position of its element, and the statement with another."""
    true = proven.statement

    def moved(**parts: Any) -> RoundStatement:
        return dataclasses.replace(true, place=dataclasses.replace(true.place, **parts))

    return {
        "round": (0, moved(round=6)),
        "client": (0, moved(client=4)),
        "terms": (1, dataclasses.replace(true, context=b"other terms")),
        "beacon": (1, moved(beacon=bytes(32))),
        "name": (2, moved(name="bob")),
        "root": (2, moved(dataset_root=bytes(32))),
        "batches": (2, moved(batches=(9, 7))),
    }


PARTS = ("round", "client", "terms", "beacon", "name", "root", "batches")


def without(positions: tuple[int, ...], patch: pytest.MonkeyPatch) -> None:
    """ctx that does not cover the elements at these positions."""
    full = StepContext.elements.fget

    def fewer(context: StepContext) -> list[int]:
        return [0 if i in positions else v for i, v in enumerate(full(context))]

    patch.setattr(StepContext, "elements", property(fewer))


def test_every_part_of_the_context_is_bound_and_by_its_element_alone(proven: Proven, monkeypatch) -> None:
    cases = swaps(proven)
    assert set(cases) == set(PARTS) and proven.holds(proven.statement, proven.proof)
    for name, (_, other) in cases.items():
        assert not proven.holds(other, proven.proof), name
    for position in (0, 1, 2):
        with monkeypatch.context() as patch:
            without((position,), patch)
            proof = proven.prove()
            for name, (at, other) in cases.items():
                assert proven.holds(other, proof) == (at == position), name


def test_rows_and_the_update_are_bound_beside_the_context(proven: Proven) -> None:
    true = proven.statement
    other = proven.prover.commit_update(proven.trained.update, random_blinder())
    for changed in ({"rows": (4, 3)}, {"rows": (3, 4)}, {"update_commitment": other}):
        statement = dataclasses.replace(true, **changed)
        assert proven.prover.digest(statement) == proven.prover.digest(true)
        assert not proven.holds(statement, proven.proof)


def test_batches_chosen_after_rho_are_refused_because_the_context_has_their_commitments(
    proven: Proven, monkeypatch
) -> None:
    """What a composition that took C(X) from anywhere but ctx would accept."""
    false = proven.rebalanced(proven.proof)
    assert set(false.data_commitments).isdisjoint(proven.statement.data_commitments)
    assert not proven.holds(false, proven.proof)
    context, known = proven.prover.digest(proven.statement), [false.weights_commitment, proven.prover.tables_commitment]
    known += [*false.data_commitments, false.update_commitment]
    assert proven.prover._core.verify(context, [4, 4], known, proven.proof.data)  # all but ctx agrees
    for positions, passes in (((7, 8), False), ((9, 10), False), ((7, 8, 9, 10), True)):
        with monkeypatch.context() as patch:
            without(positions, patch)
            proof = proven.prove()
            assert proven.holds(proven.rebalanced(proof), proof) == passes, positions


@pytest.mark.parametrize("position", range(3, 11))
def test_each_element_of_each_point_is_in_the_context(proven: Proven, position: int, monkeypatch) -> None:
    """C(W), C(T), C(X) of two steps. The last bit of x is in the low element alone, the sign in the high one."""
    context = proven.statement.step_context(proven.prover.tables_commitment, bytes(proven.prover.columns.digest))
    points = list(context.points)
    number, high = divmod(position - 3, 2)
    changed = int.from_bytes(points[number], "big") ^ (1 << 254 if high else 1)
    points[number] = changed.to_bytes(32, "big")
    other = dataclasses.replace(context, weights=points[0], tables=points[1], data=tuple(points[2:]))
    assert [a != b for a, b in zip(context.elements, other.elements, strict=True)].index(True) == position
    assert other.digest != context.digest
    with monkeypatch.context() as patch:
        without((position,), patch)
        assert other.digest == context.digest


# ---- What composition takes ----------------------------------------------------------------------------------------


def test_a_verified_proof_is_handed_out_with_its_public_values(proven: Proven) -> None:
    made = proven.prover.composable(proven.statement, proven.proof)
    assert made.client == 3 and made.rows == (4, 4) and made.update == proven.statement.update_commitment
    assert made.context.place == PLACE and made.proof == proven.proof.data
    low, high = made.halves
    assert ((low << 128) + high).to_bytes(32, "big") == proven.prover.digest(proven.statement)
    points = [e for p in (*proven.statement.data_commitments, made.update) for e in elements_of_point(p)]
    name = hashing.to_field(b"pyzkfl/recursion/leaf/1", b"")
    assert made.leaf == hashing.sponge([name, 3, made.context.choice, 4, 4, *points])
    false = dataclasses.replace(proven.statement, rows=(4, 3))
    with pytest.raises(ProofInvalid):
        proven.prover.composable(false, proven.proof)


def test_a_commitment_at_infinity_is_not_composed(proven: Proven) -> None:
    context = context_of(CASES["three steps, momentum of a first round, largest numbers"])
    with pytest.raises(ParameterError, match=r"C\(W\) is the point at infinity"):
        ComposableProof(context, (1, 1, 1), POINTS["G"], b"")
    context = dataclasses.replace(context, weights=POINTS["G"])
    with pytest.raises(ParameterError, match=r"C\(V\) is the point at infinity"):
        ComposableProof(context, (1, 1, 1), POINTS["G"], b"")
    context = dataclasses.replace(context, velocities=())
    assert ComposableProof(context, (1, 1, 1), POINTS["G"], b"").client == 2**32 - 1
    with pytest.raises(ParameterError, match=r"C\(D\) is the point at infinity"):
        ComposableProof(context, (1, 1, 1), NO_VELOCITY, b"")
    with pytest.raises(ParameterError, match="rows"):
        ComposableProof(context, (1,), POINTS["G"], b"")
