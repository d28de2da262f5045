// Threshold decryption for Paillier: a dealer's key in n shares, any t of which decrypt, fewer say nothing.
//
// Damgard and Jurik (PKC 2001, section 4.1) for s = 1, after Fouque, Poupard and Stern (FC 2000) and Shoup (Eurocrypt
// 2000): p = 2 p' + 1, q = 2 q' + 1 safe primes, m = p' q'; d = 0 modulo m and 1 modulo n, shared by a polynomial
// over the integers modulo n m. A share of c is c^(2 D s_i), D = members!; t of them combine to c^(4 D^2 d) = 1 + 4
// D^2 M n.
//
// Each answer has one proof of equal logarithms for all its ciphertexts together: X = prod (c_j^4)^(e_j) and
// Y = prod (share_j^2)^(e_j) with e_j of 128 bits hashed from everything, and log_X Y = log_v v_i (Chaum, Pedersen,
// non-interactive after Fiat, Shamir). Squares modulo n^2 form a group of order n m, whose prime factors all have
// more than a thousand bits: a wrong share passes a random combination with probability 2^-128 (Bellare, Garay,
// Rabin, Eurocrypt 1998).
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

// What everybody knows: the key, v and v_i = v^(D s_i).
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
  // The decryption share: header, request digest, index (u16), shares, proof (e 32, z).
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

// The sum that a checked request asks for. Throws Misbehaviour naming a member whose contribution is none, or lacks
// the proof that its sender knows what is in it (plaintext_proof.h). On the pool.
PaillierVector sum_of(const std::shared_ptr<const PaillierPublicKey>& key, const SumRequest& request);

// The values, from at least t shares. Throws Misbehaviour naming a member whose share is malformed or whose proof is
// wrong, NotEnoughShares, ProtocolError for a share of another request.
std::vector<int64_t> combine_paillier(const PaillierThresholdKey& key, const SumRequest& request,
                                      std::span<const Bytes> shares);

}  // namespace pyzkfl::he
