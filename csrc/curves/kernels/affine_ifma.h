// The IFMA kernel's entry points, in plain words: what affine_kernel.cpp wraps for Fp and Fp2. See affine_kernel.h
// for what each does, and fields/kernels/ifma_field.h for why nothing but pointers passes here.
//
// A point is x then y, each 32 bytes for G1 and 64 for G2, in Field's form, loose (ifma_point_field.h), at any
// alignment. A ref is an index with the sign in bit 31.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::ifma {

// Replaces eight elements e (coordinates of 4 or 8 words; for columns of 4 words always; canonical) by 2^518 / e modulo p. False if one is zero.
using InvertLanes = bool (*)(uint64_t* values);

// Scratch memory, aligned to 64 bytes: a batch of n needs n / 8 + 4 steps, each of at most so many coordinates and bytes
// of flags.
constexpr size_t step_coordinates = 30, step_flag_bytes = 64;

struct PointKernel {
  void (*add_pairs)(uint8_t* scratch, InvertLanes invert, uint8_t* out, const uint8_t* base, const uint32_t* refs,
                    size_t n);
  void (*add_into)(uint8_t* scratch, InvertLanes invert, uint8_t* points, const uint32_t* targets, const uint8_t* base,
                   const uint32_t* refs, size_t n);
  void (*double_all)(uint8_t* scratch, InvertLanes invert, uint8_t* points, size_t n);
};

// Null where the compiler does not know the instruction set.
const PointKernel* g1_kernel();
const PointKernel* g2_kernel();

}  // namespace pyzkfl::ifma
