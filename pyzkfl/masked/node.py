"""A node's side: requests of the hub in, replies out; all state in a dict that the framework keeps.

A request that raises leaves the state as it was, and the node's part in that phase is lost: no reply is better than one
that an honest node would not give.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl._core.identity import verify
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.masked.bounded import BoundedUpdate, NormProofs
from pyzkfl.masked.claims import context_of, round_seed
from pyzkfl.masked.joining import commitment, honest_survivors, joined, plan_of, setup_digest
from pyzkfl.masked.stepped import NodeData, Registration, StepProofs
from pyzkfl.masked.terms import Arrays, Terms
from pyzkfl.secagg import IdentityKey
from pyzkfl.standing import Member, Plan

__all__ = ["Node", "Policy"]

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a node insists on, whatever the server proposes.

    members: the Ed25519 keys of everybody who may take part. With them the server must be treated as active. Without
    them a node takes the server's word for who the others are, which protects against a server that follows the
    protocol (semi-honest) and no other.
    corrupt, security_bits: the least that the terms must say.
    client_level: (epsilon, delta), the most that all rounds of a setup may cost; then one setup with rounds is all.
    """

    members: frozenset[bytes] | None = None
    corrupt: float = 0.05
    security_bits: float = 40.0
    client_level: tuple[float, float] | None = None

    def check(self, terms: Terms) -> None:
        """ProtocolError for terms that are weaker."""
        if self.client_level is not None:
            epsilon, delta = self.client_level
            if terms.privacy is None:
                raise ProtocolError("this node insists on client-level differential privacy, and the terms have none")
            if terms.privacy.mechanism(terms.dimension).client_level_epsilon(terms.rounds, delta) > epsilon:
                raise ProtocolError(f"the terms cost more than a client-level epsilon of {epsilon} at delta {delta}")
        if terms.server == "active" and self.members is None:
            raise ProtocolError(
                "the server asks for protection against an active server, which this node cannot have without the "
                "members' keys: give it members=..."
            )
        if terms.server != "active" and self.members is not None:
            raise ProtocolError("this node knows the members' keys and insists on server='active' in the terms")
        if terms.corrupt < self.corrupt or terms.security_bits < self.security_bits:
            raise ProtocolError(
                f"the terms protect against {terms.corrupt:.0%} corrupt members with {terms.security_bits} bits; this "
                f"node insists on {self.corrupt:.0%} and {self.security_bits}"
            )


