// Columns of running sums, eight lanes at a time (see columns_ifma.h, and ifma_point_field.h for form and ranges).
//
// A batch is two passes around one inversion. The first reads the terms, wherever they lie, and multiplies up the
// denominators; the second goes back and adds. A sum that the chord's formula does not give (equal x, a point at
// infinity) is rare, and is found late: some denominator's product is zero, or some x. Then the batch begins again,
// looking at each lane, and refuses those.
#include "curves/kernels/columns_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "curves/kernels/batch_ifma.h"

namespace pyzkfl::ifma {
namespace {

constexpr uint32_t sign_bit = uint32_t{1} << 31;

// Eight lanes between the passes. The terms are kept packed: half the bytes, which have to stay in the cache.
template <class V>
struct alignas(64) Step {
  V denominator, product;
  WordsOf<V> x, y;
  uint64_t negative, usable, unused[6];
};
static_assert(sizeof(Step<Fp8>) <= 36 * 32 + 64 && sizeof(Step<Fp2x8>) <= 36 * 64 + 64);

template <class V>
struct alignas(64) Column {
  WordsOf<V> x, y;
};

struct alignas(64) Rows {
  const uint8_t* row[8];
};

template <class V>
PYZKFL_INLINE void find(Rows& rows, __mmask8& negative, const uint8_t* base, const uint32_t* refs) {
  const __m512i eight = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(refs)));
  negative = _mm512_test_epi64_mask(eight, splat(sign_bit));
  constexpr int log2_bytes = point_bytes<V> == 64 ? 6 : 7;
  const __m512i at = _mm512_slli_epi64(_mm512_and_si512(eight, splat(sign_bit - 1)), log2_bytes);
  _mm512_store_si512(rows.row, _mm512_add_epi64(at, splat(reinterpret_cast<uint64_t>(base))));
}

// The terms of the eight lanes from refs on; lanes past `count` repeat the first.
template <class V>
PYZKFL_INLINE void read_terms(WordsOf<V>& x, WordsOf<V>& y, __mmask8& negative, const uint8_t* base,
                              const uint32_t* refs, size_t count) {
  Rows rows;
  if (__builtin_expect(count >= 8, 1)) {
    find<V>(rows, negative, base, refs);
  } else {
    uint32_t few[8];
    for (size_t i = 0; i < 8; ++i) few[i] = refs[i < count ? i : 0];
    find<V>(rows, negative, base, few);
  }
  x = gather(rows.row, 0, static_cast<const V*>(nullptr));
  y = gather(rows.row, coordinate_bytes<V>, static_cast<const V*>(nullptr));
}

template <class V>
PYZKFL_INLINE void bring_near(const uint8_t* base, const uint32_t* refs, size_t count) {  // into the second cache
  for (size_t i = 0; i < (count < 8 ? count : 8); ++i) {
    const uint8_t* const point = base + (refs[i] & (sign_bit - 1)) * point_bytes<V>;
    for (size_t at = 0; at < point_bytes<V>; at += 64) _mm_prefetch(point + at, _MM_HINT_T1);
    _mm_prefetch(point + point_bytes<V> - 1, _MM_HINT_T1);  // of another line if the points are not aligned
  }
}

// Eight points into the first cache.
template <class V>
PYZKFL_INLINE void bring_nearer(const uint8_t* base, const uint32_t* refs) {
  Rows rows;
  __mmask8 negative;
  find<V>(rows, negative, base, refs);
  for (const uint8_t* const point : rows.row) {
    for (size_t at = 0; at < point_bytes<V>; at += 64) _mm_prefetch(point + at, _MM_HINT_T0);
  }
}

PYZKFL_INLINE __mmask8 first_lanes(size_t count) {
  return static_cast<__mmask8>(count >= 8 ? 0xff : (1u << count) - 1);
}

template <class V>
void load(uint8_t* to, const uint8_t* base, const uint32_t* refs, size_t n) {
  auto* columns = reinterpret_cast<Column<V>*>(to);
  constexpr size_t ahead = 32;
  for (size_t g = 0; 8 * g < n; ++g) {
    if (8 * g + ahead < n) bring_near<V>(base, refs + 8 * g + ahead, n - 8 * g - ahead);
    __mmask8 negative;
    read_terms<V>(columns[g].x, columns[g].y, negative, base, refs + 8 * g, n - 8 * g);
    columns[g].y = packed(carried(with_sign(negative, unpacked(columns[g].y))));
  }
}

