// Sums of groups of points as trees: pairs within every group are added at once, round after round, until one point a
// group is left. For groups of very different sizes; sum_groups (group_sums.h) knows when that is.
#pragma once

#include "curves/group_sums.h"

namespace pyzkfl {

// As sum_groups, for groups of at least one term.
template <class F>
void sum_trees(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
               std::span<const Group> groups);

extern template void sum_trees(std::span<LoosePoint<Fp>>, PointBytes<Fp>, std::span<const PointRef>,
                               std::span<const Group>);
extern template void sum_trees(std::span<LoosePoint<Fp2>>, PointBytes<Fp2>, std::span<const PointRef>,
                               std::span<const Group>);

}  // namespace pyzkfl
