// Small networks with weights and batches, for tests of training and of its proofs.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "training/network_program.h"

namespace pyzkfl::testing {

struct NetworkSample {
  NetworkSpec spec;
  std::vector<int64_t> weights;
  std::vector<std::vector<int64_t>> features, labels;  // one a local step

  std::vector<NetworkBatch> batches() const {
    std::vector<NetworkBatch> out;
    for (size_t s = 0; s < features.size(); ++s) out.push_back({features[s], labels[s]});
    return out;
  }
  std::vector<Fr> blinders() const { return std::vector<Fr>(spec.steps() + (spec.carries() ? 2 : 0), Fr::from_u64(5)); }
};

inline NetworkParameters network_parameters(const std::vector<int64_t>& widths, int64_t batch, int64_t steps = 1,
                                            double learning_rate = 0.1) {
  NetworkParameters p = NetworkParameters::perceptron(widths);
  p.batch = batch;
  p.steps = steps;
  p.w_bits = 18;
  p.bound = 30000;
  return NetworkSpec::with_learning_rate(p, learning_rate);
}

// 16-bit features and 20-bit weights, so that activations saturate, and gradients that go back too.
inline NetworkParameters saturating_parameters() {
  NetworkParameters p = network_parameters({6, 4, 3}, 4);
  p.x_bits = 16;
  p.w_bits = 20;
  p = NetworkSpec::with_learning_rate(p, 0.1);
  p.saturation = 16;
  return p;
}

// Layers on an input of this shape.
inline NetworkParameters layered_parameters(std::vector<int64_t> input, std::vector<LayerParameters> layers, int64_t batch,
                                            int64_t steps = 1, double learning_rate = 0.1) {
  NetworkParameters p;
  p.input = std::move(input);
  p.layers = std::move(layers);
  p.batch = batch;
  p.steps = steps;
  p.w_bits = 18;
  p.bound = 30000;
  return NetworkSpec::with_learning_rate(p, learning_rate);
}

// Uniform features and weights (and targets) up to a share of their limits; `rows` rows in each batch.
inline NetworkSample network_sample(const NetworkParameters& p, size_t rows, uint64_t seed, double share) {
  NetworkSample out{NetworkSpec(p), {}, {}, {}};
  std::mt19937_64 random(seed);
  const auto signed_below = [&](int64_t limit) {
    const auto most = static_cast<int64_t>(static_cast<double>(limit - 1) * share);
    return static_cast<int64_t>(random() % static_cast<uint64_t>(2 * most + 1)) - most;
  };
  for (size_t i = 0; i < out.spec.dimension(); ++i) out.weights.push_back(signed_below(out.spec.weight_limit()));
  for (size_t s = 0; s < out.spec.steps(); ++s) {
    out.features.emplace_back();
    out.labels.emplace_back();
    for (size_t i = 0; i < rows * out.spec.features(); ++i)
      out.features[s].push_back(signed_below(out.spec.feature_limit()));
    const size_t labels = out.spec.classifies() ? rows : rows * out.spec.classes();
    for (size_t i = 0; i < labels; ++i)
      out.labels[s].push_back(out.spec.classifies() ? static_cast<int64_t>(random() % out.spec.classes())
                                                    : signed_below(NetworkSpec::target_limit));
  }
  return out;
}

}  // namespace pyzkfl::testing
