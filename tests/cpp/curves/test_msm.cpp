// Multi-scalar multiplication against the plain sum.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "base/thread_pool.h"
#include "curves/msm.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

template <class Point>
void check(const std::vector<Point>& points, const std::vector<Fr>& scalars) {
  CHECK(msm(points, scalars) == naive::msm(std::span<const Point>(points), scalars));
}

// For large inputs: the naive sum takes one multiplication a point, so let points be few and repeat, and
// compare with the sum of each one's scalars.
template <class Point>
void check_large(size_t n, const std::vector<Fr>& scalars) {
  const auto few = naive::points<Point>(16);
  std::vector<Point> points(n);
  std::vector<Fr> totals(16);
  uint64_t state = 1;
  for (size_t i = 0; i < n; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const size_t which = state >> 60;
    const bool negative = (state >> 40 & 1) != 0;
    points[i] = negative ? -few[which] : few[which];
    totals[which] += negative ? -scalars[i] : scalars[i];
  }
  CHECK(msm(points, scalars) == naive::msm(std::span<const Point>(few), totals));
}

std::vector<Fr> scalars_of_bits(size_t n, unsigned bits) {
  std::vector<Fr> out(n);
  for (auto& k : out) {
    Limbs v = Fr::random().to_canonical();
    for (size_t i = 0; i < 4; ++i) {
      if (64 * i >= bits)
        v[i] = 0;
      else if (64 * (i + 1) > bits)
        v[i] &= (uint64_t{1} << (bits - 64 * i)) - 1;
    }
    k = Fr::from_canonical(v);
  }
  return out;
}

template <class Point>
void check_edges() {
  CHECK(msm(std::span<const Point>{}, std::span<const Fr>{}).is_infinity());
  for (size_t n : {1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129}) {
    check(naive::points<Point>(n), naive::scalars(n));
  }
  const size_t n = 70;
  const auto points = naive::points<Point>(n);
  const auto scalars = naive::scalars(n);
  check(points, std::vector<Fr>(n));
  check(points, std::vector<Fr>(n, Fr::one()));
  check(points, std::vector<Fr>(n, -Fr::one()));
  check(points, std::vector<Fr>(n, scalars[0]));
  check(std::vector<Point>(n, points[0]), scalars);
  check(std::vector<Point>(n, points[0]), std::vector<Fr>(n, scalars[0]));
  check(std::vector<Point>(n, Point::infinity()), scalars);
  auto mixed = points;
  auto edge = scalars;
  for (size_t i = 0; i + 7 < n; i += 7) {
    mixed[i] = Point::infinity();
    mixed[i + 1] = -mixed[i + 2];
    edge[i + 1] = edge[i + 2];
    mixed[i + 3] = mixed[i + 4];
    edge[i + 3] = -edge[i + 4];
    edge[i + 5] = i % 2 != 0 ? -Fr::one() : Fr::from_u64(i);
    edge[i + 6] = i % 2 != 0 ? Fr::zero() : -Fr::from_u64(i);
  }
  check(mixed, edge);
  CHECK_THROWS_AS(msm(std::span<const Point>(points), std::span(scalars).first(n - 1)), ParameterError);
}

}  // namespace

TEST_CASE(
    "msm agrees with the plain sum: small lengths, equal and opposite points, infinity, special scalars") {
  check_edges<G1Affine>();
  check_edges<G2Affine>();
}

TEST_CASE("msm agrees with the plain sum for large inputs full of equal and opposite points") {
  for (size_t n : {255, 256, 257, 1023, 1024, 1025, 5000, 20000}) {
    check_large<G1Affine>(n, naive::scalars(n));
    check_large<G1Affine>(n, std::vector<Fr>(n, Fr::random()));
  }
  for (size_t n : {257, 3000}) {
    check_large<G2Affine>(n, naive::scalars(n));
    check_large<G2Affine>(n, std::vector<Fr>(n, Fr::random()));
  }
}

