// The numbers of one SGD step of a network, in integers (docs/engine.md, section 6).
//
// A spec is checked when it is made: from the ranges of features, labels and weights it derives the largest value that
// every intermediate can take, and the digits that hold it. So every honest input has a witness, no identity can wrap
// modulo r, and nothing overflows in the trainer. What does not fit is refused, naming the layer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "training/network_shape.h"

namespace pyzkfl {

enum class NetworkLoss : uint8_t { cross_entropy, mean_squared_error };

struct NetworkParameters {
  std::vector<int64_t> input;  // of a row: {features}, or {channels, height, width}
  std::vector<LayerParameters> layers;
  NetworkLoss loss = NetworkLoss::cross_entropy;
  int64_t batch = 64;     // rows of a batch
  int64_t steps = 1;      // local steps of a round
  int64_t x_bits = 8;     // features are signed integers of 8 or 16 bits ..
  int64_t a_frac = 5;     // .. in units of 2^-a_frac, as all activations and the targets of the mean squared error
  int64_t w_bits = 20;    // weights are signed integers of w_bits bits ..
  int64_t w_frac = 16;    // .. in units of 2^-w_frac; 8 or 16
  int64_t g_frac = 12;    // loss gradients are in units of 2^-g_frac
  int64_t momentum = 0;   // of the last step's update, in units of 2^-16
  int64_t carry = 0;      // 1: a round goes on from the member's last update; else it starts from none
  int64_t eta = 0;        // learning rate over batch size, times 2^(w_frac - a_frac - g_frac): eta / 2^eta_shift
  int64_t eta_shift = 0;  // 16, 24, 32, 40 or 48
  int64_t bound = 0;      // L2 bound of a step's update, in units of 2^-w_frac; below 2^15
  int64_t saturation = 20;  // values that could reach 2^saturation saturate; 16 to 24
  int64_t bitwise = 0;      // 1: digits are committed to bit by bit, and no tables of 2^16 and 2^8 are needed

  // A multilayer perceptron: features, hidden units .., classes; biases everywhere, ReLU between the layers.
  static NetworkParameters perceptron(std::span<const int64_t> widths);

  bool operator==(const NetworkParameters&) const = default;
};

// A value as a sum of digits: the lowest first, of 16 bits, the last of 16 or 8, or of 4, 2, 1 in bits. Signed: by the
// highest digit, whose range is that of a signed number. Bitwise: each digit is its bits, a block of 2^bit_variables times
// as many cells, and the highest bit of a signed one counts negatively.
struct DigitWidths {
  std::vector<unsigned> widths;
  bool is_signed = false, bitwise = false;

  unsigned bits() const;
  bool empty() const { return widths.empty(); }
  unsigned bit_variables(size_t digit) const { return bitwise ? log2_ceil(widths[digit]) : 0; }
};

// A layer with the digits of its values, and the largest magnitudes that honest inputs reach.
struct LayerSpec : LayerGeometry {
  DigitWidths quotient;           // of q: 2^bits() above all |q| (ReLU), or twice that, signed
  DigitWidths backward_quotient;  // of what goes back, signed; empty where nothing goes back
  DigitWidths excess;             // of a beyond most_activation; empty where activations do not saturate
  DigitWidths backward_excess;    // of q' beyond its limits, either way; empty where gradients do not saturate
  int64_t most_output = 0;        // |q|
  int64_t most_gradient = 0;      // |dZ|; 0 where it is of no use
};

class NetworkSpec {
 public:
  // Where honest values could reach 2^saturation or more, activations saturate at most_activation, and gradients that
  // go back through a layer at the ends of saturation_bits signed bits. The derivative of the saturation counts as one.
  static constexpr unsigned saturation_bits = 13;
  static constexpr int64_t most_activation = (int64_t{1} << saturation_bits) - 1;
  static constexpr int64_t gradient_limit = int64_t{1} << (saturation_bits - 1);
  // e of the softmax has this many fraction bits.
  static constexpr int exp_frac = 12;

  // Throws ParameterError that names the parameter or the layer.
  explicit NetworkSpec(const NetworkParameters& parameters);

  // The eta, eta_shift and saturation of a learning rate for these parameters (whose own are ignored): those with the
  // fewest cells for which nothing overflows, the rate keeps at least 10 bits and no clipped rate reaches zero. Throws
  // ParameterError if there is none.
  static NetworkParameters with_learning_rate(NetworkParameters parameters, double learning_rate);

