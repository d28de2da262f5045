#include "curves/fixed_base.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "curves/signed_windows.h"

namespace pyzkfl {
namespace {

constexpr unsigned scalar_bits = 254;

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
  table_.resize(windows_ * half);
  parallel_for(windows_, 1, [&](size_t begin, size_t end) {
    std::vector<Jacobian<Field>> row(half);
    for (size_t w = begin; w < end; ++w) {
      row[0] = affine[w];
      for (size_t j = 1; j < half; ++j) row[j] = row[j - 1] + affine[w];
      batch_to_affine(std::span(table_).subspan(w * half, half), std::span<const Jacobian<Field>>(row));
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
  std::vector<Point> out(scalars.size());
  parallel_for(scalars.size(), 256, [&](size_t begin, size_t end) {
    std::vector<Jacobian<Field>> products(end - begin);
    for (size_t i = begin; i < end; ++i) products[i - begin] = mul(scalars[i]);
    batch_to_affine(std::span(out).subspan(begin, end - begin), std::span<const Jacobian<Field>>(products));
  });
  return out;
}

template class FixedBase<G1Affine>;
template class FixedBase<G2Affine>;

}  // namespace pyzkfl
