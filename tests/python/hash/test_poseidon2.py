"""Poseidon2: constants, published vectors, an independent implementation, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
elements = st.integers(0, R - 1) | st.sampled_from([0, 1, 2, R - 1, R - 2, 1 << 253, (1 << 64) - 1, 1 << 128])


def integers(values: list[str]) -> list[int]:
    return [int(v, 16) for v in values]


def test_the_constants_in_the_tree_are_those_the_script_derives(repository: Path) -> None:
    script = repository / "scripts" / "poseidon2_constants.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True)


def test_published_vectors_hold(vectors: Path, reference: ModuleType) -> None:
    published = json.loads((vectors / "poseidon2.json").read_text())
    assert published["permutation"] and published["hash"]
    for case in published["permutation"]:
        assert _core.hash.poseidon2_permute(integers(case["input"])) == integers(case["output"])
        assert reference.permute(integers(case["input"])) == integers(case["output"])
    for case in published["hash"]:
        assert _core.hash.poseidon2_hash(integers(case["input"])) == int(case["output"], 16)
        assert reference.sponge(integers(case["input"])) == int(case["output"], 16)


@given(state=st.lists(elements, min_size=4, max_size=4))
def test_the_permutation_agrees_with_plain_python(reference: ModuleType, state: list[int]) -> None:
    assert _core.hash.poseidon2_permute(state) == reference.permute(state)


@given(inputs=st.lists(elements, max_size=10))
def test_the_hash_agrees_with_plain_python_for_lists_and_arrays(reference: ModuleType, inputs: list[int]) -> None:
    expected = reference.sponge(inputs)
    assert _core.hash.poseidon2_hash(inputs) == expected
    raw = b"".join(v.to_bytes(32, "little") for v in inputs)
    array = np.frombuffer(raw, dtype=np.uint8).reshape(len(inputs), 32)
    assert _core.hash.poseidon2_hash(array) == expected


def test_many_states_and_many_times() -> None:
    rng = np.random.default_rng(7)
    states = rng.integers(0, 256, (50, 4, 32), dtype=np.uint8)
    states[:, :, 31] &= 0x1F
    out = _core.hash.poseidon2_permute_many(states)
    assert out.shape == states.shape and out.dtype == np.uint8
    for before, after in zip(states, out, strict=True):
        expected = _core.hash.poseidon2_permute(before)
        assert [int.from_bytes(v.tobytes(), "little") for v in after] == expected
    state = [1, 2, 3, 4]
    for _ in range(5):
        state = _core.hash.poseidon2_permute(state)
    assert _core.hash.poseidon2_permute([1, 2, 3, 4], times=5) == state
    assert _core.hash.poseidon2_permute_many(np.zeros((0, 4, 32), np.uint8)).shape == (0, 4, 32)


def test_what_is_not_a_field_element_is_refused() -> None:
    for value in (R, R + 1, 1 << 256, -1, 1 << 300):
        with pytest.raises(DecodeError):
            _core.hash.poseidon2_hash([0, value])
    rows = np.zeros((3, 32), np.uint8)
    rows[1] = 255
    with pytest.raises(DecodeError, match="element 1"):
        _core.hash.poseidon2_hash(rows)
    for wrong in ([1.5], ["1"], [b"1"], [None], np.zeros((2, 32)), np.zeros((2, 32), np.int8), 7):
        with pytest.raises(TypeError):
            _core.hash.poseidon2_hash(wrong)
    for shape in ((32,), (2, 31), (2, 2, 32)):
        with pytest.raises(ParameterError):
            _core.hash.poseidon2_hash(np.zeros(shape, np.uint8))
    for length in (0, 3, 5):
        with pytest.raises(ParameterError):
            _core.hash.poseidon2_permute([0] * length)
    with pytest.raises(ParameterError):
        _core.hash.poseidon2_permute_many(np.zeros((2, 3, 32), np.uint8))
    with pytest.raises(TypeError):
        _core.hash.poseidon2_permute_many(np.zeros((2, 4, 32), np.float64))
