// Weights as torch keeps them and as the blocks do; batches as they are registered.
#include <algorithm>
#include <string>

#include "base/errors.h"
#include "training/network_trainer.h"

namespace pyzkfl {
namespace {

[[noreturn]] void refuse(const std::string& problem) { throw ParameterError("batch: " + problem); }

size_t rows_of(const NetworkSpec& spec, const NetworkBatch& batch) {
  const size_t width = spec.classifies() ? 1 : spec.classes();
  if (batch.labels.size() % width != 0) refuse("targets must have shape (rows, " + std::to_string(width) + ")");
  return batch.labels.size() / width;
}

void read_labels(const NetworkSpec& spec, NetworkStep& step, const NetworkBatch& batch) {
  const size_t classes = spec.classes(), padded = spec.padded_classes();
  step.labels.assign(spec.padded_batch() * padded, 0);
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    const int64_t y = batch.labels[i];
    if (spec.classifies()) {
      if (y < 0 || y >= static_cast<int64_t>(classes))
        refuse("the label in row " + std::to_string(i) + " is none of the " + std::to_string(classes) + " classes");
      step.labels[i * padded + static_cast<size_t>(y)] = 1;
    } else {
      if (y < -NetworkSpec::target_limit || y >= NetworkSpec::target_limit)
        refuse("the target in row " + std::to_string(i / classes) + ", column " + std::to_string(i % classes) +
               " is no signed integer of 16 bits");
      step.labels[i / classes * padded + i % classes] = y;
    }
  }
}

}  // namespace

NetworkStep network_inputs(const NetworkSpec& spec, const NetworkBatch& batch) {
  NetworkStep step;
  step.layers.resize(spec.layers().size());
  const size_t rows = rows_of(spec, batch), features = spec.features();
  if (rows == 0) refuse("no rows; a step needs at least one");
  if (rows > spec.batch())
    refuse(std::to_string(rows) + " rows; the job's batch has " + std::to_string(spec.batch()));
  if (batch.features.size() != rows * features)
    refuse("features must have shape (" + std::to_string(rows) + ", " + std::to_string(features) + ")");
  step.rows = rows;
  const LayerSpec& first = spec.layers().front();
  // Of a first linear layer the features lie in their flat order, the parts one behind the other.
  const size_t padded = first.in.is_image ? first.in.padded_size() : first.padded_taps();
  step.inputs.assign(spec.padded_batch() * padded, 0);
  const int64_t limit = spec.feature_limit();
  for (size_t k = 0; k < features; ++k) {
    const TensorShape& shape = first.in;
    const size_t to = shape.at(k / shape.area(), k % shape.area() / shape.width, k % shape.width);
    for (size_t i = 0; i < rows; ++i) {
      const int64_t x = batch.features[i * features + k];
      if (x < -limit || x >= limit)
        refuse("the feature in row " + std::to_string(i) + ", column " + std::to_string(k) + " is no signed integer of " +
               std::to_string(spec.parameters().x_bits) + " bits");
      step.inputs[i * padded + to] = x;
    }
  }
  read_labels(spec, step, batch);
  return step;
}

NetworkWeights NetworkWeights::zeros(const NetworkSpec& spec) {
  NetworkWeights out;
  for (const LayerSpec& layer : spec.layers()) {
    const size_t units = layer.has_weights() ? layer.padded_units() : 0;
    out.layers.push_back({SecretMatrix(units * layer.padded_taps()), SecretMatrix(layer.bias ? units : 0)});
  }
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
    if (!layer.has_weights()) continue;
    for (size_t j = 0; j < layer.out.channels; ++j) {
      for (size_t k = 0; k < layer.taps.size(); ++k)
        out.layers[l].matrix[j * layer.padded_taps() + layer.padded_tap(k)] = *from++;
    }
    if (!layer.bias) continue;
    std::copy_n(from, layer.out.channels, out.layers[l].bias.begin());
    from += layer.out.channels;
  }
  return out;
}

std::vector<int64_t> NetworkWeights::to_flat(const NetworkSpec& spec) const {
  std::vector<int64_t> out;
  out.reserve(spec.dimension());
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerSpec& layer = spec.layers()[l];
    if (!layer.has_weights()) continue;
    for (size_t j = 0; j < layer.out.channels; ++j) {
      for (size_t k = 0; k < layer.taps.size(); ++k)
        out.push_back(layers[l].matrix[j * layer.padded_taps() + layer.padded_tap(k)]);
    }
    if (layer.bias)
      out.insert(out.end(), layers[l].bias.begin(), layers[l].bias.begin() + static_cast<std::ptrdiff_t>(layer.out.channels));
  }
  return out;
}

void add_to(NetworkWeights& sum, const NetworkWeights& part) {
  for (size_t l = 0; l < sum.layers.size(); ++l) {
    for (size_t i = 0; i < sum.layers[l].matrix.size(); ++i) sum.layers[l].matrix[i] += part.layers[l].matrix[i];
    for (size_t i = 0; i < sum.layers[l].bias.size(); ++i) sum.layers[l].bias[i] += part.layers[l].bias[i];
  }
}

}  // namespace pyzkfl
