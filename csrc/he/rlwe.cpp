// Keys, encryption and decryption (see rlwe.h).
#include "he/rlwe.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "he/artefact.h"
#include "he/errors.h"
#include "he/sampling.h"

namespace pyzkfl::he {
namespace {

Seed random_seed() {
  Seed seed;
  random_bytes(seed);
  return seed;
}

Digest key_digest(const RlweScheme& scheme, const Seed& a_seed, const Polynomial& b) {
  Writer out;
  write_parameters(out, scheme.parameters());
  out.bytes(a_seed);
  write_residues(out, b);
  return Sha256().update(as_bytes("pyzkfl/1 ring-lwe key")).update(out.view()).finish();
}

// c1 of polynomial `index` of a ciphertext that names a seed.
Polynomial seeded_c1(const Ring& ring, const Seed& seed, uint64_t index) {
  Polynomial out(ring.words());
  AesCtr256 stream = stream_of(seed, index);
  uniform(out, ring, stream);
  return out;
}

void check_length(const RlweScheme& scheme, std::span<const int64_t> values) {
  if (values.empty()) throw ParameterError("there are no values to encrypt");
  check_range(values, scheme.parameters().packing.max_abs);
}

}  // namespace

AesCtr256 stream_of(ByteSpan root, uint64_t index) {
  std::array<uint8_t, 16> counter{};
  for (size_t i = 0; i < 8; ++i) counter[i] = static_cast<uint8_t>(index >> (8 * (7 - i)));
  return AesCtr256(root.first<32>(), counter);
}

size_t residue_bytes(size_t words) { return (words * prime_bits + 7) / 8; }

void write_residues(Writer& out, PolynomialSpan values) {
  const auto bytes = out.extend(residue_bytes(values.size()));
  size_t at = 0;
  unsigned __int128 buffer = 0;
  unsigned bits = 0;
  for (const uint64_t v : values) {
    buffer |= static_cast<unsigned __int128>(v) << bits;
    for (bits += prime_bits; bits >= 8; bits -= 8, buffer >>= 8) bytes[at++] = static_cast<uint8_t>(buffer);
  }
  if (bits > 0) bytes[at] = static_cast<uint8_t>(buffer);
}

void read_residues(std::span<uint64_t> values, Reader& in, const Ring& ring) {
  const ByteSpan bytes = in.bytes(residue_bytes(values.size()));
  size_t at = 0;
  unsigned __int128 buffer = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    for (; bits < prime_bits; bits += 8) buffer |= static_cast<unsigned __int128>(bytes[at++]) << bits;
    values[i] = static_cast<uint64_t>(buffer) & ((uint64_t{1} << prime_bits) - 1);
    buffer >>= prime_bits;
    bits -= prime_bits;
    if (values[i] >= ring.prime(i / ring.n() % ring.primes())) in.fail("a residue is not below its prime");
  }
  if (buffer != 0) in.fail("its last byte has bits that mean nothing");
}

Polynomial expand_uniform(const Ring& ring, const Seed& seed) { return seeded_c1(ring, seed, 0); }

// ---- Keys ----------------------------------------------------------------------------------------------------

RlwePublicKey::RlwePublicKey(std::shared_ptr<const RlweScheme> scheme, const Seed& a_seed, Polynomial b)
    : scheme_(std::move(scheme)),
      a_seed_(a_seed),
      b_(std::move(b)),
      a_montgomery_(expand_uniform(scheme_->ring(), a_seed)),
      b_montgomery_(b_),
      digest_(key_digest(*scheme_, a_seed, b_)) {
  scheme_->ring().to_montgomery(a_montgomery_);
  scheme_->ring().to_montgomery(b_montgomery_);
}

Bytes RlwePublicKey::encode() const {
  Writer out;
  write_header(out, Kind::public_key, Suite::ring_lwe);
  write_parameters(out, scheme_->parameters());
  out.bytes(a_seed_);
  write_residues(out, b_);
  return out.take();
}

std::shared_ptr<const RlwePublicKey> RlwePublicKey::decode(ByteSpan bytes) {
  Reader in(bytes, "ring-LWE public key");
  read_header(in, Kind::public_key, Suite::ring_lwe);
  const auto scheme = std::make_shared<const RlweScheme>(read_parameters(in));
  Seed seed;
  std::ranges::copy(in.bytes(seed.size()), seed.begin());
  Polynomial b(scheme->ring().words());
  read_residues(b, in, scheme->ring());
  in.done();
  return std::make_shared<const RlwePublicKey>(scheme, seed, std::move(b));
}

