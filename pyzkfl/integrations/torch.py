"""PyTorch: a job from an nn.Sequential, and a training loop whose every step is the exact, provable integer step.

>>> from torch import nn
>>> module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
>>> job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.1, batch=16)
>>> job.widths
(4, 8, 3)
>>> images = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 3))
>>> Job.from_module(images, loss=nn.CrossEntropyLoss(), lr=0.1, batch=16, input_shape=(1, 8, 8)).dimension
235
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from pyzkfl import layers
from pyzkfl.errors import DataError, ParameterError, UnprovableOption
from pyzkfl.network import NetworkJob

__all__ = ["FitResult", "Job", "fit"]


def _refuse(name: str, module: nn.Module, **defaults: Any) -> None:
    """Raise UnprovableOption for the first option that is not as given."""
    for option, default in defaults.items():
        if getattr(module, option) != default:
            raise UnprovableOption(f"{name} with {option}={getattr(module, option)!r}: there is no relation for it")


def _convolution(name: str, module: nn.Conv2d) -> layers.Conv2d:
    _refuse(name, module, dilation=(1, 1), groups=1, padding_mode="zeros")
    if isinstance(module.padding, str):
        raise UnprovableOption(f"{name} with padding={module.padding!r}: give its padding in numbers")
    kernel, padding = module.kernel_size, module.padding
    if any(p >= k for p, k in zip(padding, kernel, strict=True)):
        raise UnprovableOption(f"{name} with padding={padding!r}: there is no relation for one as large as the kernel")
    return layers.Conv2d(module.out_channels, kernel, module.stride, padding, bias=module.bias is not None)  # type: ignore[arg-type]


def _pool(name: str, module: nn.AvgPool2d) -> layers.AvgPool2d:
    _refuse(name, module, ceil_mode=False, count_include_pad=True, divisor_override=None)
    pool = layers.AvgPool2d(module.kernel_size)
    if layers.AvgPool2d(module.stride) != pool:
        raise UnprovableOption(
            f"{name} with stride={module.stride!r}: there is no relation for windows that overlap or leave gaps"
        )
    if layers.AvgPool2d(module.padding) != layers.AvgPool2d(0):
        raise UnprovableOption(f"{name} with padding={module.padding!r}: there is no relation for it")
    return pool


Found = list[tuple[layers.Layer, nn.Module]]

_KINDS = (nn.Linear, nn.Conv2d, nn.AvgPool2d, nn.Flatten, nn.ReLU)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def _expect_plain(name: str, module: nn.Module) -> None:
    """Refuse what makes a module compute something else than its class says: hooks, weights that are not trained."""
    if any(getattr(module, hooks, None) for hooks in _HOOKS):
        raise UnprovableOption(f"{name} with hooks (weight_norm and the like are such): there is no relation for them")
    for parameter, values in module.named_parameters(recurse=False):
        if not values.requires_grad:
            raise UnprovableOption(f"{name} with a frozen {parameter}: a step trains all weights, there is no other")


def _layers(module: nn.Module) -> Found:
    """The layers with their modules, when the module is one that there are relations for."""
    if not isinstance(module, nn.Sequential) or type(module).forward is not nn.Sequential.forward:
        raise UnprovableOption(f"the module must be an nn.Sequential, got {type(module).__name__}")
    _expect_plain("the nn.Sequential", module)
    found: Found = []
    last: nn.Module | None = None
    flat = True  # whether a Linear may read what comes: not an image that was not flattened
    for position, layer in enumerate(module):
        name = f"layer {position} ({type(layer).__name__})"
        if type(layer) not in _KINDS:  # exactly: what a subclass computes, a parametrized layer too, is not known
            raise UnprovableOption(
                f"{name}: there is no relation for it; supported: Linear, Conv2d, AvgPool2d, Flatten, ReLU"
            )
        _expect_plain(name, layer)
        if any(layer is other for _, other in found):
            raise UnprovableOption(f"{name}: a layer that is there twice: there is no relation for shared weights")
        if isinstance(layer, nn.Flatten):
            _refuse(name, layer, start_dim=1, end_dim=-1)
            flat = True
        elif isinstance(layer, nn.Linear):
            if not flat:
                raise UnprovableOption(f"{name}: a linear layer on images: put a Flatten before it")
            found.append((layers.Linear(layer.out_features, bias=layer.bias is not None), layer))
        elif isinstance(layer, nn.Conv2d):
            found.append((_convolution(name, layer), layer))
            flat = False
        elif isinstance(layer, nn.AvgPool2d):
            found.append((_pool(name, layer), layer))
            flat = False
        else:  # a ReLU
            if not isinstance(last, (nn.Linear, nn.Conv2d, nn.AvgPool2d)):
                raise UnprovableOption(f"{name}: a ReLU that does not follow a layer")
            found[-1] = (dataclasses.replace(found[-1][0], relu=True), found[-1][1])
        last = layer
    if not found or not isinstance(last, nn.Linear):
        raise UnprovableOption("the module must end with a linear layer")
    return found


def _input_shape(found: Found, given: Sequence[int] | None) -> tuple[int, ...]:
    """The shape of a row, checked against what each layer says that it reads."""
    first = found[0][1]
    if given is None:
        if not isinstance(first, nn.Linear):
            raise ParameterError("images need an input_shape: (channels, height, width)")
        given = (first.in_features,)
    shape = tuple(int(n) for n in given)
    for (_, module), reads in zip(found, layers.input_shapes([layer for layer, _ in found], shape), strict=True):
        if isinstance(module, nn.Linear) and module.in_features != math.prod(reads):
            raise ParameterError(
                f"a layer of {module.in_features} inputs meets an input or outputs of {math.prod(reads)}"
            )
        if isinstance(module, nn.Conv2d) and module.in_channels != reads[0]:
            raise ParameterError(f"a convolution of {module.in_channels} channels meets {reads[0]}")
    return shape


def _loss_name(loss: object) -> str:
    if type(loss) is nn.MSELoss:
        _refuse("MSELoss", loss, reduction="mean")
        return "mse"
    if type(loss) is not nn.CrossEntropyLoss:
        raise UnprovableOption(
            f"loss {type(loss).__name__}: there is no relation for it; supported: CrossEntropyLoss, MSELoss"
        )
    _refuse("CrossEntropyLoss", loss, label_smoothing=0, reduction="mean", ignore_index=-100)
    if loss.weight is not None:
        raise UnprovableOption("CrossEntropyLoss with weight: there is no relation for it")
    return "cross_entropy"


def _rate_and_momentum(
    optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], steps: int, carry: bool
) -> tuple[float, float]:
    if type(optimizer) is not torch.optim.SGD:
        raise UnprovableOption(f"optimizer {type(optimizer).__name__}: there is no relation for it; supported: SGD")
    if len(optimizer.param_groups) != 1:
        raise UnprovableOption("an optimizer with several parameter groups")
    group = optimizer.param_groups[0]
    for name in ("dampening", "weight_decay", "nesterov", "maximize"):
        if group[name]:
            raise UnprovableOption(f"SGD with {name}: there is no relation for it")
    if group["momentum"] and any(state.get("momentum_buffer") is not None for state in optimizer.state.values()):
        raise UnprovableOption(
            "SGD with momentum carried over from steps before the job: there is no relation for it. A job begins "
            "without a velocity: take a new optimizer"
        )
    if group["momentum"] and steps == 1 and not carry:
        raise UnprovableOption(
            "SGD with momentum carried over rounds: a job does that only if it says so. Set carry_momentum=True, or "
            "take more than one step a round, each round beginning without a velocity"
        )
    if [p.shape for p in group["params"]] != [p.shape for p in parameters]:  # a copy's will do
        raise UnprovableOption("an optimizer of other parameters than the module's: a step trains all of them")
    return float(group["lr"]), float(group["momentum"])


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
        input_shape: Sequence[int] | None = None,
        **settings: Any,
    ) -> Job:
        """The job of an nn.Sequential of Linear, Conv2d, AvgPool2d, Flatten and ReLU.

        loss: CrossEntropyLoss or MSELoss. The learning rate is `lr`, or that of an SGD `optimizer`, with its momentum,
        which starts from none in each round unless carry_momentum is set. input_shape: (channels, height, width) of
        images. settings: steps, momentum, carry_momentum, max_norm and the scales of NetworkJob. Raises
        UnprovableOption naming the layer, loss or option without a relation.
        """
        found = _layers(module)
        if (lr is None) == (optimizer is None):
            raise ParameterError("give lr or optimizer, one of them")
        if optimizer is not None:
            if "momentum" in settings:
                raise ParameterError("give momentum or an optimizer, one of them")
            steps, carry = int(settings.get("steps", 1)), bool(settings.get("carry_momentum", False))
            lr, settings["momentum"] = _rate_and_momentum(optimizer, list(module.parameters()), steps, carry)
        return cls(
            layers=tuple(layer for layer, _ in found),
            input_shape=_input_shape(found, input_shape),
            loss=_loss_name(loss),
            batch=batch,
            learning_rate=float(lr),  # type: ignore[arg-type]
            **settings,
        )

    def _parameters(self, module: nn.Module) -> list[nn.Parameter]:
        """The module's weights, in the order of the job's. ParameterError for a module of another job."""
        found = _layers(module)
        if tuple(layer for layer, _ in found) != self.layers:
            raise ParameterError("the module has other layers than the job")
        _input_shape(found, self.input_shape)
        return [parameter for _, layer in found for parameter in layer.parameters()]

    def read(self, module: nn.Module) -> npt.NDArray[np.int64]:
        """The module's weights in fixed point, int64 (dimension,)."""
        parts = [p.detach().cpu().to(torch.float64).numpy().ravel() for p in self._parameters(module)]
        return self.weights(np.concatenate(parts))

    def write(self, module: nn.Module, weights: npt.NDArray[np.int64]) -> None:
        """Put fixed-point weights into the module, in place."""
        floats = torch.from_numpy(self.to_float(weights))
        at = 0
        with torch.no_grad():
            for parameter in self._parameters(module):
                count = parameter.numel()
                parameter.copy_(floats[at : at + count].reshape(parameter.shape))
                at += count


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What `fit` returns: one entry a round of `steps` batches.

    weights: int64 (dimension,), after the last round. rounds: for each round the fixed-point weights that it began
    with, its batches, and what its proof needs (secret).
    """

    weights: npt.NDArray[np.int64]
    rounds: list[tuple[npt.NDArray[np.int64], list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], Any]]


def _array(values: Any) -> Any:
    """A tensor, wherever it is and whatever is asked of its gradient, as an array; anything else as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().cpu()
    return (values.to(torch.float32) if values.dtype is torch.bfloat16 else values).numpy()


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple) and len(data) == 2 and all(hasattr(part, "__getitem__") for part in data)


