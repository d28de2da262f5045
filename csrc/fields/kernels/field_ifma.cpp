// Operations over arrays on AVX-512 IFMA, eight elements at a time (see field_ifma.h, ifma_field.h).
#include "fields/kernels/field_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

// What bounds a product of arrays on Zen 4 (one 512-bit IFMA a cycle, through two of four pipes): 100 cycles of IFMA a
// group, and half a cycle for each of some 85 other instructions, which the processor spreads over all four.
constexpr size_t row_bytes = 32, group_bytes = 8 * row_bytes;

template <int N>
struct Groups {
  Words words[N];
};

// out[i] = operation(inputs[i] ...) over groups of eight. The operation is given N groups at a time: two, so that the
// products of one group run while those of the other wait for their carries.
template <class Operation, class... Inputs>
PYZKFL_INLINE void for_groups(void* out, size_t n, const Operation& operation, const Inputs*... inputs) {
  const auto in = [](const void* from, size_t at) { return static_cast<const char*>(from) + at; };
  auto* to = static_cast<char*>(out);
  size_t at = 0, left = n;
  for (; left >= 16; left -= 16, at += 2 * group_bytes) {
    Words results[2];
    operation(results,
              Groups<2>{{load_consecutive(in(inputs, at)), load_consecutive(in(inputs, at + group_bytes))}}...);
    store_consecutive(to + at, results[0]);
    store_consecutive(to + at + group_bytes, results[1]);
  }
  Words result[1];
  if (left >= 8) {
    operation(result, Groups<1>{{load_consecutive(in(inputs, at))}}...);
    store_consecutive(to + at, result[0]);
    left -= 8, at += group_bytes;
  }
  if (left > 0) {
    operation(result, Groups<1>{{load_first(in(inputs, at), left)}}...);
    store_first(to + at, result[0], left);
  }
}

// a b / 2^256 for any a (of 256 bits) and b below p: below 2p, and below 1.19 p if a is below p. Uncarried.
template <class P, int N>
PYZKFL_INLINE void field_products(Lanes<P> (&out)[N], const Groups<N>& a, const Groups<N>& b) {
  Factor<P> left[N], right[N];
  for (int k = 0; k < N; ++k) left[k] = unpack16<P>(a.words[k]), right[k] = unpack_factor<P>(b.words[k]);
  mul_uncarried(out, left, right);
}

template <class P>
void add_arrays(void* out, const void* a, const void* b, size_t n) {
  const auto operation = []<int N>(Words(&sum)[N], const Groups<N>& x, const Groups<N>& y) {
    for (int k = 0; k < N; ++k) {
      sum[k] = packed_canonical(add_uncarried(unpack<P>(x.words[k]), unpack<P>(y.words[k])));
    }
  };
  for_groups(out, n, operation, a, b);
}

template <class P>
void sub_arrays(void* out, const void* a, const void* b, size_t n) {
  const auto operation = []<int N>(Words(&difference)[N], const Groups<N>& x, const Groups<N>& y) {
    for (int k = 0; k < N; ++k) {
      const auto lifted = add_uncarried(unpack<P>(x.words[k]), Lanes<P>::template multiple<1>());
      difference[k] = packed_canonical(sub_uncarried(lifted, unpack<P>(y.words[k])));
    }
  };
  for_groups(out, n, operation, a, b);
}

template <class P>
void mul_arrays(void* out, const void* a, const void* b, size_t n) {
  const auto operation = []<int N>(Words(&packed)[N], const Groups<N>& x, const Groups<N>& y) {
    Lanes<P> products[N];
    field_products(products, x, y);
    for (int k = 0; k < N; ++k) packed[k] = packed_canonical(products[k]);
  };
  for_groups(out, n, operation, a, b);
}

template <class P>
void mul_sub_arrays(void* out, const void* a, const void* b, const void* c, size_t n) {
  const auto operation = []<int N>(Words(&packed)[N], const Groups<N>& x, const Groups<N>& y, const Groups<N>& z) {
    Lanes<P> products[N];
    field_products(products, x, y);
    for (int k = 0; k < N; ++k) {
      const auto lifted = add_uncarried(products[k], Lanes<P>::template multiple<1>());  // below 2.19 p
      packed[k] = packed_canonical(tamed(sub_uncarried(lifted, unpack<P>(z.words[k]))));
    }
  };
  for_groups(out, n, operation, a, b, c);
}

// One element in all lanes.
PYZKFL_INLINE Words load_everywhere(const void* element) {
  const __m512i twice = _mm512_broadcast_i64x4(_mm256_loadu_si256(static_cast<const __m256i_u*>(element)));
  const auto word = [&](uint64_t i) { return _mm512_permutexvar_epi64(splat(i), twice); };
  return {{word(0), word(1), word(2), word(3)}};
}

