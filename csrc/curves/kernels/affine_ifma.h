// The IFMA kernel's entry points, in plain words: what affine_kernel.cpp wraps for Fp and Fp2. See
// affine_kernel.h for what each does, and ifma_field.h for why nothing but pointers passes here.
//
// A packed point is x then y, each 4 words for G1 and 8 for G2: v 2^260 mod p, canonical. An affine point is
// the same with v 2^256 (Field's form). A ref is an index with the sign in bit 31.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::ifma {

// Inverts eight elements (of 4 or 8 words) in place, in radix 2^260; none is zero.
using Invert8 = void (*)(uint64_t* values);

// Words of scratch memory, aligned to 64 bytes, that a batch of n needs.
constexpr size_t scratch_words(size_t n, size_t coordinate_words) {
  return (n / 8 + 3) * (2 * 10 * coordinate_words + 8);
}

struct PointKernel {
  void (*import_points)(uint64_t* out, const uint64_t* in, const uint32_t* refs, size_t n);
  void (*export_points)(uint64_t* out, const uint64_t* in, size_t n);
  void (*add_pairs)(uint64_t* scratch, Invert8 invert, uint64_t* out, const uint64_t* base,
                    const uint32_t* refs, size_t n);
  void (*add_into)(uint64_t* scratch, Invert8 invert, uint64_t* points, const uint32_t* targets,
                   const uint64_t* base, const uint32_t* refs, size_t n);
  void (*double_all)(uint64_t* scratch, Invert8 invert, uint64_t* points, size_t n);
};

// Null where the compiler does not know the instruction set.
const PointKernel* g1_kernel();
const PointKernel* g2_kernel();

}  // namespace pyzkfl::ifma
