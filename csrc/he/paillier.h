// Paillier's cryptosystem (Eurocrypt 1999) with g = n + 1: additively homomorphic, keys and ciphertexts those of phe.
//
// A ciphertext of m is (1 + m n) rho modulo n^2, where rho is a random n-th residue. Two ways to rho:
//   classic   r^n, r uniform: semantically secure if n-th residues cannot be told from other numbers (DCR);
//   short     h^a, h = x^(2n) for one random x, a uniform below 2^(bits/2): Damgard, Jurik, Nielsen (IJIS 2010),
//   section
//             4.2. Rests on DCR and on h^a with exponents of half the length of n looking like a random power of h,
//             which factoring implies for moduli like ours (Goldreich, Rosen, J. Cryptology 2003). Tables of powers
//             of h make it twenty times faster.
// Decryption is by CRT: c^(p-1) modulo p^2 and q^2.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/sha256.h"
#include "he/integer.h"
#include "he/square_ring.h"

namespace pyzkfl::he {

enum class Randomness { short_exponent, classic };

class PaillierPublicKey {
 public:
  // Throws ParameterError unless n is odd, has 2048, 3072 or 4096 bits, is no prime and no perfect power, and has no
  // prime factor below 2^16. (That it is a product of two primes cannot be seen; its holder vouches for that.)
  explicit PaillierPublicKey(Integer n);
  PaillierPublicKey(const PaillierPublicKey&) = delete;
  PaillierPublicKey& operator=(const PaillierPublicKey&) = delete;

  const Integer& n() const { return n_; }
  const Integer& n_squared() const { return n2_; }
  size_t bits() const { return n_.bits(); }
  // Words of a message; a ciphertext has twice as many.
  size_t words() const { return ring_.words(); }
  const SquareRing& ring() const { return ring_; }
  // SHA-256 of "pyzkfl/1 paillier key" and n (docs/formats.md).
  const Digest& digest() const { return digest_; }

  // Encrypts messages of words() words each, below n, with fresh randomness. Constant time in messages and
  // randomness.
  std::vector<uint64_t> encrypt(WordSpan messages, Randomness randomness) const;
  // With short exponents, which are shown to the caller, one after the other: secret. rho = (root()^a)^n.
  std::vector<uint64_t> encrypt_short(WordSpan messages, Words& exponents) const;
  // x^2 modulo n, of the fixed base h = (x^2)^n of this object.
  const Integer& root() const;
  // a[i] b[i] modulo n^2: ciphertexts of the sums.
  std::vector<uint64_t> add(WordSpan a, WordSpan b) const;
  // Throws DecodeError unless each is in 1 .. n^2 - 1 and invertible.
  void check_ciphertexts(WordSpan ciphertexts) const;

 private:
  std::vector<uint64_t> join_all(WordSpan digits) const;
  const FixedBase& base() const;

  Integer n_, n2_;
  SquareRing ring_;
  Digest digest_;
  mutable std::once_flag once_;
  mutable Integer root_;
  mutable std::unique_ptr<const FixedBase> base_;  // powers of h, made on first use
};

class PaillierSecretKey {
 public:
  // Throws ParameterError unless p and q are different primes of half the bits each, and gcd(p q, (p-1)(q-1)) = 1.
  PaillierSecretKey(const Integer& p, const Integer& q);
  // A fresh key of 2048, 3072 or 4096 bits.
  static std::shared_ptr<const PaillierSecretKey> generate(size_t bits);

  const std::shared_ptr<const PaillierPublicKey>& public_key() const { return public_; }
  const Integer& p() const { return p_; }
  const Integer& q() const { return q_; }

  // The messages, words() words each. The ciphertexts were checked. Constant time in key and messages.
  Words decrypt(WordSpan ciphertexts) const;

 private:
  struct Half {
    explicit Half(const Integer& prime, const Integer& other);
    // (c^(p-1) - 1) / p times its constant, modulo p.
    void residues(std::span<uint64_t> out, WordSpan ciphertexts, size_t each) const;
    SquareRing ring;
    Words exponent, constant;
  };

  Integer p_, q_;
  std::shared_ptr<const PaillierPublicKey> public_;
  Half half_p_, half_q_;
  Words q_inverse_;  // modulo p
};

}  // namespace pyzkfl::he
