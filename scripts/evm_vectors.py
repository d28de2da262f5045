"""Writes tests/vectors/evm_engine.json: keys, a consortium's round and its proofs, as contracts take them.

    python scripts/evm_vectors.py --write

Proofs differ at every attempt, so running this again gives other bytes that are as good. The keys are insecure (this
process
knew their secrets): they are for tests. tests/python/contracts reads the file, checks it with the core, and then asks
the
contracts.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from pyzkfl import ceremony, encoding, proofs
from pyzkfl._core.identity import IdentityKey
from pyzkfl.blinders import random_blinder
from pyzkfl.dataset import CommittedDataset
from pyzkfl.job import Job, Member
from pyzkfl.ledger.evm_points import engine_proof_to_evm, g1_to_evm
from pyzkfl.network import NetworkJob
from pyzkfl.statement import Statement, Witness, batch_index, weights_digest

TARGET = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "evm_engine.json"
NAMES = ("north", "south", "a name that takes more than twenty-three bytes")


def make() -> dict[str, Any]:
    """Everything, bytes in hexadecimal."""
    network = NetworkJob(widths=(5, 4, 3), batch=8, learning_rate=0.5)
    members = [Member(name, IdentityKey.generate().public_bytes) for name in NAMES]
    terms = Job.model(network, name="evm vectors", members=members, rounds=400)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keys = ceremony.insecure_keys(terms)
    job = keys.bind(terms)
    weights, beacon = job.initial_weights(), encoding.digest(b"a beacon for vectors")
    columns = network.core.program()["columns"]
    out: dict[str, Any] = {
        "groth16": keys.proving.verifying_key.evm_points(),
        "columns": keys.columns.evm_points,
        "digits": sum(column["kind"] == "digits" for column in columns),
        "job": job.digest,
        "job_bytes": job.to_bytes(),
        "beacon": beacon,
        "weights": weights_digest(weights),
        "weights_commitment": keys.commit_weights(weights),
        "tables_commitment": keys.tables_commitment,
        "members": [],
    }
    for number, name in enumerate(NAMES):
        rng = np.random.default_rng(number)
        rows = (37, 29, 8)[number]  # five batches, four, one
        data = CommittedDataset.commit(job, keys, rng.normal(size=(rows, 5)), rng.integers(0, 3, rows))
        round_ = 300 if number == 2 else 0
        index = batch_index(beacon, round_, name, len(data.public.batches))
        x, y, used, blinder = data.batch(index)
        update, update_blinder = job.step(weights, x, y, used), random_blinder()
        statement = Statement(
            job=job, round=round_, client=name, beacon=beacon, dataset_root=data.public.root, batch=index, rows=used,
            weights=weights, batch_commitment=data.public.batches[index].commitment,
            update_commitment=keys.commit_update(update, update_blinder),
        )  # fmt: skip
        proof = proofs.prove(statement, Witness(x, y, blinder, update_blinder), keys)
        proofs.verify(statement, proof, keys)
        leaves = [b.rows.to_bytes(4, "little") + b.commitment for b in data.public.batches]
        out["members"].append(
            {
                "name": name,
                "number": number,
                "round": round_,
                "root": data.public.root,
                "leaves": leaves,
                "index": index,
                "rows": used,
                "batch_commitment": statement.batch_commitment,
                "update_commitment": statement.update_commitment,
                "context": keys.step_context(statement).digest,
                "proof": proof.data,
                "proof_evm": engine_proof_to_evm(proof.data),
            }
        )
    for name in ("weights_commitment", "tables_commitment"):
        out[f"{name}_evm"] = g1_to_evm(out[name])
    return out


def hexadecimal(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {key: hexadecimal(item) for key, item in value.items()}
    return [hexadecimal(item) for item in value] if isinstance(value, (list, tuple)) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    text = json.dumps(hexadecimal(make()), indent=1) + "\n"
    if parser.parse_args().write:
        TARGET.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
