"""SOUNDNESS, "Groth16, keys, formats": keys, inputs and proofs with which somebody could cheat are refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from iden3_container import (
    G1,
    INFINITY_1,
    INFINITY_2,
    OFF_CURVE_1,
    Container,
    P,
    R,
    stray_g2,
    stray_g2_coordinates,
    u32,
)

from pyzkfl import groth16, snarkjs
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, PyzkflError, SetupInvalid, WitnessInvalid

# Offsets in section 2 of a .zkey.
ALPHA_1, BETA_1, BETA_2, GAMMA_2, DELTA_1, DELTA_2 = 84, 148, 212, 340, 468, 532


@pytest.fixture
def key(chain: Path) -> Container:
    return Container.read(chain / "chain.zkey")


@pytest.fixture
def proves(chain: Path, tmp_path: Path) -> Callable[[Container], None]:
    """Proves with a key, tampered or not."""

    def prove(container: Container) -> None:
        path = container.write(tmp_path / "key.zkey")
        loaded = groth16.load_zkey(path, allow_unfinished=True)
        groth16.prove(loaded, groth16.load_wtns(chain / "chain.wtns"))

    return prove


@pytest.mark.parametrize(
    ("offset", "good", "bad", "match"),
    [
        (ALPHA_1, 64, INFINITY_1, "alpha is the point at infinity"),
        (ALPHA_1, 64, OFF_CURVE_1, "alpha is not on the curve"),
        (ALPHA_1, 64, b"\xff" * 64, "alpha has a coordinate that is not below p"),
        (BETA_1, 64, INFINITY_1, "beta in G1 is the point at infinity"),
        (BETA_2, 128, INFINITY_2, "beta in G2 is the point at infinity"),
        (BETA_2, 128, stray_g2(), "beta in G2 is not in the subgroup"),
        (GAMMA_2, 128, stray_g2(), "gamma is not in the subgroup"),
        (GAMMA_2, 128, INFINITY_2, "gamma is the point at infinity"),
        (DELTA_1, 64, OFF_CURVE_1, "delta in G1 is not on the curve"),
        (DELTA_2, 128, stray_g2(), "delta in G2 is not in the subgroup"),
        (DELTA_2, 128, b"\xff" * 128, "delta in G2 has a coordinate"),
    ],
)
def test_a_key_with_a_bad_point_in_its_header_is_not_loaded(
    key: Container, tmp_path: Path, offset: int, good: int, bad: bytes, match: str
) -> None:
    assert len(bad) == good
    with pytest.raises(DecodeError, match=match):
        groth16.load_zkey(key.patched(2, offset, bad).write(tmp_path / "key.zkey"))


def test_a_key_whose_delta_is_gamma_is_refused_everywhere(key: Container, chain: Path, tmp_path: Path) -> None:
    gamma = key[2][GAMMA_2 : GAMMA_2 + 128]
    path = key.patched(2, DELTA_2, gamma).patched(2, DELTA_1, G1).write(tmp_path / "key.zkey")
    with pytest.raises(DecodeError, match="delta equals gamma"):
        groth16.load_zkey(path)
    with pytest.raises(SetupInvalid, match="delta equals gamma"):
        groth16.check_zkey(path)
    with pytest.raises(DecodeError, match="delta equals gamma"):
        groth16.load_zkey(path, allow_unfinished=True).verifying_key()
    json_key = json.loads((chain / "verification_key.json").read_text())
    json_key["vk_delta_2"] = json_key["vk_gamma_2"]
    with pytest.raises(DecodeError, match="delta equals gamma"):
        groth16.VerifyingKey.from_json(json.dumps(json_key))


def test_a_key_of_inconsistent_groups_is_found(
    key: Container, proves: Callable[[Container], None], tmp_path: Path
) -> None:
    """The prover uses delta, beta and B in one group only, so whatever the other holds cannot hurt it."""
    for tampered, match in (
        (key.patched(2, DELTA_1, G1), "delta in G1 is not delta in G2"),
        (key.patched(2, BETA_1, G1), "beta in G1 is not beta in G2"),
        (key.patched(6, 64, G1), "B in G1 is not B in G2"),
    ):
        proves(tampered)
        with pytest.raises(SetupInvalid, match=match):
            groth16.check_zkey(tampered.write(tmp_path / "bad.zkey"))


@pytest.mark.parametrize("section", [3, 5, 7, 8, 9])
def test_a_malicious_array_makes_the_prover_fail_by_its_own_verification(
    key: Container, proves: Callable[[Container], None], chain: Path, tmp_path: Path, section: int
) -> None:
    size = 128 if section == 7 else 64
    body = key[section]
    if section in (5, 7):  # reversed, so that points of wires change places; A and B have infinite ones
        points = [body[i : i + size] for i in range(0, len(body), size)]
        swapped = b"".join(reversed(points))
    else:
        swapped = body[size : 2 * size] + body[size:] if len(body) > size else G1
    assert swapped != body
    with pytest.raises((WitnessInvalid, DecodeError)):
        proves(key.patched(section, 0, swapped))
    outside = OFF_CURVE_1 if size == 64 else stray_g2()
    for bad, match in ((outside, "curve|subgroup|point of its group"), (b"\xff" * size, "below p|group")):
        tampered = key.patched(section, 0, bad)
        with pytest.raises((WitnessInvalid, DecodeError)):
            proves(tampered)
        with pytest.raises(SetupInvalid, match=match):
            groth16.check_zkey(tampered.write(tmp_path / "bad.zkey"))


def test_malicious_coefficients_make_the_prover_fail(
    key: Container, proves: Callable[[Container], None], tmp_path: Path
) -> None:
    count = int.from_bytes(key[4][:4], "little")
    assert len(key[4]) == 4 + 44 * count
    for patched, match in (
        (key.patched(4, 4, u32(2)), "matrix 2"),
        (key.patched(4, 8, u32(1 << 20)), "row 1048576"),
        (key.patched(4, 12, u32(1 << 20)), "wire 1048576"),
        (key.patched(4, 16, R.to_bytes(32, "little")), "not below r"),
    ):
        with pytest.raises(DecodeError):
            proves(patched)
        with pytest.raises(SetupInvalid, match=match):
            groth16.check_zkey(patched.write(tmp_path / "bad.zkey"))
    with pytest.raises(WitnessInvalid):
        proves(key.patched(4, 16, (5).to_bytes(32, "little")))


def test_coefficients_in_any_order_make_the_same_rows(key: Container, proves: Callable[[Container], None]) -> None:
    entries = [key[4][i : i + 44] for i in range(4, len(key[4]), 44)]
    proves(key.patched(4, 4, b"".join(reversed(entries))))


def test_tampered_records_of_contributions_are_found(key: Container, tmp_path: Path) -> None:
    delta, s, s_x, s_x_2, transcript = 68, 132, 196, 260, 388
    for offset, bad, match in (
        (delta, G1, "contribution 1 .* another delta|not that of the last"),
        (s, G1, "another transcript"),
        (s_x, key[10][s : s + 64], "another transcript"),
        (s_x_2, key[2][BETA_2 : BETA_2 + 128], "shows no knowledge"),
        (transcript, bytes(64), "another transcript"),
        (0, bytes(64), "another transcript"),
        (s_x_2, stray_g2(), "subgroup"),
        (64, u32(2), "contributions"),
        (64, u32(0), "bytes"),
    ):
        with pytest.raises(SetupInvalid, match=match):
            groth16.check_zkey(key.patched(10, offset, bad).write(tmp_path / "bad.zkey"))
    with pytest.raises(SetupInvalid, match="no contribution"):
        groth16.check_zkey(key.without(10).write(tmp_path / "old.zkey"))


# -- JSON ---------------------------------------------------------------------------------------------------------


def read_key(text: str) -> None:
    groth16.VerifyingKey.from_json(text)


def read_proof(text: str) -> None:
    groth16.Proof.from_json(text)


STRAY_X, STRAY_Y = ([str(c) for c in coordinate] for coordinate in stray_g2_coordinates())
READERS = {"verification_key.json": read_key, "proof.json": read_proof}


def test_a_proof_that_names_no_curve_is_read_as_rapidsnark_writes_them(chain: Path) -> None:
    text = (chain / "proof.json").read_text()
    bare = json.loads(text)
    del bare["curve"]
    assert groth16.Proof.from_json(json.dumps(bare)) == groth16.Proof.from_json(text)
    with pytest.raises(DecodeError, match="curve 'bls12381'"):
        read_proof(json.dumps({**bare, "curve": "bls12381"}))
    key = json.loads((chain / "verification_key.json").read_text())
    del key["curve"]
    with pytest.raises(DecodeError, match="curve is missing"):
        read_key(json.dumps(key))


@pytest.mark.parametrize(
    ("file", "changes", "match"),
    [
        ("verification_key.json", {"protocol": "plonk"}, "protocol 'plonk'"),
        ("verification_key.json", {"curve": "bls12381"}, "curve 'bls12381'"),
        ("verification_key.json", {"nPublic": 2}, "IC: not a list of 3"),
        ("verification_key.json", {"nPublic": "1"}, "nPublic"),
        ("verification_key.json", {"nPublic": True}, "nPublic"),
        ("verification_key.json", {"nPublic": -1}, "nPublic"),
        ("verification_key.json", {"vk_alpha_1": ["0", "0", "1"]}, "infinity"),
        ("verification_key.json", {"vk_alpha_1": ["0", "1", "0"]}, "third coordinate"),
        ("verification_key.json", {"vk_alpha_1": ["1", "1", "1"]}, "curve"),
        ("verification_key.json", {"vk_alpha_1": [str(1 + P), "2", "1"]}, "below|range|modulus"),
        ("verification_key.json", {"vk_alpha_1": [1, 2, 1]}, "third coordinate|decimal"),
        ("verification_key.json", {"vk_alpha_1": ["1", "2"]}, "list of 3"),
        ("verification_key.json", {"vk_beta_2": [STRAY_X, STRAY_Y, ["1", "0"]]}, "subgroup"),
        ("verification_key.json", {"vk_gamma_2": [STRAY_X, STRAY_Y, ["1", "0"]]}, "subgroup"),
        ("verification_key.json", {"vk_delta_2": [["0", "0"], ["0", "0"], ["1", "0"]]}, "infinity"),
        ("verification_key.json", {"IC": [["1", "2", "1"], ["1", "2", "1"]]}, "share one point"),
        ("verification_key.json", {"IC": {}}, "IC: not a list"),
        ("proof.json", {"pi_a": ["1", "1", "1"]}, "curve"),
        ("proof.json", {"pi_a": ["1", str(2 + P), "1"]}, "below|range|modulus"),
        ("proof.json", {"pi_a": ["1", str(2**256), "1"]}, "below p"),
        ("proof.json", {"pi_a": ["1", "02", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "+2", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "-2", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", " 2", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "٢", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "2\n", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "0x2", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "2e0", "1"]}, "decimal"),
        ("proof.json", {"pi_a": ["1", "9" * 5000, "1"]}, "decimal"),
        ("proof.json", {"pi_b": [STRAY_X, STRAY_Y, ["1", "0"]]}, "subgroup"),
        ("proof.json", {"pi_b": ["1", "2", "1"]}, "list of 2"),
        ("proof.json", {"pi_c": ["0", "1", "0"]}, "third coordinate"),
        ("proof.json", {"protocol": None}, "protocol"),
    ],
)
def test_json_that_says_something_else_is_refused(chain: Path, file: str, changes: dict[str, Any], match: str) -> None:
    good = json.loads((chain / file).read_text())
    READERS[file](json.dumps(good))
    with pytest.raises(DecodeError, match=match):
        READERS[file](json.dumps({**good, **changes}))
    for name in changes:
        with pytest.raises(DecodeError, match=f"{name} is missing"):
            READERS[file](json.dumps({key: value for key, value in good.items() if key != name}))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "NaN", "[" * 100_000, '{"curve": 1, "curve": 2}', "\ud800", b"\xff\xfe", b"\0", '"x"'],
)
def test_json_that_is_none_is_refused(text: str | bytes) -> None:
    for read in (groth16.VerifyingKey.from_json, groth16.Proof.from_json, snarkjs.public_inputs):
        if text == "[]" and read is snarkjs.public_inputs:
            continue
        with pytest.raises(DecodeError):
            read(text)  # type: ignore[operator]


def test_nesting_is_refused_whatever_the_recursion_limit() -> None:
    """Below a raised limit, Python's own parser would overflow the stack and end the process."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1 << 30)
    try:
        for text in ("[" * 1_000_000, '{"a":' * 1_000_000, '["]",' * 1_000_000):
            with pytest.raises(DecodeError, match="nested"):
                snarkjs.public_inputs(text)
    finally:
        sys.setrecursionlimit(limit)


