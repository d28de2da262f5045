"""Averages under masks: exact whoever is lost, void below the threshold; what a node refuses to be asked."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyzkfl.errors import (
    AggregateInvalid,
    DataError,
    DecodeError,
    NotEnoughClients,
    ParameterError,
    ProtocolError,
    RangeError,
)
from pyzkfl.masked import Policy, Terms
from pyzkfl.secagg import IdentityKey


def terms_of(**changes: Any) -> Terms:
    return Terms(**{"arrays": (("w", (3,)),), "rounds": 3, **changes})


# ---- rounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["semi-honest", "active"])
def test_a_weighted_average_is_right_whoever_is_lost_and_whenever(make_party: Any, server: str) -> None:
    party = make_party(server=server)
    terms = terms_of(server=server)
    party.hub.set_up(terms, party.nodes)
    for gone, late in ([], []), ([101, 104, 109], []), ([103], [105, 107]):
        party.lost = {"unmask": late, "sign": late}
        staying = [node for node in party.nodes if node not in gone]
        average = party.round({node: node / 1000 for node in staying}, terms, weight=lambda node: node)
        expected = sum(node * node for node in staying) / sum(staying) / 1000
        assert average.update["w"] == pytest.approx(np.full(3, expected), abs=1e-6)
        assert (average.nodes, average.weight) == (len(staying), sum(staying))
    assert not party.hub.serves(terms, party.nodes)  # the setup's rounds are used up
    assert party.refusals == []


@pytest.mark.parametrize("server", ["semi-honest", "active"])
def test_a_hub_with_a_folder_keeps_a_setup_in_private_files_and_takes_them_away(
    make_party: Any, server: str, tmp_path: Path
) -> None:
    party, terms = make_party(server=server, folder=tmp_path), terms_of(server=server)
    made = []
    for _ in range(2):  # the second setup takes the first one's files away
        party.hub.set_up(terms, party.nodes)
        [own] = tmp_path.iterdir()
        files = list(own.iterdir())
        assert files
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert own.stat().st_mode & 0o777 == 0o700
        average = party.round(dict.fromkeys(party.nodes[1:], 0.5), terms)
        assert average.update["w"] == pytest.approx(np.full(3, 0.5))
        made.append(own)
    assert made[0] != made[1]
    party.hub = None
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused_at_once(make_party: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no folder"):
        make_party(folder=tmp_path / "absent")


def test_one_lost_past_the_threshold_voids_the_round_and_the_next_is_well(make_party: Any) -> None:
    party = make_party()
    terms = terms_of()
    party.hub.set_up(terms, party.nodes)
    with pytest.raises(NotEnoughClients):
        party.round(dict.fromkeys(party.nodes[:6], 0.5), terms)
    assert all(request["phase"] != "unmask" for _, request in party.seen)  # nobody was asked for a share
    assert party.round(dict.fromkeys(party.nodes[:7], 0.5), terms).update["w"] == pytest.approx(np.full(3, 0.5))


@pytest.mark.parametrize("phase", ["join", "reveal", "keys", "deal", "accept"])
def test_nodes_lost_in_the_setup_are_left_out(make_party: Any, phase: str) -> None:
    party = make_party()
    party.lost = {phase: [102, 108]}
    terms = terms_of()
    party.hub.set_up(terms, party.nodes)
    party.lost = {}
    staying = [node for node in party.nodes if node not in (102, 108)]
    assert party.round(dict.fromkeys(staying, 0.25), terms).update["w"] == pytest.approx(np.full(3, 0.25))


@pytest.mark.parametrize("part", ["public", "commitment", "signature", "nonce"])
def test_a_node_that_joins_with_nonsense_is_left_out(make_party: Any, part: str) -> None:
    party = make_party()
    honest, phase = party.exchange, "reveal" if part == "nonce" else "join"

    def exchange(requests: Any) -> Any:
        replies = honest(requests)
        if replies.get(101, {}).get("phase") == phase:
            replies[101][part] = b"nonsense"
        return replies

    party.hub._exchange = exchange
    terms = terms_of()
    if part == "nonce":  # after it the setup begins anew without that node, and two are too few
        with pytest.raises(NotEnoughClients):
            party.hub.set_up(terms, party.nodes[:3])
        return
    party.hub.set_up(terms, party.nodes)
    assert 101 not in {node for node, request in party.seen if request["phase"] == "reveal"}


def test_two_nodes_with_one_key_are_both_left_out(make_party: Any) -> None:
    party = make_party()
    party.keys[101] = party.keys[100]
    party.hub.set_up(terms_of(), party.nodes)
    shown = next(request for _, request in party.seen if request["phase"] == "reveal")
    assert len(shown["publics"]) == 8
    assert party.keys[100].public_bytes not in shown["publics"]


def test_a_setup_of_two_is_refused(make_party: Any) -> None:
    with pytest.raises(NotEnoughClients, match="2 nodes are left"):
        make_party(2).hub.set_up(terms_of(), [100, 101])


def test_a_masked_vector_says_nothing_and_is_never_the_same(make_party: Any) -> None:
    party = make_party()
    terms = terms_of(arrays=(("w", (5000,)),))
    party.hub.set_up(terms, party.nodes)
    zeros = terms.encode({"w": np.zeros(5000)}, {"w": np.zeros(5000)}, 1)
    sent = [party.node(100).mask(party.hub.open_round(), zeros)["message"] for _ in range(2)]
    for message in sent:
        ones = sum(byte.bit_count() for byte in message)
        assert 0.49 < ones / (8 * len(message)) < 0.51
    assert sum(a == b for a, b in zip(*sent, strict=True)) < len(sent[0]) / 50


def test_a_vector_of_another_round_or_of_nobody_is_refused(make_party: Any) -> None:
    party = make_party()
    terms = terms_of()
    party.hub.set_up(terms, party.nodes)
    vector = terms.encode({"w": np.zeros(3)}, {"w": np.ones(3)}, 1)
    old = party.node(100).mask(party.hub.open_round(), vector)
    request = party.hub.open_round()
    with pytest.raises(ProtocolError):
        party.hub.receive(100, old)
    with pytest.raises(DecodeError, match="no masked vector"):
        party.hub.receive(100, {})
    party.node(100).mask(request, vector)
    with pytest.raises(ProtocolError, match="a mask is used once"):
        party.node(100).mask(request, vector)


# ---- what a node refuses ---------------------------------------------------------------------------------------------


def swapped_nonces(node: int, request: dict[str, Any]) -> dict[str, Any]:
    if request["phase"] == "keys":
        request["nonces"] = [bytes(32), *request["nonces"][1:]]
    return request


def without_me(node: int, request: dict[str, Any]) -> dict[str, Any]:
    if request["phase"] == "reveal":
        keep = [i for i in range(len(request["publics"])) if i != node - 100]
        request = {**request, **{k: [request[k][i] for i in keep] for k in ("publics", "commitments", "signatures")}}
    return request


def unsigned(node: int, request: dict[str, Any]) -> dict[str, Any]:
    if request["phase"] == "reveal":
        request["signatures"] = [bytes(64), *request["signatures"][1:]]
    return request


def with_a_stranger(node: int, request: dict[str, Any]) -> dict[str, Any]:
    if request["phase"] == "reveal":
        stranger = IdentityKey.generate().public_bytes
        request["publics"] = [*request["publics"][:-1], stranger] if node != 109 else request["publics"]
    return request


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (swapped_nonces, "not the one that was committed to"),
        (without_me, "does not have this node's own key"),
        (unsigned, "a signature in the list of members"),
        (with_a_stranger, "not in the members file"),
    ],
)
def test_a_list_of_members_or_a_seed_of_the_servers_making_is_refused(make_party: Any, tamper: Any, why: str) -> None:
    party = make_party(server="active")
    party.tamper = tamper
    with pytest.raises(NotEnoughClients):
        party.hub.set_up(terms_of(server="active"), party.nodes)
    assert any(why in refusal for refusal in party.refusals)


def test_a_node_reveals_once_and_goes_back_to_no_epoch(make_party: Any) -> None:
    party = make_party()
    party.hub.set_up(terms_of(), party.nodes)
    for phase, why in (("reveal", "reveals to no other"), ("keys", "shown once"), ("join", "joins later ones only")):
        request = next(r for node, r in party.seen if node == 100 and r["phase"] == phase)
        with pytest.raises(ProtocolError, match=why):
            party.node(100).answer(request)
    with pytest.raises(ProtocolError, match="the request is of another"):
        party.node(100).answer({"phase": "unmask", "epoch": 7, "message": b""})
    with pytest.raises(ProtocolError, match="no phase 'help'"):
        party.node(100).answer({"phase": "help", "epoch": 0})
    party.states[100].clear()
    with pytest.raises(ProtocolError, match="lost its state"):
        party.node(100).answer({"phase": "unmask", "epoch": 0, "message": b""})


@pytest.mark.parametrize(
    ("policy", "terms", "why"),
    [
        (Policy(), {"server": "active"}, "without the members' keys"),
        (Policy(members=frozenset()), {}, "insists on server='active'"),
        (Policy(), {"corrupt": 0.0}, "protect against 0% corrupt"),
        (Policy(security_bits=80), {}, "with 40.0 bits"),
    ],
)
def test_terms_weaker_than_the_nodes_policy_are_refused(make_party: Any, policy: Policy, terms: Any, why: str) -> None:
    party = make_party()
    party.policy = policy
    with pytest.raises(ProtocolError, match=why):
        party.node(100).answer({"phase": "join", "epoch": 0, "terms": terms_of(**terms).to_bytes()})


# ---- terms -----------------------------------------------------------------------------------------------------------


def test_a_value_beyond_the_bound_is_an_error_or_a_reported_clip_never_silent() -> None:
    before, after = {"w": np.zeros(3)}, {"w": np.array([0.5, -1.5, 1.25])}
    with pytest.raises(RangeError, match="2 of 3 values of the update are beyond the agreed bound"):
        terms_of().encode(before, after, 1)
    clipping = terms_of(overflow="clip", weighted=False)
    average = clipping.decode(clipping.encode(before, after, 1), nodes=1)
    assert average.update["w"] == pytest.approx(np.array([0.5, -1.0, 1.0]))
    assert (average.clipped_nodes, average.clipped_coordinates) == (1, 2)
    inside = clipping.decode(clipping.encode(before, {"w": np.ones(3)}, 1), nodes=1)
    assert (inside.clipped_nodes, inside.clipped_coordinates) == (0, 0)


@pytest.mark.parametrize("weight", [0, -1, 100_001, 1.5, True])
def test_a_weight_out_of_range_is_refused(weight: Any) -> None:
    with pytest.raises(RangeError, match="max_weight"):
        terms_of().encode({"w": np.zeros(3)}, {"w": np.ones(3)}, weight)


def test_what_cannot_be_encoded_is_refused_and_named() -> None:
    zeros = {"w": np.zeros(3)}
    with pytest.raises(DataError, match="NaN or infinity"):
        terms_of().encode(zeros, {"w": np.array([0, np.nan, 0])}, 1)
    with pytest.raises(DataError, match="shape"):
        terms_of().encode(zeros, {"w": np.zeros(4)}, 1)
    with pytest.raises(DataError, match="2 arrays, agreed on are 1"):
        terms_of().encode(zeros, {"w": np.zeros(3), "extra": np.zeros(1)}, 1)
    with pytest.raises(DataError, match="no metric 'loss'"):
        terms_of(metrics=("loss",)).encode(zeros, zeros, 1)
    with pytest.raises(AggregateInvalid, match="sum of weights"):
        terms_of().decode(np.zeros(6, np.int64), nodes=3)


@pytest.mark.parametrize(
    "change",
    [{"bits": 60}, {"bound": 0.0}, {"overflow": "silent"}, {"max_weight": 0}, {"arrays": ()}, {"metric_bound": np.inf}],
)
def test_terms_that_cannot_be_meant_are_refused(change: Any) -> None:
    with pytest.raises(ParameterError):
        terms_of(**change)


def test_terms_have_one_encoding() -> None:
    terms = terms_of(metrics=("loss", "accuracy"), bound=0.1)
    assert Terms.from_bytes(terms.to_bytes()) == terms
    for data in (b"", b"{}", b"[]", terms.to_bytes() + b" ", terms.to_bytes().replace(b'"rounds"', b'"round"')):
        with pytest.raises(DecodeError):
            Terms.from_bytes(data)
