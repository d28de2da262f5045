"""phe and TenSEAL behind the interface of pyzkfl.he: the same sums, and the same errors where they cannot be."""

from __future__ import annotations

import numpy as np
import phe
import pytest
import tenseal

from pyzkfl import he
from pyzkfl.errors import DecodeError, HeadroomExceeded, ParameterError, RangeError
from pyzkfl.integrations import phe as for_phe
from pyzkfl.integrations import tenseal as for_tenseal

# --- phe ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> tuple[phe.PaillierPublicKey, phe.PaillierPrivateKey]:
    return phe.generate_paillier_keypair(n_length=2048)


def test_numbers_of_phe_are_encrypted_and_decrypted_as_by_phe(pair) -> None:
    public, private = pair
    values = [0, 1, -1, 2**70, -(2**70), 0.5, -0.1, 1e-9, 3.0]
    for randomness in ("short", "classic"):
        numbers = for_phe.encrypt(public, values, randomness=randomness)
        assert [private.decrypt(number) for number in numbers] == values == for_phe.decrypt(private, numbers)
    theirs = [public.encrypt(value) for value in values]
    assert for_phe.decrypt(private, theirs) == values
    mixed = [ours * 3 + other + 1 for ours, other in zip(numbers, theirs, strict=True)]
    assert for_phe.decrypt(private, mixed) == [private.decrypt(number) for number in mixed]
    assert for_phe.encrypt(public, []) == [] == for_phe.decrypt(private, [])


def test_a_fresh_number_is_random_and_leaves_without_another_blinding(pair) -> None:
    public, _ = pair
    one, two = for_phe.encrypt(public, [5, 5])
    assert one.ciphertext(be_secure=False) != two.ciphertext(be_secure=False)
    assert one.ciphertext() == one.ciphertext()  # phe blinds again only what it thinks is not random


def test_phe_keys_take_packed_sums(pair) -> None:
    _, private = pair
    keys = for_phe.owned_keys(private, max_abs=1000, summands=3)
    sent = [keys.public.encrypt(np.array([i, -10 * i])).to_bytes() for i in (1, 2, 3)]
    first, second, third = map(keys.public.read, sent)
    assert keys.decryptor.decrypt(first + second + third).tolist() == [6, -60]
    with pytest.raises(HeadroomExceeded):
        first + second + third + first
    back = for_phe.private_key(keys.decryptor)
    assert (back.p * back.q, back.public_key) == (private.p * private.q, private.public_key)


def test_what_is_not_of_phe_or_of_another_key_is_refused(pair) -> None:
    public, private = pair
    other, _ = phe.generate_paillier_keypair(n_length=2048)
    with pytest.raises(ParameterError, match="number 1 is under another key"):
        for_phe.decrypt(private, [public.encrypt(1), other.encrypt(1)])
    with pytest.raises(ParameterError, match=r"number 0 is no phe\.EncryptedNumber but int"):
        for_phe.decrypt(private, [7])
    with pytest.raises(ParameterError, match=r"expected a phe\.PaillierPublicKey, got PaillierPrivateKey"):
        for_phe.encrypt(private, [1])
    with pytest.raises(ParameterError, match=r"expected a phe\.PaillierPrivateKey"):
        for_phe.owned_keys(public, max_abs=1, summands=1)
    with pytest.raises(ParameterError, match="bits"):
        for_phe.public_key(phe.generate_paillier_keypair(n_length=1024)[0])
    for bad in (float("nan"), 2**3000):
        with pytest.raises((ValueError, OverflowError)):
            for_phe.encrypt(public, [bad])


# --- TenSEAL -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys() -> he.OwnedKeys:
    return for_tenseal.generate(max_abs=1000, summands=3)


@pytest.mark.parametrize("max_abs, summands", [(1, 1), (32767, 1000), (1 << 30, 1000), (1 << 40, 1 << 16)])
def test_full_sums_at_both_ends_of_the_range_are_exact(max_abs: int, summands: int) -> None:
    """Noise included: as many as the key allows are added, over more than one part."""
    keys = for_tenseal.generate(max_abs=max_abs, summands=summands)
    values = np.full(8193, max_abs, dtype=np.int64)
    values[::2] *= -1
    powers, total = keys.public.encrypt(values), None
    for bit in range(summands.bit_length()):
        if summands >> bit & 1:
            total = powers if total is None else total + powers
        if summands >> (bit + 1):
            powers = powers + powers
    assert total.terms == summands
    np.testing.assert_array_equal(keys.decryptor.decrypt(total), summands * values)
    with pytest.raises(HeadroomExceeded):
        total + keys.public.encrypt(values)


