"""A server that keeps in a folder what members send for each other: the same sums, restored at every step, and never
from files of another setup."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from pyzkfl.errors import DecodeError, NotEnoughClients, SystemFailure
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Member, Plan, Server

OPERATOR = IdentityKey.generate()
IDENTITIES = [IdentityKey.generate() for _ in range(60)]


def plan_of(n: int, server: str) -> Plan:
    return Plan(
        job_digest=bytes(32), epoch=0, members=[key.public_bytes for key in IDENTITIES[:n]], seed=bytes(32),
        rounds=3, length=4, max_abs=1000, dropout=0.2 if n > 9 else 0.34, corrupt=0.05, server=server,
    )  # fmt: skip


class Coordinator:
    """A server that is saved, forgotten and restored after every call."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.state = Server(plan, folder).save(OPERATOR)

    def __call__(self, name: str, *arguments: object) -> object:
        server = Server.restore(self.plan, OPERATOR, self.state, self.folder)
        result = getattr(server, name)(*arguments)
        self.state = server.save(OPERATOR)
        return result


def set_up(server: Coordinator, members: list[Member], absent: int) -> None:
    """The last member shows its key and is lost; `absent` never comes."""
    for member in members:
        if member.index != absent:
            server("receive", member.keys())
    server("close_keys")
    dealing = [member for member in members if member.index != absent][:-1]
    for member in reversed(dealing):
        server("receive", member.deal(server("neighbour_keys", member.index)))
    server("close_deal")
    for member in dealing:
        message = member.accept(server("dealt", member.index))
        if message:
            server("receive", message)
    if server.plan.active:
        server("close_confirm")
        for member in dealing:
            member.confirmed(server("confirmed", member.index))


def run_round(server: Coordinator, members: list[Member], round_: int) -> np.ndarray:
    server("open_round", round_)
    for member in members:
        server("receive", member.masked_input(round_, np.full(4, member.index + round_, np.int64), bytes(32)))
    request = server("close_masked")
    if server.plan.active:
        for member in members:
            if member.in_committee:
                server("receive", member.sign_survivors(request))
        request = server("close_consistency")
    for member in members:
        server("receive", member.unmask(request))
    return server("sum")[0]  # type: ignore[index,no-any-return]


@pytest.mark.parametrize(
    ("n", "server", "on_a_ring"), [(60, "active", True), (9, "active", False), (9, "semi-honest", False)]
)
def test_a_server_restored_from_its_folder_after_every_call_sums_exactly(
    tmp_path: Path, n: int, server: str, on_a_ring: bool
) -> None:
    plan = plan_of(n, server)
    assert (plan.neighbourhood.neighbours < n - 1) == on_a_ring
    members = [Member(plan, i, IDENTITIES[i]) for i in range(n)]
    coordinator = Coordinator(plan, tmp_path)
    set_up(coordinator, members, absent=0)
    here = members[1:-1]
    assert run_round(coordinator, here, 0).tolist() == [sum(m.index for m in here)] * 4
    here = [m for m in here if m.index != n // 2]  # lost after the setup
    assert run_round(coordinator, here, 1).tolist() == [sum(m.index + 1 for m in here)] * 4
    assert len(coordinator.state) < 1200 * n + plan.length  # the state does not grow with the neighbours
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_answers_in_the_folder_are_encrypted_and_may_be_sent_again_when_they_are_lost(tmp_path: Path) -> None:
    plan = plan_of(9, "semi-honest")
    members = [Member(plan, i, IDENTITIES[i]) for i in range(9)]
    coordinator = Coordinator(plan, tmp_path)
    set_up(coordinator, members, absent=0)
    here = members[1:-1]
    total = run_round(coordinator, here, 0)
    coordinator("open_round", 1)
    for member in here:
        coordinator("receive", member.masked_input(1, np.full(4, member.index, np.int64), bytes(32)))
    request = coordinator("close_masked")
    answers = [member.unmask(request) for member in here]
    for answer in answers:
        coordinator("receive", answer)
    kept = (tmp_path / "answers").read_bytes()
    header, entry = 53 + 32 + 2, 2 + 32
    for answer in answers:
        shares = [answer[at + 2 : at + entry] for at in range(header, len(answer) - 32, entry)]
        assert len(shares) > 4
        assert not any(share in kept for share in shares)
    exact = coordinator("sum")[0]
    (tmp_path / "answers").write_bytes(kept[: len(kept) // 3])
    with pytest.raises(NotEnoughClients):
        coordinator("sum")
    before = set(Server.restore(plan, OPERATOR, coordinator.state, tmp_path).responders)
    assert before < {member.index for member in here}
    assert total.tolist() == exact.tolist() == [sum(m.index for m in here)] * 4


def test_a_folder_of_another_setup_or_without_the_shares_is_refused(tmp_path: Path) -> None:
    plan = plan_of(9, "active")
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "empty"]
    coordinators = []
    for folder in folders:
        folder.mkdir()
    for folder in folders[:2]:
        members = [Member(plan, i, IDENTITIES[i]) for i in range(9)]
        coordinators.append(Coordinator(plan, folder))
        set_up(coordinators[-1], members, absent=0)
    state = coordinators[0].state
    for folder in folders[1:]:
        with pytest.raises(DecodeError, match="not in the folder"):
            Server.restore(plan, OPERATOR, state, folder)
    with pytest.raises(DecodeError, match="kept shares elsewhere"):
        Server.restore(plan, OPERATOR, state)
    columns = folders[0] / "shares.columns"
    columns.write_bytes(columns.read_bytes()[:-1])
    with pytest.raises(DecodeError, match="not in the folder"):
        Server.restore(plan, OPERATOR, state, folders[0])
    with pytest.raises(SystemFailure, match="cannot open"):
        Server(plan, tmp_path / "nowhere")
