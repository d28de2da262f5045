"""Masked sums for hundreds of members, many rounds on one setup.

The protocol is Bell et al. (2020) over a k-regular graph of neighbours, with the masks of a round derived from standing
keys: docs/secagg.md, part two. k and the threshold are computed from the number of members, the fractions that may drop
out and that may collude with the server, and the stated security and correctness; a plan that is too weak is refused.

>>> import numpy as np
>>> from pyzkfl.secagg import IdentityKey
>>> from pyzkfl.standing import Member, Plan, Server, set_up
>>> identities = [IdentityKey.generate() for _ in range(5)]
>>> plan = Plan(job_digest=bytes(32), epoch=0, members=[k.public_bytes for k in identities], seed=bytes(32),
...             rounds=10, length=2, max_abs=1000, dropout=0.2, corrupt=0.2)
>>> plan.neighbourhood
<standing.Neighbourhood 4 of 5>
>>> members = [Member(plan, i, key) for i, key in enumerate(identities)]
>>> server = Server(plan)
>>> set_up(server, members)

Every round then takes a masked vector and an answer of each member, and with an active server a signature of each
member of the committee. Here member 4 is lost before its vector comes:

>>> server.open_round(0)
>>> for member in members[:4]:
...     vector = np.array([member.index, -100], dtype=np.int64)
...     _ = server.receive(member.masked_input(0, vector, bytes(32)))
>>> survivors = server.close_masked()
>>> for member in members[:4]:
...     if member.in_committee:
...         _ = server.receive(member.sign_survivors(survivors))
>>> request = server.close_consistency()
>>> for member in members[:4]:
...     _ = server.receive(member.unmask(request))
>>> total, blinder = server.sum()
>>> total.tolist()
[6, -400]

`Server(plan, folder)` keeps in files what members send for each other, which takes far less memory where
members are many; `Server.restore(plan, identity, state, folder)` goes on with it (docs/secagg.md, "State").

The seed of the graph must come from a beacon made after the members were fixed and that no party chooses alone
(pyzkfl.beacon): a server that chooses it surrounds a member with its friends.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyzkfl._core.standing import Member, Neighbourhood, Plan, Server, choose_neighbourhood

__all__ = ["Member", "Neighbourhood", "Plan", "Server", "choose_neighbourhood", "set_up"]


def set_up(server: Server, members: Iterable[Member]) -> None:
    """Run the setup of members that are all in this process, none of them lost: for simulations and tests."""
    parties = list(members)
    for member in parties:
        server.receive(member.keys())
    server.close_keys()
    for member in parties:
        server.receive(member.deal(server.neighbour_keys(member.index)))
    server.close_deal()
    confirmations = [member.accept(server.dealt(member.index)) for member in parties]
    if any(confirmations):
        for message in confirmations:
            server.receive(message)
        server.close_confirm()
        for member in parties:
            member.confirmed(server.confirmed(member.index))
