"""Arguments of contracts' functions from the vectors."""

from __future__ import annotations

from typing import Any

from pyzkfl import merkle
from pyzkfl.ledger.evm_points import g1_to_evm, words


def groth16_key(points: dict[str, Any]) -> tuple[Any, ...]:
    """The constructor's argument of Groth16Verifier."""
    return (
        words(points["alpha"]), words(points["beta"]), words(points["gamma"]), words(points["delta"]),
        *map(words, points["ic"]),
    )  # fmt: skip


def engine_key(engine: dict[str, Any]) -> tuple[Any, ...]:
    """The constructor's argument of EngineVerifier, for one step: weights, tables, data, update."""
    columns = engine["columns"]
    powers = (words(columns["tau_1"]), words(columns["tau_2"]), words(columns["tau_squared_2"]))
    return (groth16_key(engine["groth16"]), *powers, 4, 1, engine["digits"])


def facts_of(engine: dict[str, Any], member: dict[str, Any]) -> tuple[Any, ...]:
    """What a registry tells EngineStatement of a member's submission."""
    return (
        engine["job"], member["round"], member["number"], member["name"], engine["beacon"], member["root"],
        len(member["leaves"]), engine["weights"], words(engine["weights_commitment_evm"]),
    )  # fmt: skip


def public_values(member: dict[str, Any]) -> bytes:
    """Rows, C(X) and the audit path of its batch."""
    hashes = [merkle.leaf_hash(leaf) for leaf in member["leaves"]]
    path = merkle.inclusion_proof(hashes, member["index"])
    return member["rows"].to_bytes(32, "big") + g1_to_evm(member["batch_commitment"]) + b"".join(path)
