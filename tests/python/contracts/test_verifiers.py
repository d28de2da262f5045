"""Proofs on a chain: the contracts accept what the core accepts, and refuse whatever is changed or malformed."""

from __future__ import annotations

from typing import Any

import pytest
from evm_arguments import engine_key, facts_of, groth16_key, public_values

from pyzkfl import _core, merkle
from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.chain import Contract, artifact
from pyzkfl.ledger.evm_points import engine_proof_to_evm, g1_to_evm, groth16_proof_to_evm, words
from pyzkfl.statement import batch_index

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def off_subgroup() -> tuple[int, int, int, int]:
    """(x1, x0, y1, y0) of a point on y^2 = x^3 + 3 / (9 + i) that is not of order r."""

    def mul(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return ((a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P)

    def sqrt(a: tuple[int, int]) -> tuple[int, int] | None:
        norm = (a[0] * a[0] + a[1] * a[1]) % P
        root = pow(norm, (P + 1) // 4, P)
        for sign in (root, P - root):
            half = (a[0] + sign) * pow(2, -1, P) % P
            x = pow(half, (P + 1) // 4, P)
            if x and x * x % P == half:
                y = a[1] * pow(2 * x, -1, P) % P
                if mul((x, y), (x, y)) == a:
                    return (x, y)
        return None

    inverse = pow(82, -1, P)
    b = (27 * inverse % P, -3 * inverse % P)
    for x in range(1, 50):
        cube = mul(mul((x, 1), (x, 1)), (x, 1))
        y = sqrt(((cube[0] + b[0]) % P, (cube[1] + b[1]) % P))
        if y is not None:
            return (1, x, y[1], y[0])
    raise AssertionError("no point")


@pytest.fixture
def plain(chain) -> tuple[Contract, int, bytes]:
    """A verifier with one public input, the input and a proof."""
    circuit = _core.r1cs.chain_circuit(6)
    witness, result = _core.r1cs.chain_witness(circuit, 3)
    key = _core.groth16.insecure_setup(circuit)
    proof = groth16_proof_to_evm(bytes(_core.groth16.prove(key, circuit, witness)[0]))
    kind = artifact("Groth16Verifier")
    deployed = Contract.deploy(chain, kind, groth16_key(key.verifying_key.evm_points()), sender=chain.account(0))
    return deployed, result, proof


def test_a_bare_proof_holds_for_its_input_and_for_no_other(plain) -> None:
    verifier, result, proof = plain
    assert verifier.call("verify", result, proof)
    for other in (result + R, (result + 1) % R, 0, R, 2**256 - 1):
        assert not verifier.call("verify", other % 2**256, proof)


def test_a_bare_proof_is_decoded_strictly(plain) -> None:
    verifier, result, proof = plain
    values = list(words(proof))

    def holds(changed: list[int]) -> bool:
        return bool(verifier.call("verify", result, b"".join(v.to_bytes(32, "big") for v in changed)))

    assert holds(values)
    for position, value in enumerate(values):
        for other in ((value + 1) % P, value + P, 0):
            if other < 2**256:
                assert not holds([*values[:position], other, *values[position + 1 :]])
    assert not holds([0, 0, *values[2:]]) and not holds([*values[:2], 0, 0, 0, 0, *values[6:]])
    assert not holds([*values[:6], 0, 0])
    assert not holds([*values[:2], *off_subgroup(), *values[6:]])
    for data in (b"", proof[:-1], proof + b"\0", proof[:-32]):
        assert not verifier.call("verify", result, data)


def test_a_key_that_anybody_could_forge_with_is_refused(chain, engine: dict[str, Any]) -> None:
    alpha, beta, gamma, delta, ic0, ic1 = groth16_key(engine["groth16"])
    bad = {
        "gamma == delta": (alpha, beta, gamma, gamma, ic0, ic1),
        "ic0 == ic1": (alpha, beta, gamma, delta, ic0, ic0),
        "alpha": ((0, 0), beta, gamma, delta, ic0, ic1),
        "beta": (alpha, off_subgroup(), gamma, delta, ic0, ic1),
        "delta": (alpha, beta, gamma, (0, 0, 0, 0), ic0, ic1),
        "ic1": (alpha, beta, gamma, delta, ic0, (ic1[0], ic1[1] + P if ic1[1] + P < 2**256 else 5)),
    }
    for why, key in bad.items():
        with pytest.raises(TransactionReverted, match=why):
            Contract.deploy(chain, artifact("Groth16Verifier"), key, sender=chain.account(0))
    groth16, tau, tau2, squared, *shape = engine_key(engine)
    for why, changed in {
        "gamma == delta": ((alpha, beta, gamma, gamma, ic0, ic1), tau, tau2, squared, *shape),
        "gamma is not the generator": ((alpha, beta, delta, gamma, ic0, ic1), tau, tau2, squared, *shape),
        "not the powers of one tau": (groth16, tau, squared, tau2, *shape),
        "tau2": (groth16, tau, off_subgroup(), squared, *shape),
        "shape": (groth16, tau, tau2, squared, 1, 1, 4),
    }.items():
        with pytest.raises(TransactionReverted, match=why):
            Contract.deploy(chain, artifact("EngineVerifier"), changed, sender=chain.account(0))


def commitments_of(engine: dict[str, Any], member: dict[str, Any]) -> list[tuple[int, ...]]:
    points = (member["batch_commitment"], member["update_commitment"])
    known = (engine["weights_commitment_evm"], engine["tables_commitment_evm"], *map(g1_to_evm, points))
    return [words(point) for point in known]


def test_an_engine_proof_holds_for_its_statement_alone(verifiers, engine: dict[str, Any]) -> None:
    first, second, _ = engine["members"]
    verifier = verifiers.verifier
    context, rows, points, proof = (
        first["context"],
        [first["rows"]],
        commitments_of(engine, first),
        first["proof_evm"],
    )
    assert verifier.call("proofBytes") == len(proof) == 864
    assert verifier.call("verify", context, rows, points, proof)
    others = commitments_of(engine, second)
    for changed in (
        (second["context"], rows, points, proof),
        (context, [first["rows"] + 1], points, proof),
        (context, [first["rows"] + R], points, proof),
        (context, [*rows, 1], points, proof),
        (context, rows, points[:-1], proof),
        (context, rows, points, second["proof_evm"]),
        (context, rows, points, proof[:-1]),
        (context, rows, points, proof + bytes(64)),
        *((context, rows, [*points[:i], others[i] if i > 1 else (1, 2), *points[i + 1 :]], proof) for i in range(4)),
        (context, rows, [*points[:3], (1, 3)], proof),
    ):
        assert not verifier.call("verify", *changed)


def test_every_word_of_an_engine_proof_counts(verifiers, engine: dict[str, Any]) -> None:
    member = engine["members"][0]
    values = list(words(member["proof_evm"]))
    points = commitments_of(engine, member)

    def holds(changed: list[int]) -> bool:
        data = b"".join(v.to_bytes(32, "big") for v in changed)
        return bool(verifiers.verifier.call("verify", member["context"], [member["rows"]], points, data))

    def replaced(position: int, *new: int) -> list[int]:
        return [*values[:position], *new, *values[position + len(new) :]]

    assert holds(values)
    for position in range(8, 22, 2):  # points: another, infinity, off the curve, not canonical
        for point in (
            (1, 2),
            (0, 0),
            (values[position], values[position + 1] ^ 1),
            (values[position] + P, values[position + 1]),
        ):
            if max(point) < 2**256:
                assert not holds(replaced(position, *point))
    for position in range(22, 27):  # scalars
        for scalar in ((values[position] + 1) % R, values[position] + R, 0):
            if scalar < 2**256:
                assert not holds(replaced(position, scalar))
    for z in (0, 1, R - 1):
        assert not holds(replaced(23, z))
    assert not holds(replaced(2, *off_subgroup()))


def test_the_contract_builds_the_statement_that_members_build(verifiers, engine: dict[str, Any]) -> None:
    statement = verifiers.statement
    for member in engine["members"]:
        index = statement.call("batchIndex", engine["beacon"], member["round"], member["name"], len(member["leaves"]))
        assert (
            index
            == member["index"]
            == batch_index(engine["beacon"], member["round"], member["name"], len(member["leaves"]))
        )
        context = statement.call(
            "statementContext", facts_of(engine, member), index, words(g1_to_evm(member["batch_commitment"]))
        )
        assert context.to_bytes(32, "big") == member["context"]
        assert statement.call(
            "holds",
            facts_of(engine, member),
            words(g1_to_evm(member["update_commitment"])),
            public_values(member),
            member["proof_evm"],
        )


def test_a_submission_holds_for_its_facts_alone(verifiers, engine: dict[str, Any]) -> None:
    member, other, _ = engine["members"]
    facts = list(facts_of(engine, member))
    point, values = words(g1_to_evm(member["update_commitment"])), public_values(member)
    proof = member["proof_evm"]

    def holds(facts=facts, point=point, values=values, proof=proof) -> bool:
        return bool(verifiers.statement.call("holds", tuple(facts), point, values, proof))

    assert holds()
    for position, value in enumerate(
        (bytes(32), 1, 1, "west", bytes(32), other["root"], len(member["leaves"]) + 1, None, (1, 2))
    ):
        if value is not None:  # of the weights' digest ctx knows nothing: it has their commitment
            assert not holds(facts=[*facts[:position], value, *facts[position + 1 :]]), position
    assert not holds(facts=[*facts[:6], 0, *facts[7:]])
    for position, name in ((1, "round"), (2, "member")):  # they would reach into each other's place in the element
        carried = facts[position] + (1 << 32)
        assert not holds(facts=[*facts[:position], carried, *facts[position + 1 :]]), name
    assert not holds(point=words(g1_to_evm(other["update_commitment"])))
    assert not holds(values=public_values(other)) and not holds(proof=other["proof_evm"])
    for data in (b"", values[:-1], values[:-32], values + bytes(32), bytes(32) + values[32:]):
        assert not holds(values=data)
    rows = (member["rows"] - 1).to_bytes(32, "big")
    assert not holds(values=rows + values[32:])


def test_a_challenge_gives_a_proof_of_the_engine_more_gas_than_its_check_takes(verifiers, engine) -> None:
    """TrainingRegistry.CHECK_GAS: with less, a true proof would look false and honest validators would be slashed."""
    registry = artifact("TrainingRegistry")
    chain = verifiers.statement.chain
    nobody = "0x" + "00" * 20
    given = Contract.deploy(chain, registry, nobody, nobody, nobody, nobody, sender=chain.account(0)).call("CHECK_GAS")
    for member in engine["members"]:
        point = words(g1_to_evm(member["update_commitment"]))
        arguments = (facts_of(engine, member), point, public_values(member))
        for proof in (member["proof_evm"], bytes(864), member["proof_evm"][:-32] + bytes(32)):
            assert verifiers.statement.send("holds", *arguments, proof, sender=chain.account(0)).gas < given // 2


def test_paths_of_all_shapes_are_those_of_the_merkle_tree(verifiers, engine: dict[str, Any]) -> None:
    member = engine["members"][1]
    assert merkle.root(member["leaves"]) == member["root"] and len(member["leaves"]) == 4
    assert engine_proof_to_evm(member["proof"]) == member["proof_evm"]
