"""The sum of clients' vectors: masks beside Paillier (phe), which does the same job with no interaction."""

from __future__ import annotations

import numpy as np
import phe
import pytest

from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench.masking import MAX_ABS, Simulation
from pyzkfl.standing import Plan

CLIENTS = 5
JOB = "exact sum of 5 clients' vectors of 16 coordinates"


def vectors(dim: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-MAX_ABS, MAX_ABS, size=(CLIENTS, dim), dtype=np.int64)


def masked_sum(values: np.ndarray) -> bool:
    """A setup and a round on it, all parties in this process; whether the sum is exact."""
    identities = [IdentityKey.generate() for _ in values]
    plan = Plan(
        job_digest=bytes(32), epoch=0, members=[identity.public_bytes for identity in identities], seed=bytes(32),
        rounds=1, length=values.shape[1], max_abs=MAX_ABS, dropout=0.2, corrupt=0.2,
    )  # fmt: skip
    simulation = Simulation(plan, identities)
    simulation.set_up()
    return simulation.run_round(0, range(CLIENTS), dict(enumerate(values)))[1]


@pytest.mark.job(JOB)
def test_ours_sums_under_masks(benchmark) -> None:  # type: ignore[no-untyped-def]
    values = vectors(16)
    assert benchmark(masked_sum, values)


@pytest.mark.job(JOB)
def test_phe_sums_under_paillier(benchmark, small: bool) -> None:  # type: ignore[no-untyped-def]
    public, private = phe.generate_paillier_keypair(n_length=1024 if small else 2048)
    values = vectors(16)

    def encrypted_sum() -> list[int]:
        total = [public.encrypt(int(value)) for value in values[0]]
        for row in values[1:]:
            total = [a + public.encrypt(int(value)) for a, value in zip(total, row, strict=True)]
        return [private.decrypt(value) for value in total]

    assert benchmark.pedantic(encrypted_sum, rounds=1) == values.sum(axis=0).tolist()


@pytest.mark.job("a round of 5 clients under masks, a million coordinates")
def test_ours_sums_long_vectors(benchmark, small: bool) -> None:  # type: ignore[no-untyped-def]
    values = vectors(1000 if small else 1_000_000)
    assert benchmark.pedantic(masked_sum, args=(values,), rounds=3)
