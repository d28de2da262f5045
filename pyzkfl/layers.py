"""Layers of a network, as a NetworkJob takes them: what there are relations for (docs/engine.md, section 6).

A layer is one affine operation, with a ReLU behind it or none. A Linear that follows an image reads it flattened,
channel by channel and row by row, as torch's Flatten does.

>>> from pyzkfl.layers import AvgPool2d, Conv2d, Linear
>>> layers = (Conv2d(4, 3, padding=1, relu=True), AvgPool2d(2), Linear(10))
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from pyzkfl import encoding
from pyzkfl.errors import DecodeError, ParameterError

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "Layer",
    "Linear",
    "input_shapes",
    "layer_object",
    "layer_of",
    "lenet5",
    "perceptron",
    "weight_shapes",
]

Sides = int | tuple[int, int]


def _sides(value: Sides | Sequence[int], name: str) -> tuple[int, int]:
    """(height, width); one number stands for both."""
    try:
        sides = (int(value), int(value)) if not isinstance(value, Sequence) else tuple(int(v) for v in value)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} must be an integer or two, got {value!r}") from error
    if len(sides) != 2:
        raise ParameterError(f"{name} must be an integer or two, got {value!r}")
    return (sides[0], sides[1])


def _parameters(kind: str, **given: Any) -> dict[str, Any]:
    plain = {"out": 0, "kernel": (1, 1), "stride": (1, 1), "padding": (0, 0), "bias": False, "relu": False}
    return {"kind": kind, **plain, **given}


@dataclasses.dataclass(frozen=True)
class Linear:
    """`out` units. weights (out, in), then bias (out,)."""

    out: int
    bias: bool = True
    relu: bool = False

    def parameters(self) -> dict[str, Any]:
        """As the core takes them."""
        return _parameters("linear", out=int(self.out), bias=bool(self.bias), relu=bool(self.relu))


@dataclasses.dataclass(frozen=True)
class Conv2d:
    """`out` channels; kernel, stride and zero padding as integers or (height, width); padding below the kernel.

    weights (out, in, height, width), then bias (out,).
    """

    out: int
    kernel: Sides
    stride: Sides = 1
    padding: Sides = 0
    bias: bool = True
    relu: bool = False

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "padding"):
            object.__setattr__(self, name, _sides(getattr(self, name), f"Conv2d: {name}"))

    def parameters(self) -> dict[str, Any]:
        """As the core takes them."""
        return _parameters(
            "conv2d",
            out=int(self.out),
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            bias=bool(self.bias),
            relu=bool(self.relu),
        )


@dataclasses.dataclass(frozen=True)
class AvgPool2d:
    """Means of rectangles that do not overlap: the stride is the kernel. What is left at an edge is dropped."""

    kernel: Sides
    relu: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", _sides(self.kernel, "AvgPool2d: kernel"))

    def parameters(self) -> dict[str, Any]:
        """As the core takes them."""
        return _parameters("avg_pool2d", kernel=self.kernel, stride=self.kernel, relu=bool(self.relu))


Layer = Linear | Conv2d | AvgPool2d


def layer_object(layer: Layer) -> dict[str, Any]:
    """The canonical map of docs/formats.md."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in layer.parameters().items()}


def layer_of(value: Any) -> Layer:
    """Read it back; DecodeError when the shape is another or a field does not belong to the kind."""
    encoding.expect_map(value, set(_parameters("")))
    for name, kind in (("kind", str), ("out", int), ("bias", bool), ("relu", bool)):
        encoding.expect_type(value, name, kind)
    sides = {}
    for name in ("kernel", "stride", "padding"):
        if not (isinstance(value[name], list) and [type(n) for n in value[name]] == [int, int]):
            raise DecodeError(f"network: {name} of a layer is a height and a width")
        sides[name] = (value[name][0], value[name][1])
    layer: Layer
    if value["kind"] == "linear":
        layer = Linear(value["out"], value["bias"], value["relu"])
    elif value["kind"] == "conv2d":
        layer = Conv2d(value["out"], bias=value["bias"], relu=value["relu"], **sides)
    elif value["kind"] == "avg_pool2d":
        layer = AvgPool2d(sides["kernel"], value["relu"])
    else:
        raise DecodeError("network: a layer is of the kind linear, conv2d or avg_pool2d")
    if layer_object(layer) != value:
        raise DecodeError(f"network: a field of a layer has no place in one of the kind {value['kind']}")
    return layer


def perceptron(widths: Sequence[int]) -> tuple[Layer, ...]:
    """Linear layers with biases of these widths (features first), ReLU between them."""
    return tuple(Linear(w, relu=i + 1 < len(widths) - 1) for i, w in enumerate(widths[1:]))


def lenet5() -> tuple[Layer, ...]:
    """For images (1, 28, 28) and ten classes, with average pools: 61,706 parameters."""
    return (
        Conv2d(6, 5, padding=2, relu=True),
        AvgPool2d(2),
        Conv2d(16, 5, relu=True),
        AvgPool2d(2),
        Linear(120, relu=True),
        Linear(84, relu=True),
        Linear(10),
    )


def input_shapes(layers: Sequence[Layer], input_shape: Sequence[int]) -> list[tuple[int, ...]]:
    """What each layer reads, a row of it: (features,) or (channels, height, width), an image not flattened.

    >>> input_shapes(lenet5(), (1, 28, 28))[4]
    (16, 5, 5)
    """
    shape = tuple(input_shape)
    out = []
    for layer in layers:
        out.append(shape)
        if isinstance(layer, Linear):
            shape = (layer.out,)
            continue
        if len(shape) != 3:
            raise ParameterError(
                f"a {type(layer).__name__} reads images (channels, height, width), and is given {shape}"
            )
        given = layer.parameters()
        sides_of = zip(shape[1:], given["kernel"], given["stride"], given["padding"], strict=True)
        channels = layer.out if isinstance(layer, Conv2d) else shape[0]
        shape = (channels, *((n + 2 * padding - kernel) // stride + 1 for n, kernel, stride, padding in sides_of))
    return out


def weight_shapes(input_shape: Sequence[int], layers: Sequence[Layer]) -> list[tuple[tuple[int, ...], int]]:
    """Shape of the weights (outputs first) and number of biases of each layer that has any.

    >>> weight_shapes((1, 28, 28), lenet5())[2]
    ((120, 400), 120)
    """
    out: list[tuple[tuple[int, ...], int]] = []
    for layer, shape in zip(layers, input_shapes(layers, input_shape), strict=True):
        if isinstance(layer, Linear):
            out.append(((layer.out, math.prod(shape)), layer.out if layer.bias else 0))
        elif isinstance(layer, Conv2d):
            out.append(((layer.out, shape[0], *layer.parameters()["kernel"]), layer.out if layer.bias else 0))
    return out
