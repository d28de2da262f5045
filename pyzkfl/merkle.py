"""Merkle trees as in RFC 6962 section 2.1 (SHA-256, leaves and nodes hashed under different prefixes).

Used for the batches of a committed dataset and for the records of a ledger block. A tree over n leaves splits at the
largest power of two below n, so leaves are never duplicated and no two lists have the same root. A root alone does not
say how many leaves there are: whoever verifies a path must know the size from elsewhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import IO

from pyzkfl.errors import ParameterError, ProofInvalid, SystemFailure

__all__ = ["TreeFile", "inclusion_proof", "leaf_hash", "root", "root_of_hashes", "root_of_path", "verify_inclusion"]

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf, 32 bytes."""
    return hashlib.sha256(_LEAF + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _above(level: list[bytes]) -> list[bytes]:
    """The level above: pairing neighbours and carrying an odd one up is RFC 6962's split."""
    return [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + level[len(level) & ~1 :]


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root, 32 bytes, over leaf hashes (32 bytes each); SHA-256 of nothing for an empty tree."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def root(leaves: Sequence[bytes]) -> bytes:
    """The root, 32 bytes, over leaves of any length.

    >>> root([b"a", b"b", b"c"]).hex()[:16]
    '36642e73c2540ab1'
    """
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`: sibling hashes from the leaf up, at most ceil(log2 n) of 32 bytes.

    hashes: leaf hashes of the whole tree. ParameterError when there is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise ParameterError(f"there is no leaf {index} in a tree of {len(hashes)}")
    path = []
    level = list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = _above(level)
        index >>= 1
    return path


def verify_inclusion(tree_root: bytes, leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> None:
    """ProofInvalid unless `path` shows that `leaf` is leaf number `index` of the tree of `size` leaves with this root.

    The shape of the path follows from index and size; a path of another length is refused (RFC 9162 section 2.1.3.2).

    >>> leaves = [b"a", b"b", b"c"]
    >>> path = inclusion_proof([leaf_hash(leaf) for leaf in leaves], 2)
    >>> verify_inclusion(root(leaves), b"c", 2, 3, path)
    >>> verify_inclusion(root(leaves), b"b", 2, 3, path)
    Traceback (most recent call last):
    pyzkfl.errors.ProofInvalid: leaf 2 is not in the tree of 3 leaves with this root
    """
    if root_of_path(leaf, index, size, path) != tree_root:
        raise ProofInvalid(f"leaf {index} is not in the tree of {size} leaves with this root")


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root, 32 bytes, of a tree of `size` leaves whose leaf `index` is this one, with this audit path.

    ProofInvalid for an index that such a tree does not have, and for a path of another shape.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"there is no leaf {index} in a tree of {size}")
    rest = list(path)
    if any(len(sibling) != 32 for sibling in rest):
        raise ProofInvalid("an inclusion proof is a list of hashes of 32 bytes")
    value = leaf_hash(leaf)
    position, last = index, size - 1
    while last > 0:
        if position & 1 or position < last:
            if not rest:
                raise ProofInvalid("the inclusion proof is too short for this tree")
            sibling = rest.pop(0)
            value = _node(sibling, value) if position & 1 else _node(value, sibling)
        position >>= 1
        last >>= 1
    if rest:
        raise ProofInvalid("the inclusion proof is too long for this tree")
    return value


class TreeFile:
    """A tree over very many leaves of one length, with leaves and nodes in two files and nothing in memory.

    Append leaves, then `finish`; after that leaves and audit paths are read where they lie, log2 n nodes each. The
    files are open for reading and writing, empty, and this object's alone. Raises SystemFailure when they cannot be
    written or were cut short.
    """

    _BLOCK = 2048  # nodes read at once when a level is hashed: 64 KiB

    def __init__(self, leaves: IO[bytes], nodes: IO[bytes], leaf_bytes: int) -> None:
        self._leaves, self._nodes, self._leaf_bytes = leaves, nodes, leaf_bytes
        self._first: list[int] = []  # of each level from the leaves' hashes up: the number of its first node
        self.size = 0

    def append(self, leaf: bytes) -> None:
        """One more leaf, at index `size`."""
        if len(leaf) != self._leaf_bytes or self._first:
            raise ParameterError(f"a leaf of this tree has {self._leaf_bytes} bytes, and none comes after the end")
        self._write(self._leaves, leaf)
        self._write(self._nodes, leaf_hash(leaf))
        self.size += 1

    def finish(self) -> bytes:
        """Hash the levels above the leaves; the root, 32 bytes. ParameterError for a tree without leaves."""
        if not self.size or self._first:
            raise ParameterError("a tree is finished once, and has at least one leaf")
        self._flush(self._leaves)
        first, count, end = 0, self.size, self.size
        self._first = [first]
        while count > 1:
            self._flush(self._nodes)
            for begin in range(first, first + count, self._BLOCK):
                data = self._read(self._nodes, 32, begin, min(self._BLOCK, first + count - begin))
                hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
                self._write(self._nodes, b"".join(_above(hashes)))
            first, count = end, (count + 1) // 2
            end += count
            self._first.append(first)
        self._flush(self._nodes)
        return self._read(self._nodes, 32, first, 1)

    def leaf(self, index: int) -> bytes:
        """Leaf `index` as it was appended."""
        self._check(index)
        return self._read(self._leaves, self._leaf_bytes, index, 1)

    def path(self, index: int) -> list[bytes]:
        """The audit path of leaf `index`, as inclusion_proof gives it."""
        self._check(index)
        path, count = [], self.size
        for first in self._first[:-1]:
            if index ^ 1 < count:
                path.append(self._read(self._nodes, 32, first + (index ^ 1), 1))
            index, count = index >> 1, (count + 1) // 2
        return path

    def _check(self, index: int) -> None:
        if not self._first:
            raise ParameterError("the tree is not finished")
        if not 0 <= index < self.size:
            raise ParameterError(f"there is no leaf {index} in a tree of {self.size}")

    @staticmethod
    def _write(file: IO[bytes], data: bytes) -> None:
        try:
            file.write(data)
        except OSError as error:
            raise SystemFailure(f"a tree's file cannot be written: {error.strerror}") from error

    @staticmethod
    def _flush(file: IO[bytes]) -> None:
        try:
            file.flush()
        except OSError as error:
            raise SystemFailure(f"a tree's file cannot be written: {error.strerror}") from error

    @staticmethod
    def _read(file: IO[bytes], size: int, first: int, count: int) -> bytes:
        data = os.pread(file.fileno(), size * count, size * first)
        if len(data) != size * count:
            raise SystemFailure("a tree's file was cut short")
        return data
