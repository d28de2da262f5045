// The relations of labels, targets and losses.
#include "training/network_compiler.h"

namespace pyzkfl::compiler {

using namespace sumcheck;
using Kind = Source::Kind;

Expression NetworkCompiler::class_is_real() const {
  return single({true, class_selector_, sources(Kind::outer, 0, spec_.layers().back().out.log_size()), {}});
}

Expression NetworkCompiler::beyond_classes() const {
  Expression e;
  add(e, -Fr::one(), class_is_real());
  e.constant = Fr::one();
  return e;
}

void NetworkCompiler::labels(uint32_t s) {
  const uint32_t block = layout_.steps[s].labels;
  const TensorShape& shape = spec_.layers().back().out;
  const unsigned classes = shape.log_size();
  boolean(block);
  Expression total = single(block_view(block, sources(Kind::sum, 0, classes) + sources(Kind::outer, 0, rows_)));
  add(total, -Fr::one(), {true, row_selector_, sources(Kind::outer, 0, rows_), {}});
  p_.linear.push_back({rows_, total, name_ + "one label a real row"});
  p_.zeros.push_back({classes + rows_,
                      {{Fr::one(), {beyond_classes(), single(block_view(block, all(shape)))}}},
                      name_ + "padded classes have no labels"});
}

void NetworkCompiler::targets(uint32_t s) {
  const uint32_t block = layout_.steps[s].labels;
  const TensorShape& shape = spec_.layers().back().out;
  signed_range(block, layout_.steps[s].target_bits, spec_.target_bits(), NetworkSpec::target_limit);
  if (shape.size() == shape.padded_size()) return;
  p_.zeros.push_back({shape.log_size() + rows_,
                      {{Fr::one(), {beyond_classes(), single(block_view(block, all(shape)))}}},
                      name_ + "padded outputs have no targets"});
}

void NetworkCompiler::softmax(uint32_t s) {
  const NetworkLayout::Step& step = layout_.steps[s];
  const size_t last = spec_.layers().size() - 1;
  const TensorShape& shape = layer(last).out;
  const unsigned classes = shape.log_size(), over = classes + rows_;
  const std::vector<Source> at = all(shape), row = sources(Kind::outer, classes, rows_);
  const Fr end = Fr::from_u64((uint64_t{1} << spec_.exp_log_size()) - 1);
  const Fr one = power_of_two(static_cast<unsigned>(spec_.parameters().g_frac));

  range(step.excess, spec_.excess());
  range(step.probability, spec_.probability());
  range(step.remainder, spec_.softmax_remainder());
  range(step.rest, spec_.softmax_remainder());
  boolean(step.hint);
  p_.pairs.push_back({step.key, step.exponential, table_exp_});

  Expression distance;  // c - z
  add(distance, -Fr::one(), quotient(s, last));
  add(distance, Fr::one(), block_view(step.most, row));
  Expression excess;
  add_digits(excess, Fr::one(), step.excess, spec_.excess(), at);
  Expression rest;  // [j >= classes] T - t - over
  add(rest, end, beyond_classes());
  add(rest, -Fr::one(), block_view(step.key, at));
  add(rest, -Fr::one(), excess);
  p_.zeros.push_back({over, {{Fr::one(), {class_is_real(), distance}}, {Fr::one(), {rest}}}, name_ + "distance to the maximum"});

  Expression room = single(block_view(step.key, at), -Fr::one());  // T - t
  room.constant = end;
  p_.zeros.push_back({over, {{Fr::one(), {excess, room}}}, name_ + "end of the table"});

  Expression total = excess;
  add(total, Fr::one(), block_view(step.key, at));
  p_.zeros.push_back({over, {{Fr::one(), {single(block_view(step.hint, at)), total}}}, name_ + "the maximum is one of them"});
  Expression hints = single(block_view(step.hint, sources(Kind::sum, 0, classes) + sources(Kind::outer, 0, rows_)));
  hints.constant = -Fr::one();
  p_.linear.push_back({rows_, hints, name_ + "one hint a row"});

  const View sum_of_row = block_view(step.exponential, sources(Kind::sum, 0, classes) + row);
  Expression scaled = single(block_view(step.exponential, at), one);
  add_digits(scaled, -Fr::one(), step.remainder, spec_.softmax_remainder(), at);
  Expression probability;
  add_digits(probability, Fr::one(), step.probability, spec_.probability(), at);
  p_.zeros.push_back({over, {{Fr::one(), {scaled}}, {-Fr::one(), {probability, single(sum_of_row)}}}, name_ + "softmax"});
  Expression below = single(sum_of_row);  // E - 1 - rem - w
  add_digits(below, -Fr::one(), step.remainder, spec_.softmax_remainder(), at);
  add_digits(below, -Fr::one(), step.rest, spec_.softmax_remainder(), at);
  below.constant = -Fr::one();
  p_.linear.push_back({over, below, name_ + "remainder of the softmax"});

  Expression loss = probability;
  add(loss, -one, block_view(step.labels, at));
  p_.zeros.push_back({over,
                      {{Fr::one(), {single({true, row_selector_, row, {}}), loss}},
                       {-Fr::one(), {single(block_view(step.layers[last].gradient, at))}}},
                      name_ + "gradient of the loss"});
}

// [i < rows] (z - y) 2^(g_frac - a_frac) = dZ, or dZ + over - under where that could be large.
void NetworkCompiler::squared_error(uint32_t s) {
  const NetworkLayout::Step& step = layout_.steps[s];
  const size_t last = spec_.layers().size() - 1;
  const TensorShape& shape = layer(last).out;
  const uint32_t gradient = blocks(s, last).gradient;
  const NetworkParameters& p = spec_.parameters();
  Expression error;
  add(error, Fr::one(), quotient(s, last));
  add(error, -Fr::one(), block_view(step.labels, all(shape)));
  Expression whole;
  add(whole, -Fr::one(), unsaturated(gradient, step.loss_over, step.loss_under, spec_.loss_excess(), shape));
  const View row{true, row_selector_, sources(Kind::outer, shape.log_size(), rows_), {}};
  p_.zeros.push_back({shape.log_size() + rows_,
                      {{power_of_two(static_cast<unsigned>(p.g_frac - p.a_frac)), {single(row), error}}, {Fr::one(), {whole}}},
                      name_ + "gradient of the loss"});
  if (!spec_.loss_excess().empty())
    ends(gradient, step.loss_over, step.loss_under, spec_.loss_excess(), shape, name_ + "saturation of the loss");
}

}  // namespace pyzkfl::compiler
