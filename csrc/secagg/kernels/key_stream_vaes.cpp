// AES-256 key streams on 512-bit vectors (see key_stream_vaes.h): eight vectors of four blocks in flight hide the
// latency of a round.
#include "secagg/kernels/key_stream_vaes.h"

#if defined(__VAES__) && defined(__AVX512BW__)

#include <immintrin.h>

namespace pyzkfl::vaes {
namespace {

#define PYZKFL_INLINE static inline __attribute__((always_inline))

constexpr int rounds = 14;
constexpr size_t vector_bytes = 64, in_flight = 8;

// w ^ (w << 32) ^ (w << 64) ^ (w << 96) ^ t
PYZKFL_INLINE __m128i chained(__m128i w, __m128i t) {
  w = _mm_xor_si128(w, _mm_slli_si128(w, 4));
  w = _mm_xor_si128(w, _mm_slli_si128(w, 8));
  return _mm_xor_si128(w, t);
}

void expand(uint8_t* round_keys, const uint8_t* key) {
  __m128i even = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(key));
  __m128i odd = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(key + 16));
  __m128i* out = reinterpret_cast<__m128i*>(round_keys);
  _mm_storeu_si128(out, even);
  _mm_storeu_si128(out + 1, odd);
  // The round constant is an immediate.
#define PYZKFL_EVEN(i, constant)                                                                    \
  even = chained(even, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(odd, constant), 0xff));          \
  _mm_storeu_si128(out + (i), even)
#define PYZKFL_ODD(i)                                                                               \
  odd = chained(odd, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xaa));                  \
  _mm_storeu_si128(out + (i), odd)
  PYZKFL_EVEN(2, 0x01);
  PYZKFL_ODD(3);
  PYZKFL_EVEN(4, 0x02);
  PYZKFL_ODD(5);
  PYZKFL_EVEN(6, 0x04);
  PYZKFL_ODD(7);
  PYZKFL_EVEN(8, 0x08);
  PYZKFL_ODD(9);
  PYZKFL_EVEN(10, 0x10);
  PYZKFL_ODD(11);
  PYZKFL_EVEN(12, 0x20);
  PYZKFL_ODD(13);
  PYZKFL_EVEN(14, 0x40);
#undef PYZKFL_EVEN
#undef PYZKFL_ODD
}

struct Keys {
  __m512i k[rounds + 1];
};

PYZKFL_INLINE __m512i encrypt(const Keys& keys, __m512i state) {
  state = _mm512_xor_si512(state, keys.k[0]);
  for (int r = 1; r < rounds; ++r) state = _mm512_aesenc_epi128(state, keys.k[r]);
  return _mm512_aesenclast_epi128(state, keys.k[rounds]);
}

// Blocks are counted in little-endian words here and in one big-endian integer of 128 bits in the standard.
PYZKFL_INLINE __m512i counter_bytes(__m512i counters) {
  const __m128i backwards = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_shuffle_epi8(counters, _mm512_broadcast_i32x4(backwards));
}

PYZKFL_INLINE __m512i combine(__m512i lanes, __m512i stream, unsigned width, bool negative) {
  if (width == 2) return negative ? _mm512_sub_epi16(lanes, stream) : _mm512_add_epi16(lanes, stream);
  if (width == 4) return negative ? _mm512_sub_epi32(lanes, stream) : _mm512_add_epi32(lanes, stream);
  return negative ? _mm512_sub_epi64(lanes, stream) : _mm512_add_epi64(lanes, stream);
}

PYZKFL_INLINE void add_as(char* at, size_t n_bytes, unsigned width, bool negative, const uint8_t* round_keys,
                          uint64_t block) {
  Keys keys;
  for (int r = 0; r <= rounds; ++r) {
    keys.k[r] = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i_u*>(round_keys + 16 * r)));
  }
  const auto first = static_cast<long long>(block);
  __m512i counters = _mm512_set_epi64(0, first + 3, 0, first + 2, 0, first + 1, 0, first);
  const __m512i four = _mm512_set_epi64(0, 4, 0, 4, 0, 4, 0, 4);
  for (; n_bytes >= in_flight * vector_bytes; n_bytes -= in_flight * vector_bytes) {
    __m512i state[in_flight];
    for (size_t i = 0; i < in_flight; ++i) {
      state[i] = _mm512_xor_si512(counter_bytes(counters), keys.k[0]);
      counters = _mm512_add_epi64(counters, four);
    }
    for (int r = 1; r < rounds; ++r) {
      for (size_t i = 0; i < in_flight; ++i) state[i] = _mm512_aesenc_epi128(state[i], keys.k[r]);
    }
    for (size_t i = 0; i < in_flight; ++i) {
      const __m512i stream = _mm512_aesenclast_epi128(state[i], keys.k[rounds]);
      _mm512_storeu_si512(at, combine(_mm512_loadu_si512(at), stream, width, negative));
      at += vector_bytes;
    }
  }
  for (; n_bytes != 0; at += vector_bytes) {
    const __m512i stream = encrypt(keys, counter_bytes(counters));
    counters = _mm512_add_epi64(counters, four);
    const size_t here = n_bytes < vector_bytes ? n_bytes : vector_bytes;
    const __mmask64 mask = ~__mmask64{0} >> (vector_bytes - here);
    _mm512_mask_storeu_epi8(at, mask, combine(_mm512_maskz_loadu_epi8(mask, at), stream, width, negative));
    n_bytes -= here;
  }
}

void add(void* lanes, size_t n_bytes, unsigned width, bool negative, const uint8_t* round_keys, uint64_t block) {
  char* at = static_cast<char*>(lanes);
  // One loop each: width and sign are constants in it.
  switch (width + (negative ? 1U : 0U)) {
    case 2: add_as(at, n_bytes, 2, false, round_keys, block); break;
    case 3: add_as(at, n_bytes, 2, true, round_keys, block); break;
    case 4: add_as(at, n_bytes, 4, false, round_keys, block); break;
    case 5: add_as(at, n_bytes, 4, true, round_keys, block); break;
    case 8: add_as(at, n_bytes, 8, false, round_keys, block); break;
    default: add_as(at, n_bytes, 8, true, round_keys, block); break;
  }
}

constexpr KeyStream instance = {expand, add};

}  // namespace

const KeyStream* key_stream() { return &instance; }

}  // namespace pyzkfl::vaes

#else

namespace pyzkfl::vaes {

const KeyStream* key_stream() { return nullptr; }

}  // namespace pyzkfl::vaes

#endif
