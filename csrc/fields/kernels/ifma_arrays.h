// Operations over arrays on AVX-512 IFMA, eight elements at a time (see field_ifma.h, ifma_field.h): the body of
// field_fp_ifma.cpp and field_fr_ifma.cpp, which include their prime before it.
#pragma once

#include "fields/kernels/field_ifma.h"
#include "fields/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

// What bounds a product of arrays on Zen 4 (one 512-bit IFMA a cycle, through two of four pipes): 100 cycles of IFMA a
// group, and half a cycle for each of some 85 other instructions, which the processor spreads over all four.
constexpr size_t row_bytes = 32, group = 8, group_bytes = group * row_bytes;

// The elements that one step works on: one or two groups, from element `at` on. Two, so that the products of one group
// run while those of the other wait for their carries; one at the end, where `count` elements are left of it.
struct Step {
  size_t at;
  int groups;
  size_t count;  // of the last group
};
PYZKFL_INLINE Step two_groups(size_t at) { return {at, 2, group}; }
PYZKFL_INLINE Step one_group(size_t at) { return {at, 1, group}; }
PYZKFL_INLINE Step part_of_group(size_t at, size_t count) { return {at, 1, count}; }

// The k-th group of a step, and the results of all: stored together, since the compiler moves no loads across stores.
PYZKFL_INLINE Words load(const void* from, const Step& step, int k) {
  const char* at = static_cast<const char*>(from) + step.at * row_bytes + static_cast<size_t>(k) * group_bytes;
  return step.count == group ? load_consecutive(at) : load_first(at, step.count);
}
PYZKFL_INLINE void store(void* to, const Step& step, const Words (&results)[2]) {
  for (int k = 0; k < step.groups; ++k) {
    char* at = static_cast<char*>(to) + step.at * row_bytes + static_cast<size_t>(k) * group_bytes;
    if (step.count == group) {
      store_consecutive(at, results[k]);
    } else {
      store_first(at, results[k], step.count);
    }
  }
}

// ---- One step of each operation --------------------------------------------------------------------------------

PYZKFL_INLINE void add_step(void* out, const void* a, const void* b, const Step& step) {
  Words results[2];
  for (int k = 0; k < step.groups; ++k) {
    results[k] = packed_canonical(add_uncarried(unpack(load(a, step, k)), unpack(load(b, step, k))));
  }
  store(out, step, results);
}

PYZKFL_INLINE void sub_step(void* out, const void* a, const void* b, const Step& step) {
  Words results[2];
  for (int k = 0; k < step.groups; ++k) {
    const Lanes lifted = add_uncarried(unpack(load(a, step, k)), multiple(1));
    results[k] = packed_canonical(sub_uncarried(lifted, unpack(load(b, step, k))));
  }
  store(out, step, results);
}

// a b / 2^256 for any a (of 256 bits) and b below p: below 2p, and below 1.19 p if a is below p. Uncarried.
PYZKFL_INLINE void field_products(Lanes (&out)[2], const void* a, const void* b, const Step& step) {
  Factor left[2], right[2];
  for (int k = 0; k < step.groups; ++k) {
    left[k] = unpack16(load(a, step, k));
    right[k] = unpack_factor(load(b, step, k));
  }
  mul_uncarried(out, left, right, step.groups);
}

PYZKFL_INLINE void mul_step(void* out, const void* a, const void* b, const Step& step) {
  Words results[2];
  Lanes products[2];
  field_products(products, a, b, step);
  for (int k = 0; k < step.groups; ++k) results[k] = packed_canonical(products[k]);
  store(out, step, results);
}

PYZKFL_INLINE void mul_sub_step(void* out, const void* a, const void* b, const void* c, const Step& step) {
  Words results[2];
  Lanes products[2];
  field_products(products, a, b, step);
  for (int k = 0; k < step.groups; ++k) {
    const Lanes lifted = add_uncarried(products[k], multiple(1));  // below 2.19 p
    results[k] = packed_canonical(tamed(sub_uncarried(lifted, unpack(load(c, step, k)))));
  }
  store(out, step, results);
}

PYZKFL_INLINE void scale_step(void* out, const void* a, const Factor& factor, const Step& step) {
  Words results[2];
  Lanes products[2];
  Factor left[2], right[2];
  for (int k = 0; k < step.groups; ++k) {
    left[k] = unpack16(load(a, step, k));
    right[k] = factor;
  }
  mul_uncarried(products, left, right, step.groups);
  for (int k = 0; k < step.groups; ++k) results[k] = packed_canonical(products[k]);
  store(out, step, results);
}

