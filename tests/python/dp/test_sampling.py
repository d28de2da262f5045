"""Noise that is exactly what it is called: against the distribution, bit by bit where that can be seen."""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pyzkfl.dp import draw_noise
from pyzkfl.dp.discrete_gaussian import discrete_gaussian
from pyzkfl.dp.skellam import _bounds, _poisson, skellam, skellam_tail_bits
from pyzkfl.errors import ParameterError


def stream(seed: bytes) -> Callable[[int], bytes]:
    """Random bytes that are the same in each run."""
    state = {"at": 0}

    def take(count: int) -> bytes:
        state["at"] += 1
        return hashlib.shake_256(seed + state["at"].to_bytes(8, "little")).digest(count)

    return take


def poisson(mean: float, k: int) -> float:
    return math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1))


def gaussian_probabilities(variance: int) -> dict[int, float]:
    reach = 12 * math.isqrt(variance) + 12
    weights = {k: math.exp(-k * k / (2 * variance)) for k in range(-reach, reach + 1)}
    total = sum(weights.values())
    return {k: w / total for k, w in weights.items()}


def skellam_probabilities(variance: int) -> dict[int, float]:
    reach = 12 * math.isqrt(variance) + 24
    one = [poisson(variance / 2, k) for k in range(2 * reach)]
    return {d: sum(one[k] * one[k + d] for k in range(reach) if k + d < len(one)) for d in range(reach)} | {
        -d: sum(one[k] * one[k + d] for k in range(reach) if k + d < len(one)) for d in range(1, reach)
    }


def chi_squared(values: np.ndarray, probabilities: dict[int, float]) -> tuple[float, int]:
    """The statistic over cells that expect at least 20, the rest in one; and the degrees of freedom."""
    counts = dict(zip(*(a.tolist() for a in np.unique(values, return_counts=True)), strict=True))
    cells = [(counts.get(k, 0), len(values) * p) for k, p in probabilities.items() if len(values) * p >= 20]
    seen, expected = (sum(column) for column in zip(*cells, strict=True))
    if len(values) - expected > 1:
        cells.append((len(values) - seen, len(values) - expected))
    return sum((got - want) ** 2 / want for got, want in cells), len(cells) - 1


@pytest.mark.parametrize("variance", [1, 2, 5, 40])
def test_discrete_gaussian_values_have_their_probabilities(variance: int) -> None:
    values = discrete_gaussian(variance, 20_000, stream(b"gauss%d" % variance))
    statistic, freedom = chi_squared(values, gaussian_probabilities(variance))
    assert statistic < freedom + 4 * math.sqrt(2 * freedom) + 8


@pytest.mark.parametrize("variance", [1, 2, 7, 100])
def test_skellam_values_have_their_probabilities(variance: int) -> None:
    values = skellam(variance, 200_000, stream(b"skellam%d" % variance))
    statistic, freedom = chi_squared(values, skellam_probabilities(variance))
    assert statistic < freedom + 4 * math.sqrt(2 * freedom) + 8


def test_a_sampler_of_a_wrong_variance_would_be_noticed() -> None:
    for values, table in (
        (discrete_gaussian(44, 20_000, stream(b"wrong")), gaussian_probabilities(40)),
        (skellam(104, 200_000, stream(b"wrong")), skellam_probabilities(100)),
    ):
        statistic, freedom = chi_squared(values, table)
        assert statistic > freedom + 4 * math.sqrt(2 * freedom) + 8


@pytest.mark.parametrize("noise", ["skellam", "discrete-gaussian"])
def test_large_variances_keep_their_moments(noise: str) -> None:
    variance, count = 10**7, 4000
    values = draw_noise(noise, variance, count, stream(noise.encode())) / math.sqrt(variance)
    assert abs(values.mean()) < 4 / math.sqrt(count)
    assert abs(values.var() - 1) < 4 * math.sqrt(2 / count)
    assert np.abs(values).max() < 6


@pytest.mark.parametrize("twice_mean", [1, 2, 3, 9, 40])
def test_the_table_bounds_the_distribution_function_in_exact_fractions(twice_mean: int) -> None:
    first, low, high = _bounds(twice_mean, 64)
    # exp(mean) between two fractions, by its series and twice the first term that is left out.
    mean, terms = Fraction(twice_mean, 2), [Fraction(1)]
    for k in range(1, 8 * twice_mean + 200):
        terms.append(terms[-1] * mean / k)
    least, most = sum(terms), sum(terms) + 2 * terms[-1]
    below = sum(terms[:first])
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        below += terms[first + i]
        assert a <= 2**64 * below / least
        assert b >= 2**64 * below / most
        assert b - a <= 64  # and it is tight


def test_a_uniform_number_on_a_bound_is_refined_and_not_guessed() -> None:
    """Poisson of mean 1/2: F(0) = exp(-1/2). Numbers just below give 0, just above 1, told apart beyond 64 bits."""
    bits = int(Fraction(6065306597126334236037995349911804534419181354871869556828921587350565194137, 10**76) * 2**192)
    for change, expected in ((-(2**60), 0), (2**60, 1)):
        number = (bits + change).to_bytes(24, "big")
        pieces = [number[0:8][::-1], *(number[i : i + 8][::-1] for i in (8, 16))]
        assert _poisson(1, 1, lambda count, pieces=pieces: pieces.pop(0)).tolist() == [expected]
        assert pieces == [] or len(pieces) == 1


@pytest.mark.parametrize("name", ["discrete_gaussian", "skellam"])
def test_no_float_takes_part_in_the_samplers(name: str, repository: Path) -> None:
    """No float constant, true division or float function, but for the tail bound, which samples nothing."""
    tree = ast.parse((repository / f"pyzkfl/dp/{name}.py").read_text())
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        if function.name == "skellam_tail_bits":
            continue
        for node in ast.walk(function):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), function.name
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), function.name
            assert not (isinstance(node, ast.Attribute) and "float" in node.attr), function.name
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
                assert node.attr == "isqrt"


def test_two_draws_differ_and_bad_arguments_are_refused() -> None:
    assert draw_noise("skellam", 10**6, 50).tolist() != draw_noise("skellam", 10**6, 50).tolist()
    for variance in (0, -1, 1 << 33, 1.5, True):
        with pytest.raises(ParameterError, match="variance"):
            draw_noise("skellam", variance, 1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="not 'laplace'"):
        draw_noise("laplace", 1, 1)


def test_the_tail_of_40_standard_deviations_is_out_of_reach() -> None:
    for variance in (1, 10, 10**6, 1 << 32):
        assert skellam_tail_bits(variance, 40 * (math.isqrt(variance) + 1)) > 100
