"""Masked averages among nodes of this process: whom a test loses, and in which phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyzkfl.errors import PyzkflError
from pyzkfl.masked import Average, Hub, Node, Policy, Terms
from pyzkfl.secagg import IdentityKey

RUN = b"a run"


class Party:
    """A hub, and nodes 100, 101, ..; `lost[phase]` are the nodes that do not reply in it."""

    def __init__(self, count: int = 10, server: str = "semi-honest", folder: Path | None = None) -> None:
        self.keys = {100 + i: IdentityKey.generate() for i in range(count)}
        known = frozenset(key.public_bytes for key in self.keys.values()) if server == "active" else None
        self.policy = Policy(members=known)
        self.states: dict[int, dict[str, Any]] = {node: {} for node in self.keys}
        self.lost: dict[str, Iterable[int]] = {}
        self.tamper: Callable[[int, dict[str, Any]], dict[str, Any]] = lambda node, request: request
        self.refusals: list[str] = []
        self.seen: list[tuple[int, dict[str, Any]]] = []
        self.hub = Hub(RUN, self.exchange, folder=folder)
        self.nodes = list(self.keys)

    def node(self, node: int) -> Node:
        return Node(RUN, self.keys[node], self.states[node], self.policy)

    def exchange(self, requests: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        replies = {}
        for node, request in requests.items():
            self.seen.append((node, dict(request)))
            if node in self.lost.get(request["phase"], ()):
                continue
            before = dict(self.states[node])
            try:
                replies[node] = self.node(node).answer(self.tamper(node, dict(request)))
            except PyzkflError as error:
                self.refusals.append(str(error))
                assert self.states[node] == before
        return replies

    def round(
        self, updates: Mapping[int, float], terms: Terms, weight: Callable[[int], int] = lambda node: 90_000
    ) -> Average:
        request = self.hub.open_round()
        for node, value in updates.items():
            vector = terms.encode({"w": np.zeros(3)}, {"w": np.full(3, value)}, weight(node))
            self.hub.receive(node, self.node(node).mask(request, vector))
        return self.hub.close_round()
