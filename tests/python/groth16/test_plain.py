"""Groth16 without committed wires through the bindings: verifying keys, batches as arrays, proofs made at once."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Any

import numpy as np
import pytest
from py_ecc import optimized_bn128 as ecc

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError, PyzkflError

groth16 = _core.groth16
R = ecc.curve_order
P = ecc.field_modulus


class Chain:
    """One circuit, its keys, and proofs of several statements."""

    def __init__(self, proofs: int = 5) -> None:
        self.circuit = _core.r1cs.chain_circuit(30)
        self.key = groth16.insecure_setup(self.circuit)
        self.plain = groth16.PlainVerifyingKey.of_proving_key(self.key)
        made = [self.prove(3 + i) for i in range(proofs)]
        self.results = [result for result, _ in made]
        self.proofs = np.array([list(proof) for _, proof in made], dtype=np.uint8)
        self.inputs = np.array([[list(r.to_bytes(32, "little"))] for r in self.results], dtype=np.uint8)

    def prove(self, start: int) -> tuple[int, bytes]:
        witness, result = _core.r1cs.chain_witness(self.circuit, start)
        proof, _ = groth16.prove(self.key, self.circuit, witness)
        return result, groth16.evm_bytes(proof)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


def key_with(points: dict[str, Any], **changed: Any) -> Any:
    return groth16.PlainVerifyingKey(**{**points, **changed})


def test_a_key_goes_through_its_points(chain: Chain) -> None:
    points = chain.plain.evm_points()
    again = key_with(points)
    assert again == chain.plain
    assert again.num_public == 1
    assert points["gamma"] == chain.key.verifying_key.evm_points()["gamma"]
    proof = chain.proofs[0].tobytes()
    assert again.verify([chain.results[0]], proof)
    assert again.verify(chain.inputs[0], proof)
    assert not again.verify([chain.results[1]], proof)
    with pytest.raises(ParameterError):
        again.verify([1, 2], proof)
    with pytest.raises(DecodeError):
        again.verify([chain.results[0] + R], proof)


def test_keys_with_which_anyone_could_forge_are_refused(chain: Chain) -> None:
    points = chain.plain.evm_points()
    one, _ = points["ic"]
    for changed in (
        {"delta": points["gamma"]},
        {"delta": bytes(128)},
        {"beta": bytes(128)},
        {"gamma": points["gamma"][:127]},
        {"alpha": bytes(64)},
        {"alpha": points["alpha"][:63] + bytes([points["alpha"][63] ^ 1])},
        {"alpha": P.to_bytes(32, "big") + points["alpha"][32:]},
        {"ic": []},
        {"ic": [one, one]},
        {"ic": [one, bytes(64)]},
    ):
        with pytest.raises(DecodeError):
            key_with(points, **changed)


def test_a_batch_names_the_instances_that_fail(chain: Chain) -> None:
    verify = chain.plain.verify_batch
    assert verify(chain.inputs, chain.proofs) == []
    assert verify(chain.inputs[:0], chain.proofs[:0]) == []
    inputs, proofs = chain.inputs.copy(), chain.proofs.copy()
    inputs[1, 0, 0] ^= 1
    assert verify(inputs, proofs) == [1]
    proofs[[2, 3]] = proofs[[3, 2]]
    assert verify(inputs, proofs) == [1, 2, 3]
    proofs[4] = 0
    assert verify(inputs, proofs) == [1, 2, 3, 4]
    proofs[4] = 255
    assert verify(inputs, proofs) == [1, 2, 3, 4]
    proofs = chain.proofs.copy()
    inputs = chain.inputs.copy()
    inputs[0, 0] = list((chain.results[0] + R).to_bytes(32, "little"))  # the same residue, not its encoding
    assert verify(inputs, proofs) == [0]


def test_arrays_of_other_shapes_and_types_are_refused(chain: Chain) -> None:
    verify = chain.plain.verify_batch
    for inputs, proofs in (
        (chain.inputs[:, 0], chain.proofs),
        (chain.inputs, chain.proofs[:, :128]),
        (chain.inputs[:-1], chain.proofs),
        (chain.inputs.astype(np.int64), chain.proofs),
        (chain.inputs, np.asfortranarray(chain.proofs)),
    ):
        with pytest.raises(PyzkflError):
            verify(inputs, proofs)


def test_a_key_with_committed_wires_has_no_plain_form() -> None:
    spec = _core.training.LogisticSpec(features=2, batch=2, eta=128, eta_shift=21, bound=65536)
    key = groth16.insecure_setup(_core.training.constraint_system(spec))
    with pytest.raises(ParameterError):
        groth16.PlainVerifyingKey.of_proving_key(key)


def test_several_threads_prove_and_verify_at_once(chain: Chain) -> None:
    together = threading.Barrier(3)

    def work(which: int) -> bool:
        waited = False

        def progress(_: float) -> None:
            nonlocal waited
            if not waited:  # passes only when all three are in the middle of a proof
                waited = True
                together.wait(timeout=60)

        witness, result = _core.r1cs.chain_witness(chain.circuit, 100 + which)
        proof, _ = groth16.prove(chain.key, chain.circuit, witness, progress)
        assert waited
        return bool(chain.plain.verify([result], proof))

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert all(pool.map(work, range(3)))


def test_an_exception_in_the_callback_stops_the_prover(chain: Chain) -> None:
    witness, _ = _core.r1cs.chain_witness(chain.circuit, 5)

    def stop(fraction: float) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        groth16.prove(chain.key, chain.circuit, witness, stop)
