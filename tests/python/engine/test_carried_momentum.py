"""Momentum carried over rounds: the chain of velocities, in proofs and in the protocol, and who would break it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from network_consortium import Consortium
from slow_trainer import Slow

from pyzkfl import Client, messages
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, ProtocolError, WitnessInvalid
from pyzkfl.job import Job, Member
from pyzkfl.messages import Message, Type
from pyzkfl.network import NO_VELOCITY, NetworkJob, NetworkProver, RoundStatement
from pyzkfl.proofs import Witness
from pyzkfl.velocities import OwnVelocities, Velocities, Velocity

NETWORK = NetworkJob(widths=(3, 2), batch=8, learning_rate=0.1, momentum=0.9, carry_momentum=True)


# ---- single proofs ---------------------------------------------------------------------------------------------------


class TwoRounds:
    """Two rounds of one member: the second goes on from what the first left."""

    def __init__(self) -> None:
        with pytest.warns(UserWarning, match="insecure"):
            self.prover = NetworkProver.insecure(NETWORK)
        rng = np.random.default_rng(1)
        self.weights = NETWORK.weights(rng.normal(size=NETWORK.dimension) * 0.2)
        self.batch = rng.integers(-99, 99, (8, 3)), rng.integers(0, 2, 8)
        self.blinder = random_blinder()
        self.first = self.train(None, NO_VELOCITY, bytes(32))
        trained, _, _, blinder, statement, _ = self.first
        self.second = self.train(trained.velocity, statement.velocity_commitments[1], blinder)

    def train(self, velocity, commitment, blinder):
        """A round from this velocity: what was trained, the blinders of D and V', statement and proof."""
        trained = NETWORK.train(self.weights, [self.batch], velocity)
        own, following = random_blinder(), random_blinder()
        p = self.prover
        statement = RoundStatement(
            NETWORK,
            b"a round",
            p.commit_weights(self.weights),
            (p.commit_batch(*self.batch, self.blinder),),
            (8,),
            p.commit_update(trained.update, own),
            (commitment, p.commit_update(trained.velocity, following)),
        )
        proof = p.prove(trained, statement, [self.blinder], own, velocity_blinders=[blinder, following])
        return trained, velocity, own, following, statement, proof


@pytest.fixture(scope="module")
def rounds() -> TwoRounds:
    return TwoRounds()


def test_a_round_goes_on_from_the_velocity_that_the_last_one_left_in_512_bytes(rounds: TwoRounds) -> None:
    for trained, velocity, _, _, statement, proof in (rounds.first, rounds.second):
        rounds.prover.verify(statement, proof)
        assert len(proof.data) == 512
        kept = None if velocity is None else velocity.tolist()
        x, y = rounds.batch
        slow = Slow(NETWORK).round(rounds.weights.tolist(), [(x.tolist(), y.tolist())], kept)
        assert slow == trained.update.tolist() == trained.velocity.tolist()
    assert not np.array_equal(rounds.first[0].update, rounds.second[0].update)
    assert rounds.prover.commit_update(np.zeros(NETWORK.dimension, dtype=np.int64), bytes(32)) == NO_VELOCITY


def test_of_several_steps_the_velocity_is_the_last_ones_update() -> None:
    job = dataclasses.replace(NETWORK, steps=3)
    rng = np.random.default_rng(2)
    weights, velocity = rng.integers(-9999, 9999, job.dimension), rng.integers(-9999, 9999, job.dimension)
    batches = [(rng.integers(-99, 99, (8, 3)), rng.integers(0, 2, 8)) for _ in range(3)]
    trained = job.train(weights, batches, velocity)
    kept = velocity.tolist()
    assert Slow(job).round(weights.tolist(), [(x.tolist(), y.tolist()) for x, y in batches], kept) == (
        trained.update.tolist()
    )
    assert kept == trained.velocity.tolist() != trained.update.tolist()


