"""Merkle trees against the definition in RFC 6962 section 2.1, written out again here."""

from __future__ import annotations

import hashlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import merkle
from pyzkfl.errors import ParameterError, ProofInvalid, SystemFailure


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def definition(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return sha(b"\0", leaves[0])
    k = split(len(leaves))
    return sha(b"\1", definition(leaves[:k]), definition(leaves[k:]))


def path_by_definition(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path_by_definition(m, leaves[:k]), definition(leaves[k:])]
    return [*path_by_definition(m - k, leaves[k:]), definition(leaves[:k])]


def some(n: int) -> list[bytes]:
    return [b"leaf %d" % i for i in range(n)]


@pytest.mark.parametrize("n", [*range(20), 31, 32, 33, 64, 100])
def test_root_and_every_path_are_those_of_the_rfc(n: int) -> None:
    leaves = some(n)
    root = merkle.root(leaves)
    assert root == definition(leaves)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    for index in range(n):
        path = merkle.inclusion_proof(hashes, index)
        assert path == path_by_definition(index, leaves)
        merkle.verify_inclusion(root, leaves[index], index, n, path)


def test_known_roots_of_certificate_transparency() -> None:
    # The test tree of RFC 6962's reference implementation: inputs and roots for 1, 2, 3 and 8 leaves.
    inputs = [bytes.fromhex(x) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(inputs[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(inputs[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert merkle.root(inputs).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.integers(1, 40), st.data())
def test_a_path_proves_one_leaf_at_one_place_in_one_tree(n: int, data: st.DataObject) -> None:
    leaves = some(n)
    root = merkle.root(leaves)
    index = data.draw(st.integers(0, n - 1))
    path = merkle.inclusion_proof([merkle.leaf_hash(leaf) for leaf in leaves], index)
    wrong: list[tuple[bytes, bytes, int, int, list[bytes]]] = [
        (root, b"another", index, n, path),
        (bytes(32), leaves[index], index, n, path),
        (root, leaves[index], index, n, [*path, bytes(32)]),
        (root, leaves[index], n, n, path),
        (root, leaves[index], -1, n, path),
    ]
    if path:
        wrong.append((root, leaves[index], index, n, path[:-1]))
        wrong.append((root, leaves[index], index ^ 1, n, path))
        level = data.draw(st.integers(0, len(path) - 1))
        changed = list(path)
        changed[level] = sha(changed[level])
        wrong.append((root, leaves[index], index, n, changed))
    for arguments in wrong:
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(*arguments)


def test_an_inner_node_is_not_a_leaf() -> None:
    a, b = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.root([a + b]) != merkle.root([b"a", b"b"])
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(merkle.root([b"a", b"b"]), b"\1" + a + b, 0, 1, [])


def test_lists_of_different_length_have_different_roots() -> None:
    assert len({merkle.root(some(n)) for n in range(40)}) == 40
    assert merkle.root([b"a", b"b", b"b"]) != merkle.root([b"a", b"b"])


def test_there_is_no_proof_of_a_leaf_that_is_not_there() -> None:
    with pytest.raises(ParameterError):
        merkle.inclusion_proof([bytes(32)], 1)


@pytest.mark.parametrize("n", [*range(1, 20), 31, 32, 33, 100, 2047, 2048, 2049, 4097])
def test_a_tree_in_files_is_the_same_tree(n: int) -> None:
    leaves = [i.to_bytes(4, "little") for i in range(n)]
    with tempfile.TemporaryFile() as leaf_file, tempfile.TemporaryFile() as node_file:
        tree = merkle.TreeFile(leaf_file, node_file, 4)
        for leaf in leaves:
            tree.append(leaf)
        assert tree.finish() == merkle.root(leaves)
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        for index in range(n) if n <= 100 else (0, 1, n // 2, n - 2, n - 1):
            assert tree.leaf(index) == leaves[index]
            assert tree.path(index) == merkle.inclusion_proof(hashes, index)


def test_a_tree_in_files_says_what_it_cannot_do() -> None:
    with tempfile.TemporaryFile() as leaf_file, tempfile.TemporaryFile() as node_file:
        tree = merkle.TreeFile(leaf_file, node_file, 4)
        with pytest.raises(ParameterError, match="at least one leaf"):
            tree.finish()
        with pytest.raises(ParameterError, match="4 bytes"):
            tree.append(b"abc")
        tree.append(b"abcd")
        tree.append(b"efgh")
        with pytest.raises(ParameterError, match="not finished"):
            tree.path(0)
        tree.finish()
        for index in (-1, 2):
            with pytest.raises(ParameterError, match="no leaf"):
                tree.path(index)
        with pytest.raises(ParameterError, match="after the end"):
            tree.append(b"ijkl")
        node_file.truncate(32)
        with pytest.raises(SystemFailure, match="cut short"):
            tree.path(0)
