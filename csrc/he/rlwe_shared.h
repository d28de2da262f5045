// A ring-LWE key that no one holds: made by all members together, used by all of them or by any t.
//
// Every member i draws s_i, e_i from a seed of its own and shows b_i = -(a s_i) + e_i; the key is (sum b_i, a), its
// secret s = sum s_i. For all members t = n and a member's share is s_i. For t < n every s_i is shared among the
// members by a polynomial of degree t - 1 over R, and a member's share is the sum of what it got; a set T of
// exactly t uses Lagrange's coefficients (Mouchet, Bertrand, Hubaux, J. Cryptology 2023). No dealer, and no secret is ever
// put together.
//
// A decryption share is c1 (coefficient share) + noise, uniform in [-2^b, 2^b) (rlwe_parameters.h): without it the
// shares show the noise of the sum, which depends on keys and randomness; threshold schemes with too little were
// broken.
//
// What could go wrong, and what is done about it:
//   - a rogue key: b_n chosen after the others to cancel them. All commit first (H of all of a part), and a part is
//   shown
//     only against everybody's commitments;
//   - a chosen a: it is expanded from the context, the parameters and t, by a hash; nobody picks it;
//   - a share that a dealer sent wrong: the part commits to a hash of every share, so a share is the one that was
//     committed to, or its dealer is named. That committed shares fit together is not seen at once: members decrypt
//     test sums before the key is used (docs/homomorphic.md), and after a failure everybody shows its seed: audit()
//     names who did not follow. A key that was audited is thrown away;
//   - more than t holders for one sum: then the noises of t + 1 answers are bound by an equation that t - 1 corrupt
//   holders know, and the noise of the sum shows modulo differences of indices. Exactly t are asked;
//   - answers for two sets T, T' to one c1: their noises would be equations for the share. A holder answers only for
//   sums
//     that have a fresh ciphertext of its own (so c1 is new and unpredictable), each once;
//   - too many answers: 2^24 coefficients a key, counted;
//   - a wrong decryption share is NOT named: there is no proof. The result then fails the check of its noise, or, if
//   its
//     sender knew how to shift by whole plaintexts, is wrong. Against that, Paillier.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "he/agreed_sum.h"
#include "he/rlwe.h"

namespace pyzkfl::he {

struct SharedKeyTerms {
  // 2 t > n >= t, n = parameters.members; t = n: all members. Throws ParameterError.
  SharedKeyTerms(const RlweParameters& parameters, unsigned threshold, const Digest& context);

  RlweParameters parameters;
  unsigned threshold;
  Digest context;  // what the members agreed on: names, job, number of the key. Never the same for two keys

  unsigned members() const { return parameters.members; }
  bool all_members() const { return threshold == members(); }
  // SHA-256 of "pyzkfl/1 ring-lwe joint key", parameters, t and context: the seed of a.
  Seed a_seed() const;
};

class RlweHolder;

// One member while the key is made.
class RlweKeyMember {
 public:
  RlweKeyMember(const SharedKeyTerms& terms, Index index, SecretBytes seed = SecretBytes::random(32));

  // Header, index (u16), SHA-256 of the part.
  Bytes commitment() const;
  // The part, once the commitments of all members are there (this one's included, n of them, one of each).
  // Header, index, b_i, and for t < n the SHA-256 of each member's share.
  Bytes part(std::span<const Bytes> commitments);
  // The share for member j, secret: goes to j alone, encrypted and authenticated. For t < n.
  SecretBytes dealt_share(Index to) const;
  // The parts of all, and for t < n the shares that the others dealt to this one. Throws Misbehaviour naming a member
  // whose part or share is not what it committed to.
  std::unique_ptr<RlweHolder> finish(std::span<const Bytes> parts, std::span<const Bytes> dealt_shares);

  // Shows the seed, to clear up a failed test; nothing else is done afterwards.
  SecretBytes reveal_seed();

 private:
  void usable() const;
  SharedKeyTerms terms_;
  Index index_;
  SecretBytes seed_;
  bool revealed_ = false;
  std::shared_ptr<const RlweScheme> scheme_;
  Polynomial secret_;               // s_i
  std::vector<Polynomial> shares_;  // for t < n, as values
  Bytes part_;
  std::optional<std::map<Index, Digest>> commitments_;
};

// The public key from all commitments and parts. Throws Misbehaviour naming a member whose part differs from its
// commitment, ProtocolError unless there is one of each member.
std::shared_ptr<const RlwePublicKey> joint_public_key(const SharedKeyTerms& terms, std::span<const Bytes> commitments,
                                                      std::span<const Bytes> parts);

// Whether this part, and these shares if there are any, are what the seed gives.
[[nodiscard]] bool audit(const SharedKeyTerms& terms, Index index, const SecretBytes& seed, ByteSpan part);

// A member with its share. What it has answered must not be forgotten: where its process ends, state() goes on.
class RlweHolder {
 public:
  // `most`: coefficients that it decrypts at most, ever.
  RlweHolder(const SharedKeyTerms& terms, Index index, std::shared_ptr<const RlwePublicKey> key, Polynomial share,
             uint64_t most = most_shared_coefficients);

  Index index() const { return index_; }
  const std::shared_ptr<const RlwePublicKey>& public_key() const { return key_; }

  // Encrypts this member's contribution (zeros, if it has none), keeps it, and returns the commitment to it.
  Digest contribute(const Digest& context, std::span<const int64_t> values);
  // Shows it, once all commitments are there.
  Bytes open(const Digest& context, const Commitments& commitments);
  // Header, digest of the request, index (u16), polynomials.
  Bytes answer(const SumRequest& request);
  // As SumGuard::close().
  void close(const Digest& context);

  // All of it, to go on in another process: header, terms, index, b, counters, what the guard knows, the share.
  // Secret. Only the last state may be restored: an older one would answer again.
  SecretBytes state();
  static std::unique_ptr<RlweHolder> restore(ByteSpan state);

 private:
  SharedKeyTerms terms_;
  Index index_;
  std::shared_ptr<const RlwePublicKey> key_;
  Polynomial share_;
  std::mutex mutex_;
  SumGuard guard_;
  uint64_t coefficients_ = 0, most_;  // decrypted so far, and ever
};

// The sum that a checked request asks for. Throws Misbehaviour naming a member whose ciphertext is none.
RlweVector sum_of(const std::shared_ptr<const RlwePublicKey>& key, const SumRequest& request);

// The values, from the shares of exactly the request's holders. Throws NotEnoughShares where one is missing,
// ProtocolError where they do not give a sum in range: some share is wrong, nobody knows whose.
std::vector<int64_t> combine_rlwe(const SharedKeyTerms& terms, const std::shared_ptr<const RlwePublicKey>& key,
                                  const SumRequest& request, std::span<const Bytes> shares);

}  // namespace pyzkfl::he
