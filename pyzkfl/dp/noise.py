"""A node's share of the noise: a vector of integers of its own, with its own commitment where updates have one.

What is masked is update plus noise, what is committed to is each of them: the sum of all commitments opens to the sum
of all vectors. Nothing proves that the noise was drawn as agreed; a ledger marks it as unproven.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyzkfl.blinders import random_blinder
from pyzkfl.dp.accounting import NOISES
from pyzkfl.dp.discrete_gaussian import discrete_gaussian
from pyzkfl.dp.skellam import skellam
from pyzkfl.errors import ParameterError

__all__ = ["CommittedNoise", "draw_committed", "draw_noise"]


def draw_noise(
    noise: str, variance: int, dimension: int, random: Callable[[int], bytes] = os.urandom
) -> npt.NDArray[np.int64]:
    """`dimension` independent values, int64, exactly of the named distribution; from the system's generator."""
    if noise not in NOISES:
        raise ParameterError(f"the noise is one of {', '.join(NOISES)}, not {noise!r}")
    return (skellam if noise == "skellam" else discrete_gaussian)(variance, dimension, random)


@dataclasses.dataclass(frozen=True, repr=False)
class CommittedNoise:
    """vector, blinder: secret. commitment: 32 bytes, for everybody."""

    vector: npt.NDArray[np.int64]
    blinder: bytes
    commitment: bytes


def draw_committed(
    noise: str, variance: int, dimension: int, commit: Callable[[npt.NDArray[np.int64], bytes], bytes]
) -> CommittedNoise:
    """Noise and a commitment to it, by the key of the updates.

    commit: commit_update of a NetworkVerifier, or commit of a NormProver.
    """
    vector, blinder = draw_noise(noise, variance, dimension), random_blinder()
    return CommittedNoise(vector, blinder, bytes(commit(vector, blinder)))
