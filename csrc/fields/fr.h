// Fr: the scalar field of BN254, the order of G1 and G2.
#pragma once

#include "fields/field.h"
#include "fields/primes.h"

namespace pyzkfl {

struct FrParams {
  static constexpr const char* name = "Fr";
  static constexpr Limbs modulus = {fr_prime[0], fr_prime[1], fr_prime[2], fr_prime[3]};
};

using Fr = Field<FrParams>;
extern template class Field<FrParams>;

}  // namespace pyzkfl
