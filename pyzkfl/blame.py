"""Who spoilt a sum: the blame round of pyzkfl.standing, when a sum does not open the sum of the commitments.

Each survivor shows its vector of the round under wider masks, and commitments to the masks that it shares with other
survivors (docs/secagg.md, "Blame"). From these everybody can check, member by member, that what was masked is what was
committed to, and nobody learns more about an honest vector than the sum. Either somebody is named, or the answers
themselves open the sum of the commitments.

`commit` is the additive commitment of the job: an int64 vector of 32-bit integers and a blinder to 32 bytes, such as
`keys.commit_update`.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pyzkfl._core import curves
from pyzkfl._core.identity import IdentityKey, verify
from pyzkfl.blinders import FR_MODULUS
from pyzkfl.errors import DecodeError, ParameterError, ProtocolError
from pyzkfl.standing import Member, Plan, Server

__all__ = ["Verdict", "answer", "judge"]

Vector = npt.NDArray[np.int64]
Commit = Callable[[Vector, bytes], bytes]
Limbs = Sequence[tuple[int, Vector]]

_DOMAIN = b"pyzkfl secagg v1 blame"
_LIMB_BITS = 30
_ZERO = bytes(32)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the answers show.

    named: members that spoilt the round, and how that shows. disputed: pairs that committed to different masks; one of
    the two lies, and one of them may have been lost in the round. silent: survivors without an answer. total, blinder:
    if all answered, and no two survivors contradict each other, what opens the sum of the commitments.
    """

    named: dict[int, str]
    disputed: tuple[tuple[int, int], ...]
    silent: tuple[int, ...]
    total: Vector | None
    blinder: bytes | None


@dataclasses.dataclass(frozen=True)
class _Answer:
    limbs: list[tuple[int, Vector]]
    blinder: bytes
    masks: dict[int, bytes]
    seeds: list[tuple[int, bytes]]


def _exponents(plan: Plan) -> list[int]:
    low, bits = [0], plan.bits
    while bits > _LIMB_BITS + 1:
        low, bits = [*low, low[-1] + _LIMB_BITS], bits - _LIMB_BITS
    return [*low, *(plan.bits + _LIMB_BITS * limb for limb in range(3))]


def _terms(limbs: Limbs, blinder: bytes, commit: Commit, sign: int = 1) -> tuple[list[bytes], list[int]]:
    """Points and scalars whose product is the commitment to sum 2^exponent limb, or its inverse."""
    points = [commit(limb, blinder if place == 0 else _ZERO) for place, (_, limb) in enumerate(limbs)]
    return points, [sign * (1 << exponent) % FR_MODULUS for exponent, _ in limbs]


def _committed(limbs: Limbs, blinder: bytes, commit: Commit) -> bytes:
    points, scalars = _terms(limbs, blinder, commit)
    return bytes(curves.g1_compress(curves.g1_msm(points, scalars)))


def _signed(plan: Plan, round_: int, member: int, body: bytes) -> bytes:
    return _DOMAIN + plan.digest + struct.pack("<IH", round_, member) + body


def answer(
    member: Member, identity: IdentityKey, plan: Plan, request: bytes, values: Vector, blinder: bytes, commit: Commit
) -> bytes:
    """A survivor's answer: its vector under wide masks, and commitments to these masks; signed.

    request: the server's request for shares of this round, again. values, blinder: what went into masked_input().
    Raises ProtocolError if the request is about another set than this member is bound to, ParameterError for other
    values than were sent.
    """
    limbs, total_blinder = member.blamed_vector(request, values, blinder)
    survivors = _survivors(plan, request)
    body = b"".join(limb.astype("<i4").tobytes() for _, limb in limbs) + total_blinder
    for other in (i for i in plan.neighbours_of(member.index) if i in survivors):
        mask, element = member.blame_mask(request, other)
        body += struct.pack("<H", other) + _committed(mask, element, commit)
        for _, limb in mask:
            limb.fill(0)
    seeds = member.lost_seeds(request)
    body += struct.pack("<H", len(seeds)) + b"".join(struct.pack("<H", lost) + seed for lost, seed in seeds)
    return body + identity.sign(_signed(plan, member.next_round - 1, member.index, body))


