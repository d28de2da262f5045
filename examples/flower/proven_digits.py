"""Digits among ten Flower nodes as in digits.py, and every node proves its update: a torch module in agreed steps.

    FLWR_TELEMETRY_ENABLED=0 python examples/flower/proven_digits.py            # the training step is proven
    FLWR_TELEMETRY_ENABLED=0 python examples/flower/proven_digits.py --norm     # norms alone, half of the coordinates

A node commits to its rows before anybody can know which of them a round draws. In a round it trains on those, and sends
a commitment, a proof and the masked update; the server verifies the proofs, adds what they hold for, and opens the sum
against the commitments. Two nodes fail in every round, and node 9 scales its model: as a step that cannot be proven and
the node is left out; where norms alone are proven it is clipped to the bound, and counted.

The keys are DEVELOPMENT KEYS, made by this very process, which could therefore forge. In earnest they come from a setup
of several members: SetupKeys(path, terms) in their place (docs/integrations.md).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from flwr.app import ArrayRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from sklearn.datasets import load_digits
from torch import nn

from pyzkfl.integrations.flower import SecureAggregation, SecureAggregationMod, drawn_batches
from pyzkfl.integrations.torch import Job, fit
from pyzkfl.masked import NormProofs, StepProofs

NODES, FAILING, CHEAT = 10, 2, 9
TEST_ROWS = 360

torch.set_num_threads(1)


def load() -> tuple[np.ndarray, np.ndarray]:
    """All rows in one fixed shuffle: features of 64 pixels in [0, 1], classes."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order] / 16, y[order]


def rows(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """A node's own tenth."""
    node = int(context.node_config["partition-id"])
    x, y = load()
    return x[TEST_ROWS + node :: NODES], y[TEST_ROWS + node :: NODES]


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 10))


JOB = Job.from_module(model(), loss=nn.CrossEntropyLoss(), lr=1.0, batch=36, steps=4)
NORM = NormProofs(dimension=JOB.dimension, norm=2.0, kept=JOB.dimension // 2, value_bits=12, clip=True)


def make_app(proofs: NormProofs | StepProofs) -> ClientApp:
    """The nodes. With step proofs they train on what was drawn, else on all their rows, as often as they like."""
    app = ClientApp(mods=[SecureAggregationMod(proofs=proofs)])  # <- pyzkfl, one line

    @app.train()
    def train(message: Message, context: Context) -> Message:
        node, server_round = int(context.node_config["partition-id"]), int(message.content["config"]["server-round"])
        if (node + 3 * server_round) % (NODES - 1) < FAILING and node != CHEAT:
            return Message(Error(code=1, reason="this node lost its connection"), reply_to=message)
        module = model()
        module.load_state_dict(message.content["arrays"].to_torch_state_dict())
        if isinstance(proofs, StepProofs):
            fit(JOB, module, drawn_batches())
        else:
            optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
            x, y = (torch.from_numpy(part) for part in rows(context))
            for _ in range(20):
                optimizer.zero_grad()
                nn.functional.cross_entropy(module(x.float()), y).backward()
                optimizer.step()
        if node == CHEAT:
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.mul_(1.5)
        arrays = ArrayRecord(module.state_dict())
        return Message(RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": 1})}), reply_to=message)

    return app


def make_server(proofs: NormProofs | StepProofs, rounds: int, figures: dict[str, Any]) -> ServerApp:
    server = ServerApp()

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        strategy = SecureAggregation(FedAvg(fraction_evaluate=0.0), min_nodes=NODES, proofs=proofs)  # <- pyzkfl
        result = strategy.start(grid, ArrayRecord(model().state_dict()), num_rounds=rounds)
        module = model()
        module.load_state_dict(result.arrays.to_torch_state_dict())
        x, y = load()
        with torch.no_grad():
            right = module(torch.from_numpy(x[:TEST_ROWS]).float()).argmax(1).numpy() == y[:TEST_ROWS]
        figures["accuracy"] = float(right.mean())
        figures["nodes"] = [strategy.averages[r].nodes for r in sorted(strategy.averages)]
        figures["clipped"] = [strategy.averages[r].clipped_nodes for r in sorted(strategy.averages)]

    return server


def main() -> int:
    from flwr.simulation import run_simulation

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--norm", action="store_true", help="prove norms alone")
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    figures: dict[str, Any] = {"proofs": "norm" if given.norm else "step"}
    with tempfile.TemporaryDirectory(prefix="digits-keys-") as folder:
        begun = time.perf_counter()
        unkeyed = NORM if given.norm else StepProofs(JOB, rows)
        proofs = unkeyed.with_development_keys(Path(folder) / "proofs.keys")
        figures["keys_seconds"] = round(time.perf_counter() - begun, 1)
        app, server = make_app(proofs), make_server(proofs, given.rounds, figures)
        begun = time.perf_counter()
        run_simulation(server, app, num_supernodes=NODES, backend_config={"client_resources": {"num_cpus": 1}})
        figures["seconds"] = round(time.perf_counter() - begun, 1)
    print(json.dumps(figures))
    return 0 if "accuracy" in figures else 1


if __name__ == "__main__":
    sys.exit(main())
