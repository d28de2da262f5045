"""How a round's coordinator gets the sum: by masks, or by homomorphic addition. One object a round, behind `Round`.

    invite()   requests for the submissions; the answers come to take()
    gather()   once submissions are accepted; members may be lost here, and are then not in the sum
    fix()      the set of survivors, before they are asked to sign it
    reveal()   with their signatures: the sum of the updates and that of the blinders, to be opened by `Round`

docs/protocol.md, sections 6, 7 and 9. What members do is in pyzkfl/client.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pyzkfl import _core, messages
from pyzkfl.errors import NotEnoughClients, ProtocolError
from pyzkfl.homomorphic_sum import SumKey, SumTerms
from pyzkfl.messages import Message, Type
from pyzkfl.proofs import Opening

if TYPE_CHECKING:
    from pyzkfl.coordinator import Coordinator, Round

__all__ = ["HomomorphicSum", "MaskedSum", "make_sum_key"]

_SENDER = slice(7, 9)  # of a masking message (docs/secagg.md), little-endian


class MaskedSum:
    """Masks that cancel in the sum (docs/secagg.md)."""

    submit, before = Type.SUBMIT, "mask shares"  # what carries a submission; the step before it

    def __init__(self, round_: Round) -> None:
        self._of = round_
        self._server = _core.secagg.ServerSession(messages.mask_config(round_.job, round_.round))

    def invite(self) -> dict[str, bytes]:
        """Mask keys and shares among the members."""
        of = self._of
        of.collect(
            {name: of.request(Type.ROUND, of.start_body(name)) for name in of.present}, Type.MASK_KEY, "round start"
        )
        keys = self._server.close_advertise()
        of.collect(
            {name: of.request(Type.MASK_KEYS, {"mask": keys}) for name in of.present}, Type.MASK_SHARE, "mask keys"
        )
        routed = self._server.close_share()
        return {name: of.request(Type.MASK_SHARES, {"mask": routed[of.job.index_of(name)]}) for name in of.present}

    def take(self, name: str, message: Message, sealed: bytes) -> None:
        """Give a masking message to the session, once it is seen to be the very member's."""
        mask = message.body["mask"]
        if int.from_bytes(mask[_SENDER], "little") != self._of.job.index_of(name):
            raise ProtocolError(f"{name} sent a masking message of another member")
        self._server.receive(mask)

    def gather(self) -> None:
        """Nothing: the masked vectors came with the submissions."""

    def fix(self, survivors: list[list[Any]]) -> None:
        """The masked vectors of the accepted are the sum's."""
        self._server.close_masked(
            [self._of.job.index_of(name) for name, _ in survivors], messages.submissions_digest(survivors)
        )

    def reveal(self) -> Opening:
        """Unmask, by the shares of members that saw the signatures."""
        of = self._of
        signatures = self._server.close_consistency()
        of.collect(
            {name: of.request(Type.UNMASK, {"mask": signatures}) for name in of.present},
            Type.UNMASK_SHARES,
            "survivors",
        )
        total, blinder = self._server.sum()
        return Opening(np.asarray(total), bytes(blinder))