def _survivors(plan: Plan, request: bytes) -> set[int]:
    header, context = 53, 32
    bits = request[header + context : header + context + (plan.n + 7) // 8]
    return {i for i in range(plan.n) if bits[i // 8] >> (i % 8) & 1}


def _read(plan: Plan, member: int, key: bytes, round_: int, survivors: set[int], data: bytes) -> _Answer:
    exponents, length = _exponents(plan), plan.length
    partners = [i for i in plan.neighbours_of(member) if i in survivors]
    least = 4 * length * len(exponents) + 32 + 34 * len(partners) + 2
    body = data[:-64]
    if len(body) < least or len(body) != least + 34 * struct.unpack_from("<H", body, least - 2)[0]:
        raise DecodeError(f"blame: an answer of member {member} does not have {len(data)} bytes")
    if not verify(key, _signed(plan, round_, member, body), data[-64:]):
        raise DecodeError(f"blame: the answer is not signed by member {member}")
    columns = np.frombuffer(body, dtype="<i4", count=length * len(exponents)).reshape(len(exponents), length)
    limbs = [(e, column.astype(np.int64)) for e, column in zip(exponents, columns, strict=True)]
    for (_, limb), last in zip(limbs[-3:], (False, False, True), strict=True):
        low, high = (-plan.n, plan.n) if last else (0, (1 << _LIMB_BITS) - 1)
        if limb.min() < low or limb.max() > high:
            raise DecodeError(f"blame: a vector of member {member} that no masks give")
    at = 4 * length * len(exponents)
    blinder, at = body[at : at + 32], at + 32
    masks = {}
    for other in partners:
        if struct.unpack_from("<H", body, at)[0] != other:
            raise DecodeError(f"blame: member {member} commits to masks with others than its neighbours")
        point = body[at + 2 : at + 34]
        curves.g1_decompress(point)
        masks[other], at = point, at + 34
    seeds = [(struct.unpack_from("<H", body, k)[0], body[k + 2 : k + 34]) for k in range(at + 2, len(body), 34)]
    return _Answer(limbs, blinder, masks, seeds)


def judge(
    server: Server,
    plan: Plan,
    answers: Mapping[int, bytes],
    commitments: Mapping[int, bytes],
    commit: Commit,
) -> Verdict:
    """What the answers of a round show. After server.sum(), before the next round is opened.

    answers, commitments: by member; each survivor has a commitment, the one whose opening with all the others failed.
    What a member cannot have meant (a vector that it did not send) names it too; an answer that is malformed or not
    signed by it counts as none. Raises NotEnoughClients or ProtocolError where sum() does.
    """
    survivors, round_ = set(server.survivors), server.round
    missing = survivors - set(commitments)
    if missing:
        raise ParameterError(f"blame: no commitment of member {min(missing)}")
    named: dict[int, str] = {}
    read: dict[int, _Answer] = {}
    silent = []
    for i in sorted(survivors):
        try:
            if i not in answers:
                raise DecodeError("no answer")
            read[i] = _read(plan, i, plan.members[i], round_, survivors, answers[i])
        except DecodeError:
            silent.append(i)
    for i, given in read.items():
        reason = _contradiction(server, plan, i, given, commitments[i], commit)
        if reason:
            named[i] = reason
    pairs = [
        (i, j) for i in read for j in read if i < j and j in read[i].masks and read[i].masks[j] != read[j].masks[i]
    ]
    total = blinder = None
    if not named and not pairs and not silent:
        total, blinder = _opening(server, plan, read)
    pairs += [(i, j) for i in read if i not in named for j in server.other_seeds(i, read[i].seeds)]
    for i in {member for pair in pairs for member in pair}:  # an honest member is in dispute with those who lie only
        if i not in named and sum(i in pair for pair in pairs) > plan.colluding:
            named[i] = "more members than may collude know other masks of the pairs with it"
    disputed = tuple(pair for pair in pairs if not named.keys() & set(pair))
    return Verdict(named, disputed, tuple(silent), total, blinder)


def _contradiction(
    server: Server, plan: Plan, member: int, given: _Answer, commitment: bytes, commit: Commit
) -> str | None:
    """Why the answer contradicts the member's commitment or its vector, or None."""
    low = sum(limb << exponent for exponent, limb in given.limbs[:-3])
    if not server.sent_vector(member, low, given.blinder):
        return "it shows another vector than it sent"
    try:
        opened, opened_blinder = server.opened_masks(member, given.seeds)
    except ProtocolError as error:
        if error.offender != member:  # its self mask cannot be had, which is not for it to answer for
            raise
        return "it does not show its masks with those who were lost"
    try:
        points, scalars = _terms(given.limbs, given.blinder, commit)
    except (ParameterError, DecodeError):
        return "it shows a blinder that is none"
    more_points, more_scalars = _terms(opened, opened_blinder, commit, -1)
    points += [*more_points, commitment, *given.masks.values()]
    scalars += [*more_scalars, FR_MODULUS - 1, *(FR_MODULUS - 1 if member < other else 1 for other in given.masks)]
    if any(curves.g1_msm(points, scalars)):
        return "the vector that it masked is not the one that it committed to"
    return None


def _opening(server: Server, plan: Plan, read: Mapping[int, _Answer]) -> tuple[Vector, bytes]:
    """The sum of the vectors under wide masks without the masks that are open: the others cancel."""
    low = np.zeros(plan.length, dtype=np.int64)
    high = [np.zeros(plan.length, dtype=np.int64) for _ in range(3)]
    blinder = 0
    for i, given in read.items():
        for exponent, limb in given.limbs[:-3]:
            low += limb << exponent
        for part, (_, limb) in zip(high, given.limbs[-3:], strict=True):
            part += limb
        opened, opened_blinder = server.opened_masks(i, given.seeds)
        for exponent, limb in opened[:-2]:
            low -= limb << exponent
        for part, (_, limb) in zip(high[:2], opened[-2:], strict=True):
            part -= limb
        blinder += int.from_bytes(given.blinder, "little") - int.from_bytes(opened_blinder, "little")
    carry = high[0] >> _LIMB_BITS
    above = (high[1] + carry) >> _LIMB_BITS
    middle = (high[1] + carry) & ((1 << _LIMB_BITS) - 1)
    rest = (high[2] + above) * (
        1 << _LIMB_BITS
    ) + middle  # wraps where the sum is beyond 64 bits, which then does not open
    total = low + (((rest << _LIMB_BITS) + (high[0] & ((1 << _LIMB_BITS) - 1))) << plan.bits)
    return total, (blinder % FR_MODULUS).to_bytes(32, "little")
