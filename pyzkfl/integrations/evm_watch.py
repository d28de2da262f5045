"""Looks at the verdicts of a job on a chain while they can be challenged, and challenges a false one: what a member's
process runs, by itself, for as long as the job lasts.

It believes nothing but the chain: facts, submissions and proofs are those that the contracts emitted, and the proof is
checked by the contract that a challenge would ask (contracts/IStatement.sol), whose code the member compared with what
the job's keys give before it joined. Checking costs no gas. A job without such a contract has nothing to challenge.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from pyzkfl.errors import ChainError, NodeUnreachable, ParameterError, TransactionReverted
from pyzkfl.ledger.evm_job import JobOnChain

__all__ = ["Watcher"]


class Watcher:
    """job: as the watching party acts on it; its account pays a challenge's gas, and earns half of what is slashed.

    on_found: called with the round and the member before a challenge is sent. Nobody needs to run more than one.
    """

    def __init__(self, job: JobOnChain, *, on_found: Callable[[int, str], None] | None = None) -> None:
        if not job.terms().has_statement:
            raise ParameterError("nothing to watch: this job's terms name no contract that checks its proofs")
        self._job, self._on_found = job, on_found
        self._seen: set[tuple[int, bytes]] = set()  # rounds and what was decided, which hold

    def look(self) -> list[tuple[int, str]]:
        """Challenge what is false in the round that is open now; (round, member) of each that was.

        Raises as JobOnChain.challenge where the chain does not do what is asked; look again then.
        """
        job, number = self._job, int(self._job.state()["rounds"])
        decided = job.challengeable(number)
        if decided is None or (number, decided) in self._seen:
            return []
        found = []
        for name in job.wrong_verdicts(number):
            if self._on_found is not None:
                self._on_found(number, name)
            try:
                job.challenge(number, name)
            except TransactionReverted:
                if int(job.state()["rounds"]) == number and job.challengeable(number) == decided:
                    raise
                break  # somebody else was first, and the round is over
            found.append((number, name))
            if int(job.state()["rounds"]) != number:
                break  # the verdict is overturned
        self._seen.add((number, decided))
        return found

    @contextlib.contextmanager
    def running(self, every_s: float = 1.0) -> Iterator[Watcher]:
        """Look again and again beside whatever else this process does. A node that does not answer is asked again; what
        else fails is raised at the end."""
        stop, failed = threading.Event(), []

        def run() -> None:
            while not stop.wait(every_s):
                try:
                    self.look()
                except NodeUnreachable:
                    continue
                except ChainError as error:
                    failed.append(error)
                    return

        thread = threading.Thread(target=run, name="verdicts", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]
