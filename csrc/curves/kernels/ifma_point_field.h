// Fp2 on eight lanes, and the operations that sums of affine points are made of, by one set of names for Fp8 and
// Fp2x8 (see fields/kernels/ifma_field.h, whose rules hold here too). Which of the two a file computes with it says by
// including ifma_g1.h or ifma_g2.h.
//
// FORM. Coordinates stay as Field has them, v 2^256, though a product divides by 2^260: slopes are kept as
// s = (slope) 2^258, so that s^2 / 2^260 is slope^2 2^256, and s (4 v) / 2^260 is slope v. The factor 2^258 comes
// with the one inversion that all slopes of a batch share (see ifma_inversion.h). So points are read where they lie, in a
// memory-mapped key or anywhere, and sums are written in the same form.
//
// RANGES. Coordinates are loose: x below 2.3 p, y below 3 p (both components, in Fp2), which 256 bits hold; canonical
// points are a case of it. Sums of loose points are loose again, at the cost of a comparison of top limbs: never is a
// carry propagated just to compare. The bounds of each step stand beside it, those of Fp2 where they differ; a
// product of factors below x p and y p is below (1 + xy / 84.6) p.
#pragma once

#include "fields/kernels/ifma_fp.h"
#include "fields/kernels/ifma_pairs.h"

