// Ring-LWE keys that several hold: what comes out, and every attack that agreed_sum.h and rlwe_shared.h name.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "../constant_time.h"
#include "he/errors.h"
#include "he/rlwe_shared.h"
#include "he/sampling.h"
#include "he/sealed_state.h"
#include "sum_samples.h"

using namespace pyzkfl;
using namespace pyzkfl::he;
using namespace pyzkfl::test;

namespace {

// A key made by all members, who are honest.
struct Ceremony {
  Ceremony(unsigned n, unsigned t, uint8_t context = 1)
      : terms(RlweParameters(Packing(100, 8), n), t, context_of(context)) {
    for (unsigned i = 0; i < n; ++i) members.push_back(std::make_unique<RlweKeyMember>(terms, static_cast<Index>(i)));
    for (const auto& m : members) commitments.push_back(m->commitment());
    for (const auto& m : members) parts.push_back(m->part(commitments));
  }
  std::vector<Bytes> dealt_to(unsigned to) const {
    std::vector<Bytes> out;
    for (unsigned i = 0; i < members.size() && !terms.all_members(); ++i) {
      if (i == to) continue;
      const SecretBytes share = members[i]->dealt_share(static_cast<Index>(to));
      out.emplace_back(share.span().begin(), share.span().end());
    }
    return out;
  }
  void finish() {
    for (unsigned i = 0; i < members.size(); ++i) holders.push_back(members[i]->finish(parts, dealt_to(i)));
    key = joint_public_key(terms, commitments, parts);
  }

  SharedKeyTerms terms;
  std::vector<std::unique_ptr<RlweKeyMember>> members;
  std::vector<Bytes> commitments, parts;
  std::vector<std::unique_ptr<RlweHolder>> holders;
  std::shared_ptr<const RlwePublicKey> key;
};

// Everybody contributes `sample` and opens.
SumRequest request_of(Ceremony& c, uint8_t context, std::set<Index> asked) {
  SumRequest out{.context = context_of(context), .commitments = {}, .ciphertexts = {}, .holders = std::move(asked)};
  for (const auto& h : c.holders) out.commitments[h->index()] = h->contribute(out.context, sample);
  for (const auto& h : c.holders) out.ciphertexts[h->index()] = h->open(out.context, out.commitments);
  return out;
}

}  // namespace

TEST_CASE("all members decrypt a sum together, or any threshold of them, and fewer do not") {
  for (const auto& [n, t, asked] : std::vector<std::tuple<unsigned, unsigned, std::set<Index>>>{
           {3, 3, {0, 1, 2}}, {5, 3, {0, 2, 4}}, {4, 3, {1, 2, 3}}}) {
    Ceremony c(n, t);
    c.finish();
    for (const auto& h : c.holders) CHECK(h->public_key()->digest() == c.key->digest());
    const SumRequest request = request_of(c, 9, asked);
    std::vector<Bytes> shares;
    for (const Index i : asked) shares.push_back(c.holders[i]->answer(request));
    CHECK(combine_rlwe(c.terms, c.key, request, shares) == times(n));
    shares.pop_back();
    CHECK_THROWS_AS((void)combine_rlwe(c.terms, c.key, request, shares), NotEnoughShares);
    shares.push_back(shares.front());  // one twice is not two
    CHECK_THROWS_AS((void)combine_rlwe(c.terms, c.key, request, shares), NotEnoughShares);
  }
}

TEST_CASE("a request with fewer holders than the threshold is answered by nobody") {
  Ceremony c(5, 4);
  c.finish();
  const SumRequest request = request_of(c, 9, {0, 1, 2});
  CHECK_THROWS_AS((void)c.holders[0]->answer(request), NotEnoughShares);
}

TEST_CASE("a ring-LWE holder does not answer beside more holders than the threshold, whose noises would be bound") {
  Ceremony c(5, 3);
  c.finish();
  const SumRequest request = request_of(c, 9, {0, 1, 2, 3});
  CHECK_THROWS_WITH_AS((void)c.holders[0]->answer(request), doctest::Contains("exactly 3"), ProtocolError);
  CHECK_THROWS_WITH_AS((void)combine_rlwe(c.terms, c.key, request, {}), doctest::Contains("exactly 3"),
                       ProtocolError);
}

