// HKDF with SHA-256 (RFC 5869), by OpenSSL.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace pyzkfl {

// Extract and expand `length` bytes (1 to 8160) from `secret` (not empty). `salt` and `info` are public and
// may be empty. Throws ParameterError for a length out of range. Constant time in the secret.
SecretBytes hkdf_sha256(ByteSpan secret, ByteSpan salt, ByteSpan info, size_t length);

}  // namespace pyzkfl
