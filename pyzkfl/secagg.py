"""Masked secure aggregation: a coordinator learns the sum of the members' vectors and nothing else.

The protocol is that of Bonawitz et al. (2017) for an active server, over signed keys (Bell et al. 2020), with a
complete graph of neighbours; docs/secagg.md has every message byte by byte. Sessions are pure state machines: bytes in,
bytes out. Carry the bytes however you like; a call that raises has changed nothing.

A round of four members, of whom one is lost on the way:

>>> import numpy as np
>>> from pyzkfl.secagg import ClientSession, Config, IdentityKey, ServerSession
>>> identities = [IdentityKey.generate() for _ in range(4)]
>>> config = Config(job_digest=bytes(32), round=0, members=[k.public_bytes for k in identities],
...                 threshold=3, length=2, max_abs=1000)
>>> clients = [ClientSession(config, i, key) for i, key in enumerate(identities)]
>>> server = ServerSession(config)
>>> for client in clients:
...     _ = server.receive(client.advertise())
>>> keys = server.close_advertise()
>>> for client in clients:
...     _ = server.receive(client.share(keys))
>>> shares = server.close_share()
>>> blinder = (5).to_bytes(32, "little")  # of the commitment to the vector; zero if there is none
>>> for client in clients[:3]:  # member 3 is lost after it dealt its shares
...     vector = np.array([client.index, -100], dtype=np.int64)
...     _ = server.receive(client.masked_input(shares[client.index], vector, blinder))
>>> survivors = server.close_masked(server.submitters)
>>> for client in clients[:3]:
...     _ = server.receive(client.sign_survivors(survivors))
>>> request = server.close_consistency()
>>> for client in clients[:3]:
...     _ = server.receive(client.unmask(request))
>>> total, blinders = server.sum()
>>> total.tolist(), int.from_bytes(blinders, "little")
([3, -300], 15)

What privacy rests on: at most `config.max_corrupt` members deviate together with the coordinator; X25519, AES-256,
SHA-256 and Ed25519 hold (128 bits). What is not checked here: that a masked
vector is the one its owner committed to. An inflated vector shows when the sum is opened against the sum of the
commitments.
"""

from __future__ import annotations

from pyzkfl._core.identity import IdentityKey, verify
from pyzkfl._core.secagg import (
    ClientSession,
    Config,
    ServerSession,
    bench_mask,
    bench_shamir,
    client_traffic,
    masked_bytes,
)

__all__ = [
    "ClientSession",
    "Config",
    "IdentityKey",
    "ServerSession",
    "bench_mask",
    "bench_shamir",
    "client_traffic",
    "masked_bytes",
    "verify",
]
