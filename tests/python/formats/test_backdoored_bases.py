"""Whoever prepares powers of tau knows no secret; a basis that is not quite Lagrange's must not let them forge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from iden3_container import Container, R, coordinate, number

from pyzkfl import _core, groth16, ptau, zkey
from pyzkfl.errors import DecodeError, SetupInvalid

curves = _core.curves


def evm(raw: bytes) -> bytes:
    return b"".join(number(raw[i : i + 32]).to_bytes(32, "big") for i in (0, 32))


def raw(point: bytes) -> bytes:
    return b"".join(coordinate(int.from_bytes(point[i : i + 32], "big")) for i in (0, 32))


def backdoored(folder: Path) -> tuple[Path, list[int], int]:
    """A prepared .ptau of an honest ceremony, its largest basis made with tau^(2n-1) = Q in place of nothing, Q
    chosen so that one point of H becomes -IC(x) / delta. Returns it, x (a false statement), and that point's place."""
    circuit = _core.r1cs.chain_circuit(6)
    _, result = _core.r1cs.chain_witness(circuit, 3)
    _core.formats.write_r1cs(str(folder / "c.r1cs"), circuit)
    ptau.new(4, folder / "0")
    ptau.contribute(folder / "0", folder / "1", name="honest")
    ptau.prepare(folder / "1", folder / "2")
    for power in (4, 3, 2):  # the smallest that the circuit fits
        ptau.new(power, folder / "0")
        ptau.contribute(folder / "0", folder / "1", name="honest")
        ptau.prepare(folder / "1", folder / "2")
        groth16.setup(folder / "c.r1cs", folder / "2", folder / "probe.zkey")
        if groth16.load_zkey(folder / "probe.zkey").log_n == power:
            break
    key = Container.read(folder / "probe.zkey")  # its IC does not depend on delta
    false = [(result + 1) % R]
    ic = [evm(key[3][i : i + 64]) for i in range(0, len(key[3]), 64)]
    on_gamma = curves.g1_add(ic[0], curves.g1_mul(ic[1], false[0]))
    size = 2 << power
    start = (size - 1) * 64
    file = Container.read(folder / "2")
    basis = [evm(file[12][start + 64 * k : start + 64 * k + 64]) for k in range(size)]
    w = pow(5, (R - 1) >> (power + 1), R)
    # the domain's own root of unity: sum_k w^k L_k = tau
    tau = evm(file[2][64:128])
    root = next(
        candidate
        for candidate in (pow(w, e, R) for e in range(1, size, 2))
        if curves.g1_msm(basis, [pow(candidate, k, R) for k in range(size)]) == tau
    )
    gap = curves.g1_neg(curves.g1_add(on_gamma, basis[1]))  # root Q / size
    q = curves.g1_mul(gap, pow(root, -1, R))
    bad = [curves.g1_add(basis[k], curves.g1_mul(q, pow(root, k, R))) for k in range(size)]
    body = file[12][:start] + b"".join(map(raw, bad)) + file[12][start + 64 * size :]
    file[12] = body
    return file.write(folder / "bad.ptau"), false, 0


def test_a_basis_with_a_power_too_many_is_refused(tmp_path: Path) -> None:
    path, _, _ = backdoored(tmp_path)
    with pytest.raises(SetupInvalid, match="section 12"):
        ptau.verify(path)


def test_a_key_is_not_made_from_a_basis_with_a_power_too_many(tmp_path: Path) -> None:
    path, _, _ = backdoored(tmp_path)
    with pytest.raises(DecodeError, match="section 12"):
        groth16.setup(tmp_path / "c.r1cs", path, tmp_path / "made.zkey")


