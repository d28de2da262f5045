"""What things cost on an EVM chain, against their bounds. Gas is counted by the contracts' code and not by a clock.

Counted by a node (anvil), because a chain in the process keeps storage warm. It needs a checkout: the node comes from
contracts/node_modules (`npm ci --prefix contracts`) unless an address is given, the engine's proof from tests/vectors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyzkfl import _core, merkle
from pyzkfl.bench.measure import Sample
from pyzkfl.errors import NodeUnreachable, ParameterError

__all__ = ["BOUNDS", "gas"]

BOUNDS = {"submission": 120_000, "groth16": 300_000, "engine": 700_000, "commitment": 12_000}
_CHECKOUT = Path(__file__).resolve().parents[2]
_CHAIN = 31337
_ETHER = hex(10**21)
_PROOF_BYTES = 512
_MEMBERS = 4


def _file(*parts: str) -> Path:
    path = _CHECKOUT.joinpath(*parts)
    if not path.exists():
        raise ParameterError(
            f"{path} is not there: `bench gas` runs in a checkout, after `npm ci --prefix contracts` (or `make test`)"
        )
    return path


@contextlib.contextmanager
def _node(url: str) -> Iterator[str]:
    """The address of a node: the one given, or one started here."""
    if url:
        yield url
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = _file("contracts", "node_modules", ".bin", "anvil")
    command = [str(program), "--port", str(port), "--chain-id", str(_CHAIN), "--hardfork", "cancun", "--silent"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _connect(url: str, keys: list[bytes]) -> Any:
    from pyzkfl.ledger.node import NodeChain

    for _ in range(200):
        with contextlib.suppress(NodeUnreachable):
            chain = NodeChain(url, chain_id=_CHAIN, keys=keys)
            for address in chain.addresses:
                chain.request("anvil_setBalance", address, _ETHER)
            return chain
        time.sleep(0.05)
    return NodeChain(url, chain_id=_CHAIN, keys=keys)  # says why it cannot


def gas(runs: int, node: str) -> Sample:
    """node: address of an anvil, "" to start one. seconds: of a submission, from its signature to its block."""
    with _node(node) as url:
        chain = _connect(url, [secrets.token_bytes(32) for _ in range(1 + _MEMBERS)])
        counted = {"groth16": _groth16(chain), "engine": _engine(chain), "commitment": _commitment(chain)}
        seconds: list[float] = []
        whole, counted["submission"] = _submission(chain, runs, seconds)
    figures: dict[str, Any] = {
        name: {"gas": counted[name], "at_most": bound, "holds": counted[name] <= bound}
        for name, bound in BOUNDS.items()
    }
    figures["submission"] |= {"with_proof_bytes": whole, "proof_bytes": _PROOF_BYTES}
    return Sample(seconds, {**figures, "within_bounds": all(figures[name]["holds"] for name in BOUNDS)})


def _key(points: dict[str, Any]) -> tuple[Any, ...]:
    """A verifying key as the contracts' constructors take it."""
    from pyzkfl.ledger.evm_points import words

    parts = (points["alpha"], points["beta"], points["gamma"], points["delta"], *points["ic"])
    return tuple(words(bytes.fromhex(part) if isinstance(part, str) else part) for part in parts)


def _groth16(chain: Any) -> int:
    """A bare proof with one public input, as a transaction."""
    from pyzkfl.ledger.chain import Contract, artifact
    from pyzkfl.ledger.evm_points import groth16_proof_to_evm

    circuit = _core.r1cs.chain_circuit(6)
    witness, result = _core.r1cs.chain_witness(circuit, 3)
    key = _core.groth16.insecure_setup(circuit)
    proof = groth16_proof_to_evm(bytes(_core.groth16.prove(key, circuit, witness)[0]))
    owner = chain.addresses[0]
    arguments = _key(key.verifying_key.evm_points())
    verifier = Contract.deploy(chain, artifact("Groth16Verifier"), arguments, sender=owner)
    return verifier.send("verify", result, proof, sender=owner).gas


