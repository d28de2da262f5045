// Additions of many pairs of affine points at once, with one inversion for all of them (Montgomery's trick):
// 6 multiplications an addition where mixed Jacobian addition takes 11. What msm, batch_mul and fixed bases
// are made of.
//
// A kernel may keep points in a form of its own (another Montgomery radix, say), so points are imported once
// and exported at the end; PackedPoint is the type of points in between. Whatever the form, (0, 0) is
// infinity and the opposite of (x, y) is (x, -y) in the arithmetic of F. Every pair is allowed: equal,
// opposite and infinite points. Variable time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "curves/bn254.h"

namespace pyzkfl {

template <class F>
struct alignas(64) PackedPoint {
  F x{}, y{};

  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
  PackedPoint operator-() const { return {x, -y}; }
};

// A point by its index in some array, or its opposite.
struct PointRef {
  uint32_t value = 0;  // index, and the sign in the top bit

  static constexpr uint32_t sign_bit = uint32_t{1} << 31;
  static constexpr size_t most_points = sign_bit;

  static PointRef of(size_t index, bool negative = false) {
    return {static_cast<uint32_t>(index) | (negative ? sign_bit : 0)};
  }
  size_t index() const { return value & ~sign_bit; }
  bool negative() const { return (value & sign_bit) != 0; }
};

// Memory that a kernel works in; one for each thread, kept between calls.
struct KernelScratch {
  std::vector<uint64_t> words;

  // Aligned to 64 bytes, for at least n words.
  uint64_t* reserve(size_t n);
};

template <class F>
struct AffineKernel {
  // out[i] = the point refs[i] of `in`.
  void (*import_points)(std::span<PackedPoint<F>> out, std::span<const Affine<F>> in,
                        std::span<const PointRef> refs);
  void (*export_points)(std::span<Affine<F>> out, std::span<const PackedPoint<F>> in);
  // out[i] = refs[2i] + refs[2i + 1] of `base`. `out` does not overlap `base`.
  void (*add_pairs)(KernelScratch& scratch, std::span<PackedPoint<F>> out, const PackedPoint<F>* base,
                    std::span<const PointRef> refs);
  // points[targets[i]] += the point refs[i] of `base`, in place. Targets are distinct; `base` does not
  // overlap `points`.
  void (*add_into)(KernelScratch& scratch, PackedPoint<F>* points, std::span<const uint32_t> targets,
                   const PackedPoint<F>* base, std::span<const PointRef> refs);
  // points[i] = 2 points[i].
  void (*double_all)(KernelScratch& scratch, std::span<PackedPoint<F>> points);
};

// The best kernel for this processor (or the one that PYZKFL_CPU asks for, see base/cpu.h).
template <class F>
const AffineKernel<F>& affine_kernel();

// The portable one, for tests of the others.
template <class F>
const AffineKernel<F>& affine_kernel_generic();

}  // namespace pyzkfl
