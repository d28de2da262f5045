// Arithmetic modulo the p of BN254 on eight lanes at once, with AVX-512 IFMA: 52-bit limbs, Montgomery radix
// 2^260 (Gueron, Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions", ARITH 2016, in
// structure).
//
// Only for files named *_ifma.cpp, which alone are compiled for that instruction set. They and this header
// use no inline function of other headers: the linker might keep this copy of it for the whole program, and
// the program would stop on processors without AVX-512. Everything here has internal linkage.
//
// A lane holds v 2^260 mod p. "Canonical": below p. "Loose": any value that the operation names. All limbs
// are below 2^52 unless said otherwise.
#pragma once

// GCC 12's own header sets this off (its bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstddef>
#include <cstdint>

#include "curves/kernels/ifma_constants.h"

namespace pyzkfl::ifma {
namespace {

#define PYZKFL_INLINE inline __attribute__((always_inline))

constexpr uint64_t mask52 = (uint64_t{1} << 52) - 1;

PYZKFL_INLINE __m512i splat(uint64_t v) { return _mm512_set1_epi64(static_cast<long long>(v)); }

// Eight elements of Fp.
struct Fp8 {
  __m512i l[5];

  static PYZKFL_INLINE Fp8 constant(const Limbs52& limbs) {
    Fp8 out;
    for (int i = 0; i < 5; ++i) out.l[i] = splat(limbs.l[i]);
    return out;
  }
  static PYZKFL_INLINE Fp8 zero() {
    Fp8 out;
    for (auto& limb : out.l) limb = _mm512_setzero_si512();
    return out;
  }
  static PYZKFL_INLINE Fp8 one() { return constant(montgomery_one); }

  static PYZKFL_INLINE Fp8 select(__mmask8 mask, const Fp8& a, const Fp8& b) {
    Fp8 out;
    for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_blend_epi64(mask, b.l[i], a.l[i]);
    return out;
  }
};

// Limbs of any sign below 2^62 in absolute value -> limbs below 2^52, for a value that is not negative.
PYZKFL_INLINE Fp8 carried(Fp8 v) {
  for (int i = 0; i < 4; ++i) {
    v.l[i + 1] = _mm512_add_epi64(v.l[i + 1], _mm512_srai_epi64(v.l[i], 52));
    v.l[i] = _mm512_and_si512(v.l[i], splat(mask52));
  }
  return v;
}

PYZKFL_INLINE Fp8 add_uncarried(const Fp8& a, const Fp8& b) {
  Fp8 out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_add_epi64(a.l[i], b.l[i]);
  return out;
}

PYZKFL_INLINE Fp8 sub_uncarried(const Fp8& a, const Fp8& b) {
  Fp8 out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_sub_epi64(a.l[i], b.l[i]);
  return out;
}

// a + b.
PYZKFL_INLINE Fp8 add(const Fp8& a, const Fp8& b) { return carried(add_uncarried(a, b)); }

// a - b + multiple, where the caller knows that this is not negative (multiple: p, 2p, ..).
PYZKFL_INLINE Fp8 sub(const Fp8& a, const Fp8& b, const Limbs52& multiple) {
  return carried(sub_uncarried(add_uncarried(a, Fp8::constant(multiple)), b));
}

// a - multiple where a is at least that, else a.
PYZKFL_INLINE Fp8 reduce_once(const Fp8& a, const Limbs52& multiple) {
  const Fp8 difference = carried(sub_uncarried(a, Fp8::constant(multiple)));
  const __mmask8 negative = _mm512_movepi64_mask(difference.l[4]);
  return Fp8::select(negative, a, difference);
}

struct Product {
  __m512i t[6];
};

PYZKFL_INLINE void accumulate_low(Product& s, __m512i a, const Fp8& b) {
  for (int j = 0; j < 5; ++j) s.t[j] = _mm512_madd52lo_epu64(s.t[j], a, b.l[j]);
}

PYZKFL_INLINE void accumulate_high(Product& s, __m512i a, const Fp8& b) {
  for (int j = 0; j < 5; ++j) s.t[j] = _mm512_madd52hi_epu64(s.t[j], a, b.l[j]);
}

// The factor that clears the low limb, and its low products.
PYZKFL_INLINE __m512i reduce_low(Product& s) {
  const __m512i m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), s.t[0], splat(n0_52));
  for (int j = 0; j < 5; ++j) s.t[j] = _mm512_madd52lo_epu64(s.t[j], m, splat(modulus52.l[j]));
  return m;
}

// Division by 2^52: the low limb holds a multiple of it.
PYZKFL_INLINE void shift(Product& s) {
  s.t[1] = _mm512_add_epi64(s.t[1], _mm512_srli_epi64(s.t[0], 52));
  for (int j = 0; j < 5; ++j) s.t[j] = s.t[j + 1];
  s.t[5] = _mm512_setzero_si512();
}

