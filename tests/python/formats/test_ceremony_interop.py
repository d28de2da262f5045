"""Both phases of a ceremony with snarkjs and us in turn: each step may be done with either program, and each verifies
what the other made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from iden3_container import Container

from pyzkfl import groth16, ptau, zkey
from pyzkfl.contributions import expect_beacon
from pyzkfl.errors import ParameterError, SetupInvalid

BEACON = bytes(range(1, 32))
Run = Callable[..., str]


def hashes_in(said: str) -> list[str]:
    """The hashes that snarkjs printed: four lines of four words each."""
    found = re.findall(r"(?:[0-9a-f]{8}[ \t\n]+){15}[0-9a-f]{8}", said)
    return ["".join(digits.split()) for digits in found]


@pytest.fixture(scope="module")
def relay(chain: Path, run_snarkjs: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The second phase: setup by snarkjs, a contribution of ours, one of theirs, and a beacon by both."""
    folder = tmp_path_factory.mktemp("relay")
    at = folder.__truediv__
    run_snarkjs("groth16", "setup", chain / "chain.r1cs", chain / "powers.ptau", at("0.zkey"))
    ours = zkey.contribute(at("0.zkey"), at("1.zkey"), name="ours \N{LATIN SMALL LETTER E WITH ACUTE}")
    theirs = run_snarkjs("zkey", "contribute", at("1.zkey"), at("2.zkey"), "--name=theirs", "-e=some entropy")
    beacon = zkey.beacon(at("2.zkey"), at("ours.zkey"), BEACON, 10, name="end")
    run_snarkjs("zkey", "beacon", at("2.zkey"), at("theirs.zkey"), BEACON.hex(), 10, "-n=end")
    return {"folder": folder, "ours": ours, "theirs": bytes.fromhex(hashes_in(theirs)[-1]), "beacon": beacon}


def test_each_verifies_the_second_phase_of_both_and_shows_the_same_hashes(
    relay: dict[str, object], chain: Path, run_snarkjs: Run
) -> None:
    folder = relay["folder"]
    assert isinstance(folder, Path)
    circuit, powers, final = chain / "chain.r1cs", chain / "powers.ptau", folder / "ours.zkey"
    published = [relay[name] for name in ("ours", "theirs", "beacon")]
    zkey.verify(circuit, powers, final, contributions=published)  # type: ignore[arg-type]
    found = zkey.info(final)
    assert [(each.name, each.is_beacon) for each in found.contributions] == [
        ("ours \N{LATIN SMALL LETTER E WITH ACUTE}", False), ("theirs", False), ("end", True),
    ]  # fmt: skip
    assert [each.hash for each in found.contributions] == published
    said = run_snarkjs("zkey", "verify", circuit, powers, final)
    assert "ZKey Ok!" in said and f"Beacon generator: {BEACON.hex()}" in said
    shown = [found.circuit_hash, *(each.hash for each in reversed(found.contributions))]
    assert hashes_in(said)[-4:] == [digest.hex() for digest in shown]
    groth16.check_zkey(final)


def test_a_beacon_leads_both_to_the_same_bytes(relay: dict[str, object]) -> None:
    folder = relay["folder"]
    assert isinstance(folder, Path)
    assert (folder / "ours.zkey").read_bytes() == (folder / "theirs.zkey").read_bytes()


def test_snarkjs_exports_of_our_contribution_what_we_say_of_it(
    relay: dict[str, object], run_snarkjs: Run, tmp_path: Path
) -> None:
    folder = relay["folder"]
    assert isinstance(folder, Path)
    run_snarkjs("zkey", "export", "json", folder / "ours.zkey", tmp_path / "ours.json")
    exported = json.loads((tmp_path / "ours.json").read_text())
    found = zkey.info(folder / "ours.zkey")
    sizes = (found.num_wires, found.num_public, found.log_n)
    assert (exported["nVars"], exported["nPublic"], exported["power"]) == sizes
    key = json.loads(groth16.load_zkey(folder / "ours.zkey").verifying_key().to_json())
    for name in ("vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"):
        assert exported[name] == key[name]


