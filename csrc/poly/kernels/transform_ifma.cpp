// Layers of transforms on AVX-512 IFMA, eight lanes at a time (see transform_kernel.h, fields/kernels/ifma_field.h).
//
// A part of the data that fits the second-level cache is unpacked into limbs of 52 bits, taken through all its layers
// two at a time (radix 4), and packed again. The lanes of a vector are neighbouring elements, so that one twiddle
// factor serves them all; for the last three layers forward (the first three backward), where neighbours meet, eight
// vectors are transposed in registers and each lane has its own factor.
//
// RANGES, in multiples of p, with 16 / 84.6 = 0.19 of a product of a twiddle factor (canonical, unpacked by 16) with x:
// below 1 + 0.19 x. Between steps vectors are uncarried, of value below 9: forward, with the first operand tamed to
// 1.65, a product of the first layer is below 1 + 0.19 * 9 < 3, its operands in the second below 9 + 3, their products
// below 1 + 0.19 * 12 < 4, and sums below 1.65 + 3 + 4 < 9. Backward: sums are below 18, differences lifted by 9 below
// 18 and their products below 4.5, whose sums are below 9; the sum of sums is tamed, and their difference, lifted by
// 18, is below 36 and its product below 8. Limbs are below 2^60 in absolute value: forward, a step adds two products
// (limbs below 2^57) to a tamed operand (2^59); backward, it leaves tamed values, products, and sums of two of these.
#include "poly/kernels/transform_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_fr.h"

namespace pyzkfl::ifma {
namespace {

constexpr size_t row_words = 4;
constexpr size_t first_level_vectors = 64;  // 20 KiB

// A twiddle factor times 16, for all lanes.
struct Twiddle {
  Limbs52 times16;