RlweSecretKey::RlweSecretKey(Token, const RlweParameters& parameters, const Seed& a_seed, SecretBytes secret_seed)
    : secret_seed_(std::move(secret_seed)), a_seed_(a_seed) {
  const auto scheme = std::make_shared<const RlweScheme>(parameters);
  const Ring& ring = scheme->ring();
  s_montgomery_.resize(ring.words());
  Polynomial e(ring.words()), b(ring.words());
  AesCtr256 stream = stream_of(secret_seed_.span(), 0);
  sample_ternary(s_montgomery_, ring, stream);
  sample_error(e, ring, stream);
  ring.forward(s_montgomery_);
  ring.forward(e);
  ring.to_montgomery(s_montgomery_);
  // b = -(a s) + e = -(a s - e).
  ring.negate(e, e);
  ring.multiply_add(b, expand_uniform(ring, a_seed), s_montgomery_, e);
  ring.negate(b, b);
  public_ = std::make_shared<const RlwePublicKey>(scheme, a_seed, std::move(b));
}

std::shared_ptr<const RlweSecretKey> RlweSecretKey::generate(const RlweParameters& parameters) {
  if (parameters.shared()) throw ParameterError("these parameters are for a key that members share");
  return std::make_shared<const RlweSecretKey>(Token{}, parameters, random_seed(), SecretBytes::random(32));
}

SecretBytes RlweSecretKey::encode() const {
  Writer out;
  write_header(out, Kind::secret_key, Suite::ring_lwe);
  write_parameters(out, public_->scheme()->parameters());
  out.bytes(a_seed_);
  const size_t before = out.view().size();
  SecretBytes all(before + secret_seed_.size());
  std::ranges::copy(out.view(), all.span().begin());
  std::ranges::copy(secret_seed_.span(), all.span().begin() + static_cast<long>(before));
  return all;
}

std::shared_ptr<const RlweSecretKey> RlweSecretKey::decode(ByteSpan bytes) {
  Reader in(bytes, "ring-LWE secret key");
  read_header(in, Kind::secret_key, Suite::ring_lwe);
  const RlweParameters parameters = read_parameters(in);
  if (parameters.shared()) in.fail("its parameters are for a key that members share");
  Seed seed;
  std::ranges::copy(in.bytes(seed.size()), seed.begin());
  SecretBytes secret = SecretBytes::copy_of(in.bytes(32));
  in.done();
  return std::make_shared<const RlweSecretKey>(Token{}, parameters, seed, std::move(secret));
}

// ---- Ciphertexts ---------------------------------------------------------------------------------------------

RlweVector RlweVector::encrypt(Key key, std::span<const int64_t> values, const SecretBytes* given_root) {
  const RlweScheme& scheme = *key->scheme();
  const Ring& ring = scheme.ring();
  check_length(scheme, values);
  const size_t count = scheme.polynomials(values.size()), words = ring.words(),
               each = scheme.parameters().values_each();
  const SecretBytes root = given_root == nullptr ? SecretBytes::random(32) : given_root->clone();
  RlweVector out(key, values.size(), 1);
  out.c0_.resize(count * words);
  out.c1_.resize(count * words);
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    Polynomial u(words), e(words);
    for (size_t i = begin; i < end; ++i) {
      AesCtr256 stream = stream_of(root.span(), i);
      const auto c0 = std::span(out.c0_).subspan(i * words, words), c1 = std::span(out.c1_).subspan(i * words, words);
      sample_ternary(u, ring, stream);
      ring.forward(u);
      sample_error(e, ring, stream);
      scheme.add_plaintext(e, values.subspan(i * each, std::min(each, values.size() - i * each)));
      ring.forward(e);
      ring.multiply_add(c0, u, key->b_montgomery_, e);
      sample_error(e, ring, stream);
      ring.forward(e);
      ring.multiply_add(c1, u, key->a_montgomery_, e);
    }
  });
  return out;
}

RlweVector RlweVector::encrypt(const RlweSecretKey& key, std::span<const int64_t> values) {
  const RlweScheme& scheme = *key.public_key()->scheme();
  const Ring& ring = scheme.ring();
  check_length(scheme, values);
  const size_t count = scheme.polynomials(values.size()), words = ring.words(),
               each = scheme.parameters().values_each();
  const SecretBytes root = SecretBytes::random(32);
  RlweVector out(key.public_key(), values.size(), 1);
  out.c1_seed_ = random_seed();
  out.c0_.resize(count * words);
  out.c1_.resize(count * words);
  parallel_for(count, 1, [&](size_t begin, size_t end) {
    Polynomial e(words);
    for (size_t i = begin; i < end; ++i) {
      AesCtr256 stream = stream_of(root.span(), i);
      const auto c0 = std::span(out.c0_).subspan(i * words, words), c1 = std::span(out.c1_).subspan(i * words, words);
      std::ranges::copy(seeded_c1(ring, *out.c1_seed_, i), c1.begin());
      sample_error(e, ring, stream);
      scheme.add_plaintext(e, values.subspan(i * each, std::min(each, values.size() - i * each)));
      ring.forward(e);
      ring.negate(e, e);
      ring.multiply_add(e, c1, key.s_montgomery(), e);
      ring.negate(c0, e);
    }
  });
  return out;
}