def test_public_inputs_have_one_spelling_each(chain: Path) -> None:
    key = groth16.VerifyingKey.from_json((chain / "verification_key.json").read_bytes())
    proof = groth16.Proof.from_json((chain / "proof.json").read_bytes())
    (x,) = snarkjs.public_inputs((chain / "public.json").read_bytes())
    groth16.verify(key, [x], proof)
    for other in (x + R, x - R, -1, 2**256):
        with pytest.raises(DecodeError):
            groth16.verify(key, [other], proof)
    for wrong in ((x + 1) % R, 0, R - x):
        with pytest.raises(ProofInvalid):
            groth16.verify(key, [wrong], proof)
    for number in ([], [x, x], [x, 0]):
        with pytest.raises(ParameterError):
            groth16.verify(key, number, proof)
    for text in ('["1", 2]', '["01"]', '{"0": "1"}', '["-1"]', '[["1"]]', "[1.0]"):
        with pytest.raises(DecodeError):
            snarkjs.public_inputs(text)
    with pytest.raises(DecodeError):
        groth16.calldata([R], proof)


def test_a_forger_who_knows_only_the_key_does_not_get_through(chain: Path) -> None:
    """A = alpha, B = beta and C = anything: the equation would hold if delta were gamma."""
    fields = json.loads((chain / "verification_key.json").read_text())
    proof = json.loads((chain / "proof.json").read_text())
    key = groth16.VerifyingKey.from_json(json.dumps(fields))
    inputs = snarkjs.public_inputs((chain / "public.json").read_bytes())
    for point in (fields["vk_alpha_1"], fields["IC"][0], ["1", str(P - 2), "1"]):
        forged = {**proof, "pi_a": fields["vk_alpha_1"], "pi_b": fields["vk_beta_2"], "pi_c": point}
        with pytest.raises(ProofInvalid):
            groth16.verify(key, inputs, groth16.Proof.from_json(json.dumps(forged)))


def test_every_error_of_a_proof_is_one_of_ours(chain: Path) -> None:
    for data in (b"", bytes(256), bytes(128), b"\xff" * 256, bytes(255)):
        with pytest.raises(PyzkflError):
            groth16.Proof(data)
