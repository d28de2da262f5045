// Additively homomorphic encryption from ring-LWE, in the manner of BFV (Fan, Vercauteren, eprint 2012/144): packed
// integers in coefficients, exact sums.
//
// With R = Z_q[X] / (X^n + 1), a uniform, s ternary, errors e small (sampling.h): the public key is (b, a) with
// b = -(a s) + e, and an encryption of m is
//     c0 = b u + e1 + round(q m / 2^k),    c1 = a u + e2,    u ternary;
// whoever holds s may send c0 = -(c1 s) + e1 + round(q m / 2^k) with the seed of a uniform c1 instead. c0 + c1 s =
// round(q m / 2^k) + noise. Polynomials are kept as values (ring.h), so that adding needs no transform and decryption
// one. rlwe_parameters.h has the bounds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/aes_ctr.h"
#include "base/bytes.h"
#include "base/sha256.h"
#include "he/ring.h"
#include "he/rlwe_parameters.h"

namespace pyzkfl::he {

using Seed = std::array<uint8_t, 32>;

// A ring with the constants that take plaintexts in and out.
class RlweScheme {
 public:
  explicit RlweScheme(const RlweParameters& parameters, CpuKernel kernel = selected_kernel());

  const RlweParameters& parameters() const { return parameters_; }
  const Ring& ring() const { return ring_; }

  // out += round(q m / 2^k), for the packed values (values_each() of them or fewer). Constant time in values.
  void add_plaintext(std::span<uint64_t> out, std::span<const int64_t> values) const;
  // The values of a polynomial round(q m / 2^k) + noise (coefficients). False if some noise is above the bound, or
  // some value is outside what `terms` values in range sum to. Constant time but for that.
  [[nodiscard]] bool read_plaintext(std::span<int64_t> values, PolynomialSpan polynomial, uint32_t terms) const;

  size_t polynomials(uint64_t length) const;

 private:
  RlweParameters parameters_;
  Ring ring_;
  unsigned __int128 q_modulo_2k_;
  std::vector<std::array<FixedFactor, 3>> encode_;      // for each prime: -2^(50 j - k)
  std::vector<FixedFactor> punctured_inverse_;          // for each prime: prime / q modulo it
  std::vector<std::array<uint64_t, 3>> fraction_;       // for each prime: floor(2^192 / prime)
  std::array<uint64_t, 3> half_, noise_, twice_noise_;  // 2^(191-k); the bound on noise as a fraction of q; twice
};

// The polynomial a that a seed stands for, as values.
Polynomial expand_uniform(const Ring& ring, const Seed& seed);

class RlwePublicKey {
 public:
  // a from its seed; b as values.
  RlwePublicKey(std::shared_ptr<const RlweScheme> scheme, const Seed& a_seed, Polynomial b);

  const std::shared_ptr<const RlweScheme>& scheme() const { return scheme_; }
  const Digest& digest() const { return digest_; }
  const Polynomial& b() const { return b_; }

  // Header, parameters, seed of a, b.
  Bytes encode() const;
  static std::shared_ptr<const RlwePublicKey> decode(ByteSpan bytes);

 private:
  friend class RlweVector;
  std::shared_ptr<const RlweScheme> scheme_;
  Seed a_seed_;
  Polynomial b_, a_montgomery_, b_montgomery_;
  Digest digest_;
};

class RlweSecretKey {
 public:
  static std::shared_ptr<const RlweSecretKey> generate(const RlweParameters& parameters);

  const std::shared_ptr<const RlwePublicKey>& public_key() const { return public_; }
  const Polynomial& s_montgomery() const { return s_montgomery_; }

  // The key as it is stored: header, parameters, seed of a, seed of s and e. Secret.
  SecretBytes encode() const;
  static std::shared_ptr<const RlweSecretKey> decode(ByteSpan bytes);

 private:
  struct Token {};  // for make_shared only

 public:
  RlweSecretKey(Token, const RlweParameters& parameters, const Seed& a_seed, SecretBytes secret_seed);

 private:
  SecretBytes secret_seed_;
  Seed a_seed_;
  Polynomial s_montgomery_;
  std::shared_ptr<const RlwePublicKey> public_;
};

// A vector of integers under ring-LWE.
class RlweVector {
 public:
  using Key = std::shared_ptr<const RlwePublicKey>;

  // `root`: 32 random bytes from which all randomness is expanded; drawn if not given (test vectors give it).
  static RlweVector encrypt(Key key, std::span<const int64_t> values, const SecretBytes* root = nullptr);
  // By whoever holds the key: half the bytes until it is added to.
  static RlweVector encrypt(const RlweSecretKey& key, std::span<const int64_t> values);

  Bytes encode() const;
  // DecodeError for another key, scheme or version, lengths, residues that are not reduced, too many terms.
  static RlweVector decode(Key key, ByteSpan bytes);
  size_t encoded_bytes() const;

  // As for Paillier: ParameterError or HeadroomExceeded.
  friend RlweVector operator+(const RlweVector& a, const RlweVector& b);

  // Throws ParameterError for another key, DecodeError where it decrypts to no sum in range.
  void decrypt(std::span<int64_t> values, const RlweSecretKey& key) const;

  const Key& key() const { return key_; }
  uint64_t length() const { return length_; }
  uint32_t terms() const { return terms_; }
  size_t polynomials() const { return c0_.size() / key_->scheme()->ring().words(); }
  PolynomialSpan c0(size_t i) const { return part(c0_, i); }
  PolynomialSpan c1(size_t i) const { return part(c1_, i); }

 private:
  RlweVector(Key key, uint64_t length, uint32_t terms) : key_(std::move(key)), length_(length), terms_(terms) {}
  PolynomialSpan part(const std::vector<uint64_t>& all, size_t i) const {
    const size_t words = key_->scheme()->ring().words();
    return PolynomialSpan(all).subspan(i * words, words);
  }

  Key key_;
  uint64_t length_;
  uint32_t terms_;
  std::optional<Seed> c1_seed_;
  std::vector<uint64_t> c0_, c1_;
};

// The key stream number `index` of a 32-byte root: its counter begins with `index` (8 bytes, big-endian).
AesCtr256 stream_of(ByteSpan root, uint64_t index);

// Residues packed to 50 bits each. Reading throws DecodeError for one that is not reduced.
void write_residues(Writer& out, PolynomialSpan values);
void read_residues(std::span<uint64_t> values, Reader& in, const Ring& ring);
size_t residue_bytes(size_t words);

}  // namespace pyzkfl::he