  PYZKFL_INLINE Factor splatted() const { return ifma::splatted(times16); }
};

PYZKFL_INLINE Twiddle times16(const uint64_t* w) {
  return {{{(w[0] << 4) & mask52, (w[0] >> 48 | w[1] << 16) & mask52, (w[1] >> 36 | w[2] << 28) & mask52,
            (w[2] >> 24 | w[3] << 40) & mask52, w[3] >> 12}}};
}

// -1, as Field has it.
constexpr Limbs64 minus_one = minus_power_of_two(256);

// Where minus the inverse of twiddle factor number `index` is (see poly/twiddles.h).
PYZKFL_INLINE const uint64_t* minus_inverse(const uint64_t* twiddles, size_t index) {
  if (index == 0) return minus_one.l;
  const size_t floor = size_t{1} << (63 - __builtin_clzll(index));
  return twiddles + (3 * floor - 1 - index) * row_words;
}

// ---- Butterflies ---------------------------------------------------------------------------------------------

// a - b + k p.
PYZKFL_INLINE Lanes lifted_difference(const Lanes& a, const Lanes& b, unsigned k) {
  return sub_uncarried(add_uncarried(a, multiple(k)), b);
}

PYZKFL_INLINE Lanes product(const Factor& w, const Lanes& v) { return mul_uncarried(w, carried_unmasked(v)); }

PYZKFL_INLINE void forward2(Lanes& x0, Lanes& x1, const Factor& w) {
  const Lanes r = product(w, x1), a = tamed(x0);
  x0 = add_uncarried(a, r);
  x1 = lifted_difference(a, r, 3);
}

// Two layers: (x0, x2) and (x1, x3) by w1, then (x0, x1) by w2 and (x2, x3) by w3.
PYZKFL_INLINE void forward4(Lanes& x0, Lanes& x1, Lanes& x2, Lanes& x3, const Factor& w1, const Factor& w2,
                            const Factor& w3) {
  const Lanes r3 = product(w1, x3);
  const Lanes s1 = add_uncarried(x1, r3), s3 = lifted_difference(x1, r3, 3);
  const Lanes r2 = product(w1, x2);
  const Lanes a = tamed(x0);
  const Lanes s0 = add_uncarried(a, r2), s2 = lifted_difference(a, r2, 3);
  const Lanes t1 = product(w2, s1);
  x0 = add_uncarried(s0, t1);
  x1 = lifted_difference(s0, t1, 4);
  const Lanes t3 = product(w3, s3);
  x2 = add_uncarried(s2, t3);
  x3 = lifted_difference(s2, t3, 4);
}

PYZKFL_INLINE void inverse2(Lanes& x0, Lanes& x1, const Factor& u) {
  const Lanes difference = lifted_difference(x1, x0, 9);
  x0 = tamed(add_uncarried(x0, x1));
  x1 = product(u, difference);
}

PYZKFL_INLINE void inverse4(Lanes& x0, Lanes& x1, Lanes& x2, Lanes& x3, const Factor& u1, const Factor& u2,
                            const Factor& u3) {
  const Lanes d1 = product(u2, lifted_difference(x1, x0, 9));
  const Lanes s0 = add_uncarried(x0, x1);
  const Lanes d3 = product(u3, lifted_difference(x3, x2, 9));
  const Lanes s2 = add_uncarried(x2, x3);
  x0 = tamed(add_uncarried(s0, s2));
  x2 = product(u1, lifted_difference(s2, s0, 18));
  x1 = add_uncarried(d1, d3);
  x3 = product(u1, lifted_difference(d3, d1, 5));
}

// ---- Layers over vectors whose lanes share their factors -------------------------------------------------------

// One step of two layers on a block of `size` vectors, number `index` among those of its size.
PYZKFL_INLINE void forward_step(Lanes* v, size_t size, size_t index, const uint64_t* twiddles) {
  const Twiddle w1 = times16(twiddles + index * row_words), w2 = times16(twiddles + 2 * index * row_words),
                w3 = times16(twiddles + (2 * index + 1) * row_words);
  const size_t quarter = size / 4;
  for (size_t j = 0; j < quarter; ++j) {
    forward4(v[j], v[j + quarter], v[j + 2 * quarter], v[j + 3 * quarter], w1.splatted(), w2.splatted(), w3.splatted());
  }
}

PYZKFL_INLINE void inverse_step(Lanes* v, size_t size, size_t index, const uint64_t* twiddles) {
  const Twiddle u1 = times16(minus_inverse(twiddles, index)), u2 = times16(minus_inverse(twiddles, 2 * index)),
                u3 = times16(minus_inverse(twiddles, 2 * index + 1));
  const size_t quarter = size / 4;
  for (size_t j = 0; j < quarter; ++j) {
    inverse4(v[j], v[j + quarter], v[j + 2 * quarter], v[j + 3 * quarter], u1.splatted(), u2.splatted(), u3.splatted());
  }
}

// All layers of `size` vectors, a power of two: depth first until a block fits the first-level cache.
__attribute__((noinline)) void forward_vectors(Lanes* v, size_t size, size_t index, const uint64_t* twiddles) {
  if (size > first_level_vectors) {
    forward_step(v, size, index, twiddles);
    for (size_t i = 0; i < 4; ++i) forward_vectors(v + i * (size / 4), size / 4, 4 * index + i, twiddles);
    return;
  }
  size_t block = size, blocks = 1;
  for (; block >= 4; block /= 4, blocks *= 4) {
    for (size_t i = 0; i < blocks; ++i) forward_step(v + i * block, block, index * blocks + i, twiddles);
  }
  if (block == 2) {
    for (size_t i = 0; i < blocks; ++i) {
      forward2(v[2 * i], v[2 * i + 1], times16(twiddles + (index * blocks + i) * row_words).splatted());
    }
  }
}

__attribute__((noinline)) void inverse_vectors(Lanes* v, size_t size, size_t index, const uint64_t* twiddles) {
  if (size > first_level_vectors) {
    for (size_t i = 0; i < 4; ++i) inverse_vectors(v + i * (size / 4), size / 4, 4 * index + i, twiddles);
    inverse_step(v, size, index, twiddles);
    return;
  }
  size_t block = 1, blocks = size;
  // Where the number of layers is odd, one of them alone comes first (and so last on the way forward).
  if ((__builtin_ctzll(size) & 1) != 0) {
    block = 2, blocks = size / 2;
    for (size_t i = 0; i < blocks; ++i) {
      inverse2(v[2 * i], v[2 * i + 1], times16(minus_inverse(twiddles, index * blocks + i)).splatted());
    }
  }
  while (blocks > 1) {
    block *= 4, blocks /= 4;
    for (size_t i = 0; i < blocks; ++i) inverse_step(v + i * block, block, index * blocks + i, twiddles);
  }
}

// ---- The three layers between neighbours -----------------------------------------------------------------------

// The transpose of an 8 x 8 matrix.
PYZKFL_INLINE void transpose(__m512i (&v)[8]) {
  __m512i a[8], b[8];
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]);
    a[2 * i + 1] = _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int odd = 0; odd < 2; ++odd) {
      const __m512i low = a[4 * i + odd], high = a[4 * i + 2 + odd];
      b[4 * i + odd] = _mm512_permutex2var_epi64(low, _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), high);
      b[4 * i + 2 + odd] = _mm512_permutex2var_epi64(low, _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2), high);
    }
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_shuffle_i64x2(b[i], b[4 + i], 0x44);
    v[4 + i] = _mm512_shuffle_i64x2(b[i], b[4 + i], 0xee);
  }
}

