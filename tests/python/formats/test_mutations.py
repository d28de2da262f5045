"""Readers meet files that differ from good ones at a few places: an error of ours or a value, and nothing else.

tests/cpp/formats/test_mutations.cpp does the same by the thousand, under the sanitizers in `make test-deep`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyzkfl import _core, groth16, snarkjs
from pyzkfl.errors import PyzkflError

formats = _core.formats


def use_zkey(path: str) -> None:
    key = formats.ZkeyFile(path)
    key.problem()
    key.contributions()


def use_ptau(path: str) -> None:
    if formats.ptau_info(path)["ceremony_log_n"] <= 12:  # else its first challenge takes long
        formats.ptau_problem(path)


BINARY: dict[str, Callable[[str], object]] = {
    "chain.r1cs": formats.r1cs_info,
    "chain.wtns": formats.read_wtns,
    "chain.zkey": use_zkey,
    "powers.ptau": use_ptau,
}
TEXT: dict[str, Callable[[bytes], object]] = {
    "verification_key.json": groth16.VerifyingKey.from_json,
    "proof.json": groth16.Proof.from_json,
    "public.json": snarkjs.public_inputs,
}
CHANGES = st.lists(
    st.tuples(st.integers(0, 2**32), st.sampled_from(["set", "cut", "insert", "near front"]), st.binary(max_size=9)),
    min_size=1,
    max_size=4,
)


def changed(data: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    for place, how, new in changes:
        at = place % (min(len(data), 120) + 1 if how == "near front" else len(data) + 1)
        if how == "cut":
            data = data[:at]
        else:
            data = data[:at] + new + data[at if how == "insert" else at + len(new) :]
    return data


@pytest.mark.parametrize("name", BINARY)
@settings(suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_a_changed_binary_file_is_read_or_refused(
    name: str, changes: list[tuple[int, str, bytes]], chain: Path
) -> None:
    path = chain / "changed"
    path.write_bytes(changed((chain / name).read_bytes(), changes))
    try:
        BINARY[name](str(path))
    except PyzkflError as error:
        assert str(error)


@pytest.mark.parametrize("name", TEXT)
@settings(suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_a_changed_json_file_is_read_or_refused(name: str, changes: list[tuple[int, str, bytes]], chain: Path) -> None:
    try:
        TEXT[name](changed((chain / name).read_bytes(), changes))
    except PyzkflError as error:
        assert str(error)
