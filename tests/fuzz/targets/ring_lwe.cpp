// Ring-LWE keys and ciphertexts for one who decrypts.
#include "he/rlwe.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::he;

namespace {

struct Sample {
  std::shared_ptr<const RlweSecretKey> secret = RlweSecretKey::generate(RlweParameters(Packing(100, 8), 1));
  std::vector<int64_t> values = {5, -100, 0, 77};
  static const Sample& shared() {
    static const Sample sample;
    return sample;
  }
};

}  // namespace

// 0: a public key; 1: a secret one; 2 to 4: what follows is laid over a ciphertext's, a public or a secret key's head.
std::vector<Bytes> fuzz::seeds() {
  const SecretBytes secret = Sample::shared().secret->encode();
  Bytes key{1};
  key.insert(key.end(), secret.span().begin(), secret.span().end());
  return {key, {2, 'P', 'Z', 'K', 'F', 1, 82, 3}, {3, 'P', 'Z', 'K', 'F', 1, 80, 3}, {0}};
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const Sample& sample = Sample::shared();
  static const Bytes ciphertext = RlweVector::encrypt(sample.secret->public_key(), sample.values).encode();
  static const Bytes short_one = RlweVector::encrypt(*sample.secret, sample.values).encode();
  static const Bytes public_key = sample.secret->public_key()->encode();
  const ByteSpan rest = input.subspan(1);
  const auto over = [&](const Bytes& whole) {
    Bytes out = whole;
    const size_t size = std::min(rest.size(), out.size());
    std::copy_n(rest.begin(), size, out.begin());
    if (rest.size() > 64) out.resize(out.size() - rest[64] % 3);
    return out;
  };
  const auto read_ciphertext = [&](ByteSpan data) {
    one_encoding(
        data, [&](ByteSpan b) { return RlweVector::decode(sample.secret->public_key(), b); },
        [&](const RlweVector& v) {
          std::vector<int64_t> values(std::min<uint64_t>(v.length(), 1 << 16));
          if (values.size() == v.length()) (void)refused([&] { v.decrypt(values, *sample.secret); });
          (void)refused([&] { (void)(v + v); });
          return v.encode();
        });
  };
  const auto read_public = [&](ByteSpan data) {
    one_encoding(data, [](ByteSpan b) { return RlwePublicKey::decode(b); }, [](const auto& k) { return k->encode(); });
  };
  switch (input[0] % 5) {
    case 0:
      return read_public(rest);
    case 1:
      return one_encoding(rest, [](ByteSpan b) { return RlweSecretKey::decode(b); },
                          [](const auto& k) {
                            const SecretBytes bytes = k->encode();
                            return Bytes(bytes.span().begin(), bytes.span().end());
                          });
    case 2:
      return read_ciphertext(over(ciphertext));
    case 3:
      return read_public(over(public_key));
    default:
      return read_ciphertext(over(short_one));
  }
}
