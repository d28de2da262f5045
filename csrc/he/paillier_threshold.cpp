// Dealing and combining (see paillier_threshold.h).
#include "he/paillier_threshold.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/artefact.h"
#include "he/errors.h"
#include "he/modular.h"
#include "he/paillier_share_proof.h"
#include "he/plaintext_proof.h"
#include "he/power_products.h"
#include "he/primes.h"

namespace pyzkfl::he {
namespace {

void check_threshold(unsigned threshold, unsigned members) {
  if (members > most_paillier_holders || threshold > members || 2 * threshold <= members || threshold < 2) {
    throw ParameterError("a threshold t of n members has 2 t > n >= t >= 2, and n at most " +
                         std::to_string(most_paillier_holders));
  }
}

Integer factorial_of(unsigned members) {
  Integer out;
  mpz_fac_ui(out.get(), members);
  return out;
}

Digest digest_of(const Bytes& encoded) {
  return Sha256().update(as_bytes("pyzkfl/1 paillier threshold key")).update(encoded).finish();
}

// Words of D s_i: s_i is below m < 2^bits.
size_t exponent_words(const PaillierThresholdKey& key) {
  return (key.key()->bits() + key.factorial().bits()) / 64 + 1;
}

// Throws DecodeError unless each is in 1 .. n - 1 and invertible.
void check_units(const PaillierPublicKey& key, WordSpan elements) {
  const size_t w = key.words();
  Integer product(1);
  for (size_t i = 0; i < elements.size(); i += w) {
    const Integer element = Integer::from_words(elements.subspan(i, w));
    if (element.sign() == 0 || !(element < key.n())) throw DecodeError("an element is not between 1 and n - 1");
    product = product * element % key.n();
  }
  if (!(gcd(product, key.n()) == Integer(1))) throw DecodeError("an element is not invertible modulo n");
}

struct Share {
  Index index;
  std::vector<uint64_t> words;
};

// Each to its inverse modulo m, with one inversion (Montgomery, Math. Comp. 1987). All are units.
void invert_all(std::span<Integer> values, const Integer& m) {
  std::vector<Integer> before;
  Integer product(1);
  for (const Integer& value : values) {
    before.push_back(product);
    product = product * value % m;
  }
  product = inverse(product, m);
  for (size_t i = values.size(); i-- > 0;) {
    const Integer value = values[i];
    values[i] = product * before[i] % m;
    product = product * value % m;
  }
}

// `residues`: of the sum, modulo n.
Share read_share(const PaillierThresholdKey& key, const Digest& request, WordSpan residues, ByteSpan bytes) {
  Reader in(bytes, "Paillier decryption share");
  read_header(in, Kind::decryption_share, Suite::paillier);
  if (!std::ranges::equal(in.bytes(32), request)) {
    throw ProtocolError("a decryption share is of another request: of another sum, context or set of holders");
  }
  Share out{in.u16(), std::vector<uint64_t>(residues.size())};
  if (out.index >= key.members()) throw ProtocolError("a decryption share is of no member");
  try {
    const ByteSpan body = in.bytes(8 * out.words.size());
    std::copy_n(body.begin(), body.size(), reinterpret_cast<uint8_t*>(out.words.data()));
    check_units(*key.key(), out.words);
    const ShareProof proof = read_share_proof(in);
    in.done();
    if (!verify_share(key, out.index, request, residues, out.words, proof)) {
      throw Misbehaviour(out.index, "a decryption share does not match its proof");
    }
  } catch (const DecodeError& e) {
    throw Misbehaviour(out.index, e.what());
  }
  return out;
}

// Twice the Lagrange coefficients at 0, times D: integers.
std::vector<Integer> interpolation(const PaillierThresholdKey& key, std::span<const Share> shares) {
  std::vector<Integer> out;
  for (const Share& at : shares) {
    Integer top = key.factorial() * Integer(2), bottom(1);
    for (const Share& other : shares) {
      if (other.index == at.index) continue;
      const Integer x(other.index + 1U);
      top = top * x;
      bottom = bottom * (x - Integer(at.index + 1U));
    }
    out.push_back(top / bottom);
  }
  return out;
}

// w_j = prod share_j^(coefficients) modulo n, of words() words each; no secret is in it.
std::vector<uint64_t> interpolated(const PaillierThresholdKey& key, std::span<const Share> shares) {
  const PaillierPublicKey& pub = *key.key();
  const Integer& n = pub.n();
  const size_t w = pub.words(), count = shares[0].words.size() / w;
  const std::vector<Integer> coefficients = interpolation(key, shares);
  std::vector<uint64_t> out(count * w);
  parallel_for(count, 4, [&](size_t begin, size_t end) {
    std::vector<Integer> top(end - begin), bottom(end - begin);
    for (size_t i = begin; i < end; ++i) {
      std::vector<Integer> bases[2], exponents[2];
      for (size_t k = 0; k < shares.size(); ++k) {
        const size_t side = coefficients[k].sign() > 0 ? 0 : 1;
        bases[side].push_back(Integer::from_words(WordSpan(shares[k].words).subspan(i * w, w)));
        exponents[side].push_back(side == 0 ? coefficients[k] : Integer(0) - coefficients[k]);
      }
      top[i - begin] = product_of_powers(bases[0], exponents[0], n);
      bottom[i - begin] = product_of_powers(bases[1], exponents[1], n);
    }
    invert_all(bottom, n);
    for (size_t i = begin; i < end; ++i) {
      (top[i - begin] * bottom[i - begin] % n).to_words(std::span(out).subspan(i * w, w));
    }
  });
  return out;
}

// The messages, from t shares: with w^n = b0 + b1 n and c^(4 D^2) = a0 + a1 n modulo n^2 the quotient is
// 1 + n (a1 - b1) / b0, provided that a0 = b0: which says that w is the root.
Words messages_of(const PaillierThresholdKey& key, WordSpan ciphertexts, std::span<const Share> shares) {
  const PaillierPublicKey& pub = *key.key();
  const SquareRing& ring = pub.ring();
  const Integer &n = pub.n(), four_d2 = Integer(4) * key.factorial() * key.factorial();
  const size_t w = pub.words(), each = 2 * w, count = ciphertexts.size() / each;
  const std::vector<uint64_t> roots = interpolated(key, shares);
  Words in(count * each), powers(in.size()), scaled(in.size());
  for (size_t i = 0; i < count; ++i) {
    std::ranges::copy(WordSpan(roots).subspan(i * w, w), std::span(in).subspan(i * each, w).begin());
  }
  ring.power(powers, in, ring.modulus(), pub.bits());
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      ring.split(std::span(in).subspan(i * each, each), ciphertexts.subspan(i * each, each));
    }
  });
  ring.power(scaled, in, four_d2.words((four_d2.bits() + 63) / 64), four_d2.bits());
  const Integer scale = inverse(four_d2 % n, n);
  Words messages(count * w);
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    std::vector<Integer> low(end - begin);
    for (size_t i = begin; i < end; ++i) {
      const auto a0 = WordSpan(scaled).subspan(i * each, w), b0 = WordSpan(powers).subspan(i * each, w);
      if (!std::ranges::equal(a0, b0)) {
        throw ProtocolError("the shares, each with its proof, do not combine: the key is no threshold key");
      }
      low[i - begin] = Integer::from_words(b0);
    }
    invert_all(low, n);
    for (size_t i = begin; i < end; ++i) {
      const Integer a1 = Integer::from_words(WordSpan(scaled).subspan(i * each + w, w));
      const Integer b1 = Integer::from_words(WordSpan(powers).subspan(i * each + w, w));
      ((a1 - b1) * low[i - begin] % n * scale % n).to_words(std::span(messages).subspan(i * w, w));
    }
  });
  return messages;
}

}  // namespace

