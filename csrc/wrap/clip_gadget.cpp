// Clip and bound gadgets.
#include "wrap/clip_gadget.h"

#include <algorithm>
#include <bit>

#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_integer.h"

namespace pyzkfl::wrap {
namespace {

unsigned bit_length(const Limbs& v) {
  for (unsigned i = 4; i-- > 0;) {
    if (v[i] != 0) return 64 * i + static_cast<unsigned>(std::bit_width(v[i]));
  }
  return 0;
}

}  // namespace

void check_clip(Builder& b, const sumcheck::Clip& clip, const LC& square_sum, const LC& norm_square,
                const LC& rate) {
  const Wire rate_square = b.product(rate, rate, "square of the rate");
  b.constrain(norm_square, rate_square, square_sum, "norm of a step");
  gadgets::range(b, norm_square, clip.norm_square_bits, "norm in range");
  const Wire root = gadgets::isqrt(b, norm_square, clip.norm_square_bits, "root of the norm");

  // 1 <= rate <= eta < 2^62 and n + 1 <= 2^61: no product below reaches 2^124.
  const auto rate_bits = static_cast<unsigned>(std::bit_width(clip.eta));
  gadgets::range(b, rate - 1, rate_bits, "rate at least 1");
  gadgets::range(b, clip.eta - rate, rate_bits, "rate at most eta");

  const Limbs target{clip.target_low, clip.target_high, 0, 0};
  const unsigned target_bits = bit_length(target);
  const LC divisor = LC(root) + 1;
  const LC rest = Fr::from_canonical(target) - LC(b.product(rate, divisor, "rate times divisor"));
  gadgets::range(b, rest, target_bits, "rate at most the quotient");
  // Less than the quotient only where it is eta: [n + 1 <= rest] (eta - rate) = 0.
  const unsigned root_bits = (clip.norm_square_bits + 1) / 2;
  const LC less = gadgets::less_equal(b, divisor, rest, std::max(target_bits, root_bits + 1),
                                      "rest and divisor");
  b.constrain(less, clip.eta - rate, 0, "rate below the quotient");
}

void check_norm_bound(Builder& b, const sumcheck::NormBound& bound, const LC& square_sum) {
  gadgets::range(b, Fr::from_canonical(bound.bound) - square_sum, bit_length(bound.bound), "norm bound");
}

}  // namespace pyzkfl::wrap
