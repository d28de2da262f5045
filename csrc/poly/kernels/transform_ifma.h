// The IFMA layers of transforms, in plain words: what transform_kernel.cpp wraps. See transform_kernel.h for what each
// does, and fields/kernels/ifma_field.h for why nothing but pointers passes here.
//
// Elements are 4 words. Twiddle factors are those of poly/twiddles.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::ifma {

struct TransformLayers {
  // Blocks of 2^log_size elements, smallest_log_block <= log_size <= largest_log_block.
  void (*forward_block)(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles);
  void (*inverse_block)(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles, const uint64_t* by,
                        bool canonical);
  void (*extend_block)(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles,
                       const uint64_t* factors, const uint64_t* by16, bool canonical);
  // At most most_row_layers; columns begin .. end - 1, of which there are a multiple of eight.
  void (*forward_rows)(uint64_t* block, unsigned layers, size_t row_length, size_t begin, size_t end, size_t index,
                       const uint64_t* twiddles);
  void (*inverse_rows)(uint64_t* block, unsigned layers, size_t row_length, size_t begin, size_t end, size_t index,
                       const uint64_t* twiddles, bool canonical);
};

constexpr unsigned smallest_log_block = 6, largest_log_block = 12, most_row_layers = 8;

// Null where the compiler does not know the instruction set.
const TransformLayers* transform_layers();

}  // namespace pyzkfl::ifma
