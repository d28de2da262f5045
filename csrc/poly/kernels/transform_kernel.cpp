// The layers of transforms, compiled for each scalar kernel; and the vector kernel wrapped (see transform_kernel.h).
#include "poly/kernels/transform_kernel.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "fields/kernels/arithmetic.h"
#include "poly/kernels/transform_ifma.h"

namespace pyzkfl {
namespace {

using M = Fr::M;

constexpr Limbs double_p = [] {
  Limbs v{};
  limbs::add(v, M::p, M::p);
  return v;
}();

constexpr size_t kIterated = 1 << 10;  // blocks of at most 32 KiB go layer by layer, larger ones half by half
constexpr size_t kTile = 32;           // columns of a matrix that go through its layers together: 1 KiB of each row

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

  static void reduce(std::span<Fr> values) {
    for (Fr& v : values) v.l = Arithmetic::subtract_if_not_below(v.l, M::p);
  }

  // Calls body(upper, lower, block of the layer) for the halves of each block of each layer that the columns
  // [begin, end) of a block of 2^layers rows go through; layers in order, or backwards.
  template <class Body>
  static void for_tiles(std::span<Fr> block, unsigned layers, size_t begin, size_t end, bool forwards,
                        const Body& body) {
    const size_t rows = size_t{1} << layers, row_length = block.size() / rows;
    for (size_t at = begin; at < end; at += kTile) {
      const size_t count = std::min(kTile, end - at);
      for (unsigned i = 0; i < layers; ++i) {
        const unsigned layer = forwards ? i : layers - 1 - i;
        const size_t half = rows >> (layer + 1);  // rows
        for (size_t row = 0; row < rows; ++row) {
          if ((row & half) != 0) continue;
          const size_t upper = row * row_length + at;
          body(block.subspan(upper, count), block.subspan(upper + half * row_length, count), layer, row / (2 * half));
        }
      }
    }
  }

  static void forward_rows(std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
                           std::span<const Fr> twiddles) {
    for_tiles(block, layers, begin, end, true,
              [&](std::span<Fr> upper, std::span<Fr> lower, unsigned layer, size_t part) {
                forward_layer(upper, lower, twiddles[(index << layer) + part]);
              });
  }

  static void inverse_rows(std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
                           std::span<const Fr> twiddles, bool canonical) {
    for_tiles(block, layers, begin, end, false,
              [&](std::span<Fr> upper, std::span<Fr> lower, unsigned layer, size_t part) {
                inverse_layer(upper, lower, minus_inverse_twiddle(twiddles, (index << layer) + part));
                if (!canonical || layer != 0) return;
                reduce(upper);
                reduce(lower);
              });
  }

