// Paillier: arithmetic modulo N^2 against GMP, every kernel alike; keys, encryption, packing; what is refused.
#include <doctest/doctest.h>

#include <random>

#include "../constant_time.h"
#include "he/modular.h"
#include "he/packing.h"
#include "he/paillier.h"
#include "he/primes.h"
#include "he/square_ring.h"
#include "key_samples.h"

using namespace pyzkfl;
using namespace pyzkfl::he;
using namespace pyzkfl::test;

namespace {

std::vector<CpuKernel> kernels() {
  if (best_kernel() >= CpuKernel::ifma && !under_valgrind()) return {CpuKernel::generic, CpuKernel::ifma};
  return {CpuKernel::generic};
}

// An odd number of so many bits. full: all ones, which leaves the least room above it.
Integer odd_modulus(size_t bits, bool full) {
  Integer n = Integer::random_bits(bits);
  mpz_setbit(n.get(), bits - 1);
  mpz_setbit(n.get(), 0);
  for (size_t i = 0; full && i < bits; ++i) mpz_setbit(n.get(), i);
  return n;
}

Integer joined(const SquareRing& ring, WordSpan digits) {
  Words out(2 * ring.words());
  ring.join(out, digits);
  return Integer::from_words(out);
}

}  // namespace

TEST_CASE("powers modulo N^2 are GMP's, on every kernel, at every size, for edge values too") {
  for (const CpuKernel kernel : kernels()) {
    for (const size_t bits : {1024, 1536, 2048, 3072}) {
      for (const bool full : {false, true}) {
        const Integer n = odd_modulus(bits, full);
        const Integer n2 = n * n;
        const size_t w = bits / 64;
        const SquareRing ring(n.words(w), kernel);
        const std::vector<Integer> values = {Integer(0),
                                             Integer(1),
                                             n,
                                             n2 - Integer(1),
                                             n - Integer(1),
                                             n + Integer(1),
                                             Integer::random_below(n2),
                                             Integer::random_below(n2),
                                             n2 - n};
        Words in(values.size() * 2 * w), out(in.size());
        for (size_t i = 0; i < values.size(); ++i)
          ring.split(std::span(in).subspan(2 * w * i, 2 * w), values[i].words(2 * w));
        for (const size_t length : {size_t{1}, size_t{64}, size_t{131}}) {
          const Integer exponent = Integer::random_bits(length);
          ring.power(out, in, exponent.words((length + 63) / 64), length);
          for (size_t i = 0; i < values.size(); ++i) {
            CHECK(joined(ring, std::span(out).subspan(2 * w * i, 2 * w)) == power_vartime(values[i], exponent, n2));
          }
        }
      }
    }
  }
}

TEST_CASE("powers modulo N are GMP's, on every kernel, at every size, for edge values too") {
  for (const CpuKernel kernel : kernels()) {
    for (const size_t bits : {1024, 1536, 2048, 3072, 4096}) {
      for (const bool full : {false, true}) {
        const Integer n = odd_modulus(bits, full);
        const size_t w = bits / 64;
        const SquareRing ring(n.words(w), kernel);
        std::vector<Integer> values = {Integer(0), Integer(1), n - Integer(1), n - Integer(2)};
        while (values.size() < 10) values.push_back(Integer::random_below(n));
        Words in(values.size() * w), out(in.size());
        for (size_t i = 0; i < values.size(); ++i) values[i].to_words(std::span(in).subspan(w * i, w));
        for (const size_t length : {size_t{1}, size_t{64}, size_t{131}}) {
          const Integer exponent = Integer::random_bits(length);
          ring.power_modulo_n(out, in, exponent.words((length + 63) / 64), length);
          for (size_t i = 0; i < values.size(); ++i) {
            CHECK(Integer::from_words(WordSpan(out).subspan(w * i, w)) == power_vartime(values[i], exponent, n));
          }
        }
      }
    }
  }
}

TEST_CASE("a product of powers modulo N^2, or N, is that product, on every kernel, for any number of them") {
  for (const CpuKernel kernel : kernels()) {
    for (const size_t bits : {1024, 2048}) {
      Integer n = Integer::random_bits(bits);
      mpz_setbit(n.get(), bits - 1);
      mpz_setbit(n.get(), 0);
      const Integer n2 = n * n;
      const size_t w = bits / 64;
      const SquareRing ring(n.words(w), kernel);
      for (const size_t count : {0, 1, 2, 9, 130}) {
        Words elements(2 * w * count), weights(2 * count);
        Integer expected(1);
        for (size_t i = 0; i < count; ++i) {
          Integer base = Integer::random_below(n2), weight = Integer::random_bits(i % 3 == 2 ? 5 : 128);
          if (i == 1) base = n2 - Integer(1);
          if (i == 3) weight = Integer(0);
          if (i == 4) weight = Integer::from_bytes(Bytes(16, 0xff));
          base.to_words(std::span(elements).subspan(2 * w * i, 2 * w));
          weight.to_words(std::span(weights).subspan(2 * i, 2));
          expected = expected * power_vartime(base, weight, n2) % n2;
        }
        CHECK(Integer::from_words(ring.product_of_powers(elements, weights, 2)) == expected);
        Words residues(w * count);
        for (size_t i = 0; i < count; ++i) {
          (Integer::from_words(WordSpan(elements).subspan(2 * w * i, 2 * w)) % n)
              .to_words(std::span(residues).subspan(w * i, w));
        }
        CHECK(Integer::from_words(ring.product_of_powers_modulo_n(residues, weights, 2)) == expected % n);
      }
      CHECK_THROWS_AS((void)ring.product_of_powers(Words(2 * w), Words(3), 2), ParameterError);
    }
  }
}

