// The rate of a step that clips, and bounds of norms (docs/engine.md, section 4). Conventions as in
// r1cs/gadgets_bits.h.
#pragma once

#include "r1cs/builder.h"
#include "sumcheck/program.h"

namespace pyzkfl::wrap {

// Proves square_sum = norm_square rate^2, norm_square < 2^norm_square_bits, and with n =
// floor(sqrt(norm_square)): rate = min(eta, floor(target / (n + 1))) and rate >= 1. No promise; norm_square
// and rate, as every wire inside, are determined by square_sum where that is N2 rate^2 for a given N2.
void check_clip(Builder& b, const sumcheck::Clip& clip, const LC& square_sum, const LC& norm_square,
                const LC& rate);

// Proves bound - square_sum in [0, 2^(bits of bound)): with the promise that square_sum is an integer of [0,
// r - 2^250), which a sum of squares of ranged integers is, square_sum <= bound.
void check_norm_bound(Builder& b, const sumcheck::NormBound& bound, const LC& square_sum);

}  // namespace pyzkfl::wrap
