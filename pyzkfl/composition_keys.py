"""Keys of a composition: of the leaf circuit, which has a job's engine keys and tables as constants, and of the node
circuit, which has the leaf's. Both stand on one first phase (docs/recursion.md, section 1; docs/formats.md).

They are large (half a gigabyte together and more), so they live in one file, are mapped from there, and are read when
a proof is first made in a process: what travels to a worker is the path and the verifying keys.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import mmap
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pyzkfl import _core, encoding
from pyzkfl.cache_folder import cache_folder, make_room, write_whole
from pyzkfl.composed import ComposedVerifier
from pyzkfl.errors import DecodeError, ParameterError, SystemFailure
from pyzkfl.network import NetworkJob, NetworkVerifier
from pyzkfl.step_context import TAG

if TYPE_CHECKING:
    from pyzkfl.engine_keys import EngineKeys

__all__ = ["LIMIT_BYTES", "CompositionKeys", "LeafCircuit", "folder"]

LIMIT_BYTES = 4 << 30  # of all files
_HEAD = encoding.HEADER_BYTES + 3 * 32 + 4 * 8

Progress = Callable[[float], None]


def folder() -> Path:
    """`insecure-composition-keys` in the cache folder: where development keys are kept."""
    return cache_folder() / "insecure-composition-keys"


@dataclasses.dataclass(frozen=True)
class LeafCircuit:
    """What a leaf circuit is made of: a network, the points of its engine keys (896 bytes), C(T). Can be pickled.

    Make it with `of`. ParameterError for a network whose proofs do not compose: one that carries momentum over rounds,
    or one in bits, which has no tables.
    """

    network: NetworkJob
    points: bytes
    tables: bytes

    @staticmethod
    def of(verifier: NetworkVerifier | EngineKeys) -> LeafCircuit:
        """Of the proofs that this verifier checks."""
        network, core = verifier.leaf_parts
        return LeafCircuit(network, bytes(_core.recursion.engine_points(core)), verifier.tables_commitment)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all of it, 32 bytes."""
        return hashlib.sha256(b"pyzkfl/1 leaf circuit" + self.network.digest + self.points + self.tables).digest()

    @functools.cached_property
    def core(self) -> Any:
        """The core's circuit."""
        tag = int.from_bytes(TAG + self.network.steps.to_bytes(2, "big") + bytes(10), "big")
        return _core.recursion.Leaf(self.network.core, self.points, self.tables, tag)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True)
