"""Identity keys on disk, and the members file that says whose key is whose, from which round to which.

A key file is encrypted PKCS#8 PEM of mode 0600 and is never overwritten. A members file is JSON; each rotation in it is
signed by the key it replaces, so a reader needs to trust only a member's first key. docs/formats.md, "Members file".
"""

from __future__ import annotations

import dataclasses
import getpass
import itertools
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyzkfl import build_stamp, encoding
from pyzkfl.encoding import Envelope, Kind, Signer
from pyzkfl.errors import DecodeError, KeyFileError, ParameterError, PyzkflError, UnsupportedVersion

if TYPE_CHECKING:
    from pyzkfl._core.identity import IdentityKey

__all__ = ["Member", "Members", "Rotation", "load_identity", "new_identity", "read_passphrase", "save_identity"]

PASSPHRASE_VARIABLE = "PYZKFL_PASSPHRASE"
_FILE_BYTES_MAX = 1 << 20
_FILE_DEPTH_MAX = 16  # a members file nests five deep
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


# -- key files -----------------------------------------------------------------------------------------------------


def save_identity(identity: IdentityKey, path: str | os.PathLike[str], passphrase: str) -> None:
    """Write a key to a new file: PKCS#8 PEM under scrypt and AES-256, mode 0600, whole or not at all.

    KeyFileError when the file exists (keys are never overwritten), its folder cannot be written, or the passphrase is
    empty or longer than 1024 bytes.
    """
    if os.path.lexists(path):
        raise KeyFileError(f"{os.fspath(path)} exists and a key is never overwritten: choose another path")
    try:
        identity.save(os.fspath(path), passphrase)
    except PyzkflError as error:
        raise KeyFileError(f"the key was not written: {error}") from None


def new_identity(path: str | os.PathLike[str], passphrase: str) -> IdentityKey:
    """A fresh Ed25519 key, written with `save_identity`.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/north.pem"
    >>> key = new_identity(path, "correct horse")
    >>> load_identity(path, "correct horse").public_bytes == key.public_bytes
    True
    """
    from pyzkfl._core.identity import IdentityKey

    identity = IdentityKey.generate()
    save_identity(identity, path, passphrase)
    return identity


def load_identity(path: str | os.PathLike[str], passphrase: str) -> IdentityKey:
    """The key in a file; KeyFileError if it is missing, open to others, no such key, or does not decrypt."""
    from pyzkfl._core.identity import IdentityKey

    try:
        return IdentityKey.load(os.fspath(path), passphrase)
    except DecodeError:
        raise KeyFileError(
            f"{os.fspath(path)}: the passphrase is wrong, or the file is not an encrypted identity key"
        ) from None
    except PyzkflError as error:
        raise KeyFileError(str(error)) from None


def read_passphrase(file: str | os.PathLike[str] | None = None, *, confirm: bool = False) -> str:
    """The passphrase: first line of `file` if given, else $PYZKFL_PASSPHRASE, else asked for on the terminal.

    confirm: ask twice. KeyFileError when there is none of these, it is empty, or others may read the file.
    """
    if file is not None:
        passphrase = _read_private_line(Path(file))
        source = os.fspath(file)
    elif PASSPHRASE_VARIABLE in os.environ:
        passphrase, source = os.environ[PASSPHRASE_VARIABLE], f"${PASSPHRASE_VARIABLE}"
    elif sys.stdin is not None and sys.stdin.isatty():
        passphrase, source = getpass.getpass("Passphrase of the key: "), "the passphrase"
        if confirm and getpass.getpass("The same again: ") != passphrase:
            raise KeyFileError("the two passphrases differ; nothing was written")
    else:
        raise KeyFileError(
            f"there is no terminal to ask for the passphrase: give --passphrase-file or set {PASSPHRASE_VARIABLE}"
        )
    if not passphrase:
        raise KeyFileError(f"{source} is empty: a key is kept under a passphrase only")
    return passphrase


def _read_private_line(path: Path) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyFileError(f"{path} can be read or changed by others; run chmod 600 on it")
            return file.readline(4096).rstrip("\r\n")
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"{path} is not text in UTF-8") from None


