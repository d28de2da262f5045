// Fr: the scalar field of BN254, the order of G1 and G2.
// r = 36 t^4 + 36 t^3 + 18 t^2 + 6 t + 1, which is 1 modulo 2^28.
#pragma once

#include "fields/field.h"

namespace pyzkfl {

struct FrParams {
  static constexpr const char* name = "Fr";
  static constexpr Limbs modulus = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d,
                                    0x30644e72e131a029};
};

using Fr = Field<FrParams>;
extern template class Field<FrParams>;

}  // namespace pyzkfl
