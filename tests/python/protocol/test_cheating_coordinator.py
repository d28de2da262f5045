"""A coordinator that wants a single update: members refuse it by one check each, and without that check would not."""

from __future__ import annotations

import pytest
from consortium import make

from pyzkfl import _core
from pyzkfl.demo.attackers import CheatingCoordinator
from pyzkfl.demo.plan import Attack

CHECKS = {Attack.BOTH_SHARES: "both-shares", Attack.TWO_SETS: "consistency"}


def outcome(attack: Attack) -> str:
    """How the members refuse the attack; "" if they answer it."""
    c = make(coordinator=CheatingCoordinator, attacks_of_coordinator={0: attack}).ready()
    report = c.coordinator.run_round(0)
    assert report.aggregate is not None, "the honest part of the round goes on"
    ((round_, name, how),) = c.coordinator.outcomes
    assert (round_, name) == (0, str(attack))
    return how


@pytest.mark.parametrize("attack", CHECKS, ids=[a.name.lower() for a in CHECKS])
def test_the_attack_is_refused_by_its_check_and_answered_without_it(attack: Attack, monkeypatch) -> None:
    how = outcome(attack)
    assert {"both-shares": "both shares", "consistency": "second, different set"}[CHECKS[attack]] in how

    monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", "1")
    real = _core.secagg.ClientSession
    monkeypatch.setattr(
        _core.secagg,
        "ClientSession",
        lambda config, index, identity: real(config, index, identity, unsafe_skip={CHECKS[attack]}),
    )
    assert outcome(attack) == ""


def test_a_session_without_a_check_cannot_be_made_outside_tests(monkeypatch) -> None:
    from pyzkfl.errors import ParameterError

    monkeypatch.delenv("PYZKFL_ALLOW_UNSAFE", raising=False)
    c = make().ready()
    from pyzkfl.messages import mask_config

    config = mask_config(c.coordinator.job, 0)
    with pytest.raises(ParameterError):
        _core.secagg.ClientSession(config, 0, c.identities["m0"], unsafe_skip={"consistency"})
