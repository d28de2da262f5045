"""Proofs under Flower: every node proves its update, false ones are named and left out, the sum of the others opens.

Keys are development keys in a file, made once for this module.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="flwr is not installed: pip install pyzkfl[flower]")

from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from pyzkfl import _core
from pyzkfl.ceremony import Transcript
from pyzkfl.engine_setup import NormTerms
from pyzkfl.errors import NotEnoughClients, ParameterError, SetupInvalid, UnprovableOption
from pyzkfl.integrations.flower import SecureAggregation, SecureAggregationMod, drawn_batches
from pyzkfl.integrations.flower.records import KEY
from pyzkfl.job import Member
from pyzkfl.masked import ClientLevel, DevelopmentKeys, Node, NormProofs, SetupKeys, StepProofs
from pyzkfl.network import NetworkJob
from pyzkfl.setup_files import write_setup

NODES, ROUNDS = 5, 3
START = ArrayRecord({"a": Array(np.linspace(-1, 1, 6).reshape(2, 3)), "b": Array(np.zeros(4, np.float32))})
JOB = NetworkJob(widths=(2, 2), batch=4, learning_rate=0.5, bitwise=True)  # the least circuit that there is
MODEL = ArrayRecord(
    {"w": Array(np.array([[0.5, -0.25], [0.125, 0.75]], np.float32)), "b": Array(np.zeros(2, np.float32))}
)


def strategy(proofs: Any, **settings: Any) -> SecureAggregation:
    return SecureAggregation(FedAvg(fraction_evaluate=0.0), dropout=0.4, proofs=proofs, **settings)


def reply_of(message: Message, arrays: dict[str, Any]) -> Message:
    content = RecordDict({
        "arrays": ArrayRecord({name: Array(array) for name, array in arrays.items()}),
        "metrics": MetricRecord({"num-examples": 1}),
    })  # fmt: skip
    return Message(content, reply_to=message)


def moving_app(proofs: Any) -> ClientApp:
    """Node k moves every coordinate by 0.01 k."""
    app = ClientApp(mods=[SecureAggregationMod(proofs=proofs)])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        moved = {n: (a.numpy() + 0.01 * context.node_id) for n, a in message.content["arrays"].items()}
        return reply_of(message, {n: m.astype(message.content["arrays"][n].numpy().dtype) for n, m in moved.items()})

    return app


def rows_of(context: Context) -> tuple[Any, Any]:
    draw = np.random.default_rng(context.node_id)
    return draw.normal(size=(12, 2)), draw.integers(0, 2, 12)


def stepping_app(proofs: Any, factor: float = 1.0) -> ClientApp:
    """Trains by the job's step on the drawn batch; node 1 scales what it learned by `factor`."""
    app = ClientApp(mods=[SecureAggregationMod(proofs=proofs)])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        before = {name: array.numpy() for name, array in message.content["arrays"].items()}
        weights = JOB.weights(np.concatenate([array.ravel() for array in before.values()]))
        ((x, y),) = drawn_batches()
        update = JOB.train(weights, [(JOB.features(x), JOB.labels(y))]).update
        after = (
            JOB.to_float(JOB.apply(weights, update)) if context.node_id > 1 else JOB.to_float(weights + update * factor)
        )
        return reply_of(message, {"w": after[:4].reshape(2, 2).astype("f4"), "b": after[4:].astype("f4")})

    return app


def tampering(grid: Any, change: Any) -> Any:
    """The grid with `change(node, round, record)` applied to every masked vector on its way."""

    def changed(node: int, message: Message, reply: Message) -> None:
        record = reply.content.get(KEY)
        if record is not None and record.get("phase") == "round":
            reply.content[KEY] = ConfigRecord(change(node, message.content[KEY]["round"], dict(record.items())))

    grid.change = changed
    return grid


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def norm(folder: Path) -> NormProofs:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return NormProofs(dimension=10, norm=0.2, kept=6, value_bits=12).with_development_keys(folder / "norm.keys")


