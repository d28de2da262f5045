"""The ClientApp's side: a mod that masks what the app's train function returns, and answers the server's other
requests.

The app trains and replies as ever, one ArrayRecord and one MetricRecord. What leaves the node instead is the difference
to the model that it was sent, weighted, in integers, under its masks; nothing else of the reply does. A request to
train that is not under secure aggregation is refused.
"""

from __future__ import annotations

import contextvars
import os
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp.typing import ClientAppCallable

from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.integrations.flower.records import KEY, one_array_record, pack, run_name, unpack
from pyzkfl.keys import Members, load_identity, read_passphrase
from pyzkfl.masked import Node, NormProofs, Policy, StepProofs
from pyzkfl.secagg import IdentityKey

__all__ = ["SecureAggregationMod", "drawn_batches", "secure_aggregation_mod"]

Identity = str | os.PathLike[str] | Callable[[Context], IdentityKey]

# Keys that this process has read already, by what they were read from: reading a file takes a quarter of a second.
_read: dict[Any, IdentityKey] = {}
_drawn: contextvars.ContextVar[list[tuple[Any, Any]]] = contextvars.ContextVar("drawn batches")


def drawn_batches() -> list[tuple[Any, Any]]:
    """In a train function under step proofs: the round's batches, one (features, labels) a step, as `data` gives them.

    Train on them with pyzkfl.integrations.torch.fit(job, module, drawn_batches()); ProtocolError anywhere else.
    """
    try:
        return _drawn.get()
    except LookupError:
        raise ProtocolError("batches are drawn in a train function, for a mod with proofs=StepProofs(...)") from None


class SecureAggregationMod:
    """The mod; put it first among `mods`, so that it sees what the others leave of a reply.

    members: who may take part: a members file (`pyzkfl keys`), or Ed25519 public keys. With it, `identity` is needed
    too and the server may be anything; without it the server is trusted to follow the protocol.
    identity: this node's key: a file, or a function of the Context that returns an IdentityKey. Where the app is the
    same for all nodes, name the file in the node's configuration: `--node-config "pyzkfl-identity='north.pem'"`; the
    passphrase is in $PYZKFL_PASSPHRASE. By default a fresh key for each run, kept in the context's state.
    corrupt, security_bits: the least that the strategy's terms must say.
    client_level: (epsilon, delta), the most client-level privacy loss of all rounds that this node takes part in.
    proofs: what this node proves in every round, and insists that all prove: NormProofs or StepProofs, the strategy's.
    """

    def __init__(
        self,
        *,
        members: str | os.PathLike[str] | Iterable[bytes] | None = None,
        identity: Identity | None = None,
        corrupt: float = 0.05,
        security_bits: float = 40.0,
        client_level: tuple[float, float] | None = None,
        proofs: NormProofs | StepProofs | None = None,
    ) -> None:
        keys: frozenset[bytes] | None = None
        if isinstance(members, (str, os.PathLike)):
            keys = frozenset(key for member in Members.load(members).members for key in member.all_keys())
        elif members is not None:
            keys = frozenset(bytes(key) for key in members)
        self._policy = Policy(keys, corrupt, security_bits, client_level)
        self._identity = identity
        self._proofs = proofs

    def __call__(self, message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        request = unpack(message.content)
        if request is None:
            if message.metadata.message_type.split(".")[0] == "train":
                raise ProtocolError(
                    "the server asks for an update without secure aggregation: wrap its strategy in SecureAggregation, "
                    "or take secure_aggregation_mod out of this app"
                )
            return call_next(message, context)
        state = unpack(context.state) or {}
        own: dict[str, Any] = {name: state.pop(name) for name in ("identity", "passphrase") if name in state}
        identity = self._key(context, own)
        node = self._node(run_name(context.run_id), identity, state, context)
        if request.get("phase") == "round":
            reply = self._round(node, request, message, context, call_next)
            if isinstance(reply, Message):
                return reply  # an error of the app
        else:
            reply = node.answer(request)
        # Kept by Flower together with the reply, and before it is sent.
        context.state[KEY] = ConfigRecord({**state, **own})
        return Message(pack(reply), reply_to=message)

    def _round(
        self, node: Node, request: dict[str, Any], message: Message, context: Context, call_next: ClientAppCallable
    ) -> dict[str, Any] | Message:
        terms = node.terms
        _, before = one_array_record(message.content, "a request to train")
        before = {name: array.copy() for name, array in before.items()}
        message.content = RecordDict({name: record for name, record in message.content.items() if name != KEY})
        reply = self._train(node, request, message, context, call_next)
        if reply.has_error():
            return reply
        _, after = one_array_record(reply.content, "the reply of the train function")
        if self._proofs is not None:
            return node.prove(request, before, after)
        metrics: dict[str, Any] = {}
        for record in reply.content.metric_records.values():
            metrics.update(record.items())
        weight = 1
        if terms.weighted:
            name = request.get("weighted_by")
            if name not in metrics:
                raise DecodeError(f"the reply has no metric {name!r} to weigh by: return it, or set weighted=False")
            weight = metrics[name]
        return node.mask(request, terms.encode(before, after, weight, metrics, request.get("clip_norm")))

    def _node(self, run: bytes, identity: IdentityKey, state: dict[str, Any], context: Context) -> Node:
        return Node(run, identity, state, self._policy, self._proofs, context)

    def _train(
        self, node: Node, request: dict[str, Any], message: Message, context: Context, call_next: ClientAppCallable
    ) -> Message:
        if not isinstance(self._proofs, StepProofs):
            return call_next(message, context)
        token = _drawn.set(node.drawn(request))
        try:
            return call_next(message, context)
        finally:
            _drawn.reset(token)

    def _key(self, context: Context, own: dict[str, Any]) -> IdentityKey:
        """This node's key. `own`: what the context's state has, or gets, of a key made for this run."""
        if callable(self._identity):
            return self._identity(context)
        file = self._identity or context.node_config.get("pyzkfl-identity")
        if file is not None:
            if file not in _read:
                _read[file] = load_identity(str(file), read_passphrase())
            return _read[file]
        if self._policy.members is not None:
            raise ProtocolError(
                "with members=... a node needs its key: give identity=..., or pyzkfl-identity in its configuration"
            )
        if not own:
            # Encrypted only because the format asks for it; the context's state is where the secret stays.
            own["passphrase"] = secrets.token_hex(32)
            own["identity"] = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(own["passphrase"].encode()),
            )
        return IdentityKey.from_pem(own["identity"], own["passphrase"])


secure_aggregation_mod = SecureAggregationMod()
