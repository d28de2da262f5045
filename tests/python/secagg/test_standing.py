"""Standing rounds from Python: arguments, errors and what the bindings add; the attacks are in tests/cpp/secagg."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from masking import IDENTITIES

from pyzkfl.errors import DecodeError, NotEnoughClients, ParameterError, ProtocolError
from pyzkfl.standing import Member, Plan, Server, choose_neighbourhood, set_up

BLINDER = bytes(32)


def make_plan(n: int = 8, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "job_digest": b"\x07" * 32, "epoch": 0, "members": [key.public_bytes for key in IDENTITIES[:n]],
        "seed": bytes(32), "rounds": 3, "length": 4, "max_abs": 1000, "dropout": 0.38, "corrupt": 0.12,
    }  # fmt: skip
    return Plan(**{**given, **changes})


def parties(plan: Plan) -> tuple[list[Member], Server]:
    return [Member(plan, i, IDENTITIES[i]) for i in range(plan.n)], Server(plan)


def ready(plan: Plan) -> tuple[list[Member], Server]:
    members, server = parties(plan)
    set_up(server, members)
    return members, server


def run_round(members: list[Member], server: Server, round_: int, staying: list[int]) -> list[int]:
    server.open_round(round_)
    for i in staying:
        vector = np.array([i, -i, 1000, -1000], dtype=np.int64)
        assert server.receive(members[i].masked_input(round_, vector, BLINDER)) == i
    message = server.close_masked()
    if server.phase == "consistency":
        for i in staying:
            if members[i].in_committee:
                server.receive(members[i].sign_survivors(message))
        message = server.close_consistency()
    for i in staying:
        server.receive(members[i].unmask(message))
    total, blinder = server.sum()
    assert blinder == BLINDER
    return [int(v) for v in total]


@pytest.mark.parametrize("server", ["active", "semi-honest"])
def test_rounds_give_exact_sums_whoever_is_lost(server: str) -> None:
    members, coordinator = ready(make_plan(server=server))
    assert coordinator.members == list(range(8))
    for round_, staying in enumerate([[0, 1, 2, 3, 4, 5, 6, 7], [0, 2, 3, 5, 7], [1, 2, 3, 4, 6]]):
        total = run_round(members, coordinator, round_, staying)
        assert total == [sum(staying), -sum(staying), 1000 * len(staying), -1000 * len(staying)]
        assert coordinator.survivors == staying


def test_the_neighbourhood_is_computed_and_a_weak_one_refused() -> None:
    chosen = choose_neighbourhood(1000, 0.05, 0.05)
    assert (chosen.neighbours, chosen.threshold) == (80, 60)
    assert chosen.security_bits >= 40
    assert chosen.correctness_bits >= 30
    fewer = choose_neighbourhood(1000, 0.05, 0.05, server="semi-honest")
    assert fewer.neighbours < chosen.neighbours
    with pytest.raises(ParameterError, match="no graph protects 100 members"):
        choose_neighbourhood(100, 0.5, 0.05)
    with pytest.raises(ParameterError, match="'active' or 'semi-honest'"):
        choose_neighbourhood(100, 0.1, 0.05, server="honest")
    with pytest.raises(ParameterError, match="too weak"):
        make_plan(neighbours=7, threshold=4)
    with pytest.raises(ParameterError, match="lose too many rounds"):
        make_plan(neighbours=7, threshold=8)


def test_a_member_goes_on_from_its_saved_state_and_enters_no_round_twice() -> None:
    plan = make_plan()
    members, server = ready(plan)
    run_round(members, server, 0, list(range(8)))
    saved = members[3].save()
    members[3] = Member.restore(plan, 3, IDENTITIES[3], saved)
    assert members[3].next_round == 1
    with pytest.raises(ProtocolError, match="a mask is used once"):
        members[3].masked_input(0, np.zeros(4, dtype=np.int64), BLINDER)
    assert run_round(members, server, 1, list(range(8)))[0] == 28
    with pytest.raises(DecodeError, match="damaged, or of another"):
        Member.restore(plan, 2, IDENTITIES[2], saved)
    with pytest.raises(TypeError, match="save"):
        copy.copy(members[3])
    with pytest.raises(TypeError, match="incompatible"):
        server.save(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="incompatible"):
        Server.restore(plan, None, saved)  # type: ignore[arg-type]


def test_errors_keep_their_types_and_name_the_offender() -> None:
    plan = make_plan()
    members, server = parties(plan)
    with pytest.raises(ProtocolError, match="wrong phase"):
        members[0].masked_input(0, np.zeros(4, dtype=np.int64), BLINDER)
    for i in range(4):
        server.receive(members[i].keys())
    with pytest.raises(NotEnoughClients, match="4 members showed keys"):
        server.close_keys()
    members, server = ready(plan)
    with pytest.raises(ParameterError, match="int64"):
        members[0].masked_input(0, np.zeros(4), BLINDER)
    with pytest.raises(ParameterError, match="4 are agreed on"):
        members[0].masked_input(0, np.zeros(5, dtype=np.int64), BLINDER)
    server.open_round(0)
    server.receive(members[1].masked_input(0, np.zeros(4, dtype=np.int64), BLINDER))
    twin = Member.restore(plan, 2, IDENTITIES[2], members[2].save())
    server.receive(members[2].masked_input(0, np.zeros(4, dtype=np.int64), BLINDER))
    with pytest.raises(ProtocolError, match="second, different message") as caught:
        server.receive(twin.masked_input(0, np.ones(4, dtype=np.int64), BLINDER))
    assert caught.value.offender == 2
