"""A queue in front of a verifier: proofs that come one by one are verified together, each sender learns of its own.

One multi-pairing for many proofs costs far less than as many verifications, so a coordinator or validator that is
flooded is fastest when it takes all that waits at once, and nobody waits for others to come: while one batch is being
verified the next gathers. What waits is bounded; past that a sender is told to come back (`QueueFull`), or waits where
it asked to. A proof that does not hold is named, and fails nobody else's.

The order is that of arrival. Nothing here looks at a clock of the day: one that jumps changes nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from pyzkfl import proofs
from pyzkfl.errors import ParameterError, ProofInvalid, QueueFull
from pyzkfl.proving_keys import Keys
from pyzkfl.statement import EngineProof, Proof, Statement

__all__ = ["QueueStatistics", "VerificationQueue", "queue_for"]

Item = TypeVar("Item")
Failing = Callable[[Sequence[Item]], Sequence[int]]


@dataclass(frozen=True)
class QueueStatistics:
    """What a queue has done: proofs that held, that did not, that were turned away for want of room; batches; the most
    that ever waited, and the largest batch."""

    held: int
    refused: int
    turned_away: int
    batches: int
    most_waiting: int
    largest_batch: int


class VerificationQueue(Generic[Item]):
    """Verifies in a thread of its own what `submit` is given.

    failing: gives the positions of the items of a batch that do not hold, as `Keys.failing` and
    `PlainVerifyingKey.verify_batch` do; what it raises fails the items that it raises for alone. capacity: how many may
    wait at most. batch: how many are verified at once at most: a larger one costs less, and all in it wait for its end.

    >>> with VerificationQueue(lambda numbers: [i for i, n in enumerate(numbers) if n % 2]) as queue:
    ...     even, odd = queue.submit(4), queue.submit(7)
    ...     even.result(), odd.exception()
    (None, ProofInvalid('the proof does not hold'))
    """

    def __init__(self, failing: Failing[Item], *, capacity: int = 16384, batch: int = 512) -> None:
        if capacity < 1 or batch < 1:
            raise ParameterError(f"a queue has room for one proof at least, and so has a batch: {capacity}, {batch}")
        self._failing = failing
        self._capacity, self._batch = capacity, batch
        self._waiting: deque[tuple[Item, Future[None]]] = deque()
        self._lock = threading.Lock()
        self._some = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._closed = False
        self._held = self._refused = self._turned_away = self._batches = self._most = self._largest = 0
        self._worker = threading.Thread(target=self._work, name="pyzkfl-verify", daemon=True)
        self._worker.start()

    def submit(self, item: Item, *, patience: float = 0.0) -> Future[None]:
        """Put an item behind the others. Its future gives None when the proof holds, ProofInvalid when not.

        patience: seconds to wait for room; QueueFull after that. ParameterError once the queue is closed.
        """
        future: Future[None] = Future()
        with self._lock:
            if not self._room.wait_for(lambda: self._closed or len(self._waiting) < self._capacity, patience):
                self._turned_away += 1
                raise QueueFull(
                    f"{self._capacity} proofs wait to be verified already: send this one again later, or give the "
                    "queue more room"
                )
            if self._closed:
                raise ParameterError("the queue is closed: nothing is verified any more")
            self._waiting.append((item, future))
            self._most = max(self._most, len(self._waiting))
            self._some.notify()
        return future

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def statistics(self) -> QueueStatistics:
        """What was done so far."""
        with self._lock:
            return QueueStatistics(
                self._held, self._refused, self._turned_away, self._batches, self._most, self._largest
            )

    def close(self, *, drain: bool = True) -> None:
        """Take nothing more, verify what waits (`drain`) or cancel it, and end. Safe to call twice."""
        with self._lock:
            self._closed = True
            dropped = [] if drain else [future for _, future in self._waiting]
            if not drain:
                self._waiting.clear()
            self._some.notify_all()
            self._room.notify_all()
        for future in dropped:
            future.cancel()
        self._worker.join()

    def __enter__(self) -> VerificationQueue[Item]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close(drain=kind is None)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._some.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                size = min(self._batch, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(size)]
                self._room.notify(size)
            # A sender that cancelled does not want to know.
            wanted = [(item, future) for item, future in taken if future.set_running_or_notify_cancel()]
            errors = self._verify([item for item, _ in wanted]) if wanted else []
            refused = sum(error is not None for error in errors)
            with self._lock:
                self._held += len(errors) - refused
                self._refused += refused
                self._batches += 1
                self._largest = max(self._largest, len(wanted))
            for (_, future), error in zip(wanted, errors, strict=True):
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)

    def _verify(self, items: list[Item]) -> list[BaseException | None]:
        """The error of each item, or None. Nothing that one item makes the verifier raise reaches another's sender."""
        try:
            bad = set(self._failing(items))
        except Exception as error:  # whatever it is, it is its sender's to see, and the thread goes on
            if len(items) == 1:
                return [error]
            half = len(items) // 2
            return self._verify(items[:half]) + self._verify(items[half:])
        return [ProofInvalid("the proof does not hold") if i in bad else None for i in range(len(items))]


def queue_for(
    keys: Keys, *, capacity: int = 16384, batch: int = 512
) -> VerificationQueue[tuple[Statement, Proof | EngineProof]]:
    """A queue of (statement, proof) under these keys. ProofInvalid names member and round, as `proofs.verify` does; a
    statement of another job is a ParameterError of its sender."""

    def failing(items: Sequence[tuple[Statement, Any]]) -> list[int]:
        for statement, _ in items:
            keys.expect(statement.job)
        return keys.failing(items)

    return _NamingQueue(failing, capacity=capacity, batch=batch)


class _NamingQueue(VerificationQueue[tuple[Statement, Any]]):
    def _verify(self, items: list[tuple[Statement, Any]]) -> list[BaseException | None]:
        errors = super()._verify(items)
        return [
            proofs.not_shown([statement], [0]) if isinstance(error, ProofInvalid) else error
            for (statement, _), error in zip(items, errors, strict=True)
        ]