def _pairs(data: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    if _is_pair(data):
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

    data: a DataLoader of (features, labels), or a pair of tensors or arrays, cut into batches in order; images have
    shape (rows, channels, height, width); labels are class numbers, of the MSELoss targets (rows, outputs). A trailing
    round with fewer batches than job.steps is not run. Raises DataError for data of another shape or dtype, or too
    little for one round, before any step changes the module; of a pair all rows are looked at before the first step.
    """
    if epochs < 1:
        raise ParameterError(f"epochs is {epochs}; at least one is needed")
    weights = job.read(module)
    if _is_pair(data):
        for x, y in _pairs(data, job.batch):
            _ = job.features(_array(x)), job.labels(_array(y))
    velocity: npt.NDArray[np.int64] | None = None
    rounds: list[Any] = []
    for epoch in range(epochs):
        before = len(rounds)
        waiting: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for x, y in _pairs(data, job.batch):
            waiting.append((job.features(_array(x)), job.labels(_array(y))))
            if len(waiting) < job.steps:
                continue
            trained = job.train(weights, waiting, velocity)
            velocity = trained.velocity if job.carry_momentum else None
            rounds.append((weights, waiting, trained))
            weights = job.apply(weights, trained.update)
            waiting = []
        if len(rounds) == before:
            raise DataError(
                f"epoch {epoch} has no round of {job.steps} batches: there are too few rows, or an iterator that is "
                "used up after one epoch (give a DataLoader, or a list)"
            )
    job.write(module, weights)
    return FitResult(weights, rounds)
