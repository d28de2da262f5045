"""compose, end to end: members' proofs to a round's, rounds to a run's, on executors; and what it refuses.

One file, so that one process makes the keys: half a minute, and two for all proofs, so it is for `make test-deep`;
test_composed_vectors.py and contracts/test_composed_on_chain.py hold proofs made once against all verifiers.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rounds import Member, Rounds

import pyzkfl
from pyzkfl.composed import ComposedProof, ComposedStatement
from pyzkfl.composition import compose, prove_leaf, prove_node
from pyzkfl.composition_keys import CompositionKeys, LeafCircuit
from pyzkfl.errors import DecodeError, ParameterError, ProofInvalid, SystemFailure, WitnessInvalid
from pyzkfl.network import NetworkJob, NetworkProof, NetworkProver

pytestmark = [pytest.mark.deep, pytest.mark.slow, pytest.mark.filterwarnings("ignore:insecure keys")]


class Composition:
    """Keys, members of rounds 0 (three) and 1 (one), and the proofs of both."""

    def __init__(self) -> None:
        self.rounds = Rounds()
        self.fractions: list[float] = []
        self.keys = CompositionKeys.make_insecure(self.rounds.prover, progress=self.fractions.append)
        self.members: list[list[Member]] = [[self.rounds.member(n, 0) for n in (2, 3, 7)], [self.rounds.member(3, 1)]]
        self.proofs = [[self.rounds.composable(m) for m in round_] for round_ in self.members]
        self.after = self.rounds.commitments[1:3]
        self.composing: list[float] = []
        self.first = compose(self.proofs[0], self.keys, progress=self.composing.append, weights_after=self.after[0])
        executor = Pickling()
        self.second = compose(self.proofs[1], self.keys, executor, weights_after=self.after[1])
        self.leaf, end = executor.results
        assert end == self.second

    def statement(self, round_: int) -> ComposedStatement:
        """By whoever holds registrations: without any proof."""
        said = [self.rounds.said(member) for member in self.members[round_]]
        return ComposedStatement.of_round(said, self.after[round_], self.keys.verifier)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYZKFL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Composition()


class Pickling(Executor):
    """Runs jobs at once, from their pickled form, and keeps what they gave."""

    def __init__(self) -> None:
        self.results: list[ComposedProof] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        job, args, kwargs = pickle.loads(pickle.dumps((fn, args, kwargs)))
        try:
            self.results.append(pickle.loads(pickle.dumps(job(*args, **kwargs))))
            future.set_result(self.results[-1])
        except Exception as error:
            future.set_exception(error)
        return future


# ---- Composing -----------------------------------------------------------------------------------------------------


def test_three_members_of_a_round_become_one_proof(made: Composition) -> None:
    statement = made.statement(0)
    assert made.first.size == 192 and made.first.statement == statement and statement.count == 3
    pyzkfl.verify(statement, made.first, made.keys)
    pyzkfl.verify(statement, ComposedProof.from_bytes(made.first.to_bytes()), made.keys.verifier)
    with pytest.raises(ProofInvalid):
        pyzkfl.verify(dataclasses.replace(statement, count=2), made.first, made.keys)
    assert made.composing == sorted(made.composing) and made.composing[-1] == pytest.approx(1.0)


def test_one_member_goes_up_alone(made: Composition) -> None:
    statement = made.statement(1)
    assert made.second.statement == statement and statement.count == 1
    pyzkfl.verify(statement, made.second, made.keys)


def test_rounds_become_a_run_in_another_process(made: Composition) -> None:
    """Which reads the keys' file."""
    fractions: list[float] = []
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        run = compose([made.first, made.second], made.keys, executor, fractions.append)
    assert fractions == [pytest.approx(1.0)]
    statement = ComposedStatement.of_run([made.statement(0), made.statement(1)])
    assert run.size == 192 and run.statement == statement and (statement.first_round, statement.last_round) == (0, 1)
    pyzkfl.verify(statement, run, made.keys)
    with pytest.raises(ProofInvalid):
        pyzkfl.verify(made.statement(1), run, made.keys)


