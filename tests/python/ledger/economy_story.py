"""A ledger with an economy: founders, a job among three members, validators, verdicts; and a clock to turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pyzkfl import ledger as kinds
from pyzkfl._core.identity import IdentityKey
from pyzkfl.ledger import Economy, SqliteLedger, Terms
from pyzkfl.ledger.records import Record

PARAMETERS = {
    "pool": 1000, "round_cap": 1000, "base": 10, "per_example": 1, "per_gain": 0, "validators": 1000, "seats": 7,
    "stake_least": 50, "stake_at_risk": 20, "answer_seconds": 3600, "members_least": 3, "members_most": 10,
    "rounds_most": 1000,
}  # fmt: skip
DAY = 86400


class EconomyStory:
    """story: the records of a job (conftest.Story), whose members are accounts here."""

    def __init__(self, path: Path, story: Any, monkeypatch: pytest.MonkeyPatch, validators: int = 7) -> None:
        self.story = story
        self.seconds = 1_800_000_000
        monkeypatch.setattr("pyzkfl.ledger.sqlite.time.time_ns", lambda: self.seconds * 10**9)
        self.validators = [IdentityKey.generate() for _ in range(validators)]
        self.holders = [IdentityKey.generate() for _ in range(3)]
        everyone = [*story.members.values(), *self.validators, *self.holders]
        self.terms = Terms(
            utility={key.public_bytes: 1000 for key in everyone},
            governance={key.public_bytes: 100 * (i + 1) for i, key in enumerate(self.holders)},
            parameters=PARAMETERS,
            threshold=50,
            quorum=20,
        )
        self.numbers: dict[bytes, int] = {}
        self.ledger = SqliteLedger.create(path, operator=story.coordinator)
        self.append(self.terms.record(), signer=story.coordinator)

    @property
    def economy(self) -> Economy:
        """Folded anew from the records."""
        economy = self.ledger.economy()
        assert economy is not None
        return economy

    def append(self, *items: Record, signer: IdentityKey | None = None) -> None:
        self.ledger.append([item.seal(signer or self.story.coordinator) for item in items])

    def act(self, signer: IdentityKey, kind: type[Record], *fields: Any) -> None:
        """The account's next act."""
        number = self.numbers.get(signer.public_bytes, 0)
        self.append(kind(self.terms.digest, number, *fields), signer=signer)
        self.numbers[signer.public_bytes] = number + 1

    def stake_everybody(self) -> None:
        for key in self.story.members.values():
            self.act(key, kinds.Stake, 0, 100)
        for i, key in enumerate(self.validators):
            self.act(key, kinds.Stake, 0, 100 + i)
            self.act(key, kinds.Validator, 1)

    def round(self, number: int) -> bytes:
        """A whole round; the hash of its block."""
        self.append(*self.story.round(number))
        return self.ledger.head().block.hash

    def verdict(
        self,
        number: int,
        block: bytes,
        *,
        by: Sequence[IdentityKey] | None = None,
        rejected: tuple[str, ...] = (),
        survivors: int | None = None,
    ) -> kinds.Verdict:
        """Attested by all validators, or by some."""
        count = len(self.story.members) if survivors is None else survivors
        fields = (self.terms.digest, self.story.job, number, block, rejected, (30,) * count, (0,) * count)
        bare = kinds.Verdict(*fields, ())
        signers = self.validators if by is None else by
        return kinds.Verdict(*fields, tuple(bare.attest(key) for key in signers))
