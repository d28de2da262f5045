"""Datasets committed to batch by batch: what is committed, what a path shows, what is refused, and how much memory."""

from __future__ import annotations

import dataclasses
import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyzkfl import _core, dataset_rows, encoding, merkle
from pyzkfl.blinders import random_blinder
from pyzkfl.committed_data import (
    BatchProof,
    CommittedData,
    DataCommitment,
    batch_indices,
    commit_dataset,
    open_batches,
)
from pyzkfl.dataset_rows import Shuffle, temporary_file
from pyzkfl.errors import DataError, DecodeError, ParameterError, ProofInvalid, RangeError
from pyzkfl.network import NetworkJob, NetworkProver, RoundStatement
from pyzkfl.statement import batch_index

JOB = NetworkJob(widths=(4, 3, 3), batch=8, learning_rate=0.1, steps=2, a_frac=5)


class Key:
    """Commits to batches as a verifier does, without the wrap circuit's keys, and counts."""

    def __init__(self, job: NetworkJob) -> None:
        self._job, self._columns = job, _core.engine.ColumnKey.insecure(job.core.log_height)
        self.made = 0

    def commit_batch(self, features: Any, labels: Any, blinder: bytes) -> bytes:
        self.made += 1
        return bytes(_core.engine.commit_batch(self._job.core, self._columns, features, labels, blinder))


@pytest.fixture(scope="module")
def key() -> Key:
    return Key(JOB)


