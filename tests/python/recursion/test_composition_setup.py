"""Setups of a composition's keys: two second phases over one first, by members who each contribute.

The circuits are stand-ins of a few rows: a real one has a million, and takes a quarter of an hour.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pyzkfl import _core, ceremony
from pyzkfl.ceremony import Ceremony
from pyzkfl.composition_keys import LeafCircuit
from pyzkfl.composition_setup import LeafTerms, NodeTerms
from pyzkfl.errors import ParameterError, SetupInvalid
from pyzkfl.job import Member
from pyzkfl.network import NetworkJob

MEMBERS = tuple(Member(f"m{i}", bytes([i]) * 32) for i in range(2))
CIRCUIT = LeafCircuit(NetworkJob(widths=(4, 3, 2), batch=4, learning_rate=0.2), bytes(896), bytes(32))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeafTerms, "constraint_system", lambda _: _core.r1cs.chain_circuit(40))
    monkeypatch.setattr(NodeTerms, "constraint_system", lambda _: _core.r1cs.chain_circuit(25))


def contribute(setup: Ceremony, phases: tuple[int, ...], names: list[str]) -> ceremony.Transcript:
    job = setup._job
    for phase in phases:
        setup.begin(phase)
        for name in names:
            state, _ = setup.stage.verify(job)
            setup.accept(*ceremony.contribute(job, state, name))
    return setup.transcript()


def finished_leaf() -> tuple[LeafTerms, ceremony.Transcript, Any]:
    terms = LeafTerms("flowers", CIRCUIT, MEMBERS)
    transcript = contribute(Ceremony(terms), (1, 2), ["m0", "m1"])
    return terms.bound(transcript.digest), transcript, transcript.verify(terms)


def test_leaf_and_node_come_of_one_first_phase() -> None:
    leaf, transcript, key = finished_leaf()
    node = NodeTerms(leaf, bytes(key.verifying_key.to_bytes()))
    assert (node.name, node.members) == (leaf.name, leaf.members) and node.terms_digest != leaf.terms_digest
    end = contribute(Ceremony(node, transcript), (2,), ["m0", "m1"])
    made = end.verify(node)
    points = [k.verifying_key.evm_points() for k in (key, made)]
    assert all(points[0][name] == points[1][name] for name in ("alpha", "beta"))
    assert all(points[0][name] != points[1][name] for name in ("delta",))
    again = end.keys(node.bound(end.digest))
    assert bytes(again.verifying_key.digest) == bytes(made.verifying_key.digest)


def test_a_node_on_another_first_phase_or_leaf_is_refused() -> None:
    leaf, transcript, key = finished_leaf()
    data = bytes(key.verifying_key.to_bytes())
    with pytest.raises(ParameterError, match="not finished"):
        NodeTerms(dataclasses.replace(leaf, setup=b""), data)
    node = NodeTerms(leaf, data)
    with pytest.raises(ParameterError, match="transcript of the setup"):
        Ceremony(node)
    with pytest.raises(ParameterError, match="transcript of the setup"):
        Ceremony(LeafTerms("flowers", CIRCUIT, MEMBERS), transcript)
    end = contribute(Ceremony(node, transcript), (2,), ["m0", "m1"])
    _, other, _ = finished_leaf()
    with pytest.raises(SetupInvalid):
        dataclasses.replace(end, phase1=other.phase1, records1=other.records1).verify(node)
    with pytest.raises(SetupInvalid):  # contributions are bound to the leaf's key
        end.verify(NodeTerms(leaf, data[:-1] + bytes([data[-1] ^ 1])))
    with pytest.raises(SetupInvalid):
        dataclasses.replace(end, records2=end.records2[:1]).verify(node)


def test_terms_name_all_that_the_circuits_are_made_of() -> None:
    terms = LeafTerms("flowers", CIRCUIT, MEMBERS)
    others = [
        dataclasses.replace(terms, name="other"), dataclasses.replace(terms, members=MEMBERS[:1]),
        dataclasses.replace(terms, circuit=dataclasses.replace(CIRCUIT, points=b"\1" + bytes(895))),
        dataclasses.replace(terms, circuit=dataclasses.replace(CIRCUIT, tables=b"\1" + bytes(31))),
        dataclasses.replace(
            terms,
            circuit=dataclasses.replace(CIRCUIT, network=NetworkJob(widths=(4, 2, 2), batch=4, learning_rate=0.2)),
        ),
    ]  # fmt: skip
    assert len({t.terms_digest for t in (terms, *others)}) == len(others) + 1
    bound = terms.bound(bytes(32))
    nodes = [NodeTerms(bound, b"a"), NodeTerms(bound, b"b"), NodeTerms(terms.bound(b"\1" * 32), b"a")]
    assert len({node.terms_digest for node in nodes}) == 3
    with pytest.raises(ParameterError):
        LeafTerms("", CIRCUIT, MEMBERS)
