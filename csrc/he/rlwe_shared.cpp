// Decryption by holders (see rlwe_shared.h; making the key is in rlwe_joint_key.cpp).
#include "he/rlwe_shared.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/artefact.h"
#include "he/errors.h"
#include "he/sampling.h"

namespace pyzkfl::he {
namespace {

// Lagrange's coefficient at 0 of the member's point for the set, modulo each prime; a member's point is its index
// + 1.
std::vector<uint64_t> lagrange(const Ring& ring, const std::set<Index>& set, Index index) {
  std::vector<uint64_t> out;
  for (size_t i = 0; i < ring.primes(); ++i) {
    const uint64_t q = ring.prime(i);
    uint64_t top = 1, bottom = 1;
    for (const Index other : set) {
      if (other == index) continue;
      top = multiply_modulo(top, other + 1U, q);
      bottom = multiply_modulo(bottom, (q + other - index) % q, q);
    }
    out.push_back(multiply_modulo(top, power_modulo(bottom, q - 2, q), q));
  }
  return out;
}

void check_holders(const SharedKeyTerms& terms, const std::set<Index>& holders) {
  if (holders.size() < terms.threshold) {
    throw NotEnoughShares(std::to_string(holders.size()) + " holders are asked, and " +
                          std::to_string(terms.threshold) + " are needed");
  }
  // One more, and t - 1 corrupt holders know an equation between the honest noises (rlwe_shared.h).
  if (holders.size() > terms.threshold) {
    throw ProtocolError(std::to_string(holders.size()) + " holders are asked: exactly " +
                        std::to_string(terms.threshold) + " may be, or their noise would hide less");
  }
  if (*holders.rbegin() >= terms.members()) throw ProtocolError("a request asks a holder that is no member");
}

}  // namespace

RlweHolder::RlweHolder(const SharedKeyTerms& terms, Index index, std::shared_ptr<const RlwePublicKey> key,
                       Polynomial share, uint64_t most)
    : terms_(terms), index_(index), key_(std::move(key)), share_(std::move(share)), most_(most) {}

Digest RlweHolder::contribute(const Digest& context, std::span<const int64_t> values) {
  Bytes ciphertext = RlweVector::encrypt(key_, values).encode();
  const std::lock_guard lock(mutex_);
  return guard_.contribute(context, index_, std::move(ciphertext));
}

Bytes RlweHolder::open(const Digest& context, const Commitments& commitments) {
  const std::lock_guard lock(mutex_);
  return guard_.open(context, index_, commitments);
}

Bytes RlweHolder::answer(const SumRequest& request) {
  check_holders(terms_, request.holders);
  if (!request.holders.contains(index_)) throw ProtocolError("this holder is not among those asked");
  const auto digests = request.check();
  const RlweVector sum = sum_of(key_, request);
  const RlweScheme& scheme = *key_->scheme();
  const Ring& ring = scheme.ring();
  {
    const std::lock_guard lock(mutex_);
    const Bytes* mine = guard_.contribution(request.context);
    const auto in_sum = request.ciphertexts.find(index_);
    if (mine == nullptr || in_sum == request.ciphertexts.end() || in_sum->second != *mine) {
      throw ProtocolError("the sum has no fresh ciphertext of this holder: it could be chosen to tell its key share");
    }
    const uint64_t more = sum.polynomials() * ring.n();
    if (coefficients_ + more > most_) {
      throw ProtocolError("this key has decrypted as much as its noise hides: make a new one");
    }
    guard_.admit(request, digests);
    coefficients_ += more;
  }
  const size_t words = ring.words();
  Polynomial share(words);
  if (terms_.all_members()) {
    share = share_;
  } else {
    ring.scale(share, share_, lagrange(ring, request.holders, index_));
  }
  ring.to_montgomery(share);
  const SecretBytes root = SecretBytes::random(32);
  std::vector<uint64_t> out(sum.polynomials() * words);
  parallel_for(sum.polynomials(), 1, [&](size_t begin, size_t end) {
    Polynomial noise(words);
    for (size_t i = begin; i < end; ++i) {
      AesCtr256 stream = stream_of(root.span(), i);
      sample_noise(noise, ring, scheme.parameters().smudge_bits, stream);
      ring.forward(noise);
      ring.multiply_add(std::span(out).subspan(i * words, words), sum.c1(i), share, noise);
    }
  });
  Writer message;
  write_header(message, Kind::decryption_share, Suite::ring_lwe);
  message.bytes(request.digest(digests)).u16(index_);
  write_residues(message, out);
  return message.take();
}

void RlweHolder::close(const Digest& context) {
  const std::lock_guard lock(mutex_);
  guard_.close(context);
}

SecretBytes RlweHolder::state() {
  const std::lock_guard lock(mutex_);
  Writer out;
  write_header(out, Kind::holder_state, Suite::ring_lwe);
  write_parameters(out, terms_.parameters);
  out.u16(static_cast<uint16_t>(terms_.threshold)).bytes(terms_.context).u16(index_);
  write_residues(out, key_->b());
  out.u64(coefficients_).u64(most_);
  guard_.write(out);
  Writer secret;
  write_residues(secret, share_);
  Bytes share = secret.take();
  SecretBytes all(out.view().size() + share.size());
  std::ranges::copy(out.view(), all.span().begin());
  std::ranges::copy(share, all.span().begin() + static_cast<long>(out.view().size()));
  wipe(share);
  return all;
}

std::unique_ptr<RlweHolder> RlweHolder::restore(ByteSpan state) {
  Reader in(state, "state of a ring-LWE holder");
  read_header(in, Kind::holder_state, Suite::ring_lwe);
  const RlweParameters parameters = read_parameters(in);
  const unsigned threshold = in.u16();
  Digest context;
  std::ranges::copy(in.bytes(context.size()), context.begin());
  const Index index = in.u16();
  try {
    const SharedKeyTerms terms(parameters, threshold, context);
    if (index >= terms.members()) in.fail("it is of no member");
    const auto scheme = std::make_shared<const RlweScheme>(parameters);
    Polynomial b(scheme->ring().words()), share(scheme->ring().words());
    read_residues(b, in, scheme->ring());
    const uint64_t answered = in.u64(), most = in.u64();
    auto out = std::make_unique<RlweHolder>(
        terms, index, std::make_shared<const RlwePublicKey>(scheme, terms.a_seed(), std::move(b)), Polynomial(), most);
    out->coefficients_ = answered;
    SumGuard::read(out->guard_, in);
    read_residues(share, in, scheme->ring());
    in.done();
    out->share_ = std::move(share);
    return out;
  } catch (const ParameterError& e) {
    in.fail(e.what());
  }
}

RlweVector sum_of(const std::shared_ptr<const RlwePublicKey>& key, const SumRequest& request) {
  std::vector<std::pair<Index, ByteSpan>> in(request.ciphertexts.begin(), request.ciphertexts.end());
  std::vector<std::optional<RlweVector>> vectors(in.size());
  parallel_for(in.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      try {
        vectors[i] = RlweVector::decode(key, in[i].second);
        if (vectors[i]->terms() != 1) throw DecodeError("a contribution is one encryption, not a sum");
      } catch (const DecodeError& e) {
        throw Misbehaviour(in[i].first, e.what());
      }
    }
  });
  RlweVector sum = *vectors[0];
  for (size_t i = 1; i < in.size(); ++i) {
    if (vectors[i]->length() != sum.length()) throw Misbehaviour(in[i].first, "a contribution has another length");
    sum = sum + *vectors[i];
  }
  return sum;
}