def test_nobody_forges_with_a_basis_of_their_own(tmp_path: Path) -> None:
    path, false, place = backdoored(tmp_path)
    try:
        ptau.verify(path)
        groth16.setup(tmp_path / "c.r1cs", path, tmp_path / "made.zkey", name="honest")
        groth16.check_zkey(tmp_path / "made.zkey")
    except (SetupInvalid, DecodeError):
        return
    key = groth16.load_zkey(tmp_path / "made.zkey").verifying_key()
    fields = json.loads(key.to_json())
    h = Container.read(tmp_path / "made.zkey")[9][64 * place : 64 * place + 64]
    c = [str(number(h[:32])), str(number(h[32:])), "1"]
    forged = {
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": fields["vk_alpha_1"],
        "pi_b": fields["vk_beta_2"],
        "pi_c": c,
    }
    with pytest.raises(groth16.ProofInvalid):
        groth16.verify(key, false, groth16.Proof.from_json(json.dumps(forged)))


def cut_down(path: Path, power: int) -> Container:
    """A prepared file with fewer powers, as `snarkjs powersoftau truncate` makes it."""
    file, n = Container.read(path), 1 << power
    sizes = {2: 64 * (2 * n - 1), 3: 128 * n, 4: 64 * n, 5: 64 * n, 12: 64 * (4 * n - 1), 13: 128 * (2 * n - 1)}
    for kind in sizes:
        file[kind] = file[kind][: sizes[kind]]
    for kind in (14, 15):
        file[kind] = file[kind][: 64 * (2 * n - 1)]
    return file.patched(1, -8, power.to_bytes(4, "little"))


def with_last_power(file: Container, power: int, change: bytes) -> Container:
    """The same file, its largest basis with a point more on tau^(2n - 1): `change` (EVM bytes)."""
    size = 2 << power
    start = (size - 1) * 64
    basis = [evm(file[12][at : at + 64]) for at in range(start, start + 64 * size, 64)]
    w = pow(5, (R - 1) >> (power + 1), R)
    tau = evm(file[2][64:128])
    root = next(
        candidate
        for candidate in (pow(w, e, R) for e in range(1, size, 2))
        if curves.g1_msm(basis, [pow(candidate, k, R) for k in range(size)]) == tau
    )
    share = curves.g1_mul(change, pow(size, -1, R))
    bad = [curves.g1_add(basis[k], curves.g1_mul(share, pow(root, k, R))) for k in range(size)]
    return file.patched(12, start, b"".join(map(raw, bad)))


def test_a_file_that_was_cut_down_has_the_power_that_it_lacks_and_no_other_in_its_basis(tmp_path: Path) -> None:
    circuit = _core.r1cs.chain_circuit(6)
    _core.formats.write_r1cs(str(tmp_path / "c.r1cs"), circuit)
    ptau.new(4, tmp_path / "0")
    ptau.contribute(tmp_path / "0", tmp_path / "1", name="honest")
    ptau.prepare(tmp_path / "1", tmp_path / "2")
    power = 3  # just enough for the circuit, so that its key is made from the largest basis
    file = cut_down(tmp_path / "2", power)
    small = file.write(tmp_path / "small.ptau")
    ptau.verify(small)
    groth16.setup(tmp_path / "c.r1cs", small, tmp_path / "key.zkey")
    assert groth16.load_zkey(tmp_path / "key.zkey").log_n == power
    zkey.verify(tmp_path / "c.r1cs", small, tmp_path / "key.zkey")
    # The power itself, for the change that takes it away: 2n - 1 = 15, which the larger file has.
    last = evm(Container.read(tmp_path / "2")[2][64 * 15 : 64 * 16])
    with_last_power(file, power, curves.g1_neg(last)).write(small)
    ptau.verify(small)
    for change in (last, curves.g1_generator()):
        with_last_power(file, power, change).write(small)
        with pytest.raises(SetupInvalid, match="section 12"):
            ptau.verify(small)
        with pytest.raises(DecodeError, match="section 12"):
            groth16.setup(tmp_path / "c.r1cs", small, tmp_path / "made.zkey")
        with pytest.raises(DecodeError, match="section 12"):
            zkey.verify(tmp_path / "c.r1cs", small, tmp_path / "key.zkey")
