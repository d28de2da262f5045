// X25519 over OpenSSL's EVP interface (see x25519.h).
#include "base/x25519.h"

#include <openssl/err.h>

#include "base/evp.h"

namespace pyzkfl {
namespace {

evp::Pkey private_pkey(std::span<const uint8_t, 32> key) {
  return evp::own<evp::Pkey>(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, key.data(), key.size()),
                             "make an X25519 key");
}

// False if the secret is all zeros, which is how OpenSSL refuses a point of low order (RFC 7748, section
// 6.1).
bool derive(std::span<uint8_t, 32> out, std::span<const uint8_t, 32> private_key,
            std::span<const uint8_t, 32> peer) {
  const evp::Pkey ours = private_pkey(private_key);
  const auto theirs =
      evp::own<evp::Pkey>(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()),
                          "read an X25519 public key");
  const auto context = evp::own<evp::PkeyContext>(EVP_PKEY_CTX_new_from_pkey(nullptr, ours.get(), nullptr),
                                                  "allocate a context");
  evp::check(EVP_PKEY_derive_init(context.get()), "begin a key agreement");
  evp::check(EVP_PKEY_derive_set_peer_ex(context.get(), theirs.get(), 0), "set the peer of a key agreement");
  size_t size = out.size();
  if (EVP_PKEY_derive(context.get(), out.data(), &size) == 1) return true;
  ERR_clear_error();
  return false;
}

}  // namespace

X25519PublicKey x25519_public_key(std::span<const uint8_t, 32> private_key) {
  const evp::Pkey key = private_pkey(private_key);
  X25519PublicKey out;
  size_t size = out.size();
  evp::check(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size), "read an X25519 public key");
  return out;
}

SecretBytes x25519_agree(std::span<const uint8_t, 32> private_key, std::span<const uint8_t, 32> peer) {
  SecretBytes out(32);
  if (!derive(out.span().first<32>(), private_key, peer)) {
    throw DecodeError("X25519 public key is a point of low order");
  }
  return out;
}

bool x25519_is_low_order(std::span<const uint8_t, 32> key) {
  // The clamped scalar is a multiple of 8 and not of the prime order: only low order gives zero, for every
  // scalar.
  static constexpr std::array<uint8_t, 32> any_scalar{1};
  std::array<uint8_t, 32> unused;
  return !derive(unused, any_scalar, key);
}

}  // namespace pyzkfl
