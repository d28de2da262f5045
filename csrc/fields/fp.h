// Fp: the base field of BN254 (alt_bn128, EIP-196).
// p = 36 t^4 + 36 t^3 + 24 t^2 + 6 t + 1 with t = 4965661367192848881.
#pragma once

#include "fields/field.h"

namespace pyzkfl {

struct FpParams {
  static constexpr const char* name = "Fp";
  static constexpr Limbs modulus = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d,
                                    0x30644e72e131a029};
};

using Fp = Field<FpParams>;
extern template class Field<FpParams>;

}  // namespace pyzkfl
