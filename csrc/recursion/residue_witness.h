// Why a product of Miller functions becomes 1: a root that a circuit can check without the final exponentiation (Novakovic,
// Eagen, On proving pairings, eprint 2024/640, with the constants of BN254). docs/recursion.md, section 3.
//
// f^((p^12 - 1) / r) = 1 exactly if f s = c^lambda for a c that is not 0 and an s with s^27 = 1,
// lambda = 6x + 2 + p - p^2 + p^3. For public data: variable time.
#pragma once

#include <array>
#include <optional>

#include "fields/fp12.h"

namespace pyzkfl::recursion {

struct ResidueWitness {
  Fp12 c, c_inverse;
  unsigned scale = 0;  // s is residue_scales()[scale]
};

// 1, w27, w27^2 for a root of unity of order 27: any f has a witness with one of them, if it has one.
const std::array<Fp12, 3>& residue_scales();

// None if there is none: the product of pairings is not 1.
std::optional<ResidueWitness> residue_witness(const Fp12& f);

}  // namespace pyzkfl::recursion
