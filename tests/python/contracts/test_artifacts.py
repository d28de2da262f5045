"""The compiled contracts in the wheel are what compiling their sources gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from node_programs import contracts_modules, contracts_script

from pyzkfl import _core

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def test_no_source_setting_or_version_changed_without_compiling(repository: Path) -> None:
    script = contracts_script(repository)
    recorded = json.loads((repository / "contracts" / "compiled.json").read_text())
    again = "run scripts/contracts.py --write"
    assert recorded["inputs"] == script.inputs_digest(), again
    assert recorded == script.digests(script.existing()), again
    shipped = [(folder / script.SHIPPED_SOURCE).read_bytes() for folder in (script.SOURCES, script.ARTIFACTS)]
    assert shipped[0] == shipped[1], again


@pytest.mark.slow
@pytest.mark.parametrize("names", [("RecordLog", "PoseidonCaller"), pytest.param((), marks=pytest.mark.deep)])
def test_recompiling_gives_the_same_bytes(repository: Path, names: tuple[str, ...]) -> None:
    contracts_modules(repository)
    command = [sys.executable, str(repository / "scripts" / "contracts.py"), "--check", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"changed: {done.stdout} {done.stderr}"


def test_versions_are_pinned_by_hash(repository: Path) -> None:
    lock = json.loads((repository / "contracts" / "package-lock.json").read_text())["packages"]
    wanted = json.loads((repository / "contracts" / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        entry = lock[f"node_modules/{name}"]
        assert entry["version"] == version and entry["integrity"].startswith("sha512-")
        assert set(entry["license"].split(" OR ")) & {"MIT", "Apache-2.0"}


def test_the_hash_has_the_constants_of_the_core(repository: Path) -> None:
    header = (repository / "csrc" / "hash" / "poseidon2_constants.h").read_text()
    limbs = re.findall(r"\{(0x[0-9a-f]{16}), (0x[0-9a-f]{16}), (0x[0-9a-f]{16}), (0x[0-9a-f]{16})\}", header)
    values = [sum(int(limb, 16) << (64 * i) for i, limb in enumerate(item)) for item in limbs]
    diagonal, full, partial = values[:4], values[4:36], values[36:]
    assert (len(full), len(partial)) == (8 * 4, 56)
    source = (repository / "contracts" / "Poseidon2.sol").read_text()
    words = [int(word, 16) for word in re.findall(r'hex"([0-9a-f]{64})"', source)]
    assert words == [*diagonal, R, *full, *partial, 0]


def test_the_hash_on_a_chain_is_the_hash_of_the_core(chain, test_artifact) -> None:
    from pyzkfl.ledger.chain import Contract

    deployed = Contract.deploy(chain, test_artifact("PoseidonCaller"), sender=chain.account(0))
    r = R
    for inputs in ([], [0], [r - 1], [1, 2, 3], [r - 1, r - 2, r - 3, r - 4], list(range(23)), [r - 1] * 7):
        assert deployed.call("hash", inputs) == _core.hash.poseidon2_hash(inputs)
