// Division, saturation and square root gadgets.
#include "r1cs/gadgets_integer.h"

#include <algorithm>
#include <bit>

#include "r1cs/signed_value.h"

namespace pyzkfl::gadgets {
namespace {

// min(max(v, 0), max) of the integer v.
Fr clamp_value(const Fr& v, unsigned result_bits) {
  const SignedValue s = SignedValue::of(v);
  if (s.negative) return Fr::zero();
  for (unsigned i = result_bits; i < 256; ++i) {
    if (bit_of(s.magnitude, i)) return power_of_two(result_bits) - Fr::one();
  }
  return v;
}

// The clamp with an excess of any sign in [-2^excess_bits, 2^excess_bits). Nothing is promised of v beyond
// 252 bits.
Clamped clamp_excess(Builder& b, const LC& v, unsigned excess_bits, unsigned result_bits, const char* label) {
  const Wire over = b.private_wire(b.computes() ? v.value() - clamp_value(v.value(), result_bits) : Fr());
  Clamped out;
  out.value = v - over;
  out.bits = bits(b, out.value, result_bits, label);
  // The top bit of over + 2^excess_bits: 1 for over >= 0.
  const LC above = bits(b, over + power_of_two(excess_bits), excess_bits + 1, label).back();
  const Fr max = power_of_two(result_bits) - Fr::one();
  b.constrain(over, out.value - above * max, 0, label);
  return out;
}

}  // namespace

Wire floor_div_pow2(Builder& b, const LC& v, const FloorDivPow2& w, const char* label) {
  require(b, w.value_bits <= max_bits, label, "the value may have more than 252 bits");
  require(b, w.quotient_bits >= 1, label, "the quotient must have a sign bit at least");
  require(b, w.quotient_bits <= max_bits && w.shift <= max_bits - w.quotient_bits, label,
          "quotient times divisor may have more than 252 bits");
  const Wire quotient = b.private_wire(
      b.computes() ? floor_shift(SignedValue::of(v.value()), w.shift).to_field() : Fr());
  signed_range(b, quotient, w.quotient_bits, label);
  range(b, v - quotient * power_of_two(w.shift), w.shift, label);
  return quotient;
}

Clamped clamp(Builder& b, const LC& v, const Clamp& w, const char* label) {
  require(b, w.result_bits >= 1 && w.result_bits < max_bits, label, "the result must have 1 to 251 bits");
  require(b, w.value_bits <= 250, label, "the value may have more than 250 bits");
  return clamp_excess(b, v, w.value_bits, w.result_bits, label);
}

Clamped floor_div_pow2_clamp(Builder& b, const LC& v, const FloorDivPow2Clamp& w, const char* label) {
  require(b, w.value_bits <= max_bits, label, "the value may have more than 252 bits");
  require(b, w.result_bits >= 1 && w.result_bits <= max_bits && w.shift <= max_bits, label,
          "the result must have 1 to 250 bits");
  // |quotient + offset| < 2^excess_bits.
  const unsigned quotient_width = w.value_bits > w.shift ? w.value_bits - w.shift : 0;
  const auto raw = static_cast<uint64_t>(w.offset);
  const auto offset_width = static_cast<unsigned>(std::bit_width(w.offset < 0 ? 0 - raw : raw));
  const unsigned excess_bits = std::max(quotient_width, offset_width) + 1;
  require(b, excess_bits + w.shift + w.result_bits <= 250, label,
          "quotient times divisor may have more than 250 bits");
  const Wire quotient = b.private_wire(
      b.computes() ? floor_shift(SignedValue::of(v.value()), w.shift).to_field() : Fr());
  Clamped out = clamp_excess(b, quotient + w.offset, excess_bits, w.result_bits, label);
  range(b, v - quotient * power_of_two(w.shift), w.shift, label);
  return out;
}

Wire floor_div(Builder& b, const LC& v, const LC& divisor, const FloorDiv& w, const char* label) {
  require(b, w.value_bits <= 126 && w.divisor_bits <= 126, label,
          "value and divisor must have at most 126 bits");
  require(b, w.quotient_bits >= 1 && w.quotient_bits <= 126, label, "the quotient must have 1 to 126 bits");
  Fr q, rem;
  if (b.computes()) {
    q = from_int128(floor_divide(to_int128(v.value()), to_int128(divisor.value())));
  }
  const Wire quotient = b.private_wire(q);
  if (b.computes()) rem = v.value() - quotient.value * divisor.value();
  const Wire remainder = b.private_wire(rem);
  b.constrain(quotient, divisor, v - remainder, label);
  signed_range(b, quotient, w.quotient_bits, label);
  range(b, remainder, w.divisor_bits, label);
  range(b, divisor - 1 - remainder, w.divisor_bits, label);
  return quotient;
}

Wire isqrt(Builder& b, const LC& v, unsigned value_bits, const char* label) {
  require(b, value_bits >= 1 && value_bits <= 126, label, "the value must have 1 to 126 bits");
  const unsigned root_bits = (value_bits + 1) / 2;
  const Wire root = b.private_wire(b.computes() ? from_int128(integer_sqrt(to_int128(v.value()))) : Fr());
  const Wire rest = b.private_wire(b.computes() ? v.value() - root.value.square() : Fr());
  b.constrain(root, root, v - rest, label);
  range(b, root, root_bits, label);
  range(b, rest, root_bits + 1, label);
  range(b, root * 2 - rest, root_bits + 1, label);
  return root;
}

}  // namespace pyzkfl::gadgets
