"""What this copy of pyzkfl was built from: every JSON we print carries `version` and `commit`."""

from __future__ import annotations

from pyzkfl._version import __version__ as version

try:
    from pyzkfl._built import COMMIT as commit  # written by setup.py
except ImportError:  # the sources, not yet built
    commit = "unknown"

__all__ = ["build_stamp", "commit", "version"]


def build_stamp() -> dict[str, int | str]:
    """The first keys of every JSON object of ours.

    >>> list(build_stamp())
    ['schema', 'version', 'commit']
    """
    return {"schema": 1, "version": version, "commit": commit}
