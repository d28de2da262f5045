"""NVFlare: a pair of an Aggregator on the server and a Filter of the clients' train results, for masked averages.

For workflows that broadcast a model and aggregate weight differences, such as ScatterAndGather: the aggregator is
`MaskedAggregator`, and each client has a `MaskingFilter` on the results of the train task (docs/integrations.md). The
setup and the answers about lost clients travel as auxiliary messages. Written against NVFlare 2.9
(`pip install pyzkfl[nvflare]`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.event_type import EventType
from nvflare.apis.filter import Filter
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.app_common.abstract.aggregator import Aggregator
from nvflare.app_common.app_constant import AppConstants
from nvflare.app_common.app_event_type import AppEventType

from pyzkfl.errors import DecodeError, NotEnoughClients, ParameterError, PyzkflError
from pyzkfl.keys import Members, load_identity, read_passphrase
from pyzkfl.masked import Average, Hub, Node, Policy, Terms
from pyzkfl.secagg import IdentityKey

__all__ = ["MaskedAggregator", "MaskingFilter"]

_TOPIC = "pyzkfl.secure-aggregation"


def _run_name(fl_ctx: FLContext) -> bytes:
    return b"nvflare job " + str(fl_ctx.get_job_id()).encode()


class MaskedAggregator(Aggregator):
    """Averages of weight differences that the server never sees one by one.

    rounds: the most that the job has. timeout: seconds to wait for answers around training. terms: settings of
    pyzkfl.masked.Terms (bound, bits, overflow, weighted, max_weight, dropout, corrupt, server, ..). folder: where to
    keep what clients send for each other, in files that go with the setup; by default in memory. Weights are the
    results' NUM_STEPS_CURRENT_ROUND. A round in which too few clients answer leaves the model as it was, and logs an
    error; `averages[round]` says how many clients were in the others.
    """

    def __init__(
        self, rounds: int, timeout: float = 60.0, terms: dict[str, Any] | None = None, folder: str | None = None
    ) -> None:
        super().__init__()
        # By the parameters' own names: that is where NVFlare reads them from when it writes a job's configuration.
        self.rounds, self.timeout, self.terms, self.folder = rounds, timeout, terms, folder
        self._given = {**terms} if terms else {}
        Terms(arrays=(("trial", (1,)),), rounds=rounds, **self._given)  # wrong settings fail here
        self._hub: Hub | None = None
        self._clients: list[str] = []
        self._fl_ctx: FLContext | None = None
        self._agreed: Terms | None = None
        self._lock = threading.Lock()
        self.averages: dict[int, Average] = {}

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """At the start of a round: a setup where one is due, and the round's number to everybody."""
        if event_type == AppEventType.ROUND_STARTED:
            try:
                self._start(fl_ctx)
            except PyzkflError as error:
                self.system_panic(f"secure aggregation: {error}", fl_ctx)

    def _start(self, fl_ctx: FLContext) -> None:
        self._fl_ctx = fl_ctx
        model = fl_ctx.get_prop(AppConstants.GLOBAL_MODEL)["weights"]
        shapes = tuple((name, np.shape(value)) for name, value in sorted(model.items()))
        terms = Terms(arrays=shapes, rounds=self.rounds, **self._given)
        names = sorted(client.name for client in fl_ctx.get_engine().get_clients())
        if self._hub is None:
            self._hub = Hub(_run_name(fl_ctx), self._exchange, folder=self.folder)
        if not self._hub.serves(terms, range(len(names))) or names != self._clients:
            self._clients, self._agreed = names, terms
            self._wait()
            self._hub.set_up(terms, range(len(names)))
            self.log_info(fl_ctx, f"secure aggregation: {self._hub.plan_summary}")
        request = self._hub.open_round()
        self._exchange({i: {**request, "phase": "open"} for i in range(len(names))})

    def _exchange(self, requests: dict[int, dict[str, Any]]) -> Mapping[int, dict[str, Any]]:
        assert self._fl_ctx is not None
        engine = self._fl_ctx.get_engine()

        def ask(item: tuple[int, dict[str, Any]]) -> tuple[int, Any]:
            node, request = item
            message, name = Shareable(), self._clients[node]
            message["record"] = request
            with engine.new_context() as fl_ctx:
                replies = engine.send_aux_request([name], _TOPIC, message, self.timeout, fl_ctx, optional=True)
            return node, (replies or {}).get(name)

        # One request a thread: each client gets its own message, and none waits for another.
        with ThreadPoolExecutor(min(32, len(requests))) as pool:
            answers = list(pool.map(ask, requests.items()))
        records = {node: reply.get("record") for node, reply in answers if isinstance(reply, Shareable)}
        return {node: record for node, record in records.items() if isinstance(record, dict)}

    def _wait(self) -> None:
        """Until every client listens, or the timeout is over: a job's clients begin after its server."""
        end, waiting = time.monotonic() + self.timeout, set(range(len(self._clients)))
        while waiting and time.monotonic() < end:
            waiting -= set(self._exchange({node: {"phase": "hello"} for node in waiting}))
            if waiting:
                time.sleep(0.5)

    def accept(self, shareable: Shareable, fl_ctx: FLContext) -> bool:
        """A client's masked difference. False for anything else: the client counts as lost in this round."""
        name = fl_ctx.get_peer_context().get_identity_name()
        record = shareable.get("record")
        try:
            if self._hub is None or not isinstance(record, dict):
                raise DecodeError("the result is not masked: the client needs a MaskingFilter on its train results")
            with self._lock:
                self._hub.receive(self._clients.index(name), record)
        except (PyzkflError, ValueError) as error:
            self.log_error(fl_ctx, f"secure aggregation: {name}: {error}")
            return False
        return True

    def aggregate(self, fl_ctx: FLContext) -> Shareable:
        """The average difference, or zero where the round is void."""
        if self._hub is None or self._agreed is None:
            raise ParameterError("MaskedAggregator saw no round begin: it needs a workflow that fires ROUND_STARTED")
        self._fl_ctx = fl_ctx
        try:
            average = self._hub.close_round()
            self.averages[int(fl_ctx.get_prop(AppConstants.CURRENT_ROUND))] = average
            update: dict[str, Any] = dict(average.update)
            if average.clipped_nodes:
                self.log_warning(
                    fl_ctx,
                    f"secure aggregation: {average.clipped_nodes} of {average.nodes} clients clipped, "
                    f"{average.clipped_coordinates} coordinates together",
                )
        except NotEnoughClients as error:
            self.log_error(fl_ctx, f"secure aggregation: the round is void, the model stays as it was: {error}")
            update = {name: np.zeros(shape) for name, shape in self._agreed.arrays}
        return DXO(data_kind=DataKind.WEIGHT_DIFF, data=update).to_shareable()


