// Sums of many groups of affine points: pairs within every group are added at once, round after round, until
// one point a group is left. Every round is one batch of additions (affine_kernel.h), so equal, opposite and
// repeated points and groups of any size cost the same as others.
#pragma once

#include <cstddef>
#include <span>

#include "curves/affine_kernel.h"

namespace pyzkfl {

// The terms [begin, begin + count) of a list make up one group, whose sum goes to out[key].
struct Group {
  size_t key;
  size_t begin;
  size_t count;  // at least 1
};

// out[g.key] = the sum of the points base[terms[g.begin ..]] with their signs, for every group g. Keys are
// distinct; entries of `out` that no group names are left alone. `out` does not overlap `base`. Parallel.
template <class F>
void sum_groups(std::span<PackedPoint<F>> out, const PackedPoint<F>* base, std::span<const PointRef> terms,
                std::span<const Group> groups);

extern template void sum_groups(std::span<PackedPoint<Fp>>, const PackedPoint<Fp>*, std::span<const PointRef>,
                                std::span<const Group>);
extern template void sum_groups(std::span<PackedPoint<Fp2>>, const PackedPoint<Fp2>*,
                                std::span<const PointRef>, std::span<const Group>);

}  // namespace pyzkfl
