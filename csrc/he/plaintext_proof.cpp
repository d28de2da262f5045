// See plaintext_proof.h.
#include "he/plaintext_proof.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/errors.h"
#include "he/modular.h"

namespace pyzkfl::he {
namespace {

constexpr size_t weight_words = 2;

Digest challenge_of(const PaillierPublicKey& key, const Digest& context, Index member, ByteSpan ciphertext,
                    const Integer& first) {
  Writer out;
  out.bytes(key.digest()).bytes(context).u16(member).bytes(sha256(ciphertext));
  return Sha256()
      .update(as_bytes("pyzkfl/1 paillier plaintext"))
      .update(out.view())
      .update(first.to_bytes(key.bits() / 4))
      .finish();
}

// e_j of 128 bits.
Integer weight(const Digest& challenge, uint64_t j) {
  Writer out;
  out.bytes(challenge).u64(j);
  const Digest digest = Sha256().update(as_bytes("pyzkfl/1 paillier plaintext weight")).update(out.view()).finish();
  return Integer::from_bytes(ByteSpan(digest).first(8 * weight_words));
}

}  // namespace

size_t plaintext_proof_bytes(const PaillierPublicKey& key) { return sizeof(Digest) + key.bits() / 4; }

Bytes prove_contribution(const PaillierVector::Key& key, const Packing& packing, std::span<const int64_t> values,
                         const Digest& context, Index member) {
  const size_t w = key->words();
  const WordSpan n = key->ring().modulus();
  PaillierVector::Opening opening;
  const PaillierVector vector = PaillierVector::encrypt(key, packing, values, opening);
  const size_t count = opening.messages.size() / w, exponent = opening.exponents.size() / count;
  Bytes out = vector.encode();
  const Words s = Integer::random_below(key->n()).words(w);
  Words t;
  const Integer first = Integer::from_words(key->encrypt_short(s, t));
  const Digest challenge = challenge_of(*key, context, member, out, first);
  // z = s + sum e_j m_j modulo n, as s - (-sum); the exponent of w over the integers, with room for the carries.
  Words negative(w), product(w), weight_padded(w);
  Words sum(exponent + weight_words + 1), term(exponent + weight_words);
  std::ranges::copy(t, sum.begin());
  for (size_t j = 0; j < count; ++j) {
    const Integer e = weight(challenge, j);
    e.to_words(weight_padded);
    modular::multiply_modulo(product, WordSpan(opening.messages).subspan(j * w, w), weight_padded, n);
    modular::subtract(negative, negative, product, n);
    modular::multiply(term, WordSpan(opening.exponents).subspan(j * exponent, exponent),
                      WordSpan(weight_padded).first(weight_words));
    sum.back() += mpn_add_n(sum.data(), sum.data(), term.data(), static_cast<mp_size_t>(term.size()));
  }
  Words z(w);
  modular::subtract(z, s, negative, n);
  const Integer total = Integer::from_words(sum);
  Integer root;
  mpz_powm_sec(root.get(), key->root().get(), total.get(), key->n().get());
  out.insert(out.end(), challenge.begin(), challenge.end());
  for (const Integer& answer : {Integer::from_words(z), root}) {
    const Bytes bytes = answer.to_bytes(key->bits() / 8);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

PaillierVector read_contribution(const PaillierVector::Key& key, const Digest& context, Index member, ByteSpan bytes) {
  const size_t proof = plaintext_proof_bytes(*key), half = key->bits() / 8, each = 2 * key->words();
  if (bytes.size() < proof) throw DecodeError("a contribution to a Paillier sum is shorter than its proof");
  const ByteSpan ciphertext = bytes.first(bytes.size() - proof), at = bytes.last(proof);
  PaillierVector vector = PaillierVector::decode(key, ciphertext);
  Digest challenge;
  std::ranges::copy(at.first(challenge.size()), challenge.begin());
  const Integer z = Integer::from_bytes(at.subspan(challenge.size(), half)), root = Integer::from_bytes(at.last(half));
  const Integer &n = key->n(), &n2 = key->n_squared();
  std::vector<uint64_t> weights(vector.ciphertexts().size() / each * weight_words);
  for (size_t j = 0; j < weights.size() / weight_words; ++j) {
    weight(challenge, j).to_words(std::span(weights).subspan(j * weight_words, weight_words));
  }
  bool holds = z < n && root < n && gcd(root, n) == Integer(1);
  if (holds) {
    const Integer left = (Integer(1) + z * n) * power_vartime(root, n, n2) % n2;
    const Integer product =
        Integer::from_words(key->ring().product_of_powers(vector.ciphertexts(), weights, weight_words));
    const Integer first = left * inverse(product, n2) % n2;
    holds = challenge_of(*key, context, member, ciphertext, first) == challenge;
  }
  if (!holds) {
    throw DecodeError(
        "a contribution does not prove that its sender knows what is in it, or the proof is for another member or "
        "context");
  }
  return vector;
}

}  // namespace pyzkfl::he
