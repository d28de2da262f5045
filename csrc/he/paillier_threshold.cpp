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

// Words of D s_i: s_i is below n m < 2^(2 bits).
size_t exponent_words(const PaillierThresholdKey& key) {
  return (2 * key.key()->bits() + key.factorial().bits()) / 64 + 1;
}

struct Share {
  Index index;
  std::vector<uint64_t> words;
};

Share read_share(const PaillierThresholdKey& key, const Digest& request, const PaillierVector& sum, ByteSpan bytes) {
  Reader in(bytes, "Paillier decryption share");
  read_header(in, Kind::decryption_share, Suite::paillier);
  if (!std::ranges::equal(in.bytes(32), request)) {
    throw ProtocolError("a decryption share is of another request: of another sum, context or set of holders");
  }
  Share out{in.u16(), std::vector<uint64_t>(sum.ciphertexts().size())};
  if (out.index >= key.members()) throw ProtocolError("a decryption share is of no member");
  try {
    const ByteSpan body = in.bytes(8 * out.words.size());
    std::copy_n(body.begin(), body.size(), reinterpret_cast<uint8_t*>(out.words.data()));
    key.key()->check_ciphertexts(out.words);
    const ShareProof proof = read_share_proof(in);
    in.done();
    if (!verify_share(key, out.index, request, sum.ciphertexts(), out.words, proof)) {
      throw Misbehaviour(out.index, "a decryption share does not match its proof");
    }
  } catch (const DecodeError& e) {
    throw Misbehaviour(out.index, e.what());
  }
  return out;
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
  const size_t size = key_->bits() / 4;
  Writer out;
  write_header(out, Kind::threshold_key, Suite::paillier);
  out.u16(static_cast<uint16_t>(key_->bits())).u16(static_cast<uint16_t>(threshold_));
  out.u16(static_cast<uint16_t>(members())).bytes(key_->n().to_bytes(size / 2)).bytes(v_.to_bytes(size));
  for (const Integer& verifier : verifiers_) out.bytes(verifier.to_bytes(size));
  return out.take();
}

std::shared_ptr<const PaillierThresholdKey> PaillierThresholdKey::decode(ByteSpan bytes) {
  Reader in(bytes, "Paillier threshold key");
  read_header(in, Kind::threshold_key, Suite::paillier);
  const size_t bits = in.u16();
  const unsigned threshold = in.u16(), members = in.u16();
  if (bits % 64 != 0 || in.remaining() != bits / 8 + (members + size_t{1}) * bits / 4) in.fail("its length is wrong");
  try {
    const auto key = std::make_shared<const PaillierPublicKey>(Integer::from_bytes(in.bytes(bits / 8)));
    std::vector<Integer> elements;
    for (size_t i = 0; i <= members; ++i) {
      elements.push_back(Integer::from_bytes(in.bytes(bits / 4)));
      key->check_ciphertexts(elements.back().words(2 * key->words()));
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
  Words digits(2 * ring.words());
  ring.split(digits, key_->v().words(2 * ring.words()));
  ring.power(digits, Words(digits), exponent_, 64 * exponent_.size());
  Words power(digits.size());
  ring.join(power, digits);
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
  const PaillierVector sum = sum_of(key_->key(), request);
  {
    const std::lock_guard lock(mutex_);
    guard_.admit(request, digests);
  }
  const Digest digest = request.digest(digests);
  const std::vector<uint64_t> shares = share_powers(*key_, exponent_, sum.ciphertexts());
  Writer out;
  write_header(out, Kind::decryption_share, Suite::paillier);
  out.bytes(digest).u16(index_);
  const auto body = out.extend(8 * shares.size());
  std::copy_n(reinterpret_cast<const uint8_t*>(shares.data()), body.size(), body.begin());
  write_share_proof(out, prove_share(*key_, index_, exponent_, digest, sum.ciphertexts(), shares));
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
  const Integer m = (p - Integer(1)) / Integer(2) * ((q - Integer(1)) / Integer(2)), order = n * m;
  // d = 0 modulo m and 1 modulo n.
  std::vector<Integer> polynomial = {m * inverse(m, n) % order};
  while (polynomial.size() < threshold) polynomial.push_back(Integer::random_below(order));
  // v = a random square that generates: nearly every one does.
  const Integer root = Integer::random_below(key->n_squared());
  const Integer v = root * root % key->n_squared(), factorial = factorial_of(members);
  std::vector<Integer> exponents, verifiers(members);
  for (unsigned i = 1; i <= members; ++i) {
    Integer s;
    for (size_t k = polynomial.size(); k-- > 0;) s = (s * Integer(i) + polynomial[k]) % order;
    exponents.push_back(factorial * s);
  }
  parallel_for(members, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) verifiers[i] = power_vartime(v, exponents[i], key->n_squared());
  });
  PaillierDealing out;
  out.key = std::make_shared<const PaillierThresholdKey>(key, threshold, v, std::move(verifiers));
  for (unsigned i = 0; i < members; ++i) {
    out.holders.push_back(std::make_unique<PaillierHolder>(out.key, static_cast<Index>(i),
                                                           exponents[i].words(exponent_words(*out.key))));
  }
  return out;
}

