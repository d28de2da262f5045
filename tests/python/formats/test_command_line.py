"""`pyzkfl groth16` and `pyzkfl ptau`: exit codes, one line for an error, whole files or none."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from iden3_container import G1, Container

from pyzkfl import _core, groth16
from pyzkfl.cli import main
from pyzkfl.errors import ParameterError

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in this process; (stdout, stderr). An error is one line on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert ended.value.code == code, err
        if code == 1:
            assert err.splitlines()[-1].startswith("error: ")
            assert out == ""
        return out, err

    return call


def test_from_powers_to_calldata(run: Run, chain: Path, tmp_path: Path) -> None:
    r1cs, wtns = chain / "chain.r1cs", chain / "chain.wtns"
    _, err = run("ptau", "new", 4, "0.ptau")
    assert "contribute" in err
    _, err = run("ptau", "verify", "0.ptau", code=1)
    assert "no contribution" in err
    run("ptau", "contribute", "0.ptau", "1.ptau", "--name", "first")
    run("ptau", "contribute", "1.ptau", "1.ptau", "--name", "second \x1b[31m")
    run("ptau", "prepare", "1.ptau", "2.ptau")
    out, _ = run("ptau", "verify", "2.ptau")
    assert out.startswith("OK") and "first" in out and "second" in out and "\x1b" not in out and ", prepared" in out
    _, err = run("groth16", "setup", r1cs, "2.ptau", "key.zkey", "--name", "me")
    assert "could have kept its secret" in err
    out, _ = run("groth16", "check", "key.zkey")
    assert out.startswith("OK") and "me" in out
    run("groth16", "export-vkey", "key.zkey", "vkey.json")
    out, err = run("groth16", "prove", "key.zkey", wtns, "proof.json", "public.json")
    assert (out, err) == ("", "")
    assert run("groth16", "verify", "vkey.json", "public.json", "proof.json") == ("OK\n", "")
    out, _ = run("groth16", "export-calldata", "public.json", "proof.json")
    assert out.startswith('["0x') and out.count("0x") == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0.ptau", "1.ptau", "2.ptau", "key.zkey", "proof.json", "public.json", "vkey.json",
    ]  # fmt: skip


def test_what_does_not_hold_exits_with_1_and_writes_nothing(run: Run, chain: Path, tmp_path: Path) -> None:
    key, wtns, vkey = chain / "chain.zkey", chain / "chain.wtns", chain / "verification_key.json"
    public, proof = chain / "public.json", chain / "proof.json"
    (tmp_path / "other.json").write_text('["1"]')
    _, err = run("groth16", "verify", vkey, "other.json", proof, code=1)
    assert "does not hold" in err
    (tmp_path / "none.json").write_text("[]")
    run("groth16", "verify", vkey, "none.json", proof, code=1)
    run("groth16", "verify", vkey, public, "nothing", code=1)
    run("groth16", "verify", proof, public, proof, code=1)
    run("groth16", "export-calldata", proof, public, code=1)
    for name in ("prove", "check", "export-vkey"):
        rest = {"prove": (wtns, "a", "b"), "check": (), "export-vkey": ("a",)}[name]
        run("groth16", name, wtns, *rest, code=1)
    run("groth16", "prove", key, key, "a", "b", code=1)
    _, err = run("groth16", "prove", key, wtns, "a", "./a", code=1)
    assert "four files" in err
    _, err = run("groth16", "prove", key, wtns, key, "b", code=1)
    assert "four files" in err
    run("groth16", "prove", key, wtns, "/dev/null", "b", code=1)
    run("groth16", "setup", wtns, chain / "powers.ptau", "a", code=1)
    run("groth16", "setup", chain / "chain.r1cs", chain / "raw.ptau", "a", code=1)
    run("ptau", "contribute", chain / "chain.zkey", "a", code=1)
    run("ptau", "prepare", chain / "chain.zkey", "a", code=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none.json", "other.json"]
    wrong = Container.read(wtns)
    wrong.patched(2, -32, (7).to_bytes(32, "little")).write(tmp_path / "wrong.wtns")
    _, err = run("groth16", "prove", key, "wrong.wtns", "a", "b", code=1)
    assert "does not satisfy the circuit" in err and not Path("a").exists()


def test_an_unfinished_key_is_proven_with_under_a_warning_and_verified_by_nobody(
    run: Run, chain: Path, tmp_path: Path
) -> None:
    key = Container.read(chain / "chain.zkey")
    delta_1, delta_2, gamma = 468, 532, key[2][340:468]
    key.patched(2, delta_1, G1).patched(2, delta_2, gamma).write(tmp_path / "key.zkey")
    for command in (("export-vkey", "key.zkey", "vkey.json"), ("check", "key.zkey")):
        _, err = run("groth16", *command, code=1)
        assert "delta equals gamma" in err
    vkey = json.loads((chain / "verification_key.json").read_text())
    (tmp_path / "vkey.json").write_text(json.dumps({**vkey, "vk_delta_2": vkey["vk_gamma_2"]}))
    run("groth16", "verify", "vkey.json", chain / "public.json", chain / "proof.json", code=1)
    # The arrays are those of another delta, so no proof comes of it; the warning comes first.
    _, err = run("groth16", "prove", "key.zkey", chain / "chain.wtns", "a", "b", code=1)
    assert err.startswith("WARNING: ") and "anyone could forge" in err


def test_a_proof_is_not_replaced_where_its_public_inputs_cannot_be(run: Run, chain: Path, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text("before")
    run("groth16", "prove", chain / "chain.zkey", chain / "chain.wtns", "proof.json", "missing/public.json", code=1)
    assert (tmp_path / "proof.json").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["proof.json"]


def test_a_path_with_a_zero_byte_is_refused_and_a_witness_is_for_its_owner(chain: Path, tmp_path: Path) -> None:
    witness = groth16.load_wtns(chain / "chain.wtns")
    path = tmp_path / "copy.wtns"
    _core.formats.write_wtns(str(path), witness)
    assert path.stat().st_mode & 0o777 == 0o600
    for call in (
        lambda name: groth16.load_wtns(name),
        lambda name: _core.formats.write_wtns(name, witness),
        lambda name: groth16.load_zkey(name),
    ):
        with pytest.raises(ParameterError, match="zero byte"):
            call(f"{path}\0.json")


def test_wrong_usage_exits_with_2_and_help_with_0(run: Run) -> None:
    for arguments in (
        ("groth16", "prove"),
        ("groth16", "prove", "a", "b", "c"),
        ("groth16", "verify", "a", "b", "c", "d"),
        ("groth16", "prove", "a", "b", "c", "--no"),
        ("groth16", "nonsense"),
        ("ptau", "new", "0", "a"),
        ("ptau", "new", "29", "a"),
        ("ptau", "new", "x", "a"),
    ):
        run(*arguments, code=2)
    assert "Usage" in run("groth16", "prove", "--help")[0]


def test_proving_loads_neither_typer_nor_numpy_nor_rich(chain: Path, tmp_path: Path) -> None:
    files = [str(chain / "chain.zkey"), str(chain / "chain.wtns"), str(tmp_path / "a"), str(tmp_path / "b")]
    code = (
        "import sys\nfrom pyzkfl.cli import main\n"
        f"try: main(['groth16', 'prove', *{files!r}])\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "print(sorted({'typer', 'numpy', 'rich', 'click', 'asyncio'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_ctrl_c_leaves_no_partial_file_and_shows_progress_on_a_terminal(tmp_path: Path) -> None:
    from pyzkfl import ptau

    ptau.new(13, tmp_path / "in.ptau")
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "pyzkfl", "ptau", "prepare", str(tmp_path / "in.ptau"), str(tmp_path / "out.ptau")]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    os.close(terminal)
    said = b""
    deadline = time.monotonic() + 60
    while b"prepare" not in said and time.monotonic() < deadline:
        said += os.read(master, 4096)
    assert b"prepare" in said
    process.send_signal(signal.SIGINT)
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # the other end was closed
            break
        if not data:
            break
        said += data
    assert process.wait(timeout=60) == 130
    assert said.rstrip().endswith(b"interrupted") and b"Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["in.ptau"]
    os.close(master)
