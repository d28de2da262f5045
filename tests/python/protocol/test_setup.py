"""The setup by all members: what a contributor can do wrong is found, and named."""

from __future__ import annotations

import dataclasses

import pytest
from consortium import make

from pyzkfl import ceremony
from pyzkfl.errors import PyzkflError, SetupInvalid


def contribution(job, run, name):
    """An honest member's: it verifies what it gets first."""
    state, _ = run.stage.verify(job)
    return ceremony.contribute(job, state, name)


def finished(job):
    run = ceremony.Ceremony(job)
    for phase in (1, 2):
        run.begin(phase)
        for member in job.members:
            run.accept(*contribution(job, run, member.name))
    return run


@pytest.fixture(scope="module")
def job():
    return make(members=3).job


@pytest.fixture(scope="module")
def transcript(job):
    return finished(job).transcript()


def test_a_setup_by_all_members_gives_keys_that_everybody_derives_alike(job, transcript) -> None:
    first, second = transcript.verify(job), transcript.verify(job)
    assert first.bind(job) == second.bind(job) and first.bind(job).digest != job.digest
    assert first.bind(job).terms_digest == job.terms_digest


def test_a_member_left_out_doubled_or_out_of_order_is_found(job, transcript) -> None:
    a, b, c = transcript.records1
    for records in ([a, b], [a, b, b], [b, a, c], [a, b, c, c], []):
        with pytest.raises(SetupInvalid):
            dataclasses.replace(transcript, records1=records).verify(job)


def test_a_setup_for_other_terms_is_refused(job, transcript) -> None:
    other = dataclasses.replace(job, rounds=job.rounds + 1)
    with pytest.raises(SetupInvalid):
        transcript.verify(other)


def test_states_of_another_setup_are_refused(job, transcript) -> None:
    other = finished(job).transcript()
    for part in ("phase1", "phase2"):
        with pytest.raises(SetupInvalid):
            dataclasses.replace(transcript, **{part: getattr(other, part)}).verify(job)
    with pytest.raises(SetupInvalid):
        dataclasses.replace(transcript, records2=other.records2).verify(job)


def test_truncated_states_are_refused(job, transcript) -> None:
    for part in ("phase1", "phase2"):
        data = getattr(transcript, part)
        for broken in (data[:-1], data + b"\0", data[:40], b""):
            with pytest.raises(PyzkflError):
                dataclasses.replace(transcript, **{part: broken}).verify(job)


def test_a_key_whose_second_phase_nobody_contributed_to_is_refused(job) -> None:
    run = ceremony.Ceremony(job)
    run.begin(1)
    for member in job.members:
        run.accept(*contribution(job, run, member.name))
    run.begin(2)
    with pytest.raises(PyzkflError):
        dataclasses.replace(run.transcript()).verify(job)


def test_the_coordinator_names_the_member_whose_contribution_is_bad() -> None:
    c = make(members=3)
    honest = ceremony.contribute

    def spoiled(job, state, name, progress=None):
        _, record = honest(job, state, name, progress)
        return state.to_bytes(), record  # hands on what it got

    c.clients["m1"]._contribute = spoiled
    with pytest.raises(SetupInvalid, match="contribution of 'm1' to phase 1"):
        c.coordinator.run_setup()


def test_a_member_whose_contribution_was_left_out_refuses_the_setup() -> None:
    c = make(members=3)
    original = c.clients["m2"]._on_setup_final

    def forgetful(request):
        c.clients["m2"]._records[1] = b"another record"
        return original(request)

    c.clients["m2"]._on_setup_final = forgetful
    with pytest.raises(PyzkflError, match="contribution to phase 1 is not in the setup"):
        c.coordinator.run_setup()
