// How a network's step becomes relations: the state of the compiler, whose parts are in network_program.cpp (data, update),
// network_layer_relations.cpp, network_loss_relations.cpp and network_score_relations.cpp. No other file includes it.
//
// Values without a constant (signed digits, single blocks) may be read through windows, which make them 0 wherever an
// index is none of the tensor's; values with one (q of a ReLU) may not, and are not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "r1cs/linear_combination.h"
#include "training/network_program.h"

namespace pyzkfl::compiler {

using sumcheck::Expression;
using sumcheck::Source;
using sumcheck::View;
using sumcheck::Window;

// Where the indices of a tensor of rows come from; a window takes the place of a dimension's variables.
struct TensorIndex {
  std::vector<Source> width, height, channels, rows;
  std::optional<Window> width_window, height_window, channels_window;
};

// A tensor of rows as a combination of blocks, without a constant.
struct TensorValue {
  struct Part {
    Fr coefficient;
    uint32_t block;
    std::vector<Source> bits;  // of the block's lowest variables, which are none of the tensor's
  };
  std::vector<Part> parts;
  TensorShape shape;

  Expression at(const TensorIndex& index) const;
};

// Consecutive variables of one kind.
std::vector<Source> sources(Source::Kind kind, unsigned first, unsigned count);
std::vector<Source> operator+(std::vector<Source> a, const std::vector<Source>& b);

View block_view(uint32_t block, std::vector<Source> variables);
void add(Expression& e, const Fr& coefficient, View view);
Expression single(View view, const Fr& coefficient = Fr::one());
// scale * another expression.
void add(Expression& e, const Fr& scale, const Expression& other);
// The value of digits as a sum of blocks: without a constant, signed or not.
std::vector<TensorValue::Part> digit_parts(const Digits& digits, const DigitWidths& widths);
// scale * the value of the digits.
void add_digits(Expression& e, const Fr& scale, const Digits& digits, const DigitWidths& widths,
                const std::vector<Source>& variables);

class NetworkCompiler {
 public:
  NetworkCompiler(const NetworkSpec& spec, const NetworkLayout& layout, sumcheck::Program& program)
      : spec_(spec), layout_(layout), p_(program), rows_(spec.log_batch()) {}

  void compile();
  // The program of an evaluation: network_score_relations.cpp.
  void compile_evaluation();

 private:
  // ---- network_program.cpp ----
  uint32_t add_selector(sumcheck::Selector::Kind kind, uint64_t count);
  void tables();
  void range(const Digits& digits, const DigitWidths& widths);
  // That every cell of a block is a number of 16 or 8 signed bits: by a table, or as the sum of `bits`.
  void signed_range(uint32_t block, const Digits& bits, const DigitWidths& widths, int64_t limit);
  void boolean(uint32_t block);
  void bits(uint32_t block);  // the same by a zero-check
  void zero(uint32_t block);
  void step(uint32_t s);
  void data(uint32_t s);
  void padded_features(uint32_t s);
  Expression scaled_gradient(uint32_t s, uint32_t update, uint32_t last, const Digits& remainder,
                             const std::vector<Source>& variables) const;
  void update(uint32_t s);
  void next_velocity();
  void sum_of_updates();

  // ---- network_layer_relations.cpp ----
  const NetworkLayout::StepLayer& blocks(uint32_t s, size_t l) const { return layout_.steps[s].layers[l]; }
  const LayerSpec& layer(size_t l) const { return spec_.layers()[l]; }
  std::string layer_of(size_t l) const { return name_ + "layer " + std::to_string(l + 1); }
  // All variables of a tensor's block, outer ones.
  std::vector<Source> all(const TensorShape& shape) const;
  // The operand W + D_1 + .. + D_(s-1) of step s, a part of it; its biases.
  Expression weights_of(uint32_t s, size_t l, size_t part, const std::vector<Source>& variables) const;
  TensorValue digits_value(const Digits& digits, const DigitWidths& widths, const TensorShape& shape) const;
  TensorValue block_value(uint32_t block, const TensorShape& shape) const;
  // q of a layer at its index.
  Expression quotient(uint32_t s, size_t l) const;
  TensorValue output(uint32_t s, size_t l) const;
  TensorValue gradient(uint32_t s, size_t l) const;  // dZ
  TensorValue back(uint32_t s, size_t l) const;      // what goes back, saturated
  // The layer's inputs; what a data column is padded with is 0.
  Expression input(uint32_t s, size_t l, TensorIndex index) const;
  Expression input_part(uint32_t s, size_t l, size_t part, const std::vector<Source>& k, const std::vector<Source>& rows) const;
  Window window(size_t l, size_t dimension, Window::Role role, std::vector<Source> first, std::vector<Source> second) const;
  // scale * 2^s q + rem - 2^(s-1), s = w_frac.
  void add_rescaled(Expression& e, const Expression& quotient, const Digits& remainder, const std::vector<Source>& variables) const;
  void forward(uint32_t s, size_t l);
  void pool_forward(uint32_t s, size_t l);
  void relu(uint32_t s, size_t l);
  void backward(uint32_t s, size_t l);
  // That `block` saturates at gradient_limit: `over` only at its upper end, `under` only at its lower one.
  void ends(uint32_t block, const Digits& over, const Digits& under, const DigitWidths& widths, const TensorShape& shape,
            const std::string& name);
  // block + over - under.
  Expression unsaturated(uint32_t block, const Digits& over, const Digits& under, const DigitWidths& widths,
                         const TensorShape& shape) const;
  void gradient_below(uint32_t s, size_t l);
  sumcheck::ProductSum::Pair convolution(uint32_t s, size_t l) const;
  sumcheck::ProductSum::Pair backward_pair(uint32_t s, size_t l) const;
  sumcheck::ProductSum::Pair update_pair(uint32_t s, size_t l, size_t part) const;
  sumcheck::ProductSum::Pair bias_pair(uint32_t s, size_t l) const;

  // ---- network_loss_relations.cpp ----
  Expression class_is_real() const;
  Expression beyond_classes() const;
  void labels(uint32_t s);
  void targets(uint32_t s);
  void softmax(uint32_t s);
  void squared_error(uint32_t s);

  // ---- network_score_relations.cpp ----
  void lead(uint32_t s);
  void score();

  const NetworkSpec& spec_;
  const NetworkLayout& layout_;
  sumcheck::Program& p_;
  const unsigned rows_;
  std::string name_;
  uint32_t class_selector_ = 0, row_selector_ = 0, table_exp_ = 0, table_saturation_ = 0;
};

}  // namespace pyzkfl::compiler
