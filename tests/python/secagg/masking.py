"""A masking round in one process, for the Python tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from pyzkfl.secagg import ClientSession, Config, IdentityKey, ServerSession

FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617
IDENTITIES = [IdentityKey.generate() for _ in range(12)]


def make_config(n: int, threshold: int, length: int = 4, max_abs: int = 1000, round_: int = 0) -> Config:
    members = [key.public_bytes for key in IDENTITIES[:n]]
    return Config(b"\x07" * 32, round_, members, threshold, length, max_abs)


class Round:
    """All parties of a round and the messages that the server sent last."""

    def __init__(self, config: Config, values: npt.NDArray[np.int64], blinders: list[int],
                 unsafe_skip: Iterable[str] = ()) -> None:
        self.config, self.values, self.blinders = config, values, blinders
        self.clients = [ClientSession(config, i, IDENTITIES[i], unsafe_skip=set(unsafe_skip)) for i in range(config.n)]
        self.server = ServerSession(config)
        self.masked: dict[int, bytes] = {}

    def send(self, members: Iterable[int], step: Callable[[ClientSession], bytes]) -> None:
        for i in members:
            assert self.server.receive(step(self.clients[i])) == i

    def advertise(self, members: Iterable[int]) -> None:
        self.send(members, lambda c: c.advertise())
        self.keys = self.server.close_advertise()

    def share(self, members: Iterable[int]) -> None:
        self.send(members, lambda c: c.share(self.keys))
        self.shared = self.server.close_share()

    def mask(self, members: Iterable[int]) -> None:
        def step(client: ClientSession) -> bytes:
            i = client.index
            blinder = self.blinders[i].to_bytes(32, "little")
            self.masked[i] = client.masked_input(self.shared[i], self.values[i], blinder)
            return self.masked[i]

        self.send(members, step)
        self.set = self.server.close_masked(self.server.submitters)

    def sign(self, members: Iterable[int]) -> None:
        self.send(members, lambda c: c.sign_survivors(self.set))
        self.request = self.server.close_consistency()

    def unmask(self, members: Iterable[int]) -> None:
        self.send(members, lambda c: c.unmask(self.request))

    def expect_sum_over(self, members: list[int]) -> None:
        total, blinder = self.server.sum()
        assert total.dtype == np.int64
        assert total.tolist() == self.values[members].sum(axis=0).tolist()
        assert int.from_bytes(blinder, "little") == sum(self.blinders[i] for i in members) % FR


def some_round(n: int = 4, threshold: int = 3, **unsafe: Iterable[str]) -> Round:
    values = np.arange(n * 4, dtype=np.int64).reshape(n, 4) - 7
    return Round(make_config(n, threshold), values, list(range(1, n + 1)), **unsafe)
