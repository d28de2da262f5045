// Columns of running sums in G2, on AVX-512 IFMA (see columns_ifma.h, ifma_columns.h).
#include "curves/kernels/columns_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/ifma_g2.h"
// The coordinates come first.
#include "curves/kernels/ifma_columns.h"

namespace pyzkfl::ifma {

const ColumnKernel* g2_columns() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const ColumnKernel* g2_columns() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
