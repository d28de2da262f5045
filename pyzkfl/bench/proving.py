"""Benchmark of Groth16 on the chain circuit: x[i+1] = x[i]^2 + x[0], every wire a full field element."""

from __future__ import annotations

import time

import numpy as np

from pyzkfl._core import groth16, r1cs
from pyzkfl.bench.measure import Sample, repeat

__all__ = ["groth16_batch", "groth16_chain"]

START = 0x5EED  # any number: after eight squarings every wire is of full size


def groth16_chain(runs: int, *, log_n: int) -> Sample:
    """One operation is a proof, its own verification before it leaves the prover included; 2^log_n rows."""
    rows = 1 << log_n
    circuit = r1cs.chain_circuit(rows - 2)  # one row more for the public input and one for the constant
    began = time.perf_counter()
    key = groth16.insecure_setup(circuit)
    setup_seconds = time.perf_counter() - began
    began = time.perf_counter()
    witness, result = r1cs.chain_witness(circuit, START)
    witness_seconds = time.perf_counter() - began

    seconds = repeat(lambda: groth16.prove(key, circuit, witness), runs)
    proof, _ = groth16.prove(key, circuit, witness)
    verifying = key.verifying_key
    rejected: list[object] = []
    verify = repeat(lambda: rejected.extend(groth16.verify_batch(verifying, [([result], [], proof)])), max(runs, 10))
    return Sample(
        seconds,
        {
            "constraints": circuit.num_constraints,
            "wires": circuit.num_wires,
            "proof_bytes": len(proof),
            "setup_seconds": setup_seconds,
            "witness_seconds": witness_seconds,
            "verify_seconds_median": float(np.median(verify)),
            "verify_seconds_min": min(verify),
            "verified": not rejected,
        },
    )


def groth16_batch(runs: int, *, proofs: int) -> Sample:
    """One operation is the verification of all proofs at once, decoding included; no wires are committed."""
    circuit = r1cs.chain_circuit(30)
    key = groth16.insecure_setup(circuit)
    witness, result = r1cs.chain_witness(circuit, START)
    made = [groth16.evm_bytes(groth16.prove(key, circuit, witness)[0]) for _ in range(min(proofs, 16))]
    points = np.array([np.frombuffer(made[i % len(made)], np.uint8) for i in range(proofs)])
    inputs = np.tile(np.frombuffer(result.to_bytes(32, "little"), np.uint8), (proofs, 1, 1))
    verifying = groth16.PlainVerifyingKey.of_proving_key(key)
    rejected: list[int] = []
    seconds = repeat(lambda: rejected.extend(verifying.verify_batch(inputs, points)), runs)
    return Sample(seconds, {"proofs": proofs, "ms_per_proof": 1e3 * min(seconds) / proofs, "verified": not rejected})
