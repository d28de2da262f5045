"""Members and a coordinator that cheat as well as they can, for the demo and for tests.

A forger runs the real prover on a false witness, or signs a true proof of something else; when it is refused it goes
on honestly, so that a round has the same members with and without it. The prover here is the one without checks
(`prove_unverified`): an honest one refuses a false witness by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, proofs
from pyzkfl.client import Client
from pyzkfl.coordinator import Coordinator, Round
from pyzkfl.demo.plan import Attack
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.errors import ParameterError
from pyzkfl.job import Member
from pyzkfl.messages import Message, Type, submission_body
from pyzkfl.proofs import EngineProof, Proof, Submission, Witness
from pyzkfl.statement import Statement

__all__ = ["CheatingCoordinator", "Forger", "ask_for_both_shares", "prove_false"]

_MASK_HEADER, _SIGNED_ENTRY = 53, 2 + 64  # docs/secagg.md: bytes of a header, of a signature in an unmask request


def prove_false(statement: Statement, witness: Witness, keys: Any, update: npt.NDArray[np.int64]) -> Proof:
    """A proof made from a witness whose update is `update`, whatever the training step gives; nothing is checked."""
    core_witness = _core.training.tampered_witness(
        statement.job.spec,
        statement.digest,
        statement.weights,
        witness.x,
        witness.y,
        statement.rows,
        witness.batch_blinder,
        witness.update_blinder,
        update=update,
    )
    groth16, knowledge = _core.groth16.prove_unverified(keys.proving, keys.constraints, core_witness)
    return Proof(groth16, knowledge[1])


class Forger(Client):
    """A member that tries the planned attack of a round first, and is honest when asked again.

    attacks: round -> attack. `forged` lists [round, attack] that were tried.
    """

    def __init__(
        self,
        name: str,
        identity: Any,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        members: Sequence[Member],
        coordinator: bytes,
        attacks: Mapping[int, Attack],
    ) -> None:
        super().__init__(name, identity, x, y, members=members, coordinator=coordinator)
        self.forged: list[list[Any]] = []
        self._attacks = dict(attacks)
        self._last: Submission | None = None  # of the round before the last one it took part in
        self._others: dict[str, Submission] = {}  # what it has seen of other members

    def _on_mask_shares(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        return self._forging(super()._on_mask_shares, request)

    def _on_train(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        return self._forging(super()._on_train, request)

    def _forging(
        self, answer: Callable[[Message], tuple[Type, dict[str, Any], frozenset[Type]]], request: Message
    ) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        if not self._submit:
            self._last = self._own
        type_, body, expected = answer(request)  # the honest answer, kept for the second try
        attack = self._attacks.pop(self._round, None)
        if attack is not None:
            self.forged.append([self._round, str(attack)])
            commitment, proof = self.forge(attack)
            assert self._own is not None  # or there was nothing to forge from
            # It means this round's statement, as everybody rebuilds it: what is wrong is the proof.
            meant = dataclasses.replace(self._own.statement, update_commitment=commitment)
            public = {"statement": meant.digest, "commitment": commitment, "proof": proof.to_bytes()}
            sealed = Message(Type.SUBMISSION, self.job.digest, self._round, public).seal(self._identity)
            body = {**body, "submission": sealed}
        return type_, body, expected

    def _on_survivors(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        answer = super()._on_survivors(request)
        self._others = {s.statement.client: s for s in self._submissions if s.statement.client != self.name}
        return answer

    def forge(self, attack: Attack) -> tuple[bytes, Proof | EngineProof]:
        """C(D) and a proof for this round that ought to be refused."""
        if self._own is None or self._dataset is None or self.weights is None:
            raise ParameterError("a forger needs a round to forge in")
        honest = self._own.statement
        x, y, rows, blinder = self._dataset.batch(honest.batch)
        if attack in (Attack.SCALED, Attack.NO_TRAINING, Attack.SWAPPED_LABELS) and isinstance(self.keys, EngineKeys):
            return self._false_step(self.keys, honest, Witness(x, y, blinder, self._blinder), attack)
        update = self.job.step(self.weights, x, y, rows)
        if attack in (Attack.SCALED, Attack.NO_TRAINING):
            return self._with_update(
                honest, Witness(x, y, blinder, self._blinder), update * (10 if attack is Attack.SCALED else 0)
            )
        if attack is Attack.SWAPPED_LABELS:
            swapped = np.where(np.arange(len(y)) < rows, 1 - y, 0)
            return self._with_update(
                honest,
                Witness(x, swapped, blinder, self._blinder),
                self.job.step(self.weights, x, swapped, rows),
            )
        if attack is Attack.OTHER_BATCH:
            return self._other_batch(honest)
        if attack is Attack.OTHER_JOB:
            other = dataclasses.replace(self.job, name="another job")
            statement = dataclasses.replace(honest, job=other)
            proof = proofs.prove(statement, Witness(x, y, blinder, self._blinder), self.keys)
            return statement.update_commitment, proof
        source = self._last if attack is Attack.LAST_ROUND else next(iter(self._others.values()), None)
        if source is None:
            raise ParameterError(f"{self.name} has nothing to replay for {attack.value!r}")
        body = submission_body(source)
        return body["commitment"], source.proof

    def _false_step(
        self, keys: EngineKeys, honest: Statement, witness: Witness, attack: Attack
    ) -> tuple[bytes, EngineProof]:
        """A false step through the engine's own prover, as consistent as a forger can make it."""
        names = {
            Attack.SCALED: "scaled_update",
            Attack.NO_TRAINING: "no_update",
            Attack.SWAPPED_LABELS: "swapped_targets" if self._has_targets() else "swapped_labels",
        }
        commitment, prove = keys.forge(honest, witness, names[attack])
        return commitment, prove(dataclasses.replace(honest, update_commitment=commitment))

    def _has_targets(self) -> bool:
        return self.job.network is not None and self.job.network.loss == "mse"

    def _with_update(self, honest: Statement, witness: Witness, update: npt.NDArray[np.int64]) -> tuple[bytes, Proof]:
        commitment = self.keys.commit_update(update, self._blinder)
        statement = dataclasses.replace(honest, update_commitment=commitment)
        return commitment, prove_false(statement, witness, self.keys, update)

    def _other_batch(self, honest: Statement) -> tuple[bytes, Proof | EngineProof]:
        assert self._dataset is not None
        index = (honest.batch + 1) % len(self._dataset)
        if index == honest.batch:
            raise ParameterError(f"{self.name} has one batch only")
        x, y, rows, blinder = self._dataset.batch(index)
        update = self.job.step(honest.weights, x, y, rows)
        statement = dataclasses.replace(
            honest,
            batch=index,
            rows=rows,
            batch_commitment=self._dataset.public.batches[index].commitment,
            update_commitment=self.keys.commit_update(update, self._blinder),
        )
        proof = proofs.prove(statement, Witness(x, y, blinder, self._blinder), self.keys)
        return statement.update_commitment, proof


