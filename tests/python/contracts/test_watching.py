"""Members that look at verdicts by themselves: a false proof with a verdict for it, a stalled vote, an honest round."""

from __future__ import annotations

from typing import Any

import pytest
from economy import STAKE, address_of
from test_engine_on_chain import AT_RISK, NAMES, Training, identities, setup  # noqa: F401 - fixtures

from pyzkfl.demo.plan import Attack
from pyzkfl.errors import ChainError, ParameterError
from pyzkfl.integrations.evm_watch import Watcher


def watched(on: Training, member: str) -> list[tuple[int, str]]:
    """What a member finds; it looks whenever somebody waits for a window."""
    found: list[tuple[int, str]] = []

    def look() -> None:
        found.extend(watcher.look())
        assert watcher.look() == []  # once

    watcher: Any = on.clients[member].watcher()
    on.look = look
    return found


def test_a_member_challenges_a_false_verdict_by_itself(identities, setup) -> None:  # noqa: F811
    on = Training(identities, setup, {"m1": {0: Attack.SCALED}})
    on.boss.run_registration()
    on.sign(
        0, 1, 2, 3
    )  # all that sign call the forgery true, m3 too: half of what is lost is its own again
    found = watched(on, "m3")
    with pytest.raises(ChainError, match="overturned"):
        on.boss.run_round(0)
    assert found == [(0, "m1")] and on.finder.outcome(0) == "the verdict was overturned"
    assert [on.bonded(name) for name in NAMES] == [0, STAKE - AT_RISK, 0, 0]
    taken = 3 * STAKE + AT_RISK
    assert on.contracts.token.call("balanceOf", address_of("m3")) == taken // 2


def test_a_member_shows_a_forgery_that_a_stalled_vote_would_spare(identities, setup) -> None:  # noqa: F811
    on = Training(identities, setup, {"m1": {0: Attack.SCALED}})
    on.boss.run_registration()
    for client in on.clients.values():
        client.on_chain.attest = lambda *_: None
    watcher = on.clients["m3"].watcher()
    found: list[tuple[int, str]] = []

    def let_pass(until: int) -> None:
        if until > on.chain.time() + 3600:  # first to where the vote ends
            on.chain.advance(on.finder.round_state(0)["attest_until"] - on.chain.time())
            found.extend(watcher.look())
        on.chain.advance(max(0, until - on.chain.time()))

    on.boss._let_pass = let_pass
    with pytest.raises(ChainError, match="no verdict"):
        on.boss.run_round(0)
    assert found == [(0, "m1")] and on.finder.rejected(0) == ["m1"]
    assert [on.bonded(name) for name in NAMES] == [STAKE, STAKE - AT_RISK, STAKE, STAKE]


def test_a_member_finds_nothing_in_an_honest_round(identities, setup) -> None:  # noqa: F811
    on = Training(identities, setup, {"m1": {0: Attack.SWAPPED_LABELS}})
    on.boss.run_registration()
    found = watched(on, "m0")
    assert on.boss.run_round(0).aggregate is not None  # m1 was rejected, and that is right
    assert found == [] and on.finder.outcome(0) == "closed"


def test_a_thread_looks_beside_the_round(identities, setup) -> None:  # noqa: F811
    on = Training(identities, setup)
    on.boss.run_registration()
    with on.clients["m0"].watcher().running(every_s=10.0):
        pass  # it stops at once, and does not wait for its turn


def test_a_job_without_a_contract_has_nothing_to_watch(identities, setup, monkeypatch) -> None:  # noqa: F811
    on = Training(identities, setup)
    on.boss.run_registration()
    import dataclasses

    terms = dataclasses.replace(on.finder.terms(), statement="0x" + "00" * 20)
    monkeypatch.setattr(type(on.finder), "terms", lambda self: terms)
    with pytest.raises(ParameterError, match="nothing to watch"):
        Watcher(on.finder)
