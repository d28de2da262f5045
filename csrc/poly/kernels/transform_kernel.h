// The layers of number-theoretic transforms, through a table of function pointers chosen when the program
// starts.
//
// Inside a transform the elements are lazily reduced (Harvey, "Faster arithmetic for number-theoretic
// transforms", 2014): Montgomery limbs below 4p on the way forward and below 2p on the way back, which fits
// 256 bits because p is below 2^254. Constant time in the values. Twiddle factors as in poly/twiddles.h.
#pragma once

#include <span>

#include "base/cpu.h"
#include "fields/fr.h"

namespace pyzkfl {

struct TransformKernel {
  const char* name;
  CpuKernel needs;

  // Butterflies (x, y) -> (x + w y, x - w y), for x and y of equal length that do not overlap. In and out
  // below 4p.
  void (*forward_layer)(std::span<Fr> x, std::span<Fr> y, const Fr& w);
  // All layers of block number `index` among the blocks of its size (a power of two). In below 4p; out below
  // p.
  void (*forward_block)(std::span<Fr> block, size_t index, std::span<const Fr> twiddles);

  // Butterflies (x, y) -> (x + y, (y - x) w), where w is minus the inverse of the twiddle factor. In and out
  // below 2p.
  void (*inverse_layer)(std::span<Fr> x, std::span<Fr> y, const Fr& w);
  // All layers of a block. In and out below 2p.
  void (*inverse_block)(std::span<Fr> block, size_t index, std::span<const Fr> twiddles);
};

// Minus the inverse of twiddle factor number `index` (see poly/twiddles.h).
Fr minus_inverse_twiddle(std::span<const Fr> twiddles, size_t index);

// Every kernel that this processor can run, the portable one first.
std::span<const TransformKernel> runnable_transform_kernels();
// The best of them that selected_kernel() allows (base/cpu.h).
const TransformKernel& transform_kernel();

}  // namespace pyzkfl
