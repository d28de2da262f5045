"""A small consortium in one process, for the tests of this folder."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from pyzkfl import Client, Coordinator, IdentityKey, InProcessChannel, Job, Member, _core
from pyzkfl.demo.attackers import Forger
from pyzkfl.demo.plan import Attack
from pyzkfl.statement import batch_index

FEATURES, BATCH, MEMBERS = 3, 4, 5


def rows_of(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` rows whose label is the sign of the first feature, roughly."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0, 1.0, (count, FEATURES))
    return x, (x[:, 0] + 0.2 * rng.normal(size=count) > 0).astype(np.int64)


@dataclasses.dataclass
class Consortium:
    """Coordinator, members and the channel between them."""

    job: Job
    coordinator: Any
    coordinator_key: Any
    clients: dict[str, Client]
    identities: dict[str, Any]
    channel: InProcessChannel

    def ready(self) -> Consortium:
        """After setup and registration."""
        self.coordinator.run_setup()
        self.coordinator.run_registration()
        return self


def make(
    *,
    rounds: int = 4,
    members: int = MEMBERS,
    attacks: dict[int, dict[int, Attack]] | None = None,
    coordinator: Any = Coordinator,
    recorder: Any = None,
    rows: tuple[int, ...] = (8, 4, 6, 3, 9, 5, 4, 8),
    coordinator_key: Any = None,
    attacks_of_coordinator: dict[int, Attack] | None = None,
    aggregation: str = "masks",
) -> Consortium:
    """Members m0, m1, ... with `rows[i]` rows each; attacks[i]: what member i tries in which round."""
    names = [f"m{i}" for i in range(members)]
    identities = {name: IdentityKey.generate() for name in names}
    listed = [Member(name, identities[name].public_bytes) for name in names]
    job = Job.logistic(
        name="test",
        features=FEATURES,
        batch=BATCH,
        members=listed,
        rounds=rounds,
        learning_rate=1.0,
        aggregation=aggregation,
    )
    key = coordinator_key or IdentityKey.generate()
    clients = {}
    for index, name in enumerate(names):
        x, y = rows_of(index, rows[index])
        clients[name] = Forger(
            name,
            identities[name],
            x,
            y,
            members=listed,
            coordinator=key.public_bytes,
            attacks=(attacks or {}).get(index, {}),
        )
    channel = InProcessChannel((clients[name], identities[name]) for name in names)
    options = {"attacks": attacks_of_coordinator} if attacks_of_coordinator else {}
    made = coordinator(job, key, channel, recorder=recorder, **options)
    return Consortium(job, made, key, clients, identities, channel)


def updates_in_the_clear(c: Consortium, round_: int, weights: np.ndarray) -> dict[str, np.ndarray]:
    """What each member's update must be, computed from its private batches by the trainer."""
    result = {}
    for name, client in c.clients.items():
        x, y, rows, _ = client._dataset.batch(batch_index(c.coordinator.beacon, round_, name, len(client._dataset)))
        result[name] = _core.training.step(c.job.spec, weights, x, y, rows)
    return result
