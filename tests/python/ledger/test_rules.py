"""Which record may follow which: everything else is refused, and leaves the ledger as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from pyzkfl import encoding
from pyzkfl._core.identity import IdentityKey
from pyzkfl.encoding import Envelope
from pyzkfl.errors import DecodeError, LedgerError, ParameterError, UnsupportedVersion
from pyzkfl.ledger import Ledger, records
from pyzkfl.ledger.records import Record

# Hundreds of questions to a node: the chain in this process answers the same.
many_questions = pytest.mark.parametrize(
    "store", ["file", "in_process", pytest.param("on_a_node", marks=pytest.mark.deep)], indirect=True
)


def refused(ledger: Ledger, sealed: list[bytes], why: str) -> None:
    before = ledger.head()
    with pytest.raises(LedgerError, match=why):
        ledger.append(sealed)
    assert ledger.head() == before and len(list(ledger.records())) == len(ledger)


def test_a_whole_job_is_recorded_in_any_batches(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue()))
    for record in story.round(0):
        ledger.append(story.sealed(record))
    ledger.append(story.sealed(story.start(1), story.submission("m0", 1), records.Void(story.job, 1, "too few")))
    start = dataclasses.replace(story.start(2), weights=story.weights(1))  # a void round leaves the weights
    rest = [story.submission(name, 2) for name in story.members]
    ledger.append(story.sealed(start, *rest, story.aggregate(2), records.Weights(story.job, 2, story.weights(3))))
    ledger.append(story.sealed(story.finish(3)))
    report = ledger.verify()
    assert (report.records, report.jobs) == (len(ledger), 1)


@many_questions
def test_every_record_of_a_job_is_refused_a_second_time(ledger: Ledger, story) -> None:
    for record in [*story.prologue(), *story.round(0), story.finish(1)]:
        sealed = story.sealed(record)
        ledger.append(sealed)
        refused(ledger, sealed, ".")


@many_questions
def test_every_record_of_a_job_is_refused_before_its_time(ledger: Ledger, story) -> None:
    order = [*story.before_setup(), *story.setup(), *story.beacon(), *story.round(0), story.finish(1)]
    # Acts of several members within a phase may come in any order; one of a later phase may not come before.
    phases = {type(r).__name__ + str(getattr(r, "phase", "")): i for i, r in reversed(list(enumerate(order)))}
    for record in order:
        phase = phases[type(record).__name__ + str(getattr(record, "phase", ""))]
        for later in order:
            if phases[type(later).__name__ + str(getattr(later, "phase", ""))] > phase:
                if (type(record), type(later)) == (records.Submission, records.Aggregate):
                    continue  # an aggregate may come before the last submission, without its member
                refused(ledger, story.sealed(later), ".")
        ledger.append(story.sealed(record))


def test_a_batch_with_one_bad_record_leaves_nothing_behind(ledger: Ledger, story) -> None:
    good = story.prologue()
    refused(ledger, story.sealed(*good, story.start(7)), "round start, round 7")
    assert len(ledger) == 0
    refused(ledger, story.sealed(*good, good[-1]), "beacon")
    ledger.append(story.sealed(*good))  # and the ledger still knows where it stands


def test_a_record_of_a_foreign_signer_is_refused(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue()))
    stranger = IdentityKey.generate()
    for signer in (stranger, story.members["m0"]):
        refused(ledger, [story.start(0).seal(signer)], "not the job's coordinator")


def test_a_record_whose_signature_does_not_hold_is_refused(ledger: Ledger, story) -> None:
    good = Envelope.from_bytes(story.sealed(story.prologue()[0])[0])
    for bad in (
        dataclasses.replace(good, signature=bytes(64)),
        dataclasses.replace(good, signature=good.signature[:63] + bytes([good.signature[63] ^ 1])),
        dataclasses.replace(good, signer=IdentityKey.generate().public_bytes),
    ):
        refused(ledger, [bad.to_bytes()], "a signature does not hold")


def test_a_members_act_needs_that_members_own_message(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue(), story.start(0)))
    mine = story.submission("m0", 0)
    forged = Envelope.from_bytes(mine.message)
    fake = dataclasses.replace(forged, signature=bytes(64)).to_bytes()
    cases: list[tuple[Record, str]] = [
        (dataclasses.replace(mine, member="m1"), "not signed by that member"),
        (dataclasses.replace(mine, member="nobody"), "no such member"),
        (dataclasses.replace(mine, message=fake), "signature does not hold"),
        (dataclasses.replace(mine, message=story.submission("m1", 0).message), "not signed by that member"),
        (dataclasses.replace(mine, message=story.submission("m0", 1).message), "another round"),
        (dataclasses.replace(mine, message=story.commit("m0").message), "another type"),
        (dataclasses.replace(mine, commitment=bytes(32)), "another commitment"),
        (dataclasses.replace(mine, proof_digest=bytes(32)), "another proof"),
        (
            dataclasses.replace(mine, message=story.message("m0", 21, {}, round_=0, job=bytes(32))),
            "another job",
        ),
    ]
    for record, why in cases:
        refused(ledger, story.sealed(record), why)
    ledger.append(story.sealed(mine))


def test_a_record_that_says_other_than_the_members_message_is_refused(ledger: Ledger, story) -> None:
    def attempt(record: Record, why: str) -> None:
        refused(ledger, story.sealed(record), why)

    ledger.append(story.sealed(records.JobTerms(story.job, story.terms)))
    other_terms = story.message("m0", 2, {"terms": bytes(32)}, job=story.job)
    attempt(records.MemberAccepted(story.job, "m0", other_terms), "other terms")
    ledger.append(story.sealed(*story.before_setup()[1:], *story.setup()[:6]))
    attempt(story.final("m0", setup=bytes(32)), "another job|other keys")
    ledger.append(story.sealed(*map(story.final, story.members)))
    for change in ({"root": bytes(32)}, {"batches": 4}, {"rows": 97}):
        attempt(dataclasses.replace(story.dataset("m0"), **change), "other batches")
    ledger.append(story.sealed(*map(story.dataset, story.members)))
    attempt(dataclasses.replace(story.commit("m0"), commitment=bytes(32)), "another commitment")
    ledger.append(story.sealed(*map(story.commit, story.members)))
    attempt(dataclasses.replace(story.reveal("m0"), nonce=bytes(32)), "another nonce")


def test_members_who_confirm_different_keys_are_refused(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.before_setup(), *story.setup()[:6], story.final("m0")))
    other = {**story.keys, "setup": bytes(32)}
    bound = encoding.digest(encoding.encode(encoding.Kind.JOB, {**story.document, **other}))
    message = story.message("m1", 6, {"job": bound}, job=bound)
    refused(ledger, story.sealed(records.SetupFinal(story.job, "m1", message, **other)), "other members confirmed")


def test_a_rerandomised_proof_is_the_same_submission_and_refused(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue(), story.start(0), story.submission("m0", 0)))
    refused(ledger, story.sealed(story.submission("m0", 0, proof=b"re-randomised")), "on the ledger already")


def test_a_submission_is_refused_in_another_round_or_outside_of_one(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue()))
    refused(ledger, story.sealed(story.submission("m0", 0)), "between rounds")
    ledger.append(story.sealed(*story.round(0), story.start(1)))
    refused(ledger, story.sealed(story.submission("m0", 0)), "next round 1")
    refused(ledger, story.sealed(story.submission("m0", 2)), "next round 1")


def test_a_sum_needs_three_survivors_whose_submissions_are_recorded(ledger: Ledger, story) -> None:
    submissions = [story.submission(name, 0) for name in ("m0", "m1")]
    ledger.append(story.sealed(*story.prologue(), story.start(0), *submissions))
    refused(ledger, story.sealed(story.aggregate(0, ("m0", "m1"))), "at least 3 survivors")
    refused(ledger, story.sealed(story.aggregate(0)), "no submission of 'm2'")


def test_weights_must_be_those_that_the_round_before_left(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue(), *story.round(0)))
    refused(ledger, story.sealed(records.RoundStart(story.job, 1, bytes(32))), "its weights are not")
    refused(ledger, story.sealed(records.Finish(story.job, 1, bytes(32))), "its weights are not")
    refused(ledger, story.sealed(story.finish(2)), "does not belong here")


def bad_terms(change: Callable[[dict], None]) -> Callable[[object], Record]:
    def make(story) -> Record:
        document = dict(story.document)
        change(document)
        data = encoding.encode(encoding.Kind.JOB, document)
        return records.JobTerms(encoding.digest(data), data)

    return make


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda story: records.JobTerms(bytes(32), story.terms), "another digest"),
        (lambda story: story.start(0), "no job of this digest"),
        (lambda story: records.JobTerms(encoding.digest(b"x"), b"x"), "not a job"),
        (bad_terms(lambda d: d.update(members=d["members"][:2])), "at least 3 members"),
        (bad_terms(lambda d: d["members"].append(d["members"][0])), "appears twice"),
        (
            bad_terms(lambda d: d.update(members=[["a", b"k" * 32], ["b", b"k" * 32], ["c", b"l" * 32]])),
            "appears twice",
        ),
        (bad_terms(lambda d: d.update(members=[["a", b"short"]])), "not a pair"),
        (bad_terms(lambda d: d.update(setup=bytes(32))), "bound to keys already"),
        (bad_terms(lambda d: d.pop("setup")), "not a job"),
    ],
)
def test_terms_that_do_not_hold_are_refused(ledger: Ledger, story, make, why) -> None:
    refused(ledger, story.sealed(make(story)), why)


def test_malformed_bytes_are_decode_errors(ledger: Ledger, story) -> None:
    sealed = story.sealed(*story.prologue()[:1])[0]
    for bad in (b"", b"garbage", sealed[:-1], sealed + b"\0", encoding.encode(encoding.Kind.MESSAGE, {})):
        with pytest.raises(DecodeError):
            ledger.append([bad])
    with pytest.raises(UnsupportedVersion):
        ledger.append([sealed[:4] + b"\2" + sealed[5:]])
    message = Envelope.seal(story.coordinator, encoding.Kind.MESSAGE, {})
    with pytest.raises(DecodeError, match="not a ledger record"):
        ledger.append([message])
    with pytest.raises(ParameterError, match="a batch has 1"):
        ledger.append([])
    assert len(ledger) == 0


def test_several_jobs_live_in_one_ledger_and_do_not_mix(ledger: Ledger, story) -> None:
    second = type(story)(name="second")
    second.coordinator = story.coordinator
    pairs = zip(story.prologue(), second.prologue(), strict=True)
    ledger.append(story.sealed(*[record for pair in pairs for record in pair]))
    ledger.append(story.sealed(*story.round(0), second.start(0)))
    refused(ledger, story.sealed(dataclasses.replace(story.submission("m0", 1), job=second.job)), ".")
    assert ledger.verify().jobs == 2


# -- refusals ----------------------------------------


def test_refusals_are_recorded_by_whoever_takes_part_and_tell_the_verdict(ledger: Ledger, story) -> None:
    ledger.append(story.sealed(*story.prologue(), story.start(0)))
    accept = [story.submission(name, 0) for name in ("m0", "m1", "m2")]
    refusal = records.Refusal(story.job, 0, "m0", 0, "ProofInvalid", "the update is not the agreed step\n")
    again = dataclasses.replace(refusal, number=1)
    against = records.Refusal(story.job, 0, "", 0, "ProtocolError", "two survivor sets")
    ledger.append([*story.sealed(refusal, again), against.seal(story.members["m2"])])
    assert ledger.verdicts(story.job, 0) == {"m0": "ProofInvalid"}
    ledger.append(story.sealed(*accept))
    assert ledger.verdicts(story.job, 0) == dict.fromkeys(("m0", "m1", "m2"), "submitted")
    ledger.append(story.sealed(story.aggregate(0), records.Weights(story.job, 0, story.weights(1))))
    assert ledger.verdicts(story.job, 0) == dict.fromkeys(("m0", "m1", "m2"), "accepted")
    late = records.Refusal(story.job, 0, "m1", 0, "ProtocolError", "computed other weights")
    ledger.append(story.sealed(late))
    refused(ledger, story.sealed(refusal), "on the ledger already")
    refused(ledger, story.sealed(dataclasses.replace(late, round=2)), "the job is in round 1")
    refused(ledger, [late.seal(IdentityKey.generate())], "does not take part")
    refused(ledger, story.sealed(dataclasses.replace(late, member="nobody", number=5)), "no such member")
    ledger.verify()


def test_evidence_is_what_the_accused_signed_in_that_round_of_that_job(ledger: Ledger, story) -> None:
    """Else whoever may refuse could lock a stake, and have its owner judged, on words that are not its own."""
    ledger.append(story.sealed(*story.prologue(), story.start(0)))
    body = {"statement": bytes(32), "commitment": bytes(32), "proof": b"false"}
    signed = story.message("m0", 21, body)

    def refusal(evidence: bytes, member: str = "m0", number: int = 0) -> records.Record:
        return records.Refusal(story.job, 0, member, number, "ProofInvalid", "why", evidence)

    refused(ledger, story.sealed(refusal(signed, "m1")), "not signed by the accused")
    refused(ledger, story.sealed(refusal(signed, "")), "not signed by the accused")
    refused(ledger, story.sealed(refusal(story.message("m0", 21, body, round_=1))), "another round")
    refused(ledger, story.sealed(refusal(story.message("m0", 21, body, job=bytes(32)))), "another job")
    refused(ledger, story.sealed(refusal(story.message("m0", 25, {"mask": b""}))), "is a submission")
    forged = bytearray(signed)
    forged[-1] ^= 1
    refused(ledger, story.sealed(refusal(bytes(forged))), "a signature does not hold")
    for other in (b"words", signed + b"\0", Envelope.seal(story.members["m0"], encoding.Kind.MESSAGE, {"type": 21})):
        with pytest.raises(DecodeError):
            ledger.append(story.sealed(refusal(other)))
    value = {"type": 22, "job": story.bound, "round": 0, "body": {"submissions": []}}
    two_sets = Envelope.seal(story.coordinator, encoding.Kind.MESSAGE, value)
    ledger.append([*story.sealed(refusal(signed)), refusal(two_sets, "").seal(story.members["m2"])])
    assert ledger.verify().records == len(ledger)


def test_a_member_that_does_not_reveal_is_removed_and_the_beacon_starts_again(store, story) -> None:
    story = type(story)(members=5)
    with store.create(story.coordinator) as ledger:
        names = list(story.members)
        ledger.append(story.sealed(*story.before_setup(), *story.setup(), *map(story.commit, names)))
        ledger.append(story.sealed(*map(story.reveal, names[:4])))
        refused(ledger, story.sealed(records.Beacon(story.job, 0, bytes(32))), "does not belong here")
        removal = records.Refusal(story.job, -1, "m4", 0, "BeaconInvalid", "did not reveal", removed=True)
        refused(ledger, [removal.seal(story.members["m0"])], "only the coordinator removes")
        refused(ledger, story.sealed(dataclasses.replace(removal, member="m0")), "did what was due")
        ledger.append(story.sealed(removal))
    with store.open(story.coordinator) as ledger:  # and it is remembered
        refused(ledger, story.sealed(story.commit("m4", 1)), "no such member takes part")
        refused(ledger, story.sealed(story.commit("m0", 0)), "attempt 1")
        ledger.append(story.sealed(*(story.commit(name, 1) for name in names[:4])))
        ledger.append(story.sealed(*(story.reveal(name, 1) for name in names[:3])))
        second = dataclasses.replace(removal, member="m3")
        ledger.append(story.sealed(second))
        third = dataclasses.replace(removal, member="m2")
        refused(ledger, story.sealed(third), "fewer than 3 members would remain")
        ledger.append(story.sealed(*(story.commit(name, 2) for name in names[:3])))
        ledger.append(story.sealed(*(story.reveal(name, 2) for name in names[:3])))
        ledger.append(story.sealed(records.Beacon(story.job, 2, bytes(32)), story.start(0)))
        refused(ledger, story.sealed(story.submission("m3", 0)), "no such member takes part")
        assert ledger.verify().records == len(ledger)


@many_questions
def test_an_opened_ledger_knows_where_every_job_stands(store, story) -> None:
    """Closing and opening between any two records changes nothing about what is taken and what is refused."""
    order = [*story.prologue(), *story.round(0), story.start(1), records.Void(story.job, 1, "few")]
    order += [dataclasses.replace(story.start(2), weights=story.weights(1)), records.Void(story.job, 2, "few")]
    order += [records.Finish(story.job, 3, story.weights(1))]
    store.create(story.coordinator).close()
    for previous, record in zip([None, *order], order, strict=False):
        with store.open(story.coordinator) as ledger:
            if previous is not None:
                refused(ledger, story.sealed(previous), ".")
            ledger.append(story.sealed(record))
    with store.open() as ledger:
        assert ledger.verify().records == len(order)
