// Batches of affine additions on AVX-512 IFMA, eight at a time (see affine_kernel.h; ifma_point_field.h for form and
// ranges).
//
// Two passes around one inversion: the first multiplies up the denominators, lane by lane, in two interleaved chains;
// the second goes back, and adds. The fast way takes every addition for a chord. Where one is not, an x is zero or the
// product of the denominators is, and the batch is done again the careful way, which looks at each lane.
#include "curves/kernels/affine_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include <type_traits>

#include "curves/kernels/batch_ifma.h"

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

template <class V>
struct alignas(64) Step {
  V denominator, product;
  // Careful only. Lanes that are no chords: tangents, sums that are infinite, equal to the left or to the right
  // operand.
  uint64_t tangent, infinity, left, right, unused[4];
};
static_assert(sizeof(Step<Fp8>) <= 30 * 32 + 64 && sizeof(Step<Fp2x8>) <= 30 * 64 + 64);

template <class V>
PYZKFL_INLINE V load(const uint8_t* const (&row)[8], size_t offset) {
  return unpacked(gather(row, offset, static_cast<const V*>(nullptr)));
}

template <class V>
PYZKFL_INLINE V load_y(const uint8_t* const (&row)[8], __mmask8 negative) {
  return with_sign(negative, load<V>(row, coordinate_bytes<V>));
}

template <class V>
PYZKFL_INLINE V canonical_y(const uint8_t* const (&row)[8], __mmask8 negative) {
  // Below p before its opposite is taken: a coordinate from a file may be any 256 bits.
  const V y = canonical_of_any(load<V>(row, coordinate_bytes<V>));
  return canonical_of_any(carried(with_sign(negative, y)));
}

// The denominator of a group, and which of its lanes have no chord.
template <class V>
PYZKFL_INLINE V classify(Step<V>& step, const Rows& rows) {
  const V x1 = canonical_of_any(load<V>(rows.left, 0)), x2 = canonical_of_any(load<V>(rows.right, 0));
  const V y1 = canonical_y<V>(rows.left, rows.left_negative), y2 = canonical_y<V>(rows.right, rows.right_negative);
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
  d = V::select(tangent, twice(y1), d);
  return V::select(trivial, one_of(static_cast<const V*>(nullptr)), d);
}

template <class V>
PYZKFL_INLINE void finish_carefully(const Step<V>& step, const Rows& rows, const V& inverse) {
  const V x1 = canonical_of_any(load<V>(rows.left, 0)), x2 = canonical_of_any(load<V>(rows.right, 0));
  const V y1 = canonical_y<V>(rows.left, rows.left_negative), y2 = canonical_y<V>(rows.right, rows.right_negative);
  const V rise = V::select(static_cast<__mmask8>(step.tangent), thrice_square(x1), numerator(y1, y2));
  const V slope = mul(rise, inverse);
  V x3 = canonical(abscissa(square(slope), x1, x2));
  V y3 = canonical(ordinate(mul(run(x1, x3), slope), y1));
  const auto pick = [&](uint64_t mask, const V& x, const V& y) {
    x3 = V::select(static_cast<__mmask8>(mask), x, x3);
    y3 = V::select(static_cast<__mmask8>(mask), y, y3);
  };
  pick(step.left, x1, y1);
  pick(step.right, x2, y2);
  pick(step.infinity, V::zero(), V::zero());
  scatter(rows.out, 0, x3);
  scatter(rows.out, coordinate_bytes<V>, y3);
}

template <class V>
PYZKFL_INLINE void finish(const Rows& rows, const V& inverse) {
  const V y1 = load_y<V>(rows.left, rows.left_negative);
  const V slope = mul(numerator(y1, load_y<V>(rows.right, rows.right_negative)), inverse);
  const V x1 = load<V>(rows.left, 0);
  const V x3 = abscissa(square(slope), x1, load<V>(rows.right, 0));
  const V y3 = ordinate(mul(run(x1, x3), slope), y1);
  scatter(rows.out, 0, x3);
  scatter(rows.out, coordinate_bytes<V>, y3);
}

