// Wiping and constant-time comparison (see secret.h).
#include "base/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace pyzkfl {

void wipe(std::span<uint8_t> data) {
  if (data.empty()) return;
  std::memset(data.data(), 0, data.size());
  __asm__ volatile("" : : "r"(data.data()) : "memory");
}

bool equal_constant_time(ByteSpan a, ByteSpan b) {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

SecretBytes SecretBytes::copy_of(ByteSpan source) {
  SecretBytes secret(source.size());
  std::ranges::copy(source, secret.data_.begin());
  return secret;
}

SecretBytes SecretBytes::random(size_t n) {
  SecretBytes secret(n);
  random_bytes(secret.data_);
  return secret;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    wipe(data_);
    data_ = std::move(other.data_);
    other.data_.clear();
  }
  return *this;
}

}  // namespace pyzkfl
