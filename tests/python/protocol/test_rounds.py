"""Whole rounds in one process: the sum is exact, everybody agrees, dropouts and latecomers are handled."""

from __future__ import annotations

import numpy as np
import pytest
from consortium import make, rows_of, updates_in_the_clear

from pyzkfl.errors import NotEnoughClients, ProtocolError


def test_the_opened_sum_is_the_sum_of_the_members_updates_and_everybody_computes_the_next_weights() -> None:
    c = make().ready()
    for round_ in range(2):
        weights = c.coordinator.weights
        updates = updates_in_the_clear(c, round_, weights)
        report = c.coordinator.run_round(round_)
        assert report.aggregate is not None and report.aggregate.survivors == tuple(c.clients)
        np.testing.assert_array_equal(report.aggregate.total, sum(updates.values()))
        for client in c.clients.values():
            np.testing.assert_array_equal(client.weights, c.coordinator.weights)
    assert np.any(c.coordinator.weights != 0)


def test_training_learns() -> None:
    c = make(rounds=8).ready()
    for round_ in range(8):
        c.coordinator.run_round(round_)
    x, y = rows_of(99, 400)
    assert c.job.accuracy(c.coordinator.weights, x, y) > 0.85


def test_a_member_absent_for_two_rounds_catches_up_from_evidence_that_it_checks() -> None:
    c = make().ready()
    c.channel.absent = {"m4"}
    c.coordinator.run_round(0)
    c.coordinator.run_round(1)
    c.channel.absent = set()
    report = c.coordinator.run_round(2)
    assert report.aggregate is not None and "m4" in report.aggregate.survivors
    np.testing.assert_array_equal(c.clients["m4"].weights, c.coordinator.weights)


def test_a_latecomer_refuses_evidence_whose_sum_was_changed() -> None:
    c = make().ready()
    c.channel.absent = {"m4"}
    c.coordinator.run_round(0)
    c.channel.absent = set()
    c.coordinator._evidence[0].total[0] += 1
    report = c.coordinator.run_round(1)
    assert [(name, kind) for name, kind, _ in report.refused] == [("m4", "ProtocolError")]
    assert "does not open" in report.refused[0][2]
    assert report.aggregate is not None and "m4" not in report.aggregate.survivors


def test_a_round_below_the_threshold_is_void_and_the_next_one_goes_on() -> None:
    c = make().ready()
    before = c.coordinator.weights.copy()
    c.channel.absent = {"m2", "m3", "m4"}
    report = c.coordinator.run_round(0)
    assert report.aggregate is None
    np.testing.assert_array_equal(c.coordinator.weights, before)
    c.channel.absent = set()
    assert c.coordinator.run_round(1).aggregate is not None


def test_a_message_of_another_phase_is_refused_and_changes_nothing() -> None:
    c = make().ready()
    client = c.clients["m0"]
    request = c.coordinator._seal(c_type("UNMASK"), {"mask": b"x"}, 0)
    with pytest.raises(ProtocolError, match="does not belong in this phase"):
        client.handle(request)
    assert c.coordinator.run_round(0).aggregate is not None


def test_a_message_signed_by_somebody_else_than_the_coordinator_is_refused() -> None:
    from pyzkfl import IdentityKey
    from pyzkfl.messages import Message, Type

    c = make().ready()
    forged = Message(Type.FINISH, c.coordinator.job.digest, 0, {}).seal(IdentityKey.generate())
    with pytest.raises(ProtocolError, match="signed by"):
        c.clients["m0"].handle(forged)
    assert not c.clients["m0"].finished


def test_aggregate_refuses_too_few_submissions() -> None:
    from pyzkfl.proofs import Opening, Submissions, aggregate

    c = make().ready()
    empty = Submissions((), Opening(np.zeros(c.job.dimension, dtype=np.int64), bytes(32)), c.coordinator.keys)
    with pytest.raises(NotEnoughClients):
        aggregate(c.coordinator.job, empty)


def c_type(name: str):
    from pyzkfl.messages import Type

    return Type[name]


def test_the_same_update_is_not_summed_over_two_sets_of_members() -> None:
    """A coordinator that ends a round, hides the sum and starts again without one member would get its update."""
    c = make(rounds=6, rows=(4, 4, 4, 4, 4)).ready()  # one batch each: the next round's update would be the same
    coordinator, weights = c.coordinator, c.coordinator.weights
    assert coordinator.run_round(0).aggregate is not None
    coordinator.weights = weights
    coordinator._evidence.clear()
    for client in c.clients.values():  # nobody has seen the sum
        client.weights, client._applied = weights, -1
    c.channel.absent = {"m4"}
    report = coordinator.run_round(1)
    assert report.aggregate is None
    assert len(report.refused) == 4
    assert all("would reveal the difference" in text for _, _, text in report.refused)


def test_evidence_without_the_survivors_signatures_or_with_a_member_taken_out_is_refused() -> None:
    for spoil in (lambda e: e.submissions.pop(), lambda e: e.signatures.clear(), lambda e: e.signatures.pop()):
        c = make().ready()
        c.channel.absent = {"m4"}
        c.coordinator.run_round(0)
        c.channel.absent = set()
        evidence = c.coordinator._evidence[0]
        del evidence.signatures[3:]  # as many as the threshold
        spoil(evidence)
        report = c.coordinator.run_round(1)
        assert [name for name, _, _ in report.refused] == ["m4"]
        assert "sign" in report.refused[0][2]


def test_a_masked_vector_that_is_not_the_committed_update_makes_the_round_void_and_the_next_goes_on() -> None:
    c = make().ready()
    liar = c.clients["m2"]
    train = type(liar)._train

    def other_vector(self):
        submission, update, blinder = train(self)
        return submission, update + 1, blinder

    liar._train = other_vector.__get__(liar)
    report = c.coordinator.run_round(0)
    assert report.aggregate is None and not np.any(c.coordinator.weights)
    liar._train = train.__get__(liar)
    assert c.coordinator.run_round(1).aggregate is not None


def test_a_member_that_sends_another_members_masking_message_is_refused_by_name() -> None:
    c = make().ready()
    exchange = c.channel.exchange
    from pyzkfl.messages import Message, Type

    def swapped(requests):
        answers = exchange(requests)
        opened = {name: Message.open(data, signer=c.identities[name].public_bytes) for name, data in answers.items()}
        if opened and all(message.type is Type.MASK_SHARE for message in opened.values()):
            stolen = opened["m2"].body["mask"]
            forged = Message(Type.MASK_SHARE, opened["m1"].job, opened["m1"].round, {"mask": stolen})
            answers["m1"] = forged.seal(c.identities["m1"])
        return answers

    c.channel.exchange = swapped
    report = c.coordinator.run_round(0)
    assert [(name, kind) for name, kind, _ in report.refused] == [("m1", "ProtocolError")]
    assert report.aggregate is not None and "m1" not in report.aggregate.survivors


def test_registrations_that_leave_a_member_out_are_refused() -> None:
    c = make()
    c.coordinator.run_setup()
    to_all = c.coordinator._to_all

    def fewer(type_, body):
        if "registrations" in body:
            body = {"registrations": body["registrations"][:-1]}
        return to_all(type_, body)

    c.coordinator._to_all = fewer
    with pytest.raises(ProtocolError, match="not those of all members"):
        c.coordinator.run_registration()
