"""How far the exact integer training of a job is from SGD in floats, round by round; and which scale to raise.

Both trainings begin with a module's weights and see the same batches; the floats are torch's, of the raw features. So
the distance is what fixed point costs: rounded weights, features, activations, gradients and updates, clipped features,
saturation. With clipping the float steps are clipped to the job's bound as the integer ones are; without it the
distance holds what the bound costs, too.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from pyzkfl.demo.hospitals import breast_cancer
from pyzkfl.errors import DataError, ParameterError
from pyzkfl.integrations.torch import Job

__all__ = ["BUILT_IN", "Drift", "DriftData", "DriftRound", "Trial", "drift", "load"]

BUILT_IN = ("digits", "breast-cancer")
# Drift is called large beyond these: of the weights in L2, and of the share of test rows that are classified right.
LARGE_DISTANCE = 0.05
LARGE_LOSS = 0.01
_SCALES = ("x_bits", "a_frac", "w_bits", "w_frac", "g_frac")

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Batches = list[npt.NDArray[np.int64]]


@dataclasses.dataclass(frozen=True)
class DriftData:
    """Training and test rows: features (rows, features), real; labels (rows,), class numbers."""

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    test_x: npt.NDArray[Any]
    test_y: npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class DriftRound:
    """After a round: accuracies on the test rows, and the distance of the integer weights from the float ones.

    weights_relative_l2: L2 distance over the L2 norm of the float weights. weights_max: the largest of a coordinate.
    clipped: float steps of the round whose update was beyond the job's bound, clipped or not.
    """

    round: int
    accuracy_integer: float
    accuracy_float: float
    weights_relative_l2: float
    weights_max: float
    clipped: int


@dataclasses.dataclass(frozen=True)
class Trial:
    """The integer training once more with these settings changed, and its distance after the last round."""

    change: dict[str, int]
    weights_relative_l2: float
    accuracy_integer: float


@dataclasses.dataclass(frozen=True)
class Drift:
    """What `drift` found. clipped_features: training and test values beyond the job's range of features."""

    rounds: list[DriftRound]
    clipped_features: int
    large: bool
    recommendation: str
    trials: list[Trial]

    @property
    def last(self) -> DriftRound:
        """After the last round."""
        return self.rounds[-1]


def load(name: str | os.PathLike[str], *, seed: int = 0) -> DriftData:
    """A built-in set, or a .npz file with x (rows, features) and y (rows,); a fifth is for testing.

    digits: scikit-learn's, pixels in [0, 1]. breast-cancer: each feature less its mean, by its standard deviation,
    both over the training rows. A .npz is taken as it is. Raises DataError for a file that is not one.
    """
    if name in BUILT_IN:
        x, y = breast_cancer() if name == "breast-cancer" else _digits()
    else:
        x, y = _read(name)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], y[order]
    if name == "digits":
        x = x / 16.0
    train = len(x) - len(x) // 5
    if name == "breast-cancer":
        x = (x - x[:train].mean(axis=0)) / x[:train].std(axis=0)
    return DriftData(x[:train], y[:train], x[train:], y[train:])


def _digits() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.data, found.target


