// Neighbours, thresholds and the wide Shamir sharing of standing plans.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

#include "base/errors.h"
#include "base/random.h"
#include "base/secret.h"
#include "secagg/standing/neighbours.h"
#include "secagg/standing/parameters.h"
#include "secagg/standing/wide_shamir.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

Assumptions against(size_t n, double dropout, double corrupt, Adversary adversary = Adversary::active) {
  return {n, dropout, corrupt, adversary, 40, 30};
}

// P[X >= x] by counting subsets, for small populations.
double counted_tail(size_t population, size_t marked, size_t draws, size_t x) {
  size_t hits = 0;
  size_t all = 0;
  for (size_t bits = 0; bits < size_t{1} << population; ++bits) {
    if (static_cast<size_t>(std::popcount(bits)) != draws) continue;
    ++all;
    hits += static_cast<size_t>(std::popcount(bits & ((size_t{1} << marked) - 1))) >= x ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(all);
}

uint16_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) product ^= a;
    a <<= 1;
    if ((a & 0x10000) != 0) a ^= 0x1100b;
  }
  return static_cast<uint16_t>(product);
}

}  // namespace

TEST_CASE("hypergeometric tails are those that counting subsets gives") {
  for (size_t population = 4; population <= 12; population += 4) {
    for (size_t marked = 0; marked <= population; marked += 2) {
      for (size_t draws = 0; draws <= population; draws += 3) {
        for (size_t x = 0; x <= draws + 1; ++x) {
          const double counted = counted_tail(population, marked, draws, x);
          CAPTURE(population);
          CAPTURE(marked);
          CAPTURE(draws);
          CAPTURE(x);
          CHECK(std::exp2(log2_hypergeometric_tail(population, marked, draws, x)) ==
                doctest::Approx(counted).epsilon(1e-9));
        }
      }
    }
  }
  // Far in the tail, where a simulation sees nothing: C(50, 50) C(950, 0) / C(1000, 50) by hand.
  const double by_hand =
      (std::lgamma(51.0) + std::lgamma(951.0) - std::lgamma(1001.0)) / std::log(2.0);
  CHECK(log2_hypergeometric_tail(1000, 50, 50, 50) == doctest::Approx(by_hand).epsilon(1e-12));
}

TEST_CASE("the chosen neighbourhood keeps what is asked, and two neighbours fewer do not") {
  for (const Adversary adversary : {Adversary::semi_honest, Adversary::active}) {
    for (const size_t n : {100, 1000, 15000}) {
      for (const double dropout : {0.05, 0.3}) {
        const Assumptions a = against(n, dropout, 0.05, adversary);
        const Neighbourhood chosen = choose_neighbourhood(a);
        CAPTURE(n);
        CAPTURE(chosen.k);
        CAPTURE(chosen.t);
        CHECK(chosen.security_bits >= 40);
        CHECK(chosen.correctness_bits >= 30);
        CHECK(chosen.min_survivors == n - a.dropped());
        CHECK(log2_correctness_failure(a, chosen.k, chosen.t + 1) > -30);
        for (size_t t = 2; t <= chosen.k - 1; ++t) {
          CHECK_FALSE((log2_privacy_failure(a, chosen.k - 2, t) <= -40 &&
                       log2_correctness_failure(a, chosen.k - 2, t) <= -30));
        }
      }
    }
  }
}

TEST_CASE("small plans are the complete graph with the thresholds of one-round sessions") {
  const Neighbourhood eight = choose_neighbourhood(against(8, 0.38, 0.125));
  CHECK(eight.k == 7);
  CHECK(eight.t == 5);
  CHECK(eight.complete(8));
  CHECK(std::isinf(eight.security_bits));
  CHECK(std::isinf(eight.correctness_bits));
}

TEST_CASE("a plan that no graph protects is refused, and so is a neighbourhood that is too weak") {
  CHECK_THROWS_AS(choose_neighbourhood(against(100, 0.5, 0.05)), ParameterError);
  CHECK_THROWS_AS(choose_neighbourhood(against(100, 0.3, 0.45)), ParameterError);
  CHECK_THROWS_AS(choose_neighbourhood(against(3, 0.34, 0.4)), ParameterError);  // two survivors are too few
  CHECK_THROWS_AS(choose_neighbourhood(against(2, 0, 0)), ParameterError);
  CHECK_THROWS_AS(choose_neighbourhood(against(65535, 0, 0)), ParameterError);
  CHECK_THROWS_AS(choose_neighbourhood(against(10, 1, 0)), ParameterError);
  CHECK_THROWS_AS(choose_neighbourhood(against(10, std::nan(""), 0)), ParameterError);
  const Assumptions a = against(1000, 0.05, 0.05);
  const Neighbourhood good = choose_neighbourhood(a);
  CHECK(check_neighbourhood(a, good.k, good.t).k == good.k);
  CHECK_THROWS_AS(check_neighbourhood(a, good.k, good.k / 2), ParameterError);  // both shares of a member
  CHECK_THROWS_AS(check_neighbourhood(a, good.k, good.k + 1), ParameterError);  // loses rounds
  CHECK_THROWS_AS(check_neighbourhood(a, good.k - 1, good.t), ParameterError);  // odd
  CHECK_THROWS_AS(check_neighbourhood(a, 20, 15), ParameterError);
  CHECK_THROWS_AS(check_neighbourhood(a, 1000, 600), ParameterError);
}