// Two groups at once.
template <class V>
PYZKFL_INLINE void finish(const Rows (&rows)[2], V (&inverse)[2]) {
  V y1[2], numerators[2], squares[2], runs[2], x3[2];
  for (int k = 0; k < 2; ++k) {
    y1[k] = load_y<V>(rows[k].left, rows[k].left_negative);
    numerators[k] = numerator(y1[k], load_y<V>(rows[k].right, rows[k].right_negative));
  }
  V* const slope = inverse;
  mul(slope[0], slope[1], numerators[0], numerators[1], inverse[0], inverse[1]);
  square_uncarried(squares[0], squares[1], slope[0], slope[1]);
  for (int k = 0; k < 2; ++k) {
    const V x1 = load<V>(rows[k].left, 0);
    x3[k] = abscissa(squares[k], x1, load<V>(rows[k].right, 0));
    runs[k] = run(x1, x3[k]);
  }
  mul_uncarried(runs[0], runs[1], runs[0], runs[1], slope[0], slope[1]);
  for (int k = 0; k < 2; ++k) {
    scatter(rows[k].out, 0, x3[k]);
    scatter(rows[k].out, coordinate_bytes<V>, ordinate(runs[k], y1[k]));
  }
}

// The two passes over `groups` groups. up(g) gives a denominator; it may set `stop`, and then, or where a product is
// zero, nothing is written and the answer is false. down(g, inverse) is called for every group, or down(g, inverses) for
// two from g on.
template <class V, class Up, class Down>
[[nodiscard]] PYZKFL_INLINE bool run_batch(uint8_t* scratch, InvertLanes invert_lanes, size_t groups, const bool& stop,
                                           const Up& up, const Down& down) {
  auto* const steps = reinterpret_cast<Step<V>*>(scratch);
  V product[chains];
  for (V& p : product) p = one_of(static_cast<const V*>(nullptr));
  size_t g = 0;
  for (; g + 1 < groups; g += 2) {
    for (size_t c = 0; c < 2; ++c) {
      steps[g + c].denominator = up(g + c);
      steps[g + c].product = product[c];
    }
    mul(product[0], product[1], steps[g].denominator, steps[g + 1].denominator, product[0], product[1]);
  }
  if (g < groups) {
    steps[g].denominator = up(g);
    steps[g].product = product[0];
    product[0] = mul(steps[g].denominator, product[0]);
  }
  if (stop || !invert(product, invert_lanes)) return false;
  if (g < groups) {
    const V own = mul(steps[g].product, product[0]);
    product[0] = mul(steps[g].denominator, product[0]);
    down(g, own);
  }
  while (g > 0) {
    g -= 2;
    V own[2];
    mul(own[0], own[1], steps[g].product, steps[g + 1].product, product[0], product[1]);
    mul(product[0], product[1], steps[g].denominator, steps[g + 1].denominator, product[0], product[1]);
    if constexpr (std::is_invocable_v<Down, size_t, V(&)[2]>) {
      down(g, own);
    } else {
      down(g + 1, own[1]);
      down(g, own[0]);
    }
  }
  return true;
}

template <class V>
constexpr int log2_point_bytes = point_bytes<V> == 64 ? 6 : 7;

PYZKFL_INLINE __m512i iota() { return _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0); }

// Addresses of the points with these indices.
template <class V>
PYZKFL_INLINE __m512i addresses(const uint8_t* base, __m512i indices) {
  return _mm512_add_epi64(_mm512_slli_epi64(indices, log2_point_bytes<V>), splat(reinterpret_cast<uint64_t>(base)));
}

PYZKFL_INLINE __m512i index_of(__m512i refs) { return _mm512_and_si512(refs, splat(sign_bit - 1)); }

// The operands and results of additions, as each entry point is given them: group(g) for eight at once, and the left
// and the right operand of one.
template <class V>
struct PairOperands {
  uint8_t* out;
  const uint8_t* base;
  const uint32_t* refs;

