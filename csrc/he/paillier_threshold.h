// Threshold decryption for Paillier: a dealer's key in n shares, any t of which decrypt, fewer say nothing.
//
// A ciphertext c = (1 + M n) r^n is decrypted by finding r, an n-th root modulo n of u = c mod n (Paillier, Eurocrypt
// 1999, section 5): then 1 + M n = c / r^n. A root is an RSA signature, so holders share that as Shoup does
// (Eurocrypt 2000): p = 2 p' + 1, q = 2 q' + 1 safe primes, m = p' q'; d = 1 / n modulo m, shared by a polynomial over
// the integers modulo m. A share of c is u^(2 D s_i) modulo n, D = members!; t of them combine to w = r^(4 D^2), and
// c^(4 D^2) / w^n = 1 + 4 D^2 M n. All of a holder's work is modulo n, with exponents as long as n: sharing c^d modulo
// n^2, d = 0 modulo m and 1 modulo n (Damgard, Jurik, PKC 2001), takes about five times the multiplications and twice the bytes.
// What is shown is M and r, of the sum; docs/homomorphic.md says why r tells nothing that M does not.
//
// The sum is right whoever sent shares: w^n = u^(4 D^2) is checked, and taking n-th powers modulo n is one to one.
// Each answer has one proof of equal logarithms for all its ciphertexts together, which names who sent a wrong one:
// X = prod (u_j^4)^(e_j) and Y = prod (share_j^2)^(e_j) with e_j of 128 bits hashed from everything, and
// log_X Y = log_v v_i (Chaum, Pedersen, non-interactive after Fiat, Shamir). Squares modulo n form a group of order
// m, whose prime factors have more than a thousand bits: a wrong share passes a random combination with probability
// 2^-128 (Bellare, Garay, Rabin, Eurocrypt 1998).
//
// Assumed: the dealer forgets (it could decrypt alone); fewer than t holders collude; 2 t > members + corrupt
// (agreed_sum.h). Proofs: the random oracle.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "he/agreed_sum.h"
#include "he/paillier.h"
#include "he/paillier_vector.h"

namespace pyzkfl::he {

inline constexpr size_t most_paillier_holders = 64;

// What everybody knows: the key, v and v_i = v^(D s_i) modulo n.
class PaillierThresholdKey {
 public:
  PaillierThresholdKey(std::shared_ptr<const PaillierPublicKey> key, unsigned threshold, Integer v,
                       std::vector<Integer> verifiers);

  const std::shared_ptr<const PaillierPublicKey>& key() const { return key_; }
  unsigned threshold() const { return threshold_; }
  unsigned members() const { return static_cast<unsigned>(verifiers_.size()); }
  const Integer& v() const { return v_; }
  const Integer& verifier(size_t i) const { return verifiers_[i]; }
  const Integer& factorial() const { return factorial_; }
  const Digest& digest() const { return digest_; }

  // Header, bits (u16), threshold, members (u16 each), n, v, v_i.
  Bytes encode() const;
  static std::shared_ptr<const PaillierThresholdKey> decode(ByteSpan bytes);

 private:
  std::shared_ptr<const PaillierPublicKey> key_;
  unsigned threshold_;
  Integer v_;
  std::vector<Integer> verifiers_;
  Integer factorial_;
  Digest digest_;
};

// One member's share. Answers each context once (agreed_sum.h).
class PaillierHolder {
 public:
  using Key = std::shared_ptr<const PaillierThresholdKey>;

  // `exponent`: D s_i. Throws ParameterError unless v^(D s_i) is the key's v_i: a share that a dealer sent wrong.
  PaillierHolder(Key key, Index index, Words exponent);

  Index index() const { return index_; }
  const Key& key() const { return key_; }

  // As SumGuard does. A holder that contributes commits and opens; another only sees the commitments.
  Digest contribute(const Digest& context, const Packing& packing, std::span<const int64_t> values);
  Bytes open(const Digest& context, const Commitments& commitments);
  void expect(const Digest& context, const Commitments& commitments);
  // The decryption share: header, request digest, index (u16), shares modulo n, proof (e 32, z).
  Bytes answer(const SumRequest& request);

  // As SumGuard::close().
  void close(const Digest& context);

  // All of it, to go on in another process: header, what the guard knows, what encode() gives. Secret. Only the last
  // state may be restored: an older one would answer again.
  SecretBytes state();
  static std::unique_ptr<PaillierHolder> restore(Key key, ByteSpan state);

  // The share alone, as a dealer sends it: header, index (u16), digest of the key, D s_i. Secret.
  SecretBytes encode() const;
  static std::unique_ptr<PaillierHolder> decode(Key key, ByteSpan bytes);

 private:
  Key key_;
  Index index_;
  Words exponent_;
  std::mutex mutex_;
  SumGuard guard_;
};

struct PaillierDealing {
  std::shared_ptr<const PaillierThresholdKey> key;
  std::vector<std::unique_ptr<PaillierHolder>> holders;
};

// A dealer's work, from different safe primes of the same length. 2 threshold > members >= threshold >= 2.
PaillierDealing deal_paillier(const Integer& p, const Integer& q, unsigned threshold, unsigned members);

// The sum that a checked request asks for. Throws Misbehaviour naming a member whose contribution is none, or, if
// proofs are asked for, lacks the one that its sender knows what is in it (plaintext_proof.h). On the pool.
enum class Proofs { checked, not_checked };
PaillierVector sum_of(const std::shared_ptr<const PaillierPublicKey>& key, const SumRequest& request, Proofs proofs);

// The values, from at least t shares. Throws Misbehaviour naming a member whose share is malformed or whose proof is
// wrong, NotEnoughShares, ProtocolError for a share of another request. Proofs of contributions are not checked again:
// no honest holder answers before it has checked them, and one of t is honest.
std::vector<int64_t> combine_paillier(const PaillierThresholdKey& key, const SumRequest& request,
                                      std::span<const Bytes> shares);

}  // namespace pyzkfl::he
