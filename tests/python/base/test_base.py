"""Threads, processor and SHA-256 from Python, against the standard library."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.errors import ParameterError

base = _core.base


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 1000, 1_000_000])
def test_sha256_is_that_of_hashlib(length: int) -> None:
    data = bytes(i * 7 & 255 for i in range(length))
    assert base.sha256(data) == hashlib.sha256(data).digest()
    assert base.sha256(bytearray(data)) == hashlib.sha256(data).digest()
    assert base.sha256(memoryview(data)) == hashlib.sha256(data).digest()


def test_sha256_hashes_the_bytes_of_an_array_without_copying() -> None:
    array = np.arange(1000, dtype=np.int64).reshape(10, 100)
    assert base.sha256(array) == hashlib.sha256(array.tobytes()).digest()


def test_sha256_refuses_what_is_not_contiguous_or_not_bytes() -> None:
    with pytest.raises(TypeError):
        base.sha256(np.arange(10)[::2])
    with pytest.raises(TypeError):
        base.sha256(np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(TypeError):
        base.sha256("text")


def test_the_thread_count_can_be_set_and_reset() -> None:
    default = base.thread_count()
    try:
        base.set_thread_count(3)
        assert base.thread_count() == 3
    finally:
        base.set_thread_count(0)
    assert base.thread_count() == default
    with pytest.raises(ParameterError):
        base.set_thread_count(5000)
    with pytest.raises(TypeError):
        base.set_thread_count(-1)


def in_new_process(expression: str, **environment: str) -> str:
    code = f"from pyzkfl import _core; print(_core.base.{expression})"
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_the_environment_sets_the_number_of_threads() -> None:
    assert in_new_process("thread_count()", PYZKFL_THREADS="5") == "5"
    for nonsense in ("", "0", "-3", "many", "9999", "2x"):
        assert in_new_process("thread_count()", PYZKFL_THREADS=nonsense) == in_new_process("thread_count()")


def test_the_environment_chooses_the_kernel() -> None:
    assert in_new_process("cpu_kernel()", PYZKFL_CPU="generic") == "generic"
    best = in_new_process("cpu_kernel()", PYZKFL_CPU="")
    assert in_new_process("cpu_kernel()", PYZKFL_CPU="no such thing") == best
    if "adx" in base.cpu_features().split() and "bmi2" in base.cpu_features().split():
        assert in_new_process("cpu_kernel()", PYZKFL_CPU="adx") == "adx"


def test_the_openssl_version_is_3_or_later() -> None:
    name, version = base.openssl_version().split()[:2]
    assert name == "OpenSSL"
    assert int(version.split(".")[0]) >= 3


def _transform_in_child(values: np.ndarray) -> bytes:
    return _core.poly.ntt(values).tobytes()


def test_a_forked_worker_computes_what_its_parent_computes() -> None:
    values = _core.fields.random("fr", 1 << 12)
    expected = _core.poly.ntt(values).tobytes()  # the parent's threads exist before the fork
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = [pool.apply_async(_transform_in_child, (values,)) for _ in range(4)]
        assert all(result.get(timeout=60) == expected for result in results)


def test_python_threads_may_compute_at_the_same_time() -> None:
    inputs = [_core.fields.random("fr", 1 << 10) for _ in range(4)]
    expected = [_core.poly.ntt(values).tobytes() for values in inputs]
    with ThreadPoolExecutor(4) as executor:
        for _ in range(5):
            found = executor.map(lambda values: _core.poly.ntt(values).tobytes(), inputs)
            assert list(found) == expected
