"""A Flower grid in this process: no ray, no sockets, the same ClientApp code; and which nodes fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

flwr = pytest.importorskip("flwr", reason="flwr is not installed: pip install pyzkfl[flower]")

from flwr.app import Context, Error, Message, RecordDict  # noqa: E402
from flwr.clientapp import ClientApp  # noqa: E402
from flwr.serverapp import Grid  # noqa: E402
from flwr.supercore.run import Run  # noqa: E402
from flwr.supercore.task_identity import TaskIdentity  # noqa: E402

TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 5, 0


class LocalGrid(Grid):
    """Nodes 1 .. count of one ClientApp. `lost(node, message)` says whether the node fails on a message; `change(node,
    message, reply)` may tamper with a reply that is no error."""

    def __init__(self, app: ClientApp, count: int) -> None:
        self.app = app
        self.contexts = {
            node: Context(
                run_id=5, node_id=node, node_config={"partition-id": node - 1}, state=RecordDict(), run_config={}
            )
            for node in range(1, count + 1)
        }
        self.lost: Callable[[int, Message], bool] = lambda node, message: False
        self.change: Callable[[int, Message, Message], None] = lambda node, message, reply: None
        self.replies: list[Message] = []

    def set_run(self, run: Run) -> None:
        raise NotImplementedError("the run of a LocalGrid is fixed: its run_id is 5")

    @property
    def run(self) -> Any:
        return type("Run", (), {"run_id": 5})

    def create_message(self, *args: Any, **kwargs: Any) -> Message:
        raise NotImplementedError("deprecated in Flower: strategies make Message(...) themselves")

    def get_node_ids(self) -> Iterable[int]:
        return list(self.contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        raise NotImplementedError("messages are answered at once, nothing is queued: call send_and_receive")

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        raise NotImplementedError("messages are answered at once, nothing is queued: call send_and_receive")

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        replies = []
        for message in messages:
            node = message.metadata.dst_node_id
            if self.lost(node, message):
                continue
            sent = RecordDict(dict(message.content.items()))  # as it travels: an app that changes it changes its own
            try:
                reply = self.app(message, self.contexts[node])
            except Exception as error:
                reply = Message(Error(code=1, reason=f"{type(error).__name__}: {error}"), reply_to=message)
            if not reply.has_error():
                message.content = sent
                self.change(node, message, reply)
            replies.append(reply)
        self.replies += replies
        return replies


@pytest.fixture
def make_grid() -> type[LocalGrid]:
    return LocalGrid
