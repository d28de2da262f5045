"""The SQLite ledger as a store: files that are not ours, locks, full disks, proofs, heads, concurrent use."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pyzkfl.errors import DecodeError, LedgerError, UnsupportedVersion
from pyzkfl.ledger import SignedBlock, SqliteLedger, _framing, records


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def closed(tmp_path: Path, story) -> Path:
    """A small, cleanly closed ledger."""
    path = tmp_path / "closed.ledger"
    with SqliteLedger.create(path, story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue()))
        ledger.append(story.sealed(*story.round(0)))
    return path


# -- files ----------------------------------------


def test_a_ledger_is_one_file_once_it_is_closed_and_reading_leaves_no_trace(closed: Path) -> None:
    before = closed.read_bytes()
    with SqliteLedger.open(closed) as ledger:
        assert ledger.verify().sealed
        assert len(list(ledger.records())) == len(ledger)
        assert files(closed.parent) == ["closed.ledger"]
    assert closed.read_bytes() == before


def test_a_sealed_ledger_is_still_an_ordinary_sqlite_file(closed: Path) -> None:
    with sqlite3.connect(closed) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count = other.execute("SELECT count(*) FROM records").fetchone()[0]
    other.close()
    report = SqliteLedger.open(closed).verify()
    assert (report.records, report.sealed) == (count, True)


def test_a_ledger_is_never_overwritten(closed: Path, story) -> None:
    before = closed.read_bytes()
    with pytest.raises(LedgerError, match="never overwritten"):
        SqliteLedger.create(closed, story.coordinator)
    assert closed.read_bytes() == before


def test_a_ledger_that_cannot_be_made_leaves_nothing(tmp_path: Path, story) -> None:
    with pytest.raises(LedgerError, match="cannot be made"):
        SqliteLedger.create(tmp_path / "no" / "folder.ledger", story.coordinator)

    class Broken:
        public_bytes = bytes(32)

        def sign(self, message: bytes, /) -> bytes:
            raise RuntimeError("the key is elsewhere")

    with pytest.raises(RuntimeError):
        SqliteLedger.create(tmp_path / "half.ledger", Broken())
    assert files(tmp_path) == []


def test_a_file_that_is_not_a_ledger_is_refused_and_left_alone(tmp_path: Path, story) -> None:
    empty, text, foreign = tmp_path / "empty", tmp_path / "text", tmp_path / "foreign.db"
    empty.write_bytes(b"")
    text.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    with sqlite3.connect(foreign) as other:
        other.execute("CREATE TABLE cats (name TEXT)")
    other.close()
    for path, why in ((empty, "another program"), (text, "not a ledger of pyzkfl"), (foreign, "another program")):
        before = path.read_bytes()
        for key in (None, story.coordinator):
            with pytest.raises(LedgerError, match=why):
                SqliteLedger.open(path, key)
        assert path.read_bytes() == before
    with pytest.raises(LedgerError, match="does not exist"):
        SqliteLedger.open(tmp_path / "nothing")
    with pytest.raises(LedgerError, match="is a folder"):
        SqliteLedger.open(tmp_path)


def test_a_write_by_another_program_breaks_the_seal(closed: Path) -> None:
    with sqlite3.connect(closed) as other:
        other.execute("INSERT INTO blocks VALUES (99, x'00', x'00')")
        other.execute("DELETE FROM blocks WHERE height = 99")
    other.close()
    with pytest.raises(LedgerError, match="seal"), SqliteLedger.open(closed) as ledger:
        ledger.verify()


def test_a_ledger_of_a_later_format_is_an_unsupported_version(closed: Path) -> None:
    with sqlite3.connect(closed) as other:
        other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(UnsupportedVersion, match="ledger format 2"):
        SqliteLedger.open(closed)


def test_only_its_operator_appends(closed: Path, story) -> None:
    with pytest.raises(LedgerError, match="not by the key given"):
        SqliteLedger.open(closed, story.members["m0"])
    with SqliteLedger.open(closed) as ledger, pytest.raises(LedgerError, match="open for reading"):
        ledger.append(story.sealed(story.start(1)))


def test_a_closed_ledger_says_so(closed: Path, story) -> None:
    ledger = SqliteLedger.open(closed, story.coordinator)
    ledger.close()
    ledger.close()
    for use in (
        ledger.head,
        ledger.verify,
        lambda: ledger.append(story.sealed(story.start(1))),
        lambda: ledger.record(0),
    ):
        with pytest.raises(LedgerError, match="is closed"):
            use()


def test_a_ledger_locked_by_another_process_says_what_to_do(closed: Path, story) -> None:
    ledger = SqliteLedger.open(closed, story.coordinator, timeout=0.05)
    other = sqlite3.connect(closed, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked by another process; let that process finish"):
        ledger.append(story.sealed(story.start(1)))
    other.execute("ROLLBACK")
    other.close()
    ledger.append(story.sealed(story.start(1)))
    ledger.close()
    assert SqliteLedger.open(closed).verify().sealed


def test_a_full_disk_loses_nothing_and_the_append_can_be_repeated(closed: Path, story) -> None:
    """SQLite's own limit on pages stands for the disk here; the next test fills a real limit."""
    with SqliteLedger.open(closed, story.coordinator) as ledger:
        connection = ledger._connection()
        before = ledger.head()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        big = [records.Refusal(story.job, 0, "m0", number, "check", "r" * 8000) for number in range(12)]
        with pytest.raises(LedgerError, match="no space for it; free space"):
            ledger.append(story.sealed(story.start(1), *big))
        assert ledger.head() == before
        connection.execute("PRAGMA max_page_count = 1000000")
        ledger.append(story.sealed(story.start(1), *big))
        assert ledger.verify().records == len(ledger)


