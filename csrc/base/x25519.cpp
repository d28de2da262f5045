// X25519 over OpenSSL's EVP interface (see x25519.h).
#include "base/x25519.h"

#include <openssl/err.h>

#include "base/evp.h"

namespace pyzkfl {
namespace {

// False if the secret is all zeros, which is how OpenSSL refuses a point of low order (RFC 7748, section
// 6.1).
bool derive(std::span<uint8_t, 32> out, EVP_PKEY* ours, std::span<const uint8_t, 32> peer) {
  const auto theirs =
      evp::own<evp::Pkey>(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()),
                          "read an X25519 public key");
  const auto context = evp::own<evp::PkeyContext>(EVP_PKEY_CTX_new_from_pkey(nullptr, ours, nullptr),
                                                  "allocate a context");
  evp::check(EVP_PKEY_derive_init(context.get()), "begin a key agreement");
  evp::check(EVP_PKEY_derive_set_peer_ex(context.get(), theirs.get(), 0), "set the peer of a key agreement");
  size_t size = out.size();
  if (EVP_PKEY_derive(context.get(), out.data(), &size) == 1) return true;
  ERR_clear_error();
  return false;
}

}  // namespace

void X25519PrivateKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

X25519PrivateKey::X25519PrivateKey(std::span<const uint8_t, 32> private_key)
    : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, private_key.data(), private_key.size())) {
  if (key_ == nullptr) evp::fail("make an X25519 key");
  size_t size = public_key_.size();
  evp::check(EVP_PKEY_get_raw_public_key(key_.get(), public_key_.data(), &size), "read an X25519 public key");
}

SecretBytes X25519PrivateKey::agree(std::span<const uint8_t, 32> peer) const {
  SecretBytes out(32);
  if (!derive(out.span().first<32>(), key_.get(), peer)) {
    throw DecodeError("X25519 public key is a point of low order");
  }
  return out;
}

X25519PublicKey x25519_public_key(std::span<const uint8_t, 32> private_key) {
  return X25519PrivateKey(private_key).public_key();
}

SecretBytes x25519_agree(std::span<const uint8_t, 32> private_key, std::span<const uint8_t, 32> peer) {
  return X25519PrivateKey(private_key).agree(peer);
}

bool x25519_is_low_order(std::span<const uint8_t, 32> key) {
  // The clamped scalar is a multiple of 8 and not of the prime order: only low order gives zero, for every
  // scalar.
  static constexpr std::array<uint8_t, 32> any_scalar{1};
  try {
    (void)x25519_agree(any_scalar, key);
  } catch (const DecodeError&) {
    return true;
  }
  return false;
}

}  // namespace pyzkfl
