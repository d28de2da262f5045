// The relations of a network's step: data, updates, and the order of all.
#include "training/network_program.h"

#include <string>

#include "training/network_compiler.h"

namespace pyzkfl::compiler {

using namespace sumcheck;
using Kind = Source::Kind;

std::vector<Source> sources(Kind kind, unsigned first, unsigned count) {
  std::vector<Source> out;
  for (unsigned i = 0; i < count; ++i)
    out.push_back({kind, static_cast<uint8_t>(kind == Kind::sum ? 0 : first + i)});
  return out;
}

std::vector<Source> operator+(std::vector<Source> a, const std::vector<Source>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

View block_view(uint32_t block, std::vector<Source> variables) { return {false, block, std::move(variables), {}}; }

void add(Expression& e, const Fr& coefficient, View view) { e.terms.push_back({coefficient, std::move(view)}); }

void add(Expression& e, const Fr& scale, const Expression& other) {
  for (const Term& term : other.terms) e.terms.push_back({scale * term.coefficient, term.view});
  e.constant += scale * other.constant;
}

Expression single(View view, const Fr& coefficient) {
  Expression e;
  add(e, coefficient, std::move(view));
  return e;
}

std::vector<TensorValue::Part> digit_parts(const Digits& digits, const DigitWidths& widths) {
  std::vector<TensorValue::Part> out;
  Fr weight = Fr::one();
  for (size_t d = 0; d < digits.size(); ++d) {
    const unsigned variables = widths.bit_variables(d);
    out.push_back({weight, digits[d], sources(Kind::weight, 0, variables)});
    weight *= power_of_two(widths.widths[d]);
    // The highest bit, counted by 2^(w-1) so far, counts -2^(w-1).
    if (widths.bitwise && widths.is_signed && d + 1 == digits.size())
      out.push_back({-weight, digits[d], std::vector<Source>(variables, Source{Kind::bit, 1})});
  }
  return out;
}

void add_digits(Expression& e, const Fr& scale, const Digits& digits, const DigitWidths& widths,
                const std::vector<Source>& variables) {
  for (const TensorValue::Part& part : digit_parts(digits, widths))
    add(e, scale * part.coefficient, block_view(part.block, part.bits + variables));
}

void NetworkCompiler::compile() {
  tables();
  class_selector_ = add_selector(Selector::Kind::first_constant, spec_.classes());
  for (uint32_t s = 0; s < spec_.steps(); ++s) step(s);
  if (spec_.steps() > 1) sum_of_updates();
  if (spec_.carries()) next_velocity();
  for (const uint32_t block : layout_.unused_update) zero(block);
}

uint32_t NetworkCompiler::add_selector(Selector::Kind kind, uint64_t count) {
  p_.selectors.push_back({kind, count});
  return static_cast<uint32_t>(p_.selectors.size() - 1);
}

void NetworkCompiler::tables() {
  if (!spec_.bitwise()) {
    p_.tables = {{Table::Kind::range, 16, layout_.counts_16, 0},
                 {Table::Kind::range, 8, layout_.counts_8, 0},
                 {Table::Kind::range, 1, layout_.counts_1, 0},
                 {Table::Kind::range, 0, layout_.counts_0, 0}};
  }
  if (layout_.counts_exp != no_block) {
    table_exp_ = static_cast<uint32_t>(p_.tables.size());
    p_.tables.push_back({Table::Kind::pairs, spec_.exp_log_size(), layout_.counts_exp, layout_.exp_values});
  }
  if (layout_.counts_saturation != no_block) {
    table_saturation_ = static_cast<uint32_t>(p_.tables.size());
    p_.tables.push_back({Table::Kind::range, NetworkSpec::saturation_bits, layout_.counts_saturation, 0});
  }
}

void NetworkCompiler::range(const Digits& digits, const DigitWidths& widths) {
  for (size_t d = 0; d < digits.size(); ++d) {
    if (widths.bitwise) {
      bits(digits[d]);
      continue;
    }
    const bool is_signed = widths.is_signed && d + 1 == digits.size();
    p_.ranges.push_back({digits[d], widths.widths[d] == 16 ? table_16 : table_8,
                         is_signed ? int64_t{1} << (widths.widths[d] - 1) : 0});
  }
}

void NetworkCompiler::signed_range(uint32_t block, const Digits& digits, const DigitWidths& widths, int64_t limit) {
  if (!spec_.bitwise()) {
    p_.ranges.push_back({block, limit == int64_t{1} << 15 ? table_16 : table_8, limit});
    return;
  }
  range(digits, widths);
  const unsigned variables = p_.blocks[block].log_size;
  Expression e = single(block_view(block, sources(Kind::outer, 0, variables)));
  add_digits(e, -Fr::one(), digits, widths, sources(Kind::outer, 0, variables));
  p_.linear.push_back({variables, std::move(e), "bits of " + p_.blocks[block].name});
}

void NetworkCompiler::boolean(uint32_t block) {
  if (spec_.bitwise())
    bits(block);
  else
    p_.ranges.push_back({block, table_1, 0});
}

void NetworkCompiler::bits(uint32_t block) {
  const unsigned variables = p_.blocks[block].log_size;
  const Expression cell = single(block_view(block, sources(Kind::outer, 0, variables)));
  p_.zeros.push_back(
      {variables, {{Fr::one(), {cell, cell}}, {-Fr::one(), {cell}}}, "cells of " + p_.blocks[block].name + " are bits"});
}

void NetworkCompiler::zero(uint32_t block) {
  if (!spec_.bitwise()) {
    p_.ranges.push_back({block, table_0, 0});
    return;
  }
  const unsigned variables = p_.blocks[block].log_size;
  p_.linear.push_back({variables, single(block_view(block, sources(Kind::outer, 0, variables))), p_.blocks[block].name + " is zero"});
}

void NetworkCompiler::step(uint32_t s) {
  name_ = "step " + std::to_string(s + 1) + ": ";
  row_selector_ = add_selector(Selector::Kind::first_rows, s);
  data(s);
  for (size_t l = 0; l < spec_.layers().size(); ++l) forward(s, l);
  if (spec_.classifies())
    softmax(s);
  else
    squared_error(s);
  for (size_t l = spec_.layers().size() - 1; spec_.goes_back(l); --l) backward(s, l);
  update(s);
}

void NetworkCompiler::data(uint32_t s) {
  const NetworkLayout::Step& step = layout_.steps[s];
  for (size_t part = 0; part < step.inputs.size(); ++part)
    signed_range(step.inputs[part], spec_.bitwise() ? step.input_bits[part] : Digits{}, spec_.feature_bits(), spec_.feature_limit());
  if (!layer(0).in.is_image) padded_features(s);
  if (spec_.classifies())
    labels(s);
  else
    targets(s);
}

// Features that the last part of a first linear layer's inputs is padded with. (Images are read through windows.)
void NetworkCompiler::padded_features(uint32_t s) {
  const LayerSpec& first = layer(0);
  const size_t padded = first.padded_taps() - first.taps.size();
  if (padded == 0) return;
  const unsigned part = first.log_in_parts.back();
  const uint32_t real = add_selector(Selector::Kind::first_constant, (size_t{1} << part) - padded);
  Expression outside = single({true, real, sources(Kind::outer, 0, part), {}}, -Fr::one());
  outside.constant = Fr::one();
  const Expression features = single(block_view(layout_.steps[s].inputs.back(), sources(Kind::outer, 0, part + rows_)));
  p_.zeros.push_back({part + rows_, {{Fr::one(), {outside, features}}}, name_ + "padded features are zero"});
}

// - 2^k D + 2^(k-16) momentum D' + rem - 2^(k-1), over `variables`; D' of the step before, or the velocity, if there is one.
Expression NetworkCompiler::scaled_gradient(uint32_t s, uint32_t update, uint32_t last, const Digits& remainder,
                                            const std::vector<Source>& variables) const {
  const auto shift = static_cast<unsigned>(spec_.parameters().eta_shift);
  Expression e = single(block_view(update, variables), -power_of_two(shift));
  if ((s > 0 || spec_.carries()) && spec_.momentum() != 0)
    add(e, power_of_two(shift - 16) * Fr::from_i64(spec_.momentum()), block_view(last, variables));
  add_digits(e, Fr::one(), remainder, spec_.update_remainder(), variables);
  e.constant = -power_of_two(shift - 1);
  return e;
}

void NetworkCompiler::update(uint32_t s) {
  const NetworkLayout::Step& step = layout_.steps[s];
  SquareSum norm;
  norm.name = name_ + "norm";
  const auto relation = [&](unsigned log_size, uint32_t block, uint32_t last, const Digits& remainder, const Digits& own_bits,
                            ProductSum::Pair pair, std::string name) {
    range(remainder, spec_.update_remainder());
    signed_range(block, own_bits, spec_.update_bits(), int64_t{1} << 15);
    norm.parts.push_back({log_size, scaled_gradient(s, block, last, remainder, sources(Kind::inner, 0, log_size))});
    p_.products.push_back({log_size,
                           {std::move(pair)},
                           scaled_gradient(s, block, last, remainder, sources(Kind::outer, 0, log_size)),
                           s,
                           std::move(name)});
  };
  for (size_t l = 0; l < spec_.layers().size(); ++l) {
    if (!layer(l).has_weights()) continue;
    const MatrixBlocks& own = spec_.steps() > 1 ? step.layers[l].update : layout_.update[l];
    const MatrixBlocks& last = s > 0 ? blocks(s - 1, l).update : spec_.carries() ? layout_.velocity[l] : own;
    const MatrixDigits &remainder = step.layers[l].update_remainder, &own_bits = step.layers[l].update_bits;
    const unsigned units = layer(l).out.log_channels;
    for (size_t part = 0; part < layer(l).log_in_parts.size(); ++part)
      relation(layer(l).log_in_parts[part] + units, own.parts[part], last.parts[part], remainder.parts[part],
               spec_.bitwise() ? own_bits.parts[part] : Digits{}, update_pair(s, l, part), layer_of(l) + " update");
    if (layer(l).bias)
      relation(units, own.bias, last.bias, remainder.bias, own_bits.bias, bias_pair(s, l), layer_of(l) + " update of biases");
  }
  p_.squares.push_back(std::move(norm));
  p_.clips.push_back({s, static_cast<uint64_t>(spec_.parameters().eta), static_cast<uint64_t>(spec_.target() >> 64),
                      static_cast<uint64_t>(spec_.target()), spec_.norm_square_bits()});
}

void NetworkCompiler::sum_of_updates() {
  const auto check = [&](uint32_t total, unsigned log_size, const auto& part_of, std::string name) {
    Expression e = single(block_view(total, sources(Kind::outer, 0, log_size)));
    for (const NetworkLayout::Step& step : layout_.steps)
      add(e, -Fr::one(), block_view(part_of(step), sources(Kind::outer, 0, log_size)));
    p_.linear.push_back({log_size, e, std::move(name)});
  };
  for (size_t l = 0; l < spec_.layers().size(); ++l) {
    const unsigned units = layer(l).out.log_channels;
    const std::string name = "layer " + std::to_string(l + 1) + " sum of the steps' updates";
    for (size_t part = 0; part < layer(l).log_in_parts.size(); ++part)
      check(layout_.update[l].parts[part], layer(l).log_in_parts[part] + units,
            [&](const NetworkLayout::Step& step) { return step.layers[l].update.parts[part]; }, name);
    if (layer(l).bias)
      check(layout_.update[l].bias, units, [&](const NetworkLayout::Step& step) { return step.layers[l].update.bias; },
            name + ", biases");
  }
}

// The velocity that this round goes on from is in range, whatever its commitment is; the next one is the last step's update.
void NetworkCompiler::next_velocity() {
  const auto last = static_cast<uint32_t>(spec_.steps() - 1);
  for (size_t l = 0; l < spec_.layers().size(); ++l) {
    if (!layer(l).has_weights()) continue;
    const MatrixBlocks& own = spec_.steps() > 1 ? blocks(last, l).update : layout_.update[l];
    const MatrixBlocks &before = layout_.velocity[l], &next = layout_.next_velocity[l];
    const unsigned units = layer(l).out.log_channels;
    const MatrixDigits own_bits = spec_.bitwise() ? layout_.velocity_bits[l] : MatrixDigits{};
    const auto check = [&](unsigned log_size, uint32_t from, const Digits& bits, uint32_t to, uint32_t update, const std::string& name) {
      signed_range(from, bits, spec_.update_bits(), int64_t{1} << 15);
      Expression e = single(block_view(to, sources(Kind::outer, 0, log_size)));
      add(e, -Fr::one(), block_view(update, sources(Kind::outer, 0, log_size)));
      p_.linear.push_back({log_size, e, "layer " + std::to_string(l + 1) + " next velocity" + name});
    };
    for (size_t part = 0; part < layer(l).log_in_parts.size(); ++part)
      check(layer(l).log_in_parts[part] + units, before.parts[part], spec_.bitwise() ? own_bits.parts[part] : Digits{}, next.parts[part],
            own.parts[part], "");
    if (layer(l).bias) check(units, before.bias, own_bits.bias, next.bias, own.bias, " of biases");
  }
}

}  // namespace pyzkfl::compiler

namespace pyzkfl {

NetworkProgram::NetworkProgram(const NetworkSpec& spec) : layout(place_network(spec, program)) {
  compiler::NetworkCompiler(spec, layout, program).compile();
  program.check();
}

}  // namespace pyzkfl