PYZKFL_INLINE void interpolate_step(void* out, const void* a, const void* b, const Factor& factor16,
                                    const Step& step) {
  Words results[2];
  Words x[2];
  Lanes products[2];
  Factor left[2], right[2];
  for (int k = 0; k < step.groups; ++k) {
    x[k] = load(a, step, k);
    const Lanes lifted = add_uncarried(unpack(load(b, step, k)), multiple(1));
    left[k] = factor16;
    right[k] = carried_unmasked(sub_uncarried(lifted, unpack(x[k])));  // below 2p
  }
  mul_uncarried(products, left, right, step.groups);  // below 1.38 p
  for (int k = 0; k < step.groups; ++k) {
    const Lanes sum = add_uncarried(products[k], unpack(x[k]));  // below 2.38 p
    const Lanes once = carried_unmasked(sub_uncarried(sum, multiple(1)));
    const Lanes two = carried_unmasked(sub_uncarried(sum, multiple(2)));
    const Lanes least = select(_mm512_movepi64_mask(once.l[4]), carried_unmasked(sum), once);
    results[k] = pack(select(_mm512_movepi64_mask(two.l[4]), least, two));
  }
  store(out, step, results);
}

// One element in all lanes.
PYZKFL_INLINE Words load_everywhere(const void* element) {
  const __m512i twice = _mm512_broadcast_i64x4(_mm256_loadu_si256(static_cast<const __m256i_u*>(element)));
  return {{_mm512_permutexvar_epi64(splat(0), twice), _mm512_permutexvar_epi64(splat(1), twice),
           _mm512_permutexvar_epi64(splat(2), twice), _mm512_permutexvar_epi64(splat(3), twice)}};
}

// ---- Arrays ----------------------------------------------------------------------------------------------------

void add_arrays(void* out, const void* a, const void* b, size_t n) {
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) add_step(out, a, b, two_groups(at));
  if (n - at >= group) add_step(out, a, b, one_group(at)), at += group;
  if (n > at) add_step(out, a, b, part_of_group(at, n - at));
}

void sub_arrays(void* out, const void* a, const void* b, size_t n) {
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) sub_step(out, a, b, two_groups(at));
  if (n - at >= group) sub_step(out, a, b, one_group(at)), at += group;
  if (n > at) sub_step(out, a, b, part_of_group(at, n - at));
}

void mul_arrays(void* out, const void* a, const void* b, size_t n) {
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) mul_step(out, a, b, two_groups(at));
  if (n - at >= group) mul_step(out, a, b, one_group(at)), at += group;
  if (n > at) mul_step(out, a, b, part_of_group(at, n - at));
}

void mul_sub_arrays(void* out, const void* a, const void* b, const void* c, size_t n) {
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) mul_sub_step(out, a, b, c, two_groups(at));
  if (n - at >= group) mul_sub_step(out, a, b, c, one_group(at)), at += group;
  if (n > at) mul_sub_step(out, a, b, c, part_of_group(at, n - at));
}

void scale_array(void* out, const void* a, const void* factor, size_t n) {
  const Factor by = unpack_factor(load_everywhere(factor));
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) scale_step(out, a, by, two_groups(at));
  if (n - at >= group) scale_step(out, a, by, one_group(at)), at += group;
  if (n > at) scale_step(out, a, by, part_of_group(at, n - at));
}

void interpolate_arrays(void* out, const void* a, const void* b, const void* factor, size_t n) {
  const Factor by = unpack16(load_everywhere(factor));
  size_t at = 0;
  for (; n - at >= 2 * group; at += 2 * group) interpolate_step(out, a, b, by, two_groups(at));
  if (n - at >= group) interpolate_step(out, a, b, by, one_group(at)), at += group;
  if (n > at) interpolate_step(out, a, b, by, part_of_group(at, n - at));
}

// Products are summed before they are reduced, 64 at a time: 64 p 16 p / 2^260 + p = 13.1 p at most.
void inner_products(void* out8, const void* a, const void* b, size_t n) {
  constexpr size_t run = 64;
  Lanes sum = zero();
  for (size_t begin = 0; begin < n; begin += group * run) {
    __m512i t[10];
    for (int k = 0; k < 10; ++k) t[k] = _mm512_setzero_si512();
    for (size_t i = begin; i < n && i < begin + group * run; i += group) {
      const Step step = part_of_group(i, n - i >= group ? group : n - i);
      accumulate_product(t, unpack16(load(a, step, 0)), unpack_factor(load(b, step, 0)));
    }
    sum = carried(tamed(add_uncarried(sum, reduced_columns(t))));  // of at most 14.8 p
  }
  store_consecutive(out8, packed_canonical(sum));
}

void mul_chains(void* values16, const void* factors16, size_t k) {
  const Step both = two_groups(0);
  Lanes x = unpack(load(values16, both, 0)), y = unpack(load(values16, both, 1));
  const Factor by_x = unpack16(load(factors16, both, 0)), by_y = unpack16(load(factors16, both, 1));
  for (size_t i = 0; i < k; ++i) {
    x = mul(by_x, x);  // below 1.24 p, always
    y = mul(by_y, y);
  }
  store(values16, both, {packed_canonical(x), packed_canonical(y)});
}

constexpr FieldKernel kernel = {add_arrays,         sub_arrays,  mul_arrays,     mul_sub_arrays,
                                interpolate_arrays, scale_array, inner_products, mul_chains};

}  // namespace
}  // namespace pyzkfl::ifma
