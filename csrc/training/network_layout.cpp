// Blocks of a network, placed by falling size: an aligned place is then always the next one.
#include "training/network_layout.h"

#include <algorithm>
#include <string>

#include "base/errors.h"

namespace pyzkfl {
namespace {

using sumcheck::Block;
using sumcheck::ColumnKind;
using sumcheck::Program;

// Blocks that are to be placed in one or more columns.
class Placement {
 public:
  explicit Placement(Program& program) : program_(program) {}

  uint32_t add(unsigned log_size, std::string name) {
    program_.blocks.push_back({0, 0, log_size, std::move(name)});
    own_.push_back(static_cast<uint32_t>(program_.blocks.size() - 1));
    total_ += uint64_t{1} << log_size;
    return own_.back();
  }
  Digits add_digits(unsigned log_size, const DigitWidths& widths, const std::string& name) {
    Digits out;
    for (size_t d = 0; d < widths.widths.size(); ++d)
      out.push_back(add(log_size + widths.bit_variables(d), name + "." + std::to_string(d)));
    return out;
  }

  // The least height of each of `columns` columns that hold all blocks.
  unsigned log_height(uint64_t columns) const {
    unsigned log = 0;
    for (const uint32_t b : own_) log = std::max(log, program_.blocks[b].log_size);
    while ((columns << log) < total_) ++log;
    return log;
  }

  // Into columns first, first + 1, .. of this height.
  void place(uint32_t first, unsigned log_height) {
    std::stable_sort(own_.begin(), own_.end(), [&](uint32_t a, uint32_t b) {
      return program_.blocks[a].log_size > program_.blocks[b].log_size;
    });
    uint64_t next = 0;
    for (const uint32_t b : own_) {
      Block& block = program_.blocks[b];
      block.column = first + static_cast<uint32_t>(next >> log_height);
      block.offset = next & ((uint64_t{1} << log_height) - 1);
      next += uint64_t{1} << block.log_size;
    }
  }
  uint64_t total() const { return total_; }

