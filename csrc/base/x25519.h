// X25519 key agreement (RFC 7748), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

namespace pyzkfl {

using X25519PublicKey = std::array<uint8_t, 32>;

// The public key of a private key (any 32 bytes; RFC 7748 clamps them). Constant time.
X25519PublicKey x25519_public_key(std::span<const uint8_t, 32> private_key);

// The shared secret: raw, so derive keys from it (hkdf.h) and use it for nothing else. Constant time in the
// private key. Throws DecodeError when `peer` is a point of low order, whose secret would be zero whatever
// our key is.
SecretBytes x25519_agree(std::span<const uint8_t, 32> private_key, std::span<const uint8_t, 32> peer);

// Whether `key` is a point of low order, with which no agreement may be made. Public input.
[[nodiscard]] bool x25519_is_low_order(std::span<const uint8_t, 32> key);

}  // namespace pyzkfl
