// A step in plain integers.
#include "training/network_trainer.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

using Wide = unsigned __int128;

int64_t floor_half(int64_t v, int64_t shift) { return (v + (int64_t{1} << (shift - 1))) >> shift; }
int64_t rest_half(int64_t v, int64_t shift) {
  return (v + (int64_t{1} << (shift - 1))) & ((int64_t{1} << shift) - 1);
}

struct Shape {
  size_t rows, inner, columns;
};

// out[i][j] = sum_k a[i][k] b[j][k].
void multiply_transposed(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.resize(s.rows * s.columns);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (size_t j = 0; j < s.columns; ++j) {
        int64_t sum = 0;
        const int64_t *const x = a.data() + i * s.inner, *const y = b.data() + j * s.inner;
        for (size_t k = 0; k < s.inner; ++k) sum += x[k] * y[k];
        out[i * s.columns + j] = sum;
      }
    }
  });
}

// out[i][j] = sum_k a[i][k] b[k][j].
void multiply(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.assign(s.rows * s.columns, 0);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (size_t k = 0; k < s.inner; ++k) {
        const int64_t factor = a[i * s.inner + k];
        if (factor == 0) continue;
        const int64_t* const row = b.data() + k * s.columns;
        int64_t* const to = out.data() + i * s.columns;
        for (size_t j = 0; j < s.columns; ++j) to[j] += factor * row[j];
      }
    }
  });
}

// out[i][j] = sum_k a[k][i] b[k][j].
void transposed_multiply(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.assign(s.rows * s.columns, 0);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t k = 0; k < s.inner; ++k) {
      for (size_t i = begin; i < end; ++i) {
        const int64_t factor = a[k * s.rows + i];
        if (factor == 0) continue;
        const int64_t* const row = b.data() + k * s.columns;
        int64_t* const to = out.data() + i * s.columns;
        for (size_t j = 0; j < s.columns; ++j) to[j] += factor * row[j];
      }
    }
  });
}

void divide(SecretMatrix& quotient, SecretMatrix& remainder, const SecretMatrix& values, int64_t shift) {
  quotient.resize(values.size());
  remainder.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    quotient[i] = floor_half(values[i], shift);
    remainder[i] = rest_half(values[i], shift);
  }
}

[[noreturn]] void refuse(const std::string& problem) { throw ParameterError("batch: " + problem); }

void read_batch(const NetworkSpec& spec, NetworkStep& step, const NetworkBatch& batch) {
  const size_t rows = batch.labels.size(), features = spec.features();
  if (rows == 0) refuse("no rows; a step needs at least one");
  if (rows > spec.batch())
    refuse(std::to_string(rows) + " rows; the job's batch has " + std::to_string(spec.batch()));
  if (batch.features.size() != rows * features)
    refuse("features must have shape (" + std::to_string(rows) + ", " + std::to_string(features) + ")");
  step.rows = rows;
  const size_t padded = spec.layers().front().padded_in(), classes = spec.layers().back().padded_out();
  step.inputs.assign(spec.padded_batch() * padded, 0);
  step.labels.assign(spec.padded_batch() * classes, 0);
  const int64_t limit = spec.feature_limit();
  for (size_t i = 0; i < rows; ++i) {
    for (size_t k = 0; k < features; ++k) {
      const int64_t x = batch.features[i * features + k];
      if (x < -limit || x >= limit)
        refuse("the feature in row " + std::to_string(i) + ", column " + std::to_string(k) + " is no signed integer of " +
               std::to_string(spec.parameters().x_bits) + " bits");
      step.inputs[i * padded + k] = x;
    }
    const int64_t y = batch.labels[i];
    if (y < 0 || y >= static_cast<int64_t>(spec.classes()))
      refuse("the label in row " + std::to_string(i) + " is none of the " + std::to_string(spec.classes()) + " classes");
    step.labels[i * classes + static_cast<size_t>(y)] = 1;
  }
}

const SecretMatrix& inputs_of(const NetworkStep& step, size_t layer) {
  return layer == 0 ? step.inputs : step.layers[layer - 1].activation;
}

}  // namespace

