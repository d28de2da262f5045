"""Sums by homomorphic addition in place of masks: a key that the members share, and what a member does with it.

`Job.aggregation` says "masks", "paillier" or "rlwe" (docs/protocol.md, section 9; the schemes: docs/homomorphic.md).
Keys are made after the beacon. "rlwe": by all members, one for each round, nobody deals, any `job.threshold` of them
decrypt. "paillier": member 0 of the job deals one, could decrypt alone, and is trusted to forget; then any
`job.threshold` decrypt, and what members send proves that they know it.

What is encrypted is what is committed: the update, coordinate for coordinate, and its blinder in lanes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyzkfl import he
from pyzkfl.blinder_lanes import LANE_LIMIT, LANES, from_lanes, to_lanes
from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.he.keys import PaillierMember
from pyzkfl.job import Job
from pyzkfl.proofs import Opening

__all__ = ["DEALER", "KeyMaking", "MemberSum", "SumKey", "SumTerms", "number_of_keys"]

DEALER = 0  # the member that deals a Paillier key
PAILLIER_BITS = 2048


def _digest(label: bytes, *parts: bytes) -> bytes:
    """SHA-256 of a label and the SHA-256 of each part."""
    return hashlib.sha256(b"pyzkfl/1 sum " + label + b"".join(hashlib.sha256(p).digest() for p in parts)).digest()


def number_of_keys(job: Job) -> int:
    """Of ring-LWE one a round: its ciphertexts do not prove that their senders know what is in them, and under a key of
    two rounds a member could subtract others' of the first from the sum of the second."""
    return {"masks": 0, "paillier": 1}.get(job.aggregation, job.rounds)


class SumTerms:
    """What a key of a job is for. beacon: of this run, so that no other run has a key of this context. number: which of
    the job's keys (number_of_keys); of ring-LWE that of the one round that it sums."""

    def __init__(self, job: Job, beacon: bytes, number: int = 0) -> None:
        if job.aggregation == "masks":
            raise ProtocolError("this job sums with masks: there is no key to make")
        self.scheme: Literal["paillier", "rlwe"] = "paillier" if job.aggregation == "paillier" else "rlwe"
        self.members, self.threshold, self.length = len(job.members), job.threshold, job.dimension
        self.max_abs = max(job.update_limit, LANE_LIMIT)
        self.number = number
        self.context = _digest(b"key", job.digest, beacon, number.to_bytes(8, "little"))
        self.joint = (
            he.SharedKeyTerms(
                members=self.members,
                threshold=self.threshold,
                max_abs=self.max_abs,
                summands=self.members,
                context=self.context,
            )
            if self.scheme == "rlwe"
            else None
        )

    def round_context(self, round_: int) -> bytes:
        """Of a round's contributions, 32 bytes. A round number is used once. ProtocolError for a round that the key is
        not for."""
        if self.joint is not None and round_ != self.number:
            raise ProtocolError(f"a key of round {self.number} sums nothing in round {round_}")
        return _digest(b"round", self.context, round_.to_bytes(8, "little"))


class SumKey:
    """The public side of a finished key: what everybody encrypts with, and what puts shares together.

    commitments, parts: of all members, in the job's order. ProtocolError when a part is not what was committed to.
    """

    def __init__(self, terms: SumTerms, commitments: Sequence[bytes], parts: Sequence[bytes]) -> None:
        self.terms = terms
        self.digest = _digest(b"parts", *parts)
        if terms.joint is not None:
            core, self._combine = terms.joint.public_key(list(commitments), list(parts)), None
        else:
            for index, (commitment, part) in enumerate(zip(commitments, parts, strict=True)):
                if (index != DEALER and (commitment or part)) or (
                    index == DEALER and commitment != _digest(b"dealt", terms.context, part)
                ):
                    raise ProtocolError(f"member {index}: the part of the key is not the one committed to")
            self.dealt = he.PaillierThresholdKey.from_bytes(parts[DEALER])
            if (self.dealt.threshold, self.dealt.members) != (terms.threshold, terms.members):
                raise ProtocolError("the dealt key is for another threshold or number of members")
            core, self._combine = self.dealt.public_key, self.dealt.combine
        self.public = he.EncryptionKey(terms.scheme, core, terms.max_abs, terms.members)

    def check(self, round_: int, index: int, commitment: bytes, ciphertext: bytes) -> None:
        """That a ciphertext is one of this key, of this job's length, and the one committed to. DecodeError,
        ParameterError or ProtocolError: whoever sent it is then out of the sum, and not the sum lost."""
        context = self.terms.round_context(round_)
        if he.commit_contribution(context, index, ciphertext) != commitment:
            raise ProtocolError("the ciphertext is not the one committed to")
        length = len(self.public.read_contribution(context, index, ciphertext))
        if length != self.terms.length + LANES:
            raise DecodeError(f"the ciphertext holds {length} values, {self.terms.length + LANES} were due")

    def request(
        self, round_: int, commitments: Mapping[int, bytes], ciphertexts: Mapping[int, bytes], holders: Iterable[int]
    ) -> he.SumRequest:
        """What the holders of a round decrypt together."""
        return he.SumRequest(
            context=self.terms.round_context(round_),
            commitments=dict(commitments),
            ciphertexts=dict(ciphertexts),
            holders=set(holders),
        )

    def combine(self, request: he.SumRequest, shares: Iterable[bytes]) -> Opening:
        """The sum of updates and that of blinders. NotEnoughClients; ProtocolError where a Paillier share is wrong;
        DecodeError where shares or ciphertexts do not give a sum of this job."""
        terms = self.terms
        if terms.joint is not None:
            values = terms.joint.combine(self.public.core, request, list(shares))
        else:
            values = self.dealt.combine(request, list(shares))
        if len(values) != terms.length + LANES:
            raise DecodeError(f"the ciphertexts hold {len(values)} values, {terms.length + LANES} were due")
        return Opening(np.asarray(values[: terms.length]), from_lanes(values[terms.length :]))