  PYZKFL_INLINE void group(Rows& rows, size_t g) const {
    const __m512i both = _mm512_loadu_si512(refs + 16 * g);
    const unsigned negative = _mm512_movepi32_mask(both);
    rows.left_negative = static_cast<__mmask8>(_pext_u32(negative, 0x5555));
    rows.right_negative = static_cast<__mmask8>(_pext_u32(negative, 0xaaaa));
    _mm512_store_si512(rows.left, addresses<V>(base, index_of(both)));
    _mm512_store_si512(rows.right, addresses<V>(base, index_of(_mm512_srli_epi64(both, 32))));
    _mm512_store_si512(rows.out, addresses<V>(out + 8 * g * point_bytes<V>, iota()));
  }
  PYZKFL_INLINE uint32_t left(size_t i) const { return refs[2 * i]; }
  PYZKFL_INLINE uint32_t right(size_t i) const { return refs[2 * i + 1]; }
  PYZKFL_INLINE const uint8_t* left_base() const { return base; }
  PYZKFL_INLINE uint8_t* result(size_t i) const { return out + i * point_bytes<V>; }
};

template <class V>
struct IntoOperands {
  uint8_t* points;
  const uint32_t* targets;
  const uint8_t* base;
  const uint32_t* refs;

  PYZKFL_INLINE void group(Rows& rows, size_t g) const {
    const auto eight = [&](const uint32_t* from) {
      return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from + 8 * g)));
    };
    const __m512i own = addresses<V>(points, eight(targets));
    const __m512i terms = eight(refs);
    rows.left_negative = 0;
    rows.right_negative = _mm512_test_epi64_mask(terms, splat(sign_bit));
    _mm512_store_si512(rows.left, own);
    _mm512_store_si512(rows.right, addresses<V>(base, index_of(terms)));
    _mm512_store_si512(rows.out, own);
  }
  PYZKFL_INLINE uint32_t left(size_t i) const { return targets[i]; }
  PYZKFL_INLINE uint32_t right(size_t i) const { return refs[i]; }
  PYZKFL_INLINE const uint8_t* left_base() const { return points; }
  PYZKFL_INLINE uint8_t* result(size_t i) const { return points + targets[i] * point_bytes<V>; }
};

// The rows of group g of n additions; idle lanes past the end.
template <class V, class Operands>
PYZKFL_INLINE void fill_rows(Rows& rows, const Operands& operands, size_t g, size_t n, Idle& idle) {
  if (__builtin_expect(8 * g + 8 <= n, 1)) {
    operands.group(rows, g);
    return;
  }
  unsigned left_negative = 0, right_negative = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    const size_t i = 8 * g + lane;
    rows.left[lane] = idle.left;
    rows.right[lane] = idle.right;
    rows.out[lane] = idle.bin;
    if (i >= n) continue;
    const uint32_t left = operands.left(i), right = operands.right(i);
    rows.left[lane] = operands.left_base() + (left & ~sign_bit) * point_bytes<V>;
    rows.right[lane] = operands.base + (right & ~sign_bit) * point_bytes<V>;
    rows.out[lane] = operands.result(i);
    left_negative |= (left >> 31) << lane;
    right_negative |= (right >> 31) << lane;
  }
  rows.left_negative = static_cast<__mmask8>(left_negative);
  rows.right_negative = static_cast<__mmask8>(right_negative);
}

template <class V>
PYZKFL_INLINE void bring_near(const Rows& rows) {
  for (size_t lane = 0; lane < 8; ++lane) {
    for (size_t at = 0; at < point_bytes<V>; at += 64) {
      __builtin_prefetch(rows.left[lane] + at);
      __builtin_prefetch(rows.right[lane] + at);
    }
  }
}

template <class V, class Operands>
__attribute__((noinline)) void add_carefully(uint8_t* scratch, InvertLanes invert_lanes, size_t n,
                                             const Operands& operands) {
  Idle idle;
  auto* const steps = reinterpret_cast<Step<V>*>(scratch);
  const bool never = false;
  const bool done = run_batch<V>(
      scratch, invert_lanes, (n + 7) / 8, never,
      [&](size_t g) {
        Rows rows;
        fill_rows<V>(rows, operands, g, n, idle);
        return classify(steps[g], rows);
      },
      [&](size_t g, const V& inverse) {
        Rows rows;
        fill_rows<V>(rows, operands, g, n, idle);
        finish_carefully(steps[g], rows, inverse);
      });
  static_cast<void>(done);  // always: every denominator is one that is not zero
}

// What the fast way does with inverses, of one group or of two.
template <class V, class Operands>
struct Finish {
  const Operands& operands;
  size_t n;
  Idle& idle;

