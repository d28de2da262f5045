// Keys, encryption and decryption (see paillier.h).
#include "he/paillier.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "he/modular.h"
#include "he/primes.h"

namespace pyzkfl::he {
namespace {

Integer checked_modulus(Integer n) {
  const size_t bits = n.bits();
  if (n.sign() <= 0 || (bits != 2048 && bits != 3072 && bits != 4096)) {
    throw ParameterError("a Paillier modulus has 2048, 3072 or 4096 bits, not " + std::to_string(bits));
  }
  Integer primorial(2);
  for (uint32_t p = 3; p < (1U << 16); p += 2) {
    bool prime = true;
    for (uint32_t d = 3; d * d <= p && prime; d += 2) prime = p % d != 0;
    if (prime) mpz_mul_ui(primorial.get(), primorial.get(), p);
  }
  if (!(gcd(n, primorial) == Integer(1))) {
    throw ParameterError("the Paillier modulus has a factor below 65536: it is no product of two large primes");
  }
  if (mpz_perfect_power_p(n.get()) != 0) {
    throw ParameterError("the Paillier modulus is a power: its primes must be different");
  }
  if (is_prime(n)) throw ParameterError("the Paillier modulus is a prime: anyone could decrypt");
  return n;
}

Digest key_digest(const Integer& n) {
  return Sha256().update(as_bytes("pyzkfl/1 paillier key")).update(n.to_bytes((n.bits() + 7) / 8)).finish();
}

}  // namespace

PaillierPublicKey::PaillierPublicKey(Integer n)
    : n_(checked_modulus(std::move(n))), n2_(n_ * n_), ring_(n_.words(n_.bits() / 64)), digest_(key_digest(n_)) {}

std::vector<uint64_t> PaillierPublicKey::join_all(WordSpan digits) const {
  std::vector<uint64_t> out(digits.size());
  const size_t each = 2 * words();
  for (size_t i = 0; i < digits.size(); i += each) {
    ring_.join(std::span(out).subspan(i, each), digits.subspan(i, each));
  }
  return out;
}

const FixedBase& PaillierPublicKey::base() const {
  std::call_once(once_, [&] {
    // h = (x^2)^n for a random x.
    const size_t w = words();
    Words base(2 * w), power(2 * w);
    const Integer x = Integer::random_below(n_);
    root_ = x * x % n_;
    root_.to_words(std::span(base).first(w));
    ring_.power(power, base, ring_.modulus(), bits());
    base_ = std::make_unique<FixedBase>(ring_, power, bits() / 2);
  });
  return *base_;
}

const Integer& PaillierPublicKey::root() const {
  (void)base();
  return root_;
}

std::vector<uint64_t> PaillierPublicKey::encrypt_short(WordSpan messages, Words& exponents) const {
  if (messages.size() % words() != 0) throw ParameterError("messages do not have whole words");
  Words digits(2 * messages.size());
  exponents = Words(messages.size() / words() * base().exponent_words());
  random_bytes({reinterpret_cast<uint8_t*>(exponents.data()), exponents.size() * 8});
  base().power_times(digits, exponents, messages);
  return join_all(digits);
}

std::vector<uint64_t> PaillierPublicKey::encrypt(WordSpan messages, Randomness randomness) const {
  if (randomness == Randomness::short_exponent) {
    Words exponents;
    return encrypt_short(messages, exponents);
  }
  const size_t w = words(), count = messages.size() / w;
  if (messages.size() % w != 0) throw ParameterError("messages do not have whole words");
  Words digits(2 * messages.size());
  // r below n: a multiple of a factor of n has no chance.
  Words residues(2 * messages.size());
  for (size_t i = 0; i < count; ++i) {
    Integer::random_below(n_).to_words(std::span(residues).subspan(2 * w * i, w));
  }
  ring_.power(digits, residues, ring_.modulus(), bits());
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    Words product(w);
    for (size_t i = begin; i < end; ++i) {
      const auto low = std::span(digits).subspan(2 * w * i, w), high = std::span(digits).subspan((2 * i + 1) * w, w);
      modular::multiply_modulo(product, low, messages.subspan(i * w, w), n_.words(w));
      // high + product modulo n, as high - (n - product).
      Words zero(w), negative(w);
      modular::subtract(negative, zero, product, ring_.modulus());
      modular::subtract(high, high, negative, ring_.modulus());
    }
  });
  return join_all(digits);
}

std::vector<uint64_t> PaillierPublicKey::add(WordSpan a, WordSpan b) const {
  const size_t each = 2 * words();
  if (a.size() != b.size() || a.size() % each != 0) throw ParameterError("ciphertexts of different lengths");
  std::vector<uint64_t> out(a.size());
  parallel_for(a.size() / each, 16, [&](size_t begin, size_t end) {
    const auto length = static_cast<mp_size_t>(each);
    std::vector<uint64_t> product(2 * each), quotient(each + 1);
    const uint64_t* modulus = mpz_limbs_read(n2_.get());
    for (size_t i = begin; i < end; ++i) {
      mpn_mul_n(product.data(), a.data() + i * each, b.data() + i * each, length);
      mpn_tdiv_qr(quotient.data(), out.data() + i * each, 0, product.data(), 2 * length, modulus, length);
    }
  });
  return out;
}

