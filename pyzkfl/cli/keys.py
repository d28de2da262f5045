"""`pyzkfl keys`: make, show and rotate identity keys, and keep the members file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pyzkfl._core.identity import IdentityKey

__all__ = ["register"]

_PASSPHRASE = typer.Option(help="file whose first line is the passphrase; else $PYZKFL_PASSPHRASE, else asked for")
_JSON = typer.Option("--json", help="print one JSON object and nothing else")


def _show(identity: IdentityKey, path: Path, as_json: bool, **more: object) -> None:
    """The public half of a key."""
    from pyzkfl import build_stamp

    values = {
        "path": str(path),
        "public_key": identity.public_bytes.hex(),
        "fingerprint": identity.fingerprint,
        **more,
    }
    if as_json:
        print(json.dumps({**build_stamp(), **values}))
        return
    for name, value in values.items():
        print(f"{name.replace('_', ' '):<12} {value}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="Make, show and rotate identity keys.", no_args_is_help=True)
    app.add_typer(keys, name="keys")

    @keys.command()
    def new(
        path: Annotated[Path, typer.Argument(help="file to write; it must not exist")],
        name: Annotated[str | None, typer.Option(help="add the key to the members file under this name")] = None,
        members: Annotated[Path | None, typer.Option(help="members file; made if it does not exist")] = None,
        valid_from: Annotated[int, typer.Option(min=0, help="first round of the member")] = 0,
        passphrase_file: Annotated[Path | None, _PASSPHRASE] = None,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Make an Ed25519 identity key: encrypted, mode 0600, never over an existing file."""
        if (name is None) != (members is None):
            raise typer.BadParameter("--name and --members go together")
        from pyzkfl import keys as store
        from pyzkfl._core.identity import IdentityKey
        from pyzkfl.errors import KeyFileError

        identity = IdentityKey.generate()
        file = None
        if name is not None and members is not None:
            file = store.Members.load(members) if members.exists() else store.Members()
            if any(member.name == name for member in file.members):
                raise KeyFileError(f"{members} has a member {name!r}: choose another name, or rotate its key")
            file = file.with_member(store.Member(name, identity.public_bytes, valid_from))
        store.save_identity(identity, path, store.read_passphrase(passphrase_file, confirm=True))
        if file is not None and members is not None:
            file.save(members)
        _show(identity, path, json_)

    @keys.command()
    def show(
        path: Annotated[Path, typer.Argument(help="key file")],
        passphrase_file: Annotated[Path | None, _PASSPHRASE] = None,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Show the public half of a key."""
        from pyzkfl import keys as store

        _show(store.load_identity(path, store.read_passphrase(passphrase_file)), path, json_)

    @keys.command()
    def rotate(
        path: Annotated[Path, typer.Argument(help="key file in force until now")],
        new_path: Annotated[Path, typer.Argument(help="file of the new key; it must not exist")],
        name: Annotated[str, typer.Option(help="the member's name in the members file")],
        members: Annotated[Path, typer.Option(help="members file to update")],
        from_round: Annotated[int, typer.Option(min=1, help="first round of the new key")],
        passphrase_file: Annotated[Path | None, _PASSPHRASE] = None,
        json_: Annotated[bool, _JSON] = False,
    ) -> None:
        """Replace a member's key from a round on: the old key signs the new one into the members file."""
        from pyzkfl import keys as store
        from pyzkfl._core.identity import IdentityKey

        file = store.Members.load(members)
        passphrase = store.read_passphrase(passphrase_file)
        old = store.load_identity(path, passphrase)
        fresh = IdentityKey.generate()
        file = file.with_member(file[name].rotated(old, fresh.public_bytes, from_round))
        store.save_identity(fresh, new_path, passphrase)
        file.save(members)
        _show(fresh, new_path, json_, from_round=from_round)