def test_what_was_published_and_agreed_on_is_looked_for(relay: dict[str, object], chain: Path) -> None:
    folder = relay["folder"]
    assert isinstance(folder, Path)
    circuit, powers = chain / "chain.r1cs", chain / "powers.ptau"
    # A ceremony that its last member made alone, under the others' names: right in itself.
    groth16.setup(circuit, powers, folder / "alone.zkey", name="ours")
    zkey.contribute(folder / "alone.zkey", folder / "alone.zkey", name="theirs")
    zkey.verify(circuit, powers, folder / "alone.zkey")
    published = relay["theirs"]
    assert isinstance(published, bytes)
    with pytest.raises(SetupInvalid, match=f"no contribution has the hash {published.hex()}"):
        zkey.verify(circuit, powers, folder / "alone.zkey", contributions=[published])
    with pytest.raises(SetupInvalid, match="is not of a beacon"):
        expect_beacon(zkey.info(folder / "alone.zkey").contributions, BEACON, 10)
    final = zkey.info(folder / "theirs.zkey").contributions
    expect_beacon(final, BEACON, 10)
    for beacon, iterations_log in ((BEACON[:-1], 10), (BEACON, 11)):
        with pytest.raises(SetupInvalid, match="the last contribution is of the beacon"):
            expect_beacon(final, beacon, iterations_log)


def test_the_first_phase_with_a_beacon_of_ours_is_that_of_snarkjs(
    chain: Path, run_snarkjs: Run, tmp_path: Path
) -> None:
    at = tmp_path.__truediv__
    run_snarkjs("powersoftau", "new", "bn128", 4, at("0"))
    ours = ptau.contribute(at("0"), at("1"), name="ours")
    theirs = run_snarkjs("powersoftau", "contribute", at("1"), at("2"), "--name=theirs", "-e=some entropy")
    beacon = ptau.beacon(at("2"), at("ours"), BEACON, 10, name="end")
    run_snarkjs("powersoftau", "beacon", at("2"), at("theirs"), BEACON.hex(), 10, "-n=end")
    # The saved state of a hash holds what its buffer held before, which differs; what is hashed does not.
    left, right = (Container.read(at(name)).without(7).to_bytes() for name in ("ours", "theirs"))
    assert left == right and ptau.info(at("ours")) == ptau.info(at("theirs"))
    ptau.prepare(at("ours"), at("prepared.ptau"))
    said = run_snarkjs("powersoftau", "verify", at("prepared.ptau"))
    assert "Powers of Tau Ok!" in said
    assert hashes_in(theirs)[0] in {each.hash.hex() for each in ptau.info(at("ours")).contributions}
    ptau.verify(at("prepared.ptau"), contributions=[ours, beacon])
    with pytest.raises(SetupInvalid, match="no contribution has the hash"):
        ptau.verify(at("prepared.ptau"), contributions=[bytes(64)])
    expect_beacon(ptau.info(at("prepared.ptau")).contributions, BEACON, 10)
    for value, iterations_log in ((b"", 10), (bytes(256), 10), (b"x", 9), (b"x", 29)):
        with pytest.raises(ParameterError, match="a beacon"):
            ptau.beacon(at("1"), at("none"), value, iterations_log)
    # What the public ceremony hands out: cut down to fewer powers.
    run_snarkjs("powersoftau", "truncate", at("prepared.ptau"))
    small = at("prepared_03.ptau")
    ptau.verify(small)
    assert (ptau.info(small).log_n, ptau.info(small).ceremony_log_n) == (3, 4)
    groth16.setup(chain / "chain.r1cs", small, at("key.zkey"))
    assert groth16.load_zkey(at("key.zkey")).log_n == 3
    assert "ZKey Ok!" in run_snarkjs("zkey", "verify", chain / "chain.r1cs", small, at("key.zkey"))
    with pytest.raises(ParameterError, match="cut down"):
        ptau.beacon(small, at("none"), BEACON, 10)
    assert not at("none").exists()
