// Ed25519 over OpenSSL's EVP interface (see ed25519.h).
#include "base/ed25519.h"

#include <openssl/err.h>

#include "base/evp.h"

namespace pyzkfl {

void Ed25519PrivateKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Ed25519PrivateKey::Ed25519PrivateKey(evp_pkey_st* key) : key_(key) {
  if (key == nullptr) evp::fail("make an Ed25519 key");
  size_t size = public_key_.size();
  evp::check(EVP_PKEY_get_raw_public_key(key, public_key_.data(), &size), "read an Ed25519 public key");
}

Ed25519PrivateKey Ed25519PrivateKey::generate() {
  const SecretBytes seed = SecretBytes::random(32);
  return from_seed(seed.span().first<32>());
}

Ed25519PrivateKey Ed25519PrivateKey::from_seed(std::span<const uint8_t, 32> seed) {
  return Ed25519PrivateKey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
}

SecretBytes Ed25519PrivateKey::seed() const {
  SecretBytes out(32);
  size_t size = out.size();
  evp::check(EVP_PKEY_get_raw_private_key(key_.get(), out.span().data(), &size), "read an Ed25519 seed");
  return out;
}

Ed25519Signature Ed25519PrivateKey::sign(ByteSpan message) const {
  const auto context = evp::own<evp::MdContext>(EVP_MD_CTX_new(), "allocate a context");
  evp::check(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()), "begin a signature");
  Ed25519Signature signature;
  size_t size = signature.size();
  evp::check(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()), "sign");
  return signature;
}

bool ed25519_verify(std::span<const uint8_t, 32> public_key, ByteSpan message,
                    std::span<const uint8_t, 64> signature) {
  const auto key = evp::own<evp::Pkey>(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()),
      "read an Ed25519 public key");
  const auto context = evp::own<evp::MdContext>(EVP_MD_CTX_new(), "allocate a context");
  evp::check(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()),
             "begin a verification");
  const bool valid = EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                      message.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

}  // namespace pyzkfl
