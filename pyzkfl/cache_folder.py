"""Where pyzkfl keeps what it can make again: $PYZKFL_CACHE, else pyzkfl under $XDG_CACHE_HOME or ~/.cache."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The folder; it need not exist."""
    if chosen := os.environ.get("PYZKFL_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyzkfl"
