// Paillier keys that several hold: what comes out, and every attack that paillier_threshold.h names.
#include <doctest/doctest.h>

#include <algorithm>

#include "he/errors.h"
#include "he/paillier_share_proof.h"
#include "he/power_products.h"
#include "he/primes.h"
#include "sum_samples.h"

using namespace pyzkfl;
using namespace pyzkfl::he;
using namespace pyzkfl::test;

namespace {

// Primes that are not safe.
std::pair<Integer, Integer> random_prime_pair() {
  return {random_prime(1024, PrimeKind::plain), random_prime(1024, PrimeKind::plain)};
}

}  // namespace

TEST_CASE("any three of five decrypt a Paillier sum, two do not, and a wrong share is named") {
  PaillierRound round;
  std::vector<Bytes> shares;
  for (const auto& h : round.dealing.holders) shares.push_back(h->answer(round.request));
  const PaillierThresholdKey& key = *round.dealing.key;
  for (const auto& set : std::vector<std::vector<size_t>>{{0, 1, 2}, {4, 2, 0}, {1, 3, 4}, {0, 1, 2, 3, 4}}) {
    std::vector<Bytes> some;
    for (const size_t i : set) some.push_back(shares[i]);
    CHECK(combine_paillier(key, round.request, some) == times(4));
  }
  CHECK_THROWS_AS((void)combine_paillier(key, round.request, std::vector<Bytes>{shares[0], shares[1], shares[0]}),
                  NotEnoughShares);
  // A share that is another power, with the proof of the right one; a proof of another member; one left out.
  const auto named = [&](Bytes share, const char* who) {
    CHECK_THROWS_WITH_AS((void)combine_paillier(key, round.request, std::vector<Bytes>{shares[0], shares[1], share}),
                         doctest::Contains(who), Misbehaviour);
  };
  const size_t body = 7 + 32 + 2, each = key.key()->words();
  Bytes wrong = shares[2];
  const Integer c = Integer::from_bytes(ByteSpan(wrong).subspan(body, 8 * each));
  const Bytes squared = (c * c % key.key()->n()).to_bytes(8 * each);
  std::ranges::copy(squared, wrong.begin() + static_cast<long>(body));
  named(wrong, "does not match its proof (offender 2)");
  const Bytes negated =
      (key.key()->n() - c).to_bytes(8 * each);  // of order two: squares do not see it, nor does the result
  wrong = shares[2];
  std::ranges::copy(negated, wrong.begin() + static_cast<long>(body));
  named(wrong, "(offender 2)");
  wrong = shares[2];
  wrong[39] = 3;
  named(wrong, "does not match its proof (offender 3)");
  wrong = shares[2];
  wrong.resize(body + 8 * each);
  named(wrong, "(offender 2)");
  wrong = shares[2];
  wrong[wrong.size() - 9] ^= 1;  // the last byte could become a leading zero, which is another error
  named(wrong, "does not match its proof (offender 2)");
  for (const Integer& none : {Integer(0), key.key()->n(), sample_paillier_key()->p()}) {
    wrong = shares[2];
    std::ranges::copy(none.to_bytes(8 * each), wrong.begin() + static_cast<long>(body));
    named(wrong, "(offender 2)");
  }
  PaillierRound other(10);
  CHECK_THROWS_WITH_AS((void)combine_paillier(*other.dealing.key, other.request, std::vector<Bytes>{shares[0]}),
                       doctest::Contains("another request"), ProtocolError);
}

TEST_CASE("a Paillier holder is no oracle either") {
  PaillierRound round;
  PaillierHolder& holder = *round.dealing.holders[0];
  SumRequest r = round.request;
  r.ciphertexts.erase(0);
  r.ciphertexts.erase(1);
  CHECK_THROWS_WITH_AS((void)holder.answer(r), doctest::Contains("at least 3"), ProtocolError);
  r = round.request;
  r.context = context_of(77);
  for (auto& [i, c] : r.ciphertexts) {
    c = prove_contribution(round.dealing.key->key(), Packing(100, 8), sample, r.context, i);
    r.commitments[i] = commit_contribution(r.context, i, c);
  }
  CHECK_THROWS_WITH_AS((void)holder.answer(r), doctest::Contains("has not seen the commitments"), ProtocolError);
  CHECK_NOTHROW((void)holder.answer(round.request));
  r = round.request;
  r.ciphertexts.erase(2);  // one contribution less: the difference is a single member's
  CHECK_THROWS_WITH_AS((void)holder.answer(r), doctest::Contains("decrypted already"), ProtocolError);
  r.context = context_of(78);
  for (auto& [i, c] : r.ciphertexts) r.commitments[i] = commit_contribution(r.context, i, c);
  r.commitments.erase(2);
  holder.expect(r.context, r.commitments);
  CHECK_THROWS_WITH_AS((void)holder.answer(r), doctest::Contains("for another member or context"), ProtocolError);
}

