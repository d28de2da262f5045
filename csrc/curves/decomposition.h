// Splitting a scalar along the endomorphisms of bn254.h, so that a scalar multiplication doubles half or a
// quarter as often: Gallant, Lambert, Vanstone 2001 (phi on G1, two parts) and Galbraith, Lin, Scott 2009 /
// Galbraith, Scott 2008 (psi on G2, four parts), with Babai's rounding in fixed point.
//
// Constant time in the scalar. The identity holds modulo r, so it is of use only for points whose order is r.
#pragma once

#include <array>
#include <cstdint>

#include "fields/fr.h"

namespace pyzkfl {

// A signed integer below 2^128 in absolute value.
struct SignedPart {
  std::array<uint64_t, 2> abs;
  uint64_t negative;  // all ones if negative, else 0
};

// k = parts[0] + parts[1] lambda modulo r, |parts| < 2^phi_bits (endomorphism_constants.h).
std::array<SignedPart, 2> split_phi(const Fr& k);

// k = sum parts[j] p^j modulo r, |parts| < 2^psi_bits.
std::array<SignedPart, 4> split_psi(const Fr& k);

}  // namespace pyzkfl