def test_rounds_that_do_not_follow_are_refused(made: Composition) -> None:
    """Out of order, one twice, one left out, one whose weights are not the next one's, a statement of another proof."""
    for ends in ([made.second, made.first], [made.first, made.first]):
        with pytest.raises(WitnessInvalid, match="does not follow"):
            compose(ends, made.keys)
    second = made.statement(1)

    def claims(**change: Any) -> ComposedProof:
        return ComposedProof(made.second.data, dataclasses.replace(second, **change))

    with pytest.raises(WitnessInvalid, match="does not follow"):
        compose([made.first, claims(first_round=2, last_round=2)], made.keys)
    with pytest.raises(WitnessInvalid, match="does not begin with the weights"):
        compose([made.first, claims(weights_before=made.after[1])], made.keys)
    with pytest.raises(WitnessInvalid, match="two jobs"):
        compose([made.first, claims(job=1)], made.keys)
    for lie in ({"count": 2}, {"root": 5}, {"update": made.proofs[0][0].update}, {"weights_after": made.after[0]}):
        for executor in (None, Pickling()):  # by the node, before any work
            with pytest.raises(WitnessInvalid, match="the right proof does not verify"):
                compose([made.first, claims(**lie)], made.keys, executor)


def test_one_composed_proof_is_its_own_composition(made: Composition) -> None:
    assert compose([made.first], made.keys) == made.first


# ---- What is refused -----------------------------------------------------------------------------------------------


def test_a_false_leaf_is_refused_and_named(made: Composition) -> None:
    one, two, _ = made.proofs[0]
    with pytest.raises(ProofInvalid):  # the verifier hands out nothing that does not hold
        statement = dataclasses.replace(made.members[0][0].statement, rows=(3,))
        made.rounds.prover.composable(statement, made.members[0][0].proof)
    for false in (
        dataclasses.replace(one, rows=(3,)),
        dataclasses.replace(one, update=two.update),
        dataclasses.replace(one, proof=two.proof),
        dataclasses.replace(one, context=dataclasses.replace(one.context, data=two.context.data)),
        dataclasses.replace(one, context=dataclasses.replace(one.context, weights=made.after[0])),
    ):
        with pytest.raises(WitnessInvalid, match="the proof of client 2 does not verify"):
            prove_leaf(made.keys, (false,), made.after[0])
    with pytest.raises(WitnessInvalid, match="client 2"):
        compose([dataclasses.replace(one, update=two.update), two], made.keys, weights_after=made.after[0])
    with pytest.raises(DecodeError):
        compose([dataclasses.replace(one, proof=one.proof[:-1])], made.keys, weights_after=made.after[0])


def test_a_leaf_of_another_job_or_beacon_or_round_is_refused(made: Composition) -> None:
    one = made.proofs[0][0]
    for other in (made.rounds.member(9, 0, terms=b"other terms"), made.rounds.member(9, 0, beacon=bytes(32))):
        with pytest.raises(WitnessInvalid, match="different jobs"):
            compose([one, made.rounds.composable(other)], made.keys, weights_after=made.after[0])
        with pytest.raises(WitnessInvalid, match="two jobs"):  # so does the circuit's side
            prove_leaf(made.keys, (one, made.rounds.composable(other)), made.after[0])
    later = made.rounds.composable(made.rounds.member(9, 2))
    with pytest.raises(WitnessInvalid, match="round 2 does not follow round 0"):
        compose([one, later], made.keys, weights_after=made.after[0])
    with pytest.raises(WitnessInvalid, match="not of one round"):
        prove_leaf(made.keys, (one, later), made.after[0])


def test_the_same_client_twice_is_refused(made: Composition) -> None:
    one = made.proofs[0][0]
    again = made.rounds.composable(made.rounds.member(one.client, 0))  # with another batch and another update
    for twice in ([one, one], [one, again]):
        with pytest.raises(WitnessInvalid, match="comes twice"):
            compose(twice, made.keys, weights_after=made.after[0])
        with pytest.raises(WitnessInvalid):
            prove_leaf(made.keys, tuple(twice), made.after[0])
    with pytest.raises(WitnessInvalid, match="strictly increasing"):
        prove_leaf(made.keys, (made.proofs[0][1], one), made.after[0])


