// Width-w non-adjacent form of a public integer: odd digits below 2^(w-1) in absolute value, at least w - 1
// zeros between two of them, one in w + 1 non-zero on average (Solinas 2000). Variable time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/errors.h"

namespace pyzkfl {

// Writes the digits of the little-endian integer `limbs`, least significant first, negated if `negative`;
// returns how many are used (the last of them is not zero). `digits` needs 64 limbs.size() + 1 entries; those
// past the end are set to zero. 2 <= width <= 8.
inline size_t wnaf_vartime(std::span<int8_t> digits, std::span<const uint64_t> limbs, unsigned width,
                           bool negative) {
  const size_t bits = 64 * limbs.size();
  if (digits.size() < bits + 1 || width < 2 || width > 8)
    throw ParameterError("wnaf: digits or width out of range");
  for (auto& d : digits) d = 0;
  size_t used = 0;
  unsigned carry = 0;
  for (size_t i = 0; i <= bits;) {
    const unsigned bit = i < bits ? static_cast<unsigned>(limbs[i / 64] >> (i % 64)) & 1 : 0;
    if (bit == carry) {
      ++i;
      continue;
    }
    uint64_t word = 0;
    if (i < bits) {
      word = limbs[i / 64] >> (i % 64);
      if (i % 64 != 0 && i / 64 + 1 < limbs.size()) word |= limbs[i / 64 + 1] << (64 - i % 64);
    }
    int digit = static_cast<int>(word & ((1u << width) - 1)) + static_cast<int>(carry);
    carry = static_cast<unsigned>(digit >> (width - 1)) & 1;
    digit -= static_cast<int>(carry << width);
    digits[i] = static_cast<int8_t>(negative ? -digit : digit);
    used = i + 1;
    i += width;
  }
  return used;
}

}  // namespace pyzkfl
