// See transcript_point.h.
#include "recursion/transcript_point.h"

#include <algorithm>

#include "r1cs/gadgets_bits.h"
#include "r1cs/signed_value.h"

namespace pyzkfl::recursion {
namespace {

constexpr unsigned half_bits = 2 * limb_bits;
constexpr unsigned split_bits = 128 - limb_bits;  // of the second limb

// A committed integer of `bits` bits: a top digit of fewer bits than 15 is ranged by a second digit, 2^(15 - bits) times it.
LC ranged(BaseField& fp, const Limbs& v, unsigned bits) {
  LC out;
  for (unsigned at = 0; at < bits; at += digit_bits) {
    const unsigned width = std::min(digit_bits, bits - at);
    const uint64_t value = floor_shift({false, v}, at).magnitude[0] & ((uint64_t{1} << width) - 1);
    const Wire digit = fp.digit(value);
    out.add_shifted(digit, at);
    if (width == digit_bits) continue;
    const unsigned room = digit_bits - width;
    gadgets::assert_equal(fp.builder(), fp.digit(value << room), LC(digit) * power_of_two(room), "top digit");
  }
  return out;
}

// Whether the canonical y is above h = (p - 1) / 2: y = h - w or y = h + 1 + w for a w in [0, 2^255), an identity of integers by
// halves of 150 bits, each below 2^153.
CommittedBit larger_half(BaseField& fp, Value y) {
  Builder& b = fp.builder();
  const Limbs h = Modulus<FpParams>::p_minus_1_half;
  const Limbs integer = b.computes() ? fp.element(y).to_canonical() : Limbs{};
  const bool larger = limbs::less(h, integer);
  const CommittedBit bit = fp.bit(b.computes() && larger);
  Limbs difference{};
  if (larger) {
    limbs::sub(difference, integer, h);
    Limbs one{1};
    limbs::sub(difference, difference, one);
  } else {
    limbs::sub(difference, h, integer);
  }
  const Value w = fp.value(b.computes() ? Fp::from_canonical(difference) : Fp());
  const LC sign = LC(1) - LC(bit.wire()) * 2;
  // y + sign w - h - bit.
  const auto half = [&](unsigned i) {
    const auto both = [&](Value v) {
      LC out = fp.limb(v, i);
      return std::move(out.add_shifted(fp.limb(v, i + 1), limb_bits));
    };
    SignedValue constant = floor_shift({false, h}, limb_bits * i);
    if (i == 0) {
      constant.magnitude[2] &= (uint64_t{1} << (half_bits - 128)) - 1;
      constant.magnitude[3] = 0;
    }
    return both(y) + b.product(sign, both(w), "larger half") - Fr::from_canonical(constant.magnitude);
  };
  static const Fr shift = power_of_two(half_bits).inverse();
  const LC carry = (half(0) - bit.wire()) * shift;  // -1, 0 or 1
  const Wire square = b.product(carry, carry, "larger half");
  b.constrain(carry, LC(square) - 1, 0, "larger half");
  gadgets::assert_zero(b, half(2) + carry, "larger half");
  return bit;
}

}  // namespace

std::array<LC, 2> transcript_elements(BaseField& fp, const G1Point& point) {
  const Value x = point.x().single(), y = point.y().single();
  fp.assert_canonical(x);
  fp.assert_canonical(y);
  const SignedValue second = floor_shift({false, fp.limb(x, 1).value().to_canonical()}, 0);
  const LC low = ranged(fp, second.magnitude, split_bits);
  const LC high = ranged(fp, floor_shift(second, split_bits).magnitude, limb_bits - split_bits);
  LC whole = low;
  whole.add_shifted(high, split_bits);
  gadgets::assert_equal(fp.builder(), whole, fp.limb(x, 1), "split of x");

  std::array<LC, 2> out = {fp.limb(x, 0), high};
  out[0].add_shifted(low, limb_bits);
  out[1].add_shifted(fp.limb(x, 2), limb_bits - split_bits);
  out[1].add_shifted(fp.limb(x, 3), 2 * limb_bits - split_bits);
  out[1].add_shifted(LC(larger_half(fp, y).wire()), 127);
  return out;
}

}  // namespace pyzkfl::recursion
