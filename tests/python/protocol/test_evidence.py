"""Evidence of a refusal: a false proof convicts its signer, and no honest member can be framed (docs/economy.md)."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from consortium import Consortium, make

from pyzkfl import IdentityKey
from pyzkfl.demo.plan import Attack
from pyzkfl.errors import DecodeError, ProofInvalid, ProtocolError
from pyzkfl.evidence import Claim, shows_false_proof
from pyzkfl.ledger import SqliteLedger, records
from pyzkfl.messages import Message, Type
from pyzkfl.recorder import EVIDENCE_BYTES_MAX, Recorder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Consortium, SqliteLedger]:
    """Two rounds with a false proof in each: m1 scales, m2 trains nothing. Both are honest when asked again."""
    path = Path(tmp_path_factory.mktemp("evidence")) / "run.ledger"
    key = IdentityKey.generate()
    ledger = SqliteLedger.create(path, key)
    attacks = {1: {0: Attack.SCALED}, 2: {1: Attack.NO_TRAINING}}
    c = make(rounds=2, attacks=attacks, recorder=Recorder(ledger, key), coordinator_key=key).ready()
    c.before = [np.array(c.coordinator.weights)]  # type: ignore[attr-defined]
    for number in range(2):
        c.coordinator.run_round(number)
        c.before.append(np.array(c.coordinator.weights))  # type: ignore[attr-defined]
    return c, ledger


def judged(c: Consortium, sealed: bytes, name: str, round_: int, weights: Any = None) -> dict[str, Any]:
    """The arguments of a judgement by m0, a member that followed the job and does not ask the coordinator."""
    state = c.before[round_] if weights is None else weights  # type: ignore[attr-defined]
    rebuild = functools.partial(c.clients["m0"].statement_of, name, round_=round_, weights=state)
    return {"sealed": sealed, "job": c.coordinator.job, "round_": round_, "name": name, "rebuild": rebuild}


def shows(c: Consortium, *of: Any, **more: Any) -> bool:
    return shows_false_proof(**judged(c, *of, **more), keys=c.coordinator.keys)


def test_the_ledger_alone_convicts_whoever_signed_a_false_proof(recorded: tuple[Consortium, SqliteLedger]) -> None:
    c, ledger = recorded
    terms = c.coordinator.job.terms_digest
    found = [entry.record for entry in ledger.find_all(records.Refusal, terms)]
    assert [(r.member, r.round, r.check) for r in found] == [("m1", 0, "ProofInvalid"), ("m2", 1, "ProofInvalid")]
    for refusal in found:
        assert shows(c, refusal.evidence, refusal.member, refusal.round)
    assert ledger.verify().records == len(ledger)


def test_true_submissions_convict_nobody(recorded: tuple[Consortium, SqliteLedger]) -> None:
    c, ledger = recorded
    for round_ in range(2):
        accepted = [e.record for e in ledger.find_all(records.Submission, c.coordinator.job.terms_digest, round=round_)]
        assert len(accepted) == 5
        for submission in accepted:
            assert not shows(c, submission.message, submission.member, round_)


def test_who_was_shown_another_state_cannot_be_accused(recorded: tuple[Consortium, SqliteLedger]) -> None:
    """The framing: an honest step from other weights than the ledger's. Only the named statement saves its signer."""
    c, ledger = recorded
    terms = c.coordinator.job.terms_digest
    honest = next(e.record for e in ledger.find_all(records.Submission, terms, round=0) if e.record.member == "m3")
    other = c.before[0] + 1  # type: ignore[attr-defined]
    arguments = judged(c, honest.message, "m3", 0, weights=other)
    with pytest.raises(ProtocolError, match="about another statement"):
        Claim.read(**arguments)
    assert not shows_false_proof(**arguments, keys=c.coordinator.keys)
    body = Message.open(honest.message, signer=c.identities["m3"].public_bytes).body
    with pytest.raises(ProofInvalid):  # what the comparison of digests keeps from a judge
        Claim(arguments["rebuild"](body["commitment"], b""), body["proof"]).check(c.coordinator.keys)


