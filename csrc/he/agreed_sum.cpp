// See agreed_sum.h.
#include "he/agreed_sum.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "he/errors.h"

namespace pyzkfl::he {

namespace {

Digest commitment_to(const Digest& context, Index member, const Digest& ciphertext) {
  Writer out;
  out.bytes(context).u16(member).bytes(ciphertext);
  return Sha256().update(as_bytes("pyzkfl/1 he contribution")).update(out.view()).finish();
}

}  // namespace

Digest commit_contribution(const Digest& context, Index member, ByteSpan ciphertext) {
  return commitment_to(context, member, sha256(ciphertext));
}

Digest SumRequest::digest(const std::map<Index, Digest>& ciphertext_digests) const {
  Writer out;
  out.bytes(context).u16(static_cast<uint16_t>(commitments.size()));
  for (const auto& [member, digest] : commitments) out.u16(member).bytes(digest);
  out.u16(static_cast<uint16_t>(ciphertext_digests.size()));
  for (const auto& [member, digest] : ciphertext_digests) out.u16(member).bytes(digest);
  out.u16(static_cast<uint16_t>(holders.size()));
  for (const Index holder : holders) out.u16(holder);
  return Sha256().update(as_bytes("pyzkfl/1 he request")).update(out.view()).finish();
}

std::map<Index, Digest> SumRequest::check() const {
  if (ciphertexts.size() < min_contributions) {
    throw ProtocolError("a sum of " + std::to_string(ciphertexts.size()) +
                        " contributions is not decrypted: at least " + std::to_string(min_contributions) +
                        " must be in it");
  }
  const std::vector<std::pair<Index, ByteSpan>> list(ciphertexts.begin(), ciphertexts.end());
  std::vector<Digest> digests(list.size());
  parallel_for(list.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) digests[i] = sha256(list[i].second);
  });
  std::set<Digest> seen;
  std::map<Index, Digest> out;
  for (size_t i = 0; i < list.size(); ++i) {
    const Index member = list[i].first;
    const auto committed = commitments.find(member);
    if (committed == commitments.end()) {
      throw ProtocolError("member " + std::to_string(member) +
                          " did not commit before the openings: it may not be in the sum");
    }
    if (commitment_to(context, member, digests[i]) != committed->second) {
      throw Misbehaviour(member, "a ciphertext is not what its member committed to");
    }
    if (!seen.insert(digests[i]).second) throw Misbehaviour(member, "a ciphertext is in the sum twice");
    out[member] = digests[i];
  }
  return out;
}

Digest SumGuard::contribute(const Digest& context, Index member, Bytes ciphertext) {
  if (answered_contexts_.contains(context) || contributions_.contains(context)) {
    throw ProtocolError("this member has contributed to this context already");
  }
  const Digest commitment = commit_contribution(context, member, ciphertext);
  contributions_.emplace(context, std::move(ciphertext));
  return commitment;
}

Bytes SumGuard::open(const Digest& context, Index member, const Commitments& commitments) {
  const Bytes* mine = contribution(context);
  if (mine == nullptr) throw ProtocolError("this member has contributed nothing to this context");
  const auto committed = commitments.find(member);
  if (committed == commitments.end() || committed->second != commit_contribution(context, member, *mine)) {
    throw ProtocolError("this member's own commitment is not in the list");
  }
  if (commitments.size() < min_contributions) {
    throw ProtocolError("fewer than " + std::to_string(min_contributions) + " members committed: nothing is opened");
  }
  expect(context, commitments);
  return *mine;
}

const Bytes* SumGuard::contribution(const Digest& context) const {
  const auto found = contributions_.find(context);
  return found == contributions_.end() ? nullptr : &found->second;
}

void SumGuard::expect(const Digest& context, const Commitments& commitments) {
  if (answered_contexts_.contains(context)) throw ProtocolError("this context was answered already: take a new one");
  const auto [place, inserted] = expected_.emplace(context, commitments);
  if (!inserted && place->second != commitments) {
    throw ProtocolError("a second list of commitments for one context: somebody commits after seeing openings");
  }
}

void SumGuard::admit(const SumRequest& request, const std::map<Index, Digest>& ciphertext_digests) {
  const auto expected = expected_.find(request.context);
  if (answered_contexts_.contains(request.context)) {
    throw ProtocolError("a sum of this context was decrypted already: a second one would tell the difference");
  }
  if (expected == expected_.end()) throw ProtocolError("this holder has not seen the commitments of this context");
  if (expected->second != request.commitments) {
    throw ProtocolError("the commitments are not those that this holder saw before the openings");
  }
  std::set<Digest> digests;
  for (const auto& [member, digest] : ciphertext_digests) {
    if (answered_ciphertexts_.contains(digest)) {
      throw Misbehaviour(member, "a ciphertext was in another decrypted sum: encrypt anew");
    }
    digests.insert(digest);
  }
  answered_ciphertexts_.merge(digests);
  answered_contexts_.insert(request.context);
  expected_.erase(expected);
  contributions_.erase(request.context);
}

void SumGuard::close(const Digest& context) {
  answered_contexts_.insert(context);
  expected_.erase(context);
  contributions_.erase(context);
}

void SumGuard::write(Writer& out) const {
  out.u32(static_cast<uint32_t>(contributions_.size()));
  for (const auto& [context, ciphertext] : contributions_) {
    out.bytes(context).u64(ciphertext.size()).bytes(ciphertext);
  }
  out.u32(static_cast<uint32_t>(expected_.size()));
  for (const auto& [context, commitments] : expected_) {
    out.bytes(context).u32(static_cast<uint32_t>(commitments.size()));
    for (const auto& [member, digest] : commitments) out.u16(member).bytes(digest);
  }
  for (const std::set<Digest>* answered : {&answered_contexts_, &answered_ciphertexts_}) {
    out.u32(static_cast<uint32_t>(answered->size()));
    for (const Digest& digest : *answered) out.bytes(digest);
  }
}

void SumGuard::read(SumGuard& guard, Reader& in) {
  const auto digest = [&in] {
    Digest out;
    std::ranges::copy(in.bytes(out.size()), out.begin());
    return out;
  };
  for (uint32_t left = in.u32(); left > 0; --left) {
    const Digest context = digest();
    const uint64_t size = in.u64();
    if (size > in.remaining()) in.fail("it is cut short");
    const ByteSpan ciphertext = in.bytes(size);
    guard.contributions_[context] = Bytes(ciphertext.begin(), ciphertext.end());
  }
  for (uint32_t left = in.u32(); left > 0; --left) {
    Commitments& commitments = guard.expected_[digest()];
    for (uint32_t more = in.u32(); more > 0; --more) {
      const Index member = in.u16();
      commitments[member] = digest();
    }
  }
  for (std::set<Digest>* answered : {&guard.answered_contexts_, &guard.answered_ciphertexts_}) {
    for (uint32_t left = in.u32(); left > 0; --left) answered->insert(digest());
  }
}

void SumGuard::take(SumGuard& other) {
  contributions_ = std::exchange(other.contributions_, {});
  expected_ = std::exchange(other.expected_, {});
  answered_contexts_ = std::exchange(other.answered_contexts_, {});
  answered_ciphertexts_ = std::exchange(other.answered_ciphertexts_, {});
}

}  // namespace pyzkfl::he
