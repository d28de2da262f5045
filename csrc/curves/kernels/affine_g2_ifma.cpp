// Batches of affine additions in G2, on AVX-512 IFMA (see affine_ifma.h, ifma_affine.h).
#include "curves/kernels/affine_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/ifma_g2.h"
// The coordinates come first.
#include "curves/kernels/ifma_affine.h"

namespace pyzkfl::ifma {

const PointKernel* g2_kernel() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const PointKernel* g2_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
