// Operations over arrays on AVX-512 IFMA, eight elements at a time (see field_ifma.h, ifma_field.h).
#include "fields/kernels/field_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

constexpr size_t row_bytes = 32, group_bytes = 8 * row_bytes;

// out[i] = operation(inputs[i] ...), where operation takes and gives Words.
template <class Operation, class... Inputs>
PYZKFL_INLINE void for_groups(void* out, size_t n, const Operation& operation, const Inputs*... inputs) {
  size_t g = 0;
  for (; 8 * g + 8 <= n; ++g) {
    const size_t at = g * group_bytes;
    store_consecutive(static_cast<char*>(out) + at,
                      operation(load_consecutive(static_cast<const char*>(inputs) + at)...));
  }
  const size_t rest = n - 8 * g, at = g * group_bytes;
  if (rest != 0) {
    const Words last = operation(load_first(static_cast<const char*>(inputs) + at, rest)...);
    store_first(static_cast<char*>(out) + at, last, rest);
  }
}

template <class P>
void add_arrays(void* out, const void* a, const void* b, size_t n) {
  for_groups(
      out, n,
      [](const Words& x, const Words& y) { return packed_canonical(add_uncarried(unpack<P>(x), unpack<P>(y))); }, a, b);
}

template <class P>
void sub_arrays(void* out, const void* a, const void* b, size_t n) {
  for_groups(
      out, n,
      [](const Words& x, const Words& y) {
        const auto lifted = add_uncarried(unpack<P>(x), Lanes<P>::template multiple<1>());
        return packed_canonical(sub_uncarried(lifted, unpack<P>(y)));
      },
      a, b);
}

// a b / 2^256 < p for a below 2^256 and b below p, so the product is below 2p.
template <class P>
void mul_arrays(void* out, const void* a, const void* b, size_t n) {
  for_groups(
      out, n,
      [](const Words& x, const Words& y) {
        return packed_canonical(mul_uncarried(unpack16<P>(x), unpack_factor<P>(y)));
      },
      a, b);
}

template <class P>
void mul_sub_arrays(void* out, const void* a, const void* b, const void* c, size_t n) {
  for_groups(
      out, n,
      [](const Words& x, const Words& y, const Words& z) {
        const Lanes<P> product = mul_uncarried(unpack16<P>(x), unpack_factor<P>(y));  // below 1.19 p
        const Lanes<P> lifted = add_uncarried(product, Lanes<P>::template multiple<1>());
        return packed_canonical(tamed(sub_uncarried(lifted, unpack<P>(z))));
      },
      a, b, c);
}

template <class P>
void scale_array(void* out, const void* a, const void* factor, size_t n) {
  const __m256i row = _mm256_loadu_si256(static_cast<const __m256i_u*>(factor));
  const __m512i twice = _mm512_broadcast_i64x4(row);
  const auto word = [&](int i) { return _mm512_permutexvar_epi64(splat(static_cast<uint64_t>(i)), twice); };
  const Factor<P> by = unpack16<P>(Words{{word(0), word(1), word(2), word(3)}});
  for_groups(out, n, [&](const Words& x) { return packed_canonical(mul_uncarried(by, unpack_factor<P>(x))); }, a);
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
constexpr FieldKernel kernel = {add_arrays<P>,  sub_arrays<P>,     mul_arrays<P>, mul_sub_arrays<P>,
                                scale_array<P>, inner_products<P>, mul_chains<P>};

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
