// The bucket method (Pippenger 1976; signed digits; batch-affine additions) over sorted digits.
#pragma once

#include "curves/group_sums.h"
#include "curves/sorted_digits.h"

namespace pyzkfl {

// The sum of the points, each times its scalar of `digits`. `infinite` are the points at infinity, as in sum_groups.
// Variable time. Parallel.
template <class F>
Jacobian<F> bucket_sum(PointBytes<F> points, const SortedDigits& digits, const InfinityMap& infinite);

extern template G1 bucket_sum(PointBytes<Fp>, const SortedDigits&, const InfinityMap&);
extern template G2 bucket_sum(PointBytes<Fp2>, const SortedDigits&, const InfinityMap&);

}  // namespace pyzkfl
