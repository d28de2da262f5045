"""Benchmark of composition: members' proofs of one round to one proof (docs/recursion.md)."""

from __future__ import annotations

import time
import warnings

import numpy as np

import pyzkfl
from pyzkfl.bench.measure import Sample, repeat
from pyzkfl.blinders import random_blinder
from pyzkfl.composable import ComposableProof
from pyzkfl.composed import ComposedStatement
from pyzkfl.composition import compose as compose_proofs
from pyzkfl.composition_keys import CompositionKeys
from pyzkfl.network import NetworkJob, NetworkProver, RoundStatement
from pyzkfl.step_context import Place

__all__ = ["compose"]


def _member(prover: NetworkProver, weights: np.ndarray, number: int, rng: np.random.Generator) -> ComposableProof:
    job = prover.job
    x, y = job.features(rng.normal(size=(4, 4))), rng.integers(0, 2, 4)
    trained = job.train(weights, [(x, y)])
    blinder, update_blinder = random_blinder(), random_blinder()
    statement = RoundStatement(
        job, b"benchmark", prover.commit_weights(weights), (prover.commit_batch(x, y, blinder),), (4,),
        prover.commit_update(trained.update, update_blinder), place=Place(0, number, batches=(number,)),
    )  # fmt: skip
    return prover.composable(statement, prover.prove(trained, statement, [blinder], update_blinder))


def compose(runs: int, *, proofs: int) -> Sample:
    """One operation is the composition of all proofs of a round, in this process; keys are read before. A leaf's cost
    does not depend on the network."""
    job = NetworkJob(widths=(4, 3, 2), batch=4, learning_rate=0.2)
    rng = np.random.default_rng(8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prover = NetworkProver.insecure(job, cached=True)
        keys = CompositionKeys.make_insecure(prover)
    weights, after = (job.weights(rng.normal(size=job.dimension) * 0.2) for _ in range(2))
    members = [_member(prover, weights, number, rng) for number in range(proofs)]
    weights_after = prover.commit_weights(after)

    proof = compose_proofs(members[:1], keys, weights_after=weights_after)  # reads the keys, warms tables
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        proof = compose_proofs(members, keys, weights_after=weights_after)
        seconds.append(time.perf_counter() - began)
    statement = ComposedStatement.of_round([member.statement for member in members], weights_after, keys.verifier)
    verify = repeat(lambda: pyzkfl.verify(statement, proof, keys), 20)
    return Sample(
        seconds,
        {
            "constraints_leaf": int(keys.circuit.core.constraint_system().num_constraints),
            "constraints_node": int(keys.node_circuit().constraint_system().num_constraints),
            "compose_seconds": min(seconds),
            "proof_bytes": proof.size,
            "verify_seconds": min(verify),
            "verified": True,  # verify raises
        },
    )