template <class V>
void store(uint8_t* out, const uint8_t* from, size_t n) {
  const auto* columns = reinterpret_cast<const Column<V>*>(from);
  uint8_t bin[point_bytes<V>];
  for (size_t g = 0; 8 * g < n; ++g) {
    uint8_t* row[8];
    for (size_t i = 0; i < 8; ++i) row[i] = 8 * g + i < n ? out + (8 * g + i) * point_bytes<V> : bin;
    scatter(row, 0, unpacked(columns[g].x));
    scatter(row, coordinate_bytes<V>, unpacked(columns[g].y));
  }
}

PYZKFL_INLINE void keep(Words& to, const Words& v, __mmask8 lanes) {
  for (int i = 0; i < 4; ++i) _mm512_mask_store_epi64(&to.word[i], lanes, v.word[i]);
}
PYZKFL_INLINE void keep(Fp2Words& to, const Fp2Words& v, __mmask8 lanes) {
  keep(to.c0, v.c0, lanes);
  keep(to.c1, v.c1, lanes);
}

struct Batch {
  uint8_t* scratch;
  InvertLanes invert_lanes;
  uint8_t* columns;
  const uint8_t* base;
  const uint32_t* refs;
  size_t n;
  const uint32_t* next;
  size_t next_n;
};

// Reads the terms of the eight lanes from `first` on, and finds their denominators. Lanes that are not to be added get
// 1: those past the end, and, if `careful`, those that are refused. Returns lanes with a point at infinity.
template <class V, bool careful>
PYZKFL_INLINE __mmask8 prepare(Step<V>& step, const Column<V>& column, const Batch& batch, size_t first) {
  const size_t count = first < batch.n ? batch.n - first : 0;
  WordsOf<V> x, y;
  __mmask8 negative;
  read_terms<V>(x, y, negative, batch.base, count != 0 ? batch.refs + first : batch.refs, count);
  step.x = x;
  step.y = y;
  step.negative = negative;
  V x1 = unpacked(column.x), x2 = unpacked(x);
  __mmask8 usable = first_lanes(count);
  const auto infinite = static_cast<__mmask8>((zero_words(x) | zero_words(column.x)) & usable);
  if constexpr (careful) {
    x1 = canonical_of_any(x1);
    x2 = canonical_of_any(x2);
    usable = static_cast<__mmask8>(usable & ~(infinite | equal_lanes(x1, x2)));
  }
  V d = denominator(x1, x2);
  step.usable = usable;
  if (careful || count < 8) d = V::select(usable, d, one_of(static_cast<const V*>(nullptr)));
  step.denominator = d;
  return infinite;
}

template <class V, bool careful>
PYZKFL_INLINE void put(Column<V>& column, const Step<V>& step, const V& x, const V& y) {
  if constexpr (careful) {
    const auto usable = static_cast<__mmask8>(step.usable);
    keep(column.x, packed(x), usable);
    keep(column.y, packed(y), usable);
  } else {
    column.x = packed(x);
    column.y = packed(y);
  }
}

template <class V>
PYZKFL_INLINE V numerator_of(const Step<V>& step, const Column<V>& column) {
  return numerator(unpacked(column.y), with_sign(static_cast<__mmask8>(step.negative), unpacked(step.y)));
}