  const NetworkParameters& parameters() const { return p_; }
  const std::vector<LayerSpec>& layers() const { return layers_; }
  bool saturates() const;  // anywhere
  size_t batch() const { return static_cast<size_t>(p_.batch); }
  unsigned log_batch() const { return log_batch_; }
  size_t padded_batch() const { return size_t{1} << log_batch_; }
  size_t steps() const { return static_cast<size_t>(p_.steps); }
  size_t features() const { return features_; }                             // of a row, whatever its shape
  size_t classes() const { return layers_.back().out.channels; }            // of the last layer, or its outputs
  size_t padded_classes() const { return layers_.back().out.padded_size(); }
  size_t first_trained() const { return first_trained_; }  // the first layer with weights; below, nothing goes back
  bool goes_back(size_t layer) const { return layer > first_trained_; }  // to the layer below
  bool classifies() const { return p_.loss == NetworkLoss::cross_entropy; }
  size_t dimension() const { return dimension_; }  // coordinates of weights and updates

  // Digits of the remainder of a division by 2^w_frac, and by 2^eta_shift.
  DigitWidths remainder() const;
  DigitWidths update_remainder() const;
  DigitWidths probability() const;
  // Of features, targets and a step's update: where everything is bits. Tables hold them otherwise, as they are.
  DigitWidths feature_bits() const;
  DigitWidths target_bits() const;
  DigitWidths update_bits() const;
  bool bitwise() const { return p_.bitwise != 0; }
  const DigitWidths& excess() const { return excess_; }              // c - z beyond the table
  const DigitWidths& softmax_remainder() const { return softmax_; }  // of the division by E
  DigitWidths lead() const;  // of what a row's best has over each class, in evaluations
  // Of the mean squared error's dZ beyond its limits, either way; empty where it does not saturate.
  const DigitWidths& loss_excess() const { return loss_excess_; }

  // EXP: 2^exp_log_size() values round(2^exp_frac exp(-t / 2^a_frac)); the last is 0. Computed in integers, so that every
  // member has the same table whatever its mathematical library.
  unsigned exp_log_size() const { return exp_log_size_; }
  std::vector<int32_t> exp_table() const;

  // What a mean of `area` cells is multiplied with: 2^w_frac / area, rounded.
  int64_t pool_factor(size_t layer) const;

  // Units of 2^-16 that a step keeps of the one before; 0 in rounds of one step that start from none.
  int64_t momentum() const { return p_.steps > 1 || carries() ? p_.momentum : 0; }
  bool carries() const { return p_.carry != 0; }  // momentum, over rounds
  // rate = min(eta, floor(target / (n + 1))).
  unsigned __int128 target() const { return target_; }
  unsigned norm_square_bits() const { return norm_square_bits_; }

  int64_t feature_limit() const { return int64_t{1} << (p_.x_bits - 1); }  // features in [-limit, limit)
  int64_t weight_limit() const { return int64_t{1} << (p_.w_bits - 1); }   // weights in [-limit, limit)
  static constexpr int64_t target_limit = int64_t{1} << 15;                // targets in [-limit, limit)

  bool operator==(const NetworkSpec& other) const { return p_ == other.p_; }

 private:
  NetworkParameters p_;
  std::vector<LayerSpec> layers_;
  unsigned log_batch_ = 0, exp_log_size_ = 0, norm_square_bits_ = 0;
  DigitWidths digits_for(unsigned bits, bool is_signed = false) const;
  DigitWidths exact_digits(unsigned bits, bool is_signed = false) const;
  void measure_forward();
  void measure_loss();
  void measure_backward();
  void measure_update();

  size_t features_ = 0, first_trained_ = 0, dimension_ = 0;
  unsigned __int128 most_weight_ = 0;
  std::vector<unsigned __int128> inputs_;  // the largest magnitude of each layer's inputs
  int64_t most_loss_gradient_ = 0;
  DigitWidths excess_, softmax_, loss_excess_;
  unsigned __int128 target_ = 0;
};

// floor(sqrt(v)); exact.
uint64_t isqrt_wide(unsigned __int128 v);

}  // namespace pyzkfl
