// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, by OpenSSL.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

namespace pyzkfl {

inline constexpr size_t kAes256GcmTagBytes = 16;

// The ciphertext of `plaintext` followed by the tag. A (key, nonce) pair may be used once: the caller derives
// a fresh key a message, or counts.
Bytes aes256_gcm_seal(std::span<const uint8_t, 32> key, std::span<const uint8_t, 12> nonce,
                      ByteSpan associated_data, ByteSpan plaintext);

// The plaintext, or nothing if key, nonce, associated data or any bit of `sealed` is not what was sealed;
// never an unauthenticated byte.
[[nodiscard]] std::optional<SecretBytes> aes256_gcm_open(std::span<const uint8_t, 32> key,
                                                         std::span<const uint8_t, 12> nonce,
                                                         ByteSpan associated_data, ByteSpan sealed);

}  // namespace pyzkfl
