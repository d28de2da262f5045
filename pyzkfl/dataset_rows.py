"""Rows of a dataset of any size, in constant memory: checked, as the job's integers, read by number in shuffled order.

Arrays, memory maps and .npy files are read where they lie. The rows of a stream are kept in unnamed files, encrypted
with keys that are in memory only.
"""

from __future__ import annotations

import hmac
import math
import mmap
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.errors import DataError, RangeError, SystemFailure
from pyzkfl.network import NetworkJob

__all__ = ["Rows", "Shuffle", "read_rows", "temporary_file"]

Integers = npt.NDArray[np.int64]
Report = Callable[[float], None]

_ORDER_DOMAIN = b"pyzkfl/1 row order"
_CHUNK_CELLS = 1 << 18  # features checked at once: 2 MB as int64


class Shuffle:
    """A permutation of range(n) without a list of it: a Feistel network of 8 rounds, walked until it is below n.

    For a good mix of rows in batches, not for secrecy: nobody ever sees the order, and commitments hide.
    """

    _ROUNDS = 8
    _BLOCK = 1 << 14  # positions permuted at once

    def __init__(self, seed: bytes, n: int) -> None:
        self._n = n
        self._half = np.uint64(max(1, ((n - 1).bit_length() + 1) // 2))
        self._mask = np.uint64((1 << int(self._half)) - 1)
        keys = hmac.digest(seed, _ORDER_DOMAIN, "sha512")
        self._keys = [np.uint64(int.from_bytes(keys[8 * i : 8 * i + 8], "little")) for i in range(self._ROUNDS)]
        self._begin, self._block = 0, np.zeros(0, dtype=np.int64)

    def __call__(self, first: int, last: int) -> Integers:
        """Where the positions first .. last - 1 lead."""
        if not self._begin <= first <= last <= self._begin + len(self._block):
            self._begin = first
            self._block = self._walked(first, min(self._n, max(last, first + self._BLOCK)))
        return self._block[first - self._begin : last - self._begin]

    def _walked(self, first: int, last: int) -> Integers:
        out = self._permuted(np.arange(first, last, dtype=np.uint64))
        while (outside := out >= self._n).any():
            out[outside] = self._permuted(out[outside])
        return out.astype(np.int64)

    def _permuted(self, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        left, right = values >> self._half, values & self._mask
        for key in self._keys:
            mixed = right ^ key  # the finaliser of splitmix64
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            left, right = right, left ^ ((mixed ^ (mixed >> np.uint64(31))) & self._mask)
        return (left << self._half) | right


def _first(bad: npt.NDArray[np.bool_]) -> tuple[int, int]:
    row, column = np.argwhere(bad)[0]
    return int(row), int(column)


class _Checked:
    """Rows as the job's integers, after every check that a message should name a row for."""

    def __init__(self, job: NetworkJob, clip: bool) -> None:
        self._job, self._clip = job, clip
        self.rows = 0
        self.clipped = 0
        limit = 1 << (job.x_bits - 1)
        self._least, self._beyond = (-limit - 0.5) / 2.0**job.a_frac, (limit - 0.5) / 2.0**job.a_frac

    def convert(self, x: Any, y: Any) -> tuple[Integers, Integers]:
        """The next rows. Raises DataError naming row and column, counted from the first row of all."""
        features, labels = np.asarray(x), np.asarray(y)
        squared = self._job.loss == "mse"
        if features.ndim < 2 or labels.ndim != (2 if squared else 1) or len(features) != len(labels):
            raise DataError(
                f"from row {self.rows}: features of shape {features.shape} and labels of shape {labels.shape}; they "
                f"must be (rows, features) and {'(rows, outputs)' if squared else '(rows,)'}, with as many rows"
            )
        flat = features.reshape(len(features), -1)
        if flat.dtype.kind in "fiub" and flat.size:
            low, high = float(flat.min()), float(flat.max())
            if not (low >= self._least and high < self._beyond):
                self._refuse_or_count(flat.astype(np.float64))
        if not squared and labels.dtype.kind in "iub" and len(labels):
            last = self._job.outputs - 1
            outside = (labels < 0) | (labels > last)
            if outside.any():
                row = self.rows + int(np.argmax(outside))
                raise DataError(f"row {row}: the label must lie between 0 and {last}")
        if squared and labels.dtype.kind in "fiub" and np.isfinite(labels).all():
            self._check_targets(labels.astype(np.float64))
        try:
            converted = self._job.features(features), self._job.labels(labels, clip=self._clip)
        except DataError as error:
            raise DataError(f"from row {self.rows}: {error}") from error
        self.rows += len(labels)
        return converted

    def _check_targets(self, targets: npt.NDArray[np.float64]) -> None:
        scaled = np.floor(targets * 2.0**self._job.a_frac + 0.5)
        outside = (scaled < -(1 << 15)) | (scaled >= 1 << 15)
        if outside.any() and not self._clip:
            row, column = _first(outside)
            raise RangeError(
                f"row {self.rows + row}, column {column}: the target does not fit 16 bits in units of "
                f"2^-{self._job.a_frac}: scale the targets, or commit with clip=True"
            )
        self.clipped += int(outside.sum())

    def _refuse_or_count(self, flat: npt.NDArray[np.float64]) -> None:
        unknown = ~np.isfinite(flat)
        if unknown.any():
            row, column = _first(unknown)
            raise DataError(f"row {self.rows + row}, column {column}: NaN or infinity: remove or impute it")
        outside = (flat < self._least) | (flat >= self._beyond)
        if outside.any() and not self._clip:
            row, column = _first(outside)
            raise RangeError(
                f"row {self.rows + row}, column {column}: the feature does not fit {self._job.x_bits} bits in units of "
                f"2^-{self._job.a_frac}: scale the data, take more x_bits, or commit with clip=True"
            )
        self.clipped += int(outside.sum())


def _release(array: npt.NDArray[Any]) -> None:
    """Give mapped pages back: they stay in the system's cache, and are no memory of ours. Not those of a private
    mapping, whose changes would be lost."""
    mapping = getattr(array, "_mmap", None)
    if isinstance(array, np.memmap) and array.mode != "c" and mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


class _Cells(Protocol):
    """Rows by number: an array, or encrypted rows."""

    def __len__(self) -> int: ...
    def __getitem__(self, numbers: Any, /) -> Any: ...


class Rows:
    """All rows, read by number. `ready`: they are the job's integers already."""

    def __init__(self, job: NetworkJob, x: _Cells, y: _Cells, ready: bool, clip: bool) -> None:
        self._job, self._x, self._y, self._ready, self._clip = job, x, y, ready, clip

    def __len__(self) -> int:
        return len(self._x)

    def read(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Features and labels of these rows."""
        x, y = self._x[numbers], self._y[numbers]
        for cells in (self._x, self._y):
            if isinstance(cells, np.memmap):
                _release(cells)
        if self._ready:
            return x.astype(np.int64), y.astype(np.int64)
        return _Checked(self._job, self._clip).convert(x, y)


def _array(source: Any, name: str) -> npt.NDArray[Any]:
    if not isinstance(source, (str, bytes, os.PathLike)):
        return source if isinstance(source, np.memmap) else np.asarray(source)
    try:
        return np.load(source, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataError(f"{name}: {os.fsdecode(source)} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{name}: {os.fsdecode(source)} is not a .npy file of numbers") from error


def _is_pair(source: Any) -> bool:
    return (
        isinstance(source, tuple)
        and len(source) == 2
        and all(isinstance(part, (str, bytes, os.PathLike)) or hasattr(part, "shape") for part in source)
    )


def _chunks(source: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for number, item in enumerate(source):
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise DataError(f"chunk {number}: the source must give pairs of features and labels")
        x, y = np.asarray(item[0]), np.asarray(item[1])
        yield from _cut(x, y)


def _cut(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Iterator[tuple[Any, Any]]:
    """Pieces of about _CHUNK_CELLS features; one piece of another shape for what has no rows to cut."""
    if x.ndim < 2 or y.ndim not in (1, 2) or len(x) != len(y):
        yield x, y
        return
    rows = max(1, _CHUNK_CELLS // max(1, int(np.prod(x.shape[1:]))))
    for first in range(0, len(x), rows):
        yield x[first : first + rows], y[first : first + rows]


def temporary_file(folder: str | os.PathLike[str] | None) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise SystemFailure(f"no file can be made in {folder or tempfile.gettempdir()}: {error.strerror}") from error


class _EncryptedRows:
    """Rows of equal length in an unnamed file, under AES-256 in counter mode and a key that only this object has.

    Each row is written once, at its place in the key stream, so no part of the stream is used twice. There is no tag: a
    row that was changed in the file is found by whoever commits to its batch again (CommittedData.batch).
    """

    def __init__(self, folder: str | os.PathLike[str] | None, dtype: Any, shape: tuple[int, ...]) -> None:
        self._file, self._dtype, self._shape = temporary_file(folder), np.dtype(dtype), shape
        self._length = math.prod(shape) * self._dtype.itemsize
        self._key = secrets.token_bytes(32)
        self._rows = 0
        self._map: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Integers) -> None:
        """Raises SystemFailure where the file cannot be written."""
        cells = np.array(rows, dtype=self._dtype, order="C").reshape(len(rows), math.prod(self._shape)).view(np.uint8)
        _core.base.crypt_rows(self._key, cells, np.arange(self._rows, self._rows + len(cells)))
        try:
            self._file.write(cells.data)
        except OSError as error:
            raise SystemFailure(f"the data cannot be kept in a file: {error.strerror}") from error
        self._rows += len(cells)

    def finish(self) -> None:
        """Nothing is appended from here on."""
        self._file.flush()
        self._map = np.memmap(self._file, dtype=np.uint8, mode="r", shape=(self._rows, self._length))

    def __getitem__(self, numbers: Integers) -> npt.NDArray[Any]:
        assert self._map is not None
        cells = np.ascontiguousarray(self._map[numbers])
        _release(self._map)
        _core.base.crypt_rows(self._key, cells, numbers)
        return cells.view(self._dtype).reshape(len(cells), *self._shape)


def _kept(job: NetworkJob, source: Iterable[Any], checked: _Checked, folder: Any, report: Report) -> Rows:
    """The rows of a stream, as the job's integers in unnamed encrypted files."""
    x_rows = _EncryptedRows(folder, np.int8 if job.x_bits == 8 else np.int16, (job.input_size,))
    y_rows = _EncryptedRows(folder, np.int32, (job.outputs,) if job.loss == "mse" else ())
    for chunk in _chunks(source):
        x, y = checked.convert(*chunk)
        x_rows.append(x)
        y_rows.append(y)
        report(0.0)
    if not checked.rows:
        raise DataError("the dataset is empty: a member needs at least one row")
    x_rows.finish()
    y_rows.finish()
    return Rows(job, x_rows, y_rows, ready=True, clip=False)


def _in_place(job: NetworkJob, source: tuple[Any, Any], checked: _Checked, clip: bool, report: Report) -> Rows:
    """The rows of two arrays, checked, and read again where they lie."""
    x, y = _array(source[0], "features"), _array(source[1], "labels")
    if x.ndim >= 1 and y.ndim >= 1 and len(x) == len(y) == 0:
        raise DataError("the dataset is empty: a member needs at least one row")
    for chunk in _cut(x, y):
        checked.convert(*chunk)
        _release(x)
        _release(y)
        report(0.0)
    return Rows(job, x, y, ready=False, clip=clip)


def read_rows(
    job: NetworkJob, source: Any, clip: bool, folder: str | os.PathLike[str] | None, report: Report
) -> tuple[Rows, int]:
    """Check all rows of a source (commit_dataset says which there are); the rows, and how many values were clipped.

    Raises DataError for the first row that cannot be trained on. report: called with 0 after each piece.
    """
    checked = _Checked(job, clip)
    if _is_pair(source):
        return _in_place(job, source, checked, clip, report), checked.clipped
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, os.PathLike, np.ndarray)):
        return _kept(job, source, checked, folder, report), checked.clipped
    raise DataError(
        f"a dataset is a pair of features and labels (arrays or .npy paths) or an iterable of such pairs, "
        f"got {type(source).__name__}"
    )
