"""What a ledger does whatever keeps it: a file, a chain in this process, a node."""

from __future__ import annotations

import threading

import pytest

from pyzkfl._core.identity import IdentityKey
from pyzkfl.errors import DecodeError, LedgerError, ParameterError, ProofInvalid
from pyzkfl.ledger import InclusionProof, records


@pytest.fixture
def filled(store, story):
    """A store with a small, closed ledger."""
    with store.create(story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
        ledger.append(story.sealed(*story.round(0)))
    return store


def test_records_are_found_by_number_kind_job_and_key(filled, story) -> None:
    with filled.open() as ledger:
        everything = list(ledger.records())
        assert [stored.sequence for stored in everything] == list(range(len(ledger)))
        assert ledger.record(3) == everything[3]
        kind = records.Submission.KIND
        assert [s.sequence for s in ledger.records(kind=kind)] == [
            s.sequence for s in everything if s.record.KIND is kind
        ]
        assert list(ledger.records(job=bytes(32))) == []
        assert [s.sequence for s in ledger.records(start=len(ledger) - 2)] == [len(ledger) - 2, len(ledger) - 1]
        found = ledger.find(records.Submission, story.job, round=0, member="m1")
        assert found is not None and found.record.member == "m1" and found == ledger.record(found.sequence)
        assert ledger.find(records.Submission, story.job, round=1, member="m1") is None
        names = [s.record.member for s in ledger.find_all(records.Submission, story.job, round=0)]
        assert names == ["m0", "m1", "m2"]
        assert len(ledger.find_all(records.SetupContribution, story.job)) == 6
        assert len(ledger.find_all(records.SetupContribution, story.job, phase=2)) == 3
        with pytest.raises(LedgerError, match="there is no record"):
            ledger.record(len(ledger))
        with pytest.raises(ParameterError):
            ledger.find(records.Submission, story.job, round=0)
        with pytest.raises(ParameterError):
            ledger.find_all(records.Submission, story.job, member="m0")


def test_only_its_operator_appends(filled, story) -> None:
    with filled.open() as reader, pytest.raises(LedgerError, match="open for reading"):
        reader.append(story.sealed(story.start(1)))
    with pytest.raises(LedgerError, match="not by the key given"):
        filled.open(IdentityKey.generate())


def test_a_closed_ledger_says_so(filled, story) -> None:
    ledger = filled.open(story.coordinator)
    ledger.close()
    ledger.close()
    for call in (ledger.head, ledger.verify, lambda: ledger.append(story.sealed(story.start(1)))):
        with pytest.raises(LedgerError, match="closed"):
            call()


def test_a_reader_sees_what_a_writer_appends(filled, story) -> None:
    with filled.open() as reader, filled.open(story.coordinator) as writer:
        count = len(reader)
        writer.append(story.sealed(story.start(1)))
        assert len(reader) == count + 1 == reader.verify().records
        assert reader.record(count).record == story.start(1)


def test_batches_are_what_append_takes(filled, story) -> None:
    with filled.open(story.coordinator) as ledger:
        ledger.append(story.sealed(story.start(1)))
        refusals = (records.Refusal(story.job, 1, "m0", n, "check", "x" * 7000) for n in range(40))
        sealed = story.sealed(*refusals)
        batches = ledger.batches(sealed)
        assert [data for batch in batches for data in batch] == sealed
        for batch in batches:
            ledger.append(batch)
        assert len(ledger.find_all(records.Refusal, story.job, round=1)) == 40
        assert ledger.batches([]) == []


def test_two_writers_take_turns_and_neither_overwrites_the_other(filled, story) -> None:
    with filled.open(story.coordinator) as one, filled.open(story.coordinator) as two:
        one.append(story.sealed(story.start(1)))
        with pytest.raises(LedgerError):
            two.append(story.sealed(story.start(1)))
        two.append(story.sealed(story.submission("m0", 1)))
        with pytest.raises(LedgerError, match="already"):
            one.append(story.sealed(story.submission("m0", 1, b"another proof")))
        one.append(story.sealed(story.submission("m1", 1)))
    with filled.open() as ledger:
        ledger.verify()


def test_threads_may_share_a_ledger(filled, story) -> None:
    with filled.open(story.coordinator) as ledger:
        ledger.append(story.sealed(story.start(1)))
        sealed = [story.sealed(records.Refusal(story.job, 1, "m0", n, "check")) for n in range(16)]
        errors: list[BaseException] = []

        def work(part: list[list[bytes]]) -> None:
            try:
                for batch in part:
                    ledger.append(batch)
                    ledger.head()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(sealed[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert len(ledger.find_all(records.Refusal, story.job, round=1)) == 16
        ledger.verify()


def test_a_known_head_finds_an_operator_that_rewrote_history(store, story) -> None:
    heads = []
    for number in range(2):
        with store.create(story.coordinator) as ledger:
            ledger.append(story.sealed(*story.prologue()[: number + 1]))
            heads.append(ledger.head())
    with store.open() as ledger:
        assert ledger.verify(head=heads[1]).head == heads[1]
        with pytest.raises(LedgerError, match="rewritten"):
            ledger.verify(head=heads[0])


def test_an_inclusion_proof_shows_a_record_without_the_ledger(filled, story) -> None:
    operator = story.coordinator.public_bytes
    with filled.open() as ledger:
        for sequence in range(len(ledger)):
            proof = InclusionProof.from_bytes(ledger.prove(sequence).to_bytes())
            assert proof.verify(operator) == ledger.record(sequence)
        data = ledger.prove(5).to_bytes()
    with pytest.raises(LedgerError, match="not signed by the operator"):
        InclusionProof.from_bytes(data).verify(IdentityKey.generate().public_bytes)
    for place in range(0, len(data), 3):
        changed = bytearray(data)
        changed[place] ^= 0x10
        with pytest.raises((DecodeError, ProofInvalid, LedgerError)):
            InclusionProof.from_bytes(bytes(changed)).verify(operator)
