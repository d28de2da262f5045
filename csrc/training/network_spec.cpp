// Bounds and digits of a network's step.
#include "training/network_spec.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/errors.h"

namespace pyzkfl {
namespace {

using Wide = unsigned __int128;

constexpr size_t most_input_parts = 3;
constexpr Wide most_cell = (Wide{1} << 31) - 1;  // a cell is an int32_t

void require(bool condition, const std::string& problem) {
  if (!condition) throw ParameterError("network: " + problem);
}

unsigned bits_of(Wide v) {
  unsigned bits = 0;
  for (; v != 0; v >>= 1) ++bits;
  return bits;
}

// Digits whose sum reaches at least 2^bits - 1: 16 bits each, the last 8 where that is enough.
DigitWidths digits_for(unsigned bits) {
  DigitWidths out;
  unsigned rest = std::max(bits, 1U);
  for (; rest > 16; rest -= 16) out.widths.push_back(16);
  out.widths.push_back(rest > 8 ? 16 : 8);
  return out;
}

// Digits of exactly so many bits, a multiple of 8.
DigitWidths exact_digits(unsigned bits) {
  DigitWidths out;
  for (; bits >= 16; bits -= 16) out.widths.push_back(16);
  if (bits != 0) out.widths.push_back(8);
  return out;
}

std::vector<unsigned> cut(size_t n, size_t parts) {
  std::vector<unsigned> out;
  while (n != 0) {
    const auto below = static_cast<unsigned>(std::bit_width(n) - 1);
    if (out.size() + 1 == parts) {
      out.push_back(log2_ceil(n));
      break;
    }
    out.push_back(below);
    n -= size_t{1} << below;
  }
  return out;
}

std::string name_of(size_t layer) { return "layer " + std::to_string(layer + 1); }

}  // namespace

unsigned log2_ceil(size_t n) {
  return n <= 1 ? 0 : static_cast<unsigned>(std::bit_width(n - 1));
}

uint64_t isqrt_wide(unsigned __int128 v) {
  Wide root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const Wide trial = root | Wide{1} << bit;
    if (trial * trial <= v) root = trial;
  }
  return static_cast<uint64_t>(root);
}

unsigned DigitWidths::bits() const {
  unsigned sum = 0;
  for (const unsigned w : widths) sum += w;
  return sum;
}

size_t LayerSpec::padded_in() const {
  size_t sum = 0;
  for (const unsigned part : log_in_parts) sum += size_t{1} << part;
  return sum;
}

bool NetworkSpec::saturates() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const LayerSpec& layer) {
    return !layer.excess.widths.empty() || !layer.backward_excess.widths.empty();
  });
}

DigitWidths NetworkSpec::remainder() const { return exact_digits(static_cast<unsigned>(p_.w_frac)); }
DigitWidths NetworkSpec::update_remainder() const { return exact_digits(static_cast<unsigned>(p_.eta_shift)); }

std::vector<int32_t> NetworkSpec::exp_table() const {
  // exp(-2^-a_frac) by its series, in units of 2^-62; then its powers. The error stays below 2^-48.
  constexpr unsigned fraction = 62;
  constexpr Wide one = Wide{1} << fraction;
  Wide step = one, term = one;
  for (unsigned k = 1; term != 0; ++k) {
    term = (term >> p_.a_frac) / k;
    step = k % 2 == 1 ? step - term : step + term;
  }
  std::vector<int32_t> table(size_t{1} << exp_log_size_);
  Wide value = one;
  for (size_t t = 0; t + 1 < table.size(); ++t) {
    table[t] = static_cast<int32_t>((value + (one >> (exp_frac + 1))) >> (fraction - exp_frac));
    value = (value * step) >> fraction;
  }
  return table;
}

