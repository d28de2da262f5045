"""Each forgery of `pyzkfl demo` is refused by the check meant for it, and accepted where that is missing.

As tests/python/protocol/test_mutations.py does for the direct circuit. A forger runs the engine's own prover. Where the
check is a relation of the program, the mutant is a program (with keys of its own) that lacks it; where it is something
that the verifier or a member knows, the mutant does not look.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from typing import Any

import numpy as np
import pytest

from pyzkfl import Client, IdentityKey, InProcessChannel, _core, ceremony
from pyzkfl.blinders import random_blinder
from pyzkfl.coordinator import Coordinator
from pyzkfl.dataset import CommittedDataset
from pyzkfl.demo.attackers import CheatingCoordinator
from pyzkfl.demo.plan import Attack
from pyzkfl.errors import ParameterError, ProofInvalid
from pyzkfl.job import Job, Member
from pyzkfl.messages import Type
from pyzkfl.network import NetworkJob
from pyzkfl.proofs import EngineProof, Witness, prove, verify
from pyzkfl.statement import Statement
from pyzkfl.step_context import StepContext

# Of the demo's kind: one output, fitted to 1 and -1, in bits. Steps so small that ten times as much is in range, too.
NETWORK = NetworkJob(widths=(4, 3, 1), batch=4, learning_rate=0.01, loss="mse", g_frac=5, bitwise=True)
MEMBERS = 5

FALSE_STEPS = {
    Attack.SCALED: "scaled_update",
    Attack.NO_TRAINING: "no_update",
    Attack.SWAPPED_LABELS: "swapped_targets",
}
REPLAYS: dict[Attack, dict[str, Any]] = {
    Attack.LAST_ROUND: {"round": 0},
    Attack.OTHER_CLIENT: {"client": "m1"},
    Attack.OTHER_JOB: {},
}
OF_MEMBERS = {Attack.OTHER_BATCH}
OF_THE_COORDINATOR = {Attack.BOTH_SHARES: "both-shares", Attack.TWO_SETS: "consistency"}


def insecure_keys(job: Job, omit: tuple[str, ...] = ()) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ceremony.insecure_keys(job, omit=omit)


def terms_of(identities: list[Any]) -> Job:
    members = [Member(f"m{i}", identity.public_bytes) for i, identity in enumerate(identities)]
    return Job.model(NETWORK, name="mutants", members=members, rounds=4)


class Scene:
    """A job with keys, one member's committed data, and the statement of an honest step in round 1."""

    def __init__(self, omit: tuple[str, ...] = ()) -> None:
        terms = terms_of([IdentityKey.generate() for _ in range(3)])
        self.keys = insecure_keys(terms, omit)
        self.job = self.keys.bind(terms)
        rng = np.random.default_rng(5)
        self.data = CommittedDataset.commit(self.job, self.keys, rng.normal(size=(8, 4)), rng.choice([-1.0, 1.0], 8))
        x, y, rows, blinder = self.data.batch(0)
        weights = self.job.initial_weights()
        self.witness = Witness(x, y, blinder, random_blinder())
        self.statement = Statement(
            job=self.job,
            round=1,
            client="m0",
            beacon=bytes(range(32)),
            dataset_root=self.data.public.root,
            batch=0,
            rows=rows,
            weights=weights,
            batch_commitment=self.data.public.batches[0].commitment,
            update_commitment=self.keys.commit_update(self.job.step(weights, x, y, rows), self.witness.update_blinder),
        )

    def forged(self, forgery: str) -> tuple[Statement, EngineProof]:
        """The statement that a forger sends, and its proof."""
        commitment, proof_of = self.keys.forge(self.statement, self.witness, forgery)
        statement = dataclasses.replace(self.statement, update_commitment=commitment)
        return statement, proof_of(statement)


@pytest.fixture(scope="module")
def real() -> Scene:
    return Scene()


def test_every_attack_of_the_demo_has_its_mutant_here() -> None:
    assert {*FALSE_STEPS, *REPLAYS, *OF_MEMBERS, *OF_THE_COORDINATOR} == set(Attack.on("masks"))


def test_an_honest_proof_is_accepted(real: Scene) -> None:
    verify(real.statement, prove(real.statement, real.witness, real.keys), real.keys)


@pytest.mark.parametrize("attack", FALSE_STEPS)
def test_a_false_step_is_refused_by_its_relations_alone(attack: Attack, real: Scene) -> None:
    forgery = FALSE_STEPS[attack]
    statement, proof = real.forged(forgery)
    with pytest.raises(ProofInvalid):
        verify(statement, proof, real.keys)
    mutant = Scene((forgery,))
    statement, proof = mutant.forged(forgery)
    verify(statement, proof, mutant.keys)
    assert statement.update_commitment != mutant.statement.update_commitment
    with pytest.raises(ParameterError, match="another circuit"):  # the mutant's proofs are for its own keys alone
        _core.engine.Prover.from_keys(real.job.network.core, mutant.keys.proving, mutant.keys.columns)


