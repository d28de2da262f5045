// Cryptographic randomness: the only source of it in the core.
#pragma once

#include <cstdint>
#include <span>

namespace pyzkfl {

// Fills `out` from OpenSSL's private generator (RAND_priv_bytes; reseeded after fork). Throws SystemError if
// the generator fails, in which case `out` must not be used. Thread-safe.
void random_bytes(std::span<uint8_t> out);

}  // namespace pyzkfl