FULL = """
import resource, sys
from pyzkfl.errors import LedgerError
from pyzkfl.keys import load_identity
from pyzkfl.ledger import SqliteLedger, records
path, job, key = sys.argv[1], bytes.fromhex(sys.argv[2]), load_identity(sys.argv[3], "x")
with SqliteLedger.open(path, key) as ledger:
    size = 200_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for number in range(100):
        try:
            ledger.append([records.Refusal(job, 0, "m0", number, "check", "r" * 8000).seal(key)])
        except LedgerError as error:
            print(number, error)
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert ledger.verify().records == len(ledger)
"""


def test_a_file_that_may_not_grow_loses_nothing_acknowledged(closed: Path, story, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    story.coordinator.save(str(key), "x")
    count = len(SqliteLedger.open(closed))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(closed), story.job.hex(), str(key)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    number, message = done.stdout.strip().split(" ", 1)
    assert int(number) >= 1 and "disk full" in message
    report = SqliteLedger.open(closed).verify()
    assert report.records == count + int(number) and report.sealed


READ_ONLY = """
import os, sys
from pyzkfl.errors import LedgerError
from pyzkfl.ledger import SqliteLedger
from pyzkfl._core.identity import IdentityKey
key = IdentityKey.from_pem(open(sys.argv[3]).read(), "x")
SqliteLedger.open(sys.argv[1]).verify()  # loads what is loaded when first used
os.setuid(int(sys.argv[4]))
print(SqliteLedger.open(sys.argv[1]).verify().sealed)
try:
    with SqliteLedger.open(sys.argv[1], key) as ledger:
        ledger.append([bytes.fromhex(sys.argv[2])])
except LedgerError as error:
    print(error)
"""


def test_a_read_only_ledger_can_be_verified_and_says_that_it_cannot_be_written(story) -> None:
    nobody = 65534 if os.getuid() == 0 else os.getuid()
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, key = folder / "x.ledger", folder / "key.pem"
        with SqliteLedger.create(path, story.coordinator) as ledger:
            ledger.append(story.sealed(*story.prologue()))
        key.write_bytes(story.coordinator.to_pem("x"))
        path.chmod(0o444)
        folder.chmod(0o555)
        sealed = story.sealed(story.start(0))[0].hex()
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path), sealed, str(key), str(nobody)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    first, message = done.stdout.splitlines()
    assert first == "True" and "check the permissions" in message


# -- reading ----------------------------------------


def test_a_reader_sees_what_a_writer_appends_meanwhile_and_after_it_closed(closed: Path, story) -> None:
    reader = SqliteLedger.open(closed)
    count = len(reader)
    with SqliteLedger.open(closed, story.coordinator) as writer:
        writer.append(story.sealed(story.start(1)))
        assert len(reader) == count + 1 and not reader.verify().sealed
        writer.append(story.sealed(*(story.submission(name, 1) for name in story.members)))
        assert reader.verify().records == count + 4
    assert reader.verify().records == len(list(reader.records())) == count + 4
    reader.close()
    with SqliteLedger.open(closed, story.coordinator) as writer:  # a reader kept the log: the next clean close seals
        writer.append(story.sealed(records.Void(story.job, 1, "few")))
    with SqliteLedger.open(closed) as reader:
        assert reader.verify().sealed
        with SqliteLedger.open(closed, story.coordinator) as writer:
            writer.append(story.sealed(dataclasses.replace(story.finish(2), weights=story.weights(1))))
        assert reader.verify().records == count + 6  # the reader had left no log: it opens the file anew


