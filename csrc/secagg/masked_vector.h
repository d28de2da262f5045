// A vector under masks: D coordinates modulo 2^b and one element of Fr (the blinder), with the masks a cipher
// makes.
//
// A mask is the AES-256-CTR key stream of a 256-bit key: its first 64 bytes, reduced modulo r, mask the
// blinder; then come the coordinates, each from 2, 4 or 8 bytes (little-endian, the least of these that hold
// b bits), modulo 2^b. Coordinates are held in lanes of that width and added modulo 2^16, 2^32 or 2^64, which
// 2^b divides; only packing reduces modulo 2^b. Masks are expanded in blocks that stay in the first-level
// cache and added at once; no mask is ever stored. Nothing branches on values, masks or sums.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "fields/fr.h"

namespace pyzkfl::secagg {

// Throws ParameterError if any value is larger in magnitude than max_abs. Looks at all of them, whatever it finds.
void check_magnitudes(std::span<const int64_t> values, uint64_t max_abs);

struct MaskTerm {
  SecretBytes key;  // 32 bytes
  bool negative;    // public
};

class MaskedVector {
 public:
  // All zeros. `bits` is 2 to 64.
  MaskedVector(uint64_t length, unsigned bits);
  MaskedVector(const MaskedVector&) = delete;
  MaskedVector& operator=(const MaskedVector&) = delete;
  MaskedVector(MaskedVector&&) noexcept = default;
  MaskedVector& operator=(MaskedVector&&) = delete;
  MaskedVector clone() const;
  ~MaskedVector();  // wipes: between add_values and the masks this holds a client's update

  // += values (`length` of them, modulo 2^b) and the blinder.
  void add_values(std::span<const int64_t> values, const Fr& blinder);
  // += another of the same shape.
  void add(const MaskedVector& other);
  // += the masks of all terms, on all threads.
  void add_masks(std::span<const MaskTerm> terms);
  // += what `pack` wrote. Throws DecodeError for a wrong size, nonzero padding bits or a blinder that is not
  // reduced; the vector is then unchanged.
  void add_packed(ByteSpan packed, std::span<const uint8_t, 32> blinder);

  // The coordinates modulo 2^b, b bits each, little-endian bit order; the last byte filled up with zero bits.
  void pack(std::span<uint8_t> packed) const;
  // The coordinates as the integers in [-2^(b-1), 2^(b-1)) that they are modulo 2^b.
  void lift(std::span<int64_t> values) const;

  const Fr& blinder() const { return blinder_; }
  // Bytes of key stream a mask of this vector takes (without the blinder's 64).
  uint64_t mask_bytes() const;

 private:
  unsigned bits_;
  std::variant<std::vector<uint16_t>, std::vector<uint32_t>, std::vector<uint64_t>> lanes_;
  Fr blinder_;
};

}  // namespace pyzkfl::secagg
