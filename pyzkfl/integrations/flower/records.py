"""How requests and replies of pyzkfl.masked travel in Flower's messages: one ConfigRecord beside the app's records."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from flwr.app import ArrayRecord, ConfigRecord, RecordDict

from pyzkfl.errors import DecodeError

__all__ = ["KEY", "one_array_record", "pack", "run_name", "unpack"]

KEY = "pyzkfl.secure-aggregation"


def run_name(run_id: int) -> bytes:
    """What setups of a Flower run are bound to."""
    return b"flower run " + str(run_id).encode()


def pack(record: dict[str, Any]) -> RecordDict:
    """A message's content with nothing but our record."""
    return RecordDict({KEY: ConfigRecord(record)})


def unpack(content: RecordDict) -> dict[str, Any] | None:
    """Our record, or None."""
    found = content.get(KEY)
    return dict(found.items()) if isinstance(found, ConfigRecord) else None


def one_array_record(content: RecordDict, whose: str) -> tuple[ArrayRecord, dict[str, npt.NDArray[Any]]]:
    """The one ArrayRecord, and its arrays by name. DecodeError where there is none, or another."""
    found = list(content.array_records.values())
    if len(found) != 1:
        raise DecodeError(f"{whose} must have one ArrayRecord, the model; it has {len(found)}")
    return found[0], {name: array.numpy() for name, array in found[0].items()}
