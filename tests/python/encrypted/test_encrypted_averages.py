"""Encrypted averages without a framework: the sum of vectors and of blinders, which opens as a masked one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyzkfl import he
from pyzkfl.blinders import FR_MODULUS
from pyzkfl.encrypted import EncryptedHub, EncryptedNode, EncryptedTerms, HolderPolicy
from pyzkfl.errors import DecodeError, ParameterError, ProtocolError
from pyzkfl.secagg import IdentityKey


def parties(terms: EncryptedTerms, count: int) -> tuple[EncryptedHub, dict[int, EncryptedNode]]:
    nodes = {
        i: EncryptedNode(b"run", IdentityKey.generate(), {}, HolderPolicy(holder=terms.holder)) for i in range(count)
    }
    hub = EncryptedHub(b"run", lambda requests: {i: nodes[i].answer(request) for i, request in requests.items()})
    hub.set_up(terms, list(nodes))
    return hub, nodes


@pytest.mark.parametrize(
    ("aggregation", "holder", "rounds"),
    [("rlwe", he.OneDecryptor(), 1), ("rlwe", he.Threshold(3, 4), 1), ("paillier", he.Threshold(3, 4), 2)],
)
def test_the_sum_opens_with_the_sum_of_the_blinders(
    aggregation: str, holder: Any, rounds: int, vectors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, q = (int(line, 16) for line in (vectors / "paillier_safe_primes.txt").read_text().split())
    monkeypatch.setattr(he, "random_safe_primes", lambda bits: (p, q))
    terms = EncryptedTerms(
        arrays=(("w", (3,)),), rounds=rounds, aggregation=aggregation, holder=holder, blinders=True, weighted=False
    )
    hub, nodes = parties(terms, 4)
    for _ in range(rounds):
        request = hub.open_round()
        inputs = {i: terms.encode({"w": np.zeros(3)}, {"w": np.full(3, i / 8)}, 1) for i in nodes}
        blinders = {i: (FR_MODULUS - 1 - i).to_bytes(32, "little") for i in nodes}
        for i, node in nodes.items():
            hub.receive(i, node.mask(request, inputs[i], blinders[i]))
        average = hub.close_round()
        assert average.nodes == 4
        assert hub.opening is not None
        total, blinder = hub.opening
        assert np.array_equal(total, sum(inputs.values()))
        assert int.from_bytes(blinder, "little") == (-4 - 6) % FR_MODULUS
        with pytest.raises(ProtocolError, match="a round comes once"):
            nodes[0].mask(request, inputs[0], blinders[0])
    again = dict(nodes[0]._state)
    with pytest.raises(DecodeError, match="another identity"):  # what is kept is sealed
        he.open_state(IdentityKey.generate(), again["holder"] if "holder" in again else again.get("own", bytes(40)))


def test_terms_come_back_from_their_bytes_and_from_no_others() -> None:
    terms = EncryptedTerms(arrays=(("w", (3,)),), rounds=1, aggregation="rlwe", holder=he.Threshold(3, 4))
    assert EncryptedTerms.from_bytes(terms.to_bytes()) == terms
    for wrong in (b"{}", terms.to_bytes()[:-1], terms.to_bytes().replace(b"Threshold", b"Anybody__")):
        with pytest.raises(DecodeError):
            EncryptedTerms.from_bytes(wrong)


@pytest.mark.parametrize(
    ("aggregation", "holder"),
    [("rlwe", he.Threshold(3, 4)), ("rlwe", he.OneDecryptor()), ("paillier", he.OneDecryptor())],
)
def test_a_key_whose_ciphertexts_prove_nothing_is_for_one_round(aggregation: str, holder: Any) -> None:
    """With several, others' ciphertexts of an earlier round, negated, could be sent as one's own."""
    terms = EncryptedTerms(arrays=(("w", (3,)),), rounds=1, aggregation=aggregation, holder=holder)
    with pytest.raises(ParameterError, match="rounds_per_key=1"):
        EncryptedTerms(arrays=(("w", (3,)),), rounds=2, aggregation=aggregation, holder=holder)
    with pytest.raises(DecodeError):  # as a node reads them from its server
        EncryptedTerms.from_bytes(terms.to_bytes().replace(b'"rounds":1', b'"rounds":2'))
