// The bucket method (see bucket_method.h): digits, sorted terms, bucket sums, weighted sums.
#include "curves/bucket_method.h"

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "curves/group_sums.h"
#include "curves/signed_windows.h"

namespace pyzkfl {
namespace {

// Buckets of one window, by the absolute value of the digit: 1 .. 2^(c-1). Bucket 0 stays empty.
size_t bucket_count(unsigned window_bits) { return (size_t{1} << (window_bits - 1)) + 1; }

// Digits and sorted terms of that many windows are held at once.
constexpr size_t most_sorted_terms = size_t{1} << 23;

// Fills `out` (all windows' buckets, one after the other) from the windows [first, first + count).
template <class F>
class BucketFiller {
 public:
  BucketFiller(std::span<PackedPoint<F>> out, std::span<const PackedPoint<F>> points,
               std::span<const Limbs> shifted, const SignedWindows& windows)
      : out_(out), points_(points), shifted_(shifted), windows_(windows) {}

  void fill(size_t first, size_t count) {
    const size_t n = points_.size();
    const size_t buckets = bucket_count(windows_.window_bits());
    // Digits, transposed: a window's digits one after the other.
    std::vector<int32_t> digits(count * n);
    parallel_for(n, 1024, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        for (size_t w = 0; w < count; ++w) digits[w * n + i] = windows_.digit(shifted_[i], first + w);
      }
    });
    // Each window's terms, sorted by bucket (counting sort).
    std::vector<PointRef> sorted(count * n);
    std::vector<std::vector<Group>> groups(count);
    parallel_for(count, 1, [&](size_t begin, size_t end) {
      std::vector<uint32_t> next(buckets);
      for (size_t w = begin; w < end; ++w) {
        const std::span own = std::span(digits).subspan(w * n, n);
        std::fill(next.begin(), next.end(), 0);
        for (const int32_t d : own) ++next[static_cast<size_t>(std::abs(d))];
        uint32_t at = 0;
        next[0] = 0;
        for (size_t b = 1; b < buckets; ++b) {
          const uint32_t size = next[b];
          if (size != 0) groups[w].push_back({(first + w) * buckets + b, w * n + at, size});
          next[b] = at;
          at += size;
        }
        for (size_t i = 0; i < n; ++i) {
          const int32_t d = own[i];
          if (d != 0) sorted[w * n + next[static_cast<size_t>(std::abs(d))]++] = PointRef::of(i, d < 0);
        }
      }
    });
    std::vector<Group> all;
    for (const auto& list : groups) all.insert(all.end(), list.begin(), list.end());
    sum_groups<F>(out_, points_.data(), sorted, all);
  }

 private:
  std::span<PackedPoint<F>> out_;
  std::span<const PackedPoint<F>> points_;
  std::span<const Limbs> shifted_;
  const SignedWindows& windows_;
};

// Terms and groups under construction: each non-empty point of `base` goes to the groups that the caller
// names.
template <class F>
struct GroupList {
  std::vector<PointRef> terms;
  std::vector<Group> groups;

  // The points base[at(0)], base[at(1)], .. base[at(n - 1)] that are not infinity.
  template <class At>
  void add(size_t key, const std::vector<PackedPoint<F>>& base, size_t n, const At& at) {
    const size_t begin = terms.size();
    for (size_t i = 0; i < n; ++i) {
      const size_t index = at(i);
      if (!base[index].is_infinity()) terms.push_back(PointRef::of(index));
    }
    if (terms.size() > begin) groups.push_back({key, begin, terms.size() - begin});
  }
};

