// Batches of affine additions in G1, on AVX-512 IFMA (see affine_ifma.h, ifma_affine.h).
#include "curves/kernels/affine_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/ifma_g1.h"
// The coordinates come first.
#include "curves/kernels/ifma_affine.h"

namespace pyzkfl::ifma {

const PointKernel* g1_kernel() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const PointKernel* g1_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
