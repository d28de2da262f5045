"""Masked averages of model updates over any transport: what is agreed on, a node's side, the server's side.

The sums are those of pyzkfl.standing; here stand what is around them in a framework for federated learning: how floats
become the integers that are masked (`Terms`), how nodes that have not met agree on keys and on a seed, and which
message follows which (`Node`, `Hub`). Requests and replies are dicts of str, int, bytes and lists of these; the
adapters in pyzkfl.integrations carry them. docs/integrations.md describes them.
"""

from pyzkfl.masked.bounded import NormProofs
from pyzkfl.masked.client_level import ClientLevel
from pyzkfl.masked.hub import Hub
from pyzkfl.masked.node import Node, Policy
from pyzkfl.masked.private import Noise
from pyzkfl.masked.proof_keys import DevelopmentKeys, SetupKeys
from pyzkfl.masked.stepped import StepProofs
from pyzkfl.masked.terms import Average, Terms

__all__ = [
    "Average",
    "ClientLevel",
    "DevelopmentKeys",
    "Hub",
    "Node",
    "Noise",
    "NormProofs",
    "Policy",
    "SetupKeys",
    "StepProofs",
    "Terms",
]