PYZKFL_INLINE void reduce_high(Product& s, __m512i m) {
  for (int j = 0; j < 5; ++j) s.t[j] = _mm512_madd52hi_epu64(s.t[j], m, splat(modulus52.l[j]));
}

PYZKFL_INLINE Fp8 finished(const Product& s) {
  Fp8 out;
  for (int j = 0; j < 5; ++j) out.l[j] = s.t[j];
  return carried(out);
}

PYZKFL_INLINE Product empty() {
  Product s;
  for (auto& t : s.t) t = _mm512_setzero_si512();
  return s;
}

// a b / 2^260 + (something below 1) p: below p + ab / 2^260, so below 1.2 p for a b <= 16 p^2.
PYZKFL_INLINE Fp8 mul(const Fp8& a, const Fp8& b) {
  Product s = empty();
  for (int i = 0; i < 5; ++i) {
    accumulate_low(s, a.l[i], b);
    const __m512i m = reduce_low(s);
    shift(s);
    accumulate_high(s, a.l[i], b);
    reduce_high(s, m);
  }
  return finished(s);
}

// (a b + c d) / 2^260, one reduction for both: below p + (ab + cd) / 2^260.
PYZKFL_INLINE Fp8 mul_add(const Fp8& a, const Fp8& b, const Fp8& c, const Fp8& d) {
  Product s = empty();
  for (int i = 0; i < 5; ++i) {
    accumulate_low(s, a.l[i], b);
    accumulate_low(s, c.l[i], d);
    const __m512i m = reduce_low(s);
    shift(s);
    accumulate_high(s, a.l[i], b);
    accumulate_high(s, c.l[i], d);
    reduce_high(s, m);
  }
  return finished(s);
}

PYZKFL_INLINE Fp8 square(const Fp8& a) { return mul(a, a); }

// Eight rows of four 64-bit limbs at row[i] + offset.
PYZKFL_INLINE void load_rows(__m512i (&limb)[4], const uint64_t* const (&row)[8], size_t offset) {
  const auto pair = [&](int low, int high) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row[low] + offset));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row[high] + offset));
    return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
  };
  const __m512i z0 = pair(0, 2), z1 = pair(1, 3), z2 = pair(4, 6), z3 = pair(5, 7);
  const __m512i even01 = _mm512_unpacklo_epi64(z0, z1), odd01 = _mm512_unpackhi_epi64(z0, z1);
  const __m512i even23 = _mm512_unpacklo_epi64(z2, z3), odd23 = _mm512_unpackhi_epi64(z2, z3);
  limb[0] = _mm512_shuffle_i64x2(even01, even23, 0x88);
  limb[1] = _mm512_shuffle_i64x2(odd01, odd23, 0x88);
  limb[2] = _mm512_shuffle_i64x2(even01, even23, 0xdd);
  limb[3] = _mm512_shuffle_i64x2(odd01, odd23, 0xdd);
}

PYZKFL_INLINE void store_rows(uint64_t* const (&row)[8], size_t offset, const __m512i (&limb)[4]) {
  const __m512i low_even = _mm512_unpacklo_epi64(limb[0], limb[1]),
                low_odd = _mm512_unpackhi_epi64(limb[0], limb[1]);
  const __m512i high_even = _mm512_unpacklo_epi64(limb[2], limb[3]),
                high_odd = _mm512_unpackhi_epi64(limb[2], limb[3]);
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0),
                second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  const auto put = [&](int low, int high, __m512i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row[low] + offset), _mm512_castsi512_si256(v));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row[high] + offset), _mm512_extracti64x4_epi64(v, 1));
  };
  put(0, 2, _mm512_permutex2var_epi64(low_even, first, high_even));
  put(1, 3, _mm512_permutex2var_epi64(low_odd, first, high_odd));
  put(4, 6, _mm512_permutex2var_epi64(low_even, second, high_even));
  put(5, 7, _mm512_permutex2var_epi64(low_odd, second, high_odd));
}

PYZKFL_INLINE Fp8 unpack(const __m512i (&limb)[4]) {
  const __m512i m = splat(mask52);
  Fp8 out;
  out.l[0] = _mm512_and_si512(limb[0], m);
  out.l[1] = _mm512_and_si512(_mm512_shldi_epi64(limb[1], limb[0], 12), m);
  out.l[2] = _mm512_and_si512(_mm512_shldi_epi64(limb[2], limb[1], 24), m);
  out.l[3] = _mm512_and_si512(_mm512_shldi_epi64(limb[3], limb[2], 36), m);
  out.l[4] = _mm512_srli_epi64(limb[3], 16);
  return out;
}

