"""Networks trained in integers and proven by the engine, from Python."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pyzkfl import _core
from pyzkfl.blinders import random_blinder
from pyzkfl.errors import DataError, DecodeError, ParameterError, ProofInvalid, RangeError
from pyzkfl.layers import Conv2d, Linear
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver, RoundStatement

pytestmark = pytest.mark.filterwarnings("ignore:insecure keys")

TALL = (*[Conv2d(1, (200, 1), padding=(99, 0), relu=True)] * 40, Linear(2))


class Round:
    """One member's proven round of a small network."""

    def __init__(self, prover: NetworkProver, seed: int, context: bytes = b"round 0 of ada") -> None:
        job = prover.job
        rng = np.random.default_rng(seed)
        self.prover = prover
        self.weights = job.weights(rng.normal(size=job.dimension) * 0.2)
        rows = job.batch - 1
        self.batches = [
            (job.features(rng.normal(size=(rows, job.widths[0]))), rng.integers(0, job.widths[-1], rows))
            for _ in range(job.steps)
        ]
        self.trained = job.train(self.weights, self.batches)
        self.blinders = [random_blinder() for _ in range(job.steps)]
        self.blinder = random_blinder()
        self.statement = RoundStatement(
            job,
            context,
            prover.commit_weights(self.weights),
            tuple(prover.commit_batch(x, y, b) for (x, y), b in zip(self.batches, self.blinders, strict=True)),
            tuple(len(y) for _, y in self.batches),
            prover.commit_update(self.trained.update, self.blinder),
        )

    def prove(self) -> NetworkProof:
        return self.prover.prove(self.trained, self.statement, self.blinders, self.blinder)


@pytest.fixture(scope="module")
def proven() -> tuple[Round, NetworkProof]:
    job = NetworkJob(widths=(5, 6, 3), batch=8, learning_rate=0.3)
    with pytest.warns(UserWarning, match="insecure"):
        prover = NetworkProver.insecure(job)
    done = Round(prover, 1)
    return done, done.prove()


