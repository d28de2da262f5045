// Vector steps on AVX-512 IFMA (see steps_ifma.h, fields/kernels/ifma_field.h).
#include "sumcheck/kernels/steps_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_fr.h"

namespace pyzkfl::ifma {
namespace {

constexpr size_t row_bytes = 32, group = 8;

PYZKFL_INLINE Words load(const void* from, size_t i, size_t n) {
  const char* at = static_cast<const char*>(from) + i * row_bytes;
  return n - i >= group ? load_consecutive(at) : load_first(at, n - i);
}
PYZKFL_INLINE void store(void* to, size_t i, size_t n, const Words& v) {
  char* at = static_cast<char*>(to) + i * row_bytes;
  if (n - i >= group) {
    store_consecutive(at, v);
  } else {
    store_first(at, v, n - i);
  }
}
PYZKFL_INLINE __m512i load_cells(const int32_t* cells, size_t count) {
  const __m256i lift = _mm256_set1_epi32(INT32_MIN);
  if (count >= group) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(cells));
    return _mm512_cvtepu32_epi64(_mm256_xor_si256(v, lift));
  }
  const auto mask = static_cast<__mmask8>((1u << count) - 1);
  return _mm512_cvtepu32_epi64(_mm256_maskz_xor_epi32(mask, _mm256_maskz_loadu_epi32(mask, cells), lift));
}

// Sums of products, reduced every 64 groups: 64 2p 16 2p / 2^260 + p = 50 p at most, and 1.65 p from before.
struct Sum {
  __m512i t[10];
  Lanes total;
};
PYZKFL_INLINE void clear(Sum& s) {
  for (int k = 0; k < 10; ++k) s.t[k] = _mm512_setzero_si512();
}
PYZKFL_INLINE void flush(Sum& s) {
  s.total = carried(tamed(add_uncarried(s.total, reduced_columns(s.t))));
  clear(s);
}
PYZKFL_INLINE Sum empty_sum() {
  Sum s;
  clear(s);
  s.total = zero();
  return s;
}

// a b 2^4 + c d 2^4 over 2^260.
PYZKFL_INLINE Lanes sum_of_products(const Lanes& a, const Lanes& b, const Lanes& c, const Lanes& d) {
  return mul_add(times16(a), b, times16(c), d);
}

void tree_round(void* sums16, const void* eq, const void* const* low, const void* const* high, size_t n) {
  Sum first = empty_sum(), second = empty_sum();
  size_t held = 0;
  for (size_t i = 0; i < n; i += group) {
    Lanes l[4], d[4];
    for (int k = 0; k < 4; ++k) {
      l[k] = unpack(load(low[k], i, n));
      d[k] = sub(unpack(load(high[k], i, n)), l[k], 1);  // below 2p
    }
    const Factor weight = unpack16(load(eq, i, n));
    accumulate_product(first.t, weight, sum_of_products(l[0], l[3], l[1], l[2]));   // below 1.4 p
    accumulate_product(second.t, weight, sum_of_products(d[0], d[3], d[1], d[2]));  // below 2.6 p
    if (++held == 64) {
      flush(first);
      flush(second);
      held = 0;
    }
  }
  flush(first);
  flush(second);
  char* out = static_cast<char*>(sums16);
  store_consecutive(out, packed_canonical(first.total));
  store_consecutive(out + group * row_bytes, packed_canonical(second.total));
}

void pair_round(void* sums16, const void* const* low, const void* const* high, size_t n) {
  Sum first = empty_sum(), second = empty_sum();
  size_t held = 0;
  for (size_t i = 0; i < n; i += group) {
    const Lanes a = unpack(load(low[0], i, n)), b = unpack(load(low[1], i, n));
    const Lanes da = sub(unpack(load(high[0], i, n)), a, 1), db = sub(unpack(load(high[1], i, n)), b, 1);
    accumulate_product(first.t, times16(a), b);
    accumulate_product(second.t, times16(da), db);
    if (++held == 64) {
      flush(first);
      flush(second);
      held = 0;
    }
  }
  flush(first);
  flush(second);
  char* out = static_cast<char*>(sums16);
  store_consecutive(out, packed_canonical(first.total));
  store_consecutive(out + group * row_bytes, packed_canonical(second.total));
}

