"""Whole jobs of real members on a chain: real proofs, real masks, verdicts by the members, stakes and pay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import consortium
import pytest
from economy import STAKE, address_of, key_of

from pyzkfl import Coordinator, IdentityKey, Job
from pyzkfl import Member as JobMember
from pyzkfl.demo.attackers import Forger
from pyzkfl.demo.plan import Attack
from pyzkfl.errors import ChainError, ParameterError, ProtocolError, UnprovableOption
from pyzkfl.integrations.evm import Account, EvmCoordinator, EvmMember, terms_on_chain
from pyzkfl.ledger.chain import Contract
from pyzkfl.ledger.deployment import Deployment, Parameters, deploy
from pyzkfl.ledger.revm import RevmChain
from pyzkfl.network import NetworkJob
from pyzkfl.statement import weights_digest

PROOF_BYTES = 167


class Member(EvmMember, Forger):
    """A member on a chain that may cheat."""


class Boss(EvmCoordinator, Coordinator):
    """A coordinator on a chain."""


class OnChain:
    """A consortium and its contracts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chain: Any = None, **options: Any) -> None:
        monkeypatch.setattr(consortium, "Forger", Member)
        self.c = consortium.make(coordinator=Boss, **options)
        self.revm = RevmChain()
        self.chain = chain(self.revm) if chain else self.revm
        owner = address_of("owner")
        parameters = Parameters(votes={owner: 1})
        self.contracts = Deployment.at(self.chain, deploy(self.revm, parameters, sender=owner).addresses())
        self.names = list(self.c.clients)
        for name in ("coordinator", *self.names):
            token = Contract(self.revm, self.contracts.token.address, self.contracts.token.kind)
            token.send("transfer", address_of(name), STAKE, sender=owner)
        for name, client in self.c.clients.items():
            client.join(self.account(name))
        terms = terms_on_chain(PROOF_BYTES, 4, seats=8)
        accounts = [address_of(name) for name in self.names]
        self.c.coordinator.use(self.account("coordinator"), terms, accounts, let_pass=self.let_pass)

    def account(self, name: str) -> Account:
        coordinator = address_of("coordinator")
        return Account(self.contracts, 1, address_of(name), key_of(name), coordinator, STAKE, patience=20.0)

    def let_pass(self, until: int) -> None:
        self.revm.advance(max(0, until - self.revm.time()))

    @property
    def job(self) -> Any:
        return self.c.coordinator.on_chain

    def bonded(self, name: str) -> int:
        return int(self.contracts.staking.call("bonded", address_of(name)))

    def balance(self, name: str) -> int:
        return int(self.contracts.token.call("balanceOf", address_of(name)))


def test_a_job_of_real_members_is_judged_paid_and_finished_on_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    on = OnChain(monkeypatch, members=4, rounds=3, attacks={1: {1: Attack.SCALED}})
    c = on.c.ready()
    assert c.coordinator.beacon == on.job.beacon() == c.clients["m3"]._beacon
    assert c.coordinator.run_round(0).aggregate is not None
    report = c.coordinator.run_round(1)  # m1 sends a forgery to the chain
    assert report.aggregate is not None and report.aggregate.survivors == ("m0", "m2", "m3")
    assert on.job.rejected(1) == ["m1"]
    on.c.channel.absent = {"m0"}
    report = c.coordinator.run_round(2)
    assert report.aggregate is not None and report.aggregate.survivors == ("m1", "m2", "m3")
    assert on.bonded("m1") == STAKE - 1_000 and on.bonded("m0") == STAKE
    state = on.job.state()
    assert (state["rounds"], state["weights"]) == (3, weights_digest(c.coordinator.weights))
    on.c.channel.absent = set()
    c.coordinator.finish()
    assert on.job.state()["phase"] == 5
    paid = {name: on.balance(name) for name in on.names}
    assert sum(paid.values()) == 3 * 10**6 and min(paid.values()) > 0
    assert on.contracts.rewards.call("totalOwed") == 0
    score = lambda name: on.contracts.reputation.call("score", address_of(name), 0)  # noqa: E731
    assert score("m1") < min(score(name) for name in ("m2", "m3"))


def test_a_round_with_too_few_is_void_on_the_chain_as_well_and_the_next_goes_on(monkeypatch) -> None:
    on = OnChain(monkeypatch, members=3, rounds=2)
    c = on.c.ready()
    on.c.channel.absent = {"m0"}
    assert c.coordinator.run_round(0).aggregate is None
    assert on.job.outcome(0) == "no aggregate" and on.bonded("coordinator") == STAKE  # two were too few anyway
    on.c.channel.absent = set()
    assert c.coordinator.run_round(1).aggregate is not None and on.job.outcome(1) == "closed"


