"""Floats in and out of encrypted sums: numpy and torch, in a job's units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyzkfl import IdentityKey, Job, Member, he
from pyzkfl.errors import DataError, ParameterError, RangeError
from pyzkfl.network import NetworkJob


@pytest.fixture(scope="module")
def network() -> NetworkJob:
    return NetworkJob(widths=(3, 2, 2), batch=4, steps=2, learning_rate=0.1, max_norm=0.4)


def through(scheme: str, spec: he.FixedPoint, vectors: list[Any]) -> np.ndarray:
    """The decrypted sum."""
    keys = he.generate(scheme, holder=he.OneDecryptor(), max_abs=spec.max_abs, summands=len(vectors))  # type: ignore
    total, *others = (keys.public.encrypt(spec.encode(vector)) for vector in vectors)
    for other in others:
        total = total + other
    return np.asarray(keys.decryptor.decrypt(total))


@pytest.mark.parametrize("scheme", ["rlwe", "paillier"])
def test_the_mean_of_layers_comes_back_in_their_shapes_and_dtypes_off_by_half_a_unit_at_most(
    scheme: str, network: NetworkJob
) -> None:
    spec, rng = he.FixedPoint.of(network), np.random.default_rng(1)
    limit = spec.max_abs / 2.0**spec.frac
    models = [[rng.uniform(-limit, limit, (3, 2)), rng.uniform(-limit, limit, 5).astype(np.float32)] for _ in range(3)]
    total = through(scheme, spec, models)
    assert total.tolist() == sum(spec.encode(model) for model in models).tolist()  # exact
    mean = spec.decode(total, like=models[0], members=3)
    for at, (shape, dtype) in enumerate((((3, 2), np.float64), ((5,), np.float32))):
        assert mean[at].shape == shape and mean[at].dtype == dtype
        expected = np.mean([model[at] for model in models], axis=0)
        assert np.max(np.abs(mean[at] - expected)) <= 2.0 ** -(spec.frac + 1) + 1e-7


def test_tensors_come_back_as_tensors_of_their_dtype_whatever_memory_or_gradient_they_have() -> None:
    torch = pytest.importorskip("torch")
    spec = he.FixedPoint(frac=8, max_abs=1024)
    layers = [
        torch.nn.Parameter(torch.tensor([[0.5, -0.25], [1.0, 2.0]])),
        torch.tensor([4.0, 0.0, -4.0], dtype=torch.bfloat16)[::2],
        np.array([3.0]),
    ]
    assert spec.encode(layers).tolist() == [128, -64, 256, 512, 1024, -1024, 768]
    total = through("rlwe", spec, [layers, layers])
    first, second, third = spec.decode(total, like=layers, members=2)
    assert isinstance(first, torch.Tensor) and first.dtype == torch.float32 and not first.requires_grad
    assert torch.equal(first, layers[0].detach()) and torch.equal(second, layers[1]) and second.dtype == torch.bfloat16
    assert isinstance(third, np.ndarray) and third.tolist() == [3.0]
    assert torch.equal(spec.decode(total[:4], like=layers[0], members=2), layers[0].detach())


def test_a_job_s_units_and_limit_are_those_of_its_updates(network: NetworkJob) -> None:
    members = [Member(f"m{i}", IdentityKey.generate().public_bytes) for i in range(3)]
    for job in (
        Job.logistic(name="test", features=3, members=members, rounds=1),
        Job.model(network, name="test", members=members, rounds=1),
    ):
        spec = he.FixedPoint.of(job)
        assert (spec.frac, spec.max_abs) == (job.w_frac, job.update_limit)
        update = np.array([job.update_limit, -7, 0])
        assert spec.encode(job.to_float(update)).tolist() == update.tolist()
    assert he.FixedPoint.of(network) == spec


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        (np.array([1.0, np.nan]), DataError, "NaN"),
        ([np.array([0.0]), np.array([-np.inf])], DataError, "array 1"),
        (np.array([1, 2]), DataError, "give floats"),
        (np.array([4.1, -4.1, 0.0]), RangeError, "2 values of array 0 are beyond 4"),
        ([], DataError, "no arrays"),
    ],
)
def test_what_has_no_place_in_the_fixed_point_is_refused(values: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        he.FixedPoint(frac=8, max_abs=1024).encode(values)


def test_clipping_is_asked_for_rounding_is_half_up_and_sizes_must_fit() -> None:
    spec = he.FixedPoint(frac=1, max_abs=8)
    assert spec.encode(np.array([100.0, -100.0, 0.25, -0.25, 0.2]), clip=True).tolist() == [8, -8, 1, 0, 0]
    with pytest.raises(DataError, match="3 values were due"):
        spec.decode(np.zeros(4, dtype=np.int64), like=np.zeros(3))
    with pytest.raises(ParameterError, match="at least one member"):
        spec.decode(np.zeros(3, dtype=np.int64), like=np.zeros(3), members=0)
    for frac, max_abs in ((53, 1), (-1, 1), (0, 0), (0, 1 << 53)):
        with pytest.raises(ParameterError):
            he.FixedPoint(frac, max_abs)
