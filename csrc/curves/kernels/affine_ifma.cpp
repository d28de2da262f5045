// Batches of affine additions on AVX-512 IFMA, eight at a time (see affine_kernel.h, fields/kernels/ifma_field.h).
//
// Two passes around one inversion, as in the portable kernel: the first multiplies up the denominators, lane
// by lane, in two interleaved chains (one product's latency is longer than its work); the second goes back,
// and adds.
#include "curves/kernels/affine_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

constexpr uint32_t sign_bit = uint32_t{1} << 31;
constexpr size_t chains = 2;

template <class V>
constexpr size_t coordinate_words = sizeof(V) / sizeof(Fp8) * 4;

// Where the eight lanes of a group are read and written.
struct alignas(64) Rows {
  const uint64_t* left[8];
  const uint64_t* right[8];
  uint64_t* out[8];
  __mmask8 left_negative, right_negative;
};

// Lanes past the end of a batch add these two "points" (their x differ, and nothing else matters) into a bin.
struct alignas(64) Idle {
  uint64_t left[16], right[16], bin[16];
};

template <class V>
struct Group {
  V denominator, product;
  // Lanes that are no chords: tangents, sums that are infinite, equal to the left or to the right operand.
  uint64_t special, tangent, infinity, left, right, unused[3];
};

template <class V>
PYZKFL_INLINE V load(const uint64_t* const (&row)[8], size_t offset) {
  return load(row, offset, static_cast<const V*>(nullptr));
}

// y, or p - y, without carrying.
template <class V>
PYZKFL_INLINE V load_y(const uint64_t* const (&row)[8], __mmask8 negative) {
  return negated_uncarried(negative, load<V>(row, coordinate_words<V>));
}

// Sets the group's denominators where some lane is not an ordinary chord. Rare, so not inlined.
template <class V>
__attribute__((noinline)) void classify(Group<V>& group, const Rows& rows, const V& x1, const V& x2) {
  const V y1 = canonical(carried(load_y<V>(rows.left, rows.left_negative)));
  const V y2 = canonical(carried(load_y<V>(rows.right, rows.right_negative)));
  const __mmask8 infinite1 = zero_lanes(x1) & zero_lanes(y1);
  const __mmask8 infinite2 = zero_lanes(x2) & zero_lanes(y2);
  const __mmask8 same_x = equal_lanes(x1, x2);
  const __mmask8 same_y = equal_lanes(y1, y2);
  const __mmask8 finite = static_cast<__mmask8>(~(infinite1 | infinite2));
  group.left = infinite2;
  group.right = static_cast<__mmask8>(infinite1 & ~infinite2);
  group.tangent = static_cast<__mmask8>(finite & same_x & same_y);
  group.infinity = static_cast<__mmask8>(finite & same_x & ~same_y);
  group.special = group.left | group.right | group.tangent | group.infinity;
  const auto trivial = static_cast<__mmask8>(group.left | group.right | group.infinity);
  group.denominator = V::select(static_cast<__mmask8>(group.tangent), twice(y1), group.denominator);
  group.denominator = V::select(trivial, one_of(static_cast<const V*>(nullptr)), group.denominator);
}

template <class V>
PYZKFL_INLINE void prepare(Group<V>& group, const Rows& rows) {
  const V x1 = load<V>(rows.left, 0);
  const V x2 = load<V>(rows.right, 0);
  group.denominator = difference(x2, x1);
  _mm512_store_si512(&group.special, _mm512_setzero_si512());  // and the masks after it
  if (__builtin_expect((equal_lanes(x1, x2) | zero_lanes(x1) | zero_lanes(x2)) != 0, 0))
    classify(group, rows, x1, x2);
}

template <class V>
__attribute__((noinline)) void finish_special(const Group<V>& group, const Rows& rows, const V& inverse) {
  const V x1 = load<V>(rows.left, 0), x2 = load<V>(rows.right, 0);
  const V y1 = canonical(carried(load_y<V>(rows.left, rows.left_negative)));
  const V y2 = canonical(carried(load_y<V>(rows.right, rows.right_negative)));
  const V numerator = V::select(static_cast<__mmask8>(group.tangent), thrice(square(x1)), difference(y2, y1));
  const V slope = mul(numerator, inverse);
  V x3 = minus_both(square(slope), x1, x2);
  V y3 = minus(mul(slope, difference(x1, x3)), y1);
  const auto pick = [&](uint64_t mask, const V& x, const V& y) {
    x3 = V::select(static_cast<__mmask8>(mask), x, x3);
    y3 = V::select(static_cast<__mmask8>(mask), y, y3);
  };
  pick(group.left, x1, y1);
  pick(group.right, x2, y2);
  pick(group.infinity, V::zero(), V::zero());
  store(rows.out, 0, x3);
  store(rows.out, coordinate_words<V>, y3);
}