PaillierThresholdKey::PaillierThresholdKey(std::shared_ptr<const PaillierPublicKey> key, unsigned threshold,
                                           Integer v, std::vector<Integer> verifiers)
    : key_(std::move(key)),
      threshold_(threshold),
      v_(std::move(v)),
      verifiers_(std::move(verifiers)),
      factorial_(factorial_of(members())) {
  check_threshold(threshold_, members());
  digest_ = digest_of(encode());
}

Bytes PaillierThresholdKey::encode() const {
  const size_t size = key_->bits() / 8;
  Writer out;
  write_header(out, Kind::threshold_key, Suite::paillier);
  out.u16(static_cast<uint16_t>(key_->bits())).u16(static_cast<uint16_t>(threshold_));
  out.u16(static_cast<uint16_t>(members())).bytes(key_->n().to_bytes(size)).bytes(v_.to_bytes(size));
  for (const Integer& verifier : verifiers_) out.bytes(verifier.to_bytes(size));
  return out.take();
}

std::shared_ptr<const PaillierThresholdKey> PaillierThresholdKey::decode(ByteSpan bytes) {
  Reader in(bytes, "Paillier threshold key");
  read_header(in, Kind::threshold_key, Suite::paillier);
  const size_t bits = in.u16();
  const unsigned threshold = in.u16(), members = in.u16();
  if (bits % 64 != 0 || in.remaining() != (members + size_t{2}) * bits / 8) in.fail("its length is wrong");
  try {
    const auto key = std::make_shared<const PaillierPublicKey>(Integer::from_bytes(in.bytes(bits / 8)));
    std::vector<Integer> elements;
    for (size_t i = 0; i <= members; ++i) {
      elements.push_back(Integer::from_bytes(in.bytes(bits / 8)));
      check_units(*key, elements.back().words(key->words()));
    }
    in.done();
    Integer v = elements.front();
    elements.erase(elements.begin());
    return std::make_shared<const PaillierThresholdKey>(key, threshold, std::move(v), std::move(elements));
  } catch (const ParameterError& e) {
    in.fail(e.what());
  }
}