void PaillierPublicKey::check_ciphertexts(WordSpan ciphertexts) const {
  const size_t each = 2 * words(), count = ciphertexts.size() / each;
  if (ciphertexts.size() % each != 0) throw DecodeError("ciphertexts do not have whole words");
  Integer product(1);
  for (size_t i = 0; i < count; ++i) {
    const Integer c = Integer::from_words(ciphertexts.subspan(i * each, each));
    if (c.sign() == 0 || !(c < n2_)) {
      throw DecodeError("ciphertext " + std::to_string(i) + " is not between 1 and n^2 - 1");
    }
    product = product * (c % n_) % n_;
  }
  if (gcd(product, n_) == Integer(1)) return;
  for (size_t i = 0; i < count; ++i) {
    if (!(gcd(Integer::from_words(ciphertexts.subspan(i * each, each)), n_) == Integer(1))) {
      throw DecodeError("ciphertext " + std::to_string(i) + " is not invertible modulo n: no key encrypts to it");
    }
  }
}

namespace {

const Integer& checked_prime(const Integer& p, const Integer& other) {
  if (p == other) throw ParameterError("the primes of a Paillier key are equal");
  if (p.bits() != other.bits()) throw ParameterError("the primes of a Paillier key differ in length");
  if (p.sign() <= 0 || !is_prime(p)) throw ParameterError("a factor of a Paillier key is not prime");
  return p;
}

}  // namespace

PaillierSecretKey::Half::Half(const Integer& prime, const Integer& other)
    : ring(prime.words((prime.bits() + 63) / 64)),
      exponent((prime - Integer(1)).words(ring.words())),
      // (1 + n)^(p-1) = 1 + (p-1) q p, so the constant is -1 / q.
      constant((prime - inverse(other, prime)).words(ring.words())) {}

PaillierSecretKey::PaillierSecretKey(const Integer& p, const Integer& q)
    : p_(checked_prime(p, q)),
      q_(checked_prime(q, p)),
      public_(std::make_shared<const PaillierPublicKey>(p * q)),
      half_p_(p, q),
      half_q_(q, p),
      q_inverse_(inverse(q, p).words(half_p_.ring.words())) {
  if (!(gcd(public_->n(), (p - Integer(1)) * (q - Integer(1))) == Integer(1))) {
    throw ParameterError("n and phi(n) of a Paillier key have a common factor");
  }
}

std::shared_ptr<const PaillierSecretKey> PaillierSecretKey::generate(size_t bits) {
  if (bits != 2048 && bits != 3072 && bits != 4096)
    throw ParameterError("Paillier keys have 2048, 3072 or 4096 bits");
  Integer p, q;
  run_parallel(
      {[&] { p = random_prime(bits / 2, PrimeKind::plain); }, [&] { q = random_prime(bits / 2, PrimeKind::plain); }});
  return std::make_shared<const PaillierSecretKey>(p, q);
}

void PaillierSecretKey::Half::residues(std::span<uint64_t> out, WordSpan ciphertexts, size_t each) const {
  const size_t w = ring.words(), count = ciphertexts.size() / each;
  Words digits(count * 2 * w), powers(count * 2 * w);
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      ring.split(std::span(digits).subspan(i * 2 * w, 2 * w), ciphertexts.subspan(i * each, each));
    }
  });
  ring.power(powers, digits, exponent, 64 * w);
  // A power is 1 + l p: the second digit is l.
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      modular::multiply_modulo(out.subspan(i * w, w), std::span(powers).subspan((2 * i + 1) * w, w), constant,
                               ring.modulus());
    }
  });
}

Words PaillierSecretKey::decrypt(WordSpan ciphertexts) const {
  const size_t w = public_->words(), each = 2 * w, h = half_p_.ring.words();
  if (ciphertexts.size() % each != 0) throw ParameterError("ciphertexts do not have whole words");
  const size_t count = ciphertexts.size() / each;
  Words of_p(count * h), of_q(count * h), out(count * w);
  half_p_.residues(of_p, ciphertexts, each);
  half_q_.residues(of_q, ciphertexts, each);
  // m = m_q + q ((m_p - m_q) / q modulo p).
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    Words reduced(h), factor(h), product(2 * h);
    for (size_t i = begin; i < end; ++i) {
      const auto m_q = std::span(of_q).subspan(i * h, h);
      modular::remainder(reduced, m_q, half_p_.ring.modulus());
      modular::subtract(reduced, std::span(of_p).subspan(i * h, h), reduced, half_p_.ring.modulus());
      modular::multiply_modulo(factor, reduced, q_inverse_, half_p_.ring.modulus());
      modular::multiply(product, factor, half_q_.ring.modulus());
      uint64_t carry = mpn_add_n(product.data(), product.data(), m_q.data(), static_cast<mp_size_t>(h));
      for (size_t j = h; j < 2 * h; ++j) {
        product[j] += carry;
        carry = static_cast<uint64_t>(product[j] < carry);
      }
      std::copy_n(product.begin(), w, out.begin() + static_cast<long>(i * w));
    }
  });
  return out;
}

}  // namespace pyzkfl::he