@pytest.fixture(scope="module")
def step(folder: Path) -> StepProofs:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return StepProofs(JOB, rows_of).with_development_keys(folder / "step.keys")


def attacked(replays: dict[int, Any]) -> Any:
    """In round 1 node 1 sends the proof of round 0 again, and node 2 none."""

    def change(node: int, round_: int, record: dict[str, Any]) -> dict[str, Any]:
        if round_ == 0:
            replays[node] = {name: record[name] for name in ("commitment", "proof")}
        elif node == 1:
            record.update(replays[node])
        elif node == 2:
            del record["proof"]
        return record

    return change


@pytest.mark.filterwarnings("ignore::pyzkfl.ceremony.InsecureSetupWarning")
def test_norms_are_proven_of_what_is_sent_and_false_proofs_are_left_out(make_grid: Any, norm: NormProofs) -> None:
    grid = tampering(make_grid(moving_app(norm), NODES), attacked({}))
    grid.lost = lambda node, message: node == 5 and message.content[KEY].get("round") == 0
    secure = strategy(norm)
    result = secure.start(grid, START, num_rounds=2)
    assert [secure.averages[r].nodes for r in (1, 2)] == [4, 3]
    assert sorted(secure.refused) == [2]
    assert secure.refused[2][1].startswith("ProofInvalid: the proof does not hold")
    assert secure.refused[2][2].startswith("DecodeError: there is no proof with the vector")
    total = np.zeros(10)
    for round_, mean in ((1, 0.025), (2, 0.04)):  # of nodes 1 to 4, and 3 to 5
        update = np.concatenate([part.ravel() for part in secure.averages[round_].update.values()])
        assert np.count_nonzero(update) == 6  # the coordinates of the round
        assert update[update != 0] == pytest.approx(mean, abs=0.2 / 2047)
        total += update
    moved = np.concatenate([(result.arrays[n].numpy() - START[n].numpy()).ravel() for n in START])
    assert moved == pytest.approx(total, abs=1e-6)


