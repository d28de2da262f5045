"""Skellam noise, exactly: the difference of two Poisson variables of equal mean, each by inversion that cannot be
wrong.

Inversion compares a uniform number with the distribution function F. Of F there is a table of integer bounds, from
interval arithmetic in integers; a uniform number of 64 bits nearly always falls clear of them. Where it does not, more
bits are drawn and F is bounded more tightly, until it does. So each value has exactly its probability, whatever the
table's precision; no float takes part. The time depends on the values, as with every such sampler.

A sum of Skellam variables is one again, so what a sum of survivors carries is known exactly (Agarwal, Kairouz, Liu, The
Skellam Mechanism for Differentially Private Federated Learning, 2021).
"""

from __future__ import annotations

import functools
import math
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import ParameterError

__all__ = ["skellam"]

RandomBytes = Callable[[int], bytes]
_WORD = 64
_TWICE_MEAN_MOST = 1 << 32


def _bounds(twice_mean: int, precision: int) -> tuple[int, list[int], list[int]]:
    """(first, low, high): low[i] <= 2^precision F(first + i) <= high[i], F the Poisson distribution function.

    Weights relative to the mode: w(k + 1) = w(k) mean / (k + 1), w(k - 1) = w(k) k / mean, rounded down (low) and up
    (high) in units of 2^-(precision + 32), as far as they matter; the rest on either side is bounded by a geometric
    series, since the ratio of neighbours falls with k.
    """
    one, end = 1 << (precision + 32), 1 << 24
    k = mode = twice_mean // 2
    up_low, up_high = [one], [one]
    while up_high[-1] > end:
        k += 1
        up_low.append(up_low[-1] * twice_mean // (2 * k))
        up_high.append(-(-up_high[-1] * twice_mean // (2 * k)))
    rest_above = -(-up_high[-1] * twice_mean // (2 * (k + 1) - twice_mean))
    k, low, high = mode, one, one
    down_low: list[int] = []
    down_high: list[int] = []
    while k > 0 and high > end:
        low, high = low * 2 * k // twice_mean, -(-high * 2 * k // twice_mean)
        k -= 1
        down_low.append(low)
        down_high.append(high)
    rest_below = -(-high * 2 * k // (twice_mean - 2 * k)) if k > 0 else 0
    sums_low = list(accumulate([*reversed(down_low), *up_low]))
    sums_high = list(accumulate([*reversed(down_high), *up_high], initial=rest_below))[1:]
    total_low, total_high = sums_low[-1], sums_high[-1] + rest_above
    # F = S / (S + R), S the weights up to here, R those behind.
    lows = [(s << precision) // (s + total_high - h) for s, h in zip(sums_low, sums_high, strict=True)]
    highs = [-(-(h << precision) // (h + total_low - s)) for s, h in zip(sums_low, sums_high, strict=True)]
    return k, lows, highs


@functools.lru_cache(maxsize=8)
def _table(twice_mean: int) -> tuple[int, npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """(first, low, high): bounds of F to 64 bits, as far as the upper one is below 1."""
    first, lows, highs = _bounds(twice_mean, 2 * _WORD)
    raised = [-(-high >> _WORD) for high in highs]
    size = bisect_left(raised, 1 << _WORD)
    return first, np.array([v >> _WORD for v in lows[:size]], np.uint64), np.array(raised[:size], np.uint64)


def _refine(twice_mean: int, word: int, random: RandomBytes) -> int:
    """The value of a uniform number that begins with these 64 bits, from as many more as it takes."""
    precision, drawn = _WORD, word
    while True:
        drawn = drawn << _WORD | int.from_bytes(random(_WORD // 8), "little")
        precision += _WORD
        first, lows, highs = _bounds(twice_mean, precision)
        surely, perhaps = bisect_right(highs, drawn), bisect_right(lows, drawn)
        if surely == perhaps < len(lows) and (surely > 0 or first == 0):
            return first + surely


def _poisson(twice_mean: int, count: int, random: RandomBytes) -> npt.NDArray[np.int64]:
    """The least k with u < F(k), u uniform. u lies in [word, word + 1) / 2^64."""
    first, low, high = _table(twice_mean)
    words = np.frombuffer(random(8 * count), "<u8").astype(np.uint64)
    surely = np.searchsorted(high, words, side="right")  # so many F are at most u
    perhaps = np.searchsorted(low, words, side="right")  # so many may be
    out = (first + surely).astype(np.int64)
    unclear = (surely != perhaps) | (surely == len(high))
    if first > 0:
        unclear |= surely == 0
    for i in np.flatnonzero(unclear):
        out[i] = _refine(twice_mean, int(words[i]), random)
    return out


def skellam(variance: int, count: int, random: RandomBytes = os.urandom) -> npt.NDArray[np.int64]:
    """`count` independent values, int64, of the symmetric Skellam distribution with this variance.

    variance: a positive integer, at most 2^32; each of the two Poisson variables has half of it for its mean. Some
    0.2 microseconds a value, after a table that takes up to seconds for the largest variances.

    >>> int(np.abs(skellam(4, 1000)).max()) < 40
    True
    """
    if isinstance(variance, bool) or not isinstance(variance, int) or not 0 < variance <= _TWICE_MEAN_MOST:
        raise ParameterError("the variance must be an integer between 1 and 2^32")
    return _poisson(variance, count, random) - _poisson(variance, count, random)


def skellam_tail_bits(variance: int, beyond: int) -> float:
    """-log2 of a bound (Chernoff) of the probability that a value's magnitude exceeds `beyond`."""
    if beyond <= 0:
        return 0.0
    ratio = math.asinh(beyond / variance)
    return (beyond * ratio - variance * (math.cosh(ratio) - 1)) / math.log(2) - 1