class Node:
    """run: the framework's name of the run, as bytes. state: what was left of earlier requests; empty at first.

    The owner keeps `state` and sends no reply before it is kept: a node that is set back to an older state could be
    asked to use a mask twice. proofs: what this node proves, and insists that all prove; context: what its data are
    asked for with.
    """

    def __init__(
        self,
        run: bytes,
        identity: IdentityKey,
        state: MutableMapping[str, Any],
        policy: Policy,
        proofs: NormProofs | StepProofs | None = None,
        context: Any = None,
    ) -> None:
        self._run, self._identity, self._state, self._policy = run, identity, state, policy
        self._proofs, self._data_context = proofs, context

    _read_terms: Callable[[bytes], Terms] = staticmethod(Terms.from_bytes)

    @property
    def terms(self) -> Terms:
        """Of the setup that the node is in; ProtocolError before it joined one."""
        if "terms" not in self._state:
            raise ProtocolError("this node is in no setup: it joined none, or lost its state")
        return self._read_terms(self._state["terms"])

    def answer(self, request: Record) -> Record:
        """The reply to any request but "round". ProtocolError for one that an honest server would not make now."""
        phase, steps = request.get("phase"), self._steps()
        if phase not in steps:
            raise ProtocolError(f"there is no phase {phase!r}")
        if phase != "join":
            self._expect_epoch(request)
        return {"phase": phase, **steps[phase](request)}

    def _steps(self) -> dict[Any, Callable[[Record], Record]]:
        return {
            "join": self._join, "reveal": self._reveal, "keys": self._keys, "deal": self._deal,
            "accept": self._accept, "confirmed": self._confirmed, "sign": self._sign, "unmask": self._unmask,
        }  # fmt: skip

    def mask(self, request: Record, vector: npt.NDArray[np.int64], blinder: bytes = bytes(32)) -> Record:
        """The reply to "round": the vector, int64 (terms.length,), under its masks."""
        if self.terms.proof is not None:
            raise ProtocolError("under these terms nothing leaves a node without its proof")
        return self._masked(request, vector, blinder)

    def _masked(self, request: Record, vector: npt.NDArray[np.int64], blinder: bytes) -> Record:
        self._expect_epoch(request)
        message = self._step(lambda m: m.masked_input(_int(request, "round"), vector, blinder))
        self._state["spent"] += 1
        return {"phase": "round", "message": message}

    # -- under proofs ------------------------------------------------------------------------------------------------

    def prove(self, request: Record, before: Arrays, after: Arrays) -> Record:
        """The reply to "round": a commitment to the update, its proof, and the same vector under its masks.

        Raises RangeError where a bound is exceeded, ProtocolError where `after` is not the agreed step.
        """
        self._expect_epoch(request)
        terms, proofs, plan = self.terms, self._proofs, self._plan
        round_ = _int(request, "round")
        seed, context = round_seed(plan.digest, round_), context_of(plan.digest, round_, self._index)
        blinder = random_blinder()
        if isinstance(proofs, NormProofs) and isinstance(terms.proof, BoundedUpdate):
            vector = terms.proof.encode(terms.difference(before, after), seed, self._index)
            out = proofs.prover.prove(vector, context, blinder)
            commitment, proof = bytes(out["commitment"]), bytes(out["proof"])
        elif isinstance(proofs, StepProofs):
            vector, commitment, proof = self._prove_step(proofs, before, after, seed, context, blinder)
        else:
            raise ProtocolError("this node has no proofs=... and the terms ask for proofs")
        return {**self._masked(request, vector, blinder), "commitment": commitment, "proof": proof}

    def drawn(self, request: Record) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """The batches of a round of proven steps, features and labels as the node's data are, one a step."""
        self._expect_epoch(request)
        proofs, data, registration = self._own_data()
        seed = round_seed(self._plan.digest, _int(request, "round"))
        chosen = proofs.chosen(registration, seed, self._identity.public_bytes)
        data.expect(registration, chosen)
        return [data.rows(index) for index in chosen]

    def _own_data(self) -> tuple[StepProofs, NodeData, Registration]:
        if not isinstance(self._proofs, StepProofs) or "data" not in self._state:
            raise ProtocolError("this node has registered no data")
        registration = Registration.from_bytes(self._state["data"], self._proofs.job)
        return self._proofs, NodeData(self._proofs, self._data_context, self._state["data_secret"]), registration

    def _prove_step(
        self, proofs: StepProofs, before: Arrays, after: Arrays, seed: bytes, context: bytes, blinder: bytes
    ) -> tuple[npt.NDArray[np.int64], bytes, bytes]:
        _, data, registration = self._own_data()
        public, prover, job = self._identity.public_bytes, proofs.prover, proofs.job
        self.terms.difference(before, after)  # arrays of these names and shapes
        names = [name for name, _ in self.terms.arrays]
        weights = proofs.weights([before[name] for name in names])
        chosen = proofs.chosen(registration, seed, public)
        trained = job.train(weights, [data.integers(index) for index in chosen])
        if not np.array_equal(proofs.weights([after[name] for name in names]), job.apply(weights, trained.update)):
            raise ProtocolError(
                "the model that the train function returned is not the agreed step on the drawn batches: train with "
                "fit(job, module, batches) on drawn_batches(), and nothing else"
            )
        update = np.asarray(trained.update, np.int64)
        committed = prover.commit_weights(weights)
        statement = proofs.statement(
            registration, committed, prover.commit_update(update, blinder), context, seed, public
        )
        proof = prover.prove(trained, statement, [data.blinder(index) for index in chosen], blinder)
        numbers = b"".join(index.to_bytes(4, "little") for index in chosen)
        self._state["step"] = hashlib.sha256(committed + numbers).digest()
        return update, statement.update_commitment, proof.data

    def _refuse_second_sum(self) -> None:
        """An update is determined by weights and batches: sums of the same one over two sets would give away the
        updates of those in one set only."""
        if "step" not in self._state:
            return
        round_ = int(self._state["spent"]).to_bytes(8, "little")
        earlier: list[bytes] = list(self._state.get("summed", []))
        if any(entry[:32] == self._state["step"] and entry[32:] != round_ for entry in earlier):
            raise ProtocolError(
                "this node's update was in a sum already: weights and batches are those of an earlier round, and a sum "
                "over another set of nodes would reveal the difference"
            )
        if self._state["step"] + round_ not in earlier:
            self._state["summed"] = [*earlier, self._state["step"] + round_]

    # -- agreeing ----------------------------------------------------------------------------------------------------

    def _expect_epoch(self, request: Record) -> None:
        if "epoch" not in self._state:
            raise ProtocolError("this node is in no setup: it joined none, or lost its state")
        if _int(request, "epoch") != self._state["epoch"]:
            raise ProtocolError(f"this node is in epoch {self._state['epoch']}, the request is of another")

    @property
    def _setup(self) -> bytes:
        return setup_digest(self._run, self._state["epoch"], self._state["terms"])

    def _join(self, request: Record) -> Record:
        epoch, data = _int(request, "epoch"), _bytes(request, "terms")
        if epoch <= self._state.get("epoch", -1):
            raise ProtocolError(f"this node was in epoch {self._state['epoch']} and joins later ones only")
        terms = self._read_terms(data)
        self._policy.check(terms)
        self._check_proofs(terms)
        spent = self._state.get("spent", 0)
        if spent and self._policy.client_level is not None:
            raise ProtocolError("this node has spent its client-level privacy in an earlier setup")
        self._state.clear()
        self._state.update(epoch=epoch, terms=data, nonce=secrets.token_bytes(32), spent=spent)
        promise = commitment(self._setup, self._identity.public_bytes, self._state["nonce"])
        reply = {"public": self._identity.public_bytes, "commitment": promise}
        root = b""
        if isinstance(self._proofs, StepProofs):
            secret = secrets.token_bytes(32)
            registration = NodeData(self._proofs, self._data_context, secret).register()
            self._state.update(data_secret=secret, data=registration.to_bytes())
            reply["data"], root = registration.to_bytes(), registration.root
        return {**reply, "signature": self._identity.sign(joined(self._setup, promise, root))}

    def _check_proofs(self, terms: Terms) -> None:
        own = None if self._proofs is None else self._proofs.terms
        if terms.proof == own:
            return
        if own is None:
            raise ProtocolError("the terms ask for proofs: give the mod the same proofs=... as the strategy")
        if terms.proof is None:
            raise ProtocolError("this node insists on proofs, and the terms have none: give the strategy proofs=...")
        raise ProtocolError("the terms are of other proofs, or other keys, than this node's")

    def _reveal(self, request: Record) -> Record:
        if "members" in self._state:
            raise ProtocolError("this node has revealed to one list of members and reveals to no other")
        publics, promises, signatures = (_list(request, name) for name in ("publics", "commitments", "signatures"))
        if not len(publics) == len(promises) == len(signatures) or len(set(publics)) != len(publics):
            raise ProtocolError("the list of members has gaps or repetitions")
        own, root, roots = self._identity.public_bytes, b"", [b""] * len(publics)
        if isinstance(self._proofs, StepProofs):
            root = Registration.from_bytes(self._state["data"], self._proofs.job).root
            roots = _list(request, "roots")
        mine = (own, commitment(self._setup, own, self._state["nonce"]), root)
        if len(roots) != len(publics) or mine not in zip(publics, promises, roots, strict=True):
            raise ProtocolError("the list of members does not have this node's own key, commitment and data")
        for public, promise, signature, data in zip(publics, promises, signatures, roots, strict=True):
            if self._policy.members is not None and public not in self._policy.members:
                raise ProtocolError("somebody in the list of members is not in the members file")
            if not verify(public, joined(self._setup, promise, data), signature):
                raise ProtocolError("a signature in the list of members does not hold")
        self._state.update(members=publics, commitments=promises)
        return {"nonce": self._state["nonce"]}

    def _take_nonces(self, request: Record) -> tuple[list[bytes], list[bytes]]:
        """Members, and their nonces, each the one that was committed to."""
        if "members" not in self._state or "nonces" in self._state:
            raise ProtocolError("keys are shown once, after everybody revealed")
        members, nonces = self._state["members"], _list(request, "nonces")
        if len(nonces) != len(members) or any(
            commitment(self._setup, public, nonce) != promise
            for public, nonce, promise in zip(members, nonces, self._state["commitments"], strict=True)
        ):
            raise ProtocolError("a nonce is not the one that was committed to")
        return members, nonces

    def _keys(self, request: Record) -> Record:
        members, nonces = self._take_nonces(request)
        noise = self.terms.privacy
        if noise is not None and noise.shares > honest_survivors(self.terms, len(members)):
            raise ProtocolError(
                f"the terms count on the noise of {noise.shares} honest nodes, more than survive among {len(members)}"
            )
        member = Member(self._plan_with(nonces), self._index, self._identity)
        message = member.keys()
        self._state.update(nonces=nonces, member=member.save())  # nothing is kept of a plan that no member can have
        return {"message": message}

    # -- standing rounds ---------------------------------------------------------------------------------------------

    @property
    def _plan(self) -> Plan:
        return self._plan_with(self._state["nonces"])

    def _plan_with(self, nonces: list[bytes]) -> Plan:
        return plan_of(self.terms, self._setup, self._state["epoch"], self._state["members"], nonces)

    @property
    def _index(self) -> int:
        return int(self._state["members"].index(self._identity.public_bytes))

    def _step(self, step: Callable[[Member], bytes | None]) -> bytes:
        """One step of the member, its new state kept."""
        if "member" not in self._state:
            raise ProtocolError("this node has not shown its keys yet")
        member = Member.restore(self._plan, self._index, self._identity, self._state["member"])
        message = step(member)
        self._state["member"] = member.save()
        return message or b""

    def _deal(self, request: Record) -> Record:
        return {"message": self._step(lambda m: m.deal(_bytes(request, "message")))}

    def _accept(self, request: Record) -> Record:
        return {"message": self._step(lambda m: m.accept(_bytes(request, "message")))}

    def _confirmed(self, request: Record) -> Record:
        return {"message": self._step(lambda m: m.confirmed(_bytes(request, "message")))}

    def _sign(self, request: Record) -> Record:
        return {"message": self._step(lambda m: m.sign_survivors(_bytes(request, "message")))}

    def _unmask(self, request: Record) -> Record:
        self._refuse_second_sum()
        return {"message": self._step(lambda m: m.unmask(_bytes(request, "message")))}


def _int(request: Record, field: str) -> int:
    value = request.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise DecodeError(f"the request has no integer {field!r}")
    return value


def _bytes(request: Record, field: str) -> bytes:
    value = request.get(field)
    if not isinstance(value, bytes):
        raise DecodeError(f"the request has no bytes {field!r}")
    return value


def _list(request: Record, field: str) -> list[bytes]:
    value = request.get(field)
    if not isinstance(value, list) or not all(isinstance(item, bytes) for item in value):
        raise DecodeError(f"the request has no list of bytes {field!r}")
    return value
