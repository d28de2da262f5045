"""Members of a small network's rounds, with proofs, for tests of composition and their vectors."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from pyzkfl.blinders import random_blinder
from pyzkfl.composable import ComposableProof, ComposableStatement
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver, RoundStatement
from pyzkfl.step_context import Place

BEACON = b"\1" * 32


@dataclasses.dataclass
class Member:
    """One member's round: what it said, and its proof."""

    statement: RoundStatement
    proof: NetworkProof


class Rounds:
    """A job, its prover, and weights before each round: made up, as nothing of composition computes them."""

    def __init__(self, prover: NetworkProver | None = None) -> None:
        self.job = NetworkJob(widths=(4, 3, 2), batch=4, learning_rate=0.2)
        self.prover = prover or NetworkProver.insecure(self.job, cached=True)
        self.rng = np.random.default_rng(8)
        self.weights = [self.job.weights(self.rng.normal(size=self.job.dimension) * 0.2) for _ in range(4)]
        self.commitments = [self.prover.commit_weights(weights) for weights in self.weights]

    def member(self, number: int, round_: int, *, terms: bytes = b"terms", beacon: bytes = BEACON) -> Member:
        x, y = self.job.features(self.rng.normal(size=(4, 4))), self.rng.integers(0, 2, 4)
        trained = self.job.train(self.weights[round_], [(x, y)])
        blinder, update_blinder = random_blinder(), random_blinder()
        place = Place(round_, number, f"member {number}", beacon, bytes([number]) * 32, (number,))
        statement = RoundStatement(
            self.job, terms, self.commitments[round_], (self.prover.commit_batch(x, y, blinder),), (4,),
            self.prover.commit_update(trained.update, update_blinder), place=place,
        )  # fmt: skip
        return Member(statement, self.prover.prove(trained, statement, [blinder], update_blinder))

    def composable(self, member: Member) -> ComposableProof:
        return self.prover.composable(member.statement, member.proof)

    def said(self, member: Member) -> ComposableStatement:
        """As somebody without the proof makes it."""
        return self.prover.composable_statement(member.statement)


def facts(said: ComposableStatement) -> dict[str, Any]:
    """A member's public values as JSON has them."""
    context, place = said.context, said.context.place
    return {
        "job": context.job.hex(), "round": place.round, "client": place.client, "name": place.name,
        "beacon": place.beacon.hex(), "dataset_root": place.dataset_root.hex(), "batches": list(place.batches),
        "weights": context.weights.hex(), "tables": context.tables.hex(), "data": [p.hex() for p in context.data],
        "rows": list(said.rows), "update": said.update.hex(),
    }  # fmt: skip
