// The losses of a network and their gradients, in integers.
#include <algorithm>

#include "training/network_trainer.h"

namespace pyzkfl {

void loss_of(const NetworkSpec& spec, NetworkStep& step) {
  if (spec.classifies())
    softmax_cross_entropy(spec, step);
  else
    squared_error(spec, step);
}

void softmax_cross_entropy(const NetworkSpec& spec, NetworkStep& step) {
  const std::vector<int32_t> table = spec.exp_table();
  const size_t padded = spec.padded_classes(), classes = spec.classes();
  const SecretMatrix& z = step.layers.back().quotient;
  const auto last = static_cast<int64_t>(table.size() - 1);
  step.most.assign(spec.padded_batch(), 0);
  for (SecretMatrix* m : {&step.key, &step.excess, &step.hint, &step.exponential}) m->assign(z.size(), 0);
  for (size_t i = 0; i < spec.padded_batch(); ++i) {
    const auto row = z.begin() + static_cast<std::ptrdiff_t>(i * padded);
    const auto top = std::max_element(row, row + static_cast<std::ptrdiff_t>(classes));
    step.most[i] = *top;
    step.hint[i * padded + static_cast<size_t>(top - row)] = 1;
    for (size_t j = 0; j < padded; ++j) {
      const size_t at = i * padded + j;
      const int64_t distance = j < classes ? *top - z[at] : last;
      step.key[at] = std::min(distance, last);
      step.excess[at] = distance - step.key[at];
      step.exponential[at] = table[static_cast<size_t>(step.key[at])];
    }
  }
  divide_exponentials(spec, step);
}

void divide_exponentials(const NetworkSpec& spec, NetworkStep& step) {
  const size_t padded = spec.padded_classes();
  const int64_t one = int64_t{1} << spec.parameters().g_frac;
  SecretMatrix& dz = step.layers.back().gradient;
  for (SecretMatrix* m : {&step.probability, &step.remainder, &step.rest, &dz}) m->assign(step.exponential.size(), 0);
  for (size_t i = 0; i < spec.padded_batch(); ++i) {
    int64_t sum = 0;
    for (size_t j = 0; j < padded; ++j) sum += step.exponential[i * padded + j];
    for (size_t j = 0; j < padded; ++j) {
      const size_t at = i * padded + j;
      const int64_t scaled = step.exponential[at] * one;
      step.probability[at] = scaled / sum;
      step.remainder[at] = scaled % sum;
      step.rest[at] = sum - 1 - step.remainder[at];
      if (i < step.rows) dz[at] = step.probability[at] - one * step.labels[at];
    }
  }
}

void squared_error(const NetworkSpec& spec, NetworkStep& step) {
  const size_t padded = spec.padded_classes();
  const int64_t unit = int64_t{1} << (spec.parameters().g_frac - spec.parameters().a_frac);
  const bool saturates = !spec.loss_excess().empty();
  constexpr int64_t limit = NetworkSpec::gradient_limit;
  NetworkStep::Layer& last = step.layers.back();
  for (SecretMatrix* m : {&last.gradient, &step.loss_over, &step.loss_under}) m->assign(step.labels.size(), 0);
  for (size_t at = 0; at < step.rows * padded; ++at) {
    const int64_t whole = (last.quotient[at] - step.labels[at]) * unit;
    last.gradient[at] = saturates ? std::clamp(whole, -limit, limit - 1) : whole;
    step.loss_over[at] = std::max<int64_t>(whole - last.gradient[at], 0);
    step.loss_under[at] = std::max<int64_t>(last.gradient[at] - whole, 0);
  }
}

}  // namespace pyzkfl
