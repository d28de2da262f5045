"""Merkle trees as in RFC 6962 section 2.1 (SHA-256, leaves and nodes hashed under different prefixes).

Used for the batches of a committed dataset and for the records of a ledger block. A tree over n leaves splits at the
largest power of two below n, so leaves are never duplicated and no two lists have the same root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pyzkfl.errors import ParameterError, ProofInvalid

__all__ = ["inclusion_proof", "leaf_hash", "root", "root_of_hashes", "verify_inclusion"]

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf, 32 bytes."""
    return hashlib.sha256(_LEAF + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root, 32 bytes, over leaf hashes (32 bytes each); SHA-256 of nothing for an empty tree."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:  # pairing neighbours and carrying an odd one up is RFC 6962's split
        above = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = above + level[len(level) & ~1 :]
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
        above = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = above + level[len(level) & ~1 :]
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
    if not 0 <= index < size:
        raise ProofInvalid(f"there is no leaf {index} in a tree of {size}")
    rest = list(path)
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
    if rest or value != tree_root:
        raise ProofInvalid(f"leaf {index} is not in the tree of {size} leaves with this root")
