// The integer trainer.
#include "training/trainer.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/errors.h"
#include "training/sigmoid_knots.h"

namespace pyzkfl {
namespace {

void require_step(bool holds, const std::string& message) {
  if (!holds) throw ParameterError(message);
}

void check_weights(const LogisticSpec& spec, std::span<const int64_t> weights) {
  require_step(weights.size() == spec.dimension(), "weights must have " + std::to_string(spec.dimension()) +
                                                  " values (features and bias), got " +
                                                  std::to_string(weights.size()));
  const int64_t limit = spec.weight_limit();
  for (size_t j = 0; j < weights.size(); ++j) {
    require_step(weights[j] >= -limit && weights[j] < limit,
            "weight " + std::to_string(j) + " is not a signed integer of " +
                std::to_string(spec.parameters().w_bits) + " bits");
  }
}

[[noreturn]] void refuse_row(size_t i, const std::string& what) {
  throw ParameterError("row " + std::to_string(i) + " " + what);
}

// floor(a / b) for b > 0.
int64_t floor_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

}  // namespace

void check_batch(const LogisticSpec& spec, const LogisticBatch& in) {
  const size_t d = spec.features();
  const size_t b = spec.batch();
  check_weights(spec, in.weights);
  require_step(in.features.size() == b * d,
          "features must be " + std::to_string(b) + " rows of " + std::to_string(d));
  require_step(in.labels.size() == b, "labels must have " + std::to_string(b) + " values");
  require_step(in.rows >= 1 && in.rows <= spec.parameters().batch,
          "rows must be between 1 and " + std::to_string(b) + ", got " + std::to_string(in.rows));
  const int64_t limit = spec.feature_limit();
  for (size_t i = 0; i < b; ++i) {
    const bool real = i < static_cast<size_t>(in.rows);
    for (const int64_t x : in.features.subspan(i * d, d)) {
      if (x < -limit || x >= limit) {
        refuse_row(i, "has a feature that is not a signed integer of " +
                          std::to_string(spec.parameters().x_bits) + " bits");
      }
      if (!real && x != 0) refuse_row(i, "is padding and must be zero");
    }
    if (in.labels[i] != 0 && in.labels[i] != 1) refuse_row(i, "has a label that is neither 0 nor 1");
    if (!real && in.labels[i] != 0) refuse_row(i, "is padding and its label must be zero");
  }
}

int64_t sigmoid(int64_t t) {
  const auto segment = static_cast<size_t>(t >> LogisticSpec::segment_low_bits);
  const int64_t low = t & ((int64_t{1} << LogisticSpec::segment_low_bits) - 1);
  const int64_t slope =
      (kSigmoidKnots[segment + 1] - kSigmoidKnots[segment]) >> LogisticSpec::segment_low_bits;
  return kSigmoidKnots[segment] + slope * low;
}

void step_from_logits(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step) {
  const int s = spec.logit_shift();
  for (size_t i = 0; i < spec.batch(); ++i) {
    step.q[i] = (step.u[i] + (int64_t{1} << (s - 1))) >> s;
    step.t[i] = std::clamp<int64_t>(step.q[i] + LogisticSpec::argument_offset, 0, LogisticSpec::argument_max);
    step.p[i] = sigmoid(step.t[i]);
  }
  step_from_probabilities(spec, in, step);
}

void step_from_probabilities(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step) {
  for (size_t i = 0; i < spec.batch(); ++i) {
    const int64_t real = static_cast<int64_t>(i) < in.rows ? 1 : 0;
    step.z[i] = real * (step.p[i] - (in.labels[i] << LogisticSpec::probability_frac));
  }
  step_from_losses(spec, in, step);
}

void step_from_losses(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step) {
  const size_t d = spec.features();
  step.gradient.assign(d + 1, 0);
  for (size_t i = 0; i < spec.batch(); ++i) {
    const int64_t* row = in.features.data() + i * d;
    const int64_t z = step.z[i];
    for (size_t j = 0; j < d; ++j) step.gradient[j] += z * row[j];
    step.gradient[d] += z * spec.bias_feature();
  }
  step_from_gradient(spec, spec.parameters().eta, step);
}

void step_from_gradient(const LogisticSpec& spec, int64_t eta, LogisticStep& step) {
  const auto k = spec.parameters().eta_shift;
  for (size_t j = 0; j < spec.dimension(); ++j) {
    const int64_t scaled = (int64_t{1} << (k - 1)) - eta * step.gradient[j];
    step.raw[j] = scaled >> k;
    step.raw_remainder[j] = scaled - (step.raw[j] << k);
  }
  step_from_raw(spec, step);
}

void step_from_raw(const LogisticSpec& spec, LogisticStep& step) {
  step.norm_squared = std::inner_product(step.raw.begin(), step.raw.end(), step.raw.begin(), int64_t{0});
  step.root = isqrt(step.norm_squared);
  step_from_root(spec, step);
}

void step_from_root(const LogisticSpec& spec, LogisticStep& step) {
  step.divisor = std::max(step.root + 1, spec.clip_target());
  step_from_divisor(spec, step);
}

void step_from_divisor(const LogisticSpec& spec, LogisticStep& step) {
  for (size_t j = 0; j < spec.dimension(); ++j) {
    step.update[j] = floor_div(step.raw[j] * spec.clip_target(), step.divisor);
  }
}

LogisticStep logistic_trace(const LogisticSpec& spec, const LogisticBatch& in) {
  check_batch(spec, in);
  return logistic_trace_unchecked(spec, in);
}

LogisticStep logistic_trace_unchecked(const LogisticSpec& spec, const LogisticBatch& in) {
  const size_t d = spec.features();
  LogisticStep out;
  for (SecretIntegers* v : {&out.u, &out.q, &out.t, &out.p, &out.z}) v->resize(spec.batch());
  for (SecretIntegers* v : {&out.raw, &out.raw_remainder, &out.update}) v->resize(spec.dimension());
  for (size_t i = 0; i < spec.batch(); ++i) {
    const int64_t* row = in.features.data() + i * d;
    out.u[i] = std::inner_product(row, row + d, in.weights.data(), in.weights[d] * spec.bias_feature());
  }
  step_from_logits(spec, in, out);
  return out;
}

std::vector<int64_t> logistic_step(const LogisticSpec& spec, const LogisticBatch& in) {
  const LogisticStep step = logistic_trace(spec, in);
  return {step.update.begin(), step.update.end()};
}

std::vector<int64_t> next_weights(const LogisticSpec& spec, std::span<const int64_t> weights,
                                  std::span<const int64_t> update_sum, int64_t survivors) {
  check_weights(spec, weights);
  require_step(update_sum.size() == weights.size(),
          "the sum of updates must have " + std::to_string(weights.size()) + " values");
  require_step(survivors >= 1 && survivors <= int64_t{1} << 20, "survivors must be between 1 and 2^20");
  const int64_t most = survivors * spec.max_abs_update();
  const int64_t limit = spec.weight_limit();
  std::vector<int64_t> out(weights.size());
  for (size_t j = 0; j < out.size(); ++j) {
    require_step(update_sum[j] >= -most && update_sum[j] <= most,
            "coordinate " + std::to_string(j) + " of the sum is larger than " + std::to_string(survivors) +
                " updates within the bound can make it");
    const int64_t mean = floor_div(2 * update_sum[j] + survivors, 2 * survivors);
    out[j] = std::clamp(weights[j] + mean, -limit, limit - 1);
  }
  return out;
}

}  // namespace pyzkfl