TEST_CASE("msm agrees with the plain sum for scalars of every length, and for mixtures like a witness") {
  for (unsigned bits : {1u, 2u, 7u, 8u, 16u, 31u, 32u, 33u, 63u, 64u, 65u, 127u, 128u, 200u, 253u}) {
    check_large<G1Affine>(600, scalars_of_bits(600, bits));
    auto negative = scalars_of_bits(600, bits);
    for (auto& k : negative) k = -k;
    check_large<G1Affine>(600, negative);
    check_large<G2Affine>(300, scalars_of_bits(300, bits));
  }
  std::vector<Fr> witness(6000);
  for (size_t i = 0; i < witness.size(); ++i) {
    if (i % 8 < 4) continue;
    if (i % 8 < 6)
      witness[i] = Fr::one();
    else if (i % 16 == 6)
      witness[i] = -Fr::one();
    else if (i % 16 == 14)
      witness[i] = Fr::from_i64(static_cast<int64_t>(i) * (i % 3 == 0 ? -77 : 5));
    else if (i % 32 == 7)
      witness[i] = Fr::random();
    else
      witness[i] = scalars_of_bits(1, 20 + i % 100)[0];
  }
  check_large<G1Affine>(witness.size(), witness);
  check_large<G2Affine>(witness.size(), witness);
}

TEST_CASE("msm gives the same with one thread and with several") {
  const auto points = naive::points<G1Affine>(3000);
  const auto scalars = naive::scalars(3000);
  const G1 expected = msm(points, scalars);
  for (size_t threads : {1, 2, 3, 8}) {
    set_thread_count(threads);
    CHECK(msm(points, scalars) == expected);
  }
  set_thread_count(0);
}

TEST_CASE("msm of integers agrees with msm of field elements, the smallest integer included") {
  for (size_t n : {0, 1, 2, 100, 2000}) {
    const auto points = naive::points<G1Affine>(n);
    for (int shift : {0, 10, 40, 48, 62}) {
      std::vector<int64_t> integers(n);
      std::vector<Fr> scalars(n);
      for (size_t i = 0; i < n; ++i) {
        integers[i] = static_cast<int64_t>(Fr::random().to_canonical()[0]) >> shift;
        if (i == 0) integers[i] = INT64_MIN;
        if (i == 1) integers[i] = INT64_MAX;
        if (i == 2) integers[i] = 0;
        scalars[i] = Fr::from_i64(integers[i]);
      }
      CHECK(msm_i64(points, integers) == msm(points, scalars));
    }
  }
  const auto points = naive::points<G1Affine>(2);
  const std::vector<int64_t> one = {1};
  CHECK_THROWS_AS(msm_i64(points, one), ParameterError);
}

TEST_CASE("msm of integers of 32 bits agrees with that of 64 bits, at every length and mixed") {
  for (size_t n : {0, 1, 2, 7, 8, 9, 100, 5000}) {
    const auto points = naive::points<G1Affine>(n);
    for (int shift : {0, 8, 15, 16, 17, 24, 25, 30, 31, 64}) {
      std::vector<int32_t> integers(n);
      std::vector<int64_t> wide(n);
      for (size_t i = 0; i < n; ++i) {
        const auto random = static_cast<int32_t>(Fr::random().to_canonical()[0]);
        integers[i] = random >> (shift == 64 ? static_cast<int>(i % 32) : shift);
        if (i == 0) integers[i] = INT32_MIN;
        if (i == 1) integers[i] = INT32_MAX;
        if (i == 2) integers[i] = 0;
        // The ends of classes and windows.
        if (i > 2 && i < 100) integers[i] = (int32_t{1} << (i / 3 % 31)) + static_cast<int32_t>(i % 3) - 1;
        if (i > 2 && i < 100 && n > 100 && i % 2 == 0) integers[i] = -integers[i];
        wide[i] = integers[i];
      }
      CHECK(msm_i32(points, integers) == msm_i64(points, wide));
    }
  }
  // Few that are not zero, of one length and of several.
  const auto points = naive::points<G1Affine>(300);
  for (size_t few : {1, 7, 8, 20}) {
    std::vector<int32_t> integers(300);
    std::vector<int64_t> wide(300);
    for (size_t i = 0; i < few; ++i) wide[13 * i] = integers[13 * i] = (i % 3 == 0 ? 40000 : -3) + static_cast<int32_t>(i);
    CHECK(msm_i32(points, integers) == msm_i64(points, wide));
  }
  for (size_t threads : {1, 2, 3, 8}) {
    set_thread_count(threads);
    std::vector<int32_t> integers(300);
    std::vector<int64_t> wide(300);
    for (size_t i = 0; i < 300; ++i) wide[i] = integers[i] = static_cast<int32_t>(i * i * 31) - 70000;
    CHECK(msm_i32(points, integers) == msm_i64(points, wide));
  }
  set_thread_count(0);
  CHECK_THROWS_AS(msm_i32(points, std::vector<int32_t>(1)), ParameterError);
}