// For values below 2^256.
PYZKFL_INLINE void pack(__m512i (&limb)[4], const Fp8& v) {
  limb[0] = _mm512_or_si512(v.l[0], _mm512_slli_epi64(v.l[1], 52));
  limb[1] = _mm512_or_si512(_mm512_srli_epi64(v.l[1], 12), _mm512_slli_epi64(v.l[2], 40));
  limb[2] = _mm512_or_si512(_mm512_srli_epi64(v.l[2], 24), _mm512_slli_epi64(v.l[3], 28));
  limb[3] = _mm512_or_si512(_mm512_srli_epi64(v.l[3], 36), _mm512_slli_epi64(v.l[4], 16));
}

PYZKFL_INLINE Fp8 load(const uint64_t* const (&row)[8], size_t offset, const Fp8*) {
  __m512i limb[4];
  load_rows(limb, row, offset);
  return unpack(limb);
}

PYZKFL_INLINE void store(uint64_t* const (&row)[8], size_t offset, const Fp8& v) {
  __m512i limb[4];
  pack(limb, v);
  store_rows(row, offset, limb);
}

// Lanes that are zero, for canonical values.
PYZKFL_INLINE __mmask8 zero_lanes(const Fp8& v) {
  const __m512i any = _mm512_or_si512(
      _mm512_or_si512(_mm512_or_si512(v.l[0], v.l[1]), _mm512_or_si512(v.l[2], v.l[3])), v.l[4]);
  return _mm512_testn_epi64_mask(any, any);
}

PYZKFL_INLINE __mmask8 equal_lanes(const Fp8& a, const Fp8& b) {
  __mmask8 out = _mm512_cmpeq_epi64_mask(a.l[0], b.l[0]);
  for (int i = 1; i < 5; ++i) out = _mm512_mask_cmpeq_epi64_mask(out, a.l[i], b.l[i]);
  return out;
}

// The vector operations that points are made of, on canonical or loose values; the same names for Fp2.

// a - b, for canonical a and b: below 2p.
PYZKFL_INLINE Fp8 difference(const Fp8& a, const Fp8& b) { return sub(a, b, modulus52); }
// p - a in the lanes of the mask, without carrying: limbs of any sign, for difference(), minus() and
// carried() only.
PYZKFL_INLINE Fp8 negated_uncarried(__mmask8 mask, const Fp8& a) {
  Fp8 out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_sub_epi64(a.l[i], mask, splat(modulus52.l[i]), a.l[i]);
  return out;
}
// The canonical form of a value below 4p.
PYZKFL_INLINE Fp8 canonical(const Fp8& a) { return reduce_once(reduce_once(a, modulus52_twice), modulus52); }
// product - a - b, canonical, for a product from mul and canonical a and b.
PYZKFL_INLINE Fp8 minus_both(const Fp8& product, const Fp8& a, const Fp8& b) {
  const Fp8 sum = sub_uncarried(sub_uncarried(add_uncarried(product, Fp8::constant(modulus52_twice)), a), b);
  return canonical(carried(sum));
}
// product - a, canonical.
PYZKFL_INLINE Fp8 minus(const Fp8& product, const Fp8& a) { return canonical(sub(product, a, modulus52)); }
// 2a for canonical a; 3a for a below 1.3 p. Canonical.
PYZKFL_INLINE Fp8 twice(const Fp8& a) { return reduce_once(add(a, a), modulus52); }
PYZKFL_INLINE Fp8 thrice(const Fp8& a) { return canonical(carried(add_uncarried(add_uncarried(a, a), a))); }
// a times an element of Fp, by mul.
PYZKFL_INLINE Fp8 scaled(const Fp8& a, const Fp8& factor) { return mul(a, factor); }

// Eight elements of Fp2. Components as above.
struct Fp2x8 {
  Fp8 c0, c1;

  static PYZKFL_INLINE Fp2x8 zero() { return {Fp8::zero(), Fp8::zero()}; }
  static PYZKFL_INLINE Fp2x8 one() { return {Fp8::one(), Fp8::zero()}; }
  static PYZKFL_INLINE Fp2x8 select(__mmask8 mask, const Fp2x8& a, const Fp2x8& b) {
    return {Fp8::select(mask, a.c0, b.c0), Fp8::select(mask, a.c1, b.c1)};
  }
};

// For operands below 2p: below 1.2 p.
PYZKFL_INLINE Fp2x8 mul(const Fp2x8& a, const Fp2x8& b) {
  const Fp8 minus_a1 = carried(sub_uncarried(Fp8::constant(modulus52_twice), a.c1));
  return {mul_add(a.c0, b.c0, minus_a1, b.c1), mul_add(a.c0, b.c1, a.c1, b.c0)};
}
PYZKFL_INLINE Fp2x8 square(const Fp2x8& a) {
  return {mul(add(a.c0, a.c1), sub(a.c0, a.c1, modulus52_twice)), mul(add(a.c0, a.c0), a.c1)};
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
PYZKFL_INLINE Fp2x8 scaled(const Fp2x8& a, const Fp8& factor) {
  return {mul(a.c0, factor), mul(a.c1, factor)};
}

}  // namespace
}  // namespace pyzkfl::ifma
