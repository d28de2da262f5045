// Fixed-base tables (see fixed_base.h).
#include "curves/fixed_base.h"

#include <algorithm>
#include <cstdlib>

#include "base/thread_pool.h"
#include "curves/signed_windows.h"

namespace pyzkfl {
namespace {

constexpr unsigned scalar_bits = 254;
constexpr size_t most_chunk = 2048;

// The window for which building the table and making `expected` products take the fewest additions.
unsigned best_window(size_t expected) {
  unsigned best = 4;
  double best_cost = 1e300;
  for (unsigned c = 4; c <= 14; ++c) {
    const double windows = static_cast<double>(SignedWindows(scalar_bits, c).count());
    const double cost = windows * (static_cast<double>(size_t{1} << (c - 1)) + static_cast<double>(expected));
    if (cost < best_cost) {
      best_cost = cost;
      best = c;
    }
  }
  return best;
}

}  // namespace

template <class Point>
FixedBase<Point>::FixedBase(const Point& base, size_t expected)
    : window_bits_(best_window(expected)), windows_(SignedWindows(scalar_bits, window_bits_).count()) {
  const size_t half = size_t{1} << (window_bits_ - 1);
  std::vector<Jacobian<Field>> bases(windows_);  // 2^(w c) B
  bases[0] = base;
  for (size_t w = 1; w < windows_; ++w) {
    bases[w] = bases[w - 1];
    for (unsigned i = 0; i < window_bits_; ++i) bases[w] = bases[w].dbl();
  }
  const std::vector<Point> affine = batch_to_affine(bases);
  table_ = LargeArray<Point>(windows_ * half);
  parallel_for(windows_, 1, [&](size_t begin, size_t end) {
    std::vector<Jacobian<Field>> row(half);
    for (size_t w = begin; w < end; ++w) {
      row[0] = affine[w];
      for (size_t j = 1; j < half; ++j) row[j] = row[j - 1] + affine[w];
      batch_to_affine(table_.span().subspan(w * half, half), std::span<const Jacobian<Field>>(row));
    }
  });
}

template <class Point>
Jacobian<typename Point::Field> FixedBase<Point>::mul(const Fr& k) const {
  const SignedWindows windows(scalar_bits, window_bits_);
  const size_t half = size_t{1} << (window_bits_ - 1);
  const Limbs shifted = windows.shifted(k.to_canonical());
  Jacobian<Field> total;
  for (size_t w = 0; w < windows_; ++w) {
    const int32_t d = windows.digit(shifted, w);
    if (d > 0) total += table_[w * half + static_cast<size_t>(d) - 1];
    if (d < 0) total -= table_[w * half + static_cast<size_t>(-d) - 1];
  }
  return total;
}

template <class Point>
std::vector<Point> FixedBase<Point>::batch(std::span<const Fr> scalars) const {
  const AffineKernel<Field>& kernel = affine_kernel<Field>();
  const SignedWindows windows(scalar_bits, window_bits_);
  const size_t half = size_t{1} << (window_bits_ - 1);
  std::vector<Point> out(scalars.size());
  // All products of a chunk take in a window's terms at once.
  const size_t chunk = std::clamp<size_t>(scalars.size() / (2 * thread_count()), 64, most_chunk);
  parallel_for((scalars.size() + chunk - 1) / chunk, 1, [&](size_t begin, size_t end) {
    KernelScratch scratch;
    std::vector<Limbs> shifted(chunk);
    std::vector<LoosePoint<Field>> sums;
    std::vector<uint32_t> targets;
    std::vector<PointRef> refs;
    for (size_t c = begin; c < end; ++c) {
      const auto own = scalars.subspan(c * chunk, std::min(chunk, scalars.size() - c * chunk));
      for (size_t i = 0; i < own.size(); ++i) shifted[i] = windows.shifted(own[i].to_canonical());
      sums.assign(own.size(), {});
      for (size_t w = 0; w < windows_; ++w) {
        targets.clear();
        refs.clear();
        for (size_t i = 0; i < own.size(); ++i) {
          const int32_t d = windows.digit(shifted[i], w);
          if (d == 0) continue;
          const PointRef ref = PointRef::of(w * half + static_cast<size_t>(std::abs(d)) - 1, d < 0);
          if (sums[i].is_infinity()) {  // the kernel would have to look at every lane
            sums[i] = fetch(PointBytes<Field>(table_.span()), ref);
            continue;
          }
          targets.push_back(static_cast<uint32_t>(i));
          refs.push_back(ref);
        }
        kernel.add_into(scratch, sums.data(), targets, table_.span(), refs);
      }
      for (size_t i = 0; i < own.size(); ++i) out[c * chunk + i] = sums[i].reduced();
    }
  });
  return out;
}

template class FixedBase<G1Affine>;
template class FixedBase<G2Affine>;

}  // namespace pyzkfl
