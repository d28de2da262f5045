// Gadgets of integer arithmetic: divisions that floor towards minus infinity, saturation, square roots.
//
// A remainder in range proves nothing by itself: modulo r a quotient exists for every remainder. So both
// are ranged, and the widths are such that quotient * divisor + remainder = value holds over the integers.
// Conventions as in gadgets_bits.h.
#pragma once

#include <vector>

#include "r1cs/builder.h"
#include "r1cs/gadgets_bits.h"

namespace pyzkfl::gadgets {

struct FloorDivPow2 {
  unsigned value_bits;     // promise: |v| < 2^value_bits; <= 252
  unsigned shift;          // divides by 2^shift
  unsigned quotient_bits;  // refuses quotients outside [-2^(quotient_bits-1), 2^(quotient_bits-1))
};

// floor(v / 2^shift). shift + quotient_bits <= 252. shift + quotient_bits constraints (one more for shift =
// 0), as many wires less one.
Wire floor_div_pow2(Builder& b, const LC& v, const FloorDivPow2& widths,
                    const char* label = "floor division");

struct Clamp {
  unsigned value_bits;   // enough for |v| < 2^value_bits: refuses v - clamped v outside that range; <= 250
  unsigned result_bits;  // clamps to [0, 2^result_bits - 1]; 1 .. 251
};

struct Clamped {
  LC value;
  std::vector<LC> bits;  // of the value, least significant first; all but the lowest are wires
};

// min(max(v, 0), 2^result_bits - 1). value_bits <= 250. With t the result and `over` = v - t: t and over
// are ranged, s is over's sign bit, and over * (t - (1 - s) max) = 0: so t = max where over > 0, t = 0
// where over < 0. result_bits + value_bits + 2 constraints.
Clamped clamp(Builder& b, const LC& v, const Clamp& widths, const char* label = "clamp");

struct FloorDivPow2Clamp {
  unsigned value_bits;   // promise: |v| < 2^value_bits; <= 252
  unsigned shift;        // divides by 2^shift
  int64_t offset;        // adds this to the quotient
  unsigned result_bits;  // then clamps to [0, 2^result_bits - 1]
};

// clamp(floor(v / 2^shift) + offset). Cheaper than the two one after the other: the quotient needs no range
// of its own, since result and excess have theirs. With e = max(value_bits - shift, bits of offset) + 1,
// the width of the excess: e + result_bits + 2 + shift constraints, e + shift + result_bits <= 250.
Clamped floor_div_pow2_clamp(Builder& b, const LC& v, const FloorDivPow2Clamp& widths,
                             const char* label = "floor division and clamp");

struct FloorDiv {
  unsigned value_bits;     // promise: |v| < 2^value_bits; <= 126
  unsigned divisor_bits;   // promise: 0 <= divisor < 2^divisor_bits; <= 126
  unsigned quotient_bits;  // refuses quotients outside [-2^(quotient_bits-1), 2^(quotient_bits-1)); <= 126
};

// floor(v / divisor) for a divisor that is not constant. Divisor 0 is refused (unsatisfiable).
// quotient_bits + 2 divisor_bits + 1 constraints.
Wire floor_div(Builder& b, const LC& v, const LC& divisor, const FloorDiv& widths,
               const char* label = "floor division");

// floor(sqrt(v)). Promise: v < 2^value_bits, value_bits <= 126; negative v is refused. With n the root of h
// = ceil(value_bits / 2) bits: n^2 <= v <= n^2 + 2n. 3h + 3 constraints. (The h of n's own range follow
// from the others, by a parity argument; they are kept so that nobody has to make it.)
Wire isqrt(Builder& b, const LC& v, unsigned value_bits, const char* label = "square root");

}  // namespace pyzkfl::gadgets
