// The proof that a member knows what it contributes, against the forgers that plaintext_proof.h names.
#include <doctest/doctest.h>

#include <algorithm>

#include "he/errors.h"
#include "sum_samples.h"

using namespace pyzkfl;
using namespace pyzkfl::he;
using namespace pyzkfl::test;

namespace {

using Key = std::shared_ptr<const PaillierPublicKey>;

const Packing packing(100, 8);

Key sample_key() { return sample_paillier_key()->public_key(); }

ByteSpan proof_of(const PaillierPublicKey& key, ByteSpan contribution) {
  return contribution.last(plaintext_proof_bytes(key));
}

PaillierVector ciphertext_of(const Key& key, ByteSpan contribution) {
  return PaillierVector::decode(key, contribution.first(contribution.size() - plaintext_proof_bytes(*key)));
}

// The ciphertext of -v, of one term.
Bytes negated(const Key& key, const PaillierVector& v) {
  Bytes out = v.encode();
  const size_t each = 16 * key->words();
  for (size_t at = out.size() - 8 * v.ciphertexts().size(); at < out.size(); at += each) {
    const Integer c = Integer::from_bytes(ByteSpan(out).subspan(at, each));
    std::ranges::copy(inverse(c, key->n_squared()).to_bytes(each), out.begin() + static_cast<long>(at));
  }
  return out;
}

Bytes joined(Bytes ciphertext, ByteSpan proof) {
  ciphertext.insert(ciphertext.end(), proof.begin(), proof.end());
  return ciphertext;
}

}  // namespace

TEST_CASE("a contribution is read by its key, context and member, and decrypts to what was sent") {
  const Key key = sample_key();
  for (const size_t length : {1, 4, 1000}) {
    std::vector<int64_t> values(length);
    for (size_t i = 0; i < length; ++i) values[i] = static_cast<int64_t>(i % 201) - 100;
    const Bytes sent = prove_contribution(key, packing, values, context_of(1), 2);
    const PaillierVector read = read_contribution(key, context_of(1), 2, sent);
    std::vector<int64_t> out(length);
    read.unpack_messages(out, sample_paillier_key()->decrypt(read.ciphertexts()));
    CHECK(out == values);
  }
}

TEST_CASE("others' ciphertexts of an earlier sum, negated, are no contribution") {
  const Key key = sample_key();
  std::vector<Bytes> old;
  for (Index i = 0; i < 3; ++i) old.push_back(prove_contribution(key, packing, sample, context_of(1), i));
  // Member 3's forgery: of the sum of the next context it would leave the difference of sums without member 0.
  const Bytes own = prove_contribution(key, packing, sample, context_of(2), 3);
  const Bytes bare = negated(key, ciphertext_of(key, old[1]));
  const auto refused = [&](const Bytes& contribution) {
    CHECK_THROWS_WITH_AS((void)read_contribution(key, context_of(2), 3, contribution),
                         doctest::Contains("does not prove that its sender knows"), DecodeError);
  };
  CHECK_THROWS_AS((void)read_contribution(key, context_of(2), 3, bare), DecodeError);  // no proof
  refused(joined(bare, proof_of(*key, old[1])));                                       // the old one's
  refused(joined(bare, proof_of(*key, own)));                                          // one's own, of other values
  // The ciphertext as it was, with its proof: of another member, of another context, of the same member later.
  refused(old[1]);
  CHECK_THROWS_AS((void)read_contribution(key, context_of(1), 3, old[1]), DecodeError);
  CHECK_THROWS_AS((void)read_contribution(key, context_of(2), 1, old[1]), DecodeError);
  CHECK_NOTHROW((void)read_contribution(key, context_of(1), 1, old[1]));
  // A copy of a ciphertext of this context, made another one by adding an encryption of zeros.
  const Bytes fresh = prove_contribution(key, packing, sample, context_of(2), 0);
  const auto zeros = key->encrypt(Words(key->words()), Randomness::short_exponent);
  Bytes copy = ciphertext_of(key, fresh).encode();
  const auto sum = key->add(ciphertext_of(key, fresh).ciphertexts(), zeros);
  std::copy_n(reinterpret_cast<const uint8_t*>(sum.data()), 8 * sum.size(),
              copy.end() - static_cast<long>(8 * sum.size()));
  refused(joined(copy, proof_of(*key, fresh)));
  refused(joined(copy, proof_of(*key, own)));
}

