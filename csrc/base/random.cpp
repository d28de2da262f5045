// Randomness from OpenSSL (see random.h).
#include "base/random.h"

#include <openssl/rand.h>

#include <algorithm>

#include "base/errors.h"

namespace pyzkfl {

void random_bytes(std::span<uint8_t> out) {
  constexpr size_t kLargestRequest = size_t{1} << 30;  // OpenSSL's length is an int
  while (!out.empty()) {
    const size_t n = std::min(out.size(), kLargestRequest);
    if (RAND_priv_bytes(out.data(), static_cast<int>(n)) != 1) {
      throw SystemError("OpenSSL's random generator failed: no entropy source is available to this process");
    }
    out = out.subspan(n);
  }
}

}  // namespace pyzkfl
