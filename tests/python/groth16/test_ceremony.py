"""The setup ceremony through the bindings: progress, interruption, decoding. The attacks are in tests/cpp/groth16."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from pyzkfl import _core
from pyzkfl.errors import DecodeError, ParameterError

groth16 = _core.groth16
CONTEXT = b"a job's terms"


@pytest.fixture(scope="module")
def circuit() -> Any:
    return _core.r1cs.chain_circuit(12)


@pytest.fixture(scope="module")
def phase1(circuit: Any) -> tuple[Any, list[bytes]]:
    state, records = groth16.Phase1.initial(groth16.domain_log_n(circuit), CONTEXT), []
    for name in ("ada", "ben"):
        state, record = state.contribute(name, CONTEXT)
        records.append(record)
    return state, records


@pytest.fixture(scope="module")
def phase2(circuit: Any, phase1: tuple[Any, list[bytes]]) -> tuple[Any, list[bytes]]:
    state, records = groth16.Phase2.initial(phase1[0], circuit, CONTEXT), []
    for name in ("ada", "ben"):
        state, record = state.contribute(name, CONTEXT)
        records.append(record)
    return state, records


def test_a_ceremony_makes_keys_that_prove(circuit: Any, phase1: Any, phase2: Any) -> None:
    assert phase1[0].problem(CONTEXT, phase1[1]) is None
    assert phase2[0].problem(phase1[0], circuit, CONTEXT, phase2[1]) is None
    assert [groth16.contributor(record) for record in phase2[1]] == [("ada", CONTEXT), ("ben", CONTEXT)]
    key = phase2[0].finalize()
    witness, result = _core.r1cs.chain_witness(circuit, 9)
    proof, _ = groth16.prove(key, circuit, witness)
    assert groth16.verify(key.verifying_key, [result], [], proof)


def test_problems_are_said_in_words(circuit: Any, phase1: Any, phase2: Any) -> None:
    state, records = phase1
    assert "another ceremony" in state.problem(b"another job", records)
    assert "nobody" in state.problem(CONTEXT, [])
    assert "records" in state.problem(CONTEXT, records[:1])
    assert "contribution 0 (ben)" in state.problem(CONTEXT, records[::-1])
    assert "another circuit" in phase2[0].problem(state, _core.r1cs.chain_circuit(11), CONTEXT, phase2[1])


def test_states_come_back_from_bytes(phase1: Any, phase2: Any) -> None:
    for kind, (state, records) in ((groth16.Phase1, phase1), (groth16.Phase2, phase2)):
        data = state.to_bytes()
        assert kind.from_bytes(data).to_bytes() == data
        assert kind.from_bytes(data, trusted=True).to_bytes() == data
        for wrong in (b"", data[:-1], data + b"\0", records[0]):
            with pytest.raises(DecodeError):
                kind.from_bytes(wrong)
    with pytest.raises(DecodeError):
        phase1[0].problem(CONTEXT, [b"no record"])
    with pytest.raises(DecodeError):
        groth16.Phase1.from_bytes(phase2[0].to_bytes())


def test_a_second_phase_that_nobody_contributed_to_makes_no_key(circuit: Any, phase1: Any) -> None:
    with pytest.raises(DecodeError, match="second phase"):
        groth16.Phase2.initial(phase1[0], circuit, CONTEXT).finalize()


def test_a_first_phase_too_small_for_the_circuit_is_refused(phase1: Any) -> None:
    with pytest.raises(ParameterError):
        groth16.Phase2.initial(phase1[0], _core.r1cs.chain_circuit(100), CONTEXT)
    with pytest.raises(ParameterError):
        groth16.Phase1.initial(29, CONTEXT)
    with pytest.raises(ParameterError):
        phase1[0].contribute("", CONTEXT)


def test_progress_goes_from_0_to_1(circuit: Any, phase1: Any, phase2: Any) -> None:
    calls = [
        lambda report: phase1[0].contribute("cyd", b"", report),
        lambda report: phase2[0].contribute("cyd", b"", report),
        lambda report: groth16.Phase2.initial(phase1[0], circuit, CONTEXT, report),
        lambda report: phase1[0].problem(CONTEXT, phase1[1], report),
        lambda report: phase2[0].problem(phase1[0], circuit, CONTEXT, phase2[1], report),
        lambda report: groth16.insecure_setup(circuit, report),
        lambda report: groth16.prove(phase2[0].finalize(), circuit, _core.r1cs.chain_witness(circuit, 9)[0], report),
    ]
    for call in calls:
        seen: list[float] = []
        call(seen.append)
        assert seen == sorted(seen)
        assert seen[0] >= 0
        assert seen[-1] == 1


def test_an_exception_in_the_callback_stops_the_computation(phase1: Any) -> None:
    def stop(fraction: float) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        phase1[0].contribute("cyd", CONTEXT, stop)


def test_ctrl_c_stops_the_computation(circuit: Any, phase1: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        phase1[0].contribute("cyd", CONTEXT, lambda fraction: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        groth16.Phase2.initial(phase1[0], circuit, CONTEXT, lambda fraction: os.kill(os.getpid(), signal.SIGINT))
