"""The contracts that decide on a chain whether a proof of a job holds (contracts/EngineVerifier.sol and
EngineStatement.sol): made from the job's keys by whoever opens it, and compared by every member before it accepts.

The comparison is of code, immutable values and all. A coordinator's own contract, or ours with another key, could call
true proofs false: whoever had accepted them in a verdict would lose the stake to the first to say so.
"""

from __future__ import annotations

from typing import Any

from pyzkfl import encoding
from pyzkfl.engine_keys import EngineKeys
from pyzkfl.errors import ChainError, NodeUnreachable, ParameterError, ProtocolError, TransactionReverted
from pyzkfl.job import Job
from pyzkfl.ledger.chain import Artifact, Chain, Contract, artifact
from pyzkfl.ledger.evm_points import engine_proof_from_evm, engine_proof_to_evm, g1_to_evm, words
from pyzkfl.statement import EngineProof, Proof, read_proof

__all__ = ["StatementOnChain", "has_statement", "proof_from_chain", "proof_on_chain"]

_KNOWN_COLUMNS = 4  # weights, tables, the one batch, update
_BATCH_MOST = 1 << 16


def has_statement(job: Job) -> bool:
    """Whether a contract can check this job's proofs: those of the engine, for one local step a round."""
    return job.network is not None and job.steps == 1 and not job.carries_momentum and job.batch <= _BATCH_MOST


def proof_on_chain(job: Job, proof: bytes) -> bytes:
    """The bytes that a submission carries there: the EVM encoding where a contract reads them, else as they are.

    Of bytes that are no proof too: a forger's go to the chain like any others. DecodeError where they cannot.
    """
    return engine_proof_to_evm(proof[encoding.HEADER_BYTES :]) if has_statement(job) else proof


def proof_from_chain(job: Job, data: bytes) -> Proof | EngineProof:
    """Back; DecodeError for bytes that are no proof of this job."""
    if not has_statement(job):
        return read_proof(job, data)
    return read_proof(job, encoding.frame(encoding.Kind.ENGINE_PROOF, engine_proof_from_evm(data)))


class StatementOnChain:
    """The two contracts of a job that is bound to its keys. ParameterError where there can be none."""

    def __init__(self, job: Job, keys: Any) -> None:
        if not has_statement(job) or job.network is None or not isinstance(keys, EngineKeys):
            raise ParameterError(f"no contract checks proofs of {job.name!r}: it takes the engine and one local step")
        keys.expect(job)
        columns = job.network.core.program()["columns"]
        digits = sum(column["kind"] == "digits" for column in columns)
        self.proof_bytes = 608 + 64 * digits
        groth16, powers = keys.proving.verifying_key.evm_points(), keys.columns.evm_points
        key = (*(words(groth16[name]) for name in ("alpha", "beta", "gamma", "delta")), *map(words, groth16["ic"]))
        tau = (words(powers["tau_1"]), words(powers["tau_2"]), words(powers["tau_squared_2"]))
        self._key = (key, *tau, _KNOWN_COLUMNS, 1, digits)
        self._rest = (job.batch, words(g1_to_evm(keys.tables_commitment)))

    def deploy(self, chain: Chain, *, sender: str) -> str:
        """Both; the address that a job's terms name. Raises as Chain.send."""
        verifier = Contract.deploy(chain, artifact("EngineVerifier"), self._key, sender=sender)
        arguments = (verifier.address, *self._rest)
        return Contract.deploy(chain, artifact("EngineStatement"), *arguments, sender=sender).address

    def expect(self, chain: Chain, address: str) -> None:
        """ProtocolError unless the contract at this address is the one that `deploy` makes."""
        kind, of_verifier = artifact("EngineStatement"), artifact("EngineVerifier")
        verifier = self._verifier_of(Contract(chain, address, kind))
        for where, what, arguments in (
            (verifier, of_verifier, (self._key,)),
            (address, kind, (verifier, *self._rest)),
        ):
            if chain.code(where) != self._code(chain, what, arguments):
                raise ProtocolError(
                    f"{where} is not this job's {what.name}: its verdicts on proofs could be anything; do not join"
                )

    @staticmethod
    def _verifier_of(statement: Contract) -> str:
        try:
            return str(statement.call("verifier"))
        except NodeUnreachable:
            raise
        except ChainError:  # it has none: then it is not ours, as its code says
            return statement.address

    @staticmethod
    def _code(chain: Chain, kind: Artifact, arguments: tuple[Any, ...]) -> bytes:
        try:
            return chain.code_after(kind.creation(arguments))
        except TransactionReverted:  # no such contract can be
            return b"-"
