// Columns on AVX-512 IFMA: many running sums of points, each a lane, that take in one point at a time all together.
// In plain words; affine_kernel.cpp wraps it, affine_kernel.h says what each function does.
//
// Columns lie in memory eight lanes after the other, each eight as 5 (G2: 10) vectors of limbs of x and as many of y: what
// is added to is read and written without gathering or unpacking.
#pragma once

#include "curves/kernels/affine_ifma.h"

namespace pyzkfl::ifma {

// Columns are made by 32 lanes, of so many coordinates.
constexpr size_t columns_lanes = 32, columns_coordinates = 80;

struct ColumnKernel {
  void (*load)(uint8_t* columns, const uint8_t* base, const uint32_t* refs, size_t n);
  // Returns false if lanes were refused: their bits are set in refused[lane / 8], which holds (n + 7) / 8 bytes and is
  // written in that case only. The points of `next` are brought near.
  bool (*add)(uint8_t* scratch, InvertLanes invert, uint8_t* columns, const uint8_t* base, const uint32_t* refs,
              size_t n, const uint32_t* next, size_t next_n, uint8_t* refused);
  void (*store)(uint8_t* out, const uint8_t* columns, size_t n);
};

// Null where the compiler does not know the instruction set.
const ColumnKernel* g1_columns();
const ColumnKernel* g2_columns();

}  // namespace pyzkfl::ifma