class MaskingFilter(Filter):
    """Masks a client's weight difference: add it to the results of the train task.

    members, identity: paths of the members file and of this client's key, whose passphrase is in $PYZKFL_PASSPHRASE;
    without them a fresh key for the job, and trust in the server's list of clients. State is in this process: a client
    that restarts counts as lost until the next setup.
    """

    def __init__(self, members: str | None = None, identity: str | None = None) -> None:
        super().__init__()
        if (members is None) != (identity is None):
            raise ParameterError("give members and identity together, or neither")
        self.members, self.identity = members, identity
        self._key: IdentityKey | None = None
        self._policy = Policy()
        self._state: dict[str, Any] = {}
        self._round: dict[str, Any] = {}
        self._lock = threading.Lock()

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """At the start of the job: the key, and an ear for the server's requests."""
        if event_type != EventType.START_RUN:
            return
        if self.members is not None and self.identity is not None:
            known = Members.load(self.members).members
            self._policy = Policy(members=frozenset(key for member in known for key in member.all_keys()))
            self._key = load_identity(os.fspath(self.identity), read_passphrase())
        else:
            self._key = IdentityKey.generate()
        fl_ctx.get_engine().register_aux_message_handler(_TOPIC, self._answer)

    def _node(self, fl_ctx: FLContext) -> Node:
        if self._key is None:
            raise ParameterError("MaskingFilter saw no job begin")
        return Node(_run_name(fl_ctx), self._key, self._state, self._policy)

    def _answer(self, topic: str, request: Shareable, fl_ctx: FLContext) -> Shareable:
        record = request.get("record")
        reply = make_reply(ReturnCode.OK)
        try:
            if not isinstance(record, dict):
                raise DecodeError("the request has no record")
            with self._lock:
                if record.get("phase") == "hello":
                    reply["record"] = {"phase": "hello"}
                elif record.get("phase") == "open":
                    self._round = record
                else:
                    reply["record"] = self._node(fl_ctx).answer(record)
        except PyzkflError as error:
            self.log_error(fl_ctx, f"secure aggregation: {error}")
            return make_reply(ReturnCode.HANDLER_EXCEPTION)
        return reply

    def process(self, shareable: Shareable, fl_ctx: FLContext) -> Shareable:
        """The masked difference in place of the plain one. A result that cannot be masked does not leave the client."""
        if shareable.get_return_code() != ReturnCode.OK:
            return shareable
        try:
            dxo = from_shareable(shareable)
            if dxo.data_kind != DataKind.WEIGHT_DIFF:
                raise DecodeError(f"the result is {dxo.data_kind}: secure aggregation takes {DataKind.WEIGHT_DIFF}")
            with self._lock:
                node = self._node(fl_ctx)
                zeros = {name: np.zeros(shape) for name, shape in node.terms.arrays}
                weight = int(dxo.get_meta_prop(MetaKey.NUM_STEPS_CURRENT_ROUND, 1))
                vector = node.terms.encode(zeros, dxo.data, weight)
                masked = node.mask(self._round, vector)
        except Exception as error:
            self.log_error(fl_ctx, f"secure aggregation: the result is held back: {type(error).__name__}: {error}")
            return make_reply(ReturnCode.TASK_RESULT_FILTER_ERROR)
        out = make_reply(ReturnCode.OK)
        out["record"] = masked
        return out