def test_what_the_member_did_not_say_of_this_round_convicts_nobody(
    recorded: tuple[Consortium, SqliteLedger],
) -> None:
    c, ledger = recorded
    false = ledger.find_all(records.Refusal, c.coordinator.job.terms_digest)[0].record
    message = Message.open(false.evidence, signer=c.identities["m1"].public_bytes)
    job, me = c.coordinator.job, c.identities["m1"]
    later = Message(Type.SUBMISSION, job.digest, 1, message.body).seal(me)
    elsewhere = Message(Type.SUBMISSION, bytes(32), 0, message.body).seal(me)
    by_another = Message(Type.SUBMISSION, job.digest, 0, message.body).seal(c.identities["m4"])
    damaged = false.evidence[:-1] + bytes([false.evidence[-1] ^ 1])
    for evidence in (later, elsewhere, by_another, damaged, b"", b"words"):
        assert not shows(c, evidence, "m1", 0)
    assert not shows(c, false.evidence, "m2", 0)
    assert shows(c, false.evidence, "m1", 0)


def test_a_signed_proof_that_is_no_proof_convicts(recorded: tuple[Consortium, SqliteLedger]) -> None:
    c, ledger = recorded
    false = ledger.find_all(records.Refusal, c.coordinator.job.terms_digest)[0].record
    message = Message.open(false.evidence, signer=c.identities["m1"].public_bytes)
    short = {**message.body, "proof": message.body["proof"][:-1]}
    sealed = dataclasses.replace(message, body=short).seal(c.identities["m1"])
    with pytest.raises(DecodeError):
        Claim.read(**judged(c, sealed, "m1", 0)).check(c.coordinator.keys)
    assert shows(c, sealed, "m1", 0)


def test_a_proof_of_another_version_is_refused_and_accuses_nobody(tmp_path: Path) -> None:
    key = IdentityKey.generate()
    with SqliteLedger.create(tmp_path / "version.ledger", key) as ledger:
        c = make(rounds=1, recorder=Recorder(ledger, key), coordinator_key=key).ready()
        c.before = [np.array(c.coordinator.weights)]  # type: ignore[attr-defined]
        newer, true, sent = c.clients["m1"], c.clients["m1"]._sealed, []

        def later(submission: Any) -> bytes:
            message = Message.open(true(submission), signer=c.identities["m1"].public_bytes)
            proof = message.body["proof"]
            body = {**message.body, "proof": proof[:4] + b"\xff" + proof[5:]}
            sent.append(dataclasses.replace(message, body=body).seal(c.identities["m1"]))
            return bytes(sent[-1])

        newer._sealed = later  # type: ignore[method-assign]
        report = c.coordinator.run_round(0)
        assert report.aggregate is not None and "m1" not in report.aggregate.survivors
        found = [entry.record for entry in ledger.find_all(records.Refusal, c.coordinator.job.terms_digest)]
        assert {(r.member, r.check, r.evidence) for r in found} == {("m1", "UnsupportedVersion", b"")}
        assert not shows(c, sent[0], "m1", 0)


def test_a_huge_false_submission_is_refused_without_filling_the_ledger(tmp_path: Path) -> None:
    key = IdentityKey.generate()
    with SqliteLedger.create(tmp_path / "huge.ledger", key) as ledger:
        c = make(rounds=1, recorder=Recorder(ledger, key), coordinator_key=key).ready()
        liar = c.clients["m1"]
        true = liar._sealed

        def padded(submission: Any) -> bytes:
            message = Message.open(true(submission), signer=c.identities["m1"].public_bytes)
            body = {**message.body, "proof": message.body["proof"] + bytes(2 * EVIDENCE_BYTES_MAX)}
            return dataclasses.replace(message, body=body).seal(c.identities["m1"])

        liar._sealed = padded  # type: ignore[method-assign]
        report = c.coordinator.run_round(0)
        assert report.aggregate is not None and "m1" not in report.aggregate.survivors
        found = [entry.record for entry in ledger.find_all(records.Refusal, c.coordinator.job.terms_digest)]
        assert {(r.member, r.check, r.evidence) for r in found} == {("m1", "DecodeError", b"")}
