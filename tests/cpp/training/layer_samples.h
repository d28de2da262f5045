// Small networks that between them have every layer, option and loss.
#pragma once

#include <utility>
#include <vector>

#include "network_samples.h"

namespace pyzkfl::testing {

struct LayeredJob {
  const char* name;
  NetworkParameters parameters;
  size_t rows;
};

inline std::vector<LayeredJob> layered_jobs() {
  using L = LayerParameters;
  std::vector<LayeredJob> out;
  out.push_back({"convolution, ReLU, linear, with padding of every kind",
                 layered_parameters({1, 5, 6}, {L::conv2d(3, {3, 3}, {1, 1}, {1, 1}, true), L::linear(3, false)}, 3), 2});
  out.push_back({"strides and channels that pad, a pool, no biases",
                 layered_parameters({3, 9, 7}, {L::conv2d(3, {3, 2}, {2, 1}, {1, 0}, true, false), L::avg_pool2d({2, 3}),
                                                L::linear(2, false, false)}, 2), 2});
  out.push_back({"without a ReLU: convolution, pool, convolution, linear, linear",
                 layered_parameters({1, 8, 6}, {L::conv2d(2, {3, 3}, {1, 1}, {0, 0}, false), L::avg_pool2d({2, 2}),
                                                L::conv2d(3, {2, 2}, {1, 1}, {1, 1}, false), L::linear(4, false),
                                                L::linear(3, false)}, 2), 1});
  out.push_back({"a pool first, of channels that pad, a pool with a ReLU",
                 layered_parameters({3, 6, 6}, {L::avg_pool2d({2, 2}), L::conv2d(2, {2, 2}, {1, 1}, {1, 1}, false),
                                                L::avg_pool2d({2, 1}, true), L::linear(2, false)}, 2), 2});
  NetworkParameters squared = layered_parameters({5}, {L::linear(4, true), L::linear(3, false)}, 4, 3);
  squared.loss = NetworkLoss::mean_squared_error;
  squared.momentum = 58982;
  squared.bound = 20000;
  out.push_back({"the mean squared error, saturated, with momentum", NetworkSpec::with_learning_rate(squared, 0.1), 3});
  squared.w_bits = 12;
  squared.g_frac = squared.a_frac;
  out.push_back({"the mean squared error, not saturated, with momentum", NetworkSpec::with_learning_rate(squared, 0.1), 4});
  NetworkParameters single = layered_parameters({5}, {L::linear(3, false)}, 4);
  single.loss = NetworkLoss::mean_squared_error;
  out.push_back({"one layer, the mean squared error", NetworkSpec::with_learning_rate(single, 0.1), 3});
  NetworkParameters kept = network_parameters({4, 5, 3}, 4, 3);
  kept.momentum = 32768;
  out.push_back({"momentum without clipping", NetworkSpec::with_learning_rate(kept, 0.01), 4});
  for (const int64_t steps : {1, 2}) {
    NetworkParameters carried = network_parameters({4, 5, 3}, 4, steps);
    carried.momentum = 30000;
    carried.carry = 1;
    out.push_back({"momentum carried over rounds", NetworkSpec::with_learning_rate(carried, 0.01), 3});
  }
  NetworkParameters deep =
      layered_parameters({1, 4, 4}, {L::conv2d(2, {3, 3}, {1, 1}, {1, 1}, true), L::conv2d(2, {3, 3}, {2, 2}, {1, 1}, true),
                                     L::linear(2, false)}, 2);
  deep.x_bits = 16;
  deep.w_bits = 20;
  deep = NetworkSpec::with_learning_rate(deep, 0.1);
  deep.saturation = 16;
  out.push_back({"convolutions that saturate both ways", deep, 2});
  // In bits: both losses, features and classes that pad, local steps with momentum, 16-bit features, images.
  const auto in_bits = [&](const char* name, NetworkParameters p, size_t rows) {
    p.bitwise = 1;
    out.push_back({name, NetworkSpec::with_learning_rate(p, 0.1), rows});
  };
  in_bits("in bits: a perceptron with padding of every kind", network_parameters({15, 6, 3}, 8), 5);
  in_bits("in bits: local steps", network_parameters({4, 5, 3}, 4, 3), 3);
  squared.bound = 30000;
  in_bits("in bits: the mean squared error with momentum", squared, 3);
  // Momentum carried over rounds; and the least network there is: one feature, one unit, one row, no bias.
  for (const int64_t steps : {1, 2}) {
    NetworkParameters carried = network_parameters({3, 2}, 2, steps);
    carried.momentum = 30000;
    carried.carry = 1;
    in_bits("in bits: momentum carried over rounds", carried, 2);
  }
  NetworkParameters least = layered_parameters({1}, {L::linear(2, false, false)}, 1);
  least.layers = {L::linear(1, false, false)};
  least.loss = NetworkLoss::mean_squared_error;
  least.w_bits = 14;
  least.g_frac = least.a_frac;
  in_bits("in bits: one feature, one unit, one row", least, 1);
  in_bits("in bits: convolution, pool, ReLU, images that pad",
          layered_parameters({1, 5, 6}, {L::conv2d(3, {3, 3}, {1, 1}, {1, 1}, true), L::avg_pool2d({2, 2}), L::linear(3, false)}, 3), 2);
  return out;
}

}  // namespace pyzkfl::testing
