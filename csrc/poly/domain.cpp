// Transforms over evaluation domains (see domain.h).
//
// Forward: natural to bit-reversed order by Cooley-Tukey butterflies, one twiddle factor a block. Inverse: the same
// backwards, by Gentleman-Sande butterflies. The first layers are passes over the whole vector, eight layers each, in
// which threads share the columns; then blocks that stay in a core's cache are each finished by one thread.
//
// The inverse transform of natural-order values, left in bit-reversed order, is the forward one with the roots
// inverted. Forward itself gives the same coefficients, in the places of their negatives: place P holds coefficient
// -rev(P) modulo n. Inverse takes them from there back to natural order, and its inverted roots undo the negation.
// So a low-degree extension is forward, a factor for each place, inverse, with no permutation; and as forward ends and
// inverse begins on the same blocks, each block is loaded once for both.
#include "poly/domain.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "fields/batch_inverse.h"
#include "fields/kernels/kernel_table.h"
#include "poly/bit_reversal.h"
#include "poly/kernels/transform_kernel.h"
#include "poly/twiddles.h"

namespace pyzkfl {
namespace {

constexpr size_t kParallelGrain = 1 << 10;  // elements below which a chunk is not worth a thread

// How the layers of a transform are divided: into passes over rows, and blocks.
struct Plan {
  unsigned log_block;
  std::vector<unsigned> passes;  // layers of each; the first pass has the first layers

