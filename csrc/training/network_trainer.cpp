// A step in plain integers.
#include "training/network_trainer.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "training/network_operations.h"

namespace pyzkfl {
namespace {

using WideUnsigned = unsigned __int128;

int64_t floor_half(int64_t v, int64_t shift) { return (v + (int64_t{1} << (shift - 1))) >> shift; }
int64_t rest_half(int64_t v, int64_t shift) {
  return (v + (int64_t{1} << (shift - 1))) & ((int64_t{1} << shift) - 1);
}

void divide(SecretMatrix& quotient, SecretMatrix& remainder, const SecretMatrix& values, int64_t shift) {
  quotient.resize(values.size());
  remainder.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    quotient[i] = floor_half(values[i], shift);
    remainder[i] = rest_half(values[i], shift);
  }
}

const SecretMatrix& inputs_of(const NetworkStep& step, size_t layer) {
  return layer == 0 ? step.inputs : step.layers[layer - 1].output();
}

void check_weights(const NetworkSpec& spec, std::span<const int64_t> flat) {
  const int64_t limit = spec.weight_limit();
  for (size_t i = 0; i < flat.size(); ++i) {
    if (flat[i] < -limit || flat[i] >= limit)
      throw ParameterError("weights: entry " + std::to_string(i) + " is no signed integer of " +
                           std::to_string(spec.parameters().w_bits) + " bits");
  }
}

void check_velocity(std::span<const int64_t> flat) {
  for (size_t i = 0; i < flat.size(); ++i) {
    if (flat[i] != static_cast<int16_t>(flat[i]))
      throw ParameterError("velocity: entry " + std::to_string(i) + " is no signed integer of 16 bits");
  }
}

}  // namespace

void activate(const NetworkSpec& spec, NetworkStep& step, size_t l, const SecretMatrix& sums) {
  const LayerSpec& layer = spec.layers()[l];
  NetworkStep::Layer& out = step.layers[l];
  divide(out.quotient, out.remainder, sums, spec.parameters().w_frac);
  if (!layer.relu) return;
  out.sign.resize(sums.size());
  out.activation.resize(sums.size());
  out.excess.resize(sums.size());
  const int64_t most = layer.excess.empty() ? layer.most_output : NetworkSpec::most_activation;
  for (size_t i = 0; i < sums.size(); ++i) {
    out.sign[i] = out.quotient[i] >= 1 ? 1 : 0;
    out.activation[i] = std::min(out.sign[i] * out.quotient[i], most);
    out.excess[i] = out.sign[i] * out.quotient[i] - out.activation[i];
  }
}

void forward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t first) {
  for (size_t l = first; l < spec.layers().size(); ++l)
    activate(spec, step, l, forward_sums(spec, l, weights.layers[l], inputs_of(step, l)));
}

void backward_through(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t l) {
  NetworkStep::Layer& out = step.layers[l];
  divide(out.back_quotient, out.back_remainder, backward_sums(spec, l, weights.layers[l], out.gradient),
         spec.parameters().w_frac);
  const bool saturates = !spec.layers()[l].backward_excess.empty();
  constexpr int64_t limit = NetworkSpec::gradient_limit;
  for (SecretMatrix* m : {&out.back, &out.back_over, &out.back_under}) m->resize(out.back_quotient.size());
  for (size_t i = 0; i < out.back.size(); ++i) {
    const int64_t whole = out.back_quotient[i];
    out.back[i] = saturates ? std::clamp(whole, -limit, limit - 1) : whole;
    out.back_over[i] = std::max<int64_t>(whole - out.back[i], 0);
    out.back_under[i] = std::max<int64_t>(out.back[i] - whole, 0);
  }
}

void gradient_below(const NetworkSpec& spec, NetworkStep& step, size_t l) {
  NetworkStep::Layer& below = step.layers[l - 1];
  const SecretMatrix& back = step.layers[l].back;
  below.gradient = spec.layers()[l].has_weights() ? back : spread(spec, l, back);
  for (size_t i = 0; i < below.sign.size(); ++i) below.gradient[i] *= below.sign[i];
}

void backward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t from) {
  for (size_t l = from; spec.goes_back(l); --l) {
    backward_through(spec, weights, step, l);
    gradient_below(spec, step, l);
  }
}

NetworkWeights weight_gradients(const NetworkSpec& spec, const NetworkStep& step) {
  NetworkWeights gradients = NetworkWeights::zeros(spec);
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    if (spec.layers()[l].has_weights())
      gradients.layers[l] = weight_sums(spec, l, inputs_of(step, l), step.layers[l].gradient);
  }
  return gradients;
}

void clip_rate(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step) {
  WideUnsigned squares = 0;
  for (const NetworkWeights::Layer& layer : gradients.layers) {
    for (const SecretMatrix* m : {&layer.matrix, &layer.bias}) {
      for (const int64_t v : *m) squares += static_cast<WideUnsigned>(static_cast<__int128>(v) * v);
    }
  }
  const auto eta = static_cast<WideUnsigned>(spec.parameters().eta);
  step.norm_square = squares;
  step.rate = static_cast<uint64_t>(std::min(eta, spec.target() / (WideUnsigned{isqrt_wide(squares)} + 1)));
}

