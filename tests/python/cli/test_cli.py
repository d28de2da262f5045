"""The command line: what it prints, on which stream, and how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyzkfl import __version__
from pyzkfl._core.identity import IdentityKey
from pyzkfl.cli import main
from pyzkfl.ledger import Aggregate, JobTerms, SqliteLedger

PASSPHRASE = "the passphrase of these tests"


class Run:
    """Runs a command in this process, as `pyzkfl ARGUMENTS` would."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, self.err = self._capsys.readouterr()
        assert ended.value.code == code, self.err
        if code == 1 and not out:
            assert self.err.startswith("error: ") and self.err.count("\n") == 1
        assert PASSPHRASE not in out + self.err
        return str(out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYZKFL_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")
    return Run(capsys)


def test_the_version_names_release_and_commit(run: Run) -> None:
    assert run("--version").startswith(f"pyzkfl {__version__} (")


def test_wrong_usage_exits_with_2(run: Run) -> None:
    for arguments in (["nonsense"], ["--nonsense"], ["ledger", "verify"], ["keys", "new", "a.pem", "--name", "x"]):
        assert run(*arguments, code=2) == ""
        assert run.err
    assert not Path("a.pem").exists()
    assert "Usage" in run("--help")


# -- keys ----------------------------------------


def test_keys_are_made_shown_and_rotated_with_a_members_file(run: Run) -> None:
    made = json.loads(run("keys", "new", "a.pem", "--name", "north", "--members", "members.json", "--json"))
    assert made["schema"] == 1 and {"version", "commit", "public_key", "fingerprint"} <= made.keys()
    shown = json.loads(run("keys", "show", "a.pem", "--json"))
    assert shown == made
    assert made["public_key"] in run("keys", "show", "a.pem")
    rotate = ("keys", "rotate", "a.pem", "b.pem", "--name", "north", "--members", "members.json", "--from-round", 5)
    rotated = json.loads(run(*rotate, "--json"))
    assert rotated["from_round"] == 5 and rotated["public_key"] != made["public_key"]
    from pyzkfl.keys import Members

    members = Members.load("members.json")
    assert members["north"].key_at(4).hex() == made["public_key"]
    assert members["north"].key_at(5).hex() == rotated["public_key"]
    before = Path("members.json").read_bytes()
    run("keys", "rotate", "a.pem", "c.pem", *rotate[4:], code=1)
    assert "newest key" in run.err and not Path("c.pem").exists()
    run("keys", "new", "d.pem", "--name", "north", "--members", "members.json", code=1)
    assert not Path("d.pem").exists() and Path("members.json").read_bytes() == before


def test_errors_with_keys_are_one_line_and_leave_everything_as_it_was(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("keys", "new", "a.pem")
    before = Path("a.pem").read_bytes()
    run("keys", "new", "a.pem", code=1)
    assert "never overwritten" in run.err and Path("a.pem").read_bytes() == before
    monkeypatch.setenv("PYZKFL_PASSPHRASE", "wrong")
    run("keys", "show", "a.pem", code=1)
    assert "passphrase is wrong" in run.err
    file = Path("file")
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    run("keys", "show", "a.pem", "--passphrase-file", file)


# -- ledger ----------------------------------------


@pytest.fixture
def ledger(tmp_path: Path) -> tuple[Path, IdentityKey, bytes]:
    """A ledger with the terms of one job."""
    from pyzkfl import encoding

    key = IdentityKey.generate()
    members = [[f"m{i}", bytes([i]) * 32] for i in range(3)]
    document = encoding.encode(
        encoding.Kind.JOB, {"members": members, "verifying_key": b"", "commitment_key": b"", "setup": b""}
    )
    job = encoding.digest(document)
    path = tmp_path / "run.ledger"
    with SqliteLedger.create(path, key) as opened:
        opened.append([JobTerms(job, document).seal(key)])
    return path, key, job


def test_verify_reports_and_names_what_does_not_hold(run: Run, ledger: tuple[Path, IdentityKey, bytes]) -> None:
    path, key, _ = ledger
    assert "every record holds" in run("ledger", "verify", path)
    report = json.loads(run("ledger", "verify", path, "--json"))
    assert (report["schema"], report["ok"], report["records"], report["sealed"]) == (1, True, 1, True)
    assert report["operator"] == key.public_bytes.hex()
    data = bytearray(path.read_bytes())
    data[data.index(b"verifying_key")] ^= 1
    path.write_bytes(data)
    run("ledger", "verify", path, code=1)
    assert "record 0 " in run.err
    report = json.loads(run("ledger", "verify", path, "--json", code=1))
    assert report["ok"] is False and "record 0 " in report["error"] and report["schema"] == 1


def test_a_head_kept_from_before_is_compared(run: Run, ledger: tuple[Path, IdentityKey, bytes], tmp_path: Path) -> None:
    path, key, _ = ledger
    text = run("ledger", "head", path).strip()
    assert json.loads(run("ledger", "head", path, "--json"))["head"] == text
    (tmp_path / "text").write_text(text + "\n")
    (tmp_path / "bytes").write_bytes(bytes.fromhex(text))
    for head in (text, tmp_path / "text", tmp_path / "bytes"):
        run("ledger", "verify", path, "--head", head)
    with SqliteLedger.create(tmp_path / "other.ledger", key):
        pass
    run("ledger", "verify", tmp_path / "other.ledger", "--head", text, code=1)
    assert "cut short or rewritten" in run.err
    for bad in ("nonsense", "00", path):
        run("ledger", "verify", path, "--head", bad, code=1)


def test_show_lists_records_as_a_table_and_as_json(run: Run, ledger: tuple[Path, IdentityKey, bytes]) -> None:
    path, key, job = ledger
    table = run("ledger", "show", path)
    assert "job" in table and "1 of 1 records" in table
    shown = json.loads(run("ledger", "show", path, "--json"))
    assert shown["schema"] == 1 and shown["total"] == 1
    record = shown["records"][0]
    assert (record["sequence"], record["kind"], record["fields"]["job"]) == (0, "job", job.hex())
    assert record["signer"] == key.public_bytes.hex()
    assert json.loads(run("ledger", "show", path, "--kind", "void", "--json"))["records"] == []
    assert json.loads(run("ledger", "show", path, "--round", 1, "--json"))["records"] == []
    assert json.loads(run("ledger", "show", path, "--job", "00" * 32, "--json"))["records"] == []
    assert json.loads(run("ledger", "show", path, "--start", 1, "--json"))["records"] == []
    run("ledger", "show", path, "--job", "xyz", code=2)


def test_files_that_are_no_ledger_are_errors_of_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a ledger" * 1000)
    for path in ("nothing", ".", "text"):
        for command in ("verify", "show", "head"):
            run("ledger", command, path, code=1)
            assert path in run.err


def test_control_characters_in_a_record_do_not_reach_the_terminal(run: Run) -> None:
    from pyzkfl.cli.ledger import _details
    from pyzkfl.ledger import Refusal, StoredRecord

    record = Refusal(bytes(32), 0, "m", 0, "check", "red \x1b[31m text\nand a line")
    stored = StoredRecord(0, bytes(32), bytes(32), bytes(32), bytes(64), b"", record)
    details = _details(stored)
    assert "\x1b" not in details and "\n" not in details and "red" in details
    names = Aggregate(bytes(32), 0, ("a", "b", "c"), bytes(32), bytes(32), bytes(32))
    assert "a, b, c" in _details(StoredRecord(0, bytes(32), bytes(32), bytes(32), bytes(64), b"", names))


# -- leaving early ----------------------------------------

SLEEPY = """
import sys, time, typer
import pyzkfl.cli as cli
real = cli.application
def application():
    app = real()
    @app.command()
    def sleep() -> None:
        print("asleep", flush=True)
        {body}
    return app
cli.application = application
cli.main(["sleep"])
"""


def start(body: str, **options: object) -> subprocess.Popen[str]:
    code = SLEEPY.format(body=body)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )  # type: ignore[call-overload, no-any-return]


def test_ctrl_c_exits_with_130_and_no_traceback() -> None:
    with start("time.sleep(60)") as process:
        assert process.stdout is not None and process.stdout.readline() == "asleep\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "interrupted\n"


def test_an_interrupted_computation_of_the_core_exits_with_130() -> None:
    with start("from pyzkfl.errors import Interrupted; raise Interrupted('cancelled')") as process:
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted\n")


def test_a_bug_shows_its_traceback() -> None:
    with start("raise RuntimeError('a bug')") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "Traceback" in err and "a bug" in err


def test_a_reader_that_goes_away_ends_the_output_quietly() -> None:
    with start("[print('x' * 1000) for _ in range(10_000)]") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=30)
    assert "Traceback" not in err and process.returncode == 1


def test_module_and_command_are_the_same_program() -> None:
    environment = {**os.environ, "PYTHONSAFEPATH": os.environ.get("PYTHONSAFEPATH", "")}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pyzkfl", "--version"], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.startswith(f"pyzkfl {__version__} (") and time.monotonic() >= begin
