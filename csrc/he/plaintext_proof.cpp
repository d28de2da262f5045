// See plaintext_proof.h.
#include "he/plaintext_proof.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/errors.h"
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

ByteSpan ciphertext_of(const PaillierPublicKey& key, ByteSpan contribution) {
  const size_t proof = plaintext_proof_bytes(key);
  if (contribution.size() < proof) throw DecodeError("a contribution to a Paillier sum is shorter than its proof");
  return contribution.first(contribution.size() - proof);
}

// A contribution in its parts.
struct Sent {
  Sent(const PaillierVector::Key& key, ByteSpan bytes)
      : ciphertext(ciphertext_of(*key, bytes)), vector(PaillierVector::decode(key, ciphertext)) {
    const ByteSpan at = bytes.subspan(ciphertext.size());
    const size_t half = key->bits() / 8;
    std::ranges::copy(at.first(challenge.size()), challenge.begin());
    z = Integer::from_bytes(at.subspan(challenge.size(), half));
    root = Integer::from_bytes(at.last(half));
    if (!(z < key->n() && root < key->n() && gcd(root, key->n()) == Integer(1))) {
      throw DecodeError(
          "a contribution does not prove that its sender knows what is in it: its answers are no residues modulo n");
    }
  }

  ByteSpan ciphertext;
  PaillierVector vector;
  Digest challenge;
  Integer z, root;
};

// root^n modulo n^2 of each, all of them together.
std::vector<uint64_t> nth_powers(const PaillierPublicKey& key, std::span<const Sent> sent) {
  const SquareRing& ring = key.ring();
  const size_t w = key.words(), each = 2 * w;
  Words digits(sent.size() * each), powers(digits.size());
  for (size_t i = 0; i < sent.size(); ++i) sent[i].root.to_words(std::span(digits).subspan(i * each, w));
  ring.power(powers, digits, ring.modulus(), key.bits());
  std::vector<uint64_t> out(powers.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    ring.join(std::span(out).subspan(i * each, each), WordSpan(powers).subspan(i * each, each));
  }
  return out;
}

// Throws DecodeError unless (1 + z n) w^n / prod c_j^(e_j) is the B that the challenge was hashed from.
void require_proof(const PaillierPublicKey& key, const Digest& context, Index member, const Sent& sent,
                   WordSpan root_power) {
  const Integer &n = key.n(), &n2 = key.n_squared();
  std::vector<uint64_t> weights(sent.vector.ciphertexts().size() / (2 * key.words()) * weight_words);
  for (size_t j = 0; j < weights.size() / weight_words; ++j) {
    weight(sent.challenge, j).to_words(std::span(weights).subspan(j * weight_words, weight_words));
  }
  const Integer product =
      Integer::from_words(key.ring().product_of_powers(sent.vector.ciphertexts(), weights, weight_words));
  const Integer left = (Integer(1) + sent.z * n) * Integer::from_words(root_power) % n2;
  if (challenge_of(key, context, member, sent.ciphertext, left * inverse(product, n2) % n2) == sent.challenge) return;
  throw DecodeError(
      "a contribution does not prove that its sender knows what is in it, or the proof is for another member or "
      "context");
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

PaillierVector read_contribution_unchecked(const PaillierVector::Key& key, ByteSpan bytes) {
  return PaillierVector::decode(key, ciphertext_of(*key, bytes));
}

PaillierVector read_contribution(const PaillierVector::Key& key, const Digest& context, Index member, ByteSpan bytes) {
  Sent sent(key, bytes);
  const auto powers = nth_powers(*key, std::span(&sent, 1));
  require_proof(*key, context, member, sent, powers);
  return std::move(sent.vector);
}

std::vector<PaillierVector> read_contributions(const PaillierVector::Key& key, const Digest& context,
                                               std::span<const std::pair<Index, ByteSpan>> contributions) {
  std::vector<std::optional<Sent>> read(contributions.size());
  const auto naming = [&](const auto& step) {
    parallel_for(contributions.size(), 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        try {
          step(i);
        } catch (const DecodeError& e) {
          throw Misbehaviour(contributions[i].first, e.what());
        }
      }
    });
  };
  naming([&](size_t i) { read[i].emplace(key, contributions[i].second); });
  std::vector<Sent> sent;
  for (auto& one : read) sent.push_back(std::move(*one));
  const std::vector<uint64_t> powers = nth_powers(*key, sent);
  const size_t each = 2 * key->words();
  naming([&](size_t i) {
    require_proof(*key, context, contributions[i].first, sent[i], WordSpan(powers).subspan(i * each, each));
  });
  std::vector<PaillierVector> out;
  for (Sent& one : sent) out.push_back(std::move(one.vector));
  return out;
}

}  // namespace pyzkfl::he
