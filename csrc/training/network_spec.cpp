// Bounds and digits of a network's step.
#include "training/network_spec.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"

namespace pyzkfl {
namespace {

using WideUnsigned = unsigned __int128;

constexpr WideUnsigned most_cell = (WideUnsigned{1} << 31) - 1;  // a cell is an int32_t

void require_spec(bool condition, const std::string& problem) {
  if (!condition) throw ParameterError("network: " + problem);
}

unsigned bits_of(WideUnsigned v) {
  unsigned bits = 0;
  for (; v != 0; v >>= 1) ++bits;
  return bits;
}

// "; fewer ..": the end of an error of what does not fit.
std::string bits_text(WideUnsigned most) { return "of up to 2^" + std::to_string(bits_of(most)) + " units do not fit "; }

}  // namespace

uint64_t isqrt_wide(unsigned __int128 v) {
  WideUnsigned root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const WideUnsigned trial = root | WideUnsigned{1} << bit;
    if (trial * trial <= v) root = trial;
  }
  return static_cast<uint64_t>(root);
}

unsigned DigitWidths::bits() const {
  unsigned sum = 0;
  for (const unsigned w : widths) sum += w;
  return sum;
}

NetworkParameters NetworkParameters::perceptron(std::span<const int64_t> widths) {
  require_spec(widths.size() >= 2, "widths names features and classes at least");
  NetworkParameters p;
  p.input = {widths[0]};
  for (size_t l = 1; l < widths.size(); ++l) p.layers.push_back(LayerParameters::linear(widths[l], l + 1 < widths.size()));
  return p;
}

bool NetworkSpec::saturates() const {
  return !loss_excess_.empty() || std::any_of(layers_.begin(), layers_.end(), [](const LayerSpec& layer) {
    return !layer.excess.empty() || !layer.backward_excess.empty();
  });
}

// Digits whose sum reaches at least 2^bits - 1: 16 bits each, the last 8 where that is enough, or fewer in bits.
DigitWidths NetworkSpec::digits_for(unsigned bits, bool is_signed) const {
  DigitWidths out{{}, is_signed, bitwise()};
  unsigned rest = std::max(bits, 1U);
  for (; rest > 16; rest -= 16) out.widths.push_back(16);
  out.widths.push_back(bitwise() ? 1U << log2_ceil(rest) : rest > 8 ? 16 : 8);
  return out;
}

// Digits of exactly so many bits, a multiple of 8.
DigitWidths NetworkSpec::exact_digits(unsigned bits, bool is_signed) const {
  DigitWidths out{{}, is_signed, bitwise()};
  for (; bits >= 16; bits -= 16) out.widths.push_back(16);
  if (bits != 0) out.widths.push_back(8);
  return out;
}

DigitWidths NetworkSpec::probability() const { return exact_digits(16); }
DigitWidths NetworkSpec::feature_bits() const { return bitwise() ? exact_digits(static_cast<unsigned>(p_.x_bits), true) : DigitWidths{}; }
DigitWidths NetworkSpec::target_bits() const { return bitwise() ? exact_digits(16, true) : DigitWidths{}; }
DigitWidths NetworkSpec::update_bits() const { return bitwise() ? exact_digits(16, true) : DigitWidths{}; }
DigitWidths NetworkSpec::remainder() const { return exact_digits(static_cast<unsigned>(p_.w_frac)); }
DigitWidths NetworkSpec::update_remainder() const { return exact_digits(static_cast<unsigned>(p_.eta_shift)); }

DigitWidths NetworkSpec::lead() const {
  // The largest output, with one more where it is another's than the label's, less the least.
  return digits_for(bits_of(2 * static_cast<WideUnsigned>(layers_.back().most_output) + 1));
}

