"""Powers of tau in snarkjs's files (.ptau): the first phase of a Groth16 setup, which serves every circuit.

One honest contributor is enough. Whoever knows the secrets of all of them can forge proofs under every key made from
the file. `pyzkfl.groth16` has an example.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyzkfl._core import engine as _engine
from pyzkfl._core import formats as _formats
from pyzkfl.errors import SetupInvalid

if TYPE_CHECKING:
    Path = str | os.PathLike[str]
    Progress = Callable[[float], object]

__all__ = ["Contribution", "PtauInfo", "column_key", "contribute", "info", "new", "prepare", "verify"]


@dataclass(frozen=True)
class Contribution:
    """What a contributor calls itself, and whether it is a public beacon."""

    name: str
    is_beacon: bool


@dataclass(frozen=True)
class PtauInfo:
    """log_n: for circuits of at most 2^log_n rows, out of a ceremony for 2^ceremony_log_n."""

    log_n: int
    ceremony_log_n: int
    prepared: bool
    contributions: tuple[Contribution, ...]


def info(path: Path) -> PtauInfo:
    """What a file says of itself; `verify` checks it. Raises DecodeError, UnsupportedVersion, SystemFailure."""
    found = _formats.ptau_info(os.fspath(path))
    names = tuple(Contribution(name.decode(errors="replace"), beacon) for name, beacon in found["contributions"])
    return PtauInfo(found["log_n"], found["ceremony_log_n"], found["prepared"], names)


def new(log_n: int, path: Path) -> None:
    """Write the powers of one, for circuits of at most 2^log_n rows (1 to 28). Replaces `path`."""
    _formats.new_ptau(os.fspath(path), log_n)


def contribute(path: Path, output: Path, *, name: str = "", progress: Progress | None = None) -> None:
    """Verify a file, multiply fresh secrets of this machine into it, and forget them.

    name: at most 64 bytes, for the record. Raises ParameterError for a file that does not verify, DecodeError,
    SystemFailure; replaces `output` only when all is done.
    """
    _formats.contribute_ptau(os.fspath(path), os.fspath(output), name, progress)


def prepare(path: Path, output: Path, *, progress: Progress | None = None) -> None:
    """Add the Lagrange bases that `pyzkfl.groth16.setup` starts from."""
    _formats.prepare_ptau(os.fspath(path), os.fspath(output), progress)


def verify(path: Path, *, progress: Progress | None = None) -> None:
    """Check powers, contributions and, in a prepared file, bases. Raises SetupInvalid saying what is wrong."""
    problem = _formats.ptau_problem(os.fspath(path), progress)
    if problem is not None:
        raise SetupInvalid(f"{os.fspath(path)}: {problem}")


def column_key(path: Path, log_height: int) -> Any:
    """The engine's string for columns of 2^log_height cells (docs/engine.md, section 1), for `NetworkProver.insecure`.

    It is the file's first powers of tau. They are checked to be powers of one tau; `verify` checks who contributed.
    Raises ParameterError for a file with too few powers or no contribution, DecodeError, SystemFailure.
    """
    return _engine.ColumnKey.from_ptau(path, log_height)
