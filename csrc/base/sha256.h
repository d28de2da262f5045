// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace pyzkfl {

using Digest = std::array<uint8_t, 32>;

// The digest of `data`. Throws SystemError if OpenSSL fails.
Digest sha256(ByteSpan data);

// The digest of a message that comes in pieces. Movable, not copyable; may hash secrets (its state is wiped).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(ByteSpan data);
  // The digest of everything so far; afterwards the object is as new.
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace pyzkfl
