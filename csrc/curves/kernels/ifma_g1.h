// Points of G1: their coordinates are of Fp. A kernel of points computes with V; it includes this header or
// ifma_g2.h, not both.
#pragma once

#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

using V = Fp8;         // eight coordinates
using VWords = Words;  // as they lie in memory

constexpr size_t coordinate_bytes = 32, point_bytes = 64;
constexpr int log2_point_bytes = 6;

// 1 in the form that products keep: mul(one, a) = a.
PYZKFL_INLINE V one() { return splatted(one_260); }
PYZKFL_INLINE V zero_coordinate() { return zero(); }
PYZKFL_INLINE VWords gather(const uint8_t* const (&row)[8], size_t offset) { return load_rows(row, offset); }

// What an addition to a column keeps between its two passes (see ifma_columns.h): x2 - x1, which is what is inverted, and
// y2 - y1; the product of the denominators before it.
struct alignas(64) ColumnStep {
  V denominator, numerator;
  Fp8 product;
  uint64_t usable, unused[7];
};
PYZKFL_INLINE V& denominator_of(ColumnStep& s) { return s.denominator; }
PYZKFL_INLINE V step_denominator(const V& x1, const V& x2) { return denominator(x1, x2); }
PYZKFL_INLINE void make_keys(ColumnStep&, ColumnStep&) {}
PYZKFL_INLINE const Fp8& key(const ColumnStep& s) { return s.denominator; }
PYZKFL_INLINE void slopes(V& out0, V& out1, const ColumnStep& s0, const ColumnStep& s1, const Fp8& inverse0,
                          const Fp8& inverse1) {
  mul(out0, out1, s0.numerator, s1.numerator, inverse0, inverse1);
}
PYZKFL_INLINE V step_abscissa(const V& square, const V& x1, const ColumnStep& s) {
  return abscissa_by_denominator(square, x1, s.denominator);
}

}  // namespace
}  // namespace pyzkfl::ifma