template <class P>
void scale_array(void* out, const void* a, const void* factor, size_t n) {
  const Words by = load_everywhere(factor);
  const auto operation = [&]<int N>(Words(&packed)[N], const Groups<N>& x) {
    Groups<N> factors;
    for (int k = 0; k < N; ++k) factors.words[k] = by;
    Lanes<P> products[N];
    field_products(products, x, factors);
    for (int k = 0; k < N; ++k) packed[k] = packed_canonical(products[k]);
  };
  for_groups(out, n, operation, a);
}

template <class P>
void interpolate_arrays(void* out, const void* a, const void* b, const void* factor, size_t n) {
  const Factor<P> by = unpack16<P>(load_everywhere(factor));
  const auto operation = [&]<int N>(Words(&packed)[N], const Groups<N>& x, const Groups<N>& y) {
    Lanes<P> products[N];
    Factor<P> left[N], right[N];
    for (int k = 0; k < N; ++k) {
      const auto lifted = add_uncarried(unpack<P>(y.words[k]), Lanes<P>::template multiple<1>());
      left[k] = by;
      right[k] = carried_unmasked(sub_uncarried(lifted, unpack<P>(x.words[k])));  // below 2p
    }
    mul_uncarried(products, left, right);  // below 1.38 p
    for (int k = 0; k < N; ++k) {
      const auto sum = add_uncarried(products[k], unpack<P>(x.words[k]));  // below 2.38 p
      const Lanes<P> once = carried_unmasked(sub_uncarried(sum, Lanes<P>::template multiple<1>()));
      const Lanes<P> two = carried_unmasked(sub_uncarried(sum, Lanes<P>::template multiple<2>()));
      const Lanes<P> least = Lanes<P>::select(_mm512_movepi64_mask(once.l[4]), carried_unmasked(sum), once);
      packed[k] = pack<P>(Lanes<P>::select(_mm512_movepi64_mask(two.l[4]), least, two));
    }
  };
  for_groups(out, n, operation, a, b);
}

// Products are summed before they are reduced, 64 at a time: 64 p 16 p / 2^260 + p = 13.1 p at most.
template <class P>
void inner_products(void* out8, const void* a, const void* b, size_t n) {
  constexpr size_t run = 64;
  Lanes<P> sum = Lanes<P>::zero();
  for (size_t begin = 0; begin < n; begin += 8 * run) {
    __m512i t[10];
    for (auto& column : t) column = _mm512_setzero_si512();
    for (size_t i = begin; i < n && i < begin + 8 * run; i += 8) {
      const char *x = static_cast<const char*>(a) + i * row_bytes, *y = static_cast<const char*>(b) + i * row_bytes;
      const Words left = n - i >= 8 ? load_consecutive(x) : load_first(x, n - i);
      const Words right = n - i >= 8 ? load_consecutive(y) : load_first(y, n - i);
      accumulate_product(t, unpack16<P>(left), unpack_factor<P>(right));
    }
    sum = carried(tamed(add_uncarried(sum, reduced_columns<P>(t))));  // of at most 14.8 p
  }
  store_consecutive(out8, packed_canonical(sum));
}

template <class P>
void mul_chains(void* values16, const void* factors16, size_t k) {
  auto* values = static_cast<char*>(values16);
  const auto* factors = static_cast<const char*>(factors16);
  Lanes<P> x = unpack<P>(load_consecutive(values)), y = unpack<P>(load_consecutive(values + group_bytes));
  const Factor<P> by_x = unpack16<P>(load_consecutive(factors)),
                  by_y = unpack16<P>(load_consecutive(factors + group_bytes));
  for (size_t i = 0; i < k; ++i) {
    x = mul(by_x, x);  // below 1.24 p, always
    y = mul(by_y, y);
  }
  store_consecutive(values, packed_canonical(x));
  store_consecutive(values + group_bytes, packed_canonical(y));
}

template <class P>
constexpr FieldKernel kernel = {add_arrays<P>,         sub_arrays<P>,  mul_arrays<P>,     mul_sub_arrays<P>,
                                interpolate_arrays<P>, scale_array<P>, inner_products<P>, mul_chains<P>};

}  // namespace

const FieldKernel* fp_kernel() { return &kernel<FpParams>; }
const FieldKernel* fr_kernel() { return &kernel<FrParams>; }

}  // namespace pyzkfl::ifma

#else

namespace pyzkfl::ifma {

const FieldKernel* fp_kernel() { return nullptr; }
const FieldKernel* fr_kernel() { return nullptr; }

}  // namespace pyzkfl::ifma

#endif
