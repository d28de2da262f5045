"""The queue of proofs: batches, back-pressure, whose proof is bad, and what happens when a verifier fails."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from pyzkfl import IdentityKey, Job, Member, _core, ceremony, proofs
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset
from pyzkfl.errors import ParameterError, ProofInvalid, QueueFull
from pyzkfl.proofs import Witness
from pyzkfl.statement import Statement
from pyzkfl.verification_queue import VerificationQueue, queue_for


class Gate:
    """A verifier that waits until it may go on, and remembers its batches. Odd numbers do not hold."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.entered.set()
        assert self.open.wait(60)
        return [i for i, item in enumerate(items) if item % 2]


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_what_comes_while_a_batch_is_verified_is_the_next_batch_in_the_order_of_arrival(gate: Gate) -> None:
    with VerificationQueue(gate, batch=4) as queue:
        first = queue.submit(0)
        assert gate.entered.wait(60)
        futures = [queue.submit(2 * i) for i in range(1, 7)]
        gate.open.set()
        assert [f.result(60) for f in (first, *futures)] == [None] * 7
    assert gate.batches == [[0], [2, 4, 6, 8], [10, 12]]
    assert queue.statistics().largest_batch == 4 and queue.statistics().held == 7


def test_a_full_queue_turns_away_at_once_and_takes_again_when_there_is_room(gate: Gate) -> None:
    with VerificationQueue(gate, capacity=3) as queue:
        queue.submit(0)
        assert gate.entered.wait(60)
        for i in range(3):
            queue.submit(2 * i)
        with pytest.raises(QueueFull, match="3 proofs wait"):
            queue.submit(8)
        with pytest.raises(QueueFull):
            queue.submit(8, patience=0.01)
        assert len(queue) == 3 and queue.statistics().turned_away == 2
        waiting = threading.Thread(target=lambda: queue.submit(8, patience=60).result(60))
        waiting.start()
        gate.open.set()
        waiting.join(60)
        assert not waiting.is_alive()
    assert queue.statistics().held == 5 and queue.statistics().most_waiting == 3


def test_the_bad_one_is_named_and_nobody_else() -> None:
    with VerificationQueue(lambda items: [i for i, item in enumerate(items) if item == 7]) as queue:
        futures = [queue.submit(i) for i in range(20)]
        errors = [f.exception(60) for f in futures]
    assert [i for i, error in enumerate(errors) if error is not None] == [7]
    assert isinstance(errors[7], ProofInvalid)


def test_an_item_that_makes_the_verifier_raise_fails_alone_and_the_queue_goes_on() -> None:
    def failing(items: Sequence[int]) -> list[int]:
        if 5 in items:
            raise ParameterError("of another job")
        return []

    with VerificationQueue(failing) as queue:
        futures = [queue.submit(i) for i in range(9)]
        assert [i for i, f in enumerate(futures) if f.exception(60) is not None] == [5]
        assert queue.submit(1).result(60) is None


def test_closing_verifies_what_waits_and_an_error_in_the_block_cancels_it(gate: Gate) -> None:
    queue = VerificationQueue(gate)
    futures = [queue.submit(2 * i) for i in range(5)]
    gate.open.set()
    queue.close()
    queue.close()
    assert all(f.result(0) is None for f in futures)
    with pytest.raises(ParameterError, match="closed"):
        queue.submit(2)

    gate = Gate()
    queue = VerificationQueue(gate)
    first = queue.submit(0)
    assert gate.entered.wait(60)
    second = queue.submit(2)
    closing = threading.Thread(target=lambda: queue.close(drain=False))
    closing.start()
    while not second.cancelled():
        assert closing.is_alive() or second.cancelled()
    gate.open.set()
    closing.join(60)
    assert first.result(0) is None