namespace pyzkfl::ifma {
namespace {

using Fp8 = Lanes;

// Eight elements of Fp2.
struct Fp2x8 {
  Fp8 c0, c1;
};
PYZKFL_INLINE Fp2x8 select(__mmask8 mask, const Fp2x8& a, const Fp2x8& b) {
  return {select(mask, a.c0, b.c0), select(mask, a.c1, b.c1)};
}

// Eight coordinates as they lie in memory.
struct Fp2Words {
  Words c0, c1;
};

PYZKFL_INLINE void scatter(uint8_t* const (&row)[8], size_t offset, const Fp8& v) {
  store_rows(row, offset, pack(v));
}
PYZKFL_INLINE void scatter(uint8_t* const (&row)[8], size_t offset, const Fp2x8& v) {
  store_rows(row, offset, pack(v.c0));
  store_rows(row, offset + 32, pack(v.c1));
}
PYZKFL_INLINE Fp8 unpacked(const Words& w) { return unpack(w); }
PYZKFL_INLINE Fp2x8 unpacked(const Fp2Words& w) { return {unpacked(w.c0), unpacked(w.c1)}; }

// Lanes whose words are all zero.
PYZKFL_INLINE __m512i any_bit(const Words& w) {
  return _mm512_or_si512(_mm512_or_si512(w.word[0], w.word[1]), _mm512_or_si512(w.word[2], w.word[3]));
}
PYZKFL_INLINE __mmask8 zero_words(const Words& w) {
  const __m512i any = any_bit(w);
  return _mm512_testn_epi64_mask(any, any);
}
PYZKFL_INLINE __mmask8 zero_words(const Fp2Words& w) {
  const __m512i any = _mm512_or_si512(any_bit(w.c0), any_bit(w.c1));
  return _mm512_testn_epi64_mask(any, any);
}

PYZKFL_INLINE __mmask8 zero_lanes(const Fp2x8& v) { return zero_lanes(v.c0) & zero_lanes(v.c1); }
PYZKFL_INLINE __mmask8 equal_lanes(const Fp2x8& a, const Fp2x8& b) {
  return equal_lanes(a.c0, b.c0) & equal_lanes(a.c1, b.c1);
}
PYZKFL_INLINE Fp2x8 canonical(const Fp2x8& a) { return {canonical(a.c0), canonical(a.c1)}; }
PYZKFL_INLINE Fp2x8 carried(const Fp2x8& a) { return {carried(a.c0), carried(a.c1)}; }
// Of any 256-bit value: what is read from a file may be no point at all, and must do no harm.
PYZKFL_INLINE Fp8 canonical_of_any(const Fp8& a) { return canonical(reduce_once(a, 4)); }
PYZKFL_INLINE Fp2x8 canonical_of_any(const Fp2x8& a) { return {canonical_of_any(a.c0), canonical_of_any(a.c1)}; }

// For b below 2p: below (1 + a (b + 2) / 84.6) p.
PYZKFL_INLINE Fp2x8 mul(const Fp2x8& a, const Fp2x8& b) {
  return {mul_add(a.c0, b.c0, a.c1, neg(b.c1, 2)), mul_add(a.c0, b.c1, a.c1, b.c0)};
}
// For a below 2p.
PYZKFL_INLINE Fp2x8 square(const Fp2x8& a) {
  return {mul(add(a.c0, a.c1), sub(a.c0, a.c1, 2)), mul(add(a.c0, a.c0), a.c1)};
}

// Two products, or squares, at once, as ifma_pairs.h has them for Fp8; results may lie where factors do. In Fp2 it is the
// two components that go together; b, in a square a, is to be below 2p, and a product is below (1.51 + ab / 84.6) p in
// its real part, (1 + 2 ab / 84.6) p in the other. Uncarried ones are for sums.
PYZKFL_INLINE Fp8 component_sum(const Fp2x8& a) { return carried_unmasked(add_uncarried(a.c0, a.c1)); }
PYZKFL_INLINE void mul_uncarried(Fp2x8& out0, Fp2x8& out1, const Fp2x8& a0, const Fp2x8& a1, const Fp2x8& b0,
                                 const Fp2x8& b1) {
  extension_mul_uncarried(out0.c0, out0.c1, a0.c0, a0.c1, component_sum(a0), b0.c0, b0.c1, component_sum(b0));
  extension_mul_uncarried(out1.c0, out1.c1, a1.c0, a1.c1, component_sum(a1), b1.c0, b1.c1, component_sum(b1));
}
PYZKFL_INLINE void mul(Fp2x8& out0, Fp2x8& out1, const Fp2x8& a0, const Fp2x8& a1, const Fp2x8& b0, const Fp2x8& b1) {
  extension_mul(out0.c0, out0.c1, a0.c0, a0.c1, component_sum(a0), b0.c0, b0.c1, component_sum(b0));
  extension_mul(out1.c0, out1.c1, a1.c0, a1.c1, component_sum(a1), b1.c0, b1.c1, component_sum(b1));
}
PYZKFL_INLINE void square_uncarried(Fp2x8& out, const Fp2x8& a) {
  const Fp8 sum = add(a.c0, a.c1), difference = sub(a.c0, a.c1, 2), twice = add(a.c0, a.c0);
  mul_uncarried(out.c0, out.c1, sum, twice, difference, a.c1);
}
PYZKFL_INLINE void square_uncarried(Fp2x8& out0, Fp2x8& out1, const Fp2x8& a0, const Fp2x8& a1) {
  square_uncarried(out0, a0);
  square_uncarried(out1, a1);
}
// 2y for y from with_sign: below 6p.
PYZKFL_INLINE Fp8 twice(const Fp8& y) { return add(y, y); }
PYZKFL_INLINE Fp2x8 twice(const Fp2x8& y) { return {twice(y.c0), twice(y.c1)}; }

// 3 x^2 for loose x, in place of a numerator. (mul divides by 2^260, so it gets 16 x.) In Fp below
// 3 (1 + 16 (2.3)(2.3) / 84.6) = 6.1 p; in Fp2 below 3 (1 + 16 (4.6)(5.3) / 84.6) = 17 p. Then a slope is below 1.3 p
// and 1.9 p, its square below 1.2 p still, and a rise below 1.98 p: y stays below 3p.
PYZKFL_INLINE Fp8 thrice(const Fp8& s) { return carried(add_uncarried(add_uncarried(s, s), s)); }
PYZKFL_INLINE Fp8 thrice_square(const Fp8& x) { return thrice(mul(times16(x), x)); }
PYZKFL_INLINE Fp2x8 thrice_square(const Fp2x8& x) {
  const Fp8 s0 = mul(times16(add(x.c0, x.c1)), sub(x.c0, x.c1, 3));
  const Fp8 s1 = mul(times16(add(x.c0, x.c0)), x.c1);
  return {thrice(s0), thrice(s1)};
}

// ---- A sum of two points, step by step -----------------------------------------------------------------------

// x2 - x1: below 5.3 p.
PYZKFL_INLINE Fp8 denominator(const Fp8& x1, const Fp8& x2) { return sub(x2, x1, 3); }
PYZKFL_INLINE Fp2x8 denominator(const Fp2x8& x1, const Fp2x8& x2) {
  return {denominator(x1.c0, x2.c0), denominator(x1.c1, x2.c1)};
}

// 3p - y in the lanes of the mask: uncarried, in [0, 3p].
PYZKFL_INLINE Fp8 with_sign(__mmask8 negative, const Fp8& y) {
  Fp8 out;
  for (int i = 0; i < 5; ++i) {
    out.l[i] =
        _mm512_mask_sub_epi64(y.l[i], negative, splat(p52.times[3].l[i]), y.l[i]);
  }
  return out;
}
PYZKFL_INLINE Fp2x8 with_sign(__mmask8 negative, const Fp2x8& y) {
  return {with_sign(negative, y.c0), with_sign(negative, y.c1)};
}

// y2 - y1, for values from with_sign: below 6p. Times an inverse below 1.1 p, a slope: below 1.3 p. In Fp2 the inverse
// is below 1.65 p in its real part and 1.3 p in the other, and the slope below 1.65 p and 1.25 p.
PYZKFL_INLINE Fp8 numerator(const Fp8& y1, const Fp8& y2) { return sub(y2, y1, 3); }
PYZKFL_INLINE Fp2x8 numerator(const Fp2x8& y1, const Fp2x8& y2) {
  return {numerator(y1.c0, y2.c0), numerator(y1.c1, y2.c1)};
}

// square - x1 - x2 = x3, loose, for a square below 1.2 p. With 5p it is in (0.4 p, 6.2 p); the top limb, carries from
// below aside (a few units of 2^208), says whether to subtract 2p or 4p: below 2.25 p either way.
PYZKFL_INLINE Fp8 loose_abscissa(Fp8 v) {
  constexpr uint64_t p = p52.times[1].l[4];
  const __mmask8 some = _mm512_cmpgt_epi64_mask(v.l[4], splat(p * 11 / 5));
  const __mmask8 more = _mm512_cmpgt_epi64_mask(v.l[4], splat(p * 21 / 5));
  for (int i = 0; i < 5; ++i) {
    const __m512i twice = splat(p52.times[2].l[i]);
    v.l[i] = _mm512_mask_sub_epi64(v.l[i], some, v.l[i], twice);
    v.l[i] = _mm512_mask_sub_epi64(v.l[i], more, v.l[i], twice);
  }
  return carried(v);
}
PYZKFL_INLINE Fp8 abscissa(const Fp8& square, const Fp8& x1, const Fp8& x2) {
  return loose_abscissa(sub_uncarried(sub_uncarried(add_uncarried(square, multiple(5)), x1), x2));
}
// The same by the denominator x2 - x1 + 3p of these very x1 and x2.
PYZKFL_INLINE Fp8 abscissa_by_denominator(const Fp8& square, const Fp8& x1, const Fp8& d) {
  const Fp8 lifted = add_uncarried(square, multiple(8));
  return loose_abscissa(sub_uncarried(sub_uncarried(lifted, add_uncarried(x1, x1)), d));
}
PYZKFL_INLINE Fp2x8 abscissa_by_denominator(const Fp2x8& square, const Fp2x8& x1, const Fp2x8& d) {
  return {abscissa_by_denominator(square.c0, x1.c0, d.c0), abscissa_by_denominator(square.c1, x1.c1, d.c1)};
}
PYZKFL_INLINE Fp2x8 abscissa(const Fp2x8& square, const Fp2x8& x1, const Fp2x8& x2) {
  return {abscissa(square.c0, x1.c0, x2.c0), abscissa(square.c1, x1.c1, x2.c1)};
}

// 4 (x1 - x3): below 21.2 p. Times a slope below 1.3 p: below 1.4 p. In Fp2 below 1.95 p.
PYZKFL_INLINE Fp8 run(const Fp8& x1, const Fp8& x3) {
  Fp8 v = sub_uncarried(add_uncarried(x1, multiple(3)), x3);
  for (int i = 0; i < 5; ++i) v.l[i] = _mm512_slli_epi64(v.l[i], 2);
  return carried(v);
}
PYZKFL_INLINE Fp2x8 run(const Fp2x8& x1, const Fp2x8& x3) { return {run(x1.c0, x3.c0), run(x1.c1, x3.c1)}; }

// rise - y1 = y3, loose, for a rise below 2p and a y1 from with_sign: with 3p it is in [0, 5p); less 2p if above 2.2 p.
PYZKFL_INLINE Fp8 ordinate(const Fp8& rise, const Fp8& y1) {
  Fp8 v = sub_uncarried(add_uncarried(rise, multiple(3)), y1);
  constexpr uint64_t p = p52.times[1].l[4];
  const __mmask8 some = _mm512_cmpgt_epi64_mask(v.l[4], splat(p * 11 / 5));
  for (int i = 0; i < 5; ++i) {
    v.l[i] = _mm512_mask_sub_epi64(v.l[i], some, v.l[i], splat(p52.times[2].l[i]));
  }
  return carried(v);
}
PYZKFL_INLINE Fp2x8 ordinate(const Fp2x8& rise, const Fp2x8& y1) {
  return {ordinate(rise.c0, y1.c0), ordinate(rise.c1, y1.c1)};
}

}  // namespace
}  // namespace pyzkfl::ifma