def test_a_next_velocity_that_is_no_point_is_named_in_a_batch_and_hides_no_other(rounds: TwoRounds) -> None:
    """It comes from the sender, and the context hashes it before anything is decoded."""
    (*_, statement, proof), (*_, other, proof_of_other) = rounds.first, rounds.second
    before, _ = statement.velocity_commitments
    for no_point in (b"", b"\xff" * 32, bytes(32)):
        bad = dataclasses.replace(statement, velocity_commitments=(before, no_point)), proof.data
        good = [(statement, proof.data), (other, proof_of_other.data)]
        assert rounds.prover.failing([bad, good[0], bad, good[1], (other, proof.data)]) == [0, 2, 4]
        with pytest.raises(DecodeError):
            rounds.prover.verify(bad[0], proof)


def test_another_velocity_than_the_verifiers_is_refused(rounds: TwoRounds) -> None:
    """What a member may try: each proof is a true one, of a statement that the verifier does not make."""
    honest = rounds.second[4]
    made_up = np.full(NETWORK.dimension, 3000, dtype=np.int64)
    blinder = random_blinder()
    others = {
        "none, as in the first round": (None, NO_VELOCITY, bytes(32)),
        "an older one of its own": (rounds.second[0].velocity, honest.velocity_commitments[1], rounds.second[3]),
        "made up": (made_up, rounds.prover.commit_update(made_up, blinder), blinder),
    }
    for name, velocity in others.items():
        *_, statement, proof = rounds.train(*velocity)
        rounds.prover.verify(statement, proof)
        expected = (honest.velocity_commitments[0], statement.velocity_commitments[1])
        with pytest.raises(ProofInvalid):
            rounds.prover.verify(dataclasses.replace(statement, velocity_commitments=expected), proof)
        assert statement.velocity_commitments[0] != expected[0], name


def test_the_next_velocity_is_bound_as_the_update_is(rounds: TwoRounds) -> None:
    trained, _, own, following, statement, proof = rounds.second
    before, after = statement.velocity_commitments
    p = rounds.prover
    for wrong in (
        before,
        NO_VELOCITY,
        p.commit_update(trained.velocity, random_blinder()),
        p.commit_update(trained.velocity + 1, following),
    ):
        changed = dataclasses.replace(statement, velocity_commitments=(before, wrong))
        with pytest.raises(ProofInvalid):
            p.verify(changed, proof)
    with pytest.raises(ParameterError, match="not those of the statement"):
        p.prove(trained, changed, [rounds.blinder], own, velocity_blinders=[rounds.first[3], following])
    with pytest.raises(ProofInvalid):
        p.verify(dataclasses.replace(statement, velocity_commitments=(after, before)), proof)
    for count in ((), (before,), (before, after, after)):
        with pytest.raises(ParameterError, match="two velocities"):
            dataclasses.replace(statement, velocity_commitments=count)


def test_velocities_out_of_range_or_without_a_place_are_refused(rounds: TwoRounds) -> None:
    far = np.zeros(NETWORK.dimension, dtype=np.int64)
    far[5] = 1 << 15
    with pytest.raises(ParameterError, match="entry 5 is no signed integer of 16 bits") as caught:
        NETWORK.train(rounds.weights, [rounds.batch], far)
    assert "32768" not in str(caught.value)
    reset = dataclasses.replace(NETWORK, carry_momentum=False)
    with pytest.raises(ParameterError, match="without a velocity"):
        reset.train(rounds.weights, [rounds.batch], far)
    with pytest.raises(ParameterError, match="without a velocity"):
        _ = reset.train(rounds.weights, [rounds.batch]).velocity
    with pytest.raises(ParameterError, match="a momentum to carry"):
        dataclasses.replace(NETWORK, momentum=0.0)
    assert reset.digest != NETWORK.digest
    assert NetworkJob.from_object(NETWORK.to_object()) == NETWORK
    assert "carry_momentum" not in reset.to_object()
    with pytest.raises(DecodeError, match="carry_momentum"):
        NetworkJob.from_object({**NETWORK.to_object(), "carry_momentum": False})