@pytest.mark.filterwarnings("ignore::pyzkfl.ceremony.InsecureSetupWarning")
def test_steps_are_proven_and_a_false_one_is_refused_while_the_sum_of_the_others_opens(
    make_grid: Any, step: StepProofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = tampering(make_grid(stepping_app(step), NODES), attacked({}))
    grid.lost = lambda node, message: node == 5 and message.content[KEY].get("round") == 0
    masked = Node._masked

    def spoil(self: Node, request: Any, vector: Any, blinder: bytes) -> Any:  # masks another vector than it proves
        return masked(self, request, vector + (request["round"] == 2 and self._index == 2), blinder)

    monkeypatch.setattr(Node, "_masked", spoil)
    secure = strategy(step)
    result = secure.start(grid, MODEL, num_rounds=ROUNDS)
    assert [secure.averages[r].nodes for r in sorted(secure.averages)] == [4, 3]
    assert list(secure.averages) == [1, 2]  # the third sum does not open: void, the model stays
    assert sorted(secure.refused[2]) == [1, 2]
    updates = [secure.averages[r].update["w"] for r in (1, 2)]
    assert all(np.abs(update).max() > 0.01 for update in updates)
    assert result.arrays["w"].numpy() == pytest.approx(MODEL["w"].numpy() + sum(updates), abs=1e-6)


@pytest.mark.filterwarnings("ignore::pyzkfl.ceremony.InsecureSetupWarning")
def test_a_scaled_update_cannot_be_proven_by_its_node_nor_claimed(
    make_grid: Any, step: StepProofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = make_grid(stepping_app(step, factor=3.0), NODES)  # an app that returns a scaled model
    proven = StepProofs.prover.fget(step)  # type: ignore[attr-defined]

    def forge(node: int, round_: int, record: dict[str, Any]) -> dict[str, Any]:
        if node == 2:  # a commitment to another update beside an honest proof
            record["commitment"] = proven.commit_update(np.full(6, 3000), bytes(32))
        return record

    secure = strategy(step)
    secure.start(tampering(grid, forge), MODEL, num_rounds=1)
    assert secure.averages[1].nodes == 3
    assert list(secure.refused[1]) == [2]
    assert [r.error.reason[:58] for r in grid.replies if r.has_error()] == [
        "ProtocolError: the model that the train function returned "
    ]


@pytest.mark.filterwarnings("ignore::pyzkfl.ceremony.InsecureSetupWarning")
def test_nodes_and_strategy_must_agree_on_what_is_proven(make_grid: Any, norm: NormProofs) -> None:
    other = dataclasses.replace(norm, keys=DevelopmentKeys(norm.keys.path, bytes(32)))  # type: ignore[union-attr]
    for node_has, server_has, reason in (
        (None, norm, "the terms ask for proofs"), (norm, None, "insists on proofs"), (other, norm, "other keys"),
    ):  # fmt: skip
        grid = make_grid(moving_app(node_has), 3)
        with pytest.raises(NotEnoughClients):
            strategy(server_has).start(grid, START, num_rounds=1)
        assert all(reason in reply.error.reason for reply in grid.replies)
    with pytest.raises(SetupInvalid, match="other development keys"):
        other.prover  # noqa: B018


def test_proofs_travel_to_the_processes_of_a_simulation(norm: NormProofs, step: StepProofs) -> None:
    for proofs in (norm, step):
        _ = proofs.terms
        there = pickle.loads(pickle.dumps(proofs))
        assert there.terms == proofs.terms


@pytest.mark.deep
@pytest.mark.skipif("PYZKFL_DEEP" not in os.environ, reason="only with PYZKFL_DEEP=1 (make test-deep)")
def test_keys_of_a_setup_file_prove_and_verify(tmp_path: Path, norm: NormProofs) -> None:
    terms = NormTerms("updates", 7, norm.norm_units, (Member("north", bytes(32)),))
    core = _core.engine.NormBound(7, norm.norm_units)
    phase1, first = _core.groth16.Phase1.initial(core.log_height, terms.terms_digest).contribute(
        "north", terms.terms_digest
    )
    phase2 = _core.groth16.Phase2.initial(phase1, core.constraint_system(), terms.terms_digest)
    phase2, second = phase2.contribute("north", terms.terms_digest)
    transcript = Transcript(phase1.to_bytes(), [first], phase2.to_bytes(), [second])
    write_setup(tmp_path / "updates.setup", transcript)
    keys = SetupKeys(str(tmp_path / "updates.setup"), terms.bound(transcript.digest))
    prover = dataclasses.replace(norm, keys=keys).prover
    out = prover.prove(np.arange(7), b"context", bytes(32))
    items = [(context, out["commitment"], out["proof"]) for context in (b"context", b"another")]
    assert prover.failing(items) == [1]
    with pytest.raises(ParameterError, match="not for norms up to"):
        keys.norm_prover(8, norm.norm_units)


def test_what_does_not_go_with_proofs_is_refused_by_name(norm: NormProofs, step: StepProofs) -> None:
    with pytest.raises(ParameterError, match="take one of them"):
        strategy(norm, client_level=ClientLevel(epsilon=1.0, delta=1e-5, clip_norm=1.0))
    with pytest.raises(ParameterError, match="weighted=False"):
        strategy(norm, weighted=True)
    with pytest.raises(ParameterError, match="proofs= is NormProofs"):
        strategy("norm")
    with pytest.raises(ParameterError, match="need keys"):
        strategy(NormProofs(dimension=10, norm=1.0))
    with pytest.raises(UnprovableOption, match="carry_momentum"):
        StepProofs(dataclasses.replace(JOB, momentum=0.5, carry_momentum=True))
