"""A Paillier key that anyone can read, and the reference AES of the masking tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pyzkfl import he

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "secagg"))


@pytest.fixture(scope="session")
def safe_primes(vectors: Path) -> tuple[int, int]:
    p, q = (int(line, 16) for line in (vectors / "paillier_safe_primes.txt").read_text().split())
    return p, q


@pytest.fixture(scope="session")
def paillier(safe_primes: tuple[int, int]) -> he.PaillierSecretKey:
    return he.PaillierSecretKey(*safe_primes)
