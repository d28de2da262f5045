// Arithmetic modulo N^2 in digits of radix N, eight lanes at once (see square_ring_ifma.h).
//
// WHY DIGITS. With a = a0 + a1 N and b likewise, a b = a0 b0 + (a0 b1 + a1 b0) N modulo N^2. Montgomery reduction
// gives q with a0 b0 + q N = R t, so a0 b0 = R t - q N, and
//     a b / R = t + N (a0 b1 + a1 b0 - q) / R    modulo N^2,
// where the second digit matters modulo N only: one more Montgomery reduction. A product takes five products of
// numbers half as long (ten quarters of 4 limbs^2) where the plain method takes 16, a square seven where it takes 12.
//
// RANGES. R / N is at least 2^8. For digits below 3 N, t < N + 9 N / 256; the second digit, lifted by N because of
// -q, is below 2 N + 18 N / 256 + 1: both below 3 N again. Columns hold at most 6 limbs products of 52 bits: below
// 2^61.
//
// ORDER. By columns (product scanning), four at a time: eight independent accumulators cover the latency of the
// multiplier, and an accumulator is never stored. Loops have public bounds.
#include "he/kernels/square_ring_ifma.h"

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

namespace pyzkfl::he::ifma {
namespace {

#define PYZKFL_INLINE inline __attribute__((always_inline))

using V = __m512i;

PYZKFL_INLINE V splat(uint64_t v) { return _mm512_set1_epi64(static_cast<long long>(v)); }
PYZKFL_INLINE V low_product(V sum, V a, V b) { return _mm512_madd52lo_epu64(sum, a, b); }
PYZKFL_INLINE V high_product(V sum, V a, V b) { return _mm512_madd52hi_epu64(sum, a, b); }

// Four neighbouring columns: sums of low halves, and of high halves, which belong one column further up.
struct Columns {
  V low[4], high[4];
};

PYZKFL_INLINE void add_product(Columns& c, int column, V a, V b) {
  c.low[column] = low_product(c.low[column], a, b);
  c.high[column] = high_product(c.high[column], a, b);
}

PYZKFL_INLINE void add_rows(Columns& c, const V* a, const V* b, long k, long from, long to) {
  for (long i = from; i <= to; ++i) {
    const V x = a[i];
    for (int column = 0; column < 4; ++column) add_product(c, column, x, b[k + column - i]);
  }
}

// The part of a b in columns k .. k + 3 of the upper half, k >= limbs.
PYZKFL_INLINE void add_upper(Columns& c, const V* a, const V* b, long k, long limbs) {
  const long from = k + 4 - limbs;
  add_rows(c, a, b, k, from, limbs - 1);
  for (int back = 1; back <= 3; ++back) {
    for (int column = 0; column <= 3 - back; ++column) {
      add_product(c, column, a[from - back], b[k + column - from + back]);
    }
  }
}

// The part of a b in columns k .. k + 3.
PYZKFL_INLINE void add_columns(Columns& c, const V* a, const V* b, long k, long limbs) {
  if (k >= limbs) {
    add_upper(c, a, b, k, limbs);
    return;
  }
  add_rows(c, a, b, k, 0, k);
  for (int column = 1; column < 4; ++column) {
    for (int i = 1; i <= column; ++i) add_product(c, column, a[k + i], b[column - i]);
  }
}

PYZKFL_INLINE void double_columns(Columns& c) {
  for (int column = 0; column < 4; ++column) {
    c.low[column] = _mm512_slli_epi64(c.low[column], 1);
    c.high[column] = _mm512_slli_epi64(c.high[column], 1);
  }
}

// The part of a^2 in columns k .. k + 3; c is zero before.
PYZKFL_INLINE void set_square_columns(Columns& c, const V* a, long k, long limbs) {
  const long middle = k / 2;
  if (k == 2 * limbs - 4) {
    add_product(c, 0, a[limbs - 3], a[limbs - 1]);
    add_product(c, 1, a[limbs - 2], a[limbs - 1]);
  } else {
    if (k < limbs) {
      add_rows(c, a, a, k, 0, middle - 1);
    } else {
      const long from = k + 4 - limbs;
      add_rows(c, a, a, k, from, middle - 1);
      for (int back = 1; back <= 3; ++back) {
        for (int column = 0; column <= 3 - back; ++column) {
          add_product(c, column, a[from - back], a[k + column - from + back]);
        }
      }
    }
    add_product(c, 1, a[middle], a[middle + 1]);
    add_product(c, 2, a[middle], a[middle + 2]);
    add_product(c, 3, a[middle], a[middle + 3]);
    add_product(c, 3, a[middle + 1], a[middle + 2]);
  }
  double_columns(c);
  add_product(c, 0, a[middle], a[middle]);
  add_product(c, 2, a[middle + 1], a[middle + 1]);
}

// - q, and + N R that keeps the sum positive.
PYZKFL_INLINE void lift(Columns& c, const V* q, const V* n, long k, long limbs) {
  for (int column = 0; column < 4; ++column) {
    c.low[column] = k < limbs ? _mm512_sub_epi64(c.low[column], q[k + column])
                              : _mm512_add_epi64(c.low[column], n[k - limbs + column]);
  }
}

// Which sum a reduction is of: a0 b0; a0 b1 + a1 b0 less the quotients of that; a0^2; 2 a0 a1 less the quotients of that.
// A constant wherever it is given, and everything is inlined: nothing is decided at run time.
enum class Terms { low_product, high_product, low_square, high_square };

struct Factors {
  const V *a0, *a1, *b0, *b1, *q;
};

PYZKFL_INLINE void set_columns(Columns& c, Terms terms, const Factors& f, const V* n, long k, long limbs) {
  switch (terms) {
    case Terms::low_product: add_columns(c, f.a0, f.b0, k, limbs); break;
    case Terms::high_product:
      add_columns(c, f.a0, f.b1, k, limbs);
      add_columns(c, f.a1, f.b0, k, limbs);
      lift(c, f.q, n, k, limbs);
      break;
    case Terms::low_square: set_square_columns(c, f.a0, k, limbs); break;
    case Terms::high_square:
      add_columns(c, f.a0, f.a1, k, limbs);
      double_columns(c);
      lift(c, f.q, n, k, limbs);
      break;
  }
}

// out = (the sum + q N) / R.
PYZKFL_INLINE void reduce(V* out, V* q, const V* n, V n0, long limbs, Terms terms, const Factors& factors) {
  const V mask = splat((uint64_t{1} << 52) - 1), zero = _mm512_setzero_si512();
  V carry = zero;
  for (long k = 0; k < 2 * limbs; k += 4) {
    Columns c;
    for (int column = 0; column < 4; ++column) c.low[column] = c.high[column] = zero;
    set_columns(c, terms, factors, n, k, limbs);
    if (k < limbs) {
      add_rows(c, q, n, k, 0, k - 1);
      for (int column = 0; column < 4; ++column) {
        const V quotient = low_product(zero, _mm512_add_epi64(c.low[column], carry), n0);
        q[k + column] = quotient;
        for (int up = column; up < 4; ++up) add_product(c, up, quotient, n[up - column]);
        const V sum = _mm512_add_epi64(c.low[column], carry);
        carry = _mm512_add_epi64(_mm512_srai_epi64(sum, 52), c.high[column]);
      }
    } else {
      add_upper(c, q, n, k, limbs);
      for (int column = 0; column < 4; ++column) {
        const V sum = _mm512_add_epi64(c.low[column], carry);
        out[k - limbs + column] = _mm512_and_si512(sum, mask);
        carry = _mm512_add_epi64(_mm512_srai_epi64(sum, 52), c.high[column]);
      }
    }
  }
}

// The quotients, and the result while its inputs are still needed. Wiped after use: they hold products of secrets.
struct Scratch {
  V q[most_limbs], unused[most_limbs], low[most_limbs], high[most_limbs];
};

PYZKFL_INLINE void store_value(V* out, const Scratch& s, long limbs, long digits) {
  for (long i = 0; i < limbs; ++i) out[i] = s.low[i];
  if (digits == 1) return;
  for (long i = 0; i < limbs; ++i) out[limbs + i] = s.high[i];
}

void multiply_values(V* out, const V* a, const V* b, const V* n, V n0, long limbs, long digits, Scratch& s) {
  const Factors factors = {a, a + limbs, b, b + limbs, s.q};
  reduce(s.low, s.q, n, n0, limbs, Terms::low_product, factors);
  if (digits == 2) reduce(s.high, s.unused, n, n0, limbs, Terms::high_product, factors);
  store_value(out, s, limbs, digits);
}

void square_value(V* out, const V* a, const V* n, V n0, long limbs, long digits, Scratch& s) {
  const Factors factors = {a, a + limbs, nullptr, nullptr, s.q};
  reduce(s.low, s.q, n, n0, limbs, Terms::low_square, factors);
  if (digits == 2) reduce(s.high, s.unused, n, n0, limbs, Terms::high_square, factors);
  store_value(out, s, limbs, digits);
}

void wipe(V* words, size_t count) {
  for (size_t i = 0; i < count; ++i) words[i] = _mm512_setzero_si512();
  __asm__ volatile("" : : "r"(words) : "memory");  // so that the stores are not removed
}

void wipe(Scratch& s) { wipe(s.q, sizeof(Scratch) / sizeof(V)); }

const V* vectors(const uint64_t* words) { return reinterpret_cast<const V*>(words); }
V* vectors(uint64_t* words) { return reinterpret_cast<V*>(words); }

void multiply(uint64_t* out, const uint64_t* a, const uint64_t* b, const uint64_t* modulus, uint64_t n0,
              size_t limbs, size_t digits) {
  Scratch s;
  multiply_values(vectors(out), vectors(a), vectors(b), vectors(modulus), splat(n0), static_cast<long>(limbs),
                  static_cast<long>(digits), s);
  wipe(s);
}

void square(uint64_t* out, const uint64_t* a, const uint64_t* modulus, uint64_t n0, size_t limbs) {
  Scratch s;
  square_value(vectors(out), vectors(a), vectors(modulus), splat(n0), static_cast<long>(limbs), 2, s);
  wipe(s);
}

// `bits` bits of the exponent from `at` up; both are public.
uint64_t window_at(const uint64_t* words, size_t at, unsigned bits) {
  const size_t word = at / 64, shift = at % 64;
  uint64_t digit = words[word] >> shift;
  if (shift + bits > 64) digit |= words[word + 1] << (64 - shift);
  return digit & ((uint64_t{1} << bits) - 1);
}

// The table's entry number `digit`, by reading all of it.
void select_entry(V* out, const V* table, uint64_t digit, long vectors_each) {
  const V wanted = splat(digit);
  for (long from = 0; from < vectors_each; from += 4) {  // limbs is a multiple of four
    V entry[4];
    for (V& v : entry) v = _mm512_setzero_si512();
    for (uint64_t e = 0; e < (uint64_t{1} << power_window_bits); ++e) {
      const __mmask8 equal = _mm512_cmpeq_epi64_mask(wanted, splat(e));
      const V* row = table + static_cast<long>(e) * vectors_each + from;
      for (int i = 0; i < 4; ++i) entry[i] = _mm512_mask_mov_epi64(entry[i], equal, row[i]);
    }
    for (int i = 0; i < 4; ++i) out[from + i] = entry[i];
  }
}

void power(uint64_t* out, const uint64_t* base, const uint64_t* exponent, size_t bits, const uint64_t* one,
           uint64_t* table_words, const uint64_t* modulus, uint64_t n0_word, size_t limb_count,
           size_t digit_count) {
  const long limbs = static_cast<long>(limb_count), digits = static_cast<long>(digit_count), each = digits * limbs;
  const V *n = vectors(modulus), n0 = splat(n0_word);
  V *table = vectors(table_words), *result = vectors(out);
  Scratch s;
  V factor[2 * most_limbs];
  for (long i = 0; i < each; ++i) table[i] = vectors(one)[i];
  for (long i = 0; i < each; ++i) table[each + i] = vectors(base)[i];
  for (long e = 2; e < long{1} << power_window_bits; ++e) {
    if (e % 2 == 0) {
      square_value(table + e * each, table + e / 2 * each, n, n0, limbs, digits, s);
    } else {
      multiply_values(table + e * each, table + (e - 1) * each, table + each, n, n0, limbs, digits, s);
    }
  }
  // The top window takes the bits that do not fill a whole one.
  size_t at = bits == 0 ? 0 : (bits - 1) / power_window_bits * power_window_bits;
  select_entry(result, table, bits == 0 ? 0 : window_at(exponent, at, static_cast<unsigned>(bits - at)), each);
  while (at > 0) {
    at -= power_window_bits;
    for (unsigned i = 0; i < power_window_bits; ++i) square_value(result, result, n, n0, limbs, digits, s);
    select_entry(factor, table, window_at(exponent, at, power_window_bits), each);
    multiply_values(result, result, factor, n, n0, limbs, digits, s);
  }
  wipe(factor, 2 * most_limbs);
  wipe(s);
}

void look_up(uint64_t* out, const uint64_t* table, const uint64_t* digits, size_t limbs) {
  const V index = _mm512_loadu_si512(digits);  // vpermi2q reads the low four bits
  const __mmask8 fourth = _mm512_test_epi64_mask(index, splat(16)), fifth = _mm512_test_epi64_mask(index, splat(32));
  for (size_t i = 0; i < 2 * limbs; ++i) {
    const V* row = vectors(table) + 8 * i;
    const V a = _mm512_permutex2var_epi64(row[0], index, row[1]);
    const V b = _mm512_permutex2var_epi64(row[2], index, row[3]);
    const V c = _mm512_permutex2var_epi64(row[4], index, row[5]);
    const V d = _mm512_permutex2var_epi64(row[6], index, row[7]);
    const V low = _mm512_mask_mov_epi64(a, fourth, b), high = _mm512_mask_mov_epi64(c, fourth, d);
    vectors(out)[i] = _mm512_mask_mov_epi64(low, fifth, high);
  }
}

constexpr SquareKernel kernel = {multiply, square, power, look_up};

}  // namespace

const SquareKernel* square_kernel() { return &kernel; }

}  // namespace pyzkfl::he::ifma

#else

namespace pyzkfl::he::ifma {

const SquareKernel* square_kernel() { return nullptr; }

}  // namespace pyzkfl::he::ifma

#endif
