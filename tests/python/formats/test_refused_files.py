"""Files that a reader must refuse, with an error that says what is wrong and where; and what memory that takes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from iden3_container import INFINITY_1, OFF_CURVE_1, Container, P, R, stray_g2, u32, u64

from pyzkfl import _core, groth16, ptau
from pyzkfl.errors import DecodeError, ParameterError, PyzkflError, SetupInvalid, SystemFailure, UnsupportedVersion

formats = _core.formats
BLS12_381_R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
BLS12_381_P = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
GOLDILOCKS = 2**64 - 2**32 + 1


def prime(value: int, length: int = 32) -> bytes:
    return u32(length) + value.to_bytes(length, "little")


READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "r1cs": ("chain.r1cs", formats.r1cs_info),
    "wtns": ("chain.wtns", formats.read_wtns),
    "zkey": ("chain.zkey", formats.ZkeyFile),
    "ptau": ("powers.ptau", formats.ptau_info),
}


def refused(kind: str, path: Path, match: str, error: type[PyzkflError] = DecodeError) -> None:
    with pytest.raises(error, match=match) as raised:
        READERS[kind][1](str(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_container_of_its_kind_is_refused(kind: str, chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = (chain / READERS[kind][0]).read_bytes()
    path.write_bytes(b"")
    refused(kind, path, "truncated")
    path.write_bytes(good[:11])
    refused(kind, path, "truncated")
    path.write_bytes(b"elfs" + good[4:])
    refused(kind, path, f"not a .{kind} file")
    for version in (0, 3, 2**32 - 1):
        path.write_bytes(good[:4] + u32(version) + good[8:])
        refused(kind, path, "version", UnsupportedVersion)
    path.write_bytes(good + b"\0")
    refused(kind, path, "bytes")
    path.write_bytes(good[:-1])
    refused(kind, path, "truncated")
    refused(kind, tmp_path / "nothing", "No such file", SystemFailure)
    refused(kind, tmp_path, "not a regular file", ParameterError)


@pytest.mark.parametrize("kind", READERS)
def test_a_table_of_sections_that_lies_is_refused(kind: str, chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    container = Container.read(chain / READERS[kind][0])
    good = container.to_bytes()
    for count in (2**32 - 1, 257):
        path.write_bytes(good[:8] + u32(count) + good[12:])
        refused(kind, path, "sections")
    path.write_bytes(good[:8] + u32(len(container.sections) + 1) + good[12:])
    refused(kind, path, "truncated")
    path.write_bytes(good[:8] + u32(len(container.sections) - 1) + good[12:])
    refused(kind, path, "bytes")
    for size in (2**64 - 1, 2**63, 2**40, len(good)):  # what would drive a huge allocation
        path.write_bytes(good[:16] + u64(size) + good[24:])
        refused(kind, path, "truncated")
    doubled = Container(container.magic, container.version, [*container.sections, container.sections[0]])
    refused(kind, doubled.write(path), "two sections of type 1")
    needed = {"r1cs": (1, 2), "wtns": (1, 2), "zkey": range(1, 10), "ptau": range(1, 8)}[kind]
    for section in needed:
        refused(kind, container.without(section).write(path), f"section {section} is missing")
    more = Container(container.magic, container.version, [*container.sections, (77, b"of the future")])
    READERS[kind][1](str(more.write(path)))  # unknown sections are ignored, as the formats say


@pytest.mark.parametrize("kind", READERS)
def test_files_of_other_curves_name_the_curve(kind: str, chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    container = Container.read(chain / READERS[kind][0])
    section = 2 if kind == "zkey" else 1
    header = container[section][36:]
    of_scalars = kind in ("r1cs", "wtns")
    cases = [
        (prime(BLS12_381_R) if of_scalars else prime(BLS12_381_P, 48), "BLS12-381"),
        (prime(GOLDILOCKS, 8), "Goldilocks"),
        (prime(P if of_scalars else R), "BN254's coordinates" if of_scalars else "BN254's scalars"),
        (prime(12345), "another field"),
        (prime(R if of_scalars else P, 40), "40 bytes"),
        (u32(2**32 - 1) + bytes(32), "4294967295 bytes"),
        (u32(0) + bytes(32), "0 bytes"),
    ]
    for bytes_, match in cases:
        container[section] = bytes_ + header
        refused(kind, container.write(path), match)


def test_circuits_with_numbers_out_of_range_are_refused(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = Container.read(chain / "chain.r1cs")
    wires = int.from_bytes(good[1][36:40], "little")
    constraints = good[2]
    assert int.from_bytes(constraints[:4], "little") == 1
    for patched, match in (
        (good.patched(2, 0, u32(2**32 - 1)), "truncated"),
        (good.patched(2, 4, u32(wires)), f"wire {wires} of {wires}"),
        (good.patched(2, 8, R.to_bytes(32, "little")), "constraint 0 .* not below r"),
        (good.patched(2, 8, b"\xff" * 32), "not below r"),
        (good.patched(1, 40, u32(wires)), "inputs and outputs"),
        (good.patched(1, 44, u32(2**32 - 1)), "inputs and outputs"),
        (good.patched(1, -4, u32(2**32 - 1)), "truncated|bytes"),
        (good.patched(1, -4, u32(0)), "bytes"),
        (good.patched(1, 36, u32(0)), "inputs|wire"),
    ):
        refused("r1cs", patched.write(path), match)
    gates = Container(good.magic, 1, [*good.sections, (4, u32(1) + bytes(40))])
    refused("r1cs", gates.write(path), "custom gates", UnsupportedVersion)


def test_witnesses_with_values_out_of_range_are_refused(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = Container.read(chain / "chain.wtns")
    count = len(good[2]) // 32
    for patched, match in (
        (good.patched(2, 64, R.to_bytes(32, "little")), "value 2 is not below r"),
        (good.patched(2, -32, b"\xff" * 32), f"value {count - 1} is not below r"),
        (good.patched(2, 0, (2).to_bytes(32, "little")), "not 1"),
        (good.patched(1, -4, u32(2**32 - 1)), "entries"),
        (good.patched(1, -4, u32(count - 1)), "entries"),
    ):
        refused("wtns", patched.write(path), match)
    good[1] = good[1][:-4] + u32(0)
    good[2] = b""
    refused("wtns", good.write(path), "no values")
    with pytest.raises(DecodeError):
        formats.write_wtns(str(path), [1, R])


def test_keys_whose_header_does_not_fit_are_refused(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = Container.read(chain / "chain.zkey")
    for protocol, match in ((2, "PLONK"), (10, "FFLONK"), (77, "unknown")):
        refused("zkey", good.patched(1, 0, u32(protocol)).write(path), match, UnsupportedVersion)
    wires = int.from_bytes(good[2][72:76], "little")
    for offset, value, match in (
        (72, 2**32 - 1, "entries"),
        (72, wires + 1, "entries"),
        (76, wires, "public inputs"),
        (76, 2**32 - 1, "public inputs"),
        (80, 0, "domain"),
        (80, 1, "domain"),
        (80, 12, "domain"),
        (80, 2**31, "domain"),
        (80, 2**27, "entries"),
    ):
        refused("zkey", good.patched(2, offset, u32(value)).write(path), match)
    refused("zkey", good.patched(4, 0, u32(2**32 - 1)).write(path), "coefficients")
    for section in range(3, 10):
        shorter = Container.read(chain / "chain.zkey")
        shorter[section] = shorter[section][:-1]
        refused("zkey", shorter.write(path), "bytes")


def test_powers_whose_header_does_not_fit_are_refused(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = Container.read(chain / "powers.ptau")
    for power, ceremony in ((0, 4), (5, 4), (29, 29), (3, 4), (28, 28)):
        match = "power" if power not in (3, 28) else "entries"
        refused("ptau", good.patched(1, 36, u32(power) + u32(ceremony)).write(path), match)
    for section in (12, 13, 14, 15):
        refused("ptau", good.without(section).write(path), "some, but not all")
    refused("ptau", good.patched(7, 0, u32(2**32 - 1)).write(path), "contributions")
    refused("ptau", good.patched(7, 0, u32(0)).write(path), "bytes")


def test_powers_that_are_not_powers_are_found(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    good = Container.read(chain / "powers.ptau")
    g1, g2 = 64, 128

    def point(section: int, index: int, size: int) -> bytes:
        return good[section][index * size : (index + 1) * size]

    cases = [
        (good.patched(2, g1 * 3, OFF_CURVE_1), "point 3 is not on the curve"),
        (good.patched(4, g1 * 3, INFINITY_1), "infinity"),
        (good.patched(5, g1 * 3, b"\xff" * 64), "not below p"),
        (good.patched(3, g2 * 3, stray_g2()), "subgroup"),
        (good.patched(6, 0, stray_g2()), "subgroup"),
        (good.patched(2, 0, point(2, 1, g1)), "begin with the generators"),
        (good.patched(2, g1 * 1, point(2, 2, g1)), "last contribution"),
        (good.patched(2, g1 * 3, point(2, 4, g1)), "hash is another"),
        (good.patched(3, g2 * 3, point(3, 4, g2)), "hash is another"),
        (good.patched(4, g1 * 3, point(2, 3, g1)), "hash is another"),
        (good.patched(12, g1 * 9, OFF_CURVE_1), "section 12"),
        (good.patched(12, g1 * 9, point(12, 10, g1)), "section 12"),
        (good.patched(13, g2 * 9, point(13, 10, g2)), "section 13"),
        (good.patched(14, g1 * 9, point(14, 10, g1)), "section 14"),
        (good.patched(15, g1 * 9, point(15, 10, g1)), "section 15"),
    ]
    for patched, match in cases:
        with pytest.raises(SetupInvalid, match=match):
            ptau.verify(patched.write(path))
    # With the hash out of the way (a file that was cut down has none), the powers themselves are compared.
    cut = Container.read(chain / "powers.ptau").patched(1, 40, u32(5))
    for patched, match in (
        (cut.patched(2, g1 * 3, point(2, 4, g1)), "powers of one tau"),
        (cut.patched(3, g2 * 3, point(3, 4, g2)), "powers of tau in G2"),
        (cut.patched(4, g1 * 3, point(2, 3, g1)), "multiples of alpha"),
        (cut.patched(5, g1 * 3, point(2, 3, g1)), "multiples of beta"),
    ):
        with pytest.raises(SetupInvalid, match=f"{match}|contribution 1"):
            ptau.verify(patched.write(path))


def test_contributions_that_do_not_chain_are_found(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    ptau.contribute(chain / "raw.ptau", path, name="second")
    good = Container.read(path)
    ptau.verify(path)
    size = (len(good[7]) - 4 - len("tests") - len("second")) // 2  # a record without its name
    first, second = good[7][4 : 4 + size + 5], good[7][4 + size + 5 :]
    head = 64 + 128 + 64 + 64 + 128
    proofs = first[head : head + 768]
    bad = path.with_name("bad")
    for records, match in (
        ([second, first], "last contribution"),
        ([second], "contribution 1"),
        ([first, first], "last contribution"),
        ([first[:head] + proofs[64:128] + proofs[:64] + first[head + 128 :], second], "contribution 1 shows no"),
        ([first, second[:head] + proofs + second[head + 768 :]], "contribution 2|hash is another"),
        ([proofs[:64] + first[64:], second], "contribution 1 leads to another tau in G1"),
    ):
        good[7] = u32(len(records)) + b"".join(records)
        with pytest.raises(SetupInvalid, match=match):
            ptau.verify(good.write(bad))
        with pytest.raises(ParameterError):
            ptau.contribute(bad, tmp_path / "after.ptau")
    assert not (tmp_path / "after.ptau").exists()


MEMORY = """
import resource, sys
from pyzkfl import _core
read = {"r1cs": _core.formats.r1cs_info, "wtns": _core.formats.read_wtns, "zkey": _core.formats.ZkeyFile,
        "ptau": lambda path: _core.formats.ptau_problem(path)}[sys.argv[1]]
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
limit = 1 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sys.argv[2:]:
    try:
        read(path)
    except Exception as error:
        assert "pyzkfl.errors" in str(type(error)), repr(error)