TEST_CASE("the ring is symmetric, k-regular and another one for another seed") {
  for (const auto& [n, k] : {std::pair<size_t, size_t>{12, 4}, {7, 6}, {100, 38}, {6, 5}, {6, 2}}) {
    const Neighbours graph(n, k, Digest{1});
    for (Index i = 0; i < n; ++i) {
      const std::vector<Index> mine = graph.of(i);
      CHECK(mine.size() == k);
      CHECK(std::ranges::is_sorted(mine));
      CHECK(std::set<Index>(mine.begin(), mine.end()).size() == k);
      CHECK(graph.holders(i).size() == k + 1);
      for (Index j = 0; j < n; ++j) {
        CHECK(graph.adjacent(i, j) == std::ranges::binary_search(mine, j));
        CHECK(graph.adjacent(i, j) == graph.adjacent(j, i));
      }
    }
    CHECK(graph.committee().size() == k + 1);
  }
  CHECK(Neighbours(100, 10, Digest{1}).of(0) != Neighbours(100, 10, Digest{2}).of(0));
  CHECK(Neighbours(100, 10, Digest{1}).of(0) == Neighbours(100, 10, Digest{1}).of(0));
  CHECK_THROWS_AS(Neighbours(100, 11, Digest{1}), ParameterError);
  CHECK_THROWS_AS(Neighbours(10, 10, Digest{1}), ParameterError);
}

TEST_CASE("every place of the ring is equally likely for every member") {
  constexpr size_t kSeeds = 4000;
  std::array<size_t, 5> next_to_zero{};
  for (size_t s = 0; s < kSeeds; ++s) {
    Digest seed{};
    seed[0] = static_cast<uint8_t>(s);
    seed[1] = static_cast<uint8_t>(s >> 8);
    for (const Index j : Neighbours(5, 2, seed).of(0)) ++next_to_zero[j];
  }
  for (size_t j = 1; j < 5; ++j) {  // 2000 expected, deviation 32
    CHECK(next_to_zero[j] > 1800);
    CHECK(next_to_zero[j] < 2200);
  }
}

TEST_CASE("wide shares: any t give the secret, and fewer do not") {
  const std::vector<uint16_t> points = {1, 2, 3, 300, 4096, 65535};
  constexpr size_t t = 3;
  const SecretBytes secret = SecretBytes::random(64);
  const SecretBytes coefficients = SecretBytes::random((t - 1) * 64);
  Bytes shares(points.size() * 64);
  wide_shamir_split(shares, secret.span(), coefficients.span(), points);
  for (size_t bits = 0; bits < 64; ++bits) {
    std::vector<uint16_t> chosen;
    std::vector<ByteSpan> parts;
    for (size_t i = 0; i < points.size(); ++i) {
      if ((bits >> i & 1) == 0) continue;
      chosen.push_back(points[i]);
      parts.push_back(ByteSpan(shares).subspan(i * 64, 64));
    }
    if (chosen.empty()) continue;
    Bytes back(64);
    wide_shamir_combine(back, wide_shamir_weights_vartime(chosen), parts);
    CHECK(std::ranges::equal(back, secret.span()) == (chosen.size() >= t));
  }
}

TEST_CASE("a share is the polynomial's value, element by element") {
  Bytes secret(32);
  Bytes coefficients(64);
  random_bytes(secret);
  random_bytes(coefficients);
  const std::vector<uint16_t> points = {1, 77, 40000};
  Bytes shares(3 * 32);
  wide_shamir_split(shares, secret, coefficients, points);
  const auto element = [](const Bytes& bytes, size_t at) {
    return static_cast<uint16_t>(bytes[2 * at] | bytes[2 * at + 1] << 8);
  };
  for (size_t p = 0; p < 3; ++p) {
    for (size_t e = 0; e < 16; ++e) {
      const uint16_t x = points[p];
      const uint16_t expected = element(secret, e) ^ multiply(element(coefficients, e), x) ^
                                multiply(element(coefficients, 16 + e), multiply(x, x));
      CHECK(element(shares, p * 16 + e) == expected);
    }
  }
}

TEST_CASE("weights by transform are Lagrange's products, around every power of two") {
  for (const size_t count : {1, 2, 3, 15, 16, 17, 127, 128, 300}) {
    std::vector<uint16_t> points(count);
    for (size_t i = 0; i < count; ++i) points[i] = static_cast<uint16_t>(1 + 3 * i);
    const std::vector<uint16_t> weights = wide_shamir_weights_vartime(points);
    for (size_t i = 0; i < count; ++i) {
      uint16_t numerator = 1;
      uint16_t denominator = 1;
      for (size_t j = 0; j < count; ++j) {
        if (j == i) continue;
        numerator = multiply(numerator, points[j]);
        denominator = multiply(denominator, points[j] ^ points[i]);
      }
      CHECK(multiply(weights[i], denominator) == numerator);
    }
  }
  CHECK_THROWS_AS(wide_shamir_weights_vartime(std::vector<uint16_t>{1, 0}), ParameterError);
  CHECK_THROWS_AS(wide_shamir_weights_vartime(std::vector<uint16_t>{5, 5}), ParameterError);
}

TEST_CASE("wide sharing refuses sizes that do not fit together") {
  Bytes secret(32);
  Bytes shares(64);
  const std::vector<uint16_t> two = {1, 2};
  CHECK_THROWS_AS(wide_shamir_split(shares, ByteSpan(secret).first(31), {}, two), ParameterError);
  CHECK_THROWS_AS(wide_shamir_split(std::span(shares).first(63), secret, {}, two), ParameterError);
  CHECK_THROWS_AS(wide_shamir_split(shares, secret, Bytes(64), two), ParameterError);
  const std::vector<ByteSpan> one = {ByteSpan(secret)};
  CHECK_THROWS_AS(wide_shamir_combine(secret, std::vector<uint16_t>{1, 2}, one), ParameterError);
  CHECK_THROWS_AS(wide_shamir_combine(secret, std::vector<uint16_t>{}, {}), ParameterError);
}
