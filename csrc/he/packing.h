// Several signed integers in one: slots of b bits, with headroom for a stated number of summands.
//
// The headroom is proven, not hoped for: with summands * max_abs < 2^(b-1), a sum of that many packings of values of
// at most max_abs is the packing of the sums, which unpack() gives back exactly, and its magnitude is below 2^(b
// slots - 1).
#pragma once

#include <cstdint>
#include <span>

namespace pyzkfl::he {

struct Packing {
  // At most `summands` vectors are added, of values of at most `max_abs` in magnitude. Throws ParameterError for 0,
  // or where a sum would not fit int64.
  Packing(uint64_t max_abs, uint32_t summands);

  uint64_t max_abs;
  uint32_t summands;
  unsigned slot_bits;  // the least that suffices

  friend bool operator==(const Packing&, const Packing&) = default;
};

// Throws RangeError-like ParameterError unless all |values| <= max_abs; says where, never what. Constant time in
// values that are in range.
void check_range(std::span<const int64_t> values, uint64_t max_abs);

// words = sum of values[i] 2^(b i) as two's complement. Constant time. All of them fit, with a bit to spare.
void pack(std::span<uint64_t> words, std::span<const int64_t> values, unsigned slot_bits);
// The values back, each in [-2^(b-1), 2^(b-1)).
void unpack(std::span<int64_t> values, std::span<const uint64_t> words, unsigned slot_bits);

}  // namespace pyzkfl::he
