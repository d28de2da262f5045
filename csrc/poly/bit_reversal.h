// The permutation that takes index i to the index with the bits of i reversed.
#pragma once

#include <span>

#include "fields/fr.h"

namespace pyzkfl {

// Applies it in place to 2^log_n elements, on the thread pool.
void reverse_bit_order(std::span<Fr> values, unsigned log_n);

}  // namespace pyzkfl
