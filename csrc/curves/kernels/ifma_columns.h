// Columns of running sums, eight lanes at a time (see columns_ifma.h, and ifma_point_field.h for form and ranges).
//
// A batch is two passes around one inversion. The first reads the terms, wherever they lie, and multiplies up the
// denominators; the second goes back and adds. A sum that the chord's formula does not give (equal x, a point at
// infinity) is rare, and is found late: some denominator's product is zero, or some x. Then the batch begins again,
// looking at each lane, and refuses those.
//
// The body of columns_g1_ifma.cpp and columns_g2_ifma.cpp, which include their coordinates before it.
#pragma once

#include "curves/kernels/columns_ifma.h"
#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

constexpr uint32_t sign_bit = uint32_t{1} << 31;

// Chains of products, so that each pair of them waits for none just begun.
constexpr size_t columns_chains = 4;

// Eight lanes between the passes: what the second needs of the term is y2 - y1 and x2 - x1 (ifma_g1.h, ifma_g2.h).
static_assert(sizeof(ColumnStep) <= step_coordinates * coordinate_bytes + step_flag_bytes);

// In limbs: what packing and unpacking would take, in shifts that compete with products, is more than the memory.
struct alignas(64) Column {
  V x, y;
};
static_assert(columns_lanes == 8 * columns_chains);
static_assert(columns_chains * sizeof(Column) == columns_coordinates * coordinate_bytes);

struct alignas(64) Rows {
  const uint8_t* row[8];
};

PYZKFL_INLINE void find(Rows& rows, __mmask8& negative, const uint8_t* base, const uint32_t* refs) {
  const __m512i eight = _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(refs)));
  negative = _mm512_test_epi64_mask(eight, splat(sign_bit));
  const __m512i at = _mm512_slli_epi64(_mm512_and_si512(eight, splat(sign_bit - 1)), log2_point_bytes);
  _mm512_store_si512(rows.row, _mm512_add_epi64(at, splat(reinterpret_cast<uint64_t>(base))));
}

// The terms of the eight lanes from refs on; lanes past `count` repeat the first.
PYZKFL_INLINE void read_terms(VWords& x, VWords& y, __mmask8& negative, const uint8_t* base,
                              const uint32_t* refs, size_t count) {
  Rows rows;
  if (__builtin_expect(count >= 8, 1)) {
    find(rows, negative, base, refs);
  } else {
    uint32_t few[8];
    for (size_t i = 0; i < 8; ++i) few[i] = refs[i < count ? i : 0];
    find(rows, negative, base, few);
  }
  x = gather(rows.row, 0);
  y = gather(rows.row, coordinate_bytes);
}

PYZKFL_INLINE void bring_near(const uint8_t* base, const uint32_t* refs, size_t count) {  // into the second cache
  for (size_t i = 0; i < (count < 8 ? count : 8); ++i) {
    const uint8_t* const point = base + (refs[i] & (sign_bit - 1)) * point_bytes;
    for (size_t at = 0; at < point_bytes; at += 64) _mm_prefetch(point + at, _MM_HINT_T1);
    if (reinterpret_cast<uintptr_t>(base) % 64 != 0) _mm_prefetch(point + point_bytes - 1, _MM_HINT_T1);
  }
}

// Eight points into the first cache.
PYZKFL_INLINE void bring_nearer(const uint8_t* base, const uint32_t* refs) {
  Rows rows;
  __mmask8 negative;
  find(rows, negative, base, refs);
  for (size_t lane = 0; lane < 8; ++lane) {
    for (size_t at = 0; at < point_bytes; at += 64) _mm_prefetch(rows.row[lane] + at, _MM_HINT_T0);
  }
}

PYZKFL_INLINE __mmask8 first_lanes(size_t count) {
  return static_cast<__mmask8>(count >= 8 ? 0xff : (1u << count) - 1);
}

void load(uint8_t* to, const uint8_t* base, const uint32_t* refs, size_t n) {
  Column* columns = reinterpret_cast<Column*>(to);
  constexpr size_t ahead = 32;
  for (size_t g = 0; 8 * g < n; ++g) {
    if (8 * g + ahead < n) bring_near(base, refs + 8 * g + ahead, n - 8 * g - ahead);
    __mmask8 negative;
    VWords x, y;
    read_terms(x, y, negative, base, refs + 8 * g, n - 8 * g);
    // No point has order two, so y = 0 is infinity, whose opposite it is.
    negative = static_cast<__mmask8>(negative & ~zero_words(y));
    columns[g].x = unpacked(x);
    columns[g].y = carried(with_sign(negative, unpacked(y)));
  }
}

