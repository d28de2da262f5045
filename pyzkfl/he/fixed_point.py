"""Real arrays and tensors in and out of the integers that are encrypted, in a job's units.

A job's updates are integers in units of 2^-w_frac, none above its update limit: with the same units and limit, a sum of
encrypted updates is what masks or a commitment would give. Rounding is the job's: to the nearest, a half up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import DataError, ParameterError, RangeError

__all__ = ["FixedPoint"]


@dataclass(frozen=True)
class FixedPoint:
    """frac: a value v stands as the integer nearest to v 2^frac. max_abs: the largest magnitude of such an integer, as
    for `he.generate`."""

    frac: int
    max_abs: int

    def __post_init__(self) -> None:
        if not 0 <= self.frac <= 52:
            raise ParameterError("frac, the fraction bits, must be between 0 and 52")
        if not 1 <= self.max_abs <= 1 << 52:
            raise ParameterError("max_abs must be between 1 and 2^52, so that doubles hold every value")

    @staticmethod
    def of(job: Any) -> FixedPoint:
        """Units and limit of the updates of a `Job` or a `NetworkJob`."""
        limit = getattr(job, "update_limit", None)
        return FixedPoint(job.w_frac, job.steps * job.core.parameters["bound"] if limit is None else limit)

    def encode(self, values: Any, *, clip: bool = False) -> npt.NDArray[np.int64]:
        """An array or tensor of floats, or a list of them (a model's layers), as one int64 array (values,).

        clip: bring values beyond the limit to it; else they raise RangeError. DataError for NaN, infinity, or integers,
        whose unit nobody can tell: those go into `encrypt` as they are.
        """
        parts = []
        for at, part in enumerate(_list_of(values)):
            array = _to_numpy(part)
            if array.dtype.kind != "f":
                raise DataError(f"array {at} has dtype {array.dtype}: give floats, or encrypt integers as they are")
            if not np.isfinite(array).all():
                raise DataError(f"array {at} holds NaN or infinity")
            scaled = np.floor(array.astype(np.float64).ravel() * 2.0**self.frac + 0.5)
            outside = int((np.abs(scaled) > self.max_abs).sum())
            if outside and not clip:
                raise RangeError(
                    f"{outside} values of array {at} are beyond {self.max_abs / 2.0**self.frac:g}: scale the update "
                    f"down to the norm bound first, or clip"
                )
            parts.append(np.clip(scaled, -self.max_abs, self.max_abs).astype(np.int64))
        if not parts:
            raise DataError("there are no arrays to encode")
        return np.concatenate(parts)

    def decode(self, total: npt.NDArray[np.int64], like: Any, *, members: int = 1) -> Any:
        """A decrypted sum as floats, divided by `members` for the mean: with shapes, dtypes, kind and device of `like`,
        one array or tensor or a list of them. DataError when the sizes do not fit."""
        if members < 1:
            raise ParameterError("a mean is over at least one member")
        templates = _list_of(like)
        sizes = [int(np.prod(tuple(template.shape), dtype=np.int64)) for template in templates]
        if total.ndim != 1 or len(total) != sum(sizes):
            raise DataError(f"{sum(sizes)} values were due, the sum has shape {total.shape}")
        reals = total.astype(np.float64) / (2.0**self.frac * members)
        out = []
        for part, template in zip(np.split(reals, np.cumsum(sizes)[:-1]), templates, strict=True):
            shaped = part.reshape(tuple(template.shape))
            tensor = hasattr(template, "new_tensor")
            out.append(template.new_tensor(shaped) if tensor else shaped.astype(np.asarray(template).dtype))
        return out if isinstance(like, (list, tuple)) else out[0]


def _list_of(values: Any) -> Sequence[Any]:
    return values if isinstance(values, (list, tuple)) else [values]


def _to_numpy(value: Any) -> npt.NDArray[Any]:
    """An array, or a tensor's values, whatever device it is on and whether it has a gradient."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    return np.asarray(value)
