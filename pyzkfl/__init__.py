"""Federated learning in which every update is proven in zero knowledge, masked, and recorded.

Names below are loaded when first used, so that `pyzkfl doctor` can say what is wrong with an installation whose native
core does not load, and `pyzkfl --help` does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pyzkfl._build_info import build_stamp
from pyzkfl._version import __version__

if TYPE_CHECKING:
    _core: Any  # the native core ships no types
    from pyzkfl._core.identity import IdentityKey
    from pyzkfl.client import Client
    from pyzkfl.composition import compose
    from pyzkfl.coordinator import Coordinator
    from pyzkfl.errors import PyzkflError
    from pyzkfl.job import Job, Member
    from pyzkfl.proofs import aggregate, prove, verify
    from pyzkfl.statement import Statement
    from pyzkfl.transport import InProcessChannel, SocketChannel

# Public name -> the module that defines it.
_HOME = {
    "Client": "pyzkfl.client",
    "Coordinator": "pyzkfl.coordinator",
    "IdentityKey": "pyzkfl._core.identity",
    "InProcessChannel": "pyzkfl.transport",
    "Job": "pyzkfl.job",
    "Member": "pyzkfl.job",
    "PyzkflError": "pyzkfl.errors",
    "SocketChannel": "pyzkfl.transport",
    "Statement": "pyzkfl.statement",
    "aggregate": "pyzkfl.proofs",
    "compose": "pyzkfl.composition",
    "prove": "pyzkfl.proofs",
    "verify": "pyzkfl.proofs",
}

__all__ = [
    "Client",
    "Coordinator",
    "IdentityKey",
    "InProcessChannel",
    "Job",
    "Member",
    "PyzkflError",
    "SocketChannel",
    "Statement",
    "__version__",
    "aggregate",
    "build_stamp",
    "compose",
    "prove",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pyzkfl' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
