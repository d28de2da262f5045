"""Groth16 through the bindings: proofs, batches, strict decoding, and the equation itself checked with py_ecc."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest
from py_ecc import optimized_bn128 as ecc

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

groth16 = _core.groth16
R = ecc.curve_order
P = ecc.field_modulus


@dataclasses.dataclass(frozen=True)
class Proven:
    """A proven instance: keys, public inputs, [(commitment, proof of knowledge)], proof of 128 bytes."""

    key: Any
    circuit: Any
    inputs: list[int]
    commitments: list[tuple[bytes, bytes | None]]
    proof: bytes

    @property
    def instance(self) -> tuple[list[int], list[tuple[bytes, bytes | None]], bytes]:
        return self.inputs, self.commitments, self.proof


@pytest.fixture(scope="module")
def chain() -> Proven:
    circuit = _core.r1cs.chain_circuit(20)
    key = groth16.insecure_setup(circuit)
    witness, result = _core.r1cs.chain_witness(circuit, 3)
    proof, knowledge = groth16.prove(key, circuit, witness)
    assert knowledge == []
    return Proven(key, circuit, [result], [], proof)


@pytest.fixture(scope="module")
def step() -> Proven:
    """A training step: two groups of committed wires."""
    spec = _core.training.LogisticSpec(features=2, batch=2, eta=128, eta_shift=21, bound=65536)
    circuit = _core.training.constraint_system(spec)
    key = groth16.insecure_setup(circuit)
    ctx = hashlib.sha256(b"a statement").digest()
    weights = np.array([5, -7, 11])
    blinders = [bytes([i]) * 31 + b"\0" for i in (1, 2)]
    x, y = np.array([[3, -4], [0, 9]]), np.array([1, 0])
    witness = _core.training.witness(spec, ctx, weights, x, y, 2, *blinders)
    proof, knowledge = groth16.prove(key, circuit, witness)
    commitments = [(groth16.commitment(key, circuit, witness, g), knowledge[g]) for g in (0, 1)]
    values = [np.concatenate([x.ravel(), y]), _core.training.step(spec, weights, x, y, 2)]
    for group in (0, 1):
        assert commitments[group][0] == key.commit(group, values[group], blinders[group])
        assert commitments[group][1] == key.prove_knowledge(group, values[group], blinders[group])
    inputs = [int.from_bytes(ctx[:16], "big"), int.from_bytes(ctx[16:], "big"), 2, 5, -7, 11]
    return Proven(key, circuit, inputs, commitments, proof)


def test_honest_proofs_verify(chain: Proven, step: Proven) -> None:
    for proven in (chain, step):
        verifying = proven.key.verifying_key
        assert groth16.verify(verifying, *proven.instance)
        assert groth16.verify_batch(verifying, [proven.instance] * 3) == []
        assert groth16.verify(verifying, proven.inputs, proven.commitments, groth16.evm_bytes(proven.proof))


def test_a_negative_input_is_its_residue(step: Proven) -> None:
    inputs = [value % R for value in step.inputs]
    assert groth16.verify(step.key.verifying_key, inputs, step.commitments, step.proof)


@pytest.mark.parametrize("shift", [R, 2 * R, -R, 1 << 256, -(1 << 256), 1 << 4000])
def test_an_input_that_is_not_reduced_is_refused(chain: Proven, shift: int) -> None:
    with pytest.raises(DecodeError):
        groth16.verify(chain.key.verifying_key, [chain.inputs[0] + shift if shift > 0 else shift], [], chain.proof)


def test_other_statements_are_refused(chain: Proven, step: Proven) -> None:
    verifying = step.key.verifying_key
    for i in range(len(step.inputs)):
        inputs = list(step.inputs)
        inputs[i] += 1
        assert not groth16.verify(verifying, inputs, step.commitments, step.proof)
    assert not groth16.verify(chain.key.verifying_key, [chain.inputs[0] + 1], [], chain.proof)
    swapped = [step.commitments[1], step.commitments[0]]
    assert not groth16.verify(verifying, step.inputs, swapped, step.proof)


def test_a_batch_names_the_bad_ones(step: Proven) -> None:
    false = ([1, *step.inputs[1:]], step.commitments, step.proof)
    instances = [step.instance, false, step.instance, step.instance, false]
    assert groth16.verify_batch(step.key.verifying_key, instances) == [1, 4]


def test_a_registered_commitment_needs_no_second_proof_of_knowledge(step: Proven) -> None:
    verifying = step.key.verifying_key
    (c_x, p_x), (c_d, p_d) = step.commitments
    assert groth16.verify_commitment(verifying, 0, c_x, p_x)
    assert not groth16.verify_commitment(verifying, 1, c_x, p_x)
    assert not groth16.verify_commitment(verifying, 0, c_x, p_d)
    assert groth16.verify(verifying, step.inputs, [(c_x, None), (c_d, p_d)], step.proof)
    assert not groth16.verify(verifying, step.inputs, [(c_x, None), (c_d, p_x)], step.proof)


def test_malformed_arguments_have_errors_of_their_own(step: Proven) -> None:
    verifying = step.key.verifying_key
    inputs, commitments, proof = step.instance
    infinity = b"\x40" + bytes(31)
    for wrong in (b"", proof[:-1], proof + b"\0", bytes(128), b"\xff" * 128, infinity + proof[32:]):
        with pytest.raises(DecodeError):
            groth16.verify(verifying, inputs, commitments, wrong)
    for point in (b"", infinity, bytes(32), b"\xff" * 32, commitments[0][0] + b"\0"):
        with pytest.raises(DecodeError):
            groth16.verify(verifying, inputs, [(point, commitments[0][1]), commitments[1]], proof)
        with pytest.raises(DecodeError):
            groth16.verify_commitment(verifying, 0, commitments[0][0], point)
    with pytest.raises(ParameterError):
        groth16.verify(verifying, inputs[:-1], commitments, proof)
    with pytest.raises(ParameterError):
        groth16.verify(verifying, inputs, commitments[:1], proof)
    with pytest.raises(ParameterError):
        groth16.verify(verifying, [1.5, *inputs[1:]], commitments, proof)
    with pytest.raises(ParameterError):
        groth16.verify_commitment(verifying, 2, *commitments[0])
    with pytest.raises(ParameterError):
        step.key.commit(0, np.zeros(5, dtype=np.int64), bytes(32))
    with pytest.raises(ParameterError):
        step.key.commit(0, np.zeros(6), bytes(32))
    with pytest.raises(DecodeError):
        step.key.commit(0, np.zeros(6, dtype=np.int64), R.to_bytes(32, "little"))


def test_a_witness_of_another_circuit_is_refused(chain: Proven, step: Proven) -> None:
    other = _core.r1cs.chain_circuit(21)
    witness, _ = _core.r1cs.chain_witness(other, 3)
    with pytest.raises(ParameterError):
        groth16.prove(chain.key, chain.circuit, witness)
    with pytest.raises(ParameterError):
        groth16.prove(step.key, other, witness)


def test_keys_come_back_from_bytes_and_say_which_circuit(step: Proven) -> None:
    again = groth16.ProvingKey.from_bytes(step.key.to_bytes())
    trusted = groth16.ProvingKey.from_bytes(step.key.to_bytes(), trusted=True)
    assert again.to_bytes() == trusted.to_bytes() == step.key.to_bytes()
    assert again.circuit == step.circuit.digest == again.verifying_key.circuit
    verifying = groth16.VerifyingKey.from_bytes(step.key.verifying_key.to_bytes())
    assert verifying.digest == hashlib.sha256(step.key.verifying_key.to_bytes()).digest()
    assert (verifying.num_public, verifying.num_groups) == (6, 2)
    basis = groth16.CommitmentKey.from_bytes(step.key.commitment_key(1).to_bytes())
    assert basis.digest == hashlib.sha256(basis.to_bytes()).digest()
    assert basis.size == 3
    for data in (b"", b"PZKF", step.key.to_bytes()[:-1], step.key.to_bytes() + b"\0"):
        with pytest.raises(DecodeError):
            groth16.ProvingKey.from_bytes(data)


# -- the equations, by another library ---------------------------------------------------------------------------


def g1(data: bytes) -> tuple:
    x, y = (int.from_bytes(data[i : i + 32], "big") for i in (0, 32))
    point = (ecc.FQ(x), ecc.FQ(y), ecc.FQ.one())
    assert ecc.is_on_curve(point, ecc.b)
    return point


def g2(data: bytes) -> tuple:
    x1, x0, y1, y0 = (int.from_bytes(data[i : i + 32], "big") for i in range(0, 128, 32))
    point = (ecc.FQ2([x0, x1]), ecc.FQ2([y0, y1]), ecc.FQ2.one())
    assert ecc.is_on_curve(point, ecc.b2)
    return point


def g1_compressed(data: bytes) -> tuple:
    """gnark's form: 0b10 in the top bits is the smaller y, 0b11 the larger."""
    x = int.from_bytes(data, "big") & ((1 << 254) - 1)
    y = pow(x**3 + 3, (P + 1) // 4, P)
    if (data[0] >> 6 == 3) != (y > (P - 1) // 2):
        y = P - y
    point = (ecc.FQ(x), ecc.FQ(y), ecc.FQ.one())
    assert ecc.is_on_curve(point, ecc.b)
    return point


def product_is_one(pairs: list[tuple[tuple, tuple]]) -> bool:
    product = ecc.FQ12.one()
    for p, q in pairs:
        product = product * ecc.pairing(q, p, final_exponentiate=False)
    return ecc.final_exponentiate(product) == ecc.FQ12.one()


def test_py_ecc_agrees_that_both_equations_hold(step: Proven) -> None:
    key = step.key.verifying_key.evm_points()
    evm = groth16.evm_bytes(step.proof)
    a, b, c = g1(evm[:64]), g2(evm[64:192]), g1(evm[192:])
    committed = [g1_compressed(commitment) for commitment, _ in step.commitments]
    total = g1(key["ic"][0])
    for value, point in zip(step.inputs, key["ic"][1:], strict=True):
        total = ecc.add(total, ecc.multiply(g1(point), value % R))
    for point in committed:
        total = ecc.add(total, point)
    pairs = [
        (ecc.neg(a), b), (g1(key["alpha"]), g2(key["beta"])), (total, g2(key["gamma"])), (c, g2(key["delta"]))
    ]
    assert product_is_one(pairs)
    assert g2(key["gamma"]) == ecc.G2
    assert not product_is_one([(ecc.neg(a), b), *pairs[1:2], (ecc.add(total, ecc.G1), pairs[2][1]), pairs[3]])
    for group, point in enumerate(committed):
        knowledge = g1_compressed(step.commitments[group][1] or b"")
        assert product_is_one([(point, g2(key["sigma"][group])), (ecc.neg(knowledge), ecc.G2)])
