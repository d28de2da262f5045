"""Homomorphic addition under Flower's strategies: each kind of key holder, losses in every phase, wrong shares named,
and nodes whose process is new for each message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="flwr is not installed: pip install pyzkfl[flower]")

from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from pyzkfl import he
from pyzkfl.errors import NotEnoughClients, ParameterError
from pyzkfl.integrations.flower import HomomorphicAggregation, HomomorphicAggregationMod
from pyzkfl.integrations.flower.records import KEY

START = ArrayRecord({"a": Array(np.linspace(-1, 1, 6).reshape(2, 3)), "b": Array(np.zeros(4, np.float32))})


def make_app(mod: Any) -> ClientApp:
    """Node k moves every coordinate by 0.01 k, and has 10 k examples."""
    app = ClientApp(mods=[mod])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        node = context.node_id
        arrays = {
            name: Array((a.numpy() + 0.01 * node).astype(a.numpy().dtype))
            for name, a in message.content["arrays"].items()
        }
        metrics = MetricRecord({"num-examples": 10 * node})
        return Message(RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics}), reply_to=message)

    return app


def make(aggregation: str, holder: Any, **settings: Any) -> HomomorphicAggregation:
    return HomomorphicAggregation(
        FedAvg(fraction_evaluate=0.0), aggregation=aggregation, holder=holder, dropout=0.4, **settings
    )


def phase_of(message: Message) -> Any:
    return message.content.get(KEY, {}).get("phase")


def moved(result: Any) -> float:
    """By how much the model moved."""
    return float((result.arrays["a"].numpy() - START["a"].numpy()).mean())


def mean(nodes: Any) -> float:
    return 0.01 * sum(k * k for k in nodes) / sum(nodes)


@pytest.fixture(autouse=True)
def known_safe_primes(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching for safe primes takes seconds."""
    p, q = (int(line, 16) for line in (vectors / "paillier_safe_primes.txt").read_text().split())
    monkeypatch.setattr(he, "random_safe_primes", lambda bits: (p, q))


HOLDERS = [he.OneDecryptor(), he.Threshold(4, 6), he.AllMembers(6)]


@pytest.mark.parametrize("aggregation", ["paillier", "rlwe"])
@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_the_sum_is_that_of_the_updates_whoever_holds_the_key(make_grid: Any, aggregation: str, holder: Any) -> None:
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    rounds = 2 if aggregation == "paillier" and not isinstance(holder, he.OneDecryptor) else 1
    strategy = make(aggregation, holder, min_nodes=6, rounds_per_key=rounds)
    result = strategy.start(grid, START, num_rounds=2)
    assert [strategy.averages[r].nodes for r in (1, 2)] == [6, 6]
    assert moved(result) == pytest.approx(2 * mean(range(1, 7)), abs=1e-6)
    for reply in grid.replies:  # nothing of the app's leaves a node
        assert list(reply.content) == [KEY]


@pytest.mark.parametrize("aggregation", ["paillier", "rlwe"])
@pytest.mark.parametrize("phase", ["round", "open"])
def test_two_of_six_lost_before_they_open_are_left_out(make_grid: Any, aggregation: str, phase: str) -> None:
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    grid.lost = lambda node, message: node <= 2 and phase_of(message) == phase
    strategy = make(aggregation, holder)
    result = strategy.start(grid, START, num_rounds=1)
    assert strategy.averages[1].nodes == 4
    assert moved(result) == pytest.approx(mean((3, 4, 5, 6)), abs=1e-6)


def test_paillier_holders_lost_before_they_decrypt_are_recovered_from(make_grid: Any) -> None:
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    grid.lost = lambda node, message: node <= 2 and phase_of(message) == "decrypt"
    result = make("paillier", holder).start(grid, START, num_rounds=1)
    assert moved(result) == pytest.approx(mean(range(1, 7)), abs=1e-6)


def test_a_ring_lwe_holder_lost_before_it_decrypts_voids_its_round_and_ends_the_key(make_grid: Any) -> None:
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    grid.lost = lambda node, message: (
        node == 1 and phase_of(message) == "decrypt" and message.content[KEY]["epoch"] == 0
    )
    strategy = make("rlwe", holder)
    result = strategy.start(grid, START, num_rounds=2)
    assert list(strategy.averages) == [2]
    assert moved(result) == pytest.approx(mean(range(1, 7)), abs=1e-6)
    joined = [reply for reply in grid.replies if reply.content[KEY].get("phase") == "join"]
    assert len(joined) == 2 * 6  # ciphertexts under the first key had been opened


