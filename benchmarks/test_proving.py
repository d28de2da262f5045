"""Groth16 on the chain circuit, and the hash inside transcripts."""

from __future__ import annotations

import pytest

from pyzkfl._core import groth16, hash, r1cs


@pytest.fixture(scope="module")
def chain(small: bool):  # type: ignore[no-untyped-def]
    circuit = r1cs.chain_circuit((1 << (6 if small else 14)) - 2)
    witness, result = r1cs.chain_witness(circuit, 3)
    return circuit, groth16.insecure_setup(circuit), witness, result


@pytest.mark.job("Groth16 proof of 2^14 constraints")
def test_ours_proves(benchmark, chain) -> None:  # type: ignore[no-untyped-def]
    circuit, key, witness, result = chain
    proof, _ = benchmark.pedantic(groth16.prove, args=(key, circuit, witness), rounds=3, warmup_rounds=1)
    assert groth16.verify_batch(key.verifying_key, [([result], [], proof)]) == []


@pytest.mark.job("Groth16 verification")
@pytest.mark.parametrize("proofs", [1, 8, 64])
def test_ours_verifies(benchmark, chain, proofs: int) -> None:  # type: ignore[no-untyped-def]
    circuit, key, witness, result = chain
    instances = [([result], [], groth16.prove(key, circuit, witness)[0]) for _ in range(proofs if proofs < 9 else 1)]
    instances = (instances * proofs)[:proofs]
    assert benchmark(groth16.verify_batch, key.verifying_key, instances) == []


@pytest.mark.job("Poseidon2 permutation, 1000 in a row")
def test_ours_permutes(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(hash.poseidon2_permute, [0, 1, 2, 3], 1000)