def ask_for_both_shares(request: bytes, victim: int) -> bytes:
    """An unmask request (docs/secagg.md) that also asks for the mask key of `victim`, a survivor."""
    at = _MASK_HEADER + 32
    at += 2 + _SIGNED_ENTRY * int.from_bytes(request[at : at + 2], "little")
    at += 2 + 2 * int.from_bytes(request[at : at + 2], "little")
    count = int.from_bytes(request[at : at + 2], "little")
    asked = {int.from_bytes(request[at + 2 + 2 * i : at + 4 + 2 * i], "little") for i in range(count)} | {victim}
    return request[:at] + b"".join(value.to_bytes(2, "little") for value in (len(asked), *sorted(asked)))


class CheatingRound(Round):
    """A round in which the coordinator asks members for what they must not give, before it goes on honestly."""

    def collect(self, requests: Mapping[str, bytes], answer: Type, after: str) -> None:
        """As in an honest round, with the attack of this round first."""
        assert isinstance(self.c, CheatingCoordinator)
        attack = self.c.attacks.get(self.round)
        if attack is Attack.BOTH_SHARES and answer is Type.UNMASK_SHARES:
            victim = self.job.index_of(next(iter(self.accepted)))
            forged = ask_for_both_shares(self.content(requests)["mask"], victim)
            self.attempt(attack, requests, self.request(Type.UNMASK, {"mask": forged}), answer)
        if attack is Attack.ONE_CIPHERTEXT and answer is Type.DECRYPTION_SHARE:
            body = self.content(requests)
            single = {**body, "ciphertexts": body["ciphertexts"][:1]}
            self.attempt(attack, requests, self.request(Type.DECRYPT, single), answer)
        super().collect(requests, answer, after)
        if attack is Attack.TWO_SETS and answer is Type.SIGNED_SURVIVORS:
            entries = self.content(requests)["submissions"]
            other = self.request(Type.SURVIVORS, {"submissions": entries[:-1]})
            self.attempt(attack, requests, other, answer)

    def content(self, requests: Mapping[str, bytes]) -> dict[str, Any]:
        """The body that the honest coordinator sends to everybody."""
        return Message.open(next(iter(requests.values())), signer=self.c._identity.public_bytes).body

    def attempt(self, attack: Attack, requests: Mapping[str, bytes], forged: bytes, answer: Type) -> None:
        """Ask members one after the other until one answers (others may drop out at this point)."""
        for name in requests:
            answers, errors = self.c._ask({name: forged}, answer, self.round)
            if answers or errors:
                how = str(errors[name]) if errors else ""
                self.c.outcomes.append([self.round, str(attack), how])  # type: ignore[attr-defined]
                self.c._event("refused_by_member", {"round": self.round, "client": "coordinator", "message": how})
                return


class CheatingCoordinator(Coordinator):
    """A coordinator that tries the planned attack of a round. `outcomes`: [round, attack, how it was refused or ""]."""

    def __init__(self, *args: Any, attacks: Mapping[int, Attack] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.attacks = dict(attacks or {})
        self.outcomes: list[list[Any]] = []

    @property
    def round_type(self) -> type[Round]:
        """Rounds with attacks."""
        return CheatingRound
