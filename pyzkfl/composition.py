"""compose: many members' proofs, and many rounds, to one proof of 192 bytes (docs/recursion.md).

A tree of jobs. Leaves take one or two members' proofs, nodes two proofs of leaves or two of nodes; an odd proof goes up
alone. A job is a function of this module with arguments that can be pickled, so it runs in this process or on whatever
executor of `concurrent.futures` the caller brings, Ray's and Dask's among them; the keys' file must be there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from typing import Any

from pyzkfl.composable import ComposableProof
from pyzkfl.composed import ComposedProof, ComposedStatement, round_problem, run_problem
from pyzkfl.composition_keys import CompositionKeys
from pyzkfl.errors import ParameterError, WitnessInvalid

__all__ = ["compose"]

Progress = Callable[[float], None]
Job = Callable[[Progress | None], ComposedProof]

_LEAF_SHARE, _NODE_SHARE = 5.0, 3.0  # of the time, by constraints


def compose(
    proofs: Sequence[ComposableProof | ComposedProof],
    keys: CompositionKeys,
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    weights_after: bytes | None = None,
) -> ComposedProof:
    """One proof of all members' proofs of a round, of some rounds, or of composed proofs of rounds that follow.

    proofs: ComposableProof of one round or several, in any order, or ComposedProof, in order, with their statements.
    weights_after: with the former, C(W) after the last round, 32 bytes; after the others it is C(W) of the next.
    executor: where the jobs run; without one, here, one after the other, on all cores. progress: gets the part done.

    The proof says `ComposedStatement.of_round` of the members, or `of_run` of the rounds; `pyzkfl.verify` checks it.
    Raises WitnessInvalid, naming whose, for a proof that does not verify, and for proofs that do not belong together:
    of another job or round, a member twice, rounds that do not follow; ParameterError for a call that has no meaning.
    Releases the GIL. Some 5 seconds for two members on two cores, 3 for a node.
    """
    if not proofs:
        raise ParameterError("there is no proof to compose")
    if all(isinstance(proof, ComposableProof) for proof in proofs):
        rounds = _rounds(proofs, weights_after)  # type: ignore[arg-type]
        runner = _Runner(executor, progress, _cost([len(members) for members, _ in rounds]))
        ends = _compose_rounds(rounds, keys, runner)
    elif all(isinstance(proof, ComposedProof) for proof in proofs):
        if weights_after is not None:
            raise ParameterError("composed proofs say themselves which weights they end with")
        ends = list(proofs)  # type: ignore[arg-type]
        if any(end.statement is None for end in ends):
            raise ParameterError("a composed proof without its statement: give ComposedProof the one that you made")
        if any(end.statement.node_key != keys.verifier.node_key for end in ends):  # type: ignore[union-attr]
            raise WitnessInvalid("a composed proof was made under another key of nodes than these")
        runner = _Runner(executor, progress, _NODE_SHARE * (len(ends) - 1))
    else:
        raise ParameterError("compose members' proofs, or composed ones, not both at once")
    if (problem := run_problem([end.statement for end in ends])) is not None:  # type: ignore[misc]
        raise WitnessInvalid(problem)
    while len(ends) > 1:
        ends = _level([ends], keys, runner, leaves=False, merge="between rounds")[0]
    return ends[0]


Round = tuple[list[ComposableProof], bytes]


def _rounds(proofs: Sequence[ComposableProof], weights_after: bytes | None) -> list[Round]:
    """Members by round, in order, each with C(W) after it."""
    if weights_after is None or len(weights_after) != 32:
        raise ParameterError("weights_after: C(W) after the last round, 32 bytes, which the statement names")
    if len({proof.context.session for proof in proofs}) > 1:
        raise WitnessInvalid("the proofs are of different jobs, or of runs with different beacons")
    ordered = sorted(proofs, key=lambda proof: (proof.round, proof.client))
    out: list[Round] = []
    groups = [list(group) for _, group in itertools.groupby(ordered, key=lambda proof: proof.round)]
    for members, following in itertools.zip_longest(groups, groups[1:]):
        if (problem := round_problem(members)) is not None:
            raise WitnessInvalid(problem)
        if following is not None and following[0].round != members[0].round + 1:
            raise WitnessInvalid(f"round {following[0].round} does not follow round {members[0].round}")
        out.append((members, following[0].context.weights if following is not None else weights_after))
    return out


def _cost(members: Sequence[int]) -> float:
    total = _NODE_SHARE * (len(members) - 1)
    for count in members:
        leaves = (count + 1) // 2
        level = (leaves + 1) // 2
        total += _LEAF_SHARE * leaves + _NODE_SHARE * (level + level - 1)
    return total


def _compose_rounds(rounds: list[Round], keys: CompositionKeys, runner: _Runner) -> list[ComposedProof]:
    """A proof of a node for each round."""
    jobs = [
        functools.partial(prove_leaf, keys, tuple(members[i : i + 2]), after)
        for members, after in rounds
        for i in range(0, len(members), 2)
    ]
    proven = iter(runner.run(jobs, _LEAF_SHARE))
    trees = [list(itertools.islice(proven, (len(members) + 1) // 2)) for members, _ in rounds]
    trees = _level(trees, keys, runner, leaves=True, merge="within round")
    while any(len(tree) > 1 for tree in trees):
        trees = _level(trees, keys, runner, leaves=False, merge="within round")
    return [tree[0] for tree in trees]


def _level(
    trees: list[list[ComposedProof]], keys: CompositionKeys, runner: _Runner, *, leaves: bool, merge: str
) -> list[list[ComposedProof]]:
    """The next level of some trees, all at once. A leaf's proof that is odd becomes a node's; a node's stays."""
    pairs = [[tuple(tree[i : i + 2]) for i in range(0, len(tree), 2)] for tree in trees]
    jobs = [
        functools.partial(prove_node, keys, pair, leaves, merge if len(pair) == 2 else "single")
        for pair in itertools.chain(*pairs)
        if leaves or len(pair) == 2
    ]
    proven: Iterator[ComposedProof] = iter(runner.run(jobs, _NODE_SHARE))
    return [[next(proven) if leaves or len(pair) == 2 else pair[0] for pair in level] for level in pairs]


