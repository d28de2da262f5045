"""The server's side: sets nodes up, opens rounds, and gets the sum, over whatever carries requests and replies.

Nodes are named by the framework's integers. A node that does not reply, or replies with what it should not, is lost for
that phase; below the plan's threshold the round is void, and nothing is revealed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyzkfl._core.identity import verify
from pyzkfl.errors import DecodeError, NotEnoughClients, ParameterError, PyzkflError
from pyzkfl.masked.joining import commitment, joined, plan_of, setup_digest
from pyzkfl.masked.terms import Average, Terms
from pyzkfl.standing import Server

__all__ = ["Hub"]

_log = logging.getLogger(__name__)
_TRIES = 3

Record = dict[str, Any]
Exchange = Callable[[dict[int, Record]], Mapping[int, Record]]


class Hub:
    """run: the framework's name of the run. exchange: carries a request to each node, and brings the replies there
    are."""

    def __init__(self, run: bytes, exchange: Exchange) -> None:
        self._run, self._exchange = run, exchange
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
                self._server = self._deal(Server(plan), nonces)
                self._round = -1
                return
        raise NotEnoughClients(f"the setup failed: {len(waiting)} nodes are left of {len(nodes)}")

    def _agree(self, terms: Terms, nodes: list[int]) -> tuple[list[int], Any, list[bytes]]:
        """The nodes that are left; if all of them revealed, the plan and the nonces too."""
        data = terms.to_bytes()
        setup = setup_digest(self._run, self._epoch, data)
        entries: dict[int, tuple[bytes, bytes, bytes]] = {}
        for node, reply in self._ask("join", {node: {"terms": data} for node in nodes}).items():
            parts = [reply.get(name) for name in ("public", "commitment", "signature")]
            public, promise, signature = (part if isinstance(part, bytes) else b"" for part in parts)
            if _holds(public, joined(setup, promise), signature):
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

    def open_round(self) -> Record:
        """The request to send with the model. A round that is open and has no sum is void."""
        server = self._ready()
        self._round += 1
        server.open_round(self._round)
        return {"phase": "round", "epoch": self._epoch, "round": self._round}

    def receive(self, node: int, reply: Record) -> None:
        """A node's masked vector; who sent it is in the message. ProtocolError or DecodeError for anything else."""
        if reply.get("phase") != "round" or not isinstance(reply.get("message"), bytes):
            raise DecodeError(f"node {node} sent no masked vector")
        self._ready().receive(reply["message"])

    def close_round(self, clip_norm: float | None = None) -> Average:
        """The average of the vectors that came; clip_norm: of the round, with privacy.

        NotEnoughClients where too few came or answered.
        """
        server = self._ready()
        message = server.close_masked()
        survivors = [self._nodes[i] for i in server.survivors]
        if server.phase == "consistency":
            committee = {self._nodes[i] for i in self._plan.committee}
            self._collect(server, "sign", {n: {"message": message} for n in survivors if n in committee})
            message = server.close_consistency()
        self._collect(server, "unmask", {node: {"message": message} for node in survivors})
        total, _ = server.sum()
        return self._terms.decode(total, len(survivors), clip_norm)

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
