// Owners of OpenSSL objects, and OpenSSL's failures as our errors. For the .cpp files of base/ that wrap
// OpenSSL.
#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

#include "base/errors.h"

namespace pyzkfl::evp {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX_free>>;

// Throws SystemError("OpenSSL failed to <what>: <its reason>") and empties OpenSSL's error queue.
[[noreturn]] void fail(const char* what);

inline void check(int ok, const char* what) {
  if (ok != 1) fail(what);
}

// Passes a new object through, or fails when there is none.
template <class Owner>
Owner own(typename Owner::pointer object, const char* what) {
  if (object == nullptr) fail(what);
  return Owner(object);
}

}  // namespace pyzkfl::evp