TEST_CASE("powers of a fixed base times 1 + m N are GMP's on every kernel, for any number of them") {
  for (const CpuKernel kernel : kernels()) {
    const size_t bits = 2048, w = bits / 64;
    Integer n = Integer::random_bits(bits);
    mpz_setbit(n.get(), bits - 1);
    mpz_setbit(n.get(), 0);
    const SquareRing ring(n.words(w), kernel);
    const Integer base = Integer::random_below(n * n);
    Words digits(2 * w);
    ring.split(digits, base.words(2 * w));
    const FixedBase table(ring, digits, 200);
    for (const size_t count : {1, 8, 41}) {
      Words exponents(count * 4), messages(count * w), out(2 * messages.size());
      std::vector<Integer> e, m;
      for (size_t i = 0; i < count; ++i) {
        e.push_back(i == 0 ? Integer(0) : Integer::random_bits(200));
        m.push_back(i == 0 ? n - Integer(1) : Integer::random_below(n));
        e[i].to_words(std::span(exponents).subspan(4 * i, 4));
        m[i].to_words(std::span(messages).subspan(w * i, w));
      }
      table.power_times(out, exponents, messages);
      for (size_t i = 0; i < count; ++i) {
        const Integer expected = power_vartime(base, e[i], n * n) * (Integer(1) + m[i] * n) % (n * n);
        CHECK(joined(ring, std::span(out).subspan(2 * w * i, 2 * w)) == expected);
      }
    }
  }
}

TEST_CASE("what is encrypted is decrypted, both ways of encryption, and sums are sums") {
  const auto key = sample_paillier_key();
  const PaillierPublicKey& pub = *key->public_key();
  const size_t w = pub.words();
  std::vector<Integer> m = {Integer(0), Integer(1), pub.n() - Integer(1)};
  while (m.size() < 11) m.push_back(Integer::random_below(pub.n()));
  Words messages(m.size() * w);
  for (size_t i = 0; i < m.size(); ++i) m[i].to_words(std::span(messages).subspan(i * w, w));
  const auto a = pub.encrypt(messages, Randomness::short_exponent), b = pub.encrypt(messages, Randomness::classic);
  pub.check_ciphertexts(a);
  pub.check_ciphertexts(b);
  CHECK(a != b);
  CHECK(a != pub.encrypt(messages, Randomness::short_exponent));
  CHECK(key->decrypt(a) == messages);
  CHECK(key->decrypt(b) == messages);
  const Words sums = key->decrypt(pub.add(a, b));
  for (size_t i = 0; i < m.size(); ++i) {
    CHECK(Integer::from_words(std::span(sums).subspan(i * w, w)) == (m[i] + m[i]) % pub.n());
  }
}

TEST_CASE("a modulus with a small factor, of equal primes, prime or too short is refused") {
  const auto key = sample_paillier_key();
  const Integer& p = key->p();
  const auto refused = [](const Integer& n, const char* why) {
    CHECK_THROWS_WITH_AS(PaillierPublicKey{n}, doctest::Contains(why), ParameterError);
  };
  refused(p * p, "is a power");
  refused(key->public_key()->n() - Integer(1), "below 65536");
  Integer small = key->public_key()->n() / Integer(65521) * Integer(65521);
  if (mpz_even_p(small.get())) small = small - Integer(65521);
  refused(small, "below 65536");
  refused(p, "bits");
  refused(Integer(0), "bits");
  CHECK_THROWS_WITH_AS(PaillierSecretKey(p, p), doctest::Contains("equal"), ParameterError);
  CHECK_THROWS_WITH_AS(PaillierSecretKey(p, p + Integer(2)), doctest::Contains("not prime"), ParameterError);
}