print(peak() - before)
"""


@pytest.mark.parametrize("kind", READERS)
def test_small_files_that_ask_for_gigabytes_take_no_memory(kind: str, chain: Path, tmp_path: Path) -> None:
    good = Container.read(chain / READERS[kind][0])
    paths = []
    for section, body in good.sections:
        for offset in range(0, min(len(body), 96) - 3, 4):
            for value in (2**32 - 1, 2**31, 2**30, 2**26, 2**27):
                path = tmp_path / f"{section}-{offset}-{value}"
                paths.append(str(good.patched(section, offset, u32(value)).write(path)))
    done = subprocess.run([sys.executable, "-c", MEMORY, kind, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64 * 1024, "kilobytes"
    assert re.fullmatch(r"\d+\n", done.stdout)


def test_powers_and_keys_are_not_written_over_what_is_no_file(chain: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="not a regular file"):
        ptau.new(2, tmp_path)
    with pytest.raises(ParameterError, match="not a regular file"):
        groth16.setup(chain / "chain.r1cs", chain / "powers.ptau", "/dev/null")
    with pytest.raises(SystemFailure):
        ptau.new(2, tmp_path / "no" / "folder")
    ptau.new(2, tmp_path / "x")
    ptau.new(3, tmp_path / "x")  # a regular file is replaced
    assert ptau.info(tmp_path / "x").log_n == 3
    ptau.contribute(tmp_path / "x", tmp_path / "x", name="in place")
    assert [c.name for c in ptau.info(tmp_path / "x").contributions] == ["in place"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    with pytest.raises(ParameterError, match="64 bytes"):
        ptau.contribute(tmp_path / "x", tmp_path / "x", name="n" * 65)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_setups_that_would_not_be_safe_are_refused(chain: Path, tmp_path: Path) -> None:
    ptau.prepare(chain / "empty.ptau", tmp_path / "known.ptau")
    with pytest.raises(ParameterError, match="no contribution"):
        groth16.setup(chain / "chain.r1cs", tmp_path / "known.ptau", tmp_path / "key")
    with pytest.raises(ParameterError, match="not prepared"):
        groth16.setup(chain / "chain.r1cs", chain / "raw.ptau", tmp_path / "key")
    ptau.new(2, tmp_path / "small")
    with pytest.raises(ParameterError, match="2\\^3"):
        groth16.setup(chain / "chain.r1cs", tmp_path / "small", tmp_path / "key")
    good = Container.read(chain / "powers.ptau")
    for section, size, first in ((12, 64, 7), (13, 128, 7), (14, 64, 7), (15, 64, 7), (12, 64, 15)):
        other = good[section][(first + 1) * size : (first + 2) * size]
        good.patched(section, first * size, other).write(tmp_path / "bad.ptau")
        with pytest.raises(DecodeError, match=f"section {section}: not the Lagrange basis"):
            groth16.setup(chain / "chain.r1cs", tmp_path / "bad.ptau", tmp_path / "key")
    assert not (tmp_path / "key").exists()
