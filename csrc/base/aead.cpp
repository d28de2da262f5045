// AES-256-GCM over OpenSSL's EVP interface (see aead.h).
#include "base/aead.h"

#include <openssl/err.h>

#include <limits>

#include "base/evp.h"

namespace pyzkfl {
namespace {

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (fetched == nullptr) evp::fail("find AES-256-GCM");
  return fetched;
}

int int_size(ByteSpan data) {
  if (data.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw ParameterError("AES-GCM messages of 2 GiB and more are not supported");
  }
  return static_cast<int>(data.size());
}

}  // namespace

Bytes aes256_gcm_seal(std::span<const uint8_t, 32> key, std::span<const uint8_t, 12> nonce,
                      ByteSpan associated_data, ByteSpan plaintext) {
  const auto context = evp::own<evp::CipherContext>(EVP_CIPHER_CTX_new(), "allocate a context");
  evp::check(EVP_EncryptInit_ex2(context.get(), cipher(), key.data(), nonce.data(), nullptr),
             "begin AES-GCM");
  int n = 0;
  if (!associated_data.empty()) {
    evp::check(
        EVP_EncryptUpdate(context.get(), nullptr, &n, associated_data.data(), int_size(associated_data)),
        "authenticate associated data");
  }
  Bytes out(plaintext.size() + kAes256GcmTagBytes);
  if (!plaintext.empty()) {
    evp::check(EVP_EncryptUpdate(context.get(), out.data(), &n, plaintext.data(), int_size(plaintext)),
               "encrypt");
  }
  uint8_t unused[16];
  evp::check(EVP_EncryptFinal_ex(context.get(), unused, &n), "finish AES-GCM");
  evp::check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAes256GcmTagBytes,
                                 out.data() + plaintext.size()),
             "read an AES-GCM tag");
  return out;
}

std::optional<SecretBytes> aes256_gcm_open(std::span<const uint8_t, 32> key,
                                           std::span<const uint8_t, 12> nonce, ByteSpan associated_data,
                                           ByteSpan sealed) {
  if (sealed.size() < kAes256GcmTagBytes) return std::nullopt;
  const ByteSpan ciphertext = sealed.first(sealed.size() - kAes256GcmTagBytes);
  const ByteSpan tag = sealed.last(kAes256GcmTagBytes);
  const auto context = evp::own<evp::CipherContext>(EVP_CIPHER_CTX_new(), "allocate a context");
  evp::check(EVP_DecryptInit_ex2(context.get(), cipher(), key.data(), nonce.data(), nullptr),
             "begin AES-GCM");
  evp::check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAes256GcmTagBytes,
                                 const_cast<uint8_t*>(tag.data())),
             "set an AES-GCM tag");
  int n = 0;
  if (!associated_data.empty()) {
    evp::check(
        EVP_DecryptUpdate(context.get(), nullptr, &n, associated_data.data(), int_size(associated_data)),
        "authenticate associated data");
  }
  SecretBytes out(ciphertext.size());
  if (!ciphertext.empty()) {
    evp::check(
        EVP_DecryptUpdate(context.get(), out.span().data(), &n, ciphertext.data(), int_size(ciphertext)),
        "decrypt");
  }
  uint8_t unused[16];
  if (EVP_DecryptFinal_ex(context.get(), unused, &n) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return out;
}

}  // namespace pyzkfl