// Sums of `chains` groups, stage by stage: one group's chain of products takes longer than its work, two
// together keep the multipliers busy.
template <class V>
PYZKFL_INLINE void finish(const Group<V>* groups, const Rows (&rows)[chains], const V (&inverse)[chains]) {
  uint64_t special = 0;
  for (size_t c = 0; c < chains; ++c) special |= groups[c].special;
  if (__builtin_expect(special != 0, 0)) {
    for (size_t c = 0; c < chains; ++c) finish_special(groups[c], rows[c], inverse[c]);
    return;
  }
  V x1[chains], y1[chains], slope[chains], x3[chains], t[chains];
  for (size_t c = 0; c < chains; ++c) {
    y1[c] = load_y<V>(rows[c].left, rows[c].left_negative);
    t[c] = difference(load_y<V>(rows[c].right, rows[c].right_negative), y1[c]);
  }
  for (size_t c = 0; c < chains; ++c) slope[c] = mul(t[c], inverse[c]);
  for (size_t c = 0; c < chains; ++c) t[c] = square(slope[c]);
  for (size_t c = 0; c < chains; ++c) {
    x1[c] = load<V>(rows[c].left, 0);
    x3[c] = minus_both(t[c], x1[c], load<V>(rows[c].right, 0));
    t[c] = difference(x1[c], x3[c]);
  }
  for (size_t c = 0; c < chains; ++c) t[c] = mul(slope[c], t[c]);
  for (size_t c = 0; c < chains; ++c) {
    store(rows[c].out, 0, x3[c]);
    store(rows[c].out, coordinate_words<V>, minus(t[c], y1[c]));
  }
}

// The inverses of the lanes of `product`, by way of memory.
template <class V>
V inverted(const V& product, Invert8 invert) {
  constexpr size_t words = coordinate_words<V>;
  alignas(64) uint64_t values[8 * words];
  uint64_t* out[8];
  const uint64_t* in[8];
  for (size_t i = 0; i < 8; ++i) in[i] = out[i] = values + i * words;
  store(out, 0, canonical(product));
  invert(values);
  return load<V>(in, 0);
}

// The two passes over `count` groups, a multiple of `chains`. prepare_group(group, g) sets a denominator;
// finish_groups(group, g, inverses) uses those of the groups g .. g + chains - 1.
template <class V, class Prepare, class Finish>
PYZKFL_INLINE void batch(uint64_t* scratch, Invert8 invert, size_t count, const Prepare& prepare_group,
                         const Finish& finish_groups) {
  auto* groups = reinterpret_cast<Group<V>*>(scratch);
  V product[chains];
  for (auto& p : product) p = one_of(static_cast<const V*>(nullptr));
  for (size_t g = 0; g < count; g += chains) {
    for (size_t c = 0; c < chains; ++c) prepare_group(groups[g + c], g + c);
    for (size_t c = 0; c < chains; ++c) {
      groups[g + c].product = product[c];
      product[c] = mul(product[c], groups[g + c].denominator);
    }
  }
  static_assert(chains == 2);
  const V both = inverted(mul(product[0], product[1]), invert);
  V inverse[chains] = {mul(both, product[1]), mul(both, product[0])};
  for (size_t g = count; g > 0;) {
    g -= chains;
    V own[chains];
    for (size_t c = 0; c < chains; ++c) own[c] = mul(inverse[c], groups[g + c].product);
    for (size_t c = 0; c < chains; ++c) inverse[c] = mul(inverse[c], groups[g + c].denominator);
    finish_groups(groups + g, g, own);
  }
}

// How many groups hold n additions, rounded up for batch().
PYZKFL_INLINE size_t group_count(size_t n) { return (n + 8 * chains - 1) / (8 * chains) * chains; }

template <class V>
constexpr size_t point_words = 2 * coordinate_words<V>;
template <class V>
constexpr int log2_point_bytes = point_words<V> == 8 ? 6 : 7;

PYZKFL_INLINE __m512i iota() { return _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0); }

