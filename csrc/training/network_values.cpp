// The cells of a network's program.
#include <algorithm>
#include <string>

#include "base/errors.h"
#include "sumcheck/direct_check.h"
#include "training/evaluation_program.h"
#include "training/network_program.h"
#include "training/row_scores.h"

namespace pyzkfl {
namespace {

using namespace sumcheck;

// A part of a matrix's columns, as a block holds it.
struct Part {
  size_t rows, row_length, first, length;
};

class Filler {
 public:
  Filler(const Program& program, std::vector<ColumnValues>& columns) : program_(program), columns_(columns) {}

  void fill(uint32_t block, const SecretMatrix& values) { fill(block, values, whole(values)); }
  void fill(uint32_t block, const SecretMatrix& values, const Part& part) {
    put(block, part, [&](size_t i) { return values[i]; });
  }
  // The last digit takes what is left, with its sign, so that a value out of range stays one; of bits the last bit.
  void fill_digits(const Digits& digits, const DigitWidths& widths, const SecretMatrix& values) {
    fill_digits(digits, widths, values, whole(values));
  }
  void fill_digits(const Digits& digits, const DigitWidths& widths, const SecretMatrix& values, const Part& part) {
    unsigned shift = 0;
    for (size_t d = 0; d < digits.size(); ++d) {
      const int64_t mask = d + 1 < digits.size() ? (int64_t{1} << widths.widths[d]) - 1 : -1;
      const auto digit = [&](size_t i) { return values[i] >> shift & mask; };
      if (widths.bitwise)
        put_bits(digits[d], part, widths.widths[d], widths.is_signed && d + 1 == digits.size(), digit);
      else
        put(digits[d], part, digit);
      shift += widths.widths[d];
    }
  }

 private:
  static Part whole(const SecretMatrix& values) { return {1, values.size(), 0, values.size()}; }

  // The cells of a block that holds `width` of them for each of a part's values.
  int32_t* place(uint32_t block, const Part& part, unsigned width) {
    const Block& b = program_.blocks[block];
    Cells& cells = columns_[b.column].cells;
    const size_t end = b.offset + (size_t{1} << b.log_size);
    if (part.rows * part.length * width != size_t{1} << b.log_size)
      throw ParameterError("network: values of another size than block " + b.name);
    if (cells.size() < end) cells.resize(end);
    return cells.data() + b.offset;
  }

  template <class Value>
  void put(uint32_t block, const Part& part, const Value& value) {
    int32_t* to = place(block, part, 1);
    for (size_t r = 0; r < part.rows; ++r) {
      for (size_t k = 0; k < part.length; ++k) *to++ = static_cast<int32_t>(value(r * part.row_length + part.first + k));
    }
  }

  template <class Value>
  void put_bits(uint32_t block, const Part& part, unsigned width, bool is_signed, const Value& value) {
    int32_t* to = place(block, part, width);
    for (size_t r = 0; r < part.rows; ++r) {
      for (size_t k = 0; k < part.length; ++k) {
        const int64_t v = value(r * part.row_length + part.first + k);
        for (unsigned j = 0; j + 1 < width; ++j) *to++ = static_cast<int32_t>(v >> j & 1);
        const int64_t top = v >> (width - 1);
        *to++ = static_cast<int32_t>(is_signed ? -top : top);
      }
    }
  }