def test_a_sender_that_cancelled_costs_no_verification(gate: Gate) -> None:
    with VerificationQueue(gate) as queue:
        queue.submit(0)
        assert gate.entered.wait(60)
        assert queue.submit(2).cancel()
        last = queue.submit(4)
        gate.open.set()
        assert last.result(60) is None
    assert gate.batches == [[0], [4]]


def test_senders_of_many_threads_each_get_their_own_answer() -> None:
    wrong: list[int] = []
    with VerificationQueue(lambda items: [i for i, item in enumerate(items) if item % 3 == 0], capacity=8) as queue:

        def send(start: int) -> None:
            for i in range(start, start + 200):
                bad = isinstance(queue.submit(i, patience=60).exception(60), ProofInvalid)
                if bad != (i % 3 == 0):
                    wrong.append(i)

        threads = [threading.Thread(target=send, args=(1000 * k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not wrong and queue.statistics().held + queue.statistics().refused == 1200


def test_real_proofs_queued_at_once_are_verified_in_batches_of_bounded_size() -> None:
    circuit = _core.r1cs.chain_circuit(30)
    key = _core.groth16.insecure_setup(circuit)
    witness, result = _core.r1cs.chain_witness(circuit, 5)
    proof = np.frombuffer(_core.groth16.evm_bytes(_core.groth16.prove(key, circuit, witness)[0]), np.uint8)
    public = np.frombuffer(result.to_bytes(32, "little"), np.uint8)
    verifying = _core.groth16.PlainVerifyingKey.of_proving_key(key)

    def failing(items: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[int]:
        return list(verifying.verify_batch(np.array([[i] for i, _ in items]), np.array([p for _, p in items])))

    other = public.copy()
    other[0] ^= 1
    with VerificationQueue(failing, batch=64) as queue:
        futures = [queue.submit((other if i == 150 else public, proof)) for i in range(300)]
        bad = [i for i, f in enumerate(futures) if f.exception(120) is not None]
    assert bad == [150] and queue.statistics().largest_batch <= 64


def test_a_queue_of_a_job_names_member_and_round_and_fails_a_foreign_statement_alone() -> None:
    def scene(name: str) -> tuple[Any, Any, Any]:
        members = [Member(m, IdentityKey.generate().public_bytes) for m in "abc"]
        terms = Job.logistic(name=name, features=2, batch=4, rounds=2, members=members)
        keys = ceremony.insecure_keys(terms)
        job = keys.bind(terms)
        data = CommittedDataset.commit(job, keys, np.array([[1.0, -1.0]] * 4), np.array([1, 0, 1, 1]))
        x, y, rows, blinder = data.batch(0)
        weights = job.initial_weights()
        update = _core.training.step(job.spec, weights, x, y, rows)
        witness = Witness(x, y, blinder, random_blinder())
        statement = Statement(
            job=job, round=1, client="b", beacon=bytes(32), dataset_root=data.public.root, batch=0, rows=rows,
            weights=weights, batch_commitment=data.public.batches[0].commitment,
            update_commitment=keys.commit_update(update, witness.update_blinder),
        )  # fmt: skip
        return keys, statement, proofs.prove(statement, witness, keys)

    keys, statement, proof = scene("ours")
    _, foreign, _ = scene("theirs")
    with queue_for(keys) as queue:
        good = queue.submit((statement, proof))
        false = queue.submit((dataclasses.replace(statement, weights=statement.weights + 1), proof))
        other = queue.submit((foreign, proof))
        again = queue.submit((statement, proof))
        assert good.result(60) is None and again.result(60) is None
        with pytest.raises(ProofInvalid, match=r"'b' \(round 1\)"):
            false.result(60)
        with pytest.raises(ParameterError):
            other.result(60)


@pytest.mark.parametrize(("capacity", "batch"), [(0, 1), (1, 0)])
def test_a_queue_without_room_is_refused(capacity: int, batch: int) -> None:
    with pytest.raises(ParameterError, match="room"):
        VerificationQueue(lambda items: [], capacity=capacity, batch=batch)