void add_fractions(void* p, void* q, const void* const* p0_p1_q0_q1, size_t n) {
  for (size_t i = 0; i < n; i += group) {
    Lanes v[4];
    for (int k = 0; k < 4; ++k) v[k] = unpack(load(p0_p1_q0_q1[k], i, n));
    const Factor q0 = times16(v[2]), q1 = times16(v[3]);
    store(q, i, n, packed_canonical(mul_uncarried(q0, v[3])));
    store(p, i, n, packed_canonical(mul_add(q1, v[0], q0, v[1])));
  }
}

PYZKFL_INLINE __m512i broadcast_word(const void* element, uint64_t k) {
  return splat(static_cast<const uint64_t*>(element)[k]);
}
PYZKFL_INLINE Lanes broadcast(const void* element) {
  return unpack(Words{{broadcast_word(element, 0), broadcast_word(element, 1), broadcast_word(element, 2),
                         broadcast_word(element, 3)}});
}

void from_cells(void* out, const int32_t* cells, const void* factor, const void* constant, size_t n) {
  const Lanes by = broadcast(factor), added = broadcast(constant);
  for (size_t i = 0; i < n; i += group) {
    Columns s = no_columns();
    const __m512i cell = load_cells(cells + i, n - i);
    accumulate_low(s, cell, by);
    accumulate_high(s, cell, by);
    reduce_row(s);
    // A little more than p, and the constant.
    store(out, i, n, packed_canonical(tamed(add_uncarried(uncarried_sum(s), added))));
  }
}

PYZKFL_INLINE void store_sums(uint64_t* columns6, const __m512i (&t)[6]) {
  for (int k = 0; k < 6; ++k) columns6[k] = static_cast<uint64_t>(_mm512_reduce_add_epi64(t[k]));
}

PYZKFL_INLINE void carry_columns(__m512i (&t)[6]) {
  for (int k = 0; k < 5; ++k) {
    t[k + 1] = _mm512_add_epi64(t[k + 1], _mm512_srli_epi64(t[k], 52));
    t[k] = _mm512_and_si512(t[k], splat(mask52));
  }
}

void cells_by_weights(uint64_t* columns6, uint64_t* weight_columns6, const int32_t* cells, const void* weights,
                      size_t n) {
  // 512 groups of at most 2^32 + 2^52 each leave 2^62; then carried, so that eight lanes have room.
  Columns s = no_columns();
  __m512i w[6];
  for (int k = 0; k < 6; ++k) w[k] = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += group) {
    const Lanes weight = unpack(load(weights, i, n));
    const __m512i cell = load_cells(cells + i, n - i);
    accumulate_low(s, cell, weight);
    accumulate_high(s, cell, weight);
    for (int k = 0; k < 5; ++k) w[k] = _mm512_add_epi64(w[k], weight.l[k]);
  }
  carry_columns(s.t);
  carry_columns(w);
  store_sums(columns6, s.t);
  store_sums(weight_columns6, w);
}

void cell_rows_by_weights(uint64_t* columns48, const int32_t* cells, size_t stride, const uint64_t* weights,
                          size_t rows) {
  Columns s = no_columns();
  for (size_t i = 0; i < rows; ++i) {
    Lanes weight;
    for (size_t k = 0; k < 5; ++k) weight.l[k] = splat(weights[5 * i + k]);
    const __m512i cell = load_cells(cells + i * stride, group);
    accumulate_low(s, cell, weight);
    accumulate_high(s, cell, weight);
  }
  for (int k = 0; k < 6; ++k) _mm512_storeu_si512(columns48 + 8 * k, s.t[k]);
}

constexpr SumcheckSteps steps = {tree_round, pair_round, add_fractions, from_cells, cells_by_weights,
                                 cell_rows_by_weights};

}  // namespace

const SumcheckSteps* sumcheck_steps() { return &steps; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const SumcheckSteps* sumcheck_steps() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
