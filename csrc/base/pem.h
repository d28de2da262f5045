// Identity keys at rest: Ed25519 in encrypted PKCS#8 PEM (RFC 5958, RFC 8410, RFC 8018), by OpenSSL.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/ed25519.h"

namespace pyzkfl {

// "-----BEGIN ENCRYPTED PRIVATE KEY-----": PBES2 with AES-256-CBC under a key that scrypt (N = 2^14, r = 8, p
// = 5: 16 MiB, about 0.2 s) derives from the passphrase and a fresh salt. `openssl pkey` reads it. Throws
// ParameterError for an empty passphrase or one over 1024 bytes.
std::string ed25519_to_pem(const Ed25519PrivateKey& key, ByteSpan passphrase);

// Reads what ed25519_to_pem or `openssl genpkey -algorithm ed25519 -aes256` wrote: exactly one block,
// encrypted by PBES2 with scrypt or PBKDF2 of bounded cost (so that a hostile file cannot stall us), an
// Ed25519 key inside. Throws DecodeError otherwise; a wrong passphrase cannot be told from a damaged key.
Ed25519PrivateKey ed25519_from_pem(ByteSpan pem, ByteSpan passphrase);

}  // namespace pyzkfl
