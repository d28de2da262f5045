"""Digits among ten Flower nodes, three of which fail in every round, under homomorphic addition (ring-LWE).

    FLWR_TELEMETRY_ENABLED=0 python examples/flower/digits_homomorphic.py

An ordinary app of Flower's Message API; the two lines that pyzkfl adds are marked. Each node has its own tenth of
scikit-learn's digits and trains a softmax classifier, and sends its update encrypted. The ten make a key together; no
one has it, and any seven of them decrypt the sum, after they have seen what is in it. Who holds the key is for node and
server to say, and has no default. A node that fails has sent nothing and is left out of the sum.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Error, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from sklearn.datasets import load_digits

from pyzkfl.he import Threshold
from pyzkfl.integrations.flower import HomomorphicAggregation, HomomorphicAggregationMod

NODES, FAILING, ROUNDS, STEPS, RATE = 10, 3, 3, 60, 0.5
HOLDER = Threshold(7, NODES)
TEST_ROWS = 360


def load() -> tuple[np.ndarray, np.ndarray]:
    """All rows in one fixed shuffle: features of 64 pixels in [0, 1], classes."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order] / 16, y[order]


def probabilities(x: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    z = x @ weights + bias
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ---- the nodes -------------------------------------------------------------------------------------------------------

app = ClientApp(mods=[HomomorphicAggregationMod(holder=HOLDER)])  # <- pyzkfl, one line


@app.train()
def train(message: Message, context: Context) -> Message:
    node, server_round = int(context.node_config["partition-id"]), int(message.content["config"]["server-round"])
    if (node + 3 * server_round) % NODES < FAILING:
        return Message(Error(code=1, reason="this node lost its connection"), reply_to=message)
    x, y = load()
    x, y = x[TEST_ROWS + node :: NODES], y[TEST_ROWS + node :: NODES]
    weights, bias = (array.numpy().copy() for array in message.content["arrays"].values())
    for _ in range(STEPS):
        error = (probabilities(x, weights, bias) - np.eye(10)[y]) / len(y)
        weights -= RATE * x.T @ error
        bias -= RATE * error.sum(axis=0)
    arrays = ArrayRecord({"weights": Array(weights), "bias": Array(bias)})
    return Message(RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": len(y)})}), reply_to=message)


# ---- the server ------------------------------------------------------------------------------------------------------

server = ServerApp()
figures: dict[str, object] = {}


@server.main()
def main(grid: Grid, context: Context) -> None:
    strategy = HomomorphicAggregation(FedAvg(fraction_evaluate=0.0), aggregation="rlwe", holder=HOLDER)  # <- pyzkfl
    start = ArrayRecord({"weights": Array(np.zeros((64, 10))), "bias": Array(np.zeros(10))})
    result = strategy.start(grid, start, num_rounds=ROUNDS)
    x, y = load()
    weights, bias = (array.numpy() for array in result.arrays.values())
    right = probabilities(x[:TEST_ROWS], weights, bias).argmax(axis=1) == y[:TEST_ROWS]
    figures["accuracy"] = float(right.mean())
    figures["nodes"] = [strategy.averages[r].nodes for r in sorted(strategy.averages)]


def simulate() -> dict[str, object]:
    """Run it all on this machine: the accuracy on rows nobody trained on, and how many updates each sum had."""
    from flwr.simulation import run_simulation

    run_simulation(server, app, num_supernodes=NODES, backend_config={"client_resources": {"num_cpus": 1}})
    return figures


if __name__ == "__main__":
    print(json.dumps(simulate()))
    sys.exit(0 if figures else 1)