PYZKFL_INLINE void transpose(Lanes (&v)[8]) {
  for (int limb = 0; limb < 5; ++limb) {
    __m512i t[8];
    for (int i = 0; i < 8; ++i) t[i] = v[i].l[limb];
    transpose(t);
    for (int i = 0; i < 8; ++i) v[i].l[limb] = t[i];
  }
}

PYZKFL_INLINE const uint8_t* bytes_of(const uint64_t* row) { return reinterpret_cast<const uint8_t*>(row); }

// Twiddle factors number step * (first + lane) + offset, times 16.
PYZKFL_INLINE Factor lane_twiddles(const uint64_t* twiddles, size_t first, size_t step, size_t offset) {
  const uint8_t* rows[8];
  for (size_t lane = 0; lane < 8; ++lane) rows[lane] = bytes_of(twiddles + (step * (first + lane) + offset) * row_words);
  return unpack16(load_rows(rows, 0));
}

// Minus their inverses.
PYZKFL_INLINE Factor lane_inverses(const uint64_t* twiddles, size_t first, size_t step, size_t offset) {
  const uint8_t* rows[8];
  for (size_t lane = 0; lane < 8; ++lane) rows[lane] = bytes_of(minus_inverse(twiddles, step * (first + lane) + offset));
  return unpack16(load_rows(rows, 0));
}

// v[s] holds element s of eight blocks of eight, numbers first .. first + 7, a lane each.
PYZKFL_INLINE void forward_lanes(Lanes (&v)[8], size_t first, const uint64_t* twiddles) {
  {
    const Factor w1 = lane_twiddles(twiddles, first, 1, 0), w2 = lane_twiddles(twiddles, first, 2, 0),
                 w3 = lane_twiddles(twiddles, first, 2, 1);
    forward4(v[0], v[2], v[4], v[6], w1, w2, w3);
    forward4(v[1], v[3], v[5], v[7], w1, w2, w3);
  }
  for (size_t i = 0; i < 4; ++i) forward2(v[2 * i], v[2 * i + 1], lane_twiddles(twiddles, first, 4, i));
}

PYZKFL_INLINE void inverse_lanes(Lanes (&v)[8], size_t first, const uint64_t* twiddles) {
  for (size_t i = 0; i < 4; ++i) inverse2(v[2 * i], v[2 * i + 1], lane_inverses(twiddles, first, 4, i));
  const Factor u1 = lane_inverses(twiddles, first, 1, 0), u2 = lane_inverses(twiddles, first, 2, 0),
               u3 = lane_inverses(twiddles, first, 2, 1);
  inverse4(v[0], v[2], v[4], v[6], u1, u2, u3);
  inverse4(v[1], v[3], v[5], v[7], u1, u2, u3);
}

// ---- Memory ----------------------------------------------------------------------------------------------------

PYZKFL_INLINE Lanes load_vector(const uint64_t* rows) { return unpack(load_consecutive(rows)); }

// Stores a value below 84 p: canonical, or below 1.65 p.
PYZKFL_INLINE void store_vector(uint64_t* rows, const Lanes& v, bool canonical) {
  const Lanes small = tamed(v);
  store_consecutive(rows, canonical ? packed_canonical(small) : pack(carried_unmasked(small)));
}

// Element s of the eight rows of eight elements at `rows`.
PYZKFL_INLINE Words load_column(const uint64_t* rows, size_t s) {
  const uint8_t* row[8];
  for (size_t lane = 0; lane < 8; ++lane) row[lane] = bytes_of(rows + (8 * lane + s) * row_words);
  return load_rows(row, 0);
}

PYZKFL_INLINE void store_column(uint64_t* rows, size_t s, const Words& v) {
  uint8_t* row[8];
  for (size_t lane = 0; lane < 8; ++lane) row[lane] = reinterpret_cast<uint8_t*>(rows + (8 * lane + s) * row_words);
  store_rows(row, 0, v);
}

constexpr size_t most_block_vectors = (size_t{1} << largest_log_block) / 8;
constexpr size_t most_rows = size_t{1} << most_row_layers;

struct alignas(64) Block {
  Lanes v[most_block_vectors];
};

PYZKFL_INLINE void load_and_forward(Block& b, const uint64_t* block, size_t vectors, size_t index,
                                    const uint64_t* twiddles) {
  for (size_t i = 0; i < vectors; ++i) b.v[i] = load_vector(block + 8 * i * row_words);
  forward_vectors(b.v, vectors, index, twiddles);
}