void store(uint8_t* out, const uint8_t* from, size_t n) {
  const Column* columns = reinterpret_cast<const Column*>(from);
  uint8_t bin[point_bytes];
  for (size_t g = 0; 8 * g < n; ++g) {
    uint8_t* row[8];
    for (size_t i = 0; i < 8; ++i) row[i] = 8 * g + i < n ? out + (8 * g + i) * point_bytes : bin;
    scatter(row, 0, columns[g].x);
    scatter(row, coordinate_bytes, columns[g].y);
  }
}

PYZKFL_INLINE void keep(Fp8& to, const Fp8& v, __mmask8 lanes) {
  for (int i = 0; i < 5; ++i) _mm512_mask_store_epi64(&to.l[i], lanes, v.l[i]);
}
PYZKFL_INLINE void keep(Fp2x8& to, const Fp2x8& v, __mmask8 lanes) {
  keep(to.c0, v.c0, lanes);
  keep(to.c1, v.c1, lanes);
}

// Lanes that may be zero: all that are, and no others that one will ever meet.
PYZKFL_INLINE __mmask8 maybe_zero(const Words& w) { return _mm512_testn_epi64_mask(w.word[3], w.word[3]); }
PYZKFL_INLINE __mmask8 maybe_zero(const Fp2Words& w) { return maybe_zero(w.c0) & maybe_zero(w.c1); }
PYZKFL_INLINE __mmask8 maybe_zero(const Fp8& v) { return _mm512_testn_epi64_mask(v.l[4], v.l[4]); }
PYZKFL_INLINE __mmask8 maybe_zero(const Fp2x8& v) { return maybe_zero(v.c0) & maybe_zero(v.c1); }

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

// Reads the terms of the eight lanes from `first` on, and finds their denominators and numerators. Lanes that are not to
// be added get the denominator 1: those past the end, and, if `careful`, those that are refused. Returns lanes that may
// have a point at infinity.
PYZKFL_INLINE __mmask8 prepare(ColumnStep& step, const Column& column, const Batch& batch, size_t first, bool careful) {
  const size_t count = first < batch.n ? batch.n - first : 0;
  VWords x, y;
  __mmask8 negative;
  read_terms(x, y, negative, batch.base, count != 0 ? batch.refs + first : batch.refs, count);
  const V x1 = column.x, x2 = unpacked(x);
  __mmask8 usable = first_lanes(count);
  __mmask8 infinite = 0;
  if (careful) {
    infinite = static_cast<__mmask8>(zero_words(x) | zero_lanes(x1));
    usable = static_cast<__mmask8>(usable & ~(infinite | equal_lanes(canonical_of_any(x1), canonical_of_any(x2))));
  } else {
    infinite = static_cast<__mmask8>((maybe_zero(x) | maybe_zero(x1)) & usable);
  }
  V d = step_denominator(x1, x2);
  step.usable = usable;
  if (careful || count < 8) d = select(usable, d, one());
  denominator_of(step) = d;
  step.numerator = numerator(column.y, with_sign(negative, unpacked(y)));
  return infinite;
}

PYZKFL_INLINE void put(V& to, const ColumnStep& step, const V& v, bool careful) {
  if (careful)
    keep(to, v, static_cast<__mmask8>(step.usable));
  else
    to = v;
}

// Eight terms of the next batch, brought near in the midst of this one's products, not all at once: the processor waits
// for at most two dozen lines. (GCC takes a lambda that does only this for one without effect, and drops it.)
PYZKFL_INLINE void look_ahead(const Batch& batch, size_t first) {
  if (first < batch.next_n) bring_near(batch.base, batch.next + first, batch.next_n - first);
}

// The lanes of `product` replaced by 2^518 over them, so that mul(x, inverse) is x 2^258 / product. False, and nothing
// said about the lanes, if one is zero.
[[nodiscard]] bool invert_keys(Fp8& product, InvertLanes invert_lanes) {
  alignas(64) uint64_t values[8][4];
  store_consecutive(values, pack(canonical(product)));
  if (!invert_lanes(values[0])) return false;
  product = unpack(load_consecutive(values));
  return true;
}

// Inverts all four chains' products.
[[nodiscard]] PYZKFL_INLINE bool invert_chains(Fp8 (&product)[columns_chains], InvertLanes invert_lanes) {
  const Fp8 halves[2] = {mul(product[0], product[1]), mul(product[2], product[3])};
  Fp8 all = mul(halves[0], halves[1]);
  if (!invert_keys(all, invert_lanes)) return false;
  for (int i = 0; i < 2; ++i) {
    const Fp8 half = mul(all, halves[1 - i]), second = mul(half, product[2 * i]);
    product[2 * i] = mul(half, product[2 * i + 1]);
    product[2 * i + 1] = second;
  }
  return true;
}

