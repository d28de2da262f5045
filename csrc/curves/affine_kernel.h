// Additions of many pairs of affine points at once, with one inversion for all of them (Montgomery's trick): 6
// multiplications an addition where mixed Jacobian addition takes 11. What msm, batch_mul and fixed bases are made of.
//
// Points come from arrays at any alignment (PointBytes) and go to LoosePoints, which can serve as points again. Every
// pair is allowed: equal, opposite and infinite points. Variable time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/secret.h"
#include "curves/bn254.h"
#include "curves/point_bytes.h"

namespace pyzkfl {

// A point whose coordinates, in Field's form, need not be below p (but below 2^256, with room to spare: see
// kernels/ifma_point_field.h). Infinity is all zeros, and nothing else is.
template <class F>
struct alignas(64) LoosePoint {
  F x{}, y{};

  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
  Affine<F> reduced() const;
};

template <class F>
PointBytes<F> as_bytes(std::span<const LoosePoint<F>> points) {
  static_assert(sizeof(LoosePoint<F>) == sizeof(Affine<F>));
  return {reinterpret_cast<const uint8_t*>(points.data()), points.size()};
}

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

template <class F>
LoosePoint<F> fetch(PointBytes<F> base, PointRef ref) {
  const Affine<F> p = base[ref.index()];
  if (!ref.negative()) return {p.x, p.y};
  const Affine<F> q = LoosePoint<F>{p.x, p.y}.reduced();
  return {q.x, -q.y};
}

// Memory that a kernel works in; one for each thread, kept between calls, wiped at the end.
struct KernelScratch {
  SecretVector<uint64_t> words;
  SecretVector<uint8_t> masks;

  // Aligned to 64 bytes, for at least n words.
  uint64_t* reserve(size_t n);
};

template <class F>
struct AffineKernel {
  // out[i] = refs[2i] + refs[2i + 1] of `base`. `out` does not overlap `base`.
  void (*add_pairs)(KernelScratch& scratch, std::span<LoosePoint<F>> out, PointBytes<F> base,
                    std::span<const PointRef> refs);
  // points[targets[i]] += the point refs[i] of `base`, in place. Targets are distinct; `base` does not overlap
  // `points`.
  void (*add_into)(KernelScratch& scratch, LoosePoint<F>* points, std::span<const uint32_t> targets,
                   PointBytes<F> base, std::span<const PointRef> refs);
  // points[i] = 2 points[i].
  void (*double_all)(KernelScratch& scratch, std::span<LoosePoint<F>> points);

  // Columns: running sums in a form of the kernel's own, which take in one point each at a time, the first so many of
  // them.
  size_t (*column_words)(size_t columns);  // of memory, aligned to 64 bytes
  // columns[i] = the point refs[i] of `base`.
  void (*load_columns)(uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs);
  // columns[i] += refs[i], except where that is no chord (a point at infinity, equal or opposite points): these are
  // left as they were, and their indices appended to `refused`. Slower where there are such. `next` is what is going to
  // be added next.
  void (*add_columns)(KernelScratch& scratch, uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs,
                      std::span<const PointRef> next, SecretVector<uint32_t>& refused);
  void (*store_columns)(std::span<LoosePoint<F>> out, const uint64_t* columns);
};

// The best kernel for this processor (or the one that PYZKFL_CPU asks for, see base/cpu.h).
template <class F>
const AffineKernel<F>& affine_kernel();

// The portable one, for tests of the others.
template <class F>
const AffineKernel<F>& affine_kernel_generic();

}  // namespace pyzkfl
