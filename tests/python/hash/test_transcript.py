"""The transcript against its vectors and an independent implementation."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyzkfl import _core
from pyzkfl.errors import DecodeError

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
element = st.integers(0, R - 1).map(hex)
call = st.one_of(
    st.tuples(st.just("element"), element),
    st.tuples(st.just("list"), st.lists(element, max_size=5)),
    st.tuples(st.just("point"), st.sampled_from(["infinity", "G", "-G", "2G", "-2G"])),
    st.tuples(st.just("bytes"), st.binary(max_size=70).map(bytes.hex)),
    st.tuples(st.just("challenge"), st.integers(0, 4)),
)


def test_the_vectors_are_those_of_the_reference_and_the_core_agrees(vectors: Path, reference: ModuleType) -> None:
    text = (vectors / "transcript.json").read_text()
    assert text == reference.text(), "a transcript changed: that is a new protocol version"
    cases = json.loads(text)["transcripts"]
    assert len({tuple(case["challenges"]) for case in cases}) == len(cases)
    for case in cases:
        drawn = reference.run(case["domain"], case["calls"], _core.transcript.Transcript, reference.compressed)
        assert drawn == case["challenges"]


@given(domain=st.text(max_size=5), calls=st.lists(call, max_size=8))
def test_any_sequence_of_calls_gives_the_same_challenges(
    reference: ModuleType, domain: str, calls: list[tuple[str, object]]
) -> None:
    calls = [*calls, ("challenge", 1)]
    ours = reference.run(domain, calls, _core.transcript.Transcript, reference.compressed)
    assert ours == reference.run(domain, calls, reference.Transcript, lambda p: p)


@given(a=st.lists(call, max_size=4), b=st.lists(call, max_size=4))
def test_different_sequences_of_calls_give_different_challenges(
    reference: ModuleType, a: list[tuple[str, object]], b: list[tuple[str, object]]
) -> None:
    def flat(calls: list[tuple[str, object]]) -> list[tuple[str, object]]:
        out: list[tuple[str, object]] = []
        for kind, value in calls:
            out += [(kind, None)] * value if kind == "challenge" else [(kind, value)]  # type: ignore[operator]
        return out

    def last(calls: list[tuple[str, object]]) -> str:
        return reference.run("d", [*calls, ("challenge", 1)], _core.transcript.Transcript, reference.compressed)[-1]

    assert (last(a) == last(b)) == (flat(a) == flat(b))


def test_what_cannot_be_absorbed_is_refused() -> None:
    t = _core.transcript.Transcript("d")
    for value in (R, -1, 1 << 256):
        with pytest.raises(DecodeError):
            t.absorb(value)
    for point in (bytes(32), bytes(31), b"\xff" * 32, bytes([0x40]) + bytes(30) + b"\x01"):
        with pytest.raises(DecodeError):
            t.absorb_g1(point)
    with pytest.raises(TypeError):
        t.absorb("1")
    with pytest.raises(TypeError):
        t.absorb_bytes("text")