void forward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t first) {
  const NetworkParameters& p = spec.parameters();
  for (size_t l = first; l < spec.layers().size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    NetworkStep::Layer& out = step.layers[l];
    SecretMatrix sums;
    multiply_transposed(sums, inputs_of(step, l), weights.layers[l].matrix,
                        {spec.padded_batch(), layer.padded_in(), layer.padded_out()});
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += weights.layers[l].bias[i % layer.padded_out()] * (int64_t{1} << p.a_frac);
    divide(out.quotient, out.remainder, sums, p.w_frac);
    if (!layer.relu) continue;
    out.sign.resize(sums.size());
    out.activation.resize(sums.size());
    out.excess.resize(sums.size());
    const int64_t most = layer.excess.widths.empty() ? layer.most_output : NetworkSpec::most_activation;
    for (size_t i = 0; i < sums.size(); ++i) {
      out.sign[i] = out.quotient[i] >= 1 ? 1 : 0;
      out.activation[i] = std::min(out.sign[i] * out.quotient[i], most);
      out.excess[i] = out.sign[i] * out.quotient[i] - out.activation[i];
    }
  }
}

void backward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t from) {
  for (size_t l = from + 1; l-- > 1;) {
    const LayerSpec& layer = spec.layers()[l];
    NetworkStep::Layer& out = step.layers[l];
    NetworkStep::Layer& below = step.layers[l - 1];
    SecretMatrix sums;
    multiply(sums, out.gradient, weights.layers[l].matrix,
             {spec.padded_batch(), layer.padded_out(), layer.padded_in()});
    divide(out.back_quotient, out.back_remainder, sums, spec.parameters().w_frac);
    const bool saturates = !layer.backward_excess.widths.empty();
    constexpr int64_t limit = NetworkSpec::gradient_limit;
    for (SecretMatrix* m : {&below.gradient, &out.back, &out.back_over, &out.back_under}) m->resize(sums.size());
    for (size_t i = 0; i < sums.size(); ++i) {
      const int64_t whole = out.back_quotient[i];
      out.back[i] = saturates ? std::clamp(whole, -limit, limit - 1) : whole;
      out.back_over[i] = std::max<int64_t>(whole - out.back[i], 0);
      out.back_under[i] = std::max<int64_t>(out.back[i] - whole, 0);
      below.gradient[i] = below.sign[i] * out.back[i];
    }
  }
}

NetworkWeights weight_gradients(const NetworkSpec& spec, const NetworkStep& step) {
  NetworkWeights gradients = NetworkWeights::zeros(spec);
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    const SecretMatrix& dz = step.layers[l].gradient;
    transposed_multiply(gradients.layers[l].matrix, dz, inputs_of(step, l),
                        {layer.padded_out(), spec.padded_batch(), layer.padded_in()});
    SecretMatrix& bias = gradients.layers[l].bias;
    for (size_t i = 0; i < dz.size(); ++i)
      bias[i % layer.padded_out()] += dz[i] * (int64_t{1} << spec.parameters().a_frac);
  }
  return gradients;
}

void clip_rate(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step) {
  Wide squares = 0;
  for (const NetworkWeights::Layer& layer : gradients.layers) {
    for (const SecretMatrix* m : {&layer.matrix, &layer.bias}) {
      for (const int64_t v : *m) squares += static_cast<Wide>(static_cast<__int128>(v) * v);
    }
  }
  const auto eta = static_cast<Wide>(spec.parameters().eta);
  step.norm_square = squares;
  step.rate = static_cast<uint64_t>(std::min(eta, spec.target() / (Wide{isqrt_wide(squares)} + 1)));
}

void round_update(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step) {
  const int64_t shift = spec.parameters().eta_shift;
  step.update = NetworkWeights::zeros(spec);
  step.update_remainder = NetworkWeights::zeros(spec);
  const auto round = [&](SecretMatrix& quotient, SecretMatrix& remainder, const SecretMatrix& from) {
    for (size_t i = 0; i < from.size(); ++i) {
      const __int128 v = static_cast<__int128>(from[i]) * static_cast<int64_t>(step.rate) + (int64_t{1} << (shift - 1));
      quotient[i] = -static_cast<int64_t>(v >> shift);
      remainder[i] = static_cast<int64_t>(v & ((int64_t{1} << shift) - 1));
    }
  };
  for (size_t l = 0; l < spec.layers().size(); ++l) {
    round(step.update.layers[l].matrix, step.update_remainder.layers[l].matrix, gradients.layers[l].matrix);
    round(step.update.layers[l].bias, step.update_remainder.layers[l].bias, gradients.layers[l].bias);
  }
}

void add_to(NetworkWeights& sum, const NetworkWeights& part) {
  for (size_t l = 0; l < sum.layers.size(); ++l) {
    for (size_t i = 0; i < sum.layers[l].matrix.size(); ++i) sum.layers[l].matrix[i] += part.layers[l].matrix[i];
    for (size_t i = 0; i < sum.layers[l].bias.size(); ++i) sum.layers[l].bias[i] += part.layers[l].bias[i];
  }
}