# -- members -------------------------------------------------------------------------------------------------------


def _rotation_artefact(name: str, old: bytes, new: bytes, from_round: int) -> bytes:
    return encoding.encode(Kind.ROTATION, {"name": name, "old": old, "new": new, "from_round": from_round})


@dataclasses.dataclass(frozen=True)
class Rotation:
    """From `from_round` on, `public_key` (32 bytes) replaces the key before it, which signed this (64 bytes)."""

    from_round: int
    public_key: bytes
    signature: bytes


@dataclasses.dataclass(frozen=True)
class Member:
    """A member and its keys. public_key: its first, 32 bytes. It takes part in rounds valid_from <= t < valid_to.

    valid_to: None for no end. rotations: in order of their rounds.
    """

    name: str
    public_key: bytes
    valid_from: int = 0
    valid_to: int | None = None
    rotations: tuple[Rotation, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode(errors="replace")) <= 64 or not self.name.isprintable():
            raise ParameterError("a member's name has 1 to 64 bytes of printable text")
        if len(self.public_key) != 32 or any(len(r.public_key) != 32 or len(r.signature) != 64 for r in self.rotations):
            raise ParameterError(f"member {self.name!r}: a public key has 32 bytes, a signature 64")
        rounds = [self.valid_from, *(r.from_round for r in self.rotations)]
        rounds += [] if self.valid_to is None else [self.valid_to]
        if rounds[0] < 0 or any(later <= earlier for earlier, later in itertools.pairwise(rounds)):
            raise ParameterError(f"member {self.name!r}: valid_from, rotations and valid_to must be in order")

    def key_at(self, round: int) -> bytes | None:
        """The public key (32 bytes) in force in a round; None when the member does not take part in it."""
        if round < self.valid_from or (self.valid_to is not None and round >= self.valid_to):
            return None
        return next((r.public_key for r in reversed(self.rotations) if r.from_round <= round), self.public_key)

    def all_keys(self) -> list[bytes]:
        """All keys this member ever had."""
        return [self.public_key, *(r.public_key for r in self.rotations)]

    def verify(self) -> None:
        """KeyFileError unless every rotation is signed by the key that it replaces."""
        for old, rotation in zip(self.all_keys(), self.rotations, strict=False):
            artefact = _rotation_artefact(self.name, old, rotation.public_key, rotation.from_round)
            try:
                Envelope(artefact, old, rotation.signature).verify()
            except PyzkflError:
                raise KeyFileError(
                    f"member {self.name!r}: the rotation from round {rotation.from_round} is not signed by the key "
                    "before it"
                ) from None

    def rotated(self, identity: Signer, new: bytes, from_round: int) -> Member:
        """This member with a new key (32 bytes) from a round on; identity: the key in force until then."""
        if identity.public_bytes != self.all_keys()[-1]:
            raise KeyFileError(f"member {self.name!r}: only its newest key signs a rotation, and this is another one")
        artefact = _rotation_artefact(self.name, self.all_keys()[-1], new, from_round)
        rotation = Rotation(from_round, new, Envelope.sign(identity, artefact).signature)
        return dataclasses.replace(self, rotations=(*self.rotations, rotation))


