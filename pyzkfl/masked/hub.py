"""The server's side: sets nodes up, opens rounds, and gets the sum, over whatever carries requests and replies.

Nodes are named by the framework's integers. A node that does not reply, or replies with what it should not, is lost for
that phase; below the plan's threshold the round is void, and nothing is revealed.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyzkfl._core.identity import verify
from pyzkfl.errors import AggregateInvalid, DecodeError, NotEnoughClients, ParameterError, PyzkflError
from pyzkfl.masked.bounded import NormProofs
from pyzkfl.masked.claims import Claim, check_opening, claim_of, context_of, round_seed
from pyzkfl.masked.joining import commitment, joined, plan_of, setup_digest
from pyzkfl.masked.stepped import Registration, StepProofs
from pyzkfl.masked.terms import Arrays, Average, Terms
from pyzkfl.standing import Server

__all__ = ["Hub"]

_log = logging.getLogger(__name__)
_TRIES = 3
_SENDER = slice(7, 9)  # of a masking message (docs/secagg.md), little-endian

Record = dict[str, Any]
Exchange = Callable[[dict[int, Record]], Mapping[int, Record]]


class Hub:
    """run: the framework's name of the run. exchange: carries a request to each node, and brings the replies there
    are. proofs: what every node proves of its vector. folder: where what nodes send for each other is kept, in files of
    mode 0600 in a folder of its own, deleted with the setup; None: in memory. ParameterError where there is none."""

    def __init__(
        self,
        run: bytes,
        exchange: Exchange,
        proofs: NormProofs | StepProofs | None = None,
        folder: Path | str | None = None,
    ) -> None:
        self._run, self._exchange, self._proofs = run, exchange, proofs
        if folder is not None and not Path(folder).is_dir():
            raise ParameterError(f"{folder} is no folder: make it, or let the server keep all in memory")
        self._folder, self._forget = folder, lambda: None
        self._registrations: dict[int, Registration] = {}
        self._publics: dict[int, bytes] = {}
        self._weights = b""
        self._claims: dict[int, Claim] = {}
        self._epoch = -1
        self._server: Server | None = None
        self._nodes: list[int] = []
        self._round = -1

    # -- setup -------------------------------------------------------------------------------------------------------

    def set_up(self, terms: Terms, nodes: Sequence[int]) -> None:
        """Agree with the nodes on keys, seed and masks for terms.rounds rounds.

        Nodes lost while they join are left out, and those after it as many as the plan allows. Raises NotEnoughClients,
        or ParameterError where the terms cannot protect so few nodes.
        """
        self._server = None
        waiting = list(nodes)
        for _ in range(_TRIES):
            if len(waiting) < 3:
                break
            self._epoch += 1
            waiting, plan, nonces = self._agree(terms, waiting)
            if plan is not None:
                self._terms, self._nodes, self._plan = terms, waiting, plan
                self._server = self._deal(Server(plan, self._files()), nonces)
                self._round = -1
                return
        raise NotEnoughClients(f"the setup failed: {len(waiting)} nodes are left of {len(nodes)}")

    def _files(self) -> str | None:
        """A new folder for the server of a setup, in place of the last one's; it goes when this object does."""
        self._forget()
        if self._folder is None:
            return None
        made = tempfile.mkdtemp(prefix="pyzkfl-setup-", dir=self._folder)
        self._forget = weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def _agree(self, terms: Terms, nodes: list[int]) -> tuple[list[int], Any, list[bytes]]:
        """The nodes that are left; if all of them revealed, the plan and the nonces too."""
        data = terms.to_bytes()
        setup = setup_digest(self._run, self._epoch, data)
        entries: dict[int, tuple[bytes, bytes, bytes]] = {}
        for node, reply in self._ask("join", {node: {"terms": data} for node in nodes}).items():
            parts = [reply.get(name) for name in ("public", "commitment", "signature")]
            public, promise, signature = (part if isinstance(part, bytes) else b"" for part in parts)
            try:
                root = self._register(node, reply)
            except PyzkflError as error:
                _log.warning("node %d: %s: left out", node, error)
                continue
            if _holds(public, joined(setup, promise, root), signature):
                entries[node] = public, promise, signature
            else:
                _log.warning("node %d joined with a signature that does not hold: left out", node)
        keys = [entry[0] for entry in entries.values()]
        for node in [node for node, entry in entries.items() if keys.count(entry[0]) > 1]:
            _log.warning("node %d has the key of another node: left out", node)
            del entries[node]
        order = sorted(entries)
        if len(order) < 3:
            return order, None, []
        publics, promises, signatures = (list(column) for column in zip(*(entries[n] for n in order), strict=True))
        shown: Record = {"publics": publics, "commitments": promises, "signatures": signatures}
        if isinstance(self._proofs, StepProofs):
            shown["roots"] = [self._registrations[node].root for node in order]
        self._publics = dict(zip(order, publics, strict=True))
        nonces: dict[int, bytes] = {}
        for node, reply in self._ask("reveal", {node: dict(shown) for node in order}).items():
            nonce = reply.get("nonce")
            if isinstance(nonce, bytes) and commitment(setup, entries[node][0], nonce) == entries[node][1]:
                nonces[node] = nonce
        if len(nonces) < len(order):
            return sorted(nonces), None, []
        revealed = [nonces[node] for node in order]
        return order, self._plan_for(terms, setup, publics, revealed), revealed

    def _plan_for(self, terms: Terms, setup: bytes, publics: list[bytes], nonces: list[bytes]) -> Any:
        """What the nodes agreed on; homomorphic sums have something else in its place."""
        return plan_of(terms, setup, self._epoch, publics, nonces)

    def _register(self, node: int, reply: Record) -> bytes:
        """Keep what a node commits to of its data; the root that it signed, empty where no steps are proven."""
        if not isinstance(self._proofs, StepProofs):
            return b""
        self._registrations[node] = Registration.from_bytes(reply.get("data"), self._proofs.job)
        return self._registrations[node].root

    def _deal(self, server: Server, nonces: list[bytes]) -> Server:
        shown = self._collect(server, "keys", {node: {"nonces": nonces} for node in self._nodes})
        server.close_keys()
        dealers = self._collect(server, "deal", self._each(server.neighbour_keys, shown))
        server.close_deal()
        if confirming := self._collect(server, "accept", self._each(server.dealt, dealers)):
            server.close_confirm()
            self._collect(server, "confirmed", self._each(server.confirmed, confirming))
        return server

    # -- rounds ------------------------------------------------------------------------------------------------------

    def serves(self, terms: Terms, nodes: Sequence[int]) -> bool:
        """Whether the setup there is has a round left for these terms and nodes."""
        return (
            self._server is not None
            and terms == self._terms
            and set(nodes) <= set(self._nodes)
            and self._round + 1 < terms.rounds
        )

    @property
    def plan_summary(self) -> str:
        """Nodes, neighbours, threshold, and what they were computed for."""
        if self._server is None:
            return "no setup"
        t, chosen = self._terms, self._plan.neighbourhood
        return (
            f"{self._plan.n} nodes, {chosen.neighbours} neighbours, threshold {chosen.threshold}, {t.server} server, "
            f"{t.dropout:.0%} lost, {t.corrupt:.0%} corrupt, {t.security_bits:g} bits"
        )

    def open_round(self, model: Arrays | None = None) -> Record:
        """The request to send with the model. A round that is open and has no sum is void. model: the arrays that are
        sent; needed where steps are proven."""
        server = self._ready()
        if isinstance(self._proofs, StepProofs):
            weights = self._proofs.weights([(model or {})[name] for name, _ in self._terms.arrays])
            self._weights = self._proofs.prover.commit_weights(weights)
        self._claims = {}
        self._round += 1
        server.open_round(self._round)
        return {"phase": "round", "epoch": self._epoch, "round": self._round}

    def receive(self, node: int, reply: Record) -> None:
        """A node's masked vector; who sent it is in the message. ProtocolError or DecodeError for anything else."""
        if reply.get("phase") != "round" or not isinstance(reply.get("message"), bytes):
            raise DecodeError(f"node {node} sent no masked vector")
        if self._proofs is not None:
            raise ParameterError("under proofs replies are received together: receive_proven")
        self._ready().receive(reply["message"])

    def receive_proven(self, replies: Mapping[int, Record]) -> dict[int, str]:
        """Masked vectors with their proofs, checked in one batch; only those whose proof holds are added. Why each of
        the others was not, by node."""
        server, refused, claims = self._ready(), {}, {}
        assert self._proofs is not None
        for node, reply in replies.items():
            try:
                claims[node] = self._claim(node, reply)
            except PyzkflError as error:
                refused[node] = f"{type(error).__name__}: {error}"
        asked = list(claims)
        for position in self._proofs.failing([claims[node] for node in asked]) if asked else []:
            node = asked[position]
            del claims[node]
            refused[node] = "ProofInvalid: the proof does not hold for this node, this round and these terms"
        for node, claim in claims.items():
            try:
                server.receive(replies[node]["message"])
                self._claims[node] = claim
            except PyzkflError as error:
                refused[node] = f"{type(error).__name__}: {error}"
        return refused

    def _claim(self, node: int, reply: Record) -> Claim:
        message = reply.get("message")
        if reply.get("phase") != "round" or not isinstance(message, bytes) or node not in self._nodes:
            raise DecodeError("no masked vector of a node of this setup")
        if node in self._claims:
            raise DecodeError("a second vector in the same round")
        member = self._nodes.index(node)
        if int.from_bytes(message[_SENDER], "little") != member:
            raise DecodeError("the masked vector is another node's")
        digest = self._plan.digest
        claim = claim_of(reply, context_of(digest, self._round, member))
        if not isinstance(self._proofs, StepProofs):
            return claim
        statement = self._proofs.statement(
            self._registrations[node], self._weights, claim.commitment, claim.context,
            round_seed(digest, self._round), self._publics[node],
        )  # fmt: skip
        return dataclasses.replace(claim, statement=statement)

    def close_round(self, clip_norm: float | None = None) -> Average:
        """The average of the vectors that came; clip_norm: of the round, with privacy.

        NotEnoughClients where too few came or answered; AggregateInvalid where, under proofs, the sum does not open.
        """
        server = self._ready()
        message = server.close_masked()
        survivors = [self._nodes[i] for i in server.survivors]
        if server.phase == "consistency":
            committee = {self._nodes[i] for i in self._plan.committee}
            self._collect(server, "sign", {n: {"message": message} for n in survivors if n in committee})
            message = server.close_consistency()
        self._collect(server, "unmask", {node: {"message": message} for node in survivors})
        total, blinder = server.sum()
        if self._proofs is None:
            return self._terms.decode(total, len(survivors), clip_norm)
        if not set(survivors) <= self._claims.keys():
            raise AggregateInvalid("a vector is in the sum whose proof was not checked")
        check_opening(self._proofs, [self._claims[node] for node in survivors], total, blinder)
        return self._terms.decode(total, len(survivors), seed=round_seed(self._plan.digest, self._round))

    # -- messages ----------------------------------------------------------------------------------------------------

    def _ready(self) -> Server:
        if self._server is None:
            raise ParameterError("there is no setup: call set_up first")
        return self._server

    def _each(self, make: Callable[[int], bytes], nodes: Sequence[int]) -> dict[int, Record]:
        return {node: {"message": make(self._nodes.index(node))} for node in nodes}

    def _ask(self, phase: str, requests: dict[int, Record]) -> dict[int, Record]:
        """Replies of the right phase, of nodes that were asked."""
        made: dict[int, Record] = {n: {"phase": phase, "epoch": self._epoch, **r} for n, r in requests.items()}
        replies = self._exchange(made) if made else {}
        for node in made.keys() - replies.keys():
            _log.warning("node %d gave no reply in phase %s", node, phase)
        return {n: replies[n] for n in sorted(replies) if n in made and replies[n].get("phase") == phase}

    def _collect(self, server: Server, phase: str, requests: dict[int, Record]) -> list[int]:
        """Ask, and give the server the messages in the replies; whose were not empty and taken."""
        taken = []
        for node, reply in self._ask(phase, requests).items():
            message = reply.get("message")
            if not isinstance(message, bytes) or not message:
                continue
            try:
                server.receive(message)
                taken.append(node)
            except PyzkflError as error:
                _log.warning("node %d, phase %s: %s", node, phase, error)
        return taken


def _holds(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        return bool(verify(public, message, signature))
    except PyzkflError:  # of another length
        return False