PYZKFL_INLINE void inverse_and_store(Block& b, uint64_t* block, size_t vectors, size_t index, const uint64_t* twiddles,
                                     bool canonical) {
  inverse_vectors(b.v, vectors, index, twiddles);
  for (size_t i = 0; i < vectors; ++i) store_vector(block + 8 * i * row_words, b.v[i], canonical);
}

void forward_block(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles) {
  Block b;
  const size_t vectors = (size_t{1} << log_size) / 8;
  load_and_forward(b, block, vectors, index, twiddles);
  for (size_t g = 0; g < vectors; g += 8) {
    Lanes v[8];
    for (size_t i = 0; i < 8; ++i) v[i] = carried(b.v[g + i]);
    transpose(v);
    forward_lanes(v, index * vectors + g, twiddles);
    for (size_t s = 0; s < 8; ++s) store_column(block + 8 * g * row_words, s, packed_canonical(tamed(v[s])));
  }
}

void inverse_block(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles, const uint64_t* by,
                   bool canonical) {
  Block b;
  const size_t vectors = (size_t{1} << log_size) / 8;
  const Twiddle factor = times16(by);
  for (size_t g = 0; g < vectors; g += 8) {
    Lanes v[8];
    for (size_t s = 0; s < 8; ++s) {
      v[s] = mul_uncarried(factor.splatted(), unpack_factor(load_column(block + 8 * g * row_words, s)));
    }
    inverse_lanes(v, index * vectors + g, twiddles);
    transpose(v);
    for (size_t i = 0; i < 8; ++i) b.v[g + i] = v[i];
  }
  inverse_and_store(b, block, vectors, index, twiddles, canonical);
}

// Both, with element j times factors[j] by in between; by16 is 16 by, so that their product serves as a factor.
void extend_block(uint64_t* block, unsigned log_size, size_t index, const uint64_t* twiddles, const uint64_t* factors,
                  const uint64_t* by16, bool canonical) {
  Block b;
  const size_t vectors = (size_t{1} << log_size) / 8;
  const Twiddle by = times16(by16);
  load_and_forward(b, block, vectors, index, twiddles);
  for (size_t g = 0; g < vectors; g += 8) {
    Lanes v[8];
    for (size_t i = 0; i < 8; ++i) v[i] = carried(b.v[g + i]);
    transpose(v);
    forward_lanes(v, index * vectors + g, twiddles);
    for (size_t s = 0; s < 8; ++s) {
      const Words own = load_column(factors + 8 * g * row_words, s);
      const Lanes factor = product(by.splatted(), unpack(own));
      v[s] = mul_uncarried(carried_unmasked(factor), carried_unmasked(v[s]));
    }
    inverse_lanes(v, index * vectors + g, twiddles);
    transpose(v);
    for (size_t i = 0; i < 8; ++i) b.v[g + i] = v[i];
  }
  inverse_and_store(b, block, vectors, index, twiddles, canonical);
}

struct alignas(64) Column {
  Lanes v[most_rows];
};

void forward_rows(uint64_t* block, unsigned layers, size_t row_length, size_t begin, size_t end, size_t index,
                  const uint64_t* twiddles) {
  Column c;
  const size_t rows = size_t{1} << layers;
  for (size_t at = begin; at < end; at += 8) {
    for (size_t i = 0; i < rows; ++i) c.v[i] = load_vector(block + (i * row_length + at) * row_words);
    forward_vectors(c.v, rows, index, twiddles);
    for (size_t i = 0; i < rows; ++i) store_vector(block + (i * row_length + at) * row_words, c.v[i], false);
  }
}

void inverse_rows(uint64_t* block, unsigned layers, size_t row_length, size_t begin, size_t end, size_t index,
                  const uint64_t* twiddles, bool canonical) {
  Column c;
  const size_t rows = size_t{1} << layers;
  for (size_t at = begin; at < end; at += 8) {
    for (size_t i = 0; i < rows; ++i) c.v[i] = load_vector(block + (i * row_length + at) * row_words);
    inverse_vectors(c.v, rows, index, twiddles);
    for (size_t i = 0; i < rows; ++i) store_vector(block + (i * row_length + at) * row_words, c.v[i], canonical);
  }
}

constexpr TransformLayers layers = {forward_block, inverse_block, extend_block, forward_rows, inverse_rows};

}  // namespace

const TransformLayers* transform_layers() { return &layers; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const TransformLayers* transform_layers() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