def numbered(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that can be told apart by their features; labels follow from them."""
    x = np.zeros((rows, 4))
    x[:, 0], x[:, 1] = np.arange(rows) % 100 / 32.0, np.arange(rows) // 100 / 32.0
    return x, np.arange(rows) % 3


def rows_of(data: CommittedData) -> list[list[int]]:
    """Numbers of the rows in each batch, from what the batches hold."""
    out = []
    for index in range(len(data)):
        x, y, _ = data.batch(index)
        numbers = x[:, 0] + 100 * x[:, 1]
        assert np.array_equal(y, numbers % 3)
        assert not x[:, 2:].any()
        out.append([int(n) for n in numbers])
    return out


# ---- what is committed -----------------------------------------------------------------------------------------------


def test_every_row_is_in_one_batch_and_batches_are_as_equal_as_can_be(key: Key) -> None:
    for rows in (9, 16, 17, 203):
        batches = rows_of(commit_dataset(JOB, numbered(rows), key))
        assert sorted(n for batch in batches for n in batch) == list(range(rows))
        assert len(batches) == -(-rows // 8)
        assert {len(batch) for batch in batches} <= {rows // len(batches), rows // len(batches) + 1}


def test_rows_are_shuffled_and_differently_each_time(key: Key) -> None:
    first, second = (rows_of(commit_dataset(JOB, numbered(203), key)) for _ in range(2))
    assert first != second
    assert sum(max(batch) - min(batch) > 50 for batch in first) >= len(first) - 4  # a narrow one comes by chance


@pytest.mark.parametrize("n", [*range(1, 70), 1000, 20001])
def test_the_shuffle_is_a_permutation_whatever_the_pieces(n: int) -> None:
    seed = bytes([n % 256]) * 32
    shuffle = Shuffle(seed, n)
    whole = shuffle(0, n)
    assert np.array_equal(np.sort(whole), np.arange(n))
    for first in (n // 2, 0, n - 1, n // 3):
        last = min(n, first + 7)
        assert np.array_equal(Shuffle(seed, n)(first, last), whole[first:last])
        assert np.array_equal(shuffle(first, last), whole[first:last])


def test_commitments_are_those_of_the_batches_under_blinders_of_their_own(key: Key) -> None:
    data = commit_dataset(JOB, numbered(40), key)
    blinders = set()
    for index in range(len(data)):
        x, y, blinder = data.batch(index)
        proof = data.proof(index)
        assert proof.commitment == key.commit_batch(x, y, blinder)
        assert proof.rows == len(y)
        blinders.add(blinder)
    again = commit_dataset(JOB, numbered(40), key)
    blinders |= {again.batch(index)[2] for index in range(len(again))}
    assert len(blinders) == 10
    assert again.public != data.public


def test_arrays_files_maps_and_streams_give_the_same_rows(key: Key, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    x, y = numbered(50)
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    np.save(tmp_path / "y.npy", y)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=7
    )
    sources = {
        "arrays": (x, y),
        "tensors": (torch.from_numpy(x), torch.from_numpy(y)),
        "paths": (tmp_path / "x.npy", str(tmp_path / "y.npy")),
        "maps": (np.load(tmp_path / "x.npy", mmap_mode="c"), np.load(tmp_path / "y.npy", mmap_mode="r")),
        "stream": ((x[i : i + 9], y[i : i + 9]) for i in range(0, 50, 9)),
        "loader": loader,
    }
    for name, source in sources.items():
        batches = rows_of(commit_dataset(JOB, source, key, folder=tmp_path))
        assert sorted(n for batch in batches for n in batch) == list(range(50)), name
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npy", "y.npy"]


def test_changes_in_a_private_map_are_not_lost_when_its_pages_are_given_back(key: Key, tmp_path: Path) -> None:
    x, y = numbered(50)
    np.save(tmp_path / "x.npy", np.zeros_like(x))
    private = np.load(tmp_path / "x.npy", mmap_mode="c")
    private[:] = x
    batches = rows_of(commit_dataset(JOB, (private, y), key))
    assert sorted(n for batch in batches for n in batch) == list(range(50))


def test_sixteen_bits_are_kept_of_a_stream(tmp_path: Path) -> None:
    job = NetworkJob(widths=(2, 2), batch=4, learning_rate=0.1, x_bits=16, a_frac=8)
    x = np.array([[-128.0, 127.99609375], [100.5, -3.25], [0.00390625, 0.0]])
    data = commit_dataset(job, iter([(x, np.array([0, 1, 1]))]), Key(job), folder=tmp_path)
    got = sorted(map(tuple, data.batch(0)[0].tolist()))
    assert got == sorted(map(tuple, (x * 256).astype(int).tolist()))


def test_a_source_that_changes_after_it_was_committed_to_is_found(key: Key) -> None:
    x, y = numbered(20)
    data = commit_dataset(JOB, (x, y), key)
    x[:, 3] = 1.0
    with pytest.raises(DataError, match="batch 1 is not what was committed to"):
        data.batch(1)


# ---- what a path shows -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def five(key: Key) -> CommittedData:
    data = commit_dataset(JOB, numbered(37), key)
    assert len(data) == 5
    return data


def test_every_batch_has_a_path_and_nothing_else_does(five: CommittedData) -> None:
    public = five.public
    for index in range(5):
        proof = five.proof(index)
        public.verify(proof)
        other = five.proof((index + 1) % 5)
        wrong: list[dict[str, Any]] = [{"index": i} for i in (-1, *range(6)) if i != index]
        wrong += [
            {"rows": proof.rows - 1},
            {"rows": proof.rows + 1},
            {"rows": 0},
            {"rows": -1},
            {"rows": 1 << 32},
            {"commitment": other.commitment},
            {"commitment": proof.commitment[:-1]},
            {"commitment": proof.commitment + b"\0"},
            {"path": proof.path[:-1]},
            {"path": (*proof.path, bytes(32))},
            {"path": (proof.path[0] + proof.path[0][:1], *proof.path[1:])},
            {"path": other.path},
        ]
        wrong += [{"path": (*proof.path[:i], bytes(32), *proof.path[i + 1 :])} for i in range(len(proof.path))]
        for change in wrong:
            with pytest.raises(ProofInvalid, match="batch"):
                public.verify(dataclasses.replace(proof, **change))


def test_the_root_binds_the_number_of_batches(key: Key) -> None:
    data = commit_dataset(JOB, numbered(24), key)
    proof = data.proof(2)
    leaf = proof.rows.to_bytes(4, "little") + proof.commitment
    leaves = [p.rows.to_bytes(4, "little") + p.commitment for p in map(data.proof, range(3))]
    # The tree alone does not: leaf 2 of 3 has the shape of leaf 1 of 2.
    merkle.verify_inclusion(merkle.root(leaves), leaf, 1, 2, proof.path)
    with pytest.raises(ProofInvalid):
        dataclasses.replace(data.public, batches=2).verify(dataclasses.replace(proof, index=1))
    assert DataCommitment.of_tree(merkle.root(leaves), 3) == data.public
    roots = {DataCommitment.of_tree(merkle.root(leaves), n).root for n in range(1, 9)}
    assert len(roots) == 8 and merkle.root(leaves) not in roots


def test_an_inner_node_cannot_be_opened_as_a_batch(five: CommittedData) -> None:
    left, right = (merkle.leaf_hash(p.rows.to_bytes(4, "little") + p.commitment) for p in map(five.proof, (0, 1)))
    path = five.proof(0).path[1:]
    node = left + right  # what a tree without separate prefixes would take for the leaf of a tree half as high
    for batches in (1, 2, 3, 4, 5):
        for index in range(batches):
            for commitment in (node[-32:], node, node[4:]):
                rows = int.from_bytes(node[:4], "little")
                with pytest.raises(ProofInvalid):
                    DataCommitment(five.public.root, batches).verify(BatchProof(index, rows, commitment, path))


def test_what_is_sent_is_read_back_and_nothing_else_is(five: CommittedData) -> None:
    public, proof = five.public, five.proof(3)
    for kind, value in ((DataCommitment, public), (BatchProof, proof)):
        body = encoding.encode(encoding.Kind.MESSAGE, value.to_object())
        assert kind.from_object(encoding.decode(encoding.Kind.MESSAGE, body)) == value
    root, index, rows, point, path = public.root, proof.index, proof.rows, proof.commitment, list(proof.path)
    for wrong in (
        [root],
        [root, 5, 5],
        [root[:-1], 5],
        [root, 0],
        [root, -1],
        [root, 1 << 63],
        [root, True],
        [5, root],
        root,
    ):
        with pytest.raises(DecodeError):
            DataCommitment.from_object(wrong)
    for wrong in (
        [index, rows, point],
        [index, rows, point, path, 0],
        [True, rows, point, path],
        [index, "7", point, path],
        [index, rows, point[:-1], path],
        [index, rows, point, [*path, b"short"]],
        [index, rows, point, [*path, 7]],
        [index, rows, point, path * 30],
        [index, rows, point, b"".join(path)],
        {"index": index},
    ):
        with pytest.raises(DecodeError):
            BatchProof.from_object(wrong)


# ---- the beacon's batches --------------------------------------------------------------------------------------------


def test_the_beacon_picks_distinct_batches_and_with_one_step_the_direct_rule() -> None:
    beacon = bytes(range(32))
    for round_ in range(20):
        assert batch_indices(beacon, round_, "ada", 7) == (batch_index(beacon, round_, "ada", 7),)
    seen = {batch_indices(beacon, round_, "ada", 4, steps=3) for round_ in range(400)}
    assert len(seen) == 24  # every arrangement of three of four
    assert all(len(set(chosen)) == 3 and set(chosen) <= set(range(4)) for chosen in seen)
    assert sorted(batch_indices(beacon, 3, "ada", 9, steps=9)) == list(range(9))
    assert batch_indices(beacon, 3, "ada", 9, steps=9) != batch_indices(beacon, 3, "ben", 9, steps=9)
    for steps in (0, 10):
        with pytest.raises(ParameterError, match="different batches"):
            batch_indices(beacon, 0, "ada", 9, steps=steps)


def test_what_was_opened_must_be_what_the_beacon_picked(five: CommittedData) -> None:
    public = five.public
    proofs = [five.proof(i) for i in range(5)]
    opened = open_batches(JOB, public, (3, 1), [proofs[3], proofs[1]])
    assert opened.data_commitments == (proofs[3].commitment, proofs[1].commitment)
    assert opened.rows == (proofs[3].rows, proofs[1].rows)
    renamed = dataclasses.replace(proofs[2], index=1)
    cases: list[tuple[tuple[int, ...], list[BatchProof], str]] = [
        ((3, 1), [proofs[1], proofs[3]], "step 0: batch 1 was opened, the beacon picked batch 3"),
        ((3, 1), [proofs[3], proofs[3]], "step 1: batch 3 was opened"),
        ((3, 3), [proofs[3], proofs[3]], "step 1: batch 3 is used twice"),
        ((3, 1), [proofs[3], renamed], "step 1: batch 1: its rows, commitment or path"),
        ((3, 1), [proofs[3], dataclasses.replace(proofs[1], rows=9)], "step 1: 9 rows in batch 1"),
        ((3, 1), [proofs[3]], "1 were opened"),
        ((3, 1), [proofs[3], proofs[1], proofs[1]], "3 were opened"),
    ]
    for indices, given, complaint in cases:
        with pytest.raises(ProofInvalid, match=complaint):
            open_batches(JOB, public, indices, given)
    with pytest.raises(ParameterError, match="picked 1"):
        open_batches(JOB, public, (3,), [proofs[3]])


def test_one_leaf_at_two_places_of_the_tree_is_not_two_batches(five: CommittedData) -> None:
    """Whatever the beacon picks, that member would train twice on the batch that it likes best."""
    best = five.proof(2)
    leaves = [best.rows.to_bytes(4, "little") + best.commitment] * 4
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    public = DataCommitment.of_tree(merkle.root(leaves), 4)
    proofs = [BatchProof(i, best.rows, best.commitment, tuple(merkle.inclusion_proof(hashes, i))) for i in range(4)]
    for proof in proofs:
        public.verify(proof)
    with pytest.raises(ProofInvalid, match="step 1: batch 1 is one that was opened before"):
        open_batches(JOB, public, (3, 1), [proofs[3], proofs[1]])


@pytest.mark.filterwarnings("ignore:insecure keys")
def test_a_round_on_the_beacons_batches_is_proven_and_verified_from_the_root() -> None:
    prover = NetworkProver.insecure(JOB)
    data = commit_dataset(JOB, numbered(30), prover)
    with pytest.raises(ParameterError, match="another job"):
        commit_dataset(dataclasses.replace(JOB, batch=4), numbered(30), prover)
    indices = batch_indices(b"beacon" + bytes(26), 0, "ada", data.public.batches, JOB.steps)
    batches = [data.batch(i) for i in indices]
    weights = JOB.weights(np.random.default_rng(1).normal(size=JOB.dimension) * 0.2)
    trained = JOB.train(weights, [(x, y) for x, y, _ in batches])
    blinder = random_blinder()
    update = prover.commit_update(trained.update, blinder)
    opened = open_batches(JOB, data.public, indices, [data.proof(i) for i in indices])
    statement = RoundStatement(JOB, b"round 0 of ada", prover.commit_weights(weights), *opened, update)
    proof = prover.prove(trained, statement, [b for _, _, b in batches], blinder)
    prover.verify(statement, proof)
    other = tuple(i for i in range(data.public.batches) if i not in indices)[:2]
    elsewhere = open_batches(JOB, data.public, other, [data.proof(i) for i in other])
    with pytest.raises(ProofInvalid):
        prover.verify(dataclasses.replace(statement, **elsewhere._asdict()), proof)


# ---- what is refused -------------------------------------------------------------------------------------------------


def with_value(row: int, column: int, value: float) -> np.ndarray:
    x = numbered(100_000)[0] % 3.0
    x[row, column] = value
    return x


LABELS = numbered(100_000)[1]
NUMBER = 77777  # beyond the first piece of rows that is checked at once


@pytest.mark.parametrize(
    ("x", "y", "kind", "complaint"),
    [
        (np.zeros((0, 4)), np.zeros(0, int), DataError, "empty"),
        (np.zeros((20, 5)), np.zeros(20, int), DataError, r"from row 0: features must have shape \(rows, 4\)"),
        (np.zeros((20, 4)), np.zeros(19, int), DataError, "as many rows"),
        (np.zeros(20), np.zeros(20, int), DataError, r"must be \(rows, features\)"),
        (np.zeros((20, 4), dtype="S3"), np.zeros(20, int), DataError, "real numbers"),
        (np.zeros((8, 4)), np.zeros(8, int), DataError, "8 rows are 1 batches"),
        (with_value(NUMBER, 2, np.nan), LABELS, DataError, "row 77777, column 2: NaN"),
        (with_value(NUMBER, 1, -np.inf), LABELS, DataError, "row 77777, column 1: NaN or infinity"),
        (with_value(NUMBER, 3, 3.99), LABELS, RangeError, "row 77777, column 3: the feature does not fit 8 bits"),
        (with_value(NUMBER, 0, -4.02), LABELS, RangeError, "row 77777, column 0: the feature"),
        (
            numbered(100_000)[0] % 3.0,
            np.where(np.arange(100_000) == NUMBER, 3, LABELS),
            DataError,
            "row 77777: the label",
        ),
        (
            numbered(100_000)[0] % 3.0,
            np.where(np.arange(100_000) == NUMBER, -1, LABELS),
            DataError,
            "row 77777: the label",
        ),
        (np.zeros((20, 4)), np.zeros(20), DataError, "from row 0: labels must be integers"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_data_that_cannot_be_trained_on_is_refused_before_any_commitment(
    key: Key, x: Any, y: Any, kind: type[DataError], complaint: str, streamed: bool
) -> None:
    before = key.made
    source = ((x[i : i + 999], y[i : i + 999]) for i in range(0, len(x), 999)) if streamed else (x, y)
    with pytest.raises(kind, match=complaint) as caught:
        commit_dataset(JOB, source, key)
    assert key.made == before
    assert not any(value in str(caught.value) for value in ("3.99", "4.02"))


def test_values_at_the_ends_of_the_range_are_taken_and_others_clipped_if_asked(key: Key) -> None:
    x = np.array([[-4.0, 3.96875, 0, 0]] * 9)
    assert commit_dataset(JOB, (x, np.zeros(9, int)), key).clipped == 0
    x[2] = [-5.0, 9.0, 1.0, 4.0]
    for source in ((x, np.zeros(9, int)), iter([(x, np.zeros(9, int))])):
        data = commit_dataset(JOB, source, key, clip=True)
        assert data.clipped == 3
        rows = [row for index in range(2) for row in data.batch(index)[0].tolist()]
        assert [-128, 127, 32, 127] in rows


@pytest.mark.parametrize("job", [JOB, NetworkJob(widths=(4, 2), batch=8, learning_rate=0.1, loss="mse", x_bits=16)])
def test_the_rows_of_a_stream_lie_in_files_encrypted(job: NetworkJob, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def noted(folder: Any) -> Any:
        opened.append(temporary_file(folder))
        return opened[-1]

    monkeypatch.setattr(dataset_rows, "temporary_file", noted)
    x = np.full((40, 4), 1.0)
    y = np.full((40, 2), 3.0) if job.loss == "mse" else np.ones(40, int)
    wide = job.x_bits == 16
    features = np.full(160, 32, dtype="<i2" if wide else "i1").tobytes()
    labels = np.full(y.size, 96 if wide else 1, dtype="<i4").tobytes()

    seen = []
    for _ in range(2):
        data = commit_dataset(job, iter([(x[:0], y[:0]), (x[:7], y[:7]), (x[7:], y[7:])]), Key(job))
        for index in range(len(data)):
            bx, by, _ = data.batch(index)
            assert (bx == 32).all() and (by == (96 if wide else 1)).all()
        in_files = [os.pread(file.fileno(), 1 << 20, 0) for file in opened[-2:]]
        assert [len(text) for text in in_files] == [len(features), len(labels)]
        # Equal rows, and not two equal pieces of 8 bytes anywhere: no part of a key stream comes twice.
        pieces = [text[i : i + 8] for text in in_files for i in range(0, len(text), 8)]
        assert len(set(pieces)) == len(pieces)
        seen.append(pieces)
    assert not set(seen[0]) & set(seen[1])


def test_rows_are_crypted_where_they_stand_in_the_stream_of_a_cipher() -> None:
    # FIPS 197's key for AES-256, from counter 0: openssl enc -aes-256-ctr.
    key = bytes(range(32))
    stream = np.zeros((1, 96), dtype=np.uint8)
    _core.base.crypt_rows(key, stream, np.array([0]))
    assert bytes(stream[0, :16]).hex() == "f29000b62a499fd0a9f39a6add2e7780"
    for length in (1, 5, 16, 24):
        rows = np.zeros((3, length), dtype=np.uint8)
        _core.base.crypt_rows(key, rows, np.array([3, 0, 2]))
        for row, number in zip(rows, (3, 0, 2), strict=True):
            assert bytes(row) == bytes(stream[0, number * length : (number + 1) * length])
        _core.base.crypt_rows(key, rows, np.array([3, 0, 2]))
        assert not rows.any()
    for bad in ((key[1:], rows, np.array([1, 2, 3])), (key, rows, np.array([1, 2])), (key, rows, np.array([-1, 0, 1]))):
        with pytest.raises(ParameterError):
            _core.base.crypt_rows(*bad)


SQUARED = NetworkJob(widths=(4, 2), batch=8, learning_rate=0.1, loss="mse")


@pytest.mark.parametrize("streamed", [False, True])
def test_targets_beyond_sixteen_bits_are_refused_and_clipped_only_if_asked(streamed: bool) -> None:
    targets = np.zeros((9, 2))
    targets[0] = [-1024.0, 1023.96875]  # the ends, in units of 2^-5
    targets[7, 1] = 1024.5
    x = np.zeros((9, 4))
    key = Key(SQUARED)

    def source() -> Any:
        return iter([(x[:5], targets[:5]), (x[5:], targets[5:])]) if streamed else (x, targets)

    with pytest.raises(RangeError, match="row 7, column 1: the target does not fit 16 bits") as caught:
        commit_dataset(SQUARED, source(), key)
    assert "1024.5" not in str(caught.value) and key.made == 0
    data = commit_dataset(SQUARED, source(), key, clip=True)
    assert data.clipped == 1
    found = sorted(row for index in range(2) for row in data.batch(index)[1].tolist())
    assert found[0] == [-(1 << 15), (1 << 15) - 1] and found[-1] == [0, (1 << 15) - 1] and found[1:-1] == [[0, 0]] * 7
    with pytest.raises(RangeError, match="row 7, column 1"):
        SQUARED.labels(targets)
    assert SQUARED.labels(targets, clip=True)[7, 1] == (1 << 15) - 1


def test_what_is_no_dataset_is_named(key: Key, tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("1, 2, 3")
    cases: list[tuple[Any, str]] = [
        (tmp_path / "x.npy", "a pair of features and labels"),
        (np.zeros((20, 4)), "a pair of features and labels"),
        (7, "got int"),
        ([np.zeros((20, 4))], "chunk 0"),
        ([], "empty"),
        ((tmp_path / "absent.npy", np.zeros(3, int)), "absent.npy cannot be read"),
        ((tmp_path / "text.npy", np.zeros(3, int)), "not a .npy file"),
    ]
    for source, complaint in cases:
        with pytest.raises(DataError, match=complaint):
            commit_dataset(JOB, source, key)


def test_an_interrupted_commitment_leaves_no_file(key: Key, tmp_path: Path) -> None:
    seen = []

    def stop(share: float) -> None:
        seen.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit_dataset(JOB, iter([numbered(100)]), key, folder=tmp_path, progress=stop)
    assert seen[0] == 0.0 and 0.5 < seen[-1] < 0.6
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    if Path("/proc/self/fd").exists():
        held = [link for link in map(_target, Path("/proc/self/fd").iterdir()) if link.startswith(str(tmp_path))]
        assert held == []


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


# ---- memory ----------------------------------------------------------------------------------------------------------

CHILD = """
import sys
import numpy as np
from pyzkfl import _core
from pyzkfl.committed_data import commit_dataset
from pyzkfl.network import NetworkJob

kind, megabytes = sys.argv[1], int(sys.argv[2])
job = NetworkJob(widths=(512, 4, 2), batch=64, learning_rate=0.1)
columns = _core.engine.ColumnKey.insecure(job.core.log_height)

class Key:
    def commit_batch(self, features, labels, blinder):
        return _core.engine.commit_batch(job.core, columns, features, labels, blinder)

chunk = np.random.default_rng(1).normal(size=(256, 512)).clip(-3.9, 3.9)  # 1 MB
labels = np.arange(256) % 2
if kind == "stream":
    source = ((chunk, labels) for _ in range(megabytes))
else:
    with open("x.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (256 * megabytes, 512)})
        for _ in range(megabytes):
            file.write(chunk.tobytes())
    np.save("y.npy", np.tile(labels, megabytes))
    source = ("x.npy", "y.npy")
data = commit_dataset(job, source, Key(), folder=".")
assert data.rows == 256 * megabytes
data.public.verify(data.proof(3))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def _peak_bytes(kind: str, megabytes: int, folder: Path, repository: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, kind, str(megabytes)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(repository), "PYZKFL_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return 1024 * int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["stream", "file"])
@pytest.mark.parametrize(("less", "more"), [(32, 128), pytest.param(64, 512, marks=pytest.mark.deep)])
def test_peak_memory_does_not_grow_with_the_data(
    kind: str, less: int, more: int, tmp_path: Path, repository: Path
) -> None:
    grown = _peak_bytes(kind, more, tmp_path, repository) - _peak_bytes(kind, less, tmp_path, repository)
    # A file's rows come with the pages around them, of which a small file has fewer: some MB, whatever the size. The
    # data itself would take an eighth as the integers that are committed to, and all as it came.
    assert grown < (more - less << 20) // 8, f"{grown} bytes more for {more - less} MB more data"
