// See paillier_vector.h.
#include "he/paillier_vector.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "he/artefact.h"
#include "he/errors.h"
#include "he/modular.h"

namespace pyzkfl::he {
namespace {

constexpr size_t header_bytes = 7 + 32 + 8 + 4 + 4 + 8;

size_t ciphertexts_for(const PaillierPublicKey& key, unsigned slot_bits, uint64_t length) {
  const size_t slots = paillier_slots(key, slot_bits);
  return static_cast<size_t>((length + slots - 1) / slots);
}

}  // namespace

size_t paillier_slots(const PaillierPublicKey& key, unsigned slot_bits) { return (key.bits() - 1) / slot_bits; }

PaillierVector::PaillierVector(Key key, const Packing& packing, uint64_t length, uint32_t terms,
                               std::vector<uint64_t> words)
    : key_(std::move(key)), packing_(packing), length_(length), terms_(terms), words_(std::move(words)) {}

namespace {

Words pack_all(const PaillierVector::Key& key, const Packing& packing, std::span<const int64_t> values) {
  if (values.empty()) throw ParameterError("there are no values to encrypt");
  check_range(values, packing.max_abs);
  const size_t w = key->words(), slots = paillier_slots(*key, packing.slot_bits);
  const size_t count = ciphertexts_for(*key, packing.slot_bits, values.size());
  Words messages(count * w);
  parallel_for(count, 16, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto message = std::span(messages).subspan(i * w, w);
      const auto here = values.subspan(i * slots, std::min(slots, values.size() - i * slots));
      pack(message, here, packing.slot_bits);
      // A negative packing v is n + v, where its top bit says that it is negative.
      mpn_cnd_add_n(message[w - 1] >> 63, message.data(), message.data(), key->ring().modulus().data(),
                    static_cast<mp_size_t>(w));
    }
  });
  return messages;
}

}  // namespace

PaillierVector PaillierVector::encrypt(Key key, const Packing& packing, std::span<const int64_t> values,
                                       Randomness randomness) {
  auto words = key->encrypt(pack_all(key, packing, values), randomness);
  return {std::move(key), packing, values.size(), 1, std::move(words)};
}

PaillierVector PaillierVector::encrypt(Key key, const Packing& packing, std::span<const int64_t> values,
                                       Opening& opening) {
  opening.messages = pack_all(key, packing, values);
  auto words = key->encrypt_short(opening.messages, opening.exponents);
  return {std::move(key), packing, values.size(), 1, std::move(words)};
}

size_t PaillierVector::encoded_bytes() const { return header_bytes + 8 * words_.size(); }

Bytes PaillierVector::encode() const {
  Writer out;
  write_header(out, Kind::ciphertext, Suite::paillier);
  out.bytes(key_->digest()).u64(packing_.max_abs).u32(packing_.summands).u32(terms_).u64(length_);
  const auto body = out.extend(8 * words_.size());
  std::copy_n(reinterpret_cast<const uint8_t*>(words_.data()), body.size(), body.begin());
  return out.take();
}

PaillierVector PaillierVector::decode(Key key, ByteSpan bytes) {
  Reader in(bytes, "Paillier ciphertext");
  read_header(in, Kind::ciphertext, Suite::paillier);
  if (!std::ranges::equal(in.bytes(32), key->digest())) in.fail("it is under another key");
  const uint64_t max_abs = in.u64();
  const uint32_t summands = in.u32(), terms = in.u32();
  const uint64_t length = in.u64();
  if (max_abs == 0 || summands == 0 || max_abs > ((uint64_t{1} << 62) - 1) / summands) in.fail("its packing is none");
  if (terms == 0 || terms > summands) in.fail("it has more terms than its packing has room for");
  const Packing packing(max_abs, summands);
  if (length == 0 || length > uint64_t{1} << 40) in.fail("its length is out of range");
  const size_t count = ciphertexts_for(*key, packing.slot_bits, length), each = 16 * key->words();
  if (in.remaining() != count * each) in.fail("it has the wrong number of bytes for its length");
  const ByteSpan body = in.bytes(count * each);
  in.done();
  std::vector<uint64_t> words(body.size() / 8);
  std::copy_n(body.begin(), body.size(), reinterpret_cast<uint8_t*>(words.data()));
  key->check_ciphertexts(words);
  return {std::move(key), packing, length, terms, std::move(words)};
}

Bytes encode_public_key(const PaillierPublicKey& key) {
  Writer out;
  write_header(out, Kind::public_key, Suite::paillier);
  out.u16(static_cast<uint16_t>(key.bits())).bytes(key.n().to_bytes(key.bits() / 8));
  return out.take();
}

std::shared_ptr<const PaillierPublicKey> decode_paillier_public_key(ByteSpan bytes) {
  Reader in(bytes, "Paillier public key");
  read_header(in, Kind::public_key, Suite::paillier);
  const size_t bits = in.u16();
  if (in.remaining() != bits / 8) in.fail("its modulus has another length than it says");
  const Integer n = Integer::from_bytes(in.bytes(bits / 8));
  in.done();
  if (n.bits() != bits) in.fail("its modulus has another length than it says");
  try {
    return std::make_shared<const PaillierPublicKey>(n);
  } catch (const ParameterError& e) {
    in.fail(e.what());
  }
}

PaillierVector operator+(const PaillierVector& a, const PaillierVector& b) {
  if (a.key_->digest() != b.key_->digest()) throw ParameterError("the ciphertexts are under different keys");
  if (a.length_ != b.length_) throw ParameterError("the ciphertexts have different lengths");
  if (!(a.packing_ == b.packing_)) throw ParameterError("the ciphertexts are packed for different ranges");
  if (a.terms_ > a.packing_.summands - b.terms_) {
    throw HeadroomExceeded("the sum would have " + std::to_string(uint64_t{a.terms_} + b.terms_) +
                           " terms, and was packed for " + std::to_string(a.packing_.summands) +
                           ": encrypt with more summands");
  }
  return {a.key_, a.packing_, a.length_, a.terms_ + b.terms_, a.key_->add(a.words_, b.words_)};
}

void PaillierVector::unpack_messages(std::span<int64_t> values, WordSpan messages) const {
  const size_t w = key_->words(), slots = paillier_slots(*key_, packing_.slot_bits);
  const auto limit = static_cast<int64_t>(packing_.max_abs * terms_);
  const Words half = (key_->n() / Integer(2)).words(w);
  parallel_for(messages.size() / w, 16, [&](size_t begin, size_t end) {
    Words message(w), difference(w);
    int64_t wrong = 0;
    for (size_t i = begin; i < end; ++i) {
      std::copy_n(messages.begin() + static_cast<long>(i * w), w, message.begin());
      // Above n / 2 it stands for a negative number.
      const auto size = static_cast<mp_size_t>(w);
      const uint64_t negative = mpn_sub_n(difference.data(), half.data(), message.data(), size);
      mpn_cnd_sub_n(negative, message.data(), message.data(), key_->ring().modulus().data(), size);
      const auto here = values.subspan(i * slots, std::min(slots, values.size() - i * slots));
      unpack(here, message, packing_.slot_bits);
      for (const int64_t v : here) wrong |= (limit - v) | (limit + v);
    }
    if (wrong < 0) {
      throw DecodeError("a decrypted value is outside what " + std::to_string(terms_) + " values of at most " +
                        std::to_string(packing_.max_abs) +
                        " sum to: somebody encrypted a value outside the range, or with another key's share");
    }
  });
}

}  // namespace pyzkfl::he