def test_a_proof_holds_for_its_statement_and_has_512_bytes(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    assert len(proof.data) == 512
    done.prover.verify(done.statement, proof)


def test_two_proofs_of_one_statement_differ_and_both_hold(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    other = done.prove()
    assert other.data != proof.data
    done.prover.verify(done.statement, other)


def test_a_proof_holds_for_no_other_statement(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    other = Round(done.prover, 2)
    changes = {
        "context": b"round 1 of ada",
        "weights_commitment": other.statement.weights_commitment,
        "data_commitments": other.statement.data_commitments,
        "rows": (done.statement.rows[0] - 1,),
        "update_commitment": other.statement.update_commitment,
    }
    # Velocities, which this job has none of, in test_carried_momentum.py; places in test_step_context.py.
    fields = {f.name for f in dataclasses.fields(RoundStatement)}
    assert set(changes) == fields - {"job", "velocity_commitments", "place"}
    for name, value in changes.items():
        with pytest.raises(ProofInvalid):
            done.prover.verify(dataclasses.replace(done.statement, **{name: value}), proof)


def test_the_core_binds_commitments_and_rows_whatever_the_context(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    other = Round(done.prover, 2).statement
    mine, verifier = done.statement, done.prover
    context = verifier.digest(mine)

    def holds(statement: RoundStatement, tables: bytes = verifier.tables_commitment) -> bool:
        commitments = [statement.weights_commitment, tables, *statement.data_commitments, statement.update_commitment]
        return bool(verifier._core.verify(context, list(statement.rows), commitments, proof.data))

    assert holds(mine)
    for name in ("weights_commitment", "data_commitments", "update_commitment"):
        assert not holds(dataclasses.replace(mine, **{name: getattr(other, name)}))
    for rows in range(1, mine.job.batch + 1):
        assert holds(dataclasses.replace(mine, rows=(rows,))) == ((rows,) == mine.rows)
    assert not holds(mine, tables=mine.weights_commitment)


def test_members_cannot_swap_their_proofs_or_updates(proven: tuple[Round, NetworkProof]) -> None:
    ada, proof_of_ada = proven
    bob = Round(ada.prover, 6, context=b"round 0 of bob")
    proof_of_bob = bob.prove()
    verify = ada.prover.verify
    verify(bob.statement, proof_of_bob)
    with pytest.raises(ProofInvalid):
        verify(ada.statement, proof_of_bob)
    with pytest.raises(ProofInvalid):
        verify(bob.statement, proof_of_ada)
    stolen = {"update_commitment": ada.statement.update_commitment, "data_commitments": ada.statement.data_commitments}
    for fields in ({"update_commitment"}, {"data_commitments"}, set(stolen)):
        with pytest.raises(ProofInvalid):
            verify(dataclasses.replace(bob.statement, **{f: stolen[f] for f in fields}), proof_of_ada)


def test_a_proof_of_another_job_does_not_hold(proven: tuple[Round, NetworkProof]) -> None:
    done, _ = proven
    faster = dataclasses.replace(done.prover.job, learning_rate=0.6)
    other = Round(NetworkProver.insecure(faster), 1)
    proof = other.prove()
    other.prover.verify(other.statement, proof)
    with pytest.raises(ProofInvalid):
        done.prover.verify(dataclasses.replace(other.statement, job=done.prover.job), proof)
    with pytest.raises(ParameterError, match="another job"):
        done.prover.verify(other.statement, proof)


def test_every_byte_of_a_proof_counts(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    for position in range(len(proof.data)):
        changed = bytearray(proof.data)
        changed[position] ^= 1 << position % 8
        with pytest.raises((ProofInvalid, DecodeError)):
            done.prover.verify(done.statement, NetworkProof(bytes(changed)))
    for wrong in (proof.data[:-1], proof.data + b"\0", b""):
        with pytest.raises(DecodeError, match="bytes"):
            done.prover.verify(done.statement, NetworkProof(wrong))


def test_a_proof_has_one_encoding_scalars_below_r_and_no_point_at_infinity(proven: tuple[Round, NetworkProof]) -> None:
    done, proof = proven
    order = 21888242871839275222246405745257275088548364400416034343698204186575808495617
    refused = []
    for at in range(352, 512, 32):  # rho, z, gamma, i0, i1
        same = int.from_bytes(proof.data[at : at + 32], "big") + order
        refused.append((at, same.to_bytes(32, "big")))
    for at in (0, 96, *range(128, 352, 32)):  # points of G1
        refused.append((at, b"\x40" + bytes(31)))
    for at, part in refused:
        with pytest.raises(DecodeError):
            done.prover.verify(done.statement, NetworkProof(proof.data[:at] + part + proof.data[at + 32 :]))
    # Of z, 0, 1 and -1 decode and open nothing.
    for z in (0, 1, order - 1):
        changed = proof.data[:384] + z.to_bytes(32, "big") + proof.data[416:]
        with pytest.raises(ProofInvalid):
            done.prover.verify(done.statement, NetworkProof(changed))


def test_commitments_to_updates_add_up(proven: tuple[Round, NetworkProof]) -> None:
    done, _ = proven
    other = Round(done.prover, 3)
    order = 21888242871839275222246405745257275088548364400416034343698204186575808495617
    blinder = (int.from_bytes(done.blinder, "little") + int.from_bytes(other.blinder, "little")) % order
    total = done.prover.commit_update(done.trained.update + other.trained.update, blinder.to_bytes(32, "little"))
    parts = [done.statement.update_commitment, other.statement.update_commitment]
    assert total == _core.curves.g1_sum_compressed(parts)


def test_what_does_not_fit_a_cell_is_not_committed_to_as_something_else(proven: tuple[Round, NetworkProof]) -> None:
    done, _ = proven
    wide = done.weights.copy()
    wide[3] += 1 << 32
    with pytest.raises(ParameterError, match="entry 3"):
        done.prover.commit_weights(wide)
    with pytest.raises(ParameterError, match="entry 3"):
        done.prover.commit_update(wide, done.blinder)


def test_a_prover_refuses_blinders_of_other_commitments(proven: tuple[Round, NetworkProof]) -> None:
    done, _ = proven
    with pytest.raises(ParameterError, match="commitments"):
        done.prover.prove(done.trained, done.statement, done.blinders, random_blinder())


def test_training_of_another_job_is_named_before_the_proof_is_begun(proven: tuple[Round, NetworkProof]) -> None:
    r, _ = proven
    seen: list[float] = []
    for change in ({"learning_rate": r.prover.job.learning_rate / 2}, {"bitwise": True}):
        other = dataclasses.replace(r.prover.job, **change)
        trained = other.train(r.weights, r.batches)
        with pytest.raises(ParameterError, match="of another job"):
            r.prover.prove(trained, r.statement, r.blinders, r.blinder, progress=seen.append)
    wrong = dataclasses.replace(r.statement, update_commitment=r.statement.weights_commitment)
    with pytest.raises(ParameterError, match=r"column .* is another"):
        r.prover.prove(r.trained, wrong, r.blinders, r.blinder, progress=seen.append)
    assert seen == []


def test_several_local_steps_are_one_proof_of_the_same_size() -> None:
    job = NetworkJob(widths=(4, 5, 3), batch=4, steps=3, learning_rate=0.2)
    done = Round(NetworkProver.insecure(job), 4)
    proof = done.prove()
    assert len(proof.data) == 512
    done.prover.verify(done.statement, proof)
    first, second, third = done.statement.data_commitments
    for batches in ((second, first, third), (first, first, third), (first, second, second)):
        with pytest.raises(ProofInvalid):
            done.prover.verify(dataclasses.replace(done.statement, data_commitments=batches), proof)
    weights = done.weights
    one = NetworkJob(widths=(4, 5, 3), batch=4, learning_rate=0.2)
    for batch in done.batches:
        weights = weights + one.train(weights, [batch]).update
    assert np.array_equal(weights - done.weights, done.trained.update)


def test_training_follows_float_sgd() -> None:
    rng = np.random.default_rng(5)
    job = NetworkJob(widths=(6, 16, 3), batch=32, learning_rate=0.2, x_bits=16, a_frac=8)
    centers = rng.normal(size=(3, 6)) * 2
    y = rng.integers(0, 3, 32 * 60)
    x = centers[y] + rng.normal(size=(len(y), 6))
    weights = job.weights(rng.normal(size=job.dimension) * 0.2)
    floats = [job.to_float(weights)[:96].reshape(16, 6), job.to_float(weights)[96:112].copy()]
    floats += [job.to_float(weights)[112:160].reshape(3, 16), job.to_float(weights)[160:].copy()]
    features = job.features(x)
    for first in range(0, len(y), 32):
        batch = slice(first, first + 32)
        weights = job.apply(weights, job.train(weights, [(features[batch], y[batch])]).update)
        hidden = np.maximum(x[batch] @ floats[0].T + floats[1], 0)
        z = hidden @ floats[2].T + floats[3]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        dz = (p / p.sum(axis=1, keepdims=True) - np.eye(3)[y[batch]]) / 32
        dh = (dz @ floats[2]) * (hidden > 0)
        gradient = [dh.T @ x[batch], dh.sum(axis=0), dz.T @ hidden, dz.sum(axis=0)]
        norm = 0.2 * np.sqrt(sum(float((g * g).sum()) for g in gradient))
        scale = 0.2 * min(1.0, 0.49 / norm)
        floats = [w - scale * g for w, g in zip(floats, gradient, strict=True)]
    flat = np.concatenate([w.ravel() for w in floats])
    assert np.abs(job.to_float(weights) - flat).max() < 0.02
    assert job.accuracy(weights, features, y) > 0.9


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"widths": (4,)}, "widths"),
        ({"widths": (4, 1)}, "two classes"),
        ({"widths": ()}, "give widths, or layers"),
        ({"layers": (Linear(3),)}, "of two networks"),
        ({"widths": (), "layers": (Linear(3),)}, "need an input_shape"),
        ({"widths": (), "layers": (Linear(3, relu=True),), "input_shape": (4,)}, "without ReLU"),
        ({"widths": (), "layers": (Conv2d(2, 3), Linear(3)), "input_shape": (4,)}, r"layer 1 \(Conv2d\)"),
        ({"loss": "hinge"}, "no loss is called hinge"),
        ({"loss": "mse", "g_frac": 4}, "g_frac is a_frac at least"),
        ({"momentum": 1.0}, "momentum"),
        ({"momentum": 0.99, "steps": 2, "max_norm": 0.001}, "what momentum keeps"),
        ({"batch": 0}, "batch"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"max_norm": 0.0}, "max_norm"),
        ({"max_norm": 0.6}, "bound"),
        ({"x_bits": 7}, "x_bits"),
        ({"w_frac": 12}, "w_frac"),
        ({"w_bits": 31, "widths": (5000, 5000, 3)}, "layer"),
        # A stranger's job: 25 million constraints for its windows, if nobody counted them.
        ({"widths": (), "layers": TALL, "input_shape": (1, 1024, 1)}, "all windows together"),
    ],
)
def test_a_job_that_cannot_be_proven_says_why(settings: dict[str, object], match: str) -> None:
    good: dict[str, object] = {"widths": (4, 3), "batch": 4, "learning_rate": 0.1}
    with pytest.raises(ParameterError, match=match):
        NetworkJob(**{**good, **settings})  # type: ignore[arg-type]


def test_data_that_cannot_be_trained_on_is_refused_before_any_work() -> None:
    job = NetworkJob(widths=(4, 3), batch=4, learning_rate=0.1)
    with pytest.raises(DataError, match="shape"):
        job.features(np.zeros((2, 5)))
    with pytest.raises(DataError, match="row 1, column 2"):
        job.features([[0.0] * 4, [0.0, 0.0, float("nan"), 0.0]])
    with pytest.raises(DataError, match="between 0 and 2"):
        job.labels([0, 3])
    with pytest.raises(DataError, match="integers"):
        job.labels([0.5, 1.0])
    with pytest.raises(RangeError, match="number 1"):
        job.weights([0.0, 2.0] + [0.0] * (job.dimension - 2))
    x, y = np.zeros((5, 4), dtype=np.int64), np.zeros(5, dtype=np.int64)
    with pytest.raises(ParameterError, match="5 rows"):
        job.train(np.zeros(job.dimension, dtype=np.int64), [(x, y)])
    with pytest.raises(ParameterError, match="batches"):
        job.train(np.zeros(job.dimension, dtype=np.int64), [])