# ---- the protocol ----------------------------------------------------------------------------------------------------


class Liar(Client):
    """Means, in its submissions, the statement that everybody makes, whatever its proof is about."""

    def _sealed(self, submission):
        body = messages.submission_body(submission)
        point, following = body["commitment"], body["velocity"]
        meant = self.statement_of(self.name, point, following, round_=self._round, weights=self.weights)
        sealed = Message(Type.SUBMISSION, self.job.digest, self._round, {**body, "statement": meant.digest})
        return sealed.seal(self._identity)


class Forgetful(Liar):
    """Begins again without a velocity in the rounds named: a true proof, for a record of its own."""

    forgets: frozenset[int] = frozenset()

    def _train(self):
        if self._round not in self.forgets:
            return super()._train()
        kept = self._velocities, self._own_velocities
        self._velocities, self._own_velocities = Velocities(), OwnVelocities()
        try:
            return super()._train()
        finally:
            self._velocities, self._own_velocities = kept


def test_everybody_keeps_the_same_chain_whoever_is_absent_forgets_or_sees_a_void_round() -> None:
    c = Consortium(NETWORK, (Client, Client, Client, Forgetful))
    forgetful, names = c.clients["m3"], list(c.clients)
    velocity: dict[str, np.ndarray | None] = dict.fromkeys(names)
    weights = c.coordinator.weights.copy()

    def run(round_: int, taking_part: list[str]) -> object:
        nonlocal weights
        moved = {}
        for name in taking_part:
            x, y, rows, _ = c.batches(name, round_)[0]
            trained = NETWORK.train(weights, [(x[:rows], y[:rows])], velocity[name])
            moved[name] = trained.velocity
        report = c.coordinator.run_round(round_)
        if len(taking_part) < 3:
            assert report.aggregate is None
            return report
        assert report.aggregate is not None and list(report.aggregate.survivors) == taking_part
        np.testing.assert_array_equal(report.aggregate.total, sum(moved.values()))
        velocity.update(moved)
        weights = report.aggregate.weights
        return report

    run(0, names)
    c.channel.absent = {"m2"}
    run(1, ["m0", "m1", "m3"])
    c.channel.absent = {"m1", "m2"}
    run(2, ["m0", "m3"])  # void: nothing moves, though two have sent their next velocities
    c.channel.absent = set()
    forgetful.forgets = frozenset({3})
    report = run(3, ["m0", "m1", "m2"])  # m2 has read in the evidence what it missed
    assert {(name, kind) for name, kind, _ in report.refused} == {("m3", "ProofInvalid")}
    records = [client._velocities for client in c.clients.values() if client is not forgetful]
    for name in names:
        assert {record.of(name) for record in records} == {c.coordinator._velocities.of(name)}
        own = c.clients[name]._own_velocities.behind(c.coordinator._velocities.of(name))
        np.testing.assert_array_equal(own.values, velocity[name])
    # An honest prover makes no proof for a velocity that is not the one behind C(V).
    x, y, rows, blinder = c.batches("m3", 4)[0]
    update, moved = c.job.update_and_velocity(weights, [(x, y, rows)], own.values)
    following = c.keys.commit_update(moved, blinder)
    statement = c.clients["m0"].statement_of("m3", c.keys.commit_update(update, blinder), following, round_=4)
    witness = Witness(x, y, blinder, blinder, (), own.values, (random_blinder(), blinder))
    with pytest.raises(WitnessInvalid, match="a velocity is not the one committed to"):
        c.keys.prove(statement, witness)