std::vector<int32_t> NetworkSpec::exp_table() const {
  // exp(-2^-a_frac) by its series, in units of 2^-62; then its powers. The error stays below 2^-48.
  constexpr unsigned fraction = 62;
  constexpr WideUnsigned one = WideUnsigned{1} << fraction;
  WideUnsigned step = one, term = one;
  for (unsigned k = 1; term != 0; ++k) {
    term = (term >> p_.a_frac) / k;
    step = k % 2 == 1 ? step - term : step + term;
  }
  std::vector<int32_t> table(size_t{1} << exp_log_size_);
  WideUnsigned value = one;
  for (size_t t = 0; t + 1 < table.size(); ++t) {
    table[t] = static_cast<int32_t>((value + (one >> (exp_frac + 1))) >> (fraction - exp_frac));
    value = (value * step) >> fraction;
  }
  return table;
}

int64_t NetworkSpec::pool_factor(size_t layer) const {
  const std::array<size_t, 2>& kernel = layers_[layer].kernel;
  const auto area = static_cast<int64_t>(kernel[0] * kernel[1]);
  return ((int64_t{2} << p_.w_frac) + area) / (2 * area);
}

NetworkSpec::NetworkSpec(const NetworkParameters& parameters) : p_(parameters) {
  require_spec(p_.batch >= 1 && p_.batch <= (int64_t{1} << 16), "batch lies between 1 and 2^16");
  require_spec(p_.steps >= 1 && p_.steps <= 256, "steps lie between 1 and 256");
  require_spec(p_.x_bits == 8 || p_.x_bits == 16, "x_bits is 8 or 16");
  require_spec(p_.a_frac >= 1 && p_.a_frac <= 12, "a_frac lies between 1 and 12");
  require_spec(p_.w_bits >= 2 && p_.w_bits <= 31, "w_bits lies between 2 and 31");
  require_spec(p_.w_frac == 8 || p_.w_frac == 16, "w_frac is 8 or 16");
  require_spec(p_.g_frac >= 1 && p_.g_frac <= 15, "g_frac lies between 1 and 15");
  require_spec(p_.eta_shift >= 16 && p_.eta_shift <= 48 && p_.eta_shift % 8 == 0, "eta_shift is 16, 24, 32, 40 or 48");
  require_spec(p_.eta >= 1 && p_.eta < (int64_t{1} << 60), "eta lies between 1 and 2^60");
  require_spec(p_.saturation >= 16 && p_.saturation <= 24, "saturation lies between 16 and 24");
  require_spec(p_.bitwise == 0 || p_.bitwise == 1, "bitwise is 0 or 1");
  require_spec(p_.bound >= 1 && p_.bound < (int64_t{1} << 15), "bound lies between 1 and 2^15 - 1 units of 2^-w_frac");
  require_spec(p_.momentum >= 0 && p_.momentum < (int64_t{1} << 16), "momentum lies between 0 and 2^16 - 1 units of 2^-16");

  require_spec(p_.carry == 0 || (p_.carry == 1 && p_.momentum > 0), "carry is 0 or 1, and there must be a momentum to carry");

  log_batch_ = log2_ceil(batch());
  // Local steps move the weights by at most `bound` each.
  most_weight_ = static_cast<WideUnsigned>(weight_limit() + (p_.steps - 1) * p_.bound);
  require_spec(most_weight_ <= most_cell, "weights after all local steps need more than 31 bits");

  for (LayerGeometry& geometry : layer_geometry(p_.input, p_.layers)) layers_.push_back({std::move(geometry), {}, {}, {}, {}, 0, 0});
  first_trained_ = static_cast<size_t>(
      std::find_if(layers_.begin(), layers_.end(), [](const LayerSpec& l) { return l.has_weights(); }) - layers_.begin());
  require_spec(layers_.back().kind == LayerKind::linear && !layers_.back().relu, "the last layer is a linear one, without ReLU");
  require_spec(classes() >= (classifies() ? 2U : 1U), "at least two classes");
  features_ = 1;
  for (const int64_t n : p_.input) features_ *= static_cast<size_t>(n);
  require_spec(features_ <= size_t{1} << 24, "the input has at most 2^24 features");
  for (const LayerSpec& layer : layers_) dimension_ += layer.weight_count();

  measure_forward();
  measure_loss();
  measure_backward();
  measure_update();
  require_spec(!bitwise() || !saturates(), "in bits, values may not reach 2^saturation: fewer x_bits or w_bits, a smaller g_frac, or a narrower layer");
}