TEST_CASE("a Paillier holder goes on from its state in another process") {
  PaillierRound round;
  const auto restart = [&] {
    for (auto& h : round.dealing.holders) h = PaillierHolder::restore(round.dealing.key, h->state().span());
  };
  restart();
  std::vector<Bytes> shares;
  for (const Index i : {0, 2, 4}) shares.push_back(round.dealing.holders[i]->answer(round.request));
  CHECK(combine_paillier(*round.dealing.key, round.request, shares) == times(4));
  restart();
  CHECK_THROWS_WITH_AS((void)round.dealing.holders[0]->answer(round.request), doctest::Contains("decrypted already"),
                       ProtocolError);
  const SecretBytes state = round.dealing.holders[1]->state();
  CHECK_THROWS_AS((void)PaillierHolder::restore(round.dealing.key, state.span().first(state.size() - 1)),
                  DecodeError);
}

TEST_CASE("a proof holds for its exponent, member and shares, and for no other") {
  PaillierRound round;
  const PaillierThresholdKey& key = *round.dealing.key;
  const PaillierVector sum = sum_of(key.key(), round.request, Proofs::checked);
  const auto residues = residues_modulo_n(*key.key(), sum.ciphertexts());
  const Digest digest = round.request.digest(round.request.check());
  const SecretBytes encoded = round.dealing.holders[1]->encode();
  Words exponent((encoded.size() - 41) / 8);
  std::copy(encoded.span().begin() + 41, encoded.span().end(), reinterpret_cast<uint8_t*>(exponent.data()));
  auto shares = share_powers(key, exponent, residues);
  const ShareProof proof = prove_share(key, 1, exponent, digest, residues, shares);
  CHECK(verify_share(key, 1, digest, residues, shares, proof));
  CHECK_FALSE(verify_share(key, 2, digest, residues, shares, proof));
  CHECK_FALSE(verify_share(key, 1, Digest{}, residues, shares, proof));
  // One who does not know the exponent, or uses another, proves nothing.
  Words other = exponent;
  other[0] ^= 2;
  const auto false_shares = share_powers(key, other, residues);
  CHECK_FALSE(verify_share(key, 1, digest, residues, false_shares,
                           prove_share(key, 1, other, digest, residues, false_shares)));
  CHECK_FALSE(verify_share(key, 1, digest, residues, false_shares,
                           prove_share(key, 1, exponent, digest, residues, false_shares)));
}

TEST_CASE("errors in two shares that cancel in their product do not pass the proof for all of them") {
  PaillierRound round;
  const PaillierThresholdKey& key = *round.dealing.key;
  const PaillierPublicKey& pub = *key.key();
  const size_t each = pub.words();
  const auto residues = residues_modulo_n(pub, pub.encrypt(Words(3 * pub.words()), Randomness::short_exponent));
  const SecretBytes encoded = round.dealing.holders[0]->encode();
  Words exponent((encoded.size() - 41) / 8);
  std::copy(encoded.span().begin() + 41, encoded.span().end(), reinterpret_cast<uint8_t*>(exponent.data()));
  auto shares = share_powers(key, exponent, residues);
  const auto passes = [&] {
    return verify_share(key, 0, Digest{}, residues, shares,
                        prove_share(key, 0, exponent, Digest{}, residues, shares));
  };
  CHECK(passes());
  const Integer factor = Integer::random_below(pub.n());
  const auto times = [&](size_t i, const Integer& by) {
    const auto share = std::span(shares).subspan(i * each, each);
    (Integer::from_words(share) * by % pub.n()).to_words(share);
  };
  times(0, factor);
  times(2, inverse(factor, pub.n()));
  CHECK_FALSE(passes());
}

