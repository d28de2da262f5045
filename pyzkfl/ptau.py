"""Powers of tau in snarkjs's files (.ptau): the first phase of a Groth16 setup, which serves every circuit.

One honest contributor is enough. Whoever knows the secrets of all of them can forge proofs under every key made from
the file. `pyzkfl.groth16` has an example.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyzkfl._core import engine as _engine
from pyzkfl._core import formats as _formats
from pyzkfl.contributions import Contribution, expect_contributions
from pyzkfl.errors import SetupInvalid

if TYPE_CHECKING:
    Path = str | os.PathLike[str]
    Progress = Callable[[float], object]

__all__ = ["Contribution", "PtauInfo", "beacon", "column_key", "contribute", "info", "new", "prepare", "verify"]


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
    records = tuple(map(Contribution.from_core, found["contributions"]))
    return PtauInfo(found["log_n"], found["ceremony_log_n"], found["prepared"], records)


def new(log_n: int, path: Path) -> None:
    """Write the powers of one, for circuits of at most 2^log_n rows (1 to 28). Replaces `path`."""
    _formats.new_ptau(os.fspath(path), log_n)


def contribute(path: Path, output: Path, *, name: str = "", progress: Progress | None = None) -> bytes:
    """Verify a file, multiply fresh secrets of this machine into it, and forget them. Returns the hash of the response
    (64 bytes): publish it, and look for it in the finished file.

    name: at most 64 bytes, for the record. Raises ParameterError for a file that does not verify, DecodeError,
    SystemFailure; replaces `output` only when all is done.
    """
    digest: bytes = _formats.contribute_ptau(os.fspath(path), os.fspath(output), name, progress=progress)
    return digest


def beacon(
    path: Path, output: Path, value: bytes, iterations_log: int, *, name: str = "", progress: Progress | None = None
) -> bytes:
    """Contribute what everybody computes from a public value, by 2^iterations_log (10 to 28) iterations of SHA-256.

    Returns the hash of the response. Raises as `contribute`, and UnsupportedVersion where the beacons of a file take
    more than 2^28 iterations together. `pyzkfl.zkey.beacon` says what a value is to be like.
    """
    digest: bytes = _formats.contribute_ptau(
        os.fspath(path), os.fspath(output), name, value, iterations_log, progress
    )
    return digest


def prepare(path: Path, output: Path, *, progress: Progress | None = None) -> None:
    """Add the Lagrange bases that `pyzkfl.groth16.setup` starts from."""
    _formats.prepare_ptau(os.fspath(path), os.fspath(output), progress)


def verify(path: Path, *, contributions: Iterable[bytes] = (), progress: Progress | None = None) -> None:
    """Check powers, contributions and, in a prepared file, bases. Raises SetupInvalid saying what is wrong.

    contributions: hashes that contributors published, each of which must be there.
    """
    problem = _formats.ptau_problem(os.fspath(path), progress)
    if problem is not None:
        raise SetupInvalid(f"{os.fspath(path)}: {problem}")
    expect_contributions(info(path).contributions, contributions)


def column_key(path: Path, log_height: int) -> Any:
    """The engine's string for columns of 2^log_height cells (docs/engine.md, section 1), for `NetworkProver.insecure`.

    It is the file's first powers of tau. They are checked to be powers of one tau; `verify` checks who contributed.
    Raises ParameterError for a file with too few powers or no contribution, DecodeError, SystemFailure.
    """
    return _engine.ColumnKey.from_ptau(path, log_height)
