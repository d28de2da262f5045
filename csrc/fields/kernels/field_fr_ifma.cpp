// The IFMA kernel of Fr over arrays (see field_ifma.h, ifma_arrays.h).
#include "fields/kernels/field_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_fr.h"
// The prime comes first.
#include "fields/kernels/ifma_arrays.h"

namespace pyzkfl::ifma {

const FieldKernel* fr_kernel() { return &kernel; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const FieldKernel* fr_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
