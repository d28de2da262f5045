"""A job of the engine on a chain: its contracts are compared before anybody joins, and a wrong verdict on a real proof
is shown wrong with what the chain emitted."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from economy import NOBODY, STAKE, address_of, key_of

from pyzkfl import Coordinator, IdentityKey, InProcessChannel, ceremony
from pyzkfl.demo.attackers import Forger
from pyzkfl.demo.plan import Attack
from pyzkfl.errors import ChainError, ParameterError, ProtocolError, RoundVoidOnChain, TransactionReverted
from pyzkfl.integrations.evm import Account, EvmCoordinator, EvmMember, terms_on_chain
from pyzkfl.integrations.evm_statement import StatementOnChain, has_statement, proof_from_chain, proof_on_chain
from pyzkfl.job import Job
from pyzkfl.job import Member as JobMember
from pyzkfl.ledger.chain import Contract, artifact
from pyzkfl.ledger.deployment import Deployment, Parameters, deploy
from pyzkfl.ledger.evm_job import JobOnChain
from pyzkfl.ledger.evm_points import engine_proof_from_evm, engine_proof_to_evm, g1_to_evm, words
from pyzkfl.ledger.revm import RevmChain
from pyzkfl.network import NetworkJob
from pyzkfl.statement import weights_digest

NETWORK = NetworkJob(widths=(5, 4, 3), batch=8, learning_rate=0.5)
NAMES = ("m0", "m1", "m2", "m3")
AT_RISK = 1_000


def insecure(terms: Job) -> tuple[Job, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keys = ceremony.insecure_keys(terms)
    return keys.bind(terms), keys


@pytest.fixture(scope="module")
def identities() -> dict[str, Any]:
    return {name: IdentityKey.generate() for name in NAMES}


@pytest.fixture(scope="module")
def setup(identities: dict[str, Any]) -> tuple[Job, Any]:
    members = [JobMember(name, identity.public_bytes) for name, identity in identities.items()]
    return insecure(Job.model(NETWORK, name="on a chain", members=members, rounds=3))


class Member(EvmMember, Forger):
    """A member on a chain that may cheat."""


class Boss(EvmCoordinator, Coordinator):
    """A coordinator on a chain."""


class Training:
    """The consortium, its contracts, and somebody who looks at every verdict before its window closes."""

    def __init__(
        self, identities: dict[str, Any], setup: tuple[Job, Any], attacks: dict[str, dict[int, Attack]] | None = None
    ) -> None:
        (job, keys), owner = setup, address_of("owner")
        self.chain = RevmChain()
        self.contracts = deploy(self.chain, Parameters(votes={owner: 1}), sender=owner)
        for name in ("coordinator", *NAMES):
            self.contracts.token.send("transfer", address_of(name), STAKE, sender=owner)
        coordinator = IdentityKey.generate()
        self.clients: dict[str, Any] = {}
        for seed, (name, identity) in enumerate(identities.items()):
            rng = np.random.default_rng(seed)
            x, y = rng.normal(size=(20, 5)), rng.integers(0, 3, 20)
            client = Member(
                name, identity, x, y,
                members=job.members, coordinator=coordinator.public_bytes, attacks=(attacks or {}).get(name, {}),
            )  # fmt: skip
            client.use_setup(job, keys)
            client.join(self.account(name))
            self.clients[name] = client
        channel = InProcessChannel((client, identities[name]) for name, client in self.clients.items())
        self.boss = Boss(job, coordinator, channel)
        self.boss.use_setup(keys)
        accounts = [address_of(name) for name in NAMES]
        self.boss.use(self.account("coordinator"), terms_on_chain(1, 4, seats=8), accounts, let_pass=self.let_pass)
        self.finder: JobOnChain = self.account("finder").job(job)
        self.look: Callable[[], None] = lambda: None

    def account(self, name: str) -> Account:
        contracts = Deployment.at(self.chain, self.contracts.addresses())
        return Account(contracts, 1, address_of(name), key_of(name), address_of("coordinator"), STAKE, patience=0.0)

    def let_pass(self, until: int) -> None:
        self.look()
        self.chain.advance(max(0, until - self.chain.time()))

    def bonded(self, name: str) -> int:
        return int(self.contracts.staking.call("bonded", address_of(name)))

    def sign(self, *accepted: int) -> None:
        """Every member signs that these members' proofs hold, whatever it found."""
        for client in self.clients.values():
            attest = client.on_chain.attest
            client.on_chain.attest = lambda number, _, *rest, attest=attest: attest(number, accepted, *rest)

    def statement(self) -> Contract:
        return Contract(self.chain, self.finder.terms().statement, artifact("EngineStatement"))