namespace {

void check_weights(const NetworkSpec& spec, std::span<const int64_t> flat) {
  const int64_t limit = spec.weight_limit();
  for (size_t i = 0; i < flat.size(); ++i) {
    if (flat[i] < -limit || flat[i] >= limit)
      throw ParameterError("weights: entry " + std::to_string(i) + " is no signed integer of " +
                           std::to_string(spec.parameters().w_bits) + " bits");
  }
}

}  // namespace

NetworkWeights NetworkWeights::zeros(const NetworkSpec& spec) {
  NetworkWeights out;
  for (const LayerSpec& layer : spec.layers())
    out.layers.push_back(
        {SecretMatrix(layer.padded_out() * layer.padded_in()), SecretMatrix(layer.padded_out())});
  return out;
}

NetworkWeights NetworkWeights::from_flat(const NetworkSpec& spec, std::span<const int64_t> flat) {
  if (flat.size() != spec.dimension())
    throw ParameterError("weights: " + std::to_string(flat.size()) + " entries; the model has " +
                         std::to_string(spec.dimension()));
  NetworkWeights out = zeros(spec);
  const int64_t* from = flat.data();
  for (size_t l = 0; l < out.layers.size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    for (size_t j = 0; j < layer.out; ++j, from += layer.in)
      std::copy_n(from, layer.in, out.layers[l].matrix.begin() + static_cast<std::ptrdiff_t>(j * layer.padded_in()));
    std::copy_n(from, layer.out, out.layers[l].bias.begin());
    from += layer.out;
  }
  return out;
}

std::vector<int64_t> NetworkWeights::to_flat(const NetworkSpec& spec) const {
  std::vector<int64_t> out;
  out.reserve(spec.dimension());
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    for (size_t j = 0; j < layer.out; ++j) {
      const auto row = layers[l].matrix.begin() + static_cast<std::ptrdiff_t>(j * layer.padded_in());
      out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(layer.in));
    }
    out.insert(out.end(), layers[l].bias.begin(), layers[l].bias.begin() + static_cast<std::ptrdiff_t>(layer.out));
  }
  return out;
}

void softmax_cross_entropy(const NetworkSpec& spec, NetworkStep& step) {
  const std::vector<int32_t> table = spec.exp_table();
  const size_t padded = spec.layers().back().padded_out(), classes = spec.classes();
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
  const size_t padded = spec.layers().back().padded_out();
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

NetworkStep network_inputs(const NetworkSpec& spec, const NetworkBatch& batch) {
  NetworkStep step;
  step.layers.resize(spec.layers().size());
  read_batch(spec, step, batch);
  return step;
}

void backward_and_update(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step) {
  backward_from(spec, weights, step, spec.layers().size() - 1);
  const NetworkWeights gradients = weight_gradients(spec, step);
  clip_rate(spec, gradients, step);
  round_update(spec, gradients, step);
}

NetworkStep network_step(const NetworkSpec& spec, const NetworkWeights& weights, const NetworkBatch& batch) {
  NetworkStep step = network_inputs(spec, batch);
  forward_from(spec, weights, step, 0);
  softmax_cross_entropy(spec, step);
  backward_and_update(spec, weights, step);
  return step;
}

NetworkRound network_round(const NetworkSpec& spec, std::span<const int64_t> flat_weights,
                           std::span<const NetworkBatch> batches) {
  if (batches.size() != spec.steps())
    throw ParameterError("a round of this job has " + std::to_string(spec.steps()) + " batches, got " +
                         std::to_string(batches.size()));
  NetworkWeights weights = NetworkWeights::from_flat(spec, flat_weights);
  check_weights(spec, flat_weights);
  NetworkRound round;
  round.update = NetworkWeights::zeros(spec);
  for (const NetworkBatch& batch : batches) {
    round.steps.push_back(network_step(spec, weights, batch));
    add_to(weights, round.steps.back().update);
    add_to(round.update, round.steps.back().update);
  }
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
  const std::vector<int64_t> labels(spec.batch());
  for (size_t first = 0; first < rows; first += spec.batch()) {
    const size_t count = std::min(spec.batch(), rows - first);
    NetworkStep step = network_inputs(
        spec, {features.subspan(first * spec.features(), count * spec.features()), std::span(labels).first(count)});
    forward_from(spec, weights, step, 0);
    const SecretMatrix& z = step.layers.back().quotient;
    for (size_t i = 0; i < count; ++i) {
      const auto row = z.begin() + static_cast<std::ptrdiff_t>(i * spec.layers().back().padded_out());
      out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(spec.classes()));
    }
  }
  return out;
}

}  // namespace pyzkfl
