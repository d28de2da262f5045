// Sharing over GF(2^8) against a slow, independent evaluation.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

#include "base/random.h"
#include "base/secret.h"
#include "secagg/shamir.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

// Schoolbook: carry-less product, then reduction from the top.
uint8_t slow_mul(uint8_t a, uint8_t b) {
  unsigned product = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((b >> i & 1) != 0) product ^= static_cast<unsigned>(a) << i;
  }
  for (unsigned i = 15; i >= 8; --i) {
    if ((product >> i & 1) != 0) product ^= 0x11bU << (i - 8);
  }
  return static_cast<uint8_t>(product);
}

Bytes random(size_t n) {
  Bytes out(n);
  random_bytes(out);
  return out;
}

std::vector<uint8_t> points_up_to(unsigned n) {
  std::vector<uint8_t> points(n);
  std::iota(points.begin(), points.end(), uint8_t{1});
  return points;
}

Bytes combine(const Bytes& shares, size_t size, const std::vector<uint8_t>& points,
              const std::vector<size_t>& chosen) {
  std::vector<uint8_t> subset;
  std::vector<ByteSpan> parts;
  for (const size_t i : chosen) {
    subset.push_back(points[i]);
    parts.push_back(ByteSpan(shares).subspan(i * size, size));
  }
  Bytes secret(size);
  shamir_combine(secret, shamir_weights_vartime(subset), parts);
  return secret;
}

}  // namespace

TEST_CASE("shares are the values of the polynomial, byte by byte") {
  for (const unsigned n : {2U, 3U, 8U, 255U}) {
    for (const unsigned threshold : {1U, 2U, (n + 1) / 2, n}) {
      const Bytes secret = random(64);
      const Bytes coefficients = random((threshold - 1) * 64);
      const auto points = points_up_to(n);
      Bytes shares(n * 64);
      shamir_split(shares, secret, coefficients, points);
      for (unsigned i = 0; i < n; ++i) {
        for (size_t byte = 0; byte < 64; ++byte) {
          uint8_t value = 0;  // Horner
          for (unsigned j = threshold - 1; j-- > 0;) {
            value = slow_mul(static_cast<uint8_t>(value ^ coefficients[j * 64 + byte]), points[i]);
          }
          REQUIRE(shares[i * 64 + byte] == (value ^ secret[byte]));
        }
      }
    }
  }
}

TEST_CASE("every set of threshold shares gives the secret back, in any order") {
  constexpr unsigned n = 6;
  constexpr unsigned threshold = 4;
  const Bytes secret = random(32);
  const auto points = points_up_to(n);
  Bytes shares(n * 32);
  shamir_split(shares, secret, random((threshold - 1) * 32), points);
  for (unsigned mask = 0; mask < (1U << n); ++mask) {
    std::vector<size_t> chosen;
    for (unsigned i = 0; i < n; ++i) {
      if ((mask >> i & 1) != 0) chosen.push_back(i);
    }
    if (chosen.size() < threshold) continue;
    CHECK(combine(shares, 32, points, chosen) == secret);
    std::ranges::reverse(chosen);
    CHECK(combine(shares, 32, points, chosen) == secret);
  }
}

TEST_CASE("fewer shares than the threshold fit every secret equally well") {
  // Threshold 2, one share seen: for each secret byte there is exactly one coefficient that explains the
  // share, so with a uniform coefficient the share says nothing.
  const auto points = points_up_to(2);
  for (unsigned secret_byte = 0; secret_byte < 256; ++secret_byte) {
    Bytes secret(32, static_cast<uint8_t>(secret_byte));
    std::set<uint8_t> seen;
    for (unsigned coefficient = 0; coefficient < 256; ++coefficient) {
      Bytes shares(64);
      shamir_split(shares, secret, Bytes(32, static_cast<uint8_t>(coefficient)), points);
      seen.insert(shares[32]);
    }
    REQUIRE(seen.size() == 256);
  }
}

TEST_CASE("51 of 100 works with the last points, and with one share changed the secret is another") {
  const Bytes secret = random(64);
  const auto points = points_up_to(100);
  Bytes shares(100 * 64);
  shamir_split(shares, secret, random(50 * 64), points);
  std::vector<size_t> chosen(51);
  std::iota(chosen.begin(), chosen.end(), size_t{49});
  CHECK(combine(shares, 64, points, chosen) == secret);
  shares[70 * 64 + 5] ^= 1;
  CHECK(combine(shares, 64, points, chosen) != secret);
  chosen.pop_back();
  CHECK(combine(shares, 64, points, chosen) != secret);
}

TEST_CASE("sharing refuses what cannot be meant") {
  const Bytes secret(32);
  const std::vector<uint8_t> points = {1, 2, 3};
  Bytes shares(96);
  CHECK_THROWS_AS(shamir_split(shares, Bytes(31), {}, points), ParameterError);
  CHECK_THROWS_AS(shamir_split(shares, {}, {}, points), ParameterError);
  CHECK_THROWS_AS(shamir_split(std::span(shares).first(95), secret, {}, points), ParameterError);
  CHECK_THROWS_AS(shamir_split(shares, secret, Bytes(33), points), ParameterError);
  CHECK_THROWS_AS(shamir_split(shares, secret, Bytes(96), points), ParameterError);  // threshold 4 of 3
  CHECK_THROWS_AS(shamir_split(shares, secret, {}, std::vector<uint8_t>{1, 0, 3}), ParameterError);
  CHECK_THROWS_AS(shamir_split(shares, secret, {}, std::vector<uint8_t>{1, 2, 1}), ParameterError);
  CHECK_THROWS_AS(shamir_weights_vartime(std::vector<uint8_t>{7, 7}), ParameterError);
  CHECK_THROWS_AS(shamir_weights_vartime(std::vector<uint8_t>{0}), ParameterError);
  Bytes out(32);
  const std::vector<ByteSpan> one = {ByteSpan(shares).first(32)};
  CHECK_THROWS_AS(shamir_combine(out, std::vector<uint8_t>{1, 2}, one), ParameterError);
  CHECK_THROWS_AS(shamir_combine(out, {}, {}), ParameterError);
  CHECK_THROWS_AS(shamir_combine(std::span(out).first(31), std::vector<uint8_t>{1}, one), ParameterError);
}
