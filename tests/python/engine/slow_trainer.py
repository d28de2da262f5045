"""The training step of docs/engine.md, section 6, in plain Python integers: written from the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import isqrt
from typing import Any

Matrix = list[list[int]]
Layer = tuple[Matrix, list[int]]  # weights (out, in), biases (out)


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
class Slow:
    """The step of a NetworkJob. Counts what saturated, was clipped, or fell off the table's end."""

    job: Any
    saturated_activations: int = 0
    saturated_gradients: int = 0
    clipped_steps: int = 0
    distances_beyond_the_table: int = 0
    layers: list[Layer] = field(default_factory=list)

    def __post_init__(self) -> None:
        p = self.parameters = self.job.core.parameters
        self.table = exponentials(p["a_frac"])
        # The largest honest values decide where there is saturation.
        most_weight = 2 ** (p["w_bits"] - 1) + (p["steps"] - 1) * p["bound"]
        widths, value = p["widths"], 2 ** (p["x_bits"] - 1)
        hidden = len(widths) - 2
        self.cuts_activations, self.cuts_gradients = [], [False] * (hidden + 1)
        for layer in range(hidden):
            most = most_weight * (widths[layer] * value + 2 ** p["a_frac"]) // 2 ** p["w_frac"] + 1
            self.cuts_activations.append(most >= 2 ** p["saturation"])
            value = 2**13 - 1 if most >= 2 ** p["saturation"] else most
        gradient = 2 ** p["g_frac"]
        for layer in range(hidden, 0, -1):
            most = widths[layer + 1] * gradient * most_weight // 2 ** p["w_frac"] + 1
            self.cuts_gradients[layer] = most >= 2 ** p["saturation"]
            gradient = 2**12 if most >= 2 ** p["saturation"] else most

    def read(self, flat: list[int]) -> None:
        at, widths = 0, self.parameters["widths"]
        self.layers = []
        for inputs, outputs in pairwise(widths):
            rows = [flat[at + j * inputs : at + (j + 1) * inputs] for j in range(outputs)]
            at += inputs * outputs
            self.layers.append((rows, flat[at : at + outputs]))
            at += outputs

    def step(self, flat: list[int], x: Matrix, y: list[int]) -> list[int]:
        """D of one local step, flat."""
        p = self.parameters
        self.read(flat)
        inputs, signs = [x], []  # of each layer
        for layer, (weights, biases) in enumerate(self.layers):
            q = [
                [
                    rescale(
                        sum(a * w for a, w in zip(row, unit, strict=True)) + 2 ** p["a_frac"] * bias, p["w_frac"]
                    )
                    for unit, bias in zip(weights, biases, strict=True)
                ]
                for row in inputs[-1]
            ]
            if layer + 1 == len(self.layers):
                break
            signs.append([[int(v >= 1) for v in row] for row in q])
            a = [[max(v, 0) for v in row] for row in q]
            if self.cuts_activations[layer]:
                self.saturated_activations += sum(v > 2**13 - 1 for row in a for v in row)
                a = [[min(v, 2**13 - 1) for v in row] for row in a]
            inputs.append(a)

        gradient = [self.loss(row, label) for row, label in zip(q, y, strict=True)]
        found: list[Layer] = []
        for layer in reversed(range(len(self.layers))):
            below, units = inputs[layer], range(len(gradient[0]))
            matrix = [
                [sum(g[j] * a[k] for g, a in zip(gradient, below, strict=True)) for k in range(len(below[0]))]
                for j in units
            ]
            found.insert(0, (matrix, [2 ** p["a_frac"] * sum(g[j] for g in gradient) for j in units]))
            if layer > 0:
                gradient = self.back(layer, gradient, signs[layer - 1])
        return self.rounded(found)

    def loss(self, z: list[int], label: int) -> list[int]:
        end = len(self.table) - 1
        distances = [max(z) - v for v in z]
        self.distances_beyond_the_table += sum(d > end for d in distances)
        e = [self.table[min(d, end)] for d in distances]
        unit = 2 ** self.parameters["g_frac"]
        return [v * unit // sum(e) - unit * (j == label) for j, v in enumerate(e)]

    def back(self, layer: int, gradient: Matrix, sign: Matrix) -> Matrix:
        out = []
        for g, on in zip(gradient, sign, strict=True):
            row = []
            for k, active in enumerate(on):
                weights = [unit[k] for unit in self.layers[layer][0]]
                whole = sum(v * w for v, w in zip(g, weights, strict=True))
                whole = rescale(whole, self.parameters["w_frac"])
                if self.cuts_gradients[layer]:
                    self.saturated_gradients += not -(2**12) <= whole < 2**12
                    whole = min(max(whole, -(2**12)), 2**12 - 1)
                row.append(active * whole)
            out.append(row)
        return out

    def rounded(self, gradient: list[Layer]) -> list[int]:
        p = self.parameters
        flat = [v for matrix, biases in gradient for v in [*(v for row in matrix for v in row), *biases]]
        target = (p["bound"] - (isqrt(len(flat)) // 2 + 1)) * 2 ** p["eta_shift"]
        rate = min(p["eta"], target // (isqrt(sum(v * v for v in flat)) + 1))
        self.clipped_steps += rate < p["eta"]
        return [-rescale(rate * v, p["eta_shift"]) for v in flat]

    def round(self, flat: list[int], batches: list[tuple[Matrix, list[int]]]) -> list[int]:
        """D of all local steps."""
        total = [0] * len(flat)
        for x, y in batches:
            update = self.step([w + d for w, d in zip(flat, total, strict=True)], x, y)
            total = [t + d for t, d in zip(total, update, strict=True)]
        return total
