// The ring: its primes, transforms against the definition, every kernel alike; what is drawn at random.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "../constant_time.h"
#include "he/integer.h"
#include "he/primes.h"
#include "he/ring.h"
#include "he/rlwe.h"
#include "he/sampling.h"

using namespace pyzkfl;
using namespace pyzkfl::he;
using namespace pyzkfl::test;

namespace {

std::vector<CpuKernel> kernels() {
  if (best_kernel() >= CpuKernel::ifma && !under_valgrind()) return {CpuKernel::generic, CpuKernel::ifma};
  return {CpuKernel::generic};
}

Polynomial random_polynomial(const Ring& ring, uint64_t seed) {
  std::mt19937_64 random(seed);
  Polynomial out(ring.words());
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t q = ring.prime(i / ring.n());
    out[i] = i % 7 == 0 ? q - 1 : random() % q;
  }
  return out;
}

}  // namespace

TEST_CASE("the primes are prime, below 2^50, different, and have roots for every ring") {
  uint64_t before = uint64_t{1} << 50;
  for (const uint64_t q : ring_primes) {
    CHECK(is_prime(Integer(q)));
    CHECK(q < before);
    CHECK(q % (1 << 14) == 1);
    CHECK(std::log2(static_cast<double>(q)) > 50 - 0.001);  // what rlwe_parameters.cpp takes for granted
    before = q;
  }
}

TEST_CASE("a product by transforms is the negacyclic product, on every kernel") {
  for (const CpuKernel kernel : kernels()) {
    const Ring ring(6, 4, kernel);
    const Polynomial a = random_polynomial(ring, 1), b = random_polynomial(ring, 2), c = random_polynomial(ring, 3);
    Polynomial x = a, y = b, z = c;
    ring.forward(x);
    ring.forward(y);
    ring.forward(z);
    ring.to_montgomery(y);
    ring.multiply_add(x, x, y, z);
    ring.inverse(x);
    for (size_t p = 0; p < ring.primes(); ++p) {
      const uint64_t q = ring.prime(p);
      for (size_t k = 0; k < ring.n(); ++k) {
        unsigned __int128 sum = c[p * ring.n() + k];
        for (size_t i = 0; i < ring.n(); ++i) {
          const uint64_t product =
              multiply_modulo(a[p * ring.n() + i], b[p * ring.n() + (k + ring.n() - i) % ring.n()], q);
          sum += i <= k ? product : q - product;
        }
        CHECK(x[p * ring.n() + k] == static_cast<uint64_t>(sum % q));
      }
    }
  }
}

TEST_CASE("kernels agree on transforms of every size, and back is back") {
  for (unsigned log_n = 6; log_n <= 13; ++log_n) {
    const Ring portable(log_n, 2, CpuKernel::generic);
    const Polynomial a = random_polynomial(portable, log_n);
    Polynomial x = a;
    portable.forward(x);
    for (const CpuKernel kernel : kernels()) {
      const Ring ring(log_n, 2, kernel);
      Polynomial y = a;
      ring.forward(y);
      CHECK(x == y);
      ring.inverse(y);
      CHECK(y == a);
    }
  }
}

TEST_CASE("errors and ternary secrets have their bounds and spread, noise its width, uniform residues their range") {
  const Ring ring(12, 2);
  AesCtr256 stream = fresh_stream();
  const auto centred = [&](uint64_t v) {
    return v > ring.prime(0) / 2 ? static_cast<int64_t>(v) - static_cast<int64_t>(ring.prime(0))
                                 : static_cast<int64_t>(v);
  };
  Polynomial p(ring.words());
  sample_error(p, ring, stream);
  double squares = 0;
  for (size_t j = 0; j < ring.n(); ++j) {
    const int64_t e = centred(p[j]);
    CHECK(std::abs(e) <= 21);
    CHECK((p[ring.n() + j] + ring.prime(1) - static_cast<uint64_t>(e + 64)) % ring.prime(1) == ring.prime(1) - 64);
    squares += static_cast<double>(e * e);
  }
  const double deviation = std::sqrt(squares / static_cast<double>(ring.n()));
  CHECK(deviation > 3.0);  // 3.24, ten standard errors of 4096 draws away
  CHECK(deviation < 3.6);
  sample_ternary(p, ring, stream);
  size_t count[3] = {};
  for (size_t j = 0; j < ring.n(); ++j) {
    const int64_t s = centred(p[j]);
    REQUIRE(std::abs(s) <= 1);
    ++count[s + 1];
  }
  for (const size_t c : count) CHECK(std::abs(static_cast<double>(c) - 4096 / 3.0) < 300);
  sample_noise(p, ring, 40, stream);
  int64_t most = 0, least = 0;
  for (size_t j = 0; j < ring.n(); ++j) {
    most = std::max(most, centred(p[j]));
    least = std::min(least, centred(p[j]));
  }
  CHECK(most < int64_t{1} << 40);
  CHECK(most > int64_t{1} << 39);
  CHECK(least >= -(int64_t{1} << 40));
  CHECK(least < -(int64_t{1} << 39));
  sample_uniform(p, ring, stream);
  for (size_t j = 0; j < p.size(); ++j) CHECK(p[j] < ring.prime(j / ring.n()));
}

TEST_CASE("wide noise is the same integer modulo every prime") {
  const Ring ring(6, 4);
  AesCtr256 stream = fresh_stream();
  Polynomial p(ring.words());
  const unsigned bits = 118;
  sample_noise(p, ring, bits, stream);
  Integer q(1), half(1);
  for (size_t i = 0; i < 4; ++i) q = q * Integer(ring.prime(i));
  mpz_mul_2exp(half.get(), half.get(), bits);
  for (size_t j = 0; j < ring.n(); ++j) {
    Integer v;
    for (size_t i = 0; i < 4; ++i) {
      const Integer prime(ring.prime(i)), rest = q / prime;
      v = (v + rest * (inverse(rest % prime, prime) * Integer(p[i * ring.n() + j]) % prime)) % q;
    }
    CHECK((v + half) % q < half + half);  // in [-2^b, 2^b)
  }
}

TEST_CASE("sampling, transforms, plaintexts and products of secrets are constant time") {
  const RlweScheme scheme(RlweParameters(Packing(100, 3), 1), CpuKernel::generic);
  const Ring& ring = scheme.ring();
  Polynomial s(ring.words()), e(ring.words()), c(ring.words());
  std::array<uint8_t, 32> key{};
  make_secret(key);
  AesCtr256 stream(key);
  sample_ternary(s, ring, stream);
  sample_error(e, ring, stream);
  sample_uniform(c, ring, stream);
  std::vector<int64_t> values(scheme.parameters().values_each(), 7), out(values.size());
  make_secret(values.data(), values.size());
  scheme.add_plaintext(e, values);
  ring.forward(s);
  ring.forward(e);
  ring.to_montgomery(s);
  ring.negate(e, e);
  ring.multiply_add(c, e, s, e);
  ring.add(c, c, s);
  ring.inverse(c);
  bool good = scheme.read_plaintext(out, c, 3);
  make_public(good);
  make_public(c.data(), c.size());
  CHECK_FALSE(good);  // a product of noise with itself is no plaintext
}