// Addresses of the points with these indices.
template <class V>
PYZKFL_INLINE __m512i addresses(const uint64_t* base, __m512i indices) {
  return _mm512_add_epi64(_mm512_slli_epi64(indices, log2_point_bytes<V>),
                          splat(reinterpret_cast<uint64_t>(base)));
}

PYZKFL_INLINE __m512i index_of(__m512i refs) { return _mm512_and_si512(refs, splat(sign_bit - 1)); }

// The operands and results of additions, as each entry point is given them: group(g) for eight at once, and
// the left and the right operand of one.
template <class V>
struct PairOperands {
  uint64_t* out;
  const uint64_t* base;
  const uint32_t* refs;

  PYZKFL_INLINE void group(Rows& rows, size_t g) const {
    const __m512i both = _mm512_loadu_si512(refs + 16 * g);
    const unsigned negative = _mm512_movepi32_mask(both);
    rows.left_negative = static_cast<__mmask8>(_pext_u32(negative, 0x5555));
    rows.right_negative = static_cast<__mmask8>(_pext_u32(negative, 0xaaaa));
    _mm512_store_si512(rows.left, addresses<V>(base, index_of(both)));
    _mm512_store_si512(rows.right, addresses<V>(base, index_of(_mm512_srli_epi64(both, 32))));
    _mm512_store_si512(rows.out, addresses<V>(out + 8 * g * point_words<V>, iota()));
  }
  PYZKFL_INLINE uint32_t left(size_t i) const { return refs[2 * i]; }
  PYZKFL_INLINE uint32_t right(size_t i) const { return refs[2 * i + 1]; }
  PYZKFL_INLINE const uint64_t* left_base() const { return base; }
  PYZKFL_INLINE uint64_t* result(size_t i) const { return out + i * point_words<V>; }
};

template <class V>
struct IntoOperands {
  uint64_t* points;
  const uint32_t* targets;
  const uint64_t* base;
  const uint32_t* refs;

  PYZKFL_INLINE void group(Rows& rows, size_t g) const {
    const auto eight = [&](const uint32_t* from) {
      return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 8 * g)));
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
  PYZKFL_INLINE const uint64_t* left_base() const { return points; }
  PYZKFL_INLINE uint64_t* result(size_t i) const { return points + targets[i] * point_words<V>; }
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
    rows.left[lane] = operands.left_base() + (left & ~sign_bit) * point_words<V>;
    rows.right[lane] = operands.base + (right & ~sign_bit) * point_words<V>;
    rows.out[lane] = operands.result(i);
    left_negative |= (left >> 31) << lane;
    right_negative |= (right >> 31) << lane;
  }
  rows.left_negative = static_cast<__mmask8>(left_negative);
  rows.right_negative = static_cast<__mmask8>(right_negative);
}

template <class V, class Operands>
PYZKFL_INLINE void add_batch(uint64_t* scratch, Invert8 invert, size_t n, const Operands& operands) {
  if (n == 0) return;
  Idle idle = {};
  idle.left[0] = 1;
  idle.right[0] = 2;
  constexpr size_t ahead = 4;
  batch<V>(
      scratch, invert, group_count(n),
      [&](Group<V>& group, size_t g) {
        Rows rows;
        if (8 * (g + ahead) + 8 <= n) {
          operands.group(rows, g + ahead);
          for (size_t lane = 0; lane < 8; ++lane) {
            for (size_t word = 0; word < point_words<V>; word += 8) {
              __builtin_prefetch(rows.left[lane] + word);
              __builtin_prefetch(rows.right[lane] + word);
            }
          }
        }
        fill_rows<V>(rows, operands, g, n, idle);
        prepare(group, rows);
      },
      [&](const Group<V>* groups, size_t g, const V(&inverse)[chains]) {
        Rows rows[chains];
        for (size_t c = 0; c < chains; ++c) fill_rows<V>(rows[c], operands, g + c, n, idle);
        finish(groups, rows, inverse);
      });
}

template <class V>
void add_pairs(uint64_t* scratch, Invert8 invert, uint64_t* out, const uint64_t* base, const uint32_t* refs,
               size_t n) {
  add_batch<V>(scratch, invert, n, PairOperands<V>{out, base, refs});
}

template <class V>
void add_into(uint64_t* scratch, Invert8 invert, uint64_t* points, const uint32_t* targets,
              const uint64_t* base, const uint32_t* refs, size_t n) {
  add_batch<V>(scratch, invert, n, IntoOperands<V>{points, targets, base, refs});
}

