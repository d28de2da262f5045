"""The server's side of an encrypted average: as pyzkfl.masked.Hub. It has no key and adds ciphertexts.

A round in which ciphertexts were opened and no sum came ends its key: nodes that train again send nearly the same
vectors, and a member that has seen the old ciphertexts could subtract them from the new sum.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import he
from pyzkfl.blinder_lanes import from_lanes
from pyzkfl.encrypted.terms import EncryptedTerms, Setup
from pyzkfl.errors import DecodeError, NotEnoughClients, ParameterError, ProtocolError, PyzkflError
from pyzkfl.masked.hub import _TRIES, Exchange, Hub, Record, _holds
from pyzkfl.masked.terms import Arrays, Average, Terms

__all__ = ["EncryptedHub"]

_log = logging.getLogger(__name__)


class EncryptedHub(Hub):
    """run, exchange: as of Hub. opening: the sum of the last round and of its blinders, where the terms have blinders.
    wrong_shares: nodes whose decryption share of the last round did not match its proof."""

    def __init__(self, run: bytes, exchange: Exchange) -> None:
        super().__init__(run, exchange)
        self._agreed: Setup | None = None
        self._members: list[bytes] = []
        self._key_digest = b""
        self._public: Any = None
        self._combiner: Any = None
        self._commitments: dict[int, tuple[bytes, bytes]] = {}  # by index, with the signature
        self.opening: tuple[npt.NDArray[np.int64], bytes] | None = None
        self.wrong_shares: list[int] = []

    # -- setup -------------------------------------------------------------------------------------------------------

    def set_up(self, terms: Terms, nodes: Sequence[int]) -> None:
        """Agree with the nodes on members and a key. NotEnoughClients where one that the key needs is lost."""
        if not isinstance(terms, EncryptedTerms):
            raise ParameterError("these are no terms of an encrypted average")
        self._agreed = None
        waiting = list(nodes)
        for _ in range(_TRIES):
            if len(waiting) < max(3, terms.members or 3):
                break
            self._epoch += 1
            waiting, agreed, _nonces = self._agree(terms, waiting)
            if agreed is not None:
                self._terms, self._nodes, self._round = terms, waiting, -1
                self._make_key(agreed)
                return
        raise NotEnoughClients(f"the setup failed: {len(waiting)} nodes are left of {len(nodes)}")

    def _plan_for(self, terms: Terms, setup: bytes, publics: list[bytes], nonces: list[bytes]) -> Any:
        assert isinstance(terms, EncryptedTerms)
        self._members, self._nonces = publics, nonces
        return Setup.of(terms, self._run, self._epoch, publics, nonces)

    def _everybody(self, phase: str, requests: dict[int, Record]) -> list[Record]:
        """Replies in the order of members; every one is needed."""
        replies = self._ask(phase, requests)
        if lost := [node for node in self._nodes if node not in replies]:
            raise NotEnoughClients(f"making the key needs every node, and {lost} gave no reply in phase {phase}")
        return [replies[node] for node in self._nodes]

    def _make_key(self, agreed: Setup) -> None:
        nodes, n = self._nodes, len(self._nodes)
        shown = self._everybody("keys", {node: {"nonces": self._nonces} for node in nodes})
        names = {"boxes": "box", "commitments": "commitment", "signatures": "signature"}
        lists = {plural: [_field(reply, name) for reply in shown] for plural, name in names.items()}
        dealt = self._everybody("deal", {node: dict(lists) for node in nodes})
        parts = [_field(reply, "part") for reply in dealt]
        rows = [_row(reply, n) for reply in dealt]
        finished = self._everybody(
            "accept", {node: {"parts": parts, "shares": [row[i] for row in rows]} for i, node in enumerate(nodes)}
        )
        digest = agreed.key_digest(parts)
        for node, reply in zip(nodes, finished, strict=True):
            if reply.get("key") != digest:
                raise ProtocolError(f"node {node} was shown another key")
        if agreed.has_keeper:
            self._public, self._combiner = agreed.read_public(parts[agreed.keeper], n)
        else:
            joint = agreed.joint(n)
            core = joint.public_key(lists["commitments"], parts)
            self._public = he.EncryptionKey("rlwe", core, agreed.terms.encrypted_max_abs, n)
            self._combiner = joint
        self._key_digest, self._agreed = digest, agreed

    # -- rounds ------------------------------------------------------------------------------------------------------

    def serves(self, terms: Terms, nodes: Sequence[int]) -> bool:
        """Whether the key there is has a round left for these terms and nodes."""
        return (
            self._agreed is not None
            and terms == self._terms
            and set(nodes) <= set(self._nodes)
            and self._round + 1 < terms.rounds
        )

    @property
    def plan_summary(self) -> str:
        """Nodes, scheme, and who can decrypt."""
        if self._agreed is None:
            return "no setup"
        terms = self._agreed.terms
        held = "node " + str(self._nodes[self._agreed.keeper]) if terms.members is None else f"any {terms.threshold}"
        return f"{len(self._nodes)} nodes, {terms.aggregation}, decrypted by {held}, {terms.server} server"

    def open_round(self, model: Arrays | None = None) -> Record:
        """The request to send with the model, which no ciphertext depends on."""
        self._set()
        self._round += 1
        self._commitments, self.opening, self.wrong_shares = {}, None, []
        return {"phase": "round", "epoch": self._epoch, "round": self._round}

    def receive(self, node: int, reply: Record) -> None:
        """A node's signed commitment to its ciphertext. ProtocolError or DecodeError for anything else."""
        agreed = self._set()
        if reply.get("phase") != "round" or node not in self._nodes:
            raise DecodeError(f"node {node} sent no commitment")
        index = self._nodes.index(node)
        commitment, signature = _field(reply, "commitment"), _field(reply, "signature")
        context = agreed.round_context(self._key_digest, self._round)
        if len(commitment) != 32 or not _holds(
            self._members[index], agreed.contribution(context, commitment), signature
        ):
            raise ProtocolError(f"the signature of node {node} under its commitment does not hold")
        self._commitments[index] = commitment, signature

    def close_round(self, clip_norm: float | None = None) -> Average:
        """The average of what came. NotEnoughClients where too few came or answered; then the key has had its time,
        if ciphertexts were opened."""
        agreed, terms = self._set(), self._terms
        assert isinstance(terms, EncryptedTerms)
        least = terms.least(len(self._nodes))
        who = sorted(self._commitments)
        if len(who) < least:
            raise NotEnoughClients(f"{len(who)} nodes committed to a ciphertext, {least} are needed")
        self._agreed = None  # until there is a sum
        commitments = {i: self._commitments[i][0] for i in who}
        ciphertexts = self._open(agreed, who, commitments)
        if len(ciphertexts) < least:
            raise NotEnoughClients(f"{len(ciphertexts)} nodes opened their ciphertexts, {least} are needed")
        total = self._decrypt(agreed, commitments, ciphertexts)
        self._agreed = agreed
        if terms.blinders:
            self.opening = total[: terms.length], from_lanes(total[terms.length :])
        return terms.decode(total[: terms.length], len(ciphertexts))

    def _open(self, agreed: Setup, who: list[int], commitments: dict[int, bytes]) -> dict[int, bytes]:
        lists = {"contributors": who, "commitments": [commitments[i] for i in who]}
        lists["signatures"] = [self._commitments[i][1] for i in who]
        asked = {self._nodes[i]: {"round": self._round, **lists} for i in who}
        context, found = agreed.round_context(self._key_digest, self._round), {}
        for node, reply in self._ask("open", asked).items():
            index = self._nodes.index(node)
            try:
                ciphertext = _field(reply, "ciphertext")
                if he.commit_contribution(context, index, ciphertext) != commitments[index]:
                    raise ProtocolError("the ciphertext is not the one committed to")
                agreed.read_ciphertext(self._public, context, index, ciphertext)
                found[index] = ciphertext
            except PyzkflError as error:
                _log.warning("node %d is left out of the sum: %s", node, error)
        return found

    def _decrypt(
        self, agreed: Setup, commitments: dict[int, bytes], ciphertexts: dict[int, bytes]
    ) -> npt.NDArray[np.int64]:
        terms, who = agreed.terms, sorted(ciphertexts)
        if terms.members is None:
            holders = [agreed.keeper] if agreed.keeper in ciphertexts else []
        else:  # of ring-LWE exactly the threshold, or their noise hides less
            holders = who if terms.aggregation == "paillier" else who[: terms.threshold]
        if len(holders) < terms.threshold:
            raise NotEnoughClients(f"{len(holders)} nodes can decrypt, {terms.threshold} are needed")
        request = {
            "round": self._round, "contributors": who, "ciphertexts": [ciphertexts[i] for i in who],
            "holders": holders,
        }  # fmt: skip
        replies = self._ask("decrypt", {self._nodes[i]: dict(request) for i in holders})
        shares = {self._nodes.index(n): s for n, r in replies.items() if isinstance(s := r.get("share"), bytes)}
        if len(shares) < terms.threshold:
            raise NotEnoughClients(f"{len(shares)} shares of the decryption came, {terms.threshold} are needed")
        if terms.members is None:
            total = np.frombuffer(shares[agreed.keeper], "<i8").astype(np.int64)
        else:
            context = agreed.round_context(self._key_digest, self._round)
            asked = he.SumRequest(
                context=context, commitments=commitments, ciphertexts=ciphertexts, holders=set(holders)
            )
            total = self._combine(agreed, asked, shares)
        if total.shape != (terms.encrypted_length,):
            raise NotEnoughClients("what was decrypted has another length than was due")
        return total

    def _combine(self, agreed: Setup, asked: he.SumRequest, shares: dict[int, bytes]) -> npt.NDArray[np.int64]:
        """Without the shares whose proofs are wrong; whose they are is in wrong_shares."""
        while True:
            try:
                if agreed.has_keeper:
                    return np.asarray(self._combiner.combine(asked, list(shares.values())))
                return np.asarray(self._combiner.combine(self._public.core, asked, list(shares.values())))
            except (ProtocolError, DecodeError) as error:
                wrong = getattr(error, "offender", None)
                if wrong not in shares:
                    raise NotEnoughClients(f"the shares of the decryption give no sum: {error}") from error
                _log.warning("node %d sent a wrong share of the decryption: %s", self._nodes[wrong], error)
                self.wrong_shares.append(self._nodes[wrong])
                del shares[wrong]

    def _set(self) -> Setup:
        if self._agreed is None:
            raise ParameterError("there is no setup: call set_up first")
        return self._agreed


def _field(reply: Record, name: str) -> bytes:
    value = reply.get(name)
    if not isinstance(value, bytes):
        raise DecodeError(f"a reply has no bytes {name!r}")
    return value


def _row(reply: Record, count: int) -> list[bytes]:
    value = reply.get("shares")
    if not isinstance(value, list) or len(value) != count or not all(isinstance(item, bytes) for item in value):
        raise DecodeError("a reply has no list of shares of the key, one for each node")
    return value
