// Fp: the base field of BN254 (alt_bn128, EIP-196).
#pragma once

#include "fields/field.h"
#include "fields/primes.h"

namespace pyzkfl {

struct FpParams {
  static constexpr const char* name = "Fp";
  static constexpr Limbs modulus = {fp_prime[0], fp_prime[1], fp_prime[2], fp_prime[3]};
};

using Fp = Field<FpParams>;
extern template class Field<FpParams>;

}  // namespace pyzkfl