@dataclasses.dataclass(frozen=True)
class Members:
    """Everybody who takes part, in order of their names. Two members never share a key, now or before."""

    members: tuple[Member, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(sorted(self.members, key=lambda member: member.name)))
        keys = [key for member in self.members for key in member.all_keys()]
        if len({member.name for member in self.members}) != len(self.members) or len(set(keys)) != len(keys):
            raise ParameterError("members must have different names and different keys")

    def __getitem__(self, name: str) -> Member:
        """The member of a name; KeyFileError if there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise KeyFileError(f"there is no member {name!r} in the members file")

    def at(self, round: int) -> dict[str, bytes]:
        """Name -> public key (32 bytes) of those who take part in a round."""
        keys = {member.name: member.key_at(round) for member in self.members}
        return {name: key for name, key in keys.items() if key is not None}

    def with_member(self, member: Member) -> Members:
        """These members and one more, or another state of one of them."""
        return Members((*(m for m in self.members if m.name != member.name), member))

    def verify(self) -> None:
        """KeyFileError unless every rotation of every member is signed by the key that it replaces."""
        for member in self.members:
            member.verify()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical encoding, 32 bytes; the JSON's layout and version stamp do not enter it."""
        return encoding.digest(encoding.encode(Kind.MEMBERS, [_to_object(m, bytes) for m in self.members]))

    def to_json(self) -> str:
        """The members file: sorted keys, two spaces, lower-case hexadecimal, a newline at the end."""
        value = {**build_stamp(), "members": [_to_object(m, bytes.hex) for m in self.members]}
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Members:
        """Read a members file and verify its rotations.

        Raises DecodeError for malformed JSON or fields, UnsupportedVersion for another schema, KeyFileError for a
        rotation that the key before it did not sign.
        """
        if _depth(text) > _FILE_DEPTH_MAX:
            # Python's decoder recurses on the C stack, guarded by a limit that other packages (py_ecc) raise past it.
            raise DecodeError("the members file is not JSON as it should be: nested too deep")
        try:
            value = json.loads(
                text, object_pairs_hook=_without_repetition, parse_float=_no_float, parse_constant=_no_float
            )
        except ValueError as error:
            raise DecodeError(f"the members file is not JSON as it should be: {error}") from None
        encoding.expect_map(value, ("schema", "version", "commit", "members"))
        if value["schema"] != 1:
            raise UnsupportedVersion("this release reads members files of schema 1")
        encoding.expect_type(value, "members", list)
        try:
            members = Members(tuple(_from_object(entry) for entry in value["members"]))
        except ParameterError as error:
            raise DecodeError(f"the members file does not hold: {error}") from None
        members.verify()
        return members

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Members:
        """`from_json` of a file; KeyFileError when it cannot be read."""
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read(_FILE_BYTES_MAX + 1)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise KeyFileError(f"members file {os.fspath(path)} cannot be read: {reason}") from None
        if len(text) > _FILE_BYTES_MAX:
            raise DecodeError(f"members file {os.fspath(path)} is larger than {_FILE_BYTES_MAX} bytes")
        return Members.from_json(text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Replace the file by this state, in one step; KeyFileError when it cannot be written."""
        target = Path(path)
        try:
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    file.write(self.to_json())
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(name, stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
                os.replace(name, target)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise KeyFileError(f"members file {target} cannot be written: {error.strerror}") from None


def _to_object(member: Member, as_: Any) -> dict[str, Any]:
    return {
        "name": member.name,
        "public_key": as_(member.public_key),
        "valid_from": member.valid_from,
        "valid_to": member.valid_to,
        "rotations": [
            {"from_round": r.from_round, "public_key": as_(r.public_key), "signature": as_(r.signature)}
            for r in member.rotations
        ],
    }


def _from_object(value: Any) -> Member:
    encoding.expect_map(value, ("name", "public_key", "valid_from", "valid_to", "rotations"))
    encoding.expect_type(value, "name", str)
    encoding.expect_type(value, "valid_from", int)
    encoding.expect_type(value, "rotations", list)
    if value["valid_to"] is not None:
        encoding.expect_type(value, "valid_to", int)
    rotations = []
    for entry in value["rotations"]:
        encoding.expect_map(entry, ("from_round", "public_key", "signature"))
        encoding.expect_type(entry, "from_round", int)
        rotations.append(Rotation(entry["from_round"], _hex(entry, "public_key"), _hex(entry, "signature")))
    return Member(value["name"], _hex(value, "public_key"), value["valid_from"], value["valid_to"], tuple(rotations))


def _hex(value: dict[str, Any], field: str) -> bytes:
    encoding.expect_type(value, field, str)
    try:
        data = bytes.fromhex(value[field])
    except ValueError:
        data = b""
    if data.hex() != value[field]:
        raise DecodeError(f"{field} must be lower-case hexadecimal")
    return data


def _depth(text: str) -> int:
    """How deep brackets open in JSON text, strings left out; of other text a number at least as large."""
    deepest = depth = 0
    for character in _JSON_STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field appears twice")
    return value


def _no_float(text: str) -> Any:
    raise ValueError(f"a number must be an integer, got {text[:20]}")
