"""Who drops out when, and who tries to cheat how: the demo's script, fixed by the number of members and rounds."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Any

from pyzkfl.errors import ParameterError
from pyzkfl.job import Job, Member
from pyzkfl.network import NetworkJob

__all__ = ["Attack", "Phase", "Plan", "make_chain_plan", "make_plan", "terms_of"]


def terms_of(config: dict[str, Any], members: Sequence[Member]) -> Job:
    """The demo's job before its setup: a network, or a logistic classifier where there is none."""
    options = dict(config)
    widths = options.pop("network")
    if widths is None:
        return Job.logistic(members=members, **options)
    step = {name: options.pop(name) for name in ("batch", "learning_rate", "max_norm")}
    del options["features"]
    # One output, fitted to 1 and -1: with ranges in bits there are then no tables at all, and the setup is short.
    network = NetworkJob(widths=tuple(widths), loss="mse", g_frac=5, bitwise=True, **step)
    return Job.model(network, members=members, **options)


class Phase(enum.StrEnum):
    """Where in a round a member's connection breaks. In jobs that sum homomorphically, in this order: before its
    submission, before its ciphertext, after its ciphertext."""

    MASK_KEYS = "after advertising its mask keys"
    MASK_SHARES = "after sharing its mask secrets"
    UNMASK = "after its masked vector"


class Attack(enum.StrEnum):
    """A forgery. The first seven are a member's, the others a coordinator's: against masks two, and where sums are
    homomorphic the last two, since there are no shares of two kinds and the key decrypts whatever it is given."""

    SCALED = "an update scaled by ten"
    SWAPPED_LABELS = "swapped labels"
    NO_TRAINING = "no training at all"
    LAST_ROUND = "last round's proof"
    OTHER_CLIENT = "another member's proof"
    OTHER_JOB = "another job's proof"
    OTHER_BATCH = "a batch the beacon did not choose"
    BOTH_SHARES = "a coordinator that asks for both shares of one member"
    TWO_SETS = "a coordinator that shows two sets of survivors"
    ONE_CIPHERTEXT = "a coordinator that asks to decrypt one member's ciphertext"

    @property
    def by_coordinator(self) -> bool:
        """True for the coordinator's."""
        return self in (Attack.BOTH_SHARES, Attack.TWO_SETS, Attack.ONE_CIPHERTEXT)

    @staticmethod
    def on(aggregation: str) -> list[Attack]:
        """The nine that make sense against a way to sum."""
        elsewhere = Attack.ONE_CIPHERTEXT if aggregation == "masks" else Attack.BOTH_SHARES
        return [attack for attack in Attack if attack is not elsewhere]


@dataclasses.dataclass(frozen=True)
class Plan:
    """drops[member][round] and attacks[member][round]; coordinator[round]."""

    drops: dict[int, dict[int, Phase]]
    attacks: dict[int, dict[int, Attack]]
    coordinator: dict[int, Attack]


def make_plan(members: int, rounds: int, with_two_batches: set[int], aggregation: str = "masks") -> Plan:
    """Three members drop out of every round, one in each phase; every attack is tried once, from the second round on.

    A forger is a member that stays in its round; one that offers another batch has to have a second one, so
    `with_two_batches` names those that do.
    """
    drops: dict[int, dict[int, Phase]] = {i: {} for i in range(members)}
    attacks: dict[int, dict[int, Attack]] = {i: {} for i in range(members)}
    coordinator: dict[int, Attack] = {}
    staying = {}
    for round_ in range(rounds):
        gone = [(3 * round_ + k) % members for k in range(3)]
        for member, phase in zip(gone, Phase, strict=True):
            drops[member][round_] = phase
        staying[round_] = [i for i in range(members) if i not in gone]
    round_ = 1
    for attack in Attack.on(aggregation):
        if attack.by_coordinator:
            coordinator[1 + round_ % (rounds - 1)] = attack
        else:
            choice = staying[1 + (round_ - 1) % (rounds - 1)]
            at = 1 + (round_ - 1) % (rounds - 1)
            # last round's proof needs one: the forger stayed in the round before, too
            fit = [i for i in choice if i in staying[at - 1]]
            if attack is Attack.OTHER_BATCH:
                fit = [i for i in choice if i in with_two_batches]
            if not fit:
                raise ParameterError(f"no member can try {attack.value!r} in round {at}: use more members or rounds")
            forger = fit[0]
            attacks[forger][at] = attack
        round_ += 1
    return Plan(drops, attacks, coordinator)


def make_chain_plan(members: int, rounds: int) -> Plan:
    """The script on a chain: one member drops out of every round, another sends a forgery to the chain and loses stake.

    A forgery on the chain is not taken back: its sender is out of that round's sum. More than two thirds of the stake
    see every sum, so that the committee decides. The coordinator tries its two attacks as ever.
    """
    drops: dict[int, dict[int, Phase]] = {i: {} for i in range(members)}
    attacks: dict[int, dict[int, Attack]] = {i: {} for i in range(members)}
    kinds = [Attack.SCALED, Attack.SWAPPED_LABELS, Attack.LAST_ROUND, Attack.OTHER_CLIENT, Attack.NO_TRAINING]
    for round_ in range(rounds):
        drops[round_ % members][round_] = list(Phase)[round_ % len(Phase)]
        if round_ < len(kinds):
            attacks[(round_ + members // 2) % members][round_] = kinds[round_]
    return Plan(drops, attacks, {1: Attack.BOTH_SHARES, 2: Attack.TWO_SETS})
