"""PyTorch: a job from an nn.Sequential, and a training loop whose every step is the exact, provable integer step.

>>> from torch import nn
>>> module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
>>> job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=16)
>>> job.widths
(4, 8, 3)
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from pyzkfl.errors import DataError, ParameterError, UnprovableOption
from pyzkfl.network import NetworkJob

__all__ = ["FitResult", "Job", "fit"]


def _layers(module: nn.Module) -> list[nn.Linear]:
    """The linear layers, when the module is one that there are relations for."""
    if not isinstance(module, nn.Sequential):
        raise UnprovableOption(f"the module must be an nn.Sequential, got {type(module).__name__}")
    linear: list[nn.Linear] = []
    after_linear = False
    for position, layer in enumerate(module):
        name = f"layer {position} ({type(layer).__name__})"
        if isinstance(layer, nn.Flatten):
            if linear or (layer.start_dim, layer.end_dim) != (1, -1):
                raise UnprovableOption(f"{name}: Flatten is supported as the first layer, with its defaults")
        elif isinstance(layer, nn.Linear):
            if after_linear:
                raise UnprovableOption(f"{name}: two linear layers without a ReLU between them")
            if layer.bias is None:
                raise UnprovableOption(f"{name}: a linear layer without bias")
            linear.append(layer)
            after_linear = True
        elif isinstance(layer, nn.ReLU):
            if not after_linear:
                raise UnprovableOption(f"{name}: a ReLU that does not follow a linear layer")
            after_linear = False
        else:
            raise UnprovableOption(
                f"{name}: there is no relation for it; supported: Flatten, Linear with bias, ReLU"
            )
    if not linear or not after_linear:
        raise UnprovableOption("the module must end with a linear layer")
    for first, second in itertools.pairwise(linear):
        if first.out_features != second.in_features:
            raise ParameterError(f"a layer of {first.out_features} outputs meets one of {second.in_features} inputs")
    return linear


def _check_loss(loss: object) -> None:
    if not isinstance(loss, nn.CrossEntropyLoss):
        raise UnprovableOption(f"loss {type(loss).__name__}: there is no relation for it; supported: CrossEntropyLoss")
    options = {
        "weight": loss.weight is None,
        "label_smoothing": loss.label_smoothing == 0,
        "reduction": loss.reduction == "mean",
        "ignore_index": loss.ignore_index == -100,
    }
    for name, default in options.items():
        if not default:
            raise UnprovableOption(f"CrossEntropyLoss with {name}: there is no relation for it")


def _learning_rate(optimizer: torch.optim.Optimizer) -> float:
    if type(optimizer) is not torch.optim.SGD:
        raise UnprovableOption(f"optimizer {type(optimizer).__name__}: there is no relation for it; supported: SGD")
    if len(optimizer.param_groups) != 1:
        raise UnprovableOption("an optimizer with several parameter groups")
    group = optimizer.param_groups[0]
    for name in ("momentum", "dampening", "weight_decay", "nesterov", "maximize"):
        if group[name]:
            raise UnprovableOption(f"SGD with {name}: there is no relation for it")
    return float(group["lr"])


@dataclasses.dataclass(frozen=True)
class Job(NetworkJob):
    """A NetworkJob that reads from and writes to torch modules."""

    @classmethod
    def from_module(
        cls,
        module: nn.Module,
        *,
        loss: nn.Module,
        batch: int,
        lr: float | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        **settings: Any,
    ) -> Job:
        """The job of an nn.Sequential of Flatten, Linear and ReLU.

        loss: CrossEntropyLoss; the learning rate is `lr` or that of an SGD `optimizer`. settings: steps, max_norm and
        the scales of NetworkJob. Raises UnprovableOption naming the layer, loss or option that has no relation.
        """
        linear = _layers(module)
        _check_loss(loss)
        if (lr is None) == (optimizer is None):
            raise ParameterError("give lr or optimizer, one of them")
        rate = float(lr) if lr is not None else _learning_rate(optimizer)  # type: ignore[arg-type]
        widths = (linear[0].in_features, *(layer.out_features for layer in linear))
        return cls(widths=widths, batch=batch, learning_rate=rate, **settings)

    def read(self, module: nn.Module) -> npt.NDArray[np.int64]:
        """The module's weights in fixed point, int64 (dimension,)."""
        linear = _layers(module)
        widths = (linear[0].in_features, *(layer.out_features for layer in linear))
        if widths != self.widths:
            raise ParameterError(f"the module has widths {widths}, the job {self.widths}")
        parts = [p.detach().cpu().to(torch.float64).numpy().ravel() for m in linear for p in (m.weight, m.bias)]
        return self.weights(np.concatenate(parts))

    def write(self, module: nn.Module, weights: npt.NDArray[np.int64]) -> None:
        """Put fixed-point weights into the module, in place."""
        floats = torch.from_numpy(self.to_float(weights))
        at = 0
        with torch.no_grad():
            for layer in _layers(module):
                for parameter in (layer.weight, layer.bias):
                    count = parameter.numel()
                    parameter.copy_(floats[at : at + count].reshape(parameter.shape))
                    at += count
        if at != self.dimension:
            raise ParameterError(f"the module has {at} weights, the job {self.dimension}")


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What `fit` returns: one entry a round of `steps` batches.

    weights: int64 (dimension,), after the last round. rounds: for each round the fixed-point weights that it began
    with, its batches, and what its proof needs (secret).
    """

    weights: npt.NDArray[np.int64]
    rounds: list[tuple[npt.NDArray[np.int64], list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], Any]]


def _pairs(data: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, tuple) and len(data) == 2 and all(hasattr(part, "__getitem__") for part in data):
        x, y = data
        if len(x) != len(y):
            raise DataError(f"{len(x)} rows of features and {len(y)} labels")
        for first in range(0, len(x), batch):
            yield x[first : first + batch], y[first : first + batch]
        return
    if not isinstance(data, Iterable):
        raise DataError(f"data must be a DataLoader or a pair of tensors, got {type(data).__name__}")
    for item in data:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise DataError("a DataLoader must give pairs of features and labels")
        yield item[0], item[1]


def fit(job: Job, module: nn.Module, data: Any, *, epochs: int = 1) -> FitResult:
    """Train the module in place by the job's exact integer steps.

    data: a DataLoader of (features, labels), or a pair of tensors or arrays, cut into batches in order. A trailing
    round with fewer batches than job.steps is not run. Raises DataError for data of another shape or dtype, before any
    step changes the module.
    """
    weights = job.read(module)
    rounds = []
    for _ in range(epochs):
        waiting: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for x, y in _pairs(data, job.batch):
            waiting.append((job.features(np.asarray(x)), job.labels(np.asarray(y))))
            if len(waiting) < job.steps:
                continue
            trained = job.train(weights, waiting)
            rounds.append((weights, waiting, trained))
            weights = job.apply(weights, trained.update)
            waiting = []
    job.write(module, weights)
    return FitResult(weights, rounds)
