"""Paillier beside phe (GPL, a test-time oracle): each decrypts the other's; packed vectors; what is refused."""

from __future__ import annotations

import random

import numpy as np
import phe
import pytest

from pyzkfl import he
from pyzkfl.errors import DecodeError, HeadroomExceeded, ParameterError, PyzkflError, UnsupportedVersion


def both(secret: he.PaillierSecretKey) -> tuple[phe.PaillierPublicKey, phe.PaillierPrivateKey]:
    public = phe.PaillierPublicKey(secret.public_key.n)
    return public, phe.PaillierPrivateKey(public, *secret.primes())


@pytest.mark.parametrize("randomness", ["short", "classic"])
def test_phe_decrypts_ours_and_we_decrypt_phe_s(paillier: he.PaillierSecretKey, randomness: str) -> None:
    n = paillier.public_key.n
    messages = [0, 1, n - 1, n // 2, *(random.Random(5).randrange(n) for _ in range(7))]
    public, private = both(paillier)
    ours = paillier.public_key.raw_encrypt(messages, randomness)
    assert [private.raw_decrypt(c) for c in ours] == messages
    theirs = [public.raw_encrypt(m) for m in messages]
    assert paillier.raw_decrypt(theirs) == messages
    mixed = paillier.public_key.raw_add(ours, theirs)
    assert [private.raw_decrypt(c) for c in mixed] == [2 * m % n for m in messages]
    signed = phe.EncryptedNumber(public, ours[2])  # n - 1 stands for -1, as in phe
    assert private.decrypt(signed) == -1


def test_keys_of_3072_bits_go_both_ways_too() -> None:
    public, private = phe.generate_paillier_keypair(n_length=3072)
    ours = he.PaillierSecretKey(private.p, private.q)
    assert ours.public_key.n == public.n
    assert ours.raw_decrypt([public.raw_encrypt(12345)]) == [12345]
    assert [private.raw_decrypt(c) for c in ours.public_key.raw_encrypt([7, 8])] == [7, 8]


def test_a_generated_key_is_one_that_phe_takes() -> None:
    secret = he.PaillierSecretKey.generate(2048)
    assert secret.public_key.n.bit_length() == 2048
    _, private = both(secret)
    assert private.raw_decrypt(secret.public_key.raw_encrypt([3])[0]) == 3
    assert he.PaillierPublicKey.from_bytes(secret.public_key.to_bytes()).digest == secret.public_key.digest


def test_a_packed_ciphertext_holds_what_its_packing_says(paillier: he.PaillierSecretKey) -> None:
    """phe decrypts the packed integer; its digits are the values, by Python's own integers."""
    values = np.array([5, -3, 0, -32767, 32767, -1, 0], dtype=np.int64)
    sent = paillier.public_key.encrypt(values, max_abs=32767, summands=10)
    (packed,) = [both(paillier)[1].raw_decrypt(c) for c in sent.raw()]
    n = paillier.public_key.n
    signed = packed - n if packed > n // 2 else packed
    assert sent.slot_bits == 20  # 10 * 32767 < 2^19
    assert signed == sum(int(v) << (20 * i) for i, v in enumerate(values))


def test_100000_values_of_16_bits_take_less_than_6_bytes_each_and_sum_exactly(paillier: he.PaillierSecretKey) -> None:
    values = np.random.default_rng(3).integers(-32767, 32768, size=100_000)
    first = paillier.public_key.encrypt(values, max_abs=32767, summands=100)
    assert first.nbytes < 6 * len(values)
    total = first + first + paillier.public_key.ciphertext(first.to_bytes())
    assert total.terms == 3
    assert np.array_equal(paillier.decrypt(total), 3 * values)


def test_a_sum_past_its_headroom_is_refused(paillier: he.PaillierSecretKey) -> None:
    one = paillier.public_key.encrypt(np.array([7]), max_abs=7, summands=2)
    with pytest.raises(HeadroomExceeded, match="3 terms"):
        _ = one + one + one
    for other in (
        paillier.public_key.encrypt(np.array([7]), max_abs=8, summands=2),
        paillier.public_key.encrypt(np.array([7, 1]), max_abs=7, summands=2),
        he.PaillierSecretKey.generate(2048).public_key.encrypt(np.array([7]), max_abs=7, summands=2),
    ):
        with pytest.raises(ParameterError, match="different"):
            _ = one + other


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (np.array([1.5]), "signed integers"),
        (np.array([[1]]), "one-dimensional"),
        (np.array([0, 8]), "index 1"),
        (np.array([], dtype=np.int64), "no values"),
        (np.array([2**63], dtype=np.uint64), "signed integers"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(
    paillier: he.PaillierSecretKey, values: np.ndarray, complaint: str
) -> None:
    with pytest.raises(ParameterError, match=complaint):
        paillier.public_key.encrypt(values, max_abs=7, summands=2)


def test_a_ciphertext_with_any_byte_of_its_head_changed_is_refused_or_another(paillier: he.PaillierSecretKey) -> None:
    good = paillier.public_key.encrypt(np.array([7, -7]), max_abs=7, summands=2).to_bytes()
    for at in range(63):
        for bit in (1, 128):
            data = bytearray(good)
            data[at] ^= bit
            try:
                read = paillier.public_key.ciphertext(bytes(data))
            except DecodeError:
                continue
            assert (read.max_abs, read.summands, read.terms, len(read)) != (7, 2, 1, 2)
    for data in (good[:-1], good + b"\0", good[:10], b""):
        with pytest.raises(DecodeError):
            paillier.public_key.ciphertext(data)
    with pytest.raises(UnsupportedVersion, match="version 9"):
        paillier.public_key.ciphertext(good[:4] + b"\x09" + good[5:])


def test_a_ciphertext_of_another_scheme_or_key_or_no_unit_is_refused(paillier: he.PaillierSecretKey) -> None:
    rlwe = he.RlweSecretKey.generate(max_abs=7, summands=2)
    with pytest.raises(DecodeError, match="of ring-LWE, not of Paillier"):
        paillier.public_key.ciphertext(rlwe.encrypt(np.array([1])).to_bytes())
    good = paillier.public_key.encrypt(np.array([7]), max_abs=7, summands=2).to_bytes()
    with pytest.raises(DecodeError, match="another key"):
        he.PaillierSecretKey.generate(2048).public_key.ciphertext(good)
    n = paillier.public_key.n
    for bad, why in ((0, "between 1"), (n * n, "between 1"), (n, "not invertible"), (paillier.primes()[0], "not inv")):
        with pytest.raises(DecodeError, match=why):
            paillier.public_key.ciphertext(good[:63] + bad.to_bytes(512, "little"))


def test_a_value_smuggled_past_the_range_is_seen_when_it_is_decrypted(paillier: he.PaillierSecretKey) -> None:
    good = paillier.public_key.encrypt(np.array([7]), max_abs=7, summands=3).to_bytes()
    (smuggled,) = paillier.public_key.raw_encrypt([8])
    with pytest.raises(DecodeError, match="outside"):
        paillier.decrypt(paillier.public_key.ciphertext(good[:63] + smuggled.to_bytes(512, "little")))


def test_a_bad_modulus_names_what_is_wrong_with_it(safe_primes: tuple[int, int]) -> None:
    p, q = safe_primes
    for n, why in ((p * p, "is a power"), (p * q - 1, "below 65536"), (p, "bits"), (0, "bits"), (2**5000, "bits")):
        with pytest.raises(ParameterError, match=why):
            he.PaillierPublicKey(n)
    with pytest.raises(ParameterError, match="equal"):
        he.PaillierSecretKey(p, p)
    with pytest.raises(ParameterError):
        he.PaillierSecretKey(-p, q)


def test_secrets_stay_out_of_texts(paillier: he.PaillierSecretKey) -> None:
    assert str(paillier.primes()[0]) not in repr(paillier)
    with pytest.raises(PyzkflError) as caught:
        paillier.public_key.encrypt(np.array([123456789]), max_abs=7, summands=2)
    assert "123456789" not in str(caught.value)