PaillierHolder::PaillierHolder(Key key, Index index, Words exponent)
    : key_(std::move(key)), index_(index), exponent_(std::move(exponent)) {
  if (index_ >= key_->members() || exponent_.size() != exponent_words(*key_)) {
    throw ParameterError("a key share does not fit its key");
  }
  const SquareRing& ring = key_->key()->ring();
  Words power(ring.words());
  ring.power_modulo_n(power, key_->v().words(ring.words()), exponent_, 64 * exponent_.size());
  if (!(Integer::from_words(power) == key_->verifier(index_))) {
    throw ParameterError("the key share of member " + std::to_string(index_) +
                         " does not match the key's verification value: ask the dealer again");
  }
}

Digest PaillierHolder::contribute(const Digest& context, const Packing& packing, std::span<const int64_t> values) {
  Bytes contribution = prove_contribution(key_->key(), packing, values, context, index_);
  const std::lock_guard lock(mutex_);
  return guard_.contribute(context, index_, std::move(contribution));
}

Bytes PaillierHolder::open(const Digest& context, const Commitments& commitments) {
  const std::lock_guard lock(mutex_);
  return guard_.open(context, index_, commitments);
}

void PaillierHolder::expect(const Digest& context, const Commitments& commitments) {
  const std::lock_guard lock(mutex_);
  guard_.expect(context, commitments);
}

Bytes PaillierHolder::answer(const SumRequest& request) {
  if (!request.holders.contains(index_)) throw ProtocolError("this holder is not among those asked");
  const auto digests = request.check();
  const PaillierVector sum = sum_of(key_->key(), request, Proofs::checked);
  {
    const std::lock_guard lock(mutex_);
    guard_.admit(request, digests);
  }
  const Digest digest = request.digest(digests);
  const std::vector<uint64_t> residues = residues_modulo_n(*key_->key(), sum.ciphertexts());
  const std::vector<uint64_t> shares = share_powers(*key_, exponent_, residues);
  Writer out;
  write_header(out, Kind::decryption_share, Suite::paillier);
  out.bytes(digest).u16(index_);
  const auto body = out.extend(8 * shares.size());
  std::copy_n(reinterpret_cast<const uint8_t*>(shares.data()), body.size(), body.begin());
  write_share_proof(out, prove_share(*key_, index_, exponent_, digest, residues, shares));
  return out.take();
}

SecretBytes PaillierHolder::encode() const {
  Writer out;
  write_header(out, Kind::key_share, Suite::paillier);
  out.u16(index_).bytes(key_->digest());
  SecretBytes all(out.view().size() + 8 * exponent_.size());
  std::ranges::copy(out.view(), all.span().begin());
  std::copy_n(reinterpret_cast<const uint8_t*>(exponent_.data()), 8 * exponent_.size(),
              all.span().begin() + static_cast<long>(out.view().size()));
  return all;
}

std::unique_ptr<PaillierHolder> PaillierHolder::decode(Key key, ByteSpan bytes) {
  Reader in(bytes, "Paillier key share");
  read_header(in, Kind::key_share, Suite::paillier);
  const Index index = in.u16();
  if (!std::ranges::equal(in.bytes(32), key->digest())) in.fail("it is of another key");
  Words exponent(exponent_words(*key));
  const ByteSpan body = in.bytes(8 * exponent.size());
  in.done();
  std::copy_n(body.begin(), body.size(), reinterpret_cast<uint8_t*>(exponent.data()));
  try {
    return std::make_unique<PaillierHolder>(std::move(key), index, std::move(exponent));
  } catch (const ParameterError& e) {
    in.fail(e.what());
  }
}

void PaillierHolder::close(const Digest& context) {
  const std::lock_guard lock(mutex_);
  guard_.close(context);
}

SecretBytes PaillierHolder::state() {
  const std::lock_guard lock(mutex_);
  Writer out;
  write_header(out, Kind::holder_state, Suite::paillier);
  guard_.write(out);
  const SecretBytes share = encode();
  SecretBytes all(out.view().size() + share.size());
  std::ranges::copy(out.view(), all.span().begin());
  std::ranges::copy(share.span(), all.span().begin() + static_cast<long>(out.view().size()));
  return all;
}

