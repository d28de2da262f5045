// Keys in OpenSSL's hands, under valgrind (make test-deep): signing, agreeing, deriving, encrypting branch on none of them.
#include <doctest/doctest.h>

#include <array>

#include "../constant_time.h"
#include "base/aead.h"
#include "base/ed25519.h"
#include "base/hkdf.h"
#include "base/random.h"
#include "base/x25519.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

TEST_CASE("signing is constant time in the key") {
  std::array<uint8_t, 32> seed{};
  random_bytes(seed);
  const Ed25519PublicKey expected = Ed25519PrivateKey::from_seed(seed).public_key();
  make_secret(seed);
  const Ed25519PrivateKey key = Ed25519PrivateKey::from_seed(seed);
  Ed25519PublicKey public_key = key.public_key();
  Ed25519Signature signature = key.sign(as_bytes("message"));
  make_public(public_key);
  make_public(signature);
  CHECK(public_key == expected);
  CHECK(ed25519_verify(public_key, as_bytes("message"), signature));
}

// Deliberate exception: an agreement tells whether its result is zero, which a key of low order makes whatever the secret is.
// OpenSSL branches on that, and on nothing else, in EVP_PKEY_derive; valgrind would report it, so the result is marked after.
TEST_CASE("derivation and encryption are constant time in what was agreed on") {
  std::array<uint8_t, 32> one{}, other{};
  random_bytes(one);
  random_bytes(other);
  SecretBytes agreed = x25519_agree(one, x25519_public_key(other));
  const SecretBytes expected = hkdf_sha256(agreed.span(), {}, as_bytes("info"), 44);
  make_secret(agreed.span().data(), agreed.size());
  SecretBytes derived = hkdf_sha256(agreed.span(), {}, as_bytes("info"), 44);
  const Bytes sealed = aes256_gcm_seal(derived.span().first<32>(), derived.span().subspan<32, 12>(), {}, as_bytes("text"));
  CHECK(sealed.size() == 4 + kAes256GcmTagBytes);
  make_public(derived.span().data(), derived.size());
  CHECK(equal_constant_time(derived.span(), expected.span()));
}
