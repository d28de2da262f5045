"""The ServerApp's side: a strategy around another, which sees the average of a round and never an update.

The strategy inside chooses nodes and configuration as ever. It is then given one reply, the average of the updates that
came, added to the model that was sent, with the sum of the weights. So it may be any strategy that works on the
average: FedAvg, FedProx, FedAvgM, FedAdam, FedAdagrad, FedYogi, or your own. Those that look at single updates cannot
be had under masks, and are refused by name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from logging import ERROR, INFO, WARNING
from pathlib import Path
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp import strategy as flower
from flwr.serverapp.strategy import Result, Strategy
from flwr.supercore import log

from pyzkfl.errors import AggregateInvalid, NotEnoughClients, ParameterError, PyzkflError
from pyzkfl.integrations.flower.records import KEY, one_array_record, pack, run_name, unpack
from pyzkfl.masked import Average, ClientLevel, DevelopmentKeys, Hub, NormProofs, StepProofs, Terms

__all__ = ["SecureAggregation"]

# They look at each update by itself.
_REFUSED = tuple(
    getattr(flower, name)
    for name in (
        "Bulyan", "FedMedian", "FedTrimmedAvg", "FedXgbBagging", "FedXgbCyclic", "Krum", "MultiKrum", "QFedAvg",
        "DifferentialPrivacyClientSideAdaptiveClipping", "DifferentialPrivacyClientSideFixedClipping",
        "DifferentialPrivacyServerSideAdaptiveClipping", "DifferentialPrivacyServerSideFixedClipping",
    )
    if hasattr(flower, name)
)  # fmt: skip
_SERVED_ROUNDS = 64  # of a setup, where nobody said how many rounds there will be


class SecureAggregation(Strategy):
    """`strategy` under masked secure aggregation; every ClientApp needs secure_aggregation_mod.

    bound, bits, overflow, weighted, max_weight, metrics, metric_bound, dropout, corrupt, server, security_bits,
    correctness_bits: as in pyzkfl.masked.Terms. server="active" needs the mod's members=... .
    min_nodes: wait until so many are connected, before a round; 3 at least.
    weighted_by: the metric that weighs; by default the strategy's weighted_by_key. With weighted=False all nodes count
    alike.
    client_level: noise for client-level differential privacy, calibrated for the rounds of start() and for a setup of
    min_nodes nodes (more of them bear more noise than they need). Then weighted is False.
    proofs: NormProofs or StepProofs, the mod's: every node proves its update. A node whose proof does not hold is not
    in the sum, and is in `refused[server_round]` with the reason. Then weighted is False.
    timeout: seconds to wait for replies in the phases around training; by default start()'s.
    folder: where to keep what nodes send for each other, in files that go with the setup; by default in memory. A
    server of 1,000 nodes takes 11 MB with one, 129 without.

    A round in which too few nodes answer gives no average: the model stays as it was, an error is logged, and
    `averages` has no entry. `averages[server_round]` has the number of nodes, and what was clipped.
    """

    def __init__(
        self,
        strategy: Strategy,
        *,
        min_nodes: int = 3,
        weighted_by: str | None = None,
        timeout: float | None = None,
        client_level: ClientLevel | None = None,
        proofs: NormProofs | StepProofs | None = None,
        folder: Path | str | None = None,
        **terms: Any,
    ) -> None:
        if isinstance(strategy, _REFUSED):
            raise ParameterError(
                f"{type(strategy).__name__} looks at single updates, which secure aggregation hides: take a strategy "
                "that works on their average, such as FedAvg or FedAdam"
            )
        if min_nodes < 3:
            raise ParameterError(f"a sum of fewer than 3 updates hides none of them: min_nodes is {min_nodes}")
        self._strategy, self._min_nodes = strategy, min_nodes
        self._client_level = client_level
        if client_level is not None:
            terms = {"weighted": False, **terms}
            self._clip_norm = client_level.clip_norm
        if not isinstance(proofs, NormProofs | StepProofs | None):
            raise ParameterError(f"proofs= is NormProofs or StepProofs, got {type(proofs).__name__}")
        self._proofs, self._folder = proofs, folder
        if folder is not None and not Path(folder).is_dir():
            raise ParameterError(f"folder={str(folder)!r} is no folder: make it first")
        if proofs is not None and client_level is not None:
            raise ParameterError(
                "client_level and proofs: noise is added to what is masked, so a proof about the update says nothing "
                "of it; take one of them"
            )
        if proofs is not None:
            terms = {"weighted": False, **terms, "proof": proofs.terms}
        self._given = terms
        size = 1 if proofs is None else proofs.terms.dimension
        self._make_terms((("trial", (size,)),), 1)  # wrong settings fail here, not in the first round
        self._weighted_by = weighted_by or getattr(strategy, "weighted_by_key", "num-examples")
        self._timeout = timeout
        self._rounds = _SERVED_ROUNDS
        self._hub: Hub | None = None
        self._grid: Grid | None = None
        self._sent: Message | None = None
        self._before: ArrayRecord | None = None
        self._noised: Terms | None = None
        self.averages: dict[int, Average] = {}
        self.refused: dict[int, dict[int, str]] = {}
        self.clip_norms: list[float] = []

    def __getattr__(self, name: str) -> Any:
        # What the strategy inside has and this one has not: its fractions, its momentum.
        if name == "_strategy":
            raise AttributeError(name)
        return getattr(self._strategy, name)

    def summary(self) -> None:
        """Log what the strategy inside is, and that it is under secure aggregation."""
        log(INFO, "\t├──> Secure aggregation (pyzkfl): %s", self._given or "default terms")
        if self._proofs is not None and isinstance(self._proofs.keys, DevelopmentKeys):
            log(WARNING, "\t├──> Proofs with DEVELOPMENT KEYS: whoever made %s can forge", self._proofs.keys.path)
        self._strategy.summary()

    def start(self, grid: Grid, initial_arrays: ArrayRecord, *args: Any, **kwargs: Any) -> Result:
        """As Strategy.start; the number of rounds and the timeout are those of the setup too."""
        names = ("num_rounds", "timeout")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        self._rounds = int(given.get("num_rounds", 3))
        if self._timeout is None:
            self._timeout = float(given.get("timeout", 3600))
        return super().start(grid, initial_arrays, *args, **kwargs)

    # -- training ----------------------------------------------------------------------------------------------------

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """The messages of the strategy inside, after a setup where one is due."""
        while (connected := len(list(grid.get_node_ids()))) < self._min_nodes:
            log(INFO, "secure aggregation: %d nodes are connected, waiting for %d", connected, self._min_nodes)
            time.sleep(1)
        messages = list(self._strategy.configure_train(server_round, arrays, config, grid))
        if not messages:
            self._sent = None
            return []
        self._before, model = one_array_record(messages[0].content, "a message to train")
        for message in messages[1:]:
            record, _ = one_array_record(message.content, "a message to train")
            if record is not self._before and record.object_id != self._before.object_id:
                raise ParameterError(
                    f"{type(self._strategy).__name__} sends different models to different nodes; the average of their "
                    "updates belongs to none of them"
                )
        self._grid, self._sent = grid, messages[0]
        nodes = [message.metadata.dst_node_id for message in messages]
        shapes = tuple((name, tuple(array.shape)) for name, array in model.items())
        terms = self._make_terms(shapes, self._rounds)
        if self._client_level is not None:
            terms = self._client_level.terms(terms, self._min_nodes)
        hub = self._ready(terms, nodes, grid)
        request = {**hub.open_round(model), "weighted_by": self._weighted_by}
        if self._client_level is not None:
            self._noised = terms
            request["clip_norm"] = self._clip_norm
        for message in messages:
            message.content = RecordDict({**message.content, KEY: ConfigRecord(request)})
        return messages

    # What homomorphic.py has otherwise.
    def _make_terms(self, arrays: Any, rounds: int) -> Terms:
        return Terms(arrays=arrays, rounds=rounds, **self._given)

    def _make_hub(self, run: bytes) -> Hub:
        return Hub(run, self._exchange, self._proofs, self._folder)

    def _ready(self, terms: Terms, nodes: Sequence[int], grid: Grid) -> Hub:
        """The hub, with a setup that has a round left for these nodes."""
        if self._hub is None:
            self._hub = self._make_hub(run_name(grid.run.run_id))
        if not self._hub.serves(terms, nodes):
            if self._noised is not None:
                raise ParameterError(
                    "client-level privacy is calibrated for the rounds of one setup, and these nodes or rounds need "
                    "another: give start() all rounds, and a strategy that chooses among the same nodes"
                )
            everybody = sorted(set(grid.get_node_ids()) | set(nodes))
            # Those who are not chosen for a round count as lost in it.
            if len(nodes) < len(everybody) - math.floor(terms.dropout * len(everybody)):
                everybody = sorted(nodes)
            log(INFO, "secure aggregation: setting up %s nodes", len(everybody))
            self._hub.set_up(terms, everybody)
            log(INFO, "secure aggregation: %s", self._hub.plan_summary)
        return self._hub

    def _exchange(self, requests: dict[int, dict[str, Any]]) -> Mapping[int, dict[str, Any]]:
        assert self._grid is not None and self._sent is not None
        messages = [
            Message(
                pack(request),
                dst_node_id=node,
                message_type=self._sent.metadata.message_type,
                group_id=self._sent.metadata.group_id,
            )
            for node, request in requests.items()
        ]
        found = {}
        for reply in self._grid.send_and_receive(messages, timeout=self._timeout):
            if reply.has_error():
                log(WARNING, "secure aggregation: node %d: %s", reply.metadata.src_node_id, reply.error.reason)
            elif (record := unpack(reply.content)) is not None:
                found[reply.metadata.src_node_id] = record
        return found

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Unmask the sum of what came, and give the strategy inside the average as one reply."""
        arrived = list(replies)
        errors = [reply for reply in arrived if reply.has_error()]
        if self._hub is None or self._sent is None:
            return self._strategy.aggregate_train(server_round, errors)
        came = {r.metadata.src_node_id: unpack(r.content) or {} for r in arrived if not r.has_error()}
        refused = self._receive(self._hub, came)
        if refused:
            self.refused[server_round] = refused
        for node, reason in refused.items():
            log(WARNING, "secure aggregation: the vector of node %d is refused: %s", node, reason)
        try:
            average = self._hub.close_round(None if self._client_level is None else self._clip_norm)
        except (NotEnoughClients, AggregateInvalid) as error:
            log(ERROR, "secure aggregation: round %d is void, the model stays as it was: %s", server_round, error)
            for reply in errors:
                log(ERROR, "\t> node %d: %s", reply.metadata.src_node_id, reply.error.reason)
            return None, None
        self.averages[server_round] = average
        if self._client_level is not None:
            self.clip_norms.append(self._clip_norm)
            self._clip_norm = self._client_level.next_clip_norm(self._clip_norm, average.within)
        if average.clipped_nodes:
            log(
                WARNING, "secure aggregation: %d of %d nodes clipped, %d coordinates together",
                average.clipped_nodes, average.nodes, average.clipped_coordinates,
            )  # fmt: skip
        return self._strategy.aggregate_train(server_round, [self._reply(average), *errors])

    def _receive(self, hub: Hub, replies: Mapping[int, dict[str, Any]]) -> dict[int, str]:
        """Give the hub what came; why each of those that it refused was."""
        if self._proofs is not None:
            return hub.receive_proven(replies)
        refused = {}
        for node, reply in replies.items():
            try:
                hub.receive(node, reply)
            except PyzkflError as error:
                refused[node] = f"{type(error).__name__}: {error}"
        return refused

    def _reply(self, average: Average) -> Message:
        """What a single node would have sent whose update is the average."""
        assert self._before is not None and self._sent is not None
        arrays = {}
        for name, array in self._before.items():
            old = array.numpy()
            new = old.astype(np.float64) + average.update[name]
            arrays[name] = Array((np.rint(new) if old.dtype.kind in "iu" else new).astype(old.dtype))
        numbers: dict[str, Any] = {**average.metrics, str(self._weighted_by): average.weight}
        metrics = MetricRecord(numbers)
        return Message(RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics}), reply_to=self._sent)

    @property
    def client_level_epsilon(self) -> float | None:
        """What all rounds of the setup cost, at client_level.delta; None without noise, or before the setup."""
        if self._client_level is None or self._noised is None or self._noised.privacy is None:
            return None
        mechanism = self._noised.privacy.mechanism(self._noised.dimension)
        return mechanism.client_level_epsilon(self._noised.rounds, self._client_level.delta)

    # -- evaluation: as it is ----------------------------------------------------------------------------------------

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """The strategy inside does this; results of evaluations are not masked."""
        return self._strategy.configure_evaluate(server_round, arrays, config, grid)

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """The strategy inside does this."""
        return self._strategy.aggregate_evaluate(server_round, replies)