class Stale(Liar):
    """Goes on, in the rounds named, from another velocity than the record's, whose opening it knows: true proofs."""

    takes: dict[int, Client] | None = None  # whose velocity; its own is the one before the last sum

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.takes, self.past = {}, []

    def _train(self):
        kept = self._velocities, self._own_velocities
        commitment = self._velocities.of(self.name)
        self.past.append((commitment, self._own_velocities._known[commitment]))
        if self._round in self.takes:
            source = self.takes[self._round]
            commitment, velocity = self.past[-2]
            if source is not self:
                commitment = source._velocities.of(source.name)
                velocity = source._own_velocities._known[commitment]
            self._velocities, self._own_velocities = Velocities({self.name: commitment}), OwnVelocities()
            self._own_velocities.submitted(commitment, velocity)
        try:
            return super()._train()
        finally:
            self._velocities, self._own_velocities = kept


def test_neither_the_velocity_before_the_last_nor_a_friends_serves_for_a_round() -> None:
    c = Consortium(dataclasses.replace(NETWORK, bitwise=True), (Client, Client, Client, Stale, Stale))
    again, thief = c.clients["m3"], c.clients["m4"]
    # m3 once more from the velocity of round 1, whose round entered a sum; m4 from that of m0, who tells it.
    again.takes, thief.takes = {2: again}, {2: c.clients["m0"]}
    for round_ in range(2):
        assert not c.coordinator.run_round(round_).refused
    assert NO_VELOCITY != again.past[-1][0] != c.coordinator._velocities.of("m3")
    before = c.coordinator._velocities
    report = c.coordinator.run_round(2)
    assert {(name, kind) for name, kind, _ in report.refused} == {("m3", "ProofInvalid"), ("m4", "ProofInvalid")}
    assert report.aggregate is not None and list(report.aggregate.survivors) == ["m0", "m1", "m2"]
    for name in ("m3", "m4"):
        assert c.coordinator._velocities.of(name) == before.of(name) == c.clients["m0"]._velocities.of(name)
    report = c.coordinator.run_round(3)  # from where they stood, they may go on
    assert report.aggregate is not None and not report.refused and len(report.aggregate.survivors) == 5


def test_a_submission_names_its_next_velocity_exactly_where_the_job_carries_momentum() -> None:
    members = [Member(f"m{i}", bytes([i]) * 32) for i in range(3)]
    carrying = Job.model(NETWORK, name="x", members=members, rounds=1)
    reset = Job.model(dataclasses.replace(NETWORK, carry_momentum=False), name="x", members=members, rounds=1)
    assert Job.from_bytes(carrying.to_bytes()) == carrying and carrying.digest != reset.digest
    record, point = Velocities(), b"\x80" + bytes(30) + b"\x01"
    assert record.pair(carrying, "m0", point) == (NO_VELOCITY, point) and record.pair(reset, "m0", b"") == ()
    for job, following in ((carrying, b""), (carrying, NO_VELOCITY), (carrying, point[1:]), (reset, point)):
        with pytest.raises(DecodeError):
            record.pair(job, "m0", following)
    body = {"statement": bytes(32), "commitment": bytes(32), "proof": b"", "velocity": point}
    messages._check_body(Type.SUBMISSION, body)
    for wrong in ({**body, "velocity": 1}, {**body, "other": b""}):
        with pytest.raises(DecodeError):
            messages._check_body(Type.SUBMISSION, wrong)
    with pytest.raises(DecodeError):
        Message(Type.ROUND_SEEN, b"", 0, {"weights": b"", "velocity": b""}).seal(None)


def test_a_member_without_its_velocity_stops_and_what_is_past_is_forgotten() -> None:
    own = OwnVelocities()
    one, two, three = (Velocity(np.full(2, i), bytes([i]) * 32) for i in (1, 2, 3))
    assert own.behind(NO_VELOCITY) == (None, bytes(32))
    for name, velocity in ((b"1", one), (b"2", two), (b"3", three)):
        own.submitted(name, velocity)
    assert own.behind(b"2") is two
    assert own.behind(b"3") is three
    for gone in (b"1", b"2", NO_VELOCITY, b"4"):
        with pytest.raises(ProtocolError, match="cannot go on"):
            own.behind(gone)
    assert "secret" in repr(own) and "[" not in repr(own)
