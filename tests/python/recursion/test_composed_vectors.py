"""Composed proofs of tests/vectors/composed_proof.json: what a verifier makes of registrations, and what it refuses.

No proof is made here: a second in all.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from slow_statement import slow_hash

import pyzkfl
from pyzkfl import _core
from pyzkfl.composable import ComposableStatement
from pyzkfl.composed import ComposedProof, ComposedStatement, ComposedVerifier
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, UnsupportedVersion
from pyzkfl.step_context import Place, StepContext

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
INFINITY = b"\x40" + bytes(31)


def said(facts: dict[str, Any]) -> ComposableStatement:
    """A member's statement, as the page lists its parts."""
    names = ("job", "beacon", "dataset_root", "weights", "tables", "update")
    data = {name: bytes.fromhex(facts[name]) for name in names}
    place = Place(
        facts["round"], facts["client"], facts["name"], data["beacon"], data["dataset_root"], tuple(facts["batches"])
    )
    points = tuple(bytes.fromhex(point) for point in facts["data"])
    context = StepContext(data["job"], place, data["weights"], data["tables"], points)
    return ComposableStatement(context, tuple(facts["rows"]), data["update"])


class Vectors:
    """The file, decoded; statements are made here, never read from it."""

    def __init__(self, path: Path) -> None:
        raw = json.loads(path.read_text())
        self.raw = raw
        self.verifier = ComposedVerifier(bytes.fromhex(raw["node_key"]))
        self.members = [[said(member) for member in round_["members"]] for round_ in raw["rounds"]]
        self.after = [bytes.fromhex(round_["weights_after"]) for round_ in raw["rounds"]]
        both = zip(self.members, self.after, strict=True)
        self.rounds = [ComposedStatement.of_round(members, after, self.verifier) for members, after in both]
        self.proofs = [ComposedProof.from_bytes(bytes.fromhex(round_["proof"])) for round_ in raw["rounds"]]
        self.run = ComposedStatement.of_run(self.rounds)
        self.run_proof = ComposedProof.from_bytes(bytes.fromhex(raw["run"]["proof"]))

    def holds(self, statement: ComposedStatement, proof: ComposedProof) -> bool:
        try:
            pyzkfl.verify(statement, proof, self.verifier)
        except (ProofInvalid, DecodeError):
            return False
        return True


@pytest.fixture(scope="module")
def known(vectors: Path) -> Vectors:
    return Vectors(vectors / "composed_proof.json")


# ---- What holds ----------------------------------------------------------------------------------------------------


def test_rounds_and_the_run_hold_for_the_statements_that_registrations_give(known: Vectors) -> None:
    for statement, proof, raw in zip(known.rounds, known.proofs, known.raw["rounds"], strict=True):
        assert hex(statement.hash) == raw["x"]
        assert pyzkfl.verify(statement, proof, known.verifier) is None
    assert hex(known.run.hash) == known.raw["run"]["x"]
    pyzkfl.verify(known.run, known.run_proof, known.verifier)
    assert (known.run.first_round, known.run.last_round, known.run.count) == (0, 1, 4)
    assert known.run.weights_after == known.after[1]


def test_a_proof_has_192_bytes_whatever_it_is_of(known: Vectors) -> None:
    for proof in (*known.proofs, known.run_proof):
        assert proof.size == 192 and len(proof.to_bytes()) == 199 and len(proof.evm_bytes()) == 384
        assert ComposedProof.from_bytes(proof.to_bytes()) == proof


def test_the_statement_is_that_of_the_page_computed_slowly(known: Vectors) -> None:
    for statement in (*known.rounds, known.run):
        assert statement.hash == _core.recursion.statement_hash(statement.fields) == slow_hash(statement)


def test_statements_of_rounds_do_not_depend_on_the_order_in_which_members_are_listed(known: Vectors) -> None:
    assert ComposedStatement.of_round(known.members[0][::-1], known.after[0], known.verifier) == known.rounds[0]


def test_verifiers_travel(known: Vectors) -> None:
    other = pickle.loads(pickle.dumps(known.verifier))
    assert other == known.verifier and other.node_key == known.verifier.node_key
    other.verify(known.run, known.run_proof)


# ---- What does not -------------------------------------------------------------------------------------------------


