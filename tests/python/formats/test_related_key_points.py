"""Keys in which points of G2 that must be independent are one another or their negatives: anyone can forge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from iden3_container import Container, coordinate, u32

from pyzkfl import _core, groth16
from pyzkfl.errors import DecodeError, ProofInvalid, SetupInvalid

c = _core.curves
G1, G2 = c.g1_generator(), c.g2_generator()


def g1_json(p: bytes) -> list[str]:
    return [str(int.from_bytes(p[i : i + 32], "big")) for i in (0, 32)] + ["1"]


def g2_json(p: bytes) -> list[list[str]]:
    n = [str(int.from_bytes(p[i : i + 32], "big")) for i in (0, 32, 64, 96)]
    return [[n[1], n[0]], [n[3], n[2]], ["1", "0"]]


def forgery(case: str) -> tuple[str, str]:
    """(key, proof) for public input 7. The forger uses the key's points only."""
    alpha, beta, gamma, delta = c.g1_mul(G1, 1111), c.g2_mul(G2, 2222), G2, c.g2_mul(G2, 4444)
    ic = [c.g1_mul(G1, 31), c.g1_mul(G1, 37)]
    x = c.g1_add(ic[0], c.g1_mul(ic[1], 7))
    if case == "delta = -gamma":
        delta = c.g2_neg(gamma)
        a, b, k = alpha, beta, x
    elif case == "beta = gamma":
        beta = gamma
        a = c.g1_add(alpha, x)
        b, k = c.g2_add(beta, delta), a
    elif case == "beta = -gamma":
        beta = c.g2_neg(gamma)
        a = c.g1_add(alpha, c.g1_neg(x))
        b, k = c.g2_add(beta, delta), a
    elif case == "beta = delta":
        beta = delta
        a, b = x, c.g2_add(gamma, delta)
        k = c.g1_add(x, c.g1_neg(alpha))
    else:  # beta = -delta
        beta = c.g2_neg(delta)
        a, b = x, c.g2_add(gamma, delta)
        k = c.g1_add(x, alpha)
    key = {
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": 1,
        "vk_alpha_1": g1_json(alpha),
        "vk_beta_2": g2_json(beta),
        "vk_gamma_2": g2_json(gamma),
        "vk_delta_2": g2_json(delta),
        "IC": [g1_json(p) for p in ic],
    }
    proof = {"protocol": "groth16", "curve": "bn128", "pi_a": g1_json(a), "pi_b": g2_json(b), "pi_c": g1_json(k)}
    return json.dumps(key), json.dumps(proof)


@pytest.mark.parametrize("case", ["delta = -gamma", "beta = gamma", "beta = -gamma", "beta = delta", "beta = -delta"])
def test_keys_with_which_anyone_forges_are_refused(case: str) -> None:
    key, proof = forgery(case)
    with pytest.raises((DecodeError, ProofInvalid)):
        groth16.verify(groth16.VerifyingKey.from_json(key), [7], groth16.Proof.from_json(proof))


def raw(point: bytes, order: tuple[int, ...]) -> bytes:
    return b"".join(coordinate(int.from_bytes(point[32 * i : 32 * i + 32], "big")) for i in order)


def test_check_refuses_a_key_without_contributions_whose_gamma_is_not_the_generator(
    chain: Path, tmp_path: Path
) -> None:
    """delta = G, gamma = 5 G: known to everybody, and `check` says OK."""
    key = Container.read(chain / "chain.zkey")
    for offset, data in (
        (340, raw(c.g2_mul(G2, 5), (1, 0, 3, 2))),
        (468, raw(G1, (0, 1))),
        (532, raw(G2, (1, 0, 3, 2))),
    ):
        key = key.patched(2, offset, data)
    key[10] = key[10][:64] + u32(0)
    with pytest.raises((SetupInvalid, DecodeError)):
        groth16.check_zkey(key.write(tmp_path / "k.zkey"))


BOMB = """
import resource, sys
from pyzkfl import groth16
from pyzkfl.errors import PyzkflError
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
try:
    groth16.setup(sys.argv[1], sys.argv[2], sys.argv[3])
except PyzkflError:
    pass
# Not ru_maxrss, which a child inherits from who forked it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_a_circuit_without_labels_that_says_it_has_2_32_wires_takes_no_memory(chain: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    circuit = Container.read(chain / "chain.r1cs").without(3).patched(1, 36, u32(2**32 - 1))
    path = circuit.write(tmp_path / "bomb.r1cs")
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path), str(chain / "powers.ptau"), str(tmp_path / "k")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 256 * 1024
