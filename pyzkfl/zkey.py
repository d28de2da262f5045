"""The second phase of a Groth16 setup: contributions to a `.zkey`, and the verification of all of them.

    >>> import tempfile, os
    >>> from pyzkfl import _core, groth16, ptau, zkey
    >>> folder = tempfile.TemporaryDirectory()
    >>> at = lambda name: os.path.join(folder.name, name)
    >>> _core.formats.write_r1cs(at("chain.r1cs"), _core.r1cs.chain_circuit(6))
    >>> ptau.new(4, at("0.ptau"))
    >>> published = ptau.contribute(at("0.ptau"), at("1.ptau"))
    >>> ptau.prepare(at("1.ptau"), at("2.ptau"))
    >>> groth16.setup(at("chain.r1cs"), at("2.ptau"), at("0.zkey"), name="first")

Every party in turn contributes, on its own machine, and publishes the hash that it gets; a public beacon ends it:

    >>> published = zkey.contribute(at("0.zkey"), at("1.zkey"), name="second")
    >>> _ = zkey.beacon(at("1.zkey"), at("2.zkey"), bytes.fromhex("c0ffee"), 10)
    >>> [contribution.name for contribution in zkey.info(at("2.zkey")).contributions]
    ['first', 'second', '']

Anybody verifies, with the circuit and the powers; each party that its own hash is there:

    >>> zkey.verify(at("chain.r1cs"), at("2.ptau"), at("2.zkey"), contributions=[published])
    >>> zkey.verify(at("chain.r1cs"), at("2.ptau"), at("2.zkey"), contributions=[bytes(64)])
    Traceback (most recent call last):
    pyzkfl.errors.SetupInvalid: no contribution has the hash 000...
    >>> folder.cleanup()

The files are snarkjs's: each step may be done with either program. `docs/ceremony.md` is a guide.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyzkfl._core import formats as _formats
from pyzkfl.contributions import Contribution, expect_contributions
from pyzkfl.errors import SetupInvalid

if TYPE_CHECKING:
    Path = str | os.PathLike[str]
    Progress = Callable[[float], object]

__all__ = ["Contribution", "ZkeyInfo", "beacon", "contribute", "info", "verify"]


@dataclass(frozen=True)
class ZkeyInfo:
    """What a key says of itself. circuit_hash: names the key before all contributions, 64 bytes."""

    num_wires: int
    num_public: int
    log_n: int
    circuit_hash: bytes
    contributions: tuple[Contribution, ...]


def info(path: Path) -> ZkeyInfo:
    """Read the header and the records of contributions; `verify` checks them. Raises DecodeError, UnsupportedVersion,
    SystemFailure."""
    file = _formats.ZkeyFile(os.fspath(path))
    records = tuple(map(Contribution.from_core, file.contributions()))
    return ZkeyInfo(file.num_wires, file.num_public, file.log_n, file.circuit_hash, records)


def contribute(path: Path, output: Path, *, name: str = "", progress: Progress | None = None) -> bytes:
    """Multiply a fresh secret of this machine into a key, and forget it. Returns the hash of the record (64 bytes):
    publish it, and look for it in the finished key.

    path: a key of `pyzkfl groth16 setup` or `snarkjs groth16 setup`, with contributions or without; it may be `output`.
    name: at most 64 bytes, for the record. The input's chain of contributions is verified first. Raises ParameterError
    for a key that does not hold, DecodeError, SystemFailure; replaces `output` only when all is done.
    """
    digest: bytes = _formats.contribute_zkey(os.fspath(path), os.fspath(output), name, progress=progress)
    return digest


def beacon(
    path: Path, output: Path, value: bytes, iterations_log: int, *, name: str = "", progress: Progress | None = None
) -> bytes:
    """Contribute what everybody computes from a public value, by 2^iterations_log (10 to 28) iterations of SHA-256.
    Returns the hash of the record.

    value: 1 to 255 bytes that nobody could know when the last party contributed (the hash of a block to come, agreed on
    before). Raises as `contribute`, and UnsupportedVersion where the beacons of a file take more than 2^28 iterations
    together.
    """
    digest: bytes = _formats.contribute_zkey(
        os.fspath(path), os.fspath(output), name, value, iterations_log, progress
    )
    return digest


def verify(
    r1cs: Path, ptau: Path, zkey: Path, *, contributions: Iterable[bytes] = (), progress: Progress | None = None
) -> None:
    """Check that a key is that of a circuit, made from these powers of tau and the contributions that it records, and
    no others. Raises SetupInvalid saying what is wrong.

    contributions: hashes that contributors published, each of which must be there. Checked are all contributions (proof
    of knowledge, place in the chain, delta; beacons recomputed), the circuit's part of the key, computed again, and L
    and H against it. The powers themselves are for `pyzkfl.ptau.verify`. Raises DecodeError, ParameterError for what is
    wrong with circuit or powers, or is no key at all.
    """
    file = _formats.ZkeyFile(os.fspath(zkey))
    problem = _formats.ceremony_problem(os.fspath(r1cs), os.fspath(ptau), file, progress)
    if problem is not None:
        raise SetupInvalid(f"{os.fspath(zkey)}: {problem}")
    expect_contributions(map(Contribution.from_core, file.contributions()), contributions)
