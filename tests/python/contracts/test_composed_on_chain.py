"""Composed proofs on a chain: the contract takes what the core takes, counts K itself, and refuses what is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyzkfl import _core
from pyzkfl.composed import ComposedProof, ComposedStatement, ComposedVerifier
from pyzkfl.errors import TransactionReverted
from pyzkfl.ledger.chain import Contract, artifact
from pyzkfl.ledger.evm_points import g1_to_evm, words
from pyzkfl.step_context import Place, StepContext

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def key_argument(points: dict[str, Any]) -> tuple[Any, ...]:
    """The constructor's argument."""
    return (
        words(points["alpha"]), words(points["beta"]), words(points["delta"]), words(points["sigma"][0]),
        *map(words, points["ic"]),
    )  # fmt: skip


class Composed:
    """The round of three members of the vectors, and a verifier with its key."""

    def __init__(self, vectors: Path, chain: Any) -> None:
        raw = json.loads((vectors / "composed_proof.json").read_text())
        self.key = ComposedVerifier(bytes.fromhex(raw["node_key"]))
        self.x, self.other_x = (int(part["x"], 16) for part in (raw["rounds"][0], raw["run"]))
        self.proof = ComposedProof.from_bytes(bytes.fromhex(raw["rounds"][0]["proof"])).evm_bytes()
        self.raw, self.chain = raw, chain
        self.contract = self.deploy(key_argument(self.key.evm_points()))

    def deploy(self, key: tuple[Any, ...]) -> Contract:
        return Contract.deploy(self.chain, artifact("ComposedVerifier"), key, sender=self.chain.account(0))

    def statement(self, **changes: Any) -> tuple[Any, ...]:
        """The round's, of what the vectors say of its members; fields by name to be changed."""
        said = self.raw["rounds"][0]["members"]
        update = bytes(_core.curves.g1_sum_compressed([bytes.fromhex(member["update"]) for member in said]))
        place = Place(0, 0, beacon=bytes.fromhex(said[0]["beacon"]))
        session = StepContext(bytes.fromhex(said[0]["job"]), place, b"", b"", (b"",)).session
        fields = {
            "job": session, "first_round": 0, "last_round": 0, "count": 3, "first_client": 2, "last_client": 7,
            "root": self.root(), "update": g1_to_evm(update), "before": g1_to_evm(bytes.fromhex(said[0]["weights"])),
            "after": g1_to_evm(bytes.fromhex(self.raw["rounds"][0]["weights_after"])),
        }  # fmt: skip
        fields.update(changes)
        return tuple(words(v) if isinstance(v, bytes) else v for v in fields.values())

    def root(self) -> int:
        from test_composed_vectors import said as statement_of

        members = [statement_of(member) for member in self.raw["rounds"][0]["members"]]
        after = bytes.fromhex(self.raw["rounds"][0]["weights_after"])
        return ComposedStatement.of_round(members, after, self.key).root


@pytest.fixture
def composed(vectors: Path, chain, monkeypatch: pytest.MonkeyPatch) -> Composed:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "recursion"))
    return Composed(vectors, chain)


def test_a_composed_proof_holds_for_its_statement_and_for_no_other(composed: Composed) -> None:
    verifier = composed.contract
    assert verifier.call("nodeKey") == composed.key.node_key
    assert verifier.call("statementHash", composed.statement()) == composed.x
    assert verifier.call("verify", composed.x, composed.proof)
    assert verifier.call("verifyStatement", composed.statement(), composed.proof)
    for other in (composed.other_x, composed.x + 1, composed.x + R, 0, R, 2**256 - 1):
        assert not verifier.call("verify", other % 2**256, composed.proof)
    negative = composed.statement()[-1][0], P - composed.statement()[-1][1]
    point = words(composed.proof[:64])
    for change in (
        {"job": 1}, {"first_round": 1}, {"last_round": 1}, {"count": 2}, {"first_client": 1}, {"last_client": 8},
        {"root": 1}, {"update": point}, {"before": point}, {"after": negative},
    ):  # fmt: skip
        assert not verifier.call("verifyStatement", composed.statement(**change), composed.proof)


def test_a_statement_has_one_form(composed: Composed) -> None:
    x, y = composed.statement()[-1]
    for change in (
        {"count": 1 << 64}, {"first_round": 1 << 64}, {"last_round": 1 << 255}, {"first_client": R},
        {"last_client": R + 7}, {"job": R}, {"root": 2**256 - 1}, {"after": (0, 0)}, {"after": (x, y + 1)},
        {"before": (x + P, y)}, {"update": (x, y + P)},
    ):  # fmt: skip
        with pytest.raises(TransactionReverted, match="statement: "):
            composed.contract.call("statementHash", composed.statement(**change))


