// The key stream of AES-256 in counter mode (NIST SP 800-38A), by OpenSSL: our cryptographic expander.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"

struct evp_cipher_ctx_st;

namespace pyzkfl {

// The stream E(c), E(c + 1), E(c + 2), .. of 16-byte blocks, the counter a 128-bit big-endian integer. A key
// is used for one stream, so c is zero but for test vectors. Constant time in the key where the processor has
// AES instructions or OpenSSL its vector-permute code, which is every x86-64 and AArch64.
class AesCtr256 {
 public:
  // Starts at block 0, that is at counter c = `initial_counter` (below 2^128 - 2^64).
  explicit AesCtr256(std::span<const uint8_t, 32> key, const std::array<uint8_t, 16>& initial_counter = {});

  // Goes on at the beginning of block `block`.
  void seek(uint64_t block);
  // The next bytes of the stream. `out` may have any length; the rest of a block is not lost.
  void keystream(std::span<uint8_t> out);
  // The same as 64-bit words, little-endian.
  void keystream(std::span<uint64_t> out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
  std::array<uint8_t, 16> initial_counter_;
};

}  // namespace pyzkfl
