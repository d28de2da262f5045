"""Networks: the core's training against the page's, and its inner proofs before the plain verifier (slow_verifier.py).

Both readings of docs/engine.md must agree on what is true, and the wrap circuit must refuse what the plain verifier
refuses, in the same phase. PYZKFL_DEEP=1 changes every element of a proof instead of a sample.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from program_shape import Shape, program_digest
from slow_trainer import Slow, exponentials
from slow_verifier import Opening, R, Refused, hashing, opening_holds, public_input, split, verify
from test_core_proofs import g1, g2

from pyzkfl import _core
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import ParameterError
from pyzkfl.layers import AvgPool2d, Conv2d, Linear
from pyzkfl.network import NetworkJob

CONTEXT = bytes(range(32))
STRIDE = 1 if os.environ.get("PYZKFL_DEEP", "") not in ("", "0") else 13

JOBS = {
    "padded hidden units, classes and rows": {"widths": (5, 6, 3), "batch": 7, "learning_rate": 0.3},
    "two steps of two hidden layers": {"widths": (4, 3, 5, 2), "batch": 4, "steps": 2, "learning_rate": 0.2},
    "saturation both ways": {
        "widths": (5, 4, 4),
        "batch": 8,
        "learning_rate": 0.05,
        "x_bits": 16,
        "w_bits": 20,
        "g_frac": 15,
    },
    "convolutions, a pool, the squared error and momentum": {
        "layers": (Conv2d(2, 3, padding=1, relu=True), AvgPool2d(2), Conv2d(3, 2, stride=2, relu=True), Linear(3)),
        "input_shape": (1, 6, 7),
        "loss": "mse",
        "momentum": 0.9,
        "batch": 2,
        "steps": 2,
        "learning_rate": 0.01,
    },
    "in bits": {"widths": (5, 6, 3), "batch": 7, "learning_rate": 0.3, "bitwise": True},
    "in bits, the squared error and so no tables": {
        "widths": (6, 4, 1),
        "loss": "mse",
        "g_frac": 5,
        "batch": 8,
        "learning_rate": 0.1,
        "bitwise": True,
    },
    "momentum carried over rounds": {
        "widths": (5, 4, 3),
        "batch": 4,
        "momentum": 0.9,
        "carry_momentum": True,
        "learning_rate": 0.1,
    },
    "features in three blocks, one padded": {"widths": (15, 3), "batch": 4, "learning_rate": 0.1, "max_norm": 0.01},
}

# Where the plain verifier stops, and the part of the wrap circuit that must then be the first to fail.
PHASES = {
    "clip": "clip",
    "T2": "outer claims",
    "T3": "product sums",
    "T4": "zero-checks",
    "T5": "lookups",
    "T6": "batched claims",
    "T7": "opening",
}


class Case:
    """A trained round of a network and its inner proof."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.job = NetworkJob(**JOBS[name])  # type: ignore[arg-type]
        network = self.job.core
        rng = np.random.default_rng(3)
        limit = 2 ** (self.job.w_bits - 1) // (1 if "saturation" in name else 8)
        self.weights = rng.integers(-limit, limit, self.job.dimension)
        reach = 2 ** (self.job.x_bits - 1)
        rows = self.job.batch - 1
        shape, targets = (rows, self.job.input_size), (rows, self.job.outputs)
        self.batches = [
            (
                rng.integers(-reach, reach, shape),
                rng.integers(0, self.job.outputs, rows) if self.job.loss != "mse" else rng.integers(-99, 99, targets),
            )
            for _ in range(self.job.steps)
        ]
        carries = self.job.carry_momentum
        self.velocity = rng.integers(-9999, 9999, self.job.dimension) if carries else None
        self.trained = self.job.train(self.weights, self.batches, self.velocity)
        self.key = _core.engine.ColumnKey.insecure(network.log_height)
        self.blinders = [random_blinder() for _ in range(self.job.steps + 2 * carries)], random_blinder()
        self.proof: dict[str, Any] = _core.engine.inner_proof(self.trained, self.key, CONTEXT, *self.blinders)
        self.program = network.program()
        self.shape = Shape.of(self.program)

    def verify(self, messages: list[int]) -> Opening:
        p = self.proof
        return verify(self.program, p["context"], p["rows"], p["points"], split(self.shape, messages))

    def refusals(self, messages: list[int]) -> tuple[str | None, str | None]:
        """Of the plain verifier, and of the circuit."""
        try:
            self.verify(messages)
            slow = None
        except Refused as error:
            slow = str(error)
        return slow, _core.engine.wrap_refusal(self.job.core, {**self.proof, "messages": messages})


def srs_of(proof: dict[str, Any]) -> tuple[Any, Any, Any]:
    tau_1, tau_2, tau_squared_2 = (point.hex() for point in proof["srs"])
    return g1(tau_1), g2(tau_2), g2(tau_squared_2)


@pytest.fixture(scope="module", params=list(JOBS))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_a_program_as_data_has_the_digest_of_the_core(case: Case) -> None:
    assert program_digest(case.program) == case.job.core.digest


