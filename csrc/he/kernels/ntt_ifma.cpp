// Transforms over Z_q[X] / (X^n + 1), eight elements at a time (see ntt_ifma.h).
//
// Layers as in Longa and Naehrig (CANS 2016), lazy as in Harvey (J. Symb. Comp. 2014): forward, elements are below 4
// q < 2^52 and a product with a root is below 2 q; backward below 2 q. For the last three layers, where neighbours
// meet, eight vectors are transposed.
#include "he/kernels/ntt_ifma.h"

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
PYZKFL_INLINE V load(const uint64_t* p) { return _mm512_loadu_si512(p); }
PYZKFL_INLINE void store(uint64_t* p, V v) { _mm512_storeu_si512(p, v); }

// x, or x - bound where that is not negative.
PYZKFL_INLINE V tamed(V x, V bound) { return _mm512_min_epu64(x, _mm512_sub_epi64(x, bound)); }

// x w modulo q, below 2 q, for x below 2^52 (Shoup).
PYZKFL_INLINE V times_root(V x, V w, V quotient, V q) {
  const V zero = _mm512_setzero_si512();
  const V high = _mm512_madd52hi_epu64(zero, x, quotient);
  const V difference = _mm512_sub_epi64(_mm512_madd52lo_epu64(zero, x, w), _mm512_madd52lo_epu64(zero, high, q));
  return _mm512_and_si512(difference, splat((uint64_t{1} << 52) - 1));
}

struct Prime {
  V q, q2;
};

PYZKFL_INLINE void forward_butterfly(V& x, V& y, V w, V quotient, const Prime& p) {
  const V a = tamed(x, p.q2), t = times_root(y, w, quotient, p.q);
  x = _mm512_add_epi64(a, t);
  y = _mm512_sub_epi64(_mm512_add_epi64(a, p.q2), t);
}

PYZKFL_INLINE void inverse_butterfly(V& x, V& y, V w, V quotient, const Prime& p) {
  const V difference = _mm512_sub_epi64(_mm512_add_epi64(x, p.q2), y);
  x = tamed(_mm512_add_epi64(x, y), p.q2);
  y = times_root(difference, w, quotient, p.q);
}

PYZKFL_INLINE void transpose(V* v) {
  V a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
  }
  for (int half = 0; half < 8; half += 4) {
    for (int i = 0; i < 2; ++i) {
      b[half + i] = _mm512_shuffle_i64x2(a[half + i], a[half + 2 + i], 0x88);
      b[half + 2 + i] = _mm512_shuffle_i64x2(a[half + i], a[half + 2 + i], 0xdd);
    }
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88);
    v[i + 4] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0xdd);
  }
}

PYZKFL_INLINE void forward_layer(uint64_t* a, size_t n, size_t m, const TransformTables& tables, const Prime& p) {
  const size_t t = n / m / 2;
  for (size_t i = 0; i < m; ++i) {
    const V w = splat(tables.roots[m + i]), quotient = splat(tables.root_quotients[m + i]);
    uint64_t *x = a + 2 * i * t, *y = x + t;
    for (size_t j = 0; j < t; j += 8) {
      V u = load(x + j), v = load(y + j);
      forward_butterfly(u, v, w, quotient, p);
      store(x + j, u);
      store(y + j, v);
    }
  }
}

void forward(uint64_t* a, size_t n, const TransformTables& tables) {
  const Prime p = {splat(tables.q), splat(2 * tables.q)};
  for (size_t m = 1; m < n / 8; m *= 2) forward_layer(a, n, m, tables, p);
  for (size_t c = 0; c < n / 64; ++c) {
    const uint64_t *w = tables.tail + c * tail_words, *quotient = w + 7 * 8;
    V v[8];
    for (int i = 0; i < 8; ++i) v[i] = load(a + 64 * c + 8 * i);
    transpose(v);
    for (int i = 0; i < 4; ++i) forward_butterfly(v[i], v[i + 4], load(w), load(quotient), p);
    for (int block = 0; block < 2; ++block) {
      const V r = load(w + 8 * (1 + block)), s = load(quotient + 8 * (1 + block));
      for (int i = 0; i < 2; ++i) forward_butterfly(v[4 * block + i], v[4 * block + i + 2], r, s, p);
    }
    for (int block = 0; block < 4; ++block) {
      forward_butterfly(v[2 * block], v[2 * block + 1], load(w + 8 * (3 + block)), load(quotient + 8 * (3 + block)),
                        p);
    }
    for (V& x : v) x = tamed(tamed(x, p.q2), p.q);
    transpose(v);
    for (int i = 0; i < 8; ++i) store(a + 64 * c + 8 * i, v[i]);
  }
}

