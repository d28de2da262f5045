"""SOUNDNESS, "Groth16, keys, formats": one spelling of each scalar in every decoder, and no point outside G2 anywhere.

x and x + r would be one public input with two spellings (Semaphore, 2019). The twist's cofactor has the factor 10069: a
point of that order, added to a good one, passes a careless test by random sums once in 10069 times.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from iden3_container import Container, P, R, coordinate, number, stray_g2_coordinates
from py_ecc.bn128 import FQ2, add, b2, is_on_curve, multiply

from pyzkfl import _core, groth16, ptau, snarkjs
from pyzkfl.errors import DecodeError, PyzkflError, SetupInvalid

formats = _core.formats
ABOVE = [R, R + 1, 2 * R - 1, 2**255, 2**256 - 1]


def little(value: int) -> bytes:
    return value.to_bytes(32, "little")


# Each decodes a scalar from the given value, in an object that is good otherwise.
DECODERS: dict[str, Callable[[Path, Path, int], object]] = {
    "public.json": lambda chain, _, value: groth16.verify(
        groth16.VerifyingKey.from_json((chain / "verification_key.json").read_bytes()),
        snarkjs.public_inputs(json.dumps([str(value)])),
        groth16.Proof.from_json((chain / "proof.json").read_bytes()),
    ),
    "calldata": lambda chain, _, value: groth16.calldata(
        [value], groth16.Proof.from_json((chain / "proof.json").read_bytes())
    ),
    "writing public.json": lambda _, __, value: formats.snarkjs_public([value]),
    "writing public.json from an array": lambda _, __, value: formats.snarkjs_public(
        np.frombuffer(little(value), np.uint8).reshape(1, 32)
    ),
    "writing a witness": lambda _, path, value: formats.write_wtns(str(path), [1, value]),
    "witness": lambda chain, path, value: groth16.load_wtns(
        Container.read(chain / "chain.wtns").patched(2, -32, little(value)).write(path)
    ),
    "circuit": lambda chain, path, value: formats.r1cs_info(
        str(Container.read(chain / "chain.r1cs").patched(2, 8, little(value)).write(path))
    ),
    "setup": lambda chain, path, value: groth16.setup(
        Container.read(chain / "chain.r1cs").patched(2, 8, little(value)).write(path),
        chain / "powers.ptau",
        f"{path}.key",
    ),
    "prover": lambda chain, path, value: groth16.prove(
        groth16.load_zkey(Container.read(chain / "chain.zkey").patched(4, 16, little(value)).write(path)),
        groth16.load_wtns(chain / "chain.wtns"),
    ),
    "check of a key": lambda chain, path, value: groth16.check_zkey(
        Container.read(chain / "chain.zkey").patched(4, 16, little(value)).write(path)
    ),
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("value", ABOVE)
def test_every_decoder_refuses_a_scalar_that_is_not_below_r(
    decoder: str, value: int, chain: Path, tmp_path: Path
) -> None:
    with pytest.raises((DecodeError, SetupInvalid)):
        DECODERS[decoder](chain, tmp_path / "file", value)


def test_a_public_input_that_r_was_added_to_is_refused_alone_and_in_batches(chain: Path) -> None:
    """The object is a right proof of x: with x + r it would verify under a decoder that reduces."""
    key = groth16.VerifyingKey.from_json((chain / "verification_key.json").read_bytes())
    proof = groth16.Proof.from_json((chain / "proof.json").read_bytes())
    (x,) = snarkjs.public_inputs((chain / "public.json").read_bytes())
    groth16.verify(key, [x], proof)
    proofs = np.frombuffer(proof.data, np.uint8).reshape(1, 256)
    inputs = {value: np.frombuffer(little(value), np.uint8).reshape(1, 1, 32) for value in (x, x + R)}
    assert key._key.verify_batch(inputs[x], proofs) == []
    assert key._key.verify_batch(inputs[x + R], proofs) == [0]
    with pytest.raises(DecodeError):
        groth16.verify(key, [x + R], proof)


# -- the twist ----------------------------------------------------------------------------------------------------

TwistPoint = tuple[FQ2, FQ2]


def to_point(data: bytes) -> TwistPoint:
    """From a file's 128 bytes."""
    x0, x1, y0, y1 = (number(data[i : i + 32]) for i in range(0, 128, 32))
    return FQ2([x0, x1]), FQ2([y0, y1])