std::unique_ptr<PaillierHolder> PaillierHolder::restore(Key key, ByteSpan state) {
  Reader in(state, "state of a Paillier holder");
  read_header(in, Kind::holder_state, Suite::paillier);
  SumGuard guard;
  SumGuard::read(guard, in);
  auto out = decode(std::move(key), in.bytes(in.remaining()));
  out->guard_.take(guard);
  return out;
}

PaillierDealing deal_paillier(const Integer& p, const Integer& q, unsigned threshold, unsigned members) {
  check_threshold(threshold, members);
  if (p == q || p.bits() != q.bits())
    throw ParameterError("the primes of a threshold key are two of the same length");
  if (!is_safe_prime(p) || !is_safe_prime(q))
    throw ParameterError("a threshold key needs safe primes: (p - 1) / 2 prime too");
  const auto key = std::make_shared<const PaillierPublicKey>(p * q);
  const Integer& n = key->n();
  const Integer order = (p - Integer(1)) / Integer(2) * ((q - Integer(1)) / Integer(2));
  std::vector<Integer> polynomial = {inverse(n, order)};
  while (polynomial.size() < threshold) polynomial.push_back(Integer::random_below(order));
  // v = a random square that generates: nearly every one does.
  const Integer root = Integer::random_below(n);
  const Integer v = root * root % n, factorial = factorial_of(members);
  std::vector<Integer> exponents, verifiers(members);
  for (unsigned i = 1; i <= members; ++i) {
    Integer s;
    for (size_t k = polynomial.size(); k-- > 0;) s = (s * Integer(i) + polynomial[k]) % order;
    exponents.push_back(factorial * s);
  }
  parallel_for(members, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) verifiers[i] = power_vartime(v, exponents[i], n);
  });
  PaillierDealing out;
  out.key = std::make_shared<const PaillierThresholdKey>(key, threshold, v, std::move(verifiers));
  for (unsigned i = 0; i < members; ++i) {
    out.holders.push_back(std::make_unique<PaillierHolder>(out.key, static_cast<Index>(i),
                                                           exponents[i].words(exponent_words(*out.key))));
  }
  return out;
}

PaillierVector sum_of(const std::shared_ptr<const PaillierPublicKey>& key, const SumRequest& request, Proofs proofs) {
  const std::vector<std::pair<Index, ByteSpan>> in(request.ciphertexts.begin(), request.ciphertexts.end());
  std::vector<PaillierVector> vectors;
  if (proofs == Proofs::checked) {
    vectors = read_contributions(key, request.context, in);
  } else {
    std::vector<std::optional<PaillierVector>> read(in.size());
    parallel_for(in.size(), 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        try {
          read[i] = read_contribution_unchecked(key, in[i].second);
        } catch (const DecodeError& e) {
          throw Misbehaviour(in[i].first, e.what());
        }
      }
    });
    for (auto& vector : read) vectors.push_back(std::move(*vector));
  }
  std::optional<PaillierVector> sum;
  for (size_t i = 0; i < in.size(); ++i) {
    const Index member = in[i].first;
    if (vectors[i].terms() != 1) throw Misbehaviour(member, "a contribution is one encryption, not a sum");
    try {
      sum = sum ? *sum + vectors[i] : vectors[i];
    } catch (const HeadroomExceeded&) {
      throw;
    } catch (const ParameterError& e) {
      throw Misbehaviour(member, e.what());
    }
  }
  return *sum;
}

std::vector<int64_t> combine_paillier(const PaillierThresholdKey& key, const SumRequest& request,
                                      std::span<const Bytes> encoded) {
  const auto digests = request.check();
  const PaillierVector sum = sum_of(key.key(), request, Proofs::not_checked);
  const std::vector<uint64_t> residues = residues_modulo_n(*key.key(), sum.ciphertexts());
  const Digest digest = request.digest(digests);
  std::vector<Share> read(encoded.size());
  parallel_for(encoded.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) read[i] = read_share(key, digest, residues, encoded[i]);
  });
  std::vector<Share> shares;
  std::set<Index> seen;
  for (Share& share : read) {
    if (seen.insert(share.index).second) shares.push_back(std::move(share));
  }
  if (shares.size() < key.threshold()) {
    throw NotEnoughShares(std::to_string(shares.size()) + " shares of " + std::to_string(key.threshold()) +
                          " are there: nothing is decrypted");
  }
  shares.resize(key.threshold());
  const Words messages = messages_of(key, sum.ciphertexts(), shares);
  std::vector<int64_t> values(sum.length());
  sum.unpack_messages(values, messages);
  return values;
}

}  // namespace pyzkfl::he