def _read(path: str | os.PathLike[str]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            x, y = file["x"], file["y"]
    except OSError as error:
        raise DataError(f"{os.fspath(path)} cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{os.fspath(path)} is not a .npz file with the arrays x and y") from error
    if x.ndim < 2 or y.shape != x.shape[:1] or len(x) < 5:
        raise DataError(f"{os.fspath(path)}: x must be (rows, features) and y (rows,), at least 5 rows")
    return x, y


def _batches(rows: int, job: Job, rounds: int, rng: np.random.Generator) -> Iterator[Batches]:
    """Row numbers of each local step of each round: epochs in fresh orders; what does not fill a batch is left out."""
    size = min(job.batch, rows)
    order = rng.permutation(rows)
    for _ in range(rounds):
        batches = []
        for _ in range(job.steps):
            if len(order) < size:
                order = rng.permutation(rows)
            batches.append(order[:size])
            order = order[size:]
        yield batches


@contextlib.contextmanager
def _threads_worth_starting(job: Job) -> Iterator[None]:
    """One thread for torch where products are small: on a busy machine, to wait for a second costs ten times more."""
    before = torch.get_num_threads()
    if job.dimension * job.batch < 1 << 24:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _FloatTraining:
    """SGD with torch: the job's learning rate, and its bound if asked."""

    def __init__(self, job: Job, module: nn.Module, clipping: bool) -> None:
        self._job, self.module, self._clipping = job, copy.deepcopy(module), clipping
        momentum = job.momentum if job.steps > 1 or job.carry_momentum else 0.0
        self._optimizer = torch.optim.SGD(self.module.parameters(), lr=job.learning_rate, momentum=momentum)
        self._most = job.max_norm * (1 - momentum)  # of a step's own gradient: momentum keeps the rest
        self._loss = nn.CrossEntropyLoss(reduction="sum")
        self._dtype = next(module.parameters()).dtype

    def begin_round(self) -> None:
        """A round begins without a velocity, unless the job carries it."""
        if not self._job.carry_momentum:
            self._optimizer.state.clear()

    def step(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> bool:
        """One step; whether its update was beyond the bound."""
        self._optimizer.zero_grad()
        loss = self._loss(self.module(torch.as_tensor(x, dtype=self._dtype)), torch.as_tensor(y, dtype=torch.int64))
        (loss / self._job.batch).backward()
        gradients = [p.grad for p in self.module.parameters() if p.grad is not None]
        norm = self._job.learning_rate * float(torch.cat([g.ravel() for g in gradients]).norm())
        beyond = norm > self._most
        if beyond and self._clipping:
            for gradient in gradients:
                gradient.mul_(self._most / norm)
        self._optimizer.step()
        return beyond

    def weights(self) -> Floats:
        """In the job's order, which is torch's."""
        flat = nn.utils.parameters_to_vector(self.module.parameters())
        return flat.detach().to(torch.float64).numpy()

    @torch.no_grad()
    def accuracy(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
        """Share of rows whose predicted class is the label."""
        predicted = self.module(torch.as_tensor(x, dtype=self._dtype)).argmax(dim=1).numpy()
        return float(np.mean(predicted == y))


class _IntegerTraining:
    """The job's steps, as they are proven."""

    def __init__(self, job: Job, module: nn.Module, data: DriftData) -> None:
        self._job, self.weights = job, job.read(module)
        self._x, self._y = job.features(data.x), job.labels(data.y)
        self._test = job.features(data.test_x), job.labels(data.test_y)
        self._velocity: npt.NDArray[np.int64] | None = None

    def round(self, batches: Batches) -> None:
        """The local steps of a round."""
        trained = self._job.train(self.weights, [(self._x[b], self._y[b]) for b in batches], self._velocity)
        self._velocity = trained.velocity if self._job.carry_momentum else None
        self.weights = self._job.apply(self.weights, trained.update)

    def accuracy(self) -> float:
        """On the test rows."""
        return self._job.accuracy(self.weights, *self._test)

    def distance(self, floats: Floats) -> tuple[float, float]:
        """From these weights: relative L2, largest coordinate."""
        away = self._job.to_float(self.weights) - floats
        return float(np.linalg.norm(away)) / max(float(np.linalg.norm(floats)), 1e-30), float(np.abs(away).max())


def _beyond(x_bits: int, a_frac: int, data: DriftData) -> int:
    """Feature values that a job with this range clips."""
    limit = 1 << (x_bits - 1)
    scaled = [np.asarray(x, dtype=np.float64) * 2.0**a_frac for x in (data.x, data.test_x)]
    return sum(int(((s < -limit - 0.5) | (s >= limit - 0.5)).sum()) for s in scaled)


def drift(
    job: Job,
    module: nn.Module,
    data: DriftData,
    *,
    rounds: int,
    clipping: bool = True,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Drift:
    """Train a copy of the module in floats and the job in integers, on the same batches, and compare after each round.

    job: `Job.from_module(module, ..)`. rounds: of job.steps batches each. clipping: of the float steps, to the job's
    max_norm; the integer steps always clip. When the drift is large, the integer training runs again with one scale
    raised at a time, and the recommendation is the change that brought it nearest to the floats: measured, not guessed.
    Raises DataError for data that the job cannot train on, RangeError for weights that it cannot hold.

    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> module = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))
    >>> job = Job.from_module(module, loss=nn.CrossEntropyLoss(), lr=0.5, batch=32, a_frac=7)
    >>> drift(job, module, load("digits"), rounds=5).large
    False
    """
    if job.loss != "cross_entropy":
        raise ParameterError("drift compares accuracies, of jobs that classify; this one has the mean squared error")
    if rounds < 1:
        raise ParameterError(f"rounds is {rounds}; at least one is needed")
    exact, reference = _IntegerTraining(job, module, data), _FloatTraining(job, module, clipping)
    schedule = list(_batches(len(data.x), job, rounds, np.random.default_rng(seed)))
    found = []
    with _threads_worth_starting(job):
        for number, batches in enumerate(schedule):
            exact.round(batches)
            reference.begin_round()
            clipped = sum(reference.step(data.x[b], data.y[b]) for b in batches)
            distance, largest = exact.distance(reference.weights())
            accuracy = reference.accuracy(data.test_x, data.test_y)
            found.append(DriftRound(number, exact.accuracy(), accuracy, distance, largest, clipped))
            if progress is not None:
                progress((number + 1) / rounds)
    last = found[-1]
    beyond = _beyond(job.x_bits, job.a_frac, data)
    large = last.weights_relative_l2 > LARGE_DISTANCE or last.accuracy_float - last.accuracy_integer > LARGE_LOSS
    if not large:
        return Drift(found, beyond, False, "the scales are fine: the drift is small", [])
    trials = []
    for changed in _raised(job, exact, beyond, data):
        again = _IntegerTraining(changed, module, data)
        for batches in schedule:
            again.round(batches)
        change = {name: getattr(changed, name) for name in _SCALES if getattr(changed, name) != getattr(job, name)}
        trials.append(Trial(change, again.distance(reference.weights())[0], again.accuracy()))
    return Drift(found, beyond, True, _advice(job, found, trials, clipping), trials)


def _raised(job: Job, exact: _IntegerTraining, beyond: int, data: DriftData) -> Iterator[Job]:
    """The job with one scale raised, with each that fits. A range is widened with the unit that would narrow it."""
    changes: list[dict[str, int]] = []
    for a_frac in (job.a_frac + 2, job.a_frac + 4):
        narrower = _beyond(job.x_bits, a_frac, data) > beyond
        changes.append({"a_frac": a_frac, **({"x_bits": 16} if narrower else {})})
    changes += [{"g_frac": g_frac} for g_frac in sorted({min(15, job.g_frac + more) for more in (3, 6)} - {job.g_frac})]
    if job.w_frac < 16:
        changes.append({"w_frac": 16, "w_bits": job.w_bits + 8})
    limit = 1 << (job.w_bits - 1)
    if ((exact.weights == -limit) | (exact.weights == limit - 1)).any():
        changes.append({"w_bits": job.w_bits + 3})
    if beyond and job.x_bits < 16:
        changes.append({"x_bits": 16})
    for change in changes:
        try:
            yield dataclasses.replace(job, **change)  # type: ignore[arg-type]
        except ParameterError:
            continue  # some value could overflow: not to be had for this model


def _advice(job: Job, found: list[DriftRound], trials: list[Trial], clipping: bool) -> str:
    now = found[-1].weights_relative_l2
    best = min(trials, key=lambda trial: trial.weights_relative_l2, default=None)
    lines = []
    if best is not None and best.weights_relative_l2 < 0.8 * now:
        change = ", ".join(f"{name} from {getattr(job, name)} to {value}" for name, value in best.change.items())
        lines.append(f"raise {change}: the distance falls from {now:.3g} to {best.weights_relative_l2:.3g}")
    clipped = sum(r.clipped for r in found)
    if clipped and not clipping:
        lines.append(
            f"{clipped} of {len(found) * job.steps} float steps were beyond max_norm {job.max_norm:g}, to which the "
            "integer steps are clipped: raise max_norm, or lower the learning rate"
        )
    return (
        "; ".join(lines)
        or "no single scale that fits brings it down: lower the learning rate, or train in fewer rounds"
    )
