// The steps that sumchecks are made of against one element at a time, on edge values and lengths about the lanes'.
// (PYZKFL_CPU=generic runs the same tests on the portable ones.)
#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

#include "sumcheck/vector_steps.h"

using namespace pyzkfl;
using namespace pyzkfl::sumcheck;

namespace {

const size_t lengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 255, 256, 257, 513, 1025};

// Mostly 0, 1, -1 and neighbours, some random.
std::vector<Fr> elements(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Fr> out(n);
  for (Fr& v : out) {
    switch (random() % 6) {
      case 0: v = Fr::zero(); break;
      case 1: v = Fr::one(); break;
      case 2: v = -Fr::one(); break;
      case 3: v = Fr::from_montgomery_limbs({1, 0, 0, 0}); break;
      case 4: {  // the largest limbs
        Limbs l = Fr::modulus;
        --l[0];
        v = Fr::from_montgomery_limbs(l);
        break;
      }
      default: v = Fr::random(); break;
    }
  }
  return out;
}

// The largest element everywhere: the sums that come closest to what a column holds.
std::vector<Fr> largest(size_t n) {
  Limbs l = Fr::modulus;
  --l[0];
  return std::vector<Fr>(n, Fr::from_montgomery_limbs(l));
}

std::vector<int32_t> cells(size_t n, uint64_t seed) {
  constexpr int32_t edges[] = {0, 1, -1, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()};
  std::mt19937_64 random(seed);
  std::vector<int32_t> out(n);
  for (int32_t& v : out) {
    const uint64_t k = random() % 7;
    v = k < 5 ? edges[k] : static_cast<int32_t>(random());
  }
  return out;
}

std::vector<std::vector<Fr>> vectors(size_t count, size_t n, bool extreme) {
  std::vector<std::vector<Fr>> out;
  for (size_t i = 0; i < count; ++i) out.push_back(extreme ? largest(n) : elements(n, 31 * n + i));
  return out;
}

}  // namespace

TEST_CASE("rounds add up the value at 0 and the square's coefficient") {
  for (const bool extreme : {false, true}) {
    for (const size_t n : lengths) {
      CAPTURE(n);
      auto v = vectors(9, n, extreme);
      if (extreme) {  // so that differences are as large as they get, too
        for (size_t k = 1; k < 5; ++k) v[k].assign(n, Fr::from_montgomery_limbs({0, 0, 0, 0}));
      }
      const Children low{v[1], v[2], v[3], v[4]}, high{v[5], v[6], v[7], v[8]};
      for (const bool swapped : {false, true}) {
        const Children &a = swapped ? high : low, &b = swapped ? low : high;
        RoundSums expected{Fr::one(), Fr::zero()}, tree = expected, pair_expected{}, pair{};
        for (size_t i = 0; i < n; ++i) {
          expected.at_0 += v[0][i] * (a.p0[i] * a.q1[i] + a.p1[i] * a.q0[i]);
          expected.quadratic += v[0][i] * ((b.p0[i] - a.p0[i]) * (b.q1[i] - a.q1[i]) +
                                           (b.p1[i] - a.p1[i]) * (b.q0[i] - a.q0[i]));
          pair_expected.at_0 += a.p0[i] * a.p1[i];
          pair_expected.quadratic += (b.p0[i] - a.p0[i]) * (b.p1[i] - a.p1[i]);
        }
        add_tree_round(tree, v[0], a, b);
        CHECK(tree.at_0 == expected.at_0);
        CHECK(tree.quadratic == expected.quadratic);
        add_pair_round(pair, a.p0, a.p1, b.p0, b.p1);
        CHECK(pair.at_0 == pair_expected.at_0);
        CHECK(pair.quadratic == pair_expected.quadratic);
      }
    }
  }
}