def to_file(point: TwistPoint) -> bytes:
    return b"".join(coordinate(int(c)) for half in point for c in half.coeffs)


@pytest.fixture(scope="module")
def small() -> TwistPoint:
    """A point of order 10069."""
    (x, y) = stray_g2_coordinates()
    stray = FQ2(list(x)), FQ2(list(y))
    point: TwistPoint = multiply(stray, R * ((2 * P - R) // 10069))
    assert (2 * P - R) % 10069 == 0
    assert point is not None and is_on_curve(point, b2) and multiply(point, 10069) is None
    return point


def with_small(data: bytes, small: TwistPoint) -> bytes:
    """The point, moved out of G2 by the least that is possible."""
    return to_file(add(to_point(data), small))


@pytest.mark.parametrize(("offset", "name"), [(212, "beta in G2"), (340, "gamma"), (532, "delta in G2")])
def test_a_key_with_a_point_of_small_order_added_is_refused(
    offset: int, name: str, chain: Path, small: TwistPoint, tmp_path: Path
) -> None:
    key = Container.read(chain / "chain.zkey")
    bad = key.patched(2, offset, with_small(key[2][offset : offset + 128], small)).write(tmp_path / "key")
    with pytest.raises(DecodeError, match=f"{name} is not in the subgroup"):
        groth16.load_zkey(bad)


def test_arrays_with_a_point_of_small_order_added_are_refused(chain: Path, small: TwistPoint, tmp_path: Path) -> None:
    key, powers = Container.read(chain / "chain.zkey"), Container.read(chain / "powers.ptau")
    wire = next(i for i in range(0, len(key[7]), 128) if any(key[7][i : i + 128]))
    bad = key.patched(7, wire, with_small(key[7][wire : wire + 128], small)).write(tmp_path / "key")
    with pytest.raises(SetupInvalid, match="B in G2: a point is not in the subgroup"):
        groth16.check_zkey(bad)
    record = 68 + 3 * 64  # x s'
    bad = key.patched(10, record, with_small(key[10][record : record + 128], small)).write(tmp_path / "key")
    with pytest.raises(SetupInvalid, match="x s' is not in the subgroup"):
        groth16.check_zkey(bad)
    for section, index in ((3, 3), (6, 0), (13, 9)):
        at = 128 * index
        bad = powers.patched(section, at, with_small(powers[section][at : at + 128], small)).write(tmp_path / "powers")
        with pytest.raises(SetupInvalid, match="not in the subgroup"):
            ptau.verify(bad)
        with pytest.raises(PyzkflError):
            ptau.contribute(bad, tmp_path / "out")
    # The powers before the first basis is made, and the basis that a key is made from.
    bad = powers.patched(3, 3 * 128, with_small(powers[3][3 * 128 : 4 * 128], small)).write(tmp_path / "powers")
    with pytest.raises(DecodeError, match="not in the subgroup"):
        ptau.prepare(bad, tmp_path / "out")
    bad = powers.patched(13, 7 * 128, with_small(powers[13][7 * 128 : 8 * 128], small)).write(tmp_path / "powers")
    with pytest.raises(DecodeError, match="not in the subgroup"):
        groth16.setup(chain / "chain.r1cs", bad, tmp_path / "out")


def test_a_proof_and_a_json_key_with_a_point_of_small_order_added_are_refused(chain: Path, small: TwistPoint) -> None:
    proof = json.loads((chain / "proof.json").read_text())
    key = json.loads((chain / "verification_key.json").read_text())

    def moved(point: list[list[str]]) -> list[list[str]]:
        x, y = (FQ2(list(map(int, half))) for half in point[:2])
        out = add((x, y), small)
        return [*([str(int(c)) for c in half.coeffs] for half in out), ["1", "0"]]

    with pytest.raises(DecodeError, match="subgroup"):
        groth16.Proof.from_json(json.dumps({**proof, "pi_b": moved(proof["pi_b"])}))
    for name in ("vk_beta_2", "vk_gamma_2", "vk_delta_2"):
        with pytest.raises(DecodeError, match="subgroup"):
            groth16.VerifyingKey.from_json(json.dumps({**key, name: moved(key[name])}))
