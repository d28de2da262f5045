"""Benchmark of the embedded ledger: appends that are durable when they return, verification, a round's finality."""

from __future__ import annotations

import hashlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pyzkfl import encoding
from pyzkfl._core.identity import IdentityKey
from pyzkfl.bench.measure import Sample
from pyzkfl.encoding import Envelope, Kind
from pyzkfl.ledger import SqliteLedger, Stake, Terms, Validator, Verdict, records
from pyzkfl.ledger.records import Record
from pyzkfl.reputation import Reputation
from pyzkfl.tokens import Bank, Formula

__all__ = ["PARAMETERS", "ledger"]

MEMBERS = 64
SINGLES = 200
COMMITTEE = 7
CONTRIBUTIONS = 37_000
PARAMETERS = {
    "pool": 1_000_000, "round_cap": 1_000_000, "base": 100, "per_example": 1, "per_gain": 1, "validators": 1000,
    "seats": COMMITTEE, "stake_least": 100, "stake_at_risk": 10, "answer_seconds": 3600, "members_least": 3,
    "members_most": 1000, "rounds_most": 1_000_000,
}  # fmt: skip


def _fill(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


class Recording:
    """A job's records with real keys, messages and signatures; commitments and proofs are made up."""

    def __init__(self, members: int) -> None:
        self.coordinator = IdentityKey.generate()
        self.members = {f"m{i}": IdentityKey.generate() for i in range(members)}
        document = {"members": [[name, key.public_bytes] for name, key in self.members.items()]}
        keys = dict.fromkeys(("verifying_key", "commitment_key", "setup"), _fill("key"))
        self.terms = encoding.encode(Kind.JOB, {**document, **dict.fromkeys(keys, b"")})
        self.job = encoding.digest(self.terms)
        self.keys, self.bound = keys, encoding.digest(encoding.encode(Kind.JOB, {**document, **keys}))
        self.proof = bytes(512)

    def message(self, name: str, type_: int, body: dict[str, object], round_: int = 0) -> bytes:
        job = self.job if type_ == records.MemberAccepted.MESSAGE_TYPE else self.bound
        value = {"type": type_, "job": job, "round": round_, "body": body}
        return Envelope.seal(self.members[name], Kind.MESSAGE, value)

    def prologue(self) -> Iterator[Record]:
        from pyzkfl import merkle

        job = self.job
        yield records.JobTerms(job, self.terms)
        for name in self.members:
            yield records.MemberAccepted(job, name, self.message(name, 2, {"terms": job}))
        for phase in (1, 2):
            for name in self.members:
                yield records.SetupContribution(job, phase, name, b"record")
        for name in self.members:
            yield records.SetupFinal(job, name, self.message(name, 6, {"job": self.bound}), **self.keys)
        for name in self.members:
            point = _fill(name)
            batches = [[32, point, b""]]
            root = merkle.root([(32).to_bytes(4, "little") + point])
            yield records.Dataset(job, name, self.message(name, 8, {"batches": batches}), root, 1, 32)
        for name in self.members:
            value = _fill("commitment", name)
            yield records.BeaconCommit(job, name, self.message(name, 10, {"commitment": value}), 0, value)
        for name in self.members:
            value = _fill("nonce", name)
            yield records.BeaconReveal(job, name, self.message(name, 12, {"nonce": value}), 0, value)
        yield records.Beacon(job, 0, _fill("beacon"))

    def round(self, number: int) -> Iterator[Record]:
        job = self.job
        yield records.RoundStart(job, number, _fill("weights", number))
        digest = encoding.digest(self.proof)
        for name in self.members:
            point = _fill("C(D)", name, number)
            message = self.message(name, 21, {"commitment": point, "proof": self.proof}, number)
            yield records.Submission(job, name, message, number, point, digest)
        yield records.Aggregate(job, number, tuple(self.members), _fill("sum"), _fill("C"), _fill("blinder"))
        yield records.Weights(job, number, _fill("weights", number + 1))

    def sealed(self, items: Iterator[Record]) -> list[bytes]:
        return [item.seal(self.coordinator) for item in items]


def ledger(runs: int, *, records: int, batch: int) -> Sample:
    """One operation is the full verification of a ledger of about `records` records, most of them submissions.

    A submission carries two signatures, the member's and the coordinator's, and a proof of 512 bytes. Batches are of
    about `batch` records. Appends are durable when they return; signing the records is not counted. Finality: a
    committee of seven signs a round's verdict, one after the other, and it is appended.
    """
    folder = Path(tempfile.mkdtemp(prefix="pyzkfl-bench-"))
    try:
        path = folder / "bench.ledger"
        recording = Recording(MEMBERS)
        per_round = MEMBERS + 3
        rounds, whole = max(1, records // per_round), max(1, batch // per_round)
        appending, count, number = 0.0, 0, 0
        with SqliteLedger.create(path, operator=recording.coordinator) as opened:
            opened.append(recording.sealed(recording.prologue()))
            while number < rounds:
                end = min(rounds, number + whole)
                sealed = [item for one in range(number, end) for item in recording.sealed(recording.round(one))]
                began = time.perf_counter()
                opened.append(sealed)
                appending += time.perf_counter() - began
                count, number = count + len(sealed), end
            singles: list[float] = []
            while len(singles) < SINGLES:
                for item in recording.sealed(recording.round(number)):
                    began = time.perf_counter()
                    opened.append([item])
                    singles.append(time.perf_counter() - began)
                number += 1
        seconds = []
        with SqliteLedger.open(path) as opened:
            for _ in range(runs):
                began = time.perf_counter()
                report = opened.verify()
                seconds.append(time.perf_counter() - began)
        finality = _finality(folder / "economy.ledger", max(3, runs))
        return Sample(
            seconds,
            {
                "appends_per_second": count / appending,
                "single_appends_per_second": 1 / statistics.median(singles),
                "verify_per_second": report.records / min(seconds),
                "records": report.records,
                "blocks": report.blocks,
                "bytes": path.stat().st_size,
                "committee": COMMITTEE,
                "finality_seconds": finality,
                "contributions": CONTRIBUTIONS,
                "reward_update_seconds": min(_reward_update() for _ in range(runs)),
            },
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _finality(path: Path, rounds: int) -> float:
    """Seconds from a round's last block to its verdict on the disk; the median."""
    recording, validators = Recording(MEMBERS), [IdentityKey.generate() for _ in range(COMMITTEE)]
    accounts = [*recording.members.values(), *validators]
    terms = Terms({key.public_bytes: 1000 for key in accounts}, {}, PARAMETERS)
    seconds = []
    with SqliteLedger.create(path, operator=recording.coordinator) as opened:
        opened.append([terms.record().seal(recording.coordinator)])
        opened.append([Stake(terms.digest, 0, 0, 1000).seal(key) for key in accounts])
        opened.append([Validator(terms.digest, 1, 1).seal(key) for key in validators])
        opened.append(recording.sealed(recording.prologue()))
        for number in range(rounds):
            head = opened.append(recording.sealed(recording.round(number)))
            began = time.perf_counter()
            fields = (terms.digest, recording.job, number, head.block.hash, (), (32,) * MEMBERS, (0,) * MEMBERS)
            attestations = tuple(Verdict(*fields, ()).attest(key) for key in validators)
            opened.append([Verdict(*fields, attestations).seal(recording.coordinator)])
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _reward_update() -> float:
    """Seconds in which so many contributions of one round are paid and move so many reputations."""
    accounts = [i.to_bytes(32, "big") for i in range(CONTRIBUTIONS)]
    bank, reputation = Bank(0), Reputation(990_000_000)
    formula = Formula(pool=10**12, base=100, per_example=1, per_gain=1, validators=0)
    for account in accounts:
        reputation.record(account, 1, 0, 3)
    began = time.perf_counter()
    for account in accounts:
        reputation.record(account, 1, 0, 10)
    bank.distribute(formula, 10**12, [(account, formula.weight(i, 0)) for i, account in enumerate(accounts)], [])
    return time.perf_counter() - began