void NetworkSpec::measure_forward() {
  const WideUnsigned scale = WideUnsigned{1} << p_.w_frac;
  WideUnsigned input = static_cast<WideUnsigned>(feature_limit());
  for (size_t l = 0; l < layers_.size(); ++l) {
    LayerSpec& layer = layers_[l];
    const std::string name = layer_name(l, layer.kind);
    inputs_.push_back(input);
    WideUnsigned sum = layer.bias ? most_weight_ << p_.a_frac : 0;
    if (layer.has_weights()) {
      sum += most_weight_ * layer.taps.size() * input;
    } else {
      require_spec(pool_factor(l) >= 1, name + ": 1 over its area is no unit of 2^-w_frac: a smaller pool");
      sum += static_cast<WideUnsigned>(pool_factor(l)) * layer.kernel[0] * layer.kernel[1] * input;
    }
    const WideUnsigned most = sum / scale + 1;
    require_spec(most + 1 < most_cell / 2,
            name + ": outputs " + bits_text(most) + "30 bits: fewer x_bits, w_bits or a_frac, or a narrower layer");
    layer.most_output = static_cast<int64_t>(most);
    layer.quotient = digits_for(bits_of(most) + (layer.relu ? 0 : 1), !layer.relu);
    input = most;
    if (layer.relu && most >= WideUnsigned{1} << p_.saturation) {
      layer.excess = digits_for(bits_of(most - static_cast<WideUnsigned>(most_activation)));
      input = static_cast<WideUnsigned>(most_activation);
    }
  }
}

void NetworkSpec::measure_loss() {
  const auto most = static_cast<WideUnsigned>(layers_.back().most_output);
  exp_log_size_ = static_cast<unsigned>(std::ceil(std::log2((exp_frac + 1) * std::log(2.0)) + static_cast<double>(p_.a_frac)));
  if (classifies()) {
    excess_ = digits_for(bits_of(2 * most));
    softmax_ = digits_for(bits_of((WideUnsigned{classes()} << exp_frac)));
    most_loss_gradient_ = int64_t{1} << p_.g_frac;
    return;
  }
  require_spec(p_.g_frac >= p_.a_frac, "with the mean squared error, g_frac is a_frac at least");
  const WideUnsigned reach = (most + static_cast<WideUnsigned>(target_limit)) << (p_.g_frac - p_.a_frac);
  require_spec(reach + 1 < most_cell / 2, "the loss: gradients " + bits_text(reach) + "30 bits: a smaller g_frac");
  most_loss_gradient_ = static_cast<int64_t>(reach);
  if (reach < WideUnsigned{1} << p_.saturation) return;
  loss_excess_ = digits_for(bits_of(reach - static_cast<WideUnsigned>(gradient_limit) + 1));
  most_loss_gradient_ = gradient_limit;
}

