// Batches of affine additions on AVX-512 IFMA, eight at a time (see affine_kernel.h; ifma_point_field.h for form and
// ranges).
//
// Two passes around one inversion: the first multiplies up the denominators, lane by lane, in two interleaved chains;
// the second goes back, and adds. The fast way takes every addition for a chord. Where one is not, an x is zero or the
// product of the denominators is, and the batch is done again the careful way, which looks at each lane.
//
// The body of affine_g1_ifma.cpp and affine_g2_ifma.cpp, which include their coordinates before it.
#pragma once

#include "curves/kernels/affine_ifma.h"
#include "curves/kernels/ifma_inversion.h"

namespace pyzkfl::ifma {
namespace {

constexpr uint32_t sign_bit = uint32_t{1} << 31;

// Where the eight lanes of a group are read and written.
struct alignas(64) Rows {
  const uint8_t* left[8];
  const uint8_t* right[8];
  uint8_t* out[8];
  __mmask8 left_negative, right_negative;
};

// Lanes past the end of a batch add these two "points" (their x differ, and nothing else matters) into a bin.
struct alignas(64) Idle {
  uint8_t left[128] = {1}, right[128] = {2}, bin[128];
};

struct alignas(64) Step {
  V denominator, product;
  // Careful only. Lanes that are no chords: tangents, sums that are infinite, equal to the left or to the right
  // operand.
  uint64_t tangent, infinity, left, right, unused[4];
};
static_assert(sizeof(Step) <= step_coordinates * coordinate_bytes + step_flag_bytes);

PYZKFL_INLINE V load(const uint8_t* const (&row)[8], size_t offset) {
  return unpacked(gather(row, offset));
}

PYZKFL_INLINE V load_y(const uint8_t* const (&row)[8], __mmask8 negative) {
  return with_sign(negative, load(row, coordinate_bytes));
}

PYZKFL_INLINE V canonical_y(const uint8_t* const (&row)[8], __mmask8 negative) {
  // Below p before its opposite is taken: a coordinate from a file may be any 256 bits.
  const V y = canonical_of_any(load(row, coordinate_bytes));
  return canonical_of_any(carried(with_sign(negative, y)));
}

// The denominator of a group, and which of its lanes have no chord.
PYZKFL_INLINE V classify(Step& step, const Rows& rows) {
  const V x1 = canonical_of_any(load(rows.left, 0)), x2 = canonical_of_any(load(rows.right, 0));
  const V y1 = canonical_y(rows.left, rows.left_negative), y2 = canonical_y(rows.right, rows.right_negative);
  // 3p - 0 is zero too: the opposite of infinity is infinity.
  const __mmask8 infinite1 = zero_lanes(x1) & zero_lanes(y1);
  const __mmask8 infinite2 = zero_lanes(x2) & zero_lanes(y2);
  const __mmask8 same_x = equal_lanes(x1, x2);
  const __mmask8 same_y = equal_lanes(y1, y2);
  const auto finite = static_cast<__mmask8>(~(infinite1 | infinite2));
  const auto tangent = static_cast<__mmask8>(finite & same_x & same_y & ~zero_lanes(y1));
  step.left = infinite2;
  step.right = static_cast<__mmask8>(infinite1 & ~infinite2);
  step.tangent = tangent;
  step.infinity = static_cast<__mmask8>(finite & same_x & ~tangent);
  const auto trivial = static_cast<__mmask8>(step.left | step.right | step.infinity);
  V d = denominator(x1, x2);
  d = select(tangent, twice(y1), d);
  return select(trivial, one(), d);
}

PYZKFL_INLINE void pick(V& x3, V& y3, uint64_t mask, const V& x, const V& y) {
  x3 = select(static_cast<__mmask8>(mask), x, x3);
  y3 = select(static_cast<__mmask8>(mask), y, y3);
}

PYZKFL_INLINE void finish_carefully(const Step& step, const Rows& rows, const V& inverse) {
  const V x1 = canonical_of_any(load(rows.left, 0)), x2 = canonical_of_any(load(rows.right, 0));
  const V y1 = canonical_y(rows.left, rows.left_negative), y2 = canonical_y(rows.right, rows.right_negative);
  const V rise = select(static_cast<__mmask8>(step.tangent), thrice_square(x1), numerator(y1, y2));
  const V slope = mul(rise, inverse);
  V x3 = canonical(abscissa(square(slope), x1, x2));
  V y3 = canonical(ordinate(mul(run(x1, x3), slope), y1));
  const V zeros = zero_coordinate();
  pick(x3, y3, step.left, x1, y1);
  pick(x3, y3, step.right, x2, y2);
  pick(x3, y3, step.infinity, zeros, zeros);
  scatter(rows.out, 0, x3);
  scatter(rows.out, coordinate_bytes, y3);
}

PYZKFL_INLINE void finish(const Rows& rows, const V& inverse) {
  const V y1 = load_y(rows.left, rows.left_negative);
  const V slope = mul(numerator(y1, load_y(rows.right, rows.right_negative)), inverse);
  const V x1 = load(rows.left, 0);
  const V x3 = abscissa(square(slope), x1, load(rows.right, 0));
  const V y3 = ordinate(mul(run(x1, x3), slope), y1);
  scatter(rows.out, 0, x3);
  scatter(rows.out, coordinate_bytes, y3);
}

// Two groups at once.
PYZKFL_INLINE void finish(const Rows (&rows)[2], V (&inverse)[2]) {
  V y1[2], numerators[2], squares[2], runs[2], x3[2];
  for (int k = 0; k < 2; ++k) {
    y1[k] = load_y(rows[k].left, rows[k].left_negative);
    numerators[k] = numerator(y1[k], load_y(rows[k].right, rows[k].right_negative));
  }
  V* const slope = inverse;
  mul(slope[0], slope[1], numerators[0], numerators[1], inverse[0], inverse[1]);
  square_uncarried(squares[0], squares[1], slope[0], slope[1]);
  for (int k = 0; k < 2; ++k) {
    const V x1 = load(rows[k].left, 0);
    x3[k] = abscissa(squares[k], x1, load(rows[k].right, 0));
    runs[k] = run(x1, x3[k]);
  }
  mul_uncarried(runs[0], runs[1], runs[0], runs[1], slope[0], slope[1]);
  for (int k = 0; k < 2; ++k) {
    scatter(rows[k].out, 0, x3[k]);
    scatter(rows[k].out, coordinate_bytes, ordinate(runs[k], y1[k]));
  }
}

// ---- What is added ---------------------------------------------------------------------------------------------

// The three entry points: out[i] = refs[2i] + refs[2i + 1] of base, out[targets[i]] += refs[i] of base,
// out[i] = 2 out[i].
enum class Sums { pairs, into, doubles };

struct Batch {
  uint8_t* scratch;
  InvertLanes invert_lanes;
  size_t n;
  uint8_t* out;
  const uint32_t* targets;
  const uint8_t* base;
  const uint32_t* refs;
};

// Addresses of the points with these indices.
PYZKFL_INLINE __m512i addresses(const uint8_t* base, __m512i indices) {
  return _mm512_add_epi64(_mm512_slli_epi64(indices, log2_point_bytes), splat(reinterpret_cast<uint64_t>(base)));
}
PYZKFL_INLINE __m512i eight_from(const uint8_t* base, size_t first) {
  return addresses(base + first * point_bytes, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
}
PYZKFL_INLINE __m512i eight_numbers(const uint32_t* from) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from)));
}
PYZKFL_INLINE __m512i index_of(__m512i refs) { return _mm512_and_si512(refs, splat(sign_bit - 1)); }

