// Arithmetic modulo p on eight lanes at once, with AVX-512 IFMA: limbs of 52 bits (Gueron, Krasnov, "Accelerating
// big integer arithmetic using Intel IFMA extensions", ARITH 2016, in structure). Included by way of ifma_fp.h or
// ifma_fr.h, which say what p is.
//
// Only for files named *_ifma.cpp, which alone are compiled for that instruction set. In them and what they include
// there is no template, nothing of the standard library, and no inline function that other files share: the linker might
// keep this copy of it for the whole program, and the program would stop on processors without AVX-512. Everything here
// has internal linkage. tests/python/test_layers.py reads these files, and the test kernel_symbols looks into the objects
// that they become.
//
// RADIX. A product of two lanes divides by 2^260, while a Field holds v 2^256. No conversion is needed: of two
// factors, unpack one with unpack16, which shifts by four bits less and so gives 16 a, and
//     mul(16 a, b) = a b / 2^256,
// Field's own product. A constant factor can be stored times 16 once and for all, of course. Code that would rather
// compute in radix 2^260 throughout converts by a product with 2^264 or 2^256 modulo p.
//
// RANGES. A lane's value is the integer that its limbs make, not only its residue. "Canonical" means below p.
// p is 2^260 / 84.7, so a product of factors below x p and y p is below (1 + xy / 84.7) p; below x p, with one times
// 16 taken into account, is (1 + 16 xy / 84.7) p = (1 + 0.19 xy) p. Examples, for mul of canonical factors: 1.02 p, and
// 1.19 p where one was unpacked by 16. Every operation below states its bounds so; the limbs are below 2^52 unless
// it says "uncarried" (64-bit two's complement limbs, below 2^62 in absolute value) or takes a Factor.
//
// TIME. Constant in the values, all of it.
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

#include "fields/kernels/ifma_constants.h"

namespace pyzkfl::ifma {
namespace {

#define PYZKFL_INLINE inline __attribute__((always_inline))

PYZKFL_INLINE __m512i splat(uint64_t v) { return _mm512_set1_epi64(static_cast<long long>(v)); }

// What a product takes: of each limb the low 52 bits count, those above may be anything, except that the limbs of a
// Factor that was unpacked are those of a value below 2^260.
struct Factor {
  __m512i l[5];
};

// Eight elements.
struct Lanes : Factor {};

PYZKFL_INLINE Lanes splatted(const Limbs52& limbs) {
  Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = splat(limbs.l[i]);
  return out;
}
// k p.
PYZKFL_INLINE Lanes multiple(unsigned k) { return splatted(p52.times[k]); }
PYZKFL_INLINE Lanes zero() {
  Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_setzero_si512();
  return out;
}
// mask ? a : b.
PYZKFL_INLINE Lanes select(__mmask8 mask, const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_blend_epi64(mask, b.l[i], a.l[i]);
  return out;
}

// ---- Addition ------------------------------------------------------------------------------------------------

// Uncarried limbs to limbs below 2^52, for a value in [0, 2^260). If the value is negative (above -2^260), so is the
// top limb, and only that.
PYZKFL_INLINE Lanes carried(Lanes v) {
  for (int i = 0; i < 4; ++i) {
    v.l[i + 1] = _mm512_add_epi64(v.l[i + 1], _mm512_srai_epi64(v.l[i], 52));
    v.l[i] = _mm512_and_si512(v.l[i], splat(mask52));
  }
  return v;
}

// The same, leaving what was carried in place above the 52 bits: for a Factor, for pack, and for the top limb.
PYZKFL_INLINE Lanes carried_unmasked(Lanes v) {
  for (int i = 0; i < 4; ++i) v.l[i + 1] = _mm512_add_epi64(v.l[i + 1], _mm512_srai_epi64(v.l[i], 52));
  return v;
}

PYZKFL_INLINE Lanes add_uncarried(const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_add_epi64(a.l[i], b.l[i]);
  return out;
}

PYZKFL_INLINE Lanes sub_uncarried(const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_sub_epi64(a.l[i], b.l[i]);
  return out;
}

// a + b.
PYZKFL_INLINE Lanes add(const Lanes& a, const Lanes& b) {
  return carried(add_uncarried(a, b));
}

// a - b + k p, where the caller knows that this is not negative: b is at most k p.
PYZKFL_INLINE Lanes sub(const Lanes& a, const Lanes& b, unsigned k) {
  return carried(sub_uncarried(add_uncarried(a, multiple(k)), b));
}

// k p - a, for a at most k p.
PYZKFL_INLINE Lanes neg(const Lanes& a, unsigned k) {
  return carried(sub_uncarried(multiple(k), a));
}

// p - a in the lanes of the mask, a in the others: uncarried.
PYZKFL_INLINE Lanes negated_uncarried(__mmask8 mask, const Lanes& a) {
  Lanes out;
  for (int i = 0; i < 5; ++i) {
    out.l[i] = _mm512_mask_sub_epi64(a.l[i], mask, splat(p52.times[1].l[i]), a.l[i]);
  }
  return out;
}

// a - k p where a is at least that, else a. From below 2k p to below k p.
PYZKFL_INLINE Lanes reduce_once(const Lanes& a, unsigned k) {
  const Lanes difference = carried(sub_uncarried(a, multiple(k)));
  const __mmask8 negative = _mm512_movepi64_mask(difference.l[4]);
  return select(negative, a, difference);
}

// The canonical form of a value below 4p.
PYZKFL_INLINE Lanes canonical(const Lanes& a) {
  return reduce_once(reduce_once(a, 2), 1);
}

// An uncarried value in [0, 84 p) to the same modulo p in [0, 1.65 p), uncarried, with limbs below 2^59 in absolute
// value. The quotient is estimated by the top limb: with 2^260 / p = 84.6, floor(top 84 / 2^52) is at most v / p, and
// above v / p - 1.65.
PYZKFL_INLINE Lanes tamed(const Lanes& v) {
  const Lanes whole = carried(v);
  const __m512i quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), whole.l[4], splat(84));
  Lanes out;
  for (int i = 0; i < 5; ++i) {
    out.l[i] = _mm512_sub_epi64(whole.l[i], _mm512_mullo_epi64(quotient, splat(p52.times[1].l[i])));
  }
  return out;
}