void round_update(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step, const NetworkWeights* last) {
  const int64_t shift = spec.parameters().eta_shift, keeps = spec.momentum();
  step.update = NetworkWeights::zeros(spec);
  step.update_remainder = NetworkWeights::zeros(spec);
  const auto round = [&](SecretMatrix& quotient, SecretMatrix& remainder, const SecretMatrix& from, const SecretMatrix* kept) {
    for (size_t i = 0; i < from.size(); ++i) {
      __int128 v = static_cast<__int128>(from[i]) * static_cast<int64_t>(step.rate) + (int64_t{1} << (shift - 1));
      if (kept != nullptr) v -= static_cast<__int128>(keeps * (*kept)[i]) * (int64_t{1} << (shift - 16));
      quotient[i] = -static_cast<int64_t>(v >> shift);
      remainder[i] = static_cast<int64_t>(v & ((int64_t{1} << shift) - 1));
    }
  };
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    const NetworkWeights::Layer* kept = last == nullptr ? nullptr : &last->layers[l];
    round(step.update.layers[l].matrix, step.update_remainder.layers[l].matrix, gradients.layers[l].matrix,
          kept == nullptr ? nullptr : &kept->matrix);
    round(step.update.layers[l].bias, step.update_remainder.layers[l].bias, gradients.layers[l].bias,
          kept == nullptr ? nullptr : &kept->bias);
  }
}

void backward_and_update(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step,
                         const NetworkWeights* last) {
  backward_from(spec, weights, step, spec.layers().size() - 1);
  const NetworkWeights gradients = weight_gradients(spec, step);
  clip_rate(spec, gradients, step);
  round_update(spec, gradients, step, last);
}

NetworkStep network_step(const NetworkSpec& spec, const NetworkWeights& weights, const NetworkBatch& batch,
                         const NetworkWeights* last) {
  NetworkStep step = network_inputs(spec, batch);
  forward_from(spec, weights, step, 0);
  loss_of(spec, step);
  backward_and_update(spec, weights, step, last);
  return step;
}

NetworkRound network_round(const NetworkSpec& spec, std::span<const int64_t> flat_weights,
                           std::span<const NetworkBatch> batches, std::span<const int64_t> velocity) {
  if (batches.size() != spec.steps())
    throw ParameterError("a round of this job has " + std::to_string(spec.steps()) + " batches, got " +
                         std::to_string(batches.size()));
  NetworkWeights weights = NetworkWeights::from_flat(spec, flat_weights);
  check_weights(spec, flat_weights);
  NetworkRound round;
  round.update = NetworkWeights::zeros(spec);
  if (!spec.carries() && !velocity.empty()) throw ParameterError("this job starts every round without a velocity");
  if (spec.carries()) {
    check_velocity(velocity);
    round.velocity = velocity.empty() ? NetworkWeights::zeros(spec) : NetworkWeights::from_flat(spec, velocity);
  }
  round.steps.reserve(batches.size());
  for (const NetworkBatch& batch : batches) {
    const NetworkWeights* last = !round.steps.empty() ? &round.steps.back().update : spec.carries() ? &round.velocity : nullptr;
    round.steps.push_back(network_step(spec, weights, batch, last));
    add_to(weights, round.steps.back().update);
    add_to(round.update, round.steps.back().update);
  }
  if (spec.carries()) round.next_velocity = round.steps.back().update;
  return round;
}

std::vector<int64_t> network_outputs(const NetworkSpec& spec, std::span<const int64_t> flat_weights,
                                     std::span<const int64_t> features, size_t rows) {
  if (features.size() != rows * spec.features())
    throw ParameterError("features must have shape (rows, " + std::to_string(spec.features()) + ")");
  NetworkWeights weights = NetworkWeights::from_flat(spec, flat_weights);
  check_weights(spec, flat_weights);
  std::vector<int64_t> out;
  out.reserve(rows * spec.classes());
  const size_t labels_of_a_row = spec.classifies() ? 1 : spec.classes();
  const std::vector<int64_t> labels(spec.batch() * labels_of_a_row);
  for (size_t first = 0; first < rows; first += spec.batch()) {
    const size_t count = std::min(spec.batch(), rows - first);
    NetworkStep step = network_inputs(spec, {features.subspan(first * spec.features(), count * spec.features()),
                                             std::span(labels).first(count * labels_of_a_row)});
    forward_from(spec, weights, step, 0);
    const SecretMatrix& z = step.layers.back().quotient;
    for (size_t i = 0; i < count; ++i) {
      const auto row = z.begin() + static_cast<std::ptrdiff_t>(i * spec.padded_classes());
      out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(spec.classes()));
    }
  }
  return out;
}

}  // namespace pyzkfl
