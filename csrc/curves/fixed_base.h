// Multiples of one fixed point from a table of its multiples: setups, test data.
//
// table[w][j - 1] = j 2^(w window_bits) B for j = 1 .. 2^(window_bits - 1); a product is one signed digit's
// entry added for each window. Variable time (addresses depend on the scalar).
#pragma once

#include <span>
#include <vector>

#include "curves/affine_kernel.h"
#include "curves/large_array.h"
#include "fields/fr.h"

namespace pyzkfl {

template <class Point>  // G1Affine or G2Affine
class FixedBase {
 public:
  using Field = typename Point::Field;

  // `expected` is how many products are wanted: the table grows with it (as far as it pays), from 10 KB to a
  // few MB.
  explicit FixedBase(const Point& base, size_t expected = 256);

  Jacobian<Field> mul(const Fr& k) const;
  // One product for each scalar. Parallel, with batched inversions.
  std::vector<Point> batch(std::span<const Fr> scalars) const;

 private:
  unsigned window_bits_;
  size_t windows_;
  LargeArray<Point> table_;  // windows_ rows of 2^(window_bits_ - 1)
};

extern template class FixedBase<G1Affine>;
extern template class FixedBase<G2Affine>;

}  // namespace pyzkfl
