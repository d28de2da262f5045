// Specs and batches for the tests of the training statement.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "training/logistic_circuit.h"

namespace pyzkfl {

// The demo's shape: 30 features, 32 rows, learning rate 1 (eta as pyzkfl/job.py derives it), L2 bound 1.
inline LogisticParameters demo_parameters() {
  return {.features = 30, .batch = 32, .eta = 128, .eta_shift = 21, .bound = 65536};
}

// Small numbers everywhere; c = 30 - ceil(sqrt(d + 1)) is even, some batches clip and some do not.
inline LogisticParameters small_parameters(int64_t features, int64_t batch) {
  int64_t root = 1;
  while (root * root < features + 1) ++root;
  return {.features = features,
          .batch = batch,
          .x_bits = 4,
          .x_frac = 2,
          .w_bits = 12,
          .w_frac = 10,
          .eta = 3,
          .eta_shift = 21,
          .bound = 28 + root};
}

// Owns the arrays of a LogisticBatch.
struct Sample {
  std::vector<int64_t> weights, features, labels;
  int64_t rows = 0;

  LogisticBatch view() const { return {weights, features, labels, rows}; }
};

// `spread` in (0, 1] narrows weights: small ones keep the sigmoid off its ends.
inline Sample random_sample(const LogisticSpec& spec, std::mt19937_64& rng, int64_t rows, double spread = 1) {
  const auto uniform = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(rng);
  };
  Sample out;
  out.rows = rows;
  const auto w = static_cast<int64_t>(static_cast<double>(spec.weight_limit() - 1) * spread);
  for (size_t j = 0; j < spec.dimension(); ++j) out.weights.push_back(uniform(-w, w));
  for (size_t i = 0; i < spec.batch(); ++i) {
    const bool real = static_cast<int64_t>(i) < rows;
    for (size_t j = 0; j < spec.features(); ++j) {
      out.features.push_back(real ? uniform(-spec.feature_limit(), spec.feature_limit() - 1) : 0);
    }
    out.labels.push_back(real ? uniform(0, 1) : 0);
  }
  return out;
}

inline std::array<uint8_t, 32> sample_context() {
  std::array<uint8_t, 32> out;
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(255 - 7 * i);
  return out;
}

}  // namespace pyzkfl
