// [k] P + [s] B on eight lanes (see products_ifma.h): signed digits to base 16, the doublings shared by both products
// (Straus), formulas as in points.cpp.
//
// RANGES. Limbs are to base 2^51, five of them. Every element that a function returns is "tight": limbs below
// 2^51 + 2^15, so below 2^52, which is what the multiplier reads. A sum or difference of two tight ones is carried at once.
// A product's columns are below 300 * 2^52.
#include "edwards/kernels/products_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

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

namespace pyzkfl::edwards::ifma {
namespace {

#define PYZKFL_INLINE inline __attribute__((always_inline))

using V = __m512i;

constexpr int limbs = 5;
constexpr int multiples = 8;

struct Element {
  V v[limbs];
};

PYZKFL_INLINE V splat(uint64_t v) { return _mm512_set1_epi64(static_cast<long long>(v)); }
PYZKFL_INLINE V plus(V a, V b) { return _mm512_add_epi64(a, b); }
PYZKFL_INLINE V times_19(V a) { return plus(plus(_mm512_slli_epi64(a, 4), _mm512_slli_epi64(a, 1)), a); }

// One carry from each limb to the next, 2^255 = 19: from limbs below 2^61 to tight ones.
PYZKFL_INLINE Element carried(const V* r) {
  const V mask = splat((uint64_t{1} << 51) - 1);
  V over[limbs];
  for (int i = 0; i < limbs; ++i) over[i] = _mm512_srli_epi64(r[i], 51);
  Element out;
  out.v[0] = plus(_mm512_and_si512(r[0], mask), times_19(over[limbs - 1]));
  for (int i = 1; i < limbs; ++i) out.v[i] = plus(_mm512_and_si512(r[i], mask), over[i - 1]);
  return out;
}

PYZKFL_INLINE Element add(const Element& a, const Element& b) {
  V r[limbs];
  for (int i = 0; i < limbs; ++i) r[i] = plus(a.v[i], b.v[i]);
  return carried(r);
}

// a + 2 p - b.
PYZKFL_INLINE Element subtract(const Element& a, const Element& b) {
  V r[limbs];
  for (int i = 0; i < limbs; ++i) {
    const V two_p = splat((uint64_t{1} << 52) - (i == 0 ? 38 : 2));
    r[i] = _mm512_sub_epi64(plus(a.v[i], two_p), b.v[i]);
  }
  return carried(r);
}

// Column k + 5 counts 19 times in column k. A high half has weight 2^52, twice that of the next column.
PYZKFL_INLINE Element folded(const V* column) {
  V r[limbs];
  for (int i = 0; i < limbs; ++i) r[i] = plus(column[i], times_19(column[i + limbs]));
  return carried(r);
}

PYZKFL_INLINE Element multiply(const Element& a, const Element& b) {
  V low[2 * limbs], high[2 * limbs];
  for (int i = 0; i < 2 * limbs; ++i) low[i] = high[i] = splat(0);
  for (int i = 0; i < limbs; ++i) {
    for (int j = 0; j < limbs; ++j) {
      low[i + j] = _mm512_madd52lo_epu64(low[i + j], a.v[i], b.v[j]);
      high[i + j + 1] = _mm512_madd52hi_epu64(high[i + j + 1], a.v[i], b.v[j]);
    }
  }
  for (int i = 0; i < 2 * limbs; ++i) low[i] = plus(low[i], plus(high[i], high[i]));
  return folded(low);
}

PYZKFL_INLINE Element square(const Element& a) {
  V once[2 * limbs], twice[2 * limbs], four_times[2 * limbs];
  for (int i = 0; i < 2 * limbs; ++i) once[i] = twice[i] = four_times[i] = splat(0);
  for (int i = 0; i < limbs; ++i) {
    once[2 * i] = _mm512_madd52lo_epu64(once[2 * i], a.v[i], a.v[i]);
    twice[2 * i + 1] = _mm512_madd52hi_epu64(twice[2 * i + 1], a.v[i], a.v[i]);
    for (int j = i + 1; j < limbs; ++j) {
      twice[i + j] = _mm512_madd52lo_epu64(twice[i + j], a.v[i], a.v[j]);
      four_times[i + j + 1] = _mm512_madd52hi_epu64(four_times[i + j + 1], a.v[i], a.v[j]);
    }
  }
  for (int i = 0; i < 2 * limbs; ++i) {
    const V half = plus(twice[i], plus(four_times[i], four_times[i]));
    once[i] = plus(once[i], plus(half, half));
  }
  return folded(once);
}

// --- points -----------------------------------------------------------------------------------------------------

struct Point {
  Element x, y, z, t;  // X, Y, Z and T = X Y / Z
};

struct Addend {
  Element sum, difference, product, twice_z;  // Y + X, Y - X, 2 d T, 2 Z
};

PYZKFL_INLINE Element one() {
  Element out;
  for (int i = 0; i < limbs; ++i) out.v[i] = splat(i == 0 ? 1 : 0);
  return out;
}

PYZKFL_INLINE Element load(const uint64_t* words) {
  Element out;
  for (int i = 0; i < limbs; ++i) out.v[i] = _mm512_loadu_si512(words + lanes * i);
  return out;
}

PYZKFL_INLINE void store(uint64_t* words, const Element& a) {
  for (int i = 0; i < limbs; ++i) _mm512_storeu_si512(words + lanes * i, a.v[i]);
}

PYZKFL_INLINE Element chosen(__mmask8 second, const Element& first_one, const Element& second_one) {
  Element out;
  for (int i = 0; i < limbs; ++i) out.v[i] = _mm512_mask_mov_epi64(first_one.v[i], second, second_one.v[i]);
  return out;
}

__attribute__((noinline)) void double_it(Point& p, bool with_t) {
  const Element a = square(p.x);
  const Element b = square(p.y);
  const Element c = square(p.z);
  const Element h = add(a, b);
  const Element e = subtract(h, square(add(p.x, p.y)));
  const Element g = subtract(a, b);
  const Element f = add(add(c, c), g);
  p.x = multiply(e, f);
  p.y = multiply(g, h);
  p.z = multiply(f, g);
  if (with_t) p.t = multiply(e, h);
}

// p += q, or p -= q in the lanes of `minus`, where q.sum and q.difference are exchanged already.
PYZKFL_INLINE void add_terms(Point& p, const Element& a, const Element& b, const Element& c, const Element& d,
                             __mmask8 minus, bool with_t) {
  const Element e = subtract(b, a);
  const Element less = subtract(d, c);
  const Element more = add(d, c);
  const Element f = chosen(minus, less, more);
  const Element g = chosen(minus, more, less);
  const Element h = add(b, a);
  p.x = multiply(e, f);
  p.y = multiply(g, h);
  p.z = multiply(f, g);
  if (with_t) p.t = multiply(e, h);
}

__attribute__((noinline)) void add_addend(Point& p, const Addend& q, __mmask8 minus) {
  const Element a = multiply(subtract(p.y, p.x), chosen(minus, q.difference, q.sum));
  const Element b = multiply(add(p.y, p.x), chosen(minus, q.sum, q.difference));
  add_terms(p, a, b, multiply(p.t, q.product), multiply(p.z, q.twice_z), minus, true);
}

Addend addend_of(const Point& p, const Element& twice_d) {
  return {add(p.y, p.x), subtract(p.y, p.x), multiply(p.t, twice_d), add(p.z, p.z)};
}

// The digits of eight lanes: their magnitudes, and which are negative.
PYZKFL_INLINE V magnitudes(const int8_t* eight, __mmask8* minus) {
  const V digit = _mm512_cvtepi8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i_u*>(eight)));
  *minus = _mm512_movepi64_mask(digit);
  return _mm512_abs_epi64(digit);
}

