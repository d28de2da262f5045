"""Ring-LWE: a reader written from docs/formats.md decrypts it; parameters by the standard's table; what is refused."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_crypto import Aes256

from pyzkfl import he
from pyzkfl._core.he import RLWE_PRIMES
from pyzkfl.errors import DecodeError, HeadroomExceeded, ParameterError

# Homomorphic encryption standard (2018), table 1: the most bits of q for 128 bits, ternary secret, classical.
STANDARD = {1024: 27, 2048: 54, 4096: 109, 8192: 218, 16384: 438}


@pytest.fixture
def golden(vectors: Path) -> dict[str, Any]:
    return json.loads((vectors / "he.json").read_text())  # type: ignore[no-any-return]


def stream_words(root: bytes, index: int, count: int) -> list[int]:
    aes, blocks = Aes256(root), []
    for i in range((count + 1) // 2):
        blocks.append(aes.encrypt(struct.pack(">QQ", index, i)))
    return list(struct.unpack(f"<{2 * len(blocks)}Q", b"".join(blocks)))[:count]


def reverse(v: int, bits: int) -> int:
    return int(f"{v:0{bits}b}"[::-1], 2)


def joined(row: list[int]) -> int:
    """The row's numbers as digits of 128 bits."""
    return int.from_bytes(b"".join(v.to_bytes(16, "little") for v in row), "little")