void inverse(uint64_t* a, size_t n, const TransformTables& tables) {
  const Prime p = {splat(tables.q), splat(2 * tables.q)};
  for (size_t c = 0; c < n / 64; ++c) {
    const uint64_t *w = tables.inverse_tail + c * tail_words, *quotient = w + 7 * 8;
    V v[8];
    for (int i = 0; i < 8; ++i) v[i] = load(a + 64 * c + 8 * i);
    transpose(v);
    for (int block = 0; block < 4; ++block) {
      inverse_butterfly(v[2 * block], v[2 * block + 1], load(w + 8 * (3 + block)), load(quotient + 8 * (3 + block)),
                        p);
    }
    for (int block = 0; block < 2; ++block) {
      const V r = load(w + 8 * (1 + block)), s = load(quotient + 8 * (1 + block));
      for (int i = 0; i < 2; ++i) inverse_butterfly(v[4 * block + i], v[4 * block + i + 2], r, s, p);
    }
    for (int i = 0; i < 4; ++i) inverse_butterfly(v[i], v[i + 4], load(w), load(quotient), p);
    transpose(v);
    for (int i = 0; i < 8; ++i) store(a + 64 * c + 8 * i, v[i]);
  }
  for (size_t m = n / 16; m >= 1; m /= 2) {
    const size_t t = n / m / 2;
    for (size_t i = 0; i < m; ++i) {
      const V w = splat(tables.inverse_roots[m + i]), quotient = splat(tables.inverse_quotients[m + i]);
      uint64_t *x = a + 2 * i * t, *y = x + t;
      for (size_t j = 0; j < t; j += 8) {
        V u = load(x + j), v = load(y + j);
        inverse_butterfly(u, v, w, quotient, p);
        store(x + j, u);
        store(y + j, v);
      }
    }
  }
  const V w = splat(tables.n_inverse), quotient = splat(tables.n_inverse_quotient);
  for (size_t j = 0; j < n; j += 8) store(a + j, tamed(times_root(load(a + j), w, quotient, p.q), p.q));
}

void multiply_add(uint64_t* out, const uint64_t* a, const uint64_t* b, const uint64_t* c, size_t n,
                  const TransformTables& tables) {
  const V q = splat(tables.q), inverse_q = splat(tables.q_inverse), zero = _mm512_setzero_si512();
  for (size_t j = 0; j < n; j += 8) {
    const V x = load(a + j), y = load(b + j);
    const V low = _mm512_madd52lo_epu64(zero, x, y), high = _mm512_madd52hi_epu64(zero, x, y);
    const V m = _mm512_madd52lo_epu64(zero, low, inverse_q);
    // Both products have the same low half; the difference of the high ones is in (-q, q).
    const V product = _mm512_sub_epi64(high, _mm512_madd52hi_epu64(zero, m, q));
    const V sum = _mm512_add_epi64(_mm512_min_epu64(product, _mm512_add_epi64(product, q)), load(c + j));
    store(out + j, tamed(sum, q));
  }
}

void add(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const TransformTables& tables) {
  const V q = splat(tables.q);
  for (size_t j = 0; j < n; j += 8) store(out + j, tamed(_mm512_add_epi64(load(a + j), load(b + j)), q));
}

constexpr RingKernel kernel = {forward, inverse, multiply_add, add};

}  // namespace

const RingKernel* ring_kernel() { return &kernel; }

}  // namespace pyzkfl::he::ifma

#else

namespace pyzkfl::he::ifma {

const RingKernel* ring_kernel() { return nullptr; }

}  // namespace pyzkfl::he::ifma

#endif
