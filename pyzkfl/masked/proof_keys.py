"""Where nodes and server of a framework have the keys of their proofs from: a file each of them reads, named by digest.

Two kinds. `SetupKeys` is the file of a setup that members made together (docs/protocol.md, section 4), by the terms
that are bound to it. `DevelopmentKeys` is a file that one process wrote: **whoever made it could forge every proof**.
It is for simulations, says so whenever it is read, and its digest is of another domain, so that nodes that wait for a
setup's keys never take it for one.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import warnings
from pathlib import Path
from typing import IO, Any

from pyzkfl import _core, encoding
from pyzkfl.cache_folder import write_whole
from pyzkfl.ceremony import InsecureSetupWarning
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.engine_setup import NormTerms
from pyzkfl.errors import DecodeError, ParameterError, SetupInvalid, SystemFailure
from pyzkfl.job import Job
from pyzkfl.network import NetworkJob, NetworkProver
from pyzkfl.norm import NormProver
from pyzkfl.setup_files import read_setup

__all__ = ["DevelopmentKeys", "ProofKeys", "SetupKeys"]

_DOMAIN = b"pyzkfl/1 development keys"


@dataclasses.dataclass(frozen=True)
class SetupKeys:
    """The file of a setup. terms: bound to it, by whoever verified it: NormTerms, or the Job with the network."""

    path: str
    terms: NormTerms | Job

    @property
    def digest(self) -> bytes:
        """Of the setup's transcript, 32 bytes."""
        return self.terms.setup

    def norm_prover(self, dimension: int, bound: int) -> NormProver:
        """SetupInvalid where the file is another, ParameterError where the terms are of another bound."""
        prover = _read_setup(self.path, self.terms)
        if not isinstance(prover, NormProver) or (prover.dimension, prover.bound) != (dimension, bound):
            raise ParameterError(f"the keys in {self.path} are not for norms up to {bound} of {dimension} coordinates")
        return prover

    def network_prover(self, network: NetworkJob) -> NetworkProver:
        """As norm_prover, for the steps of a network."""
        keys = _read_setup(self.path, self.terms)
        if not isinstance(keys, EngineKeys) or not isinstance(self.terms, Job) or self.terms.network != network:
            raise ParameterError(f"the keys in {self.path} are not for this network's steps")
        return keys.network_prover(network)


@dataclasses.dataclass(frozen=True)
class DevelopmentKeys:
    """A file of keys that one process made, and the digest of its bytes. For simulations: its maker can forge."""

    path: str
    digest: bytes

    @staticmethod
    def for_norm(path: str | os.PathLike[str], dimension: int, bound: int) -> DevelopmentKeys:
        """The file, made where there is none; the one that is there where it is of the same statement."""
        return _development(Path(path), _norm(dimension, bound))

    @staticmethod
    def for_network(path: str | os.PathLike[str], network: NetworkJob) -> DevelopmentKeys:
        """As for_norm, for the steps of a network."""
        return _development(Path(path), network.core)

    def norm_prover(self, dimension: int, bound: int) -> NormProver:
        """Reads the file once in a process. SetupInvalid where it is not the one with this digest; warns."""
        return _norm_prover(self, dimension, bound)

    def network_prover(self, network: NetworkJob) -> NetworkProver:
        """As norm_prover."""
        return _network_prover(self, network)

    def read(self, subject: bytes, log_height: int) -> tuple[Any, Any]:
        """Column key and proving key. subject: digest of the program that they must be for."""
        data = _bytes_of(Path(self.path))
        if hashlib.sha256(_DOMAIN + data).digest() != self.digest:
            raise SetupInvalid(f"{self.path} has other development keys than were agreed on, or was changed")
        body = _body(self.path, data)
        if body["subject"] != subject:
            raise SetupInvalid(f"the development keys in {self.path} are for another statement")
        warnings.warn(
            f"{self.path}: development keys, made by one process that could forge proofs", InsecureSetupWarning,
            stacklevel=4,
        )  # fmt: skip
        powers = _core.groth16.Phase1.from_bytes(body["powers"], trusted=True)
        columns = _core.engine.ColumnKey.from_phase1(powers, log_height)
        return columns, _core.groth16.ProvingKey.from_bytes(body["proving"], trusted=True)


ProofKeys = SetupKeys | DevelopmentKeys


@functools.lru_cache(maxsize=8)
def _norm(dimension: int, bound: int) -> Any:
    return _core.engine.NormBound(dimension, bound)


@functools.lru_cache(maxsize=4)
def _norm_prover(keys: DevelopmentKeys, dimension: int, bound: int) -> NormProver:
    core = _norm(dimension, bound)
    columns, proving = keys.read(bytes(core.digest), core.log_height)
    return NormProver(dimension, bound, columns, core, core.prover_of_keys(proving, columns))


@functools.lru_cache(maxsize=4)
def _network_prover(keys: DevelopmentKeys, network: NetworkJob) -> NetworkProver:
    core = network.core
    columns, proving = keys.read(bytes(core.digest), core.log_height)
    return NetworkProver(network, columns, _core.engine.Prover.from_keys(core, proving, columns))


@functools.lru_cache(maxsize=4)
def _read_setup(path: str, terms: NormTerms | Job) -> Any:
    return read_setup(path, terms)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SystemFailure(f"{path} cannot be read: {error.strerror}") from error


def _body(path: str | Path, data: bytes) -> dict[str, Any]:
    try:
        body = encoding.decode(encoding.Kind.DEVELOPMENT_KEYS, data)
        encoding.expect_map(body, {"subject", "powers", "proving"})
        for name in ("subject", "powers", "proving"):
            encoding.expect_type(body, name, bytes)
    except DecodeError as error:
        raise type(error)(f"{path}: {error}") from error
    return dict(body)


def _development(path: Path, core: Any) -> DevelopmentKeys:
    if path.exists():
        data = _bytes_of(path)
        if _body(path, data)["subject"] == bytes(core.digest):
            return DevelopmentKeys(str(path), hashlib.sha256(_DOMAIN + data).digest())
    warnings.warn(f"{path}: this process makes development keys, and could forge", InsecureSetupWarning, stacklevel=4)
    powers, _ = _core.groth16.Phase1.initial(core.log_height, _DOMAIN).contribute("development", _DOMAIN)
    body = {
        "subject": bytes(core.digest),
        "powers": powers.to_bytes(),
        "proving": _core.groth16.insecure_setup(core.constraint_system()).to_bytes(),
    }
    data = encoding.encode(encoding.Kind.DEVELOPMENT_KEYS, body)

    def write(file: IO[bytes]) -> None:
        file.write(data)

    write_whole(path, write, "development keys")  # another process may be reading
    return DevelopmentKeys(str(path), hashlib.sha256(_DOMAIN + data).digest())