TEST_CASE("a ciphertext that is out of range or shares a factor with n is refused") {
  const auto key = sample_paillier_key();
  const PaillierPublicKey& pub = *key->public_key();
  const auto refused = [&](const Integer& c, const char* why) {
    CHECK_THROWS_WITH_AS(pub.check_ciphertexts(c.words(2 * pub.words())), doctest::Contains(why), DecodeError);
  };
  refused(Integer(0), "between 1");
  refused(pub.n_squared(), "between 1");
  refused(pub.n(), "not invertible");
  refused(key->p(), "not invertible");
  refused(key->q() * Integer(12345), "not invertible");
  pub.check_ciphertexts((pub.n_squared() - Integer(1)).words(2 * pub.words()));
}

TEST_CASE("primes have their length and kind") {
  const Integer p = random_prime(512, PrimeKind::plain), s = random_prime(256, PrimeKind::safe);
  CHECK(p.bits() == 512);
  CHECK(is_prime(p));
  CHECK(mpz_fdiv_ui(p.get(), 4) == 3);
  CHECK(s.bits() == 256);
  CHECK(is_safe_prime(s));
  CHECK_FALSE(is_safe_prime(p + p + Integer(3)));
}

TEST_CASE("packed sums are exact up to the headroom that is proven, at every width") {
  std::mt19937_64 random(7);
  for (const uint64_t max_abs :
       {uint64_t{1}, uint64_t{32767}, uint64_t{32768}, uint64_t{1} << 40, (uint64_t{1} << 52) - 1}) {
    for (const uint32_t summands : {1U, 2U, 3U, 128U, 1000U}) {
      const Packing packing(max_abs, summands);
      const size_t words = 32, slots = (64 * words - 1) / packing.slot_bits;
      std::vector<int64_t> sum(slots), values(slots), back(slots);
      Integer total;
      for (uint32_t k = 0; k < std::min(summands, 8U); ++k) {
        // The extreme magnitude, with signs that make borrows run.
        for (size_t i = 0; i < slots; ++i) {
          const auto m = static_cast<int64_t>(max_abs);
          values[i] = (random() % 3 == 0) ? 0 : (random() % 2 == 0 ? -m : m);
          sum[i] += values[i] * (k == 0 && summands > 8 ? summands - 7 : 1);
        }
        Words packed(words);
        pack(packed, values, packing.slot_bits);
        Integer v = Integer::from_words(packed);
        Integer modulus(1);
        mpz_mul_2exp(modulus.get(), modulus.get(), 64 * words);
        total = (total + v * Integer(k == 0 && summands > 8 ? summands - 7 : 1)) % modulus;
      }
      unpack(back, total.words(words), packing.slot_bits);
      CHECK(back == sum);
    }
  }
  CHECK_THROWS_AS(Packing(0, 1), ParameterError);
  CHECK_THROWS_AS(Packing(1, 0), ParameterError);
  CHECK_THROWS_AS(Packing(uint64_t{1} << 61, 2), ParameterError);
}

TEST_CASE("values outside the range are named by index, not by value") {
  CHECK_NOTHROW(check_range(std::vector<int64_t>{-7, 7, 0}, 7));
  CHECK_THROWS_WITH_AS(check_range(std::vector<int64_t>{0, 8}, 7), doctest::Contains("index 1"), ParameterError);
  CHECK_THROWS_AS(check_range(std::vector<int64_t>{-8}, 7), ParameterError);
  CHECK_THROWS_AS(check_range(std::vector<int64_t>{INT64_MIN}, 7), ParameterError);
}

TEST_CASE("decryption, encryption and packing are constant time") {
  // A small ring keeps valgrind's fifty-fold slowness bearable; the code is the same for all sizes.
  const size_t w = 4;
  Words modulus = {0x123456789abcdef1, 0x23456789abcdef12, 0x3456789abcdef123, 0xc56789abcdef1234};
  make_secret(modulus.data() + 1, w - 2);  // the ends say that it is odd and full
  const SquareRing ring(modulus, CpuKernel::generic);
  Words exponent(w), value(2 * w), digits(2 * w), out(2 * w), message(w);
  for (uint64_t& v : value) v = 0x123456789abcdef;
  for (uint64_t& v : exponent) v = 0xfedcba987654321;
  make_secret(exponent.data(), w);
  make_secret(value.data(), 2 * w);
  ring.split(digits, value);
  ring.power(out, digits, exponent, 64 * w);
  ring.power_modulo_n(std::span(out).first(w), WordSpan(digits).first(w), exponent, 64 * w);
  ring.power(out, digits, exponent, 64 * w);
  const FixedBase table(ring, out, 64 * w);
  table.power_times(digits, exponent, message);
  make_public(digits.data(), digits.size());
  CHECK(digits.size() == 2 * w);

  std::vector<int64_t> values = {5, -3, 0, -1}, back(4);
  make_secret(values.data(), values.size());
  Words packed(2);
  pack(packed, values, 5);
  unpack(back, packed, 5);
  make_public(back.data(), back.size());
  CHECK(back == std::vector<int64_t>{5, -3, 0, -1});
}
