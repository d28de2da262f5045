"""A member of the consortium, as a pure state machine: signed message in, signed message out.

It knows no transport: `handle(bytes) -> bytes` is all an adapter needs (in process, a socket, Flower). It trusts
nobody: it verifies the setup, everybody's registration and every proof of a round before it signs the set of
survivors, and opens every published sum itself (docs/protocol.md sections 4 to 6).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core, beacon, ceremony, messages, proofs
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset, DatasetCommitment, check_data
from pyzkfl.errors import (
    AggregateInvalid,
    BeaconInvalid,
    ParameterError,
    ProtocolError,
    SetupInvalid,
)
from pyzkfl.homomorphic_sum import KeyMaking, MemberSum, SumTerms, number_of_keys
from pyzkfl.job import Job, Member
from pyzkfl.messages import Message, Type
from pyzkfl.proofs import Opening, Submission, Submissions, Witness
from pyzkfl.setup_files import SetupFiles
from pyzkfl.setup_states import Arrivals, State, part, reference
from pyzkfl.statement import Statement, weights_digest
from pyzkfl.velocities import OwnVelocities, Velocities, Velocity

__all__ = ["Client"]


class Client:
    """One member: its identity key, its data, and where it stands in the protocol.

    name: as in the members list. identity: `_core.identity.IdentityKey`. x: (rows, features), y: (rows,) of labels, or
    targets (rows, outputs); they never leave this object. members, coordinator: known from outside the protocol, never
    from the coordinator. setups: where to keep the setup once it is verified, for a later run.
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
        setups: SetupFiles | None = None,
    ) -> None:
        if not any(m.name == name and m.public_key == identity.public_bytes for m in members):
            raise ParameterError(f"the members list does not hold {name!r} with this identity's public key")
        self.name = name
        self.weights: npt.NDArray[np.int64] | None = None
        self.prove_seconds: list[float] = []
        self._identity = identity
        self._x, self._y = x, y
        self._members = tuple(members)
        self._coordinator = coordinator
        self._setups = setups
        self._job: Job | None = None
        self._keys: ceremony.Keys | None = None
        self._phase1_seen = b""  # digest of the first phase that this member verified
        self._records: dict[int, bytes] = {}  # what this member contributed: phase -> record
        self._contributed: State = b""  # its state, where the coordinator fetches it in parts
        self._arrivals: Arrivals | None = None
        self._dataset: CommittedDataset | None = None
        self._datasets: dict[str, DatasetCommitment] = {}
        self._registrations = b""  # digest of all registrations as this member saw them
        self._nonce: beacon.BeaconNonce | None = None
        self._beacon_commitments: dict[str, bytes] = {}
        self._beacon: bytes | None = None
        self._round = -1
        self._applied = -1  # last round whose sum is in self.weights
        self._session: Any = None
        self._blinder = b""
        # Where the job sums homomorphically: the key while it is made, this member's share of it, and of a round the
        # commitment to its ciphertext and the update that is to be encrypted.
        self._making: KeyMaking | None = None
        self._member_sums: list[MemberSum] = []
        self._update: npt.NDArray[np.int64] | None = None
        self._committed = b""
        self._submissions: tuple[Submission, ...] = ()
        self._survivors = b""  # digest of the set that this member signed in this round
        self._own: Submission | None = None  # what this member submitted last
        # (weights, batches, velocity) -> round and set of the first sum that this update was in
        self._summed: dict[tuple[bytes, tuple[int, ...], bytes], tuple[int, frozenset[str]]] = {}
        self._submit: dict[str, Any] = {}  # the answer of this round, so that a repeated request gets the same bytes
        self._velocities = Velocities()  # of all members, where the job carries momentum
        self._own_velocities = OwnVelocities()
        self.finished = False
        self._expected: frozenset[Type] = frozenset({Type.TERMS})

    def __repr__(self) -> str:
        return f"Client({self.name!r}, round {self._round})"

    _contribute = staticmethod(ceremony.contribute)

    def use_setup(self, job: Job, keys: ceremony.Keys) -> None:
        """Begin at the registration: `job` is bound to a setup that this member verified in a run before, and `keys`
        are those of that setup (pyzkfl.setup_files). ParameterError when they are not the job's, ProtocolError when its
        members are others or this run has begun."""
        if self._job is not None or job.members != self._members:
            raise ProtocolError(f"{self.name}: the run has begun, or the job's members are not the ones it knows")
        keys.expect(job)
        check_data(job, self._x, self._y)
        self._job, self._keys, self._expected = job, keys, frozenset({Type.JOB})

    # -- the one entry point -------------------------------------------------------------------------------------

    def handle(self, data: bytes) -> bytes:
        """Answer one message of the coordinator.

        Raises ProtocolError for a message of the wrong phase, round, job or party, DecodeError for malformed bytes,
        and the error of the failed check otherwise; the state is then what it was before.
        """
        request = Message.open(data, signer=self._coordinator)
        allowed = self._expected | {Type.FINISH} if self._beacon is not None else self._expected
        if request.type not in allowed:
            raise ProtocolError(f"{self.name}: message {request.type.name} does not belong in this phase")
        if request.type is not Type.TERMS and request.job != self.job.digest:
            raise ProtocolError(f"{self.name}: message {request.type.name} belongs to another job")
        handlers: dict[Type, Callable[[Message], tuple[Type, dict[str, Any], frozenset[Type]]]] = {
            Type.TERMS: self._on_terms,
            Type.SETUP_PART: self._on_setup_part,
            Type.SETUP_NEXT: self._on_setup_next,
            Type.CONTRIBUTE: self._on_contribute,
            Type.SETUP_FINAL: self._on_setup_final,
            Type.JOB: self._on_job,
            Type.REGISTRATIONS: self._on_registrations,
            Type.BEACON_COMMITMENTS: self._on_beacon_commitments,
            Type.BEACON: self._on_beacon,
            Type.ROUND: self._on_round,
            Type.MASK_KEYS: self._on_mask_keys,
            Type.MASK_SHARES: self._on_mask_shares,
            Type.SURVIVORS: self._on_survivors,
            Type.UNMASK: self._on_unmask,
            Type.AGGREGATE: self._on_aggregate,
            Type.FINISH: self._on_finish,
            Type.SUM_KEY: self._on_sum_key,
            Type.SUM_KEY_COMMITMENTS: self._on_sum_key_commitments,
            Type.SUM_KEY_PARTS: self._on_sum_key_parts,
            Type.TRAIN: self._on_train,
            Type.ENCRYPT: self._on_encrypt,
            Type.CIPHERTEXT_COMMITMENTS: self._on_ciphertext_commitments,
            Type.DECRYPT: self._on_decrypt,
        }
        type_, body, expected = handlers[request.type](request)
        reply = Message(type_, self._job.digest if self._job else b"", max(self._round, 0), body)
        sealed = reply.seal(self._identity)
        self._expected = expected
        return sealed

    @property
    def job(self) -> Job:
        """The job this member agreed to; ProtocolError before there is one."""
        if self._job is None:
            raise ProtocolError(f"{self.name}: there is no job yet")
        return self._job

    @property
    def keys(self) -> ceremony.Keys:
        """The keys this member verified; ProtocolError before the setup."""
        if self._keys is None:
            raise ProtocolError(f"{self.name}: the setup is not finished")
        return self._keys

    # -- before the first round ----------------------------------------------------------------------------------

    def _on_terms(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        job = Job.from_bytes(request.body["job"])
        if job.members != self._members:
            raise ProtocolError(f"{self.name}: the job's members are not the ones this member knows")
        check_data(job, self._x, self._y)  # data that cannot be trained on is an error now, not in the first round
        self._job = job
        return Type.ACCEPT_TERMS, {"terms": job.terms_digest}, frozenset({Type.CONTRIBUTE, Type.SETUP_PART})

    def _on_setup_part(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        body = request.body
        have = self._in_parts().take(body["state"], body["size"], body["at"], body["data"])
        return Type.SETUP_PART_SEEN, {"state": body["state"], "at": have}, self._expected

    def _on_setup_next(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        state, at = self._contributed, request.body["at"]
        if not state or request.body["state"] != reference(state):
            raise ProtocolError(f"{self.name}: asked for parts of another state than its last contribution")
        body = {"state": request.body["state"], "size": len(state), "at": at, "data": part(state, at)}
        return Type.SETUP_PART, body, self._expected

    def _in_parts(self) -> Arrivals:
        if self._arrivals is None:
            self._arrivals = Arrivals([ceremony.state_bytes(self.job, phase) for phase in (1, 2)])
        return self._arrivals

    def _named(self, body: dict[str, Any], *fields: str) -> dict[str, Any]:
        """A body with the states themselves, where it has their SHA-256."""
        return {**body, **{name: self._in_parts().get(body[name]) for name in fields if len(body[name]) == 32}}

    def _on_contribute(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        phase = request.body["phase"]
        if phase not in (1, 2) or phase in self._records:
            raise ProtocolError(f"{self.name}: asked for a contribution to phase {phase} out of turn")
        state, seen = ceremony.Stage.from_object(self._named(request.body, "state", "phase1")).verify(self.job)
        after, record = self._contribute(self.job, state, self.name)
        self._records[phase], self._phase1_seen, self._contributed = record, seen, after
        following = {Type.CONTRIBUTE if phase == 1 else Type.SETUP_FINAL, Type.SETUP_PART, Type.SETUP_NEXT}
        body = {"phase": phase, "state": reference(after), "record": record}
        return Type.CONTRIBUTION, body, frozenset(following)

    def _on_setup_final(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        transcript = ceremony.Transcript.from_object(self._named(request.body, "phase1", "phase2"))
        keys = transcript.verify(self.job, phase1_seen=self._phase1_seen)
        for phase, records in ((1, transcript.records1), (2, transcript.records2)):
            if self._records.get(phase) not in records:
                raise SetupInvalid(f"{self.name}: this member's contribution to phase {phase} is not in the setup")
        self._keys, self._arrivals, self._contributed = keys, None, b""
        self._job = keys.bind(self.job)
        if self._setups is not None:
            self._setups.put(transcript)
        return Type.SETUP_VERIFIED, {"job": self._job.digest}, frozenset({Type.JOB})

    def _on_job(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        if request.body["job"] != self.job.to_bytes():
            raise ProtocolError(f"{self.name}: the job is not the agreed terms bound to the verified setup")
        dataset = CommittedDataset.commit(self.job, self.keys, self._x, self._y)
        self._dataset = dataset
        self.weights = self.job.initial_weights()
        return Type.REGISTER, {"batches": dataset.public.to_object()}, frozenset({Type.REGISTRATIONS})

    def _on_registrations(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        datasets = {}
        for name, message in messages.open_all(self.job, request.body["registrations"], Type.REGISTER):
            datasets[name] = DatasetCommitment.from_object(message.body["batches"])
            datasets[name].verify(self.job, self.keys)
        if set(datasets) != {member.name for member in self.job.members}:
            raise ProtocolError(f"{self.name}: the registrations are not those of all members")
        if self._dataset is None or datasets.get(self.name) != self._dataset.public:
            raise ProtocolError(f"{self.name}: this member's registration is missing or was changed")
        self._datasets = datasets
        self._registrations = messages.submissions_digest(request.body["registrations"])
        self._nonce = beacon.BeaconNonce(self.job, self.name)
        return (
            Type.BEACON_COMMIT,
            {"commitment": self._nonce.commitment, "registrations": self._registrations},
            frozenset({Type.BEACON_COMMITMENTS}),
        )

    def _on_beacon_commitments(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        commitments = {}
        for name, message in messages.open_all(self.job, request.body["commitments"], Type.BEACON_COMMIT):
            if message.body["registrations"] != self._registrations:
                raise ProtocolError(f"{self.name}: {name!r} was shown other registrations")
            if len(message.body["commitment"]) != 32:
                raise BeaconInvalid(f"the beacon commitment of {name!r} does not have 32 bytes")
            commitments[name] = message.body["commitment"]
        if set(commitments) != set(self._datasets):
            raise ProtocolError(f"{self.name}: the beacon's commitments are not those of the registered members")
        if self._nonce is None or commitments[self.name] != self._nonce.commitment:
            raise ProtocolError(f"{self.name}: this member's beacon commitment was changed")
        self._beacon_commitments = commitments
        return Type.BEACON_REVEAL, {"nonce": self._nonce.reveal()}, frozenset({Type.BEACON})

    def _on_beacon(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        reveals = {}
        for name, message in messages.open_all(self.job, request.body["reveals"], Type.BEACON_REVEAL):
            reveals[name] = message.body["nonce"]
        roots = {name: dataset.root for name, dataset in self._datasets.items()}
        self._beacon = self._combine(roots, reveals)
        following = Type.ROUND if self.job.aggregation == "masks" else Type.SUM_KEY
        return Type.BEACON_SEEN, {"beacon": self._beacon}, frozenset({following})

    def _combine(self, roots: Mapping[str, bytes], reveals: Mapping[str, bytes]) -> bytes:
        """The beacon of everybody's reveals."""
        return beacon.combine(self.job, roots, self._beacon_commitments, reveals)

    # -- the key of a job that sums homomorphically --------------------------------------------------------------

    def _on_sum_key(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        if self._beacon is None:
            raise ProtocolError(f"{self.name}: there is no beacon yet")
        making = KeyMaking(SumTerms(self.job, self._beacon, len(self._member_sums)), self.job.index_of(self.name))
        body = {"commitment": making.commitment(), "box": making.box}
        self._making = making
        return Type.SUM_KEY_COMMITMENT, body, frozenset({Type.SUM_KEY_COMMITMENTS})

    def _on_sum_key_commitments(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        shown = self._of_all(request.body["commitments"], Type.SUM_KEY_COMMITMENT)
        part, shares = self._key_making.part([m.body["commitment"] for m in shown], [m.body["box"] for m in shown])
        public = Message(Type.SUM_KEY_PART, self.job.digest, 0, {"part": part}).seal(self._identity)
        body = {"part": public, "shares": [[self.job.members[i].name, share] for i, share in shares.items()]}
        return Type.SUM_KEY_SHARES, body, frozenset({Type.SUM_KEY_PARTS})

    def _on_sum_key_parts(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        parts = [message.body["part"] for message in self._of_all(request.body["parts"], Type.SUM_KEY_PART)]
        shares = messages.by_index(self.job, request.body["shares"], of="share of the key")
        made = self._key_making.finish(parts, shares)
        self._member_sums.append(made)
        self._making = None
        following = Type.SUM_KEY if len(self._member_sums) < number_of_keys(self.job) else Type.ROUND
        return Type.SUM_KEY_READY, {"key": made.key.digest}, frozenset({following})

    @property
    def _key_making(self) -> KeyMaking:
        if self._making is None:
            raise ProtocolError(f"{self.name}: no key is being made")
        return self._making

    @property
    def _sharing(self) -> MemberSum:
        number = 0 if self.job.aggregation == "paillier" else self._round
        if not 0 <= number < len(self._member_sums):
            raise ProtocolError(f"{self.name}: this member has no share of a key for round {self._round}")
        return self._member_sums[number]

    def _of_all(self, entries: list[Any], type_: Type) -> list[Message]:
        """The messages of all members, in the job's order."""
        found = dict(messages.open_all(self.job, entries, type_))
        if len(found) != len(self.job.members):
            raise ProtocolError(f"{self.name}: the messages {type_.name} are not those of all members")
        return [found[member.name] for member in self.job.members]

    # -- a round -------------------------------------------------------------------------------------------------

    def _on_round(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        round_ = request.round
        if not (self._round < round_ < self.job.rounds):
            raise ProtocolError(f"{self.name}: round {round_} is over, or not one of the job's")
        weights, velocities, applied = self._catch_up(request)
        if weights_digest(weights) != request.body["weights"]:
            raise ProtocolError(f"{self.name}: the weights of round {round_} are not the ones this member computed")
        session = None
        if self.job.aggregation == "masks":
            session = _core.secagg.ClientSession(
                messages.mask_config(self.job, round_), self.job.index_of(self.name), self._identity
            )
            advertisement = session.advertise()
        self._session, self._round, self._applied, self.weights = session, round_, applied, weights
        self._velocities = velocities
        self._submissions, self._submit = (), {}
        self._update, self._committed = None, b""
        if session is None:
            return Type.ROUND_JOINED, {}, frozenset({Type.TRAIN, Type.ROUND})
        return Type.MASK_KEY, {"mask": advertisement}, frozenset({Type.MASK_KEYS, Type.ROUND})

    def _catch_up(self, request: Message) -> tuple[npt.NDArray[np.int64], Velocities, int]:
        """W_t, and everybody's velocities, from this member's own and the evidence of the rounds that it missed, each
        checked in full."""
        weights, velocities = self.weights, self._velocities
        if weights is None:
            raise ProtocolError(f"{self.name}: not registered yet")
        last = self._applied
        for entry in request.body["missed"]:
            evidence = messages.Evidence.from_object(entry)
            if evidence.round <= self._applied:
                continue  # it is in this member's weights already, which dropped out before it could say so
            if not (last < evidence.round < request.round):
                raise ProtocolError(f"{self.name}: the evidence of round {evidence.round} is out of order")
            self._check_signatures(evidence)
            submissions = self._read_submissions(evidence.submissions, evidence.round, weights, velocities)
            opening = Opening(messages.read_sum(self.job, evidence.total), evidence.blinder)
            weights = proofs.aggregate(self.job, Submissions(submissions, opening, self.keys)).weights
            velocities = velocities.after(s.statement for s in submissions)
            last = evidence.round
        return weights, velocities, last

    def _check_signatures(self, evidence: messages.Evidence) -> None:
        """That a threshold of the survivors signed this very set: a member signs one set a round, so there is one."""
        digest = messages.submissions_digest(evidence.submissions)
        survivors = {entry[0] for entry in evidence.submissions if isinstance(entry, list) and entry}
        signers = 0
        for name, message in messages.open_all(self.job, evidence.signatures, Type.SIGNED_SURVIVORS, evidence.round):
            if name not in survivors or message.body["submissions"] != digest:
                raise AggregateInvalid(f"{self.name}: {name!r} did not sign these survivors of round {evidence.round}")
            signers += 1
        if signers < self.job.threshold:
            raise AggregateInvalid(
                f"{self.name}: {signers} survivors of round {evidence.round} signed, {self.job.threshold} are needed"
            )

    def _on_mask_keys(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        shares = self._session.share(request.body["mask"])
        return Type.MASK_SHARE, {"mask": shares}, frozenset({Type.MASK_SHARES, Type.ROUND})

    def _on_mask_shares(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        if not self._submit:
            submission, update, blinder = self._train()
            masked = self._session.masked_input(request.body["mask"], update, blinder)
            self._own, self._blinder = submission, blinder
            self._submit = {"submission": self._sealed(submission), "mask": masked}
        return Type.SUBMIT, self._submit, frozenset({Type.MASK_SHARES, Type.SURVIVORS, Type.ROUND})

    def _on_train(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        if not self._submit:
            self._own, self._update, self._blinder = self._train()
            self._submit = {"submission": self._sealed(self._own)}
        return Type.OFFER, self._submit, frozenset({Type.TRAIN, Type.ENCRYPT, Type.ROUND})

    def _sealed(self, submission: Submission) -> bytes:
        body = messages.submission_body(submission)
        return Message(Type.SUBMISSION, self.job.digest, self._round, body).seal(self._identity)

    def _on_encrypt(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        if self._update is None:
            raise ProtocolError(f"{self.name}: has submitted nothing in this round")
        self._committed = self._sharing.contribute(self._round, self._update, self._blinder)
        body = {"commitment": self._committed, "key": self._sharing.key.digest}
        return Type.CIPHERTEXT_COMMITMENT, body, frozenset({Type.CIPHERTEXT_COMMITMENTS, Type.ROUND})

    def _on_ciphertext_commitments(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        """Signed by their members, so that nobody's ciphertext is the coordinator's, and under one key, which a
        coordinator could have made look different to each with a member's help; all of it before any is shown."""
        self._same_round(request)
        commitments = {}
        for name, message in messages.open_all(
            self.job, request.body["commitments"], Type.CIPHERTEXT_COMMITMENT, self._round
        ):
            if message.body["key"] != self._sharing.key.digest:
                raise ProtocolError(f"{self.name}: {name!r} was shown another key when the key was made")
            commitments[self.job.index_of(name)] = message.body["commitment"]
        if commitments.get(self.job.index_of(self.name)) != self._committed:
            raise ProtocolError(f"{self.name}: the commitment to this member's ciphertext is missing or was changed")
        ciphertext = self._sharing.open(self._round, commitments)
        return Type.CIPHERTEXT, {"ciphertext": ciphertext}, frozenset({Type.SURVIVORS, Type.ROUND})

    def _train(self) -> tuple[Submission, npt.NDArray[np.int64], bytes]:
        """The round's training: the integer steps, C(D), the proof. The submission, and secret: update, blinder."""
        if self._dataset is None or self._beacon is None or self.weights is None:
            raise ProtocolError(f"{self.name}: not registered yet")
        chosen = self._dataset.public.indices(self.job, self._round, self.name, self._beacon)
        batches = [self._dataset.batch(index) for index in chosen]
        rows = [(x, y, rows) for x, y, rows, _ in batches]
        blinder = random_blinder()
        (x, y, _, batch_blinder), *later = batches
        witness = Witness(x, y, batch_blinder, blinder, tuple((x, y, b) for x, y, _, b in later))
        following = b""
        if self.job.carries_momentum:
            before = self._own_velocities.behind(self._velocities.of(self.name))
            update, moved = self.job.update_and_velocity(self.weights, rows, before.values)
            after = Velocity(moved, random_blinder())
            following = self.keys.commit_update(moved, after.blinder)
            self._own_velocities.submitted(following, after)
            blinders = (before.blinder, after.blinder)
            witness = dataclasses.replace(witness, velocity=before.values, velocity_blinders=blinders)
        else:
            update = self.job.update(self.weights, rows)
        statement = self.statement_of(self.name, self.keys.commit_update(update, blinder), following)
        start = time.perf_counter()
        proof = proofs.prove(statement, witness, self.keys)
        self.prove_seconds.append(time.perf_counter() - start)
        return Submission(statement, proof), update, blinder

    def statement_of(
        self,
        name: str,
        update_commitment: bytes,
        following: bytes = b"",
        *,
        round_: int | None = None,
        weights: npt.NDArray[np.int64] | None = None,
        velocities: Velocities | None = None,
    ) -> Statement:
        """The statement of a member in a round (default: this one), from this member's own state; C(D), and C(V') where
        momentum is carried (`following`), are the other member's."""
        round_ = self._round if round_ is None else round_
        weights = self.weights if weights is None else weights
        if self._beacon is None or weights is None or name not in self._datasets:
            raise ProtocolError(f"{self.name}: {name!r} is not registered")
        return self._datasets[name].statement(
            self.job,
            round_=round_,
            client=name,
            beacon=self._beacon,
            weights=weights,
            update_commitment=update_commitment,
            velocities=(velocities or self._velocities).pair(self.job, name, following),
        )

    def _read_submissions(
        self, entries: list[Any], round_: int, weights: npt.NDArray[np.int64], velocities: Velocities
    ) -> tuple[Submission, ...]:
        submissions = []
        for name, message in messages.open_all(self.job, entries, Type.SUBMISSION, round_):
            commitment, following = message.body["commitment"], message.body.get("velocity", b"")
            statement = self.statement_of(
                name, commitment, following, round_=round_, weights=weights, velocities=velocities
            )
            submissions.append(Submission(statement, proofs.read_proof(self.job, message.body["proof"])))
        return tuple(submissions)

    def _on_survivors(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        if self.weights is None:
            raise ProtocolError(f"{self.name}: not registered yet")
        submissions = self._read_submissions(request.body["submissions"], self._round, self.weights, self._velocities)
        proofs.verify_batch([(s.statement, s.proof) for s in submissions], self.keys)
        names = tuple(s.statement.client for s in submissions)
        context = messages.submissions_digest(request.body["submissions"])
        self._refuse_second_sum(names)
        if self._session is not None:
            signature = self._session.sign_survivors(sorted(self.job.index_of(name) for name in names), context)
        else:
            if self.name not in names:
                raise ProtocolError(f"{self.name}: this member's submission is not among those to be summed")
            self._sharing.sign(self._round, context)
            signature = b""
        self._submissions, self._survivors = submissions, context
        self._summed.setdefault(self._step_key(), (self._round, frozenset(names)))
        body = {"mask": signature, "submissions": context}
        # Not everybody is asked to decrypt: the sum may come at once.
        following = {Type.UNMASK} if self._session is not None else {Type.DECRYPT, Type.AGGREGATE}
        return Type.SIGNED_SURVIVORS, body, frozenset({Type.SURVIVORS, Type.ROUND, *following})

    def _step_key(self) -> tuple[bytes, tuple[int, ...], bytes]:
        """What this member's update depends on: weights, batches, velocity."""
        if self.weights is None or self._own is None:
            raise ProtocolError(f"{self.name}: has submitted nothing in this round")
        own = self._own.statement
        return weights_digest(self.weights), tuple(batch.number for batch in own.batches), b"".join(own.velocities[:1])

    def _refuse_second_sum(self, names: tuple[str, ...]) -> None:
        """An update is determined by weights, batches and velocity: two sums of the same updates over two sets would
        give away the updates of those in one set only. (Two sets within one round are the masking session's to refuse.)
        """
        before = self._summed.get(self._step_key())
        if before is not None and before[0] != self._round and before[1] != frozenset(names):
            raise ProtocolError(
                f"{self.name}: the same update was in a sum over another set of members; a second set would reveal "
                f"the difference"
            )

    def _on_unmask(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        shares = self._session.unmask(request.body["mask"])
        return Type.UNMASK_SHARES, {"mask": shares}, frozenset({Type.UNMASK, Type.AGGREGATE, Type.ROUND})

    def _on_decrypt(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        """A share of one decryption: of the sum over exactly the survivors that this member and a threshold signed."""
        self._same_round(request)
        ciphertexts = messages.by_index(self.job, request.body["ciphertexts"], of="ciphertext")
        survivors = [submission.statement.client for submission in self._submissions]
        if set(ciphertexts) != {self.job.index_of(name) for name in survivors}:
            raise ProtocolError(f"{self.name}: asked to decrypt another sum than that of the survivors it signed")
        signers = set()
        for name, message in messages.open_all(
            self.job, request.body["signatures"], Type.SIGNED_SURVIVORS, self._round
        ):
            if name not in survivors or message.body["submissions"] != self._survivors:
                raise ProtocolError(f"{self.name}: {name!r} did not sign the survivors that this member signed")
            signers.add(name)
        if len(signers) < self.job.threshold:
            raise ProtocolError(f"{self.name}: {len(signers)} survivors signed, {self.job.threshold} are needed")
        holders = request.body["holders"]
        if not all(isinstance(name, str) and name in signers for name in holders):
            raise ProtocolError(f"{self.name}: those who decrypt are members that signed the survivors")
        share = self._sharing.share(self._round, ciphertexts, [self.job.index_of(name) for name in holders])
        return Type.DECRYPTION_SHARE, {"share": share}, frozenset({Type.DECRYPT, Type.AGGREGATE, Type.ROUND})

    def _on_aggregate(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self._same_round(request)
        opening = Opening(messages.read_sum(self.job, request.body["total"]), request.body["blinder"])
        if not self._submissions:
            raise AggregateInvalid(f"{self.name}: no submissions of round {self._round} were shown")
        checked = proofs.aggregate(self.job, Submissions(self._submissions, opening, self.keys))
        self.weights, self._applied = checked.weights, self._round
        self._velocities = self._velocities.after(s.statement for s in self._submissions)
        return Type.ROUND_SEEN, {"weights": weights_digest(checked.weights)}, frozenset({Type.ROUND})

    def _on_finish(self, request: Message) -> tuple[Type, dict[str, Any], frozenset[Type]]:
        self.finished = True
        return Type.FINISH, {}, frozenset()

    def _same_round(self, request: Message) -> None:
        if request.round != self._round:
            raise ProtocolError(f"{self.name}: a message of round {request.round} in round {self._round}")

    def registered(self) -> Mapping[str, DatasetCommitment]:
        """Everybody's registered dataset commitments, by name."""
        return dict(self._datasets)
