// See paillier_share_proof.h.
#include "he/paillier_share_proof.h"

#include <algorithm>

#include "base/random.h"
#include "base/thread_pool.h"
#include "he/modular.h"
#include "he/power_products.h"

namespace pyzkfl::he {
namespace {

constexpr size_t combination_bits = 128, challenge_words = 4, hiding_words = 6;

// X = prod (c_j^4)^(e_j) and Y = prod (share_j^2)^(e_j), e_j hashed from key, member, request and all shares.
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
  const size_t each = 2 * key.words(), count = elements.size() / each;
  std::vector<Integer> bases, exponents;
  for (size_t i = 0; i < count; ++i) {
    Writer out;
    out.bytes(seed).u64(i);
    const Digest digest = Sha256().update(as_bytes("pyzkfl/1 paillier combination")).update(out.view()).finish();
    exponents.push_back(Integer::from_bytes(ByteSpan(digest).first(combination_bits / 8)));
    bases.push_back(Integer::from_words(elements.subspan(i * each, each)));
  }
  Integer out = product_of_powers(bases, exponents, key.n_squared());
  mpz_powm_ui(out.get(), out.get(), power, key.n_squared().get());
  return out;
}

Combination combination(const PaillierThresholdKey& key, const Digest& seed, WordSpan ciphertexts, WordSpan shares) {
  Combination out;
  run_parallel({[&] { out.x = combine(*key.key(), ciphertexts, seed, 4); },
                [&] { out.y = combine(*key.key(), shares, seed, 2); }});
  return out;
}

Digest challenge_of(const PaillierThresholdKey& key, Index index, const Digest& seed, const Combination& c,
                    const Integer& a, const Integer& b) {
  Sha256 hash;
  hash.update(as_bytes("pyzkfl/1 paillier challenge")).update(seed);
  for (const Integer* element : {&key.v(), &key.verifier(index), &c.x, &c.y, &a, &b}) {
    hash.update(element->to_bytes(key.key()->bits() / 4));
  }
  return hash.finish();
}

}  // namespace

std::vector<uint64_t> share_powers(const PaillierThresholdKey& key, WordSpan exponent, WordSpan ciphertexts) {
  const SquareRing& ring = key.key()->ring();
  const size_t each = 2 * ring.words(), count = ciphertexts.size() / each;
  Words twice(exponent.size() + 1), digits(ciphertexts.size()), powers(ciphertexts.size());
  uint64_t carry = 0;
  for (size_t i = 0; i < exponent.size(); ++i) {
    twice[i] = exponent[i] << 1 | carry;
    carry = exponent[i] >> 63;
  }
  twice.back() = carry;
  std::vector<uint64_t> out(ciphertexts.size());
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      ring.split(std::span(digits).subspan(i * each, each), ciphertexts.subspan(i * each, each));
    }
  });
  ring.power(powers, digits, twice, 64 * exponent.size() + 1);
  for (size_t i = 0; i < count; ++i) {
    ring.join(std::span(out).subspan(i * each, each), std::span(powers).subspan(i * each, each));
  }
  return out;
}

ShareProof prove_share(const PaillierThresholdKey& key, Index index, WordSpan exponent, const Digest& request,
                       WordSpan ciphertexts, WordSpan shares) {
  const SquareRing& ring = key.key()->ring();
  const size_t each = 2 * ring.words();
  const Digest seed = statement(key, index, request, shares);
  const Combination c = combination(key, seed, ciphertexts, shares);
  // X^r and v^r.
  Words r(exponent.size() + hiding_words), digits(2 * each), powers(2 * each), element(each);
  random_bytes({reinterpret_cast<uint8_t*>(r.data()), 8 * r.size()});
  ring.split(std::span(digits).first(each), c.x.words(each));
  ring.split(std::span(digits).last(each), key.v().words(each));
  ring.power(powers, digits, r, 64 * r.size());
  ring.join(element, std::span(powers).first(each));
  const Integer a = Integer::from_words(element);
  ring.join(element, std::span(powers).last(each));
  const Integer b = Integer::from_words(element);
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

bool verify_share(const PaillierThresholdKey& key, Index index, const Digest& request, WordSpan ciphertexts,
                  WordSpan shares, const ShareProof& proof) {
  const Integer& n2 = key.key()->n_squared();
  const size_t most = 2 * key.key()->bits() + key.factorial().bits() + 64 * (hiding_words + 3);
  if (proof.response.bits() > most) return false;
  const Digest seed = statement(key, index, request, shares);
  const Combination c = combination(key, seed, ciphertexts, shares);
  const Integer e = Integer::from_bytes(proof.challenge);
  Integer a, b;
  // a = X^z / Y^e and b = v^z / v_i^e.
  const auto commitment = [&](const Integer& base, const Integer& power) {
    return power_vartime(base, proof.response, n2) * inverse(power_vartime(power, e, n2), n2) % n2;
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
