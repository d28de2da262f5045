// One bucket-method sum (Pippenger 1976; signed digits; batch-affine additions) over terms of like size.
// msm.h sorts its terms by size first, and calls this for each class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "curves/affine_kernel.h"
#include "fields/limbs.h"

namespace pyzkfl {

// A magnitude times a point of a list, or times its opposite.
struct MsmTerm {
  Limbs magnitude;
  PointRef point;
};

// The window that takes the fewest additions, and how many that is, roughly.
struct BucketPlan {
  unsigned window_bits;
  double cost;
};

// `counts[b]` is how many magnitudes have exactly b bits, for b from 1 to `bits` = counts.size() - 1.
BucketPlan plan_buckets(std::span<const size_t> counts);

// sum_i terms[i].magnitude * points[terms[i].point]; magnitudes are below 2^bits, bits <= 254. Variable time.
// Parallel.
template <class F>
Jacobian<F> bucket_method(std::span<const Affine<F>> points, std::span<const MsmTerm> terms, unsigned bits,
                          unsigned window_bits);

extern template G1 bucket_method(std::span<const G1Affine>, std::span<const MsmTerm>, unsigned, unsigned);
extern template G2 bucket_method(std::span<const G2Affine>, std::span<const MsmTerm>, unsigned, unsigned);

}  // namespace pyzkfl