// ---- Multiplication ------------------------------------------------------------------------------------------

// A sum of products in columns of 52 bits: column k of the whole product is t[k - rows shifted out].
struct Columns {
  __m512i t[6];
};

PYZKFL_INLINE Columns no_columns() {
  Columns s;
  for (int j = 0; j < 6; ++j) s.t[j] = _mm512_setzero_si512();
  return s;
}

PYZKFL_INLINE void accumulate_low(Columns& s, __m512i a, const Factor& b) {
  for (int j = 0; j < 5; ++j) s.t[j] = _mm512_madd52lo_epu64(s.t[j], a, b.l[j]);
}

PYZKFL_INLINE void accumulate_high(Columns& s, __m512i a, const Factor& b) {
  for (int j = 0; j < 5; ++j) s.t[j + 1] = _mm512_madd52hi_epu64(s.t[j + 1], a, b.l[j]);
}

// Adds the multiple m p that clears the low 52 bits, and divides by 2^52. The low product that clears them is not
// computed: its sum with the column is the next multiple of 2^52, so what is carried is the column divided by 2^52,
// rounded up. (Nine products and the one for m, of ten and one.)
PYZKFL_INLINE void reduce_row(Columns& s) {
  const __m512i m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), s.t[0], splat(n0));
  const __m512i carry = _mm512_srli_epi64(_mm512_add_epi64(s.t[0], splat(mask52)), 52);
  s.t[1] = _mm512_add_epi64(s.t[1], carry);
  for (int j = 1; j < 5; ++j) s.t[j] = _mm512_madd52lo_epu64(s.t[j], m, splat(p52.times[1].l[j]));
  for (int j = 0; j < 5; ++j) s.t[j + 1] = _mm512_madd52hi_epu64(s.t[j + 1], m, splat(p52.times[1].l[j]));
  for (int j = 0; j < 5; ++j) s.t[j] = s.t[j + 1];
  s.t[5] = _mm512_setzero_si512();
}

