// The relations of layers: forward, ReLU, backward, and the pairs of their weights' gradients.
//
// Nothing reads a position of an image that only pads, though its cells may hold what a bias makes of nothing:
// convolutions and pools read through windows, and so does the update of a linear layer behind an image; its forward pass
// meets weights that are 0 there, and what goes back is 0 there, by a window or by those weights.
#include "training/network_compiler.h"

namespace pyzkfl::compiler {

using namespace sumcheck;
using Kind = Source::Kind;

namespace {

std::vector<Source> summed(size_t count) { return sources(Kind::sum, 0, log2_ceil(count)); }

}  // namespace

Expression TensorValue::at(const TensorIndex& index) const {
  std::vector<Source> variables;
  std::vector<Window> windows;
  const auto dimension = [&](const std::optional<Window>& window, const std::vector<Source>& plain, unsigned log) {
    if (!window) {
      variables.insert(variables.end(), plain.begin(), plain.end());
      return;
    }
    for (unsigned j = 0; j < log; ++j) variables.push_back({Kind::window, static_cast<uint8_t>(windows.size())});
    windows.push_back(*window);
  };
  dimension(index.width_window, index.width, shape.log_width);
  dimension(index.height_window, index.height, shape.log_height);
  dimension(index.channels_window, index.channels, shape.log_channels);
  variables = std::move(variables) + index.rows;
  Expression e;
  for (const Part& part : parts) e.terms.push_back({part.coefficient, {false, part.block, part.bits + variables, windows}});
  return e;
}

std::vector<Source> NetworkCompiler::all(const TensorShape& shape) const {
  return sources(Kind::outer, 0, shape.log_size() + rows_);
}

Expression NetworkCompiler::weights_of(uint32_t s, size_t l, size_t part, const std::vector<Source>& variables) const {
  Expression e = single(block_view(layout_.weights[l].parts[part], variables));
  for (uint32_t t = 0; t < s; ++t) {
    if (!blocks(t, l).update.parts.empty()) add(e, Fr::one(), block_view(blocks(t, l).update.parts[part], variables));
  }
  return e;
}

TensorValue NetworkCompiler::digits_value(const Digits& digits, const DigitWidths& widths, const TensorShape& shape) const {
  return {digit_parts(digits, widths), shape};
}

TensorValue NetworkCompiler::block_value(uint32_t block, const TensorShape& shape) const {
  return {{{Fr::one(), block, {}}}, shape};
}

TensorValue NetworkCompiler::output(uint32_t s, size_t l) const {
  if (layer(l).relu) return block_value(blocks(s, l).activation, layer(l).out);
  return digits_value(blocks(s, l).quotient, layer(l).quotient, layer(l).out);
}

TensorValue NetworkCompiler::gradient(uint32_t s, size_t l) const {
  return blocks(s, l).gradient == no_block ? back(s, l + 1) : block_value(blocks(s, l).gradient, layer(l).out);
}

TensorValue NetworkCompiler::back(uint32_t s, size_t l) const {
  const TensorShape& shape = layer(l).has_weights() ? layer(l).in : layer(l).out;
  if (blocks(s, l).back != no_block) return block_value(blocks(s, l).back, shape);
  return digits_value(blocks(s, l).back_quotient, layer(l).backward_quotient, shape);
}

Expression NetworkCompiler::quotient(uint32_t s, size_t l) const {
  const std::vector<Source> at = all(layer(l).out);
  Expression q;
  add_digits(q, Fr::one(), blocks(s, l).quotient, layer(l).quotient, at);
  if (layer(l).relu) {  // u + 1 - (1 - g) 2^m
    const Fr top = power_of_two(layer(l).quotient.bits());
    add(q, top, block_view(blocks(s, l).sign, at));
    q.constant = Fr::one() - top;
  }
  return q;
}

Expression NetworkCompiler::input(uint32_t s, size_t l, TensorIndex index) const {
  if (l > 0) return output(s, l - 1).at(index);
  const TensorShape& shape = layer(0).in;
  if (shape.channels < size_t{1} << shape.log_channels) {
    const auto channels = static_cast<uint32_t>(shape.channels);
    index.channels_window = Window{Window::Role::input, channels, channels, 1, 1, 0, std::move(index.channels), {}};
  }
  return block_value(layout_.steps[s].inputs[0], shape).at(index);
}

// Of a linear layer: the part's taps are variables k.
Expression NetworkCompiler::input_part(uint32_t s, size_t l, size_t part, const std::vector<Source>& k,
                                       const std::vector<Source>& rows) const {
  if (l == 0) return single(block_view(layout_.steps[s].inputs[part], k + rows));
  return output(s, l - 1).at({{}, {}, k, rows, {}, {}, {}});
}

// Dimension 0 is the height, 1 the width.
Window NetworkCompiler::window(size_t l, size_t dimension, Window::Role role, std::vector<Source> first,
                               std::vector<Source> second) const {
  const LayerSpec& own = layer(l);
  const auto number = [](size_t n) { return static_cast<uint32_t>(n); };
  return {role,
          number(dimension == 0 ? own.in.height : own.in.width),
          number(dimension == 0 ? own.out.height : own.out.width),
          number(own.kernel[dimension]),
          number(own.stride[dimension]),
          number(own.padding[dimension]),
          std::move(first),
          std::move(second)};
}

void NetworkCompiler::add_rescaled(Expression& e, const Expression& quotient, const Digits& remainder,
                                   const std::vector<Source>& variables) const {
  const auto shift = static_cast<unsigned>(spec_.parameters().w_frac);
  add(e, power_of_two(shift), quotient);
  add_digits(e, Fr::one(), remainder, spec_.remainder(), variables);
  e.constant -= power_of_two(shift - 1);
}

// Outer: width, height, channels of the outputs, rows. Inner: those of the kernel.
ProductSum::Pair NetworkCompiler::convolution(uint32_t s, size_t l) const {
  const LayerSpec& own = layer(l);
  const TensorShape &out = own.out, &taps = own.taps;
  const unsigned above = taps.log_width + taps.log_height;
  TensorIndex index;
  index.width_window = window(l, 1, Window::Role::input, sources(Kind::outer, 0, out.log_width),
                              sources(Kind::inner, 0, taps.log_width));
  index.height_window = window(l, 0, Window::Role::input, sources(Kind::outer, out.log_width, out.log_height),
                               sources(Kind::inner, taps.log_width, taps.log_height));
  index.channels = sources(Kind::inner, above, taps.log_channels);
  index.rows = sources(Kind::outer, out.log_size(), rows_);
  return {taps.log_size(), input(s, l, index),
          weights_of(s, l, 0,
                     sources(Kind::inner, 0, taps.log_size()) +
                         sources(Kind::outer, out.log_width + out.log_height, out.log_channels))};
}

void NetworkCompiler::forward(uint32_t s, size_t l) {
  const LayerSpec& own = layer(l);
  range(blocks(s, l).quotient, own.quotient);
  range(blocks(s, l).remainder, spec_.remainder());
  if (!own.has_weights()) {
    pool_forward(s, l);
  } else {
    ProductSum sum;
    sum.outer = own.out.log_size() + rows_;
    sum.name = layer_of(l) + " forward";
    add_rescaled(sum.result, quotient(s, l), blocks(s, l).remainder, all(own.out));
    const std::vector<Source> units = sources(Kind::outer, own.out.log_width + own.out.log_height, own.out.log_channels);
    if (own.bias) {
      const Fr unit = -power_of_two(static_cast<unsigned>(spec_.parameters().a_frac));
      add(sum.result, unit, block_view(layout_.weights[l].bias, units));
      for (uint32_t t = 0; t < s; ++t) {
        if (blocks(t, l).update.bias != no_block) add(sum.result, unit, block_view(blocks(t, l).update.bias, units));
      }
    }
    if (own.kind == LayerKind::conv2d) {
      sum.pairs.push_back(convolution(s, l));
    } else {
      for (size_t part = 0; part < own.log_in_parts.size(); ++part) {
        const std::vector<Source> k = sources(Kind::inner, 0, own.log_in_parts[part]);
        sum.pairs.push_back({own.log_in_parts[part], input_part(s, l, part, k, sources(Kind::outer, own.out.log_size(), rows_)),
                             weights_of(s, l, part, k + units)});
      }
    }
    p_.products.push_back(std::move(sum));
  }
  if (own.relu) relu(s, l);
}

void NetworkCompiler::pool_forward(uint32_t s, size_t l) {
  const LayerSpec& own = layer(l);
  const TensorShape& out = own.out;
  TensorIndex index;
  index.width_window = window(l, 1, Window::Role::input, sources(Kind::outer, 0, out.log_width), summed(own.kernel[1]));
  index.height_window =
      window(l, 0, Window::Role::input, sources(Kind::outer, out.log_width, out.log_height), summed(own.kernel[0]));
  index.channels = sources(Kind::outer, out.log_width + out.log_height, out.log_channels);
  index.rows = sources(Kind::outer, out.log_size(), rows_);
  Expression e;
  add_rescaled(e, quotient(s, l), blocks(s, l).remainder, all(out));
  add(e, -Fr::from_i64(spec_.pool_factor(l)), input(s, l, index));
  p_.linear.push_back({out.log_size() + rows_, std::move(e), layer_of(l) + " pool"});
}

void NetworkCompiler::relu(uint32_t s, size_t l) {
  const LayerSpec& own = layer(l);
  const NetworkLayout::StepLayer& at = blocks(s, l);
  const unsigned outer = own.out.log_size() + rows_;
  boolean(at.sign);
  Expression whole = single(block_view(at.activation, all(own.out)));  // g q
  if (!own.excess.empty()) {
    p_.ranges.push_back({at.activation, table_saturation_, 0});
    range(at.excess, own.excess);
    Expression excess;
    add_digits(excess, Fr::one(), at.excess, own.excess, all(own.out));
    add(whole, Fr::one(), excess);
    Expression room = single(block_view(at.activation, all(own.out)), -Fr::one());
    room.constant = Fr::from_i64(NetworkSpec::most_activation);
    p_.zeros.push_back({outer, {{Fr::one(), {excess, room}}}, layer_of(l) + " saturation"});
  }
  p_.zeros.push_back({outer,
                      {{Fr::one(), {whole}}, {-Fr::one(), {single(block_view(at.sign, all(own.out))), quotient(s, l)}}},
                      layer_of(l) + " ReLU"});
}

// Outer: the inputs' variables, rows. Inner: width and height of the kernel, then output channels.
ProductSum::Pair NetworkCompiler::backward_pair(uint32_t s, size_t l) const {
  const LayerSpec& own = layer(l);
  const TensorShape &in = own.in, &taps = own.taps;
  TensorIndex index;
  index.rows = sources(Kind::outer, in.log_size(), rows_);
  if (own.kind == LayerKind::linear) {
    index.channels = sources(Kind::inner, 0, own.out.log_channels);
    return {own.out.log_channels, gradient(s, l).at(index),
            weights_of(s, l, 0, sources(Kind::outer, 0, in.log_size()) + index.channels)};
  }
  const unsigned kernel = taps.log_width + taps.log_height;
  index.width_window = window(l, 1, Window::Role::output, sources(Kind::outer, 0, in.log_width),
                              sources(Kind::inner, 0, taps.log_width));
  index.height_window = window(l, 0, Window::Role::output, sources(Kind::outer, in.log_width, in.log_height),
                               sources(Kind::inner, taps.log_width, taps.log_height));
  index.channels = sources(Kind::inner, kernel, own.out.log_channels);
  return {kernel + own.out.log_channels, gradient(s, l).at(index),
          weights_of(s, l, 0,
                     sources(Kind::inner, 0, kernel) + sources(Kind::outer, in.log_width + in.log_height, in.log_channels) +
                         index.channels)};
}

void NetworkCompiler::backward(uint32_t s, size_t l) {
  const LayerSpec& own = layer(l);
  const NetworkLayout::StepLayer& at = blocks(s, l);
  range(at.back_quotient, own.backward_quotient);
  range(at.back_remainder, spec_.remainder());
  const TensorShape& shape = own.has_weights() ? own.in : own.out;
  Expression quotient;
  add_digits(quotient, Fr::one(), at.back_quotient, own.backward_quotient, all(shape));
  Expression rescaled;
  add_rescaled(rescaled, quotient, at.back_remainder, all(shape));
  if (own.has_weights()) {
    p_.products.push_back({shape.log_size() + rows_, {backward_pair(s, l)}, std::move(rescaled), no_scalar, layer_of(l) + " backward"});
  } else {
    TensorIndex index;
    index.width = sources(Kind::outer, 0, shape.log_width);
    index.height = sources(Kind::outer, shape.log_width, shape.log_height);
    index.channels = sources(Kind::outer, shape.log_width + shape.log_height, shape.log_channels);
    index.rows = sources(Kind::outer, shape.log_size(), rows_);
    add(rescaled, -Fr::from_i64(spec_.pool_factor(l)), gradient(s, l).at(index));
    p_.linear.push_back({shape.log_size() + rows_, std::move(rescaled), layer_of(l) + " pool backward"});
  }
  if (at.back != no_block) {
    ends(at.back, at.back_over, at.back_under, own.backward_excess, shape, layer_of(l) + " saturation of the gradient");
    add(quotient, -Fr::one(), unsaturated(at.back, at.back_over, at.back_under, own.backward_excess, shape));
    p_.linear.push_back({shape.log_size() + rows_, std::move(quotient), layer_of(l) + " saturated gradient"});
  }
  gradient_below(s, l);
}

void NetworkCompiler::ends(uint32_t block, const Digits& over, const Digits& under, const DigitWidths& widths,
                           const TensorShape& shape, const std::string& name) {
  p_.ranges.push_back({block, table_saturation_, NetworkSpec::gradient_limit});
  const auto end = [&](const Digits& digits, int64_t limit, const char* which) {
    range(digits, widths);
    Expression excess, room = single(block_view(block, all(shape)));
    add_digits(excess, Fr::one(), digits, widths, all(shape));
    room.constant = Fr::from_i64(-limit);
    p_.zeros.push_back({shape.log_size() + rows_, {{Fr::one(), {excess, room}}}, name + " " + which});
  };
  end(over, NetworkSpec::gradient_limit - 1, "above");
  end(under, -NetworkSpec::gradient_limit, "below");
}

Expression NetworkCompiler::unsaturated(uint32_t block, const Digits& over, const Digits& under, const DigitWidths& widths,
                                        const TensorShape& shape) const {
  Expression e = single(block_view(block, all(shape)));
  add_digits(e, Fr::one(), over, widths, all(shape));
  add_digits(e, -Fr::one(), under, widths, all(shape));
  return e;
}

// dZ of the layer below, where it has a block: g times what goes back, which a pool puts on all inputs of its windows.
void NetworkCompiler::gradient_below(uint32_t s, size_t l) {
  const uint32_t block = blocks(s, l - 1).gradient;
  if (block == no_block) return;
  const LayerSpec& own = layer(l);
  const TensorShape& shape = own.in;
  TensorIndex index;
  index.width = sources(Kind::outer, 0, shape.log_width);
  index.height = sources(Kind::outer, shape.log_width, shape.log_height);
  index.channels = sources(Kind::outer, shape.log_width + shape.log_height, shape.log_channels);
  index.rows = sources(Kind::outer, shape.log_size(), rows_);
  if (!own.has_weights()) {
    index.width_window = window(l, 1, Window::Role::output, index.width, summed(own.kernel[1]));
    index.height_window = window(l, 0, Window::Role::output, index.height, summed(own.kernel[0]));
  }
  const Expression back_here = back(s, l).at(index), own_gradient = single(block_view(block, all(shape)));
  if (layer(l - 1).relu) {
    p_.zeros.push_back({shape.log_size() + rows_,
                        {{Fr::one(), {own_gradient}},
                         {-Fr::one(), {single(block_view(blocks(s, l - 1).sign, all(shape))), back_here}}},
                        layer_of(l) + " gradient through the ReLU"});
  } else {
    Expression e = own_gradient;
    add(e, -Fr::one(), back_here);
    p_.linear.push_back({shape.log_size() + rows_, std::move(e), layer_of(l) + " spread gradient"});
  }
}

// Outer: the part's taps, then output channels. Inner: width, height of the outputs, rows.
ProductSum::Pair NetworkCompiler::update_pair(uint32_t s, size_t l, size_t part) const {
  const LayerSpec& own = layer(l);
  const TensorShape &out = own.out, &taps = own.taps, &in = own.in;
  const unsigned k = own.log_in_parts[part], area = out.log_width + out.log_height;
  const std::vector<Source> rows = sources(Kind::inner, area, rows_);
  TensorIndex left;
  left.width = sources(Kind::inner, 0, out.log_width);
  left.height = sources(Kind::inner, out.log_width, out.log_height);
  left.channels = sources(Kind::outer, k, out.log_channels);
  left.rows = rows;
  const Expression dz = gradient(s, l).at(left);
  if (own.kind == LayerKind::linear && !in.is_image)
    return {area + rows_, dz, input_part(s, l, part, sources(Kind::outer, 0, k), rows)};

  TensorIndex right;
  right.rows = rows;
  if (own.kind == LayerKind::linear) {
    // What the image is padded with is masked.
    const auto mask = [](size_t real, unsigned log, std::vector<Source> at) -> std::optional<Window> {
      const auto n = static_cast<uint32_t>(real);
      if (real == size_t{1} << log) return std::nullopt;
      return Window{Window::Role::input, n, n, 1, 1, 0, std::move(at), {}};
    };
    right.width = sources(Kind::outer, 0, in.log_width);
    right.height = sources(Kind::outer, in.log_width, in.log_height);
    right.channels = sources(Kind::outer, in.log_width + in.log_height, in.log_channels);
    right.width_window = mask(in.width, in.log_width, right.width);
    right.height_window = mask(in.height, in.log_height, right.height);
  } else {
    right.width_window = window(l, 1, Window::Role::input, left.width, sources(Kind::outer, 0, taps.log_width));
    right.height_window =
        window(l, 0, Window::Role::input, left.height, sources(Kind::outer, taps.log_width, taps.log_height));
    right.channels = sources(Kind::outer, taps.log_width + taps.log_height, taps.log_channels);
  }
  return {area + rows_, dz, input(s, l, right)};
}

ProductSum::Pair NetworkCompiler::bias_pair(uint32_t s, size_t l) const {
  const TensorShape& out = layer(l).out;
  const unsigned area = out.log_width + out.log_height;
  TensorIndex left;
  left.width = sources(Kind::inner, 0, out.log_width);
  left.height = sources(Kind::inner, out.log_width, out.log_height);
  left.channels = sources(Kind::outer, 0, out.log_channels);
  left.rows = sources(Kind::inner, area, rows_);
  Expression unit;
  unit.constant = power_of_two(static_cast<unsigned>(spec_.parameters().a_frac));
  return {area + rows_, gradient(s, l).at(left), unit};
}

}  // namespace pyzkfl::compiler
