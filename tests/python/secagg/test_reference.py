"""Our sessions against an independent implementation in plain Python, and that one against published vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reference_client as reference
import reference_crypto as crypto
from masking import FR

from pyzkfl.secagg import ClientSession, Config, IdentityKey, ServerSession, verify

hexa = bytes.fromhex


def test_the_reference_gives_published_vectors() -> None:
    assert crypto.x25519(
        hexa("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
        hexa("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
    ) == hexa("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    seed = hexa("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    assert crypto.ed25519_public(seed) == hexa("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = crypto.ed25519_sign(seed, hexa("af82"))
    assert signature[:8] == hexa("6291d657deec2402")
    assert verify(crypto.ed25519_public(seed), hexa("af82"), signature)
    assert crypto.hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42) == hexa(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    assert crypto.Aes256(bytes(range(32))).encrypt(hexa("00112233445566778899aabbccddeeff")) == hexa(
        "8ea2b7ca516745bfeafc49904b496089"
    )
    sealed = crypto.gcm_seal(bytes(32), bytes(12), b"", bytes(16))
    assert sealed == hexa("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    assert crypto.gcm_open(bytes(32), bytes(12), b"", sealed) == bytes(16)


def test_the_golden_round_is_what_the_reference_makes(vectors: Path) -> None:
    # tests/cpp/secagg/test_golden.cpp replays the same file.
    assert (vectors / "secagg_round.txt").read_text() == reference.golden_text()


@pytest.mark.parametrize("theirs", [{0}, {1, 3}, {0, 1, 2, 3}])
def test_reference_members_and_ours_take_part_in_one_round(theirs: set[int]) -> None:
    # Members in `theirs` run the reference, the others ours; member 2 is lost after it dealt its shares.
    seeds = [bytes([0x40 + i]) * 32 for i in range(4)]
    publics = [crypto.ed25519_public(seed) for seed in seeds]
    ours = {i: identity_of(seeds[i]) for i in range(4) if i not in theirs}
    config = Config(b"\x11" * 32, 2**40, publics, 3, 3, 2**33)
    plain = reference.Config(b"\x11" * 32, 2**40, publics, 3, 3, 2**33)
    assert plain.digest == config.digest and plain.bits == config.bits == 37
    server = ServerSession(config)
    clients = [
        reference.Client(plain, i, seeds[i], bytes([i]) * 32) if i in theirs else ClientSession(config, i, ours[i])
        for i in range(4)
    ]
    for client in clients:
        server.receive(client.advertise())
    keys = server.close_advertise()
    for client in clients:
        server.receive(client.share(keys))
    shares = server.close_share()
    values = np.array([[2**33, -(2**33), i] for i in range(4)], dtype=np.int64)
    alive = [0, 1, 3]
    for i in alive:
        if i in theirs:
            message = clients[i].masked_input(shares[i], values[i].tolist(), FR - i)
        else:
            message = clients[i].masked_input(shares[i], values[i], ((FR - i) % FR).to_bytes(32, "little"))
        server.receive(message)
    survivors = server.close_masked(alive)
    for i in alive:
        server.receive(clients[i].sign_survivors(survivors))
    request = server.close_consistency()
    for i in alive:
        server.receive(clients[i].unmask(request))
    total, blinder = server.sum()
    assert total.tolist() == values[alive].sum(axis=0).tolist()
    assert int.from_bytes(blinder, "little") == (3 * FR - 4) % FR


def identity_of(seed: bytes) -> IdentityKey:
    """An identity with a known seed, through an encrypted PEM that we write here ourselves (RFC 8018, PBKDF2)."""
    import base64
    import hashlib

    def tlv(tag: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])) + body

    oid = {"pbes2": "2a864886f70d01050d", "pbkdf2": "2a864886f70d01050c", "hmac-sha256": "2a864886f70d0209",
           "aes256-cbc": "60864801650304012a"}
    salt, iv = b"saltsalt", bytes(range(16))
    key = hashlib.pbkdf2_hmac("sha256", b"test", salt, 100, 32)
    plain = hexa("302e020100300506032b657004220420") + seed
    plain += bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    cipher, previous, encrypted = crypto.Aes256(key), iv, b""
    for at in range(0, len(plain), 16):
        previous = cipher.encrypt(bytes(a ^ b for a, b in zip(plain[at : at + 16], previous, strict=True)))
        encrypted += previous
    kdf = tlv(0x30, tlv(6, hexa(oid["pbkdf2"])),
              tlv(0x30, tlv(4, salt), tlv(2, b"\x64"), tlv(0x30, tlv(6, hexa(oid["hmac-sha256"])), tlv(5))))
    scheme = tlv(0x30, tlv(6, hexa(oid["aes256-cbc"])), tlv(4, iv))
    der = tlv(0x30, tlv(0x30, tlv(6, hexa(oid["pbes2"])), tlv(0x30, kdf, scheme)), tlv(4, encrypted))
    text = base64.encodebytes(der).decode()
    pem = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}-----END ENCRYPTED PRIVATE KEY-----\n"
    return IdentityKey.from_pem(pem, "test")