def test_a_leaf_is_no_end_and_no_node(made: Composition) -> None:
    leaf = made.leaf
    assert leaf.statement is not None and leaf.statement.node_key == 0
    with pytest.raises(ProofInvalid):
        pyzkfl.verify(leaf.statement, leaf, made.keys)
    with pytest.raises(ProofInvalid):
        pyzkfl.verify(dataclasses.replace(leaf.statement, node_key=made.keys.verifier.node_key), leaf, made.keys)
    with pytest.raises(WitnessInvalid, match="another key of nodes"):
        compose([leaf], made.keys)
    with pytest.raises(WitnessInvalid, match="does not verify under the key of nodes"):
        prove_node(made.keys, (leaf,), False, "single")
    with pytest.raises(WitnessInvalid, match="does not verify under the key of leaves"):
        prove_node(made.keys, (made.first,), True, "single")
    with pytest.raises(WitnessInvalid, match="does not verify"):  # a wrong sum
        wrong = dataclasses.replace(leaf.statement, update=made.proofs[0][1].update)
        prove_node(made.keys, (ComposedProof(leaf.data, wrong),), True, "single")


def test_calls_without_a_meaning_are_refused(made: Composition) -> None:
    one = made.proofs[0][0]
    for arguments, words in (
        (([], made.keys), "no proof"),
        (([one], made.keys), "weights_after"),
        (([one, made.first], made.keys), "not both"),
        (([ComposedProof(made.first.data)], made.keys), "without its statement"),
    ):
        with pytest.raises(ParameterError, match=words):
            compose(*arguments)
    with pytest.raises(ParameterError):
        compose([made.first], made.keys, weights_after=made.after[0])
    for point in (b"\x40" + bytes(31), bytes(32), b"\xff" * 32):
        with pytest.raises(DecodeError):
            prove_leaf(made.keys, (one,), point)


def test_ctrl_c_and_a_callback_that_raises_end_it(made: Composition) -> None:
    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compose([made.proofs[0][0]], made.keys, progress=stop, weights_after=made.after[0])


# ---- Keys ----------------------------------------------------------------------------------------------------------


def test_keys_are_found_again_and_travel_as_a_path(made: Composition) -> None:
    assert made.fractions and made.fractions == sorted(made.fractions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYZKFL_CACHE", str(made.keys.path.parent.parent))
        again = CompositionKeys.make_insecure(made.rounds.prover)
    assert again == made.keys and again.insecure
    data = pickle.dumps(made.keys)
    assert len(data) < 10_000 and pickle.loads(data) == made.keys


def test_files_of_keys_that_are_damaged_or_of_another_circuit_are_refused(made: Composition, tmp_path: Path) -> None:
    head = made.keys.path.read_bytes()[:4096] if made.keys.path.stat().st_size < 4096 else _first(made.keys.path, 4096)
    cut = tmp_path / "cut"
    for data, words in ((head[:50], "cut"), (head, "number of bytes"), (b"", "empty"), (b"x" * 4096, "magic")):
        cut.write_bytes(data)
        with pytest.raises(DecodeError, match=words):
            CompositionKeys.read(cut, made.keys.circuit)
    with pytest.raises(SystemFailure):
        CompositionKeys.read(tmp_path / "absent", made.keys.circuit)
    other = dataclasses.replace(made.keys.circuit, tables=made.after[0])
    with pytest.raises(DecodeError, match="another leaf circuit"):
        CompositionKeys.read(made.keys.path, other)


def _first(path: Path, size: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(size)


def test_a_swapped_verifying_key_is_refused(made: Composition) -> None:
    """Keys that name others than the file's: neither circuit of a forger's own takes its place."""
    swapped = dataclasses.replace(made.keys, node=made.keys.leaf)
    with pytest.raises(DecodeError, match="another key"):
        swapped.proving(1)
    with pytest.raises(ProofInvalid):
        pyzkfl.verify(made.statement(0), made.first, swapped)


def test_proofs_that_do_not_compose_have_no_circuit(made: Composition) -> None:
    momentum = NetworkJob(widths=(3, 2, 2), batch=4, learning_rate=0.2, momentum=0.5, carry_momentum=True)
    with pytest.raises(ParameterError, match="do not compose"):
        _ = LeafCircuit.of(NetworkProver.insecure(momentum)).core
    with pytest.raises(DecodeError):
        _ = dataclasses.replace(made.keys.circuit, points=made.keys.circuit.points[:-1]).core
    with pytest.raises(DecodeError):
        _ = dataclasses.replace(made.keys.circuit, points=bytes(896)).core


def test_a_proof_of_other_engine_keys_is_refused(made: Composition) -> None:
    others = Rounds(NetworkProver.insecure(made.rounds.job))
    foreign = others.composable(others.member(2, 0))
    assert isinstance(others.member(2, 0).proof, NetworkProof)
    with pytest.raises(WitnessInvalid):
        prove_leaf(made.keys, (foreign,), made.after[0])
