// Fp2 on eight lanes, and the operations that sums of affine points are made of, by one set of names for Fp8 and
// Fp2x8. Elements here are in radix 2^260 (see fields/kernels/ifma_field.h, whose rules hold here too).
#pragma once

#include "fields/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

PYZKFL_INLINE Fp8 one_of(const Fp8*) { return Fp8::one_260(); }

PYZKFL_INLINE Fp8 load(const uint64_t* const (&row)[8], size_t offset, const Fp8*) {
  return unpack<FpParams>(load_rows(row, offset));
}
PYZKFL_INLINE void store(uint64_t* const (&row)[8], size_t offset, const Fp8& v) { store_rows(row, offset, pack(v)); }

// a - b, for canonical a and b: below 2p.
PYZKFL_INLINE Fp8 difference(const Fp8& a, const Fp8& b) { return sub<1>(a, b); }
// product - a - b, canonical, for a product from mul (below 2p) and canonical a and b.
PYZKFL_INLINE Fp8 minus_both(const Fp8& product, const Fp8& a, const Fp8& b) {
  return canonical(carried(sub_uncarried(sub_uncarried(add_uncarried(product, Fp8::multiple<2>()), a), b)));
}
// product - a, canonical.
PYZKFL_INLINE Fp8 minus(const Fp8& product, const Fp8& a) { return canonical(sub<1>(product, a)); }
// 2a for canonical a; 3a for a below 1.3 p. Canonical.
PYZKFL_INLINE Fp8 twice(const Fp8& a) { return reduce_once<1>(add(a, a)); }
PYZKFL_INLINE Fp8 thrice(const Fp8& a) { return canonical(carried(add_uncarried(add_uncarried(a, a), a))); }
// a times an element of Fp, by mul.
PYZKFL_INLINE Fp8 scaled(const Fp8& a, const Fp8& factor) { return mul(a, factor); }

// Eight elements of Fp2. Components as above.
struct Fp2x8 {
  Fp8 c0, c1;

  static PYZKFL_INLINE Fp2x8 zero() { return {Fp8::zero(), Fp8::zero()}; }
  static PYZKFL_INLINE Fp2x8 select(__mmask8 mask, const Fp2x8& a, const Fp2x8& b) {
    return {Fp8::select(mask, a.c0, b.c0), Fp8::select(mask, a.c1, b.c1)};
  }
};

PYZKFL_INLINE Fp2x8 one_of(const Fp2x8*) { return {Fp8::one_260(), Fp8::zero()}; }

// For operands below 2p: below 1.2 p.
PYZKFL_INLINE Fp2x8 mul(const Fp2x8& a, const Fp2x8& b) {
  const Fp8 minus_a1 = neg<2>(a.c1);
  return {mul_add(a.c0, b.c0, minus_a1, b.c1), mul_add(a.c0, b.c1, a.c1, b.c0)};
}
PYZKFL_INLINE Fp2x8 square(const Fp2x8& a) {
  return {mul(add(a.c0, a.c1), sub<2>(a.c0, a.c1)), mul(add(a.c0, a.c0), a.c1)};
}
PYZKFL_INLINE Fp2x8 load(const uint64_t* const (&row)[8], size_t offset, const Fp2x8*) {
  const Fp8* tag = nullptr;
  return {load(row, offset, tag), load(row, offset + 4, tag)};
}
PYZKFL_INLINE void store(uint64_t* const (&row)[8], size_t offset, const Fp2x8& v) {
  store(row, offset, v.c0);
  store(row, offset + 4, v.c1);
}
PYZKFL_INLINE __mmask8 zero_lanes(const Fp2x8& v) { return zero_lanes(v.c0) & zero_lanes(v.c1); }
PYZKFL_INLINE __mmask8 equal_lanes(const Fp2x8& a, const Fp2x8& b) {
  return equal_lanes(a.c0, b.c0) & equal_lanes(a.c1, b.c1);
}
PYZKFL_INLINE Fp2x8 difference(const Fp2x8& a, const Fp2x8& b) {
  return {difference(a.c0, b.c0), difference(a.c1, b.c1)};
}
PYZKFL_INLINE Fp2x8 negated_uncarried(__mmask8 mask, const Fp2x8& a) {
  return {negated_uncarried(mask, a.c0), negated_uncarried(mask, a.c1)};
}
PYZKFL_INLINE Fp2x8 carried(const Fp2x8& a) { return {carried(a.c0), carried(a.c1)}; }
PYZKFL_INLINE Fp2x8 canonical(const Fp2x8& a) { return {canonical(a.c0), canonical(a.c1)}; }
PYZKFL_INLINE Fp2x8 minus_both(const Fp2x8& product, const Fp2x8& a, const Fp2x8& b) {
  return {minus_both(product.c0, a.c0, b.c0), minus_both(product.c1, a.c1, b.c1)};
}
PYZKFL_INLINE Fp2x8 minus(const Fp2x8& product, const Fp2x8& a) {
  return {minus(product.c0, a.c0), minus(product.c1, a.c1)};
}
PYZKFL_INLINE Fp2x8 twice(const Fp2x8& a) { return {twice(a.c0), twice(a.c1)}; }
PYZKFL_INLINE Fp2x8 thrice(const Fp2x8& a) { return {thrice(a.c0), thrice(a.c1)}; }
PYZKFL_INLINE Fp2x8 scaled(const Fp2x8& a, const Fp8& factor) { return {mul(a.c0, factor), mul(a.c1, factor)}; }

}  // namespace
}  // namespace pyzkfl::ifma