def _engine(chain: Any) -> int:
    """A proof of the engine for one step, as a transaction."""
    from pyzkfl.ledger.chain import Contract, artifact
    from pyzkfl.ledger.evm_points import g1_to_evm, words

    vector = json.loads(_file("tests", "vectors", "evm_engine.json").read_text())
    member, columns = vector["members"][0], vector["columns"]
    powers = [words(bytes.fromhex(columns[name])) for name in ("tau_1", "tau_2", "tau_squared_2")]
    key = (_key(vector["groth16"]), *powers, 4, 1, vector["digits"])
    known = [bytes.fromhex(vector[name]) for name in ("weights_commitment_evm", "tables_commitment_evm")]
    known += [g1_to_evm(bytes.fromhex(member[name])) for name in ("batch_commitment", "update_commitment")]
    owner = chain.addresses[0]
    verifier = Contract.deploy(chain, artifact("EngineVerifier"), key, sender=owner)
    statement, proof = bytes.fromhex(member["context"]), bytes.fromhex(member["proof_evm"])
    arguments = (statement, [member["rows"]], [words(point) for point in known], proof)
    if not verifier.call("verify", *arguments):
        raise ParameterError("the engine's proof in tests/vectors does not hold: write the vectors again")
    return verifier.send("verify", *arguments, sender=owner).gas


def _point(number: int) -> bytes:
    return bytes(_core.curves.g1_mul(_core.curves.g1_generator(), number))


def _commitment(chain: Any) -> int:
    """Adding a commitment to a stored sum, within a transaction."""
    from pyzkfl.ledger.chain import Artifact, Contract
    from pyzkfl.ledger.evm_points import words

    kind = Artifact.read(_file("tests", "contracts", "compiled", "CommitmentSumCaller.json").read_text())
    owner = chain.addresses[0]
    caller = Contract.deploy(chain, kind, sender=owner)
    for number in (5, 6):
        caller.send("add", words(_point(number)), sender=owner)
    return int(caller.call("spent"))


def _submission(chain: Any, runs: int, seconds: list[float]) -> tuple[int, int]:
    """The dearest submission of some rounds: as a transaction, and beside the bytes of its proof and public values."""
    from pyzkfl.ledger.deployment import Parameters, deploy
    from pyzkfl.ledger.evm_job import JobOnChain, JobTermsOnChain

    owner, *accounts = chain.addresses
    contracts = deploy(chain, Parameters(votes={owner: 1}), sender=owner)
    names = [f"m{i}" for i in range(_MEMBERS)]
    terms = JobTermsOnChain(proof_bytes=_PROOF_BYTES, public_bytes=96)
    least = greatest = 0
    for run in range(runs):
        bound = hashlib.sha256(f"bench {run}".encode()).digest()
        boss, *parties = (
            JobOnChain(contracts, account=account, coordinator=owner, bound=bound, names=names)
            for account in chain.addresses
        )
        for account, party in zip(chain.addresses, (boss, *parties), strict=True):
            if account != owner:
                contracts.token.send("transfer", account, terms.stake, sender=owner)
            party.bond(terms.stake)
        boss.validate()
        boss.open(terms, accounts)
        for party in parties:
            party.register(merkle.leaf_hash(b"data"), 1)
        for party in parties:
            party.commit_nonce()
        for party in parties:
            party.reveal_nonce()
        boss.start_round(0, bytes(31) + b"\1")
        data = secrets.token_bytes(96 + _PROOF_BYTES)
        beside = sum(16 if byte else 4 for byte in data) + 8 * len(data)  # in the transaction, and in the event
        for number, party in enumerate(parties):
            before, began = party.gas, time.perf_counter()
            party.submit(0, bytes(_core.curves.g1_compress(_point(7 + number))), data[:96], data[96:])
            seconds.append(time.perf_counter() - began)
            greatest = max(greatest, party.gas - before)
            least = max(least, party.gas - before - beside)
    return greatest, least
