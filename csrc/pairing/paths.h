// The ways to compute a pairing, of which pairing.cpp takes the best that the processor has: over Field's own kernels,
// and in the lanes of AVX-512 IFMA. Both give the same values.
#pragma once

#include <span>

#include "base/cpu.h"
#include "pairing/pairing.h"

namespace pyzkfl {

struct PairingPath {
  const char* name;
  CpuKernel needs;
  // The product of the Miller functions of pairs of which none has a point at infinity; at least one pair.
  Fp12 (*miller_loop)(std::span<const PairingInput> running, std::span<const PreparedPairingInput> prepared);
  // f^(c (p^4 - p^2 + 1) / r) for f in the cyclotomic subgroup; 0 for 0.
  Fp12 (*hard_part)(const Fp12& f);
};

// Those that this processor can run, whatever the environment asks for; the generic one first. For tests, and for:
std::span<const PairingPath> runnable_pairing_paths();
// The best that may be used (base/cpu.h).
const PairingPath& pairing_path();

// Over Field (miller_loop.cpp, final_exponentiation.cpp).
Fp12 miller_loop_generic(std::span<const PairingInput> running, std::span<const PreparedPairingInput> prepared);
Fp12 hard_part_generic(const Fp12& f);

}  // namespace pyzkfl
