"""Client-level privacy: bounds that hold, noise that meets its target, clips that are exact, commitments that open."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dp_accounting", reason="dp-accounting is not installed: pip install pyzkfl[dp]")

from pyzkfl import _core
from pyzkfl.dp import AdaptiveClip, Mechanism, calibrate, clip_to_norm, draw_committed
from pyzkfl.errors import DataError, NotEnoughClients, ParameterError, ProtocolError
from pyzkfl.masked import ClientLevel, Node, Noise, Policy, Terms
from pyzkfl.secagg import IdentityKey


def renyi(p: np.ndarray, shift: int, order: int) -> float:
    """The divergence of a distribution on a line from its shift, from logarithms."""
    q = np.roll(p, shift)
    known = (p > 1e-290) & (q > 1e-290)
    logs = order * np.log(p[known]) + (1 - order) * np.log(q[known])
    return float(np.log(np.sum(np.exp(logs - logs.max()))) + logs.max()) / (order - 1)


def line(weights: np.ndarray, copies: int) -> np.ndarray:
    """The distribution of a sum of independent copies."""
    out = np.array([1.0])
    for _ in range(copies):
        out = np.convolve(out, weights / weights.sum())
    return np.pad(out, 200)


@pytest.mark.parametrize(("variance", "shift"), [(50, 3), (400, 10), (30, 1), (10, 2)])
def test_the_skellam_bound_is_above_the_true_divergence_and_near_it(variance: int, shift: int) -> None:
    k = np.arange(400)
    one = np.exp(-variance / 2 + k * np.log(variance / 2) - np.array([math.lgamma(i + 1) for i in k]))
    p = np.pad(np.convolve(one, one[::-1]), 200)
    for order in (2, 3, 5):
        bound = Mechanism("skellam", variance, 1, shift, 1).rdp(np.array([order]))[0]
        assert 0.75 * bound < renyi(p, shift, order) <= bound


def test_the_skellam_bound_is_the_papers_number_for_number() -> None:
    """Variance 10, norm 2 in one dimension, order 2: 2 4 / 20 + min((3 4 + 6 2) / 400, 3 2 / 20) = 0.4 + 0.06."""
    assert Mechanism("skellam", 5, 2, 2, 1).rdp(np.array([2]))[0] == pytest.approx(0.46)
    # Variance 1: 2 4 / 2 + min((3 4 + 6 2) / 4, 3 2 / 2) = 4 + 3.
    assert Mechanism("skellam", 1, 1, 2, 1).rdp(np.array([2]))[0] == pytest.approx(7.0)


@pytest.mark.parametrize(("variance", "shares", "shift"), [(1, 10, 1), (1, 30, 3), (2, 5, 2), (4, 10, 3)])
def test_the_bound_of_sums_of_discrete_gaussians_is_above_the_true_divergence(
    variance: int, shares: int, shift: int
) -> None:
    k = np.arange(-30, 31)
    p = line(np.exp(-(k**2) / (2 * variance)), shares)
    for order in (2, 3):
        bound = Mechanism("discrete-gaussian", variance, shares, shift, 1).rdp(np.array([order]))[0]
        assert 0.95 * bound < renyi(p, shift, order) <= bound * (1 + 1e-9)


@pytest.mark.parametrize("noise", ["skellam", "discrete-gaussian"])
def test_calibration_takes_the_least_noise_that_is_enough(noise: str) -> None:
    target = {"client_level_epsilon": 3.2, "delta": 1e-5, "rounds": 20, "shares": 90, "l2": 1000.0, "dimension": 650}
    made = calibrate(noise, **target)
    assert made.client_level_epsilon(20, 1e-5) <= 3.2
    less = Mechanism(noise, made.share_variance - 1, 90, 1000.0, 650)
    assert less.client_level_epsilon(20, 1e-5) > 3.2
    # Near the Gaussian of the same variance, as dp-accounting has it.
    from dp_accounting import GaussianDpEvent, SelfComposedDpEvent
    from dp_accounting.rdp import RdpAccountant

    event = SelfComposedDpEvent(GaussianDpEvent(math.sqrt(made.variance) / 1000), 20)
    assert RdpAccountant().compose(event).get_epsilon(1e-5) == pytest.approx(3.2, rel=0.01)


def test_fewer_honest_nodes_need_more_noise_each() -> None:
    few, many = (
        calibrate("skellam", client_level_epsilon=2, delta=1e-5, rounds=5, shares=s, l2=100, dimension=10)
        for s in (10, 40)
    )
    assert few.share_variance / many.share_variance == pytest.approx(4, rel=0.01)


# ---- clipping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.001, 0.9999999, 1.0, 1.0000001, 50.0])
def test_a_clipped_vector_is_within_its_norm_in_exact_integers(size: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        direction = rng.normal(size=300)
        update = direction / np.linalg.norm(direction) * size
        out, within = clip_to_norm(update, 1.0, 4096)
        assert sum(int(v) ** 2 for v in out) <= 4096**2
        assert within == (np.linalg.norm(update) <= 1.0)
        assert np.abs(out / 4096 - update / max(1.0, size)).max() < 1 / 4096 + 1e-12


def test_what_cannot_be_clipped_is_refused() -> None:
    with pytest.raises(DataError, match="NaN"):
        clip_to_norm(np.array([1.0, np.nan]), 1.0, 100)
    for norm in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ParameterError, match="clip_norm"):
            clip_to_norm(np.ones(2), norm, 100)


def test_an_adaptive_clip_finds_the_median() -> None:
    norms, rule, bound = np.linspace(1, 3, 101), AdaptiveClip(quantile=0.5, rate=0.3), 0.01
    for _ in range(100):
        bound = rule.next(bound, float((norms <= bound).mean()))
    assert bound == pytest.approx(2.0, rel=0.05)
    assert rule.next(1.0, 7.5) == rule.next(1.0, 1.0)  # noise may push a fraction out of [0, 1]


# ---- in the terms ----------------------------------------------------------------------------------------------------


def private_terms(**changes: Any) -> Terms:
    noise = {"noise": "skellam", "share_variance": 4, "shares": 5, "units": 4096, "bit_units": 1024, **changes}
    return Terms(arrays=(("w", (3,)),), rounds=2, weighted=False, privacy=Noise(**noise))


def test_a_sum_of_noised_vectors_gives_average_and_fraction() -> None:
    terms = private_terms()
    total = np.zeros(4, np.int64)
    for node in range(10):
        after = {"w": np.full(3, 0.1 if node < 7 else 10.0)}  # three nodes are beyond the norm
        total += terms.encode({"w": np.zeros(3)}, after, 1, clip_norm=1.0)
    average = terms.decode(total, nodes=10, clip_norm=1.0)
    expected = (7 * 0.1 + 3 / math.sqrt(3)) / 10
    assert average.update["w"] == pytest.approx(np.full(3, expected), abs=0.01)
    assert average.within == pytest.approx(0.7, abs=0.02)
    assert (average.clipped_nodes, average.clipped_coordinates, average.metrics) == (0, 0, {})


def test_two_vectors_of_one_update_differ_by_noise() -> None:
    terms = private_terms()
    one, two = (terms.encode({"w": np.zeros(3)}, {"w": np.ones(3)}, 1, clip_norm=1.0) for _ in range(2))
    different = [terms.encode({"w": np.zeros(3)}, {"w": np.ones(3)}, 1, clip_norm=1.0).tolist() for _ in range(20)]
    assert len({tuple(v) for v in different}) > 15
    assert np.abs(one - two).max() < 100


def test_nothing_leaves_without_noise() -> None:
    with pytest.raises(ParameterError, match="leave without noise"):
        Terms(arrays=(("w", (3,)),), rounds=2, privacy=private_terms().privacy)
    with pytest.raises(ParameterError, match="leave without noise"):
        Terms(arrays=(("w", (3,)),), rounds=2, weighted=False, metrics=("loss",), privacy=private_terms().privacy)
    with pytest.raises(ParameterError, match="has a clip_norm"):
        private_terms().encode({"w": np.zeros(3)}, {"w": np.ones(3)}, 1)
    assert Terms.from_bytes(private_terms().to_bytes()) == private_terms()


def test_the_terms_of_a_target_meet_it_with_the_honest_survivors_noise() -> None:
    terms = Terms(arrays=(("w", (650,)),), rounds=20, dropout=0.05, weighted=False)
    made = ClientLevel(epsilon=3.2, delta=1e-5, clip_norm=1.0).terms(terms, 100)
    assert made.privacy is not None
    assert made.privacy.shares == 90  # 100, less 5 that may be lost, less 5 that may be corrupt
    mechanism = made.privacy.mechanism(made.dimension)
    assert mechanism.l2 == math.hypot(4096, 1024)
    assert mechanism.dimension == 651
    assert 3.19 < mechanism.client_level_epsilon(20, 1e-5) <= 3.2


@pytest.mark.parametrize(
    ("state", "shares", "epsilon", "why"),
    [
        ({"epoch": 0, "spent": 1}, 5, 50.0, "spent its client-level privacy in an earlier setup"),
        ({}, 5, 1e-3, "cost more than a client-level epsilon of 0.001"),
        ({}, 0, 50.0, "the terms have none"),
    ],
)
def test_a_node_keeps_its_own_budget(state: Any, shares: int, epsilon: float, why: str) -> None:
    terms = private_terms(share_variance=10**9) if shares else Terms(arrays=(("w", (3,)),), rounds=2)
    node = Node(b"run", IdentityKey.generate(), state, Policy(client_level=(epsilon, 1e-5)))
    with pytest.raises(ProtocolError, match=why):
        node.answer({"phase": "join", "epoch": 1, "terms": terms.to_bytes()})


def test_terms_that_count_on_more_honest_nodes_than_there_are_get_no_keys(make_party: Any) -> None:
    party = make_party(10)
    with pytest.raises(NotEnoughClients):
        party.hub.set_up(private_terms(shares=7), party.nodes)  # of 10, 7 survive, and one of them may be corrupt
    assert any("count on the noise of 7 honest nodes" in refusal for refusal in party.refusals)
    party = make_party(10)
    party.hub.set_up(private_terms(shares=6), party.nodes)


def test_update_and_noise_have_commitments_of_their_own_and_the_sum_opens_both() -> None:
    from pyzkfl.norm import NormProver

    with pytest.warns(UserWarning, match="insecure"):
        key = NormProver.insecure(8, 1000)
    rng = np.random.default_rng(0)
    modulus = 21888242871839275222246405745257275088548364400416034343698204186575808495617
    updates = [rng.integers(-100, 100, 8) for _ in range(3)]
    blinders = [int(rng.integers(1, 2**62)).to_bytes(32, "little") for _ in updates]
    noises = [draw_committed("skellam", 10**4, 8, key.commit) for _ in updates]
    commitments = [key.commit(u, b) for u, b in zip(updates, blinders, strict=True)] + [n.commitment for n in noises]
    total = sum(updates) + sum(n.vector for n in noises)
    blinder = sum(int.from_bytes(b, "little") for b in [*blinders, *(n.blinder for n in noises)]) % modulus
    together = _core.curves.g1_sum_compressed(commitments)
    assert together == key.commit(total, blinder.to_bytes(32, "little"))
    assert together != key.commit(total - noises[0].vector, blinder.to_bytes(32, "little"))
    assert "vector" not in repr(noises[0])
