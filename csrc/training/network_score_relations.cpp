// The relations of an evaluation: which rows count, and how many (docs/engine.md, section 7).
//
// A row counts when its label's output is above all others. With z' = z + 1 for every class but the label's, that is: the
// label's z' is the largest. c is at least every z' of its row, since t = c - z' has digits; a counted row has its mark h at its
// label, and there t = 0. So ties do not count, and a row that is not counted binds c to nothing.
#include <algorithm>

#include "training/network_compiler.h"

namespace pyzkfl::compiler {

using namespace sumcheck;
using Kind = Source::Kind;

void NetworkCompiler::compile_evaluation() {
  tables();
  class_selector_ = add_selector(Selector::Kind::first_constant, spec_.classes());
  for (uint32_t s = 0; s < layout_.steps.size(); ++s) {
    name_ = "batch " + std::to_string(s + 1) + ": ";
    row_selector_ = add_selector(Selector::Kind::first_rows, s);
    data(s);
    for (size_t l = 0; l < spec_.layers().size(); ++l) forward(s, l);
    lead(s);
  }
  score();
}

void NetworkCompiler::lead(uint32_t s) {
  const NetworkLayout::Step& step = layout_.steps[s];
  const size_t last = spec_.layers().size() - 1;
  const TensorShape& shape = layer(last).out;
  const unsigned over = shape.log_size() + rows_;
  const std::vector<Source> at = all(shape);
  range(step.lead, spec_.lead());
  boolean(step.hint);

  Expression distance;  // c - z - 1 + y
  add(distance, -Fr::one(), quotient(s, last));
  add(distance, Fr::one(), block_view(step.most, sources(Kind::outer, shape.log_size(), rows_)));
  add(distance, Fr::one(), block_view(step.labels, at));
  distance.constant -= Fr::one();
  Expression lead;
  add_digits(lead, Fr::one(), step.lead, spec_.lead(), at);
  p_.zeros.push_back({over, {{Fr::one(), {class_is_real(), distance}}, {-Fr::one(), {lead}}}, name_ + "lead over each class"});

  const Expression mark = single(block_view(step.hint, at));
  p_.zeros.push_back({over, {{Fr::one(), {mark, lead}}}, name_ + "a counted row leads"});
  Expression other = single(block_view(step.labels, at), -Fr::one());
  other.constant = Fr::one();
  p_.zeros.push_back({over, {{Fr::one(), {mark, other}}}, name_ + "marks are at labels"});
}

// The marks of all batches are as many as the last public number says.
void NetworkCompiler::score() {
  const auto batches = static_cast<uint32_t>(layout_.steps.size());
  const unsigned variables = spec_.layers().back().out.log_size() + rows_;
  Expression total;
  for (const NetworkLayout::Step& step : layout_.steps) add(total, Fr::one(), block_view(step.hint, sources(Kind::sum, 0, variables)));
  const unsigned rows = rows_ + log2_ceil(batches);
  add(total, -Fr::one(), {true, add_selector(Selector::Kind::first_rows, batches), sources(Kind::sum, 0, rows), {}});
  p_.linear.push_back({0, total, "score"});
}

}  // namespace pyzkfl::compiler
