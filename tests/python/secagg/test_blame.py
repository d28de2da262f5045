"""The blame round: whoever spoils a sum is named, whatever it answers; honest members never are."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

import numpy as np
import pytest
from masking import IDENTITIES

from pyzkfl import blame
from pyzkfl._core import curves, fields
from pyzkfl.errors import NotEnoughClients, ParameterError, ProtocolError
from pyzkfl.standing import Member, Plan, Server, set_up

ORDER = fields.modulus("fr")
LENGTH = 3
BASE = [bytes(curves.g1_mul(curves.g1_generator(), 7**i + 11)) for i in range(LENGTH + 2)]
Vector = np.ndarray


def commit(values: Vector, blinder: bytes) -> bytes:
    assert np.abs(values).max() < 2**31
    scalars = [int(v) % ORDER for v in values] + [int.from_bytes(blinder, "little")]
    return bytes(curves.g1_compress(curves.g1_msm(BASE[: LENGTH + 1], scalars)))


@dataclasses.dataclass
class Round:
    """A round of eight, of whom some are lost; `sent` is what was masked, `meant` what was committed to."""

    plan: Plan
    members: list[Member]
    server: Server
    staying: list[int]
    meant: dict[int, Vector]
    sent: dict[int, Vector]
    blinders: dict[int, int]
    commitments: dict[int, bytes]
    request: bytes = b""
    survivors: bytes = b""

    def blinder(self, i: int) -> bytes:
        return self.blinders[i].to_bytes(32, "little")

    def answers(self, silent: tuple[int, ...] = ()) -> dict[int, bytes]:
        return {
            i: blame.answer(
                self.members[i], IDENTITIES[i], self.plan, self.request, self.sent[i], self.blinder(i), commit
            )
            for i in self.staying
            if i not in silent
        }

    def judge(self, answers: dict[int, bytes]) -> blame.Verdict:
        return blame.judge(self.server, self.plan, answers, self.commitments, commit)

    def opens(self, total: Vector, blinder: bytes) -> bool:
        return commit(total, blinder) == curves.g1_sum_compressed([self.commitments[i] for i in self.staying])

    def resigned(self, i: int, body: bytes) -> bytes:
        return body + IDENTITIES[i].sign(blame._signed(self.plan, 1, i, body))


def run(
    spoil: Callable[[dict[int, Vector], dict[int, int]], None] = lambda sent, blinders: None,
    lost: tuple[int, ...] = (2, 5),
    server: str = "active",
    max_abs: int = 100_000,
    unmasked: bool = True,
) -> Round:
    plan = Plan(
        job_digest=b"\x07" * 32, epoch=0, members=[key.public_bytes for key in IDENTITIES[:8]], seed=bytes(32),
        rounds=2, length=LENGTH, max_abs=max_abs, dropout=0.38, corrupt=0.12, server=server,
    )  # fmt: skip
    members = [Member(plan, i, IDENTITIES[i]) for i in range(8)]
    coordinator = Server(plan)
    set_up(coordinator, members)
    staying = [i for i in range(8) if i not in lost]
    generator = np.random.default_rng(5)
    meant = {i: generator.integers(-max_abs // 2, max_abs // 2, LENGTH) for i in staying}
    blinders = {i: int(generator.integers(1 << 62)) ** 4 % ORDER for i in staying}
    commitments = {i: commit(meant[i], blinders[i].to_bytes(32, "little")) for i in staying}
    sent = {i: vector.copy() for i, vector in meant.items()}
    spoil(sent, blinders)
    out = Round(plan, members, coordinator, staying, meant, sent, blinders, commitments)
    coordinator.open_round(1)
    for i in staying:
        coordinator.receive(members[i].masked_input(1, sent[i], out.blinder(i)))
    out.survivors = out.request = coordinator.close_masked()
    if plan.active:
        for i in staying:
            coordinator.receive(members[i].sign_survivors(out.survivors))
        out.request = coordinator.close_consistency()
    for i in staying:
        share = members[i].unmask(out.request)
        if unmasked:
            coordinator.receive(share)
    if unmasked:
        coordinator.sum()
    return out


@pytest.mark.parametrize("server", ["active", "semi-honest"])
@pytest.mark.parametrize("max_abs", [100, 100_000, 1 << 30])
def test_answers_of_honest_members_open_the_sum_of_the_commitments(server: str, max_abs: int) -> None:
    r = run(server=server, max_abs=max_abs)
    verdict = r.judge(r.answers())
    assert (verdict.named, verdict.disputed, verdict.silent) == ({}, (), ())
    assert verdict.total is not None
    assert verdict.total.tolist() == r.server.sum()[0].tolist() == sum(r.meant.values()).tolist()
    assert verdict.blinder == r.server.sum()[1]


@pytest.mark.parametrize("what", ["vector", "blinder", "one in the last place"])
def test_a_member_that_masks_another_vector_than_it_committed_to_is_named(what: str) -> None:
    def spoil(sent: dict[int, Vector], blinders: dict[int, int]) -> None:
        if what == "blinder":
            blinders[3] += 1
        else:
            sent[3][1] += 1 if what == "one in the last place" else 5000

    r = run(spoil)
    assert not r.opens(*r.server.sum())
    verdict = r.judge(r.answers())
    assert list(verdict.named) == [3]
    assert "not the one that it committed to" in verdict.named[3]
    assert verdict.total is None
    assert (verdict.disputed, verdict.silent) == ((), ())


def test_a_member_cannot_show_another_vector_than_it_sent() -> None:
    def spoil(sent: dict[int, Vector], _: dict[int, int]) -> None:
        sent[3][1] += 5000

    r = run(spoil)
    answers = r.answers()
    body = bytearray(answers[3][:-64])
    struct.pack_into("<i", body, 4, struct.unpack_from("<i", body, 4)[0] - 5000)  # the vector that it should have sent
    answers[3] = r.resigned(3, bytes(body))
    verdict = r.judge(answers)
    assert verdict.named == {3: "it shows another vector than it sent"}
    with pytest.raises(ParameterError, match="not the values"):
        blame.answer(r.members[3], IDENTITIES[3], r.plan, r.request, r.meant[3], r.blinder(3), commit)


def shifted(r: Round, answers: dict[int, bytes], i: int, j: int, scalar: int) -> bytes:
    """i's answer with its commitment to the mask with j moved by `scalar` times the second base point."""
    body = bytearray(answers[i][:-64])
    at = len(body) - 2 - 34 * len(r.members[i].lost_seeds(r.request))
    while struct.unpack_from("<H", body, at - 34)[0] != j:
        at -= 34
    moved = curves.g1_add(bytes(body[at - 32 : at]), curves.g1_mul(BASE[1], scalar % ORDER))
    body[at - 32 : at] = curves.g1_compress(moved)
    return r.resigned(i, bytes(body))


