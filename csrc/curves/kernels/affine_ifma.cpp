// Batches of affine additions on AVX-512 IFMA, eight at a time (see affine_kernel.h, ifma_field.h).
//
// Two passes around one inversion, as in the portable kernel: the first multiplies up the denominators, lane
// by lane, in two interleaved chains (one product's latency is longer than its work); the second goes back,
// and adds.
#include "curves/kernels/affine_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

constexpr uint32_t sign_bit = uint32_t{1} << 31;
constexpr size_t chains = 2;

template <class V>
constexpr size_t coordinate_words = sizeof(V) / sizeof(Fp8) * 4;

// Where the eight lanes of a group are read and written.
struct Rows {
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

template <class V>
PYZKFL_INLINE V load_y(const uint64_t* const (&row)[8], __mmask8 negative) {
  const V y = load<V>(row, coordinate_words<V>);
  return V::select(negative, negated(y), y);
}

// Sets the group's denominators where some lane is not an ordinary chord. Rare, so not inlined.
template <class V>
__attribute__((noinline)) void classify(Group<V>& group, const Rows& rows, const V& x1, const V& x2) {
  const V y1 = canonical(load_y<V>(rows.left, rows.left_negative));
  const V y2 = canonical(load_y<V>(rows.right, rows.right_negative));
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
  group.denominator = V::select(trivial, V::one(), group.denominator);
}

template <class V>
PYZKFL_INLINE void prepare(Group<V>& group, const Rows& rows) {
  const V x1 = load<V>(rows.left, 0);
  const V x2 = load<V>(rows.right, 0);
  group.denominator = difference(x2, x1);
  group.special = 0;
  if (__builtin_expect((equal_lanes(x1, x2) | zero_lanes(x1) | zero_lanes(x2)) != 0, 0))
    classify(group, rows, x1, x2);
}

template <class V>
__attribute__((noinline)) void finish_special(const Group<V>& group, const Rows& rows, const V& inverse) {
  const V x1 = load<V>(rows.left, 0), x2 = load<V>(rows.right, 0);
  const V y1 = canonical(load_y<V>(rows.left, rows.left_negative));
  const V y2 = canonical(load_y<V>(rows.right, rows.right_negative));
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

template <class V>
PYZKFL_INLINE void finish(const Group<V>& group, const Rows& rows, const V& inverse) {
  if (__builtin_expect(group.special != 0, 0)) {
    finish_special(group, rows, inverse);
    return;
  }
  const V x1 = load<V>(rows.left, 0);
  const V y1 = load_y<V>(rows.left, rows.left_negative);
  const V slope = mul(difference(load_y<V>(rows.right, rows.right_negative), y1), inverse);
  const V x3 = minus_both(square(slope), x1, load<V>(rows.right, 0));
  const V y3 = minus(mul(slope, difference(x1, x3)), y1);
  store(rows.out, 0, x3);
  store(rows.out, coordinate_words<V>, y3);
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

// The passes for `count` groups. prepare_group(group, i) sets denominators; finish_group(group, i, inverses)
// uses them.
template <class V, class Prepare, class Finish>
PYZKFL_INLINE void batch(uint64_t* scratch, Invert8 invert, size_t count, const Prepare& prepare_group,
                         const Finish& finish_group) {
  auto* groups = reinterpret_cast<Group<V>*>(scratch);
  V product[chains];
  for (auto& p : product) p = V::one();
  size_t i = 0;
  for (; i + chains <= count; i += chains) {
    for (size_t c = 0; c < chains; ++c) prepare_group(groups[i + c], i + c);
    for (size_t c = 0; c < chains; ++c) {
      groups[i + c].product = product[c];
      product[c] = mul(product[c], groups[i + c].denominator);
    }
  }
  for (; i < count; ++i) {
    prepare_group(groups[i], i);
    groups[i].product = product[i % chains];
    product[i % chains] = mul(product[i % chains], groups[i].denominator);
  }

  const V both = inverted(mul(product[0], product[1]), invert);
  V inverse[chains] = {mul(both, product[1]), mul(both, product[0])};
  if (count % chains != 0) {
    --i;
    const V own = mul(inverse[i % chains], groups[i].product);
    inverse[i % chains] = mul(inverse[i % chains], groups[i].denominator);
    finish_group(groups[i], i, own);
  }
  while (i > 0) {
    i -= chains;
    V own[chains];
    for (size_t c = 0; c < chains; ++c) {
      own[c] = mul(inverse[c], groups[i + c].product);
      inverse[c] = mul(inverse[c], groups[i + c].denominator);
    }
    for (size_t c = 0; c < chains; ++c) finish_group(groups[i + c], i + c, own[c]);
  }
}

// The rows of group g, for left(i), right(i): address and sign; out(i): address.
template <class Left, class Right, class Out>
PYZKFL_INLINE Rows rows_of(size_t group, size_t n, Idle& idle, const Left& left, const Right& right,
                           const Out& out) {
  Rows rows;
  unsigned left_negative = 0, right_negative = 0;
  for (unsigned lane = 0; lane < 8; ++lane) {
    const size_t i = 8 * group + lane;
    if (i >= n) {
      rows.left[lane] = idle.left;
      rows.right[lane] = idle.right;
      rows.out[lane] = idle.bin;
      continue;
    }
    bool negative = false;
    rows.left[lane] = left(i, negative);
    left_negative |= static_cast<unsigned>(negative) << lane;
    negative = false;
    rows.right[lane] = right(i, negative);
    right_negative |= static_cast<unsigned>(negative) << lane;
    rows.out[lane] = out(i);
  }
  rows.left_negative = static_cast<__mmask8>(left_negative);
  rows.right_negative = static_cast<__mmask8>(right_negative);
  return rows;
}

template <class V, class Left, class Right, class Out>
PYZKFL_INLINE void add_batch(uint64_t* scratch, Invert8 invert, size_t n, const Left& left,
                             const Right& right, const Out& out) {
  if (n == 0) return;
  Idle idle = {};
  idle.left[0] = 1;
  idle.right[0] = 2;
  const auto prefetch = [&](size_t group) {
    bool sign;
    for (size_t i = 8 * group; i < 8 * group + 8 && i < n; ++i) {
      for (size_t line = 0; line < 2 * coordinate_words<V>; line += 8) {
        __builtin_prefetch(left(i, sign) + line);
        __builtin_prefetch(right(i, sign) + line);
      }
    }
  };
  batch<V>(
      scratch, invert, (n + 7) / 8,
      [&](Group<V>& group, size_t g) {
        prefetch(g + 4);
        prepare(group, rows_of(g, n, idle, left, right, out));
      },
      [&](const Group<V>& group, size_t g, const V& inverse) {
        finish(group, rows_of(g, n, idle, left, right, out), inverse);
      });
}

template <class V>
constexpr size_t point_words = 2 * coordinate_words<V>;

template <class V>
PYZKFL_INLINE const uint64_t* at(const uint64_t* base, uint32_t ref, bool& negative) {
  negative = (ref & sign_bit) != 0;
  return base + (ref & ~sign_bit) * point_words<V>;
}

template <class V>
void add_pairs(uint64_t* scratch, Invert8 invert, uint64_t* out, const uint64_t* base, const uint32_t* refs,
               size_t n) {
  add_batch<V>(
      scratch, invert, n, [=](size_t i, bool& negative) { return at<V>(base, refs[2 * i], negative); },
      [=](size_t i, bool& negative) { return at<V>(base, refs[2 * i + 1], negative); },
      [=](size_t i) { return out + i * point_words<V>; });
}

template <class V>
void add_into(uint64_t* scratch, Invert8 invert, uint64_t* points, const uint32_t* targets,
              const uint64_t* base, const uint32_t* refs, size_t n) {
  add_batch<V>(
      scratch, invert, n,
      [=](size_t i, bool&) -> const uint64_t* { return points + targets[i] * point_words<V>; },
      [=](size_t i, bool& negative) { return at<V>(base, refs[i], negative); },
      [=](size_t i) { return points + targets[i] * point_words<V>; });
}

template <class V>
void double_all(uint64_t* scratch, Invert8 invert, uint64_t* points, size_t n) {
  if (n == 0) return;
  Idle idle = {};
  idle.left[coordinate_words<V>] = 1;  // a y that is not zero
  const auto row = [=](size_t i, bool&) -> const uint64_t* { return points + i * point_words<V>; };
  const auto out = [=](size_t i) { return points + i * point_words<V>; };
  batch<V>(
      scratch, invert, (n + 7) / 8,
      [&](Group<V>& group, size_t g) {
        const Rows rows = rows_of(g, n, idle, row, row, out);
        const V y = load<V>(rows.left, coordinate_words<V>);
        // No point has order two, so y = 0 is infinity.
        const __mmask8 infinite = zero_lanes(y);
        group.infinity = infinite;
        group.denominator = V::select(infinite, V::one(), twice(y));
      },
      [&](const Group<V>& group, size_t g, const V& inverse) {
        const Rows rows = rows_of(g, n, idle, row, row, out);
        const V x = load<V>(rows.left, 0);
        const V y = load<V>(rows.left, coordinate_words<V>);
        const V slope = mul(thrice(square(x)), inverse);
        V x3 = minus_both(square(slope), x, x);
        V y3 = minus(mul(slope, difference(x, x3)), y);
        const auto infinite = static_cast<__mmask8>(group.infinity);
        x3 = V::select(infinite, V::zero(), x3);
        y3 = V::select(infinite, V::zero(), y3);
        store(rows.out, 0, x3);
        store(rows.out, coordinate_words<V>, y3);
      });
}

// out[i] = in[refs[i]] with its sign, every coordinate multiplied by a constant of Fp.
template <class V, class At>
PYZKFL_INLINE void convert(uint64_t* out, size_t n, const Limbs52& factor, const At& point) {
  const Fp8 c = Fp8::constant(factor);
  Idle idle = {};
  for (size_t g = 0; g < (n + 7) / 8; ++g) {
    const Rows rows = rows_of(g, n, idle, point, point, [=](size_t i) { return out + i * point_words<V>; });
    store(rows.out, 0, canonical(scaled(load<V>(rows.left, 0), c)));
    // negated() of a component that is zero is p, which the product takes to zero or p, and canonical() to
    // zero.
    store(rows.out, coordinate_words<V>, canonical(scaled(load_y<V>(rows.left, rows.left_negative), c)));
  }
}

template <class V>
void import_points(uint64_t* out, const uint64_t* in, const uint32_t* refs, size_t n) {
  convert<V>(out, n, from_radix_256, [=](size_t i, bool& negative) { return at<V>(in, refs[i], negative); });
}

template <class V>
void export_points(uint64_t* out, const uint64_t* in, size_t n) {
  convert<V>(out, n, to_radix_256, [=](size_t i, bool&) { return in + i * point_words<V>; });
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