def test_members_sign_no_aggregate_but_the_one_that_they_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyzkfl.ledger import evm_job

    on = OnChain(monkeypatch, members=3, rounds=1)
    c = on.c.ready()
    honest = evm_job.Published.arguments
    monkeypatch.setattr(evm_job.Published, "arguments", lambda self: (*honest(self)[:4], [10**6] * 3, [0] * 3))
    with pytest.raises(ChainError, match="no verdict"):
        c.coordinator.run_round(0)  # the coordinator claims more examples than the batches have
    assert on.job.rejected(0) == [] and on.contracts.rewards.call("totalOwed") == 0


def test_a_dataset_that_differs_on_the_chain_is_refused_before_the_first_round(monkeypatch) -> None:
    on = OnChain(monkeypatch, members=3, rounds=1)
    liar = on.c.clients["m1"]

    def other(reply: bytes) -> None:
        liar.on_chain = liar._account.job(liar.job)
        liar.on_chain.bond(STAKE)
        liar.on_chain.validate()
        liar.on_chain.register(b"\1" * 32, len(liar._dataset))

    monkeypatch.setattr(liar, "_register", other)
    with pytest.raises(ProtocolError, match="'m1' registered another dataset"):
        on.c.ready()


def test_what_a_member_sends_to_the_chain_and_to_the_coordinator_is_the_same(monkeypatch) -> None:
    on = OnChain(monkeypatch, members=4, rounds=1)
    c = on.c.ready()
    two_faced = c.clients["m2"]
    send = two_faced.on_chain.submit

    def other(number: int, commitment: bytes, values: bytes, proof: bytes) -> None:
        send(number, commitment, values, bytes(len(proof)))

    monkeypatch.setattr(two_faced.on_chain, "submit", other)
    report = c.coordinator.run_round(0)
    assert report.aggregate is not None and "m2" not in report.aggregate.survivors
    assert any("something else on the chain" in text for _, _, text in report.refused)
    assert on.job.rejected(0) == ["m2"]


def test_a_node_that_loses_transactions_and_answers_stops_no_party(monkeypatch: pytest.MonkeyPatch) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
    from test_chain_failures import Unreliable

    class Worse(Unreliable):
        """Every third transaction is lost, and of every fourth the answer."""

        count = 0

        def send(self, to: str, data: bytes, *, sender: str, value: int = 0) -> Any:
            self.count += 1
            self.lose = ["before" if self.count % 3 == 0 else "after" if self.count % 4 == 0 else ""]
            return super().send(to, data, sender=sender, value=value)

    monkeypatch.setattr("pyzkfl.ledger.evm_job._PAUSE_S", 0.0)
    on = OnChain(monkeypatch, members=3, rounds=1, chain=Worse)
    c = on.c.ready()
    assert c.coordinator.run_round(0).aggregate is not None
    c.coordinator.finish()
    assert on.job.state()["phase"] == 5 and on.contracts.rewards.call("totalOwed") == 0


def test_a_job_with_momentum_or_several_steps_is_refused_before_anything_is_on_the_chain() -> None:
    """Its submissions have a C(V') that the registry does not hold: members could make no statement of them."""
    network = NetworkJob(widths=(3, 2), batch=4, learning_rate=0.1, momentum=0.5, carry_momentum=True)
    identity = IdentityKey.generate()
    keys = [identity, IdentityKey.generate(), IdentityKey.generate()]
    members = [JobMember(f"m{i}", key.public_bytes) for i, key in enumerate(keys)]
    job = Job.model(network, name="x", members=members, rounds=1)
    boss = Boss(job, identity, None)
    boss._account = object()  # whatever touches it fails otherwise
    with pytest.raises(ParameterError, match="carry_momentum=False"):
        boss.run_registration()
    steps = NetworkJob(widths=(3, 2), batch=4, learning_rate=0.1, steps=3)
    boss.job = Job.model(steps, name="x", members=members, rounds=1)
    with pytest.raises(UnprovableOption, match="3 local steps a round cannot stand on a chain"):
        boss.run_registration()
    member = Member("m0", identity, [[0.0] * 3], [0], members=members, coordinator=identity.public_bytes, attacks={})
    member._account, member._dataset, member._job = object(), object(), job
    with pytest.raises(ParameterError, match="carry_momentum=False"):
        member._register(b"")
    member._job = boss.job
    with pytest.raises(UnprovableOption, match="steps=1"):
        member._register(b"")
