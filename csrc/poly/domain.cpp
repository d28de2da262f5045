// Transforms over evaluation domains (see domain.h).
//
// Forward: natural to bit-reversed order by Cooley-Tukey butterflies, one twiddle factor a block, then the
// bits are reversed. Inverse: the same backwards, by Gentleman-Sande butterflies. The first layers run over
// the whole vector in parallel; once blocks are small enough to stay in a core's cache, each is finished by
// one thread.
#include "poly/domain.h"

#include <algorithm>
#include <string>

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

constexpr unsigned kCachedLogN = 13;        // 256 KiB: a block that one thread finishes alone
constexpr size_t kParallelGrain = 1 << 10;  // elements below which a chunk is not worth a thread

// Calls body(block, offset within its first half, count) on pieces that cover one layer of 2^layer blocks.
template <class Body>
void for_layer(size_t n, unsigned layer, const Body& body) {
  const size_t half = n >> (layer + 1);
  parallel_for(n / 2, kParallelGrain, [&](size_t begin, size_t end) {
    while (begin < end) {
      const size_t block = begin / half, offset = begin % half;
      const size_t count = std::min(end - begin, half - offset);
      body(block, offset, count);
      begin += count;
    }
  });
}

unsigned shared_layers(unsigned log_n) { return log_n > kCachedLogN ? log_n - kCachedLogN : 0; }

// Natural order to values in bit-reversed order.
void forward_transform(std::span<Fr> values, unsigned log_n, std::span<const Fr> twiddles) {
  const TransformKernel& kernel = transform_kernel();
  const unsigned layers = shared_layers(log_n);
  for (unsigned layer = 0; layer < layers; ++layer) {
    const size_t half = values.size() >> (layer + 1);
    for_layer(values.size(), layer, [&](size_t block, size_t offset, size_t count) {
      const size_t x = 2 * half * block + offset;
      kernel.forward_layer(values.subspan(x, count), values.subspan(x + half, count), twiddles[block]);
    });
  }
  const size_t block_size = values.size() >> layers;
  parallel_for(size_t{1} << layers, 1, [&](size_t begin, size_t end) {
    for (size_t block = begin; block < end; ++block) {
      kernel.forward_block(values.subspan(block * block_size, block_size), block, twiddles);
    }
  });
}

// Values in bit-reversed order to n times the coefficients in natural order, lazily reduced (below 2p): they
// must go through a multiplication before they are elements again.
void inverse_transform(std::span<Fr> values, unsigned log_n, std::span<const Fr> twiddles) {
  const TransformKernel& kernel = transform_kernel();
  const unsigned layers = shared_layers(log_n);
  const size_t block_size = values.size() >> layers;
  parallel_for(size_t{1} << layers, 1, [&](size_t begin, size_t end) {
    for (size_t block = begin; block < end; ++block) {
      kernel.inverse_block(values.subspan(block * block_size, block_size), block, twiddles);
    }
  });
  for (unsigned layer = layers; layer-- > 0;) {
    const size_t half = values.size() >> (layer + 1);
    for_layer(values.size(), layer, [&](size_t block, size_t offset, size_t count) {
      const size_t x = 2 * half * block + offset;
      kernel.inverse_layer(values.subspan(x, count), values.subspan(x + half, count),
                           minus_inverse_twiddle(twiddles, block));
    });
  }
}

Fr power(const Fr& base, uint64_t exponent) { return base.pow_vartime({&exponent, 1}); }

// 5 v, which is cheaper than a multiplication.
Fr times_five(const Fr& v) { return v.dbl().dbl() + v; }

// values[i] may be lazily reduced.
void scale(std::span<Fr> values, const Fr& factor) {
  const KernelTable<Fr>& kernel = kernel_table<Fr>();
  parallel_for(values.size(), kParallelGrain, [&](size_t begin, size_t end) {
    const std::span<Fr> part = values.subspan(begin, end - begin);
    kernel.scale(part, part, factor);
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
  scale(values, Fr::from_u64(size()).inverse());
}

void Domain::coset_ntt(std::span<Fr> values) const {
  check_size(values);
  parallel_for(values.size(), kParallelGrain, [&](size_t begin, size_t end) {
    Fr factor = power(coset_shift(), begin);
    for (size_t i = begin; i < end; ++i, factor = times_five(factor)) values[i] *= factor;
  });
  ntt(values);
}

void Domain::coset_intt(std::span<Fr> values) const {
  check_size(values);
  reverse_bit_order(values, log_n_);
  inverse_transform(values, log_n_, *twiddle_table(log_n_));
  const Fr n_inverse = Fr::from_u64(size()).inverse(), shift_inverse = coset_shift().inverse();
  parallel_for(values.size(), kParallelGrain, [&](size_t begin, size_t end) {
    // From the end down, so that the step from 5^-(i+1) to 5^-i is a multiplication by 5.
    Fr factor = power(shift_inverse, end - 1) * n_inverse;
    for (size_t i = end; i-- > begin; factor = times_five(factor)) values[i] *= factor;  // reduces, too
  });
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