def test_members_with_a_public_copy_contribute_and_only_the_owner_decrypts() -> None:
    modulus = 1032193
    context = tenseal.context(tenseal.SCHEME_TYPE.BFV, poly_modulus_degree=4096, plain_modulus=modulus)
    options = {"max_abs": 30_000, "summands": 4, "plain_modulus": modulus}
    owner = for_tenseal.from_context(context, **options)
    copy = tenseal.context_from(context.serialize(save_secret_key=False))
    member = for_tenseal.from_context(copy, **options)
    sent = member.public.encrypt(np.array([30_000, -7]))
    received = owner.public.read(sent.to_bytes())
    assert owner.decryptor.decrypt(received + received).tolist() == [60_000, -14]
    with pytest.raises(ParameterError, match="no secret key"):
        member.decryptor.decrypt(sent)
    with pytest.raises(ParameterError, match="different keys"):
        received + sent
    with pytest.raises(ParameterError, match="not a ciphertext of this key"):
        owner.decryptor.decrypt(sent)
    with pytest.raises(ParameterError, match="plain modulus above"):
        for_tenseal.from_context(context, max_abs=1 << 18, summands=4, plain_modulus=modulus)
    with pytest.raises(ParameterError, match=r"expected a tenseal.Context, got bytes"):
        for_tenseal.from_context(context.serialize(), **options)


def test_floats_go_through_a_fixed_point() -> None:
    spec = he.FixedPoint(frac=16, max_abs=1 << 16)
    keys = for_tenseal.generate(max_abs=spec.max_abs, summands=2)
    layers = [np.full((2, 2), 0.5), np.array([-0.25])]
    both = keys.public.encrypt(spec.encode(layers)) + keys.public.encrypt(spec.encode(layers))
    mean = spec.decode(keys.decryptor.decrypt(both), like=layers, members=2)
    np.testing.assert_array_equal(mean[0], layers[0])
    np.testing.assert_array_equal(mean[1], layers[1])


def test_values_out_of_range_and_sums_that_cannot_be_are_refused(keys: he.OwnedKeys) -> None:
    for bad in (np.array([0, 1001]), np.array([0, -1001]), np.array([0, np.iinfo(np.int64).min])):
        with pytest.raises(RangeError, match="value 1 is beyond 1000"):
            keys.public.encrypt(bad)
    for bad in (np.zeros((2, 2), dtype=np.int64), np.array([0.5]), np.array([], dtype=np.int64)):
        with pytest.raises(ParameterError, match="one-dimensional array of integers"):
            keys.public.encrypt(bad)
    with pytest.raises(ParameterError, match="3 and 2 values"):
        keys.public.encrypt(np.array([1, 2, 3])) + keys.public.encrypt(np.array([1, 2]))
    with pytest.raises(HeadroomExceeded, match="do not fit TenSEAL"):
        for_tenseal.generate(max_abs=1 << 50, summands=1 << 20)
    for bad in (0, -1, 1.5, True):
        with pytest.raises(ParameterError, match="max_abs is an integer"):
            for_tenseal.generate(max_abs=bad, summands=2)
    # A cheat that encrypts beyond the range through TenSEAL itself is seen when its sum is decrypted.
    core = keys.public.core
    beyond = for_tenseal.Ciphertext(core, [tenseal.bfv_vector(core.context, [2001])], 1, 1)
    with pytest.raises(DecodeError, match="beyond 2000"):
        keys.decryptor.decrypt(beyond + keys.public.encrypt(np.array([0])))


def test_bytes_that_are_no_ciphertext_are_decode_errors(keys: he.OwnedKeys) -> None:
    good = keys.public.encrypt(np.arange(4097) % 1000).to_bytes()
    head = good[:16]
    for bad in (b"", head, good[:-1], good + b"\0", b"PZT2" + good[4:], good[:4] + b"\4\0\0\0" + good[8:],
                good[:4] + bytes(4) + good[8:], good[:8] + bytes(8) + good[16:], head + bytes(len(good) - 16),
                good[:16] + b"\xff\xff\xff\xff" + good[20:], good[:20] + good[24:]):  # fmt: skip
        with pytest.raises(DecodeError):
            keys.public.read(bad)
