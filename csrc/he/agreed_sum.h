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
//     answered once; with 2 t > n + c for c corrupt members, two requests of one context have an honest holder in
//     common;
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

// SHA-256 of "pyzkfl/1 he contribution", context, member (u16) and the SHA-256 of the ciphertext, whose own
// randomness hides it.
Digest commit_contribution(const Digest& context, Index member, ByteSpan ciphertext);

using Commitments = std::map<Index, Digest>;

struct SumRequest {
  Digest context;
  Commitments commitments;             // of everybody who committed
  std::map<Index, Bytes> ciphertexts;  // of those who opened: the sum
  std::set<Index> holders;             // who is to answer

  // The SHA-256 of each ciphertext, if the request is one to answer: at least min_contributions opened, each to its
  // commitment (else the member is named), no two the same. Throws ProtocolError if not. On the pool.
  std::map<Index, Digest> check() const;
  // SHA-256 of all of it; `ciphertext_digests` from check().
  Digest digest(const std::map<Index, Digest>& ciphertext_digests) const;
};

// What a holder has seen and answered. Not shared, not copied: a second copy would answer twice.
class SumGuard {
 public:
  SumGuard() = default;
  SumGuard(const SumGuard&) = delete;
  SumGuard& operator=(const SumGuard&) = delete;

  // Keeps a ciphertext of this member until its sum is answered, and returns the commitment to it. Throws
  // ProtocolError for a second one in a context.
  Digest contribute(const Digest& context, Index member, Bytes ciphertext);
  // Shows it, once the commitments of all are there, of which there are min_contributions at least and this one's is
  // one; expects them from then on.
  Bytes open(const Digest& context, Index member, const Commitments& commitments);
  // Null, or what contribute() keeps.
  const Bytes* contribution(const Digest& context) const;

  // The commitments of this context are these, from now on. Throws ProtocolError for a second list.
  void expect(const Digest& context, const Commitments& commitments);
  // Throws ProtocolError for a request that must not be answered; else it is answered, for good. Digests from
  // check().
  void admit(const SumRequest& request, const std::map<Index, Digest>& ciphertext_digests);
  // Nothing is opened or answered in this context from now on, whatever was before; what was kept for it goes.
  void close(const Digest& context);

  // All of it, to go on in another process; nothing in it is secret.
  void write(Writer& out) const;
  static void read(SumGuard& guard, Reader& in);
  // Becomes what another was, which is empty then.
  void take(SumGuard& other);

 private:
  std::map<Digest, Bytes> contributions_;  // not yet summed
  std::map<Digest, Commitments> expected_;
  std::set<Digest> answered_contexts_;
  std::set<Digest> answered_ciphertexts_;
};

}  // namespace pyzkfl::he