// Both chains' groups, one half a step behind the other.
template <class V, bool careful>
PYZKFL_INLINE void finish(const Step<V>* steps, V (&inverse)[chains], Column<V>* columns) {
  static_assert(chains == 2);
  const auto x1 = [&](size_t c) { return unpacked(columns[c].x); };
  const auto y1 = [&](size_t c) { return unpacked(columns[c].y); };
  const auto x2 = [&](size_t c) { return unpacked(steps[c].x); };
  V n[chains], x3[chains], d[chains];
  const V own0 = mul(steps[0].product, inverse[0]);
  const V own1 = mul(steps[1].product, inverse[1]);
  inverse[0] = mul_while(steps[0].denominator, inverse[0], [&] { n[0] = numerator_of(steps[0], columns[0]); });
  inverse[1] = mul_while(steps[1].denominator, inverse[1], [&] { n[1] = numerator_of(steps[1], columns[1]); });
  const V slope0 = mul(n[0], own0);
  const V slope1 = mul(n[1], own1);
  const V square0 = square(slope0);
  const V square1 = square_while(slope1, [&] {
    x3[0] = abscissa(square0, x1(0), x2(0));
    d[0] = run(x1(0), x3[0]);
  });
  const V rise0 = mul_while(d[0], slope0, [&] {
    x3[1] = abscissa(square1, x1(1), x2(1));
    d[1] = run(x1(1), x3[1]);
  });
  const V rise1 =
      mul_while(d[1], slope1, [&] { put<V, careful>(columns[0], steps[0], x3[0], ordinate(rise0, y1(0))); });
  put<V, careful>(columns[1], steps[1], x3[1], ordinate(rise1, y1(1)));
}

// False if some lane cannot be added, where `careful` has not taken care of it; then nothing has changed.
template <class V, bool careful>
[[nodiscard]] bool add(const Batch& batch) {
  auto* const steps = reinterpret_cast<Step<V>*>(batch.scratch);
  auto* const columns = reinterpret_cast<Column<V>*>(batch.columns);
  const size_t groups = (batch.n + 8 * chains - 1) / (8 * chains) * chains;
  V product[chains];
  for (V& p : product) p = one_of(static_cast<const V*>(nullptr));
  __mmask8 infinite = 0;
  const auto ready = [&](size_t g) {
    constexpr size_t ahead = 4;
    if (8 * (g + ahead) + 8 <= batch.n) bring_nearer<V>(batch.base, batch.refs + 8 * (g + ahead));
    infinite = static_cast<__mmask8>(infinite | prepare<V, careful>(steps[g], columns[g], batch, 8 * g));
  };
  for (size_t g = 0; g < chains; ++g) ready(g);
  for (size_t g = 0; g < groups; g += chains) {
    for (size_t c = 0; c < chains; ++c) {
      steps[g + c].product = product[c];
      product[c] = mul_while(steps[g + c].denominator, product[c], [&] {
        if (g + chains < groups) ready(g + chains + c);
      });
    }
  }
  if (!careful && infinite != 0) return false;
  if (!invert(product, batch.invert_lanes)) return false;
  for (size_t g = groups; g > 0;) {
    g -= chains;
    if (8 * g < batch.next_n) bring_near<V>(batch.base, batch.next + 8 * g, batch.next_n - 8 * g);
    if (8 * g + 8 < batch.next_n) bring_near<V>(batch.base, batch.next + 8 * g + 8, batch.next_n - 8 * g - 8);
    if (careful || 8 * (g + chains) > batch.n)
      finish<V, true>(steps + g, product, columns + g);
    else
      finish<V, false>(steps + g, product, columns + g);
  }
  return true;
}

template <class V>
bool add_columns(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* columns, const uint8_t* base,
                 const uint32_t* refs, size_t n, const uint32_t* next, size_t next_n, uint8_t* refused) {
  const Batch batch = {scratch, invert_lanes, columns, base, refs, n, next, next_n};
  if (n == 0 || add<V, false>(batch)) return true;
  const bool done = add<V, true>(batch);  // always: now every denominator is one that is not zero
  const auto* const steps = reinterpret_cast<const Step<V>*>(scratch);
  for (size_t g = 0; 8 * g < n; ++g) {
    refused[g] = static_cast<uint8_t>(first_lanes(n - 8 * g) & ~(done ? steps[g].usable : 0));
  }
  return false;
}

template <class V>
constexpr ColumnKernel kernel = {load<V>, add_columns<V>, store<V>};

}  // namespace

const ColumnKernel* g1_columns() { return &kernel<Fp8>; }
const ColumnKernel* g2_columns() { return &kernel<Fp2x8>; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const ColumnKernel* g1_columns() { return nullptr; }
const ColumnKernel* g2_columns() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
