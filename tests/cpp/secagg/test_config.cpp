// The agreed parameters: what is refused, how wide a coordinate is, and that every parameter is in the
// digest.
#include <doctest/doctest.h>

#include <bit>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "secagg/config.h"
#include "secagg/key_schedule.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

std::vector<Ed25519PublicKey> members(size_t n) {
  std::vector<Ed25519PublicKey> keys(n);
  for (size_t i = 0; i < n; ++i) {
    keys[i][0] = static_cast<uint8_t>(i);
    keys[i][1] = static_cast<uint8_t>(i >> 8);
  }
  return keys;
}

Config config(size_t n, size_t threshold, uint64_t length = 10, uint64_t max_abs = 100, uint64_t round = 0,
              uint8_t job = 0, uint32_t attempt = 0) {
  Digest digest{};
  digest[0] = job;
  return Config(digest, round, members(n), threshold, length, max_abs, attempt);
}

}  // namespace

TEST_CASE("a threshold must be more than half of the members and at most all of them") {
  for (size_t n = 3; n <= 12; ++n) {
    for (size_t t = 0; t <= n + 1; ++t) {
      if (2 * t > n && t <= n) {
        CHECK_NOTHROW(config(n, t));
      } else {
        CHECK_THROWS_AS(config(n, t), ParameterError);
      }
    }
  }
}

TEST_CASE("impossible configurations are refused") {
  CHECK_THROWS_AS(config(2, 2), ParameterError);
  CHECK_THROWS_AS(config(0, 0), ParameterError);
  CHECK_THROWS_AS(config(256, 200), ParameterError);
  CHECK_NOTHROW(config(255, 200));
  CHECK_THROWS_AS(config(3, 2, 0), ParameterError);
  CHECK_THROWS_AS(config(3, 2, (uint64_t{1} << 32) + 1), ParameterError);
  CHECK_THROWS_AS(config(3, 2, 1, 0), ParameterError);
  CHECK_NOTHROW(config(4, 3, 1, (uint64_t{1} << 61) - 1));
  CHECK_THROWS_AS(config(4, 3, 1, uint64_t{1} << 61), ParameterError);  // 4 * 2^61 = 2^63
  CHECK_THROWS_AS(config(3, 2, 1, ~uint64_t{0}), ParameterError);
  CHECK_THROWS_AS(config(3, 2, 1, (uint64_t{1} << 63) / 3 + 1), ParameterError);
  auto keys = members(4);
  keys[3] = keys[0];
  CHECK_THROWS_AS(Config(Digest{}, 0, keys, 3, 1, 1), ParameterError);
}

TEST_CASE("a coordinate is as wide as the sum of all members needs and no wider") {
  for (const size_t n : {3U, 4U, 7U, 8U, 100U, 255U}) {
    for (uint64_t max_abs = 1; max_abs < (uint64_t{1} << 54); max_abs = max_abs * 3 + 1) {
      const unsigned b = config(n, n, 1, max_abs).bits();
      CHECK(n * max_abs < uint64_t{1} << (b - 1));
      CHECK(n * max_abs >= uint64_t{1} << (b - 2));
    }
  }
  CHECK(config(4, 3, 1, (uint64_t{1} << 61) - 1).bits() == 64);
}

TEST_CASE("phases need the threshold and never fewer than three") {
  CHECK(config(3, 2).min_clients() == 3);
  CHECK(config(4, 3).min_clients() == 3);
  CHECK(config(8, 5).min_clients() == 5);
  CHECK(config(8, 5).max_corrupt() == 1);
  CHECK(config(100, 67).max_corrupt() == 33);
  CHECK(config(3, 2).max_corrupt() == 0);
  CHECK(config(8, 8).max_corrupt() == 6);  // with seven the sum of all would be the eighth's vector
}

TEST_CASE("every parameter changes the digest") {
  std::set<Digest> digests;
  digests.insert(config(8, 5).digest());
  digests.insert(config(9, 5).digest());
  digests.insert(config(8, 6).digest());
  digests.insert(config(8, 5, 11).digest());
  digests.insert(config(8, 5, 10, 101).digest());
  digests.insert(config(8, 5, 10, 100, 1).digest());
  digests.insert(config(8, 5, 10, 100, 0, 1).digest());
  digests.insert(config(8, 5, 10, 100, 0, 0, 1).digest());
  auto keys = members(8);
  std::swap(keys[0], keys[1]);
  digests.insert(Config(Digest{}, 0, keys, 5, 10, 100).digest());
  CHECK(digests.size() == 9);
  CHECK(config(8, 5).digest() == config(8, 5).digest());
}

