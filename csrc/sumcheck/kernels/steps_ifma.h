// The IFMA kernels of vector steps, in plain words: what vector_steps.cpp wraps. See fields/kernels/ifma_field.h for
// why nothing but pointers passes here.
//
// An element is 4 words, canonical, at any alignment. Constant time in elements and cells.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::ifma {

struct SumcheckSteps {
  // Eight partial sums of eq[i] (p0 q1 + p1 q0) over `low`, and eight of the same over high - low; each is
  // {p0, p1, q0, q1}.
  void (*tree_round)(void* sums16, const void* eq, const void* const* low, const void* const* high, size_t n);
  // Eight partial sums of a[i] b[i] over `low` = {a, b}, and eight of the same over high - low.
  void (*pair_round)(void* sums16, const void* const* low, const void* const* high, size_t n);
  // p = p0 q1 + p1 q0, q = q0 q1.
  void (*add_fractions)(void* p, void* q, const void* const* p0_p1_q0_q1, size_t n);
  // out[i] = (cells[i] + 2^31) factor / 2^52 + constant, as Montgomery words.
  void (*from_cells)(void* out, const int32_t* cells, const void* factor, const void* constant, size_t n);
  // The integers sum (cells[i] + 2^31) weights[i] and sum weights[i] (of Montgomery words), in columns of 52 bits: each
  // below 2^63. For n at most most_cells.
  void (*cells_by_weights)(uint64_t* columns6, uint64_t* weight_columns6, const int32_t* cells, const void* weights,
                           size_t n);
  // Column k of the integer sum over rows i of (cells[i stride + j] + 2^31) weights[i], in columns48[8 k + j] for j
  // below 8. A weight is 5 limbs of 52 bits. For at most most_rows rows.
  void (*cell_rows_by_weights)(uint64_t* columns48, const int32_t* cells, size_t stride, const uint64_t* weights,
                               size_t rows);
};

constexpr size_t most_cells = 4096, most_rows = 1024;

// Null where the compiler does not know the instruction set.
const SumcheckSteps* sumcheck_steps();

}  // namespace pyzkfl::ifma
