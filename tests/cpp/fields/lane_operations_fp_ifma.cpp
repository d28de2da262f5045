// The lane operations modulo the prime of Fp (see lane_operations_ifma.h).
#include "lane_operations_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_fp.h"
// The prime comes first.
#include "ifma_lane_operations.h"

namespace pyzkfl::test {

const LaneOperations* fp_lane_operations() { return &operations; }

}  // namespace pyzkfl::test

#else

namespace pyzkfl::test {

const LaneOperations* fp_lane_operations() { return nullptr; }

}  // namespace pyzkfl::test

#endif
