"""The commands of docs/ceremony.md, typed one after the other."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from pyzkfl.cli import main


def commands(guide: str) -> list[list[str]]:
    """The lines of the guide's blocks, without their remarks."""
    blocks = guide.split("```")[1::2]
    lines = [line for block in blocks for line in block.splitlines()[1:] if line.strip()]
    return [shlex.split(line, comments=True) for line in lines]


def test_the_guides_commands_run_as_they_stand(
    repository: Path, chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(chain / "chain.r1cs", "circuit.r1cs")
    typed = commands((repository / "docs" / "ceremony.md").read_text())
    assert len(typed) == 12
    published = []
    for program, *arguments in typed:
        assert program == "pyzkfl"
        if arguments[:2] == ["ptau", "new"]:
            arguments[2] = "4"  # the guide's size would take minutes here
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        if out.startswith("hash of this contribution: "):
            published.append((arguments[0], out.split()[-1]))
    assert [group for group, _ in published] == ["ptau"] * 3 + ["zkey"] * 3

    def verify(*arguments: str, code: int, says: str) -> None:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert ended.value.code == code and says in out + err, out + err

    key = ("zkey", "verify", "circuit.r1cs", "powers.ptau", "circuit.zkey")
    for group, digest in published:
        found = key if group == "zkey" else ("ptau", "verify", "powers.ptau")
        verify(*found, "--contribution", digest, code=0, says=digest)
        other = ("ptau", "verify", "powers.ptau") if group == "zkey" else key
        verify(*other, "--contribution", digest, code=1, says="no contribution has the hash")
    verify(*key, "--contribution", "12", code=1, says="is no hash of a contribution")
    verify(*key, "--beacon", "6a09", "10", code=1, says="the last contribution is of the beacon 6a09e667f3bcc908")
    verify(*key[:-1], "2.zkey", "--beacon", "6a", "10", code=1, says="the last contribution is not of a beacon")
    verify("zkey", "beacon", "2.zkey", "x.zkey", "6g", "10", code=1, says="is no beacon")
    verify("zkey", "beacon", "2.zkey", "x.zkey", "6a", "29", code=2, says="")
    assert not Path("x.zkey").exists()