TEST_CASE("a holder goes on from its state in another process, and what it answered is not forgotten") {
  Ceremony c(4, 3);
  c.finish();
  const auto restart = [&] {
    for (auto& h : c.holders) h = RlweHolder::restore(h->state().span());
  };
  restart();
  SumRequest request{.context = context_of(9), .commitments = {}, .ciphertexts = {}, .holders = {0, 1, 3}};
  for (const auto& h : c.holders) request.commitments[h->index()] = h->contribute(request.context, sample);
  restart();
  for (const auto& h : c.holders) request.ciphertexts[h->index()] = h->open(request.context, request.commitments);
  restart();
  std::vector<Bytes> shares;
  for (const Index i : request.holders) shares.push_back(c.holders[i]->answer(request));
  CHECK(combine_rlwe(c.terms, c.key, request, shares) == times(4));
  restart();
  CHECK_THROWS_AS((void)c.holders[0]->answer(request), ProtocolError);
  CHECK_THROWS_AS((void)c.holders[0]->contribute(request.context, sample), ProtocolError);
  // The count of what was decrypted goes along.
  const uint64_t n = c.key->scheme()->ring().n();
  RlweHolder limited(c.terms, 0, c.key, Polynomial(c.key->scheme()->ring().words()), 2 * n);
  c.holders[0] = RlweHolder::restore(limited.state().span());
  for (const uint8_t number : {20, 21}) {
    CHECK_NOTHROW((void)c.holders[0]->answer(request_of(c, number, {0, 1, 2})));
    restart();
  }
  CHECK_THROWS_WITH_AS((void)c.holders[0]->answer(request_of(c, 22, {0, 1, 2})), doctest::Contains("make a new one"),
                       ProtocolError);
  // Cut short anywhere, prolonged, or of something else, it is no state.
  const SecretBytes state = c.holders[1]->state();
  for (const size_t cut : {size_t{1}, size_t{3}, state.size() / 2, state.size() - 10}) {
    CHECK_THROWS_AS((void)RlweHolder::restore(state.span().first(state.size() - cut)), DecodeError);
  }
  Bytes longer(state.span().begin(), state.span().end());
  longer.push_back(0);
  CHECK_THROWS_AS((void)RlweHolder::restore(longer), DecodeError);
  CHECK_THROWS_WITH_AS((void)RlweHolder::restore(c.commitments[0]), doctest::Contains("not a holder's state"),
                       DecodeError);
}

TEST_CASE("a context that was closed is opened and answered no more") {
  Ceremony c(3, 3);
  c.finish();
  const SumRequest request = request_of(c, 9, {0, 1, 2});
  c.holders[0]->close(request.context);
  CHECK_THROWS_AS((void)c.holders[0]->answer(request), ProtocolError);
  CHECK_THROWS_AS((void)c.holders[0]->open(request.context, request.commitments), ProtocolError);
  CHECK_THROWS_AS((void)c.holders[0]->contribute(request.context, sample), ProtocolError);
}

TEST_CASE("a sealed state opens for the identity that sealed it, and for no other") {
  const auto mine = Ed25519PrivateKey::generate(), other = Ed25519PrivateKey::generate();
  const Bytes state = {1, 2, 3};
  Bytes sealed = seal_state(mine, state);
  CHECK(seal_state(mine, state) != sealed);
  CHECK(std::ranges::equal(open_state(mine, sealed).span(), state));
  CHECK_THROWS_AS((void)open_state(other, sealed), DecodeError);
  CHECK_THROWS_AS((void)open_state(mine, ByteSpan(sealed).first(11)), DecodeError);
  sealed.back() ^= 1;
  CHECK_THROWS_AS((void)open_state(mine, sealed), DecodeError);
}

TEST_CASE("a rogue key part, chosen after the others were shown, is not what its member committed to") {
  Ceremony c(3, 3);
  RlweKeyMember other(c.terms, 2);  // stands for a part that cancels the others'
  auto commitments = c.commitments;
  commitments[2] = other.commitment();
  auto parts = c.parts;
  parts[2] = other.part(commitments);
  try {
    (void)c.members[0]->finish(parts, {});
    FAIL("the rogue part was taken");
  } catch (const Misbehaviour& e) {
    CHECK(e.offender == 2);
  }
  CHECK_THROWS_AS((void)joint_public_key(c.terms, c.commitments, parts), Misbehaviour);
  // Nor may it commit a second time, after it has seen parts.
  CHECK_THROWS_WITH_AS((void)c.members[0]->part(commitments), doctest::Contains("second list"), ProtocolError);
  CHECK_NOTHROW((void)c.members[0]->part(c.commitments));
}