PYZKFL_INLINE Lanes uncarried_sum(const Columns& s) {
  Lanes out;
  for (int j = 0; j < 5; ++j) out.l[j] = s.t[j];
  return out;
}

// a b / 2^260 modulo p, uncarried: in [0, p + ab / 2^260). 100 IFMA instructions.
PYZKFL_INLINE Lanes mul_uncarried(const Factor& a, const Factor& b) {
  Columns s = no_columns();
  for (int i = 0; i < 5; ++i) {
    accumulate_low(s, a.l[i], b);
    accumulate_high(s, a.l[i], b);
    reduce_row(s);
  }
  return uncarried_sum(s);
}

// One or two (n) independent products, row by row in turn, and within a row what the next factor of p waits for first: the
// processor looks about one product ahead, and one alone mostly waits for its own carries.
PYZKFL_INLINE void mul_uncarried(Lanes (&out)[2], const Factor (&a)[2], const Factor (&b)[2], int n) {
  __m512i t[2][6], m[2];
  for (int k = 0; k < n; ++k) {
    for (int j = 0; j < 6; ++j) t[k][j] = _mm512_setzero_si512();
  }
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < n; ++k) t[k][0] = _mm512_madd52lo_epu64(t[k][0], a[k].l[i], b[k].l[0]);
    for (int k = 0; k < n; ++k) m[k] = _mm512_madd52lo_epu64(_mm512_setzero_si512(), t[k][0], splat(n0));
    for (int k = 0; k < n; ++k) {
      for (int j = 1; j < 5; ++j) t[k][j] = _mm512_madd52lo_epu64(t[k][j], a[k].l[i], b[k].l[j]);
      for (int j = 0; j < 5; ++j) t[k][j + 1] = _mm512_madd52hi_epu64(t[k][j + 1], a[k].l[i], b[k].l[j]);
      t[k][1] = _mm512_add_epi64(t[k][1], _mm512_srli_epi64(_mm512_add_epi64(t[k][0], splat(mask52)), 52));
    }
    for (int k = 0; k < n; ++k) {
      for (int j = 1; j < 5; ++j) t[k][j] = _mm512_madd52lo_epu64(t[k][j], m[k], splat(p52.times[1].l[j]));
      for (int j = 0; j < 5; ++j) t[k][j] = _mm512_madd52hi_epu64(t[k][j + 1], m[k], splat(p52.times[1].l[j]));
      t[k][5] = _mm512_setzero_si512();
    }
  }
  for (int k = 0; k < n; ++k) {
    for (int j = 0; j < 5; ++j) out[k].l[j] = t[k][j];
  }
}

// The same, carried.
PYZKFL_INLINE Lanes mul(const Factor& a, const Factor& b) {
  return carried(mul_uncarried(a, b));
}

// (a b + c d) / 2^260, one reduction for both: below p + (ab + cd) / 2^260. 150 IFMA instructions.
PYZKFL_INLINE Lanes mul_add(const Factor& a, const Factor& b, const Factor& c, const Factor& d) {
  Columns s = no_columns();
  for (int i = 0; i < 5; ++i) {
    accumulate_low(s, a.l[i], b);
    accumulate_low(s, c.l[i], d);
    accumulate_high(s, a.l[i], b);
    accumulate_high(s, c.l[i], d);
    reduce_row(s);
  }
  return carried(uncarried_sum(s));
}

// The whole square in columns of 52 bits, before reduction: the products of different limbs once, doubled, and
// those of equal limbs. 30 IFMA instructions instead of 50.
PYZKFL_INLINE void square_columns(__m512i (&t)[10], const Factor& a) {
  for (int k = 0; k < 10; ++k) t[k] = _mm512_setzero_si512();
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.l[i], a.l[j]);
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.l[i], a.l[j]);
    }
  }
  for (int k = 1; k < 9; ++k) t[k] = _mm512_add_epi64(t[k], t[k]);
  for (int i = 0; i < 5; ++i) {
    t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a.l[i], a.l[i]);
    t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a.l[i], a.l[i]);
  }
}

