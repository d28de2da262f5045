"""Encrypted averages of model updates over any transport: pyzkfl.masked with homomorphic addition in place of masks.

Nodes agree on who they are as under masks, then on a key (`holder` says who can decrypt, and has no default). In a
round each encrypts what it would have masked; the server adds ciphertexts without a key, and the holders decrypt the
sum in a second exchange. docs/homomorphic.md, "In Flower", says which attacks that stops and which not.
"""

from pyzkfl.encrypted.hub import EncryptedHub
from pyzkfl.encrypted.node import EncryptedNode, HolderPolicy
from pyzkfl.encrypted.terms import EncryptedTerms

__all__ = ["EncryptedHub", "EncryptedNode", "EncryptedTerms", "HolderPolicy"]
