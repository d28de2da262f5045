// Products of which some factors are constants of the circuit: bits of offsets, halves of summed variables.
//
// A combination of wires cannot tell that it is constant where only a witness is computed, so that is kept
// beside it; both modes of a builder then leave out the same products.
#pragma once

#include "r1cs/builder.h"

namespace pyzkfl::wrap {

struct Factor {
  LC value;
  bool constant = false;

  static Factor of(const Fr& v) { return {LC(v), true}; }
};

inline Factor half() { return Factor::of(Fr::from_u64(2).inverse_vartime()); }

// x y: a constraint and a wire unless one of them is constant.
inline Factor times(Builder& b, const Factor& x, const Factor& y, const char* label) {
  if (x.constant) return {y.value * x.value.value(), y.constant};
  if (y.constant) return {x.value * y.value.value(), false};
  return {b.product(x.value, y.value, label), false};
}

// 1 - x, and x where `bit` is set.
inline Factor bit_factor(const Factor& x, bool bit) { return bit ? x : Factor{1 - x.value, x.constant}; }

// 1 where x and y are equal bits: 1 - x - y + 2 x y. At most one constraint.
inline Factor equal_factor(Builder& b, const Factor& x, const Factor& y, const char* label) {
  Factor out = times(b, x, y, label);
  out.value *= Fr::from_u64(2);
  out.value += 1 - x.value - y.value;
  out.constant = x.constant && y.constant;
  return out;
}

}  // namespace pyzkfl::wrap
