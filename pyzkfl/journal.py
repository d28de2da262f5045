"""Tables whose changes can be taken back: a batch of ledger records counts as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, Generic, TypeVar

__all__ = ["Journal", "Table"]

K = TypeVar("K")
V = TypeVar("V")
_ABSENT: Any = object()


class Journal:
    """What changed since `begin`, so that `undo` restores it.

    >>> journal = Journal()
    >>> table = journal.table(0)
    >>> table["a"] = 1
    >>> journal.begin()
    >>> table["a"] += 5
    >>> table["b"] = 2
    >>> journal.undo()
    >>> dict(table)
    {'a': 1}
    """

    def __init__(self) -> None:
        self._log: list[tuple[dict[Any, Any], Any, Any]] | None = None

    def table(self, default: V) -> Table[Any, V]:
        """An empty table; an absent key reads as `default`, which like all values must be immutable."""
        return Table(self, default)

    def begin(self) -> None:
        """Remember what changes from here on."""
        self._log = []

    def end(self) -> None:
        """It stays."""
        self._log = None

    def undo(self) -> None:
        """Everything as it was at `begin`."""
        for data, key, value in reversed(self._log or ()):
            if value is _ABSENT:
                del data[key]
            else:
                data[key] = value
        self._log = None

    def note(self, data: dict[Any, Any], key: Any) -> None:
        """A value is about to change."""
        if self._log is not None:
            self._log.append((data, key, data.get(key, _ABSENT)))


class Table(MutableMapping[K, V], Generic[K, V]):
    """A dict with a default, tied to a journal."""

    def __init__(self, journal: Journal, default: V) -> None:
        self._journal, self._default = journal, default
        self._data: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        return self._data.get(key, self._default)

    def __setitem__(self, key: K, value: V) -> None:
        self._journal.note(self._data, key)
        self._data[key] = value

    def __delitem__(self, key: K) -> None:
        self._journal.note(self._data, key)
        del self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)
