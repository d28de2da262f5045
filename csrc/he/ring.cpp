// Transforms and arithmetic by residues; the portable code, and the tables of both (see ring.h).
#include "he/ring.h"

#include <algorithm>

#include "base/errors.h"

namespace pyzkfl::he {
namespace {

using Wide = unsigned __int128;
using ifma::TransformTables;

constexpr uint64_t mask52 = (uint64_t{1} << 52) - 1;

size_t reversed(size_t v, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (v >> i & 1) << (bits - 1 - i);
  return out;
}

uint64_t quotient_of(uint64_t w, uint64_t q) { return static_cast<uint64_t>((Wide{w} << 52) / q); }

// Below 2 q, for x below 2^52.
uint64_t times_root(uint64_t x, uint64_t w, uint64_t quotient, uint64_t q) {
  return x * w - static_cast<uint64_t>(Wide{x} * quotient >> 52) * q;
}

void forward_portable(uint64_t* a, size_t n, const TransformTables& t) {
  const uint64_t q = t.q, q2 = 2 * q;
  for (size_t m = 1, half = n / 2; m < n; m *= 2, half /= 2) {
    for (size_t i = 0; i < m; ++i) {
      const uint64_t w = t.roots[m + i], quotient = t.root_quotients[m + i];
      uint64_t *x = a + 2 * i * half, *y = x + half;
      for (size_t j = 0; j < half; ++j) {
        const uint64_t u = reduce_once(x[j], q2), v = times_root(y[j], w, quotient, q);
        x[j] = u + v;
        y[j] = u + q2 - v;
      }
    }
  }
  for (size_t j = 0; j < n; ++j) a[j] = reduce_once(reduce_once(a[j], q2), q);
}

void inverse_portable(uint64_t* a, size_t n, const TransformTables& t) {
  const uint64_t q = t.q, q2 = 2 * q;
  for (size_t m = n / 2, half = 1; m >= 1; m /= 2, half *= 2) {
    for (size_t i = 0; i < m; ++i) {
      const uint64_t w = t.inverse_roots[m + i], quotient = t.inverse_quotients[m + i];
      uint64_t *x = a + 2 * i * half, *y = x + half;
      for (size_t j = 0; j < half; ++j) {
        const uint64_t u = x[j], v = y[j];
        x[j] = reduce_once(u + v, q2);
        y[j] = times_root(u + q2 - v, w, quotient, q);
      }
    }
  }
  for (size_t j = 0; j < n; ++j) a[j] = reduce_once(times_root(a[j], t.n_inverse, t.n_inverse_quotient, q), q);
}

void multiply_add_portable(uint64_t* out, const uint64_t* a, const uint64_t* b, const uint64_t* c, size_t n,
                           const TransformTables& t) {
  for (size_t j = 0; j < n; ++j) {
    const Wide product = Wide{a[j]} * b[j];
    const uint64_t m = static_cast<uint64_t>(product) * t.q_inverse & mask52;
    const uint64_t high = static_cast<uint64_t>(product >> 52);
    const uint64_t lifted = high + t.q - static_cast<uint64_t>(Wide{m} * t.q >> 52);
    out[j] = reduce_once(reduce_once(lifted, t.q) + c[j], t.q);
  }
}

void add_portable(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const TransformTables& t) {
  for (size_t j = 0; j < n; ++j) out[j] = reduce_once(a[j] + b[j], t.q);
}

constexpr ifma::RingKernel portable = {forward_portable, inverse_portable, multiply_add_portable, add_portable};

// The least generator of the subgroup of order 2^log among the powers of small numbers.
uint64_t root_of_unity(uint64_t q, unsigned log) {
  for (uint64_t g = 2;; ++g) {
    const uint64_t root = power_modulo(g, (q - 1) >> log, q);
    if (power_modulo(root, uint64_t{1} << (log - 1), q) == q - 1) return root;
  }
}

// For every 64 elements the roots of the last three layers: lane l of a vector is for elements 8 l .. 8 l + 7.
std::vector<uint64_t> tail_of(const std::vector<uint64_t>& roots, const std::vector<uint64_t>& quotients, size_t n) {
  std::vector<uint64_t> out;
  for (size_t c = 0; c < n / 64; ++c) {
    for (const auto* source : {&roots, &quotients}) {
      for (size_t blocks = 1; blocks <= 4; blocks *= 2) {
        for (size_t block = 0; block < blocks; ++block) {
          for (size_t lane = 0; lane < 8; ++lane) {
            out.push_back((*source)[n / 8 * blocks + blocks * (8 * c + lane) + block]);
          }
        }
      }
    }
  }
  return out;
}

}  // namespace

uint64_t multiply_modulo(uint64_t a, uint64_t b, uint64_t q) { return static_cast<uint64_t>(Wide{a} * b % q); }

uint64_t power_modulo(uint64_t a, uint64_t e, uint64_t q) {
  uint64_t out = 1;
  for (; e != 0; e >>= 1, a = multiply_modulo(a, a, q)) {
    if (e % 2 == 1) out = multiply_modulo(out, a, q);
  }
  return out;
}

FixedFactor::FixedFactor(uint64_t factor, uint64_t q) : w(factor % q), quotient(quotient_of(factor % q, q)) {}

Ring::Ring(unsigned log_n, size_t primes, CpuKernel kernel) : n_(size_t{1} << log_n) {
  if (log_n < 6 || log_n > 13 || primes < 1 || primes > ring_primes.size()) {
    throw ParameterError("a ring has 2^6 to 2^13 coefficients and 1 to 4 primes");
  }
  const bool lanes = kernel >= CpuKernel::ifma && best_kernel() >= CpuKernel::ifma && ifma::ring_kernel() != nullptr;
  kernel_ = lanes ? ifma::ring_kernel() : &portable;
  primes_.resize(primes);
  for (size_t i = 0; i < primes; ++i) {
    const uint64_t q = ring_primes[i];
    PerPrime& p = primes_[i];
    const uint64_t psi = root_of_unity(q, log_n + 1), inverse_psi = power_modulo(psi, q - 2, q);
    p.roots.resize(n_);
    p.inverse_roots.resize(n_);
    uint64_t power = 1, inverse_power = 1;
    for (size_t k = 0; k < n_; ++k) {
      p.roots[reversed(k, log_n)] = power;
      p.inverse_roots[reversed(k, log_n)] = inverse_power;
      power = multiply_modulo(power, psi, q);
      inverse_power = multiply_modulo(inverse_power, inverse_psi, q);
    }
    for (const uint64_t w : p.roots) p.root_quotients.push_back(quotient_of(w, q));
    for (const uint64_t w : p.inverse_roots) p.inverse_quotients.push_back(quotient_of(w, q));
    p.tail = tail_of(p.roots, p.root_quotients, n_);
    p.inverse_tail = tail_of(p.inverse_roots, p.inverse_quotients, n_);
    uint64_t q_inverse = q;  // modulo 2^64 by Newton, then modulo 2^52
    for (int k = 0; k < 5; ++k) q_inverse *= 2 - q * q_inverse;
    const uint64_t n_inverse = power_modulo(n_, q - 2, q);
    p.tables = {.q = q,
                .q_inverse = q_inverse & mask52,
                .roots = p.roots.data(),
                .root_quotients = p.root_quotients.data(),
                .inverse_roots = p.inverse_roots.data(),
                .inverse_quotients = p.inverse_quotients.data(),
                .tail = p.tail.data(),
                .inverse_tail = p.inverse_tail.data(),
                .n_inverse = n_inverse,
                .n_inverse_quotient = quotient_of(n_inverse, q)};
  }
}

void Ring::forward(std::span<uint64_t> polynomial) const {
  for (size_t i = 0; i < primes(); ++i) kernel_->forward(polynomial.data() + i * n_, n_, primes_[i].tables);
}

void Ring::inverse(std::span<uint64_t> values) const {
  for (size_t i = 0; i < primes(); ++i) kernel_->inverse(values.data() + i * n_, n_, primes_[i].tables);
}

void Ring::to_montgomery(std::span<uint64_t> values) const {
  std::vector<uint64_t> factors;
  for (size_t i = 0; i < primes(); ++i) factors.push_back((uint64_t{1} << 52) % prime(i));
  scale(values, values, factors);
}

void Ring::multiply_add(std::span<uint64_t> out, PolynomialSpan a, PolynomialSpan b, PolynomialSpan c) const {
  for (size_t i = 0; i < primes(); ++i) {
    const size_t at = i * n_;
    kernel_->multiply_add(out.data() + at, a.data() + at, b.data() + at, c.data() + at, n_, primes_[i].tables);
  }
}

void Ring::add(std::span<uint64_t> out, PolynomialSpan a, PolynomialSpan b) const {
  for (size_t at = 0, i = 0; at < out.size(); at += n_, i = (i + 1) % primes()) {
    kernel_->add(out.data() + at, a.data() + at, b.data() + at, n_, primes_[i].tables);
  }
}

void Ring::negate(std::span<uint64_t> out, PolynomialSpan a) const {
  for (size_t i = 0; i < primes(); ++i) {
    for (size_t j = i * n_; j < (i + 1) * n_; ++j) out[j] = reduce_once(prime(i) - a[j], prime(i));
  }
}

void Ring::scale(std::span<uint64_t> out, PolynomialSpan a, std::span<const uint64_t> by) const {
  for (size_t i = 0; i < primes(); ++i) {
    const FixedFactor factor(by[i], prime(i));
    for (size_t j = i * n_; j < (i + 1) * n_; ++j) out[j] = reduce_once(factor.lazy(a[j], prime(i)), prime(i));
  }
}

}  // namespace pyzkfl::he
