// X25519 key agreement (RFC 7748), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace pyzkfl {

using X25519PublicKey = std::array<uint8_t, 32>;

// A private key, any 32 bytes (RFC 7748 clamps them), for several agreements: making it computes the public key, which
// takes as long as an agreement. Constant time. May be used by several threads at once.
class X25519PrivateKey {
 public:
  explicit X25519PrivateKey(std::span<const uint8_t, 32> private_key);

  const X25519PublicKey& public_key() const { return public_key_; }
  // The shared secret: raw, so derive keys from it (hkdf.h) and use it for nothing else. Throws DecodeError when
  // `peer` is a point of low order, whose secret would be zero whatever our key is.
  SecretBytes agree(std::span<const uint8_t, 32> peer) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  std::unique_ptr<evp_pkey_st, Free> key_;
  X25519PublicKey public_key_;
};

// The same for one use of a key.
X25519PublicKey x25519_public_key(std::span<const uint8_t, 32> private_key);
SecretBytes x25519_agree(std::span<const uint8_t, 32> private_key, std::span<const uint8_t, 32> peer);

// Whether `key` is a point of low order, with which no agreement may be made. Public input.
[[nodiscard]] bool x25519_is_low_order(std::span<const uint8_t, 32> key);

}  // namespace pyzkfl
