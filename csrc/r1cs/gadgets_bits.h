// Gadgets on bits: boolean, equality, range, comparison, selection.
//
// Conventions of all gadgets (gadgets_*.h):
//  - "The integer v" is the integer of least magnitude that the field element stands for; intervals are
//    integer intervals.
//  - Widths given by the caller are constants of the circuit. Where an identity could wrap modulo r (more than
//    max_bits bits in all), the gadget throws ParameterError while the circuit is built, naming the scope.
//  - "Promise" is what the caller must have enforced by other constraints; "proves" is what then holds for
//    every satisfying assignment. Every wire that a gadget makes is determined by its inputs unless it says
//    otherwise.
//  - An honest value outside a promised range makes the circuit unsatisfied (Builder::failure), never a crash.
#pragma once

#include <vector>

#include "r1cs/builder.h"

namespace pyzkfl::gadgets {

// r is above 2^253: any sum of two integers below 2^252 in magnitude is below r/2.
inline constexpr unsigned max_bits = 252;

// Proves v in {0, 1}. 1 constraint, no wire.
void assert_boolean(Builder& b, const LC& v, const char* label = "boolean");

// A private wire in {0, 1}. 1 constraint, 1 wire.
Wire boolean(Builder& b, bool value, const char* label = "boolean");

// Proves x = y in Fr. 1 constraint.
void assert_equal(Builder& b, const LC& x, const LC& y, const char* label = "equal");
void assert_zero(Builder& b, const LC& x, const char* label = "zero");

// Proves v in [0, 2^bits) and returns its bits, least significant first. bits <= 252; no promise: any field
// element that is not such an integer is refused. The lowest bit is not a wire but the difference v - sum
// of the others, so that it costs exactly `bits` constraints and bits - 1 wires. With bits = 0, proves v =
// 0 (1 constraint).
std::vector<LC> bits(Builder& b, const LC& v, unsigned bits, const char* label = "bits");

// The same without returning the bits.
void range(Builder& b, const LC& v, unsigned bits, const char* label = "range");

// Proves v in [-2^(bits-1), 2^(bits-1)). 1 <= bits <= 252. `bits` constraints.
void signed_range(Builder& b, const LC& v, unsigned bits, const char* label = "signed range");

// Proves v in [0, max], max < 2^252. For max = 2^k - 1, k constraints; otherwise 2k with k the bits of max.
void range_to(Builder& b, const LC& v, uint64_t max, const char* label = "range");

// Proves x <= y, given the promise |x - y| <= 2^252. It proves more, y - x in [0, 2^bits): choose bits so
// that every honest pair fits. `bits` constraints.
void assert_less_equal(Builder& b, const LC& x, const LC& y, unsigned bits,
                       const char* label = "less or equal");

// 1 if x <= y, else 0. Refuses pairs with y - x outside [-2^bits, 2^bits), so nothing is promised. bits <=
// 251. bits + 1 constraints, `bits` wires.
LC less_equal(Builder& b, const LC& x, const LC& y, unsigned bits, const char* label = "less or equal");

// 1 if x = 0 in Fr, else 0. 2 constraints, 2 wires: the result, and the inverse of x. For x = 0 the inverse
// wire is free: no output depends on it.
LC is_zero(Builder& b, const LC& x, const char* label = "is zero");

// x if c = 1, y if c = 0. Promise: c boolean. 1 constraint.
LC select(Builder& b, const LC& c, const LC& x, const LC& y, const char* label = "select");

// The larger of x and y. Refuses pairs with x - y outside [-2^bits, 2^bits). bits <= 251. bits + 2
// constraints.
LC maximum(Builder& b, const LC& x, const LC& y, unsigned bits, const char* label = "maximum");

// For gadgets: throws ParameterError naming the scope unless `condition`.
void require(const Builder& b, bool condition, const char* label, const char* problem);

}  // namespace pyzkfl::gadgets