  explicit Plan(unsigned log_n) : log_block(std::min(log_n, TransformKernel::kLargestLogBlock)) {
    const unsigned layers = log_n - log_block;
    const unsigned count = (layers + TransformKernel::kMostRowLayers - 1) / TransformKernel::kMostRowLayers;
    for (unsigned i = 0; i < count; ++i) passes.push_back(layers * (i + 1) / count - layers * i / count);
  }
};

// Calls body(block, number of the block, begin, end) on ranges of columns that cover the matrices of one pass, which
// follows `before` layers.
template <class Body>
void for_columns(std::span<Fr> values, unsigned before, unsigned layers, const Body& body) {
  const size_t block_size = values.size() >> before, row_length = block_size >> layers;
  const size_t groups = row_length / TransformKernel::kColumns;  // of one block
  const size_t grain = std::max<size_t>(1, kParallelGrain / (TransformKernel::kColumns << layers));
  parallel_for(groups << before, grain, [&](size_t begin, size_t end) {
    while (begin < end) {
      const size_t block = begin / groups, first = begin % groups, count = std::min(end - begin, groups - first);
      body(values.subspan(block * block_size, block_size), block, first * TransformKernel::kColumns,
           (first + count) * TransformKernel::kColumns);
      begin += count;
    }
  });
}

template <class Body>
void for_blocks(std::span<Fr> values, unsigned log_block, const Body& body) {
  const size_t size = size_t{1} << log_block;
  parallel_for(values.size() / size, std::max<size_t>(1, kParallelGrain / size), [&](size_t begin, size_t end) {
    for (size_t block = begin; block < end; ++block) body(values.subspan(block * size, size), block);
  });
}

void forward_passes(std::span<Fr> values, const Plan& plan, std::span<const Fr> twiddles) {
  unsigned before = 0;
  for (const unsigned layers : plan.passes) {
    for_columns(values, before, layers, [&](std::span<Fr> block, size_t index, size_t begin, size_t end) {
      transform_kernel().forward_rows(block, layers, begin, end, index, twiddles);
    });
    before += layers;
  }
}

// To canonical values.
void inverse_passes(std::span<Fr> values, const Plan& plan, std::span<const Fr> twiddles) {
  auto before = static_cast<unsigned>(std::countr_zero(values.size())) - plan.log_block;
  for (size_t i = plan.passes.size(); i-- > 0;) {
    const unsigned layers = plan.passes[i];
    before -= layers;
    for_columns(values, before, layers, [&](std::span<Fr> block, size_t index, size_t begin, size_t end) {
      transform_kernel().inverse_rows(block, layers, begin, end, index, twiddles, i == 0);
    });
  }
}

// Natural order to values in bit-reversed order.
void forward_transform(std::span<Fr> values, unsigned log_n, std::span<const Fr> twiddles) {
  const Plan plan(log_n);
  forward_passes(values, plan, twiddles);
  for_blocks(values, plan.log_block, [&](std::span<Fr> block, size_t index) {
    transform_kernel().forward_block(block, index, twiddles);
  });
}

// Values in bit-reversed order to coefficients in natural order.
void inverse_transform(std::span<Fr> values, unsigned log_n, std::span<const Fr> twiddles) {
  const Plan plan(log_n);
  const Fr n_inverse = Fr::from_u64(values.size()).inverse_vartime();
  for_blocks(values, plan.log_block, [&](std::span<Fr> block, size_t index) {
    transform_kernel().inverse_block(block, index, twiddles, n_inverse, plan.passes.empty());
  });
  inverse_passes(values, plan, twiddles);
}

Fr power(const Fr& base, uint64_t exponent) { return base.pow_vartime({&exponent, 1}); }

// ratio^(the bits of i reversed) first, for i below 2^log_n.
std::vector<Fr> reversed_powers(const Fr& first, const Fr& ratio, unsigned log_n) {
  std::vector<Fr> out(size_t{1} << log_n);
  out[0] = first;
  for (unsigned k = 0; k < log_n; ++k) {
    const size_t half = size_t{1} << k;
    kernel_table<Fr>().scale(std::span(out).subspan(half, half), std::span(out).first(half),
                             power(ratio, uint64_t{1} << (log_n - 1 - k)));
  }
  return out;
}

// values[i] *= ratio^i.
void multiply_by_powers(std::span<Fr> values, const Fr& ratio) {
  constexpr size_t chunk = 256;
  const KernelTable<Fr>& kernel = kernel_table<Fr>();
  std::array<Fr, chunk> powers;
  powers[0] = Fr::one();
  for (size_t i = 1; i < chunk; ++i) powers[i] = powers[i - 1] * ratio;
  const Fr step = powers.back() * ratio;
  parallel_for((values.size() + chunk - 1) / chunk, 4, [&](size_t begin, size_t end) {
    std::array<Fr, chunk> own;
    Fr factor = power(step, begin);
    for (size_t i = begin; i < end; ++i, factor *= step) {
      const std::span<Fr> part = values.subspan(i * chunk, std::min(chunk, values.size() - i * chunk));
      const std::span<Fr> factors = std::span(own).first(part.size());
      kernel.scale(factors, std::span(powers).first(part.size()), factor);
      kernel.mul(part, part, factors);
    }
  });
}

}  // namespace

Domain::Domain(unsigned log_n) : log_n_(log_n) {
  if (log_n > kMostLogN) {
    throw ParameterError("a domain of 2^" + std::to_string(log_n) + " points: the largest of Fr has 2^28");
  }
  generator_ = root_of_unity(log_n);
}

void Domain::check_size(std::span<const Fr> values) const {
  if (values.size() != size()) {
    throw ParameterError("transform over 2^" + std::to_string(log_n_) + " points of " +
                         std::to_string(values.size()) + " elements");
  }
}

void Domain::ntt(std::span<Fr> values) const {
  check_size(values);
  forward_transform(values, log_n_, *twiddle_table(log_n_));
  reverse_bit_order(values, log_n_);
}

void Domain::intt(std::span<Fr> values) const {
  check_size(values);
  reverse_bit_order(values, log_n_);
  inverse_transform(values, log_n_, *twiddle_table(log_n_));
}

void Domain::coset_ntt(std::span<Fr> values) const {
  check_size(values);
  multiply_by_powers(values, coset_shift());
  ntt(values);
}

void Domain::coset_intt(std::span<Fr> values) const {
  intt(values);
  multiply_by_powers(values, coset_shift().inverse_vartime());
}

void Domain::coset_extend(std::span<Fr> values, const Fr& shift) const {
  check_size(values);
  if (shift.is_zero()) throw ParameterError("coset_extend: the shift is zero");
  const auto table = twiddle_table(log_n_);
  const std::span<const Fr> twiddles = *table;
  const Plan plan(log_n_);
  const unsigned log_blocks = log_n_ - plan.log_block;

  // Place P takes shift^(-rev(P) mod n) / n. With P = 2^log_block b + j, rev(P) is rev(j) 2^log_blocks + rev(b). For
  // all but P = 0 that is shift^n shift^-rev(P), and P = 0 gets a factor of its own.
  const Fr inverse = shift.inverse_vartime(), n_inverse = Fr::from_u64(size()).inverse_vartime();
  const Fr shift_n = power(shift, size());
  const std::vector<Fr> by = reversed_powers(n_inverse * shift_n, inverse, log_blocks);
  const std::vector<Fr> factors = reversed_powers(Fr::one(), power(inverse, uint64_t{1} << log_blocks), plan.log_block);
  std::vector<Fr> factors_of_first = factors;
  factors_of_first[0] = shift_n.inverse_vartime();

  forward_passes(values, plan, twiddles);
  for_blocks(values, plan.log_block, [&](std::span<Fr> block, size_t index) {
    transform_kernel().extend_block(block, index, twiddles, index == 0 ? factors_of_first : factors, by[index],
                                    plan.passes.empty());
  });
  inverse_passes(values, plan, twiddles);
}

Fr Domain::vanishing_on_coset() const { return power(coset_shift(), size()) - Fr::one(); }

// L_i(x) = (x^n - 1) w^i / (n (x - w^i)), and 1 where x = w^i: there the fraction is 0 / 0.
std::vector<Fr> Domain::lagrange_at(const Fr& x) const {
  const size_t n = size();
  const Fr factor = (power(x, n) - Fr::one()) * Fr::from_u64(n).inverse();
  std::vector<Fr> out(n), differences(n), scratch(n);
  parallel_for(n, kParallelGrain, [&](size_t begin, size_t end) {
    Fr root = power(generator_, begin);
    for (size_t i = begin; i < end; ++i, root *= generator_) {
      differences[i] = x - root;
      out[i] = root * factor;
      const uint64_t at_root = 0 - static_cast<uint64_t>(differences[i].is_zero());
      differences[i] = Fr::select(at_root, Fr::one(), differences[i]);
      out[i] = Fr::select(at_root, Fr::one(), out[i]);
    }
    const auto part = [&](std::vector<Fr>& v) { return std::span(v).subspan(begin, end - begin); };
    batch_inverse(part(differences), part(scratch));
    for (size_t i = begin; i < end; ++i) out[i] *= differences[i];
  });
  for (std::vector<Fr>* leftover : {&differences, &scratch}) {
    wipe({reinterpret_cast<uint8_t*>(leftover->data()), leftover->size() * sizeof(Fr)});
  }
  return out;
}

}  // namespace pyzkfl
