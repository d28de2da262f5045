// The IFMA kernels over arrays, in plain words: what kernel_table.cpp wraps. See ifma_field.h for why nothing but
// pointers passes here.
//
// An element is 4 words, v 2^256 mod p, canonical unless said otherwise, at any alignment; n of them, any n. `out` may
// be an input. Constant time in the values.
#pragma once

#include <cstddef>

namespace pyzkfl::ifma {

struct FieldKernel {
  void (*add)(void* out, const void* a, const void* b, size_t n);
  void (*sub)(void* out, const void* a, const void* b, size_t n);
  void (*mul)(void* out, const void* a, const void* b, size_t n);
  // out = a b - c.
  void (*mul_sub)(void* out, const void* a, const void* b, const void* c, size_t n);
  // out = a + factor (b - a).
  void (*interpolate)(void* out, const void* a, const void* b, const void* factor, size_t n);
  // out = a factor, for a of any words.
  void (*scale)(void* out, const void* a, const void* factor, size_t n);
  // Eight partial sums of a[i] b[i].
  void (*inner_products)(void* out8, const void* a, const void* b, size_t n);
  // 16 values, each multiplied k times by the factor beside it: two products in flight, nothing read or written
  // between. For measuring the multiplication itself.
  void (*mul_chains)(void* values16, const void* factors16, size_t k);
};

// Null where the compiler does not know the instruction set.
const FieldKernel* fp_kernel();
const FieldKernel* fr_kernel();

}  // namespace pyzkfl::ifma