def test_a_composed_proof_is_decoded_strictly(composed: Composed) -> None:
    values = list(words(composed.proof))

    def holds(changed: list[int]) -> bool:
        return bool(composed.contract.call("verify", composed.x, b"".join(v.to_bytes(32, "big") for v in changed)))

    assert holds(values) and len(values) == 12
    for position, value in enumerate(values):
        for other in ((value + 1) % P, value + P, 0, P - value):
            if other < 2**256:
                assert not holds([*values[:position], other, *values[position + 1 :]])
    for start, size in ((0, 2), (2, 4), (6, 2), (8, 2), (10, 2)):
        assert not holds([*values[:start], *[0] * size, *values[start + size :]])
    assert not holds(values[:-1]) and not holds([*values, 0]) and not holds([])
    # C_0 as its own proof of knowledge: of a commitment that no basis made.
    assert not holds([*values[:10], *values[8:10]])


def test_terms_of_both_equations_do_not_cancel(composed: Composed) -> None:
    """A forgery for any statement, of a verifier that multiplies both equations without a weight: A, B are alpha, beta,
    C is the generator, and P_0 takes up all that is left, which [delta] of the proving key makes possible."""
    points, x = composed.key.evm_points(), 12345
    curves, g1, g2 = _core.curves, composed.proof[256:320], bytes(_core.curves.g2_generator())

    def total(*terms: bytes) -> bytes:
        return g1_to_evm(bytes(curves.g1_sum_compressed([bytes(curves.g1_compress(term)) for term in terms])))

    def times(point: bytes, k: int) -> bytes:
        return bytes(curves.g1_mul(point, k))

    c_0, p_0 = g1, composed.proof[320:384]  # an honest commitment, with its proof of knowledge
    rho = int(_core.hash.poseidon2_hash([x, *(v % R for v in words(c_0))]))
    ic = points["ic"]
    public = total(ic[0], times(ic[1], x), times(ic[2], rho), c_0)
    forged_p = total(public, p_0, bytes.fromhex(composed.raw["delta_1"]))
    generator = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
    alpha_x, alpha_y = words(points["alpha"])
    minus_alpha = alpha_x.to_bytes(32, "big") + (P - alpha_y).to_bytes(32, "big")
    fx, fy = words(forged_p)
    beside_h = total(public, fx.to_bytes(32, "big") + (P - fy).to_bytes(32, "big"))
    product = [
        (minus_alpha, points["beta"]), (points["alpha"], points["beta"]), (beside_h, g2), (generator, points["delta"]),
        (c_0, points["sigma"][0]),
    ]  # fmt: skip
    assert _core.pairing.pairing_product_is_one(product)  # so the weight alone refuses it
    forged = points["alpha"] + points["beta"] + generator + c_0 + forged_p
    assert len(forged) == 384 and not composed.contract.call("verify", x, forged)


def test_keys_with_which_anybody_could_forge_are_refused(composed: Composed) -> None:
    points = composed.key.evm_points()
    generator = bytes(_core.curves.g2_decompress(_core.curves.g2_compress(_core.curves.g2_generator())))
    off = bytes(127) + b"\1"
    infinity = bytes(128)
    for change, why in (
        ({"delta": generator}, "gamma == delta"), ({"sigma": [generator]}, "sigma is the generator"),
        ({"delta": infinity}, "delta"), ({"sigma": [infinity]}, "sigma"), ({"beta": off}, "beta"),
        ({"alpha": bytes(64)}, "alpha"), ({"ic": [points["ic"][0], points["ic"][1], bytes(64)]}, "ic2"),
        ({"ic": [points["ic"][0], points["ic"][1], points["ic"][1]]}, "two points of ic are one"),
    ):  # fmt: skip
        with pytest.raises(TransactionReverted, match=why):
            composed.deploy(key_argument({**points, **change}))


def test_another_key_has_another_name_and_does_not_verify(composed: Composed) -> None:
    points = composed.key.evm_points()
    x, y = words(points["ic"][2])
    negative = x.to_bytes(32, "big") + (P - y).to_bytes(32, "big")
    other = composed.deploy(key_argument({**points, "ic": [*points["ic"][:2], negative]}))
    assert other.call("nodeKey") != composed.key.node_key
    assert not other.call("verify", composed.x, composed.proof)
    assert not other.call("verifyStatement", composed.statement(), composed.proof)


@pytest.mark.parametrize(("function", "most"), [("verify", 400_000), ("verifyStatement", 450_000)])
def test_its_gas(composed: Composed, function: str, most: int) -> None:
    first = composed.x if function == "verify" else composed.statement()
    gas = composed.contract.send(function, first, composed.proof, sender=composed.chain.account(1)).gas
    print(f"\na composed proof, {function}, as a transaction: {gas:,} gas, at most {most:,}")
    assert gas <= most