  PYZKFL_INLINE void operator()(size_t g, const V& inverse) const {
    Rows rows;
    fill_rows<V>(rows, operands, g, n, idle);
    finish(rows, inverse);
  }
  PYZKFL_INLINE void operator()(size_t g, V (&inverses)[2]) const {
    Rows rows[2];
    fill_rows<V>(rows[0], operands, g, n, idle);
    fill_rows<V>(rows[1], operands, g + 1, n, idle);
    finish(rows, inverses);
  }
};

template <class V, class Operands>
PYZKFL_INLINE void add_batch(uint8_t* scratch, InvertLanes invert_lanes, size_t n, const Operands& operands) {
  if (n == 0) return;
  Idle idle;
  constexpr size_t ahead = 4;
  bool infinite = false;
  const bool done = run_batch<V>(
      scratch, invert_lanes, (n + 7) / 8, infinite,
      [&](size_t g) {
        Rows rows;
        if (8 * (g + ahead) + 8 <= n) {
          operands.group(rows, g + ahead);
          bring_near<V>(rows);
        }
        fill_rows<V>(rows, operands, g, n, idle);
        const auto x1 = gather(rows.left, 0, static_cast<const V*>(nullptr));
        const auto x2 = gather(rows.right, 0, static_cast<const V*>(nullptr));
        infinite |= (zero_words(x1) | zero_words(x2)) != 0;
        return denominator(unpacked(x1), unpacked(x2));
      },
      Finish<V, Operands>{operands, n, idle});
  if (!done) add_carefully<V>(scratch, invert_lanes, n, operands);
}

template <class V>
void add_pairs(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* out, const uint8_t* base, const uint32_t* refs,
               size_t n) {
  add_batch<V>(scratch, invert_lanes, n, PairOperands<V>{out, base, refs});
}

template <class V>
void add_into(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* points, const uint32_t* targets,
              const uint8_t* base, const uint32_t* refs, size_t n) {
  add_batch<V>(scratch, invert_lanes, n, IntoOperands<V>{points, targets, base, refs});
}

template <class V>
void double_all(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* points, size_t n) {
  Idle idle;
  idle.left[coordinate_bytes<V>] = 1;  // a y that is not zero
  const auto fill = [&](Rows& rows, size_t g) {
    for (size_t lane = 0; lane < 8; ++lane) {
      const size_t i = 8 * g + lane;
      rows.left[lane] = i < n ? points + i * point_bytes<V> : idle.left;
      rows.out[lane] = i < n ? points + i * point_bytes<V> : idle.bin;
    }
  };
  auto* const steps = reinterpret_cast<Step<V>*>(scratch);
  const bool never = false;
  const bool done = run_batch<V>(
      scratch, invert_lanes, (n + 7) / 8, never,
      [&](size_t g) {
        Rows rows;
        fill(rows, g);
        const auto y = gather(rows.left, coordinate_bytes<V>, static_cast<const V*>(nullptr));
        // No point has order two, so y = 0 is infinity, which has no other form than zeros.
        const __mmask8 infinite = zero_words(y);
        steps[g].infinity = infinite;
        return V::select(infinite, one_of(static_cast<const V*>(nullptr)), twice(unpacked(y)));
      },
      [&](size_t g, const V& inverse) {
        Rows rows;
        fill(rows, g);
        const V x = load<V>(rows.left, 0), y = load<V>(rows.left, coordinate_bytes<V>);
        const V slope = mul(thrice_square(x), inverse);
        const V x3 = abscissa(square(slope), x, x);
        const V y3 = ordinate(mul(run(x, x3), slope), y);
        const auto infinite = static_cast<__mmask8>(steps[g].infinity);
        scatter(rows.out, 0, V::select(infinite, V::zero(), x3));
        scatter(rows.out, coordinate_bytes<V>, V::select(infinite, V::zero(), y3));
      });
  static_cast<void>(done);  // always, for points of the curve
}

template <class V>
constexpr PointKernel kernel = {add_pairs<V>, add_into<V>, double_all<V>};

}  // namespace

const PointKernel* g1_kernel() { return &kernel<Fp8>; }
const PointKernel* g2_kernel() { return &kernel<Fp2x8>; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const PointKernel* g1_kernel() { return nullptr; }
const PointKernel* g2_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
