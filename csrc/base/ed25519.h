// Ed25519 signatures (RFC 8032, pure: no prehash, no context), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace pyzkfl {

using Ed25519PublicKey = std::array<uint8_t, 32>;
using Ed25519Signature = std::array<uint8_t, 64>;

// A signing key. Constant time in the key; wiped on destruction; no copy, no ==, no printing.
class Ed25519PrivateKey {
 public:
  // A fresh key from the cryptographic generator.
  static Ed25519PrivateKey generate();
  // The key that RFC 8032 derives from this seed (its "private key").
  static Ed25519PrivateKey from_seed(std::span<const uint8_t, 32> seed);

  Ed25519PrivateKey(Ed25519PrivateKey&&) noexcept = default;
  Ed25519PrivateKey& operator=(Ed25519PrivateKey&&) noexcept = default;
  bool operator==(const Ed25519PrivateKey&) const = delete;

  // The seed itself, for an encrypted key file and nothing else.
  SecretBytes seed() const;
  const Ed25519PublicKey& public_key() const { return public_key_; }
  // Deterministic. Thread-safe.
  Ed25519Signature sign(ByteSpan message) const;

  // OpenSSL's view of the key, for the key file's encoder. Not owned by the caller.
  evp_pkey_st* handle() const { return key_.get(); }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  explicit Ed25519PrivateKey(evp_pkey_st* key);

  std::unique_ptr<evp_pkey_st, Free> key_;
  Ed25519PublicKey public_key_{};
};

// Whether `signature` is one of `message` under `public_key`: false for anything else, a point off the curve
// and a scalar that is not reduced included. Public inputs only.
[[nodiscard]] bool ed25519_verify(std::span<const uint8_t, 32> public_key, ByteSpan message,
                                  std::span<const uint8_t, 64> signature);

}  // namespace pyzkfl
