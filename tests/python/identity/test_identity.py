"""Identity keys: they sign, they keep, and they do not leak."""

from __future__ import annotations

import copy
import os
import pickle
import stat
import subprocess
from pathlib import Path
from shutil import which

import pytest

from pyzkfl._core import identity
from pyzkfl._core.identity import IdentityKey, fingerprint, verify
from pyzkfl.errors import DecodeError, ParameterError, SystemFailure


@pytest.fixture(scope="module")
def key() -> IdentityKey:
    return IdentityKey.generate()


@pytest.fixture(scope="module")
def pem(key: IdentityKey) -> bytes:
    return key.to_pem("correct horse")


def test_a_signature_verifies_under_its_key_and_message_only(key: IdentityKey) -> None:
    signature = key.sign(b"message")
    assert len(signature) == 64 and len(key.public_bytes) == 32
    assert verify(key.public_bytes, b"message", signature) is True
    assert verify(key.public_bytes, b"messagf", signature) is False
    assert verify(IdentityKey.generate().public_bytes, b"message", signature) is False
    assert verify(key.public_bytes, b"message", signature[:-1]) is False
    assert verify(key.public_bytes, b"message", b"") is False
    assert verify(key.public_bytes, b"message", bytes(64)) is False
    assert verify(b"\xff" * 32, b"message", signature) is False
    assert key.sign(b"message") == signature
    assert key.sign(b"") != signature


def test_a_public_key_of_another_size_is_a_parameter_error(key: IdentityKey) -> None:
    for public in (b"", bytes(31), bytes(33)):
        with pytest.raises(ParameterError):
            verify(public, b"", bytes(64))
        with pytest.raises(ParameterError):
            fingerprint(public)


def test_arguments_that_are_not_bytes_are_type_errors(key: IdentityKey) -> None:
    for bad in ("text", None, 5, [1]):
        with pytest.raises(TypeError):
            key.sign(bad)
        with pytest.raises(TypeError):
            verify(key.public_bytes, b"", bad)


def test_a_key_shows_nothing_but_its_fingerprint(key: IdentityKey, pem: bytes) -> None:
    assert repr(key) == str(key) == f"<IdentityKey {key.fingerprint}>"
    assert key.fingerprint == fingerprint(key.public_bytes) and len(key.fingerprint) == 16
    public = {name for name in dir(key) if not name.startswith("_")}
    assert public == {"fingerprint", "from_pem", "generate", "load", "public_bytes", "save", "sign", "to_pem"}
    assert not hasattr(key, "__dict__")


def test_a_key_is_not_copied_pickled_or_compared_by_value(key: IdentityKey, pem: bytes) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy, lambda k: k.__reduce_ex__(2)):
        with pytest.raises(TypeError):
            attempt(key)
    with pytest.raises(TypeError):
        IdentityKey()
    assert IdentityKey.from_pem(pem, "correct horse") != key


def test_a_key_comes_back_from_its_pem_under_its_passphrase_only(key: IdentityKey, pem: bytes) -> None:
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for text, passphrase in ((pem, "correct horse"), (pem.decode(), b"correct horse")):
        assert IdentityKey.from_pem(text, passphrase).public_bytes == key.public_bytes
    for wrong in ("correct Horse", "x", "correct horse "):
        with pytest.raises(DecodeError, match="wrong passphrase, or a damaged key"):
            IdentityKey.from_pem(pem, wrong)


def test_passphrases_may_be_any_text_but_empty(key: IdentityKey) -> None:
    pem = key.to_pem("pässwörd 秘密")
    assert IdentityKey.from_pem(pem, "pässwörd 秘密".encode()).public_bytes == key.public_bytes
    with pytest.raises(ParameterError):
        key.to_pem("")
    with pytest.raises(ParameterError):
        IdentityKey.from_pem(pem, "")


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "\0" * 100])
def test_what_is_no_encrypted_key_is_a_decode_error(text: str) -> None:
    with pytest.raises(DecodeError):
        IdentityKey.from_pem(text, "x")


def test_a_damaged_pem_is_a_decode_error(pem: bytes) -> None:
    lines = pem.decode().splitlines()
    for damaged in ("\n".join(lines[:-1]), "\n".join(lines[:1] + lines[2:]), pem.decode() * 2, "x" + pem.decode()):
        with pytest.raises(DecodeError):
            IdentityKey.from_pem(damaged, "correct horse")


def test_a_saved_key_is_private_and_is_never_replaced(tmp_path: Path, key: IdentityKey) -> None:
    path = tmp_path / "me.pem"
    key.save(path, "pass")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["me.pem"]
    assert IdentityKey.load(path, "pass").public_bytes == key.public_bytes
    assert IdentityKey.load(str(path), b"pass").public_bytes == key.public_bytes
    with pytest.raises(SystemFailure, match="File exists"):
        IdentityKey.generate().save(path, "pass")
    path.chmod(0o640)
    with pytest.raises(ParameterError, match="chmod 600"):
        IdentityKey.load(path, "pass")
    with pytest.raises(SystemFailure, match="No such file"):
        IdentityKey.load(tmp_path / "none.pem", "pass")


@pytest.mark.skipif(which("openssl") is None, reason="no openssl command here")
def test_the_openssl_command_reads_our_keys_and_we_read_its(tmp_path: Path, key: IdentityKey, pem: bytes) -> None:
    ours = tmp_path / "ours.pem"
    ours.write_bytes(pem)
    shown = subprocess.run(
        ["openssl", "pkey", "-in", ours, "-passin", "pass:correct horse", "-pubout", "-outform", "DER"],
        check=True, capture_output=True,
    ).stdout
    assert shown.endswith(key.public_bytes)
    theirs = tmp_path / "theirs.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:word", "-out", theirs], check=True,
        capture_output=True,
    )
    theirs.chmod(0o600)
    assert len(IdentityKey.load(theirs, "word").public_bytes) == 32


def test_many_signatures_at_once_hold_exactly_when_they_hold_alone() -> None:
    keys = [IdentityKey.generate() for _ in range(5)]
    items = []
    for number in range(120):
        key, message = keys[number % 5], bytes([number]) * (number * 7 % 90)
        items.append((key.public_bytes, message, key.sign(message)))
    bad = {7: 0, 40: 31, 41: 32, 99: 63}
    for place, byte in bad.items():
        public, message, signature = items[place]
        changed = bytearray(signature)
        changed[byte] ^= 4
        items[place] = (public, message, bytes(changed))
    items[50] = (*items[50][:2], items[50][2][:63])
    verifier = identity.Verifier(keys_max=3)
    for _ in range(2):
        assert verifier.verify(items) == [i not in bad and i != 50 for i in range(120)]
    assert [identity.verify(*item) for item in items] == verifier.verify(items) == verifier.verify(items, alone=True)
    assert verifier.verify([]) == []


def test_what_is_no_list_of_keys_messages_and_signatures_is_refused() -> None:
    verifier = identity.Verifier()
    for wrong in ([(bytes(31), b"", bytes(64))], [(bytes(32), b"")], [(bytes(32), "text", bytes(64))]):
        with pytest.raises(ParameterError):
            verifier.verify(wrong)
