// Paillier keys, ciphertexts, and contributions with their proof.
#include <fstream>
#include <string>

#include "he/paillier.h"
#include "he/plaintext_proof.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::he;

namespace {

// The key that tests use: anyone can read its primes.
struct Sample {
  std::shared_ptr<const PaillierSecretKey> secret;
  Bytes key, ciphertext, contribution;

  Sample() {
    std::ifstream file(std::string(PYZKFL_VECTORS) + "/paillier_safe_primes.txt");
    std::string a, b;
    file >> a >> b;
    Integer p, q;
    mpz_set_str(p.get(), a.c_str(), 16);
    mpz_set_str(q.get(), b.c_str(), 16);
    secret = std::make_shared<const PaillierSecretKey>(p, q);
    const std::vector<int64_t> values = {5, -100, 0, 77};
    key = encode_public_key(*secret->public_key());
    ciphertext = PaillierVector::encrypt(secret->public_key(), Packing(100, 8), values, Randomness::short_exponent).encode();
    contribution = prove_contribution(secret->public_key(), Packing(100, 8), values, Digest{9}, 1);
  }
  static const Sample& shared() {
    static const Sample sample;
    return sample;
  }
};

Bytes with_kind(uint8_t kind, const Bytes& bytes) {
  Bytes out{kind};
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

}  // namespace

std::vector<Bytes> fuzz::seeds() {
  const Sample& s = Sample::shared();
  return {with_kind(0, s.key), with_kind(1, s.ciphertext), with_kind(2, s.contribution)};
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const Sample& sample = Sample::shared();
  const ByteSpan data = input.subspan(1);
  switch (input[0] % 3) {
    case 0:
      return one_encoding(data, [](ByteSpan b) { return decode_paillier_public_key(b); },
                          [](const auto& key) { return encode_public_key(*key); });
    case 1:
      return one_encoding(data, [&](ByteSpan b) { return PaillierVector::decode(sample.secret->public_key(), b); },
                          [](const PaillierVector& v) { return v.encode(); });
    default:
      (void)refused([&] {
        (void)read_contribution(sample.secret->public_key(), Digest{9}, 1, data);
        require(Bytes(data.begin(), data.end()) == sample.contribution || data.size() == sample.contribution.size(),
                "a contribution has one length");
        require(refused([&] { (void)read_contribution(sample.secret->public_key(), Digest{9}, 2, data); }), "a contribution is its member's");
      });
  }
}
