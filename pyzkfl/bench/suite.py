"""The benchmarks by name, with their parameters."""

from __future__ import annotations

from pyzkfl.bench import (
    arithmetic,
    composing,
    gas,
    groups,
    homomorphic,
    ladder,
    ledger,
    masking,
    proving,
    queueing,
    training,
)
from pyzkfl.bench.measure import Benchmark

__all__ = ["BENCHMARKS"]

_ALL = (
    Benchmark("field", "a multiplication in Fp", arithmetic.field),
    Benchmark("ntt", "a transform over Fr", arithmetic.ntt, {"log_n": 20}, {"log_n": (1, 26)}),
    Benchmark("poseidon2", "a permutation, width 4", arithmetic.poseidon2),
    Benchmark(
        "msm-g1",
        "a multi-scalar multiplication in G1",
        groups.msm_g1,
        {"log_n": 18, "scalar_bits": 253},
        {"log_n": (0, 24), "scalar_bits": (1, 253)},
    ),
    Benchmark(
        "msm-g2",
        "a multi-scalar multiplication in G2",
        groups.msm_g2,
        {"log_n": 16, "scalar_bits": 253},
        {"log_n": (0, 22), "scalar_bits": (1, 253)},
    ),
    Benchmark("pairing", "a pairing", groups.pairing),
    Benchmark("groth16", "a proof of the chain circuit", proving.groth16_chain, {"log_n": 18}, {"log_n": (3, 22)}),
    Benchmark(
        "groth16-batch",
        "many proofs verified at once",
        proving.groth16_batch,
        {"proofs": 1000},
        {"proofs": (1, 100_000)},
    ),
    Benchmark(
        "verification-queue",
        "thousands of proofs queued at once",
        queueing.verification_queue,
        {"proofs": 7500, "batch": 512, "rate": 500, "seconds": 5},
        {"proofs": (1, 1_000_000), "batch": (1, 65536), "rate": (1, 100_000), "seconds": (1, 3600)},
        runs=3,
    ),
    Benchmark(
        "train",
        "a training round proven by the engine",
        training.train,
        {"model": "mlp:784,128,10", "batch": 64, "steps": 1, "keys": "fresh"},
        {"batch": (1, 65536), "steps": (1, 256)},
    ),
    Benchmark(
        "ladder",
        "a step of each model of the ladder, proven",
        ladder.ladder,
        {"batch": 64, "smallest": 1, "largest": 4_000_000},
        {"batch": (1, 65536)},
        runs=3,
        long=True,
    ),
    Benchmark(
        "norm",
        "a norm bound proven by the engine",
        training.norm,
        {"dim": 1_000_000},
        {"dim": (1, 1 << 24)},
        runs=3,
    ),
    Benchmark(
        "secagg",
        "a setup and a round, all parties",
        masking.secagg_round,
        {"clients": 8, "dim": 1 << 20, "dropout": 0.25, "corrupt": 0.05, "server": "active"},
        {"clients": (3, 65_534), "dropout": (0.0, 0.99), "corrupt": (0.0, 0.99)},
        runs=3,
    ),
    Benchmark(
        "paillier",
        "a Paillier encryption",
        homomorphic.paillier,
        {"bits": 2048, "dim": 100_000, "members": 10},
        {"bits": (2048, 4096), "dim": (1, 1 << 24), "members": (3, 64)},
        runs=3,
    ),
    Benchmark(
        "rlwe",
        "a vector encrypted, added, decrypted",
        homomorphic.rlwe,
        {"dim": 100_000, "members": 10},
        {"dim": (1, 1 << 24), "members": (3, 255)},
    ),
    Benchmark(
        "compose",
        "a round's proofs composed to one of 192 bytes",
        composing.compose,
        {"proofs": 8},
        {"proofs": (1, 1024)},
        runs=1,
        long=True,
    ),
    Benchmark("gas", "a submission on a chain; gas of contracts", gas.gas, {"node": ""}, runs=1, long=True),
    Benchmark(
        "ledger",
        "a whole ledger verified",
        ledger.ledger,
        {"records": 20_000, "batch": 2000},
        {"records": (1, 10_000_000), "batch": (1, 65_000)},
        runs=3,
    ),
)
BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _ALL}
