// What masking costs: for `pyzkfl bench secagg`.
#pragma once

#include <cstdint>

namespace pyzkfl::secagg {

// Seconds to expand `n_bytes` of mask from a 256-bit key and add it to a vector, once, on the pool's threads.
double bench_mask(uint64_t n_bytes);

// Seconds to share two 256-bit secrets among n members, and to get one back from the shares of `threshold` of
// them, weights included.
struct ShamirSeconds {
  double split;
  double combine;
};
ShamirSeconds bench_shamir(unsigned n, unsigned threshold);
// The same for one 256-bit secret over GF(2^16), as standing rounds share it.
ShamirSeconds bench_wide_shamir(unsigned n, unsigned threshold);

}  // namespace pyzkfl::secagg