// The rows of group g of n points: points[at(i)] with its sign as the left operand, out[i] as the result.
template <class V, class At>
PYZKFL_INLINE void fill_single(Rows& rows, uint64_t* out, size_t g, size_t n, Idle& idle, const At& at) {
  unsigned negative = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    const size_t i = 8 * g + lane;
    rows.left[lane] = idle.left;
    rows.out[lane] = idle.bin;
    if (i >= n) continue;
    bool sign = false;
    rows.left[lane] = at(i, sign);
    rows.out[lane] = out + i * point_words<V>;
    negative |= static_cast<unsigned>(sign) << lane;
  }
  rows.left_negative = static_cast<__mmask8>(negative);
}

template <class V>
void double_all(uint64_t* scratch, Invert8 invert, uint64_t* points, size_t n) {
  if (n == 0) return;
  Idle idle = {};
  idle.left[coordinate_words<V>] = 1;  // a y that is not zero
  const auto at = [=](size_t i, bool&) -> const uint64_t* { return points + i * point_words<V>; };
  batch<V>(
      scratch, invert, group_count(n),
      [&](Group<V>& group, size_t g) {
        Rows rows;
        fill_single<V>(rows, points, g, n, idle, at);
        const V y = load<V>(rows.left, coordinate_words<V>);
        // No point has order two, so y = 0 is infinity.
        const __mmask8 infinite = zero_lanes(y);
        group.infinity = infinite;
        group.denominator = V::select(infinite, one_of(static_cast<const V*>(nullptr)), twice(y));
      },
      [&](const Group<V>* groups, size_t g, const V(&inverse)[chains]) {
        Rows rows[chains];
        V x[chains], y[chains], slope[chains], x3[chains], t[chains];
        for (size_t c = 0; c < chains; ++c) {
          fill_single<V>(rows[c], points, g + c, n, idle, at);
          x[c] = load<V>(rows[c].left, 0);
          t[c] = square(x[c]);
        }
        for (size_t c = 0; c < chains; ++c) slope[c] = mul(thrice(t[c]), inverse[c]);
        for (size_t c = 0; c < chains; ++c) t[c] = square(slope[c]);
        for (size_t c = 0; c < chains; ++c) {
          x3[c] = minus_both(t[c], x[c], x[c]);
          t[c] = difference(x[c], x3[c]);
        }
        for (size_t c = 0; c < chains; ++c) t[c] = mul(slope[c], t[c]);
        for (size_t c = 0; c < chains; ++c) {
          y[c] = minus(t[c], load<V>(rows[c].left, coordinate_words<V>));
          const auto infinite = static_cast<__mmask8>(groups[c].infinity);
          store(rows[c].out, 0, V::select(infinite, V::zero(), x3[c]));
          store(rows[c].out, coordinate_words<V>, V::select(infinite, V::zero(), y[c]));
        }
      });
}

// Every coordinate multiplied by a constant of Fp.
template <class V, class At>
PYZKFL_INLINE void convert(uint64_t* out, size_t n, const Limbs52& factor, const At& at) {
  const Fp8 c = Fp8::constant(factor);
  Idle idle = {};
  for (size_t g = 0; g < (n + 7) / 8; ++g) {
    Rows rows;
    fill_single<V>(rows, out, g, n, idle, at);
    store(rows.out, 0, canonical(scaled(load<V>(rows.left, 0), c)));
    // The opposite of a component that is zero is p, which the product takes to zero or p, and canonical() to
    // zero.
    const V y = carried(load_y<V>(rows.left, rows.left_negative));
    store(rows.out, coordinate_words<V>, canonical(scaled(y, c)));
  }
}

template <class V>
void import_points(uint64_t* out, const uint64_t* in, const uint32_t* refs, size_t n) {
  convert<V>(out, n, Constants52<FpParams>::from_radix_256, [=](size_t i, bool& negative) {
    negative = (refs[i] & sign_bit) != 0;
    return in + (refs[i] & ~sign_bit) * point_words<V>;
  });
}

template <class V>
void export_points(uint64_t* out, const uint64_t* in, size_t n) {
  convert<V>(out, n, Constants52<FpParams>::to_radix_256, [=](size_t i, bool&) { return in + i * point_words<V>; });
}

template <class V>
constexpr PointKernel kernel = {import_points<V>, export_points<V>, add_pairs<V>, add_into<V>, double_all<V>};

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