class _Runner:
    """Runs jobs that do not depend on one another, here or on an executor; results in order."""

    def __init__(self, executor: Executor | None, progress: Progress | None, total: float) -> None:
        self._executor, self._progress, self._total, self._done = executor, progress, total, 0.0

    def run(self, jobs: Sequence[Job], share: float) -> list[ComposedProof]:
        if self._executor is None:
            return [self._here(job, share) for job in jobs]
        futures: list[Future[ComposedProof]] = [self._executor.submit(job, None) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()  # the first error ends it
                self._finished(share)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]

    def _here(self, job: Job, share: float) -> ComposedProof:
        def report(fraction: float) -> None:
            if self._progress is not None:
                self._progress((self._done + share * fraction) / max(self._total, share))

        out = job(report)
        self._finished(share)
        return out

    def _finished(self, share: float) -> None:
        self._done += share
        if self._progress is not None:
            self._progress(min(1.0, self._done / max(self._total, share)))


# ---- Jobs: what an executor gets -----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)  # half a gigabyte each
def _leaf(keys: CompositionKeys) -> tuple[Any, Any]:
    return keys.circuit.core, keys.proving(0)


@functools.lru_cache(maxsize=1)
def _node(keys: CompositionKeys) -> tuple[Any, Any]:
    return keys.node_circuit(), keys.proving(1)


def prove_leaf(
    keys: CompositionKeys, members: tuple[ComposableProof, ...], weights_after: bytes, progress: Progress | None = None
) -> ComposedProof:
    """The proof of a leaf, under the leaf's key: of one or two members."""
    circuit, key = _leaf(keys)
    statement, data = circuit.prove(key, [_client(member) for member in members], weights_after, progress)
    return ComposedProof(bytes(data), ComposedStatement(*statement))


def prove_node(
    keys: CompositionKeys,
    children: tuple[ComposedProof, ...],
    leaves: bool,
    merge: str,
    progress: Progress | None = None,
) -> ComposedProof:
    """The proof of a node: of proofs of leaves, or of nodes."""
    circuit, key = _node(keys)
    below = [(child.statement.fields, child.data) for child in children]  # type: ignore[union-attr]
    statement, data = circuit.prove(key, below, leaves, merge, progress)
    return ComposedProof(bytes(data), ComposedStatement(*statement))


def _client(member: ComposableProof) -> tuple[Any, ...]:
    context = member.context
    fixed = (member.client, member.round, context.session, context.choice, list(member.rows))
    return (*fixed, context.weights, context.tables, list(context.data), member.update, member.proof)
