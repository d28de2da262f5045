// The numbers of one SGD step of a logistic classifier, in integers (docs/protocol.md section 1).
//
// A spec is checked when it is made: every intermediate value of the step fits 62 bits, every width that the
// circuit gives a value holds all values that honest inputs reach, and no packed sum can wrap modulo r. So
// trainer and circuit never have to ask again, and every honest input has a proof.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl {

struct LogisticParameters {
  int64_t features = 0;  // d: features of a row, without the bias
  int64_t batch = 32;    // B: rows of a batch
  int64_t x_bits = 8;    // features are signed integers of x_bits bits ..
  int64_t x_frac = 5;    // .. in units of 2^-x_frac
  int64_t w_bits = 20;   // weights are signed integers of w_bits bits ..
  int64_t w_frac = 16;   // .. in units of 2^-w_frac
  int64_t eta = 0;       // learning rate over batch size, times 2^(w_frac - 20 - x_frac): eta / 2^eta_shift
  int64_t eta_shift = 0;
  int64_t bound = 0;  // L2 bound of an update, in units of 2^-w_frac

  bool operator==(const LogisticParameters&) const = default;
};

class LogisticSpec {
 public:
  // Fixed parts of the statement: the sigmoid's argument has 12 bits of unit 2^-8 over [-8, 8), its value
  // unit 2^-20.
  static constexpr int argument_frac = 8;
  static constexpr int argument_bits = 12;
  static constexpr int64_t argument_offset = int64_t{1} << (argument_bits - 1);
  static constexpr int64_t argument_max = (int64_t{1} << argument_bits) - 1;
  static constexpr int segment_low_bits = 7;
  static constexpr int probability_frac = 20;

  // Throws ParameterError that names the parameter or the bound that does not hold.
  explicit LogisticSpec(const LogisticParameters& parameters);

  const LogisticParameters& parameters() const { return p_; }
  size_t features() const { return static_cast<size_t>(p_.features); }
  size_t batch() const { return static_cast<size_t>(p_.batch); }
  size_t dimension() const { return features() + 1; }  // coordinates of weights and updates
  int64_t bias_feature() const { return int64_t{1} << p_.x_frac; }
  int64_t feature_limit() const { return int64_t{1} << (p_.x_bits - 1); }  // features in [-limit, limit)
  int64_t weight_limit() const { return int64_t{1} << (p_.w_bits - 1); }   // weights in [-limit, limit)
  int64_t bound() const { return p_.bound; }
  // No coordinate of an update is larger in magnitude.
  int64_t max_abs_update() const { return p_.bound; }

  // Widths of the circuit's values; "signed" ones hold [-2^(b-1), 2^(b-1)).
  int logit_shift() const { return logit_shift_; }          // s: bits of the remainder of q
  int excess_bits() const { return excess_bits_; }          // signed: q + 2048 - t
  int logit_slot_bits() const { return logit_slot_bits_; }  // rows' logits are packed this far apart
  size_t logits_per_pack() const { return logits_per_pack_; }
  size_t paddings_per_pack() const { return paddings_per_pack_; }  // values of a row in one zero test
  int raw_bits() const { return raw_bits_; }                       // signed: R
  int raw_slot_bits() const { return raw_slot_bits_; }
  size_t raws_per_pack() const { return raws_per_pack_; }
  int root_bits() const { return root_bits_; }                        // n = isqrt(sum R^2)
  int root_rest_bits() const { return root_rest_bits_; }              // sum R^2 - n^2, and 2 n less that
  int64_t clip_target() const { return clip_target_; }                // c
  int clip_difference_bits() const { return clip_difference_bits_; }  // signed: n + 1 - c
  int divisor_bits() const { return divisor_bits_; }                  // m - 1
  int update_bits() const { return update_bits_; }                    // signed: D

  bool operator==(const LogisticSpec& other) const { return p_ == other.p_; }

 private:
  LogisticParameters p_;
  int logit_shift_, excess_bits_, logit_slot_bits_, raw_bits_, raw_slot_bits_, root_bits_, root_rest_bits_;
  int clip_difference_bits_, divisor_bits_, update_bits_;
  size_t logits_per_pack_, paddings_per_pack_, raws_per_pack_;
  int64_t clip_target_;
};

// floor(sqrt(v)) for v >= 0; exact.
int64_t isqrt(int64_t v);

}  // namespace pyzkfl