def test_training_is_the_step_that_the_page_defines(case: Case) -> None:
    slow = Slow(case.job)
    batches = [(x.tolist(), y.tolist()) for x, y in case.batches]
    velocity = None if case.velocity is None else case.velocity.tolist()
    assert slow.round(case.weights.tolist(), batches, velocity) == case.trained.update.tolist()
    if case.velocity is not None:
        assert velocity == case.trained.velocity.tolist() != case.velocity.tolist()
        assert slow.round(case.weights.tolist(), batches) != case.trained.update.tolist()
    if "saturation" in case.name:
        assert slow.saturated_activations and slow.saturated_gradients and slow.distances_beyond_the_table
    if "max_norm" in JOBS[case.name]:
        assert slow.clipped_steps


@pytest.mark.parametrize("a_frac", range(1, 13))
def test_the_table_of_exponentials_is_rounded_correctly(a_frac: int) -> None:
    job = NetworkJob(widths=(2, 2), batch=2, learning_rate=0.01, a_frac=a_frac)
    assert job.core.exp_table == exponentials(a_frac)


def test_the_plain_verifier_accepts_what_the_core_proves_of_a_network(case: Case) -> None:
    p = case.proof
    opening = case.verify(p["messages"])
    assert opening == Opening(*p["opening"])
    assert public_input(p["context"], p["rows"], p["points"], opening) == p["public_input"]
    assert p["context"] == (int.from_bytes(CONTEXT[:16], "big"), int.from_bytes(CONTEXT[16:], "big"))
    assert p["rows"] == [len(y) for _, y in case.batches]

    kinds = [column["kind"] for column in case.program["columns"]]
    commitments = [g1(point.hex()) for point in p["commitments"]]
    absorbed = [c for c, kind in zip(p["commitments"], kinds, strict=True) if kind in ("update", "digits", "mask")]
    for point, elements in zip([*absorbed, p["symmetric"]], p["points"], strict=True):
        coordinates = (int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big"))
        assert hashing.point_elements(coordinates) == elements
    assert opening_holds(commitments, g1(p["symmetric"].hex()), g1(p["quotient"].hex()), opening, srs_of(p))


def test_circuit_and_plain_verifier_refuse_the_same_changes_in_the_same_phase(case: Case) -> None:
    flat = case.proof["messages"]
    assert case.refusals(flat) == (None, None)
    context_and_rows = 2 + case.program["steps"]
    seen = set()
    t0 = len(split(case.shape, flat)[0])
    for i in sorted({*range(t0 + 2), *range(0, len(flat), STRIDE), *range(len(flat) - 4, len(flat))}):
        slow, wrap = case.refusals([*flat[:i], (flat[i] + 1) % R, *flat[i + 1 :]])
        assert slow is not None and wrap is not None, i
        if i < context_and_rows:  # the plain verifier compares them; the circuit has them as wires, and hashes them
            continue
        phase = PHASES[slow.split()[0]]
        assert wrap.startswith(f"inner proof: {phase}"), (i, slow, wrap)
        seen.add(phase)
    assert seen == set(PHASES.values()) - (set() if case.program["tables"] else {"lookups"})


def test_the_circuit_refuses_another_opening_or_public_input(case: Case) -> None:
    proof, network = case.proof, case.job.core
    for i, match in ((3, "opened at z"), (4, "opened at z")):
        opening = [*proof["opening"]]
        opening[i] = (opening[i] + 1) % R
        assert match in _core.engine.wrap_refusal(network, {**proof, "opening": opening})
    other = {**proof, "public_input": (proof["public_input"] + 1) % R}
    assert "public input" in _core.engine.wrap_refusal(network, other)
    for messages in (proof["messages"][:-1], [*proof["messages"], 0], []):
        with pytest.raises(ParameterError):
            _core.engine.wrap_refusal(network, {**proof, "messages": messages})


def test_the_bytes_of_a_proof_lie_as_the_page_of_formats_says() -> None:
    case = Case("features in three blocks, one padded")
    prover = _core.engine.Prover.insecure(case.job.core, case.key)
    out = prover.prove(case.trained, CONTEXT, *case.blinders)
    data, known = out["proof"], out["commitments"]
    assert len(data) == 512

    points = [_core.curves.g1_decompress(data[i : i + 32]) for i in range(128, 352, 32)]
    *digits, mask, symmetric, quotient = (g1(point.hex()) for point in points)
    scalars = [int.from_bytes(data[i : i + 32], "big") for i in range(352, 512, 32)]
    assert len(digits) == 4 and len(scalars) == 5
    commitments = [g1(_core.curves.g1_decompress(c).hex()) for c in known]
    assert opening_holds([*commitments, *digits, mask], symmetric, quotient, Opening(*scalars), srs_of(case.proof))

    groth16 = [_core.curves.g1_decompress(data[:32]), _core.curves.g2_decompress(data[32:96])]
    evm = b"".join([*groth16, _core.curves.g1_decompress(data[96:128]), *points, data[352:]])
    assert len(evm) == 864
    for form in (data, evm):
        assert prover.verifier.verify(CONTEXT, out["rows"], known, form)
