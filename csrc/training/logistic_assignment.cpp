// The prover's free values, from a run of the integer trainer.
#include <algorithm>

#include "training/logistic_circuit.h"

namespace pyzkfl {
namespace {

LogisticAssignment::Values to_field(std::span<const int64_t> in) {
  LogisticAssignment::Values out(in.size());
  std::transform(in.begin(), in.end(), out.begin(), [](int64_t v) { return Fr::from_i64(v); });
  return out;
}

}  // namespace

LogisticAssignment::LogisticAssignment(const LogisticSpec& spec)
    : weights(spec.dimension()),
      features(spec.batch() * spec.features()),
      labels(spec.batch()),
      real(spec.batch() - 1),
      logit_remainder(spec.batch()),
      argument(spec.batch()),
      excess(spec.batch()),
      loss(spec.batch()),
      raw(spec.dimension()),
      raw_remainder(spec.dimension()),
      update(spec.dimension()) {}

std::array<Fr, 2> context_inputs(std::span<const uint8_t, 32> context) {
  std::array<Fr, 2> out;
  for (size_t half = 0; half < 2; ++half) {
    Limbs limbs{};
    for (size_t i = 0; i < 16; ++i) limbs[1 - i / 8] = limbs[1 - i / 8] << 8 | context[16 * half + i];
    out[half] = Fr::from_canonical(limbs);
  }
  return out;
}

LogisticAssignment assignment_of(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                 const LogisticBatch& in, const LogisticStep& step, const Fr& blinder_x,
                                 const Fr& blinder_d) {
  LogisticAssignment out(spec);
  const std::array<Fr, 2> halves = context_inputs(context);
  out.context_low = halves[0];
  out.context_high = halves[1];
  out.rows = Fr::from_i64(in.rows);
  out.weights = to_field(in.weights);
  out.features = to_field(in.features);
  out.labels = to_field(in.labels);
  const int64_t half = int64_t{1} << (spec.logit_shift() - 1);
  for (size_t i = 0; i < spec.batch(); ++i) {
    if (i > 0) out.real[i - 1] = static_cast<int64_t>(i) < in.rows ? Fr::one() : Fr::zero();
    out.logit_remainder[i] = Fr::from_i64(step.u[i] + half - (step.q[i] << spec.logit_shift()));
    out.excess[i] = Fr::from_i64(step.q[i] + LogisticSpec::argument_offset - step.t[i]);
  }
  out.argument = to_field(step.t);
  out.loss = to_field(step.z);
  out.raw = to_field(step.raw);
  out.raw_remainder = to_field(step.raw_remainder);
  out.root = Fr::from_i64(step.root);
  out.update = to_field(step.update);
  out.blinder_x = blinder_x;
  out.blinder_d = blinder_d;
  return out;
}

LogisticAssignment honest_assignment(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                     const LogisticBatch& in, const Fr& blinder_x, const Fr& blinder_d) {
  return assignment_of(spec, context, in, logistic_trace(spec, in), blinder_x, blinder_d);
}

}  // namespace pyzkfl