def test_an_error_that_is_hidden_in_a_mask_leads_to_a_dispute_and_one_spread_over_many_names_the_liar() -> None:
    def spoil(sent: dict[int, Vector], _: dict[int, int]) -> None:
        sent[3][1] += 5000

    r = run(spoil)
    answers = r.answers()
    hidden = dict(answers)
    hidden[3] = shifted(r, answers, 3, 6, 5000)  # 3 < 6: the mask is added
    verdict = r.judge(hidden)
    assert (verdict.named, verdict.disputed, verdict.total) == ({}, ((3, 6),), None)

    spread = dict(answers)
    spread[3] = shifted(r, spread, 3, 6, 2500)
    spread[3] = shifted(r, spread, 3, 7, 2500)
    verdict = r.judge(spread)
    assert list(verdict.named) == [3]  # one member may collude, and two contradict it
    assert verdict.disputed == ()

    passed_on = dict(hidden)  # to an accomplice, whose own vector then does not fit
    passed_on[6] = shifted(r, answers, 6, 3, 5000)
    verdict = r.judge(passed_on)
    assert list(verdict.named) == [6]


def test_who_does_not_answer_or_not_under_its_own_key_is_silent_and_nobody_else_is_blamed() -> None:
    r = run()
    answers = r.answers(silent=(4,))
    answers[6] = answers[6][:-1] + bytes([answers[6][-1] ^ 1])
    verdict = r.judge(answers)
    assert (verdict.named, verdict.disputed, verdict.silent, verdict.total) == ({}, (), (4, 6), None)


def test_nobody_is_named_for_a_self_mask_that_the_server_cannot_have() -> None:
    r = run(unmasked=False)
    with pytest.raises(NotEnoughClients, match="shares of member 0 came"):
        r.judge(r.answers())


