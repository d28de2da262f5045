// A vector of integers under Paillier: as many values to a ciphertext as fit (packing.h), with what is known of the
// sum.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "he/packing.h"
#include "he/paillier.h"

namespace pyzkfl::he {

class PaillierVector {
 public:
  using Key = std::shared_ptr<const PaillierPublicKey>;

  // Encrypts values of at most packing.max_abs. Throws ParameterError for one outside, naming its index.
  static PaillierVector encrypt(Key key, const Packing& packing, std::span<const int64_t> values,
                                Randomness randomness);
  // With short exponents, and what opens the ciphertexts: secret.
  struct Opening {
    Words messages, exponents;
  };
  static PaillierVector encrypt(Key key, const Packing& packing, std::span<const int64_t> values, Opening& opening);

  // The layout of docs/formats.md. decode() throws DecodeError for anything else: another key, scheme or version,
  // wrong lengths, ciphertexts that are out of range or not invertible, more terms than the packing has room for.
  Bytes encode() const;
  static PaillierVector decode(Key key, ByteSpan bytes);
  size_t encoded_bytes() const;

  // The sum. Throws ParameterError for another key, length or packing, HeadroomExceeded past packing.summands.
  friend PaillierVector operator+(const PaillierVector& a, const PaillierVector& b);

  // `length()` values from the messages that a key holder, or enough of them, decrypted. Throws DecodeError for a
  // value that no `terms()` vectors in range sum to.
  void unpack_messages(std::span<int64_t> values, WordSpan messages) const;

  const Key& key() const { return key_; }
  const Packing& packing() const { return packing_; }
  uint64_t length() const { return length_; }
  // How many encryptions were added.
  uint32_t terms() const { return terms_; }
  WordSpan ciphertexts() const { return words_; }

 private:
  PaillierVector(Key key, const Packing& packing, uint64_t length, uint32_t terms, std::vector<uint64_t> words);

  Key key_;
  Packing packing_;
  uint64_t length_;
  uint32_t terms_;
  std::vector<uint64_t> words_;
};

// Slots of a plaintext: |sums| < 2^(b slots - 1) <= 2^(bits - 2) < n / 2.
size_t paillier_slots(const PaillierPublicKey& key, unsigned slot_bits);

// Header, number of bits (u16), n.
Bytes encode_public_key(const PaillierPublicKey& key);
std::shared_ptr<const PaillierPublicKey> decode_paillier_public_key(ByteSpan bytes);

}  // namespace pyzkfl::he