TEST_CASE("the plain sum of points is right, equal and opposite ones included") {
  auto points = naive::points<G1Affine>(1000);
  points[3] = points[2];
  points[5] = -points[4];
  points[9] = G1Affine::infinity();
  G1 expected;
  for (const auto& p : points) expected += p;
  CHECK(sum(points) == expected);
  CHECK(sum(std::span<const G1Affine>{}).is_infinity());
  CHECK(sum(std::vector<G1Affine>(77, points[0])) == naive::mul(points[0], Fr::from_u64(77)));
  const auto q = naive::points<G2Affine>(50);
  G2 expected2;
  for (const auto& p : q) expected2 += p;
  CHECK(sum(q) == expected2);
}

namespace {

// The points as a mapped file may hold them: `shift` bytes off any alignment.
template <class F>
struct Displaced {
  Displaced(std::span<const Affine<F>> points, size_t shift)
      : bytes(points.size_bytes() + 128), view(bytes.data() + shift, points.size()) {
    if (!points.empty()) std::memcpy(bytes.data() + shift, points.data(), points.size_bytes());
  }
  std::vector<uint8_t> bytes;
  PointBytes<F> view;
};

template <class Point>
void check_bytes() {
  using F = typename Point::Field;
  for (const size_t n : {0, 1, 3, 7, 8, 9, 64, 65, 500, 4097}) {
    auto points = naive::points<Point>(n);
    auto scalars = naive::scalars(n);
    for (size_t i = 3; i < n; i += 9) points[i] = Point::infinity();
    for (size_t i = 4; i < n; i += 11) scalars[i] = Fr::from_u64(i % 3);
    const auto expected = msm(std::span<const Point>(points), std::span<const Fr>(scalars));
    const MsmScalars recoded{std::span<const Fr>(scalars)};
    CHECK(recoded.size() == n);
    for (const size_t shift : {0, 1, 4, 8, 63}) {
      const Displaced<F> displaced(points, shift);
      CHECK(msm(displaced.view, std::span<const Fr>(scalars)) == expected);
      CHECK(msm(displaced.view, recoded) == expected);
    }
  }
}

}  // namespace

TEST_CASE("msm takes points at any alignment, as they lie in a mapped key, and scalars recoded before") {
  check_bytes<G1Affine>();
  check_bytes<G2Affine>();
  const auto points = naive::points<G1Affine>(9);
  const auto few = naive::scalars(8);
  const MsmScalars recoded{std::span<const Fr>(few)};
  CHECK_THROWS_AS(msm(PointBytes<Fp>(std::span<const G1Affine>(points)), recoded), ParameterError);
  CHECK_THROWS_AS(msm(PointBytes<Fp>(std::span<const G1Affine>(points)), std::span<const Fr>(few)), ParameterError);
  CHECK_THROWS_AS(PointBytes<Fp>(std::span<const G1Affine>(points)).subspan(3, 7), ParameterError);
}

