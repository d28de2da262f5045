// Ring-LWE with one holder: exact sums at the edge of the bounds, parameters, encodings, what is refused.
#include <doctest/doctest.h>

#include <random>

#include "he/errors.h"
#include "he/rlwe.h"
#include "he/sampling.h"

using namespace pyzkfl;
using namespace pyzkfl::he;

namespace {

std::vector<int64_t> extreme_values(size_t count, int64_t max_abs, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> out(count);
  for (int64_t& v : out) v = random() % 4 == 0 ? 0 : (random() % 2 == 0 ? max_abs : -max_abs);
  return out;
}

}  // namespace

TEST_CASE("parameters keep to the standard's table and to the bounds of their own page") {
  for (const uint64_t max_abs : {1ULL, 127ULL, 32767ULL, 1ULL << 31, 1ULL << 50}) {
    for (const uint32_t summands : {1U, 10U, 1000U}) {
      for (const unsigned members : {1U, 2U, 10U, 100U, 255U}) {
        const RlweParameters p(Packing(max_abs, summands), members);
        const unsigned log2_q = 50 * p.primes;
        CHECK(log2_q <= (p.n() == 2048 ? 54U : p.n() == 4096 ? 109U : p.n() == 8192 ? 218U : 0U));
        const long double fresh = 21.0L * (2.0L * static_cast<long double>(p.n()) * members + 1) + 1;
        const long double sum = fresh * summands;
        long double noise = sum;
        if (members > 1) {
          CHECK(std::ldexp(1.0L, static_cast<int>(p.smudge_bits)) >= std::ldexp(sum, 64));
          noise += members * std::ldexp(1.0L, static_cast<int>(p.smudge_bits));
        } else {
          CHECK(p.smudge_bits == 0);
        }
        CHECK(noise < std::ldexp(1.0L, static_cast<int>(p.noise_bits)));
        // q > 2^(50 primes - 1): the noise stays below q / 2^(k+1).
        CHECK(p.noise_bits + p.plaintext_bits() + 1 <= log2_q - 1);
      }
    }
  }
  CHECK_THROWS_AS(RlweParameters(Packing(1, 1), 256), ParameterError);
  CHECK_THROWS_AS(RlweParameters(Packing(1, 1), 0), ParameterError);
}

TEST_CASE("as many extreme vectors as the key is for sum exactly, on every ring") {
  for (const uint64_t max_abs : {3ULL, 32767ULL, 1ULL << 40}) {
    const uint32_t summands = 5;
    const RlweParameters parameters(Packing(max_abs, summands), 1);
    const auto key = RlweSecretKey::generate(parameters);
    const size_t count = parameters.values_each() + 11;
    std::vector<int64_t> expected(count), got(count);
    std::optional<RlweVector> sum;
    for (uint32_t i = 0; i < summands; ++i) {
      const auto values = extreme_values(count, static_cast<int64_t>(max_abs), i < 3 ? 1 : i);
      for (size_t j = 0; j < count; ++j) expected[j] += values[j];
      const auto c = i % 2 == 0 ? RlweVector::encrypt(key->public_key(), values) : RlweVector::encrypt(*key, values);
      const auto read = RlweVector::decode(key->public_key(), c.encode());
      sum = sum ? *sum + read : read;
    }
    CHECK(sum->terms() == summands);
    sum->decrypt(got, *key);
    CHECK(got == expected);
    const auto one = RlweVector::encrypt(key->public_key(), extreme_values(count, 1, 9));
    CHECK_THROWS_AS(*sum + one, HeadroomExceeded);
  }
}

TEST_CASE("a noise above the bound is seen, just above it too") {
  const RlweScheme scheme(RlweParameters(Packing(100, 4), 1));
  const Ring& ring = scheme.ring();
  std::vector<int64_t> values(scheme.parameters().values_each(), -100), out(values.size());
  const uint64_t bound = uint64_t{1} << scheme.parameters().noise_bits;
  const auto with_noise = [&](uint64_t noise, bool negative) {
    Polynomial p(ring.words());
    scheme.add_plaintext(p, values);
    for (size_t i = 0; i < ring.primes(); ++i) {
      uint64_t& c = p[i * ring.n() + 17];
      c = (c + (negative ? ring.prime(i) - noise : noise)) % ring.prime(i);
    }
    return scheme.read_plaintext(out, p, 1);
  };
  for (const bool negative : {false, true}) {
    CHECK(with_noise(bound - 2, negative));
    CHECK(out == values);
    CHECK_FALSE(with_noise(bound + bound / 8, negative));
  }
  Polynomial p(ring.words());
  scheme.add_plaintext(p, values);
  CHECK(scheme.read_plaintext(out, p, 1));
  for (int64_t& v : values) v = 101;  // nobody may have encrypted that
  Polynomial wrong(ring.words());
  scheme.add_plaintext(wrong, values);
  CHECK_FALSE(scheme.read_plaintext(out, wrong, 1));
}

TEST_CASE("keys survive their encodings") {
  const auto key = RlweSecretKey::generate(RlweParameters(Packing(7, 3), 1));
  const auto again = RlweSecretKey::decode(key->encode().span());
  const auto pub = RlwePublicKey::decode(again->public_key()->encode());
  CHECK(pub->digest() == key->public_key()->digest());
  const std::vector<int64_t> values = {7, -7, 0};
  std::vector<int64_t> got(3);
  RlweVector::encrypt(pub, values).decrypt(got, *again);
  CHECK(got == values);
}

TEST_CASE("a ciphertext of another key, cut short, prolonged, or with a residue that is not reduced is refused") {
  const auto key = RlweSecretKey::generate(RlweParameters(Packing(7, 3), 1));
  const auto other = RlweSecretKey::generate(RlweParameters(Packing(7, 3), 1));
  const std::vector<int64_t> values = {7, -7, 0};
  for (const bool seeded : {false, true}) {
    const auto c = seeded ? RlweVector::encrypt(*key, values) : RlweVector::encrypt(key->public_key(), values);
    const Bytes good = c.encode();
    CHECK(good.size() == c.encoded_bytes());
    const auto refused = [&](Bytes bytes, const char* why) {
      CHECK_THROWS_WITH_AS((void)RlweVector::decode(key->public_key(), bytes), doctest::Contains(why), DecodeError);
    };
    CHECK_THROWS_WITH_AS((void)RlweVector::decode(other->public_key(), good), doctest::Contains("another key"),
                         DecodeError);
    Bytes bytes = good;
    bytes.pop_back();
    refused(bytes, "wrong number of bytes");
    bytes = good;
    bytes.push_back(0);
    refused(bytes, "wrong number of bytes");
    bytes = good;
    for (size_t i = 0; i < 7; ++i) bytes[bytes.size() - 1 - i] = 0xff;
    refused(bytes, "not below its prime");
    bytes = good;
    bytes[7 + 32 + 8] = 4;
    refused(bytes, "more terms");
    bytes = good;
    bytes[4] = 2;
    CHECK_THROWS_AS((void)RlweVector::decode(key->public_key(), bytes), UnsupportedVersion);
    bytes = good;
    bytes[6] = 2;
    refused(bytes, "of Paillier, not of ring-LWE");
    bytes = good;
    bytes[5] = 80;
    refused(bytes, "a public key, not a ciphertext");
  }
}
