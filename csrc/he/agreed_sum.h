// What members who share a key agree to decrypt: one sum of named contributions, once.
//
// A share of a decryption is an answer of an oracle, so who gives one must know to what. The attacks, and the rule
// against each:
//   - a single contribution, or a sum of two, is sent for decryption: the holder sums by itself, and at least
//     min_contributions members must be in it;
//   - a contributor sends what cancels the others, made from their ciphertexts (additive schemes are malleable): all
//     commit to their ciphertexts first, and a holder takes the commitments before it opens its own, once a context;
//   - one contribution is copied as another's: a commitment names its member and context;
//   - two sums that differ in one contribution: a contribution is in one answered request only, and a context is
//     answered once; with 2 t > n + c for c corrupt members, two requests of one context have an honest holder in common;
//   - the same ciphertext for two sets of holders, which would tell a ring-LWE share (rlwe_shared.h): the same rule.
// A round whose decryption failed is repeated with a new context and fresh ciphertexts.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"

namespace pyzkfl::he {

using Index = uint16_t;

inline constexpr size_t min_contributions = 3;

// SHA-256 of "pyzkfl/1 he contribution", context, member and ciphertext. The ciphertext's own randomness hides it.
Digest commit_contribution(const Digest& context, Index member, ByteSpan ciphertext);

using Commitments = std::map<Index, Digest>;

struct SumRequest {
  Digest context;
  Commitments commitments;            // of everybody who committed
  std::map<Index, Bytes> ciphertexts;  // of those who opened: the sum
  std::set<Index> holders;            // who is to answer

  // SHA-256 of all of it.
  Digest digest() const;
  // Throws ProtocolError unless at least min_contributions opened, each to its commitment (else naming the member), no
  // two the same.
  void check() const;
};

// What a holder has seen and answered. Not shared, not copied: a second copy would answer twice.
class SumGuard {
 public:
  SumGuard() = default;
  SumGuard(const SumGuard&) = delete;
  SumGuard& operator=(const SumGuard&) = delete;

  // The commitments of this context are these, from now on. Throws ProtocolError for a second list.
  void expect(const Digest& context, const Commitments& commitments);
  // Throws ProtocolError for a request that must not be answered; else it is answered, for good.
  void admit(const SumRequest& request);

 private:
  std::map<Digest, Commitments> expected_;
  std::set<Digest> answered_contexts_;
  std::set<Digest> answered_ciphertexts_;
};

}  // namespace pyzkfl::he