PaillierVector sum_of(const std::shared_ptr<const PaillierPublicKey>& key, const SumRequest& request) {
  const std::vector<std::pair<Index, ByteSpan>> in(request.ciphertexts.begin(), request.ciphertexts.end());
  std::vector<std::optional<PaillierVector>> vectors(in.size());
  parallel_for(in.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      try {
        vectors[i] = read_contribution(key, request.context, in[i].first, in[i].second);
        if (vectors[i]->terms() != 1) throw DecodeError("a contribution is one encryption, not a sum");
      } catch (const DecodeError& e) {
        throw Misbehaviour(in[i].first, e.what());
      }
    }
  });
  std::optional<PaillierVector> sum;
  for (size_t i = 0; i < in.size(); ++i) {
    const Index member = in[i].first;
    try {
      sum = sum ? *sum + *vectors[i] : *vectors[i];
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
  const PaillierVector sum = sum_of(key.key(), request);
  const Digest digest = request.digest(digests);
  std::vector<Share> shares;
  std::set<Index> seen;
  for (const Bytes& bytes : encoded) {
    Share share = read_share(key, digest, sum, bytes);
    if (seen.insert(share.index).second) shares.push_back(std::move(share));
  }
  if (shares.size() < key.threshold()) {
    throw NotEnoughShares(std::to_string(shares.size()) + " shares of " + std::to_string(key.threshold()) +
                          " are there: nothing is decrypted");
  }
  shares.resize(key.threshold());
  // Twice the Lagrange coefficients at 0, times D: integers.
  std::vector<Integer> exponents;
  for (const Share& at : shares) {
    Integer top = key.factorial() * Integer(2), bottom(1);
    for (const Share& other : shares) {
      if (other.index == at.index) continue;
      const Integer x(other.index + 1U);
      top = top * x;
      bottom = bottom * (x - Integer(at.index + 1U));
    }
    exponents.push_back(top / bottom);
  }
  const PaillierPublicKey& pub = *key.key();
  const size_t each = 2 * pub.words(), count = sum.ciphertexts().size() / each;
  const Integer scale = inverse(Integer(4) * key.factorial() * key.factorial() % pub.n(), pub.n());
  Words messages(count * pub.words());
  parallel_for(count, 4, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      std::vector<Integer> positive, negative, with, against;
      for (size_t k = 0; k < shares.size(); ++k) {
        const Integer d = Integer::from_words(WordSpan(shares[k].words).subspan(i * each, each));
        if (exponents[k].sign() > 0) {
          positive.push_back(d);
          with.push_back(exponents[k]);
        } else {
          negative.push_back(d);
          against.push_back(Integer(0) - exponents[k]);
        }
      }
      const Integer power = product_of_powers(positive, with, pub.n_squared()) *
                            inverse(product_of_powers(negative, against, pub.n_squared()), pub.n_squared()) %
                            pub.n_squared();
      if (!(power % pub.n() == Integer(1)))
        throw ProtocolError("the shares, each with its proof, do not combine: the key is no threshold key");
      (power / pub.n() * scale % pub.n()).to_words(std::span(messages).subspan(i * pub.words(), pub.words()));
    }
  });
  std::vector<int64_t> values(sum.length());
  sum.unpack_messages(values, messages);
  return values;
}

}  // namespace pyzkfl::he