void NetworkSpec::measure_backward() {
  const WideUnsigned scale = WideUnsigned{1} << p_.w_frac;
  auto gradient = static_cast<WideUnsigned>(most_loss_gradient_);
  WideUnsigned squares = 0;
  for (size_t l = layers_.size(); l-- > first_trained_;) {
    LayerSpec& layer = layers_[l];
    const std::string name = layer_name(l, layer.kind);
    layer.most_gradient = static_cast<int64_t>(gradient);
    if (layer.has_weights()) {
      // Rows up to the padded batch: the circuit knows no other bound of their number.
      const WideUnsigned terms = WideUnsigned{padded_batch()} * layer.out.area() * gradient;
      const WideUnsigned most_weight_gradient = terms * inputs_[l];
      const WideUnsigned most_bias_gradient = layer.bias ? terms << p_.a_frac : 0;
      require_spec(bits_of(most_weight_gradient) <= 58,
              name + ": gradients " + bits_text(most_weight_gradient) + "58 bits: a smaller batch, or fewer bits");
      // So no product below wraps, and no sum of two of them.
      require_spec(2 * bits_of(std::max(most_weight_gradient, most_bias_gradient)) + bits_of(WideUnsigned{layer.weight_count()}) <= 122,
              name + ": the square of the gradient's norm does not fit 118 bits");
      squares += layer.out.channels *
                 (layer.taps.size() * most_weight_gradient * most_weight_gradient + most_bias_gradient * most_bias_gradient);
      require_spec(bits_of(squares) <= 118, name + ": the square of the gradient's norm does not fit 118 bits");
    }
    if (!goes_back(l)) break;
    const WideUnsigned sum = layer.has_weights() ? layer.out.channels * layer.most_outputs_of_an_input() * gradient * most_weight_
                                         : static_cast<WideUnsigned>(pool_factor(l)) * gradient;
    const WideUnsigned back = sum / scale + 1;
    require_spec(back + 1 < most_cell / 2, name + ": gradients of its inputs " + bits_text(back) + "30 bits");
    layer.backward_quotient = digits_for(bits_of(back) + 1, true);
    gradient = back;
    if (layer.has_weights() && back >= WideUnsigned{1} << p_.saturation) {
      layer.backward_excess = digits_for(bits_of(back - static_cast<WideUnsigned>(gradient_limit) + 1));
      gradient = static_cast<WideUnsigned>(gradient_limit);
    }
  }
  norm_square_bits_ = bits_of(squares);
}

void NetworkSpec::measure_update() {
  // Whatever cells in their ranges a forger takes: |- 2^k D + rem - 2^(k-1)| <= 2^(k+15), with momentum 2^(k+16) at most,
  // and their squares stay small.
  size_t padded = 0;
  for (const LayerSpec& layer : layers_) padded += layer.padded_weight_count();
  const unsigned most_bits = static_cast<unsigned>(p_.eta_shift) + (momentum() == 0 ? 15 : 16);
  require_spec(2 * most_bits + log2_ceil(padded) < 250, "updates are too many for one sum of squares");

  // Rounding moves each coordinate of an update by half a unit at most; momentum keeps a share of the bound.
  const auto rounding = static_cast<int64_t>(isqrt_wide(static_cast<WideUnsigned>(dimension_)) / 2 + 1);
  const int64_t fresh = ((int64_t{1} << 16) - momentum()) * p_.bound - (rounding << 16);  // in units of 2^-16
  require_spec(fresh > 0, "bound is " + std::to_string(p_.bound) + " units, and rounding alone may move " +
                         std::to_string(dimension_) + " coordinates by " + std::to_string(rounding) +
                         (momentum() == 0 ? "" : ", beside what momentum keeps"));
  target_ = static_cast<WideUnsigned>(fresh) << (p_.eta_shift - 16);
  require_spec(target_ >> ((norm_square_bits_ + 1) / 2) != 0,
          "bound is too small: the largest gradient would be clipped to nothing; a larger bound or eta_shift");
}

NetworkParameters NetworkSpec::with_learning_rate(NetworkParameters parameters, double learning_rate) {
  require_spec(std::isfinite(learning_rate) && learning_rate > 0, "the learning rate must be positive and finite");
  require_spec(parameters.batch >= 1, "batch lies between 1 and 2^16");
  require_spec(!parameters.layers.empty(), "there must be a layer");
  double mean = learning_rate / static_cast<double>(parameters.batch);
  // The derivative of the square, and the mean over the outputs.
  if (parameters.loss == NetworkLoss::mean_squared_error) mean *= 2 / static_cast<double>(parameters.layers.back().out);
  std::string last = "the learning rate is too small or too large for these scales";
  // Fewest digits of the update's remainder first; then without saturation; then the smaller shift.
  struct Choice {
    int64_t shift, saturation;
  };
  constexpr Choice choices[] = {{16, 20}, {16, 16}, {24, 20}, {32, 20}, {24, 16}, {32, 16}, {40, 20}, {48, 20}, {40, 16}, {48, 16}};
  for (const Choice choice : choices) {
    const double exponent = static_cast<double>(parameters.w_frac - parameters.a_frac - parameters.g_frac + choice.shift);
    const double eta = std::round(mean * std::exp2(exponent));
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
