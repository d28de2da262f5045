// Bounds and widths of the logistic step, each derived from the one before (docs/protocol.md section 1,
// "Widths").
#include "training/logistic_spec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/errors.h"
#include "training/sigmoid_knots.h"

namespace pyzkfl {
namespace {

using Wide = __int128;

constexpr int value_bits = 62;  // magnitudes of the trainer's values stay below 2^62
constexpr int pack_bits = 252;  // a difference of two packed sums stays below 2^252 < r / 2

void require(bool holds, const std::string& message) {
  if (!holds) throw ParameterError("logistic spec: " + message);
}

void require_between(int64_t value, int64_t low, int64_t high, const char* name) {
  require(value >= low && value <= high, std::string(name) + " must be between " + std::to_string(low) +
                                             " and " + std::to_string(high) + ", got " +
                                             std::to_string(value));
}

int64_t fitting(Wide value, const char* what) {
  require(value >= 0 && value < Wide{1} << value_bits,
          std::string(what) + " does not fit " + std::to_string(value_bits) + " bits");
  return static_cast<int64_t>(value);
}

int bit_length(int64_t v) { return static_cast<int>(std::bit_width(static_cast<uint64_t>(v))); }

// The least b with -2^(b-1) <= low and high < 2^(b-1), at least 1.
int signed_bits(int64_t low, int64_t high) {
  const int64_t magnitude = std::max(low < 0 ? -(low + 1) : int64_t{0}, std::max(high, int64_t{0}));
  return bit_length(magnitude) + 1;
}

}  // namespace

int64_t isqrt(int64_t v) {
  if (v < 0) throw ParameterError("isqrt of a negative number");
  auto root =
      static_cast<int64_t>(std::sqrt(static_cast<double>(v)));  // a guess; the loops below make it exact
  while (Wide{root} * root > v) --root;
  while (Wide{root + 1} * (root + 1) <= v) ++root;
  return root;
}

LogisticSpec::LogisticSpec(const LogisticParameters& parameters) : p_(parameters) {
  require_between(p_.features, 1, 1 << 16, "features");
  require_between(p_.batch, 1, 1 << 16, "batch");
  require_between(p_.x_bits, 2, 24, "x_bits");
  require_between(p_.x_frac, 0, 24, "x_frac");
  require_between(p_.w_bits, 2, 40, "w_bits");
  require_between(p_.w_frac, 0, 40, "w_frac");
  require_between(p_.eta, 1, int64_t{1} << 32, "eta");
  require_between(p_.eta_shift, 1, 60, "eta_shift");
  require_between(p_.bound, 1, int64_t{1} << 40, "bound");

  // Steps 1 to 3: logits, and how far they can lie outside the sigmoid's table.
  logit_shift_ = static_cast<int>(p_.w_frac + p_.x_frac) - argument_frac;
  require_between(logit_shift_, 1, 60, "w_frac + x_frac - 8");
  const Wide half = Wide{1} << (logit_shift_ - 1);
  const int64_t logit_max =
      fitting(Wide{weight_limit()} * (Wide{p_.features} * feature_limit() + bias_feature()) + half,
              "the largest logit (w_bits, x_bits, features)");
  const int64_t q_low = (-logit_max) >> logit_shift_;
  const int64_t q_high = logit_max >> logit_shift_;
  const int64_t excess_low = std::min<int64_t>(0, q_low + argument_offset);
  const int64_t excess_high = std::max<int64_t>(0, q_high + argument_offset - argument_max);
  excess_bits_ = signed_bits(excess_low, excess_high);
  // |q 2^s + rem| <= (2^(excess_bits - 1) + 2048) 2^s for all values in range, honest or not.
  logit_slot_bits_ = bit_length((int64_t{1} << (excess_bits_ - 1)) + argument_offset - 1) + logit_shift_ + 1;
  logits_per_pack_ = static_cast<size_t>(pack_bits / logit_slot_bits_);
  paddings_per_pack_ = static_cast<size_t>(pack_bits / static_cast<int>(p_.x_bits));

  // Steps 4 to 7: gradients and raw updates.
  const int64_t p_low = kSigmoidKnots.front();
  const int64_t p_high = kSigmoidKnots.back();
  const int64_t z_max = std::max(p_high, (int64_t{1} << probability_frac) - p_low);
  const Wide gradient_max = Wide{p_.batch} * z_max * std::max(feature_limit(), bias_feature());
  const Wide raw_half = Wide{1} << (p_.eta_shift - 1);
  const int64_t scaled_max = fitting(gradient_max * p_.eta + raw_half,
                                     "the largest scaled gradient (eta, eta_shift, batch, x_bits, x_frac)");
  const int64_t raw_low = (-scaled_max + static_cast<int64_t>(2 * raw_half)) >> p_.eta_shift;
  const int64_t raw_high = scaled_max >> p_.eta_shift;
  raw_bits_ = signed_bits(raw_low, raw_high);
  raw_slot_bits_ = raw_bits_ + static_cast<int>(p_.eta_shift);
  raws_per_pack_ = static_cast<size_t>(pack_bits / raw_slot_bits_);

  // Step 8: norm and clipping.
  const int64_t raw_max = std::max(-raw_low, raw_high);
  const int64_t norm_max = fitting(Wide{p_.features + 1} * raw_max * raw_max,
                                   "the largest squared norm of an update before clipping (eta, features)");
  const int64_t root_max = isqrt(norm_max);
  root_bits_ = std::max(1, bit_length(root_max));
  root_rest_bits_ = root_bits_ + 1;
  int64_t slack = isqrt(p_.features + 1);
  if (slack * slack < p_.features + 1) ++slack;
  clip_target_ = p_.bound - slack;
  require(clip_target_ >= 1, "bound must be larger than ceil(sqrt(features + 1)) = " + std::to_string(slack) +
                                 " units of 2^-w_frac, got " + std::to_string(p_.bound));
  clip_difference_bits_ = signed_bits(1 - clip_target_, root_max + 1 - clip_target_);
  const int64_t divisor_max = std::max(root_max + 1, clip_target_);
  divisor_bits_ = std::max(1, bit_length(divisor_max - 1));
  fitting(Wide{raw_max} * clip_target_, "the largest update times the clip bound (eta, bound)");
  update_bits_ = signed_bits(std::max(-clip_target_, raw_low), std::min(clip_target_ - 1, raw_high));
  // Whatever the ranged values are: sum R^2, n^2 + rest, D m + rem and R c stay far from r.
  require(2 * raw_bits_ + 17 < pack_bits && 2 * root_bits_ + 2 < pack_bits &&
              update_bits_ + divisor_bits_ + 1 < pack_bits && raw_bits_ + 41 < pack_bits,
          "the clipping does not fit the field");
}

}  // namespace pyzkfl