// Columns (each below 2^63) divided by 2^260 modulo p, uncarried.
PYZKFL_INLINE Lanes reduced_columns(__m512i (&t)[10]) {
  for (int i = 0; i < 5; ++i) {
    const __m512i m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), t[i], splat(n0));
    const __m512i carry = _mm512_srli_epi64(_mm512_add_epi64(t[i], splat(mask52)), 52);
    t[i + 1] = _mm512_add_epi64(t[i + 1], carry);
    for (int j = 1; j < 5; ++j) t[i + j] = _mm512_madd52lo_epu64(t[i + j], m, splat(p52.times[1].l[j]));
    for (int j = 0; j < 5; ++j) t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], m, splat(p52.times[1].l[j]));
  }
  Lanes out;
  for (int j = 0; j < 5; ++j) out.l[j] = t[j + 5];
  return out;
}

// a^2 / 2^260 modulo p: below p + a^2 / 2^260, as mul. 80 IFMA instructions. For an a that is v 2^256 the result is
// v^2 2^252; Field's own square is square16.
PYZKFL_INLINE Lanes square_uncarried(const Factor& a) {
  __m512i t[10];
  square_columns(t, a);
  return reduced_columns(t);
}

PYZKFL_INLINE Lanes square(const Factor& a) {
  return carried(square_uncarried(a));
}

// 16 a^2 / 2^260 modulo p, Field's own square: below p + 16 a^2 / 2^260, so below 1.19 p for a below p and 1.76 p for
// a below 2p. For a below 20 p, so that the result has room.
PYZKFL_INLINE Lanes square16_uncarried(const Factor& a) {
  __m512i t[10];
  square_columns(t, a);
  for (int k = 0; k < 10; ++k) t[k] = _mm512_slli_epi64(t[k], 4);
  return reduced_columns(t);
}

PYZKFL_INLINE Lanes square16(const Factor& a) {
  return carried(square16_uncarried(a));
}

// 50 IFMA instructions: adds the whole product a b to columns. Columns hold the sum of 128 products.
PYZKFL_INLINE void accumulate_product(__m512i (&t)[10], const Factor& a, const Factor& b) {
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.l[i], b.l[j]);
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.l[i], b.l[j]);
    }
  }
}

// ---- Rows of four 64-bit limbs -------------------------------------------------------------------------------

// Eight elements as they lie in memory, limb k of all of them in word[k].
struct Words {
  __m512i word[4];
};

PYZKFL_INLINE __m512i load_two(const uint8_t* low, const uint8_t* high) {
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(low));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(high));
  return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}
PYZKFL_INLINE void store_two(uint8_t* low, uint8_t* high, __m512i two) {
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(low), _mm512_castsi512_si256(two));
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(high), _mm512_extracti64x4_epi64(two, 1));
}

// Rows anywhere, at any alignment: row[i] + offset.
PYZKFL_INLINE Words load_rows(const uint8_t* const (&row)[8], size_t offset) {
  const __m512i z0 = load_two(row[0] + offset, row[2] + offset), z1 = load_two(row[1] + offset, row[3] + offset);
  const __m512i z2 = load_two(row[4] + offset, row[6] + offset), z3 = load_two(row[5] + offset, row[7] + offset);
  const __m512i even01 = _mm512_unpacklo_epi64(z0, z1), odd01 = _mm512_unpackhi_epi64(z0, z1);
  const __m512i even23 = _mm512_unpacklo_epi64(z2, z3), odd23 = _mm512_unpackhi_epi64(z2, z3);
  return {{_mm512_shuffle_i64x2(even01, even23, 0x88), _mm512_shuffle_i64x2(odd01, odd23, 0x88),
           _mm512_shuffle_i64x2(even01, even23, 0xdd), _mm512_shuffle_i64x2(odd01, odd23, 0xdd)}};
}