def test_verification_reads_in_bounded_memory(tmp_path: Path, story) -> None:
    """Python's own allocations at their peak do not grow with the number of records."""
    import tracemalloc

    path = tmp_path / "long.ledger"
    peaks = []
    with SqliteLedger.create(path, story.coordinator) as ledger:
        ledger.append(story.sealed(*story.prologue(), story.start(0)))
        for part in range(2):
            for batch in range(3):
                numbers = range((3 * part + batch) * 400, (3 * part + batch + 1) * 400)
                ledger.append(story.sealed(*(records.Refusal(story.job, 0, "m0", n, "check") for n in numbers)))
            tracemalloc.start()
            ledger.verify()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


# -- heads and proofs ----------------------------------------


def test_a_known_head_finds_a_ledger_that_was_cut_short(closed: Path, story) -> None:
    with SqliteLedger.open(closed, story.coordinator) as ledger:
        old = ledger.head()
        ledger.append(story.sealed(story.start(1)))
        head = SignedBlock.from_bytes(ledger.head().to_bytes())
    with SqliteLedger.open(closed) as ledger:
        assert ledger.verify(head=head).head == head
        assert ledger.verify(head=old).head == head
    os.truncate(closed, os.path.getsize(closed) // 4096 * 4096)  # the seal is nobody's secret
    with sqlite3.connect(closed) as other:  # an operator who takes its last record back
        other.execute("DELETE FROM records WHERE sequence >= ?", (head.block.first,))
        other.execute("DELETE FROM blocks WHERE height = ?", (head.block.height,))
    other.close()
    with SqliteLedger.open(closed) as ledger:
        ledger.verify(head=old)
        with pytest.raises(LedgerError, match="cut short or rewritten"):
            ledger.verify(head=head)


def test_a_block_reads_only_what_it_wrote(closed: Path) -> None:
    head = SqliteLedger.open(closed).head()
    data = head.to_bytes()
    assert len(data) == 234 and SignedBlock.from_bytes(data) == head
    for bad in (data[:-1], data + b"\0", b"", head.block.to_bytes()):
        with pytest.raises(DecodeError):
            SignedBlock.from_bytes(bad)


def test_frames_of_wrong_parts_are_refused() -> None:
    header = bytes(7)
    for previous, parts in (
        (bytes(31), []),
        (bytes(32), [(bytes(31), bytes(64), b"")]),
        (bytes(32), [(bytes(32), bytes(63), b"")]),
    ):
        with pytest.raises(ValueError):
            _framing.frame_records(header, 0, previous, parts)
    with pytest.raises(ValueError):
        _framing.split_frame(bytes(_framing.FIXED_BYTES - 1))
    with pytest.raises(ValueError):
        _framing.check_frames(bytes(8), 0, bytes(32), [])
    frames, hashes = _framing.frame_records(
        header, 7, bytes(32), [(b"s" * 32, b"g" * 64, b"a"), (b"s" * 32, b"g" * 64, b"")]
    )
    assert _framing.split_frame(frames[0]) == (7, bytes(32), b"s" * 32, b"g" * 64, b"a")
    assert _framing.check_frames(header, 7, bytes(32), frames) == hashes
    assert _framing.check_frames(header, 8, bytes(32), frames) == []
    assert _framing.check_frames(header, 7, bytes(32), [frames[0], frames[0]]) == hashes[:1]
    assert _framing.check_frames(header, 7, bytes(32), [frames[0], b"short"]) == hashes[:1]


# -- sudden death ----------------------------------------


APPEND_UNTIL_KILLED = """
import sys
from pyzkfl.keys import load_identity
from pyzkfl.ledger import SqliteLedger, records
path, job, key = sys.argv[1], bytes.fromhex(sys.argv[2]), load_identity(sys.argv[3], "x")
with SqliteLedger.open(path, key) as ledger:
    number = len(ledger.find_all(records.Refusal, job))
    while True:
        batch = [records.Refusal(job, 0, "m0", number + i, "check").seal(key) for i in range(1 + number % 3)]
        ledger.append(batch)
        number += len(batch)
        print(len(ledger), flush=True)
"""


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.deep)])
def test_kill_9_between_any_two_writes_loses_no_acknowledged_record(closed: Path, story, kills: int) -> None:
    key = closed.with_name("key.pem")
    story.coordinator.save(str(key), "x")
    with SqliteLedger.open(closed, story.coordinator) as ledger:
        ledger.append(story.sealed(story.start(1)))
    command = [sys.executable, "-c", APPEND_UNTIL_KILLED, str(closed), story.job.hex(), str(key)]
    for kill in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(1 + kill % 5)]
            child.kill()
            lines += child.stdout.readlines()  # what it acknowledged while it was being killed counts too
        acknowledged = max(int(line) for line in lines if line.endswith("\n"))
        with SqliteLedger.open(closed) as ledger:
            report = ledger.verify()
            assert report.records >= acknowledged and not report.sealed
    with SqliteLedger.open(closed, story.coordinator) as ledger:
        ledger.append(story.sealed(records.Void(story.job, 1, "enough")))
    assert SqliteLedger.open(closed).verify().sealed
