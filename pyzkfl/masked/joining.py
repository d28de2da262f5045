"""How nodes that have not met agree on members and on a seed: by commit and reveal, each message bound to the terms.

Each node signs a commitment to a nonce; when it is shown all of them it reveals; the seed is a hash of all. So the seed
is nobody's choice, but that a server may give up and start again: it then has to use a higher epoch, and nonces are
fresh.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Sequence

from pyzkfl.masked.terms import Terms
from pyzkfl.standing import Plan, choose_neighbourhood

__all__ = ["commitment", "honest_survivors", "joined", "plan_of", "setup_digest"]

_DOMAIN = b"pyzkfl/1 masked averages "


def _hash(what: bytes, *parts: bytes) -> bytes:
    body = hashlib.sha256(_DOMAIN + what)
    for part in parts:
        body.update(len(part).to_bytes(8, "little") + part)
    return body.digest()


def setup_digest(run: bytes, epoch: int, terms: bytes) -> bytes:
    """What every message of a setup is about: the run (the framework's name of it), the epoch, the terms."""
    return _hash(b"setup", run, epoch.to_bytes(8, "little"), terms)


def commitment(setup: bytes, public: bytes, nonce: bytes) -> bytes:
    """To a nonce of 32 bytes, by the owner of an Ed25519 key."""
    return _hash(b"commitment", setup, public, nonce)


def joined(setup: bytes, commitment: bytes, data: bytes = b"") -> bytes:
    """What a node signs when it joins. data: root of the data that it registers, where steps are proven."""
    return _hash(b"join", setup, commitment, *([data] if data else []))


@functools.lru_cache(maxsize=64)
def _plan(terms: Terms, setup: bytes, epoch: int, members: tuple[bytes, ...], seed: bytes) -> Plan:
    return Plan(
        job_digest=setup, epoch=epoch, members=list(members), seed=seed, rounds=terms.rounds, length=terms.length,
        max_abs=terms.max_abs, dropout=terms.dropout, corrupt=terms.corrupt, server=terms.server,
        security_bits=terms.security_bits, correctness_bits=terms.correctness_bits,
    )  # fmt: skip


def plan_of(terms: Terms, setup: bytes, epoch: int, members: Sequence[bytes], nonces: Sequence[bytes]) -> Plan:
    """The plan of members with these keys and nonces. ParameterError where the terms are too weak for so many."""
    return _plan(terms, setup, epoch, tuple(members), _hash(b"seed", setup, *members, *nonces))


def honest_survivors(terms: Terms, nodes: int) -> int:
    """How many honest nodes' vectors a sum of a setup of so many nodes holds at least."""
    chosen = choose_neighbourhood(
        nodes, terms.dropout, terms.corrupt, terms.server, terms.security_bits, terms.correctness_bits
    )
    return int(chosen.min_survivors) - math.ceil(terms.corrupt * nodes)
