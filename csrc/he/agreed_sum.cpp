// See agreed_sum.h.
#include "he/agreed_sum.h"

#include <string>

#include "he/errors.h"

namespace pyzkfl::he {

Digest commit_contribution(const Digest& context, Index member, ByteSpan ciphertext) {
  Writer out;
  out.bytes(context).u16(member);
  return Sha256().update(as_bytes("pyzkfl/1 he contribution")).update(out.view()).update(ciphertext).finish();
}

Digest SumRequest::digest() const {
  Writer out;
  out.bytes(context).u16(static_cast<uint16_t>(commitments.size()));
  for (const auto& [member, digest] : commitments) out.u16(member).bytes(digest);
  out.u16(static_cast<uint16_t>(ciphertexts.size()));
  for (const auto& [member, ciphertext] : ciphertexts) out.u16(member).bytes(sha256(ciphertext));
  out.u16(static_cast<uint16_t>(holders.size()));
  for (const Index holder : holders) out.u16(holder);
  return Sha256().update(as_bytes("pyzkfl/1 he request")).update(out.view()).finish();
}

void SumRequest::check() const {
  if (ciphertexts.size() < min_contributions) {
    throw ProtocolError("a sum of " + std::to_string(ciphertexts.size()) + " contributions is not decrypted: at least " +
                        std::to_string(min_contributions) + " must be in it");
  }
  std::set<Digest> seen;
  for (const auto& [member, ciphertext] : ciphertexts) {
    const auto committed = commitments.find(member);
    if (committed == commitments.end()) {
      throw ProtocolError("member " + std::to_string(member) + " did not commit before the openings: it may not be in the sum");
    }
    if (commit_contribution(context, member, ciphertext) != committed->second) {
      throw Misbehaviour(member, "a ciphertext is not what its member committed to");
    }
    if (!seen.insert(sha256(ciphertext)).second) {
      throw Misbehaviour(member, "a ciphertext is in the sum twice");
    }
  }
}

void SumGuard::expect(const Digest& context, const Commitments& commitments) {
  if (answered_contexts_.contains(context)) throw ProtocolError("this context was answered already: take a new one");
  const auto [place, inserted] = expected_.emplace(context, commitments);
  if (!inserted && place->second != commitments) {
    throw ProtocolError("a second list of commitments for one context: somebody commits after seeing openings");
  }
}

void SumGuard::admit(const SumRequest& request) {
  request.check();
  const auto expected = expected_.find(request.context);
  if (answered_contexts_.contains(request.context)) {
    throw ProtocolError("a sum of this context was decrypted already: a second one would tell the difference");
  }
  if (expected == expected_.end()) throw ProtocolError("this holder has not seen the commitments of this context");
  if (expected->second != request.commitments) {
    throw ProtocolError("the commitments are not those that this holder saw before the openings");
  }
  std::set<Digest> digests;
  for (const auto& [member, ciphertext] : request.ciphertexts) {
    const Digest digest = sha256(ciphertext);
    if (answered_ciphertexts_.contains(digest)) {
      throw Misbehaviour(member, "a ciphertext was in another decrypted sum: encrypt anew");
    }
    digests.insert(digest);
  }
  answered_ciphertexts_.merge(digests);
  answered_contexts_.insert(request.context);
  expected_.erase(expected);
}

}  // namespace pyzkfl::he
