"""A validator's verdict on a round, signed for the committee's contract (EIP-712), so that anyone may bring it to the
chain.

>>> from pyzkfl.ledger.verdicts import Verdict
>>> verdict = Verdict(job=bytes(32), round=0, submissions=bytes(32), aggregate=bytes(32), accepted=0b101)
>>> verdict.arguments()[4]
5
"""

from __future__ import annotations

import dataclasses
from typing import Any

from pyzkfl.errors import ParameterError

try:
    from eth_account import Account
    from eth_account.messages import encode_typed_data
except ImportError as error:  # pragma: no cover - without the extra
    raise ParameterError('signing for a chain needs the extra "evm": pip install "pyzkfl[evm]"') from error

__all__ = ["Verdict"]

_TYPES = {
    "Verdict": [
        {"name": "job", "type": "bytes32"},
        {"name": "round", "type": "uint256"},
        {"name": "submissions", "type": "bytes32"},
        {"name": "aggregate", "type": "bytes32"},
        {"name": "accepted", "type": "uint256"},
    ]
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """job: the registry's id. submissions, aggregate: its digests (ValidatorCommittee.polls). accepted: a bit a
    member."""

    job: bytes
    round: int
    submissions: bytes
    aggregate: bytes
    accepted: int

    def arguments(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return dataclasses.astuple(self)

    def sign(self, key: bytes, *, committee: str, chain_id: int) -> bytes:
        """The signature of a validator, 65 bytes. key: its secp256k1 key, 32 bytes; committee: the contract's
        address."""
        domain = {"name": "pyzkfl", "version": "1", "chainId": chain_id, "verifyingContract": committee}
        message = encode_typed_data(domain_data=domain, message_types=_TYPES, message_data=dataclasses.asdict(self))
        return bytes(Account.sign_message(message, key).signature)
