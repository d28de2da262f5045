"""Beacons in the records of contributions: what they cost is bounded, counted before anything long, and interruptible.

A record's exponent is a byte that nothing pays for: 63 would be 2^63 hashes. It is not hashed into the record's own
chain, so anyone can write it into a good file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from iden3_container import Container, u32

from pyzkfl import groth16, ptau
from pyzkfl.errors import ParameterError, SetupInvalid

NAME = b"tests"
PTAU, ZKEY = (7, 4), (10, 68)  # section of the contributions, and where the first record begins
VERIFY: dict[str, tuple[str, tuple[int, int], Callable[..., None]]] = {
    "ptau": ("raw.ptau", PTAU, ptau.verify),
    "zkey": ("chain.zkey", ZKEY, groth16.check_zkey),
}


class Stopped(Exception):
    """What a caller's progress callback throws, as Ctrl-C would."""


def with_beacons(chain: Path, kind: str, exponents: list[int], beacon: bytes = bytes(32)) -> Container:
    """The only contribution, once for each exponent, as a beacon's."""
    file, (section, start), _ = VERIFY[kind]
    container = Container.read(chain / file)
    body = container[section]
    points, parameters = body[start : -8 - 2 - len(NAME)], body[-8 - 2 - len(NAME) :]
    assert parameters == u32(0) + u32(2 + len(NAME)) + b"\1" + bytes([len(NAME)]) + NAME
    records = b""
    for exponent in exponents:
        rest = b"\1" + bytes([len(NAME)]) + NAME + bytes([2, exponent, 3, len(beacon)]) + beacon
        records += points + struct.pack("<II", 1, len(rest)) + rest
    container[section] = body[: start - 4] + u32(len(exponents)) + records
    return container


@pytest.mark.parametrize("kind", VERIFY)
def test_a_beacon_that_did_not_make_its_record_is_found(kind: str, chain: Path, tmp_path: Path) -> None:
    for exponent in (0, 10):
        path = with_beacons(chain, kind, [exponent]).write(tmp_path / "file")
        with pytest.raises(SetupInvalid, match=r"contribution 1 .*is not made from its beacon"):
            VERIFY[kind][2](path)


@pytest.mark.parametrize("kind", VERIFY)
@pytest.mark.parametrize("exponent", [29, 63, 64, 255])
def test_a_beacon_of_too_many_iterations_is_refused(kind: str, exponent: int, chain: Path, tmp_path: Path) -> None:
    path = with_beacons(chain, kind, [exponent]).write(tmp_path / "file")
    with pytest.raises(SetupInvalid, match=rf"contribution 1 .*2\^{exponent} iterations; .* 2\^28 at most"):
        VERIFY[kind][2](path)


@pytest.mark.parametrize("kind", VERIFY)
def test_beacons_that_take_too_long_together_are_refused(kind: str, chain: Path, tmp_path: Path) -> None:
    """A thousand records of a minute each were a day."""
    for exponents, which in (([28, 0], 2), ([27, 27, 0], 3), ([28] * 1000, 2)):
        path = with_beacons(chain, kind, exponents).write(tmp_path / "file")
        with pytest.raises(SetupInvalid, match=rf"contribution {which} .*2\^28 in all"):
            VERIFY[kind][2](path)


@pytest.mark.parametrize("kind", VERIFY)
def test_a_beacon_of_no_bytes_is_refused(kind: str, chain: Path, tmp_path: Path) -> None:
    path = with_beacons(chain, kind, [10], b"").write(tmp_path / "file")
    with pytest.raises(SetupInvalid, match="beacon that has no bytes"):
        VERIFY[kind][2](path)


@pytest.mark.parametrize("kind", VERIFY)
def test_beacons_are_counted_before_any_long_check(kind: str, chain: Path, tmp_path: Path) -> None:
    """No later check has begun: a point that it would refuse is not what is complained about."""
    bad = with_beacons(chain, kind, [63])
    bad = bad.patched(2 if kind == "ptau" else 9, 64, b"\xff" * 64)
    seen: list[float] = []
    with pytest.raises(SetupInvalid, match=r"2\^63 iterations"):
        VERIFY[kind][2](bad.write(tmp_path / "file"), progress=seen.append)
    assert all(fraction <= 0.05 for fraction in seen)


@pytest.mark.parametrize("kind", VERIFY)
def test_a_chain_that_does_not_hold_is_found_before_its_beacon_is_hashed(
    kind: str, chain: Path, tmp_path: Path
) -> None:
    """2^28 iterations take a minute: the records' own equations come first."""
    section, start = VERIFY[kind][1]
    good = with_beacons(chain, kind, [28])
    if kind == "ptau":
        bad = good.patched(1, 40, u32(5))  # as if cut down from a larger ceremony: another first challenge
    else:
        bad = good.patched(section, start + 192, good[2][212:340])  # x s' is some other point of G2
    seen: list[float] = []
    with pytest.raises(SetupInvalid, match=r"contribution 1 .*shows no knowledge"):
        VERIFY[kind][2](bad.write(tmp_path / "file"), progress=seen.append)
    assert max(seen) < 0.97


@pytest.mark.parametrize("kind", VERIFY)
def test_hashing_a_beacon_can_be_interrupted(kind: str, chain: Path, tmp_path: Path) -> None:
    path = with_beacons(chain, kind, [28]).write(tmp_path / "file")
    seen: list[float] = []

    def stop(fraction: float) -> None:
        seen.append(fraction)
        if len(seen) > 100:
            raise Stopped

    with pytest.raises(Stopped):
        VERIFY[kind][2](path, progress=stop)
    assert seen == sorted(seen) and 0.95 < seen[-1] < 1


def test_nobody_contributes_after_a_beacon_that_nobody_would_verify(chain: Path, tmp_path: Path) -> None:
    path = with_beacons(chain, "ptau", [63]).write(tmp_path / "file")
    with pytest.raises(ParameterError, match=r"2\^63 iterations"):
        ptau.contribute(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