def refused(why: str) -> pytest.RaisesContext[TransactionReverted]:
    return pytest.raises(TransactionReverted, match=why)


# -- verdicts ----------------------------------------------------------------------------------------------------------


def test_a_true_verdict_cannot_be_challenged_and_every_substitution_is_refused(identities, setup) -> None:
    on = Training(identities, setup)
    on.boss.run_registration()
    looked = []

    def look() -> None:
        assert on.finder.wrong_verdicts(0) == []
        for name in NAMES:
            with refused("VerdictHolds"):
                on.finder.challenge(0, name)
        _evidence_of_something_else(on)
        _facts_of_something_else(on, setup)
        looked.append(1)

    on.look = look
    assert on.boss.run_round(0).aggregate is not None
    assert looked == [1] and on.finder.outcome(0) == "closed" and on.finder.rejected(0) == []
    assert on.finder.state()["weights"] == weights_digest(on.boss.weights)
    assert [on.bonded(name) for name in NAMES] == [STAKE] * 4
    with refused("WrongStage"):
        on.finder.challenge(0, "m0")  # the round is over


def _evidence_of_something_else(on: Training) -> None:
    """The registry takes what it emitted, and nothing else, for evidence."""
    registry, sent = on.contracts.registry, on.finder.submissions(0)
    mine, other, salt = sent["m0"], sent["m1"], b"\5" * 32
    for index in (0, 1):
        promise = registry.call("promiseOf", on.finder.account, on.finder.id, 0, index, salt)
        registry.send("promiseChallenge", promise, sender=on.finder.account)
    point, others = (words(g1_to_evm(entry.commitment)) for entry in (mine, other))
    weights = on.finder.weights_commitment(0)
    values, proof = mine.public_values, mine.proof
    for why, evidence in (
        ("OtherEntry", (1, point, values, proof, weights)),
        ("OtherEntry", (0, others, values, proof, weights)),
        ("OtherEntry", (0, point, other.public_values, proof, weights)),
        ("OtherEntry", (0, point, values, other.proof, weights)),
        ("OtherWeights", (0, point, values, proof, others)),
        ("VerdictHolds", (0, point, values, proof, weights)),
    ):
        with refused(why):
            registry.send("challenge", on.finder.id, evidence, salt, sender=on.finder.account)


def _facts_of_something_else(on: Training, setup: tuple[Job, Any]) -> None:
    """A true proof is a false one of any other job, round, member, beacon, dataset or weights."""
    finder, statement, sent = on.finder, on.statement(), on.finder.submissions(0)
    mine, state = sent["m0"], finder.state()
    root, batches = finder.dataset("m0")
    point = words(g1_to_evm(mine.commitment))
    weights = finder.weights_commitment(0)
    facts = (setup[0].digest, 0, 0, "m0", state["beacon"], root, batches, state["weights"], weights)
    assert statement.call("holds", facts, point, mine.public_values, mine.proof)
    digest, other_point = b"\1" * 32, words(g1_to_evm(sent["m1"].commitment))
    # The number of batches is not among them: it only says which batch, and another number may say the same. Nor is
    # the weights' digest: ctx has their commitment.
    others = {0: digest, 1: 1, 2: 1, 3: "m1", 4: digest, 5: finder.dataset("m1")[0], 8: other_point}
    for position, other in others.items():
        changed = (*facts[:position], other, *facts[position + 1 :])
        assert not statement.call("holds", changed, point, mine.public_values, mine.proof), position
    theirs = sent["m1"]
    for substituted in (
        (words(g1_to_evm(theirs.commitment)), mine.public_values, mine.proof),
        (point, theirs.public_values, mine.proof),
        (point, (1).to_bytes(32, "big") + mine.public_values[32:], mine.proof),
        (point, mine.public_values + bytes(32), mine.proof),
        (point, mine.public_values, theirs.proof),
        (point, mine.public_values, mine.proof[:-1] + bytes([mine.proof[-1] ^ 1])),
    ):
        assert not statement.call("holds", facts, *substituted)