NetworkSpec::NetworkSpec(const NetworkParameters& parameters) : p_(parameters) {
  require(p_.widths.size() >= 2, "widths names features and classes at least");
  require(p_.widths.size() <= 33, "at most 32 layers");
  for (const int64_t w : p_.widths)
    require(w >= 1 && w <= (int64_t{1} << 20), "every width lies between 1 and 2^20, got " + std::to_string(w));
  require(p_.widths.back() >= 2, "at least two classes");
  require(p_.batch >= 1 && p_.batch <= (int64_t{1} << 16), "batch lies between 1 and 2^16");
  require(p_.steps >= 1 && p_.steps <= 256, "steps lie between 1 and 256");
  require(p_.x_bits == 8 || p_.x_bits == 16, "x_bits is 8 or 16");
  require(p_.a_frac >= 1 && p_.a_frac <= 12, "a_frac lies between 1 and 12");
  require(p_.w_bits >= 2 && p_.w_bits <= 31, "w_bits lies between 2 and 31");
  require(p_.w_frac == 8 || p_.w_frac == 16, "w_frac is 8 or 16");
  require(p_.g_frac >= 1 && p_.g_frac <= 15, "g_frac lies between 1 and 15");
  require(p_.eta_shift >= 16 && p_.eta_shift <= 48 && p_.eta_shift % 8 == 0, "eta_shift is 16, 24, 32, 40 or 48");
  require(p_.eta >= 1 && p_.eta < (int64_t{1} << 60), "eta lies between 1 and 2^60");
  require(p_.saturation >= 16 && p_.saturation <= 24, "saturation lies between 16 and 24");
  require(p_.bound >= 1 && p_.bound < (int64_t{1} << 15), "bound lies between 1 and 2^15 - 1 units of 2^-w_frac");

  log_batch_ = log2_ceil(batch());
  const Wide scale = Wide{1} << p_.w_frac;
  // Local steps move the weights by at most `bound` each.
  const Wide most_weight = static_cast<Wide>(weight_limit() + (p_.steps - 1) * p_.bound);
  require(most_weight <= most_cell, "weights after all local steps need more than 31 bits");

  const size_t count = p_.widths.size() - 1;
  Wide input = static_cast<Wide>(feature_limit());
  std::vector<Wide> inputs;
  for (size_t l = 0; l < count; ++l) {
    LayerSpec layer;
    layer.in = static_cast<size_t>(p_.widths[l]);
    layer.out = static_cast<size_t>(p_.widths[l + 1]);
    layer.log_in_parts = cut(layer.in, l == 0 ? most_input_parts : 1);
    layer.log_out = log2_ceil(layer.out);
    layer.relu = l + 1 < count;
    inputs.push_back(input);
    const Wide sum = most_weight * (layer.in * input + (Wide{1} << p_.a_frac));
    const Wide most = sum / scale + 1;
    require(most + 1 < most_cell / 2, name_of(l) + ": outputs of up to 2^" + std::to_string(bits_of(most)) +
                                          " units do not fit 30 bits: fewer x_bits, w_bits or a_frac, or a narrower layer");
    layer.most_output = static_cast<int64_t>(most);
    layer.quotient = digits_for(bits_of(most) + (layer.relu ? 0 : 1));
    input = most;
    if (layer.relu && most >= Wide{1} << p_.saturation) {
      layer.excess = digits_for(bits_of(most - static_cast<Wide>(most_activation)));
      input = static_cast<Wide>(most_activation);
    }
    dimension_ += layer.out * (layer.in + 1);
    layers_.push_back(std::move(layer));
  }

  exp_log_size_ = static_cast<unsigned>(std::ceil(std::log2((exp_frac + 1) * std::log(2.0)) + static_cast<double>(p_.a_frac)));
  excess_ = digits_for(bits_of(2 * input));
  softmax_ = digits_for(bits_of((Wide{classes()} << exp_frac)));

  Wide gradient = Wide{1} << p_.g_frac;
  Wide squares = 0;
  for (size_t l = count; l-- > 0;) {
    LayerSpec& layer = layers_[l];
    layer.most_gradient = static_cast<int64_t>(gradient);
    // Rows up to the padded batch: the circuit knows no other bound of their number.
    const Wide most_weight_gradient = Wide{padded_batch()} * gradient * inputs[l];
    const Wide most_bias_gradient = Wide{padded_batch()} * gradient << p_.a_frac;
    require(bits_of(most_weight_gradient) <= 58, name_of(l) + ": gradients of up to 2^" +
                                                     std::to_string(bits_of(most_weight_gradient)) +
                                                     " units do not fit 58 bits: a smaller batch, or fewer bits");
    // So no product below wraps, and no sum of 32 layers.
    require(2 * bits_of(std::max(most_weight_gradient, most_bias_gradient)) + bits_of(Wide{layer.out} * (layer.in + 1)) <= 122,
            name_of(l) + ": the square of the gradient's norm does not fit 118 bits");
    squares += layer.out * (layer.in * most_weight_gradient * most_weight_gradient + most_bias_gradient * most_bias_gradient);
    require(bits_of(squares) <= 118, name_of(l) + ": the square of the gradient's norm does not fit 118 bits");
    if (l == 0) break;
    const Wide back = layer.out * gradient * most_weight / scale + 1;
    require(back + 1 < most_cell / 2, name_of(l) + ": gradients of its inputs do not fit 30 bits");
    layer.backward_quotient = digits_for(bits_of(back) + 1);
    gradient = back;
    if (back >= Wide{1} << p_.saturation) {
      layer.backward_excess = digits_for(bits_of(back - static_cast<Wide>(gradient_limit) + 1));
      gradient = static_cast<Wide>(gradient_limit);
    }
  }
  norm_square_bits_ = bits_of(squares);
  // Whatever cells in their ranges a forger takes: |- 2^k D + rem - 2^(k-1)| <= 2^(k+15), and their squares stay small.
  size_t padded = 0;
  for (const LayerSpec& layer : layers_) padded += layer.padded_out() * (layer.padded_in() + 1);
  require(2 * (static_cast<unsigned>(p_.eta_shift) + 15) + log2_ceil(padded) < 250, "updates are too many for one sum of squares");

  // Rounding moves each coordinate of an update by half a unit at most.
  const auto rounding = static_cast<int64_t>(isqrt_wide(static_cast<Wide>(dimension_)) / 2 + 1);
  require(p_.bound > rounding, "bound is " + std::to_string(p_.bound) + " units, and rounding alone may move " +
                                   std::to_string(dimension_) + " coordinates by " + std::to_string(rounding));
  target_ = static_cast<Wide>(p_.bound - rounding) << p_.eta_shift;
  require(target_ >> ((norm_square_bits_ + 1) / 2) != 0,
          "bound is too small: the largest gradient would be clipped to nothing; a larger bound or eta_shift");
}

