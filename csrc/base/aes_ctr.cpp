// AES-256-CTR over OpenSSL's EVP interface (see aes_ctr.h).
#include "base/aes_ctr.h"

#include <algorithm>
#include <bit>

#include "base/evp.h"

namespace pyzkfl {
namespace {

// Encrypting zeros gives the key stream. As large as a caller's block that should stay in the first-level
// cache.
alignas(64) constexpr std::array<uint8_t, 8192> kZeros{};

}  // namespace

void AesCtr256::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

AesCtr256::AesCtr256(std::span<const uint8_t, 32> key, const std::array<uint8_t, 16>& initial_counter)
    : context_(EVP_CIPHER_CTX_new()), initial_counter_(initial_counter) {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  if (context_ == nullptr || cipher == nullptr) evp::fail("set up AES-256-CTR");
  evp::check(EVP_EncryptInit_ex2(context_.get(), cipher, key.data(), initial_counter.data(), nullptr),
             "begin AES-CTR");
}

void AesCtr256::seek(uint64_t block) {
  std::array<uint8_t, 16> counter = initial_counter_;
  unsigned carry = 0;
  for (size_t i = 0; i < 16; ++i) {
    carry += counter[15 - i] + (i < 8 ? static_cast<unsigned>(block >> (8 * i)) & 0xff : 0U);
    counter[15 - i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  evp::check(EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, counter.data(), nullptr),
             "seek in AES-CTR");
}

void AesCtr256::keystream(std::span<uint8_t> out) {
  while (!out.empty()) {
    const size_t n = std::min(out.size(), kZeros.size());
    int written = 0;
    evp::check(EVP_EncryptUpdate(context_.get(), out.data(), &written, kZeros.data(), static_cast<int>(n)),
               "expand a key stream");
    out = out.subspan(n);
  }
}

void AesCtr256::keystream(std::span<uint64_t> out) {
  static_assert(std::endian::native == std::endian::little, "key stream words are little-endian");
  keystream({reinterpret_cast<uint8_t*>(out.data()), out.size_bytes()});
}

}  // namespace pyzkfl
