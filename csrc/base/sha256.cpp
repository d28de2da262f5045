// SHA-256 over OpenSSL's EVP interface (see sha256.h).
#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/errors.h"

namespace pyzkfl {
namespace {

void check(int ok) {
  if (ok != 1) throw SystemError("OpenSSL failed to compute a SHA-256 digest");
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (context_->md == nullptr) throw SystemError("OpenSSL is out of memory");
  check(EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteSpan data) {
  if (!data.empty()) check(EVP_DigestUpdate(context_->md, data.data(), data.size()));
  return *this;
}

Digest Sha256::finish() {
  Digest digest;
  check(EVP_DigestFinal_ex(context_->md, digest.data(), nullptr));
  check(EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr));
  return digest;
}

Digest sha256(ByteSpan data) {
  Digest digest;
  check(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr));
  return digest;
}

}  // namespace pyzkfl