PYZKFL_INLINE void store_rows(uint8_t* const (&row)[8], size_t offset, const Words& v) {
  const __m512i low_even = _mm512_unpacklo_epi64(v.word[0], v.word[1]),
                low_odd = _mm512_unpackhi_epi64(v.word[0], v.word[1]);
  const __m512i high_even = _mm512_unpacklo_epi64(v.word[2], v.word[3]),
                high_odd = _mm512_unpackhi_epi64(v.word[2], v.word[3]);
  const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0),
                second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  store_two(row[0] + offset, row[2] + offset, _mm512_permutex2var_epi64(low_even, first, high_even));
  store_two(row[1] + offset, row[3] + offset, _mm512_permutex2var_epi64(low_odd, first, high_odd));
  store_two(row[4] + offset, row[6] + offset, _mm512_permutex2var_epi64(low_even, second, high_even));
  store_two(row[5] + offset, row[7] + offset, _mm512_permutex2var_epi64(low_odd, second, high_odd));
}

// Eight rows one after the other (256 bytes), at any alignment; lane i is row i.
PYZKFL_INLINE Words transposed_rows(__m512i z0, __m512i z1, __m512i z2, __m512i z3) {
  // Rows 0 2 . . 1 3 . . of the even limbs, and so on; the second step puts them in order.
  const __m512i even01 = _mm512_unpacklo_epi64(z0, z1), odd01 = _mm512_unpackhi_epi64(z0, z1);
  const __m512i even23 = _mm512_unpacklo_epi64(z2, z3), odd23 = _mm512_unpackhi_epi64(z2, z3);
  const __m512i low = _mm512_set_epi64(13, 9, 12, 8, 5, 1, 4, 0), high = _mm512_set_epi64(15, 11, 14, 10, 7, 3, 6, 2);
  return {{_mm512_permutex2var_epi64(even01, low, even23), _mm512_permutex2var_epi64(odd01, low, odd23),
           _mm512_permutex2var_epi64(even01, high, even23), _mm512_permutex2var_epi64(odd01, high, odd23)}};
}
PYZKFL_INLINE Words load_consecutive(const void* rows) {
  const char* from = static_cast<const char*>(rows);
  return transposed_rows(_mm512_loadu_si512(from), _mm512_loadu_si512(from + 64), _mm512_loadu_si512(from + 128),
                         _mm512_loadu_si512(from + 192));
}

// The first `count` (below 8) of them; the other lanes are zero. No byte past them is touched.
PYZKFL_INLINE __mmask8 word_mask(size_t count, size_t vector) {
  const size_t words = 4 * count, before = 8 * vector;
  if (words <= before) return 0;
  return words >= before + 8 ? 0xff : static_cast<__mmask8>((1u << (words - before)) - 1);
}
PYZKFL_INLINE Words load_first(const void* rows, size_t count) {
  const char* from = static_cast<const char*>(rows);
  return transposed_rows(_mm512_maskz_loadu_epi64(word_mask(count, 0), from),
                         _mm512_maskz_loadu_epi64(word_mask(count, 1), from + 64),
                         _mm512_maskz_loadu_epi64(word_mask(count, 2), from + 128),
                         _mm512_maskz_loadu_epi64(word_mask(count, 3), from + 192));
}

// The 256 bytes of eight rows one after the other.
struct Parts {
  __m512i part[4];
};
PYZKFL_INLINE Parts consecutive(const Words& v) {
  const __m512i first = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0),
                second = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
  // Two limbs of the rows 0 .. 3, and of 4 .. 7.
  const __m512i low0 = _mm512_permutex2var_epi64(v.word[0], first, v.word[1]),
                low4 = _mm512_permutex2var_epi64(v.word[0], second, v.word[1]);
  const __m512i high0 = _mm512_permutex2var_epi64(v.word[2], first, v.word[3]),
                high4 = _mm512_permutex2var_epi64(v.word[2], second, v.word[3]);
  const __m512i rows01 = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0),
                rows23 = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  return {{_mm512_permutex2var_epi64(low0, rows01, high0), _mm512_permutex2var_epi64(low0, rows23, high0),
           _mm512_permutex2var_epi64(low4, rows01, high4), _mm512_permutex2var_epi64(low4, rows23, high4)}};
}
PYZKFL_INLINE void store_consecutive(void* rows, const Words& v) {
  char* to = static_cast<char*>(rows);
  const Parts parts = consecutive(v);
  for (size_t i = 0; i < 4; ++i) _mm512_storeu_si512(to + 64 * i, parts.part[i]);
}
PYZKFL_INLINE void store_first(void* rows, const Words& v, size_t count) {
  char* to = static_cast<char*>(rows);
  const Parts parts = consecutive(v);
  for (size_t i = 0; i < 4; ++i) _mm512_mask_storeu_epi64(to + 64 * i, word_mask(count, i), parts.part[i]);
}