TEST_CASE("one recoding serves sums over points of both groups") {
  const size_t n = 3000;
  auto a = naive::points<G1Affine>(n);
  const auto b = naive::points<G1Affine>(n);
  const auto c = naive::points<G2Affine>(n);
  const auto scalars = naive::scalars(n);
  for (size_t i = 0; i < n; i += 2) a[i] = G1Affine::infinity();  // a wire that stands in no row of A
  const MsmScalars recoded{std::span<const Fr>(scalars)};
  CHECK(msm(PointBytes<Fp>(std::span<const G1Affine>(a)), recoded) == msm(a, scalars));
  CHECK(msm(PointBytes<Fp>(std::span<const G1Affine>(b)), recoded) == msm(b, scalars));
  CHECK(msm(PointBytes<Fp2>(std::span<const G2Affine>(c)), recoded) == msm(c, scalars));
}

namespace {

// P_i = (i + 1) G, distinct, so that sum k_i P_i = (sum k_i (i + 1)) G whatever the number of terms.
template <class Point>
std::vector<Point> multiples(const Point& g, size_t n) {
  std::vector<Jacobian<typename Point::Field>> out(n);
  out[0] = g;
  for (size_t i = 1; i < n; ++i) out[i] = out[i - 1] + g;
  return batch_to_affine(out);
}

template <class Point>
void check_distinct(const Point& g, size_t n, unsigned bits) {
  using F = typename Point::Field;
  const auto points = multiples(g, n);
  const auto scalars = scalars_of_bits(n, bits);
  Fr total;
  for (size_t i = 0; i < n; ++i) total += scalars[i] * Fr::from_u64(i + 1);
  const Displaced<F> displaced(points, 17);
  CHECK(msm(displaced.view, std::span<const Fr>(scalars)) == naive::mul(g, total));
}

}  // namespace

TEST_CASE("msm of many distinct points, around powers of two: sums kept as columns, and points copied") {
  for (const size_t n : {32767, 65535, 65536, 65537}) check_distinct(g1_generator(), n, 253);
  for (const unsigned bits : {1u, 8u, 16u, 17u}) check_distinct(g1_generator(), 65537, bits);
  check_distinct(g2_generator(), 32769, 253);
  check_distinct(g2_generator(), 8193, 16);
}

TEST_CASE("a key full of equal points, of opposite points in turn, or of nothing but infinity is no trouble") {
  const size_t n = 20000;
  const auto p = naive::points<G1Affine>(1)[0];
  const auto scalars = naive::scalars(n);
  Fr sum, alternating;
  for (size_t i = 0; i < n; ++i) {
    sum += scalars[i];
    alternating += i % 2 == 0 ? scalars[i] : -scalars[i];
  }
  std::vector<G1Affine> points(n, p);
  CHECK(msm(points, scalars) == naive::mul(p, sum));
  CHECK(msm(points, std::vector<Fr>(n, scalars[0])) == naive::mul(p, scalars[0] * Fr::from_u64(n)));
  for (size_t i = 1; i < n; i += 2) points[i] = -p;
  CHECK(msm(points, scalars) == naive::mul(p, alternating));
  CHECK(msm(points, std::vector<Fr>(n, scalars[0])).is_infinity());
  CHECK(msm(std::vector<G1Affine>(n), scalars).is_infinity());
}

TEST_CASE("bytes that are no points do no harm") {
  // A key that nobody checked: the sum means nothing, and that is all.
  const size_t n = 9000;
  std::vector<uint8_t> bytes(n * sizeof(G2Affine));
  uint64_t state = 7;
  for (auto& b : bytes) b = static_cast<uint8_t>((state = state * 6364136223846793005u + 1442695040888963407u) >> 56);
  std::fill(bytes.begin() + 4096, bytes.begin() + 8192, uint8_t{255});
  const auto scalars = naive::scalars(n);
  const MsmScalars recoded{std::span<const Fr>(scalars)};
  CHECK_NOTHROW(msm(PointBytes<Fp>(bytes.data() + 3, n), recoded));
  CHECK_NOTHROW(msm(PointBytes<Fp2>(bytes.data(), n), recoded));
}
