"""Slow, plain Python versions of the primitives that masking uses: the oracle for ours, which call OpenSSL.

Written from RFC 7748, RFC 8032, RFC 5869, FIPS 197, SP 800-38A and SP 800-38D. Not constant time; for tests only.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import operator

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


# -- X25519 ----------------------------------------------------------------------------------------------------------


def x25519(scalar: bytes, u: bytes = (9).to_bytes(32, "little")) -> bytes:
    """The Montgomery ladder of RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little") & ~7 & (2**254 - 1) | 2**254
    x1 = int.from_bytes(u, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    swap = 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        da, cb = (x3 - z3) * a % P, (x3 + z3) * b % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# -- Ed25519 (signing only) --------------------------------------------------------------------------------------------

Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(k: int, p: Point) -> Point:
    q: Point = (0, 1, 1, 0)
    while k:
        if k & 1:
            q = _add(q, p)
        p = _add(p, p)
        k >>= 1
    return q


def _base() -> Point:
    y = 4 * pow(5, P - 2, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x % 2:
        x = P - x
    return x, y, 1, x * y % P


BASE = _base()


def _encode(p: Point) -> bytes:
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expand(seed: bytes) -> tuple[int, bytes]:
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254, h[32:]


def ed25519_public(seed: bytes) -> bytes:
    return _encode(_multiply(_expand(seed)[0], BASE))


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    a, prefix = _expand(seed)
    public = _encode(_multiply(a, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    point = _encode(_multiply(r, BASE))
    h = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % ORDER
    return point + ((r + h * a) % ORDER).to_bytes(32, "little")


# -- HKDF --------------------------------------------------------------------------------------------------------------


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    out, block = b"", b""
    for i in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([i]), "sha256")
        out += block
    return out[:length]


# -- AES-256 -----------------------------------------------------------------------------------------------------------


def gf256_multiply(a: int, b: int) -> int:
    """In GF(2)[x] / (x^8 + x^4 + x^3 + x + 1)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product


def gf256_inverse(a: int) -> int:
    result = 1
    for _ in range(254):
        result = gf256_multiply(result, a)
    return result


def _sbox() -> list[int]:
    box = []
    for a in range(256):
        b = gf256_inverse(a) if a else 0
        box.append(b ^ 0x63)
        for shift in range(1, 5):
            box[a] ^= (b << shift | b >> (8 - shift)) & 0xFF
    return box


SBOX = _sbox()
TIMES_2 = [gf256_multiply(a, 2) for a in range(256)]
TIMES_3 = [gf256_multiply(a, 3) for a in range(256)]


class Aes256:
    """The forward cipher of FIPS 197."""

    def __init__(self, key: bytes) -> None:
        words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
        rcon = 1
        for i in range(8, 60):
            word = list(words[-1])
            if i % 8 == 0:
                word = [SBOX[b] for b in word[1:] + word[:1]]
                word[0] ^= rcon
                rcon = gf256_multiply(rcon, 2)
            elif i % 8 == 4:
                word = [SBOX[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - 8], word, strict=True)])
        self.round_keys = [functools.reduce(operator.iadd, words[i : i + 4], []) for i in range(0, 60, 4)]

    def encrypt(self, block: bytes) -> bytes:
        s = [a ^ b for a, b in zip(block, self.round_keys[0], strict=True)]
        for number, key in enumerate(self.round_keys[1:], 1):
            s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
            if number < 14:
                mixed = []
                for c in range(0, 16, 4):
                    a, b, d, e = s[c : c + 4]
                    mixed += [TIMES_2[a] ^ TIMES_3[b] ^ d ^ e, a ^ TIMES_2[b] ^ TIMES_3[d] ^ e,
                              a ^ b ^ TIMES_2[d] ^ TIMES_3[e], TIMES_3[a] ^ b ^ d ^ TIMES_2[e]]
                s = mixed
            s = [a ^ b for a, b in zip(s, key, strict=True)]
        return bytes(s)


def aes_ctr(key: bytes, length: int) -> bytes:
    """The key stream from counter zero."""
    cipher = Aes256(key)
    return b"".join(cipher.encrypt(i.to_bytes(16, "big")) for i in range(-(-length // 16)))[:length]


def _ghash(h: int, data: bytes) -> int:
    y = 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i : i + 16], "big")
        product, v = 0, h
        for bit in reversed(range(128)):
            if y >> bit & 1:
                product ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        y = product
    return y


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _gcm_parts(key: bytes, nonce: bytes, associated: bytes, ciphertext: bytes) -> bytes:
    cipher = Aes256(key)
    lengths = (8 * len(associated)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    h = int.from_bytes(cipher.encrypt(bytes(16)), "big")
    tag = _ghash(h, _padded(associated) + _padded(ciphertext) + lengths)
    mask = int.from_bytes(cipher.encrypt(nonce + (1).to_bytes(4, "big")), "big")
    return (tag ^ mask).to_bytes(16, "big")


def _gcm_stream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    cipher = Aes256(key)
    stream = b"".join(cipher.encrypt(nonce + i.to_bytes(4, "big")) for i in range(2, 2 + -(-len(data) // 16)))
    return bytes(a ^ b for a, b in zip(data, stream[: len(data)], strict=True))


def gcm_seal(key: bytes, nonce: bytes, associated: bytes, plaintext: bytes) -> bytes:
    ciphertext = _gcm_stream(key, nonce, plaintext)
    return ciphertext + _gcm_parts(key, nonce, associated, ciphertext)


def gcm_open(key: bytes, nonce: bytes, associated: bytes, sealed: bytes) -> bytes:
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if _gcm_parts(key, nonce, associated, ciphertext) != tag:
        raise ValueError("does not open")
    return _gcm_stream(key, nonce, ciphertext)


# -- Shamir ------------------------------------------------------------------------------------------------------------


def shamir_share(secret: bytes, coefficients: list[bytes], point: int) -> bytes:
    """The polynomial whose constant is the secret, at `point`, byte by byte (Horner)."""
    out = bytearray(len(secret))
    for coefficient in [*reversed(coefficients), secret]:
        for i, byte in enumerate(coefficient):
            out[i] = gf256_multiply(out[i], point) ^ byte
    return bytes(out)


def shamir_combine(shares: dict[int, bytes]) -> bytes:
    """The secret from {point: share}."""
    size = len(next(iter(shares.values())))
    out = bytearray(size)
    for x, share in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = gf256_multiply(weight, gf256_multiply(other, gf256_inverse(other ^ x)))
        for i in range(size):
            out[i] ^= gf256_multiply(weight, share[i])
    return bytes(out)