  const Program& program_;
  std::vector<ColumnValues>& columns_;
};

// Calls use(part number, part) for each part of a layer's taps.
template <class Use>
void for_parts(const LayerSpec& layer, size_t rows, const Use& use) {
  size_t first = 0;
  for (size_t part = 0; part < layer.log_in_parts.size(); ++part) {
    const size_t length = size_t{1} << layer.log_in_parts[part];
    use(part, Part{rows, layer.padded_taps(), first, length});
    first += length;
  }
}

void fill_matrix(Filler& filler, const LayerSpec& layer, const MatrixBlocks& blocks, const NetworkWeights::Layer& values) {
  for_parts(layer, layer.padded_units(),
            [&](size_t part, const Part& where) { filler.fill(blocks.parts[part], values.matrix, where); });
  if (layer.bias) filler.fill(blocks.bias, values.bias);
}

void fill_weights(Filler& filler, const NetworkSpec& spec, const std::vector<MatrixBlocks>& blocks,
                  const NetworkWeights& weights) {
  for (size_t l = 0; l < blocks.size(); ++l) fill_matrix(filler, spec.layers()[l], blocks[l], weights.layers[l]);
}

void fill_data(Filler& filler, const NetworkSpec& spec, const NetworkLayout::Step& blocks, const SecretMatrix& inputs,
               const SecretMatrix& labels) {
  const LayerSpec& first = spec.layers().front();
  if (first.in.is_image)
    filler.fill(blocks.inputs[0], inputs);
  else
    for_parts(first, spec.padded_batch(),
              [&](size_t part, const Part& where) { filler.fill(blocks.inputs[part], inputs, where); });
  filler.fill(blocks.labels, labels);
}

// The bits of features, targets and updates, where everything is bits.
void fill_bits_of_data(Filler& filler, const NetworkSpec& spec, const NetworkLayout::Step& blocks, const SecretMatrix& inputs,
                       const SecretMatrix& labels) {
  if (!spec.bitwise()) return;
  const LayerSpec& first = spec.layers().front();
  if (first.in.is_image)
    filler.fill_digits(blocks.input_bits[0], spec.feature_bits(), inputs);
  else
    for_parts(first, spec.padded_batch(), [&](size_t part, const Part& where) {
      filler.fill_digits(blocks.input_bits[part], spec.feature_bits(), inputs, where);
    });
  if (!spec.classifies()) filler.fill_digits(blocks.target_bits, spec.target_bits(), labels);
}

void fill_matrix_digits(Filler& filler, const LayerSpec& layer, const MatrixDigits& digits, const DigitWidths& widths,
                        const NetworkWeights::Layer& values) {
  for_parts(layer, layer.padded_units(), [&](size_t part, const Part& where) {
    filler.fill_digits(digits.parts[part], widths, values.matrix, where);
  });
  if (layer.bias) filler.fill_digits(digits.bias, widths, values.bias);
}

void fill_forward(Filler& filler, const NetworkSpec& spec, size_t l, const NetworkLayout::StepLayer& to,
                  const NetworkStep::Layer& from) {
  const LayerSpec& layer = spec.layers()[l];
  if (layer.relu) {  // u = q - 1 + (1 - g) 2^m
    SecretMatrix u(from.quotient.size());
    for (size_t i = 0; i < u.size(); ++i)
      u[i] = from.quotient[i] - 1 + (1 - from.sign[i]) * (int64_t{1} << layer.quotient.bits());
    filler.fill_digits(to.quotient, layer.quotient, u);
    filler.fill(to.sign, from.sign);
    filler.fill(to.activation, from.activation);
    filler.fill_digits(to.excess, layer.excess, from.excess);
  } else {
    filler.fill_digits(to.quotient, layer.quotient, from.quotient);
  }
  filler.fill_digits(to.remainder, spec.remainder(), from.remainder);
}

void fill_layer(Filler& filler, const NetworkSpec& spec, size_t l, const NetworkLayout::StepLayer& to,
                const NetworkStep::Layer& from) {
  const LayerSpec& layer = spec.layers()[l];
  fill_forward(filler, spec, l, to, from);
  if (to.gradient != no_block) filler.fill(to.gradient, from.gradient);
  if (!spec.goes_back(l)) return;
  filler.fill_digits(to.back_quotient, layer.backward_quotient, from.back_quotient);
  filler.fill_digits(to.back_remainder, spec.remainder(), from.back_remainder);
  if (to.back == no_block) return;
  filler.fill(to.back, from.back);
  filler.fill_digits(to.back_over, layer.backward_excess, from.back_over);
  filler.fill_digits(to.back_under, layer.backward_excess, from.back_under);
}

void fill_step(Filler& filler, const NetworkSpec& spec, const NetworkLayout::Step& blocks, const NetworkStep& step) {
  fill_data(filler, spec, blocks, step.inputs, step.labels);
  fill_bits_of_data(filler, spec, blocks, step.inputs, step.labels);
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    const NetworkLayout::StepLayer& to = blocks.layers[l];
    fill_layer(filler, spec, l, to, step.layers[l]);
    fill_matrix_digits(filler, layer, to.update_remainder, spec.update_remainder(), step.update_remainder.layers[l]);
    if (spec.bitwise()) fill_matrix_digits(filler, layer, to.update_bits, spec.update_bits(), step.update.layers[l]);
    if (spec.steps() > 1 && layer.has_weights()) fill_matrix(filler, layer, to.update, step.update.layers[l]);
  }
  if (!spec.classifies()) {
    filler.fill_digits(blocks.loss_over, spec.loss_excess(), step.loss_over);
    filler.fill_digits(blocks.loss_under, spec.loss_excess(), step.loss_under);
    return;
  }
  filler.fill(blocks.most, step.most);
  filler.fill(blocks.key, step.key);
  filler.fill(blocks.hint, step.hint);
  filler.fill(blocks.exponential, step.exponential);
  filler.fill_digits(blocks.excess, spec.excess(), step.excess);
  filler.fill_digits(blocks.probability, spec.probability(), step.probability);
  filler.fill_digits(blocks.remainder, spec.softmax_remainder(), step.remainder);
  filler.fill_digits(blocks.rest, spec.softmax_remainder(), step.rest);
}

}  // namespace

Cells weight_cells(const NetworkSpec& spec, const NetworkProgram& program, std::span<const int64_t> flat) {
  for (size_t i = 0; i < flat.size(); ++i) {
    if (flat[i] != static_cast<int32_t>(flat[i]))
      throw ParameterError("weights or updates: entry " + std::to_string(i) + " does not fit a cell of 32 bits");
  }
  std::vector<ColumnValues> columns(program.program.columns.size());
  Filler filler(program.program, columns);
  fill_weights(filler, spec, program.layout.weights, NetworkWeights::from_flat(spec, flat));
  return std::move(columns[program.layout.weights_column].cells);
}