def test_each_of_the_192_bytes_changed_is_refused(known: Vectors) -> None:
    statement, data = known.rounds[0], known.proofs[0].data
    for position in range(192):
        for mask in (1, 0x80):
            changed = bytearray(data)
            changed[position] ^= mask
            assert not known.holds(statement, ComposedProof(bytes(changed))), position


def test_a_part_that_is_infinity_or_the_negative_is_refused(known: Vectors) -> None:
    statement, data = known.rounds[0], known.proofs[0].data
    for start, size in ((0, 32), (32, 64), (96, 32), (128, 32), (160, 32)):
        infinity = b"\x40" + bytes(size - 1)
        assert not known.holds(statement, ComposedProof(data[:start] + infinity + data[start + size :]))
        negative = bytes([data[start] ^ 0x40]) + data[start + 1 : start + size]
        assert not known.holds(statement, ComposedProof(data[:start] + negative + data[start + size :]))
    # C_0 as its own proof of knowledge, and parts of another proof.
    other = known.proofs[1].data
    assert not known.holds(statement, ComposedProof(data[:160] + data[128:160]))
    assert not known.holds(statement, ComposedProof(data[:128] + other[128:]))
    assert not known.holds(statement, ComposedProof(other[:128] + data[128:]))


def test_each_field_of_a_statement_changed_is_refused(known: Vectors) -> None:
    for statement, proof in ((known.rounds[0], known.proofs[0]), (known.run, known.run_proof)):
        for field in dataclasses.fields(statement):
            value = getattr(statement, field.name)
            if isinstance(value, int):
                others = [value + 1, 0 if value else 2]
            else:
                negative = bytes([value[0] ^ 0x40]) + value[1:]
                others = [negative, known.members[0][0].update]
            for other in others:
                changed = dataclasses.replace(statement, **{field.name: other})
                assert not known.holds(changed, proof), field.name


def test_a_proof_is_for_no_other_statement(known: Vectors) -> None:
    statements, proofs = [*known.rounds, known.run], [*known.proofs, known.run_proof]
    for i, statement in enumerate(statements):
        assert [known.holds(statement, proof) for proof in proofs] == [i == j for j in range(3)]


def test_what_a_verifier_that_knows_other_members_makes_is_refused(known: Vectors) -> None:
    members, after, proof = known.members[0], known.after[0], known.proofs[0]

    def holds(others: list[ComposableStatement], weights: bytes = after) -> bool:
        return known.holds(ComposedStatement.of_round(others, weights, known.verifier), proof)

    assert holds(members)
    assert not holds(members[:2]) and not holds(members[1:])  # a leaf left out of the root, and of the sum
    assert not holds(members, members[0].context.weights)  # other weights after
    one = members[0]
    for other in (
        dataclasses.replace(one, rows=(3,)),
        dataclasses.replace(one, update=members[1].update),
        dataclasses.replace(one, context=dataclasses.replace(one.context, data=members[1].context.data)),
    ):
        assert not holds([other, *members[1:]])
    for name, value in {"name": "somebody else", "dataset_root": bytes(32), "batches": (9,), "client": 1}.items():
        place = dataclasses.replace(one.context.place, **{name: value})
        other = dataclasses.replace(one, context=dataclasses.replace(one.context, place=place))
        assert not holds([other, *members[1:]])
    # All of them another job's, another beacon's, another round's.
    for change in ({"job": bytes(32)}, {"beacon": bytes(32)}, {"round": 1}):
        moved = []
        for member in members:
            context = member.context
            if "job" in change:
                context = dataclasses.replace(context, **change)
            else:
                context = dataclasses.replace(context, place=dataclasses.replace(context.place, **change))
            moved.append(dataclasses.replace(member, context=context))
        assert not holds(moved)


def test_a_root_that_leaves_a_member_out_is_refused_with_the_sum_of_all(known: Vectors) -> None:
    partial = ComposedStatement.of_round(known.members[0][:2], known.after[0], known.verifier)
    assert not known.holds(dataclasses.replace(known.rounds[0], root=partial.root), known.proofs[0])
    assert not known.holds(dataclasses.replace(known.rounds[0], update=partial.update), known.proofs[0])
    assert not known.holds(dataclasses.replace(known.rounds[0], count=partial.count), known.proofs[0])