def test_seeds_of_pairs_with_lost_members_are_shown_by_both_sides() -> None:
    r = run()
    answers = r.answers()
    body = bytearray(answers[1][:-64])
    body[-1] ^= 1  # of the pair with member 5, which was lost
    answers[1] = r.resigned(1, bytes(body))
    verdict = r.judge(answers)
    assert list(verdict.named) == [1]  # another mask than it used
    body = bytearray(r.answers()[1][:-64])
    del body[-34:]
    struct.pack_into("<H", body, len(body) - 36, 1)
    answers[1] = r.resigned(1, bytes(body))
    assert "with those who were lost" in r.judge(answers).named[1]


class Pads:
    """A server to whom lost members dealt pads that open to other seeds for these survivors; and no sum."""

    def __init__(self, server: Server, false: dict[int, list[int]]) -> None:
        self.survivors, self.round = server.survivors, server.round
        self.sent_vector, self.opened_masks = server.sent_vector, server.opened_masks
        self.false = false

    def other_seeds(self, survivor: int, shown: list[tuple[int, bytes]]) -> list[int]:
        assert [lost for lost, _ in shown] == [2, 5]
        return self.false.get(survivor, [])


def test_false_pads_of_a_lost_member_are_disputed_or_name_it_and_the_answers_still_open_the_sum() -> None:
    r = run()
    answers = r.answers()
    for false, named, disputed in (({3: [5]}, [], ((3, 5),)), ({3: [5], 4: [5]}, [5], ())):
        verdict = blame.judge(Pads(r.server, false), r.plan, answers, r.commitments, commit)  # type: ignore[arg-type]
        assert (list(verdict.named), verdict.disputed) == (named, disputed)
        assert verdict.total is not None
        assert verdict.blinder is not None
        assert r.opens(verdict.total, verdict.blinder)


def test_a_vector_has_one_encoding() -> None:
    r = run()
    answers = r.answers()
    body = bytearray(answers[3][:-64])
    for limb, change in ((1, 1 << 30), (2, -1)):  # the same integer
        at = 4 * LENGTH * limb
        struct.pack_into("<i", body, at, struct.unpack_from("<i", body, at)[0] + change)
    answers[3] = r.resigned(3, bytes(body))
    verdict = r.judge(answers)
    assert (verdict.named, verdict.silent, verdict.total) == ({}, (3,), None)


def test_a_blame_round_is_about_the_set_that_the_member_is_bound_to() -> None:
    r = run()
    request = bytearray(r.request)
    request[53 + 32] ^= 1 << 3
    with pytest.raises(ProtocolError, match="bound to"):
        r.members[0].blamed_vector(bytes(request), r.sent[0], r.blinder(0))
    with pytest.raises(ProtocolError, match="bound to"):
        r.members[0].lost_seeds(bytes(request))
    unsigned = r.request[: 53 + 32 + 1] + b"\0\0"  # the right set, and no signatures of the committee
    with pytest.raises(ProtocolError, match="of the committee signed"):
        r.members[0].lost_seeds(unsigned)
    with pytest.raises(ParameterError, match="no neighbour that survived"):
        r.members[0].blame_mask(r.request, 5)


def test_what_a_member_shows_is_far_wider_than_its_vector_and_not_the_same_for_two_vectors() -> None:
    """Wide masks are above the round's masks: without them the part above 2^b would show carries of the vector."""
    r = run()
    limbs, _ = r.members[0].blamed_vector(r.request, r.sent[0], r.blinder(0))
    assert [exponent for exponent, _ in limbs] == [0, r.plan.bits, r.plan.bits + 30, r.plan.bits + 60]
    assert min(int(limbs[2][1].min()), int(limbs[1][1].min())) > 1 << 10


def test_the_self_mask_alone_hides_the_integers_from_a_server_that_knows_every_other_mask() -> None:
    """All its neighbours betray it, and nobody opened its self mask: what is left is its vector under that one."""
    r = run()
    limbs, _ = r.members[0].blamed_vector(r.request, r.sent[0], r.blinder(0))
    left = [sum(int(limb[at]) << exponent for exponent, limb in limbs) for at in range(LENGTH)]
    for other in (i for i in r.staying if i in r.plan.neighbours_of(0)):
        mask, _ = r.members[other].blame_mask(r.request, 0)  # 0 < other: added
        left = [value - sum(int(limb[at]) << e for e, limb in mask) for at, value in enumerate(left)]
    assert min(abs(value) for value in left) > 1 << (r.plan.bits + 40)
    opened, _ = r.server.opened_masks(0, r.members[0].lost_seeds(r.request))
    left = [value - sum(int(limb[at]) << e for e, limb in opened) for at, value in enumerate(left)]
    assert left == r.sent[0].tolist()