class KeyMaking:
    """One member while the key is made: what it commits to, then its part and a share for each other, then its own."""

    def __init__(self, terms: SumTerms, index: int) -> None:
        self._terms, self._index = terms, index
        self._box = he.ShareBox(terms.context)
        self._shares: dict[int, bytes] = {}
        self._own: Any = None
        self._dealt_part = b""
        self._commitments: list[bytes] = []
        self._boxes: list[bytes] = []
        if terms.joint is not None:
            self._own = he.RlweKeyMember(terms.joint, index)
        elif index == DEALER:
            key, holders = he.deal_paillier(*he.random_safe_primes(PAILLIER_BITS), terms.threshold, terms.members)
            self._dealt_part, self._own = key.to_bytes(), holders[index].to_bytes()
            self._shares = {i: holder.to_bytes() for i, holder in enumerate(holders) if i != index}

    def __repr__(self) -> str:
        return f"<KeyMaking {self._index}>"

    @property
    def box(self) -> bytes:
        """Where others send this member's shares: 32 bytes, for all to see."""
        return bytes(self._box.public_key)

    def commitment(self) -> bytes:
        """First message, to all; empty of a member that deals nothing."""
        if self._terms.joint is not None:
            return bytes(self._own.commitment())
        return _digest(b"dealt", self._terms.context, self._dealt_part) if self._dealt_part else b""

    def part(self, commitments: Sequence[bytes], boxes: Sequence[bytes]) -> tuple[bytes, dict[int, bytes]]:
        """Second message, once all commitments are there: the part for all, for each other member its sealed share."""
        others = [i for i in range(self._terms.members) if i != self._index]
        if len(set(boxes)) != self._terms.members or boxes[self._index] != self.box:
            raise ProtocolError("the boxes for key shares are not one for each member")
        if commitments[self._index] != self.commitment():
            raise ProtocolError("this member's commitment to its part of the key was changed")
        if self._terms.joint is None:
            part = self._dealt_part
        else:
            part = self._own.part(list(commitments))
            if self._terms.threshold < self._terms.members:
                self._shares = {i: bytes(self._own.dealt_share(i)) for i in others}
        sealed = {i: bytes(self._box.seal(boxes[i], share)) for i, share in self._shares.items()}
        self._shares.clear()
        self._commitments, self._boxes = list(commitments), list(boxes)
        return part, sealed

    def finish(self, parts: Sequence[bytes], sealed: Mapping[int, bytes]) -> MemberSum:
        """From everybody's parts and what the others sealed for this member. ProtocolError names who dealt something
        else than it committed to; DecodeError for a share that was sealed by or for somebody else."""
        terms = self._terms
        key = SumKey(terms, self._commitments, parts)
        dealers = {DEALER} if terms.joint is None else set(range(terms.members))
        expected = dealers - {self._index} if terms.joint is None or terms.threshold < terms.members else set()
        if set(sealed) != expected:
            raise ProtocolError("the shares of the key are not one from each member that deals")
        opened = [self._box.open(self._boxes[i], sealed[i]) for i in sorted(expected)]
        if terms.joint is not None:
            return MemberSum(key, self._own.finish(list(parts), opened))
        share = self._own if self._index == DEALER else opened[0]
        holder = he.PaillierHolder.from_bytes(key.dealt, share)
        if holder.index != self._index:
            raise ProtocolError("the dealt share is another member's")
        return MemberSum(key, PaillierMember(key.public, holder))


class MemberSum:
    """A member's side of the rounds. Its share of the key lives here and in memory only."""

    def __init__(self, key: SumKey, holder: Any) -> None:
        self.key = key
        self._holder = holder
        self._commitments: dict[int, bytes] = {}
        self._ciphertext = b""
        self._signed = (-1, b"")  # round, digest of the one set of survivors that was signed in it

    def __repr__(self) -> str:
        return f"<MemberSum {self._holder.index}>"

    def contribute(self, round_: int, update: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """Encrypt the update and its blinder; the commitment to the ciphertext, 32 bytes. Once a round."""
        values = np.concatenate([np.asarray(update, dtype=np.int64), to_lanes(blinder)])
        self._commitments, self._ciphertext = {}, b""
        return bytes(self._holder.contribute(self.key.terms.round_context(round_), values))

    def open(self, round_: int, commitments: Mapping[int, bytes]) -> bytes:
        """The ciphertext, once everybody's commitments are there; again for the same ones only."""
        if self._commitments and self._commitments != dict(commitments):
            raise ProtocolError("the ciphertext was opened to other commitments")
        if not self._commitments:
            self._ciphertext = bytes(self._holder.open(self.key.terms.round_context(round_), dict(commitments)))
            self._commitments = dict(commitments)
        return self._ciphertext

    def sign(self, round_: int, survivors: bytes) -> None:
        """Remember the set of survivors (its digest) that this member signs; ProtocolError for a second one."""
        if self._signed[0] == round_ and self._signed[1] != survivors:
            raise ProtocolError("asked to sign a second, different set of survivors")
        self._signed = (round_, survivors)

    def share(self, round_: int, ciphertexts: Mapping[int, bytes], holders: Iterable[int]) -> bytes:
        """This member's share of the decryption of their sum; one answer a round, whatever is asked."""
        return bytes(self._holder.answer(self.key.request(round_, self._commitments, ciphertexts, holders)))