// The rows of group g, where all its eight sums are to be done.
PYZKFL_INLINE void full_rows(Rows& rows, const Batch& batch, Sums sums, size_t g) {
  rows.left_negative = rows.right_negative = 0;
  if (sums == Sums::pairs) {
    const __m512i both = _mm512_loadu_si512(batch.refs + 16 * g);
    const unsigned negative = _mm512_movepi32_mask(both);
    rows.left_negative = static_cast<__mmask8>(_pext_u32(negative, 0x5555));
    rows.right_negative = static_cast<__mmask8>(_pext_u32(negative, 0xaaaa));
    _mm512_store_si512(rows.left, addresses(batch.base, index_of(both)));
    _mm512_store_si512(rows.right, addresses(batch.base, index_of(_mm512_srli_epi64(both, 32))));
    _mm512_store_si512(rows.out, eight_from(batch.out, 8 * g));
  } else if (sums == Sums::into) {
    const __m512i own = addresses(batch.out, eight_numbers(batch.targets + 8 * g));
    const __m512i terms = eight_numbers(batch.refs + 8 * g);
    rows.right_negative = _mm512_test_epi64_mask(terms, splat(sign_bit));
    _mm512_store_si512(rows.left, own);
    _mm512_store_si512(rows.right, addresses(batch.base, index_of(terms)));
    _mm512_store_si512(rows.out, own);
  } else {
    const __m512i own = eight_from(batch.out, 8 * g);
    _mm512_store_si512(rows.left, own);
    _mm512_store_si512(rows.right, own);
    _mm512_store_si512(rows.out, own);
  }
}

