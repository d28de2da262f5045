"""A consortium that trains a network, after a setup that one party made; what follows is the protocol."""

from __future__ import annotations

import warnings

import numpy as np

from pyzkfl import Client, Coordinator, IdentityKey, InProcessChannel, ceremony
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob
from pyzkfl.statement import batch_indices

ROWS = 20


def data_of(network: NetworkJob, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, network.input_size))
    y = (x[:, 0] > 0).astype(int)
    return x, np.stack([x[:, 0], -x[:, 1]], axis=1) if network.loss == "mse" else y


class Consortium:
    """Members m0, m1, .., whose number and classes `kinds` gives."""

    def __init__(self, network: NetworkJob, kinds: tuple[type[Client], ...] = (Client,) * 3) -> None:
        identities = {f"m{i}": IdentityKey.generate() for i in range(len(kinds))}
        members = [Member(name, identity.public_bytes) for name, identity in identities.items()]
        terms = Job.model(network, name="steps", members=members, rounds=9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.keys = ceremony.insecure_keys(terms)
        self.job = self.keys.bind(terms)
        coordinator = IdentityKey.generate()
        self.clients = {}
        for seed, ((name, identity), kind) in enumerate(zip(identities.items(), kinds, strict=True)):
            x, y = data_of(network, seed)
            self.clients[name] = kind(name, identity, x, y, members=members, coordinator=coordinator.public_bytes)
            self.clients[name].use_setup(self.job, self.keys)
        self.channel = InProcessChannel((client, identities[name]) for name, client in self.clients.items())
        self.coordinator = Coordinator(self.job, coordinator, self.channel)
        self.coordinator.use_setup(self.keys)
        self.coordinator.run_registration()

    def batches(self, name: str, round_: int):
        """What the beacon picked for a member: features, labels, real rows, blinder of each batch."""
        dataset = self.clients[name]._dataset
        chosen = batch_indices(self.coordinator.beacon, round_, name, len(dataset), self.job.steps)
        return [dataset.batch(index) for index in chosen]