Cells table_cells(const NetworkSpec& spec, const NetworkProgram&) {
  const std::vector<int32_t> table = spec.exp_table();
  return {table.begin(), table.end()};
}

Cells batch_cells(const NetworkSpec& spec, const NetworkProgram& program, const NetworkBatch& batch) {
  std::vector<ColumnValues> columns(program.program.columns.size());
  Filler filler(program.program, columns);
  const NetworkStep step = network_inputs(spec, batch);
  fill_data(filler, spec, program.layout.steps.front(), step.inputs, step.labels);
  return std::move(columns[program.layout.first_data_column].cells);
}

ProgramValues network_cells(const NetworkSpec& spec, const NetworkProgram& program, std::span<const int64_t> flat_weights,
                            const NetworkRound& round, std::span<const Fr> data_blinders, const Fr& update_blinder) {
  if (round.steps.size() != spec.steps() || data_blinders.size() != spec.steps() + (spec.carries() ? 2 : 0))
    throw ParameterError("network: a round of this job has " + std::to_string(spec.steps()) + " steps" +
                         (spec.carries() ? ", and blinders of two velocities" : ""));
  const NetworkLayout& layout = program.layout;
  ProgramValues out;
  out.columns.resize(program.program.columns.size());
  Filler filler(program.program, out.columns);
  fill_weights(filler, spec, layout.weights, NetworkWeights::from_flat(spec, flat_weights));
  out.columns[layout.tables_column].cells = table_cells(spec, program);
  for (size_t s = 0; s < spec.steps(); ++s) {
    fill_step(filler, spec, layout.steps[s], round.steps[s]);
    out.columns[layout.first_data_column + s].blinder = data_blinders[s];
    out.rows.push_back(round.steps[s].rows);
    out.rates.push_back(round.steps[s].rate);
  }
  if (spec.carries()) {
    fill_weights(filler, spec, layout.velocity, round.velocity);
    fill_weights(filler, spec, layout.next_velocity, round.next_velocity);
    for (size_t l = 0; l < layout.velocity_bits.size(); ++l)
      fill_matrix_digits(filler, spec.layers()[l], layout.velocity_bits[l], spec.update_bits(), round.velocity.layers[l]);
    for (size_t i = spec.steps(); i < data_blinders.size(); ++i)
      out.columns[layout.first_data_column + i].blinder = data_blinders[i];
  }
  fill_weights(filler, spec, layout.update, round.update);
  out.columns[layout.update_column].blinder = update_blinder;
  return out;
}

ProgramValues network_values(const NetworkSpec& spec, const NetworkProgram& program, std::span<const int64_t> flat_weights,
                             const NetworkRound& round, std::span<const Fr> data_blinders, const Fr& update_blinder) {
  ProgramValues out = network_cells(spec, program, flat_weights, round, data_blinders, update_blinder);
  fill_multiplicities(program.program, out);
  return out;
}

ProgramValues evaluation_values(const NetworkSpec& spec, const EvaluationProgram& program, std::span<const int64_t> flat_weights,
                                std::span<const NetworkBatch> batches, std::span<const Fr> data_blinders, uint64_t score) {
  if (batches.size() != program.batches || data_blinders.size() != program.batches)
    throw ParameterError("evaluation: its batches are " + std::to_string(program.batches));
  if (score == 0) throw ParameterError("evaluation: no proof is needed that no row is labelled correctly");
  ProgramValues out;
  out.columns.resize(program.program.columns.size());
  Filler filler(program.program, out.columns);
  const NetworkWeights weights = NetworkWeights::from_flat(spec, flat_weights);
  fill_weights(filler, spec, program.layout.weights, weights);
  uint64_t missing = score;
  for (size_t s = 0; s < batches.size(); ++s) {
    NetworkStep step = network_inputs(spec, batches[s]);
    forward_from(spec, weights, step, 0);
    const NetworkLayout::Step& blocks = program.layout.steps[s];
    fill_data(filler, spec, blocks, step.inputs, step.labels);
    fill_bits_of_data(filler, spec, blocks, step.inputs, step.labels);
    for (size_t l = 0; l < spec.layers().size(); ++l) fill_forward(filler, spec, l, blocks.layers[l], step.layers[l]);
    const RowScores scores = row_scores(spec, step, missing);
    missing -= scores.counted;
    filler.fill(blocks.most, scores.most);
    filler.fill_digits(blocks.lead, spec.lead(), scores.lead);
    filler.fill(blocks.hint, scores.mark);
    out.columns[program.layout.first_data_column + s].blinder = data_blinders[s];
    out.rows.push_back(step.rows);
  }
  if (missing != 0)
    throw WitnessInvalid("evaluation: " + std::to_string(score - missing) + " rows are labelled correctly, not " +
                         std::to_string(score));
  out.rows.push_back(score);
  fill_multiplicities(program.program, out);
  return out;
}

}  // namespace pyzkfl