class Reader:
    """Decrypts with nothing but docs/formats.md and the secret key's bytes."""

    def __init__(self, secret_key: bytes) -> None:
        head, max_abs, summands, members = struct.unpack("<7sQIH", secret_key[:21])
        assert head == b"PZKF\x01\x51\x03"
        shape = he.rlwe_parameters(max_abs, summands, members)
        self.n, self.slots, self.bits = shape["n"], shape["slots"], shape["slot_bits"]
        self.primes = RLWE_PRIMES[: shape["primes"]]
        self.secret_seed = secret_key[53:85]
        # u 3 >> 64, less 1: uniform in -1, 0, 1.
        self.s = [(u * 3 >> 64) - 1 for u in stream_words(self.secret_seed, 0, self.n)]
        self.psi = []
        for q in self.primes:
            roots = (pow(g, (q - 1) // (2 * self.n), q) for g in range(2, 200))
            self.psi.append(next(r for r in roots if pow(r, self.n, q) == q - 1))

    def coefficients(self, values: list[int], p: int) -> list[int]:
        """From values at psi^(2 rev(i) + 1), by the textbook's inverse transform."""
        q, psi, n = self.primes[p], self.psi[p], self.n
        log = n.bit_length() - 1
        natural = [values[reverse(i, log)] for i in range(n)]
        # sum_k a_k psi^k w^(i k) = natural_i with w = psi^2: an inverse transform by recursion, then psi^-k.
        out = self._inverse(natural, pow(psi, -2, q), q)
        scale, step, result = pow(n, -1, q), pow(psi, -1, q), []
        for v in out:
            result.append(v * scale % q)
            scale = scale * step % q
        return result

    def _inverse(self, values: list[int], w: int, q: int) -> list[int]:
        if len(values) == 1:
            return values
        even, odd = self._inverse(values[::2], w * w % q, q), self._inverse(values[1::2], w * w % q, q)
        power, low, high = 1, [], []
        for a, b in zip(even, odd, strict=True):
            low.append((a + power * b) % q)
            high.append((a - power * b) % q)
            power = power * w % q
        return low + high

    def residues(self, data: bytes) -> list[list[int]]:
        bits, mask = int.from_bytes(data, "little"), (1 << 50) - 1
        text = bits.to_bytes(len(data), "little")
        flat = []
        for i in range(len(data) * 8 // 50):
            at = 50 * i
            flat.append(int.from_bytes(text[at // 8 : at // 8 + 8], "little") >> at % 8 & mask)
        return [flat[p * self.n : (p + 1) * self.n] for p in range(len(self.primes))]

    def decrypt(self, data: bytes) -> list[int]:
        head, _, length, _, seeded = struct.unpack("<7s32sQIB", data[:52])
        assert head == b"PZKF\x01\x52\x03"
        size = (50 * self.n * len(self.primes) + 7) // 8
        rest = data[52:]
        if seeded:
            seed, c0 = rest[:32], self.residues(rest[32:])
            words = iter(stream_words(seed, 0, self.n * len(self.primes) + 8))
            c1 = []
            for q in self.primes:
                row: list[int] = []
                while len(row) < self.n:
                    v = next(words) & ((1 << 50) - 1)
                    if v < q:
                        row.append(v)
                c1.append(row)
        else:
            c0, c1 = self.residues(rest[:size]), self.residues(rest[size:])
        product = 1
        for q in self.primes:
            product *= q
        x = [0] * self.n
        for p, q in enumerate(self.primes):
            first, second = self.coefficients(c0[p], p), self.coefficients(c1[p], p)
            # second * s by one big integer product (Kronecker), negacyclic.
            plus = joined(second) * joined([1 if v == 1 else 0 for v in self.s])
            minus = joined(second) * joined([1 if v == -1 else 0 for v in self.s])
            crt = product // q * pow(product // q, -1, q)
            rows = []
            for whole in (plus, minus):
                raw = whole.to_bytes(32 * self.n, "little")
                rows.append([int.from_bytes(raw[16 * k : 16 * k + 16], "little") for k in range(2 * self.n)])
            for k in range(self.n):
                wrapped = rows[0][k] - rows[0][k + self.n] - rows[1][k] + rows[1][k + self.n]
                x[k] = (x[k] + crt * ((first[k] + wrapped) % q)) % product
        k_bits, out = self.slots * self.bits, []
        for v in x[: (length + self.slots - 1) // self.slots]:
            m = ((v << (k_bits + 1)) + product) // (2 * product) % (1 << k_bits)
            for _ in range(self.slots):
                digit = m & ((1 << self.bits) - 1)
                digit -= (digit >> (self.bits - 1)) << self.bits
                out.append(digit)
                m = (m - digit) >> self.bits
        return out[:length]


def test_a_reader_of_the_format_s_page_alone_decrypts_what_we_encrypt(golden: dict[str, Any]) -> None:
    secret_bytes = bytes.fromhex(golden["rlwe"]["secret_key"])
    secret, reader = he.RlweSecretKey.from_bytes(secret_bytes), Reader(secret_bytes)
    values = np.array(golden["rlwe"]["values"])
    assert reader.decrypt(secret.public_key.encrypt(values).to_bytes()) == values.tolist()
    assert reader.decrypt(secret.encrypt(values).to_bytes()) == values.tolist()


def test_the_golden_key_and_ciphertext_are_made_byte_for_byte(golden: dict[str, Any]) -> None:
    vector = golden["rlwe"]
    secret = he.RlweSecretKey.from_bytes(bytes.fromhex(vector["secret_key"]))
    assert secret.to_bytes().hex() == vector["secret_key"]
    assert secret.public_key.digest.hex() == vector["public_key_digest"]
    made = secret.public_key._encrypt_with(np.array(vector["values"]), bytes.fromhex(vector["root"])).to_bytes()
    assert hashlib.sha256(made).hexdigest() == vector["ciphertext_sha256"]
    assert secret.decrypt(secret.public_key.ciphertext(made)).tolist() == vector["values"]


def test_golden_paillier_ciphertexts_are_read_by_arithmetic_alone(
    golden: dict[str, Any], safe_primes: tuple[int, int]
) -> None:
    vector, (p, q) = golden["paillier"], safe_primes
    data = bytes.fromhex(vector["ciphertext"])
    head, digest, max_abs, summands, terms, length = struct.unpack("<7s32sQIIQ", data[:63])
    n, phi = p * q, (p - 1) * (q - 1)
    assert head == b"PZKF\x01\x52\x02"
    assert digest == hashlib.sha256(b"pyzkfl/1 paillier key" + n.to_bytes(256, "little")).digest()
    assert (max_abs, summands, terms, length) == (100, 5, 1, 3)
    m = (pow(int.from_bytes(data[63:], "little"), phi, n * n) - 1) // n * pow(phi, -1, n) % n
    m = m - n if m > n // 2 else m
    assert m == sum(v << (10 * i) for i, v in enumerate(vector["values"]))  # 500 < 2^9
    secret = he.PaillierSecretKey(p, q)
    read = secret.public_key.ciphertext(data)
    assert read.to_bytes() == data
    assert secret.decrypt(read).tolist() == vector["values"]


@pytest.mark.parametrize("members", [1, 3, 10, 100])
@pytest.mark.parametrize(("max_abs", "summands"), [(1, 3), (32767, 10), (32767, 100), (2**40, 1000)])
def test_parameters_keep_128_bits_by_the_standard_and_their_noise_bound(
    max_abs: int, summands: int, members: int
) -> None:
    shape = he.rlwe_parameters(max_abs, summands, members)
    q = 1
    for prime in RLWE_PRIMES[: shape["primes"]]:
        q *= prime
    assert q.bit_length() <= STANDARD[shape["n"]]
    # Worst case: |e u + e1 + e2 s| with |e| <= 21, s and e of `members` parties, and a rounding.
    noise = summands * (21 * (2 * shape["n"] * members + 1) + 1)
    if members > 1:
        assert 2 ** shape["smudge_bits"] >= noise << 64
        noise += members * 2 ** shape["smudge_bits"]
    assert noise < 2 ** shape["noise_bits"]
    assert 2 ** shape["noise_bits"] < q / 2 ** (shape["slots"] * shape["slot_bits"] + 1)
    assert max_abs * summands < 2 ** (shape["slot_bits"] - 1)


def test_100000_values_sum_exactly_and_half_the_bytes_do_for_the_key_s_owner() -> None:
    keys = he.generate("rlwe", holder=he.OneDecryptor(), max_abs=32767, summands=100)
    assert isinstance(keys, he.OwnedKeys)
    values = np.random.default_rng(1).integers(-32767, 32768, size=100_000)
    sent = keys.public.encrypt(values)
    assert sent.nbytes < 10 * len(values)
    own = keys.decryptor.encrypt(values)
    assert own.nbytes < 0.51 * sent.nbytes
    total = keys.public.read(sent.to_bytes()) + keys.public.read(own.to_bytes())
    assert np.array_equal(keys.decryptor.decrypt(total), 2 * values)


def test_a_view_of_an_array_and_a_tensor_s_memory_are_taken_as_they_are() -> None:
    torch = pytest.importorskip("torch")
    secret = he.RlweSecretKey.generate(max_abs=100, summands=1)
    values = np.arange(20, dtype=np.int64)
    assert secret.decrypt(secret.public_key.encrypt(values[::3])).tolist() == values[::3].tolist()
    assert secret.decrypt(secret.public_key.encrypt(values.astype(np.int8))).tolist() == values.tolist()
    assert secret.decrypt(secret.public_key.encrypt(torch.arange(5).numpy())).tolist() == [0, 1, 2, 3, 4]


def test_what_cannot_be_meant_is_refused() -> None:
    secret = he.RlweSecretKey.generate(max_abs=7, summands=2)
    one = secret.public_key.encrypt(np.array([7]))
    with pytest.raises(HeadroomExceeded, match="3 terms"):
        _ = one + one + one
    with pytest.raises(ParameterError, match="different keys"):
        _ = one + he.RlweSecretKey.generate(max_abs=7, summands=2).encrypt(np.array([7]))
    with pytest.raises(ParameterError, match="index 0"):
        secret.public_key.encrypt(np.array([8]))
    with pytest.raises(ParameterError, match="another key"):
        he.RlweSecretKey.generate(max_abs=7, summands=2).decrypt(one)
    with pytest.raises(ParameterError, match="no ring has room"):
        he.rlwe_parameters(1, 2**32 - 1, 255)
    with pytest.raises(DecodeError, match="of Paillier"):
        data = bytearray(one.to_bytes())
        data[6] = 2
        secret.public_key.ciphertext(bytes(data))
