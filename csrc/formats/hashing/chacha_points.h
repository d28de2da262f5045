// Points and scalars drawn from a seed as iden3's ffjavascript draws them, for the keys that contributions to
// .ptau and .zkey files carry. Public data: variable time.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl::formats {

// ChaCha20's key stream (RFC 8439's block function, counter from 0, nonce 0) for a key of eight words, read
// as a sequence of 32-bit words.
class ChaChaWords {
 public:
  // The key is the first 32 bytes of `seed` as big-endian words.
  explicit ChaChaWords(std::span<const uint8_t, 32> seed);
  uint32_t next();

 private:
  void refill();

  std::array<uint32_t, 16> state_{}, block_{};
  size_t used_ = 16;
};

// An element whose Montgomery form is the next 254 bits below the modulus (sic).
Fp draw_fp(ChaChaWords& words);
Fr draw_fr(ChaChaWords& words);
// A point of the curve with the next x that has one, and the greater y if the next word is odd. In G2 it is
// multiplied by the cofactor.
G1Affine draw_g1(ChaChaWords& words);
G2Affine draw_g2(ChaChaWords& words);

// The point of G2 for a hash, of which the first 32 bytes count.
G2Affine hash_to_g2(std::span<const uint8_t, 64> hash);

}  // namespace pyzkfl::formats
