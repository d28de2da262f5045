// Sums of many groups of affine points, in batches of additions (affine_kernel.h): what fills the buckets of a
// multi-scalar multiplication, and weighs them.
//
// Groups of a block of the list are columns side by side (affine_kernel.h) that take in one term each at a time, as
// long as enough of them have terms left. What is left then - the tails of long groups, terms that met an equal or
// opposite sum - is added as a tree: pairs within every group, round after round. So equal, opposite and repeated
// points and groups of any sizes cost little more than others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "curves/affine_kernel.h"

namespace pyzkfl {

// The terms [begin, begin + count) of a list make up one group, whose sum goes to out[key].
struct Group {
  uint32_t key;
  uint32_t begin;
  uint32_t count;
};

// One bit for each point of a list: whether it is infinity. Empty if none is.
using InfinityMap = std::vector<uint64_t>;

template <class F>
InfinityMap find_infinities(PointBytes<F> points);

// out[g.key] = the sum of the points base[terms[g.begin ..]] with their signs, for every group g. Keys are distinct;
// entries of `out` that no group names are left alone. `out` does not overlap `base`. `infinite` are those of `base`,
// or empty: then they are found one by one, which takes longer if they are many. Parallel. Fewer than 2^32 terms.
template <class F>
void sum_groups(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
                std::span<const Group> groups, const InfinityMap& infinite = {});

extern template InfinityMap find_infinities(PointBytes<Fp>);
extern template InfinityMap find_infinities(PointBytes<Fp2>);
extern template void sum_groups(std::span<LoosePoint<Fp>>, PointBytes<Fp>, std::span<const PointRef>,
                                std::span<const Group>, const InfinityMap&);
extern template void sum_groups(std::span<LoosePoint<Fp2>>, PointBytes<Fp2>, std::span<const PointRef>,
                                std::span<const Group>, const InfinityMap&);

}  // namespace pyzkfl