// Any 256-bit value as a factor: from bit 52 i on, with whatever stands above the 52 bits.
PYZKFL_INLINE Factor unpack_factor(const Words& v) {
  return {{v.word[0], _mm512_shrdi_epi64(v.word[0], v.word[1], 52), _mm512_shrdi_epi64(v.word[1], v.word[2], 40),
           _mm512_shrdi_epi64(v.word[2], v.word[3], 28), _mm512_srli_epi64(v.word[3], 16)}};
}

// The same in limbs below 2^52.
PYZKFL_INLINE Lanes unpack(const Words& v) {
  const Factor limbs = unpack_factor(v);
  Lanes out;
  for (int i = 0; i < 4; ++i) out.l[i] = _mm512_and_si512(limbs.l[i], splat(mask52));
  out.l[4] = limbs.l[4];
  return out;
}

// 16 v as a factor, for any 256-bit v: four bits less.
PYZKFL_INLINE Factor unpack16(const Words& v) {
  return {{_mm512_slli_epi64(v.word[0], 4), _mm512_shrdi_epi64(v.word[0], v.word[1], 48),
           _mm512_shrdi_epi64(v.word[1], v.word[2], 36), _mm512_shrdi_epi64(v.word[2], v.word[3], 24),
           _mm512_srli_epi64(v.word[3], 12)}};
}

// 16 a as a factor, for limbs below 2^52 and a below 2^256.
PYZKFL_INLINE Factor times16(const Lanes& a) {
  Factor out;
  out.l[0] = _mm512_slli_epi64(a.l[0], 4);
  for (int i = 1; i < 5; ++i) {
    out.l[i] = _mm512_or_si512(_mm512_slli_epi64(a.l[i], 4), _mm512_srli_epi64(a.l[i - 1], 48));
  }
  return out;
}

// For values below 2^256. Of each limb the low 52 bits count.
PYZKFL_INLINE Words pack(const Factor& v) {
  return {{_mm512_shrdi_epi64(_mm512_slli_epi64(v.l[0], 12), v.l[1], 12),
           _mm512_shrdi_epi64(_mm512_slli_epi64(v.l[1], 12), v.l[2], 24),
           _mm512_shrdi_epi64(_mm512_slli_epi64(v.l[2], 12), v.l[3], 36),
           _mm512_shrdi_epi64(_mm512_slli_epi64(v.l[3], 12), v.l[4], 48)}};
}

// The canonical form of an uncarried value below 2p, packed: what most operations on arrays end with.
PYZKFL_INLINE Words packed_canonical(const Lanes& v) {
  const Lanes whole = carried_unmasked(v);
  const Lanes difference = carried_unmasked(sub_uncarried(v, multiple(1)));
  const __mmask8 negative = _mm512_movepi64_mask(difference.l[4]);
  return pack(select(negative, whole, difference));
}

// ---- Comparison ----------------------------------------------------------------------------------------------

// Lanes whose limbs are all zero: zero, for canonical values.
PYZKFL_INLINE __mmask8 zero_lanes(const Lanes& v) {
  const __m512i any = _mm512_or_si512(
      _mm512_or_si512(_mm512_or_si512(v.l[0], v.l[1]), _mm512_or_si512(v.l[2], v.l[3])), v.l[4]);
  return _mm512_testn_epi64_mask(any, any);
}

// Lanes with equal limbs: equal elements, for canonical values.
PYZKFL_INLINE __mmask8 equal_lanes(const Lanes& a, const Lanes& b) {
  __mmask8 out = _mm512_cmpeq_epi64_mask(a.l[0], b.l[0]);
  for (int i = 1; i < 5; ++i) out = _mm512_mask_cmpeq_epi64_mask(out, a.l[i], b.l[i]);
  return out;
}

}  // namespace
}  // namespace pyzkfl::ifma