TEST_CASE(
    "the shared polynomial follows from context, parameters and threshold, and from nothing that a member says") {
  const RlweParameters parameters(Packing(100, 8), 4);
  const Seed seed = SharedKeyTerms(parameters, 3, context_of(1)).a_seed();
  CHECK(seed == SharedKeyTerms(parameters, 3, context_of(1)).a_seed());
  CHECK(seed != SharedKeyTerms(parameters, 3, context_of(2)).a_seed());
  CHECK(seed != SharedKeyTerms(parameters, 4, context_of(1)).a_seed());
  CHECK(seed != SharedKeyTerms(RlweParameters(Packing(101, 8), 4), 3, context_of(1)).a_seed());
  // A part of another context does not open a commitment of this one.
  Ceremony c(3, 3, 1);
  const RlweKeyMember same_seed(c.terms, 0, SecretBytes(32)),
      elsewhere(SharedKeyTerms(c.terms.parameters, 3, context_of(2)), 0, SecretBytes(32));
  CHECK(same_seed.commitment() != elsewhere.commitment());
}

TEST_CASE("a dealt share that is not what its dealer committed to names the dealer") {
  Ceremony c(4, 3);
  auto dealt = c.dealt_to(0);
  dealt[1].back() ^= 1;  // of member 2
  try {
    (void)c.members[0]->finish(c.parts, dealt);
    FAIL("the wrong share was taken");
  } catch (const Misbehaviour& e) {
    CHECK(e.offender == 2);
  }
  dealt = c.dealt_to(0);
  dealt.pop_back();
  CHECK_THROWS_AS((void)c.members[0]->finish(c.parts, dealt), NotEnoughShares);
  CHECK_THROWS_AS((void)c.members[0]->finish(c.parts, c.dealt_to(1)), ProtocolError);
}

TEST_CASE("a dealer whose committed shares do not fit together is found by a test sum, and named by the audit") {
  Ceremony c(4, 3);
  // Member 3 deals member 0 a share of another polynomial, and commits to it.
  const RlweKeyMember another(c.terms, 3);
  const SecretBytes foreign = another.dealt_share(0);
  Bytes part = c.parts[3];
  const Digest digest = sha256(foreign.span());
  std::ranges::copy(digest, part.end() - 4 * 32);
  const Digest forged =
      Sha256().update(as_bytes("pyzkfl/1 ring-lwe key part")).update(c.terms.a_seed()).update(part).finish();
  std::ranges::copy(forged, c.commitments[3].end() - 32);
  c.parts[3] = part;
  std::vector<std::unique_ptr<RlweKeyMember>> again;
  for (unsigned i = 0; i < 3; ++i) {  // with seeds of their own, against the forged commitment
    again.push_back(std::make_unique<RlweKeyMember>(c.terms, static_cast<Index>(i)));
    c.commitments[i] = again[i]->commitment();
  }
  for (unsigned i = 0; i < 3; ++i) c.parts[i] = again[i]->part(c.commitments);
  for (unsigned i = 0; i < 3; ++i) {
    std::vector<Bytes> dealt;
    for (unsigned j = 0; j < 3; ++j) {
      if (j == i) continue;
      const SecretBytes share = again[j]->dealt_share(static_cast<Index>(i));
      dealt.emplace_back(share.span().begin(), share.span().end());
    }
    const SecretBytes last = c.members[3]->dealt_share(static_cast<Index>(i));
    const ByteSpan chosen = i == 0 ? foreign.span() : last.span();
    dealt.emplace_back(chosen.begin(), chosen.end());
    c.holders.push_back(again[i]->finish(c.parts, dealt));  // every hash is right
  }
  c.key = joint_public_key(c.terms, c.commitments, c.parts);
  const SumRequest request = request_of(c, 9, {0, 1, 2});
  std::vector<Bytes> shares;
  for (const auto& h : c.holders) shares.push_back(h->answer(request));
  CHECK_THROWS_WITH_AS((void)combine_rlwe(c.terms, c.key, request, shares), doctest::Contains("no sum in range"),
                       ProtocolError);
  for (unsigned i = 0; i < 3; ++i) CHECK(audit(c.terms, static_cast<Index>(i), again[i]->reveal_seed(), c.parts[i]));
  CHECK_FALSE(audit(c.terms, 3, c.members[3]->reveal_seed(), c.parts[3]));
  CHECK_THROWS_AS((void)again[0]->dealt_share(1), ProtocolError);  // a key whose seeds were shown is dead
}

