"""The ledger: signed, hash-chained records of a training, in blocks with Merkle roots; optional, and checkable by all.

from pyzkfl.ledger import RoundStart, SqliteLedger
with SqliteLedger.create("training.ledger", operator=identity) as ledger:
    ledger.append([RoundStart(job=..., round=0, weights=...).seal(identity)])
SqliteLedger.open("training.ledger").verify()
"""

from __future__ import annotations

from pyzkfl.ledger.blocks import Block, InclusionProof, SignedBlock, StoredRecord
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
    "Beacon",
    "BeaconCommit",
    "BeaconReveal",
    "Block",
    "Dataset",
    "Finish",
    "InclusionProof",
    "JobTerms",
    "Ledger",
    "MemberAccepted",
    "Record",
    "Refusal",
    "RoundStart",
    "SetupContribution",
    "SetupFinal",
    "SignedBlock",
    "SqliteLedger",
    "StoredRecord",
    "Submission",
    "VerifyReport",
    "Void",
    "Weights",
]
