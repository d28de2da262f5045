"""A setup in which honest members multiply their secrets into elements that do not belong there.

The coordinator hands out a second phase with extra private wires whose elements are the basis of the update's
commitments. An honest member who contributed blindly would turn them into K_D / delta: with these, a proof for one
update becomes a proof for any other. Found in review; the members' check before contributing is what stops it.
"""

from __future__ import annotations

import struct

import pytest
from consortium import make

from pyzkfl import ceremony
from pyzkfl.errors import PyzkflError, SetupInvalid

G1, G2 = 64, 128


def with_extra_wires(state: bytes) -> bytes:
    """A phase-2 state (csrc/groth16/phase2.h) whose private wires include copies of group 1's basis."""
    at = 7 + 32 + 4 + 32 + 32 + 1
    public, private, groups = struct.unpack_from("<IIB", state, at)
    sizes = struct.unpack_from(f"<{groups}I", state, at + 9)
    counts = at + 4
    at += 9 + 4 * groups + 3 * G1 + 2 * G2 + G1 * (1 + public)
    at += sum(2 * G1 * size + G2 for size in sizes[:1])
    basis = state[at : at + G1 * sizes[1]]
    at += 2 * G1 * sizes[1] + G2
    end_of_l = at + G1 * private
    wires = 1 + public + private + sum(sizes)
    log_n = state[7 + 32 + 4 + 32 + 32]
    end_of_h = end_of_l + G1 * ((1 << log_n) - 1)
    end_of_a, end_of_b1 = end_of_h + G1 * wires, end_of_h + 2 * G1 * wires
    assert end_of_b1 + G2 * wires == len(state), "the layout of a state has changed: adapt this forger"
    extra = sizes[1]
    forged = state[:counts] + struct.pack("<I", private + extra) + state[counts + 4 : end_of_l] + basis
    forged += state[end_of_l:end_of_h]
    forged += state[end_of_h:end_of_a] + bytes(G1 * extra) + state[end_of_a:end_of_b1] + bytes(G1 * extra)
    return forged + state[end_of_b1:] + bytes(G2 * extra)


def test_a_member_contributes_to_no_state_with_elements_that_do_not_belong_there() -> None:
    c = make(members=3)
    real = ceremony.Ceremony.stage.fget

    def stage(self):
        honest = real(self)
        if honest.phase == 2:
            return ceremony.Stage(2, with_extra_wires(honest.state), honest.records, honest.phase1, honest.records1)
        return honest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ceremony.Ceremony, "stage", property(stage))
        with pytest.raises(PyzkflError, match="m0 refused"):
            c.coordinator.run_setup()
    assert 2 not in c.clients["m0"]._records


def test_the_forged_state_is_one_that_contributing_without_the_check_would_spread() -> None:
    """The mutant: without the check the secrets do go into the extra elements, so it is the check that refuses."""
    from pyzkfl import _core

    c = make(members=3)
    run = ceremony.Ceremony(c.job)
    run.begin(1)
    for member in c.job.members:
        state, _ = run.stage.verify(c.job)
        run.accept(*ceremony.contribute(c.job, state, member.name))
    run.begin(2)
    forged = with_extra_wires(run.stage.state)
    stage = ceremony.Stage(2, forged, [], run.stage.phase1, run.stage.records1)
    with pytest.raises(SetupInvalid):
        stage.verify(c.job)
    after, _ = ceremony.contribute(c.job, _core.groth16.Phase2.from_bytes(forged), "m0")
    assert len(after) == len(forged) > len(run.stage.state)
