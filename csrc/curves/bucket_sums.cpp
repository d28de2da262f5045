// Buckets and their weighted sums (see bucket_sums.h).
#include "curves/bucket_sums.h"

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "curves/large_array.h"

namespace pyzkfl {
namespace {

// Terms and groups under construction: each non-empty point of `base` goes to the groups that the caller names.
template <class F>
struct GroupList {
  SecretVector<PointRef> terms;
  SecretVector<Group> groups;

  // The points base[at(0)], base[at(1)], .. base[at(n - 1)] that are not infinity.
  template <class At>
  void add(size_t key, std::span<const LoosePoint<F>> base, size_t n, const At& at) {
    const size_t begin = terms.size();
    for (size_t i = 0; i < n; ++i) {
      const size_t index = at(i);
      if (!base[index].is_infinity()) terms.push_back(PointRef::of(index));
    }
    if (terms.size() > begin) {
      groups.push_back({static_cast<uint32_t>(key), static_cast<uint32_t>(begin),
                        static_cast<uint32_t>(terms.size() - begin)});
    }
  }
};

// sum_b b buckets[b] for each window, as c points T_0 .. T_(c-1) a window with sum_e 2^e T_e.
//
// Not by running sums, which no batch can share: with b = 2^k h + l the sums of rows (equal h) and columns (equal l)
// are taken first, and then, for each bit of h and of l, the sum of those rows and columns that have the bit.
template <class F>
SecretVector<LoosePoint<F>> weigh(std::span<const LoosePoint<F>> buckets, size_t windows, unsigned c) {
  const size_t count = (size_t{1} << (c - 1)) + 1;
  const unsigned k = c / 2;
  const size_t columns = size_t{1} << k;
  const size_t rows = (count - 1) / columns + 1;
  const size_t lines = rows + columns;

  SecretVector<LoosePoint<F>> line_sums(windows * lines);
  SecretVector<LoosePoint<F>> weighted(windows * c);
  const auto add_lines = [&](GroupList<F>& list, size_t w) {
    const size_t base = w * count;
    for (size_t h = 1; h < rows; ++h) {
      const size_t length = std::min(columns, count - h * columns);
      list.add(w * lines + h, buckets, length, [&](size_t l) { return base + h * columns + l; });
    }
    for (size_t l = 1; l < columns; ++l) {
      const size_t length = l < count ? (count - 1 - l) / columns + 1 : 0;
      list.add(w * lines + rows + l, buckets, length, [&](size_t h) { return base + h * columns + l; });
    }
  };
  const auto add_bits = [&](GroupList<F>& list, size_t w) {
    for (unsigned e = 0; e < c; ++e) {
      const size_t base = w * lines + (e < k ? rows : 0);
      const size_t length = e < k ? columns : rows;
      const size_t bit = size_t{1} << (e < k ? e : e - k);
      // The numbers below `length` that have the bit: those below half of it, with the bit put in.
      size_t having = 0;
      for (size_t i = 0; i < length; ++i) having += (i & bit) != 0;
      list.add(w * c + e, std::span<const LoosePoint<F>>(line_sums), having,
               [&](size_t i) { return base + ((i & ~(bit - 1)) << 1 | bit | (i & (bit - 1))); });
    }
  };
  // Some windows at a time, so that lists are short and many columns stand side by side.
  const size_t step = std::max<size_t>(1, 2048 / lines);
  parallel_for((windows + step - 1) / step, 1, [&](size_t begin, size_t end) {
    for (size_t s = begin; s < end; ++s) {
      GroupList<F> list;
      for (size_t w = s * step; w < std::min(windows, (s + 1) * step); ++w) add_lines(list, w);
      sum_groups<F>(line_sums, as_bytes(buckets), list.terms, list.groups);
    }
  });
  GroupList<F> list;
  for (size_t w = 0; w < windows; ++w) add_bits(list, w);
  sum_groups<F>(weighted, as_bytes(std::span<const LoosePoint<F>>(line_sums)), list.terms, list.groups);
  return weighted;
}

}  // namespace

template <class F>
Jacobian<F> bucket_sum(PointBytes<F> points, const SortedDigits& digits, const InfinityMap& infinite) {
  const size_t all = digits.windows * digits.buckets();
  SecretArray<Group> groups(all, Start::any);
  size_t used = 0;
  for (size_t i = 0; i < all; ++i) {
    const uint32_t begin = digits.starts[i], count = digits.starts[i + 1] - begin;
    groups[used] = {static_cast<uint32_t>(i), begin, count};
    used += count != 0;
  }
  SecretArray<LoosePoint<F>> buckets(all);
  sum_groups<F>(buckets.span(), points, digits.terms.span(), groups.span().first(used), infinite);
  const SecretVector<LoosePoint<F>> weighted =
      weigh<F>(std::as_const(buckets).span(), digits.windows, digits.window_bits);
  Jacobian<F> total;
  for (size_t e = weighted.size(); e-- > 0;) total = total.dbl() + weighted[e].reduced();
  return total;
}

template G1 bucket_sum(PointBytes<Fp>, const SortedDigits&, const InfinityMap&);
template G2 bucket_sum(PointBytes<Fp2>, const SortedDigits&, const InfinityMap&);

}  // namespace pyzkfl
