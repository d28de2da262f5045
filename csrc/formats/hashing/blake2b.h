// BLAKE2b with 64 bytes of output and no key (RFC 7693), whose inner state can be saved and restored.
//
// OpenSSL has the function, but not its state, and a .ptau file records that of each contribution's hash.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace pyzkfl::formats {

using Blake2bDigest = std::array<uint8_t, 64>;

class Blake2b {
 public:
  // Bytes of a saved state: the block not yet hashed (128), the chaining value (64), how many bytes were
  // hashed before that block (u64), how many of the block are filled (u64), 8 bytes of zeros.
  static constexpr size_t state_bytes = 216;
  using State = std::array<uint8_t, state_bytes>;

  Blake2b();
  // Goes on from a saved state. Throws DecodeError for one that says it holds more than one block.
  static Blake2b restored(std::span<const uint8_t, state_bytes> state);

  Blake2b& update(ByteSpan data);
  State save() const;
  // The digest of everything so far; the object is unchanged.
  Blake2bDigest digest() const;

 private:
  void compress(const uint8_t* block, uint64_t total, bool last);

  std::array<uint64_t, 8> chain_;
  std::array<uint8_t, 128> block_{};
  uint64_t hashed_ = 0;  // bytes before the block; the last full block waits until more comes
  size_t filled_ = 0;
};

Blake2bDigest blake2b(ByteSpan data);

}  // namespace pyzkfl::formats
