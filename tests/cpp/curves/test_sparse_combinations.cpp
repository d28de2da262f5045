// Sparse combinations against the plain sum.
#include <doctest/doctest.h>

#include "curves/sparse_combinations.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

struct Matrix {
  std::vector<uint32_t> starts = {0};
  std::vector<uint32_t> points;
  std::vector<Fr> coefficients;

  void entry(size_t point, const Fr& k) {
    points.push_back(static_cast<uint32_t>(point));
    coefficients.push_back(k);
  }
  void end_row() { starts.push_back(static_cast<uint32_t>(points.size())); }
  SparseRows rows() const { return {starts, points, coefficients}; }
};

template <class Point>
void check(size_t n, size_t count) {
  using F = typename Point::Field;
  auto points = naive::points<Point>(n);
  points[0] = Point::infinity();
  points[2] = -points[1];
  points[4] = points[3];
  Matrix m;
  std::vector<Jacobian<F>> expected(count);
  uint64_t state = 3;
  const auto next = [&] { return (state = state * 6364136223846793005u + 1442695040888963407u) >> 33; };
  for (size_t row = 0; row < count; ++row) {
    const size_t entries = row % 11 == 0 ? 0 : row == 1 ? 3 * n : 1 + next() % 6;
    for (size_t e = 0; e < entries; ++e) {
      const size_t which = next() % (e % 2 != 0 ? 5 : n);
      Fr k = next() % 2 != 0 ? Fr::one() : -Fr::one();
      if (next() % 16 == 0) k = Fr::zero();
      if (next() % 32 == 0) k = Fr::from_i64(static_cast<int64_t>(next() % 1000) - 500);
      if (next() % 128 == 0) k = Fr::random();
      m.entry(which, k);
      expected[row] += naive::mul(points[which], k);
    }
    m.end_row();
  }
  CHECK(sparse_combinations(PointBytes<F>(std::span<const Point>(points)), m.rows()) == batch_to_affine(expected));
}

}  // namespace

TEST_CASE("rows of small and large coefficients, empty and long, over equal, opposite and infinite points") {
  check<G1Affine>(50, 2000);
  check<G2Affine>(20, 300);
}

TEST_CASE("rows whose entries cancel are infinity, and rows of one entry are that point") {
  const auto points = naive::points<G1Affine>(3);
  Matrix m;
  m.entry(1, Fr::one());
  m.entry(1, -Fr::one());
  m.end_row();
  m.entry(2, Fr::zero());
  m.end_row();
  m.entry(2, -Fr::one());
  m.end_row();
  m.entry(0, Fr::from_u64(5));
  m.entry(0, -Fr::from_u64(4));
  m.end_row();
  const auto out = sparse_combinations(PointBytes<Fp>(std::span<const G1Affine>(points)), m.rows());
  CHECK(out == std::vector<G1Affine>{G1Affine::infinity(), G1Affine::infinity(), -points[2], points[0]});
  CHECK(sparse_combinations(PointBytes<Fp>(), Matrix{}.rows()).empty());
}

TEST_CASE("malformed rows are refused") {
  const auto points = naive::points<G1Affine>(3);
  const PointBytes<Fp> view{std::span<const G1Affine>(points)};
  Matrix m;
  m.entry(1, Fr::one());
  m.entry(2, Fr::one());
  m.end_row();
  CHECK_NOTHROW(sparse_combinations(view, m.rows()));
  const auto refused = [&](const Matrix& bad) { CHECK_THROWS_AS(sparse_combinations(view, bad.rows()), ParameterError); };
  Matrix bad = m;
  bad.starts.clear();
  refused(bad);
  bad = m;
  bad.starts = {0, 3};
  refused(bad);
  bad.starts = {1, 2};
  refused(bad);
  bad.starts = {0, 2, 1, 2};
  refused(bad);
  bad = m;
  bad.points[1] = 3;
  refused(bad);
  bad = m;
  bad.coefficients.pop_back();
  refused(bad);
}