TEST_CASE("a proof whose root is no unit, with which the equation holds for any ciphertext, is refused") {
  const Key key = sample_key();
  const Bytes bare = negated(key, ciphertext_of(key, prove_contribution(key, packing, sample, context_of(1), 1)));
  // With root 0 the first message is 0 for every challenge: hash it as the verifier does, and all agrees.
  Writer out;
  out.bytes(key->digest()).bytes(context_of(2)).u16(3).bytes(sha256(bare));
  const Digest challenge = Sha256()
                               .update(as_bytes("pyzkfl/1 paillier plaintext"))
                               .update(out.view())
                               .update(Bytes(key->bits() / 4))
                               .finish();
  Bytes proof(challenge.begin(), challenge.end());
  proof.resize(plaintext_proof_bytes(*key));
  CHECK_THROWS_AS((void)read_contribution(key, context_of(2), 3, joined(bare, proof)), DecodeError);
}

TEST_CASE("a proof is one encoding: any byte changed, and answers that are not reduced, are refused") {
  const Key key = sample_key();
  const Bytes sent = prove_contribution(key, packing, sample, context_of(1), 0);
  const size_t proof = sent.size() - plaintext_proof_bytes(*key);
  for (size_t at = 0; at < sent.size(); at += at < 60 || at + 1 == proof ? 1 : 97) {
    Bytes changed = sent;
    changed[at] ^= 1;
    CHECK_THROWS_AS((void)read_contribution(key, context_of(1), 0, changed), Error);
  }
  const size_t half = key->bits() / 8;
  for (const size_t at : {proof + 32, proof + 32 + half}) {
    const Integer moved = Integer::from_bytes(ByteSpan(sent).subspan(at, half)) + key->n();
    if (moved.bits() > key->bits()) continue;
    Bytes changed = sent;
    std::ranges::copy(moved.to_bytes(half), changed.begin() + static_cast<long>(at));
    CHECK_THROWS_AS((void)read_contribution(key, context_of(1), 0, changed), DecodeError);
  }
  CHECK_THROWS_AS((void)read_contribution(key, context_of(1), 0, ByteSpan(sent).first(100)), DecodeError);
}

TEST_CASE("errors in two ciphertexts that cancel in their product do not pass the proof for all of them") {
  const Key key = sample_key();
  const std::vector<int64_t> values(600, 7);
  const Bytes sent = prove_contribution(key, packing, values, context_of(1), 0);
  Bytes changed = sent;
  const size_t each = 16 * key->words(), end = sent.size() - plaintext_proof_bytes(*key);
  const Integer factor(12345), n2 = key->n_squared();
  const auto times_at = [&](size_t at, const Integer& by) {
    const Integer c = Integer::from_bytes(ByteSpan(changed).subspan(at, each));
    std::ranges::copy((c * by % n2).to_bytes(each), changed.begin() + static_cast<long>(at));
  };
  times_at(end - each, factor);
  times_at(end - 2 * each, inverse(factor, n2));
  CHECK_THROWS_AS((void)read_contribution(key, context_of(1), 0, changed), DecodeError);
}

TEST_CASE("holders name who contributes without a proof to a Paillier sum") {
  PaillierRound round(1), next(2);
  const Key& key = next.dealing.key->key();
  const Bytes old = round.request.ciphertexts[1];
  const Bytes forged = joined(negated(key, ciphertext_of(key, old)), proof_of(*key, old));
  SumRequest request = next.request;
  request.context = context_of(3);
  for (auto& [i, c] : request.ciphertexts) c = prove_contribution(key, packing, sample, request.context, i);
  request.ciphertexts[3] = forged;
  for (auto& [i, c] : request.ciphertexts) request.commitments[i] = commit_contribution(request.context, i, c);
  PaillierHolder& holder = *next.dealing.holders[0];
  holder.expect(request.context, request.commitments);
  CHECK_THROWS_WITH_AS((void)holder.answer(request), doctest::Contains("(offender 3)"), Misbehaviour);
  // It was not answered: without the forger it is.
  request.ciphertexts.erase(3);
  CHECK_NOTHROW((void)holder.answer(request));
}