@pytest.mark.parametrize("attack", REPLAYS)
def test_a_replayed_proof_is_refused_by_its_context_alone(attack: Attack, real: Scene, monkeypatch) -> None:
    """Weights, batch, commitments are equal here: nothing but member, round and job in ctx tells the two apart."""
    changes = REPLAYS[attack] or {"job": dataclasses.replace(real.job, name="another job")}
    source = dataclasses.replace(real.statement, **changes)
    proof = prove(source, real.witness, real.keys)
    with pytest.raises(ProofInvalid):
        verify(real.statement, proof, real.keys)
    full = StepContext.elements.fget
    of_both = zip(*(full(real.keys.step_context(s)) for s in (source, real.statement)), strict=True)
    differ = {position for position, (a, b) in enumerate(of_both) if a != b}
    assert differ and differ <= {0, 1, 2}
    left = property(lambda context: [v for i, v in enumerate(full(context)) if i not in differ])
    monkeypatch.setattr(StepContext, "elements", left)  # the mutant leaves these out
    verify(real.statement, prove(source, real.witness, real.keys), real.keys)


def test_a_batch_that_the_beacon_did_not_choose_is_refused_because_the_verifier_computes_the_index(real: Scene) -> None:
    x, y, rows, blinder = real.data.batch(1)
    update = real.job.step(real.statement.weights, x, y, rows)
    witness = Witness(x, y, blinder, real.witness.update_blinder)
    own = dataclasses.replace(
        real.statement,
        batch=1,
        rows=rows,
        batch_commitment=real.data.public.batches[1].commitment,
        update_commitment=real.keys.commit_update(update, witness.update_blinder),
    )
    proof = prove(own, witness, real.keys)
    with pytest.raises(ProofInvalid):
        verify(dataclasses.replace(real.statement, update_commitment=own.update_commitment), proof, real.keys)
    verify(own, proof, real.keys)  # the mutant takes the index from the forger


# ---- the coordinator's two: whole rounds -----------------------------------------------------------------------------


def outcomes(keys: Any, identities: list[Any], attacks: dict[int, Attack]) -> list[list[Any]]:
    """How members of a consortium with a network refuse the coordinator's attacks, round by round; "" if they do not.

    The setup is left out: everybody is given the keys.
    """
    terms = terms_of(identities)
    key = IdentityKey.generate()
    rng = np.random.default_rng(8)
    clients = {}
    for member, identity in zip(terms.members, identities, strict=True):
        client = Client(
            member.name,
            identity,
            rng.normal(size=(8, 4)),
            rng.choice([-1.0, 1.0], 8),
            members=terms.members,
            coordinator=key.public_bytes,
        )
        client._job, client._keys, client._expected = keys.bind(terms), keys, frozenset({Type.JOB})
        clients[member.name] = client
    channel = InProcessChannel((client, identities[i]) for i, client in enumerate(clients.values()))
    coordinator = CheatingCoordinator(terms, key, channel, attacks=attacks)
    assert isinstance(coordinator, Coordinator)
    coordinator._recorder.terms(terms)
    coordinator.job, coordinator.keys = keys.bind(terms), keys
    coordinator.run_registration()
    for round_ in attacks:
        assert coordinator.run_round(round_).aggregate is not None, "the honest part of the round goes on"
    return coordinator.outcomes


@pytest.mark.skipif("PYZKFL_DEEP" not in os.environ, reason="only with PYZKFL_DEEP=1 (make test-deep)")
def test_a_coordinator_of_a_network_is_refused_by_its_members_checks_and_answered_without_them(monkeypatch) -> None:
    identities = [IdentityKey.generate() for _ in range(MEMBERS)]
    keys = insecure_keys(terms_of(identities))
    attacks = dict(enumerate(OF_THE_COORDINATOR))
    refused = outcomes(keys, identities, attacks)
    assert [how[:2] for how in refused] == [[round_, str(attack)] for round_, attack in attacks.items()]
    assert "both shares" in refused[0][2] and "second, different set" in refused[1][2]

    monkeypatch.setenv("PYZKFL_ALLOW_UNSAFE", "1")
    session = _core.secagg.ClientSession
    skipped = set(OF_THE_COORDINATOR.values())
    monkeypatch.setattr(
        _core.secagg,
        "ClientSession",
        lambda config, index, identity: session(config, index, identity, unsafe_skip=skipped),
    )
    assert [how[2] for how in outcomes(keys, identities, attacks)] == ["", ""]
