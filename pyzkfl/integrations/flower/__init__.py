"""Flower: masked secure aggregation under a strategy of the Message API, one line on each side (docs/integrations.md).

In the ClientApp:

    app = ClientApp(mods=[secure_aggregation_mod])

In the ServerApp:

    strategy = SecureAggregation(FedAvg())

Importing this needs flwr 1.41 or newer: `pip install pyzkfl[flower]`.
"""

from pyzkfl.integrations.flower.homomorphic import HomomorphicAggregation, HomomorphicAggregationMod
from pyzkfl.integrations.flower.mod import SecureAggregationMod, drawn_batches, secure_aggregation_mod
from pyzkfl.integrations.flower.strategy import SecureAggregation

__all__ = [
    "HomomorphicAggregation",
    "HomomorphicAggregationMod",
    "SecureAggregation",
    "SecureAggregationMod",
    "drawn_batches",
    "secure_aggregation_mod",
]
