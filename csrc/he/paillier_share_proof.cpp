// See paillier_share_proof.h.
#include "he/paillier_share_proof.h"

#include <algorithm>

#include "base/random.h"
#include "base/thread_pool.h"
#include "he/modular.h"

namespace pyzkfl::he {
namespace {

constexpr size_t combination_words = 2, challenge_words = 4, hiding_words = 6;

// X = prod (u_j^4)^(e_j) and Y = prod (share_j^2)^(e_j), e_j hashed from key, member, request and all shares.
struct Combination {
  Integer x, y;
};

Digest statement(const PaillierThresholdKey& key, Index index, const Digest& request, WordSpan shares) {
  Writer out;
  out.bytes(key.digest()).bytes(request).u16(index);
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(shares.data()), 8 * shares.size());
  return Sha256().update(as_bytes("pyzkfl/1 paillier share")).update(out.view()).update(bytes).finish();
}

Integer combine(const PaillierPublicKey& key, WordSpan elements, const Digest& seed, unsigned long power) {
  const size_t each = key.words(), count = elements.size() / each;
  std::vector<uint64_t> weights(count * combination_words);
  for (size_t i = 0; i < count; ++i) {
    Writer out;
    out.bytes(seed).u64(i);
    const Digest digest = Sha256().update(as_bytes("pyzkfl/1 paillier combination")).update(out.view()).finish();
    Integer::from_bytes(ByteSpan(digest).first(8 * combination_words))
        .to_words(std::span(weights).subspan(i * combination_words, combination_words));
  }
  Integer out = Integer::from_words(key.ring().product_of_powers_modulo_n(elements, weights, combination_words));
  mpz_powm_ui(out.get(), out.get(), power, key.n().get());
  return out;
}

Combination combination(const PaillierThresholdKey& key, const Digest& seed, WordSpan residues, WordSpan shares) {
  Combination out;
  run_parallel({[&] { out.x = combine(*key.key(), residues, seed, 4); },
                [&] { out.y = combine(*key.key(), shares, seed, 2); }});
  return out;
}

Digest challenge_of(const PaillierThresholdKey& key, Index index, const Digest& seed, const Combination& c,
                    const Integer& a, const Integer& b) {
  Sha256 hash;
  hash.update(as_bytes("pyzkfl/1 paillier challenge")).update(seed);
  for (const Integer* element : {&key.v(), &key.verifier(index), &c.x, &c.y, &a, &b}) {
    hash.update(element->to_bytes(key.key()->bits() / 8));
  }
  return hash.finish();
}

}  // namespace

std::vector<uint64_t> residues_modulo_n(const PaillierPublicKey& key, WordSpan ciphertexts) {
  const size_t w = key.words(), count = ciphertexts.size() / (2 * w);
  std::vector<uint64_t> out(count * w);
  for (size_t i = 0; i < count; ++i) {
    (Integer::from_words(ciphertexts.subspan(2 * i * w, 2 * w)) % key.n()).to_words(std::span(out).subspan(i * w, w));
  }
  return out;
}

std::vector<uint64_t> share_powers(const PaillierThresholdKey& key, WordSpan exponent, WordSpan residues) {
  Words twice(exponent.size() + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < exponent.size(); ++i) {
    twice[i] = exponent[i] << 1 | carry;
    carry = exponent[i] >> 63;
  }
  twice.back() = carry;
  std::vector<uint64_t> out(residues.size());
  key.key()->ring().power_modulo_n(out, residues, twice, 64 * exponent.size() + 1);
  return out;
}

ShareProof prove_share(const PaillierThresholdKey& key, Index index, WordSpan exponent, const Digest& request,
                       WordSpan residues, WordSpan shares) {
  const SquareRing& ring = key.key()->ring();
  const size_t w = ring.words();
  const Digest seed = statement(key, index, request, shares);
  const Combination c = combination(key, seed, residues, shares);
  // X^r and v^r.
  Words r(exponent.size() + hiding_words), bases(2 * w), powers(2 * w);
  random_bytes({reinterpret_cast<uint8_t*>(r.data()), 8 * r.size()});
  c.x.to_words(std::span(bases).first(w));
  key.v().to_words(std::span(bases).last(w));
  ring.power_modulo_n(powers, bases, r, 64 * r.size());
  const Integer a = Integer::from_words(WordSpan(powers).first(w)), b = Integer::from_words(WordSpan(powers).last(w));
  ShareProof out;
  out.challenge = challenge_of(key, index, seed, c, a, b);
  Words e = Integer::from_bytes(out.challenge).words(challenge_words), product(exponent.size() + challenge_words),
        response(r.size() + 1);
  modular::multiply(product, exponent, e);
  std::ranges::copy(product, response.begin());
  response.back() = mpn_add_n(response.data(), response.data(), r.data(), static_cast<mp_size_t>(r.size()));
  out.response = Integer::from_words(response);
  return out;
}

bool verify_share(const PaillierThresholdKey& key, Index index, const Digest& request, WordSpan residues,
                  WordSpan shares, const ShareProof& proof) {
  const Integer& n = key.key()->n();
  const size_t most = key.key()->bits() + key.factorial().bits() + 64 * (hiding_words + 3);
  if (proof.response.bits() > most) return false;
  const Digest seed = statement(key, index, request, shares);
  const Combination c = combination(key, seed, residues, shares);
  const Integer e = Integer::from_bytes(proof.challenge);
  Integer a, b;
  // a = X^z / Y^e and b = v^z / v_i^e.
  const auto commitment = [&](const Integer& base, const Integer& power) {
    return power_vartime(base, proof.response, n) * inverse(power_vartime(power, e, n), n) % n;
  };
  run_parallel({[&] { a = commitment(c.x, c.y); }, [&] { b = commitment(key.v(), key.verifier(index)); }});
  return challenge_of(key, index, seed, c, a, b) == proof.challenge;
}

void write_share_proof(Writer& out, const ShareProof& proof) {
  const size_t size = (proof.response.bits() + 7) / 8;
  out.bytes(proof.challenge).u16(static_cast<uint16_t>(size)).bytes(proof.response.to_bytes(size));
}

ShareProof read_share_proof(Reader& in) {
  ShareProof out;
  std::ranges::copy(in.bytes(32), out.challenge.begin());
  const size_t size = in.u16();
  const ByteSpan response = in.bytes(size);
  if (size > 0 && response.back() == 0) in.fail("its proof has leading zeros");
  out.response = Integer::from_bytes(response);
  return out;
}

}  // namespace pyzkfl::he
