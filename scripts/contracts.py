"""Compiles contracts/*.sol into pyzkfl/ledger/contracts/*.json: ABI and bytecode, which ship in the wheel. One source
ships too, as it is: Bn254.sol, which the verifiers that pyzkfl.solidity writes hold.

    python scripts/contracts.py            list contracts and their sizes
    python scripts/contracts.py --write    compile and replace the artifacts in the tree
    python scripts/contracts.py --check [NAME ...]    exit 1 if the tree's artifacts are not what compiling gives

The compiler (solc of npm, built from the same sources as solc itself) and OpenZeppelin's contracts are pinned by
version and hash in contracts/package-lock.json; `npm ci` brings them. Bytecode carries no metadata hash, so it depends
on sources, compiler and settings alone. contracts/compiled.json keeps a digest of all these inputs and one of each
artifact, so that a source changed without compiling it is found without a compiler (half a minute for all).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "contracts"
ARTIFACTS = ROOT / "pyzkfl" / "ledger" / "contracts"
TEST_SOURCES = ROOT / "tests" / "contracts"
TEST_ARTIFACTS = TEST_SOURCES / "compiled"
DIGESTS = SOURCES / "compiled.json"
SHIPPED_SOURCE = "Bn254.sol"
CODE_BYTES_MAX = 24576  # EIP-170
# From OpenZeppelin, deployed as it is.
FROM_OTHERS = {"@openzeppelin/contracts/governance/TimelockController.sol": "TimelockController"}
SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}
COMPILE = """
const solc = require(process.argv[1]), fs = require("fs"), path = require("path");
const find = (name) => {
  try { return {contents: fs.readFileSync(path.join(process.argv[2], name), "utf8")}; }
  catch (error) { return {error: String(error)}; }
};
process.stdout.write(solc.compile(fs.readFileSync(0, "utf8"), {import: find}));
"""


def node_modules() -> Path:
    """contracts/node_modules as package-lock.json has it; RuntimeError where node or npm is missing or fails."""
    folder = SOURCES / "node_modules"
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        raise RuntimeError("contracts need node and npm, which are not installed (apt-get install nodejs npm)")
    stamp, wanted = folder / ".pyzkfl-lock", (SOURCES / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        command = [npm, "ci", "--prefix", str(SOURCES), "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            raise RuntimeError("npm did not bring its packages in four minutes") from None
        if done.returncode != 0:
            raise RuntimeError(f"npm cannot install the contracts' packages: {done.stderr.strip()[-300:]}")
        stamp.write_text(wanted)
    return folder


def inputs_digest() -> str:
    """SHA-256 of all that the artifacts depend on: sources, settings, and the locked versions with their hashes."""
    parts = [json.dumps([SETTINGS, FROM_OTHERS], sort_keys=True), (SOURCES / "package-lock.json").read_text()]
    for folder in (SOURCES, TEST_SOURCES):
        for path in sorted(folder.glob("*.sol")):
            parts += [path.name, path.read_text()]
    framed = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return hashlib.sha256(framed).hexdigest()


def digests(artifacts: dict[Path, str]) -> dict[str, Any]:
    """What compiled.json holds for these inputs and artifacts."""
    named = {path.stem: hashlib.sha256(text.encode()).hexdigest() for path, text in sorted(artifacts.items())}
    return {"inputs": inputs_digest(), "artifacts": named}


def compile_contracts(only: list[str] | None = None) -> dict[Path, str]:
    """The text of every artifact (or of those named), by its place in the tree. RuntimeError says what solc said."""
    modules = node_modules()
    sources = {path.name: {"content": path.read_text()} for path in sorted(SOURCES.glob("*.sol"))}
    tests = {f"tests/{path.name}": {"content": path.read_text()} for path in sorted(TEST_SOURCES.glob("*.sol"))}
    others = {name: {"content": (modules / name).read_text()} for name in FROM_OTHERS}
    settings = dict(SETTINGS)
    if only:  # every source is read all the same: code depends on nothing but them
        (wanted,) = SETTINGS["outputSelection"]["*"].values()
        settings["outputSelection"] = {"*": dict.fromkeys(only, wanted)}
    task = {"language": "Solidity", "sources": {**sources, **tests, **others}, "settings": settings}
    done = subprocess.run(
        ["node", "-e", COMPILE, str(modules / "solc"), str(modules)],
        input=json.dumps(task), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"solc: {done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    complaints = [
        item["formattedMessage"]
        for item in result.get("errors", ())
        # Warnings about our own sources too.
        if item["severity"] == "error" or item.get("sourceLocation", {}).get("file", "") in (*sources, *tests)
    ]
    if complaints:
        raise RuntimeError("\n".join(complaints))
    out = {}
    for place, contracts in result.get("contracts", {}).items():
        for name, contract in contracts.items():
            code = contract["evm"]["bytecode"]["object"]
            ours = place in sources or place in tests or FROM_OTHERS.get(place) == name
            if not ours or not code or not contract["abi"] or (place in sources and name != place.removesuffix(".sol")):
                continue
            size = len(contract["evm"]["deployedBytecode"]["object"]) // 2
            if size > CODE_BYTES_MAX:
                raise RuntimeError(f"{name} has {size} bytes of code, and a chain takes {CODE_BYTES_MAX}")
            artifact = {"name": name, "abi": contract["abi"], "bytecode": code}
            folder = TEST_ARTIFACTS if place in tests else ARTIFACTS
            out[folder / f"{name}.json"] = json.dumps(artifact, separators=(",", ":"), sort_keys=True) + "\n"
    return out


def existing() -> dict[Path, str]:
    """What stands in the tree."""
    folders = (ARTIFACTS, TEST_ARTIFACTS)
    return {path: path.read_text() for folder in folders for path in sorted(folder.glob("*.json"))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", nargs="*", metavar="NAME", help="these contracts, or all")
    arguments = parser.parse_args()
    try:
        made, present = compile_contracts(arguments.check), existing()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.check is not None:
        if arguments.check:
            present = {path: text for path, text in present.items() if path.stem in arguments.check}
            missing = set(arguments.check) - {path.stem for path in made}
            made |= {Path(name): "" for name in missing}
        changed = sorted(path.name for path in made.keys() | present.keys() if made.get(path) != present.get(path))
        print("\n".join(changed))
        return int(bool(changed))
    for path, text in made.items():
        print(f"{path.stem:24} {len(json.loads(text)['bytecode']) // 2:6} bytes")
        if arguments.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if arguments.write:
        for path in present.keys() - made.keys():
            path.unlink()
        shutil.copyfile(SOURCES / SHIPPED_SOURCE, ARTIFACTS / SHIPPED_SOURCE)
        DIGESTS.write_text(json.dumps(digests(made), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
