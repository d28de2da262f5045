// The IFMA kernel of Fp over arrays (see field_ifma.h, ifma_arrays.h).
#include "fields/kernels/field_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_fp.h"
// The prime comes first.
#include "fields/kernels/ifma_arrays.h"

namespace pyzkfl::ifma {

const FieldKernel* fp_kernel() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const FieldKernel* fp_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