RlweVector operator+(const RlweVector& a, const RlweVector& b) {
  if (a.key_->digest() != b.key_->digest()) throw ParameterError("the ciphertexts are under different keys");
  if (a.length_ != b.length_) throw ParameterError("the ciphertexts have different lengths");
  const uint32_t summands = a.key_->scheme()->parameters().packing.summands;
  if (a.terms_ > summands - b.terms_) {
    throw HeadroomExceeded("the sum would have " + std::to_string(uint64_t{a.terms_} + b.terms_) +
                           " terms, and the key is for " + std::to_string(summands) + ": make one for more summands");
  }
  RlweVector out(a.key_, a.length_, a.terms_ + b.terms_);
  out.c0_.resize(a.c0_.size());
  out.c1_.resize(a.c1_.size());
  const Ring& ring = a.key_->scheme()->ring();
  const size_t words = ring.words();
  parallel_for(a.c0_.size() / words, 4, [&](size_t begin, size_t end) {
    const size_t at = begin * words, size = (end - begin) * words;
    ring.add(std::span(out.c0_).subspan(at, size), std::span(a.c0_).subspan(at, size),
             std::span(b.c0_).subspan(at, size));
    ring.add(std::span(out.c1_).subspan(at, size), std::span(a.c1_).subspan(at, size),
             std::span(b.c1_).subspan(at, size));
  });
  return out;
}

void RlweVector::decrypt(std::span<int64_t> values, const RlweSecretKey& key) const {
  if (key.public_key()->digest() != key_->digest()) throw ParameterError("the ciphertext is under another key");
  const RlweScheme& scheme = *key_->scheme();
  const Ring& ring = scheme.ring();
  const size_t each = scheme.parameters().values_each();
  std::vector<uint8_t> good(polynomials());
  parallel_for(polynomials(), 1, [&](size_t begin, size_t end) {
    Polynomial x(ring.words());
    for (size_t i = begin; i < end; ++i) {
      ring.multiply_add(x, c1(i), key.s_montgomery(), c0(i));
      ring.inverse(x);
      const auto here = values.subspan(i * each, std::min(each, values.size() - i * each));
      good[i] = scheme.read_plaintext(here, x, terms_) ? 1 : 0;
    }
  });
  if (std::ranges::count(good, 0) == 0) return;
  std::ranges::fill(values, 0);
  throw DecodeError("the ciphertext decrypts to no sum of " + std::to_string(terms_) +
                    " vectors in range: one of them was malformed");
}

size_t RlweVector::encoded_bytes() const {
  return 7 + 32 + 8 + 4 + 1 + residue_bytes(c0_.size()) + (c1_seed_ ? 32 : residue_bytes(c1_.size()));
}

Bytes RlweVector::encode() const {
  Writer out;
  write_header(out, Kind::ciphertext, Suite::ring_lwe);
  out.bytes(key_->digest()).u64(length_).u32(terms_).u8(c1_seed_ ? 1 : 0);
  if (c1_seed_) out.bytes(*c1_seed_);
  write_residues(out, c0_);
  if (!c1_seed_) write_residues(out, c1_);
  return out.take();
}

RlweVector RlweVector::decode(Key key, ByteSpan bytes) {
  Reader in(bytes, "ring-LWE ciphertext");
  read_header(in, Kind::ciphertext, Suite::ring_lwe);
  if (!std::ranges::equal(in.bytes(32), key->digest())) in.fail("it is under another key");
  const RlweScheme& scheme = *key->scheme();
  const Ring& ring = scheme.ring();
  const uint64_t length = in.u64();
  const uint32_t terms = in.u32();
  const uint8_t seeded = in.u8();
  if (terms == 0 || terms > scheme.parameters().packing.summands)
    in.fail("it has more terms than its key has room for");
  if (length == 0 || length > uint64_t{1} << 40) in.fail("its length is out of range");
  if (seeded > 1 || (seeded == 1 && terms != 1)) in.fail("it names its form wrongly");
  const size_t count = scheme.polynomials(length), words = ring.words();
  const size_t residues = residue_bytes(count * words);
  if (in.remaining() != (seeded == 1 ? 32 + residues : 2 * residues)) {
    in.fail("it has the wrong number of bytes for its length");
  }
  RlweVector out(std::move(key), length, terms);
  out.c0_.resize(count * words);
  out.c1_.resize(count * words);
  if (seeded == 1) {
    out.c1_seed_.emplace();
    std::ranges::copy(in.bytes(32), out.c1_seed_->begin());
  }
  read_residues(out.c0_, in, ring);
  if (seeded == 1) {
    for (size_t i = 0; i < count; ++i) {
      std::ranges::copy(seeded_c1(ring, *out.c1_seed_, i), out.c1_.begin() + static_cast<long>(i * words));
    }
  } else {
    read_residues(out.c1_, in, ring);
  }
  in.done();
  return out;
}

}  // namespace pyzkfl::he
