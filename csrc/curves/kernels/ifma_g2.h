// Points of G2: their coordinates are of Fp2. A kernel of points computes with V; it includes this header or
// ifma_g1.h, not both.
#pragma once

#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

using V = Fp2x8;           // eight coordinates
using VWords = Fp2Words;  // as they lie in memory

constexpr size_t coordinate_bytes = 64, point_bytes = 128;
constexpr int log2_point_bytes = 7;

// 1 in the form that products keep: mul(one, a) = a.
PYZKFL_INLINE V one() { return {splatted(one_260), zero()}; }
PYZKFL_INLINE V zero_coordinate() { return {zero(), zero()}; }
PYZKFL_INLINE VWords gather(const uint8_t* const (&row)[8], size_t offset) {
  return {load_rows(row, offset), load_rows(row, offset + 32)};
}

// What an addition to a column keeps between its two passes (see ifma_columns.h). With d = x2 - x1, 1 / d is conj(d) over
// the norm of d, which lies in Fp: so what is multiplied up and inverted are norms, and the three products in Fp2 that each
// 1 / d takes otherwise are three in Fp, a norm (110 IFMA instructions) and a product by an element of Fp (200). The product
// of numerator and conj(d) takes the place of that of numerator and 1 / d.
struct alignas(64) ColumnStep {
  V conjugate, numerator;  // of d; first y2 - y1, then that times the conjugate
  Fp8 norm, product;       // of d; of the norms before it
  uint64_t usable, unused[7];
};
PYZKFL_INLINE V& denominator_of(ColumnStep& s) { return s.conjugate; }
// conj(x2 - x1), the components below 5.3 p.
PYZKFL_INLINE V step_denominator(const V& x1, const V& x2) {
  return {denominator(x1.c0, x2.c0), denominator(x2.c1, x1.c1)};
}
// Norms below (1 + 2 (5.3)^2 / 84.6) p = 1.7 p. Numerators below 6p, and products below (1.51 + 6 (5.3) / 84.6) p = 1.9 p;
// then slopes are below 1.1 p.
PYZKFL_INLINE void make_keys(ColumnStep& s0, ColumnStep& s1) {
  norms(s0.norm, s1.norm, s0.conjugate.c0, s0.conjugate.c1, s1.conjugate.c0, s1.conjugate.c1);
  mul(s0.numerator, s1.numerator, s0.numerator, s1.numerator, s0.conjugate, s1.conjugate);
}
PYZKFL_INLINE const Fp8& key(const ColumnStep& s) { return s.norm; }
PYZKFL_INLINE void slopes(V& out0, V& out1, const ColumnStep& s0, const ColumnStep& s1, const Fp8& inverse0,
                          const Fp8& inverse1) {
  mul(out0.c0, out0.c1, s0.numerator.c0, s0.numerator.c1, inverse0, inverse0);
  mul(out1.c0, out1.c1, s1.numerator.c0, s1.numerator.c1, inverse1, inverse1);
}
// square - x1 - x2, by the conjugate: its imaginary part is x1 - x2 + 3p.
PYZKFL_INLINE V step_abscissa(const V& square, const V& x1, const ColumnStep& s) {
  const Fp8 lifted = add_uncarried(add_uncarried(square.c1, multiple(2)), s.conjugate.c1);
  return {abscissa_by_denominator(square.c0, x1.c0, s.conjugate.c0),
          loose_abscissa(sub_uncarried(lifted, add_uncarried(x1.c1, x1.c1)))};
}

}  // namespace
}  // namespace pyzkfl::ifma
