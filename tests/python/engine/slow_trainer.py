"""The training step of docs/engine.md, section 6, in plain Python integers: written from the page.

A layer is a list of connections, (input, weight) pairs for each of its outputs: forward, backward and the gradients of
the weights are then sums over one list, whatever the layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt, prod
from typing import Any

Matrix = list[list[int]]


def rescale(v: int, shift: int) -> int:
    """v / 2^shift, half rounded up."""
    return (v + 2 ** (shift - 1)) >> shift


def exponentials(a_frac: int) -> list[int]:
    """EXP: round(2^12 exp(-t / 2^a_frac)) for 2^(a_frac + 4) keys t, but 0 for the last."""
    bits = 200
    step = term = 2**bits  # exp(-2^-a_frac) by its series
    k = 1
    while term:
        term //= 2**a_frac * k
        step += -term if k % 2 else term
        k += 1
    out, value = [], 2**bits
    for _ in range(2 ** (a_frac + 4) - 1):
        out.append(rescale(value, bits - 12))
        value = value * step >> bits
    return [*out, 0]


@dataclass
class Layer:
    """connections: for each output (input, weight) pairs. Weights of a pool are none: every pair counts `factor`."""

    connections: list[list[tuple[int, int]]]
    inputs: int
    weights: int  # how many, without biases
    channels: list[int]  # of each output
    bias: bool
    relu: bool
    factor: int  # of a pool, else 0
    fan_in: int
    fan_out: int  # outputs that one input is part of, at most
    saturates: bool = False
    gradient_saturates: bool = False


def layers_of(parameters: dict[str, Any]) -> list[Layer]:
    shape = tuple(parameters["input"])
    out = []
    for layer in parameters["layers"]:
        (kh, kw), (sh, sw), (ph, pw) = layer["kernel"], layer["stride"], layer["padding"]
        pool = layer["kind"] == "avg_pool2d"
        if layer["kind"] == "linear":
            inputs, units = prod(shape), layer["out"]
            connections = [[(k, unit * inputs + k) for k in range(inputs)] for unit in range(units)]
            new = Layer(
                connections, inputs, inputs * units, list(range(units)), layer["bias"], layer["relu"], 0, inputs, units
            )
            shape = (units,)
        else:
            c, h, w = shape
            oc = c if pool else layer["out"]
            oh, ow = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
            connections, channels = [], []
            for o in range(oc):
                for y in range(oh):
                    for x in range(ow):
                        pairs = []
                        for i in [o] if pool else range(c):
                            for ky in range(kh):
                                for kx in range(kw):
                                    v, u = y * sh + ky - ph, x * sw + kx - pw
                                    if 0 <= v < h and 0 <= u < w:
                                        pairs.append(((i * h + v) * w + u, ((o * c + i) * kh + ky) * kw + kx))
                        connections.append(pairs)
                        channels.append(o)
            unit = 2 ** parameters["w_frac"]
            factor = (2 * unit + kh * kw) // (2 * kh * kw) if pool else 0
            weights = 0 if pool else oc * c * kh * kw
            fan_in = kh * kw * (1 if pool else c)
            fan_out = oc * -(-kh // sh) * -(-kw // sw)
            bias = layer["bias"] and not pool
            new = Layer(connections, c * h * w, weights, channels, bias, layer["relu"], factor, fan_in, fan_out)
            shape = (oc, oh, ow)
        out.append(new)
    return out


@dataclass
class Slow:
    """The step of a NetworkJob. Counts what saturated, was clipped, or fell off the table's end."""

    job: Any
    saturated_activations: int = 0
    saturated_gradients: int = 0
    saturated_losses: int = 0
    clipped_steps: int = 0
    distances_beyond_the_table: int = 0
    layers: list[Layer] = field(default_factory=list)

    def __post_init__(self) -> None:
        p = self.parameters = self.job.core.parameters
        self.table = exponentials(p["a_frac"])
        self.layers = layers_of(p)
        self.first = next(number for number, layer in enumerate(self.layers) if layer.weights)
        self.momentum = p["momentum"] if p["steps"] > 1 or p.get("carry") else 0
        # The largest honest values decide where there is saturation.
        most_weight = 2 ** (p["w_bits"] - 1) + (p["steps"] - 1) * p["bound"]
        unit, limit = 2 ** p["w_frac"], 2 ** p["saturation"]
        value = 2 ** (p["x_bits"] - 1)
        for layer in self.layers:
            total = (layer.factor or most_weight) * layer.fan_in * value + layer.bias * most_weight * 2 ** p["a_frac"]
            value = total // unit + 1
            layer.saturates = layer.relu and value >= limit
            value = 2**13 - 1 if layer.saturates else value
        gradient = 2 ** p["g_frac"]
        if p["loss"] == "mse":
            gradient = (value + 2**15) * 2 ** (p["g_frac"] - p["a_frac"])
        self.loss_saturates = p["loss"] == "mse" and gradient >= limit
        gradient = 2**12 if self.loss_saturates else gradient
        for layer in reversed(self.layers[self.first + 1 :]):
            most = (layer.factor or layer.fan_out * most_weight) * gradient // unit + 1
            layer.gradient_saturates = not layer.factor and most >= limit
            gradient = 2**12 if layer.gradient_saturates else most

    def split(self, flat: list[int]) -> list[tuple[list[int], list[int]]]:
        """For each layer its weights and biases."""
        out, at = [], 0
        for layer in self.layers:
            biases = layer.bias * (max(layer.channels) + 1)
            out.append((flat[at : at + layer.weights], flat[at + layer.weights : at + layer.weights + biases]))
            at += layer.weights + biases
        return out

    def step(self, flat: list[int], x: Matrix, y: list[Any], last: list[int] | None = None) -> list[int]:
        """D of one local step, flat; `last` is that of the step before."""
        p = self.parameters
        model = self.split(flat)
        total = [([0] * len(weights), [0] * len(biases)) for weights, biases in model]
        for row, label in zip(x, y, strict=True):
            values, signs = [row], []
            for layer, (weights, biases) in zip(self.layers, model, strict=True):
                q = []
                for pairs, channel in zip(layer.connections, layer.channels, strict=True):
                    s = sum(values[-1][i] * (layer.factor or weights[k]) for i, k in pairs)
                    s += 2 ** p["a_frac"] * biases[channel] if layer.bias else 0
                    q.append(rescale(s, p["w_frac"]))
                signs.append([not layer.relu or v >= 1 for v in q])
                a = [v * on for v, on in zip(q, signs[-1], strict=True)]
                if layer.saturates:
                    self.saturated_activations += sum(v > 2**13 - 1 for v in a)
                    a = [min(v, 2**13 - 1) for v in a]
                values.append(a)

            gradient = self.loss(values[-1], label)
            for number in reversed(range(self.first, len(self.layers))):
                layer = self.layers[number]
                weights_sum, bias_sum = total[number]
                for dz, pairs, channel in zip(gradient, layer.connections, layer.channels, strict=True):
                    if layer.bias:
                        bias_sum[channel] += 2 ** p["a_frac"] * dz
                    for i, k in pairs if layer.weights else []:
                        weights_sum[k] += dz * values[number][i]
                if number > self.first:
                    back = self.back(layer, gradient, model[number][0])
                    gradient = [v * on for v, on in zip(back, signs[number - 1], strict=True)]
        return self.rounded([v for pair in total for part in pair for v in part], last)

    def saturated(self, v: int) -> int:
        return min(max(v, -(2**12)), 2**12 - 1)

    def loss(self, z: list[int], label: Any) -> list[int]:
        p = self.parameters
        if p["loss"] == "mse":
            dz = [(v - t) * 2 ** (p["g_frac"] - p["a_frac"]) for v, t in zip(z, label, strict=True)]
            if self.loss_saturates:
                self.saturated_losses += sum(v != self.saturated(v) for v in dz)
                dz = [self.saturated(v) for v in dz]
            return dz
        end = len(self.table) - 1
        distances = [max(z) - v for v in z]
        self.distances_beyond_the_table += sum(d > end for d in distances)
        e = [self.table[min(d, end)] for d in distances]
        unit = 2 ** p["g_frac"]
        return [v * unit // sum(e) - unit * (j == label) for j, v in enumerate(e)]

    def back(self, layer: Layer, gradient: list[int], weights: list[int]) -> list[int]:
        out = [0] * layer.inputs
        shift = self.parameters["w_frac"]
        if layer.factor:  # rounded once for each output, and put on all of its inputs
            for dz, pairs in zip(gradient, layer.connections, strict=True):
                for i, _ in pairs:
                    out[i] = rescale(layer.factor * dz, shift)
            return out
        for dz, pairs in zip(gradient, layer.connections, strict=True):
            for i, k in pairs:
                out[i] += dz * weights[k]
        out = [rescale(v, shift) for v in out]
        if layer.gradient_saturates:
            self.saturated_gradients += sum(v != self.saturated(v) for v in out)
            out = [self.saturated(v) for v in out]
        return out

    def rounded(self, gradient: list[int], last: list[int] | None) -> list[int]:
        p = self.parameters
        k = p["eta_shift"]
        target = p["bound"] * (2**16 - self.momentum) * 2 ** (k - 16) - (isqrt(len(gradient)) // 2 + 1) * 2**k
        rate = min(p["eta"], target // (isqrt(sum(v * v for v in gradient)) + 1))
        self.clipped_steps += rate < p["eta"]
        kept = [self.momentum * 2 ** (k - 16) * d for d in last or [0] * len(gradient)]
        return [-rescale(rate * v - m, k) for v, m in zip(gradient, kept, strict=True)]

    def round(
        self, flat: list[int], batches: list[tuple[Matrix, list[Any]]], velocity: list[int] | None = None
    ) -> list[int]:
        """D of all local steps; `velocity` becomes that of the last."""
        total = [0] * len(flat)
        update = velocity
        for x, y in batches:
            update = self.step([w + d for w, d in zip(flat, total, strict=True)], x, y, update)
            total = [t + d for t, d in zip(total, update, strict=True)]
        if velocity is not None:
            velocity[:] = update
        return total
