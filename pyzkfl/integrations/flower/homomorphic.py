"""Flower: homomorphic addition in place of masks, one line on each side (docs/homomorphic.md, "In Flower").

In the ClientApp:

    app = ClientApp(mods=[HomomorphicAggregationMod(holder=Threshold(3, 5))])

In the ServerApp:

    strategy = HomomorphicAggregation(FedAvg(), aggregation="rlwe", holder=Threshold(3, 5))

`holder` is pyzkfl.he's: OneDecryptor(), Threshold(t, n) or AllMembers(n). It has no default on either side, and a node
refuses a server whose terms say another.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from flwr.app import Context
from flwr.serverapp.strategy import Strategy

from pyzkfl.encrypted import EncryptedHub, EncryptedNode, EncryptedTerms, HolderPolicy
from pyzkfl.encrypted.terms import check_rounds
from pyzkfl.errors import ParameterError, UnprovableOption
from pyzkfl.he import Holder
from pyzkfl.integrations.flower.mod import SecureAggregationMod
from pyzkfl.integrations.flower.strategy import SecureAggregation
from pyzkfl.masked import Hub, Node, Terms
from pyzkfl.secagg import IdentityKey

__all__ = ["HomomorphicAggregation", "HomomorphicAggregationMod"]


def _refuse_proofs(settings: dict[str, Any]) -> None:
    if settings.get("proofs") is not None:
        raise UnprovableOption("proofs= goes with masks (SecureAggregation), not with homomorphic addition")


class HomomorphicAggregationMod(SecureAggregationMod):
    """As SecureAggregationMod. holder: who may be able to decrypt. keeper: the Ed25519 key of the only node that may
    hold a key of OneDecryptor, or deal a shared Paillier key; without it the server's choice is taken.

    What a node must keep between messages (its share of the key, what it answered) is in the context's state, sealed
    under the node's identity key.
    """

    def __init__(self, *, holder: Holder, keeper: bytes | None = None, **settings: Any) -> None:
        _refuse_proofs(settings)
        super().__init__(**settings)
        if self._policy.client_level is not None:
            raise ParameterError("client-level privacy is calibrated for masks: it is not to be had under encryption")
        given = {f.name: getattr(self._policy, f.name) for f in dataclasses.fields(self._policy)}
        self._policy = HolderPolicy(**given, holder=holder, keeper=keeper)

    def _node(self, run: bytes, identity: IdentityKey, state: dict[str, Any], context: Context) -> Node:
        return EncryptedNode(run, identity, state, self._policy)


class HomomorphicAggregation(SecureAggregation):
    """As SecureAggregation. aggregation: "paillier" or "rlwe". holder: who can decrypt. keeper: as in EncryptedTerms.

    rounds_per_key: after so many rounds there is a new key. More than 1 is for shared Paillier keys, whose ciphertexts
    prove that their senders know what is in them; under any other key a member could subtract others' ciphertexts of an
    earlier round from a later sum (ParameterError). A round without a sum ends its key in any case.
    """

    def __init__(
        self,
        strategy: Strategy,
        *,
        aggregation: str,
        holder: Holder,
        keeper: bytes = b"",
        rounds_per_key: int = 1,
        min_nodes: int | None = None,
        **settings: Any,
    ) -> None:
        if rounds_per_key < 1:
            raise ParameterError("a key is for one round at least")
        check_rounds(aggregation, holder, rounds_per_key)
        _refuse_proofs(settings)
        if settings.get("client_level") is not None:
            raise ParameterError("client-level privacy is calibrated for masks: it is not to be had under encryption")
        members = getattr(holder, "n", None)
        self._encrypted: dict[str, Any] = {"aggregation": aggregation, "holder": holder, "keeper": keeper.hex()}
        self._rounds_per_key = rounds_per_key
        super().__init__(strategy, min_nodes=min_nodes or members or 3, **settings)

    def _make_terms(self, arrays: Any, rounds: int) -> Terms:
        return EncryptedTerms(arrays=arrays, rounds=self._rounds_per_key, **self._encrypted, **self._given)

    def _make_hub(self, run: bytes) -> Hub:
        return EncryptedHub(run, self._exchange)

    @property
    def wrong_shares(self) -> list[int]:
        """The nodes whose share of the last decryption did not match its proof."""
        return self._hub.wrong_shares if isinstance(self._hub, EncryptedHub) else []
