// Vector steps on AVX-512 IFMA (see steps_ifma.h, fields/kernels/ifma_field.h).
#include "sumcheck/kernels/steps_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_field.h"

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
  Fr8 total;
};
PYZKFL_INLINE void clear(Sum& s) {
  for (auto& column : s.t) column = _mm512_setzero_si512();
}
PYZKFL_INLINE void flush(Sum& s) {
  s.total = carried(tamed(add_uncarried(s.total, reduced_columns<FrParams>(s.t))));
  clear(s);
}
PYZKFL_INLINE Sum empty_sum() {
  Sum s;
  clear(s);
  s.total = Fr8::zero();
  return s;
}

PYZKFL_INLINE Fr8 unpacked(const Words& v) { return unpack<FrParams>(v); }

// a b 2^4 + c d 2^4 over 2^260.
PYZKFL_INLINE Fr8 sum_of_products(const Fr8& a, const Fr8& b, const Fr8& c, const Fr8& d) {
  return mul_add<FrParams>(times16(a), b, times16(c), d);
}

void tree_round(void* sums16, const void* eq, const void* const* low, const void* const* high, size_t n) {
  Sum first = empty_sum(), second = empty_sum();
  size_t held = 0;
  for (size_t i = 0; i < n; i += group) {
    Fr8 l[4], d[4];
    for (int k = 0; k < 4; ++k) {
      l[k] = unpacked(load(low[k], i, n));
      d[k] = sub<1>(unpacked(load(high[k], i, n)), l[k]);  // below 2p
    }
    const Factor<FrParams> weight = unpack16<FrParams>(load(eq, i, n));
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
    const Fr8 a = unpacked(load(low[0], i, n)), b = unpacked(load(low[1], i, n));
    const Fr8 da = sub<1>(unpacked(load(high[0], i, n)), a), db = sub<1>(unpacked(load(high[1], i, n)), b);
    accumulate_product<FrParams>(first.t, times16(a), b);
    accumulate_product<FrParams>(second.t, times16(da), db);
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
    Fr8 v[4];
    for (int k = 0; k < 4; ++k) v[k] = unpacked(load(p0_p1_q0_q1[k], i, n));
    const Factor<FrParams> q0 = times16(v[2]), q1 = times16(v[3]);
    store(q, i, n, packed_canonical(mul_uncarried<FrParams>(q0, v[3])));
    store(p, i, n, packed_canonical(mul_add<FrParams>(q1, v[0], q0, v[1])));
  }
}

PYZKFL_INLINE __m512i broadcast_word(const void* element, uint64_t k) {
  return splat(static_cast<const uint64_t*>(element)[k]);
}
PYZKFL_INLINE Fr8 broadcast(const void* element) {
  return unpacked(Words{{broadcast_word(element, 0), broadcast_word(element, 1), broadcast_word(element, 2),
                         broadcast_word(element, 3)}});
}

void from_cells(void* out, const int32_t* cells, const void* factor, const void* constant, size_t n) {
  const Fr8 by = broadcast(factor), added = broadcast(constant);
  for (size_t i = 0; i < n; i += group) {
    Columns s = no_columns();
    const __m512i cell = load_cells(cells + i, n - i);
    accumulate_low<FrParams>(s, cell, by);
    accumulate_high<FrParams>(s, cell, by);
    reduce_row<FrParams>(s);
    // A little more than p, and the constant.
    store(out, i, n, packed_canonical(tamed(add_uncarried(uncarried_sum<FrParams>(s), added))));
  }
}

PYZKFL_INLINE void store_sums(uint64_t* columns6, const __m512i (&t)[6]) {
  for (int k = 0; k < 6; ++k) columns6[k] = static_cast<uint64_t>(_mm512_reduce_add_epi64(t[k]));
}

void cells_by_weights(uint64_t* columns6, uint64_t* weight_columns6, const int32_t* cells, const void* weights,
                      size_t n) {
  // 512 groups of at most 2^32 + 2^52 each leave 2^62; then carried, so that eight lanes have room.
  Columns s = no_columns();
  __m512i w[6];
  for (auto& column : w) column = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += group) {
    const Fr8 weight = unpacked(load(weights, i, n));
    const __m512i cell = load_cells(cells + i, n - i);
    accumulate_low<FrParams>(s, cell, weight);
    accumulate_high<FrParams>(s, cell, weight);
    for (int k = 0; k < 5; ++k) w[k] = _mm512_add_epi64(w[k], weight.l[k]);
  }
  const auto carry = [](__m512i(&t)[6]) {
    for (int k = 0; k < 5; ++k) {
      t[k + 1] = _mm512_add_epi64(t[k + 1], _mm512_srli_epi64(t[k], 52));
      t[k] = _mm512_and_si512(t[k], splat(mask52));
    }
  };
  carry(s.t);
  carry(w);
  store_sums(columns6, s.t);
  store_sums(weight_columns6, w);
}

void cell_rows_by_weights(uint64_t* columns48, const int32_t* cells, size_t stride, const uint64_t* weights,
                          size_t rows) {
  Columns s = no_columns();
  for (size_t i = 0; i < rows; ++i) {
    Fr8 weight;
    for (size_t k = 0; k < 5; ++k) weight.l[k] = splat(weights[5 * i + k]);
    const __m512i cell = load_cells(cells + i * stride, group);
    accumulate_low<FrParams>(s, cell, weight);
    accumulate_high<FrParams>(s, cell, weight);
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
