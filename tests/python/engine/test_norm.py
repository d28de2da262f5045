"""The norm bound alone."""

from __future__ import annotations

import numpy as np
import pytest

from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, WitnessInvalid
from pyzkfl.norm import NormProver

pytestmark = pytest.mark.filterwarnings("ignore:insecure keys")


@pytest.mark.parametrize("dimension", [1, 37, 1024])
def test_a_norm_at_the_bound_is_proven_and_one_above_is_not(dimension: int) -> None:
    update = np.zeros(dimension, dtype=np.int64)
    update[dimension // 2], update[-1] = 300, -300
    norm = int(np.ceil(np.sqrt(float((update * update).sum()))))
    prover = NormProver.insecure(dimension, norm)
    blinder = random_blinder()
    made = prover.prove(update, b"round 0", blinder)
    assert len(made["proof"]) == 416
    assert made["commitment"] == prover.commit(update, blinder)
    prover.verify(b"round 0", made["commitment"], made["proof"])

    with pytest.raises(ProofInvalid):
        prover.verify(b"round 1", made["commitment"], made["proof"])
    with pytest.raises(ProofInvalid):
        prover.verify(b"round 0", prover.commit(update, random_blinder()), made["proof"])
    with pytest.raises(DecodeError):
        prover.verify(b"round 0", made["commitment"], made["proof"][:-1])
    update[-1] -= 3
    with pytest.raises(WitnessInvalid, match="above the bound"):
        prover.prove(update, b"round 0", blinder)


def test_updates_out_of_range_are_refused_by_index() -> None:
    prover = NormProver.insecure(4, 1000)
    with pytest.raises(ParameterError, match="coordinate 2"):
        prover.prove(np.array([0, 1, 40000, 0]), b"", random_blinder())
    with pytest.raises(ParameterError, match="shape"):
        prover.prove(np.zeros(5, dtype=np.int64), b"", random_blinder())
    with pytest.raises(ParameterError, match="positive"):
        NormProver.insecure(0, 1)