// sum_b b buckets[b] for each window, as c points T_0 .. T_(c-1) a window with sum_e 2^e T_e.
//
// Not by running sums, which no batch can share: with b = 2^k h + l the sums of rows (equal h) and columns
// (equal l) are taken first, and then, for each bit of h and of l, the sum of those rows and columns that
// have the bit.
template <class F>
std::vector<PackedPoint<F>> weigh(const std::vector<PackedPoint<F>>& buckets, size_t windows, unsigned c) {
  const size_t count = bucket_count(c);
  const unsigned k = c / 2;
  const size_t columns = size_t{1} << k;
  const size_t rows = (count - 1) / columns + 1;
  const size_t lines = rows + columns;

  std::vector<PackedPoint<F>> line_sums(windows * lines);
  {
    GroupList<F> list;
    list.terms.reserve(2 * buckets.size());
    for (size_t w = 0; w < windows; ++w) {
      const size_t base = w * count;
      for (size_t h = 1; h < rows; ++h) {
        const size_t length = std::min(columns, count - h * columns);
        list.add(w * lines + h, buckets, length, [&](size_t l) { return base + h * columns + l; });
      }
      for (size_t l = 1; l < columns; ++l) {
        const size_t length = l < count ? (count - 1 - l) / columns + 1 : 0;
        list.add(w * lines + rows + l, buckets, length, [&](size_t h) { return base + h * columns + l; });
      }
    }
    sum_groups<F>(std::span(line_sums), buckets.data(), list.terms, list.groups);
  }

  std::vector<PackedPoint<F>> weighted(windows * c);
  GroupList<F> list;
  for (size_t w = 0; w < windows; ++w) {
    for (unsigned e = 0; e < c; ++e) {
      const size_t base = w * lines + (e < k ? rows : 0);
      const size_t length = e < k ? columns : rows;
      const size_t bit = size_t{1} << (e < k ? e : e - k);
      // The numbers below `length` that have the bit: those below half of it, with the bit put in.
      size_t having = 0;
      for (size_t i = 0; i < length; ++i) having += (i & bit) != 0;
      list.add(w * c + e, line_sums, having,
               [&](size_t i) { return base + ((i & ~(bit - 1)) << 1 | bit | (i & (bit - 1))); });
    }
  }
  sum_groups<F>(std::span(weighted), line_sums.data(), list.terms, list.groups);
  return weighted;
}

}  // namespace

BucketPlan plan_buckets(std::span<const size_t> counts) {
  // In additions. A bucket is added to a row and a column; each window's last sums take some more, alone in
  // their batches; and a doubling and an addition in Jacobian coordinates stand at the end for each bit.
  constexpr double bucket = 2.2, window = 250;
  const unsigned bits = static_cast<unsigned>(counts.size()) - 1;
  BucketPlan best = {2, 1e300};
  for (unsigned c = 2; c <= 18; ++c) {
    const double windows = static_cast<double>(SignedWindows::window_count(bits, c));
    double cost = windows * (bucket * static_cast<double>(bucket_count(c)) + window);
    for (unsigned b = 1; b <= bits; ++b) {
      if (counts[b] != 0) cost += static_cast<double>(counts[b] * SignedWindows::window_count(b, c));
    }
    if (cost < best.cost) best = {c, cost};
  }
  return best;
}

template <class F>
Jacobian<F> bucket_method(std::span<const Affine<F>> points, std::span<const MsmTerm> terms, unsigned bits,
                          unsigned window_bits) {
  const AffineKernel<F>& kernel = affine_kernel<F>();
  const SignedWindows windows(bits, window_bits);
  const size_t n = terms.size();

  std::vector<PackedPoint<F>> packed(n);
  std::vector<Limbs> shifted(n);
  parallel_for(n, 1024, [&](size_t begin, size_t end) {
    std::vector<PointRef> refs(end - begin);
    for (size_t i = begin; i < end; ++i) {
      refs[i - begin] = terms[i].point;
      shifted[i] = windows.shifted(terms[i].magnitude);
    }
    kernel.import_points(std::span(packed).subspan(begin, end - begin), points, refs);
  });

  std::vector<PackedPoint<F>> buckets(windows.count() * bucket_count(window_bits));
  BucketFiller<F> filler(buckets, packed, shifted, windows);
  const size_t step = std::clamp<size_t>(most_sorted_terms / std::max<size_t>(n, 1), 1, windows.count());
  for (size_t w = 0; w < windows.count(); w += step) filler.fill(w, std::min(step, windows.count() - w));

  const std::vector<PackedPoint<F>> weighted = weigh<F>(buckets, windows.count(), window_bits);
  std::vector<Affine<F>> bit_sums(weighted.size());
  kernel.export_points(bit_sums, weighted);
  Jacobian<F> total;
  for (size_t e = bit_sums.size(); e-- > 0;) total = total.dbl() + bit_sums[e];
  return total;
}

template G1 bucket_method(std::span<const G1Affine>, std::span<const MsmTerm>, unsigned, unsigned);
template G2 bucket_method(std::span<const G2Affine>, std::span<const MsmTerm>, unsigned, unsigned);

}  // namespace pyzkfl