TEST_CASE("two members derive the same mask key, and another in every other round, job, attempt and pair") {
  const SecretBytes a_private = SecretBytes::random(32);
  const SecretBytes b_private = SecretBytes::random(32);
  const auto a = x25519_public_key(a_private.span().first<32>());
  const auto b = x25519_public_key(b_private.span().first<32>());
  const SecretBytes ab = x25519_agree(a_private.span().first<32>(), b);
  const SecretBytes ba = x25519_agree(b_private.span().first<32>(), a);
  const auto bytes = [](const SecretBytes& s) { return std::string(s.span().begin(), s.span().end()); };

  const Config base = config(8, 5);
  const std::string key = bytes(derive_pair_mask_key(base, 2, a, 5, b, ab.span()));
  CHECK(key.size() == 32);  // 256 bits, from a cipher's key derivation
  CHECK(bytes(derive_pair_mask_key(base, 5, b, 2, a, ba.span())) == key);

  // The very same X25519 keys elsewhere: no mask is ever used twice.
  std::set<std::string> others = {key};
  for (uint64_t round = 1; round <= 20; ++round) {
    others.insert(bytes(derive_pair_mask_key(config(8, 5, 10, 100, round), 2, a, 5, b, ab.span())));
  }
  others.insert(bytes(derive_pair_mask_key(config(8, 5, 10, 100, 0, 1), 2, a, 5, b, ab.span())));
  others.insert(bytes(derive_pair_mask_key(config(8, 5, 10, 100, 0, 0, 1), 2, a, 5, b, ab.span())));
  others.insert(bytes(derive_pair_mask_key(base, 2, a, 6, b, ab.span())));
  others.insert(bytes(derive_pair_mask_key(base, 1, a, 5, b, ab.span())));
  others.insert(bytes(derive_pair_mask_key(base, 5, a, 2, b, ab.span())));
  // And the same bytes of secret as a self-mask seed give another key still.
  others.insert(bytes(derive_self_mask_key(base, 2, ab.span())));
  others.insert(bytes(derive_self_mask_key(base, 5, ab.span())));
  others.insert(bytes(derive_self_mask_key(config(8, 5, 10, 100, 1), 2, ab.span())));
  CHECK(others.size() == 1 + 20 + 5 + 3);
}

TEST_CASE("the keys for shares differ by direction") {
  const SecretBytes secret = SecretBytes::random(32);
  const X25519PublicKey a{1};
  const X25519PublicKey b{2};
  const Config base = config(8, 5);
  const ShareKey there = derive_share_key(base, 1, a, 2, b, secret.span());
  const ShareKey back = derive_share_key(base, 2, b, 1, a, secret.span());
  CHECK_FALSE(equal_constant_time(there.key(), back.key()));
  CHECK_FALSE(equal_constant_time(there.nonce(), back.nonce()));
}

TEST_CASE("two sessions make up different secrets, and one session secret gives the same ones again") {
  const Config base = config(8, 5);
  const SecretBytes one = SecretBytes::random(32);
  const ClientSecrets x = derive_client_secrets(base, 3, one.span());
  const ClientSecrets again = derive_client_secrets(base, 3, one.span());
  CHECK(x.public_keys.mask_key == again.public_keys.mask_key);
  CHECK(equal_constant_time(x.self_seed.span(), again.self_seed.span()));
  CHECK(equal_constant_time(x.coefficients.span(), again.coefficients.span()));
  CHECK(x.coefficients.size() == 4 * 64);
  for (const ClientSecrets& y : {derive_client_secrets(base, 4, one.span()),
                                 derive_client_secrets(config(8, 5, 10, 100, 1), 3, one.span()),
                                 derive_client_secrets(base, 3, SecretBytes::random(32).span())}) {
    CHECK(x.public_keys.mask_key != y.public_keys.mask_key);
    CHECK(x.public_keys.share_key != y.public_keys.share_key);
    CHECK_FALSE(equal_constant_time(x.self_seed.span(), y.self_seed.span()));
    CHECK_FALSE(equal_constant_time(x.coefficients.span(), y.coefficients.span()));
  }
  // The four secrets of one session have nothing in common.
  CHECK_FALSE(equal_constant_time(x.share_private.span(), x.mask_private.span()));
  CHECK_FALSE(equal_constant_time(x.share_private.span(), x.self_seed.span()));
}
