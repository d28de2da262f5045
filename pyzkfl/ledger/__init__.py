"""The ledger: signed, hash-chained records of a training, in blocks with Merkle roots; optional, and checkable by all.

from pyzkfl.ledger import RoundStart, SqliteLedger
with SqliteLedger.create("training.ledger", operator=identity) as ledger:
    ledger.append([RoundStart(job=..., round=0, weights=...).seal(identity)])
SqliteLedger.open("training.ledger").verify()
"""

from __future__ import annotations

from pyzkfl.ledger.blocks import Block, InclusionProof, SignedBlock, StoredRecord
from pyzkfl.ledger.economy import Economy, Terms
from pyzkfl.ledger.economy_records import (
    Attestation,
    Claim,
    Delegation,
    EconomyTerms,
    Equivocation,
    Execution,
    Proposal,
    Stake,
    Transfer,
    Validator,
    Verdict,
    Vote,
)
from pyzkfl.ledger.interface import Ledger, VerifyReport
from pyzkfl.ledger.records import (
    Aggregate,
    Beacon,
    BeaconCommit,
    BeaconReveal,
    Dataset,
    Finish,
    JobTerms,
    MemberAccepted,
    Record,
    Refusal,
    RoundStart,
    SetupContribution,
    SetupFinal,
    Submission,
    Void,
    Weights,
)
from pyzkfl.ledger.sqlite import SqliteLedger

__all__ = [
    "Aggregate",
    "Attestation",
    "Beacon",
    "BeaconCommit",
    "BeaconReveal",
    "Block",
    "Claim",
    "Dataset",
    "Delegation",
    "Economy",
    "EconomyTerms",
    "Equivocation",
    "Execution",
    "Finish",
    "InclusionProof",
    "JobTerms",
    "Ledger",
    "MemberAccepted",
    "Proposal",
    "Record",
    "Refusal",
    "RoundStart",
    "SetupContribution",
    "SetupFinal",
    "SignedBlock",
    "SqliteLedger",
    "Stake",
    "StoredRecord",
    "Submission",
    "Terms",
    "Transfer",
    "Validator",
    "Verdict",
    "VerifyReport",
    "Void",
    "Vote",
    "Weights",
]
