"""Identity keys on disk and the members file."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from pyzkfl import keys
from pyzkfl._core.identity import IdentityKey
from pyzkfl.errors import DecodeError, KeyFileError, ParameterError, UnsupportedVersion
from pyzkfl.keys import Member, Members, Rotation, load_identity, new_identity, read_passphrase

PASSPHRASE = "correct horse battery staple"


# -- key files ----------------------------------------


def test_a_key_is_kept_encrypted_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "north.pem"
    key = new_identity(path, PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert text.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_identity(path, PASSPHRASE).public_bytes == key.public_bytes


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "north.pem"
    new_identity(path, PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        new_identity(path, PASSPHRASE)
    link = tmp_path / "link.pem"
    link.symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(KeyFileError, match="never overwritten"):
        new_identity(link, PASSPHRASE)
    assert path.read_bytes() == before and not (tmp_path / "elsewhere.pem").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_key_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "north.pem"
    new_identity(path, PASSPHRASE)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_identity(path, PASSPHRASE)


def test_what_is_wrong_with_a_key_file_is_said_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "north.pem"
    new_identity(path, PASSPHRASE)
    with pytest.raises(KeyFileError, match="passphrase is wrong") as caught:
        load_identity(path, "a wrong passphrase")
    assert "a wrong passphrase" not in str(caught.value) and caught.value.__cause__ is None
    with pytest.raises(KeyFileError, match="No such file"):
        load_identity(tmp_path / "nothing.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match="regular file"):
        load_identity(tmp_path, PASSPHRASE)
    for content in (b"", b"garbage", path.read_bytes()[:-40], path.read_bytes() * 2):
        other = tmp_path / "other.pem"
        other.write_bytes(content)
        other.chmod(0o600)
        with pytest.raises(KeyFileError, match=r"passphrase is wrong|not an encrypted"):
            load_identity(other, PASSPHRASE)
    with pytest.raises(KeyFileError, match="No such file"):
        new_identity(tmp_path / "no" / "folder.pem", PASSPHRASE)


def test_a_key_without_a_passphrase_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="passphrase"):
        new_identity(tmp_path / "north.pem", "")
    assert list(tmp_path.iterdir()) == []


# -- passphrases ----------------------------------------


def test_the_passphrase_comes_from_the_file_then_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from the file\nsecond line\n")
    file.chmod(0o600)
    monkeypatch.setenv("PYZKFL_PASSPHRASE", "from the variable")
    assert read_passphrase(file) == "from the file"
    assert read_passphrase() == "from the variable"
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_passphrase(file)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_passphrase(tmp_path / "nothing")
    file.write_bytes(b"\xff\xfe")
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="UTF-8"):
        read_passphrase(file)
    file.write_text("\n")
    with pytest.raises(KeyFileError, match="is empty"):
        read_passphrase(file)
    monkeypatch.setenv("PYZKFL_PASSPHRASE", "")
    with pytest.raises(KeyFileError, match="is empty"):
        read_passphrase()


def test_the_passphrase_is_asked_for_twice_when_a_key_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYZKFL_PASSPHRASE", raising=False)
    answers: list[str] = []
    monkeypatch.setattr(keys.getpass, "getpass", lambda prompt: answers.pop(0))
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115
    with pytest.raises(KeyFileError, match="no terminal"):
        read_passphrase()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(keys.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    answers[:] = ["one", "two"]
    with pytest.raises(KeyFileError, match="differ"):
        read_passphrase(confirm=True)
    answers[:] = ["one", "one"]
    assert read_passphrase(confirm=True) == "one"
    answers[:] = ["one"]
    assert read_passphrase() == "one"


# -- members ----------------------------------------

old, new, third, other = (IdentityKey.generate() for _ in range(4))


@pytest.fixture
def north() -> Member:
    """A member whose key was rotated twice."""
    member = Member("north", old.public_bytes, valid_from=2, valid_to=30)
    return member.rotated(old, new.public_bytes, 10).rotated(new, third.public_bytes, 20)


def test_each_round_has_the_key_in_force(north: Member) -> None:
    expected = {0: None, 1: None, 2: old, 9: old, 10: new, 19: new, 20: third, 29: third, 30: None, 1000: None}
    for round_, key in expected.items():
        assert north.key_at(round_) == (key.public_bytes if key else None)
    members = Members((north, Member("east", other.public_bytes)))
    assert members.at(0) == {"east": other.public_bytes}
    assert members.at(12) == {"east": other.public_bytes, "north": new.public_bytes}
    assert members["north"] is north
    with pytest.raises(KeyFileError, match="no member 'south'"):
        members["south"]


def test_a_members_file_reads_back_and_its_digest_does_not_depend_on_layout(north: Member, tmp_path: Path) -> None:
    members = Members((north, Member("east", other.public_bytes)))
    path = tmp_path / "members.json"
    members.save(path)
    assert Members.load(path) == members
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    value = json.loads(path.read_text())
    assert (value["schema"], sorted(value)) == (1, ["commit", "members", "schema", "version"])
    assert Members.from_json(json.dumps({**value, "version": "another"})).digest == members.digest
    assert members.with_member(Member("east", other.public_bytes, 1)).digest != members.digest
    members.with_member(Member("south", IdentityKey.generate().public_bytes)).save(path)
    assert len(Members.load(path).members) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["members.json"]
    with pytest.raises(KeyFileError, match="cannot be written"):
        members.save(tmp_path / "no" / "members.json")
    with pytest.raises(KeyFileError, match="cannot be read"):
        Members.load(tmp_path / "nothing.json")


def test_only_the_newest_key_signs_a_rotation(north: Member) -> None:
    for identity in (old, new, other):
        with pytest.raises(KeyFileError, match="newest key"):
            north.rotated(identity, other.public_bytes, 25)


def test_a_rotation_that_the_old_key_did_not_sign_is_found(north: Member) -> None:
    first, second = north.rotations
    forgeries = [
        dataclasses.replace(first, public_key=other.public_bytes),
        dataclasses.replace(first, from_round=11),
        dataclasses.replace(first, signature=bytes(64)),
        dataclasses.replace(first, signature=second.signature),
    ]
    for forged in forgeries:
        member = dataclasses.replace(north, rotations=(forged,))
        with pytest.raises(KeyFileError, match="not signed by the key before"):
            Members((member,)).verify()
    with pytest.raises(KeyFileError, match="not signed"):  # another member's rotation
        dataclasses.replace(north, name="south").verify()
    with pytest.raises(KeyFileError, match="round 20 is not signed"):  # one left out
        dataclasses.replace(north, rotations=(second,)).verify()
    text = Members((dataclasses.replace(north, rotations=(forgeries[0],)),)).to_json()
    with pytest.raises(KeyFileError, match="not signed"):
        Members.from_json(text)


def test_members_that_cannot_be_meant_are_refused(north: Member) -> None:
    key = other.public_bytes
    cases = [
        lambda: Member("", key),
        lambda: Member("x" * 65, key),
        lambda: Member("a\nb", key),
        lambda: Member("a", key[:31]),
        lambda: Member("a", key, valid_from=-1),
        lambda: Member("a", key, valid_from=5, valid_to=5),
        lambda: Member("a", key, 0, 10, (Rotation(10, bytes(32), bytes(64)),)),
        lambda: Member("a", key, 5, None, (Rotation(5, bytes(32), bytes(64)),)),
        lambda: Member("a", key, 0, None, (Rotation(5, bytes(31), bytes(64)),)),
        lambda: Members((Member("a", key), Member("b", key))),
        lambda: Members((Member("a", key), Member("a", bytes(32)))),
        lambda: Members((north, Member("south", old.public_bytes))),  # a key that another member had once
    ]
    for make in cases:
        with pytest.raises(ParameterError):
            make()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda v: v.update(schema=2), UnsupportedVersion),
        (lambda v: v.pop("members"), DecodeError),
        (lambda v: v.update(extra=1), DecodeError),
        (lambda v: v["members"][0].update(public_key="zz"), DecodeError),
        (lambda v: v["members"][0].update(public_key=v["members"][0]["public_key"].upper()), DecodeError),
        (lambda v: v["members"][0].update(public_key="00"), DecodeError),
        (lambda v: v["members"][0].update(valid_from=1.0), DecodeError),
        (lambda v: v["members"][0].update(valid_from=True), DecodeError),
        (lambda v: v["members"][0].update(valid_to="3"), DecodeError),
        (lambda v: v["members"][0].pop("rotations"), DecodeError),
        (lambda v: v["members"][0]["rotations"].append({}), DecodeError),
        (lambda v: v["members"].append(v["members"][0]), DecodeError),
    ],
)
def test_a_malformed_members_file_is_refused(north: Member, change, error) -> None:
    value = json.loads(Members((north,)).to_json())
    change(value)
    with pytest.raises(DecodeError) as caught:
        Members.from_json(json.dumps(value))
    assert type(caught.value) is error


def test_deep_nesting_is_refused_even_where_a_package_has_lifted_the_recursion_limit() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # as py_ecc does when it is imported; then Python's own decoder overflows the stack
    try:
        with pytest.raises(DecodeError, match="nested too deep"):
            Members.from_json('{"a": ' * 90_000)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("text", ["", "[", "[]", "null", '{"schema": 1, "schema": 1}', "NaN", "1e5", "[" * 100_000])
def test_text_that_is_not_a_members_file_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        Members.from_json(text)
