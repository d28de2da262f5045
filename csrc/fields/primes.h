// The two primes of BN254 (alt_bn128, EIP-196) as plain words, least significant first: what fp.h and fr.h make fields
// of, and kernels their constants. No template and nothing of the standard library, because kernels include it.
#pragma once

#include <cstdint>

namespace pyzkfl {

// p = 36 t^4 + 36 t^3 + 24 t^2 + 6 t + 1 with t = 4965661367192848881.
constexpr uint64_t fp_prime[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029};
// r = 36 t^4 + 36 t^3 + 18 t^2 + 6 t + 1, which is 1 modulo 2^28.
constexpr uint64_t fr_prime[4] = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029};

}  // namespace pyzkfl