// Each lane's multiple of its own point; the neutral one for 0.
PYZKFL_INLINE Addend multiple_of(const Addend* table, V magnitude) {
  Addend out;
  out.sum = out.difference = one();
  for (int i = 0; i < limbs; ++i) out.product.v[i] = splat(0);
  out.twice_z = one();
  out.twice_z.v[0] = splat(2);
  for (int m = 0; m < multiples; ++m) {
    const __mmask8 here = _mm512_cmpeq_epi64_mask(magnitude, splat(static_cast<uint64_t>(m) + 1));
    out.sum = chosen(here, out.sum, table[m].sum);
    out.difference = chosen(here, out.difference, table[m].difference);
    out.product = chosen(here, out.product, table[m].product);
    out.twice_z = chosen(here, out.twice_z, table[m].twice_z);
  }
  return out;
}

// One coordinate of each lane's multiple of B, from eight words a limb; `neutral` for 0.
PYZKFL_INLINE Element base_coordinate(const uint64_t* words, V magnitude, uint64_t neutral) {
  const V place = _mm512_sub_epi64(magnitude, splat(1));
  const __mmask8 zero = _mm512_testn_epi64_mask(magnitude, magnitude);
  Element out;
  for (int i = 0; i < limbs; ++i) {
    const V word = _mm512_permutexvar_epi64(place, _mm512_loadu_si512(words + multiples * i));
    out.v[i] = _mm512_mask_mov_epi64(word, zero, splat(i == 0 ? neutral : 0));
  }
  return out;
}

