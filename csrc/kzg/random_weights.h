// Random weights that a verifier draws to check many equations as one: 128 bits, uniform, never zero.
//
// If any equation is false, the weighted sum is true with probability at most 1 / (2^128 - 1).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fields/fr.h"

namespace pyzkfl {

using RandomSource = std::function<void(std::span<uint8_t>)>;

// From the system's generator. Throws SystemError if it fails.
Fr random_weight();
std::vector<Fr> random_weights(size_t count);

// From `source`, which is asked again for as long as it gives zero: for the test that zero is never used.
Fr random_weight_from(const RandomSource& source);

}  // namespace pyzkfl
