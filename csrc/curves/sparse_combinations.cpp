// Sparse combinations (see sparse_combinations.h): the products that are needed, then one sum of groups.
#include "curves/sparse_combinations.h"

#include <algorithm>
#include <bit>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/batch_mul.h"
#include "curves/group_sums.h"
#include "curves/large_array.h"

namespace pyzkfl {
namespace {

void check(const SparseRows& rows, size_t points) {
  const auto& starts = rows.starts;
  if (starts.empty() || starts.front() != 0 || !std::is_sorted(starts.begin(), starts.end()) ||
      starts.back() != rows.points.size() || rows.points.size() != rows.coefficients.size())
    throw ParameterError("sparse_combinations: malformed rows");
  if (points + rows.points.size() >= PointRef::most_points)
    throw ParameterError("sparse_combinations: too many points and entries");
  for (const uint32_t i : rows.points) {
    if (i >= points) throw ParameterError("sparse_combinations: no such point");
  }
}

// The length of k or of -k, whichever is shorter.
unsigned bit_length(const Fr& k) {
  const auto bits = [](const Limbs& v) {
    for (size_t i = 4; i-- > 0;) {
      if (v[i] != 0) return static_cast<unsigned>(64 * i) + static_cast<unsigned>(std::bit_width(v[i]));
    }
    return 0u;
  };
  return std::min(bits(k.to_canonical()), bits((-k).to_canonical()));
}

// An entry that is neither 0, 1 nor -1.
struct Product {
  uint32_t entry;
  unsigned bits;
};

template <class F>
std::vector<Affine<F>> combine(PointBytes<F> points, const SparseRows& rows) {
  check(rows, points.size());
  const Fr minus_one = -Fr::one();
  std::vector<PointRef> terms(rows.points.size());
  std::vector<uint8_t> none(rows.points.size());
  std::vector<Product> products;
  for (size_t e = 0; e < terms.size(); ++e) {
    const Fr& k = rows.coefficients[e];
    terms[e] = PointRef::of(rows.points[e], k == minus_one);
    if (k.is_zero())
      none[e] = 1;
    else if (!k.is_one() && !terms[e].negative())
      products.push_back({static_cast<uint32_t>(e), 0});
  }

  // Multiples stand after the points. Those of like length go together through batch_mul.
  LargeArray<Affine<F>> base;
  PointBytes<F> all = points;
  if (!products.empty()) {
    parallel_for(products.size(), 4096, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) products[i].bits = bit_length(rows.coefficients[products[i].entry]);
    });
    std::stable_sort(products.begin(), products.end(),
                     [](const Product& a, const Product& b) { return a.bits < b.bits; });
    base = LargeArray<Affine<F>>(points.size() + products.size());
    std::vector<Fr> scalars(products.size());
    for (size_t i = 0; i < points.size(); ++i) base[i] = points[i];
    for (size_t i = 0; i < products.size(); ++i) {
      const uint32_t entry = products[i].entry;
      base[points.size() + i] = points[rows.points[entry]];
      scalars[i] = rows.coefficients[entry];
      terms[entry] = PointRef::of(points.size() + i);
    }
    batch_mul(base.span().subspan(points.size()), scalars);
    all = PointBytes<F>(std::as_const(base).span());
  }

  // Rows without their zeros.
  std::vector<Group> groups;
  groups.reserve(rows.starts.size() - 1);
  uint32_t used = 0;
  for (uint32_t row = 0; row + 1 < rows.starts.size(); ++row) {
    const uint32_t begin = used;
    for (uint32_t e = rows.starts[row]; e < rows.starts[row + 1]; ++e) {
      if (none[e] == 0) terms[used++] = terms[e];
    }
    if (used != begin) groups.push_back({row, begin, used - begin});
  }
  terms.resize(used);
  LargeArray<LoosePoint<F>> sums(rows.starts.size() - 1);
  sum_groups<F>(sums.span(), all, terms, groups, find_infinities(all));
  std::vector<Affine<F>> out(sums.size());
  parallel_for(out.size(), 4096, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) out[i] = sums[i].reduced();
  });
  return out;
}

}  // namespace

std::vector<G1Affine> sparse_combinations(PointBytes<Fp> points, const SparseRows& rows) {
  return combine(points, rows);
}
std::vector<G2Affine> sparse_combinations(PointBytes<Fp2> points, const SparseRows& rows) {
  return combine(points, rows);
}

}  // namespace pyzkfl