TEST_CASE("fractions are added") {
  for (const bool extreme : {false, true}) {
    for (const size_t n : lengths) {
      CAPTURE(n);
      auto v = vectors(4, n, extreme);
      std::vector<Fr> p(n + 1), q(n + 1);
      p[n] = q[n] = Fr::from_u64(5);
      add_fractions(std::span(p).first(n), std::span(q).first(n), {v[0], v[1], v[2], v[3]});
      for (size_t i = 0; i < n; ++i) {
        REQUIRE(p[i] == v[0][i] * v[3][i] + v[1][i] * v[2][i]);
        REQUIRE(q[i] == v[2][i] * v[3][i]);
      }
      CHECK(p[n] == Fr::from_u64(5));
      CHECK(q[n] == Fr::from_u64(5));
    }
  }
}

TEST_CASE("cells become elements, scaled and shifted") {
  for (const Fr& factor : elements(6, 1)) {
    for (const Fr& constant : elements(6, 2)) {
      for (const size_t n : lengths) {
        const std::vector<int32_t> c = cells(n, n);
        std::vector<Fr> out(n + 1, Fr::from_u64(5));
        from_cells(std::span(out).first(n), c, factor, constant);
        for (size_t i = 0; i < n; ++i) REQUIRE(out[i] == factor * Fr::from_i64(c[i]) + constant);
        CHECK(out[n] == Fr::from_u64(5));
      }
    }
  }
}

TEST_CASE("cells times weights are summed as integers") {
  for (const bool extreme : {false, true}) {
    for (const size_t n : {size_t{1}, size_t{7}, size_t{8}, size_t{513}, size_t{4095}, size_t{4097}, size_t{8200}}) {
      CAPTURE(n);
      const std::vector<Fr> weights = extreme ? largest(n) : elements(n, n);
      const std::vector<int32_t> c =
          extreme ? std::vector<int32_t>(n, std::numeric_limits<int32_t>::max()) : cells(n, n);
      Fr expected;
      for (size_t i = 0; i < n; ++i) expected += weights[i] * Fr::from_i64(c[i]);
      CHECK(inner_product(c, weights) == expected);
    }
  }
  CHECK(inner_product(std::span<const int32_t>(), elements(3, 3)).is_zero());
}

TEST_CASE("rows of cells are combined, up to the cell in which a column ends") {
  for (const size_t width : {size_t{1}, size_t{4}, size_t{8}, size_t{11}, size_t{64}}) {
    for (const size_t rows : {size_t{1}, size_t{5}, size_t{1025}}) {
      for (const size_t missing : {size_t{0}, size_t{1}, width - 1, width, width + 1}) {
        if (missing > width * rows) continue;
        CAPTURE(width);
        CAPTURE(rows);
        CAPTURE(missing);
        const std::vector<int32_t> c = cells(width * rows - missing, width + rows);
        const std::vector<Fr> weights = rows == 1025 ? largest(rows) : elements(rows, rows);
        std::vector<Fr> out(width, Fr::one()), expected(width, Fr::one());
        for (size_t i = 0; i < c.size(); ++i) expected[i % width] += weights[i / width] * Fr::from_i64(c[i]);
        add_combination(out, c, width, weights);
        CHECK(out == expected);
      }
    }
  }
}

TEST_CASE("tables of eq, small and large, sum to their scale and are products of coordinates") {
  for (const size_t variables : {size_t{0}, size_t{1}, size_t{9}, size_t{12}}) {
    const std::vector<Fr> point = elements(variables, 77);
    std::vector<Fr> small(size_t{1} << variables), large(small);
    eq_table(small, point, Fr::from_u64(3));
    large_eq_table(large, point, Fr::from_u64(3));
    CHECK(small == large);
    for (size_t x = 0; x < small.size(); x += 1 + small.size() / 16) {
      Fr expected = Fr::from_u64(3);
      for (size_t j = 0; j < variables; ++j) expected *= (x >> j & 1) != 0 ? point[j] : Fr::one() - point[j];
      CHECK(small[x] == expected);
    }
  }
}