class CompositionKeys:
    """Keys in a file, with the circuit that they are for. Nothing in them is secret. Can be pickled: the other process
    needs the same file.

    leaf, node: verifying keys, as bytes. insecure: whether one process knew the secrets.
    """

    circuit: LeafCircuit
    path: Path
    leaf: bytes
    node: bytes
    insecure: bool

    @functools.cached_property
    def verifier(self) -> ComposedVerifier:
        """What verifies the proofs composed with these keys: small, and all that a verifier needs."""
        return ComposedVerifier(self.node)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @staticmethod
    def make_insecure(verifier: NetworkVerifier | EngineKeys, *, progress: Progress | None = None) -> CompositionKeys:
        """Development keys, from secrets that this process knew and forgot: for tests and benchmarks. Warns.

        Half a minute or more; kept in the cache folder for the next process, at most 4 GiB of them.
        """
        warnings.warn("insecure keys: this process knew the secrets of the composition's setup", stacklevel=2)
        circuit = LeafCircuit.of(verifier)
        system = circuit.core.constraint_system()
        label = hashlib.sha256(b"pyzkfl/1 composition keys" + circuit.digest + bytes(system.digest)).digest()
        path = folder() / f"{label.hex()}.insecure"
        if path.exists():
            try:
                found = CompositionKeys.read(path, circuit)
                os.utime(path)
                return found
            except DecodeError as error:
                warnings.warn(f"{path} is damaged ({error}): its keys are made again, and are others", stacklevel=2)
        leaf, node = circuit.core.insecure_keys(progress)
        keys = CompositionKeys.write(path, circuit, leaf, node, insecure=True)
        make_room(path.parent, "*.insecure", LIMIT_BYTES, path)
        return keys

    @staticmethod
    def write(path: Path, circuit: LeafCircuit, leaf: Any, node: Any, *, insecure: bool = False) -> CompositionKeys:
        """Keep the proving keys of both circuits, as the ends of their setups gave them. ParameterError for keys that
        do not belong together; SystemFailure where they cannot be written."""
        if bytes(leaf.circuit) != bytes(circuit.core.constraint_system().digest):
            raise ParameterError("the leaf's key is of another circuit: another network, other engine keys or tables")
        if bytes(node.circuit) != bytes(_core.recursion.Node(leaf.verifying_key).constraint_system().digest):
            raise ParameterError("the node's key is of another circuit: it belongs to another leaf's")
        points = [key.verifying_key.evm_points() for key in (leaf, node)]
        if any(points[0][name] != points[1][name] for name in ("alpha", "beta")):
            raise ParameterError("the node's key is of another first phase than the leaf's")
        verifying = [bytes(key.verifying_key.to_bytes()) for key in (leaf, node)]

        def write(file: IO[bytes]) -> None:
            file.write(bytes(_HEAD) + verifying[0] + verifying[1])
            digests, sizes = [], [len(part) for part in verifying]
            for key in (leaf, node):
                hasher, before = hashlib.sha256(), file.tell()

                def piece(data: bytes, hasher: Any = hasher) -> None:
                    hasher.update(data)
                    file.write(data)

                key.stream(piece)
                digests.append(hasher.digest())
                sizes.append(file.tell() - before)
            file.seek(0)
            kind = encoding.Kind.INSECURE_COMPOSITION_KEYS if insecure else encoding.Kind.COMPOSITION_KEYS
            head = circuit.digest + digests[0] + digests[1] + b"".join(size.to_bytes(8, "little") for size in sizes)
            file.write(encoding.header(kind) + head)

        write_whole(path, write, "the keys of a composition")
        return CompositionKeys(circuit, Path(path), verifying[0], verifying[1], insecure)

    @staticmethod
    def read(path: Path, circuit: LeafCircuit) -> CompositionKeys:
        """Keys from a file: its head and verifying keys, here; the rest when a proof is made. DecodeError for a file of
        another circuit, or that was cut; SystemFailure where it cannot be read."""
        with _mapped(path) as data:
            head = _Head.of(data)
            if head.circuit != circuit.digest:
                raise DecodeError(f"{path} has keys of another leaf circuit")
            leaf, node = (bytes(data[slice(*head.spans[i])]) for i in (0, 1))
        for key in (leaf, node):
            _core.groth16.VerifyingKey.from_bytes(key)
        return CompositionKeys(circuit, Path(path), leaf, node, head.insecure)

    def proving(self, which: int) -> Any:
        """The proving key of leaves (0) or nodes (1), from the file. DecodeError where it was changed meanwhile."""
        with _mapped(self.path) as data:
            head = _Head.of(data)
            expected = (self.leaf, self.node)[which]
            if bytes(data[slice(*head.spans[which])]) != expected:
                raise DecodeError(f"{self.path} has another key than the one that these keys were read with")
            with data[slice(*head.spans[2 + which])] as part:
                if hashlib.sha256(part).digest() != head.digests[which]:
                    raise DecodeError(f"{self.path} is damaged: the proving key is not the one that was written")
                key = _core.groth16.ProvingKey.from_bytes(part, trusted=self.insecure)
        if bytes(key.verifying_key.to_bytes()) != expected:
            raise DecodeError(f"{self.path} is damaged: its proving key is not that of its verifying key")
        return key

    def node_circuit(self) -> Any:
        """The core's circuit of nodes."""
        return _core.recursion.Node(_core.groth16.VerifyingKey.from_bytes(self.leaf))


@dataclasses.dataclass(frozen=True)
class _Head:
    """The fixed part of a file. spans: of leaf's and node's verifying keys, leaf's and node's proving keys."""

    insecure: bool
    circuit: bytes
    digests: tuple[bytes, bytes]
    spans: tuple[tuple[int, int], ...]

    @staticmethod
    def of(data: memoryview) -> _Head:
        raw = bytes(data[:_HEAD])
        if len(raw) < _HEAD:
            raise DecodeError("the file of composition keys was cut")
        insecure = raw.startswith(encoding.header(encoding.Kind.INSECURE_COMPOSITION_KEYS))
        kind = encoding.Kind.INSECURE_COMPOSITION_KEYS if insecure else encoding.Kind.COMPOSITION_KEYS
        body = encoding.unframe(kind, raw)
        at, spans = _HEAD, []
        for place in range(96, 128, 8):
            size = int.from_bytes(body[place : place + 8], "little")
            spans.append((at, at + size))
            at += size
        if at != len(data):
            raise DecodeError("the file of composition keys has another number of bytes than it says")
        return _Head(insecure, body[:32], (body[32:64], body[64:96]), tuple(spans))


class _mapped:
    """A file's bytes as long as the block lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> memoryview:
        try:
            with open(self._path, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SystemFailure(f"{self._path} cannot be read: {error.strerror}") from error
        except ValueError:  # nothing in it
            raise DecodeError(f"{self._path} is empty") from None
        self._view = memoryview(self._map)
        return self._view

    def __exit__(self, *_: object) -> None:
        self._view.release()
        self._map.close()
