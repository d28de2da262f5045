"""A member and a coordinator of a masking round in plain Python, written from docs/secagg.md and from nothing of ours.

They check as little as they need to (the real ones check everything); what they send must be byte for byte what ours
send. Run as a program, this file writes tests/vectors/secagg_round.txt, which the C++ tests replay.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import reference_crypto as crypto

FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617
SERVER = 0xFFFF
ADVERTISE, ADVERTISED, SHARE, SHARED, MASKED, SURVIVORS, CONSISTENT, UNMASK_REQUEST, UNMASK = range(64, 73)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def u16(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def index_list(members: list[int]) -> bytes:
    return u16(len(members), *members)


@dataclasses.dataclass
class Config:
    job_digest: bytes
    round: int
    members: list[bytes]
    threshold: int
    length: int
    max_abs: int
    attempt: int = 0

    @property
    def bits(self) -> int:
        return (len(self.members) * self.max_abs).bit_length() + 1

    @property
    def digest(self) -> bytes:
        return sha256(
            b"pyzkfl secagg v1 config" + self.job_digest
            + struct.pack("<QIHQQH", self.round, self.attempt, self.threshold, self.length, self.max_abs,
                          len(self.members))
            + b"".join(self.members)
        )

    def header(self, kind: int, sender: int) -> bytes:
        return b"PZKF" + bytes([1, kind, 1]) + struct.pack("<HQI", sender, self.round, self.attempt) + self.digest

    def body(self, message: bytes, kind: int, signed: bool) -> bytes:
        sender = struct.unpack_from("<H", message, 7)[0]
        assert message[:53] == self.header(kind, sender)
        return message[53:-64] if signed else message[53:]

    def signed(self, kind: int, sender: int, body: bytes, seed: bytes) -> bytes:
        message = self.header(kind, sender) + body
        return message + crypto.ed25519_sign(seed, b"pyzkfl secagg v1 message" + sha256(message))


def labelled(purpose: str) -> bytes:
    return b"pyzkfl secagg v1 " + purpose.encode()


def self_mask_key(config: Config, member: int, seed: bytes) -> bytes:
    return crypto.hkdf(seed, config.digest, labelled("self mask") + u16(member), 32)


def pair_mask_key(config: Config, a: int, a_key: bytes, b: int, b_key: bytes, agreed: bytes) -> bytes:
    (low, low_key), (high, high_key) = sorted([(a, a_key), (b, b_key)])
    return crypto.hkdf(agreed, config.digest, labelled("pair mask") + u16(low, high) + low_key + high_key, 32)


def share_key(config: Config, dealer: int, dealer_key: bytes, recipient: int, recipient_key: bytes,
              agreed: bytes) -> tuple[bytes, bytes]:
    info = labelled("share encryption") + u16(dealer, recipient) + dealer_key + recipient_key
    out = crypto.hkdf(agreed, config.digest, info, 44)
    return out[:32], out[32:]


def share_digest(config: Config, dealer: int, recipient: int, kind: int, share: bytes) -> bytes:
    return sha256(labelled("share commitment") + u16(dealer, recipient) + bytes([kind]) + config.digest + share)


def mask(config: Config, key: bytes) -> tuple[list[int], int]:
    """The coordinates and the blinder's mask that a key stands for."""
    width = next(w for w in (2, 4, 8) if 8 * w >= config.bits)
    stream = crypto.aes_ctr(key, 64 + width * config.length)
    vector = [int.from_bytes(stream[64 + i * width :][:width], "little") for i in range(config.length)]
    return vector, int.from_bytes(stream[:64], "big") % FR


