"""Names of files: what is written is checked before the long work, and what is read is a regular file of any name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from iden3_container import Container

from pyzkfl import _core, groth16, ptau
from pyzkfl.cli import main
from pyzkfl.errors import DecodeError, ParameterError, PyzkflError, SetupInvalid, SystemFailure

formats = _core.formats
NOT_UTF_8 = b"caf\xe9"  # "café" in Latin-1, as an old archive holds it

# Calls that write, by (folder of good inputs, output, progress). The inputs are good: only the output is wrong.
WRITERS: dict[str, Callable[..., None]] = {
    "setup": lambda chain, output, progress: groth16.setup(
        chain / "chain.r1cs", chain / "powers.ptau", output, progress=progress
    ),
    "contribute": lambda chain, output, progress: ptau.contribute(chain / "raw.ptau", output, progress=progress),
    "prepare": lambda chain, output, progress: ptau.prepare(chain / "raw.ptau", output, progress=progress),
}


class Began(AssertionError):
    """The long work began."""


def began(_: float) -> None:
    raise Began


# -- written ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("output", "error", "match"),
    [
        ("no/folder/out", SystemFailure, "No such file"),
        ("a file/out", SystemFailure, "Not a directory"),
        ("n" * 300, SystemFailure, "too long"),
        ("", SystemFailure, "No such file|Permission|not permitted"),
        ("a folder", ParameterError, "not a regular file"),
        ("a pipe", ParameterError, "not a regular file"),
        ("zero\0byte", ParameterError, "zero byte"),
    ],
)
def test_an_output_that_cannot_be_written_is_known_before_the_work(
    writer: str, output: str, error: type[PyzkflError], match: str, chain: Path, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "a pipe")
    before = sorted(tmp_path.iterdir())
    path = f"{tmp_path}/{output}" if output else "/proc/self/nothing/out"
    with pytest.raises(error, match=match):
        WRITERS[writer](chain, path, began)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(Began):
        WRITERS[writer](chain, tmp_path / "good", began)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
@pytest.mark.parametrize("writer", WRITERS)
def test_a_folder_that_is_not_ours_to_write_is_known_before_the_work(
    writer: str, chain: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SystemFailure, match="Permission denied"):
            WRITERS[writer](chain, tmp_path / "out", began)
    finally:
        tmp_path.chmod(0o700)


def test_a_name_of_a_contribution_is_checked_before_the_work(chain: Path, tmp_path: Path) -> None:
    for name, good in (("n" * 64, True), ("n" * 65, False), ("é" * 32, True), ("é" * 33, False)):
        for call in (
            partial(ptau.contribute, chain / "raw.ptau", tmp_path / "out"),
            partial(groth16.setup, chain / "chain.r1cs", chain / "powers.ptau", tmp_path / "out"),
        ):
            with pytest.raises(Began if good else ParameterError, match=None if good else "at most 64 bytes"):
                call(name=name, progress=began)
    assert not list(tmp_path.iterdir())


def test_a_key_does_not_take_the_place_of_its_circuit_or_powers(chain: Path, tmp_path: Path) -> None:
    for name in ("chain.r1cs", "powers.ptau", "chain.zkey"):
        (tmp_path / name).write_bytes((chain / name).read_bytes())
    (tmp_path / "link").symlink_to("powers.ptau")
    os.link(tmp_path / "powers.ptau", tmp_path / "hard link")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    r1cs, powers = tmp_path / "chain.r1cs", tmp_path / "powers.ptau"
    for output in (r1cs, powers, tmp_path / "link", tmp_path / "hard link", f"{tmp_path}/./powers.ptau"):
        with pytest.raises(ParameterError, match="which it would replace"):
            groth16.setup(r1cs, powers, output, progress=began)
    with pytest.raises(ParameterError, match="which it would replace"):
        formats.check_outputs([tmp_path / "new", tmp_path / "chain.zkey"], [tmp_path / "chain.zkey"])
    with pytest.raises(SystemExit):
        main(["groth16", "export-vkey", str(tmp_path / "chain.zkey"), str(tmp_path / "chain.zkey")])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_outputs_of_a_proof_are_checked_before_the_key_is_read(chain: Path, tmp_path: Path) -> None:
    """The key is not one, so whoever reads it first says so."""
    command = [sys.executable, "-m", "pyzkfl", "groth16", "prove", str(chain / "chain.wtns"), str(chain / "chain.zkey")]
    for outputs in (("no/folder", "public"), ("proof", "no/folder"), (".", "public")):
        paths = [str(tmp_path / output) for output in outputs]
        done = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"cannot write {tmp_path}/no/folder" in done.stderr or "not a regular file" in done.stderr
        assert not list(tmp_path.iterdir())


# -- read ---------------------------------------------------------------------------------------------------------


def read_json(path: str) -> object:
    return groth16.read_text(path)


READERS: dict[str, Callable[[str], object]] = {
    "r1cs": formats.r1cs_info,
    "wtns": groth16.load_wtns,
    "zkey": groth16.load_zkey,
    "check": groth16.check_zkey,
    "ptau": ptau.info,
    "verify": ptau.verify,
    "prepare": lambda path: ptau.prepare(path, f"{path}.out"),
    "contribute": lambda path: ptau.contribute(path, f"{path}.out"),
    "json": read_json,
}


@pytest.mark.parametrize("reader", READERS)
def test_pipes_devices_and_folders_are_refused_and_not_waited_for(reader: str, tmp_path: Path) -> None:
    """In a process of its own, which is stopped if it waits."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    code = "import test_paths, sys\nfrom pyzkfl.errors import ParameterError\nfor path in sys.argv[2:]:\n"
    code += " try: test_paths.READERS[sys.argv[1]](path)\n"
    code += " except ParameterError as error: assert f'{path} is not a regular file' in str(error), error\n"
    code += " else: raise AssertionError(path)"
    paths = [str(tmp_path / name) for name in ("pipe", "folder", "link")]
    devices = ["/dev/zero", "/dev/null", "/dev/tty"] if os.path.exists("/dev/tty") else ["/dev/zero", "/dev/null"]
    if reader in ("prepare", "contribute"):
        devices = []  # their outputs would stand in /dev
    arguments = [sys.executable, "-c", code, reader, *paths, *devices[:2]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr


def test_the_command_line_refuses_pipes_too(chain: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pipe, key, public = tmp_path / "pipe", chain / "verification_key.json", chain / "public.json"
    for arguments in (
        ("groth16", "verify", pipe, public, chain / "proof.json"),
        ("groth16", "verify", key, pipe, chain / "proof.json"),
        ("groth16", "verify", key, public, pipe),
        ("groth16", "verify", key, public, "/dev/zero"),
        ("groth16", "export-calldata", pipe, chain / "proof.json"),
        ("groth16", "prove", pipe, chain / "chain.wtns", tmp_path / "a", tmp_path / "b"),
        ("groth16", "check", pipe),
        ("groth16", "export-vkey", pipe, tmp_path / "a"),
        ("groth16", "setup", pipe, chain / "powers.ptau", tmp_path / "a"),
        ("ptau", "verify", pipe),
    ):
        command = [sys.executable, "-m", "pyzkfl", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1 and "is not a regular file" in done.stderr, done.stderr


def test_paths_that_are_not_utf_8_work(chain: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/" + NOT_UTF_8
    os.mkdir(folder)
    at = lambda name: os.fsdecode(folder) + "/" + name  # noqa: E731
    for name in ("chain.r1cs", "chain.wtns", "raw.ptau"):
        Path(at(name)).write_bytes((chain / name).read_bytes())
    for name in ("r1cs", "wtns"):  # as bytes, too
        READERS[name](folder + b"/chain." + name.encode())  # type: ignore[arg-type]
    run = lambda *arguments: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "pyzkfl", *arguments], capture_output=True, check=True, timeout=60
    )
    run("ptau", "contribute", at("raw.ptau"), at("1.ptau"), "--name", os.fsdecode(NOT_UTF_8))
    run("ptau", "prepare", at("1.ptau"), at("2.ptau"))
    assert b"caf\\ufffd" in run("ptau", "verify", at("2.ptau")).stdout
    run("groth16", "setup", at("chain.r1cs"), at("2.ptau"), at("key.zkey"), "--name", os.fsdecode(NOT_UTF_8))
    run("groth16", "check", at("key.zkey"))
    run("groth16", "export-vkey", at("key.zkey"), at("vkey.json"))
    run("groth16", "prove", at("key.zkey"), at("chain.wtns"), at("proof.json"), at("public.json"))
    assert run("groth16", "verify", at("vkey.json"), at("public.json"), at("proof.json")).stdout == b"OK\n"
    assert formats.ZkeyFile(at("key.zkey")).path == at("key.zkey")
    assert ptau.info(at("1.ptau")).contributions[-1].name == "caf\ufffd"


def test_errors_about_paths_that_are_not_utf_8_are_ours_and_show_them(chain: Path, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + NOT_UTF_8)
    for reader, read in READERS.items():
        with pytest.raises(SystemFailure, match=r"caf\\xe9"):
            read(path)
        Path(path).write_bytes(b"elfs" + bytes(100))
        if reader != "json":
            with pytest.raises((DecodeError, SetupInvalid, ParameterError), match=r"caf\\xe9"):
                read(path)
        os.unlink(path)
    Container.read(chain / "powers.ptau").patched(2, 192, b"\xff" * 64).write(Path(path))
    with pytest.raises(SetupInvalid, match=r"caf\\xe9.*point 3"):
        ptau.verify(path)
    Container.read(chain / "chain.zkey").patched(9, 64, b"\xff" * 64).write(Path(path))
    with pytest.raises(SetupInvalid, match="point 1"):
        groth16.check_zkey(path)
    for arguments in (("ptau", "verify", path), ("groth16", "verify", path, path, path), ("groth16", "check", path)):
        done = subprocess.run([sys.executable, "-m", "pyzkfl", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1, done.stderr


def test_text_that_no_path_can_be_is_refused(chain: Path, tmp_path: Path) -> None:
    for path in (f"{tmp_path}/\ud800", f"{tmp_path}/\0"):
        for read in READERS.values():
            with pytest.raises(ParameterError, match=r"encoding|zero byte"):
                read(path)
        with pytest.raises(ParameterError, match=r"encoding|zero byte"):
            formats.write_file(path, b"")
    with pytest.raises(ParameterError, match="encoding"):
        ptau.contribute(chain / "raw.ptau", tmp_path / "out", name="\ud800")
    with pytest.raises(TypeError):
        formats.read_wtns(3)