  static void forward_layers(std::span<Fr> block, size_t index, std::span<const Fr> twiddles) {
    const size_t n = block.size(), half = n / 2;
    if (n > kIterated) {
      forward_layer(block.first(half), block.last(half), twiddles[index]);
      forward_layers(block.first(half), 2 * index, twiddles);
      forward_layers(block.last(half), 2 * index + 1, twiddles);
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

  static void inverse_layers(std::span<Fr> block, size_t index, std::span<const Fr> twiddles) {
    const size_t n = block.size(), half = n / 2;
    if (n > kIterated) {
      inverse_layers(block.first(half), 2 * index, twiddles);
      inverse_layers(block.last(half), 2 * index + 1, twiddles);
      inverse_layer(block.first(half), block.last(half), minus_inverse_twiddle(twiddles, index));
      return;
    }
    for (size_t blocks = n / 2, size = 2; size <= n; blocks /= 2, size *= 2) {
      for (size_t i = 0; i < blocks; ++i) {
        const std::span<Fr> part = block.subspan(i * size, size);
        inverse_layer(part.first(size / 2), part.last(size / 2),
                      minus_inverse_twiddle(twiddles, index * blocks + i));
      }
    }
  }

  static void inverse_block(std::span<Fr> block, size_t index, std::span<const Fr> twiddles, const Fr& by,
                            bool canonical) {
    const Limbs factor = by.l;
    for (Fr& v : block) v.l = Arithmetic::template mul_lazy<M>(v.l, factor);
    inverse_layers(block, index, twiddles);
    if (canonical) reduce(block);
  }

  static void extend_block(std::span<Fr> block, size_t index, std::span<const Fr> twiddles,
                           std::span<const Fr> factors, const Fr& by, bool canonical) {
    forward_layers(block, index, twiddles);
    for (size_t j = 0; j < block.size(); ++j) {
      const Limbs factor = Arithmetic::template mul<M>(factors[j].l, by.l);
      block[j].l = Arithmetic::template mul_lazy<M>(block[j].l, factor);
    }
    inverse_layers(block, index, twiddles);
    if (canonical) reduce(block);
  }

  static TransformKernel kernel() {
    return {Arithmetic::name, Arithmetic::needs, forward_rows, forward_layers, inverse_rows, inverse_block,
            extend_block};
  }
};

#ifdef PYZKFL_X86_KERNELS
// Blocks too small for vectors.
using Small = Layers<kernel::AdxArithmetic>;
#else
using Small = Layers<kernel::GenericArithmetic>;
#endif

static_assert(sizeof(Fr) == 32);
static_assert(ifma::largest_log_block == TransformKernel::kLargestLogBlock);
static_assert(ifma::most_row_layers == TransformKernel::kMostRowLayers);

const uint64_t* words(std::span<const Fr> values) { return values.data()->l.data(); }
uint64_t* words(std::span<Fr> values) { return values.data()->l.data(); }

bool too_small(std::span<const Fr> block) { return block.size() < size_t{1} << ifma::smallest_log_block; }

unsigned log_size(std::span<const Fr> block) { return static_cast<unsigned>(std::countr_zero(block.size())); }

TransformKernel ifma_transform_kernel() {
  return {
      .name = "avx512ifma",
      .needs = CpuKernel::ifma,
      .forward_rows =
          [](std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
             std::span<const Fr> twiddles) {
            ifma::transform_layers()->forward_rows(words(block), layers, block.size() >> layers, begin, end, index,
                                                   words(twiddles));
          },
      .forward_block =
          [](std::span<Fr> block, size_t index, std::span<const Fr> twiddles) {
            if (too_small(block)) return Small::forward_layers(block, index, twiddles);
            ifma::transform_layers()->forward_block(words(block), log_size(block), index, words(twiddles));
          },
      .inverse_rows =
          [](std::span<Fr> block, unsigned layers, size_t begin, size_t end, size_t index,
             std::span<const Fr> twiddles, bool canonical) {
            ifma::transform_layers()->inverse_rows(words(block), layers, block.size() >> layers, begin, end, index,
                                                   words(twiddles), canonical);
          },
      .inverse_block =
          [](std::span<Fr> block, size_t index, std::span<const Fr> twiddles, const Fr& by, bool canonical) {
            if (too_small(block)) return Small::inverse_block(block, index, twiddles, by, canonical);
            ifma::transform_layers()->inverse_block(words(block), log_size(block), index, words(twiddles), by.l.data(),
                                                    canonical);
          },
      .extend_block =
          [](std::span<Fr> block, size_t index, std::span<const Fr> twiddles, std::span<const Fr> factors,
             const Fr& by, bool canonical) {
            if (too_small(block)) return Small::extend_block(block, index, twiddles, factors, by, canonical);
            const Fr by16 = by.dbl().dbl().dbl().dbl();
            ifma::transform_layers()->extend_block(words(block), log_size(block), index, words(twiddles),
                                                   words(factors), by16.l.data(), canonical);
          },
  };
}

std::vector<TransformKernel> make_runnable_kernels() {
  std::vector<TransformKernel> kernels;
  kernels.push_back(Layers<kernel::GenericArithmetic>::kernel());
#ifdef PYZKFL_X86_KERNELS
  if (best_kernel() >= CpuKernel::adx) kernels.push_back(Layers<kernel::AdxArithmetic>::kernel());
#endif
  if (best_kernel() >= CpuKernel::ifma && ifma::transform_layers() != nullptr) {
    kernels.push_back(ifma_transform_kernel());
  }
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
