// A Paillier key of three holders (he/paillier_threshold.h): its encoding, dealt shares, requests, decryption shares.
#include <fstream>
#include <string>

#include "he/errors.h"
#include "he/paillier_threshold.h"
#include "he/plaintext_proof.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::he;

namespace {

struct Dealt {
  std::shared_ptr<const PaillierThresholdKey> key;
  Bytes encoded_key, share, before, after;
  SumRequest request{.context = Digest{9}, .commitments = {}, .ciphertexts = {}, .holders = {0, 1}};
  std::vector<Bytes> answers;
  std::vector<int64_t> values = {5, -100, 0, 77};

  Dealt() {
    std::ifstream file(std::string(PYZKFL_VECTORS) + "/paillier_safe_primes.txt");
    std::string a, b;
    file >> a >> b;
    Integer p, q;
    mpz_set_str(p.get(), a.c_str(), 16);
    mpz_set_str(q.get(), b.c_str(), 16);
    PaillierDealing dealing = deal_paillier(p, q, 2, 3);
    key = dealing.key;
    encoded_key = key->encode();
    share = plain(dealing.holders[0]->encode());
    for (Index i = 0; i < 3; ++i) {
      request.ciphertexts[i] = prove_contribution(key->key(), Packing(100, 8), values, request.context, i);
      request.commitments[i] = commit_contribution(request.context, i, request.ciphertexts[i]);
    }
    for (const auto& h : dealing.holders) h->expect(request.context, request.commitments);
    before = plain(dealing.holders[0]->state());
    for (const Index i : request.holders) answers.push_back(dealing.holders[i]->answer(request));
    after = plain(dealing.holders[0]->state());
  }
  static Bytes plain(const SecretBytes& secret) { return Bytes(secret.span().begin(), secret.span().end()); }
  static const Dealt& shared() {
    static const Dealt dealt;
    return dealt;
  }
};

}  // namespace

// 0 to 2: a key, a share, a state; 3: changes to an answer; 4: to a request.
std::vector<Bytes> fuzz::seeds() {
  const Dealt& s = Dealt::shared();
  std::vector<Bytes> out = {{3, 0, 1, 50, 0, 0, 3}, {3, 1, 0}, {4, 0, 1, 30, 1, 1, 9}, {4, 1, 0}};
  uint8_t kind = 0;
  for (const Bytes* bytes : {&s.encoded_key, &s.share, &s.before}) {
    out.push_back({kind++});
    out.back().insert(out.back().end(), bytes->begin(), bytes->end());
  }
  return out;
}

void fuzz::run(ByteSpan input) {
  const Dealt& honest = Dealt::shared();
  Decisions d(input);
  const size_t kind = d.below(5);
  const ByteSpan data = input.empty() ? input : input.subspan(1);
  switch (kind) {
    case 0:
      return one_encoding(data, [](ByteSpan b) { return PaillierThresholdKey::decode(b); }, [](const auto& k) { return k->encode(); });
    case 1:
      return one_encoding(data, [&](ByteSpan b) { return PaillierHolder::decode(honest.key, b); },
                          [](const auto& h) { return Dealt::plain(h->encode()); });
    case 2:
      (void)refused([&] {
        auto holder = PaillierHolder::restore(honest.key, data);
        (void)Dealt::plain(holder->state());
      });
      return;
    case 3:
      (void)refused([&] {
        std::vector<Bytes> answers = honest.answers;
        Bytes& one = answers[d.below(2)];
        one = d.edited(one);
        const auto sum = combine_paillier(*honest.key, honest.request, answers);
        std::vector<int64_t> expected = honest.values;
        for (int64_t& v : expected) v *= 3;
        require(sum == expected, "a sum with proven shares is right");
      });
      return;
    default:
      (void)refused([&] {
        const bool answered = d.coin();
        auto holder = PaillierHolder::restore(honest.key, answered ? honest.after : honest.before);
        SumRequest request = honest.request;
        Bytes& ciphertext = request.ciphertexts[static_cast<Index>(d.below(3))];
        ciphertext = d.edited(ciphertext);
        (void)holder->answer(request);
        require(!answered, "a context is answered twice");
        require(refused([&] { (void)holder->answer(honest.request); }), "a context is answered twice");
      });
  }
}