// The groups of all chains. Two pairs in turn: what comes between the products of the one has those of the other to run
// beside.
PYZKFL_INLINE void finish(const ColumnStep* steps, Fp8 (&inverse)[columns_chains], Column* columns, const Batch& batch,
                          size_t first, bool careful) {
  Fp8 own[4];
  V slope[4], rise[4];
  for (size_t c = 0; c < 4; c += 2) {
    look_ahead(batch, first + 8 * c);
    mul(own[c], own[c + 1], steps[c].product, steps[c + 1].product, inverse[c], inverse[c + 1]);
    mul(inverse[c], inverse[c + 1], key(steps[c]), key(steps[c + 1]), inverse[c], inverse[c + 1]);
  }
  for (size_t c = 0; c < 4; c += 2) {
    look_ahead(batch, first + 8 * c + 8);
    slopes(slope[c], slope[c + 1], steps[c], steps[c + 1], own[c], own[c + 1]);
  }
  for (size_t c = 0; c < 4; c += 2) square_uncarried(rise[c], rise[c + 1], slope[c], slope[c + 1]);
  for (size_t c = 0; c < 4; c += 2) {
    for (size_t k = c; k < c + 2; ++k) {
      const V x1 = columns[k].x, x3 = step_abscissa(rise[k], x1, steps[k]);
      rise[k] = run(x1, x3);
      put(columns[k].x, steps[k], x3, careful);
    }
    mul_uncarried(rise[c], rise[c + 1], rise[c], rise[c + 1], slope[c], slope[c + 1]);
  }
  for (size_t c = 0; c < 4; ++c) put(columns[c].y, steps[c], ordinate(rise[c], columns[c].y), careful);
}

// False if some lane cannot be added, where `careful` has not taken care of it; then nothing has changed.
[[nodiscard]] PYZKFL_INLINE bool add(const Batch& batch, bool careful) {
  ColumnStep* const steps = reinterpret_cast<ColumnStep*>(batch.scratch);
  Column* const columns = reinterpret_cast<Column*>(batch.columns);
  const size_t groups = (batch.n + 8 * columns_chains - 1) / (8 * columns_chains) * columns_chains;
  Fp8 product[columns_chains];
  for (size_t c = 0; c < columns_chains; ++c) product[c] = splatted(one_260);
  __mmask8 infinite = 0;
  for (size_t g = 0; g < groups; g += 2) {
    for (size_t c = 0; c < 2; ++c) {
      constexpr size_t ahead = 4;
      if (8 * (g + c + ahead) + 8 <= batch.n) bring_nearer(batch.base, batch.refs + 8 * (g + c + ahead));
      infinite = static_cast<__mmask8>(
          infinite | prepare(steps[g + c], columns[g + c], batch, 8 * (g + c), careful));
      steps[g + c].product = product[g % columns_chains + c];
    }
    make_keys(steps[g], steps[g + 1]);
    Fp8* const pair = product + g % columns_chains;
    mul(pair[0], pair[1], key(steps[g]), key(steps[g + 1]), pair[0], pair[1]);
  }
  if (!careful && infinite != 0) return false;
  if (!invert_chains(product, batch.invert_lanes)) return false;
  for (size_t g = groups; g > 0;) {
    g -= columns_chains;
    if (careful || 8 * (g + columns_chains) > batch.n)
      finish(steps + g, product, columns + g, batch, 8 * g, true);
    else
      finish(steps + g, product, columns + g, batch, 8 * g, false);
  }
  return true;
}

__attribute__((noinline)) bool add_chords(const Batch& batch) { return add(batch, false); }
__attribute__((noinline)) bool add_carefully(const Batch& batch) { return add(batch, true); }

bool add_columns(uint8_t* scratch, InvertLanes invert_lanes, uint8_t* columns, const uint8_t* base,
                 const uint32_t* refs, size_t n, const uint32_t* next, size_t next_n, uint8_t* refused) {
  const Batch batch = {scratch, invert_lanes, columns, base, refs, n, next, next_n};
  if (n == 0 || add_chords(batch)) return true;
  const bool done = add_carefully(batch);  // always: now every denominator is one that is not zero
  const ColumnStep* const steps = reinterpret_cast<const ColumnStep*>(scratch);
  for (size_t g = 0; 8 * g < n; ++g) {
    refused[g] = static_cast<uint8_t>(first_lanes(n - 8 * g) & ~(done ? steps[g].usable : 0));
  }
  return false;
}

constexpr ColumnKernel kernel = {load, add_columns, store};

}  // namespace
}  // namespace pyzkfl::ifma
