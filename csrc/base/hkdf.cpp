// HKDF over OpenSSL's EVP interface (see hkdf.h).
#include "base/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/evp.h"

namespace pyzkfl {
namespace {

OSSL_PARAM octets(const char* name, ByteSpan bytes) {
  // OpenSSL reads from here only; its parameter type has no const.
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

SecretBytes hkdf_sha256(ByteSpan secret, ByteSpan salt, ByteSpan info, size_t length) {
  if (secret.empty()) throw ParameterError("HKDF needs a secret of at least one byte");
  if (length == 0 || length > 255 * 32) throw ParameterError("HKDF-SHA256 gives 1 to 8160 bytes");
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (hkdf == nullptr) evp::fail("find HKDF");
  const auto context = evp::own<evp::KdfContext>(EVP_KDF_CTX_new(hkdf), "allocate a context");
  char digest[] = "SHA256";
  OSSL_PARAM params[5];
  size_t n = 0;
  params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  params[n++] = octets(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) params[n++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) params[n++] = octets(OSSL_KDF_PARAM_INFO, info);
  params[n] = OSSL_PARAM_construct_end();
  SecretBytes out(length);
  evp::check(EVP_KDF_derive(context.get(), out.span().data(), length, params), "derive a key");
  return out;
}

}  // namespace pyzkfl