std::vector<int64_t> combine_rlwe(const SharedKeyTerms& terms, const std::shared_ptr<const RlwePublicKey>& key,
                                  const SumRequest& request, std::span<const Bytes> shares) {
  check_holders(terms, request.holders);
  const auto digests = request.check();
  const RlweVector sum = sum_of(key, request);
  const RlweScheme& scheme = *key->scheme();
  const Ring& ring = scheme.ring();
  const Digest digest = request.digest(digests);
  std::vector<uint64_t> total(sum.polynomials() * ring.words()), next(total.size());
  for (size_t i = 0; i < sum.polynomials(); ++i) {
    std::ranges::copy(sum.c0(i), total.begin() + static_cast<long>(i * ring.words()));
  }
  std::set<Index> seen;
  for (const Bytes& bytes : shares) {
    Reader in(bytes, "ring-LWE decryption share");
    read_header(in, Kind::decryption_share, Suite::ring_lwe);
    if (!std::ranges::equal(in.bytes(32), digest)) {
      throw ProtocolError("a decryption share is of another request: of another sum, context or set of holders");
    }
    const Index index = in.u16();
    if (!request.holders.contains(index)) throw ProtocolError("a decryption share is of a member that was not asked");
    if (!seen.insert(index).second) continue;
    try {
      read_residues(next, in, ring);
      in.done();
    } catch (const DecodeError& e) {
      throw Misbehaviour(index, e.what());
    }
    ring.add(total, total, next);
  }
  if (seen != request.holders) {
    throw NotEnoughShares(
        std::to_string(seen.size()) + " shares of " + std::to_string(request.holders.size()) +
        " are there, and every holder of the request is needed: repeat the round with those who stay");
  }
  std::vector<int64_t> values(sum.length());
  const size_t each = scheme.parameters().values_each();
  std::vector<uint8_t> good(sum.polynomials());
  parallel_for(sum.polynomials(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto x = std::span(total).subspan(i * ring.words(), ring.words());
      ring.inverse(x);
      const auto here = std::span(values).subspan(i * each, std::min(each, values.size() - i * each));
      good[i] = scheme.read_plaintext(here, x, sum.terms()) ? 1 : 0;
    }
  });
  if (std::ranges::count(good, 0) != 0) {
    throw ProtocolError(
        "the shares give no sum in range: a share, a key share or a contribution is wrong, and none has a proof");
  }
  return values;
}

}  // namespace pyzkfl::he
