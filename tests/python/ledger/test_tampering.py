"""A byte changed anywhere in the file is found; one that changes what a reader sees is found and named."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from pyzkfl.errors import LedgerError, PyzkflError
from pyzkfl.ledger import SqliteLedger, records
from pyzkfl.ledger.blocks import RECORD_HEADER


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, object]:
    """The bytes of a small closed ledger, and who wrote it."""
    import importlib.util

    # The module's own copy of the story: fixtures of conftest live for one test.
    spec = importlib.util.spec_from_file_location("ledger_story", Path(__file__).with_name("conftest.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    story = module.Story()
    path = tmp_path_factory.mktemp("ledger") / "x.ledger"
    with SqliteLedger.create(path, story.coordinator) as ledger:
        ledger.append(story.sealed(*story.before_setup()))
        ledger.append(story.sealed(*story.setup()[:3]))
    return path.read_bytes(), story


def pages_of(data: bytes) -> bytes:
    """The file without its seal, as after a crash of its writer, or after another program wrote to it."""
    return data[: int.from_bytes(data[28:32], "big") * int.from_bytes(data[16:18], "big")]


def seen(path: Path) -> object:
    """Everything that a reader can get out of a ledger."""
    with SqliteLedger.open(path) as ledger:
        stored = list(ledger.records())
        found = []
        for item in stored:
            key = {name: getattr(item.record, name) for name in type(item.record).KEY}
            found.append(ledger.find(type(item.record), item.record.job, **key))
        blocks = [ledger._block(height) for height in range(ledger.head().block.height + 1)]
        groups = [
            ledger.find_all(kind, stored[0].record.job) for kind in (records.MemberAccepted, records.SetupContribution)
        ]
        return stored, [ledger.record(i) for i in range(len(ledger))], found, blocks, ledger.head(), groups


def places(data: bytes, count: int) -> list[int]:
    """Where to change a byte: all of them for count 0, else a sample, most of it where something is stored."""
    if not count:
        return list(range(len(data)))
    used = [i for i in range(len(data)) if data[i]]
    rng = random.Random(2)
    return sorted({*range(0, 120, 3), *rng.sample(used, count), *rng.sample(range(len(data)), count // 4)})


@pytest.mark.parametrize("count", [200, pytest.param(0, marks=pytest.mark.deep)])
def test_any_byte_changed_in_a_closed_ledger_is_found(original, tmp_path: Path, count: int) -> None:
    data, _ = original
    path = tmp_path / "changed.ledger"
    for place in places(data, count):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        with pytest.raises(PyzkflError), SqliteLedger.open(path) as ledger:
            ledger.verify()


@pytest.mark.parametrize("count", [200, pytest.param(0, marks=pytest.mark.deep)])
def test_without_a_seal_what_is_not_found_changes_nothing_that_a_reader_sees(
    original, tmp_path: Path, count: int
) -> None:
    data = pages_of(original[0])
    path = tmp_path / "changed.ledger"
    path.write_bytes(data)
    expected = seen(path)
    harmless = 0
    for place in places(data, count):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        try:
            with SqliteLedger.open(path) as ledger:
                assert not ledger.verify().sealed
        except PyzkflError:
            continue
        harmless += 1
        assert seen(path) == expected, f"byte {place}"
    assert harmless  # the unused space between the records


def test_every_byte_of_every_record_is_found_and_the_record_named(original, tmp_path: Path) -> None:
    """Frames are found in the file by their headers; a change in each of their parts names that very record."""
    data = pages_of(original[0])
    path = tmp_path / "changed.ledger"
    path.write_bytes(data)
    with SqliteLedger.open(path) as ledger:
        frames = [stored.frame() for stored in ledger.records()]
    for sequence, frame in enumerate(frames):
        start = data.index(frame[:300])  # the beginning lies on the record's own page
        for offset in sorted({*range(0, 160, 9), *range(160, min(300, len(frame)), 35)}):
            changed = bytearray(data)
            changed[start + offset] ^= 0x20
            path.write_bytes(changed)
            with pytest.raises(LedgerError, match=rf"record {sequence} "), SqliteLedger.open(path) as ledger:
                ledger.verify()
    assert frames[0].startswith(RECORD_HEADER)


@pytest.mark.parametrize("step", [997, pytest.param(1, marks=pytest.mark.deep)])
def test_a_ledger_cut_off_anywhere_is_found(original, tmp_path: Path, step: int) -> None:
    data, _ = original
    path = tmp_path / "short.ledger"
    bare = len(pages_of(data))
    for length in range(0, len(data), step):
        if length == bare:
            continue  # exactly the seal is gone: then it reads as a ledger that was not closed
        path.write_bytes(data[:length])
        with pytest.raises(PyzkflError), SqliteLedger.open(path) as ledger:
            ledger.verify()
    path.write_bytes(data + b"\0")
    with pytest.raises(LedgerError, match="the seal"), SqliteLedger.open(path) as ledger:
        ledger.verify()


# -- changes through SQL: consistent for SQLite, not for us ----------------------------------------

SQL = {
    "a record's frame": ("UPDATE records SET frame = zeroblob(200) WHERE sequence = 2", "record 2 "),
    "a frame turned to text": ("UPDATE records SET frame = 'text' WHERE sequence = 2", "record 2 "),
    "a frame emptied": ("UPDATE records SET frame = x'' WHERE sequence = 2", "record 2 "),
    "a record deleted": ("DELETE FROM records WHERE sequence = 3", "record 3 "),
    "the last record deleted": ("DELETE FROM records WHERE sequence = 6", "record 6 "),
    "the first record deleted": ("DELETE FROM records WHERE sequence = 0", "record 0 "),
    "a record moved": ("UPDATE records SET sequence = 99 WHERE sequence = 1", "record 1 "),
    "a record with a negative number": ("UPDATE records SET sequence = -1 WHERE sequence = 1", "record 0 "),
    "a record added": ("INSERT INTO records VALUES (7, x'00', x'00')", "record 7 does not hold: it stands in no block"),
    "a key changed": (
        "UPDATE records SET key = x'0102' WHERE sequence = 4",
        r"record 4 .*the key by which it is found",
    ),
    "two records exchanged": (
        "UPDATE records SET sequence = 99 WHERE sequence = 1; UPDATE records SET sequence = 1 WHERE sequence = 2; "
        "UPDATE records SET sequence = 2 WHERE sequence = 99",
        "record 1 ",
    ),
    "the last block deleted": ("DELETE FROM blocks WHERE height = 2", "record 4 does not hold: it stands in no block"),
    "a block in the middle deleted": ("DELETE FROM blocks WHERE height = 1", "block 1 "),
    "the genesis block deleted": ("DELETE FROM blocks WHERE height = 0", "block 0 "),
    "a block's signature": ("UPDATE blocks SET signature = zeroblob(64) WHERE height = 1", "block 1 .*signature"),
    "every block deleted": ("DELETE FROM blocks", "block"),
    "a table added": ("CREATE TABLE cats (name TEXT)", "its tables are not those of a ledger"),
    "a trigger added": (
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records WHERE sequence = 0; END",
        "its tables are not those of a ledger",
    ),
    "a view in place of a table": (
        "ALTER TABLE records RENAME TO real; CREATE VIEW records AS SELECT * FROM real",
        "its tables are not those of a ledger",
    ),
}


@pytest.mark.parametrize(("sql", "named"), SQL.values(), ids=SQL.keys())
def test_a_change_through_sql_is_found_and_named(original, tmp_path: Path, sql: str, named: str) -> None:
    path = tmp_path / "edited.ledger"
    path.write_bytes(original[0])
    other = sqlite3.connect(path)
    other.executescript(sql)
    other.close()
    with pytest.raises(LedgerError, match=named), SqliteLedger.open(path) as ledger:
        ledger.verify()


def test_a_record_rewritten_with_its_chain_is_found_by_its_signature(original, tmp_path: Path) -> None:
    """An attacker who recomputes every hash and Merkle root still cannot sign for the coordinator or the operator."""
    from pyzkfl import merkle
    from pyzkfl.ledger import _framing

    data, story = original
    path = tmp_path / "rewritten.ledger"
    path.write_bytes(data)
    with SqliteLedger.open(path) as ledger:
        stored = list(ledger.records())
        block = ledger._block(2)
    import dataclasses

    forged = dataclasses.replace(stored[4].record, record=b"forged").to_bytes()
    parts = [(s.signer, s.signature, forged if s.sequence == 4 else s.artefact) for s in stored[4:]]
    frames, hashes = _framing.frame_records(RECORD_HEADER, 4, stored[4].previous, parts)
    new = dataclasses.replace(block.block, root=merkle.root_of_hashes(hashes), last=hashes[-1])
    other = sqlite3.connect(path)
    for sequence, frame in enumerate(frames, 4):
        other.execute("UPDATE records SET frame = ? WHERE sequence = ?", (frame, sequence))
    other.execute("UPDATE blocks SET block = ? WHERE height = 2", (new.to_bytes(),))
    other.commit()
    other.close()
    with pytest.raises(LedgerError, match=r"block 2 .*signature"), SqliteLedger.open(path) as ledger:
        ledger.verify()
    # With the operator's help the block is signed again, and the record's own signature speaks.
    from pyzkfl.ledger import SignedBlock

    other = sqlite3.connect(path)
    other.execute(
        "UPDATE blocks SET signature = ? WHERE height = 2", (SignedBlock.sign(story.coordinator, new).signature,)
    )
    other.commit()
    other.close()
    with pytest.raises(LedgerError, match=r"record 4 .*signature"), SqliteLedger.open(path) as ledger:
        ledger.verify()
