// The layers of transforms, compiled for each scalar kernel (see transform_kernel.h).
#include "poly/kernels/transform_kernel.h"

#include <bit>
#include <vector>

#include "fields/kernels/arithmetic.h"

namespace pyzkfl {
namespace {

using M = Fr::M;

constexpr Limbs double_p = [] {
  Limbs v{};
  limbs::add(v, M::p, M::p);
  return v;
}();

constexpr size_t kIterated = 1 << 10;  // blocks of at most 32 KiB go layer by layer, larger ones half by half

template <class Arithmetic>
struct Layers {
  // a + 2p - b, as an integer.
  [[gnu::always_inline]] static Limbs minus(const Limbs& a, const Limbs& b) {
    return Arithmetic::sub_integers(Arithmetic::add_integers(a, double_p), b);
  }

  [[gnu::always_inline]] static void forward(Limbs& x, Limbs& y, const Limbs& w) {
    const Limbs product = Arithmetic::template mul_lazy<M>(y, w);  // < 2p
    const Limbs base = Arithmetic::subtract_if_not_below(x, double_p);  // < 2p
    x = Arithmetic::add_integers(base, product);
    y = minus(base, product);
  }

  [[gnu::always_inline]] static void inverse(Limbs& x, Limbs& y, const Limbs& w) {
    const Limbs difference = minus(y, x);  // < 4p
    x = Arithmetic::subtract_if_not_below(Arithmetic::add_integers(x, y), double_p);
    y = Arithmetic::template mul_lazy<M>(difference, w);
  }

  static void forward_layer(std::span<Fr> x, std::span<Fr> y, const Fr& w) {
    const Limbs factor = w.l;
    for (size_t i = 0; i < x.size(); ++i) forward(x[i].l, y[i].l, factor);
  }

  static void inverse_layer(std::span<Fr> x, std::span<Fr> y, const Fr& w) {
    const Limbs factor = w.l;
    for (size_t i = 0; i < x.size(); ++i) inverse(x[i].l, y[i].l, factor);
  }

  static void forward_block(std::span<Fr> block, size_t index, std::span<const Fr> twiddles) {
    const size_t n = block.size(), half = n / 2;
    if (n > kIterated) {
      forward_layer(block.first(half), block.last(half), twiddles[index]);
      forward_block(block.first(half), 2 * index, twiddles);
      forward_block(block.last(half), 2 * index + 1, twiddles);
      return;
    }
    for (size_t blocks = 1, size = n; size > 1; blocks *= 2, size /= 2) {
      for (size_t i = 0; i < blocks; ++i) {
        const std::span<Fr> part = block.subspan(i * size, size);
        forward_layer(part.first(size / 2), part.last(size / 2), twiddles[index * blocks + i]);
      }
    }
    for (Fr& v : block) {
      v.l = Arithmetic::subtract_if_not_below(Arithmetic::subtract_if_not_below(v.l, double_p), M::p);
    }
  }

  static void inverse_block(std::span<Fr> block, size_t index, std::span<const Fr> twiddles) {
    const size_t n = block.size(), half = n / 2;
    if (n > kIterated) {
      inverse_block(block.first(half), 2 * index, twiddles);
      inverse_block(block.last(half), 2 * index + 1, twiddles);
      inverse_layer(block.first(half), block.last(half), minus_inverse_twiddle(twiddles, index));
      return;
    }
    for (size_t blocks = half, size = 2; size <= n; blocks /= 2, size *= 2) {
      for (size_t i = 0; i < blocks; ++i) {
        const std::span<Fr> part = block.subspan(i * size, size);
        inverse_layer(part.first(size / 2), part.last(size / 2),
                      minus_inverse_twiddle(twiddles, index * blocks + i));
      }
    }
  }

  static TransformKernel kernel() {
    return {Arithmetic::name, Arithmetic::needs, forward_layer, forward_block, inverse_layer, inverse_block};
  }
};

std::vector<TransformKernel> make_runnable_kernels() {
  std::vector<TransformKernel> kernels;
  kernels.push_back(Layers<kernel::PortableArithmetic>::kernel());
#ifdef PYZKFL_X86_KERNELS
  if (best_kernel() >= CpuKernel::adx) kernels.push_back(Layers<kernel::AdxArithmetic>::kernel());
#endif
  return kernels;
}

}  // namespace

Fr minus_inverse_twiddle(std::span<const Fr> twiddles, size_t index) {
  static constexpr Fr minus_one = -Fr::one();
  if (index == 0) return minus_one;
  return twiddles[3 * std::bit_floor(index) - 1 - index];
}

std::span<const TransformKernel> runnable_transform_kernels() {
  static const std::vector<TransformKernel> kernels = make_runnable_kernels();
  return kernels;
}

const TransformKernel& transform_kernel() {
  static const TransformKernel& selected = *[] {
    const auto kernels = runnable_transform_kernels();
    size_t best = 0;
    for (size_t i = 1; i < kernels.size(); ++i) {
      if (kernels[i].needs <= selected_kernel()) best = i;
    }
    return &kernels[best];
  }();
  return selected;
}

}  // namespace pyzkfl
