// See evaluation_program.h.
#include "training/evaluation_program.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/errors.h"
#include "training/network_compiler.h"
#include "training/row_scores.h"

namespace pyzkfl {
namespace {

size_t checked_batches(const NetworkSpec& spec, size_t batches) {
  if (!spec.classifies()) throw ParameterError("evaluation: of networks that classify; there is no score of a mean squared error");
  if (batches == 0 || batches > EvaluationProgram::most_batches)
    throw ParameterError("evaluation: between 1 and " + std::to_string(EvaluationProgram::most_batches) + " batches in one proof");
  return batches;
}

}  // namespace

EvaluationProgram::EvaluationProgram(const NetworkSpec& spec, size_t batches_in)
    : batches(checked_batches(spec, batches_in)), layout(place_evaluation(spec, batches, program)) {
  compiler::NetworkCompiler(spec, layout, program).compile_evaluation();
  program.check();
}

RowScores row_scores(const NetworkSpec& spec, const NetworkStep& step, uint64_t limit) {
  const size_t classes = spec.classes(), padded = spec.padded_classes();
  const SecretMatrix& z = step.layers.back().quotient;
  RowScores out;
  out.most.assign(spec.padded_batch(), 0);
  out.lead.assign(z.size(), 0);
  out.mark.assign(z.size(), 0);
  for (size_t i = 0; i < spec.padded_batch(); ++i) {
    const auto raised = [&](size_t j) { return z[i * padded + j] + 1 - step.labels[i * padded + j]; };
    int64_t most = std::numeric_limits<int64_t>::min();
    for (size_t j = 0; j < classes; ++j) most = std::max(most, raised(j));
    out.most[i] = most;
    for (size_t j = 0; j < classes; ++j) {
      const size_t at = i * padded + j;
      out.lead[at] = most - raised(j);
      if (step.labels[at] == 1 && out.lead[at] == 0 && out.counted < limit) {
        out.mark[at] = 1;
        ++out.counted;
      }
    }
  }
  return out;
}

uint64_t correct_rows(const NetworkSpec& spec, std::span<const int64_t> flat_weights, std::span<const NetworkBatch> batches) {
  const NetworkWeights weights = NetworkWeights::from_flat(spec, flat_weights);
  uint64_t out = 0;
  for (const NetworkBatch& batch : batches) {
    NetworkStep step = network_inputs(spec, batch);
    forward_from(spec, weights, step, 0);
    out += row_scores(spec, step, std::numeric_limits<uint64_t>::max()).counted;
  }
  return out;
}

}  // namespace pyzkfl