TEST_CASE("a holder is no oracle: what it must not answer") {
  Ceremony c(4, 3);
  c.finish();
  RlweHolder& holder = *c.holders[0];
  SumRequest good = request_of(c, 9, {0, 1, 2});
  const auto refused = [&](const SumRequest& r, const char* why) {
    CHECK_THROWS_WITH_AS((void)holder.answer(r), doctest::Contains(why), ProtocolError);
  };
  SumRequest r = good;
  r.ciphertexts = {{0, good.ciphertexts[0]}};
  refused(r, "at least 3");
  r = good;
  r.ciphertexts.erase(1);
  r.ciphertexts.erase(2);
  refused(r, "at least 3");
  r = good;  // a ciphertext made after the openings, to cancel others
  r.ciphertexts[3] = RlweVector::encrypt(c.key, times(-1)).encode();
  refused(r, "not what its member committed to (offender 3)");
  r.commitments[3] = commit_contribution(r.context, 3, r.ciphertexts[3]);
  refused(r, "not those that this holder saw");
  r = good;  // another's ciphertext as one's own
  r.ciphertexts[3] = r.ciphertexts[1];
  r.commitments[3] = commit_contribution(r.context, 3, r.ciphertexts[3]);
  refused(r, "twice (offender 3)");
  r = good;
  r.ciphertexts[7] = RlweVector::encrypt(c.key, sample).encode();
  refused(r, "member 7 did not commit");
  r = good;
  r.ciphertexts.erase(0);
  refused(r, "no fresh ciphertext of this holder");
  r = good;
  r.context = context_of(10);
  refused(r, "not what its member committed to");
  r = good;
  r.holders = {1, 2, 3};
  refused(r, "not among those asked");
  r = good;
  r.holders = {0, 1, 9};
  refused(r, "no member");

  CHECK_NOTHROW((void)holder.answer(good));
  refused(good, "no fresh ciphertext");  // the same again: its noise would be averaged away
  r = good;
  r.holders = {0, 1, 3};  // the same c1 for another set: equations for the key share
  refused(r, "no fresh ciphertext");
  // Old ciphertexts with a fresh one of the holder's: the difference would tell.
  SumRequest next = request_of(c, 11, {0, 1, 2});
  next.commitments[1] = commit_contribution(next.context, 1, good.ciphertexts[1]);
  next.ciphertexts[1] = good.ciphertexts[1];
  refused(next, "not those that this holder saw");
  CHECK_THROWS_WITH_AS((void)holder.open(next.context, next.commitments), doctest::Contains("second list"),
                       ProtocolError);
  // Even where it was committed to in time.
  SumRequest third{.context = context_of(12), .commitments = {}, .ciphertexts = {}, .holders = {0, 1, 2}};
  third.commitments[0] = holder.contribute(third.context, sample);
  for (const Index i : {1, 2, 3}) {
    third.ciphertexts[i] = i == 1 ? good.ciphertexts[1] : RlweVector::encrypt(c.key, sample).encode();
    third.commitments[i] = commit_contribution(third.context, i, third.ciphertexts[i]);
  }
  third.ciphertexts[0] = holder.open(third.context, third.commitments);
  refused(third, "in another decrypted sum");
}

TEST_CASE("a holder stops before its answers are more than their noise hides") {
  Ceremony c(3, 3);
  c.finish();
  c.holders[0] = std::make_unique<RlweHolder>(c.terms, 0, c.key, Polynomial(c.key->scheme()->ring().words()),
                                              2 * c.key->scheme()->ring().n());
  for (const uint8_t number : {20, 21}) CHECK_NOTHROW((void)c.holders[0]->answer(request_of(c, number, {0, 1, 2})));
  CHECK_THROWS_WITH_AS((void)c.holders[0]->answer(request_of(c, 22, {0, 1, 2})), doctest::Contains("make a new one"),
                       ProtocolError);
  CHECK(most_shared_coefficients == uint64_t{1} << 24);  // with 2^-64 each, 2^-40 in all
}