__attribute__((noinline)) void add_base(Point& p, const uint64_t* base, const int8_t* eight) {
  __mmask8 minus;
  const V magnitude = magnitudes(eight, &minus);
  const Element sum = base_coordinate(base, magnitude, 1);
  const Element difference = base_coordinate(base + limbs * multiples, magnitude, 1);
  const Element product = base_coordinate(base + 2 * limbs * multiples, magnitude, 0);
  const Element a = multiply(subtract(p.y, p.x), chosen(minus, difference, sum));
  const Element b = multiply(add(p.y, p.x), chosen(minus, sum, difference));
  add_terms(p, a, b, multiply(p.t, product), add(p.z, p.z), minus, false);
}

void sum_of_two(uint64_t* sum, const uint64_t* point, const int8_t* k, const int8_t* s, const uint64_t* base,
                const uint64_t* twice_d) {
  Element d2;
  for (int i = 0; i < limbs; ++i) d2.v[i] = splat(twice_d[i]);
  Point p;
  p.x = load(point);
  p.y = load(point + element_words);
  p.z = one();
  p.t = multiply(p.x, p.y);
  Addend table[multiples];
  table[0] = addend_of(p, d2);
  Point multiple = p;
  for (int m = 1; m < multiples; ++m) {
    add_addend(multiple, table[0], 0);
    table[m] = addend_of(multiple, d2);
  }
  for (int i = 0; i < limbs; ++i) p.x.v[i] = p.t.v[i] = splat(0);
  p.y = p.z = one();
  for (size_t i = digits; i-- > 0;) {
    if (i + 1 < digits) {
      for (int doubling = 0; doubling < 4; ++doubling) double_it(p, doubling == 3);
    }
    __mmask8 minus;
    const V magnitude = magnitudes(k + lanes * i, &minus);
    add_addend(p, multiple_of(table, magnitude), minus);
    add_base(p, base, s + lanes * i);
  }
  store(sum, p.x);
  store(sum + element_words, p.y);
  store(sum + 2 * element_words, p.z);
}

__attribute__((noinline)) void square_times(Element& a, int n) {
  for (int i = 0; i < n; ++i) a = square(a);
}

Element power(const Element& a, int squarings, const Element& times) {
  Element out = a;
  square_times(out, squarings);
  return multiply(out, times);
}

// The addition chain of field25519.cpp.
void power_p58(uint64_t* words) {
  const Element a = load(words);
  const Element a2 = square(a);
  const Element a9 = power(a2, 2, a);
  const Element a11 = multiply(a9, a2);
  const Element x5 = power(a11, 1, a9);
  const Element x10 = power(x5, 5, x5);
  const Element x20 = power(x10, 10, x10);
  const Element x40 = power(x20, 20, x20);
  const Element x50 = power(x40, 10, x10);
  const Element x100 = power(x50, 50, x50);
  const Element x200 = power(x100, 100, x100);
  const Element x250 = power(x200, 50, x50);
  store(words, power(x250, 2, a));
}

constexpr Products instance = {sum_of_two, power_p58};

}  // namespace

const Products* products() { return &instance; }

}  // namespace pyzkfl::edwards::ifma

#else

namespace pyzkfl::edwards::ifma {

const Products* products() { return nullptr; }

}  // namespace pyzkfl::edwards::ifma

#endif