@pytest.mark.parametrize("attack", [Attack.SCALED, Attack.OTHER_CLIENT])
def test_a_verdict_for_a_false_proof_costs_all_who_signed_it(identities, setup, attack: Attack) -> None:
    """The engine's own prover on a false step, and another member's true proof of the round before."""
    round_ = 0 if attack is Attack.SCALED else 1
    on = Training(identities, setup, {"m1": {round_: attack}})
    on.boss.run_registration()
    for number in range(round_):
        assert on.boss.run_round(number).aggregate is not None
    before = weights_digest(on.boss.weights)
    on.sign(0, 1, 2, 3)
    found = []

    def look() -> None:
        found.extend(on.finder.wrong_verdicts(round_))
        with refused("VerdictHolds"):
            on.finder.challenge(round_, "m0")
        on.finder.challenge(round_, "m1")

    on.look = look
    with pytest.raises(ChainError, match="overturned"):
        on.boss.run_round(round_)
    assert found == ["m1"] and on.finder.outcome(round_) == "the verdict was overturned"
    assert [on.bonded(name) for name in NAMES] == [0, STAKE - AT_RISK, 0, 0]  # m1 saw no sum: it signed nothing
    taken = sum(event.values["amount"] for event in on.contracts.staking.events("Slashed"))
    assert taken == 3 * STAKE + AT_RISK and on.contracts.token.call("balanceOf", address_of("finder")) == taken // 2
    state = on.finder.state()
    assert (state["weights"], state["rounds"]) == (before, round_ + 1)


def test_a_verdict_against_a_true_proof_is_overturned_as_well(identities, setup) -> None:
    on = Training(identities, setup)
    on.boss.run_registration()
    on.sign(0, 1, 3)
    on.look = lambda: [on.finder.challenge(0, name) for name in on.finder.wrong_verdicts(0)]
    with pytest.raises(ChainError, match="overturned"):
        on.boss.run_round(0)
    assert [event.values["index"] for event in on.contracts.registry.events("Overturned")] == [2]
    assert [on.bonded(name) for name in NAMES] == [0] * 4


def test_members_reject_a_forgery_and_nobody_can_challenge_that(identities, setup) -> None:
    on = Training(identities, setup, {"m1": {0: Attack.SWAPPED_LABELS}})
    on.boss.run_registration()

    def look() -> None:
        assert on.finder.wrong_verdicts(0) == []
        with refused("VerdictHolds"):
            on.finder.challenge(0, "m1")

    on.look = look
    report = on.boss.run_round(0)
    assert report.aggregate is not None and report.aggregate.survivors == ("m0", "m2", "m3")
    assert on.finder.rejected(0) == ["m1"]
    assert [on.bonded(name) for name in NAMES] == [STAKE, STAKE - AT_RISK, STAKE, STAKE]


# -- what members accept -----------------------------------------------------------------------------------------------


def test_members_join_only_where_the_contract_is_that_of_the_jobs_keys(identities, setup, monkeypatch) -> None:
    job, keys = setup
    theirs, other_keys = insecure(Job.model(NETWORK, name="another", members=job.members, rounds=3))
    made = StatementOnChain(job, keys)
    on = Training(identities, setup)
    chain, boss = on.chain, address_of("coordinator")
    address = made.deploy(chain, sender=boss)
    made.expect(chain, address)
    verifier = Contract(chain, address, artifact("EngineStatement")).call("verifier")

    def statement(verifier: str, rows: int, tables: Any) -> str:
        return Contract.deploy(chain, artifact("EngineStatement"), verifier, rows, tables, sender=boss).address

    rows, tables = made._rest
    wrong = {
        "another key": StatementOnChain(theirs, other_keys).deploy(chain, sender=boss),
        "another batch": statement(verifier, rows + 1, tables),
        "other tables": statement(verifier, rows, words(g1_to_evm(keys.commit_weights(job.initial_weights())))),
        "the verifier alone": verifier,
        "no contract": address_of("anybody"),
    }
    for what, where in wrong.items():
        with pytest.raises(ProtocolError, match="not this job's"):
            made.expect(chain, where)
            raise AssertionError(what)
    monkeypatch.setattr(StatementOnChain, "deploy", lambda self, chain, *, sender: wrong["another key"])
    with pytest.raises(ProtocolError, match="not this job's EngineVerifier"):
        on.boss.run_registration()
    assert [on.bonded(name) for name in NAMES] == [0] * 4  # no member put a stake down