// One lane of a group that is not full: addition number i.
PYZKFL_INLINE void fill_lane(Rows& rows, const Batch& batch, Sums sums, size_t i, unsigned lane) {
  const uint8_t* left_base = batch.out;
  uint32_t left = static_cast<uint32_t>(i), right = 0;
  if (sums == Sums::pairs) {
    left_base = batch.base;
    left = batch.refs[2 * i];
    right = batch.refs[2 * i + 1];
  } else if (sums == Sums::into) {
    left = batch.targets[i];
    right = batch.refs[i];
  }
  rows.left[lane] = left_base + (left & ~sign_bit) * point_bytes;
  if (sums != Sums::doubles) rows.right[lane] = batch.base + (right & ~sign_bit) * point_bytes;
  rows.out[lane] = batch.out + (sums == Sums::pairs ? i : left) * point_bytes;
  rows.left_negative = static_cast<__mmask8>(rows.left_negative | (left >> 31) << lane);
  rows.right_negative = static_cast<__mmask8>(rows.right_negative | (right >> 31) << lane);
}

// The rows of group g; idle lanes past the end.
PYZKFL_INLINE void fill_rows(Rows& rows, const Batch& batch, Sums sums, size_t g, Idle& idle) {
  if (__builtin_expect(8 * g + 8 <= batch.n, 1)) {
    full_rows(rows, batch, sums, g);
    return;
  }
  rows.left_negative = rows.right_negative = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    rows.left[lane] = idle.left;
    rows.right[lane] = idle.right;
    rows.out[lane] = idle.bin;
    if (8 * g + lane < batch.n) fill_lane(rows, batch, sums, 8 * g + lane, lane);
  }
}

PYZKFL_INLINE void bring_near(const Rows& rows) {
  for (size_t lane = 0; lane < 8; ++lane) {
    for (size_t at = 0; at < point_bytes; at += 64) {
      __builtin_prefetch(rows.left[lane] + at);
      __builtin_prefetch(rows.right[lane] + at);
    }
  }
}

// ---- The two passes --------------------------------------------------------------------------------------------

// The denominator of a group; `infinite` is set if the fast way finds a point that may be infinite.
PYZKFL_INLINE V denominator_of(Step& step, const Batch& batch, Sums sums, bool careful, size_t g, Idle& idle,
                               bool& infinite) {
  constexpr size_t ahead = 4;
  Rows rows;
  if (sums == Sums::doubles) {
    fill_rows(rows, batch, sums, g, idle);
    const VWords y = gather(rows.left, coordinate_bytes);
    // No point has order two, so y = 0 is infinity, which has no other form than zeros.
    const __mmask8 zeros = zero_words(y);
    step.infinity = zeros;
    return select(zeros, one(), twice(unpacked(y)));
  }
  if (careful) {
    fill_rows(rows, batch, sums, g, idle);
    return classify(step, rows);
  }
  if (8 * (g + ahead) + 8 <= batch.n) {
    full_rows(rows, batch, sums, g + ahead);
    bring_near(rows);
  }
  fill_rows(rows, batch, sums, g, idle);
  const VWords x1 = gather(rows.left, 0), x2 = gather(rows.right, 0);
  infinite |= (zero_words(x1) | zero_words(x2)) != 0;
  return denominator(unpacked(x1), unpacked(x2));
}

PYZKFL_INLINE void finish_doubling(const Step& step, const Rows& rows, const V& inverse) {
  const V x = load(rows.left, 0), y = load(rows.left, coordinate_bytes);
  const V slope = mul(thrice_square(x), inverse);
  const V x3 = abscissa(square(slope), x, x);
  const V y3 = ordinate(mul(run(x, x3), slope), y);
  const __mmask8 infinite = static_cast<__mmask8>(step.infinity);
  scatter(rows.out, 0, select(infinite, zero_coordinate(), x3));
  scatter(rows.out, coordinate_bytes, select(infinite, zero_coordinate(), y3));
}

