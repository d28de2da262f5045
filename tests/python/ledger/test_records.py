"""Records: their fields, keys and evidence."""

from __future__ import annotations

import dataclasses

import pytest

from pyzkfl import encoding, ledger
from pyzkfl.encoding import Kind
from pyzkfl.errors import DecodeError, ParameterError
from pyzkfl.ledger import records
from pyzkfl.ledger.records import Record, read_record

ZERO = bytes(32)


def all_kinds(story: object) -> list[Record]:
    items = [*story.prologue(), *story.round(0), story.start(1)]  # type: ignore[attr-defined]
    job = story.job  # type: ignore[attr-defined]
    items += [records.Refusal(job, 1, "m1", 0, "ProofInvalid", "why", b"x"), records.Void(job, 1, "why")]
    items += economy_records()
    return [*items, story.finish(2)]  # type: ignore[attr-defined]


def economy_records() -> list[Record]:
    one, two = bytes([1]) * 32, bytes([2]) * 32
    return [
        ledger.EconomyTerms(ZERO, b"document"),
        ledger.Transfer(ZERO, 0, 1, one, 5),
        ledger.Stake(ZERO, 1, 0, 7),
        ledger.Claim(ZERO, 2),
        ledger.Validator(ZERO, 3, 1, two),
        ledger.Delegation(ZERO, 4, one),
        ledger.Proposal(ZERO, 5, "pool", b"", 9),
        ledger.Vote(ZERO, 6, 0, 2),
        ledger.Execution(ZERO, 7, 0),
        ledger.Verdict(ZERO, one, 3, two, ("m1",), (1, 2), (0, 0), (b"a", b"b")),
        ledger.Equivocation(ZERO, one, 3, two, b"a", b"b"),
    ]


def test_every_kind_of_record_survives_its_encoding(story: object) -> None:
    items = all_kinds(story)
    for record in items:
        assert read_record(record.to_bytes()) == record
    ledger_kinds = {kind for kind in Kind if kind.name.startswith("LEDGER_")}
    assert {record.KIND for record in items} == ledger_kinds


def test_the_messages_that_records_carry_have_the_types_of_the_protocol() -> None:
    messages = pytest.importorskip("pyzkfl.messages", exc_type=ImportError)
    types = {
        records.MemberAccepted: "ACCEPT_TERMS",
        records.SetupFinal: "SETUP_VERIFIED",
        records.Dataset: "REGISTER",
        records.BeaconCommit: "BEACON_COMMIT",
        records.BeaconReveal: "BEACON_REVEAL",
        records.Submission: "SUBMISSION",
    }
    for kind, name in types.items():
        assert messages.Type[name] == kind.MESSAGE_TYPE


def test_fields_out_of_their_limits_are_refused() -> None:
    cases = [
        (records.RoundStart, (b"short", 0, ZERO), "job must be 32 bytes"),
        (records.RoundStart, (ZERO, -1, ZERO), "round must be an integer from 0"),
        (records.RoundStart, (ZERO, True, ZERO), "round must be an integer"),
        (records.RoundStart, (ZERO, 0.0, ZERO), "round must be an integer"),
        (records.RoundStart, (ZERO, 0, bytearray(32)), "weights must be 32 bytes"),
        (records.Refusal, (ZERO, 0, "a\nb", 0, "check"), "member must be printable"),
        (records.Refusal, (ZERO, 0, "x" * 65, 0, "check"), "member must be printable"),
        (records.Refusal, (ZERO, 0, "m", 0, "check", "x" * 8001), "reason must be text"),
        (records.Refusal, (ZERO, -2, "m", 0, "check"), "round must be"),
        (records.Aggregate, (ZERO, 0, ("a", "a", "b"), ZERO, ZERO, ZERO), "must not name a member twice"),
        (records.Aggregate, (ZERO, 0, ["a", "b", "c"], ZERO, ZERO, ZERO), "must be a list of members"),
        (records.SetupContribution, (ZERO, 3, "m", b"x"), "phase must be"),
        (records.SetupContribution, (ZERO, 1, "m", b""), "record must be"),
    ]
    for kind, fields, why in cases:
        with pytest.raises(ParameterError, match=why):
            kind(*fields)


def test_a_record_with_a_field_missing_or_foreign_does_not_decode() -> None:
    record = records.RoundStart(ZERO, 0, ZERO)
    whole = record.to_object()
    for value in (
        {**whole, "extra": 1},
        {k: v for k, v in whole.items() if k != "round"},
        [1],
        {**whole, "round": "0"},
    ):
        with pytest.raises(DecodeError):
            read_record(encoding.encode(record.KIND, value))


def test_an_artefact_that_is_no_record_is_refused() -> None:
    with pytest.raises(DecodeError, match="MESSAGE is not a ledger record"):
        read_record(encoding.encode(Kind.MESSAGE, {}))


def test_keys_of_different_records_differ_and_a_submissions_key_knows_no_proof(story: object) -> None:
    items = all_kinds(story)
    keys = [record.key(b"s" * 32) for record in items]
    assert len(set(keys)) == len(keys)
    submission = next(r for r in items if isinstance(r, records.Submission))
    again = dataclasses.replace(submission, proof_digest=ZERO, commitment=ZERO, message=b"another")
    assert again.key(b"") == submission.key(b"")


def test_no_name_can_imitate_the_key_of_another_record() -> None:
    # Lengths stand in front of names, so that "a" in round 0x0162.. is not "ab" in another.
    keys = {records.SetupContribution(ZERO, 1, name, b"x").key(b"") for name in ("a", "ab", "a\u0101", "b")}
    assert len(keys) == 4
    assert not any(a != b and a.startswith(b) for a in keys for b in keys)
