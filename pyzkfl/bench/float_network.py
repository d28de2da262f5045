"""A job's network in floats: what its integers are compared with. Steps clip as the job's do, and round nothing.

Convolutions and pools by sliding windows, gradients by hand (Goodfellow, Bengio, Courville, Deep Learning, sections 6.5
and 9.5), so that a benchmark needs no torch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl.errors import ParameterError
from pyzkfl.layers import AvgPool2d, Conv2d, Layer, Linear, input_shapes
from pyzkfl.network import NetworkJob

__all__ = ["FloatNetwork"]

Floats = npt.NDArray[np.float64]


class _Weighted:
    """A linear layer or a convolution; its values are (rows, channels, height, width), of a vector (rows, units)."""

    def __init__(self, layer: Linear | Conv2d, reads: tuple[int, ...], flat: Floats) -> None:
        self.layer = layer
        numbers = layer.parameters()
        self.kernel, self.stride, self.padding = numbers["kernel"], numbers["stride"], numbers["padding"]
        inputs = math.prod(reads) if isinstance(layer, Linear) else reads[0] * math.prod(self.kernel)
        self.matrix = flat[: layer.out * inputs].reshape(layer.out, inputs).copy()
        self.bias = flat[layer.out * inputs :][: layer.out].copy() if layer.bias else np.zeros(layer.out)
        self.size = layer.out * (inputs + layer.bias)
        self.read: Any = None
        self.shape: tuple[int, ...] = ()

    def forward(self, x: Floats) -> Floats:
        self.shape = x.shape
        if isinstance(self.layer, Linear):
            self.read = x.reshape(len(x), -1)
            return np.asarray(self.read @ self.matrix.T + self.bias)
        (ph, pw), (sh, sw) = self.padding, self.stride
        padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(self.kernel), axis=(2, 3))[:, :, ::sh, ::sw]
        self.read = windows.transpose(0, 2, 3, 1, 4, 5).reshape(*self._positions(windows), -1)
        return np.asarray((self.read @ self.matrix.T + self.bias).transpose(0, 3, 1, 2))

    @staticmethod
    def _positions(windows: npt.NDArray[Any]) -> tuple[int, int, int]:
        return windows.shape[0], windows.shape[2], windows.shape[3]

    def backward(self, d: Floats) -> tuple[Floats, Floats, Floats]:
        """Gradients of the matrix, of the bias and of what was read."""
        if isinstance(self.layer, Linear):
            return d.T @ self.read, d.sum(axis=0), (d @ self.matrix).reshape(self.shape)
        rows, height, width = self.read.shape[:3]
        flat = d.transpose(0, 2, 3, 1).reshape(-1, self.layer.out)
        below = (flat @ self.matrix).reshape(rows, height, width, self.shape[1], *self.kernel)
        (ph, pw), (sh, sw) = self.padding, self.stride
        padded = np.zeros((rows, self.shape[1], self.shape[2] + 2 * ph, self.shape[3] + 2 * pw))
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                part = below[..., i, j].transpose(0, 3, 1, 2)
                padded[:, :, i : i + sh * height : sh, j : j + sw * width : sw] += part
        back = padded[:, :, ph : ph + self.shape[2], pw : pw + self.shape[3]]
        return flat.T @ self.read.reshape(len(flat), -1), flat.sum(axis=0), back


class _Pool:
    def __init__(self, layer: AvgPool2d) -> None:
        self.kernel = layer.parameters()["kernel"]
        self.shape: tuple[int, ...] = ()

    def forward(self, x: Floats) -> Floats:
        self.shape = x.shape
        (kh, kw), (height, width) = self.kernel, x.shape[2:]
        cut = x[:, :, : height // kh * kh, : width // kw * kw]
        return np.asarray(cut.reshape(*x.shape[:2], height // kh, kh, width // kw, kw).mean(axis=(3, 5)))

    def backward(self, d: Floats) -> Floats:
        kh, kw = self.kernel
        spread = d.repeat(kh, axis=2).repeat(kw, axis=3) / (kh * kw)
        out = np.zeros(self.shape)
        out[:, :, : spread.shape[2], : spread.shape[3]] = spread
        return out


class FloatNetwork:
    """The network of a job that classifies, with weights (dimension,) in floats. Momentum is not there.

    >>> job = NetworkJob(widths=(4, 3), batch=2, learning_rate=0.1)
    >>> FloatNetwork(job, np.zeros(15)).predict(np.ones((2, 4))).tolist()
    [0, 0]
    """

    def __init__(self, job: NetworkJob, weights: Floats) -> None:
        if job.loss != "cross_entropy" or job.momentum:
            raise ParameterError("the reference in floats is of the cross-entropy, without momentum")
        self.job = job
        self._layers: list[tuple[Layer, _Weighted | _Pool]] = []
        at = 0
        for layer, reads in zip(job.layers, input_shapes(job.layers, job.input_shape), strict=True):
            if isinstance(layer, AvgPool2d):
                self._layers.append((layer, _Pool(layer)))
                continue
            assert isinstance(layer, (Linear, Conv2d))
            made = _Weighted(layer, reads, weights[at:])
            at += made.size
            self._layers.append((layer, made))

    def _forward(self, x: npt.ArrayLike) -> list[Floats]:
        values = np.asarray(x, dtype=np.float64)
        out = [values.reshape(len(values), *self.job.input_shape)]
        for layer, own in self._layers:
            z = own.forward(out[-1])
            out.append(np.maximum(z, 0) if getattr(layer, "relu", False) else z)
        return out

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class numbers (rows,)."""
        return np.asarray(self._forward(x)[-1].argmax(axis=1), dtype=np.int64)

    def step(self, x: npt.ArrayLike, y: npt.NDArray[np.int64]) -> None:
        """One step on these rows: the rate is over the job's batch, and clipped to its bound."""
        job = self.job
        values = self._forward(x)
        p = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
        d = (p / p.sum(axis=1, keepdims=True) - np.eye(job.outputs)[y]) / job.batch
        gradients: list[tuple[_Weighted, Floats, Floats]] = []
        for (layer, own), after in zip(reversed(self._layers), reversed(values), strict=False):
            if getattr(layer, "relu", False):
                d = d * (after > 0)
            if isinstance(own, _Pool):
                d = own.backward(d)
            else:
                matrix, bias, d = own.backward(d)
                gradients.append((own, matrix, bias if own.layer.bias else np.zeros_like(bias)))
        norm = job.learning_rate * math.sqrt(sum(float((g * g).sum()) for _, *pair in gradients for g in pair))
        scale = job.learning_rate * min(1.0, job.max_norm / max(norm, 1e-30))
        for own, matrix, bias in gradients:
            own.matrix -= scale * matrix
            own.bias -= scale * bias

    @property
    def weights(self) -> Floats:
        """All weights (dimension,), in the job's order."""
        parts = []
        for _, own in self._layers:
            if isinstance(own, _Weighted):
                parts += [own.matrix.ravel(), *([own.bias] if own.layer.bias else [])]
        return np.concatenate(parts)