TEST_CASE("a share modulo n is the power that it says, and t of them give the root: the sum's randomness") {
  PaillierRound round;
  const PaillierPublicKey& pub = *round.dealing.key->key();
  const PaillierSecretKey& secret = *sample_paillier_key();
  // r^n = u modulo n has one root; the sum's ciphertext is (1 + M n) r^n.
  const PaillierVector sum = sum_of(round.dealing.key->key(), round.request, Proofs::checked);
  const Integer u = Integer::from_words(residues_modulo_n(pub, sum.ciphertexts()));
  const Integer phi = (secret.p() - Integer(1)) * (secret.q() - Integer(1));
  const Integer r = power_vartime(u, inverse(pub.n(), phi), pub.n());
  const Integer m = Integer::from_words(secret.decrypt(sum.ciphertexts()));
  CHECK((Integer(1) + m * pub.n()) * power_vartime(r, pub.n(), pub.n_squared()) % pub.n_squared() ==
        Integer::from_words(sum.ciphertexts()));
  const SecretBytes encoded = round.dealing.holders[3]->encode();
  const Integer exponent = Integer::from_bytes(encoded.span().subspan(41));
  const Bytes share = round.dealing.holders[3]->answer(round.request);
  CHECK(Integer::from_bytes(ByteSpan(share).subspan(41, 8 * pub.words())) ==
        power_vartime(u, exponent + exponent, pub.n()));
}

TEST_CASE("shares of a key that lie on no polynomial, each with its proof, give no sum") {
  // A dealer's fault that no holder can see: v_i = v^(D s_i) for shares of two polynomials.
  PaillierRound round;
  const PaillierThresholdKey& first = *round.dealing.key;
  const auto second = deal_paillier(sample_paillier_key()->p(), sample_paillier_key()->q(), 3, 5);
  const auto exponent_of = [](PaillierHolder& holder) {
    const SecretBytes encoded = holder.encode();
    Words out((encoded.size() - 41) / 8);
    std::copy(encoded.span().begin() + 41, encoded.span().end(), reinterpret_cast<uint8_t*>(out.data()));
    return out;
  };
  std::vector<Words> exponents;
  std::vector<Integer> verifiers;
  for (size_t i = 0; i < 5; ++i) {
    exponents.push_back(exponent_of(i == 2 ? *second.holders[i] : *round.dealing.holders[i]));
    verifiers.push_back(power_vartime(first.v(), Integer::from_words(exponents[i]), first.key()->n()));
  }
  const auto key = std::make_shared<const PaillierThresholdKey>(first.key(), 3, first.v(), verifiers);
  std::vector<Bytes> shares;
  for (Index i = 0; i < 5; ++i) {
    PaillierHolder holder(key, i, exponents[i]);
    holder.expect(round.request.context, round.request.commitments);
    shares.push_back(holder.answer(round.request));
  }
  CHECK_THROWS_WITH_AS((void)combine_paillier(*key, round.request, std::vector<Bytes>{shares[0], shares[1], shares[2]}),
                       doctest::Contains("the key is no threshold key"), ProtocolError);
  CHECK(combine_paillier(*key, round.request, std::vector<Bytes>{shares[0], shares[1], shares[3]}) == times(4));
}

TEST_CASE("shares and keys of a dealer are checked where they arrive") {
  PaillierRound round;
  const auto key = PaillierThresholdKey::decode(round.dealing.key->encode());
  CHECK(key->digest() == round.dealing.key->digest());
  const SecretBytes share = round.dealing.holders[1]->encode();
  CHECK(PaillierHolder::decode(key, share.span())->index() == 1);
  Bytes wrong(share.span().begin(), share.span().end());
  wrong[50] ^= 1;
  CHECK_THROWS_WITH_AS((void)PaillierHolder::decode(key, wrong), doctest::Contains("ask the dealer again"),
                       DecodeError);
  const Integer& p = sample_paillier_key()->p();
  CHECK_THROWS_WITH_AS((void)deal_paillier(p, p, 2, 3), doctest::Contains("two of the same length"), ParameterError);
  CHECK_THROWS_AS((void)deal_paillier(p, sample_paillier_key()->q(), 2, 4), ParameterError);
  CHECK_THROWS_AS((void)deal_paillier(p, sample_paillier_key()->q(), 4, 3), ParameterError);
  const auto plain = random_prime_pair();
  CHECK_THROWS_WITH_AS((void)deal_paillier(plain.first, plain.second, 2, 3), doctest::Contains("safe primes"),
                       ParameterError);
}

TEST_CASE("a product of powers is the product of the powers") {
  const Integer m = sample_paillier_key()->public_key()->n();
  for (const size_t count : {0, 1, 5, 40, 320}) {
    std::vector<Integer> bases, exponents;
    Integer expected(1);
    for (size_t i = 0; i < count; ++i) {
      bases.push_back(Integer::random_below(m));
      exponents.push_back(Integer::random_bits(i % 5 == 0 ? 3 : 40));
      expected = expected * power_vartime(bases[i], exponents[i], m) % m;
    }
    CHECK(product_of_powers(bases, exponents, m) == expected);
  }
}