class HomomorphicSum:
    """Ciphertexts under a key that the members share, added; a threshold of the survivors decrypt the sum."""

    submit, before = Type.OFFER, "round start"

    def __init__(self, round_: Round, key: SumKey) -> None:
        self._of, self._key = round_, key
        self._commitments: dict[str, tuple[bytes, bytes]] = {}  # name -> commitment, and the sealed message with it
        self._ciphertexts: dict[str, bytes] = {}
        self._shares: dict[str, bytes] = {}

    def invite(self) -> dict[str, bytes]:
        """Who takes part."""
        of = self._of
        of.collect(
            {name: of.request(Type.ROUND, of.start_body(name)) for name in of.present}, Type.ROUND_JOINED, "absent"
        )
        return {name: of.request(Type.TRAIN, {}) for name in of.present}

    def take(self, name: str, message: Message, sealed: bytes) -> None:
        """What a member answered; its commitment is kept as it was signed, for the others."""
        if message.type is Type.CIPHERTEXT_COMMITMENT:
            if len(message.body["commitment"]) != 32:
                raise ProtocolError(f"{name}: a commitment to a ciphertext has 32 bytes")
            self._commitments[name] = message.body["commitment"], sealed
        elif message.type is Type.CIPHERTEXT:
            ciphertext = message.body["ciphertext"]
            self._key.check(self._of.round, self._of.job.index_of(name), self._commitments[name][0], ciphertext)
            self._ciphertexts[name] = ciphertext
        elif message.type is Type.DECRYPTION_SHARE:
            self._shares[name] = message.body["share"]

    def gather(self) -> None:
        """Commitments to ciphertexts from everybody whose submission was accepted, then the ciphertexts."""
        of = self._of
        of.collect(
            {name: of.request(Type.ENCRYPT, {}) for name in of.present}, Type.CIPHERTEXT_COMMITMENT, "submission"
        )
        entries = [[name, self._commitments[name][1]] for name in of.present]
        of.collect(
            {name: of.request(Type.CIPHERTEXT_COMMITMENTS, {"commitments": entries}) for name in of.present},
            Type.CIPHERTEXT,
            "ciphertext commitment",
        )
        of.accepted = {name: accepted for name, accepted in of.accepted.items() if name in self._ciphertexts}

    def fix(self, survivors: list[list[Any]]) -> None:
        """Nothing: whose ciphertext came is in the sum."""

    def reveal(self) -> Opening:
        """Shares of the decryption. Of ring-LWE the threshold's number of holders is asked, and each has to answer."""
        of, key = self._of, self._key
        holders = of.present if key.terms.scheme == "paillier" else of.present[: key.terms.threshold]
        if len(holders) < key.terms.threshold:
            raise NotEnoughClients(
                f"round {of.round}: {len(holders)} survivors can decrypt, {key.terms.threshold} are needed"
            )
        ciphertexts = {name: self._ciphertexts[name] for name in of.accepted}
        body = {
            "signatures": of.signatures,
            "ciphertexts": [list(entry) for entry in ciphertexts.items()],
            "holders": holders,
        }
        of.collect({name: of.request(Type.DECRYPT, body) for name in holders}, Type.DECRYPTION_SHARE, "survivors")
        index = of.job.index_of
        request = key.request(
            of.round,
            {index(name): commitment for name, (commitment, _) in self._commitments.items()},
            {index(name): ciphertext for name, ciphertext in ciphertexts.items()},
            [index(name) for name in holders],
        )
        return key.combine(request, self._shares.values())


def make_sum_key(coordinator: Coordinator, beacon: bytes, number: int) -> SumKey:
    """Carry the messages with which the members make a key; every member is needed. ProtocolError names who fails."""
    c, job = coordinator, coordinator.job

    def in_order(answers: Mapping[str, tuple[Message, bytes]]) -> list[tuple[str, Message, bytes]]:
        return [(member.name, *answers[member.name]) for member in job.members]

    shown = in_order(c._ask_everybody(c._to_all(Type.SUM_KEY, {}), Type.SUM_KEY_COMMITMENT))
    entries = [[name, data] for name, _, data in shown]
    dealt = in_order(
        c._ask_everybody(c._to_all(Type.SUM_KEY_COMMITMENTS, {"commitments": entries}), Type.SUM_KEY_SHARES)
    )
    parts = [[name, message.body["part"]] for name, message, _ in dealt]
    opened = {name: message.body["part"] for name, message in messages.open_all(job, parts, Type.SUM_KEY_PART)}
    requests = {}
    for member in job.members:
        shares = []
        for dealer, message, _ in dealt:
            share = messages.by_index(job, message.body["shares"], of="share of the key").get(job.index_of(member.name))
            if share is not None:
                shares.append([dealer, share])
        requests[member.name] = c._seal(Type.SUM_KEY_PARTS, {"parts": parts, "shares": shares})
    commitments = [message.body["commitment"] for _, message, _ in shown]
    key = SumKey(SumTerms(job, beacon, number), commitments, [opened[member.name] for member in job.members])
    for name, (message, _) in c._ask_everybody(requests, Type.SUM_KEY_READY).items():
        if message.body["key"] != key.digest:
            raise ProtocolError(f"{name} was shown another key")
    return key
