// Products of many powers of public numbers (Pippenger, SIAM J. Comput. 1980): what the checks of batched proofs cost.
// Modulo N and N^2 on eight lanes: SquareRing::product_of_powers, in the same file.
//
// NOT constant time.
#pragma once

#include <span>

#include "he/integer.h"

namespace pyzkfl::he {

// prod bases[i]^exponents[i] modulo m, all public, exponents not negative: buckets for many bases, shared squarings.
Integer product_of_powers(std::span<const Integer> bases, std::span<const Integer> exponents, const Integer& m);

}  // namespace pyzkfl::he