 private:
  Program& program_;
  std::vector<uint32_t> own_;
  uint64_t total_ = 0;
};

MatrixBlocks add_matrix(Placement& placement, const LayerSpec& layer, const std::string& name) {
  MatrixBlocks out;
  for (size_t part = 0; part < layer.log_in_parts.size(); ++part)
    out.parts.push_back(
        placement.add(layer.log_in_parts[part] + layer.out.log_channels, name + ".matrix" + std::to_string(part)));
  if (layer.bias) out.bias = placement.add(layer.out.log_channels, name + ".bias");
  return out;
}

MatrixDigits add_matrix_digits(Placement& placement, const LayerSpec& layer, const DigitWidths& widths,
                               const std::string& name) {
  MatrixDigits out;
  for (size_t part = 0; part < layer.log_in_parts.size(); ++part)
    out.parts.push_back(placement.add_digits(layer.log_in_parts[part] + layer.out.log_channels, widths,
                                             name + ".matrix" + std::to_string(part)));
  if (layer.bias) out.bias = placement.add_digits(layer.out.log_channels, widths, name + ".bias");
  return out;
}

// dZ is an expression of what goes back through the layer above, unless a ReLU or a pool lies between, or nothing above.
bool has_gradient_block(const NetworkSpec& spec, size_t l) {
  if (l < spec.first_trained()) return false;
  return l + 1 == spec.layers().size() || spec.layers()[l].relu || !spec.layers()[l + 1].has_weights();
}

void add_forward(Placement& digits, const NetworkSpec& spec, NetworkLayout::StepLayer& out, size_t l, const std::string& own) {
  const LayerSpec& layer = spec.layers()[l];
  const unsigned size = layer.out.log_size() + spec.log_batch();
  out.quotient = digits.add_digits(size, layer.quotient, own + ".q");
  out.remainder = digits.add_digits(size, spec.remainder(), own + ".rem");
  if (!layer.relu) return;
  out.sign = digits.add(size, own + ".g");
  out.activation = digits.add(size, own + ".a");
  out.excess = digits.add_digits(size, layer.excess, own + ".a_over");
}

void add_layer(Placement& digits, const NetworkSpec& spec, NetworkLayout::StepLayer& out, size_t l, const std::string& own) {
  const LayerSpec& layer = spec.layers()[l];
  const unsigned size = layer.out.log_size() + spec.log_batch();
  add_forward(digits, spec, out, l, own);
  if (has_gradient_block(spec, l)) out.gradient = digits.add(size, own + ".dZ");
  if (spec.goes_back(l)) {
    const unsigned below = (layer.has_weights() ? layer.in : layer.out).log_size() + spec.log_batch();
    out.back_quotient = digits.add_digits(below, layer.backward_quotient, own + ".q'");
    out.back_remainder = digits.add_digits(below, spec.remainder(), own + ".rem'");
    if (!layer.backward_excess.empty()) {
      out.back = digits.add(below, own + ".dA");
      out.back_over = digits.add_digits(below, layer.backward_excess, own + ".dA_over");
      out.back_under = digits.add_digits(below, layer.backward_excess, own + ".dA_under");
    }
  }
  out.update_remainder = add_matrix_digits(digits, layer, spec.update_remainder(), own + ".update_rem");
  if (spec.steps() > 1) out.update = add_matrix(digits, layer, own + ".D");
  if (spec.bitwise()) out.update_bits = add_matrix_digits(digits, layer, spec.update_bits(), own + ".D_bits");
}

void add_step(Placement& digits, const NetworkSpec& spec, NetworkLayout::Step& step, const std::string& name) {
  const unsigned rows = spec.log_batch();
  for (size_t l = 0; l < spec.layers().size(); ++l)
    add_layer(digits, spec, step.layers.emplace_back(), l, name + ".layer" + std::to_string(l + 1));
  const unsigned size = spec.layers().back().out.log_size() + rows;
  if (!spec.classifies()) {
    step.loss_over = digits.add_digits(size, spec.loss_excess(), name + ".dZ_over");
    step.loss_under = digits.add_digits(size, spec.loss_excess(), name + ".dZ_under");
    return;
  }
  step.most = digits.add(rows, name + ".c");
  step.key = digits.add(size, name + ".t");
  step.excess = digits.add_digits(size, spec.excess(), name + ".over");
  step.hint = digits.add(size, name + ".h");
  step.exponential = digits.add(size, name + ".e");
  step.probability = digits.add_digits(size, spec.probability(), name + ".p");
  step.remainder = digits.add_digits(size, spec.softmax_remainder(), name + ".softmax_rem");
  step.rest = digits.add_digits(size, spec.softmax_remainder(), name + ".w");
}

// Features and labels; in bits the digits column has their bits.
void add_data(Placement& data, Placement& digits, const NetworkSpec& spec, NetworkLayout::Step& step, const std::string& name) {
  const LayerSpec& first = spec.layers().front();
  const std::vector<unsigned> parts = first.in.is_image ? std::vector<unsigned>{first.in.log_size()} : first.log_in_parts;
  for (size_t part = 0; part < parts.size(); ++part) {
    const std::string own = name + ".x" + std::to_string(part);
    step.inputs.push_back(data.add(parts[part] + spec.log_batch(), own));
    if (spec.bitwise()) step.input_bits.push_back(digits.add_digits(parts[part] + spec.log_batch(), spec.feature_bits(), own + "_bits"));
  }
  const unsigned outputs = spec.layers().back().out.log_size() + spec.log_batch();
  step.labels = data.add(outputs, name + ".y");
  if (!spec.classifies()) step.target_bits = digits.add_digits(outputs, spec.target_bits(), name + ".y_bits");
}

// The columns of digits, and the mask.
void add_digits_columns(Program& program) {
  for (uint32_t d = 1; d <= digits_columns; ++d)
    program.columns.push_back({ColumnKind::digits, program.log_height, "digits " + std::to_string(d)});
  program.columns.push_back({ColumnKind::mask, program.log_height, "mask"});
}

void add_counts(Placement& digits, const NetworkSpec& spec, NetworkLayout& out) {
  if (spec.bitwise()) return;
  out.counts_16 = digits.add(16, "counts 16");
  out.counts_8 = digits.add(8, "counts 8");
  out.counts_1 = digits.add(1, "counts 1");
  out.counts_0 = digits.add(0, "counts 0");
}

unsigned checked_height(unsigned log_height) {
  if (log_height > 28)
    throw ParameterError("network: its columns would have 2^" + std::to_string(log_height) + " cells; at most 2^28");
  return log_height;
}

}  // namespace

NetworkLayout place_evaluation(const NetworkSpec& spec, size_t batches, Program& program) {
  NetworkLayout out;
  out.first_data_column = 1;
  Placement weights(program), digits(program);
  std::vector<Placement> data(batches, Placement(program));
  out.steps.resize(batches);
  bool saturates = false;
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    out.weights.push_back(add_matrix(weights, spec.layers()[l], "W.layer" + std::to_string(l + 1)));
    saturates = saturates || !spec.layers()[l].excess.empty();
  }
  const unsigned size = spec.layers().back().out.log_size() + spec.log_batch();
  for (size_t s = 0; s < batches; ++s) {
    const std::string name = "batch" + std::to_string(s + 1);
    NetworkLayout::Step& step = out.steps[s];
    add_data(data[s], digits, spec, step, name);
    for (size_t l = 0; l < spec.layers().size(); ++l)
      add_forward(digits, spec, step.layers.emplace_back(), l, name + ".layer" + std::to_string(l + 1));
    step.most = digits.add(spec.log_batch(), name + ".c");
    step.lead = digits.add_digits(size, spec.lead(), name + ".t");
    step.hint = digits.add(size, name + ".h");
  }
  add_counts(digits, spec, out);
  if (saturates) out.counts_saturation = digits.add(NetworkSpec::saturation_bits, "counts saturation");