def test_members_do_not_join_without_a_contract_or_under_another_name(identities, setup, monkeypatch) -> None:
    on = Training(identities, setup)
    monkeypatch.setattr(StatementOnChain, "deploy", lambda self, chain, *, sender: NOBODY)
    with pytest.raises(ProtocolError, match="its terms on the chain name none"):
        on.boss.run_registration()
    monkeypatch.undo()
    on = Training(identities, setup)
    on.boss._accounts = on.boss._accounts[1:] + on.boss._accounts[:1]
    with pytest.raises(ProtocolError, match="place of another member"):
        on.boss.run_registration()
    on = Training(identities, setup)
    opened = JobOnChain.open

    def swapped(self: JobOnChain, terms: Any, accounts: Any) -> None:
        self.names = ("m1", "m0", *self.names[2:])
        opened(self, terms, accounts)

    monkeypatch.setattr(JobOnChain, "open", swapped)
    with pytest.raises(ProtocolError, match="with other members"):
        on.boss.run_registration()


def test_members_submit_nothing_in_a_round_that_began_from_another_commitment(identities, setup, monkeypatch) -> None:
    on = Training(identities, setup)
    on.boss.run_registration()
    start, other = JobOnChain.start_round, setup[1].tables_commitment  # a point, but not C(W)
    monkeypatch.setattr(
        JobOnChain, "start_round", lambda self, number, weights, point: start(self, number, weights, other)
    )
    report = on.boss.run_round(0)
    assert report.aggregate is None and on.finder.submissions(0) == {}
    assert [on.bonded(name) for name in NAMES] == [STAKE] * 4


def test_members_sign_nothing_where_chain_and_core_differ_about_a_proof(identities, setup, monkeypatch) -> None:
    on = Training(identities, setup)
    on.boss.run_registration()
    holds = JobOnChain.holds
    monkeypatch.setattr(
        JobOnChain, "holds", lambda self, number, name, sent: name != "m1" and holds(self, number, name, sent)
    )
    with pytest.raises(RoundVoidOnChain, match="no verdict"):
        on.boss.run_round(0)
    assert [on.bonded(name) for name in NAMES] == [STAKE] * 4
    assert on.finder.outcome(0) == "no verdict" and on.finder.state()["rounds"] == 1
    staking = on.contracts.staking
    assert [staking.call("open", address_of(name)) for name in (*NAMES, "coordinator")] == [0] * 5
    before = on.chain.height()
    with pytest.raises(RoundVoidOnChain, match="open a new job"):  # again, and nothing is sent
        on.boss.run_round(1)
    assert on.chain.height() == before


def test_anyone_ends_a_round_whose_coordinator_is_gone_from_the_events_alone(identities, setup, monkeypatch) -> None:
    on = Training(identities, setup)
    on.boss.run_registration()
    end = JobOnChain.end_round

    def gone(self: JobOnChain, number: int, let_pass: Any) -> str:
        raise ChainError("the coordinator's process ended")

    monkeypatch.setattr(JobOnChain, "end_round", gone)
    with pytest.raises(ChainError, match="process ended"):
        on.boss.run_round(0)
    with pytest.raises(ChainError, match="not over"):
        on.finder.outcome(0)
    assert end(on.finder, 0, on.let_pass) == "closed" == end(on.finder, 0, on.let_pass)
    assert on.finder.state()["weights"] == weights_digest(on.boss.weights)
    on.contracts.registry.send(
        "startRound", on.finder.id, on.finder.state()["weights"], (1, 2), sender=address_of("coordinator")
    )
    assert end(on.finder, 1, on.let_pass) == "no aggregate"


def test_a_proof_has_one_encoding_there_and_back(engine, setup) -> None:
    for member in engine["members"]:
        assert engine_proof_from_evm(member["proof_evm"]) == member["proof"]
        assert engine_proof_to_evm(member["proof"]) == member["proof_evm"]
    job = setup[0]
    proof = proof_from_chain(job, engine["members"][0]["proof_evm"])
    assert proof_on_chain(job, proof.to_bytes()) == engine["members"][0]["proof_evm"]
    several = Job.model(dataclasses.replace(NETWORK, steps=2), name="x", members=job.members, rounds=1)
    assert not has_statement(several)
    with pytest.raises(ParameterError, match="one local step"):
        StatementOnChain(several, setup[1])
