// The affine operations of a network's layers and their derivatives, on padded tensors: sums, before any rescaling.
//
// Time: branches on zeros in the data. It runs on the member's own machine, on its own data.
#pragma once

#include <cstddef>

#include "training/network_trainer.h"

namespace pyzkfl {

// The layer's outputs from its inputs, in units of 2^-(a_frac + w_frac), biases included.
SecretMatrix forward_sums(const NetworkSpec& spec, size_t layer, const NetworkWeights::Layer& weights, const SecretMatrix& in);

// The gradient of the layer's inputs from that of its outputs; of a pool on its outputs, before it is spread.
SecretMatrix backward_sums(const NetworkSpec& spec, size_t layer, const NetworkWeights::Layer& weights,
                           const SecretMatrix& gradient);

// A tensor of a pool's outputs, put on each of the inputs of its windows; 0 on inputs of none.
SecretMatrix spread(const NetworkSpec& spec, size_t layer, const SecretMatrix& pooled);

// The sums over rows and positions: what a rate is multiplied with.
NetworkWeights::Layer weight_sums(const NetworkSpec& spec, size_t layer, const SecretMatrix& in, const SecretMatrix& gradient);

}  // namespace pyzkfl