  const unsigned log_weights = weights.log_height(1), log_data = data.front().log_height(1);
  program.log_height = checked_height(std::max({log_weights, log_data, digits.log_height(digits_columns), 3U}));
  program.steps = static_cast<unsigned>(batches) + 1;  // and the score
  program.columns.push_back({ColumnKind::weights, log_weights, "weights"});
  for (size_t s = 0; s < batches; ++s) program.columns.push_back({ColumnKind::data, log_data, "data " + std::to_string(s + 1)});
  add_digits_columns(program);
  weights.place(0, log_weights);
  for (uint32_t s = 0; s < batches; ++s) data[s].place(out.first_data_column + s, log_data);
  digits.place(out.first_data_column + static_cast<uint32_t>(batches), program.log_height);
  return out;
}

NetworkLayout place_network(const NetworkSpec& spec, Program& program) {
  NetworkLayout out;
  Placement weights(program), update(program), tables(program), digits(program);
  Placement velocity(program), next_velocity(program);
  std::vector<Placement> data(spec.steps(), Placement(program));
  out.steps.resize(spec.steps());
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    const std::string name = "layer" + std::to_string(l + 1);
    out.weights.push_back(add_matrix(weights, spec.layers()[l], "W." + name));
    out.update.push_back(add_matrix(update, spec.layers()[l], "D." + name));
    if (!spec.carries()) continue;
    out.velocity.push_back(add_matrix(velocity, spec.layers()[l], "V." + name));
    if (spec.bitwise())
      out.velocity_bits.push_back(add_matrix_digits(digits, spec.layers()[l], spec.update_bits(), "V." + name + "_bits"));
    out.next_velocity.push_back(add_matrix(next_velocity, spec.layers()[l], "V'." + name));
  }
  out.exp_values = tables.add(spec.exp_log_size(), "EXP");
  for (size_t s = 0; s < spec.steps(); ++s) {
    const std::string name = "step" + std::to_string(s + 1);
    add_data(data[s], digits, spec, out.steps[s], name);
    add_step(digits, spec, out.steps[s], name);
  }
  add_counts(digits, spec, out);
  if (spec.classifies()) out.counts_exp = digits.add(spec.exp_log_size(), "counts exp");
  if (spec.saturates()) out.counts_saturation = digits.add(NetworkSpec::saturation_bits, "counts saturation");

  const auto S = static_cast<uint32_t>(spec.steps());
  const uint32_t velocities = out.first_data_column + S;
  out.update_column = velocities + (spec.carries() ? 2 : 0);
  const unsigned log_weights = weights.log_height(1), log_data = data.front().log_height(1);
  program.log_height =
      checked_height(std::max({log_weights, log_data, digits.log_height(digits_columns), tables.log_height(1), 3U}));
  program.steps = S;
  program.columns.push_back({ColumnKind::weights, log_weights, "weights"});
  program.columns.push_back({ColumnKind::tables, tables.log_height(1), "tables"});
  for (uint32_t s = 0; s < S; ++s) program.columns.push_back({ColumnKind::data, log_data, "data " + std::to_string(s + 1)});
  if (spec.carries()) {
    program.columns.push_back({ColumnKind::data, log_weights, "velocity"});
    program.columns.push_back({ColumnKind::data, log_weights, "next velocity"});
    velocity.place(velocities, log_weights);
    next_velocity.place(velocities + 1, log_weights);
  }
  program.columns.push_back({ColumnKind::update, log_weights, "update"});
  add_digits_columns(program);

  weights.place(out.weights_column, log_weights);
  tables.place(out.tables_column, tables.log_height(1));
  for (uint32_t s = 0; s < S; ++s) data[s].place(out.first_data_column + s, log_data);
  update.place(out.update_column, log_weights);
  digits.place(out.update_column + 1, program.log_height);

  uint64_t next = update.total();
  for (unsigned size = 0; next < uint64_t{1} << log_weights; ++size) {
    if ((next >> size & 1) == 0) continue;
    program.blocks.push_back({out.update_column, next, size, "D.unused" + std::to_string(size)});
    out.unused_update.push_back(static_cast<uint32_t>(program.blocks.size() - 1));
    next += uint64_t{1} << size;
  }
  return out;
}

}  // namespace pyzkfl