// The sums of a group, by the inverses of its denominators.
PYZKFL_INLINE void finish_group(const Step& step, const Batch& batch, Sums sums, bool careful, size_t g, Idle& idle,
                                const V& inverse) {
  Rows rows;
  fill_rows(rows, batch, sums, g, idle);
  if (sums == Sums::doubles) {
    finish_doubling(step, rows, inverse);
  } else if (careful) {
    finish_carefully(step, rows, inverse);
  } else {
    finish(rows, inverse);
  }
}

// The whole batch. False if the fast way cannot do it (a point may be infinite, or a product is zero); then nothing has
// been written. The careful way and doublings always can: every denominator is one that is not zero.
[[nodiscard]] PYZKFL_INLINE bool run_batch(const Batch& batch, Sums sums, bool careful, Idle& idle) {
  Step* const steps = reinterpret_cast<Step*>(batch.scratch);
  const size_t groups = (batch.n + 7) / 8;
  V product[chains] = {one(), one()};
  bool infinite = false;
  size_t g = 0;
  for (; g + 1 < groups; g += 2) {
    for (size_t c = 0; c < 2; ++c) {
      steps[g + c].denominator = denominator_of(steps[g + c], batch, sums, careful, g + c, idle, infinite);
      steps[g + c].product = product[c];
    }
    mul(product[0], product[1], steps[g].denominator, steps[g + 1].denominator, product[0], product[1]);
  }
  if (g < groups) {
    steps[g].denominator = denominator_of(steps[g], batch, sums, careful, g, idle, infinite);
    steps[g].product = product[0];
    product[0] = mul(steps[g].denominator, product[0]);
  }
  if (infinite || !invert(product, batch.invert_lanes)) return false;
  if (g < groups) {
    const V own = mul(steps[g].product, product[0]);
    product[0] = mul(steps[g].denominator, product[0]);
    finish_group(steps[g], batch, sums, careful, g, idle, own);
  }
  while (g > 0) {
    g -= 2;
    V own[2];
    mul(own[0], own[1], steps[g].product, steps[g + 1].product, product[0], product[1]);
    mul(product[0], product[1], steps[g].denominator, steps[g + 1].denominator, product[0], product[1]);
    if (sums == Sums::doubles || careful) {
      finish_group(steps[g + 1], batch, sums, careful, g + 1, idle, own[1]);
      finish_group(steps[g], batch, sums, careful, g, idle, own[0]);
    } else {
      Rows rows[2];
      fill_rows(rows[0], batch, sums, g, idle);
      fill_rows(rows[1], batch, sums, g + 1, idle);
      finish(rows, own);
    }
  }
  return true;
}

// ---- Entry points ----------------------------------------------------------------------------------------------

__attribute__((noinline)) void add_carefully(const Batch& batch, Sums sums) {
  if (sums == Sums::doubles) return;  // never: they have no other way
  Idle idle;
  static_cast<void>(run_batch(batch, sums, true, idle));
}

PYZKFL_INLINE void add_batch(const Batch& batch, Sums sums) {
  if (batch.n == 0) return;
  Idle idle;
  if (!run_batch(batch, sums, false, idle)) add_carefully(batch, sums);
}

void add_pairs(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* out, const uint8_t* base, const uint32_t* refs,
               size_t n) {
  add_batch({scratch, invert_lanes, n, out, nullptr, base, refs}, Sums::pairs);
}

void add_into(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* points, const uint32_t* targets, const uint8_t* base,
              const uint32_t* refs, size_t n) {
  add_batch({scratch, invert_lanes, n, points, targets, base, refs}, Sums::into);
}

void double_all(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* points, size_t n) {
  Idle idle;
  idle.left[coordinate_bytes] = 1;  // a y that is not zero
  const Batch batch = {scratch, invert_lanes, n, points, nullptr, points, nullptr};
  static_cast<void>(run_batch(batch, Sums::doubles, false, idle));
}

constexpr PointKernel kernel = {add_pairs, add_into, double_all};

}  // namespace
}  // namespace pyzkfl::ifma
