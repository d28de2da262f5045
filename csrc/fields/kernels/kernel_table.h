// Operations over vectors of field elements, through a table of function pointers chosen when the program
// starts.
//
// One table for each instruction set; a kernel for another one is another entry. Constant time in the values. Vector
// kernels read and write with instructions that do not care how memory is aligned, so spans may begin anywhere that F
// may lie.
#pragma once

#include <cstddef>
#include <span>

#include "base/cpu.h"

namespace pyzkfl {

template <class F>
struct KernelTable {
  const char* name;
  CpuKernel needs;

  // All spans of one call have the same length, which may be any (the caller checks). `out` may be the same
  // memory as an input; no other overlap.
  void (*add)(std::span<F> out, std::span<const F> a, std::span<const F> b);
  void (*sub)(std::span<F> out, std::span<const F> a, std::span<const F> b);
  void (*mul)(std::span<F> out, std::span<const F> a, std::span<const F> b);
  // out[i] = a[i] factor. The limbs of a[i] may be any (lazily reduced); those of out[i] are reduced.
  void (*scale)(std::span<F> out, std::span<const F> a, const F& factor);
  // out[i] = a[i] b[i] - c[i].
  void (*mul_sub)(std::span<F> out, std::span<const F> a, std::span<const F> b, std::span<const F> c);
  // out[i] = a[i] + factor (b[i] - a[i]): the value at `factor` of the line through a[i] at 0 and b[i] at 1.
  void (*interpolate)(std::span<F> out, std::span<const F> a, std::span<const F> b, const F& factor);
  // The sum of a[i] b[i]; zero for empty spans.
  F (*inner_product)(std::span<const F> a, std::span<const F> b);
  // values[i] *= factors[i], k times over, for 16 values that stay in registers in a vector kernel: the multiplication
  // itself, for benchmarks.
  void (*mul_chains)(std::span<F, 16> values, std::span<const F, 16> factors, size_t k);
};

// Every table that this processor can run, the portable one first. F is Fp or Fr.
template <class F>
std::span<const KernelTable<F>> runnable_kernel_tables();

// The best of them that selected_kernel() allows (base/cpu.h).
template <class F>
const KernelTable<F>& kernel_table();

}  // namespace pyzkfl
