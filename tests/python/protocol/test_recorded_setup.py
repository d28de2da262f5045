"""A ledger's contributions against the transcript of a setup: each member's once, none left out or exchanged."""

from __future__ import annotations

import dataclasses

import pytest
from consortium import make

from pyzkfl.cli import main
from pyzkfl.errors import SetupInvalid
from pyzkfl.ledger import SqliteLedger, records
from pyzkfl.recorded_setup import check_recorded_setup
from pyzkfl.recorder import Recorder
from pyzkfl.setup_files import SetupFiles, read_transcript


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """(ledger's path, digest of the terms, the setup's file, the consortium) after a setup over messages."""
    folder = tmp_path_factory.mktemp("recorded")
    c = make(members=3, rounds=2, rows=(8, 4, 6))
    terms = c.job.terms_digest
    files = SetupFiles(folder / "setups")
    with SqliteLedger.create(folder / "ledger", c.coordinator_key) as ledger:
        c.coordinator._recorder, c.coordinator._setups = Recorder(ledger, c.coordinator_key), files
        c.coordinator.run_setup()
    return folder / "ledger", terms, files.path(c.coordinator.job.setup), c


def test_a_setup_of_every_member_is_recorded_and_holds_and_gives_the_keys(recorded, capsys) -> None:
    path, terms, file, c = recorded
    with SqliteLedger.open(path) as ledger:
        assert ledger.verify().records == len(ledger)
        contributions = list(ledger.records(kind=records.SetupContribution.KIND))
        assert [(s.record.phase, s.record.member) for s in contributions] == [
            (phase, name) for phase in (1, 2) for name in c.clients
        ]
        keys = check_recorded_setup(ledger, terms, read_transcript(file, c.job))
    assert keys.bind(c.coordinator.job) == c.coordinator.job
    with pytest.raises(SystemExit) as ended:
        main(["ledger", "setup", str(path), str(file)])
    assert ended.value.code == 0 and "3 members contributed to each phase" in capsys.readouterr().out
    for job, code, says in (
        (terms.hex(), 0, "3 members"),
        ("ff" * 32, 1, "holds no job ffff"),
        ("zz", 2, "not hexadecimal"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["ledger", "setup", str(path), str(file), "--job", job])
        out, err = capsys.readouterr()
        assert ended.value.code == code and says in out + err


def test_a_file_whose_contributions_are_not_the_ledgers_is_refused_by_member_and_phase(recorded) -> None:
    path, terms, file, c = recorded
    transcript = read_transcript(file, c.job)
    other = make(members=3, rounds=2, rows=(8, 4, 6))
    other.coordinator._setups = SetupFiles(file.parent / "other")
    other.coordinator.run_setup()
    foreign = read_transcript(other.coordinator._setups.path(other.coordinator.job.setup), c.job)
    with SqliteLedger.open(path) as ledger:
        with pytest.raises(SetupInvalid, match="'m0' to phase 1 is another in the ledger"):
            check_recorded_setup(ledger, terms, foreign)
        swapped = [transcript.records2[1], transcript.records2[0], transcript.records2[2]]
        with pytest.raises(SetupInvalid, match="'m0' to phase 2 is another in the ledger"):
            check_recorded_setup(ledger, terms, dataclasses.replace(transcript, records2=swapped))
        with pytest.raises(SetupInvalid, match="2 contributions to phase 1, of 3 members"):
            check_recorded_setup(ledger, terms, dataclasses.replace(transcript, records1=transcript.records1[:2]))
        with pytest.raises(SetupInvalid, match="the setup"):
            check_recorded_setup(ledger, terms, dataclasses.replace(transcript, phase2=foreign.phase2))
        with pytest.raises(SetupInvalid, match="holds no job"):
            check_recorded_setup(ledger, bytes(32), transcript)
    another = other.coordinator._setups.path(other.coordinator.job.setup)
    with pytest.raises(SystemExit) as ended:
        main(["ledger", "setup", str(path), str(another)])
    assert ended.value.code == 1


def test_a_contribution_that_the_coordinator_exchanged_in_the_ledger_is_found(recorded, tmp_path) -> None:
    """The coordinator signs these records: it can write what it likes, and the file of any member shows it."""
    path, terms, file, c = recorded
    with SqliteLedger.open(path) as honest, SqliteLedger.create(tmp_path / "ledger", c.coordinator_key) as ledger:
        for stored in honest.records():
            record = stored.record
            if isinstance(record, records.SetupContribution) and (record.phase, record.member) == (2, "m1"):
                record = dataclasses.replace(record, record=bytes(200))
            ledger.append([record.seal(c.coordinator_key)])
        assert ledger.verify().records == len(ledger)  # chain, signatures and rules hold
        with pytest.raises(SetupInvalid, match="'m1' to phase 2 is another in the ledger"):
            check_recorded_setup(ledger, terms, read_transcript(file, c.job))


def test_a_setup_that_was_cut_short_is_not_passed_off_as_whole(recorded, tmp_path) -> None:
    path, terms, file, c = recorded
    with SqliteLedger.open(path) as honest, SqliteLedger.create(tmp_path / "ledger", c.coordinator_key) as ledger:
        transcript = read_transcript(file, c.job)
        frames = [stored.record.seal(c.coordinator_key) for stored in honest.records()]
        ledger.append(frames[:6])
        with pytest.raises(SetupInvalid, match="no contribution of"):
            check_recorded_setup(ledger, terms, transcript)
        ledger.append(frames[6:-1])
        with pytest.raises(SetupInvalid, match="'m2' has not signed"):
            check_recorded_setup(ledger, terms, transcript)
