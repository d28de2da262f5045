// The ring Z_q[X] / (X^n + 1), q a product of primes of 50 bits, by residues: what ring-LWE computes in.
//
// A polynomial is primes() times n() words, the residues modulo the first prime first, each below its prime. "Values"
// are a polynomial after forward(): at the odd powers of psi, in bit-reversed order; products are element by element.
// Vector kernels work on eight elements at once (kernels/ntt_ifma.cpp); the portable code gives the same. Primes of
// 50 bits, because the multiplier of IFMA has 52 and lazy reduction takes two.
//
// Constant time in the elements.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/secret.h"
#include "he/kernels/ntt_ifma.h"

namespace pyzkfl::he {

// Primes that are 1 modulo 2^14, the four largest below 2^50.
inline constexpr std::array<uint64_t, 4> ring_primes = {1125899906826241, 1125899906629633, 1125899905744897,
                                                        1125899905351681};
inline constexpr unsigned prime_bits = 50;

using Polynomial = SecretVector<uint64_t>;
using PolynomialSpan = std::span<const uint64_t>;

class Ring {
 public:
  // n = 2^log_n, 6 to 13; 1 to 4 primes.
  Ring(unsigned log_n, size_t primes, CpuKernel kernel = selected_kernel());

  size_t n() const { return n_; }
  size_t primes() const { return primes_.size(); }
  size_t words() const { return n_ * primes_.size(); }
  uint64_t prime(size_t i) const { return ring_primes[i]; }

  // In place.
  void forward(std::span<uint64_t> polynomial) const;
  void inverse(std::span<uint64_t> values) const;
  // Values times 2^52, for the second factor of multiply_add.
  void to_montgomery(std::span<uint64_t> values) const;
  // out = a b + c for values, where b is in Montgomery form. `out` may be any of them.
  void multiply_add(std::span<uint64_t> out, PolynomialSpan a, PolynomialSpan b, PolynomialSpan c) const;
  // out = a + b, for whole polynomials one after the other too. `out` may be either.
  void add(std::span<uint64_t> out, PolynomialSpan a, PolynomialSpan b) const;
  // out = -a.
  void negate(std::span<uint64_t> out, PolynomialSpan a) const;
  // out = a times a number modulo each prime (below it).
  void scale(std::span<uint64_t> out, PolynomialSpan a, std::span<const uint64_t> by) const;

 private:
  struct PerPrime {
    std::vector<uint64_t> roots, root_quotients, inverse_roots, inverse_quotients, tail, inverse_tail;
    ifma::TransformTables tables;
  };

  size_t n_;
  const ifma::RingKernel* kernel_;
  std::vector<PerPrime> primes_;
};

// a b modulo q for public numbers.
uint64_t multiply_modulo(uint64_t a, uint64_t b, uint64_t q);
uint64_t power_modulo(uint64_t a, uint64_t e, uint64_t q);

// a w modulo q, for a below 2^52, w below q, quotient = floor(2^52 w / q). Constant time.
struct FixedFactor {
  uint64_t w, quotient;
  FixedFactor() = default;
  FixedFactor(uint64_t factor, uint64_t q);
  // Below 2 q.
  uint64_t lazy(uint64_t a, uint64_t q) const {
    const auto high = static_cast<uint64_t>(static_cast<unsigned __int128>(a) * quotient >> 52);
    return a * w - high * q;
  }
};

// x - bound, or x where that would be negative; x below 2^63.
inline uint64_t reduce_once(uint64_t x, uint64_t bound) {
  const uint64_t difference = x - bound;
  return difference + (bound & (0 - (difference >> 63)));
}

}  // namespace pyzkfl::he
