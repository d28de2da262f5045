// The layers of number-theoretic transforms, through a table of function pointers chosen when the program starts.
//
// Inside a transform the elements are lazily reduced (Harvey, "Faster arithmetic for number-theoretic transforms",
// 2014): Montgomery limbs below 4p on the way forward and below 2p on the way back, which fits 256 bits because p is
// below 2^254. Constant time in the values. Twiddle factors as in poly/twiddles.h.
//
// A transform of 2^log_n elements is log_n layers; layer l cuts the vector into 2^l blocks, numbered from 0, each with
// one twiddle factor. Forward, the first layers are done by passes over memory, each on a matrix: `layers` layers of
// one block, seen as 2^layers rows, column by column. The rest are done block by block, each block in cache.
#pragma once

#include <span>

#include "base/cpu.h"
#include "fields/fr.h"

namespace pyzkfl {

struct TransformKernel {
  const char* name;
  CpuKernel needs;

  // Butterflies (x, y) -> (x + w y, x - w y): the first `layers` layers (at most kMostRowLayers) of block number
  // `index` among the blocks of its size, in the columns [begin, end) of its 2^layers rows; of columns, and of those
  // to be done, there are a multiple of kColumns. In and out below 4p.
  void (*forward_rows)(std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
                       std::span<const Fr> twiddles);
  // All layers of a block of a power of two, at most kLargestBlock, elements. In below 4p; out below p.
  void (*forward_block)(std::span<Fr> block, size_t index, std::span<const Fr> twiddles);

  // Butterflies (x, y) -> (x + y, (y - x) w), where w is minus the inverse of the twiddle factor: the layers of
  // forward_rows and forward_block in opposite order, which divides nothing: 2^layers times the inverse of theirs.
  // In below 2p; out below p if canonical, else below 2p. `by` multiplies every element of the block first.
  void (*inverse_rows)(std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
                       std::span<const Fr> twiddles, bool canonical);
  void (*inverse_block)(std::span<Fr> block, size_t index, std::span<const Fr> twiddles, const Fr& by, bool canonical);

  // forward_block, then element j times factors[j] by, then the layers of inverse_block.
  void (*extend_block)(std::span<Fr> block, size_t index, std::span<const Fr> twiddles, std::span<const Fr> factors,
                       const Fr& by, bool canonical);

  static constexpr unsigned kMostRowLayers = 8;
  static constexpr unsigned kLargestLogBlock = 12;
  static constexpr size_t kLargestBlock = size_t{1} << kLargestLogBlock;
  static constexpr size_t kColumns = 8;
};

// Minus the inverse of twiddle factor number `index` (see poly/twiddles.h).
Fr minus_inverse_twiddle(std::span<const Fr> twiddles, size_t index);

// Every kernel that this processor can run, the portable one first.
std::span<const TransformKernel> runnable_transform_kernels();
// The best of them that selected_kernel() allows (base/cpu.h).
const TransformKernel& transform_kernel();

}  // namespace pyzkfl
