"""The ClientApp: trains on the part of the digits that the SuperNode's configuration names."""

from __future__ import annotations

import os

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from digits_app.model import TEST_ROWS, load, outputs
from pyzkfl.he import AllMembers
from pyzkfl.integrations.flower import HomomorphicAggregationMod, SecureAggregationMod

# Whose keys are whose: with this file the node does not take the server's word for who the others are. The node's own
# key is named in its configuration (pyzkfl-identity), and opened with the passphrase in PYZKFL_PASSPHRASE.
MEMBERS = os.environ["DIGITS_MEMBERS"]
if os.environ.get("DIGITS_AGGREGATION", "masks") == "masks":
    app = ClientApp(mods=[SecureAggregationMod(members=MEMBERS)])
else:  # a key that takes all three nodes to decrypt with
    app = ClientApp(mods=[HomomorphicAggregationMod(members=MEMBERS, holder=AllMembers(3))])


@app.train()
def train(message: Message, context: Context) -> Message:
    part, parts = int(context.node_config["partition-id"]), int(context.node_config["num-partitions"])
    x, y = load()
    x, y = x[TEST_ROWS + part :: parts], y[TEST_ROWS + part :: parts]
    weights, bias = (array.numpy().copy() for array in message.content["arrays"].values())
    for _ in range(60):
        error = (outputs(x, weights, bias) - np.eye(10)[y]) / len(y)
        weights -= 0.5 * x.T @ error
        bias -= 0.5 * error.sum(axis=0)
    arrays = ArrayRecord({"weights": Array(weights), "bias": Array(bias)})
    return Message(RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": len(y)})}), reply_to=message)