def test_a_wrong_paillier_share_is_named_and_left_out(make_grid: Any) -> None:
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    send = grid.send_and_receive

    def tampered(messages: Any, *, timeout: float | None = None) -> Any:
        for reply in send(messages, timeout=timeout):
            if phase_of(reply) == "decrypt" and reply.metadata.src_node_id == 2:
                record = dict(reply.content[KEY].items())
                share = bytearray(record["share"])
                share[60] ^= 1
                reply.content[KEY] = ConfigRecord({**record, "share": bytes(share)})
            yield reply

    grid.send_and_receive = tampered
    strategy = make("paillier", holder)
    result = strategy.start(grid, START, num_rounds=1)
    assert strategy.wrong_shares == [2]
    assert moved(result) == pytest.approx(mean(range(1, 7)), abs=1e-6)


def test_the_state_between_messages_survives_and_shows_no_secret(make_grid: Any) -> None:
    """Each message finds nothing but what the context's state holds; a second request to decrypt is refused."""
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    asked: list[Message] = []
    grid.lost = lambda node, message: phase_of(message) == "decrypt" and bool(asked.append(message))
    make("rlwe", holder).start(grid, START, num_rounds=1)
    state = grid.contexts[1].state[KEY]
    assert set(state) == {
        "epoch", "terms", "nonce", "spent", "members", "commitments", "nonces", "holder", "key", "round",
        "contributors", "committed", "answered", "identity", "passphrase",
    }  # fmt: skip
    again = next(message for message in asked if message.metadata.dst_node_id == 1)
    (reply,) = grid.send_and_receive([again])
    assert reply.has_error()
    assert "decrypted once" in reply.error.reason


@pytest.mark.parametrize(
    ("field", "change", "why"),
    [
        ("contributors", lambda who: who[:2], "nothing is opened to so few"),
        ("signatures", lambda all_: [bytes(64), *all_[1:]], "signature in the list"),
    ],
)
def test_a_server_that_opens_to_fewer_or_to_others_gets_nothing(
    make_grid: Any, field: str, change: Any, why: str
) -> None:
    holder = he.Threshold(4, 6)
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=holder)), 6)
    send = grid.send_and_receive

    def tampered(messages: Any, *, timeout: float | None = None) -> Any:
        sent = list(messages)
        for message in sent:
            if phase_of(message) == "open":
                record = dict(message.content[KEY].items())
                record[field] = change(record[field])
                if field == "contributors":
                    record |= {name: record[name][:2] for name in ("commitments", "signatures")}
                message.content[KEY] = ConfigRecord(record)
        return send(sent, timeout=timeout)

    grid.send_and_receive = tampered
    strategy = make("rlwe", holder)
    strategy.start(grid, START, num_rounds=1)
    assert not strategy.averages
    assert all("ciphertext" not in reply.content[KEY] for reply in grid.replies if not reply.has_error())
    assert any(why in reply.error.reason for reply in grid.replies if reply.has_error())


def test_a_node_refuses_another_holder_than_its_own(make_grid: Any) -> None:
    grid = make_grid(make_app(HomomorphicAggregationMod(holder=he.Threshold(4, 6))), 6)
    with pytest.raises(NotEnoughClients):
        make("rlwe", he.OneDecryptor(), min_nodes=6).start(grid, START, num_rounds=1)
    assert all("insists on the key being held by" in reply.error.reason for reply in grid.replies)


def test_who_holds_the_key_has_no_default_and_wrong_settings_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="holder"):
        HomomorphicAggregation(FedAvg(), aggregation="rlwe")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="holder"):
        HomomorphicAggregationMod()  # type: ignore[call-arg]
    with pytest.raises(ParameterError, match="no aggregation"):
        make("masks", he.AllMembers(3))
    with pytest.raises(ParameterError, match="2 t > n"):
        make("rlwe", he.Threshold(2, 5))
    with pytest.raises(ParameterError, match="raise t"):
        make("rlwe", he.Threshold(4, 6), corrupt=0.4)


@pytest.mark.end_to_end
def test_the_example_trains_digits_under_ring_lwe_with_three_of_ten_lost(repository: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(repository / "examples/flower/digits_homomorphic.py")],
        capture_output=True, text=True, timeout=240, cwd=tmp_path, check=False,
        env={**os.environ, "FLWR_TELEMETRY_ENABLED": "0", "FLWR_HOME": str(tmp_path), "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["nodes"] == [7, 7, 7]
    assert figures["accuracy"] > 0.93