def test_a_swapped_key_is_refused(known: Vectors) -> None:
    """The statement names the key that the verifier holds; under another, neither the proof nor its K fits."""
    key = bytearray(bytes.fromhex(known.raw["node_key"]))
    # alpha with the other sign is a key of the same shape: whoever swaps keys makes one.
    y = int.from_bytes(key[44 + 32 : 44 + 64], "big")
    p = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    key[44 + 32 : 44 + 64] = (p - y).to_bytes(32, "big")
    swapped = ComposedVerifier(bytes(key))
    assert swapped.digest != known.verifier.digest
    with pytest.raises(ProofInvalid):
        swapped.verify(dataclasses.replace(known.run, node_key=swapped.node_key), known.run_proof)
    with pytest.raises(ProofInvalid, match="another key of nodes"):
        known.verifier.verify(dataclasses.replace(known.run, node_key=5), known.run_proof)
    with pytest.raises(ProofInvalid, match="another key of nodes"):  # a leaf's own statement is no end
        known.verifier.verify(dataclasses.replace(known.run, node_key=0), known.run_proof)
    circuit = _core.r1cs.chain_circuit(3)
    with pytest.raises(ParameterError, match="two public inputs"):
        ComposedVerifier(bytes(_core.groth16.insecure_setup(circuit).verifying_key.to_bytes()))
    with pytest.raises(DecodeError):
        ComposedVerifier(b"PZKF")


# ---- What has no meaning -------------------------------------------------------------------------------------------


def test_members_that_are_not_of_one_round_have_no_statement(known: Vectors) -> None:
    members, after = known.members[0], known.after[0]
    one = members[0]

    def moved(**change: Any) -> ComposableStatement:
        return dataclasses.replace(one, context=dataclasses.replace(one.context, **change))

    for others, words in (
        ([], "no member"),
        ([*members, one], "comes twice"),
        ([*members, known.members[1][0]], "of round"),
        ([*members[1:], moved(job=bytes(32))], "another job"),
        ([*members[1:], moved(weights=after)], "other weights"),
        ([*members[1:], moved(tables=after)], "other tables"),
    ):
        with pytest.raises(ParameterError, match=words):
            ComposedStatement.of_round(others, after, known.verifier)


def test_rounds_that_do_not_follow_have_no_statement(known: Vectors) -> None:
    first, second = known.rounds
    for rounds, words in (
        ([], "no round"),
        ([second, first], "does not follow"),
        ([first, first], "does not follow"),
        ([first, dataclasses.replace(second, job=1)], "two jobs"),
        ([first, dataclasses.replace(second, node_key=1)], "two keys"),
        ([first, dataclasses.replace(second, weights_before=second.weights_after)], "does not begin with the weights"),
    ):
        with pytest.raises(ParameterError, match=words):
            ComposedStatement.of_run(rounds)


def test_statements_and_proofs_without_a_place_are_refused(known: Vectors) -> None:
    statement = known.rounds[0]
    for wrong in ({"count": 1 << 64}, {"first_client": -1}, {"update": INFINITY}, {"weights_after": b""}):
        with pytest.raises(ParameterError):
            dataclasses.replace(statement, **wrong)
    no_point = {"weights_before": bytes(32)}
    for wrong in ({"root": R}, {"job": -1}, {"root": 1 << 256}, {"update": b"\xff" * 32}, no_point):
        with pytest.raises(DecodeError):
            known.verifier.verify(dataclasses.replace(statement, **wrong), known.proofs[0])
    for data in (b"", bytes(191), bytes(193)):
        with pytest.raises(DecodeError):
            ComposedProof(data)
    whole = known.proofs[0].to_bytes()
    with pytest.raises(DecodeError):
        ComposedProof.from_bytes(whole + b"\0")
    with pytest.raises(UnsupportedVersion):
        ComposedProof.from_bytes(whole[:4] + b"\2" + whole[5:])
    with pytest.raises(ParameterError):
        pyzkfl.verify(statement, known.proofs[0], object())
    with pytest.raises(ParameterError):
        known.verifier.verify(statement, known.proofs[0].data)  # type: ignore[arg-type]