def pack(config: Config, vector: list[int]) -> bytes:
    total = sum((v % 2**config.bits) << (i * config.bits) for i, v in enumerate(vector))
    return total.to_bytes(-(-config.length * config.bits // 8), "little")


def unpack(config: Config, packed: bytes) -> list[int]:
    total = int.from_bytes(packed, "little")
    return [total >> (i * config.bits) & (2**config.bits - 1) for i in range(config.length)]


class Client:
    def __init__(self, config: Config, index: int, identity_seed: bytes, session_secret: bytes) -> None:
        self.config, self.index, self.seed = config, index, identity_seed

        def part(purpose: str) -> bytes:
            return crypto.hkdf(session_secret, config.digest, labelled(purpose) + u16(index), 32)

        self.share_private, self.mask_private = part("share private key"), part("mask private key")
        self.self_seed = part("self-mask seed")
        stream = crypto.aes_ctr(part("sharing polynomials"), (config.threshold - 1) * 64)
        self.coefficients = [stream[i : i + 64] for i in range(0, len(stream), 64)]
        self.keys = (crypto.x25519(self.share_private), crypto.x25519(self.mask_private))

    def sign(self, kind: int, body: bytes) -> bytes:
        return self.config.signed(kind, self.index, body, self.seed)

    def advertise(self) -> bytes:
        return self.sign(ADVERTISE, b"".join(self.keys))

    def associated(self, dealer: int, recipient: int, digests: bytes) -> bytes:
        return labelled("sealed shares") + self.view + u16(dealer, recipient) + digests

    def share(self, advertised: bytes) -> bytes:
        body = self.config.body(advertised, ADVERTISED, signed=False)
        self.view = sha256(advertised)
        self.peers: dict[int, tuple[bytes, bytes]] = {}
        for i in range(struct.unpack_from("<H", body)[0]):
            entry = body[2 + i * 130 :][:130]
            self.peers[struct.unpack_from("<H", entry)[0]] = (entry[2:34], entry[34:66])
        secret = self.self_seed + self.mask_private
        digests, sealed = b"", b""
        for member, keys in self.peers.items():
            pair = crypto.shamir_share(secret, self.coefficients, member + 1)
            both = (share_digest(self.config, self.index, member, 1, pair[:32])
                    + share_digest(self.config, self.index, member, 2, pair[32:]))
            digests += both
            if member == self.index:
                self.own_share = pair
                continue
            agreed = crypto.x25519(self.share_private, keys[0])
            key, nonce = share_key(self.config, self.index, self.keys[0], member, keys[0], agreed)
            sealed += crypto.gcm_seal(key, nonce, self.associated(self.index, member, both), pair)
        commitment = sha256(labelled("seed commitment") + u16(self.index) + self.config.digest + self.self_seed)
        return self.sign(SHARE, self.view + commitment + digests + sealed)

    def masked_input(self, shared: bytes, values: list[int], blinder: int) -> bytes:
        body = self.config.body(shared, SHARED, signed=False)
        recipient, count = struct.unpack_from("<HH", body)
        assert recipient == self.index
        self.shares = {self.index: self.own_share}
        masks = [(1, self_mask_key(self.config, self.index, self.self_seed))]
        for i in range(count):
            entry = body[4 + i * 146 :][:146]
            dealer = struct.unpack_from("<H", entry)[0]
            theirs = self.peers[dealer]
            agreed = crypto.x25519(self.share_private, theirs[0])
            key, nonce = share_key(self.config, dealer, theirs[0], self.index, self.keys[0], agreed)
            pair = crypto.gcm_open(key, nonce, self.associated(dealer, self.index, entry[2:66]), entry[66:])
            assert share_digest(self.config, dealer, self.index, 1, pair[:32]) == entry[2:34]
            assert share_digest(self.config, dealer, self.index, 2, pair[32:]) == entry[34:66]
            self.shares[dealer] = pair
            agreed = crypto.x25519(self.mask_private, theirs[1])
            masks.append((1 if self.index < dealer else -1,
                          pair_mask_key(self.config, self.index, self.keys[1], dealer, theirs[1], agreed)))
        self.sharers = sorted(self.shares)
        self.view = sha256(labelled("sharers") + self.view + index_list(self.sharers))
        vector = list(values)
        for sign, key in masks:
            coordinates, element = mask(self.config, key)
            vector = [a + sign * b for a, b in zip(vector, coordinates, strict=True)]
            blinder += sign * element
        return self.sign(MASKED, self.view + pack(self.config, vector) + (blinder % FR).to_bytes(32, "little"))

    def sign_survivors(self, message: bytes) -> bytes:
        body = self.config.body(message, SURVIVORS, signed=False)
        assert body[:32] == self.view
        self.survivors = sha256(labelled("survivors") + body)
        return self.sign(CONSISTENT, self.survivors)

    def unmask(self, request: bytes) -> bytes:
        body = self.config.body(request, UNMASK_REQUEST, signed=False)
        assert body[:32] == self.survivors
        at = 34 + struct.unpack_from("<H", body, 32)[0] * 66
        out = self.survivors
        for half in (0, 32):
            count = struct.unpack_from("<H", body, at)[0]
            members = struct.unpack_from(f"<{count}H", body, at + 2)
            at += 2 + 2 * count
            out += u16(count)
            for member in members:
                out += u16(member) + self.shares[member][half : half + 32]
        assert at == len(body)
        return self.sign(UNMASK, out)


class Server:
    """Takes messages in the order of senders, and trusts them."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def message(self, kind: int, body: bytes) -> bytes:
        return self.config.header(kind, SERVER) + body

    def advertised(self, messages: dict[int, bytes]) -> bytes:
        self.members = sorted(messages)
        self.keys = {i: self.config.body(m, ADVERTISE, signed=True) for i, m in messages.items()}
        body = u16(len(messages)) + b"".join(u16(i) + messages[i][53:] for i in self.members)
        message = self.message(ADVERTISED, body)
        self.view = sha256(message)
        return message

    def shared(self, messages: dict[int, bytes]) -> dict[int, bytes]:
        self.sharers = sorted(messages)
        bodies = {i: self.config.body(m, SHARE, signed=True) for i, m in messages.items()}
        out = {}
        for to in self.sharers:
            body = u16(to, len(self.sharers) - 1)
            place = self.members.index(to)
            for dealer in self.sharers:
                if dealer != to:
                    digests = bodies[dealer][64 + 64 * place :][:64]
                    others = [i for i in self.members if i != dealer]
                    sealed = bodies[dealer][64 + 64 * len(self.members) + 80 * others.index(to) :][:80]
                    body += u16(dealer) + digests + sealed
            out[to] = self.message(SHARED, body)
        self.view = sha256(labelled("sharers") + self.view + index_list(self.sharers))
        return out

    def survivors(self, messages: dict[int, bytes], context: bytes = bytes(32)) -> bytes:
        self.alive = sorted(messages)
        self.total, self.blinder = [0] * self.config.length, 0
        for m in messages.values():
            body = self.config.body(m, MASKED, signed=True)
            assert body[:32] == self.view
            self.total = [a + b for a, b in zip(self.total, unpack(self.config, body[32:-32]), strict=True)]
            self.blinder += int.from_bytes(body[-32:], "little")
        body = self.view + context + index_list(self.alive)
        self.digest = sha256(labelled("survivors") + body)
        return self.message(SURVIVORS, body)

    def request(self, messages: dict[int, bytes]) -> bytes:
        signatures = b"".join(u16(i) + messages[i][-64:] for i in sorted(messages))
        self.gone = [i for i in self.sharers if i not in self.alive]
        body = self.digest + u16(len(messages)) + signatures + index_list(self.alive) + index_list(self.gone)
        return self.message(UNMASK_REQUEST, body)

    def sum(self, messages: dict[int, bytes]) -> tuple[list[int], int]:
        seeds: dict[int, dict[int, bytes]] = {i: {} for i in self.alive}
        private: dict[int, dict[int, bytes]] = {i: {} for i in self.gone}
        for sender in sorted(messages)[: self.config.threshold]:
            body = self.config.body(messages[sender], UNMASK, signed=True)
            at = 32
            for table in (seeds, private):
                count = struct.unpack_from("<H", body, at)[0]
                at += 2
                for _ in range(count):
                    table[struct.unpack_from("<H", body, at)[0]][sender + 1] = body[at + 2 : at + 34]
                    at += 34
        masks = [(-1, self_mask_key(self.config, i, crypto.shamir_combine(shares))) for i, shares in seeds.items()]
        for i, shares in private.items():
            key = crypto.shamir_combine(shares)
            for j in self.alive:
                agreed = crypto.x25519(key, self.keys[j][32:])
                pair = pair_mask_key(self.config, i, self.keys[i][32:], j, self.keys[j][32:], agreed)
                masks.append((-1 if j < i else 1, pair))
        for sign, key in masks:
            coordinates, element = mask(self.config, key)
            self.total = [a + sign * b for a, b in zip(self.total, coordinates, strict=True)]
            self.blinder += sign * element
        half = 2 ** (self.config.bits - 1)
        return [(v + half) % (2 * half) - half for v in self.total], self.blinder % FR


def golden() -> list[tuple[str, bytes]]:
    """A round of five members with fixed secrets, as (name, bytes): 0 lost before its vector, 4 before its answer."""
    seeds = [bytes([i + 1]) * 32 for i in range(5)]
    config = Config(sha256(b"job"), 3, [crypto.ed25519_public(s) for s in seeds], 3, 7, 1 << 19, attempt=1)
    clients = [Client(config, i, s, bytes([0x80 + i]) * 32) for i, s in enumerate(seeds)]
    server = Server(config)
    out = [("config_digest", config.digest)]

    def sent(kind: str, members: list[int], step) -> dict[int, bytes]:  # type: ignore[no-untyped-def]
        messages = {i: step(clients[i]) for i in members}
        out.extend((f"{kind}_{i}", m) for i, m in messages.items())
        return messages

    advertised = server.advertised(sent("advertise", [0, 1, 2, 3, 4], Client.advertise))
    out.append(("advertised", advertised))
    shared = server.shared(sent("share", [0, 1, 2, 3, 4], lambda c: c.share(advertised)))
    out.extend((f"shared_{i}", m) for i, m in shared.items())
    values = [[(-1) ** (i + j) * ((1 << 19) - 1000 * i - j) for j in range(7)] for i in range(5)]
    blinders = [FR - 1 - i for i in range(5)]
    survivors = server.survivors(
        sent("masked", [1, 2, 3, 4], lambda c: c.masked_input(shared[c.index], values[c.index], blinders[c.index])),
        sha256(b"context"),
    )
    out.append(("survivors", survivors))
    request = server.request(sent("consistent", [1, 2, 3, 4], lambda c: c.sign_survivors(survivors)))
    out.append(("unmask_request", request))
    total, blinder = server.sum(sent("unmask", [1, 2, 3], lambda c: c.unmask(request)))
    assert total == [sum(values[i][j] for i in (1, 2, 3, 4)) for j in range(7)]
    assert blinder == sum(blinders[1:]) % FR
    out.append(("sum", struct.pack("<7q", *total)))
    out.append(("sum_blinder", blinder.to_bytes(32, "little")))
    return out


def golden_text() -> str:
    lines = ["# A masking round with fixed secrets; made by tests/python/secagg/reference_client.py."]
    return "\n".join([*lines, *(f"{name} {data.hex()}" for name, data in golden())]) + "\n"


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "vectors" / "secagg_round.txt"
    target.write_text(golden_text())
