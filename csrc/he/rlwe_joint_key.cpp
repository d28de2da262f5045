// How members make a key that no one holds (see rlwe_shared.h).
#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/artefact.h"
#include "he/errors.h"
#include "he/rlwe_shared.h"
#include "he/sampling.h"

namespace pyzkfl::he {
namespace {

struct Part {
  Index index;
  Polynomial b;
  std::vector<Digest> share_digests;  // none for all members
};

Part read_part(const SharedKeyTerms& terms, const Ring& ring, ByteSpan bytes) {
  Reader in(bytes, "key part");
  read_header(in, Kind::key_part, Suite::ring_lwe);
  Part out{in.u16(), Polynomial(ring.words()), {}};
  if (out.index >= terms.members()) in.fail("it is of no member");
  read_residues(out.b, in, ring);
  if (!terms.all_members()) {
    for (unsigned i = 0; i < terms.members(); ++i) {
      out.share_digests.emplace_back();
      std::ranges::copy(in.bytes(32), out.share_digests.back().begin());
    }
  }
  in.done();
  return out;
}

std::map<Index, Digest> read_commitments(const SharedKeyTerms& terms, std::span<const Bytes> commitments) {
  std::map<Index, Digest> out;
  for (const Bytes& bytes : commitments) {
    Reader in(bytes, "commitment to a key part");
    read_header(in, Kind::key_commitment, Suite::ring_lwe);
    const Index index = in.u16();
    Digest digest;
    std::ranges::copy(in.bytes(32), digest.begin());
    in.done();
    if (index >= terms.members() || !out.emplace(index, digest).second) {
      throw ProtocolError("commitments to key parts: one of each member is needed, in any order");
    }
  }
  if (out.size() != terms.members()) {
    throw ProtocolError("commitments to key parts: " + std::to_string(out.size()) + " of " +
                        std::to_string(terms.members()) + " are there");
  }
  return out;
}

// Bound to the terms, so that a part of another key is none of this.
Digest part_digest(const SharedKeyTerms& terms, ByteSpan part) {
  return Sha256().update(as_bytes("pyzkfl/1 ring-lwe key part")).update(terms.a_seed()).update(part).finish();
}

std::vector<Part> read_parts(const SharedKeyTerms& terms, const Ring& ring,
                             const std::map<Index, Digest>& commitments, std::span<const Bytes> parts) {
  std::map<Index, Part> found;
  for (const Bytes& bytes : parts) {
    Part part = read_part(terms, ring, bytes);
    if (commitments.at(part.index) != part_digest(terms, bytes)) {
      throw Misbehaviour(part.index, "a key part is not what its member committed to");
    }
    const Index index = part.index;
    if (!found.emplace(index, std::move(part)).second) throw ProtocolError("a key part is there twice");
  }
  if (found.size() != terms.members()) {
    throw ProtocolError("key parts: " + std::to_string(found.size()) + " of " + std::to_string(terms.members()) +
                        " are there");
  }
  std::vector<Part> out;
  for (auto& [index, part] : found) out.push_back(std::move(part));
  return out;
}

std::shared_ptr<const RlwePublicKey> sum_key(const SharedKeyTerms& terms, std::shared_ptr<const RlweScheme> scheme,
                                             const std::vector<Part>& parts) {
  Polynomial b(scheme->ring().words());
  for (const Part& part : parts) scheme->ring().add(b, b, part.b);
  return std::make_shared<const RlwePublicKey>(std::move(scheme), terms.a_seed(), std::move(b));
}

SecretBytes encode_share(Index from, Index to, const Polynomial& share) {
  Writer out;
  write_header(out, Kind::dealt_share, Suite::ring_lwe);
  out.u16(from).u16(to);
  write_residues(out, share);
  Bytes bytes = out.take();
  SecretBytes secret = SecretBytes::copy_of(bytes);
  wipe(bytes);
  return secret;
}

}  // namespace

SharedKeyTerms::SharedKeyTerms(const RlweParameters& parameters_, unsigned threshold_, const Digest& context_)
    : parameters(parameters_), threshold(threshold_), context(context_) {
  if (!parameters.shared()) throw ParameterError("a shared key has at least two members");
  if (threshold > members() || 2 * threshold <= members()) {
    throw ParameterError("a threshold t of n members has 2 t > n >= t");
  }
}

Seed SharedKeyTerms::a_seed() const {
  Writer out;
  write_parameters(out, parameters);
  out.u16(static_cast<uint16_t>(threshold)).bytes(context);
  return Sha256().update(as_bytes("pyzkfl/1 ring-lwe joint key")).update(out.view()).finish();
}

RlweKeyMember::RlweKeyMember(const SharedKeyTerms& terms, Index index, SecretBytes seed)
    : terms_(terms),
      index_(index),
      seed_(std::move(seed)),
      scheme_(std::make_shared<const RlweScheme>(terms.parameters)) {
  if (index_ >= terms_.members()) throw ParameterError("a member's index is below the number of members");
  if (seed_.size() != 32) throw ParameterError("a member's seed has 32 bytes");
  const Ring& ring = scheme_->ring();
  const size_t words = ring.words();
  secret_.resize(words);
  Polynomial e(words), b(words);
  AesCtr256 stream = stream_of(seed_.span(), 0);
  sample_ternary(secret_, ring, stream);
  sample_error(e, ring, stream);
  ring.forward(secret_);
  ring.forward(e);
  Polynomial factor = secret_;
  ring.to_montgomery(factor);
  ring.negate(e, e);
  ring.multiply_add(b, expand_uniform(ring, terms_.a_seed()), factor, e);
  ring.negate(b, b);

  Writer part;
  write_header(part, Kind::key_part, Suite::ring_lwe);
  part.u16(index_);
  write_residues(part, b);
  if (!terms_.all_members()) {
    // Coefficients of the sharing polynomial: s_i, then uniform values.
    std::vector<Polynomial> polynomial(terms_.threshold);
    polynomial[0] = secret_;
    parallel_for(terms_.threshold - 1, 1, [&](size_t begin, size_t end) {
      for (size_t k = begin; k < end; ++k) {
        AesCtr256 own = stream_of(seed_.span(), k + 1);
        polynomial[k + 1].resize(words);
        sample_uniform(polynomial[k + 1], ring, own);
      }
    });
    shares_.resize(terms_.members());
    std::vector<Digest> digests(terms_.members());
    parallel_for(terms_.members(), 1, [&](size_t begin, size_t end) {
      for (size_t j = begin; j < end; ++j) {
        const std::vector<uint64_t> point(ring.primes(), j + 1);
        Polynomial share = polynomial.back();
        for (size_t k = polynomial.size() - 1; k-- > 0;) {
          ring.scale(share, share, point);
          ring.add(share, share, polynomial[k]);
        }
        digests[j] = sha256(encode_share(index_, static_cast<Index>(j), share).span());
        shares_[j] = std::move(share);
      }
    });
    for (const Digest& digest : digests) part.bytes(digest);
  }
  part_ = part.take();
}

void RlweKeyMember::usable() const {
  if (revealed_) throw ProtocolError("this member has shown its seed: the key must not be used");
}

Bytes RlweKeyMember::commitment() const {
  usable();
  Writer out;
  write_header(out, Kind::key_commitment, Suite::ring_lwe);
  out.u16(index_).bytes(part_digest(terms_, part_));
  return out.take();
}

Bytes RlweKeyMember::part(std::span<const Bytes> commitments) {
  usable();
  const auto list = read_commitments(terms_, commitments);
  if (list.at(index_) != part_digest(terms_, part_)) {
    throw ProtocolError("this member's own commitment is not in the list");
  }
  if (commitments_ && *commitments_ != list) {
    throw ProtocolError("a second list of commitments: somebody commits after seeing parts");
  }
  commitments_ = list;
  return part_;
}

SecretBytes RlweKeyMember::dealt_share(Index to) const {
  usable();
  if (terms_.all_members()) throw ProtocolError("a key of all members has no dealt shares");
  if (to >= terms_.members() || to == index_) throw ProtocolError("a share is dealt to another member");
  return encode_share(index_, to, shares_[to]);
}

std::unique_ptr<RlweHolder> RlweKeyMember::finish(std::span<const Bytes> parts, std::span<const Bytes> dealt_shares) {
  usable();
  if (!commitments_) throw ProtocolError("the commitments of all members come first");
  const Ring& ring = scheme_->ring();
  const std::vector<Part> all = read_parts(terms_, ring, *commitments_, parts);
  const auto key = sum_key(terms_, scheme_, all);
  if (terms_.all_members()) {
    if (!dealt_shares.empty()) throw ProtocolError("a key of all members has no dealt shares");
    return std::make_unique<RlweHolder>(terms_, index_, key, secret_);
  }
  Polynomial sum = shares_[index_], next(ring.words());
  std::set<Index> dealers = {index_};
  for (const Bytes& bytes : dealt_shares) {
    Reader in(bytes, "dealt share");
    read_header(in, Kind::dealt_share, Suite::ring_lwe);
    const Index from = in.u16(), to = in.u16();
    if (from >= terms_.members()) in.fail("it is of no member");
    if (to != index_) throw ProtocolError("a dealt share is for another member");
    if (!dealers.insert(from).second) throw ProtocolError("two dealt shares of one member");
    if (sha256(bytes) != all[from].share_digests[index_]) {
      throw Misbehaviour(from, "a dealt share is not what its dealer committed to");
    }
    try {
      read_residues(next, in, ring);
      in.done();
    } catch (const DecodeError& e) {
      throw Misbehaviour(from, e.what());
    }
    ring.add(sum, sum, next);
  }
  if (dealers.size() != terms_.members()) throw NotEnoughShares("a dealt share of every other member is needed");
  return std::make_unique<RlweHolder>(terms_, index_, key, std::move(sum));
}

SecretBytes RlweKeyMember::reveal_seed() {
  revealed_ = true;
  return seed_.clone();
}

std::shared_ptr<const RlwePublicKey> joint_public_key(const SharedKeyTerms& terms, std::span<const Bytes> commitments,
                                                      std::span<const Bytes> parts) {
  auto scheme = std::make_shared<const RlweScheme>(terms.parameters);
  const auto all = read_parts(terms, scheme->ring(), read_commitments(terms, commitments), parts);
  return sum_key(terms, std::move(scheme), all);
}

bool audit(const SharedKeyTerms& terms, Index index, const SecretBytes& seed, ByteSpan part) {
  const RlweKeyMember again(terms, index, seed.clone());
  const Bytes commitment = again.commitment();
  return std::ranges::equal(ByteSpan(commitment).last(32), part_digest(terms, part));
}

}  // namespace pyzkfl::he
