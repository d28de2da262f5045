"""The ServerApp: federated averaging of three nodes whose updates it never sees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from digits_app.model import TEST_ROWS, load, outputs
from pyzkfl.he import AllMembers
from pyzkfl.integrations.flower import HomomorphicAggregation, SecureAggregation

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    # Of three nodes none may be lost: a sum of two says too much of either.
    federated, settings = FedAvg(fraction_evaluate=0.0), {"server": "active", "dropout": 0.0, "min_nodes": 3}
    if (aggregation := str(context.run_config["aggregation"])) == "masks":
        strategy = SecureAggregation(federated, **settings)
    else:
        strategy = HomomorphicAggregation(federated, aggregation=aggregation, holder=AllMembers(3), **settings)
    start = ArrayRecord({"weights": Array(np.zeros((64, 10))), "bias": Array(np.zeros(10))})
    result = strategy.start(grid, start, num_rounds=int(context.run_config["num-server-rounds"]), timeout=120)
    x, y = load()
    weights, bias = (array.numpy() for array in result.arrays.values())
    right = outputs(x[:TEST_ROWS], weights, bias).argmax(axis=1) == y[:TEST_ROWS]
    nodes = [strategy.averages[r].nodes for r in sorted(strategy.averages)]
    if path := str(context.run_config["result"]):
        Path(path).write_text(json.dumps({"accuracy": float(right.mean()), "nodes": nodes}))