TEST_CASE("a member opens its contribution only against enough commitments that have its own") {
  Ceremony c(3, 3);
  c.finish();
  const Digest context = context_of(9);
  Commitments commitments;
  for (const auto& h : c.holders) commitments[h->index()] = h->contribute(context, sample);
  CHECK_THROWS_AS((void)c.holders[0]->contribute(context, sample), ProtocolError);
  Commitments few = commitments;
  few.erase(1);
  CHECK_THROWS_WITH_AS((void)c.holders[0]->open(context, few), doctest::Contains("fewer than 3"), ProtocolError);
  Commitments wrong = commitments;
  wrong[0][0] ^= 1;
  CHECK_THROWS_WITH_AS((void)c.holders[0]->open(context, wrong), doctest::Contains("own commitment"), ProtocolError);
  CHECK_THROWS_WITH_AS((void)c.holders[0]->open(context_of(8), commitments),
                       doctest::Contains("nothing to this context"), ProtocolError);
}

TEST_CASE("a decryption share hides the noise of the sum: its own noise is as wide as the bound says") {
  // With all members, sum - (c0 + shares of the others) leaves the last share's noise and that of the sum.
  Ceremony c(3, 3);
  c.finish();
  const SumRequest request = request_of(c, 9, {0, 1, 2});
  const RlweVector sum = sum_of(c.key, request);
  const RlweScheme& scheme = *c.key->scheme();
  const Ring& ring = scheme.ring();
  Polynomial total(sum.c0(0).begin(), sum.c0(0).end()), share(ring.words()), message(ring.words());
  for (const auto& h : c.holders) {
    const Bytes bytes = h->answer(request);
    Reader in(bytes);
    (void)in.bytes(7 + 32 + 2);
    read_residues(share, in, ring);
    ring.add(total, total, share);
  }
  ring.inverse(total);
  scheme.add_plaintext(message, times(3));
  ring.negate(message, message);
  ring.add(total, total, message);
  // |noise| as an integer of 200 bits: its width.
  Integer q(1);
  for (size_t i = 0; i < ring.primes(); ++i) q = q * Integer(ring.prime(i));
  size_t widest = 0;
  for (size_t j = 0; j < ring.n(); ++j) {
    Integer v;
    for (size_t i = 0; i < ring.primes(); ++i) {
      const Integer prime(ring.prime(i)), rest = q / prime;
      v = (v + rest * (inverse(rest % prime, prime) * Integer(total[i * ring.n() + j]) % prime)) % q;
    }
    widest = std::max(widest, std::min(v, q - v).bits());
  }
  CHECK(widest >= scheme.parameters().smudge_bits);  // three noises of b bits
  CHECK(widest <= scheme.parameters().smudge_bits + 2U);
  CHECK(widest <= scheme.parameters().noise_bits);
}

TEST_CASE("a wrong ring-LWE share makes the sum fail, a malformed one names its sender") {
  Ceremony c(3, 3);
  c.finish();
  const SumRequest request = request_of(c, 9, {0, 1, 2});
  std::vector<Bytes> shares;
  for (const auto& h : c.holders) shares.push_back(h->answer(request));
  auto wrong = shares;
  wrong[1][60] ^= 1;
  CHECK_THROWS_WITH_AS((void)combine_rlwe(c.terms, c.key, request, wrong), doctest::Contains("no sum in range"),
                       ProtocolError);
  wrong = shares;
  wrong[1].pop_back();
  CHECK_THROWS_WITH_AS((void)combine_rlwe(c.terms, c.key, request, wrong), doctest::Contains("(offender 1)"),
                       Misbehaviour);
  const SumRequest other = request_of(c, 10, {0, 1, 2});
  CHECK_THROWS_WITH_AS((void)combine_rlwe(c.terms, c.key, other, shares), doctest::Contains("another request"),
                       ProtocolError);
}

TEST_CASE("shares and noise are made in constant time") {
  // As in test_paillier.cpp, on a small ring; the share's power is the same SquareRing::power. Here: the noise and
  // the secret share of ring-LWE.
  const Ring ring(6, 4, CpuKernel::generic);
  Polynomial share(ring.words()), noise(ring.words()), c1(ring.words(), 3), out(ring.words());
  for (size_t i = 0; i < share.size(); ++i) share[i] = i * 12345;
  make_secret(share.data(), share.size());
  ring.scale(share, share, std::vector<uint64_t>(4, 77));
  ring.to_montgomery(share);
  AesCtr256 stream = fresh_stream();
  sample_noise(noise, ring, 90, stream);
  ring.forward(noise);
  ring.multiply_add(out, c1, share, noise);
  make_public(out.data(), out.size());
  CHECK(out[0] < ring.prime(0));
}
