"""Writes tests/vectors/composed_proof.json: a round of three members and a run of two rounds, composed, with the node's
key and all that a verifier makes their statements of.

    python scripts/composed_vectors.py --write

From development keys, made anew where the cache has none; a minute or two. Changes with the statement's version or the
circuits alone.
"""

from __future__ import annotations

import json
import mmap
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python" / "recursion"))

from rounds import Rounds, facts  # noqa: E402

from pyzkfl.composition import compose  # noqa: E402
from pyzkfl.composition_keys import CompositionKeys  # noqa: E402


def delta_1(keys: CompositionKeys) -> bytes:
    """[delta] of the node's proving key, uncompressed: behind alpha and [beta], for the forgery that needs it."""
    proving = keys.proving(1)
    alpha = bytes(proving.verifying_key.evm_points()["alpha"])
    with open(keys.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = data.rfind(alpha)  # the node's proving key is the last part
        return bytes(data[found + 128 : found + 192])


def vectors() -> dict[str, object]:
    """The whole file."""
    rounds = Rounds()
    keys = CompositionKeys.make_insecure(rounds.prover)
    members = [[rounds.member(number, 0) for number in (2, 3, 7)], [rounds.member(3, 1)]]
    ends = [
        compose([rounds.composable(m) for m in round_], keys, weights_after=rounds.commitments[at + 1])
        for at, round_ in enumerate(members)
    ]
    run = compose(ends, keys)
    return {
        "node_key": keys.node.hex(),
        "delta_1": delta_1(keys).hex(),
        "rounds": [
            {
                "members": [facts(rounds.said(member)) for member in round_],
                "weights_after": rounds.commitments[at + 1].hex(),
                "proof": ends[at].to_bytes().hex(),
                "x": hex(ends[at].statement.hash),
            }
            for at, round_ in enumerate(members)
        ],
        "run": {"proof": run.to_bytes().hex(), "x": hex(run.statement.hash)},
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    target = ROOT / "tests" / "vectors" / "composed_proof.json"
    target.write_text(json.dumps(vectors(), indent=1) + "\n")