NetworkParameters NetworkSpec::with_learning_rate(NetworkParameters parameters, double learning_rate) {
  require(std::isfinite(learning_rate) && learning_rate > 0, "the learning rate must be positive and finite");
  require(parameters.batch >= 1, "batch lies between 1 and 2^16");
  std::string last = "the learning rate is too small or too large for these scales";
  // Fewest digits of the update's remainder first; then without saturation; then the smaller shift.
  struct Choice {
    int64_t shift, saturation;
  };
  constexpr Choice choices[] = {{16, 20}, {16, 16}, {24, 20}, {32, 20}, {24, 16}, {32, 16}, {40, 20}, {48, 20}, {40, 16}, {48, 16}};
  for (const Choice choice : choices) {
    const double exponent = static_cast<double>(parameters.w_frac - parameters.a_frac - parameters.g_frac + choice.shift);
    const double eta = std::round(learning_rate / static_cast<double>(parameters.batch) * std::exp2(exponent));
    if (eta < 512 || eta >= std::exp2(60.0)) continue;
    parameters.eta = static_cast<int64_t>(eta);
    parameters.eta_shift = choice.shift;
    parameters.saturation = choice.saturation;
    try {
      return NetworkSpec(parameters).parameters();
    } catch (const ParameterError& error) {
      last = error.what();
    }
  }
  throw ParameterError(last);
}

}  // namespace pyzkfl
